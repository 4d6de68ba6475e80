"""The schedule of the staff: what one of them may see of whose time, by days (spec 08)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from domain import agency, clock, event_people, event_rows, events, handover, settings, sites, wall_clock
from domain.events import Plan
from domain.rules import N_, NotFound, RuleBroken
from domain.viewer import StaffViewer
from models import (
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
STANDS = ("booked", "show", "no_show")
SHOWN = ("requested", "booked", "cancelled_by_agency", "cancelled_by_client")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One event as the viewer may know it: who comes of whom they may see, and how many more."""

    event: Event
    people: tuple[Individual, ...]
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


def between(first: dt.date, days: int, zone: str, *, worker: Worker | None = None, site: Site | None = None) -> Any:
    """The question for what takes place in these days, of a worker or at a site, in order."""
    of = Event.worker == worker if worker is not None else Event.site == site
    start, end = wall_clock.begins(first, zone), wall_clock.begins(first + dt.timedelta(days=days), zone)
    near = (Event.starts_at > start - event_rows.LONGEST) & (Event.starts_at < end)
    asked = event_rows.whole().where(of, near, Event.ends_at > start, Event.state.in_(SHOWN))
    return asked.order_by(Event.starts_at, Event.id)


def seen(who: StaffViewer, query: Any, *, most: int = MOST) -> tuple[list[Entry], bool]:
    """These events as the viewer may know them, ``most`` of them, and whether there are more.

    Of what is booked those who come; of what was cancelled those who were to.
    """
    rows = list(query.limit(most + 1))
    shown = {event.id: event for event in rows[:most]}
    places: dict[int, list[int]] = {number: [] for number in shown}
    asked = Attendance.select(Attendance.event, Attendance.individual, Attendance.state).where(Attendance.event.in_(list(places)))
    for event, individual, state in asked.order_by(Attendance.id).tuples() if shown else ():
        if state in STANDS or shown[event].state != "booked":
            places[event].append(individual)
    known = _known(who, {number for numbers in places.values() for number in numbers})
    return [_entry(who, event, places[event.id], known) for event in shown.values()], len(rows) > most


@dataclasses.dataclass(frozen=True)
class Known:
    """People by their numbers, and of whom the viewer may open the record."""

    people: dict[int, Individual]
    opens: frozenset[int]

    def of(self, who: StaffViewer, event: Event, numbers: Sequence[int]) -> list[Individual]:
        """Those who are named to the viewer: whom they may see, and of their own event everybody."""
        is_own = event.worker_id == who.worker.id
        return [self.people[number] for number in numbers if is_own or number in self.opens]


def _known(who: StaffViewer, numbers: set[int]) -> Known:
    if not numbers:
        return Known({}, frozenset())
    people = {person.id: person for person in Individual.select().where(Individual.id.in_(list(numbers)))}
    if who.may("view_all_individuals"):
        return Known(people, frozenset(people))
    mine = who.individuals.select(Individual.id).where(Individual.id.in_(list(numbers)))
    return Known(people, frozenset(number for (number,) in mine.tuples()))


def _entry(who: StaffViewer, event: Event, numbers: Sequence[int], known: Known) -> Entry:
    people = tuple(known.of(who, event, numbers))
    is_open = bool(people) or event.worker_id == who.worker.id or who.may("view_all_individuals")
    return Entry(event, people, len(numbers) - len(people), is_open)


def soon(who: StaffViewer) -> list[Entry]:
    """The worker's own events of today and tomorrow that stand, in order."""
    zone = agency.zone().key
    asked = between(clock.today(zone), 2, zone, worker=who.worker).where(Event.state.in_(("requested", "booked")))
    return seen(who, asked)[0]


def places_seen(who: StaffViewer, event: Event) -> tuple[list[Attendance], int]:
    """The places in an event of those whom the viewer may see, by name, and how many more there are.

    Of their own event a worker is told every name; ``is_open`` of a place says whether the record may be opened, too.
    """
    every = events.places(event)
    known = _known(who, {place.individual_id for place in every})
    named = {person.id for person in known.of(who, event, [place.individual_id for place in every])}
    shown = [place for place in every if place.individual_id in named]
    for place in shown:
        place.event, place.is_open = event, place.individual_id in known.opens
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
        if last is None or row.kind.startswith("attendance.") or row.kind != last.kind or last.at - row.at > AT_ONCE:
            told.append(row)
    return told


def check_clients(who: StaffViewer, plan: Plan) -> None:
    """Raises RuleBroken ``busy`` when somebody of a plan, of those whom the viewer may see, has another appointment then."""
    event_people.check_theirs(who.seen_of(plan.individuals), plan.starts_at, plan.ends_at)


def check_theirs(who: StaffViewer, event: Event, starts_at: dt.datetime, minutes: int) -> None:
    """The same for an event that moves."""
    coming = [each.individual for each in places_seen(who, event)[0] if each.state == "booked" and each.is_open]
    event_people.check_theirs(coming, starts_at, starts_at + dt.timedelta(minutes=min(minutes, 1440)), but=event)


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


