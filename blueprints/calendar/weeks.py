"""A week of free times as a client reads it: each day with its times, or with what leaves it none."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name
from flask import abort, request

from domain import agency, offers, texts
from domain.free_times import Day, Slot, Timetable
from domain.offers import Wish
from models import Attendance, Event
from web import formatting
from web.languages import gettext as _
from web.languages import spoken

_DIGITS = 10  # of a moment: enough until the year 2286


class Time(NamedTuple):
    """A free time: how it is written, how it is read aloud, and where it is asked for; nowhere for the one that it is now."""

    text: str
    aloud: str
    href: str


class Part(NamedTuple):
    """A day, or some without a free time in a row: ``places`` are the times by where they are, ``why`` says that there are none, and
    ``next`` when the next one is."""

    title: str
    places: list[tuple[str, list[Time]]]
    why: str
    next: str


class Week:
    """The days of one week that can be looked at: none before today, and at most one after the last that can be asked for."""

    def __init__(self, wish: Wish, table: Timetable, to_week: Callable[[str], str], to_time: Callable[[Slot], str]) -> None:
        """``to_week`` and ``to_time`` say where the week of a date, and one time, are."""
        self._wish, self.table, self._to_week, self._to_time = wish, table, to_week, to_time
        self._first_free = next((slot for slot in table.soonest(2) if not self._is_now(slot)), None)
        day = self._asked()
        self._monday = day - dt.timedelta(days=day.weekday())
        self._begin = max(self._monday, table.today)
        self._end = min(self._monday + dt.timedelta(days=6), table.last_day)
        self._days = table.days(self._begin, (self._end - self._begin).days + 1)
        self.slots = [slot for each in self._days for slot in each.slots if not self._is_now(slot)]
        self._zones = {slot.zone for slot in self.slots}

    def _asked(self) -> dt.date:
        """The day that the address names, as far as it can be looked at; else the first with a free time."""
        typed = request.args.get("date", "")
        try:
            day = dt.date.fromisoformat(typed) if len(typed) == 10 else None
        except ValueError:
            day = None
        if day is None:
            day = day_of(self._first_free) if self._first_free else self.table.today
        return min(max(day, self.table.today), self.table.last_day)

    @property
    def is_hopeless(self) -> bool:
        """True where no week has a free time."""
        return self._first_free is None

    @property
    def zone(self) -> str:
        """The clock by which all of its times are, as people call it; empty where there are several."""
        return zone_name(next(iter(self._zones))) if len(self._zones) == 1 else ""

    @property
    def earlier(self) -> str:
        """Where the week before is; empty for what is over."""
        return self._to_week((self._begin - dt.timedelta(days=7)).isoformat()) if self._monday > self.table.today else ""

    @property
    def later(self) -> str:
        """Where the week after is; empty where nothing can be asked for any more."""
        following = self._monday + dt.timedelta(days=7)
        return self._to_week(following.isoformat()) if following <= self.table.last_day else ""

    @property
    def next(self) -> tuple[str, str] | None:
        """The day of the next free time after it, and where that week is."""
        slot = self.table.next_free(self._end)
        return (formatting.weekday(day_of(slot)), self._to_week(day_of(slot).isoformat())) if slot else None

    @property
    def last_day(self) -> str:
        """The last day that can be asked for."""
        return formatting.weekday(self.table.last_day)

    @property
    def parts(self) -> list[Part]:
        """Its days in order."""
        return list(self._parts(has_several=len({slot.site for slot in self.slots}) > 1))

    def _parts(self, *, has_several: bool) -> Iterator[Part]:
        for (why, _date), some in itertools.groupby(self._days, key=lambda day: (self._why(day), day.date if day.slots else None)):
            days = list(some)
            titles = [formatting.weekday(day.date) for day in (days[0], days[-1])]
            title = titles[0] if len(days) == 1 else _("%(start)s to %(end)s", start=titles[0], end=titles[1])
            following = self.table.next_free(days[-1].date) if why and self.slots else None
            told = _("Next free time: %(day)s", day=formatting.weekday(day_of(following))) if following is not None else ""
            yield Part(title, list(self._places(days[0].slots, titles[0], has_several=has_several)), why, told)

    def _why(self, day: Day) -> str:
        return "" if day.slots else texts.refusal(spoken(), offers.why(day.reason, self._wish, is_day=True))

    def _places(self, slots: Sequence[Slot], day: str, *, has_several: bool) -> Iterator[tuple[str, list[Time]]]:
        for _number, some in itertools.groupby(slots, key=lambda slot: slot.site):
            there = list(some)
            yield offers.site_of(there[0]).name if has_several else "", [self._time(slot, day) for slot in there]

    def _time(self, slot: Slot, day: str) -> Time:
        there = slot.starts_at.astimezone(ZoneInfo(slot.zone))
        whole = texts.hour(spoken(), there)
        text = formatting.clock_time(there) if len(self._zones) == 1 else whole.lstrip("،, ")
        return Time(text, day + whole, "" if self._is_now(slot) else self._to_time(slot))

    def _is_now(self, slot: Slot) -> bool:
        """True for the time that an appointment has already."""
        event = self._wish.event
        return event is not None and (event.starts_at, event.site_id) == (slot.starts_at, slot.site)


def zone_name(zone: str) -> str:
    """A zone as people call it: ``Atlantic Time``."""
    return str(get_timezone_name(ZoneInfo(zone), locale=spoken()))


def day_of(slot: Slot) -> dt.date:
    """The day of a free time where it is."""
    return slot.starts_at.astimezone(ZoneInfo(slot.zone)).date()


def mark(slot: Slot) -> str:
    """A free time in an address: the seconds since 1970."""
    return str(int(slot.starts_at.timestamp()))


def moment(typed: str) -> dt.datetime:
    """What an address says so."""
    if not (typed.isascii() and typed.isdigit() and len(typed) <= _DIGITS):
        abort(404)
    return dt.datetime.fromtimestamp(int(typed), dt.UTC)


def date_of(at: dt.datetime) -> str:
    """The day of a moment where the agency is, for the address of its week."""
    return at.astimezone(agency.zone()).date().isoformat()


def place_at(wish: Wish, slot: Slot) -> Attendance:
    """A free time as a page tells an appointment; it stands in no table."""
    event = Event(
        worker=wish.worker, starts_at=slot.starts_at, ends_at=slot.ends_at, site=offers.site_of(slot), service=wish.service,
        state="requested", is_video=bool(wish.event is not None and wish.event.is_video),
    )  # fmt: skip
    return Attendance(event=event, state="booked")
