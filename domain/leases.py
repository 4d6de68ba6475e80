"""Which delivery goes next, and that it is in one hand only: leases of ten minutes, the mail rate, probes.

What is asked for each message is built once (``store.Question``), because sending is mostly asking.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from typing import Any

from peewee import fn

from domain import clock, settings, statements, store
from models import ChannelHealth, Delivery, DeliveryAttempt, Individual, Link, PortalAccount, Worker

LEASE = dt.timedelta(minutes=10)
PROBE_EVERY = dt.timedelta(minutes=5)
# Each priority that a delivery can have is asked for by itself: so what waits for next week is never read through.
PRIORITIES = (0, 1, 3, 5, 6)

stored = Delivery.next_at.db_value  # a moment as the tables hold it


@dataclasses.dataclass(frozen=True)
class Claim:
    """A delivery that this process alone may send until the lease ends."""

    delivery: Delivery
    token: str


Taken = tuple[int, str] | float


def take(channel: str) -> Taken:
    """Lease the next delivery, inside a transaction: its id and the token; or in how many seconds to ask again."""
    now = clock.now()
    free(now)
    channel_health = health(channel)
    wait = _gate(channel_health, now)
    if wait is not None:
        return wait
    delivery = _BY_LAST_TRY.first(channel, stored(now)) if channel_health.down_since else _first_in_line(channel, now)
    if delivery is None:
        return 0.0
    token = secrets.token_hex(16)
    if not _TAKE.run(token, stored(now + LEASE), delivery.id):
        return 0.01
    attempt = {"delivery": delivery.id, "lease_token": token, "started_at": stored(now), "outcome": "", "answer": ""}
    store.insert(DeliveryAttempt, [attempt])
    _take_slot(channel_health, now)
    return delivery.id, token


def _first_in_line(channel: str, now: dt.datetime) -> Any:
    found = (_OF_PRIORITY.first(priority, channel, stored(now)) for priority in PRIORITIES)
    return next((delivery for delivery in found if delivery is not None), None)


def overdue_since(now: dt.datetime) -> list[dt.datetime]:
    """Of each priority, since when its first delivery could have been tried."""
    found = (_OVERDUE.first(priority, stored(now)) for priority in PRIORITIES)
    return [delivery.next_at for delivery in found if delivery is not None]


def read(taken: Taken) -> Claim | float:
    """What was taken, with whom it is for as they are now: asked when the lease is on disk."""
    return taken if isinstance(taken, float) else Claim(_WHOLE.first(taken[0]), taken[1])


def free(now: dt.datetime) -> None:
    """Leases that are over back to due."""
    _FREE.run(stored(now))


def health(channel: str) -> ChannelHealth:
    """How the channel's server is, locked until the transaction ends."""
    row: ChannelHealth | None = _HEALTH.first(channel)
    if row is None:
        ChannelHealth.insert(channel=channel).on_conflict_ignore().execute()
        row = _HEALTH.first(channel)
    return row  # type: ignore[return-value]


def unlocked(*conditions: Any) -> Any:
    """What somebody else is changing at this moment is left to the next sweep: two who want many rows may block each other."""
    return Delivery.id.in_(store.lock(Delivery.select(Delivery.id).where(*conditions), skip_locked=True))


def _gate(channel_health: ChannelHealth, now: dt.datetime) -> float | None:
    # A moment further ahead than we ever set one is from before the clock was put back.
    if channel_health.down_since and now < channel_health.probe_at <= now + PROBE_EVERY:
        return 0.0
    if channel_health.slot_at and now < channel_health.slot_at <= now + dt.timedelta(seconds=1):
        return float((channel_health.slot_at - now).total_seconds())
    return None


def _take_slot(channel_health: ChannelHealth, now: dt.datetime) -> None:
    rate = settings.get("mail_rate")
    changes: dict[str, Any] = {"slot_at": now + dt.timedelta(seconds=1 / rate) if rate else None}
    if channel_health.down_since:
        changes["probe_at"] = now + PROBE_EVERY
    if rate or channel_health.down_since or channel_health.slot_at:
        ChannelHealth.update(**changes).where(ChannelHealth.channel == channel_health.channel).execute()


# ---------------------------------------------------------------- what is asked


def _due(channel: Any, now: Any) -> Any:
    due = Delivery.select(Delivery.id).where(Delivery.state == "due", Delivery.channel == channel, Delivery.next_at <= now)
    return store.lock(due.where(Delivery.expires_at.is_null() | (Delivery.expires_at > now)), skip_locked=True)


def _by_last_try(channel: Any, now: Any) -> Any:
    """A probe takes the one not tried for longest, so that no single message blocks all others."""
    tried = DeliveryAttempt.select(fn.MAX(DeliveryAttempt.id)).where(DeliveryAttempt.delivery == Delivery.id)
    return _due(channel, now).order_by(fn.COALESCE(tried, 0), Delivery.priority, Delivery.id)


_OF_PRIORITY = statements.Question(
    lambda priority, channel, now: _due(channel, now).where(Delivery.priority == priority).order_by(Delivery.next_at, Delivery.id)
)
_OVERDUE = statements.Question(
    lambda priority, now: (
        Delivery.select(Delivery.next_at)
        .where(Delivery.state == "due", Delivery.priority == priority, Delivery.next_at <= now)
        .order_by(Delivery.next_at)
    )
)
_BY_LAST_TRY = statements.Question(_by_last_try)
_TAKE = statements.Change(
    lambda token, until, number: Delivery.update(
        state="leased", lease_token=token, lease_until=until, attempts=Delivery.attempts + 1
    ).where(Delivery.id == number, Delivery.state == "due")
)
_FREE = statements.Change(
    lambda now: Delivery.update(state="due", lease_token=None, lease_until=None).where(
        unlocked(Delivery.state == "leased", Delivery.lease_until < now)
    )
)
_WHOLE = statements.Question(
    lambda number: (
        Delivery.select(Delivery, PortalAccount, Worker, Individual, Link)
        .left_outer_join(PortalAccount)
        .switch(Delivery)
        .left_outer_join(Worker)
        .switch(Delivery)
        .left_outer_join(Individual)
        .switch(Delivery)
        .left_outer_join(Link)
        .where(Delivery.id == number)
    )
)
_HEALTH = statements.Question(lambda channel: store.lock(ChannelHealth.select().where(ChannelHealth.channel == channel)))
