"""When workers are there: kinds of time, their weeks, days that differ, and the agency's holidays (spec 03, Availability).

Times of day are minutes since midnight by the clock of a site.  What a worker's day looks like comes from the calendar that started
last; requesting reads it as ``plans``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from peewee import IntegrityError

from domain import audit, clock, event_rows, statements, store
from domain.actor import Actor
from domain.availability_types import COLOURS as COLOURS
from domain.availability_types import add_type as add_type
from domain.availability_types import change_type as change_type
from domain.availability_types import client_facing as client_facing
from domain.availability_types import face_clients as face_clients
from domain.availability_types import find_type as find_type
from domain.availability_types import named
from domain.availability_types import remove_type as remove_type
from domain.availability_types import types as types
from domain.free_times import Away, Hours, Plans
from domain.rules import N_, STALE, NotFound, RuleBroken
from models import (
    TAKES_TIME,
    AvailabilityCalendar,
    AvailabilityException,
    AvailabilityRow,
    AvailabilityType,
    Event,
    Holiday,
    Site,
    Worker,
)

DAY = 24 * 60
WEEKDAYS = range(7)  # Monday is 0
MOST_DAYS = 400  # looked at in one question


# ---------------------------------------------------------------- weeks


def calendars_of(worker: Worker) -> list[AvailabilityCalendar]:
    """A worker's calendars, the one that starts last first."""
    mine = AvailabilityCalendar.select().where(AvailabilityCalendar.worker == worker)
    return list(mine.order_by(AvailabilityCalendar.starts_on.desc()))


def in_force(worker: Worker, date: dt.date) -> AvailabilityCalendar | None:
    """The calendar of a day: of those that have started the latest."""
    mine = AvailabilityCalendar.select().where(AvailabilityCalendar.worker == worker, AvailabilityCalendar.starts_on <= date)
    found: AvailabilityCalendar | None = mine.order_by(AvailabilityCalendar.starts_on.desc()).first()
    return found


def find_calendar(worker: Worker, public_id: str) -> AvailabilityCalendar:
    """One of a worker's calendars.  Raises NotFound."""
    return _of(AvailabilityCalendar, worker, public_id)


def rows_of(calendar: AvailabilityCalendar) -> list[AvailabilityRow]:
    """A week, from Monday on."""
    found = AvailabilityRow.select(AvailabilityRow, AvailabilityType, Site).join(AvailabilityType).switch(AvailabilityRow).join(Site)
    mine = found.where(AvailabilityRow.calendar == calendar)
    return list(mine.order_by(AvailabilityRow.weekday, AvailabilityRow.begins, AvailabilityRow.id))


def add_calendar(worker: Worker, starts_on: dt.date, by: Actor, *, like: AvailabilityCalendar | None = None) -> AvailabilityCalendar:
    """A calendar that starts on a day, blank or ``like`` another one of the worker's.  Raises RuleBroken ``exists`` (field
    ``starts_on``), ``left``."""
    with store.writing():
        _hold_who_is_here(worker)
        try:
            with store.writing():
                calendar = AvailabilityCalendar.create(worker=worker, starts_on=starts_on, created_at=clock.now())
        except IntegrityError:
            raise RuleBroken(N_("A calendar starts on this day already. Change that one."), code="exists", field="starts_on") from None
        copied = rows_of(like) if like is not None else []
        for row in copied:
            AvailabilityRow.create(calendar=calendar, weekday=row.weekday, begins=row.begins, ends=row.ends, type=row.type, site=row.site)
        _note(worker, by, "calendar", after={"starts_on": starts_on.isoformat(), "rows": len(copied)})
    return calendar  # type: ignore[no-any-return]


def remove_calendar(calendar: AvailabilityCalendar, by: Actor) -> None:
    """A calendar with its rows; the one before it counts again.  Twice is harmless."""
    with store.writing():
        _hold(calendar.worker)
        rows = AvailabilityRow.select().where(AvailabilityRow.calendar == calendar.id).count()
        if AvailabilityCalendar.delete().where(AvailabilityCalendar.id == calendar.id).execute():
            _note(calendar.worker, by, "calendar", before={"starts_on": calendar.starts_on.isoformat(), "rows": rows})


def add_row(
    calendar: AvailabilityCalendar, weekday: int, begins: int, ends: int, kind: AvailabilityType, site: Site, by: Actor
) -> AvailabilityRow:
    """A stretch of each week.  Raises RuleBroken: ``backwards`` for one that ends before it begins or goes past midnight,
    ``elsewhere`` for one that overlaps a stretch at another site, ``closed_site``, ``exists``, ``left``, ``stale`` for a calendar or a
    kind that is gone."""
    if weekday not in WEEKDAYS:
        raise RuleBroken(N_("Choose a day of the week."), code="missing", field="weekday")
    _check_times(begins, ends)
    _check_site(site)
    with store.writing():
        _hold_who_is_here(calendar.worker)
        if not AvailabilityCalendar.select().where(AvailabilityCalendar.id == calendar.id).exists():
            raise RuleBroken(STALE, code="stale")
        _keep_kind(kind)
        week = rows_of(calendar)
        _check_elsewhere([(row, _apart(row.weekday, weekday)) for row in week], begins, ends, site, _a_year_of(weekday))
        then = [row for row in week if row.weekday == weekday]
        _check_new((begins, ends, kind.id), [(row.begins, row.ends, row.type_id) for row in then])
        row = AvailabilityRow.create(calendar=calendar, weekday=weekday, begins=begins, ends=ends, type=kind, site=site)
        _note(calendar.worker, by, "row", after=_row_told(row))
    return row  # type: ignore[no-any-return]


def remove_row(row: AvailabilityRow, by: Actor) -> None:
    """A stretch less.  Twice is harmless."""
    worker = row.calendar.worker
    with store.writing():
        _hold(worker)
        if AvailabilityRow.delete().where(AvailabilityRow.id == row.id).execute():
            _note(worker, by, "row", before=_row_told(row))


def find_row(worker: Worker, public_id: str) -> AvailabilityRow:
    """A stretch of one of a worker's calendars.  Raises NotFound."""
    found = AvailabilityRow.select(AvailabilityRow, AvailabilityCalendar).join(AvailabilityCalendar)
    row: AvailabilityRow | None = found.where(AvailabilityRow.public_id == public_id, AvailabilityCalendar.worker == worker).first()
    if row is None:
        raise NotFound
    return row


def _row_told(row: AvailabilityRow) -> dict[str, Any]:
    return {"weekday": row.weekday, "begins": row.begins, "ends": row.ends, "type": row.type_id, "site": row.site_id}


def _check_times(begins: int, ends: int) -> None:
    if not (0 <= begins < DAY and begins < ends <= DAY):
        raise RuleBroken(N_("The end must be later than the start, and at midnight at the latest."), code="backwards", field="ends")


def _check_site(site: Site) -> None:
    if not site.is_in_use:
        raise RuleBroken(N_("Nobody is seen at this site any more. Choose another one."), code="closed_site", field="site")


def _check_elsewhere(
    there: Iterable[tuple[AvailabilityRow | AvailabilityException, int]], begins: int, ends: int, site: Site, dates: Sequence[dt.date]
) -> None:
    """``there`` are stretches, each with how many days it is after the new one, which is on these dates."""
    for each, days in there:
        if each.site_id != site.id and _meet((each.begins, each.ends, each.site.time_zone), days, (begins, ends, site.time_zone), dates):
            raise RuleBroken(
                N_("Nobody is at two sites at once: at this time it says %(site)s."), code="elsewhere", field="site", site=each.site.name
            )


def _meet(one: tuple[int, int, str], days: int, other: tuple[int, int, str], dates: Sequence[dt.date]) -> bool:
    """True when two stretches, the first ``days`` after the other, share a moment on one of these dates of the other.  By clocks of
    two zones that is different from date to date."""
    if one[2] == other[2]:
        return days == 0 and one[0] < other[1] and one[1] > other[0]
    for date in dates if abs(days) <= 1 else ():
        (first, last), (begins, ends) = _moments(date + dt.timedelta(days=days), *one), _moments(date, *other)
        if first < ends and last > begins:
            return True
    return False


def _moments(date: dt.date, begins: int, ends: int, zone: str) -> tuple[dt.datetime, dt.datetime]:
    midnight = dt.datetime.combine(date, dt.time(), ZoneInfo(zone))
    first, last = (midnight + dt.timedelta(minutes=minute) for minute in (begins, ends))  # as the clock on the wall counts
    return first.astimezone(dt.UTC), last.astimezone(dt.UTC)


def _apart(weekday: int, other: int) -> int:
    """How many days the one is after the other, from -3 to 3."""
    return (weekday - other + 3) % 7 - 3


def _a_year_of(weekday: int) -> list[dt.date]:
    """The dates of a day of the week for a year from now on, so that each change of the clocks is among them."""
    today = clock.today("UTC")
    first = today + dt.timedelta(days=(weekday - today.weekday()) % 7)
    return [first + dt.timedelta(days=7 * number) for number in range(53)]


def _check_new(this: tuple[int, ...], there: Iterable[tuple[int, ...]]) -> None:
    if this in there:
        raise RuleBroken(N_("This is there already."), code="exists", field="begins")


# ---------------------------------------------------------------- days that differ


def exceptions_of(worker: Worker, since: dt.date) -> list[AvailabilityException]:
    """The days of a worker that differ from the week, from a day on."""
    found = AvailabilityException.select(AvailabilityException, AvailabilityType, Site).left_outer_join(AvailabilityType)
    every = found.switch(AvailabilityException).left_outer_join(Site)
    mine = every.where(AvailabilityException.worker == worker, AvailabilityException.date >= since)
    return list(mine.order_by(AvailabilityException.date, AvailabilityException.begins, AvailabilityException.id))


def find_exception(worker: Worker, public_id: str) -> AvailabilityException:
    """One of them.  Raises NotFound."""
    return _of(AvailabilityException, worker, public_id)


def be_away(worker: Worker, date: dt.date, by: Actor, *, begins: int = 0, ends: int = DAY) -> AvailabilityException:
    """A day off, or a part of one.  Raises RuleBroken: ``backwards``, ``exists``, ``left``.  What is booked then stays;
    ``affected`` tells of it."""
    _check_times(begins, ends)
    with store.writing():
        _hold_who_is_here(worker)
        there = [(each.begins, each.ends) for each in exceptions_of(worker, date) if each.date == date and each.type_id is None]
        _check_new((begins, ends), there)
        made = AvailabilityException.create(worker=worker, date=date, begins=begins, ends=ends, created_at=clock.now())
        _note(worker, by, "away", after=_exception_told(made))
    return made  # type: ignore[no-any-return]


def be_there(worker: Worker, date: dt.date, begins: int, ends: int, kind: AvailabilityType, site: Site, by: Actor) -> AvailabilityException:
    """Time on top of the week's.  Raises RuleBroken: ``backwards``, ``closed_site``, ``exists``, ``left``, ``stale`` for a
    kind that is gone, ``elsewhere`` where the week or other time on top of it says another site."""
    _check_times(begins, ends)
    _check_site(site)
    with store.writing():
        _hold_who_is_here(worker)
        _keep_kind(kind)
        extra = [each for each in exceptions_of(worker, date) if each.date == date and each.site_id]
        _check_new((begins, ends, kind.id), [(each.begins, each.ends, each.type_id) for each in extra])
        _check_elsewhere(list(_around(worker, date)), begins, ends, site, [date])
        made = AvailabilityException.create(
            worker=worker, date=date, begins=begins, ends=ends, type=kind, site=site, created_at=clock.now()
        )
        _note(worker, by, "extra", after=_exception_told(made))
    return made  # type: ignore[no-any-return]


def _around(worker: Worker, date: dt.date) -> Iterator[tuple[AvailabilityRow | AvailabilityException, int]]:
    """What a worker's week and time on top of it say of the days around a date, each with how many days after it that is."""
    extra = [each for each in exceptions_of(worker, date - dt.timedelta(days=1)) if each.site_id]
    for days in (-1, 0, 1):
        then = date + dt.timedelta(days=days)
        calendar = in_force(worker, then)
        week = [row for row in rows_of(calendar) if row.weekday == then.weekday()] if calendar is not None else []
        yield from ((each, days) for each in (*week, *(each for each in extra if each.date == then)))


def remove_exception(exception: AvailabilityException, by: Actor) -> None:
    """The day is as the week says.  Twice is harmless."""
    with store.writing():
        _hold(exception.worker)
        if AvailabilityException.delete().where(AvailabilityException.id == exception.id).execute():
            _note(exception.worker, by, "extra" if exception.site_id else "away", before=_exception_told(exception))


def _exception_told(exception: AvailabilityException) -> dict[str, Any]:
    return {"date": exception.date.isoformat(), "begins": exception.begins, "ends": exception.ends, "type": exception.type_id,
            "site": exception.site_id}  # fmt: skip


# ---------------------------------------------------------------- holidays


def holidays(since: dt.date) -> list[Holiday]:
    """The days on which nobody works, from a day on."""
    return list(Holiday.select().where(Holiday.date >= since).order_by(Holiday.date))


def find_holiday(public_id: str) -> Holiday:
    """One of them.  Raises NotFound."""
    found: Holiday | None = Holiday.get_or_none(Holiday.public_id == public_id)
    if found is None:
        raise NotFound
    return found


def add_holiday(date: dt.date, name: str, by: Actor) -> Holiday:
    """A day on which nobody works.  Raises RuleBroken: ``exists`` (field ``date``), and for the name."""
    called = named(name, 80)
    with store.writing():
        try:
            with store.writing():
                made = Holiday.create(date=date, name=called, created_at=clock.now())
        except IntegrityError:
            raise RuleBroken(N_("This day is a holiday already."), code="exists", field="date") from None
        audit.record("holiday.changed", by, subject=f"holiday {made.id}", before=None, after={"date": date.isoformat(), "name": called})
    return made  # type: ignore[no-any-return]


def remove_holiday(holiday: Holiday, by: Actor) -> None:
    """It is a day like any other.  Twice is harmless."""
    with store.writing():
        if Holiday.delete().where(Holiday.id == holiday.id).execute():
            before = {"date": holiday.date.isoformat(), "name": holiday.name}
            audit.record("holiday.changed", by, subject=f"holiday {holiday.id}", before=before, after=None)


# ---------------------------------------------------------------- what it comes to


def plans(worker: Worker, first: dt.date, days: int, kind: AvailabilityType | None) -> dict[dt.date, Plans]:
    """What is laid down for each of so many days of a worker, in one kind of time; nothing without a kind."""
    dates = [first + dt.timedelta(days=number) for number in range(min(days, MOST_DAYS))]
    if kind is None or not dates:
        return {}
    weeks = _weeks(worker, dates[-1], kind)
    closed = store.keep("holidays", _holidays)
    differs: dict[dt.date, list[AvailabilityException]] = {}
    for each in _DIFFERS.all(worker.id, dates[0], dates[-1]):
        differs.setdefault(each.date, []).append(each)
    usual: dict[tuple[int, int], Plans] = {}  # most days are as their week says
    found: dict[dt.date, Plans] = {}
    for date in dates:
        week = _in_force(weeks, date)
        if date in differs or date in closed:
            found[date] = _plans_of(date, week, differs.get(date, []), kind, is_holiday=date in closed)
            continue
        same = id(week), date.weekday()
        if same not in usual:
            usual[same] = _plans_of(date, week, (), kind, is_holiday=False)
        found[date] = usual[same]
    return found


def _differs_of(worker: Any, first: Any, last: Any) -> Any:
    found = AvailabilityException.select(AvailabilityException, Site).left_outer_join(Site)
    return found.where(AvailabilityException.worker == worker, AvailabilityException.date >= first, AvailabilityException.date <= last)


_DIFFERS = statements.Listing(_differs_of)


def _holidays() -> frozenset[dt.date]:
    return frozenset(date for (date,) in Holiday.select(Holiday.date).tuples())


class _Stretch(NamedTuple):
    """What a row says, as far as free times need it."""

    weekday: int
    begins: int
    ends: int
    site: int
    zone: str


def _weeks(worker: Worker, until: dt.date, kind: AvailabilityType) -> list[tuple[dt.date, list[_Stretch]]]:
    """The calendars that have started by a day, the latest first, each with its stretches of a kind at sites in use."""
    weeks: dict[dt.date, list[_Stretch]] = {}
    for starts_on, is_in_use, *stretch in _WEEKS.all(kind.id, worker.id, until):
        found = weeks.setdefault(starts_on, [])
        if is_in_use:
            found.append(_Stretch(*stretch))
    return list(weeks.items())


def _weeks_of(kind: Any, worker: Any, until: Any) -> Any:
    """Calendars, each once for each of its rows, or once for none."""
    its = (AvailabilityRow.calendar == AvailabilityCalendar.id) & (AvailabilityRow.type == kind)
    row = AvailabilityRow.weekday, AvailabilityRow.begins, AvailabilityRow.ends, AvailabilityRow.site, Site.time_zone
    every = AvailabilityCalendar.select(AvailabilityCalendar.starts_on, Site.is_in_use, *row)
    every = every.left_outer_join(AvailabilityRow, on=its, attr="row").left_outer_join(Site)
    mine = every.where(AvailabilityCalendar.worker == worker, AvailabilityCalendar.starts_on <= until)
    order = AvailabilityCalendar.starts_on.desc(), AvailabilityRow.weekday, AvailabilityRow.begins, AvailabilityRow.id
    return mine.order_by(*order).tuples()


_WEEKS = statements.Listing(_weeks_of)


def _in_force(weeks: Sequence[tuple[dt.date, list[_Stretch]]], date: dt.date) -> list[_Stretch]:
    return next((rows for starts_on, rows in weeks if starts_on <= date), _NO_WEEK)


_NO_WEEK: list[_Stretch] = []


def _plans_of(
    date: dt.date, week: Iterable[_Stretch], differs: Sequence[AvailabilityException], kind: AvailabilityType, *, is_holiday: bool
) -> Plans:
    hours = [Hours(_time(row.begins), _time(row.ends), row.site, row.zone) for row in week if row.weekday == date.weekday()]
    extra = [each for each in differs if each.type_id == kind.id and each.site.is_in_use]
    hours += [Hours(_time(each.begins), _time(each.ends), each.site_id, each.site.time_zone) for each in extra]
    zones = {each.zone for each in hours}
    away = [Away(_time(each.begins), _time(each.ends), zone) for each in differs if each.type_id is None for zone in sorted(zones)]
    return Plans(tuple(hours), tuple(away), is_holiday)


def _time(minute: int) -> dt.time:
    return dt.time(*divmod(minute % DAY, 60))


@dataclasses.dataclass(frozen=True)
class Affected:
    """What stays booked although its time is taken away."""

    events: int
    first: Event | None


def affected(worker: Worker, first: dt.datetime, last: dt.datetime) -> Affected:
    """A worker's events between two moments that are not over: they stay, and whoever takes the time away is told of them."""
    now = clock.now()
    found = Event.select().where(
        Event.worker == worker, Event.state.in_(TAKES_TIME), Event.starts_at > first - event_rows.LONGEST, Event.starts_at < last,
        Event.ends_at > max(first, now),
    )  # fmt: skip
    return Affected(found.count(), found.order_by(Event.starts_at, Event.id).first())


# ---------------------------------------------------------------- shared


def _of(table: Any, worker: Worker, public_id: str) -> Any:
    found = table.get_or_none(table.public_id == public_id, table.worker == worker)
    if found is None:
        raise NotFound
    return found


def _hold(worker: Worker) -> None:
    """Whoever changes a worker's time is behind whoever books in it, or before them."""
    store.hold(worker)


def _hold_who_is_here(worker: Worker) -> None:
    _hold(worker)
    if not Worker.select().where(Worker.id == worker.id, Worker.is_active).exists():
        raise RuleBroken(N_("This person has left already."), code="left")


def _keep_kind(kind: AvailabilityType) -> None:
    """Nobody removes it until the transaction ends."""
    if store.lock(AvailabilityType.select(AvailabilityType.id).where(AvailabilityType.id == kind.id)).first() is None:
        raise RuleBroken(STALE, code="stale")


def _note(worker: Worker, by: Actor, what: str, *, before: Any = None, after: Any = None) -> None:
    audit.record("availability.changed", by, subject=f"worker {worker.id}", what=what, before=before, after=after)
