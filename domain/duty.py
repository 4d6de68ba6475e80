"""Who is on duty: of all processes that do background work, at most one at a time runs the timetable.

On PostgreSQL a lock of the session says so, on SQLite a lock on a file beside the database, whatever data folder the
process has: both end with the process, however it ends, so that no clock and no time-out decides.  Whoever is not on
duty asks again every ten seconds.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from pathlib import Path
from typing import Any, Protocol

from domain import folder, store
from domain.driver import psycopg
from models import db

log = logging.getLogger(__name__)

_SQLITE, _WAITING = "sqlite:///", "waiting"
PLACE = (0x646F6F72, 1)  # among the advisory locks of the database; schema has the next one
# A machine that vanished is noticed within a minute: the server asks its end of the line.
_ALIVE = "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"


class Duty(Protocol):
    """The one place on duty, as one process sees it."""

    def take(self) -> bool:
        """True when this process is on duty, now or already."""

    def leave(self) -> None:
        """Let another process be on duty; twice is harmless."""


def of(url: str) -> Duty:
    """The duty of the portal whose database is at ``url``."""
    return _FileDuty(_path(url)) if url.startswith(_SQLITE) else _ServerDuty(url)


def is_waited_for(url: str) -> bool:
    """True when a process on the SQLite database at ``url`` waits to take the duty over, though one does everything."""
    if not url.startswith(_SQLITE) or not folder.beside(_path(url), _WAITING).exists():
        return False
    found = _lock(folder.beside(_path(url), _WAITING), fcntl.LOCK_EX)
    if found is not None:
        os.close(found)
    return found is None


def _path(url: str) -> Path:
    return Path(url.removeprefix(_SQLITE))


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
        self._session: Any = None
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
    """A lock on a file, which the system takes back when the process ends; who waits for it locks a second one."""

    def __init__(self, database: Path) -> None:
        self._place, self._waiting_place = folder.beside(database, "duty"), folder.beside(database, _WAITING)
        self._file: int | None = None
        self._waiting: int | None = None
        self._asking = threading.Lock()  # a thread would find the lock of another one of this process

    def take(self) -> bool:
        with self._asking:
            if self._file is not None:
                return True
            self._file = _lock(self._place, fcntl.LOCK_EX)
            if self._file is None:
                if self._waiting is None:
                    self._waiting = _lock(self._waiting_place, fcntl.LOCK_SH)
                return False
            self._stop_waiting()
            log.info("this process is on duty")
            return True

    def leave(self) -> None:
        self._stop_waiting()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            os.close(self._waiting)
            self._waiting = None


def _lock(path: Path, how: int) -> int | None:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file
