"""What a new agency still has to do, in order, until its first client is in."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from domain import agency, availability, brand, settings
from models import ACTIVE, PortalAccount, Worker

_TO_LOOK_AT = ("sites", "messages", "portal", "availability")  # what an agency that is at work already is not called back for


@dataclasses.dataclass(frozen=True)
class Step:
    """One line of the checklist; ``is_needed`` means that the portal cannot be switched on without it."""

    key: str
    is_done: bool
    is_needed: bool = False


def steps(*, mail_test_needed: bool) -> list[Step]:
    """The checklist: agency, pages, mail, on, sites, messages, portal, brand, availability, workers, invited, first client.

    Before the portal is on, nothing but the first start can be opened; so the rest follows it.
    """
    missing = agency.missing_for_switch_on(mail_test_needed=mail_test_needed)
    needed = ("agency", "pages", *(("mail",) if mail_test_needed else ()))
    has_client = PortalAccount.select().where(PortalAccount.state == ACTIVE).exists()
    main = agency.main_site()
    return [
        *(Step(key, key not in missing, True) for key in needed),
        Step("on", agency.is_on(mail_test_needed=mail_test_needed)),
        Step("sites", main is not None and bool(main.address.strip()) and bool(main.phone)),
        Step("messages", settings.is_looked_at("messages")),
        Step("portal", settings.is_looked_at("components")),
        Step("brand", has_client or brand.look().is_decided),  # where clients are in, the look is decided
        Step("availability", not settings.get("requesting") or availability.client_facing() is not None),
        Step("workers", Worker.select().where(Worker.is_active).limit(2).count() > 1),
        Step("invited", PortalAccount.select().exists()),
        Step("first_client", has_client),
    ]


def is_over(every: Sequence[Step]) -> bool:
    """True once nothing but a look at settings is left."""
    return all(step.is_done for step in every if step.key not in _TO_LOOK_AT)
