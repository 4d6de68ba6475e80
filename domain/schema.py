"""Migrations: numbered, reversible, run at start; of several processes that start at once one does them, the others wait."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from playhouse.migrations import Runner

from domain import audit, duty, store
from models import db

_SEALS = "0003_who_changed_what"  # the migration that brings the seal, which takes the audit's key to make
FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def _runner() -> Runner:
    return Runner(db.obj, str(FOLDER))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """No other process changes the tables of this database meanwhile: it waits, as long as it takes.

    In a folder before the connection: of several that open a new file of SQLite at once, all but one find it locked.
    """
    if store.is_postgres():
        with store.connection(), _alone_on_server():
            yield
        return
    with _alone_in_folder(), store.connection():
        yield


@contextlib.contextmanager
def _alone_on_server() -> Iterator[None]:
    place = (duty.PLACE[0], duty.PLACE[1] + 1)
    db.execute_sql("SET statement_timeout = 0")
    db.execute_sql("SET lock_timeout = 0")
    db.execute_sql("SELECT pg_advisory_lock(%s, %s)", place)
    try:
        yield
    finally:
        db.execute_sql("SELECT pg_advisory_unlock(%s, %s)", place)
        db.execute_sql("RESET statement_timeout")
        db.execute_sql("RESET lock_timeout")


@contextlib.contextmanager
def _alone_in_folder() -> Iterator[None]:
    folder = os.open(Path(db.obj.database).resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def up() -> list[str]:
    """Apply what is missing; the names of what was applied."""
    with alone():
        applied = list(_runner().up())
        if _SEALS in applied:
            audit.seal_end()
        return applied


def down(target: str | None = None) -> list[str]:
    """Undo the newest migration, or all down to and with ``target``; the names of what was undone."""
    with alone():
        return list(_runner().down(target))


def status() -> list[tuple[str, bool]]:
    """Each migration's name and whether it is applied."""
    with store.connection():
        return [(migration.name, bool(migration.applied)) for migration in _runner().status()]


def known() -> list[str]:
    """The names of the migrations that this version brings, applied or not."""
    return [migration.name for migration in _runner().migrations()]


def is_current() -> bool:
    """True when nothing is missing."""
    return all(applied for _, applied in status())
