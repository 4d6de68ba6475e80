"""What every letter is made of: its text, in whose language, and that it must not go out any more."""

from __future__ import annotations

import dataclasses

from domain import agency, texts
from models import Delivery, Individual, Worker


@dataclasses.dataclass(frozen=True)
class Letter:
    """A subject, paragraphs, and at most one button (label, address)."""

    subject: str
    paragraphs: tuple[str, ...]
    button: tuple[str, str] | None = None
    after: tuple[str, ...] = ()
    link: str = ""  # an address that stands within a paragraph
    stop: str = ""  # the address that stops e-mails of this kind; empty for what nobody can switch off


class Unwanted(Exception):
    """The message must not go out any more; the reason is a marked sentence for staff."""


class Unreached(Unwanted):
    """It would reach nobody, so staff are told: ``worker``, or whoever looks after problems with deliveries."""

    def __init__(self, reason: str, worker: Worker | None) -> None:
        super().__init__(reason)
        self.worker = worker


def language_of(delivery: Delivery) -> str:
    """The reader's own language, else the agency's, which is that of staff whomever they read about."""
    return language_for(None if delivery.worker_id is not None else delivery.individual)


def language_for(who: Individual | None) -> str:
    """Somebody's own language, else the agency's."""
    house = agency.current()
    wanted = (who.language if who else "", house.language if house else "")
    return next((code for code in wanted if code in texts.LANGUAGES), "en")
