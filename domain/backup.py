"""A backup of the running portal: one file, checked before it appears; and which of many may go."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import peewee
from peewee import SqliteDatabase

from domain import archive, audit, clock, folder, postgres, store
from domain.archive import Listed
from domain.rules import N_, RuleBroken
from models import db

KEEP = ((dt.timedelta(hours=2), dt.timedelta(0)), (dt.timedelta(days=2), dt.timedelta(hours=1)),
        (dt.timedelta(days=30), dt.timedelta(days=1)))  # fmt: skip
NAME = "doorstep-%Y-%m-%dT%H%M%SZ.backup"
_WORK = ".doorstep-backup-"
# Fetching rows raises the driver's own errors.
_DRIVERS_OWN: Any = peewee.sqlite3.DatabaseError  # type: ignore[attr-defined]
_DRIVERS_BUSY: Any = peewee.sqlite3.OperationalError  # type: ignore[attr-defined]


@dataclasses.dataclass(frozen=True)
class Made:
    """A backup: its file, its bytes, rows by table, and what the audit's verification found, which should be nothing."""

    file: Path
    size: int
    rows: dict[str, int]
    audit: list[str]


def make(target: Path, *, keys: dict[str, str]) -> Made:
    """Write a backup while the portal runs; the file appears whole and checked, or not at all.

    It holds every change that was committed before the call.  Raises RuleBroken when the file exists, the folder does
    not, there is nothing to back up, or the copy is damaged.
    """
    store.must_be_idle()
    if target.exists():
        raise _exists()
    if not target.parent.is_dir():
        raise RuleBroken(N_("There is no folder %(name)s."), code="no_folder", name=target.parent)
    with _workplace(target.parent) as work:
        copy, kept, draft = work / folder.DATABASE, work / folder.KEYS, work / "draft"
        begun = clock.now().isoformat(timespec="seconds")
        listed = dataclasses.replace(_copy(copy), made_at=begun)
        folder.write_private(kept, json.dumps(keys).encode())
        archive.pack(draft, {folder.DATABASE: copy, folder.KEYS: kept}, listed)
        archive.unpack(draft, None, fits=lambda listed: None)
        _appear(draft, target)
    folder.flush(target.parent)
    return Made(target, target.stat().st_size, listed.rows, listed.audit)


@contextlib.contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    """A private folder on the disk of the backup; what backups that were killed long ago left there goes."""
    for left in beside.glob(f"{_WORK}*"):
        if left.stat().st_mtime < clock.ago(days=1).timestamp():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_WORK, dir=beside) as work:
        yield Path(work)


def _appear(draft: Path, target: Path) -> None:
    try:
        os.link(draft, target)  # unlike a rename it never takes the place of another file
    except FileExistsError:
        raise _exists() from None
    except OSError:  # a file system without hard links
        os.rename(draft, target)


def _exists() -> RuleBroken:
    return RuleBroken(N_("This file exists already. Choose another name."), code="exists")


# ---------------------------------------------------------------- the copy


def _copy(copy: Path) -> Listed:
    """Copy the database of one moment, and say what the copy holds."""
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with store.connection(), _damage_said():
        if not db.get_tables():
            raise RuleBroken(N_("There is nothing to back up here. Is DOORSTEP_DATA right?"), code="nothing")
        if not isinstance(db.obj, SqliteDatabase):
            with store.reading():
                postgres.dump(db.obj, copy)
                return survey(db.obj)
        db.execute_sql("VACUUM INTO ?", (str(copy),))
    with opened(copy) as database:
        return survey(database)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A SQLite file, without a word to the portal's own connections, and with their library."""
    database = SqliteDatabase(str(path))
    with database.connection_context():
        yield database


def survey(database: Any) -> Listed:
    """What a database holds.  Raises RuleBroken when it is damaged; a damaged audit is only told."""
    is_file = isinstance(database, SqliteDatabase)
    with _damage_said():
        if is_file:
            _must_be_whole(database)
        tables = sorted(database.get_tables())
        if "schema_migration" not in tables:
            raise _damaged()
        return Listed(
            made_at=clock.now().isoformat(timespec="seconds"),
            engine="sqlite" if is_file else "postgresql",
            migrations=[name for (name,) in database.execute_sql("SELECT name FROM schema_migration ORDER BY name")],
            rows={name: _count(database, name) for name in tables},
            audit=audit.verify(database)[:20],
        )


@contextlib.contextmanager
def _damage_said() -> Iterator[None]:
    """A file that is no whole database is refused in words; a full disk stays what it is."""
    try:
        yield
    except (peewee.DatabaseError, _DRIVERS_OWN) as fault:
        if isinstance(fault, peewee.OperationalError | _DRIVERS_BUSY):
            raise
        raise _damaged() from None


def _must_be_whole(database: Any) -> None:
    whole = database.execute_sql("PRAGMA integrity_check").fetchone()[0] == "ok"
    if not whole or database.execute_sql("PRAGMA foreign_key_check").fetchone() is not None:
        raise _damaged()


def _damaged() -> RuleBroken:
    return RuleBroken(N_("The database is damaged, or is none of Doorstep. Nothing was changed."), code="damaged")


def _count(database: Any, table: str) -> int:
    return int(database.execute_sql(f'SELECT count(*) FROM "{table}"').fetchone()[0])


# ---------------------------------------------------------------- which of many may go


def name_of(moment: dt.datetime) -> str:
    """What a backup of that moment is called in a folder of many."""
    return moment.astimezone(dt.UTC).strftime(NAME)


def thin_out(place: Path) -> list[Path]:
    """Remove backups that are no longer needed from a folder; what was removed.

    Of two hours all stay, of two days one an hour, of thirty days one a day.  Only names of ``name_of`` are touched.
    """
    there = {moment: path for path in place.iterdir() if (moment := _moment_of(path.name))}
    removed = [there[moment] for moment in superfluous(there, clock.now())]
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


def superfluous(moments: Iterable[dt.datetime], now: dt.datetime) -> list[dt.datetime]:
    """The moments whose backups may go.  The newest one always stays, however old it is."""
    newest_first, kept = sorted(moments, reverse=True), set[tuple[int, int]]()
    gone = []
    for number, moment in enumerate(newest_first):
        span = next((span for age, span in KEEP if now - moment < age), None)
        slot = (0, number) if span == dt.timedelta(0) else _slot(moment, span)
        if number and (slot is None or slot in kept):
            gone.append(moment)
        elif slot is not None:
            kept.add(slot)
    return gone


def _slot(moment: dt.datetime, span: dt.timedelta | None) -> tuple[int, int] | None:
    if span is None:
        return None
    seconds = int(span.total_seconds())
    return seconds, int(moment.timestamp()) // seconds


def _moment_of(name: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(name, NAME).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
