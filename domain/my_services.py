"""My Services: what a client is in, and what happened in it (spec 06).

A service that clients do not see is nowhere here; who asks for one by its address gets the same as for none.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from peewee import Case, fn

from domain import agency, clock, photos, services, statements
from models import (
    Attendance,
    Enrolment,
    Event,
    Group,
    Individual,
    Participant,
    RosterEntry,
    Service,
    Site,
    Worker,
    WorkerPhoto,
)

_STANDS = ("booked", "show", "no_show")
SIZE = 20  # on a page of the timeline


@dataclasses.dataclass
class File:
    """One enrolment as its client sees it: with how many events that were and that come, the next one, and who is in it,
    where those who take part read each other's names."""

    enrolment: Enrolment
    attended: int = 0
    gone_by: int = 0  # whatever became of it
    upcoming: int = 0
    next: Attendance | None = None
    photo: photos.Photo | None = None
    others: list[Individual] = dataclasses.field(default_factory=list)
    groups: list[Group] = dataclasses.field(default_factory=list)  # under the service, in which the client is

    @property
    def service(self) -> Service:
        """What it is an enrolment in."""
        service: Service = self.enrolment.service
        return service

    @property
    def group_names(self) -> list[str]:
        """How the client knows these groups."""
        return [services.shown_name(group) for group in self.groups]

    @property
    def worker(self) -> Worker | None:
        """The primary worker, while they are here."""
        worker: Worker | None = self.enrolment.worker
        return worker if worker is not None and worker.is_active else None


@dataclasses.dataclass(frozen=True)
class Happened:
    """One line of the timeline; ``place`` is the client's place in an event that they attended, ``day`` the day otherwise."""

    what: str  # opened, attended, closed
    at: dt.datetime
    day: dt.date
    of: Service | Group
    place: Attendance | None = None


def visible(individual: Individual) -> list[Enrolment]:
    """Somebody's enrolments in services that clients may see: the open ones first, then the newest."""
    return _VISIBLE.all(individual.id)


def _visible(individual: Any) -> Any:
    found = Enrolment.select(Enrolment, Service, Worker).join(Service).switch(Enrolment).left_outer_join(Worker)
    mine = found.where(Enrolment.individual == individual, Service.is_visible)
    return mine.order_by(Enrolment.closed_on.is_null().desc(), Enrolment.opened_on.desc(), Enrolment.id.desc())


def rosters(individual: Individual) -> list[RosterEntry]:
    """Somebody's places in groups that clients may see, those that they left, too: the newest first."""
    return _ROSTERS.all(individual.id)


def _rosters(individual: Any) -> Any:
    found = RosterEntry.select(RosterEntry, Group).join(Group).where(RosterEntry.individual == individual, Group.is_visible)
    return found.order_by(RosterEntry.joined_on.desc(), RosterEntry.id.desc())


def overview(individual: Individual) -> tuple[list[File], list[RosterEntry], list[File]]:
    """The open enrolments of a client, the places in groups of services in which they have none, and the closed enrolments."""
    files = [File(enrolment) for enrolment in visible(individual)]
    open_ = [file for file in files if file.enrolment.closed_on is None]
    if files:
        _count(files, individual)
    if open_:
        _add_others([file for file in open_ if file.service.shows_names], individual)
        _add_photos(open_, individual)
    apart = [entry for entry in rosters(individual) if entry.left_on is None and not _is_added(open_, entry)]
    return open_, apart, [file for file in files if file.enrolment.closed_on is not None]


def _is_added(files: list[File], entry: RosterEntry) -> bool:
    file = next((file for file in files if file.service.id == entry.group.service_id), None)
    if file is not None:
        file.groups.append(entry.group)
    return file is not None


def _count(files: list[File], individual: Individual) -> None:
    now = Event.ends_at.db_value(clock.now())
    for enrolment, service, attended, upcoming, every in _COUNTED.all(now, individual.id):
        if file := _file_of(files, enrolment, service):
            file.attended, file.upcoming = file.attended + attended, file.upcoming + upcoming
            file.gone_by += every - upcoming
    for place in _NEXT.all(individual.id, now):
        file = _file_of(files, place.enrolment_id, place.event.service_id)
        if file and (file.next is None or place.starts_at < file.next.starts_at):
            file.next = place


def _file_of(files: list[File], enrolment: int | None, service: int) -> File | None:
    """An event that stands in no enrolment belongs to the newest one of its service."""
    own = next((file for file in files if file.enrolment.id == enrolment), None)
    return own or next((file for file in files if file.service.id == service), None)


def _counted(now: Any, individual: Any) -> Any:
    comes = Case(None, [(Attendance.state.in_(_STANDS) & (Event.state == "booked") & (Event.ends_at > now), 1)], 0)
    stands = Event.state == "booked"
    came = Case(None, [((Attendance.state == "show") & stands, 1)], 0)
    return (
        Attendance.select(Attendance.enrolment, Event.service, fn.SUM(came), fn.SUM(comes), fn.COUNT(Attendance.id))
        .join(Event).join(Service)
        .where(Attendance.individual == individual, Event.state != "requested", Service.is_visible)
        .group_by(Attendance.enrolment, Event.service).tuples()
    )  # fmt: skip


def _next(individual: Any, now: Any) -> Any:
    """Of each service, and of each enrolment in it, the places of the client that come and before which none comes."""
    sooner, its = Attendance.alias(), Event.alias()
    first = (
        sooner.select(its.service.alias("service"), sooner.enrolment.alias("file"), fn.MIN(sooner.starts_at).alias("at"))
        .join(its, on=(sooner.event == its.id))
        .where(sooner.individual == individual, its.state == "booked", sooner.state.in_(_STANDS), its.ends_at > now)
        .group_by(its.service, sooner.enrolment).alias("first")
    )  # fmt: skip
    same_file = fn.COALESCE(first.c.file, 0) == fn.COALESCE(Attendance.enrolment, 0)
    is_first = (first.c.service == Event.service) & same_file & (first.c.at == Attendance.starts_at)
    places = Attendance.select(Attendance, Event, Site).join(Event).join(Site).switch(Event).join(Service)
    return places.join(first, on=is_first).where(
        Attendance.individual == individual, Event.state == "booked", Attendance.state.in_(_STANDS), Event.ends_at > now,
        Service.is_visible,
    )  # fmt: skip


def _add_others(files: list[File], individual: Individual) -> None:
    by_number = {file.enrolment.id: file for file in files}
    for each in _OTHERS.all(individual.id):
        if each.enrolment_id in by_number:
            by_number[each.enrolment_id].others.append(each.individual)


def _others(individual: Any) -> Any:
    found = Participant.select(Participant, Individual).join(Individual).switch(Participant).join(Enrolment)
    mine = found.where(Enrolment.individual == individual, Enrolment.closed_on.is_null())
    return mine.order_by(Individual.sort_name, Individual.id)


def _add_photos(files: list[File], individual: Individual) -> None:
    sizes: dict[int, dict[str, str]] = {}
    for worker, kind, public_id in _PHOTOS.all(individual.id) if photos.is_shown() else ():
        sizes.setdefault(worker, {})[kind] = public_id
    for file in files:
        if file.worker is not None and file.worker.id in sizes:
            file.photo = photos.Photo(**sizes[file.worker.id])


def _photos(individual: Any) -> Any:
    theirs = Enrolment.select(Enrolment.worker).where(Enrolment.individual == individual, Enrolment.closed_on.is_null())
    return WorkerPhoto.select(WorkerPhoto.worker, WorkerPhoto.kind, WorkerPhoto.public_id).where(WorkerPhoto.worker.in_(theirs)).tuples()


_VISIBLE, _COUNTED, _NEXT = statements.Listing(_visible), statements.Listing(_counted), statements.Listing(_next)
_OTHERS, _PHOTOS, _ROSTERS = statements.Listing(_others), statements.Listing(_photos), statements.Listing(_rosters)


# ---------------------------------------------------------------- what happened


def timeline(
    files: Sequence[Enrolment], entries: Sequence[RosterEntry], places: Any, page: int, service: Service | None
) -> tuple[list[Happened], bool]:
    """One page of what happened in these enrolments and groups, newest first, and whether there is more.

    ``places`` is the question for the client's places in events: of them those of ``service`` and of these groups, or, without one,
    of all that clients see.  However far one goes, no more events are read than a page and the enrolments and groups have lines.
    """
    lines = [line for file in files for line in _lines(file.service, file.opened_on, file.closed_on)]
    lines += [line for entry in entries for line in _lines(entry.group, entry.joined_on, entry.left_on)]
    skip = (page - 1) * SIZE
    unread = max(0, skip - len(lines))  # events that are on earlier pages for sure: every line of an enrolment takes one place
    is_of_it = Service.is_visible | Group.is_visible
    if service is not None:
        is_of_it = (Event.service == service) | Event.group.in_([entry.group_id for entry in entries])
    attended = places.where(Attendance.state == "show", Event.state == "booked", is_of_it)
    for place in attended.order_by(Attendance.starts_at.desc(), Attendance.id.desc()).offset(unread).limit(skip - unread + SIZE + 1):
        event = place.event
        of = event.service if event.service is not None and event.service.is_visible else event.group
        lines.append(Happened("attended", place.starts_at, place.starts_at.date(), of, place))
    ordered = sorted(lines, key=lambda line: line.at, reverse=True)[skip - unread :]
    return ordered[:SIZE], len(ordered) > SIZE


def _lines(of: Service | Group, since: dt.date, until: dt.date | None) -> list[Happened]:
    """A day begins with what was opened on it, and ends with what was closed."""
    zone = agency.zone()
    first = dt.datetime.combine(since, dt.time.min, zone)
    lines = [Happened("opened", first.astimezone(dt.UTC), since, of)]
    if until is not None:
        last = dt.datetime.combine(until, dt.time.max, zone)
        lines.append(Happened("closed", last.astimezone(dt.UTC), until, of))
    return lines
