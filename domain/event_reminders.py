"""Reminders of workers before their appointments: rows of the outbox, written with the appointment (spec 04).

One for each event, time and distance.  Whoever changes an event says ``settle`` in the same transaction: what waits and is not wanted
any more is cancelled, what is wanted and does not wait is written.  Whether the event still stands is looked at again when it is sent.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

from peewee import SQL, IntegrityError, fn

from domain import clock, notices, store
from domain.rules import N_
from models import Attendance, Delivery, Event, EventReminder, Worker, WorkerReminder

GONE = N_("The appointment was changed or cancelled meanwhile.")
KIND = "event_reminder"
_COUNTS = ("booked", "show", "no_show")  # places that make an event one of an enrolment
_LOT = 200


@dataclasses.dataclass(frozen=True)
class _Wish:
    """A reminder that there has to be, from ``at`` on."""

    event: Event
    minutes: int
    is_first: bool

    @property
    def at(self) -> dt.datetime:
        at: dt.datetime = self.event.starts_at - dt.timedelta(minutes=self.minutes)
        return at

    @property
    def key(self) -> tuple[int, int, dt.datetime, int]:
        return self.event.id, self.event.worker_id, self.event.starts_at, self.minutes


def settle(event: Event) -> None:
    """Have just those reminders wait that the worker of an event wants, as it is now; and of the next one of each enrolment, which may
    have become the first.  Said inside the transaction of the change."""
    wanted = WorkerReminder.select(fn.MAX(WorkerReminder.first_minutes)).scalar()
    if wanted is None:  # nobody has ever asked for any
        return
    _bring_in_line([event.id, *(_next_in_enrolments(event.id) if wanted else ())])


def plan(worker: Worker) -> None:
    """The same for all that is ahead of a worker, who just chose something else.  Said inside the transaction of it."""
    ahead = Event.select(Event.id).where(Event.worker == worker, Event.starts_at > clock.now(), Event.state == "booked")
    waiting = EventReminder.select(EventReminder.event).join(Delivery).where(
        Delivery.worker == worker, Delivery.kind == KIND, Delivery.state.in_(("due", "held"))
    )
    numbers = sorted({number for each in (ahead, waiting) for (number,) in each.tuples()})
    for start in range(0, len(numbers), _LOT):
        _bring_in_line(numbers[start : start + _LOT])


def plan_later() -> None:
    """Many events came at once, by import: what there has to be of them is written by ``plan_due``."""
    with store.writing():
        WorkerReminder.update(is_planned=False).where(WorkerReminder.is_planned).execute()


def plan_due() -> None:
    """Bring what waits in line for whomever that was put off; each minute."""
    for row in list(WorkerReminder.select().where(WorkerReminder.is_planned == False).order_by(WorkerReminder.worker)):  # noqa: E712
        with store.writing():
            store.hold(row.worker)
            WorkerReminder.update(is_planned=True).where(WorkerReminder.id == row.id).execute()
            plan(row.worker)


def is_first(event: Event) -> bool:
    """True while an event is the first of an enrolment of somebody who comes to it."""
    return event.id in _firsts([event.id])


# ---------------------------------------------------------------- what there has to be


def _bring_in_line(numbers: Sequence[int]) -> None:
    events = list(Event.select(Event, Worker).join(Worker).where(Event.id.in_(numbers)).order_by(Event.id))
    now = clock.now()
    wishes = {wish.key: wish for wish in _wishes(events, now)}
    there = EventReminder.select(EventReminder, Delivery).join(Delivery).where(EventReminder.event.in_(numbers))
    for row in list(there.order_by(EventReminder.id)):
        key = (row.event_id, row.delivery.worker_id, row.starts_at, row.minutes)
        wish = wishes.pop(key, None)
        if row.delivery.state in ("due", "held") and wish is None:
            Delivery.update(state="cancelled", last_error=GONE).where(
                Delivery.id == row.delivery_id, Delivery.state.in_(("due", "held"))
            ).execute()  # fmt: skip
        elif wish is not None:
            _keep(row, wish)
    for wish in wishes.values():
        _write(wish)


def _wishes(events: Sequence[Event], now: dt.datetime) -> Iterable[_Wish]:
    rows = WorkerReminder.select().where(WorkerReminder.worker.in_({event.worker_id for event in events}))
    wanted = {row.worker_id: row for row in rows}
    ahead = [event for event in events if event.worker_id in wanted and event.state == "booked" and event.starts_at > now]
    firsts = _firsts([event.id for event in ahead if wanted[event.worker_id].first_minutes])
    for event in ahead:
        if not event.worker.is_active or not event.worker.email:
            continue
        row = wanted[event.worker_id]
        distances = {row.minutes: False} | ({row.first_minutes: row.first_minutes != row.minutes} if event.id in firsts else {})
        for minutes, is_first in distances.items():
            wish = _Wish(event, minutes, is_first)
            if minutes and wish.at > now:
                yield wish


def _firsts(numbers: Sequence[int]) -> set[int]:
    """Those of these events that are the first of an enrolment of somebody who comes."""
    if not numbers:
        return set()
    earlier, its_event = Attendance.alias(), Event.alias()
    before = earlier.select(SQL("1")).join(its_event, on=(earlier.event == its_event.id)).where(
        earlier.enrolment == Attendance.enrolment, earlier.starts_at < Attendance.starts_at, earlier.state.in_(_COUNTS),
        its_event.state == "booked",
    )  # fmt: skip
    first = Attendance.select(Attendance.event).where(
        Attendance.event.in_(numbers), Attendance.enrolment.is_null(False), Attendance.state.in_(_COUNTS), ~fn.EXISTS(before)
    )
    return {number for (number,) in first.tuples()}


def _next_in_enrolments(event: int) -> list[int]:
    """Of each enrolment of who has a place in an event, the two that come next: whichever was the first before and is it now."""
    files = Attendance.select(Attendance.enrolment).where(Attendance.event == event, Attendance.enrolment.is_null(False))
    ahead = Attendance.select(Attendance.enrolment, Attendance.event).join(Event).where(
        Attendance.enrolment.in_(files), Attendance.starts_at > clock.now(), Attendance.state == "booked", Event.state == "booked",
        Attendance.event != event,
    )  # fmt: skip
    found: dict[int, list[int]] = defaultdict(list)
    for file, number in ahead.order_by(Attendance.starts_at).tuples():
        found[file].append(number)
    return sorted({number for numbers in found.values() for number in numbers[:2]})


# ---------------------------------------------------------------- the rows


def _keep(row: EventReminder, wish: _Wish) -> None:
    """It waits already, or it was cancelled in between and waits again; what has left is not said twice."""
    again = (Delivery.state == "suppressed") | ((Delivery.state == "cancelled") & (Delivery.last_error == GONE))
    waits = Delivery.update(state="due", next_at=wish.at, expires_at=wish.event.starts_at, last_error="")
    if waits.where(Delivery.id == row.delivery_id, again).execute():
        store.after_commit(notices.ring)
    if row.is_first != wish.is_first:
        EventReminder.update(is_first=wish.is_first).where(EventReminder.id == row.id).execute()


def _write(wish: _Wish) -> None:
    event = wish.event
    try:
        with store.writing():
            delivery = notices.put(
                KIND, event.id, to=event.worker.email, worker=event.worker, version=_version(wish), next_at=wish.at,
                expires_at=event.starts_at,
            )  # fmt: skip
            EventReminder.create(delivery=delivery, event=event, starts_at=event.starts_at, minutes=wish.minutes, is_first=wish.is_first)
    except IntegrityError:  # somebody else has written the same meanwhile
        if not Delivery.select().where(Delivery.dedupe_key == _key(wish)).exists():
            raise


def _key(wish: _Wish) -> str:
    return notices.key_of(KIND, wish.event.id, _version(wish), who=f"worker{wish.event.worker_id}")


def _version(wish: _Wish) -> str:
    return f"{wish.event.version}.{wish.minutes}"
