"""Who is on duty: of all processes that do background work, at most one at a time runs the timetable.

On PostgreSQL a lock of the session says so, on SQLite a lock on a file: both end with the process, however it ends, so
that no clock and no time-out decides.  Whoever is not on duty asks again every ten seconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from pathlib import Path
from typing import Any, Protocol

import psycopg

from domain import store
from models import db

log = logging.getLogger(__name__)

PLACE = (0x646F6F72, 1)  # among the advisory locks of the database; schema has the next one
# A machine that vanished is noticed within a minute: the server asks its end of the line.
_ALIVE = "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"


class Duty(Protocol):
    """The one place on duty, as one process sees it."""

    def take(self) -> bool:
        """True when this process is on duty, now or already."""

    def leave(self) -> None:
        """Let another process be on duty; twice is harmless."""


def of(url: str, data: Path) -> Duty:
    """The duty of the portal whose database is at ``url`` and whose data folder is ``data``."""
    return _FileDuty(data / "duty.lock") if url.startswith("sqlite:///") else _ServerDuty(url)


def is_taken() -> bool:
    """True when some process is on duty for the PostgreSQL that we are connected to."""
    held = db.execute_sql(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint = %s"
        " AND objid::bigint = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        PLACE,
    )
    return bool(held.fetchone()[0])


class _ServerDuty:
    """A lock of a session of our own, which lives as long as we do."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: psycopg.Connection[Any] | None = None
        self._asking = threading.Lock()

    def take(self) -> bool:
        with self._asking:
            if self._session is not None and self._answers():
                return True
            try:
                return self._try()
            except psycopg.Error as silent:
                log.warning("nobody can be put on duty: %s", silent)
                return False

    def leave(self) -> None:
        if self._session is not None:
            with contextlib.suppress(psycopg.Error):
                self._session.close()
            self._session = None

    def _answers(self) -> bool:
        """A session that was cut has lost its lock, and somebody else may be on duty by now."""
        assert self._session is not None
        try:
            self._session.execute("SELECT 1")
        except psycopg.Error:
            self.leave()
            return False
        return True

    def _try(self) -> bool:
        named = store.postgres_parameters(self._url)
        session = psycopg.connect(**{**named, "options": f"{named['options']} {_ALIVE}"}, autocommit=True)
        found = session.execute("SELECT pg_try_advisory_lock(%s, %s)", PLACE).fetchone()
        if not found or not found[0]:
            session.close()
            return False
        self._session = session
        log.info("this process is on duty")
        return True


class _FileDuty:
    """A lock on a file, which the system takes back when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def leave(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
