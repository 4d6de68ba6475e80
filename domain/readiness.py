"""What a new agency still has to do, in order, until its first client is in."""

from __future__ import annotations

import dataclasses

from domain import agency, brand
from models import ACTIVE, PortalAccount, Worker


@dataclasses.dataclass(frozen=True)
class Step:
    """One line of the checklist; ``is_needed`` means that the portal cannot be switched on without it."""

    key: str
    is_done: bool
    is_needed: bool = False


def steps(*, mail_test_needed: bool) -> list[Step]:
    """The checklist: agency, pages, mail, on, brand, workers, invited, first client."""
    missing = agency.missing_for_switch_on(mail_test_needed=mail_test_needed)
    needed = ("agency", "pages", *(("mail",) if mail_test_needed else ()))
    has_client = PortalAccount.select().where(PortalAccount.state == ACTIVE).exists()
    return [
        *(Step(key, key not in missing, True) for key in needed),
        Step("on", agency.is_on(mail_test_needed=mail_test_needed)),
        Step("brand", has_client or brand.look().is_decided),  # where clients are in, the look is decided
        Step("workers", Worker.select().where(Worker.is_active).limit(2).count() > 1),
        Step("invited", PortalAccount.select().exists()),
        Step("first_client", has_client),
    ]
