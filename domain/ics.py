"""Appointments as a calendar that other programs read (RFC 5545).

A zone is told change by change, for the years that are told of: no rule of its own is right for every zone.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from functools import cache
from zoneinfo import ZoneInfo

from domain import clock, events, services, texts
from domain.rules import N_
from models import Attendance, Event

_CANCELLED = ("cancelled_by_client", "late_cancelled")
_STATUSES = {"booked": "CONFIRMED", "requested": "TENTATIVE"}
_SPECIAL = re.compile(r"[\\;,]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_STEP = dt.timedelta(days=1)  # no zone changes its clocks twice in it
_WIDTH = 75  # bytes of a line, without what ends it


def calendar(places: Sequence[Attendance], language: str, portal_url: str, *, has_details: bool) -> bytes:
    """These places in events; without details each is an appointment and its time, and nothing else."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Doorstep//Calendar//EN", "CALSCALE:GREGORIAN",
        _text("X-WR-CALNAME", texts.say(language, N_("Appointments"))), "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]  # fmt: skip
    written = "".join(f"{line}\r\n" for line in _folded(lines)) + "".join(_zones(place.event for place in places))
    stamp = _utc(clock.now())
    for place in places:
        written += "".join(f"{line}\r\n" for line in _folded(_event(place, language, portal_url, stamp, has_details=has_details)))
    return f"{written}END:VCALENDAR\r\n".encode()


def _event(place: Attendance, language: str, portal_url: str, stamp: str, *, has_details: bool) -> list[str]:
    event = place.event
    is_cancelled = event.state not in _STATUSES or place.state in _CANCELLED
    lines = [
        "BEGIN:VEVENT", f"UID:{place.public_id}@doorstep", f"DTSTAMP:{stamp}", f"SEQUENCE:{event.version + place.version - 2}",
        _moment("DTSTART", event.starts_at, event.site.time_zone), _moment("DTEND", event.ends_at, event.site.time_zone),
        f"STATUS:{'CANCELLED' if is_cancelled else _STATUSES[event.state]}",
        f"TRANSP:{'TRANSPARENT' if is_cancelled else 'OPAQUE'}", "CLASS:PRIVATE",
    ]  # fmt: skip
    if has_details:
        lines += _details(place, language, portal_url)
    else:
        lines.append(_text("SUMMARY", texts.say(language, N_("Appointment"))))
    return [*lines, "END:VEVENT"]


def _details(place: Attendance, language: str, portal_url: str) -> list[str]:
    event, address = place.event, f"{portal_url}/calendar/{place.public_id}"
    title = services.title_of(event) or texts.say(language, N_("Appointment"))
    where = ", ".join([event.site.name, *event.site.address.splitlines()])
    return [
        _text("SUMMARY", texts.say(language, N_("%(what)s, %(worker)s"), what=title, worker=events.called(event.worker))),
        _text("LOCATION", texts.say(language, N_("By video")) if event.is_video else where),
        _text("DESCRIPTION", address), f"URL:{address}",
    ]  # fmt: skip


# ---------------------------------------------------------------- how it is written


def _text(name: str, value: str) -> str:
    plain = _CONTROL.sub("", value.replace("\r\n", "\n"))
    return f"{name}:" + _SPECIAL.sub(lambda found: f"\\{found.group()}", plain).replace("\n", "\\n")


def _folded(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        yield line if len(line) <= _WIDTH and line.isascii() else _fold(line)


def _fold(line: str) -> str:
    parts, room = [""], _WIDTH
    for letter in line:
        size = len(letter.encode())
        if size > room:
            parts.append("")
            room = _WIDTH - 1  # the space that a line begins with which goes on
        parts[-1] += letter
        room -= size
    return "\r\n ".join(parts)


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")


def _moment(name: str, moment: dt.datetime, zone: str) -> str:
    """In the time of the place.  An hour that the clock shows twice is told in UTC the second time: nothing else tells which."""
    there = moment.astimezone(_zone(zone))
    if zone == "UTC" or there.fold:
        return f"{name}:{_utc(moment)}"
    return f"{name};TZID={zone}:{there:%Y%m%dT%H%M%S}"


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _zones(every: Iterable[Event]) -> list[str]:
    """The rules of each zone, for the years that are told of."""
    years: dict[str, list[int]] = {}
    for event in every:
        years.setdefault(event.site.time_zone, []).extend((event.starts_at.year, event.ends_at.year))
    return [_rules(zone, min(told) - 1, max(told) + 2) for zone, told in sorted(years.items()) if zone != "UTC"]


@cache
def _rules(zone: str, first: int, last: int) -> str:
    """A zone from the first of January of one year to that of another: what its clocks show, and each change of them."""
    there = _zone(zone)
    moment, end = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (first, last))
    lines = ["BEGIN:VTIMEZONE", f"TZID:{zone}", *_observance(moment, moment.astimezone(there))]
    while moment < end:
        following = moment + _STEP
        if _clocks(moment, there) != _clocks(following, there):
            change = _change(moment, following, there)
            lines += _observance(change - dt.timedelta(seconds=1), change.astimezone(there))
        moment = following
    return "".join(f"{line}\r\n" for line in _folded([*lines, "END:VTIMEZONE"]))


def _clocks(moment: dt.datetime, zone: ZoneInfo) -> tuple[dt.timedelta | None, str | None, dt.timedelta | None]:
    there = moment.astimezone(zone)
    return there.utcoffset(), there.tzname(), there.dst()


def _change(before: dt.datetime, after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The second at which the clocks of a zone change between two moments."""
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        is_early = _clocks(dt.datetime.fromtimestamp(middle, dt.UTC), zone) == _clocks(before, zone)
        low, high = (middle, high) if is_early else (low, middle)
    return dt.datetime.fromtimestamp(high, dt.UTC)


def _observance(before: dt.datetime, since: dt.datetime) -> list[str]:
    """What the clocks of a zone show ``since``; its start is told in the time that they showed ``before``."""
    was, now = before.astimezone(since.tzinfo).utcoffset() or dt.timedelta(), since.utcoffset() or dt.timedelta()
    kind = "DAYLIGHT" if since.dst() else "STANDARD"
    return [
        f"BEGIN:{kind}", f"DTSTART:{since.astimezone(dt.UTC) + was:%Y%m%dT%H%M%S}", f"TZOFFSETFROM:{_offset(was)}",
        f"TZOFFSETTO:{_offset(now)}", f"TZNAME:{since.tzname()}", f"END:{kind}",
    ]  # fmt: skip


def _offset(delta: dt.timedelta) -> str:
    seconds = int(delta.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}{minutes:02}" + (f"{rest:02}" if rest else "")
