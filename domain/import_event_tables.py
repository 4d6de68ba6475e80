"""Events of a file in temporary tables, and from there into the calendar, set by set, under the lock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from peewee import SQL, BooleanField, Case, CharField, IntegerField, NodeList, Value, fn

from domain import audit, clock, event_messages, events, notices, store, work_queue
from domain.actor import Actor
from domain.attendances import CANCELLED
from domain.import_plans import must_be
from models import Attendance, Delivery, Enrolment, Event, EventMessage, UTCDateTimeField
from models import Row as Table

_SAME = ("public_id", "external_id", "starts_at", "ends_at", "is_video", "state", "is_overlapping")
_KEYS = ("worker", "site", "service")


class StagedEvent(Table):  # type: ignore[misc]
    """Temporary: one row of the file, with all that the event and the client's place in it will have."""

    number = IntegerField(primary_key=True)
    event = IntegerField(null=True)  # empty for a new one until it has its id
    version = IntegerField()  # of the records when they were read
    place = IntegerField(null=True)
    versions = IntegerField()  # of all places in the event, added
    public_id = CharField(max_length=22)
    place_public_id = CharField(max_length=22)
    external_id = CharField(max_length=100)
    is_event_changed = BooleanField()
    is_place_changed = BooleanField()
    is_shared = BooleanField()  # others have places in it, too
    is_refiled = BooleanField()  # of another service
    is_judged = BooleanField()  # whether it may stand where it stands is decided anew
    is_overlapping = BooleanField()
    is_settled = BooleanField()  # what waits to be sent of it is looked at again
    individual_id = IntegerField()
    enrolment_id = IntegerField(null=True)
    place_state = CharField(max_length=20)
    worker_id = IntegerField()
    starts_at = UTCDateTimeField()
    ends_at = UTCDateTimeField()
    site_id = IntegerField()
    service_id = IntegerField(null=True)
    is_video = BooleanField()
    state = CharField(max_length=20)
    was_at = UTCDateTimeField(null=True)  # the start before, of one that is moved
    is_elsewhere = BooleanField()  # another place to come to


class StagedMessage(Table):  # type: ignore[misc]
    """Temporary: a confirmation that waits before a new event."""

    number = IntegerField(index=True)
    public_id = CharField(max_length=22)
    next_at = UTCDateTimeField()


def write_events() -> list[Attendance]:
    """Write what was staged; the places, beside those of the rows, of who missed it and is expected again.

    Raises RuleBroken when a record is not as it was read, IntegrityError where time is taken.
    """
    _hold_changed()
    before = {event.id: event for lot in _settled_lots() for event in Event.select().where(Event.id.in_(lot))}
    booked = {place.id for lot in _settled_lots() for place in _booked(lot)}
    again = _expected_again()
    _begin_anew()
    _write_changed()
    _write_others(again)
    _write_new()
    _write_confirmations()
    for lot in _settled_lots():
        _settle(lot, before, booked)
    return again


def note_again(places: list[Attendance], by: Actor) -> None:
    """The same, for the record of who did what: said last, as everybody does."""
    change = {"before": "no_show", "after": "booked", "how": "", "reason": ""}
    audit.record_many("attendance.changed", by, [(place.individual, events.named(place.event), change) for place in places])


def _hold_changed() -> None:
    """Nobody else changes these events until all is written; each, and every place in it, is still what it was."""
    staged = StagedEvent
    known = staged.select(staged.event).where(staged.event.is_null(False))
    list(store.lock(Event.select(Event.id).where(Event.id.in_(known)).order_by(Event.id)).tuples())
    as_read = staged.select().join(Event, on=(Event.id == staged.event) & (Event.version == staged.version))
    versions = Attendance.select(fn.SUM(Attendance.version)).where(Attendance.event == staged.event)
    must_be(known.count(), as_read.where(staged.versions == versions).count())


def _write_changed() -> None:
    """First all give up their time, then each takes what it is to have: so two may change places."""
    staged = StagedEvent
    if not staged.select().where(staged.event.is_null(False)).exists():
        return
    mine = (staged.event == Event.id) & staged.is_event_changed
    after = {getattr(Event, name): getattr(staged, f"{name}_id") for name in _KEYS}
    after |= {getattr(Event, name): getattr(staged, name) for name in ("starts_at", "ends_at", "is_video", "state")}
    after |= {Event.video_link: Case(None, [(staged.is_video, Event.video_link)], ""), Event.version: Event.version + 1,
              Event.is_overlapping: Case(None, [(staged.is_judged, True)], Event.is_overlapping),
              Event.moved_from: fn.COALESCE(staged.was_at, Event.moved_from)}  # fmt: skip
    Event.update(after).from_(staged).where(mine).execute()
    Event.update({Event.is_overlapping: staged.is_overlapping}).from_(staged).where(mine, staged.is_judged).execute()
    is_asked_anew = _is_moved() | (staged.is_place_changed & staged.place_state.in_(CANCELLED))
    place = {
        Attendance.enrolment: staged.enrolment_id, Attendance.starts_at: staged.starts_at, Attendance.state: staged.place_state,
        Attendance.version: Attendance.version + Case(None, [(staged.is_place_changed, 1)], 0),
        Attendance.confirmed_at: Case(None, [(is_asked_anew, None)], Attendance.confirmed_at),
        Attendance.confirmed_how: Case(None, [(is_asked_anew, "")], Attendance.confirmed_how),
    }  # fmt: skip
    Attendance.update(place).from_(staged).where(staged.place == Attendance.id).execute()


def _is_moved() -> Any:
    """The condition that who said that they come did so for another time or place."""
    return StagedEvent.was_at.is_null(False) | StagedEvent.is_elsewhere


def _expected_again() -> list[Attendance]:
    """The places of others than the row's client who missed what is ahead now."""
    staged = StagedEvent
    ahead = staged.select(staged.event).where(
        staged.is_shared, staged.was_at.is_null(False), staged.starts_at > clock.now(), staged.state == "booked"
    )
    own = staged.select(staged.place).where(staged.is_shared)
    missed = Attendance.select(Attendance, Event).join(Event).where(Attendance.state == "no_show", Event.id.in_(ahead))
    return list(missed.where(Attendance.id.not_in(own)).order_by(Attendance.id))


def _begin_anew() -> None:
    """Who cancelled and comes after all: what they told their worker before counts no more, at the time before nor at this one."""
    staged = StagedEvent
    back = staged.select(staged.place, Attendance.starts_at, staged.starts_at).join(Attendance, on=(Attendance.id == staged.place))
    back = back.where(staged.is_place_changed, Attendance.state.in_(CANCELLED), staged.place_state.not_in(CANCELLED))
    keys = [f"{what}:{event_messages.told_key(place, at)}" for place, *times in back.tuples() for at in {*times}
            for what in event_messages.SAYINGS]  # fmt: skip
    for start in range(0, len(keys), 500):
        work_queue.set_apart(keys[start : start + 500])


def _write_others(again: list[Attendance]) -> None:
    """The places of the others who come to the same events."""
    staged = StagedEvent
    if not staged.select().where(staged.is_shared).exists():
        return
    theirs = (staged.event == Attendance.event) & (staged.place != Attendance.id) & staged.is_shared
    Attendance.update({Attendance.starts_at: staged.starts_at}).from_(staged).where(theirs).execute()
    Attendance.update(confirmed_at=None, confirmed_how="").from_(staged).where(theirs, _is_moved()).execute()
    files = Enrolment.select(Enrolment.id).where(
        Enrolment.individual == Attendance.individual, Enrolment.service == staged.service_id, Enrolment.closed_on.is_null()
    )
    Attendance.update(enrolment=files).from_(staged).where(theirs, staged.is_refiled).execute()
    for place in again:
        Attendance.update(state="booked", version=Attendance.version + 1).where(Attendance.id == place.id).execute()


def _write_new() -> None:
    staged = StagedEvent
    made = (Value(""), Value(clock.now(), converter=Event.created_at.db_value), Value(1))
    names = [*_SAME, *(f"{name}_id" for name in _KEYS)]
    fresh = staged.select(*[getattr(staged, name) for name in names], *made).where(staged.event.is_null())
    Event.insert_from(fresh.order_by(staged.number), [*_SAME, *_KEYS, "video_link", "created_at", "version"]).execute()
    its_id = Event.select(Event.id).where(Event.external_id == staged.external_id)
    staged.update(event=its_id).where(staged.event.is_null()).execute()
    given = (staged.place_public_id, staged.event, staged.individual_id, staged.enrolment_id, staged.place_state, staged.starts_at)
    places = staged.select(*given, Value(""), Value(""), Value(1)).where(staged.place.is_null())
    fields = ["public_id", "event", "individual", "enrolment", "state", "starts_at", "confirmed_how", "cancel_reason", "version"]
    Attendance.insert_from(places.order_by(staged.number), fields).execute()


def _write_confirmations() -> None:
    """Those who come know of what is new: they are only asked, and what they know is how it stands."""
    staged, message = StagedEvent, StagedMessage
    if not message.select().exists():
        return
    told = message.select(message.id).join(staged, on=(staged.number == message.number))
    told = told.join(Attendance, on=(Attendance.event == staged.event) & (Attendance.individual == staged.individual_id))
    kind = "event_confirmation"
    key = NodeList((SQL(f"'{kind}:'||"), Attendance.id, SQL("||':1.1:0:nobody:email'")))  # as notices.key_of
    now = Value(clock.now(), converter=Delivery.created_at.db_value)
    plain = (Value(kind), Value("email"), Value(""), Value(notices.KINDS[kind]), Value("due"), Value(0), now, Value(""))
    rows = told.select(message.public_id, key, staged.individual_id, message.next_at, staged.starts_at, *plain)
    Delivery.insert_from(
        rows.order_by(message.id),
        ["public_id", "dedupe_key", "individual", "next_at", "expires_at", "kind", "channel", "to_address", "priority", "state",
         "attempts", "created_at", "last_error"],
    ).execute()  # fmt: skip
    facts = (staged.starts_at, staged.starts_at, staged.worker_id, staged.site_id, staged.is_video, Value(True))
    told = told.select(Delivery.id, Attendance.id, *facts).join(Delivery, on=(Delivery.public_id == message.public_id))
    fields = ["delivery", "attendance", "was_at", "starts_at", "worker", "site", "is_video", "asks"]
    EventMessage.insert_from(told.order_by(message.id), fields).execute()
    store.after_commit(notices.ring)


# ---------------------------------------------------------------- what is sent of what was there


def _settled_lots() -> Iterator[list[int]]:
    """The numbers of the events of which somebody is told, or of which something waits, in lots."""
    known = StagedEvent.select(StagedEvent.event).where(StagedEvent.is_settled, StagedEvent.version > 0).order_by(StagedEvent.event)
    numbers = [number for (number,) in known.tuples()]
    for start in range(0, len(numbers), 500):
        yield numbers[start : start + 500]


def _booked(lot: list[int]) -> list[Attendance]:
    """The places in these events that counted before."""
    counted = Attendance.select(Attendance).join(Event).where(Event.id.in_(lot), Event.state == "booked", Attendance.state == "booked")
    return list(counted)


def _settle(lot: list[int], before: dict[int, Event], booked: set[int]) -> None:
    """One by one, as each page does: who was told what follows from what each heard last."""
    for place in list(Attendance.select(Attendance, Event).join(Event).where(Event.id.in_(lot)).order_by(Event.id)):
        event = place.event
        is_booked = event.state == "booked" and place.state == "booked"
        if is_booked and place.id not in booked:
            event_messages.reverted(place, event, before[event.id])
        else:
            event_messages.settle(place, event, before[event.id])
