"""What clients ask for: an appointment at a free time, or another time for one that they have (spec 03, Requesting).

It is booked at once, or its time is held until somebody of the agency answers, the client withdraws it, or it expires.  Whoever asks
and whoever answers hold the worker first, so of many who want one time one gets it; the database refuses the others as well.
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
    event_rows,
    events,
    offers,
    profile,
    settings,
    store,
    wall_clock,
)
from domain.actor import SYSTEM, Actor
from domain.asked import Asked, around
from domain.free_times import Slot
from domain.offers import Wish
from domain.rules import N_, RuleBroken
from models import Attendance, Event, EventRequest, Individual, Site, Worker

_LOT = 200  # that expire in one transaction
_ANSWERED = N_("This was answered, withdrawn or not answered in time meanwhile. Look at it again.")


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
            _tell_booked(event, by)
        else:
            event_messages.requested(_place_of(event, wish.individual), event, by)
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
    asked = EventRequest.select().where(EventRequest.individual == individual, EventRequest.day == day, EventRequest.number.is_null(False))
    number = int(asked.count()) + 1
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


def _tell_booked(event: Event, by: Actor) -> None:
    """Everybody who comes; and the worker of what is near, unless they did it themselves."""
    fresh: Event = Event.get_by_id(event.id)
    for place in events.places(fresh):
        event_messages.booked(place, fresh)
    request = of(fresh)
    assert request is not None
    event_messages.booked_soon(_place_of(fresh, request.individual), fresh, by)


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
    if change is not None or (own is not None and own.is_offered):
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


def change(place: Attendance, starts_at: dt.datetime, by: Actor, *, shown: str = "") -> Event:
    """Another free time for what a client has.  It stays the same event; where a worker has to accept it, it stays at its time until
    then.  What still waits is asked for at the new time instead.

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
            return event
        if event.state == "requested":
            _ask_for(event, slot.starts_at, slot.ends_at, slot.site, by, offered=False)
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


def _ask_for(event: Event, starts_at: dt.datetime, ends_at: dt.datetime, site: Any, by: Actor, *, offered: bool) -> None:
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
    place = _place_of(request.replaces or fresh, request.individual)
    if offered:
        event_messages.request_offered(place, fresh)
    else:
        event_messages.requested(place, fresh, by)


# ---------------------------------------------------------------- answered


def accept(event: Event, by: Actor, *, version: int) -> None:
    """Staff accept: what was asked for is booked, or what was booked is moved to it.  Twice is harmless.

    Raises RuleBroken: ``over`` for what does not wait any more, ``stale`` for another time than was shown, ``offered`` while the client
    is asked, ``left``, ``closed_site``, ``replaced`` where what was to be moved is not booked any more.
    """
    with store.writing():
        request, now = _held(event, version)
        if now.state == "booked" or (now.state == "withdrawn" and request.answered_by_id is not None):
            return
        if request.offered_at is not None:
            raise RuleBroken(N_("The client is asked about this time. They answer now."), code="offered")
        _say_yes(request, now, by)


def take_offer(place: Attendance, by: Actor, *, shown: str = "") -> None:
    """The client takes the time that staff offered.  Twice is harmless.  Raises RuleBroken: as ``accept`` does, ``moved``,
    ``others`` for who did not ask."""
    with store.writing():
        request, now = _held(_asked(place), None)
        _must_have_asked(request, place)
        if now.state == "booked":
            return
        if shown and shown != event_messages.mark_of(now):
            raise RuleBroken(N_("This appointment was moved meanwhile. Look at it again."), code="moved")
        if request.offered_at is None:
            raise RuleBroken(_ANSWERED, code="over")
        _say_yes(request, now, by)


def _say_yes(request: EventRequest, event: Event, by: Actor) -> None:
    events.hold_the_worker(event.worker)
    if event.state != "requested":
        raise RuleBroken(_ANSWERED, code="over")
    if event.starts_at <= clock.now():
        raise RuleBroken(N_("The time that was asked for is over."), code="over")
    minutes = int((event.ends_at - event.starts_at).total_seconds()) // 60
    events.check_frame(minutes, event.site)
    if request.replaces is None:
        _answer(request, event, "accept", by)
        _tell_booked(event, by)
        return
    was: Event = Event.get_by_id(request.replaces_id)
    if was.state != "booked" or _place_of(was, request.individual).state != "booked":
        raise RuleBroken(N_("The appointment itself was cancelled meanwhile."), code="replaced")
    if was.worker_id != event.worker_id:  # whose time nobody asked about
        raise RuleBroken(_ANSWERED, code="replaced")
    if was.starts_at <= clock.now():
        raise RuleBroken(N_("This appointment has begun already."), code="over")
    _answer(request, event, "withdraw", by, note="accept")  # its time is free for a moment of this transaction
    events.move(was, event.starts_at, minutes, by, version=was.version, site=event.site, how="portal")
    event_messages.booked_soon(_place_of(was, request.individual), Event.get_by_id(was.id), by)


def decline(event: Event, by: Actor, *, version: int, reason: str = "") -> None:
    """Staff decline, with a reason that the client reads.  Twice is harmless.  Raises RuleBroken: ``missing`` without one, ``over``,
    ``stale``."""
    why = profile.clean(reason, "reason", 500, lines=True)
    if not why:
        raise RuleBroken(N_("Write why, in a sentence that the client can read."), code="missing", field="reason")
    with store.writing():
        request, now = _held(event, version)
        if now.state == "declined":
            return
        _answer(request, now, "decline", by, reason=why)
        _tell_outcome("request_declined", request, now)


def withdraw(place: Attendance, by: Actor) -> None:
    """The client does not want it any more, or not what was offered instead.  Twice is harmless.  Raises RuleBroken: ``over``,
    ``others`` for who did not ask."""
    with store.writing():
        request, now = _held(_asked(place), None)
        _must_have_asked(request, place)
        if now.state != "withdrawn":
            _answer(request, now, "withdraw", by)


def _must_have_asked(request: EventRequest, place: Attendance) -> None:
    if request.individual_id != place.individual_id:
        raise RuleBroken(N_("Only who asked for this appointment can answer for it."), code="others")


def offer(event: Event, starts_at: dt.datetime, by: Actor, *, version: int, site: Site | None = None) -> None:
    """Staff offer another time instead, at another site if one is named: that is held from now on, and the client answers.

    Raises RuleBroken: ``over``, ``stale``, ``taken`` with what stands there, ``past``, ``left``, ``closed_site``.
    """
    starts_at = starts_at.astimezone(dt.UTC)
    with store.writing():
        events.hold_the_worker(event.worker)
        _, now = _held(event, version)
        if now.state != "requested":
            raise RuleBroken(_ANSWERED, code="over")
        if starts_at <= clock.now():
            raise RuleBroken(N_("Choose a time that is ahead."), code="past", field="time")
        where, length = site or now.site, now.ends_at - now.starts_at
        events.check_frame(int(length.total_seconds()) // 60, where)
        _ask_for(now, starts_at, starts_at + length, where, by, offered=True)


def expire_due() -> int:
    """End what waited too long, or until it would have begun; how many those were.  Said each minute."""
    ended = 0
    while True:
        due = EventRequest.select(EventRequest, Event).join(Event, on=(EventRequest.event == Event.id)).where(
            EventRequest.answered_at.is_null(), EventRequest.expires_at <= clock.now()
        )
        some = list(due.order_by(EventRequest.expires_at).limit(_LOT))
        done = sum(_expire(request.event) for request in some)
        ended += done
        if len(some) < _LOT or not done:
            return ended


def _expire(event: Event) -> int:
    with store.writing():
        request, now = _held(event, None, is_over=True)
        if now.state != "requested" or request.expires_at is None or request.expires_at > clock.now():
            return 0
        _answer(request, now, "expire", SYSTEM)
        _tell_outcome("request_expired", request, now)
    return 1


def _held(event: Event, version: int | None, *, is_over: bool = False) -> tuple[EventRequest, Event]:
    """A request and its event, both held, as they are now; what it replaces before it, as whoever cancels that does.

    Raises RuleBroken ``over`` for what does not wait any more, but for whoever ends it because ``is_over``.
    """
    store.hold(event.worker)
    asked = of(event)
    if asked is not None and asked.replaces_id is not None:
        store.lock(Event.select().where(Event.id == asked.replaces_id)).get()
    now: Event = store.lock(Event.select().where(Event.id == event.id)).get()
    request = of(now)
    if request is None or now.worker_id != event.worker_id:
        raise RuleBroken(_ANSWERED, code="over")
    if not is_over and request.answered_at is None and request.expires_at is not None and request.expires_at <= clock.now():
        raise RuleBroken(_ANSWERED, code="over")
    if now.state == "requested" and version is not None and now.version != version:
        raise RuleBroken(N_("Another time is asked for meanwhile. Look at it again."), code="stale")
    return request, now


def _answer(request: EventRequest, event: Event, verb: str, by: Actor, *, reason: str = "", note: str = "") -> None:
    """One of the moves of an event that waits.  Raises RuleBroken ``over``."""
    move = events.MOVES[verb]
    stored = Event.update(state=move.target, version=Event.version + 1).where(Event.id == event.id, Event.state.in_(move.origins))
    if not stored.execute():
        raise RuleBroken(_ANSWERED, code="over")
    EventRequest.update(answered_at=clock.now(), answered_by=by.worker, reason=reason).where(EventRequest.id == request.id).execute()
    audited = events.MOVES[note or verb].audited
    audit.record(audited, by, individual=request.individual, subject=events.named(event), before=event.state,
                 after=events.MOVES[note or verb].target, reason=reason)  # fmt: skip


def _tell_outcome(kind: str, request: EventRequest, event: Event) -> None:
    place = _place_of(request.replaces or event, request.individual)
    event_messages.answered(kind, place, Event.get_by_id(event.id))


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


def _asked(place: Attendance) -> Event:
    """The event that waits for an answer of a place: its own, or the one that holds the other time."""
    event: Event = place.event
    if event.state != "booked":
        return event
    request = waiting_change(event)
    return request.event if request is not None else event


def _place_of(event: Event, individual: Individual) -> Attendance:
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
