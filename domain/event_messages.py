"""What is sent of an event: booked, moved, changed, cancelled, and the confirmation before it (spec 03, what a booking sends).

Each message is a row of the outbox, written with its cause.  What there has to be of a place follows from how its event stands
and what its owner heard of it last: ``settle`` brings what waits in line with that, after every change.  Consent, address,
switches and the event are looked at again when it is sent.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from peewee import SQL, fn

from domain import clock, inbox_notices, notices, preferences, settings, store, worker_messages
from domain.actor import Actor
from domain.rules import N_
from models import Attendance, Delivery, Event, EventMessage, EventRequest, Task

NO_CONSENT = N_("There is no consent to e-mail.")
GONE = N_("The appointment was changed or cancelled meanwhile.")
OFF = N_("Messages of this kind are switched off.")
CONFIRMED = N_("They have confirmed already.")
DECLINED = N_("They said that they cannot come.")
# Each kind that clients get, with the settings that it needs.
SWITCHES = {
    "event_booked": ("event_booked",), "event_moved": ("event_moved",), "event_changed": ("event_moved",),
    "event_cancelled": ("event_cancelled",), "event_confirmation": ("confirming", "event_confirmation"),
}  # fmt: skip
KINDS = tuple(SWITCHES)
SAYINGS = ("running_late", "cannot_come")  # what clients let a worker know; the second counts more
_LATE = dt.timedelta(days=1)  # of a move whose time is over, for the record
_CANCELLED = ("cancelled_by_client", "late_cancelled")  # of a place
_LOT = 1000  # events in one turn of planning anew


@dataclasses.dataclass(frozen=True)
class Heard:
    """What somebody heard of an event last; of no ``kind`` where they know it from elsewhere."""

    kind: str
    starts_at: dt.datetime
    worker: int
    site: int
    is_video: bool

    def is_as(self, event: Event) -> bool:
        """True when the event still stands so."""
        return (self.starts_at, self.worker, self.site, self.is_video) == (
            event.starts_at, event.worker_id, event.site_id, event.is_video,
        )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Wish:
    """A message that there has to be, from ``at`` on; ``asks`` when it asks whether they come."""

    kind: str
    at: dt.datetime
    was_at: dt.datetime | None
    asks: bool = False


def is_on(kind: str) -> bool:
    """True where the agency tells clients of a kind: in the Inbox, and by e-mail unless it writes to no client (``wanted``)."""
    return all(settings.get(key) for key in SWITCHES[kind])


def mark_of(event: Event | Attendance) -> str:
    """The time of an event, in a form or the link that confirms it: another link of the call, or another worker, changes nothing."""
    return str(int(event.starts_at.timestamp()))


def told_key(place: int, starts_at: dt.datetime) -> str:
    """What makes one thing that a client lets the worker know differ from the next: the place (its number), and the time that it is
    about."""
    return f"{place}.{int(starts_at.timestamp())}"


# ---------------------------------------------------------------- what has to be sent of a place


def settle(place: Attendance, event: Event, was: Event | None, *, is_taken_away: bool = False) -> None:
    """Have just those messages wait of a place that its event, as it is now, asks for.

    ``was`` is the event before the change; None when it was just booked.  ``is_taken_away`` where staff just cancelled the place by
    themselves: its owner is told, as of an event that the agency cancelled.  Said inside the transaction of the change, with the
    event held.
    """
    now, messages = clock.now(), _messages(place)
    heard = _heard(messages, was)
    if heard is None and not is_on("event_booked"):  # who is not written to was told by somebody
        heard = _as_it_is(was or event)
    wishes = {wish.kind: wish for wish in _wishes(place, event, heard, messages, now, is_taken_away=is_taken_away)}
    for message in messages:
        if message.delivery.state in ("due", "held"):
            wish = wishes.get(message.delivery.kind)
            if wish is not None and message.starts_at == event.starts_at:
                _keep(message, event, wishes.pop(wish.kind))
            else:
                _cancel(Delivery.id == message.delivery_id, GONE if is_on(message.delivery.kind) else OFF)
    for wish in wishes.values():
        _put(wish, place, event, messages)


def _wishes(
    place: Attendance, event: Event, heard: Heard | None, messages: list[EventMessage], now: dt.datetime, *, is_taken_away: bool
) -> list[_Wish]:
    is_taken_away = is_taken_away or _was_taken_away(place, messages)
    if place.state != "booked" and not is_taken_away:
        return []
    was_at = heard.starts_at if heard else None
    if is_taken_away or event.state == "cancelled_by_agency":
        is_news = event.starts_at > now and not (heard and heard.kind == "event_cancelled")
        return [_Wish("event_cancelled", now, was_at)] if is_news and is_on("event_cancelled") else []
    if event.state != "booked":
        return []
    news = _news(event, heard, now)
    refused = preferences.refused(place.individual_id) if is_on("event_confirmation") else frozenset()
    at = None if "confirmations" in refused else _asked_at(place, event, messages, now)
    if news is None or at is None or at > now:
        told = [_Wish(news, now, was_at)] if news else []
        return told if at is None else [*told, _Wish("event_confirmation", at, was_at, asks=True)]
    # Inside the hours before it one message is both.  Of a new one the confirmation says all.
    is_question = news == "event_booked" or "updates" in refused
    return [_Wish("event_confirmation" if is_question else news, now, was_at, asks=True)]


def _was_taken_away(place: Attendance, messages: list[EventMessage]) -> bool:
    """True where staff cancelled the place by themselves, as it is now: then there is a message of this version of it."""
    if place.state not in _CANCELLED:
        return False
    keys = [message.delivery.dedupe_key for message in messages if message.delivery.kind == "event_cancelled"]
    return any(key.split(":")[2].endswith(f".{place.version}") for key in keys)


def _news(event: Event, heard: Heard | None, now: dt.datetime) -> str | None:
    """What they do not know yet; a correction, to a time that is over, is news only where the agency wants it."""
    is_ahead = event.starts_at > now
    if heard is None:
        return "event_booked" if is_ahead else None
    kind = "event_changed" if heard.starts_at == event.starts_at else "event_moved"
    is_worth = is_ahead or (kind == "event_moved" and settings.get("event_moved_past"))
    return kind if is_worth and is_on(kind) and not heard.is_as(event) else None


def _asked_at(place: Attendance, event: Event, messages: list[EventMessage], now: dt.datetime) -> dt.datetime | None:
    """When they are to be asked whether they come: once for each time and, in person, each place; None for not at all."""
    if not is_on("event_confirmation") or event.starts_at <= now or place.confirmed_at is not None or has_declined(place, event):
        return None
    is_asked = False
    for message in _told(messages):
        is_there = event.is_video or (not message.is_video and message.site_id == event.site_id)
        if message.delivery.kind == "event_cancelled":  # so it begins anew
            is_asked = False
        elif message.asks and message.starts_at == event.starts_at and is_there:
            is_asked = True
    hour: dt.datetime = event.starts_at - dt.timedelta(hours=settings.get("confirmation_hours"))
    return None if is_asked else max(now, hour)


def has_declined(place: Attendance, event: Event) -> bool:
    """True once a client said that they cannot come at this time."""
    return bool(Task.select().where(Task.dedupe_key == f"cannot_come:{told_key(place.id, event.starts_at)}").exists())


# ---------------------------------------------------------------- what they heard


def tells(message: EventMessage, event: Event) -> bool:
    """True while the event stands as it did when the message was written: since then another one may tell what is new."""
    return _of(message).is_as(event)


def _of(message: EventMessage, kind: str = "") -> Heard:
    return Heard(kind, message.starts_at, message.worker_id, message.site_id, message.is_video)


def heard_before(message: EventMessage, event: Event) -> Heard | None:
    """What a client heard before a message; None when it is the first that they hear."""
    return _heard(_messages(message.attendance), event, but=message)


def _messages(place: Attendance) -> list[EventMessage]:
    every = EventMessage.select(EventMessage, Delivery).join(Delivery).where(EventMessage.attendance == place.id, Delivery.kind.in_(KINDS))
    return list(every.order_by(EventMessage.id))


def _told(messages: list[EventMessage]) -> list[EventMessage]:
    """What has left or is just leaving, in the order in which it did."""
    told = [message for message in messages if message.delivery.state in ("sent", "leased")]
    return sorted(told, key=lambda message: (message.delivery.sent_at is None, message.delivery.sent_at, message.id))


def _heard(messages: list[EventMessage], was: Event | None, but: EventMessage | None = None) -> Heard | None:
    """What the last message told that left; else, what they knew before the first that was to tell them."""
    told = [message for message in _told(messages) if message != but]
    if told:
        return _of(told[-1], told[-1].delivery.kind)
    if was is None or (messages and messages[0].was_at is None):
        return None
    return dataclasses.replace(_as_it_is(was), starts_at=messages[0].was_at) if messages else _as_it_is(was)


def _as_it_is(event: Event) -> Heard:
    return Heard("", event.starts_at, event.worker_id, event.site_id, event.is_video)


# ---------------------------------------------------------------- the rows


def _facts(event: Event) -> dict[str, Any]:
    return {"starts_at": event.starts_at, "worker": event.worker_id, "site": event.site_id, "is_video": event.is_video}


def _put(wish: _Wish, place: Attendance, event: Event, messages: list[EventMessage]) -> None:
    """A row of its own for each version of event and place; one of these that could not be sent waits again."""
    until = event.starts_at if event.starts_at > wish.at else wish.at + _LATE
    version = f"{event.version}.{place.version}"
    key = notices.key_of(wish.kind, place.id, version)
    there = next((message for message in messages if message.delivery.dedupe_key == key), None)
    if there is None:
        delivery = notices.put(
            wish.kind, place.id, to="", individual=place.individual, version=version, next_at=wish.at, expires_at=until
        )
        EventMessage.create(delivery=delivery, attendance=place, was_at=wish.was_at, asks=wish.asks, **_facts(event))
        inbox_notices.put(delivery, place, event.starts_at)
        return
    # What staff have cancelled, without a reason, stays so.
    again = (Delivery.state == "suppressed") | ((Delivery.state == "cancelled") & (Delivery.last_error != ""))
    waits = Delivery.update(state="due", next_at=wish.at, expires_at=until, last_error="")
    if waits.where(Delivery.id == there.delivery_id, again).execute():
        EventMessage.update(asks=wish.asks, **_facts(event)).where(EventMessage.id == there.id).execute()
        inbox_notices.put_off(there.delivery_id, wish.at, event.starts_at)
        store.after_commit(notices.ring)


def _keep(message: EventMessage, event: Event, wish: _Wish) -> None:
    """It waits already; it is made when it is sent, and then tells how the event stands."""
    changes = {"asks": wish.asks, **_facts(event)}
    if any(message.__data__[name] != value for name, value in changes.items()):
        EventMessage.update(**changes).where(EventMessage.id == message.id).execute()
    if wish.kind == "event_confirmation" and message.delivery.next_at != wish.at and not message.delivery.attempts:
        Delivery.update(next_at=wish.at).where(Delivery.id == message.delivery_id).execute()
        inbox_notices.put_off(message.delivery_id, wish.at, event.starts_at)


def _cancel(which: Any, why: str) -> None:
    waits = which & Delivery.state.in_(("due", "held"))
    inbox_notices.withdraw(Delivery.select(Delivery.id).where(waits))
    Delivery.update(state="cancelled", last_error=why).where(waits).execute()


def ask_no_more(place: Attendance, why: str) -> None:
    """They have answered: what waits only to ask them is cancelled."""
    theirs = EventMessage.select(EventMessage.delivery).where(EventMessage.attendance == place.id)
    with store.writing():
        _cancel(Delivery.id.in_(theirs) & (Delivery.kind == "event_confirmation"), why)


# ---------------------------------------------------------------- causes


def booked(place: Attendance, event: Event) -> None:
    """Somebody has a place in an event from now on."""
    settle(place, event, None)


def asked_ahead(starts_at: dt.datetime) -> dt.datetime | None:
    """When somebody who knows of a new event is asked whether they come; None where nobody is, or where that hour is over."""
    hour = starts_at - dt.timedelta(hours=settings.get("confirmation_hours"))
    return hour if is_on("event_confirmation") and hour > clock.now() else None


def reverted(place: Attendance, event: Event, was: Event | None = None) -> None:
    """Nothing is told but what was never told; who heard that it is cancelled is asked anew.

    ``was`` is the event before, where it stands otherwise now.
    """
    heard = _heard(_messages(place), was or event)
    if heard is not None and heard.kind == "event_cancelled" and place.confirmed_at is not None:
        Attendance.update(confirmed_at=None, confirmed_how="").where(Attendance.id == place.id).execute()
        place.confirmed_at = None
    settle(place, event, was or event)


def told(place: Attendance, event: Event, what: str, task: Task) -> None:
    """The worker hears at once that somebody is late or cannot come, which is this task."""
    _to_worker(f"client_{what}", place, event, task.id)


def given_up(place: Attendance, event: Event) -> None:
    """The worker hears that a client has cancelled: the hour may be free."""
    if settings.get("client_cancelled"):
        _to_worker("client_cancelled", place, event, place.id)


def confirmed(place: Attendance, event: Event, by: Actor) -> None:
    """The worker hears that somebody comes, where they wish so and did not write it down themselves."""
    if not _is_own(event, by) and worker_messages.wants(event.worker, "confirmation"):
        earlier = EventMessage.select().join(Delivery).where(EventMessage.attendance == place.id, Delivery.kind == "client_confirmed")
        _to_worker("client_confirmed", place, event, place.id, until=event.starts_at, time=earlier.count())


def missed(place: Attendance, event: Event, by: Actor) -> None:
    """The worker hears that a colleague wrote down that somebody did not come; of groups nobody does."""
    if event.group_id is None and not _is_own(event, by) and worker_messages.wants(event.worker, "no_show"):
        _to_worker("client_missed", place, event, place.id, until=clock.now() + _LATE)


def requested(place: Attendance, event: Event, by: Actor) -> None:
    """The worker hears that somebody asks for an appointment, or for another time of what ``place`` is in, which ``event`` holds."""
    if not _is_own(event, by):
        _to_worker("client_requested", place, event, event.id, until=_waits_until(event))


def handed_over(event: Event, by: Actor) -> None:
    """What waits for an answer is another worker's now: they hear of it, unless it is the client who is to answer."""
    request = EventRequest.get_or_none(EventRequest.event == event.id, EventRequest.offered_at.is_null())
    if request is not None:
        place = Attendance.get(Attendance.event == (request.replaces_id or event.id), Attendance.individual == request.individual_id)
        requested(place, event, by)


def booked_soon(place: Attendance, event: Event, by: Actor) -> None:
    """The worker hears of what a client booked that is near, or moved there, unless they did it for them."""
    is_near = event.starts_at < clock.ahead(hours=settings.get("request_soon"))
    if is_near and not _is_own(event, by):
        _to_worker("client_booked", place, event, event.id, until=event.starts_at, was_at=event.moved_from)


def _is_own(event: Event, by: Actor) -> bool:
    return by.worker is not None and bool(by.worker.id == event.worker_id)


def _waits_until(event: Event) -> dt.datetime:
    until: dt.datetime = EventRequest.get(EventRequest.event == event.id).expires_at
    return until


def request_offered(place: Attendance, event: Event) -> None:
    """Who asked hears that another time is offered, which ``event`` holds."""
    _to_asker("request_offered", place, event, _waits_until(event))


def answered(kind: str, place: Attendance, event: Event) -> None:
    """Who asked hears what became of it: ``request_declined`` or ``request_expired``."""
    _to_asker(kind, place, event, clock.now() + _LATE)


def _to_asker(kind: str, place: Attendance, event: Event, until: dt.datetime) -> None:
    version = f"{event.version}.{place.version}"
    delivery = notices.put(kind, event.id, to="", individual=place.individual, version=version, expires_at=until)
    EventMessage.create(delivery=delivery, attendance=place, **_facts(event))
    inbox_notices.put(delivery, place, event.starts_at)


def _to_worker(
    kind: str, place: Attendance, event: Event, subject: int, *, until: dt.datetime | None = None, was_at: dt.datetime | None = None,
    time: int = 0,
) -> None:  # fmt: skip
    """``time`` counts what happens again without another version of event or place."""
    if event.worker.is_active and event.worker.email:
        version = f"{event.version}.{place.version}" + (f".{time}" if time else "")
        delivery = notices.put(kind, subject, to=event.worker.email, worker=event.worker, individual=place.individual,
                               version=version, expires_at=until or event.ends_at)  # fmt: skip
        EventMessage.create(delivery=delivery, attendance=place, was_at=was_at, **_facts(event))


def subject_of(delivery: Delivery) -> int:
    """The number of what a delivery tells of."""
    return int(delivery.dedupe_key.split(":")[1])


def is_told_anew(message: EventMessage, delivery: Delivery) -> bool:
    """True where a later message of the same kind tells of the same: there and back again is told once."""
    later = EventMessage.select().join(Delivery).where(EventMessage.attendance == message.attendance_id, EventMessage.id > message.id)
    return bool(later.where(Delivery.dedupe_key.startswith(f"{delivery.kind}:{subject_of(delivery)}:")).exists())


def reachable(individuals: Sequence[int]) -> None:
    """Consent or an address came: what could not be told of events ahead is told now, as they stand now.

    ``individuals`` are their numbers.  Said inside the transaction of it, and before anything is written to the audit: events are
    locked before it, as everybody does.
    """
    lost = EventMessage.select(SQL("1")).join(Delivery).where(
        EventMessage.attendance == Attendance.id, Delivery.state == "suppressed", Delivery.kind.in_(KINDS)
    )
    theirs = Attendance.select().where(Attendance.individual.in_(individuals), Attendance.starts_at > clock.now(), fn.EXISTS(lost))
    for place in list(theirs.order_by(Attendance.starts_at, Attendance.event)):
        _settle_again(place)
    _offer_again(individuals)


def wanted_again(individual: int) -> None:
    """Somebody (their number) wants messages of a kind again: of what is ahead of them there is what there has to be, as of now."""
    theirs = Attendance.select().where(Attendance.individual == individual, Attendance.starts_at > clock.now())
    for place in list(theirs.order_by(Attendance.starts_at, Attendance.event)):
        _settle_again(place)
    _offer_again([individual])


def _offer_again(individuals: Sequence[int]) -> None:
    """What is offered to them still waits for their answer; how something ended is not told late."""
    still = EventMessage.select(EventMessage.delivery).join(Attendance).where(Attendance.individual.in_(individuals))
    lost = (Delivery.kind == "request_offered") & (Delivery.state == "suppressed") & (Delivery.expires_at > clock.now())
    if Delivery.update(state="due", next_at=clock.now(), last_error="").where(lost, Delivery.id.in_(still)).execute():
        store.after_commit(notices.ring)


def _settle_again(place: Attendance) -> None:
    event = store.lock(Event.select().where(Event.id == place.event_id)).get()
    settle(Attendance.get_by_id(place.id), event, event)


def plan_anew() -> bool:
    """Where the agency asks at another hour than before, or no more, what waits follows: a lot of it each minute, in short
    transactions.  True when that was all; asks once, and writes nothing, while nothing was decided."""
    wanted = f"{int(is_on('event_confirmation'))}.{settings.get('confirmation_hours')}"
    planned, _, cursor = (settings.noted(_PLANNED) or _AT_FIRST).partition(">")
    if planned == wanted and not cursor:
        return True
    after = int(cursor or 0) if planned == wanted else 0
    ahead = Attendance.select().where(Attendance.id > after, Attendance.starts_at > clock.now(), Attendance.state == "booked")
    places = list(ahead.order_by(Attendance.id).limit(_LOT))
    for place in places:
        with store.writing():
            _settle_again(place)
    is_all = len(places) < _LOT
    settings.note(_PLANNED, wanted if is_all else f"{wanted}>{places[-1].id}")
    return is_all


_PLANNED = "confirmations"
_AT_FIRST = "1.48"  # while nobody has decided otherwise
