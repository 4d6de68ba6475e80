"""Is everything that the portal needs there?"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Protocol

from peewee import PeeweeException

from domain import clock, notices, sandbox, scanning, schema, timetable

LEAST_DISK = 200 * 1024 * 1024  # bytes
LONGEST_WAIT = dt.timedelta(hours=1)


class Worker(Protocol):
    """The background work, as whoever is asked for its health sees it."""

    @property
    def is_alive(self) -> bool:
        """True while somebody does it."""

    @property
    def queue_answers(self) -> bool:
        """True when the queue can be read."""


def look(data: Path, worker: Worker | None) -> dict[str, bool]:
    """One word each: database, disk, queue, worker, deliveries (the oldest has not waited longer than an hour), and jobs
    (each one of the timetable went well not long ago).  Without a worker, as in a command, nobody is missed."""
    return {
        "database": _database(),
        "disk": shutil.disk_usage(data).free > LEAST_DISK,
        "queue": worker is None or worker.queue_answers,
        "worker": worker is None or worker.is_alive,
        "deliveries": _deliveries(),
        "jobs": _jobs(),
    }


def is_sandbox() -> bool:
    """True while no message leaves; False when nobody can tell."""
    try:
        return sandbox.is_on()
    except PeeweeException:
        return False


def is_moved() -> bool:
    """True while no message leaves because nobody said whether the portal moved or was copied; False when nobody can tell."""
    try:
        return sandbox.is_moved()
    except PeeweeException:
        return False


def is_scanner_silent() -> bool:
    """True while no file is taken because the virus scanner does not answer."""
    return scanning.is_silent()


def _database() -> bool:
    try:
        return schema.is_current()
    except PeeweeException:
        return False


def _jobs() -> bool:
    try:
        return not timetable.overdue()
    except PeeweeException:
        return False


def _deliveries() -> bool:
    try:
        oldest = notices.oldest_due()
    except PeeweeException:
        return False
    return oldest is None or clock.now() - oldest < LONGEST_WAIT
