"""One import at a time: whoever writes one has the turn, and loses it with the process, however that ends.

On PostgreSQL a lock of the session says so, on SQLite a lock on a file beside the database, as with ``duty``: no clock
decides whether an import that says nothing is dead or only slow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from domain import duty, folder, store
from domain.rules import N_, RuleBroken
from models import db

BUSY = N_("Another import is running. Try again when it is done.")
_PLACE = (duty.PLACE[0], duty.PLACE[1] + 2)
_here = threading.Lock()  # a session of PostgreSQL would get its own lock a second time


@contextlib.contextmanager
def taken() -> Iterator[None]:
    """Nobody else takes a file in while the block runs.  Raises RuleBroken (``busy``) while somebody does."""
    store.must_be_idle()
    if not _here.acquire(blocking=False):
        raise RuleBroken(BUSY, code="busy")
    try:
        with _on_server() if store.is_postgres() else _beside(Path(db.obj.database)):
            yield
    finally:
        _here.release()


@contextlib.contextmanager
def _on_server() -> Iterator[None]:
    if not db.execute_sql("SELECT pg_try_advisory_lock(%s, %s)", _PLACE).fetchone()[0]:
        raise RuleBroken(BUSY, code="busy")
    try:
        yield
    finally:
        db.execute_sql("SELECT pg_advisory_unlock(%s, %s)", _PLACE)


@contextlib.contextmanager
def _beside(database: Path) -> Iterator[None]:
    file = os.open(folder.beside(database, "import"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RuleBroken(BUSY, code="busy") from None
    finally:
        os.close(file)
