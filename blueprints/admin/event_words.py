"""How an appointment is told to staff: its day, its time, who comes, what it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name
from flask import url_for

from blueprints.admin import wording
from domain import attendances, clock, events, texts, wall_clock
from domain.rules import N_
from domain.staff_calendar import Entry, Listed, title
from models import Attendance
from models import Event as Row
from web import formatting
from web.languages import gettext as _
from web.languages import ngettext, spoken

Event = Row | Listed
SOME = "x" * 22  # stands for a public id

TONES = {"requested": "warn", "booked": "info"}
ASKS = {"change": N_("another time requested"), "offered": wording.ASKED["offered"]}
PLACE_TONES = {"booked": "info", "show": "good", "no_show": "warn", "cancelled_by_client": "warn", "late_cancelled": "warn"}


def zone_name(zone: str) -> str:
    """A zone as people call it: ``Atlantic Time``."""
    return str(get_timezone_name(ZoneInfo(zone), locale=spoken()))


def begins(event: Event) -> dt.datetime:
    """The start where it takes place."""
    return wall_clock.local(event.starts_at, event.site.time_zone)


def moment(at: dt.datetime, zone: str) -> str:
    """Day and time where an event takes place, with the zone: ``Tuesday, 3 March, 14:05 AST``."""
    there = wall_clock.local(at, zone)
    return str(_("%(day)s, %(time)s", day=formatting.weekday(there.date()), time=texts.hour(spoken(), there).lstrip("،, ")))


def span(event: Event, zone: str, day: dt.date | None = None) -> str:
    """From when to when, for a list in which the zone stands once: ``14:05–14:55``; what began before ``day`` is told with its
    day."""
    return _span(event, ZoneInfo(zone), day)


def _span(event: Event, zone: ZoneInfo, day: dt.date | None) -> str:
    first, last = event.starts_at.astimezone(zone), event.ends_at.astimezone(zone)
    text = f"{formatting.clock_time(first)}–{formatting.clock_time(last)}"
    if day is not None and first.date() != day:
        text = str(_("%(day)s, %(time)s", day=formatting.weekday(first.date()), time=text))
    return text


def there(event: Event, zone: str) -> str:
    """Day and time by the clock of a place in another zone; empty in the same one."""
    if event.site.time_zone == zone:
        return ""
    return str(_("there: %(day)s, %(time)s", day=date(event), time=time(event)))


def time(event: Event) -> str:
    """From when to when, with the zone."""
    last = wall_clock.local(event.ends_at, event.site.time_zone)
    said = texts.hour(spoken(), last).lstrip("،, ")
    return str(_("%(start)s to %(end)s", start=formatting.clock_time(begins(event)), end=said))


def date(event: Event) -> str:
    """The day of an event where it takes place."""
    return formatting.weekday(begins(event).date())


def day(date: dt.date, today: dt.date) -> str:
    """A day as the heading of what happens then: today and tomorrow by name."""
    named = {0: _("Today"), 1: _("Tomorrow")}.get((date - today).days)
    return str(named) if named else formatting.weekday(date)


def by_day(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """Events by the day on which they begin where they take place."""
    found: list[tuple[str, list[Entry]]] = []
    for entry in entries:
        title = day(begins(entry.event).date(), clock.today(entry.event.site.time_zone))
        if not found or found[-1][0] != title:
            found.append((title, []))
        found[-1][1].append(entry)
    return found


class Told(NamedTuple):
    """One event as a list tells of it; ``href`` is empty where its page may not be opened."""

    href: str
    span: str
    who: str
    line: str
    state: str
    tone: str


def rows(entries: Iterable[Entry], span: Callable[[Event], str] = time, zone: str = "", *, with_worker: bool = False) -> list[Told]:
    """Events as a list tells of them; ``span`` is how it says when they are, ``zone`` whose clock that is where it is one for all."""
    before, after = url_for("admin.event", event_id=SOME).split(SOME)  # a list is long, and an address takes as long as all the rest
    return [
        Told(f"{before}{entry.event.public_id}{after}" if entry.is_open else "", span(entry.event), who(entry),
             formatting.dotted([*about(entry, with_worker=with_worker), there(entry.event, zone) if zone else ""]), *became(entry))
        for entry in entries
    ]  # fmt: skip


def spans(zone: str, day: dt.date) -> Callable[[Event], str]:
    """How a list of one day says when something is in which a zone stands once."""
    there = ZoneInfo(zone)
    return lambda event: _span(event, there, day)


def full(event: Event) -> str:
    """The day, and from when to when."""
    return f"{date(event)}, {time(event)}"


def length(event: Event) -> str:
    """How long it takes."""
    minutes = minutes_of(event)
    return str(ngettext("%(num)s minute", "%(num)s minutes", minutes))


def minutes_of(event: Event) -> int:
    """The same as a number."""
    return int((event.ends_at - event.starts_at).total_seconds()) // 60


def who(entry: Entry) -> str:
    """Who comes, as far as the viewer may know: names, and how many more."""
    if entry.is_busy:
        return str(_("Busy"))
    named = [person.legal_name for person in entry.people[:3]]
    more = entry.hidden + len(entry.people) - len(named)
    if more and named:
        return str(ngettext("%(names)s and one more", "%(names)s and %(num)s more", more, names=", ".join(named)))
    if more:
        return str(ngettext("One person", "%(num)s people", more))
    return ", ".join(named) or title(entry.event) or str(_("Nobody yet"))


def about(entry: Entry, *, with_worker: bool = False) -> list[str]:
    """What it is, where, and with whom, for the line under the name."""
    event = entry.event
    place = _("by video") if event.is_video else event.site.name
    if entry.is_busy:
        return [event.worker.name] if with_worker else []
    return [part for part in (title(event), event.worker.name if with_worker else "", str(place)) if part]


def state(event: Event) -> tuple[str, str]:
    """What became of an event, and in which tone; empty for what is booked."""
    if event.state == "booked":
        return (str(_("overlaps")), "warn") if event.is_overlapping else ("", "")
    return str(_(events.STATE_NAMES[event.state])), TONES.get(event.state, "warn")


def became(entry: Entry) -> tuple[str, str]:
    """The same for a list; of one person's place, what became of that, or what they let the worker know."""
    if entry.event.state == "cancelled_by_client" and len(entry.people) == 1 and not entry.hidden:
        own = entry.people[0].state
        if own in attendances.CANCELLED:
            return str(_(attendances.STATE_NAMES[own])), PLACE_TONES[own]
    if entry.asks:
        return str(_(ASKS[entry.asks])), "warn"
    if entry.said:
        return str(_(wording.TOLD[entry.said])), "warn"
    return state(entry.event)


def place(of: Attendance) -> tuple[str, str]:
    """What became of a place; of one in a cancelled event, what became of that."""
    if of.state == "booked" and of.event.state != "booked":
        return state(of.event)
    if of.state == "booked" and of.confirmed_at is not None and of.event.starts_at > clock.now():
        return str(_("confirmed")), "good"
    return str(_(attendances.STATE_NAMES[of.state])), PLACE_TONES[of.state]
