"""A worker's hours as staff type them and ask about them: times of day, several days of the week at once, and what stays booked when
time is taken away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from domain import agency, availability, clock, event_rows, sites, store, wall_clock
from domain.actor import Actor
from domain.availability import DAY, Affected
from domain.rules import N_, RuleBroken
from models import (
    TAKES_TIME,
    AvailabilityCalendar,
    AvailabilityException,
    AvailabilityRow,
    AvailabilityType,
    Event,
    Site,
    Worker,
)

_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)


# ---------------------------------------------------------------- what is typed


def minute(typed: str, field: str, *, is_end: bool = False) -> int:
    """A time of day in minutes since midnight; 0:00 and 24:00 as an end are the end of the day.  Raises RuleBroken (field ``field``)."""
    text = typed.strip()
    if is_end and text in ("24", "24:00", "2400"):
        return DAY
    try:
        time = wall_clock.time_typed(text)
    except RuleBroken as wrong:
        raise RuleBroken(wrong.message, code=wrong.code, field=field) from None
    return (time.hour * 60 + time.minute) or (DAY if is_end else 0)


def check_day(date: dt.date | None, field: str = "date", *, may_be_over: bool = False) -> None:
    """Raises RuleBroken ``over`` for a day that is, unless it ``may_be_over``, and ``far`` for one of years ahead or long ago."""
    today = agency.today()
    if date is None:
        return  # the field says so
    if date < today and not may_be_over:
        raise RuleBroken(N_("This day is over. Enter one from today on."), code="over", field=field)
    last = today.year + wall_clock.YEARS_AHEAD
    if not wall_clock.FIRST_YEAR <= date.year <= last:
        raise RuleBroken(wall_clock.far(0, 0).message, code="far", field=field, first=wall_clock.FIRST_YEAR, last=last)


def add_rows(
    calendar: AvailabilityCalendar, weekdays: Iterable[int], begins: int, ends: int, kind: AvailabilityType, site: Site, by: Actor
) -> None:
    """The same stretch on several days of the week, or on none of them.  Raises RuleBroken as ``availability.add_row``."""
    with store.writing():
        for weekday in weekdays:
            availability.add_row(calendar, weekday, begins, ends, kind, site, by)


# ---------------------------------------------------------------- what is taken away, and what stays booked in it


def uses(kind: AvailabilityType) -> tuple[int, int]:
    """How often weeks and days have a kind of time."""
    rows, days = (table.select().where(table.type == kind.id).count() for table in (AvailabilityRow, AvailabilityException))
    return rows, days


def booked_on(worker: Worker, date: dt.date, begins: int, ends: int, site: Site | None = None) -> Affected:
    """What is booked with a worker in a part of a day, by the clock of a site; without one by that of each at which they are then."""
    zones = {site.time_zone} if site is not None else _zones(worker, date)
    first, last = _bounds(date, begins, ends, zones)
    return availability.affected(worker, first, last)


def booked_on_holiday(date: dt.date) -> Affected:
    """What is booked with anybody on a day, wherever it is that day."""
    first, last = _bounds(date, 0, DAY, {site.time_zone for site in sites.in_mind()} or {agency.zone().key})
    days = {site.id: wall_clock.bounds(date, 1, site.time_zone)[0] for site in sites.in_mind()}
    found = [
        event for event in _ahead().where(Event.starts_at > first - event_rows.LONGEST, Event.starts_at < last)
        if event.starts_at < days[event.site_id][1] and event.ends_at > days[event.site_id][0]
    ]  # fmt: skip
    return _first_of(found)


def booked_in_row(row: AvailabilityRow) -> Affected:
    """What is booked with a worker in a stretch of their weeks, as long as its calendar counts."""
    return _booked_in(row.calendar, [row])


def booked_in_calendar(calendar: AvailabilityCalendar) -> Affected:
    """The same of all its stretches."""
    return _booked_in(calendar, availability.rows_of(calendar))


def check_free(found: Affected) -> None:
    """A warning (field ``anyway``), for who takes time away in which something is booked.  Raises RuleBroken ``booked``."""
    if found.events:
        raise RuleBroken(
            N_("One appointment is booked then, and stays booked. Look at it, and tick the box to go on."),
            plural=N_("%(count)s appointments are booked then, and stay booked. Look at them, and tick the box to go on."),
            count=found.events, code="booked", field="anyway",
        )  # fmt: skip


def day_of(event: Event) -> dt.date:
    """The day of an event where it takes place."""
    site = sites.numbered(event.site_id)
    return wall_clock.day_of(event.starts_at, site.time_zone if site else agency.zone().key)


def _ahead() -> Any:
    return Event.select().where(Event.state.in_(TAKES_TIME), Event.ends_at > clock.now()).order_by(Event.starts_at, Event.id)


def _first_of(found: Sequence[Event]) -> Affected:
    return Affected(len(found), found[0] if found else None)


def _booked_in(calendar: AvailabilityCalendar, rows: Sequence[AvailabilityRow]) -> Affected:
    until = _counts_until(calendar)
    theirs = _ahead().where(Event.worker == calendar.worker_id)
    return _first_of([event for event in theirs if any(_is_in(event, row, calendar.starts_on, until) for row in rows)])


def _counts_until(calendar: AvailabilityCalendar) -> dt.date:
    """The day on which the next one starts."""
    later = AvailabilityCalendar.select(AvailabilityCalendar.starts_on).where(
        AvailabilityCalendar.worker == calendar.worker_id, AvailabilityCalendar.starts_on > calendar.starts_on
    )  # fmt: skip
    following = later.order_by(AvailabilityCalendar.starts_on).first()
    return following.starts_on if following else dt.date.max


def _is_in(event: Event, row: AvailabilityRow, since: dt.date, until: dt.date) -> bool:
    """True when an event has a moment in a stretch, by the clock of its site."""
    zone = ZoneInfo(row.site.time_zone)
    starts, ends = (at.astimezone(zone).replace(tzinfo=None) for at in (event.starts_at, event.ends_at))
    for day in {starts.date(), ends.date()}:
        midnight = dt.datetime.combine(day, dt.time())
        is_then = starts < midnight + row.ends * _MINUTE and ends > midnight + row.begins * _MINUTE
        if is_then and day.weekday() == row.weekday and since <= day < until:
            return True
    return False


def _zones(worker: Worker, date: dt.date) -> set[str]:
    calendar = availability.in_force(worker, date)
    week = [row for row in availability.rows_of(calendar) if row.weekday == date.weekday()] if calendar is not None else []
    extra = [each for each in availability.exceptions_of(worker, date) if each.date == date and each.site_id]
    return {each.site.time_zone for each in (*week, *extra)} or {agency.zone().key}


def _bounds(date: dt.date, begins: int, ends: int, zones: Iterable[str]) -> tuple[dt.datetime, dt.datetime]:
    """The first moment and the last, wherever it is that day; the hour that is left out or doubled is within them."""
    edges = [tuple(_moment(date, at, zone) for at in (begins, ends)) for zone in zones]
    return min(first for first, _ in edges), max(last for _, last in edges)


def _moment(date: dt.date, at: int, zone: str) -> dt.datetime:
    day = date + _DAY if at == DAY else date
    return dt.datetime.combine(day, dt.time(*divmod(at % DAY, 60)), ZoneInfo(zone)).astimezone(dt.UTC)
