"""Time as the clock on a site's wall shows it, and the moment that it means: the one place where one becomes the other."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import re
from zoneinfo import ZoneInfo

from domain import clock
from domain.rules import N_, RuleBroken

FIRST_YEAR, YEARS_AHEAD = 1970, 5
_TIME = re.compile(r"(\d{1,2})(?:\s*[:.h]\s*(\d{2})|(\d{2}))?\s*([ap])?\.?\s?m?\.?", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Moment:
    """A moment in UTC; ``is_doubled`` when the clock shows its time twice that day, and the first of the two is meant."""

    at: dt.datetime
    is_doubled: bool = False


def moment(zone: str, day: dt.date, time: dt.time, *, first_year: int = FIRST_YEAR) -> Moment:
    """The moment at which a clock in ``zone`` shows this.  Raises RuleBroken: ``no_such_time`` for what the change of the clocks
    leaves out, ``far`` for a day long ago or years ahead."""
    if not first_year <= day.year <= clock.now().year + YEARS_AHEAD:
        raise far(first_year, clock.now().year + YEARS_AHEAD)
    there = dt.datetime.combine(day, time.replace(tzinfo=None, fold=0), ZoneInfo(zone))
    at = there.astimezone(dt.UTC)
    if local(at, zone).replace(tzinfo=None) != there.replace(tzinfo=None):
        raise RuleBroken(
            N_("The clocks are put forward that day: this time does not exist. Choose an earlier or a later one."),
            code="no_such_time", field="time",
        )  # fmt: skip
    return Moment(at, there.utcoffset() != there.replace(fold=1).utcoffset())


def far(first: int, last: int) -> RuleBroken:
    """What is said of a day (field ``date``) of another year than these."""
    return RuleBroken(N_("Enter a year from %(first)s to %(last)s."), code="far", field="date", first=first, last=last)


def local(at: dt.datetime, zone: str) -> dt.datetime:
    """A moment as the clock in ``zone`` shows it."""
    return at.astimezone(ZoneInfo(zone))


def day_of(at: dt.datetime, zone: str) -> dt.date:
    """The day of a moment in ``zone``."""
    return local(at, zone).date()


def begins(day: dt.date, zone: str) -> dt.datetime:
    """The first moment of a day in ``zone``; of a day that the clocks begin at one o'clock, too."""
    return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)


def bounds(first: dt.date, days: int, zone: str) -> list[tuple[dt.datetime, dt.datetime]]:
    """The moments at which each of these days begins and ends in ``zone``; what takes place in between is on that day."""
    edges = [begins(first + dt.timedelta(days=number), zone) for number in range(days + 1)]
    return list(itertools.pairwise(edges))


def time_typed(typed: str) -> dt.time:
    """A time of day as people type it: ``14:30``, ``9``, ``0930``, ``2:30 pm``.  Raises RuleBroken (field ``time``)."""
    found = _TIME.fullmatch(typed.strip()) if len(typed) < 20 else None
    if found:
        hour, minute = int(found[1]), int(found[2] or found[3] or 0)
        half = (found[4] or "").lower()
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        elif half:
            hour = 24
        if hour < 24 and minute < 60:
            return dt.time(hour, minute)
    raise RuleBroken(N_("Enter the time, such as 14:30."), code="bad_time", field="time")
