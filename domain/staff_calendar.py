"""The schedule of the staff: what one of them may see of whose time, by days (spec 08)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from domain import agency, clock, events, handover, settings, sites, statements, wall_clock
from domain.events import Plan
from domain.rules import N_, NotFound, RuleBroken
from domain.viewer import StaffViewer
from models import (
    TAKES_TIME,
    Attendance,
    AuditEntry,
    Enrolment,
    Event,
    Group,
    Individual,
    RosterEntry,
    Service,
    ServiceWorker,
    Site,
    Worker,
)

HISTORY = 100  # entries of an event
AT_ONCE = dt.timedelta(seconds=5)  # within which what was noted in several records is one thing
MOST = 400  # events on one page
MOST_PEOPLE = 50  # who are chosen one by one for one event
SHOWN = ("requested", "booked", "cancelled_by_agency", "cancelled_by_client")


@dataclasses.dataclass(slots=True)
class Listed:
    """What a list tells of an event, under the event's own names; whole rows take several times as long for a full week."""

    id: int
    public_id: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    state: str
    is_video: bool
    is_overlapping: bool
    worker: Worker
    site: Site
    service: Service | None
    group: Group | None

    @property
    def worker_id(self) -> int:
        """The number of its worker."""
        return int(self.worker.id)

    @property
    def service_id(self) -> int | None:
        """The number of its service."""
        return None if self.service is None else int(self.service.id)

    @property
    def group_id(self) -> int | None:
        """The number of its group."""
        return None if self.group is None else int(self.group.id)


_LISTED = (Event.id, Event.public_id, Event.starts_at, Event.ends_at, Event.state, Event.is_video, Event.is_overlapping)
_BESIDE: tuple[tuple[Any, tuple[Any, ...]], ...] = (  # what it belongs to: of each only what a list names
    (Worker, (Worker.id, Worker.first_name, Worker.last_name, Worker.sort_name)), (Site, (Site.id, Site.name, Site.time_zone)),
    (Service, (Service.id, Service.name)), (Group, (Group.id, Group.name)),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """Somebody who comes, of those whom the viewer may see."""

    id: int
    legal_name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One event as the viewer may know it: who comes of whom they may see, and how many more."""

    event: Listed
    people: tuple[Known, ...]
    hidden: int
    is_open: bool  # its page may be opened

    @property
    def is_busy(self) -> bool:
        """True for what is no more than taken time to the viewer."""
        return not self.is_open


def whose(who: StaffViewer, public_id: str) -> Worker:
    """The worker whose schedule is asked for; one's own for an empty id.  Raises NotFound for others without the right."""
    if public_id in ("", who.worker.public_id):
        return who.worker
    found: Worker | None = Worker.get_or_none(Worker.public_id == public_id)
    if found is None or not who.may("manage_schedule_of_others"):
        raise NotFound
    return found


def where(who: StaffViewer, public_id: str) -> Site:
    """The site whose schedule is asked for.  Raises NotFound, also without the right."""
    found = next((site for site in sites.in_mind() if site.public_id == public_id), None)
    if found is None or not who.may("manage_schedule_of_others"):
        raise NotFound
    return found


def between(
    who: StaffViewer, first: dt.date, days: int, zone: str, *, worker: Worker | None = None, site: Site | None = None
) -> tuple[list[Entry], bool]:
    """What begins in these days, of a worker or at a site, in order, as the viewer may know it, and whether there is more."""
    of, number = (_AT_SITE, site.id) if site is not None else (_OF_WORKER, (worker or who.worker).id)
    moments = [wall_clock.begins(day, zone) for day in (first, first + dt.timedelta(days=days))]
    asked = (number, *(Event.starts_at.db_value(moment) for moment in moments))
    rows, coming = of
    return _entries(who, rows.all(*asked), lambda: coming.all(*asked))


def seen(who: StaffViewer, query: Any) -> tuple[list[Entry], bool]:
    """The same of any question for events with all that belongs to them."""
    return _entries(who, list(_read(query)), lambda: _coming(query))


def _entries(who: StaffViewer, rows: list[Any], coming: Callable[[], Any]) -> tuple[list[Entry], bool]:
    shown = _listed(rows[:MOST])
    places: dict[int, list[Known]] = {event.id: [] for event in shown}
    for event, number, first, last in coming() if shown else ():
        places[event].append(Known(number, f"{first} {last}".strip()))
    seen_ones = None if who.may("view_all_individuals") else _among(who, {one.id for every in places.values() for one in every})
    return [_entry(who, event, places[event.id], seen_ones) for event in shown], len(rows) > MOST


def _read(query: Any) -> Any:
    """What a list tells of events, one more than it shows."""
    return query.select(*_LISTED, *(column for _, every in _BESIDE for column in every)).limit(MOST + 1).tuples()


def _coming(query: Any) -> Any:
    """The event, the number and the names of whoever comes to one of these events."""
    columns = (Attendance.event, Individual.id, Individual.first_name, Individual.last_name)
    these = Attendance.event.in_(query.select(Event.id).limit(MOST))
    return Attendance.select(*columns).join(Individual).where(these).order_by(Attendance.id).tuples()


def _within(of: Any) -> Callable[[Any, Any, Any], Any]:
    def asked(number: Any, start: Any, end: Any) -> Any:
        found = events.whole().where(of == number, Event.starts_at >= start, Event.starts_at < end, Event.state.in_(SHOWN))
        return found.order_by(Event.starts_at, Event.id)

    return asked


def _statements(of: Any) -> tuple[statements.Listing, statements.Listing]:
    within = _within(of)
    return statements.Listing(lambda *asked: _read(within(*asked))), statements.Listing(lambda *asked: _coming(within(*asked)))


_OF_WORKER, _AT_SITE = _statements(Event.worker), _statements(Event.site)


def _listed(rows: list[Any]) -> list[Listed]:
    known: dict[tuple[Any, ...], Any] = {}
    found = []
    for row in rows:
        at, beside = len(_LISTED), []
        for table, every in _BESIDE:
            values = row[at : at + len(every)]
            at += len(every)
            if (table, values[0]) not in known:
                named = {column.name: value for column, value in zip(every, values, strict=True)}
                known[table, values[0]] = None if values[0] is None else table(**named)
            beside.append(known[table, values[0]])
        found.append(Listed(*row[: len(_LISTED)], *beside))
    return found


def _among(who: StaffViewer, numbers: set[int]) -> set[int]:
    """Those of these people whom the viewer may see."""
    asked = who.individuals.select(Individual.id).where(Individual.id.in_(list(numbers)))
    return {number for (number,) in asked.tuples()} if numbers else set()


def _entry(who: StaffViewer, event: Listed, coming: Sequence[Known], seen_ones: set[int] | None) -> Entry:
    people = tuple(coming) if seen_ones is None else tuple(one for one in coming if one.id in seen_ones)
    is_open = bool(people) or event.worker_id == who.worker.id or seen_ones is None
    return Entry(event, people, len(coming) - len(people), is_open)


def soon(who: StaffViewer) -> list[Entry]:
    """The worker's own events of today and tomorrow that stand, in order."""
    zone = agency.zone().key
    return [entry for entry in between(who, clock.today(zone), 2, zone)[0] if entry.event.state in TAKES_TIME]


def places_seen(who: StaffViewer, event: Event) -> tuple[list[Attendance], int]:
    """The places in an event of those whom the viewer may see, by name, and how many more there are."""
    every = events.places(event)
    known = _among(who, {place.individual_id for place in every})
    shown = [place for place in every if place.individual_id in known]
    for place in shown:
        place.event = event
    return shown, len(every) - len(shown)


def place(who: StaffViewer, event: Event, public_id: str) -> Attendance:
    """One of these places.  Raises NotFound."""
    found = next((each for each in places_seen(who, event)[0] if each.public_id == public_id), None)
    if found is None:
        raise NotFound
    return found


def history(who: StaffViewer, event: Event) -> list[AuditEntry]:
    """What happened to an event and to the places of those whom the viewer may see, the newest first; what was noted in
    several records at once is told once."""
    every = AuditEntry.select(AuditEntry, Worker, Individual).left_outer_join(Worker).switch(AuditEntry).left_outer_join(Individual)
    mine = AuditEntry.individual.is_null() | AuditEntry.individual.in_(who.individuals.select(Individual.id))
    rows = every.where(AuditEntry.subject == events.named(event), mine).order_by(AuditEntry.id.desc()).limit(HISTORY)
    told: list[AuditEntry] = []
    for row in rows:
        last = told[-1] if told else None
        if last is None or row.kind.startswith("attendance.") or row.kind != last.kind or last.at - row.at > AT_ONCE:
            told.append(row)
    return told


def check_clients(who: StaffViewer, plan: Plan) -> None:
    """Raises RuleBroken ``busy`` when somebody of a plan, of those whom the viewer may see, has another appointment then."""
    known = _among(who, {person.id for person in plan.individuals})
    events.check_theirs([person for person in plan.individuals if person.id in known], plan.starts_at, plan.ends_at)


def check_theirs(who: StaffViewer, event: Event, starts_at: dt.datetime, minutes: int) -> None:
    """The same for an event that moves."""
    coming = [each.individual for each in places_seen(who, event)[0] if each.state == "booked"]
    events.check_theirs(coming, starts_at, starts_at + dt.timedelta(minutes=min(minutes, 1440)), but=event)


# ---------------------------------------------------------------- what may be chosen for a new event


def people(who: StaffViewer, public_ids: Sequence[str]) -> list[Individual]:
    """Those who are to come, by name.  Raises NotFound when one of them is not there, or not for this viewer."""
    wanted = list(dict.fromkeys(public_ids))
    if len(wanted) > MOST_PEOPLE:
        raise NotFound
    found = list(who.individuals.where(Individual.public_id.in_(wanted)).order_by(Individual.sort_name, Individual.id)) if wanted else []
    if len(found) < len(wanted):
        raise NotFound
    return found


def workers(who: StaffViewer) -> list[Worker]:
    """For whom the viewer may book: themselves, and with the right everybody who is here."""
    if not who.may("manage_schedule_of_others"):
        return [who.worker]
    here = handover.colleagues()
    return here if any(worker.id == who.worker.id for worker in here) else [who.worker, *here]


def offered_services(individuals: Sequence[Individual]) -> tuple[list[Service], list[Service]]:
    """Of what is offered: the services in which these people are enrolled, and the others, each by name."""
    mine = Enrolment.select(Enrolment.service).where(Enrolment.individual.in_(list(individuals)), Enrolment.closed_on.is_null())
    numbers = {number for (number,) in mine.tuples()} if individuals else set()
    every = list(Service.select().where(Service.is_in_use).order_by(Service.name, Service.id))
    return [each for each in every if each.id in numbers], [each for each in every if each.id not in numbers]


def offered_groups(who: StaffViewer) -> list[Group]:
    """The groups in use: all for who may see everybody, else those of the services in which the viewer works, because who comes
    to an event with them is theirs to see."""
    every = Group.select(Group, Service).join(Service).where(Group.is_in_use, Service.is_in_use)
    if not who.may("view_all_individuals"):
        every = every.where(Group.service.in_(ServiceWorker.select(ServiceWorker.service).where(ServiceWorker.worker == who.worker)))
    return list(every.order_by(Service.name, Group.name, Group.id))


def with_roster(individuals: Sequence[Individual], group: Group | None) -> list[Individual]:
    """Those who are chosen, and whoever is in the group now."""
    if group is None:
        return list(individuals)
    roster = Individual.select().join(RosterEntry).where(RosterEntry.group == group, RosterEntry.left_on.is_null())
    known = {person.id for person in individuals}
    return [*individuals, *(person for person in roster.order_by(Individual.sort_name, Individual.id) if person.id not in known)]


def minutes(typed: str, service: Service | None) -> int:
    """The length that was typed; for nothing the service's own, or the agency's.  Raises RuleBroken (field ``minutes``)."""
    text = typed.strip()
    if not text:
        return int((service.minutes if service else None) or settings.get("event_minutes"))
    if not text.isdecimal() or len(text) > 4:
        raise RuleBroken(N_("Enter how many minutes it takes, such as 50."), code="bad_length", field="minutes")
    return int(text)


def title(event: Event | Listed) -> str:
    """What staff call it: its group or its service; empty for one without."""
    beside = (event.group if event.group_id else None) or (event.service if event.service_id else None)
    return "" if beside is None else str(beside.name)


