"""Figures of the agency, counted day by day in the background: activations, sign-ins, accounts by state, licences."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from peewee import fn

from domain import agency, clock, settings, store
from models import ACTIVE, STATES, AuditEntry, DayCount, PortalAccount

WEEKS = 12
MOST_DAYS = 7 * WEEKS + 7  # that are counted anew after the portal stood still
RECENT = dt.timedelta(days=30)
EVENTS = {  # what is counted of a day, by the kinds of its audit entries
    "created": ("account.created",), "activated": ("account.activated",), "signed_in": ("sign_in.done",),
    "ended": ("account.closed", "account.cancelled", "account.expired", "account.birth_date_failed"),
}  # fmt: skip
OPEN = tuple(state for state in STATES if state != "closed")


@dataclasses.dataclass(frozen=True)
class Week:
    """Seven days from a Monday, with how many of each event they had."""

    begins: dt.date
    counts: dict[str, int]


@dataclasses.dataclass(frozen=True)
class Overview:
    """What the page shows; ``states`` and ``recent`` are as of when they were last counted, None before that."""

    states: dict[str, int] | None
    recent: int
    licences: int
    weeks: list[Week]

    @property
    def open(self) -> int:
        """Accounts that take a licence."""
        return sum((self.states or {}).get(state, 0) for state in OPEN)

    @property
    def free(self) -> int | None:
        """Licences left; None where there is no limit."""
        return max(0, self.licences - self.open) if self.licences else None

    @property
    def share(self) -> int | None:
        """Of a hundred active accounts, how many signed in within thirty days; None where there is none."""
        active = (self.states or {}).get(ACTIVE, 0)
        return round(100 * self.recent / active) if active else None


def overview() -> Overview:
    """The figures of twelve weeks, this one the last."""
    today = agency.today()
    monday = today - dt.timedelta(days=today.weekday())
    first = monday - dt.timedelta(weeks=WEEKS - 1)
    counted = {(row.day, row.name): row.value for row in DayCount.select().where(DayCount.day >= first)}
    days = [day for day in (today, today - dt.timedelta(days=1)) if (day, ACTIVE) in counted]
    weeks = [_week(first + dt.timedelta(weeks=number), counted) for number in range(WEEKS)]
    now = {state: counted.get((days[0], state), 0) for state in STATES} if days else None
    return Overview(now, counted.get((days[0], "recent"), 0) if days else 0, settings.get("licence_count"), weeks)


def _week(begins: dt.date, counted: dict[tuple[dt.date, str], int]) -> Week:
    days = [begins + dt.timedelta(days=number) for number in range(7)]
    return Week(begins, {name: sum(counted.get((day, name), 0) for day in days) for name in EVENTS})


def days() -> list[tuple[dt.date, dict[str, int]]]:
    """Every day that was counted, newest first, with all its figures."""
    by_day: dict[dt.date, dict[str, int]] = {}
    for row in DayCount.select().order_by(DayCount.day.desc()):
        by_day.setdefault(row.day, {})[row.name] = row.value
    return list(by_day.items())


# ---------------------------------------------------------------- counting


def count_if_new_day() -> None:
    """Count when nothing of today is counted yet."""
    if not DayCount.select().where(DayCount.day == agency.today()).exists():
        count_due()


def count_due() -> int:
    """Count today, and the days since the last that was counted; how many days.  Counting a day twice changes nothing."""
    today = agency.today()
    since = min(today, max(_last_counted(today), today - dt.timedelta(days=MOST_DAYS)))
    wanted = [since + dt.timedelta(days=number) for number in range((today - since).days + 1)]
    _keep({day: _events(day) | (_standing() if day == today else {}) for day in wanted})
    return len(wanted)


def _last_counted(today: dt.date) -> dt.date:
    """Where nothing was counted yet, the day on which the record of who did what begins."""
    newest: dt.date | None = DayCount.select(fn.MAX(DayCount.day)).scalar()
    first = None if newest else AuditEntry.select(AuditEntry.at).order_by(AuditEntry.id).first()
    return newest or (first.at.astimezone(agency.zone()).date() if first else today)


def _events(day: dt.date) -> dict[str, int]:
    begin, end = (dt.datetime.combine(day + dt.timedelta(days=n), dt.time(), agency.zone()) for n in (0, 1))
    kinds = [kind for each in EVENTS.values() for kind in each]
    asked = (
        AuditEntry.select(AuditEntry.kind, fn.COUNT(AuditEntry.id))
        .where(AuditEntry.kind.in_(kinds), AuditEntry.at >= begin, AuditEntry.at < end, AuditEntry.individual.is_null(False))
        .group_by(AuditEntry.kind)
    )
    found = dict(asked.tuples())
    return {name: sum(found.get(kind, 0) for kind in kinds) for name, kinds in EVENTS.items()}


def _standing() -> dict[str, int]:
    """Accounts by state now, and how many active ones signed in lately."""
    by_state = dict(PortalAccount.select(PortalAccount.state, fn.COUNT(PortalAccount.id)).group_by(PortalAccount.state).tuples())
    lately = AuditEntry.select(AuditEntry.account).where(
        AuditEntry.kind == "sign_in.done", AuditEntry.at >= clock.now() - RECENT, AuditEntry.account.is_null(False)
    )
    recent = PortalAccount.select().where(PortalAccount.state == ACTIVE, PortalAccount.id.in_(lately)).count()
    return {state: by_state.get(state, 0) for state in STATES} | {"recent": recent}


def _keep(counted: dict[dt.date, dict[str, int]]) -> None:
    rows: list[dict[str, Any]] = [
        {"day": day, "name": name, "value": value} for day, figures in counted.items() for name, value in figures.items()
    ]
    with store.writing():
        for start in range(0, len(rows), 200):
            DayCount.insert_many(rows[start : start + 200]).on_conflict(
                conflict_target=[DayCount.day, DayCount.name], preserve=[DayCount.value]
            ).execute()
