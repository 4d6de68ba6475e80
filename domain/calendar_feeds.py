"""The secret address at which somebody's own calendar program reads their appointments; it opens nothing else.

The address is made from its row and the installation's key whenever it is needed, as those of links are.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from domain import audit, clock, links, settings, store
from domain.actor import Actor
from domain.rules import NotFound
from models import CalendarFeed, Individual, PortalAccount

_PURPOSE = "calendar_feed"


def of(individual: Individual) -> CalendarFeed | None:
    """The feed that somebody has, made by the account of now; None when there is none."""
    feed: CalendarFeed | None = _opening().where(CalendarFeed.individual == individual).first()
    return feed


def has_ended(individual: Individual) -> bool:
    """True where an address that somebody had opens nothing any more, and no other one is there."""
    return of(individual) is None and CalendarFeed.select().where(CalendarFeed.individual == individual).exists()


def make(individual: Individual, by: Actor) -> CalendarFeed:
    """A new address; the one of before opens nothing from now on.  What it tells stays as it was chosen."""
    with store.writing():
        store.hold(individual)
        before = of(individual)
        _end(individual)
        feed: CalendarFeed = CalendarFeed.create(
            individual=individual, nonce=secrets.token_urlsafe(16), created_at=clock.now(),
            has_details=before is not None and before.has_details,
        )  # fmt: skip
        audit.record("calendar_feed.made", by, individual=individual)
    return feed


def tell(individual: Individual, by: Actor, *, has_details: bool) -> None:
    """Whether what is read there says with whom, where and for what, or the time only.  Raises NotFound without a feed."""
    with store.writing():
        feed = of(individual)
        if feed is None:
            raise NotFound
        changed = CalendarFeed.update(has_details=has_details).where(CalendarFeed.id == feed.id, CalendarFeed.has_details != has_details)
        if changed.execute():
            audit.record("calendar_feed.changed", by, individual=individual, has_details=has_details)


def end(individual: Individual, by: Actor) -> None:
    """The address opens nothing from now on.  Twice is harmless."""
    end_many([individual], by)


def end_many(individuals: Sequence[Individual], by: Actor) -> None:
    """The same for each of these people."""
    with store.writing():
        ended = CalendarFeed.update(ended_at=clock.now()).where(
            CalendarFeed.individual.in_([each.id for each in individuals]), CalendarFeed.ended_at.is_null()
        )
        theirs = sorted(row.individual_id for row in ended.returning(CalendarFeed.individual))
        if theirs:
            audit.record_many("calendar_feed.ended", by, [(Individual(id=number), "", {}) for number in theirs])


def token(feed: CalendarFeed) -> str:
    """What the address carries."""
    return links.sealed(_PURPOSE, feed.nonce)


def find(token: str) -> CalendarFeed:
    """The feed of an address, with whose it is.  Raises NotFound for a guessed or an ended one, and while its owner may not
    sign in: the account is suspended, disabled or closed, or is not the one that made it."""
    if not settings.get("calendar_feed"):
        raise NotFound
    feed: CalendarFeed | None = _opening().where(CalendarFeed.nonce == links.unsealed(_PURPOSE, token)).first()
    if feed is None:
        raise NotFound
    return feed


def _opening() -> Any:
    """The question for the addresses that open something, with whose they are."""
    owner = (PortalAccount.individual == CalendarFeed.individual) & (PortalAccount.created_at <= CalendarFeed.created_at)
    is_well = (PortalAccount.state == "active") | ((PortalAccount.state == "locked") & (PortalAccount.reason == "attempts"))
    found = CalendarFeed.select(CalendarFeed, Individual).join(Individual).join(PortalAccount, on=owner)
    return found.where(CalendarFeed.ended_at.is_null(), is_well)


def _end(individual: Individual) -> None:
    CalendarFeed.update(ended_at=clock.now()).where(CalendarFeed.individual == individual, CalendarFeed.ended_at.is_null()).execute()
