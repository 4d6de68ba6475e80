"""The jobs of the timetable: when each last went well, so that one that fails over and over does not do so unseen."""

from __future__ import annotations

import datetime as dt

from domain import clock, store
from models import JobRun

# How long each may go without a good run.  An import that takes long holds nobody up: the next tick sees it and goes well.
PATIENCE = {
    "each_minute": dt.timedelta(minutes=10), "take_in": dt.timedelta(minutes=10),
    "in_bulk": dt.timedelta(minutes=10), "make_pdfs": dt.timedelta(minutes=10), "each_hour": dt.timedelta(hours=3),
}  # fmt: skip


def take_over() -> None:
    """Somebody is on duty from now on: what did not run while nobody was is given its time anew."""
    now = clock.now()
    with store.writing():
        for name in PATIENCE:
            row = JobRun.insert(name=name, waited_since=now)
            row.on_conflict(conflict_target=[JobRun.name], update={JobRun.waited_since: now}).execute()


def went_well(name: str) -> None:
    """Note a good run of a job."""
    now = clock.now()
    with store.writing():
        row = JobRun.insert(name=name, waited_since=now, good_at=now, runs=1)
        changes = {JobRun.good_at: now, JobRun.runs: JobRun.runs + 1}
        row.on_conflict(conflict_target=[JobRun.name], update=changes).execute()


def runs() -> list[JobRun]:
    """Each job that was on duty ever, in the order of their names."""
    return list(JobRun.select().where(JobRun.name.in_(list(PATIENCE))).order_by(JobRun.name))


def overdue() -> list[str]:
    """The jobs that have not gone well for too long."""
    now = clock.now()
    return [run.name for run in runs() if now - max(run.waited_since, run.good_at or run.waited_since) > PATIENCE[run.name]]
