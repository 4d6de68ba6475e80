"""When the made-up workers are there: three kinds of time, a week for each, a day off, and a holiday ahead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from domain import clock, store
from models import (
    AvailabilityCalendar,
    AvailabilityException,
    AvailabilityRow,
    AvailabilityType,
    Holiday,
    Site,
    Worker,
    new_public_id,
)

KINDS = (("Appointments", "green", True), ("Groups", "purple", False), ("Office", "grey", False))
SINCE = 12  # weeks that the calendars have counted
_HOLIDAY, _DAYS_OFF = 2, 4  # so many weeks after this one
# What a week is like: days, from and until (hours), and which kind.
_SEEING = (((0, 1, 2, 3, 4), 9, 12, 0), ((0, 2, 3), 13, 17, 0), ((1, 4), 13, 15, 0), ((1, 4), 15, 17, 2))
_LATE = (((0, 2), 9, 12, 2), ((0, 1, 2, 3), 13, 17, 0), ((3, 4), 9, 12, 0), ((1,), 18, 20, 1), ((5,), 10, 12, 1))
_DESK = (((0, 1, 2, 3, 4), 9, 12, 2), ((0, 2), 13, 16, 0), ((1, 3), 13, 17, 2))


def holiday(today: dt.date) -> dt.date:
    """The holiday that is ahead: a Wednesday, not next week."""
    return _monday(today) + dt.timedelta(weeks=_HOLIDAY, days=2)


def day_off(number: int, today: dt.date) -> dt.date:
    """The day off of a worker, who is told by their place among the workers."""
    return _monday(today) + dt.timedelta(weeks=_DAYS_OFF, days=number % 5)


def _monday(today: dt.date) -> dt.date:
    return today - dt.timedelta(days=today.weekday())


def add(workers: Sequence[Worker], site: Site, now: dt.datetime) -> None:
    """Lay it all down, at one site."""
    today = clock.today(site.time_zone)
    kinds = [
        AvailabilityType.create(name=name, colour=shade, is_client_facing=is_facing, created_at=now) for name, shade, is_facing in KINDS
    ]
    since = _monday(today) - dt.timedelta(weeks=SINCE)
    calendars = [AvailabilityCalendar.create(worker=worker, starts_on=since, created_at=now) for worker in workers]
    rows: list[dict[str, Any]] = []
    for number, (worker, calendar) in enumerate(zip(workers, calendars, strict=True)):
        plan = _DESK if worker.group != "worker" else _LATE if number % 3 == 0 else _SEEING
        rows += [
            {"public_id": new_public_id(), "calendar": calendar.id, "weekday": weekday, "begins": begins * 60, "ends": ends * 60,
             "type": kinds[kind].id, "site": site.id}
            for days, begins, ends, kind in plan for weekday in days
        ]  # fmt: skip
        AvailabilityException.create(worker=worker, date=day_off(number, today), created_at=now)
    store.insert(AvailabilityRow, rows)
    Holiday.create(date=holiday(today), name="Staff day", created_at=now)
