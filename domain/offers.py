"""What clients can ask for: in which service, with whom, and when.  The same answers whoever looks and whoever asks (spec 03, Requesting).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from peewee import Case, Value, fn

from domain import agency, availability, clock, event_rows, events, settings, statements, store, wall_clock
from domain.free_times import Slot, Span, Timetable
from domain.rules import N_, NotFound, RuleBroken
from models import (
    TAKES_TIME,
    Attendance,
    AvailabilityCalendar,
    AvailabilityException,
    AvailabilityRow,
    Enrolment,
    EnrolmentWorker,
    Event,
    EventRequest,
    Individual,
    Participant,
    Service,
    ServiceWorker,
    Site,
    Worker,
)

MOST_PEOPLE = 10  # who come to one appointment
_STANDS = ("booked", "show", "no_show")


@dataclasses.dataclass(frozen=True)
class Wish:
    """An appointment as a client would have it, but for its time: who asks, with whom, in which enrolment, who else comes; ``event``
    is the one whose time is to be changed."""

    individual: Individual
    worker: Worker
    enrolment: Enrolment | None = None
    others: tuple[Individual, ...] = ()
    event: Event | None = None

    @property
    def service(self) -> Service | None:
        """What it is of."""
        if self.event is not None:
            return self.event.service  # type: ignore[no-any-return]
        return self.enrolment.service if self.enrolment is not None else None

    @property
    def minutes(self) -> int:
        """How long it is: as long as it was, else the service's own length, else the agency's."""
        if self.event is not None:
            return int((self.event.ends_at - self.event.starts_at).total_seconds()) // 60
        own = self.service.minutes if self.service is not None else None
        return int(own or settings.get("event_minutes"))


# ---------------------------------------------------------------- in what, with whom


def is_open() -> bool:
    """True where clients may ask for appointments: the agency lets them, and has named the time for it."""
    return bool(settings.get("requesting")) and availability.client_facing() is not None


def enrolments(individual: Individual) -> list[Enrolment]:
    """The open enrolments in which somebody may ask for an appointment, by the name that they know the service by."""
    return sorted(enrolments_of(individual), key=lambda each: (each.service.client_name or each.service.name).casefold())


def enrolments_of(individual: Individual) -> Any:
    """The question for these."""
    return Enrolment.select(Enrolment, Service).join(Service).where(Enrolment.individual == individual, *_ASKABLE)


_ASKABLE = (Enrolment.closed_on.is_null(), Service.is_visible, Service.is_in_use)


def workers(enrolment: Enrolment) -> list[Worker]:
    """With whom: the primary worker, the further ones, then the others of the service; those who have time for clients."""
    further = EnrolmentWorker.select(EnrolmentWorker.worker).where(EnrolmentWorker.enrolment == enrolment)
    others = ServiceWorker.select(ServiceWorker.worker).where(ServiceWorker.service == enrolment.service_id)
    mine = (Worker.id == enrolment.worker_id) | Worker.id.in_(further) | Worker.id.in_(others)
    near = {number for (number,) in further.tuples()}
    found = Worker.select().where(mine, Worker.is_active, _has_time()).order_by(Worker.sort_name, Worker.id)
    return sorted(found, key=lambda each: 0 if each.id == enrolment.worker_id else 1 if each.id in near else 2)


def _has_time() -> Any:
    """The condition that a worker has hours for clients within the horizon, or time on top of them."""
    kind, until = availability.client_facing(), last_day()
    number = kind.id if kind is not None else 0
    later = AvailabilityCalendar.alias()
    replaced = later.select(later.id).where(
        later.worker == AvailabilityCalendar.worker, later.starts_on > AvailabilityCalendar.starts_on, later.starts_on <= agency.today()
    )
    weeks = AvailabilityRow.select(AvailabilityRow.id).join(AvailabilityCalendar).where(
        AvailabilityCalendar.worker == Worker.id, AvailabilityCalendar.starts_on <= until, AvailabilityRow.type == number,
        ~fn.EXISTS(replaced),
    )  # fmt: skip
    extra = AvailabilityException.select(AvailabilityException.id).where(
        AvailabilityException.worker == Worker.id, AvailabilityException.type == number,
        AvailabilityException.date.between(agency.today(), until),
    )  # fmt: skip
    return fn.EXISTS(weeks) | fn.EXISTS(extra)


def last_day() -> dt.date:
    """The last day that can be asked for."""
    return agency.today() + dt.timedelta(days=settings.get("days_ahead"))


def companions(enrolment: Enrolment) -> list[Individual]:
    """Who else may come: those who take part in the enrolment, by name; nobody where its service shows clients no names."""
    if not enrolment.service.shows_names:
        return []
    found = Individual.select().join(Participant).where(Participant.enrolment == enrolment)
    return list(found.order_by(Individual.sort_name, Individual.id))


def wished(individual: Individual, enrolment: str, worker: str, others: Sequence[str] = ()) -> Wish:
    """A wish by the public ids of an own enrolment, a worker, and who else comes.  Raises NotFound.

    Whether it can be asked for now ``check`` says.
    """
    found = _WISHED.first(individual.id, enrolment, worker)
    if found is None:
        raise NotFound
    who = found.asked
    return Wish(individual, who, found, _chosen(found, others))


def _wished(individual: Any, enrolment: Any, worker: Any) -> Any:
    found = Enrolment.select(Enrolment, Service, Worker).join(Service).switch(Enrolment)
    found = found.join(Worker, on=(Worker.public_id == worker), attr="asked")
    return found.where(Enrolment.individual == individual, Enrolment.public_id == enrolment)


_WISHED = statements.Question(_wished)


def askable(individual: Individual, enrolment: str, worker: str) -> tuple[Wish, int]:
    """A wish for a page that only looks, and how many appointments they asked for lately, for ``may_ask_no_more``.

    Raises NotFound as ``wished`` does, and for what cannot be asked for now.
    """
    since = EventRequest.day.db_value(_earliest_day())
    found = _ASKABLE_NOW.first(individual.id, since, individual.id, enrolment, worker)
    if found is None:
        raise NotFound
    return Wish(individual, found.asked, found), found.lately


def asked_lately(individual: Individual) -> int:
    """How many appointments somebody asked for since the day began that it is at any of the sites."""
    return int(_asked_since(individual.id, _earliest_day()).scalar())


def may_ask_no_more(individual: Individual, lately: int, zones: Iterable[str]) -> bool:
    """True where somebody asked for as many as they may today, at sites in each of ``zones``; ``lately`` as ``askable`` says."""
    if not is_too_many(lately):
        return False
    days = {wall_clock.day_of(clock.now(), zone) for zone in zones}
    return bool(days) and all(is_too_many(asked_on(individual, day)) for day in days)


def asked_on(individual: Individual, day: dt.date) -> int:
    """How many they asked for on a day at the sites; those that were declined, withdrawn or cancelled since count, too."""
    mine = EventRequest.select().where(EventRequest.individual == individual, EventRequest.day == day)
    return int(mine.where(EventRequest.number.is_null(False)).count())


def _earliest_day() -> dt.date:
    """Of the days that it is now at one site or another, the first; most of the time they are one."""
    return min(wall_clock.day_of(clock.now(), zone) for zone in {site.time_zone for site in _every_site().values()})


def _asked_since(individual: Any, day: Any) -> Any:
    mine = EventRequest.select(fn.COUNT(EventRequest.id)).where(EventRequest.individual == individual, EventRequest.day >= day)
    return mine.where(EventRequest.number.is_null(False))


def _askable(asker: Any, since: Any, individual: Any, enrolment: Any, worker: Any) -> Any:
    number = _asked_since(asker, since)
    found = Enrolment.select(Enrolment, Service, Worker, number.alias("lately")).join(Service).switch(Enrolment)
    found = found.join(Worker, on=(Worker.public_id == worker), attr="asked")
    works = _works_there(Worker.id, Worker.id, Worker.id)
    return found.where(Enrolment.individual == individual, Enrolment.public_id == enrolment, Worker.is_active, works, *_ASKABLE)


def _works_there(primary: Any, further: Any, other: Any) -> Any:
    """The condition that a worker, three times the same, is of an enrolment or of its service."""
    own, theirs = EnrolmentWorker.select(EnrolmentWorker.id), ServiceWorker.select(ServiceWorker.id)
    is_further = fn.EXISTS(own.where(EnrolmentWorker.enrolment == Enrolment.id, EnrolmentWorker.worker == further))
    is_other = fn.EXISTS(theirs.where(ServiceWorker.service == Enrolment.service, ServiceWorker.worker == other))
    return (Enrolment.worker == primary) | is_further | is_other


_ASKABLE_NOW = statements.Question(_askable)


def again(individual: Individual, place: Attendance) -> Wish | None:
    """The wish for another appointment of the same service with the same worker as one that is no more; None where that cannot be
    asked for."""
    event = place.event
    if event.service_id is None or event.group_id is not None or not event.worker.is_active or not is_open():
        return None
    files = [each for each in enrolments(individual) if each.service_id == event.service_id]
    file = next((each for each in files if each.id == place.enrolment_id), next(iter(files), None))
    found = _standing(file, event.worker) if file is not None else None
    return Wish(individual, event.worker, file) if found is not None and found[1] else None


def _chosen(enrolment: Enrolment, others: Sequence[str]) -> tuple[Individual, ...]:
    if not others:
        return ()
    every = {each.public_id: each for each in companions(enrolment)}
    if len(others) >= MOST_PEOPLE or any(name not in every for name in others):
        raise NotFound
    return tuple(each for name, each in every.items() if name in set(others))


# ---------------------------------------------------------------- may it be asked for


def check(wish: Wish) -> None:
    """Raises RuleBroken: ``off``, ``closed`` for a service that they are not in any more or that clients do not see, ``not_there``
    for a worker who is not of it, ``others`` for somebody who takes no part in it."""
    if not is_open():
        raise RuleBroken(N_("Appointments cannot be requested here at the moment. Call us."), code="off")
    file = wish.enrolment
    found = _standing(file, wish.worker) if file is not None else None
    if file is None or found is None:
        raise RuleBroken(N_("This cannot be requested here any more. Call us."), code="closed")
    if not wish.worker.is_active or not found[1]:
        raise RuleBroken(N_("%(worker)s cannot be requested any more. Choose somebody else."), code="not_there",
                         worker=events.called(wish.worker))  # fmt: skip
    if wish.others and not {each.id for each in wish.others} <= {each.id for each in companions(file)}:
        raise RuleBroken(N_("Choose again who comes with you."), code="others")


def _standing(file: Enrolment, worker: Worker) -> tuple[int, int] | None:
    """The number of an enrolment in which appointments can be asked for, and whether a worker works there."""
    found: tuple[int, int] | None = _CHECKED.first(file.id, worker.id, worker.id, worker.id)
    return found


def _checked(file: Any, primary: Any, further: Any, other: Any) -> Any:
    works = Case(None, [(_works_there(primary, further, other), 1)], 0)
    return Enrolment.select(Enrolment.id, works).join(Service).where(Enrolment.id == file, *_ASKABLE).tuples()


_CHECKED = statements.Question(_checked)


# ---------------------------------------------------------------- when


def timetable(wish: Wish, around: dt.datetime | None = None) -> Timetable:
    """All that decides about the free times of a wish, as of now: of every day that can be asked for, or of the days ``around`` a
    moment."""
    now, first, ahead = clock.now(), agency.today(), settings.get("days_ahead")
    days = ahead + 1
    if around is not None:  # somewhere it is the day before then, or the day after
        first, days = around.date() - dt.timedelta(days=1), 3
    since = max(now, dt.datetime.combine(first, dt.time(), dt.UTC)) if around is not None else now
    taken, own = _spans(wish, since - event_rows.LONGEST, since + dt.timedelta(days=days + 2))
    return Timetable(
        plans=availability.plans(wish.worker, first, days, availability.client_facing()), taken=taken, own=own,
        minutes=wish.minutes, step=settings.get("slot_step") or wish.minutes, buffer=settings.get("slot_buffer"),
        notice=dt.timedelta(hours=settings.get("request_notice")), now=now, days_ahead=ahead, zone=str(agency.zone()),
    )  # fmt: skip


def _spans(wish: Wish, first: dt.datetime, last: dt.datetime) -> tuple[list[Span], list[Span]]:
    """What takes the worker's time, and that of everybody who would come, between two moments."""
    people = [wish.individual.id, *(each.id for each in wish.others)]
    moment = Event.starts_at.db_value
    since, until = moment(first), moment(last)
    but = wish.event.id if wish.event is not None and _gives_way(wish.event) else 0
    rows = _SPANS.rows(wish.worker.id, since, until, but, since, until, but, *people, *[0] * (MOST_PEOPLE - len(people)))
    taken = [Span(_utc(begins), _utc(ends)) for is_own, begins, ends in rows if not is_own]
    return taken, [Span(_utc(begins), _utc(ends)) for is_own, begins, ends in rows if is_own]


def _gives_way(event: Event) -> bool:
    """True where another time is taken the moment it is asked for; else both are held until somebody answers."""
    return bool(event.state == "requested" or settings.get("request_mode") == "at_once")


def _both(worker: Any, since: Any, until: Any, but: Any, from_: Any, to: Any, not_: Any, *people: Any) -> Any:
    taken = Event.select(Value(0), Event.starts_at, Event.ends_at).where(
        Event.worker == worker, Event.state.in_(TAKES_TIME), Event.is_overlapping == False, Event.starts_at > since,  # noqa: E712
        Event.starts_at < until, Event.id != but,
    )  # fmt: skip
    its = Event.alias()
    own = Attendance.select(Value(1), its.starts_at, its.ends_at).join(its, on=(Attendance.event == its.id)).where(
        Attendance.individual.in_(people), Attendance.starts_at > from_, Attendance.starts_at < to, Attendance.state.in_(_STANDS),
        its.state.in_(TAKES_TIME), its.id != not_,
    )  # fmt: skip
    return (taken + own).tuples()


_SPANS = statements.Listing(_both)


def _utc(value: Any) -> dt.datetime:
    """A moment as the driver gives it."""
    return dt.datetime.fromisoformat(f"{value}+00:00") if isinstance(value, str) else value.replace(tzinfo=dt.UTC)  # type: ignore[no-any-return]


def site_of(slot: Slot) -> Site:
    """Where a free time is."""
    return _every_site()[slot.site]


def zones_of(table: Timetable) -> set[str]:
    """The zones of the sites of a timetable."""
    return {hours.zone for plans in table.plans.values() for hours in plans.hours}


def _every_site() -> dict[int, Site]:
    return store.keep("every site", _sites)


def _sites() -> dict[int, Site]:
    return {site.id: site for site in Site.select()}


# ---------------------------------------------------------------- in words


def why(reason: str, wish: Wish, *, is_day: bool = False) -> RuleBroken:
    """What a rule says that leaves nothing of a day, or that refuses one time: one of ``free_times.REASONS``."""
    named = events.called(wish.worker)
    told = {
        "past": N_("This is over."),
        "holiday": N_("We are closed on this day."),
        "hours": N_("%(worker)s has no time for appointments then."),
        "short": N_("%(worker)s has no time then that is long enough."),
        "away": N_("%(worker)s is away then."),
        "taken": N_("All times of this day are taken.") if is_day else N_("That time has just been taken."),
        "own": N_("You have another appointment then."),
    }
    if reason == "horizon":
        return RuleBroken(
            N_("Appointments can be requested up to one day ahead."),
            plural=N_("Appointments can be requested up to %(count)s days ahead."),
            count=settings.get("days_ahead"), code=reason, field="time",
        )  # fmt: skip
    if reason == "notice" and settings.get("request_notice"):
        return RuleBroken(
            N_("Appointments can be requested until one hour before."),
            plural=N_("Appointments can be requested until %(count)s hours before."),
            count=settings.get("request_notice"), code=reason, field="time",
        )  # fmt: skip
    sentence = told["past" if reason == "notice" else reason]
    if "%(worker)s" in sentence:
        return RuleBroken(sentence, code=reason, field="time", worker=named)
    return RuleBroken(sentence, code=reason, field="time")


def is_too_many(number: int) -> bool:
    """True where who asked for so many appointments today may ask for no more."""
    return bool(number >= settings.get("requests_a_day"))


def too_many() -> RuleBroken:
    """What is said to them."""
    return RuleBroken(
        N_("You have requested one appointment today. More can be requested tomorrow."),
        plural=N_("You have requested %(count)s appointments today. More can be requested tomorrow."),
        count=settings.get("requests_a_day"), code="a_day",
    )  # fmt: skip
