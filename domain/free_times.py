"""Free times: which can be asked for, and why the others cannot.  One engine offers, and the same accepts (spec 03, Requesting).

Nothing here reads a table or a clock: a ``Timetable`` holds all that is known of a worker's days and of who asks.  A day goes through
the rules in the order of ``REASONS``; the one that leaves nothing of it is the reason that is told.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

REASONS = ("past", "horizon", "holiday", "hours", "short", "away", "notice", "taken", "own")
_MINUTE = dt.timedelta(minutes=1)
_DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Hours:
    """From when to when somebody is there on one day, by the clock of a place; ``site`` is whatever the caller calls it."""

    begins: dt.time
    ends: dt.time  # later than ``begins``; midnight is the end of the day
    site: Any
    zone: str


class Span(NamedTuple):
    """A stretch of time in UTC; of a worker there are hundreds."""

    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be asked for, in UTC, and where."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    site: Any
    zone: str


@dataclasses.dataclass(frozen=True, slots=True)
class Away:
    """A day, or a part of it by the clock of a place, on which somebody is not there."""

    begins: dt.time
    ends: dt.time
    zone: str


@dataclasses.dataclass(frozen=True, slots=True)
class Plans:
    """What is laid down for one day: its hours, extra time among them, and what is taken out of them."""

    hours: Sequence[Hours] = ()
    away: Sequence[Away] = ()
    is_holiday: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Day:
    """The free times of a day in order; without any, ``reason`` is one of ``REASONS``."""

    date: dt.date
    slots: tuple[Slot, ...]
    reason: str


@dataclasses.dataclass(frozen=True)
class Timetable:
    """All that decides about the free times of one worker for one client.

    ``plans`` says what is laid down for a date.  ``taken`` are the worker's events, ``own`` those of everybody who would come.  ``zone``
    is the one in which today is today.
    """

    plans: dict[dt.date, Plans]
    taken: Sequence[Span]
    own: Sequence[Span]
    minutes: int
    step: int
    buffer: int
    notice: dt.timedelta
    now: dt.datetime
    days_ahead: int
    zone: str

    def __post_init__(self) -> None:
        """Raises ValueError for slots of no length, or one upon the other without end."""
        if self.minutes < 1 or self.step < 1:
            raise ValueError(f"slots of {self.minutes} minutes every {self.step}")

    @cached_property
    def _taken(self) -> _Busy:
        return _Busy(self.taken, self.buffer * _MINUTE)

    @cached_property
    def _own(self) -> _Busy:
        return _Busy(self.own, dt.timedelta())

    @property
    def today(self) -> dt.date:
        """The day that it is."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def last_day(self) -> dt.date:
        """The last day that can be asked for, the whole of it."""
        return self.today + self.days_ahead * _DAY

    def day(self, date: dt.date) -> Day:
        """What is free on a date, or why nothing is."""
        plans = self.plans.get(date, Plans())
        if date < self.today:
            return Day(date, (), "past")
        if date > self.last_day:
            return Day(date, (), "horizon")
        if plans.is_holiday:
            return Day(date, (), "holiday")
        if not plans.hours:
            return Day(date, (), "hours")
        reason, slots = "short", tuple(self._cut(date, plans.hours))
        for name, refused in self._rules(date, plans):
            if slots:
                reason, slots = name, tuple(slot for slot in slots if not refused(slot))
        return Day(date, slots, "" if slots else reason)

    def days(self, first: dt.date, number: int) -> list[Day]:
        """So many days from one on."""
        return [self.day(first + count * _DAY) for count in range(number)]

    def next_free(self, after: dt.date) -> Slot | None:
        """The first free time on a later day than this; None when there is none within the horizon."""
        date = max(after + _DAY, self.today)
        while date <= self.last_day:
            if slots := self.day(date).slots:
                return slots[0]
            date += _DAY
        return None

    def soonest(self, most: int) -> list[Slot]:
        """The first free times, at most so many."""
        found: list[Slot] = []
        date = self.today
        while date <= self.last_day and len(found) < most:
            found += self.day(date).slots
            date += _DAY
        return found[:most]

    def refusal(self, slot: Slot) -> str:
        """Why a time cannot be asked for, one of ``REASONS``; empty for one that is offered."""
        date = slot.starts_at.astimezone(ZoneInfo(slot.zone)).date()
        return self._refusal(slot, date, is_cut=slot in self._cut(date, self.plans.get(date, Plans()).hours))

    def _refusal(self, slot: Slot, date: dt.date, *, is_cut: bool) -> str:
        plans = self.plans.get(date, Plans())
        if date > self.last_day:
            return "horizon"
        if date < self.today or (slot.starts_at < self.now and not plans.is_holiday and plans.hours):
            return "past"
        if plans.is_holiday:
            return "holiday"
        if not is_cut:
            return "hours"
        return next((name for name, refused in self._rules(date, plans) if refused(slot)), "")

    def at(self, starts_at: dt.datetime) -> tuple[Slot | None, str]:
        """The slot that begins at a moment, or None where there never is one; and why it cannot be asked for, as ``refusal``."""
        zones = {each.zone for plans in self.plans.values() for each in plans.hours} | {self.zone}
        for date in sorted({starts_at.astimezone(ZoneInfo(zone)).date() for zone in zones}):
            for slot in self._cut(date, self.plans.get(date, Plans()).hours):
                if slot.starts_at == starts_at:
                    return slot, self._refusal(slot, date, is_cut=True)
        never = Slot(starts_at, starts_at + self.minutes * _MINUTE, None, self.zone)
        return None, self.refusal(never) or "hours"

    def _rules(self, date: dt.date, plans: Plans) -> Iterator[tuple[str, Any]]:
        away = [_span(date, each.begins, each.ends, each.zone, fold=1) for each in plans.away]
        earliest = self.now + self.notice
        yield "away", lambda slot: any(_overlap(slot, span) for span in away)
        yield "notice", lambda slot: slot.starts_at < earliest
        yield "taken", self._taken.meets
        yield "own", self._own.meets

    def _cut(self, date: dt.date, hours: Iterable[Hours]) -> list[Slot]:
        """The hours of a day, cut into slots every ``step`` minutes of the clock on the wall.  What the change of the clocks leaves
        out is none, and what it doubles is one: the first of the two."""
        found: dict[dt.datetime, Slot] = {}
        length = self.minutes * _MINUTE
        for each in hours:
            if (ahead := _steady(date, each.zone)) is not None:
                for slot in self._cut_of_a_steady_day(date, each, ahead):
                    found.setdefault(slot.starts_at, slot)
                continue
            last = _span(date, each.begins, each.ends, each.zone).ends_at
            minute = each.begins.hour * 60 + each.begins.minute
            while minute < 1440:
                starts_at = _moment(date, dt.time(*divmod(minute, 60)), each.zone)
                minute += self.step
                if starts_at is None:
                    continue
                if starts_at + length > last:
                    break
                found.setdefault(starts_at, Slot(starts_at, starts_at + length, each.site, each.zone))
        return [found[start] for start in sorted(found)]

    def _cut_of_a_steady_day(self, date: dt.date, hours: Hours, ahead: dt.timedelta) -> Iterator[Slot]:
        """The same by counting minutes, on a day on which nobody changes the clock."""
        midnight = dt.datetime.combine(date, dt.time(), dt.UTC) - ahead
        minute, end = hours.begins.hour * 60 + hours.begins.minute, hours.ends.hour * 60 + hours.ends.minute or 1440
        length = self.minutes * _MINUTE
        while minute + self.minutes <= end:
            starts_at = midnight + minute * _MINUTE
            yield Slot(starts_at, starts_at + length, hours.site, hours.zone)
            minute += self.step


@lru_cache(maxsize=4000)
def _steady(date: dt.date, zone: str) -> dt.timedelta | None:
    """How far a zone is ahead of UTC on the whole of a day and at its edges; None where that changes."""
    edges = [dt.datetime.combine(day, dt.time(), ZoneInfo(zone)) for day in (date, date + _DAY)]
    found = {edge.replace(fold=fold).utcoffset() for edge in edges for fold in (0, 1)}
    return found.pop() if len(found) == 1 else None


def _moment(date: dt.date, time: dt.time, zone: str) -> dt.datetime | None:
    """The moment at which the clock in a zone shows this, of two the first but for ``fold``; None for what it leaves out."""
    there = dt.datetime.combine(date, time, ZoneInfo(zone))
    at = there.astimezone(dt.UTC)
    return at if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == there.replace(tzinfo=None) else None


def _span(date: dt.date, begins: dt.time, ends: dt.time, zone: str, *, fold: int = 0) -> Span:
    """From one time of the clock to another; midnight as an end is that of the day.  ``fold`` says which of two is the end where the
    clock shows it twice."""
    is_whole = ends == dt.time()
    return Span(_edge(date, begins, zone), _edge(date + _DAY, ends, zone) if is_whole else _edge(date, ends.replace(fold=fold), zone))


def _edge(date: dt.date, time: dt.time, zone: str) -> dt.datetime:
    """The moment from which on the clock shows this or more; where it leaves this out, the moment at which it is put forward."""
    wall = dt.datetime.combine(date, time)
    while (at := _moment(wall.date(), wall.time(), zone)) is None:
        wall -= _MINUTE
    return at if wall == dt.datetime.combine(date, time) else at + _MINUTE


def _overlap(slot: Slot, span: Span) -> bool:
    """True when they have a moment in common; a span within an hour that the clock leaves out has none."""
    return span.starts_at < span.ends_at and slot.starts_at < span.ends_at and slot.ends_at > span.starts_at


class _Busy:
    """Stretches of time with some room around each, in order and grown together where they meet, so that one look is enough."""

    def __init__(self, spans: Iterable[Span], room: dt.timedelta) -> None:
        self._starts: list[dt.datetime] = []
        self._ends: list[dt.datetime] = []
        real = (span for span in spans if span.starts_at < span.ends_at)
        for begins, ends in sorted([(span.starts_at - room, span.ends_at + room) for span in real] if room else real):
            if self._ends and begins <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], ends)
            else:
                self._starts.append(begins)
                self._ends.append(ends)

    def meets(self, slot: Slot) -> bool:
        """True when one of them and a slot have a moment in common."""
        at = bisect_right(self._ends, slot.starts_at)  # the first that is not over when it begins
        return at < len(self._starts) and self._starts[at] < slot.ends_at
