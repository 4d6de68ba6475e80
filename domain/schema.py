"""Migrations: numbered, reversible, run at start by the one process that serves."""

from __future__ import annotations

from pathlib import Path

from playhouse.migrations import Runner

from domain import store
from models import db

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def _runner() -> Runner:
    return Runner(db.obj, str(FOLDER))


def up() -> list[str]:
    """Apply what is missing; the names of what was applied."""
    with store.connection():
        return list(_runner().up())


def down(target: str | None = None) -> list[str]:
    """Undo the newest migration, or all down to and with ``target``; the names of what was undone."""
    with store.connection():
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
