"""Free times of a made-up agency: a worker with a long past and a full time ahead, and a client who asks."""

from __future__ import annotations

import sys
import time

from app import create_app
from bench import appointments
from domain import agency, availability, clock, offers, settings, store
from domain.actor import SYSTEM
from models import AvailabilityCalendar, Enrolment, Individual, PortalAccount, Service, Site, Worker

PAST, COMING, DAYS = 5_000, 500, 60
CLIENTS = 6  # who ask, one after the other
TURNS = 50


def fill(others: int) -> list[str]:
    """The appointments of others, and those of one worker who sees clients all day long; where each client looks for a time."""
    first = _enrolments()[0]
    worker: Worker = first.worker
    appointments.clear()
    appointments.of_others(others, but=worker.id)
    appointments.of_worker(worker.id, PAST, COMING, DAYS)
    _open(worker)
    return [f"/calendar/request/{file.public_id}/{worker.public_id}/" for file in _enrolments(first.service)]


def _enrolments(service: Service | None = None) -> list[Enrolment]:
    """An open enrolment of each of the first clients, in the service that the first of them is in."""
    found = []
    for number in range(1, CLIENTS + 1):
        person = PortalAccount.get(PortalAccount.email == f"client{number}@example.org").individual
        file = offers.enrolments(person)[0] if service is None else _in(person, service)
        found.append(file)
        service = file.service
    return found


def _in(person: Individual, service: Service) -> Enrolment:
    mine = Enrolment.select().where(Enrolment.individual == person, Enrolment.service == service, Enrolment.closed_on.is_null())
    file: Enrolment | None = mine.first()
    if file is None:
        with store.writing():
            file = Enrolment.create(individual=person, service=service, opened_on=agency.today(), created_at=clock.now())
    return file


def _open(worker: Worker) -> None:
    kind = availability.client_facing()
    if kind is None:
        kind = availability.add_type("For clients", "green", SYSTEM)
        availability.face_clients(kind, SYSTEM)
    with store.writing():
        AvailabilityCalendar.delete().where(AvailabilityCalendar.worker == worker).execute()
    calendar = availability.add_calendar(worker, appointments.WEEK, SYSTEM)
    for day in availability.WEEKDAYS:
        availability.add_row(calendar, day, 8 * 60, 20 * 60, kind, Site.get(), SYSTEM)
    settings.change("requests_a_day", "20", SYSTEM)


def compute() -> float:
    """What sixty days of free times take in Python ÷ a trip to the database: for a row by its key, the shortest of the page."""
    file = _enrolments()[0]
    wish = offers.Wish(file.individual, file.worker, file)
    ratios = []
    for _ in range(TURNS):
        with store.remembering():
            table = offers.timetable(wish)
            began = time.perf_counter()
            offers.wished(file.individual, file.public_id, file.worker.public_id)
            asked = time.perf_counter()
            days = table.days(agency.today(), DAYS)
            ended = time.perf_counter()
        if sum(len(day.slots) for day in days) < DAYS:
            raise RuntimeError("there is next to nothing to compute")
        ratios.append((ended - asked) / (asked - began))
    return sorted(ratios)[TURNS // 2]


def main() -> None:
    """``fill NUMBER``: prints where clients look; ``compute``: prints the ratio."""
    create_app()
    with store.connection():
        if sys.argv[1] == "compute":
            fill(5_000)
            print(compute())
        else:
            print(*fill(int(sys.argv[2])))


if __name__ == "__main__":
    main()
