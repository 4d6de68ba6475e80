"""The schedule: a day or a week of a worker, or of a site."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from flask import g, request, url_for

from blueprints.admin import bp, event_words, wording
from domain import agency, clock, sites, staff_calendar, wall_clock
from domain.staff_calendar import Entry
from models import Site, Worker
from web.access import any_staff
from web.fragments import page

DAYS = {"week": 7, "day": 1}


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the address asks for: whose time, and which days: from the ``first``, among which is ``day``."""

    worker: Worker | None
    site: Site | None
    view: str
    first: dt.date
    zone: str
    day: dt.date

    @property
    def today(self) -> dt.date:
        return clock.today(self.zone)

    def link(self, **other: Any) -> str:
        """The same schedule with something else."""
        named = {"view": self.view, "date": self.first.isoformat()}
        if self.site is not None:
            named["site"] = self.site.public_id
        elif self.worker is not None and self.worker.id != g.viewer.worker.id:
            named["worker"] = self.worker.public_id
        return url_for("admin.schedule", **{name: value for name, value in (named | other).items() if value})

    @property
    def one_day(self) -> str:
        """The day that was asked for, out of its week."""
        return self.link(view="day", date=self.day.isoformat())

    def moved(self, steps: int) -> str:
        """A step before or after."""
        days = dt.timedelta(days=steps * DAYS[self.view])
        return self.link(date=(self.first + days).isoformat())

    @property
    def has_today(self) -> bool:
        """True when today is one of the days that are shown."""
        return self.first <= self.today < self.first + dt.timedelta(days=DAYS[self.view])

    def booking(self, day: dt.date) -> str:
        """Where something is booked on a day of it."""
        whose = {"worker": self.worker.public_id} if self.worker else {}
        there = {"site": self.site.public_id} if self.site else {}
        return url_for("admin.new_event", date=day.isoformat(), **whose, **there)


def _asked() -> Asked:
    chosen = request.args
    site = staff_calendar.where(g.viewer, chosen["site"]) if chosen.get("site") else None
    worker = None if site else staff_calendar.whose(g.viewer, chosen.get("worker", ""))
    zone = site.time_zone if site else agency.zone().key
    view = chosen.get("view", "") if chosen.get("view", "") in DAYS else "week"
    day = _date(chosen.get("date", "")) or clock.today(zone)
    return Asked(worker, site, view, day if view == "day" else day - dt.timedelta(days=day.weekday()), zone, day)


def _date(typed: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(typed) if len(typed) == 10 else None
    except ValueError:
        return None
    return found if found and wall_clock.FIRST_YEAR < found.year <= clock.now().year + wall_clock.YEARS_AHEAD else None


@bp.get("/schedule/")
@any_staff
def schedule():
    asked = _asked()
    entries, has_more = staff_calendar.between(
        g.viewer, asked.first, DAYS[asked.view], asked.zone, worker=asked.worker, site=asked.site
    )
    may_choose = g.viewer.may("manage_schedule_of_others")
    return page("admin/schedule.html", "schedule", asked=asked, columns=_columns(asked, entries), has_more=has_more, words=event_words,
                workers=staff_calendar.workers(g.viewer) if may_choose else [], sites=sites.visited() if may_choose else [],
                named=wording.site)  # fmt: skip


def _columns(asked: Asked, entries: list[Entry]) -> list[tuple[str, str, list[Entry], dt.date]]:
    """Heading, where to book, what happens, and the day: by day, or of a site's one day by worker."""
    if asked.site is not None and asked.view == "day":
        by_worker: dict[int, list[Entry]] = {}
        for entry in entries:
            by_worker.setdefault(entry.event.worker_id, []).append(entry)
        named = sorted(by_worker.values(), key=lambda every: every[0].event.worker.sort_name)
        return [(every[0].event.worker.name, "", every, asked.first) for every in named]
    columns, today = [], asked.today
    for number, (begins, ends) in enumerate(wall_clock.bounds(asked.first, DAYS[asked.view], asked.zone)):
        day = asked.first + dt.timedelta(days=number)
        then = [entry for entry in entries if entry.event.starts_at < ends and entry.event.ends_at > begins]
        columns.append((event_words.day(day, today), asked.booking(day), then, day))
    return columns
