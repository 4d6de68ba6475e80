"""What is sent of an event: booked, moved, cancelled, and the confirmation before it (spec 03, what a booking sends).

Each message is a row of the outbox, written with its cause.  Moving an event cancels what waits and writes it anew.
Consent, account and event are looked at again when it is sent.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from peewee import fn

from domain import clock, notices, settings, store
from domain.rules import N_
from models import Attendance, Delivery, Event, EventMessage, Individual

NO_CONSENT = N_("There is no consent to e-mail.")
KINDS = ("event_booked", "event_moved", "event_cancelled", "event_confirmation")
_LATE = dt.timedelta(days=1)  # of a move whose time is over, for the record


def booked(place: Attendance, event: Event) -> None:
    """An event that is ahead is told; inside the hours before it the confirmation says the same, and is the one message."""
    now = clock.now()
    if event.starts_at <= now:
        return
    if not (_is_asked() and _asked_at(event) <= now) and settings.get("event_booked"):
        _put("event_booked", place, event, now)
    _ask(place, event, now)


def moved(place: Attendance, event: Event, *, was_at: dt.datetime) -> None:
    """A move is told whenever it was to be; a correction, to a time that is over, only where the agency wants it."""
    now = clock.now()
    drop(place)
    if event.starts_at <= now and not settings.get("event_moved_past"):
        return
    if settings.get("event_moved"):
        _put("event_moved", place, event, now, was_at=was_at)
    if event.starts_at > now:
        _ask(place, event, now)


def cancelled(place: Attendance, event: Event) -> None:
    """What the agency cancels is told while it is ahead."""
    drop(place)
    now = clock.now()
    if event.starts_at > now and settings.get("event_cancelled"):
        _put("event_cancelled", place, event, now)


def reverted(place: Attendance, event: Event) -> None:
    """Nothing is told; the confirmation stands again where its hour is still to come."""
    now = clock.now()
    if _asked_at(event) > now:
        drop(place)
        _ask(place, event, now)


@dataclasses.dataclass(frozen=True)
class Message:
    """One that an import writes: of which kind, from when to when it may be sent, and of a move the start that was."""

    kind: str
    next_at: dt.datetime
    expires_at: dt.datetime
    was_at: dt.datetime | None = None


def imported(what: str, starts_at: dt.datetime, *, was_at: dt.datetime | None = None) -> Iterator[Message]:
    """What is sent when a file says something of a place: ``new``, ``moved``, ``cancelled`` or ``reverted``.

    Those who come know of what is new, so that only the confirmation is written, where its hour is still to come; a move and
    what the agency cancels are told as ``moved`` and ``cancelled`` here do.
    """
    now = clock.now()
    is_ahead, asked_at = starts_at > now, _asked_before(starts_at)
    if what == "moved" and (is_ahead or settings.get("event_moved_past")) and settings.get("event_moved"):
        yield Message("event_moved", now, _until(starts_at, now), was_at)
    if what == "cancelled" and is_ahead and settings.get("event_cancelled"):
        yield Message("event_cancelled", now, _until(starts_at, now))
    if _is_asked() and (asked_at > now if what in ("new", "reverted") else what == "moved" and is_ahead):
        at = max(now, asked_at)
        yield Message("event_confirmation", at, _until(starts_at, at))


def drop_of(places: Any) -> None:
    """Cancel what waits of all these places; ``places`` is a question for their numbers."""
    waiting = EventMessage.select(EventMessage.delivery).where(EventMessage.attendance.in_(places))
    Delivery.update(state="cancelled", last_error="").where(
        Delivery.id.in_(waiting), Delivery.state.in_(("due", "held")), Delivery.kind.in_(KINDS)
    ).execute()


def told(place: Attendance, event: Event, what: str) -> None:
    """The worker hears at once that somebody is late or cannot come."""
    if event.worker.is_active and event.worker.email:
        version = f"{event.version}.{place.version}"
        delivery = notices.put(f"client_{what}", place.id, to=event.worker.email, worker=event.worker, individual=place.individual,
                               version=version, expires_at=event.ends_at)  # fmt: skip
        EventMessage.create(delivery=delivery, attendance=place)


def consented(individual: Individual) -> None:
    """What could not be told of events ahead for want of consent is told now: of each place the newest message."""
    now = clock.now()
    newest = (
        EventMessage.select(fn.MAX(EventMessage.delivery)).join(Attendance).switch(EventMessage).join(Delivery)
        .where(Attendance.individual == individual.id, Attendance.starts_at > now, Delivery.state == "suppressed",
               Delivery.kind.in_(KINDS), Delivery.last_error == NO_CONSENT, Delivery.expires_at > now)
        .group_by(EventMessage.attendance)
    )  # fmt: skip
    numbers = [number for (number,) in newest.tuples()]
    with store.writing():
        waiting = Delivery.update(state="due", next_at=now, last_error="").where(Delivery.id.in_(numbers), Delivery.state == "suppressed")
        if waiting.execute():
            store.after_commit(notices.ring)


def drop(place: Attendance, *kinds: str) -> None:
    """Cancel what waits of a place: all of it, or only ``kinds``."""
    waiting = EventMessage.select(EventMessage.delivery).where(EventMessage.attendance == place.id)
    with store.writing():
        Delivery.update(state="cancelled", last_error="").where(
            Delivery.id.in_(waiting), Delivery.state.in_(("due", "held")), Delivery.kind.in_(kinds or KINDS)
        ).execute()


def _asked_at(event: Event) -> dt.datetime:
    return _asked_before(event.starts_at)


def _asked_before(starts_at: dt.datetime) -> dt.datetime:
    return starts_at - dt.timedelta(hours=settings.get("confirmation_hours"))


def _until(starts_at: dt.datetime, at: dt.datetime) -> dt.datetime:
    return starts_at if starts_at > at else at + _LATE


def _is_asked() -> bool:
    return bool(settings.get("confirming") and settings.get("event_confirmation"))


def _ask(place: Attendance, event: Event, now: dt.datetime) -> None:
    if _is_asked() and place.confirmed_at is None:
        _put("event_confirmation", place, event, max(now, _asked_at(event)))


def _put(kind: str, place: Attendance, event: Event, at: dt.datetime, *, was_at: dt.datetime | None = None) -> None:
    until = _until(event.starts_at, at)
    version = f"{event.version}.{place.version}"
    delivery = notices.put(kind, place.id, to="", individual=place.individual, version=version, next_at=at, expires_at=until)
    EventMessage.create(delivery=delivery, attendance=place, was_at=was_at)
