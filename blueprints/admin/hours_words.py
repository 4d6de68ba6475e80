"""How a worker's hours are told to staff: days of the week, from when to when, and the colour of a kind of time."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence

from babel.dates import get_day_names
from flask import g, url_for

from domain import staff_hours
from domain.availability import DAY, WEEKDAYS, Affected
from models import AvailabilityException, AvailabilityRow, AvailabilityType, Worker
from web import formatting
from web.languages import gettext as _
from web.languages import spoken

# Each can be told from paper in light and in dark; the name stands beside it in any case.
SHADES = {
    "blue": "#3f7bc4", "green": "#2f8a57", "teal": "#1a8a8a", "amber": "#b07a12", "red": "#cc4f3d", "purple": "#8a60c4", "grey": "#7c7a76",
}  # fmt: skip


def shade(kind: AvailabilityType) -> str:
    """The colour of a kind of time as #rrggbb."""
    return SHADES.get(kind.colour, kind.colour)


def weekdays() -> list[str]:
    """The days of the week from Monday on, each with a capital letter."""
    names = get_day_names("wide", "stand-alone", spoken())
    return [names[number][:1].upper() + names[number][1:] for number in WEEKDAYS]


def by_weekday(rows: Sequence[AvailabilityRow]) -> list[tuple[str, list[AvailabilityRow]]]:
    """The stretches of a week by day; days without one are left out."""
    names = weekdays()
    return [(names[number], list(every)) for number, every in itertools.groupby(rows, key=lambda row: row.weekday)]


def clock(minute: int) -> str:
    """Minutes since midnight as a clock shows them; the end of a day is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def span(of: AvailabilityRow | AvailabilityException) -> str:
    """From when to when: ``09:00–12:00``."""
    return f"{clock(of.begins)}–{clock(of.ends)}"


def is_whole(of: AvailabilityException) -> bool:
    """True for what takes the whole day."""
    return (of.begins, of.ends) == (0, DAY)


def differs(of: AvailabilityException) -> str:
    """What is otherwise on a day."""
    if of.type_id is not None:
        return str(_("Extra time, %(span)s", span=span(of)))
    return str(_("Day off")) if is_whole(of) else str(_("Away, %(span)s", span=span(of)))


def day(date: dt.date) -> str:
    """A date as formatting writes it."""
    return formatting.day(date)


def weekday(date: dt.date) -> str:
    """A day as people plan by it."""
    return formatting.weekday(date)


def starting(date: dt.date) -> str:
    """A calendar as a list names it."""
    return str(_("From %(day)s", day=day(date)))


def schedule_of(worker: Worker, found: Affected) -> str:
    """The day of the first of what is booked in the schedule."""
    return schedule_on(worker, staff_hours.day_of(found.first)) if found.first is not None else ""


def schedule_on(worker: Worker, date: dt.date) -> str:
    """A day in the schedule of a worker; empty for who may not look at that of others."""
    is_own = worker.id == g.viewer.worker.id
    if not is_own and not g.viewer.may("manage_schedule_of_others"):
        return ""
    return url_for("admin.schedule", view="day", date=date.isoformat(), worker=None if is_own else worker.public_id)
