"""What clients ask for: an appointment at a free time, or another time for one that they have (spec 03, Requesting).

It is booked at once, or its time is held until it is answered (``domain.request_answers``).  Whoever asks and whoever answers hold
the worker first, so of many who want one time one gets it; the database refuses the others as well.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from peewee import IntegrityError

from domain import (
    attendances,
    audit,
    clock,
    event_messages,
    event_reminders,
    event_rows,
    events,
    offers,
    settings,
    store,
    wall_clock,
)
from domain.actor import Actor
from domain.asked import Asked, around
from domain.free_times import Slot
from domain.offers import Wish
from domain.rules import N_, RuleBroken
from models import Attendance, Event, EventRequest, Individual, Site, Worker

# ---------------------------------------------------------------- asked for


def ask(wish: Wish, starts_at: dt.datetime, by: Actor, *, is_video: bool = False) -> Event:
    """An appointment at a free time: booked, or waiting to be accepted, as the agency has it.

    Raises RuleBroken: as ``offers.check`` does, one of ``free_times.REASONS``, ``left`` for the worker, and ``a_day`` for one more
    than a client may ask for in a day.
    """
    _offered(wish, starts_at)  # who comes too late need not wait in line for that
    with store.writing():
        events.hold_the_worker(wish.worker)
        _one_at_a_time(wish.individual, *wish.others)
        slot = _offered(wish, starts_at)
        day = wall_clock.day_of(clock.now(), slot.zone)
        number = _next_number(wish.individual, day)
        is_booked = settings.get("request_mode") == "at_once"
        event = _placed(wish, slot, "booked" if is_booked else "requested", by, is_video=is_video)
        _note_asked(wish, event, day, number, None if is_booked else event, by)
        for individual in (wish.individual, *wish.others):
            _place(event, individual, wish)
        if is_booked:
            tell_booked(event, by)
        else:
            event_messages.requested(place_of(event, wish.individual), event, by)
    return event


def _one_at_a_time(*people: Individual) -> None:
    """Nobody asks for two things at one time, whomever they ask; said after the worker is held and before an event is."""
    for number in sorted({each.id for each in people}):
        store.one_at_a_time(f"requests of individual {number}")


def _offered(wish: Wish, starts_at: dt.datetime) -> Slot:
    offers.check(wish)
    return _free(wish, starts_at)


def _free(wish: Wish, starts_at: dt.datetime) -> Slot:
    slot, reason = offers.timetable(wish, around=starts_at).at(starts_at)
    if slot is None or reason:
        raise offers.why(reason, wish)
    return slot


def _next_number(individual: Individual, day: dt.date) -> int:
    """Which request of the day it is; those that were declined, withdrawn or cancelled since count, too."""
    number = offers.asked_on(individual, day) + 1
    if offers.is_too_many(number - 1):
        raise offers.too_many()
    return number


def _placed(wish: Wish, slot: Slot, state: str, by: Actor, *, is_video: bool) -> Event:
    def write() -> Event:
        made: Event = Event.create(
            worker=wish.worker, starts_at=slot.starts_at, ends_at=slot.ends_at, site=slot.site, is_video=is_video, service=wish.service,
            state=state, created_at=clock.now(),
        )  # fmt: skip
        return made

    try:
        with store.writing():
            return write()
    except IntegrityError:
        if events.standing(wish.worker, slot.starts_at, slot.ends_at) is None:
            raise
        raise offers.why("taken", wish) from None


def _place(event: Event, individual: Individual, wish: Wish) -> Attendance:
    file = wish.enrolment if individual.id == wish.individual.id else events.open_files(wish.service, [individual]).get(individual.id)
    return Attendance.create(event=event, individual=individual, enrolment=file, starts_at=event.starts_at)  # type: ignore[no-any-return]


def _note_asked(wish: Wish, event: Event, day: dt.date, number: int | None, waits: Event | None, by: Actor) -> None:
    """The row of a request, and its entry: ``waits`` is its event where somebody has to answer."""
    now = clock.now()
    EventRequest.create(
        event=event, individual=wish.individual, replaces=wish.event, day=day, number=number, asked_at=now,
        expires_at=until(waits.starts_at, wish.event) if waits is not None else None, answered_at=None if waits is not None else now,
    )  # fmt: skip
    who = (wish.individual, *wish.others) if wish.event is None else (wish.individual,)
    for individual in who:
        if waits is None:
            audit.record("event.booked", by, individual=individual, subject=events.named(event), starts_at=events.told(event.starts_at),
                         how="portal")  # fmt: skip
        else:
            audit.record("event.requested", by, individual=individual, subject=events.named(event), starts_at=events.told(event.starts_at),
                         worker=event.worker_id, replaces=wish.event.id if wish.event is not None else None)  # fmt: skip


def until(starts_at: dt.datetime, was: Event | None = None) -> dt.datetime:
    """When what waits now is over: some time from now on, or when it would begin, or what would be moved to it."""
    over = min(clock.ahead(hours=settings.get("request_expiry")), starts_at)
    return over if was is None else min(over, was.starts_at)


def tell_booked(event: Event, by: Actor) -> None:
    """Everybody who comes; and the worker of what is near, unless they did it themselves."""
    fresh: Event = Event.get_by_id(event.id)
    for place in events.places(fresh):
        event_messages.booked(place, fresh)
    event_reminders.settle(fresh)
    request = of(fresh)
    assert request is not None
    event_messages.booked_soon(place_of(fresh, request.individual), fresh, by)


# ---------------------------------------------------------------- another time


def may_change(
    place: Attendance, known: tuple[Asked | None, Asked | None] | None = None, there: list[Attendance] | None = None
) -> str:
    """Why a client may not choose another time for what they have, ``off``, ``over``, ``late``, ``waiting`` or ``others``; empty when
    they may.  ``known`` is what ``asked.around`` says of its event and ``there`` who is ``standing`` in it, for whoever has asked."""
    event = place.event
    if not settings.get("changing_time") or not offers.is_open():
        return "off"
    if event.state not in ("booked", "requested") or place.state != "booked" or event.starts_at <= clock.now():
        return "over"
    if event.state == "booked" and clock.now() > attendances.latest_to_cancel(event):
        return "late"
    own, change = known or around(event)
    if event.state == "requested" and own is not None and own.request.expires_at is not None and own.request.expires_at <= clock.now():
        return "over"
    if (change is not None and change.is_waiting) or (own is not None and own.is_offered):
        return "waiting"
    is_own = own is not None and own.is_of(place)
    if event.group_id is not None or (not is_own and len(standing(event) if there is None else there) > 1):
        return "others"
    return ""


MAY_NOT = {
    "off": N_("Appointments cannot be changed here at the moment. Call us."),
    "over": N_("This appointment was cancelled or is over."),
    "late": N_("It is too late to choose another time here. Call us."),
    "waiting": N_("Another time is being asked about already. That must be answered or withdrawn first."),
    "others": N_("Others come to this appointment, too. Call us to choose another time."),
}


def standing(event: Event) -> list[Attendance]:
    """The places in an event that were not given up."""
    return [place for place in events.places(event) if place.state == "booked"]


def for_change(place: Attendance, there: list[Attendance] | None = None) -> Wish:
    """The wish for another time of what somebody has: the same worker, length and people.  ``place`` comes with its event; ``there``
    as in ``may_change``."""
    others = [each.individual for each in (standing(place.event) if there is None else there) if each.individual_id != place.individual_id]
    return Wish(place.individual, place.event.worker, place.enrolment, tuple(others[: offers.MOST_PEOPLE - 1]), place.event)


def change(place: Attendance, starts_at: dt.datetime, by: Actor, *, shown: str = "") -> Event | None:
    """Another free time for what a client has.  It stays the same event; where a worker has to accept it, it stays at its time until
    then.  What still waits is asked for at the new time instead.  Its own time changes nothing: then there is no event to answer with.

    ``shown`` is ``attendances.mark_of`` what the page showed.  Raises RuleBroken: as ``may_change`` says, ``moved`` since it was
    shown, ``left``, one of ``free_times.REASONS``.
    """
    with store.writing():
        events.hold_the_worker(place.event.worker)
        _one_at_a_time(*(each.individual for each in standing(place.event)))
        event: Event = store.lock(Event.select().where(Event.id == place.event_id)).get()
        now = Attendance.get_by_id(place.id)
        now.event = event
        if event.worker_id != place.event.worker_id or (shown and shown != event_messages.mark_of(event)):
            raise RuleBroken(N_("This appointment was moved meanwhile. Look at it again."), code="moved")
        if refused := may_change(now):
            raise RuleBroken(MAY_NOT[refused], code=refused)
        wish = for_change(now)
        if wish.service is not None and wish.enrolment is not None:  # staff may book without them
            offers.check(dataclasses.replace(wish, others=()))  # who comes was chosen before, or by staff
        slot = _free(wish, starts_at)
        if (slot.starts_at, slot.ends_at, slot.site) == (event.starts_at, event.ends_at, event.site_id):
            return None
        if event.state == "requested":
            ask_for(event, slot.starts_at, slot.ends_at, slot.site, by, offered=False)
        elif settings.get("request_mode") == "at_once":
            events.move(event, slot.starts_at, wish.minutes, by, version=event.version, site=Site.get_by_id(slot.site), how="portal")
            event_messages.booked_soon(now, Event.get_by_id(event.id), by)
        else:
            _ask_to_change(wish, slot, now, by)
    return event


def _ask_to_change(wish: Wish, slot: Slot, place: Attendance, by: Actor) -> None:
    event = wish.event
    assert event is not None
    twin = _placed(wish, slot, "requested", by, is_video=event.is_video)
    _note_asked(wish, twin, wall_clock.day_of(clock.now(), slot.zone), None, twin, by)
    event_messages.requested(place, twin, by)


def ask_for(event: Event, starts_at: dt.datetime, ends_at: dt.datetime, site: Any, by: Actor, *, offered: bool) -> None:
    """What waits is at another time from now on, and waits as long again; ``offered`` where staff offer it to the client."""
    changes: dict[str, Any] = {"starts_at": starts_at, "ends_at": ends_at, "version": event.version + 1}
    if site is not None:
        changes["site"] = site
    before = {"starts_at": events.told(event.starts_at), "ends_at": events.told(event.ends_at)}
    asked = of(event)
    events.placed(event.worker, starts_at, ends_at, event, by,
                   lambda: Event.update(**changes).where(Event.id == event.id, Event.state == "requested").execute())  # fmt: skip
    Attendance.update(starts_at=starts_at).where(Attendance.event == event.id).execute()
    over = until(starts_at, asked.replaces if asked is not None else None)
    EventRequest.update(expires_at=over, offered_at=clock.now() if offered else None).where(
        EventRequest.event == event.id, EventRequest.answered_at.is_null()
    ).execute()
    fresh: Event = Event.get_by_id(event.id)
    after = {"starts_at": events.told(fresh.starts_at), "ends_at": events.told(fresh.ends_at)}
    request = of(fresh)
    assert request is not None
    audit.record("event.request_moved", by, individual=request.individual, subject=events.named(fresh), before=before, after=after)
    place = place_of(request.replaces or fresh, request.individual)
    if offered:
        event_messages.request_offered(place, fresh)
    else:
        event_messages.requested(place, fresh, by)


# ---------------------------------------------------------------- read


def of(event: Event) -> EventRequest | None:
    """What a client asked for when this event came to be; None where nobody did."""
    found: EventRequest | None = EventRequest.get_or_none(EventRequest.event == event.id)
    return found


def waiting_change(event: Event) -> EventRequest | None:
    """The request for another time of an event, while it waits; with the event that holds that time."""
    found = EventRequest.select(EventRequest, Event).join(Event, on=(EventRequest.event == Event.id))
    request: EventRequest | None = found.where(EventRequest.replaces == event.id, Event.state == "requested").first()
    return request


def place_of(event: Event, individual: Individual) -> Attendance:
    found: Attendance = Attendance.get(Attendance.event == event.id, Attendance.individual == individual)
    return found


@dataclasses.dataclass(frozen=True)
class Waiting:
    """A request that waits: ``event`` holds the time, ``was`` is the one that would be moved to it, ``people`` come."""

    request: EventRequest
    event: Event
    was: Event | None
    people: list[Individual]

    @property
    def is_offered(self) -> bool:
        """True while the client is asked."""
        return self.request.offered_at is not None


def waiting(query: Any = None) -> list[Waiting]:
    """What waits for an answer, what expires first before the rest; ``query`` narrows the events (``event_rows.whole()``)."""
    among = (event_rows.whole() if query is None else query).where(Event.state == "requested")
    by_number = {event.id: event for event in among}
    found = EventRequest.select(EventRequest, Individual).join(Individual).where(
        EventRequest.event.in_(list(by_number)), EventRequest.answered_at.is_null()
    )  # fmt: skip
    requests = sorted(found, key=lambda each: (each.expires_at, each.id))
    was = {event.id: event for event in event_rows.whole().where(Event.id.in_([each.replaces_id for each in requests if each.replaces_id]))}
    people: dict[int, list[Individual]] = {}
    its = [each.replaces_id or each.event_id for each in requests]
    places = Attendance.select(Attendance, Individual).join(Individual).where(Attendance.event.in_(its), Attendance.state == "booked")
    for place in places.order_by(Individual.sort_name, Individual.id):
        people.setdefault(place.event_id, []).append(place.individual)
    return [
        Waiting(each, by_number[each.event_id], was.get(each.replaces_id), people.get(each.replaces_id or each.event_id, []))
        for each in requests
    ]


def to_answer(worker: Worker, *, everybodys: bool) -> Any:
    """The question for the events that wait for a worker's answer: their own, or everybody's."""
    every = event_rows.whole().where(Event.state == "requested")
    return every if everybodys else every.where(Event.worker == worker)
