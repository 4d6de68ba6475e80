"""Appointments of a made-up agency: of others, as many as are wanted, of one client, and a full week of one worker."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Sequence
from typing import Any

from app import create_app
from bench.servers import HOST
from domain import calendar_feeds, clock, store
from domain.actor import Actor
from models import (
    Attendance,
    Enrolment,
    Event,
    EventMessage,
    EventRequest,
    Individual,
    Notice,
    PortalAccount,
    Site,
    Worker,
    new_public_id,
)

AT_ONCE = 2_000
IN_FEED = 500
WAITING = 60
WEEK, IN_WEEK = dt.date(2001, 1, 1), 200  # of the schedule that is looked at, long before all others


def clear() -> None:
    """The made-up agency's own make room; the few of which clients were told, which stays, are cancelled."""
    told = Notice.select(Notice.attendance).where(Notice.attendance.is_null(False))
    with store.writing():
        for table in (EventMessage, EventRequest):
            table.delete().execute()
        Attendance.delete().where(Attendance.id.not_in(told)).execute()
        Event.delete().where(Event.id.not_in(Attendance.select(Attendance.event))).execute()
        Event.update(state="cancelled_by_agency").execute()


def of_others(number: int, but: int = 0) -> None:
    """So many, half of them over, one after the other with each worker but one, and each with somebody else."""
    workers, people = [each for each in _numbers(Worker) if each != but], _numbers(Individual)[1:]
    began = clock.now().replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=number // len(workers) // 2)
    for start in range(0, number, AT_ONCE):
        some = range(start, min(start + AT_ONCE, number))
        _insert([(workers[n % len(workers)], began + dt.timedelta(hours=n // len(workers)), people[n % len(people)]) for n in some])


def of_one(person: int, number: int) -> None:
    """So many of one person, a third of them over: between the hours of the others, and in the services in which they are in turn."""
    workers, now = _numbers(Worker), clock.now().replace(minute=30, second=0, microsecond=0)
    files = list(Enrolment.select(Enrolment.id, Enrolment.service).where(Enrolment.individual == person).order_by(Enrolment.id).tuples())
    _insert([(workers[0], now + dt.timedelta(hours=3 * (n - number // 3)), person) for n in range(number)], files)


def week_of(worker: Worker) -> None:
    """Two hundred of one worker in the week that is looked at, each with somebody else."""
    people, began = _numbers(Individual)[1:], dt.datetime.combine(WEEK, dt.time(4), dt.UTC)
    _insert([(worker.id, began + dt.timedelta(minutes=30 * n), people[n % len(people)]) for n in range(IN_WEEK)])


def of_worker(worker: int, past: int, coming: int, days: int) -> None:
    """So many of one worker that are over, and so many in the days to come, from noon in UTC on, each with somebody else."""
    people, today = _numbers(Individual)[1:], clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    each_day = coming // days + 1
    over = [today - dt.timedelta(hours=n + 24) for n in range(past)]
    ahead = [today + dt.timedelta(days=n // each_day, hours=n % each_day) for n in range(coming)]
    _insert([(worker, starts, people[n % len(people)]) for n, starts in enumerate((*over, *ahead))])


def requested_of(worker: Worker) -> None:
    """What others have was requested once; and more than a page holds waits for an answer of one worker."""
    now, moment, people = clock.now(), EventRequest.asked_at.db_value, _numbers(Individual)[1:]
    had = Attendance.select(Attendance.event, Attendance.individual).join(Event).where(Event.state == "booked").tuples()
    began = now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=900)
    with store.writing():
        store.insert(EventRequest, [
            {"public_id": new_public_id(), "event": event, "individual": person, "day": now.date(), "asked_at": moment(now),
             "answered_at": moment(now), "reason": ""} for event, person in had
        ])  # fmt: skip
    waits = [(worker.id, began + dt.timedelta(hours=n), people[n % len(people)]) for n in range(WAITING)]
    _insert(waits)
    made = Attendance.select(Attendance.event, Attendance.individual, Attendance.starts_at).where(Attendance.starts_at >= began).tuples()
    with store.writing():
        Event.update(state="requested").where(Event.starts_at >= began, Event.worker == worker.id).execute()
        store.insert(EventRequest, [
            {"public_id": new_public_id(), "event": event, "individual": person, "day": now.date(), "asked_at": moment(now),
             "expires_at": moment(starts), "reason": ""} for event, person, starts in made
        ])  # fmt: skip


def _numbers(table: Any) -> list[int]:
    return [number for (number,) in table.select(table.id).order_by(table.id).tuples()]


def _insert(every: list[tuple[int, dt.datetime, int]], files: Sequence[tuple[int, int]] = ()) -> None:
    """Worker, start and person of each; with ``files`` each belongs to one of these enrolments and its service."""
    files = files or [(None, None)]  # type: ignore[list-item]
    site, made, moment = Site.select().order_by(Site.id).first().id, Event.created_at.db_value(clock.now()), Event.starts_at.db_value
    with store.writing():
        rows = [
            {"public_id": new_public_id(), "worker": worker, "starts_at": moment(starts),
             "ends_at": moment(starts + dt.timedelta(minutes=25)), "site": site, "is_video": False, "video_link": "", "state": "booked",
             "is_overlapping": False, "created_at": made, "version": 1, "service": files[n % len(files)][1]}
            for n, (worker, starts, _) in enumerate(every)
        ]  # fmt: skip
        numbers = [number for (number,) in store.insert(Event, rows, "RETURNING id")]
        store.insert(Attendance, [
            {"public_id": new_public_id(), "event": number, "individual": person, "state": "booked", "starts_at": moment(starts),
             "confirmed_how": "", "cancel_reason": "", "version": 1, "enrolment": files[n % len(files)][0]}
            for n, (number, (_, starts, person)) in enumerate(zip(numbers, every, strict=True))
        ])  # fmt: skip


def feed_of(person: Individual) -> str:
    """The path of somebody's calendar."""
    account = PortalAccount.get(PortalAccount.individual == person, PortalAccount.state == "active")
    return f"/feed/{calendar_feeds.token(calendar_feeds.make(person, Actor(account=account)))}.ics"


def client() -> Individual:
    """Who looks."""
    person: Individual = PortalAccount.get(PortalAccount.email == "client1@example.org").individual
    return person


def measure_feed(app: Any) -> tuple[float, int]:
    """Milliseconds until a calendar of 500 is read, and its SELECTs: the middle of five, after one for which nothing was kept."""
    from bench.queries import Listener  # which fills its agency with what stands here

    clear()
    of_one(client().id, IN_FEED)
    path, reader, listener, took = feed_of(client()), app.test_client(), Listener(), []
    for _ in range(6):
        listener.asked.clear()
        began = time.perf_counter()
        answer = reader.get(path, base_url=f"https://{HOST}")
        took.append(1000 * (time.perf_counter() - began))
        if answer.data.count(b"BEGIN:VEVENT") != IN_FEED:
            raise RuntimeError(f"{answer.status_code}: {len(answer.data)} bytes")
    return sorted(took[1:])[2], len(listener.counted())


def main() -> None:
    """``fill NUMBER``: so many of others, fifteen of the client, ten of them ahead, and the full week of a worker; ``feed``: print
    what a calendar of 500 takes."""
    app = create_app()
    with store.connection():
        if sys.argv[1] == "feed":
            print(*measure_feed(app))
            return
        clear()
        of_others(int(sys.argv[2]))
        of_one(client().id, 15)
        week_of(Worker.get(Worker.group == "system_admin"))


if __name__ == "__main__":
    main()
