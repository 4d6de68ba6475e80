"""Is everything that the portal needs there?"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

from peewee import PeeweeException

from domain import clock, notices, schema

LEAST_DISK = 200 * 1024 * 1024  # bytes
LONGEST_WAIT = dt.timedelta(hours=1)


def look(data: Path, *, worker_is_alive: bool) -> dict[str, bool]:
    """One word each: database, disk, worker, deliveries (the oldest has not waited longer than an hour)."""
    return {
        "database": _database(),
        "disk": shutil.disk_usage(data).free > LEAST_DISK,
        "worker": worker_is_alive,
        "deliveries": _deliveries(),
    }


def _database() -> bool:
    try:
        return schema.is_current()
    except PeeweeException:
        return False


def _deliveries() -> bool:
    try:
        oldest = notices.oldest_due()
    except PeeweeException:
        return False
    return oldest is None or clock.now() - oldest < LONGEST_WAIT
