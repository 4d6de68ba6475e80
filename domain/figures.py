"""What a monitoring program wants to know, in numbers: nothing here tells of anybody."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from peewee import fn

from domain import clock, notices, timetable
from models import DELIVERY_STATES, STATES, Delivery, PortalAccount


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure; ``values`` by the word that ``label`` stands for, or under "" when there is one value only."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    values: dict[str, float]
    label: str = ""


def now() -> list[Figure]:
    """Every figure, as it is at this moment."""
    oldest, runs = notices.oldest_due(), timetable.runs()
    waits = (clock.now() - oldest).total_seconds() if oldest else 0.0
    good = {run.name: run.good_at.timestamp() for run in runs if run.good_at}
    return [
        Figure("doorstep_deliveries", "gauge", "E-mails in the outbox, by state.", _by_state(Delivery, DELIVERY_STATES), "state"),
        Figure("doorstep_oldest_due_delivery_seconds", "gauge",
               "For how long the oldest e-mail could have been tried and was not; 0 when none is.", {"": waits}),
        Figure("doorstep_accounts", "gauge", "Portal accounts, by state.", _by_state(PortalAccount, STATES), "state"),
        Figure("doorstep_job_last_success_timestamp_seconds", "gauge",
               "When each job of the timetable last went well, in seconds since 1970.", good, "job"),
        Figure("doorstep_job_runs_total", "counter", "How often each job of the timetable went well.",
               {run.name: run.runs for run in runs}, "job"),
    ]  # fmt: skip


def _by_state(table: Any, states: tuple[str, ...]) -> dict[str, float]:
    found = dict(table.select(table.state, fn.COUNT(table.id)).group_by(table.state).tuples())
    return {state: found.get(state, 0) for state in states}
