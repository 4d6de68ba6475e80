"""What the made-up clients are in and when they come: enrolments, rosters, and weeks of appointments behind and ahead.

All of it is told from today: on the same day the same seed gives the same appointments.  Weeks are as weeks are: from nine to
five with an hour for lunch, a group on an evening and on a Saturday, nobody twice at one time, and nothing on Sundays.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from typing import Any

from peewee import chunked

from domain import clock, demo_hours, store, wall_clock
from domain.demo_people import House, chance_of
from models import Attendance, Enrolment, Event, Group, Individual, RosterEntry, Worker

WEEKS = range(-10, 6)  # of which this one is 0
HOURS = (9, 10, 11, 13, 14, 15, 16)
FEW = 10  # so many clients a worker sees each week, more every second one
AT_ONCE = 1000  # rows in one statement
OUTCOMES = (  # of what is over: how likely, what became of the event, and of the place in it
    (0.80, "booked", "show"), (0.88, "booked", "no_show"), (0.94, "cancelled_by_client", "cancelled_by_client"),
    (0.97, "cancelled_by_client", "late_cancelled"), (1.00, "cancelled_by_agency", "booked"),
)  # fmt: skip
OUTCOMES_IN_GROUPS = ((0.85, "booked", "show"), (0.95, "booked", "no_show"), (1.00, "booked", "late_cancelled"))
CLOSED = ((1, 1), (12, 25), (12, 26))  # months and days on which nobody is there


@dataclasses.dataclass
class _Client:
    """One of the first clients, with what they are in."""

    number: int
    person: Individual
    worker: Worker | None
    files: dict[int, Enrolment] = dataclasses.field(default_factory=dict)  # by the number of the service


def add(individuals: list[Individual], house: House, seed: int) -> None:
    """Enrol the first clients, and book what they come to; ``individuals`` are in the order of their numbers, from 1 on."""
    caseworkers = [worker for worker in house.workers if worker.group == "worker"]
    clients = [
        _Client(number, person, caseworkers[number // 2 % len(caseworkers)] if number % 2 else None)
        for number, person in enumerate(individuals, 1)
    ]
    rosters = _enrol(clients, house)
    diary = _Diary(house, chance_of(f"{seed} calendar"))
    _book_groups(diary, rosters, caseworkers)
    for worker in caseworkers:
        _book_regular(diary, worker, [client for client in clients if client.worker is worker])
    _book_talks(diary, [client for client in clients if client.worker is None])
    diary.write()


# ---------------------------------------------------------------- what they are in


def _enrol(clients: list[_Client], house: House) -> dict[int, list[_Client]]:
    """Those who are followed are enrolled with the same worker; the others, until somebody takes them over, with nobody.

    Who is on which roster, by the number of the group.
    """
    counselling, parenting, crisis = house.services
    rosters: dict[int, list[_Client]] = {group.id: [] for group in house.groups}
    files, places, today = [], [], house.now.date()
    for client in clients:
        number, began = client.number, today - dt.timedelta(days=70 + client.number % 300)
        files.append(_file(client, counselling.id, began, house))
        if number % 3 == 1:
            files.append(_file(client, parenting.id, began, house))
            files[-1].closed_on = began + dt.timedelta(days=19) if number % 5 == 0 else None
        if number % 7 == 1:
            files.append(_file(client, crisis.id, began, house))
        if number % 3 == 1 and number <= 24:
            group = house.groups[number % 2]
            rosters[group.id].append(client)
            places.append(RosterEntry(group=group, individual=client.person, joined_on=began))
    for rows in (files, places):
        for some in chunked(rows, AT_ONCE):
            store.insert_rows(some)
    return rosters


def _file(client: _Client, service: int, began: dt.date, house: House) -> Enrolment:
    file = Enrolment(
        individual=client.person, service=service, worker=client.worker, opened_on=began, closed_on=None, created_at=house.now
    )
    client.files[service] = file
    return file


# ---------------------------------------------------------------- when they come


class _Diary:
    """What was booked so far, and by whom whose time is taken."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self.house, self.chance, self.now = house, chance, house.now
        self.zone = house.sites[0].time_zone
        self.today = clock.today(self.zone)
        self.off = {(worker.id, demo_hours.day_off(number, self.today)) for number, worker in enumerate(house.workers)}
        self.monday = self.today - dt.timedelta(days=self.today.weekday())
        self._taken: dict[tuple[str, int], list[tuple[dt.datetime, dt.datetime]]] = {}
        self._events: list[Event] = []
        self._places: list[Attendance] = []

    def day(self, week: int, weekday: int) -> dt.date:
        """A day of a week, which is 0 for this one."""
        return self.monday + dt.timedelta(weeks=week, days=weekday)

    def book(self, worker: Worker, day: dt.date, time: dt.time, minutes: int, clients: list[_Client], **more: Any) -> bool:
        """One event, unless it is closed, the worker is not there, or somebody's time is taken then; whether it was booked."""
        if (day.month, day.day) in CLOSED or day == demo_hours.holiday(self.today) or (worker.id, day) in self.off:
            return False
        starts = wall_clock.moment(self.zone, day, time).at
        ends = starts + dt.timedelta(minutes=minutes)
        whose = [("worker", worker.id), *(("client", client.person.id) for client in clients)]
        if any(start < ends and end > starts for key in whose for start, end in self._taken.get(key, ())):
            return False
        for key in whose:
            self._taken.setdefault(key, []).append((starts, ends))
        made = min(starts - dt.timedelta(days=14), self.now - dt.timedelta(hours=2))
        fields = {"service": None, "group": None} | more
        event = Event(worker=worker, starts_at=starts, ends_at=ends, site=worker.site, state="booked", created_at=made, **fields)
        self._events.append(event)
        self._places += [self._place(event, client) for client in clients]
        return True

    def _place(self, event: Event, client: _Client) -> Attendance:
        place = Attendance(individual=client.person, starts_at=event.starts_at, enrolment=client.files.get(event.service_id),
                           event=event, confirmed_at=None)  # fmt: skip
        chance = self.chance.random()
        if wall_clock.day_of(event.ends_at, self.zone) < self.today:
            outcomes = OUTCOMES if event.group_id is None else OUTCOMES_IN_GROUPS
            _, event.state, place.state = next(each for each in outcomes if chance < each[0])
        elif self.now < event.starts_at < self.now + dt.timedelta(days=10) and chance < 0.4 and client.number != 1:
            place.confirmed_at, place.confirmed_how = self.now - dt.timedelta(hours=1), "portal" if chance < 0.3 else "phone"
        return place

    def write(self) -> None:
        """Write down what was booked."""
        for some in chunked(self._events, AT_ONCE):
            store.insert_rows(some)
        for place in self._places:
            place.event = place.event  # whose number is known now
        for some in chunked(self._places, AT_ONCE):
            store.insert_rows(some)


def _book_groups(diary: _Diary, rosters: dict[int, list[_Client]], caseworkers: list[Worker]) -> None:
    """One on Tuesday evening, one on Saturday morning."""
    times = ((1, dt.time(18)), (5, dt.time(10)))
    for group, worker, (weekday, time) in zip(diary.house.groups, caseworkers, times, strict=False):
        for week in WEEKS:
            coming = [client for client in rosters[group.id] if _is_in(client, group, diary.day(week, weekday))]
            diary.book(worker, diary.day(week, weekday), time, 90, coming, group=group, service=group.service)


def _is_in(client: _Client, group: Group, day: dt.date) -> bool:
    file = client.files[group.service_id]
    return bool(file.opened_on <= day and (file.closed_on is None or day <= file.closed_on))


def _book_regular(diary: _Diary, worker: Worker, clients: list[_Client]) -> None:
    """A time of the week for each, and for the first one also the next that there is."""
    counselling = diary.house.services[0]
    times = [(weekday, hour) for weekday in range(5) for hour in HOURS]
    diary.chance.shuffle(times)
    special = _book_soon(diary, worker, clients[0], service=counselling) if clients else None
    for number, client in enumerate(clients):
        weekday, hour = times[number % len(times)]
        for week in WEEKS:
            day = diary.day(week, weekday)
            if day < client.files[counselling.id].opened_on or (len(clients) > FEW and (week + number) % 2):
                continue
            if special and number == 0 and abs(day - special).days < 3:  # instead of the usual one
                continue
            is_video = (week + number) % 3 == 0
            link = f"https://video.example.org/{worker.public_id[:8]}" if is_video and week < 2 else ""
            diary.book(worker, day, dt.time(hour), 50, [client], service=counselling, is_video=is_video, video_link=link)


def _book_soon(diary: _Diary, worker: Worker, client: _Client, **more: Any) -> dt.date:
    """Today at four while it is well before, else in the morning of the next day on which there is somebody; the day."""
    there = wall_clock.local(diary.now, diary.zone)
    if there.hour < 15 and there.weekday() < 5 and diary.book(worker, diary.today, dt.time(16), 50, [client], **more):
        return diary.today
    day = diary.today + dt.timedelta(days=2 if there.weekday() == 5 else 1)
    diary.book(worker, day, dt.time(9 if day.weekday() == 5 else 10), 50, [client], **more)
    return day


def _book_talks(diary: _Diary, clients: list[_Client]) -> None:
    """Who has no worker yet talks with one of the two who take people in: some weeks ago, and again ahead."""
    takers = (diary.house.workers[0], diary.house.workers[2 % len(diary.house.workers)])
    for worker, first in zip(takers, clients, strict=False):
        _book_soon(diary, worker, first)
    for number, client in enumerate(clients):
        for weeks in (range(WEEKS.start, 0), range(WEEKS.stop)):
            for _ in range(20):  # tries
                week, weekday, hour = diary.chance.choice(weeks), diary.chance.randrange(5), diary.chance.choice(HOURS)
                if diary.book(takers[number % 2], diary.day(week, weekday), dt.time(hour), 50, [client]):
                    break
