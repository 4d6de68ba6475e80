"""My Services: what a client is in, and what happened in it (spec 06).

A service that clients do not see is nowhere here; who asks for one by its address gets the same as for none.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from peewee import Case, fn

from domain import agency, clock, photos
from models import Attendance, Enrolment, Event, Individual, Participant, Service, Worker

_STANDS = ("booked", "show", "no_show")
SIZE = 20  # on a page of the timeline


@dataclasses.dataclass
class File:
    """One enrolment as its client sees it: with how many events that were and that come, the next one, and who is in it."""

    enrolment: Enrolment
    attended: int = 0
    upcoming: int = 0
    next: Attendance | None = None
    next_at: dt.datetime | None = None
    photo: photos.Photo | None = None
    others: list[Individual] = dataclasses.field(default_factory=list)

    @property
    def service(self) -> Service:
        """What it is an enrolment in."""
        service: Service = self.enrolment.service
        return service

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
    service: Service
    place: Attendance | None = None


def visible(individual: Individual) -> list[Enrolment]:
    """Somebody's enrolments in services that clients may see: the open ones first, then the newest."""
    found = Enrolment.select(Enrolment, Service, Worker).join(Service).switch(Enrolment).left_outer_join(Worker)
    mine = found.where(Enrolment.individual == individual, Service.is_visible)
    return list(mine.order_by(Enrolment.closed_on.is_null().desc(), Enrolment.opened_on.desc(), Enrolment.id.desc()))


def overview(individual: Individual, places: Any) -> tuple[list[File], list[File]]:
    """The open and the closed enrolments of a client; ``places`` is the question for their places in events."""
    files = [File(enrolment) for enrolment in visible(individual)]
    if files:
        _count(files, individual)
        _add_next(files, places)
    open_ = [file for file in files if file.enrolment.closed_on is None]
    _add_others(open_)
    _add_photos(open_)
    return open_, [file for file in files if file.enrolment.closed_on is not None]


def _count(files: list[File], individual: Individual) -> None:
    now = clock.now()
    comes = Attendance.state.in_(_STANDS) & (Event.ends_at > now)
    counted = (
        Attendance.select(
            Attendance.enrolment, Event.service, fn.SUM(Case(None, [(Attendance.state == "show", 1)], 0)),
            fn.SUM(Case(None, [(comes, 1)], 0)), fn.MIN(Case(None, [(comes, Attendance.starts_at)])),
        )
        .join(Event)
        .where(Attendance.individual == individual, Event.state == "booked", Event.service.in_({file.service.id for file in files}))
        .group_by(Attendance.enrolment, Event.service)
    )  # fmt: skip
    for enrolment, service, attended, upcoming, first in counted.tuples():
        file = _file_of(files, enrolment, service)
        file.attended, file.upcoming = file.attended + attended, file.upcoming + upcoming
        first = Attendance.starts_at.python_value(first)
        file.next_at = min((each for each in (file.next_at, first) if each is not None), default=None)


def _file_of(files: list[File], enrolment: int | None, service: int) -> File:
    """An event that stands in no enrolment belongs to the newest one of its service."""
    own = next((file for file in files if file.enrolment.id == enrolment), None)
    return own or next(file for file in files if file.service.id == service)


def _add_next(files: list[File], places: Any) -> None:
    moments = {file.next_at for file in files if file.next_at is not None}
    if not moments:
        return
    stands = places.where(
        Attendance.starts_at.in_(moments), Event.state == "booked", Attendance.state.in_(_STANDS),
        Event.service.in_({file.service.id for file in files}),
    )  # fmt: skip
    for place in stands:
        file = _file_of(files, place.enrolment_id, place.event.service_id)
        if place.starts_at == file.next_at:
            file.next = place


def _add_others(files: list[File]) -> None:
    by_number = {file.enrolment.id: file for file in files}
    if by_number:
        found = Participant.select(Participant, Individual).join(Individual).where(Participant.enrolment.in_(list(by_number)))
        for each in found.order_by(Individual.sort_name, Individual.id):
            by_number[each.enrolment_id].others.append(each.individual)


def _add_photos(files: list[File]) -> None:
    shown = photos.of_each([file.worker for file in files if file.worker is not None]) if photos.is_shown() else {}
    for file in files:
        if file.worker is not None:
            file.photo = shown.get(file.worker.id)


# ---------------------------------------------------------------- what happened


def timeline(files: Sequence[Enrolment], places: Any, page: int) -> tuple[list[Happened], bool]:
    """One page of what happened in these enrolments, newest first, and whether there is more.

    ``places`` is the question for the client's places in events.  However far one goes, no more events are read than a page
    and the enrolments have lines.
    """
    lines = [line for file in files for line in _of(file)]
    skip = (page - 1) * SIZE
    unread = max(0, skip - len(lines))  # events that are on earlier pages for sure: every line of an enrolment takes one place
    wanted = {file.service_id for file in files}
    attended = places.where(Attendance.state == "show", Event.state == "booked", Event.service.in_(wanted))
    newest = attended.order_by(Attendance.starts_at.desc(), Attendance.id.desc())
    shown = newest.offset(unread).limit(skip - unread + SIZE + 1) if files else ()
    services = {file.service_id: file.service for file in files}
    lines += [
        Happened("attended", place.starts_at, place.starts_at.date(), services[place.event.service_id], place) for place in shown
    ]
    ordered = sorted(lines, key=lambda line: line.at, reverse=True)[skip - unread :]
    return ordered[:SIZE], len(ordered) > SIZE


def _of(file: Enrolment) -> list[Happened]:
    """A day begins with what was opened on it, and ends with what was closed."""
    zone = agency.zone()
    first = dt.datetime.combine(file.opened_on, dt.time.min, zone)
    lines = [Happened("opened", first.astimezone(dt.UTC), file.opened_on, file.service)]
    if file.closed_on is not None:
        last = dt.datetime.combine(file.closed_on, dt.time.max, zone)
        lines.append(Happened("closed", last.astimezone(dt.UTC), file.closed_on, file.service))
    return lines
