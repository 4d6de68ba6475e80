"""The schedule of the staff: what one of them may see of whose time, by days (spec 08)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from domain import (
    agency,
    clock,
    event_messages,
    event_people,
    event_rows,
    events,
    handover,
    settings,
    sites,
    staff_sayings,
    statements,
    wall_clock,
)
from domain.events import Plan
from domain.rules import N_, NotFound, RuleBroken
from domain.viewer import StaffViewer
from models import (
    TAKES_TIME,
    Attendance,
    AuditEntry,
    Enrolment,
    Event,
    EventRequest,
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
STANDS = ("booked", "show", "no_show")
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
class Named:
    """Somebody who comes, of those who are named to the viewer."""

    id: int
    legal_name: str
    state: str  # of the place
    place: int


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One event as the viewer may know it: who comes of whom they may see, of their own event everybody, and how many more."""

    event: Listed
    people: tuple[Named, ...]
    hidden: int
    is_open: bool  # its page may be opened
    said: str = ""  # what the one who comes let the worker know: ``running_late``, ``cannot_come``
    asks: str = ""  # of what is requested: ``change`` where it would move another event, ``offered`` while the client is asked

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
    """What takes place in these days, of a worker or at a site, in order, as the viewer may know it, and whether there is more."""
    of, number = (_AT_SITE, site.id) if site is not None else (_OF_WORKER, (worker or who.worker).id)
    start, end = (wall_clock.begins(day, zone) for day in (first, first + dt.timedelta(days=days)))
    asked = (number, *(Event.starts_at.db_value(moment) for moment in (start - event_rows.LONGEST, end, start)))
    rows, coming = of
    return _entries(who, rows.all(*asked), lambda: coming.all(*asked), MOST)


def seen(who: StaffViewer, query: Any, *, most: int = MOST, with_said: bool = True) -> tuple[list[Entry], bool]:
    """The same of any question for events with all that belongs to them, ``most`` of them; without what clients let the worker know
    where that is of no use."""
    return _entries(who, list(_read(query, most)), lambda: _coming(query), most, with_said=with_said)


def _entries(
    who: StaffViewer, rows: list[Any], coming: Callable[[], Any], most: int, *, with_said: bool = True
) -> tuple[list[Entry], bool]:
    """Of what is booked those who come; of what was cancelled those who were to."""
    shown = {event.id: event for event in _listed(rows[:most])}
    places: dict[int, list[Named]] = {number: [] for number in shown}
    for event, number, first, last, state, place in coming() if shown else ():
        if event in shown and (state in STANDS or shown[event].state != "booked"):
            places[event].append(Named(number, f"{first} {last}".strip(), state, place))
    asks = _asks([number for number, event in shown.items() if event.state == "requested"], places)
    opens = None if who.may("view_all_individuals") else _among(who, {one.id for every in places.values() for one in every})
    entries = [_entry(who, event, places[event.id], opens, asks.get(event.id, "")) for event in shown.values()]
    return _with_sayings(entries) if with_said else entries, len(rows) > most


def _asks(numbers: list[int], places: dict[int, list[Named]]) -> dict[int, str]:
    """What is asked with each of these requested events; whoever comes to the one that it would move is put among ``places``."""
    asked = EventRequest.select(EventRequest.event, EventRequest.replaces, EventRequest.offered_at).where(EventRequest.event.in_(numbers))
    rows = list(asked.tuples()) if numbers else []
    holds = {was: event for event, was, _ in rows if was is not None}
    for was, number, first, last, state, place in _in_these(list(holds)) if holds else ():
        if state in STANDS:
            places[holds[was]].append(Named(number, f"{first} {last}".strip(), state, place))
    return {event: "offered" if offered else "change" if was is not None else "" for event, was, offered in rows}


def _with_sayings(entries: list[Entry]) -> list[Entry]:
    """What one person who comes alone let the worker know, where it is not over."""
    now = clock.now()
    alone = {event_messages.told_key(entry.people[0].place, entry.event.starts_at): entry.event.id for entry in entries
             if len(entry.people) == 1 and not entry.hidden and entry.people[0].state == entry.event.state == "booked"
             and entry.event.ends_at > now}  # fmt: skip
    told = staff_sayings.said_under(alone)
    return [dataclasses.replace(entry, said=told[entry.event.id]) if entry.event.id in told else entry for entry in entries]


def _read(query: Any, most: int = MOST) -> Any:
    """What a list tells of events, one more than it shows."""
    return query.select(*_LISTED, *(column for _, every in _BESIDE for column in every)).limit(most + 1).tuples()


def _coming(query: Any) -> Any:
    """The event, the number and the names of whoever has a place in one of these events, and its state and number."""
    return _in_these(query.select(Event.id).limit(MOST))


def _in_these(numbers: Any) -> Any:
    columns = (Attendance.event, Individual.id, Individual.first_name, Individual.last_name, Attendance.state, Attendance.id)
    return Attendance.select(*columns).join(Individual).where(Attendance.event.in_(numbers)).order_by(Attendance.id).tuples()


def _within(of: Any) -> Callable[..., Any]:
    def asked(number: Any, since: Any, end: Any, start: Any) -> Any:
        near = (Event.starts_at > since) & (Event.starts_at < end)
        found = event_rows.whole().where(of == number, near, Event.ends_at > start, Event.state.in_(SHOWN))
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


def _entry(who: StaffViewer, event: Listed, coming: Sequence[Named], opens: set[int] | None, asks: str) -> Entry:
    is_own = event.worker_id == who.worker.id
    people = tuple(one for one in coming if opens is None or is_own or one.id in opens)
    return Entry(event, people, len(coming) - len(people), bool(people) or is_own or opens is None, asks=asks)


def soon(who: StaffViewer) -> list[Entry]:
    """The worker's own events of today and tomorrow that stand, in order."""
    zone = agency.zone().key
    return [entry for entry in between(who, clock.today(zone), 2, zone)[0] if entry.event.state in TAKES_TIME]


def places_seen(who: StaffViewer, event: Event) -> tuple[list[Attendance], int]:
    """The places in an event of those whom the viewer may see, by name, and how many more there are.

    Of their own event a worker is told every name; ``is_open`` of a place says whether the record may be opened, too.
    """
    every = events.places(event)
    opens, is_own = _among(who, {place.individual_id for place in every}), event.worker_id == who.worker.id
    shown = [place for place in every if is_own or place.individual_id in opens]
    for place in shown:
        place.event, place.is_open = event, place.individual_id in opens
    return shown, len(every) - len(shown)


def sees_all(places: Sequence[Attendance], hidden: int) -> bool:
    """True for who may open the record of everybody who comes."""
    return not hidden and all(place.is_open for place in places)


def place(who: StaffViewer, event: Event, public_id: str) -> Attendance:
    """One of these places, of somebody whose record may be opened.  Raises NotFound."""
    found = next((each for each in places_seen(who, event)[0] if each.public_id == public_id and each.is_open), None)
    if found is None:
        raise NotFound
    return found


def return_refusal(event: Event, places: Sequence[Attendance], hidden: int) -> RuleBroken | None:
    """Why whoever sees just these places does not book a cancelled event again; None when they do.  Nobody sees a record again by
    that."""
    if not sees_all(places, hidden):
        return RuleBroken(N_("You may not see everybody who was to come. Ask somebody who may to book it again."), code="unseen")
    return events.empty(event, [place for place in places if place.state == "booked"])


def bring_back(who: StaffViewer, event: Event) -> None:
    """A cancelled event is booked again.  Raises RuleBroken: ``unseen``, and as ``events.revert`` does."""
    if event.state != "booked" and (refused := return_refusal(event, *places_seen(who, event))):
        raise refused
    events.revert(event, who.actor)


def history(who: StaffViewer, event: Event) -> list[AuditEntry]:
    """What happened to an event and to the places of those whom the viewer may see, of an own event to all, the newest first;
    what was noted in several records at once is told once."""
    every = AuditEntry.select(AuditEntry, Worker, Individual).left_outer_join(Worker).switch(AuditEntry).left_outer_join(Individual)
    of_event = every.where(AuditEntry.subject == events.named(event))
    if event.worker_id != who.worker.id:
        mine = AuditEntry.individual.is_null() | AuditEntry.individual.in_(who.individuals.select(Individual.id))
        of_event = of_event.where(mine)
    rows = of_event.order_by(AuditEntry.id.desc()).limit(HISTORY)
    told: list[AuditEntry] = []
    for row in rows:
        last = told[-1] if told else None
        if last is None or is_of_one(event, row) or row.kind != last.kind or last.at - row.at > AT_ONCE:
            told.append(row)
    return told


def is_of_one(event: Event, row: AuditEntry) -> bool:
    """True for what happened to one place: it is told by itself, with whose it is; who was added later, too."""
    return bool(row.kind.startswith("attendance.") or (row.kind == "event.booked" and row.at - event.created_at > AT_ONCE))


def check_clients(who: StaffViewer, plan: Plan) -> None:
    """Raises RuleBroken ``busy`` when somebody of a plan, of those whom the viewer may see, has another appointment then; before
    that ``taken`` when its worker has one, because with that no box helps."""
    events.check_free(plan.worker, plan.starts_at, plan.ends_at, who.actor)
    event_people.check_theirs(who.seen_of(plan.individuals), plan.starts_at, plan.ends_at)


def check_theirs(who: StaffViewer, event: Event, starts_at: dt.datetime, minutes: int, worker: Worker) -> None:
    """The same for an event that moves, to ``worker``."""
    ends_at = starts_at + dt.timedelta(minutes=min(minutes, 1440))
    if not event.is_overlapping or ends_at > clock.now():
        events.check_free(worker, starts_at, ends_at, who.actor, but=event)
    coming = [each.individual for each in places_seen(who, event)[0] if each.state == "booked" and each.is_open]
    event_people.check_theirs(coming, starts_at, ends_at, but=event)


# ---------------------------------------------------------------- what may be chosen for a new event


def people(who: StaffViewer, public_ids: Sequence[str]) -> list[Individual]:
    """Those who are to come, by name.  Raises NotFound when one of them is not there, or not for this viewer; RuleBroken when they
    are more than an event is booked for at once."""
    found = still_seen(who, public_ids)
    check_number(public_ids)
    if len(found) < len(set(public_ids)):
        raise NotFound
    return found


def still_seen(who: StaffViewer, public_ids: Sequence[str]) -> list[Individual]:
    """Of those who were chosen the ones whom the viewer may see now, by name."""
    wanted = list(dict.fromkeys(public_ids))[:MOST_PEOPLE]
    mine = who.individuals.where(Individual.public_id.in_(wanted))
    return list(mine.order_by(Individual.sort_name, Individual.id)) if wanted else []


def check_number(public_ids: Sequence[str]) -> None:
    """Raises RuleBroken ``too_many``."""
    if len(set(public_ids)) > MOST_PEOPLE:
        raise RuleBroken(N_("At most %(most)s people can be chosen one by one. Use a group for more."), code="too_many", most=MOST_PEOPLE)


def check_all_seen(found: Sequence[Individual], public_ids: Sequence[str]) -> None:
    """Raises RuleBroken: ``gone`` when somebody who was chosen may not be seen any more, ``too_many``."""
    check_number(public_ids)
    if found and len(found) < len(set(public_ids)):
        raise RuleBroken(N_("Somebody whom you chose is not among your clients any more. Look at who comes, and book again."), code="gone")


def workers(who: StaffViewer) -> list[Worker]:
    """For whom the viewer may book: themselves, and with the right everybody who is here."""
    if not who.may("manage_schedule_of_others"):
        return [who.worker]
    here = handover.colleagues()
    return here if any(worker.id == who.worker.id for worker in here) else [who.worker, *here]


def offered_services(individuals: Sequence[Individual]) -> tuple[list[Service], list[Service]]:
    """The services in which these people are enrolled, those that ended for others, too; and of what is offered the others."""
    mine = Enrolment.select(Enrolment.service).where(Enrolment.individual.in_(list(individuals)), Enrolment.closed_on.is_null())
    numbers = {number for (number,) in mine.tuples()} if individuals else set()
    every = list(Service.select().where(Service.is_in_use | Service.id.in_(list(numbers))).order_by(Service.name, Service.id))
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


def title(event: Event) -> str:
    """What staff call it: its group or its service; empty for one without."""
    return str((event.group or event.service).name) if event.group_id or event.service_id else ""


