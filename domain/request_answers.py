"""How what clients asked for is answered: accepted, declined, another time offered, taken, withdrawn, or nobody answers in time
(spec 03, Requesting).  All of them hold the worker first, as whoever asks does.
"""

from __future__ import annotations

import datetime as dt

from domain import audit, clock, event_messages, events, profile, requests, store
from domain.actor import SYSTEM, Actor
from domain.asked import was_accepted
from domain.rules import N_, RuleBroken
from models import Attendance, Event, EventRequest, Site

_LOT = 200  # that expire in one transaction
_SAME = N_("This is the time that they asked for, or that you offered. Choose another one.")
_ANSWERED = N_("This was answered, withdrawn or not answered in time meanwhile. Look at it again.")


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
        if was_accepted(request, now):
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
        requests.tell_booked(event, by)
        return
    was: Event = Event.get_by_id(request.replaces_id)
    if was.state != "booked" or requests.place_of(was, request.individual).state != "booked":
        raise RuleBroken(N_("The appointment itself was cancelled meanwhile."), code="replaced")
    if was.worker_id != event.worker_id:  # whose time nobody asked about
        raise RuleBroken(_ANSWERED, code="replaced")
    if was.starts_at <= clock.now():
        raise RuleBroken(N_("This appointment has begun already."), code="over")
    _answer(request, event, "withdraw", by, note="accept")  # its time is free for a moment of this transaction
    events.move(was, event.starts_at, minutes, by, version=was.version, site=event.site, how="portal")
    event_messages.booked_soon(requests.place_of(was, request.individual), Event.get_by_id(was.id), by)


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
        if now.state != "withdrawn" or was_accepted(request, now):
            _answer(request, now, "withdraw", by)


def _must_have_asked(request: EventRequest, place: Attendance) -> None:
    if request.individual_id != place.individual_id:
        raise RuleBroken(N_("Only who asked for this appointment can answer for it."), code="others")


def offer(event: Event, starts_at: dt.datetime, by: Actor, *, version: int, site: Site | None = None) -> None:
    """Staff offer another time instead, at another site if one is named: that is held from now on, and the client answers.

    Raises RuleBroken: ``over``, ``stale``, ``taken`` with what stands there, ``past``, ``left``, ``closed_site``,
    ``same`` for what the client asked for themselves.
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
        if (starts_at, where) == (now.starts_at, now.site):
            raise RuleBroken(_SAME, code="same", field="time")
        events.check_frame(int(length.total_seconds()) // 60, where)
        requests.ask_for(now, starts_at, starts_at + length, where, by, offered=True)


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
    asked = requests.of(event)
    if asked is not None and asked.replaces_id is not None:
        store.lock(Event.select().where(Event.id == asked.replaces_id)).get()
    now: Event = store.lock(Event.select().where(Event.id == event.id)).get()
    request = requests.of(now)
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
    place = requests.place_of(request.replaces or event, request.individual)
    event_messages.answered(kind, place, Event.get_by_id(event.id))


def _asked(place: Attendance) -> Event:
    """The event that a client answers about, of a place: its own, or the one that holds, or last held, another time for it."""
    event: Event = place.event
    if event.state != "booked":
        return event
    found = EventRequest.select(EventRequest, Event).join(Event, on=(EventRequest.event == Event.id))
    mine = found.where(EventRequest.replaces == event.id, EventRequest.individual == place.individual_id)
    last = mine.order_by(EventRequest.id.desc()).first()
    return last.event if last is not None else event
