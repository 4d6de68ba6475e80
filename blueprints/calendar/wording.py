"""How an appointment is told to a client: its day, its time, its name, where it is."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import request

from domain import agency, attendances, clock, events, services, texts
from domain.asked import Asked
from domain.viewer import ClientViewer
from models import Attendance, Event
from web import formatting
from web.addresses import url_for
from web.languages import gettext as _
from web.languages import ngettext, spoken

TONES = {"booked": "info", "show": "good", "no_show": "warn", "cancelled_by_client": "info", "late_cancelled": "warn"}
_GIVEN_UP = ("cancelled_by_client", "late_cancelled")
LINK_AFTER = dt.timedelta(hours=1)  # a call that runs over its end is found again
OUTCOMES = {"attended": ("show",), "missed": ("no_show",), "cancelled": _GIVEN_UP}


class Shown:
    """One place in an event, in the client's words."""

    def __init__(self, place: Attendance, has_declined: bool = False) -> None:
        """``has_declined``: they said that they cannot come, where a list says so."""
        self.place, self.has_declined = place, has_declined
        self.event: Event = place.event
        self._zone = ZoneInfo(self.event.site.time_zone)
        self.begins: dt.datetime = self.event.starts_at.astimezone(self._zone)

    @property
    def title(self) -> str:
        """The service as clients know it; an appointment where they know none."""
        return services.title_of(self.event) or _("Appointment")

    @property
    def worker(self) -> str:
        return events.called(self.event.worker)

    @property
    def ends(self) -> dt.datetime:
        return self.event.ends_at.astimezone(self._zone)

    @property
    def utc(self) -> str:
        """The start as a browser reads it."""
        return self.event.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def offset(self) -> int:
        """How many minutes the clocks of the place are ahead of UTC then."""
        return int((self.begins.utcoffset() or dt.timedelta()).total_seconds() // 60)

    @property
    def date(self) -> str:
        return formatting.weekday(self.begins.date())

    @property
    def time(self) -> str:
        """From when to when, with the zone."""
        language = spoken()
        return _from_to(language, formatting.clock_time(self.begins), texts.hour(language, self.ends))

    @property
    def length(self) -> str:
        return length(int((self.event.ends_at - self.event.starts_at).total_seconds()) // 60)

    @property
    def map_link(self) -> str:
        """Where the place is, in a map of the reader's own choice of language; empty without an address."""
        where = ", ".join(self.event.site.address.splitlines())
        return f"https://www.openstreetmap.org/search?query={quote(where)}" if where else ""

    @property
    def cancelled_by(self) -> str:
        """Who cancelled it for the client: ``client`` or ``agency``; empty while it stands."""
        if self.place.state in _GIVEN_UP:
            return "client"
        return {"cancelled_by_client": "client", "cancelled_by_agency": "agency"}.get(self.event.state, "")

    @property
    def state(self) -> tuple[str, str]:
        """What became of it and in which tone; empty for what is booked and neither confirmed nor over."""
        if self.cancelled_by == "agency":
            return _(events.STATE_NAMES[self.event.state]), "warn"
        if self.place.state != "booked":
            return _(attendances.STATE_NAMES[self.place.state]), TONES[self.place.state]
        if self.event.state != "booked":
            return _(events.STATE_NAMES[self.event.state]), "warn" if self.event.state in ("declined", "expired") else "info"
        if self.place.confirmed_at is not None and self.event.starts_at > clock.now():
            return _("confirmed"), "good"
        if self.has_declined and self.is_ahead:
            return _("you cannot come"), "warn"
        return "", ""

    @property
    def is_ahead(self) -> bool:
        """True for what stands and has not begun."""
        return self.event.state == "booked" and self.place.state == "booked" and self.event.starts_at > clock.now()

    @property
    def video_link(self) -> str:
        """Where the call is joined, from the booking on and until it is over for good."""
        is_near = self.event.state == "booked" and not self.cancelled_by and clock.now() < self.event.ends_at + LINK_AFTER
        return self.event.video_link if self.event.is_video and is_near else ""

    @property
    def passed_on(self) -> str:
        """The answer to what a client says of it: only who is reached was told."""
        worker = self.event.worker
        is_reached = worker.is_active and worker.email
        return _("We have told %(worker)s.", worker=self.worker) if is_reached else _("We have passed it on.")

    def told(self, moment: dt.datetime) -> str:
        """A moment around it, in the zone of the place."""
        return formatting.when(moment, self._zone)

    @property
    def line(self) -> str:
        where = _("by video") if self.event.is_video else self.event.site.name
        return formatting.dotted((self.title, self.worker, where))


def length(minutes: int) -> str:
    return str(ngettext("%(num)s minute", "%(num)s minutes", minutes))


def phone(place: Attendance) -> str:
    """Whom a client calls about it."""
    return str(place.event.site.phone or agency.support_phone())


@lru_cache(maxsize=2000)
def _from_to(language: str, start: str, end: str) -> str:
    """What every row of a list says, in the language that is spoken."""
    return _("%(start)s to %(end)s", start=start, end=end.lstrip("،, "))


class Row(NamedTuple):
    """A line of a timeline; without ``href`` it leads nowhere."""

    href: str
    title: str
    line: str
    state: str = ""
    tone: str = "info"
    icon: str = ""


def days(
    places: Iterable[Attendance], declined: Collection[int] = (), *, latest_first: bool = False, icon: str = ""
) -> list[tuple[str, list[Row]]]:
    """Places by the day on which they begin where they take place, today and tomorrow by name.

    Each day stands once, however far apart the clocks of two places are; what was, the latest first, with its year.  ``declined``
    are the numbers of those of which they said that they cannot come.
    """
    today, day = cache(clock.today), cache(_day)  # of a zone, of a date: a page has many rows and few of these
    found: dict[str, tuple[int, list[Row]]] = {}
    for place in places:
        each = Shown(place, place.id in declined)
        date = each.begins.date()
        ahead = (date - today(each.event.site.time_zone)).days
        row = Row(url_for("calendar.event", place_id=place.public_id), each.time, each.line, *each.state, icon)
        found.setdefault(day(date, ahead, latest_first), (ahead, []))[1].append(row)
    ordered = sorted(found.items(), key=lambda each: each[1][0], reverse=latest_first)
    return [(title, rows) for title, (_ahead, rows) in ordered]


def asked(every: Iterable[Asked]) -> list[Row]:
    """What waits for an answer, and what waits for the client's own."""
    rows = []
    for each in every:
        shown = Shown(Attendance(event=each.event, state="booked"))
        state = (_("please answer"), "warn") if each.is_offered else (_("another time") if each.request.replaces_id else "", "info")
        rows.append(Row(url_for("calendar.event", place_id=each.place.public_id), starts(shown), shown.line, *state, "clock"))
    return rows


def starts(shown: Shown) -> str:
    """When it begins, and nothing else: ``Tomorrow, 14:05 AST``."""
    return begins(shown.event.starts_at, shown.event.site.time_zone)


def begins(at: dt.datetime, zone: str) -> str:
    """The same of any moment."""
    there = at.astimezone(ZoneInfo(zone))
    return _day(there.date(), (there.date() - clock.today(zone)).days, False) + texts.hour(spoken(), there)


def _day(date: dt.date, ahead: int, with_year: bool) -> str:
    if ahead in (0, 1):
        return _("Today") if ahead == 0 else _("Tomorrow")
    return formatting.weekday(date, with_year=with_year)


@dataclasses.dataclass(frozen=True)
class Filters:
    """By what the history is narrowed: a service, a year, what became of it."""

    service: str
    year: str
    outcome: str
    choices: list[tuple[str, str]]
    years: list[str]

    @classmethod
    def asked(cls, who: ClientViewer) -> Filters:
        known = [(each.public_id, services.shown_name(each)) for each in who.services_met]
        years = [str(year) for year in who.years_met]
        service, year, outcome = (request.args.get(name, "") for name in ("service", "year", "outcome"))
        return cls(
            service if service in dict(known) else "", year if year in years else "", outcome if outcome in OUTCOMES else "", known, years,
        )  # fmt: skip

    @property
    def is_narrow(self) -> bool:
        return bool(self.service or self.year or self.outcome)

    def narrow(self, query: Any) -> Any:
        from models import Service

        if self.service:
            query = query.where(Service.public_id == self.service)
        if self.year:
            first = dt.datetime(int(self.year), 1, 1, tzinfo=agency.zone())
            query = query.where(Attendance.starts_at >= first, Attendance.starts_at < first.replace(year=first.year + 1))
        if self.outcome:
            is_so = Attendance.state.in_(OUTCOMES[self.outcome])
            if self.outcome == "cancelled":
                is_so |= Event.state.in_(("cancelled_by_agency", "cancelled_by_client"))
            else:  # what became of a place counts only while its event stands
                is_so &= Event.state == "booked"
            query = query.where(is_so)
        return query
