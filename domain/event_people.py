"""Who comes to an event that stands already: added one by one, with a group that somebody joins or leaves."""

from __future__ import annotations

from typing import Any

from domain import attendances, audit, clock, event_messages, events, store
from domain.actor import Actor
from domain.rules import N_, STALE, RuleBroken
from models import Attendance, Event, Group, Individual


def add(event: Event, individual: Individual, by: Actor, *, version: int) -> None:
    """A place in a booked event for somebody more, who is told as of a new one.

    Raises RuleBroken: ``stale``, ``over``, ``twice`` for who has a place already.
    """
    with store.writing():
        now = store.lock(Event.select().where(Event.id == event.id)).get()
        if now.version != version:
            raise RuleBroken(STALE, code="stale")
        if now.state != "booked":
            raise RuleBroken(N_("Only an appointment that is booked can be changed."), code="over")
        if not _take_in(now, individual, by):
            raise RuleBroken(N_("This person comes to it already."), code="twice")


def ahead_with(group: Group) -> Any:
    """The question for a group's events that are ahead, soonest first."""
    ahead = Event.select().where(Event.group == group, Event.state == "booked", Event.starts_at > clock.now())
    return ahead.order_by(Event.starts_at, Event.id)


def ahead_for(individual: Individual, group: Group) -> Any:
    """Of these, those in which somebody has a place that stands."""
    mine = Attendance.select(Attendance.event).where(Attendance.individual == individual, Attendance.state == "booked")
    return ahead_with(group).where(Event.id.in_(mine))


def locked_ahead(group: Group) -> list[Event]:
    """The same, held: said before anything is written to the audit."""
    return list(store.lock(ahead_with(group)))


def come_along(ahead: list[Event], individual: Individual, by: Actor) -> None:
    """Who joined a group comes to these events of it, too; inside the transaction of the joining."""
    for event in ahead:
        _take_in(event, individual, by)


def stay_away(ahead: list[Event], individual: Individual, by: Actor) -> None:
    """Who left a group comes to none of these events of it any more; inside the transaction of the leaving."""
    for event in ahead:
        place = Attendance.get_or_none(Attendance.event == event.id, Attendance.individual == individual.id, Attendance.state == "booked")
        if place is not None:
            attendances.take_out(place, event, by)


def _take_in(event: Event, individual: Individual, by: Actor) -> bool:
    """A place, or the cancelled one again; False for who has one that stands.  The event is held, so nobody else gives them one."""
    place = Attendance.get_or_none(Attendance.event == event.id, Attendance.individual == individual.id)
    if place is not None and place.state not in attendances.CANCELLED:
        return False
    if place is not None:
        attendances.mark(place, "revert", by, version=place.version)
        return True
    files = events.open_files(event.service, [individual])
    place = Attendance.create(event=event, individual=individual, enrolment=files.get(individual.id), starts_at=event.starts_at)
    audit.record("event.booked", by, individual=individual, subject=events.named(event), starts_at=events.told(event.starts_at), how="")
    event_messages.booked(place, event)
    return True
