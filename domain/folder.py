"""The data folder: who works in it, and how restored data takes the place of what is there, whole or not at all.

A restore prepares everything in ``.restoring``.  Its one decisive act is to rename that folder to ``.restored``; what
follows only moves files, and whoever comes next finishes it when the restore was killed meanwhile.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from domain.rules import N_, RuleBroken

DATABASE, KEYS, BEGUN = "database", "keys.json", "begun"
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite lays beside a database


@dataclasses.dataclass(frozen=True)
class Place:
    """The data folder, and the database's file; None when the database is PostgreSQL."""

    data: Path
    database: Path | None

    @property
    def preparing(self) -> Path:
        """Where a restore prepares what it brings, on the disk of the database."""
        return self._beside / ".restoring"

    @property
    def ready(self) -> Path:
        """What ``preparing`` is called from the decisive moment until everything is in its place."""
        return self._beside / ".restored"

    @property
    def locks(self) -> tuple[Path, ...]:
        """The files that whoever works here locks: data folders may share a database, and databases a data folder."""
        mine = self.data / "portal.lock"
        return (mine, beside(self.database, "lock")) if self.database else (mine,)

    @property
    def _beside(self) -> Path:
        return self.database.parent if self.database else self.data


def beside(database: Path, kind: str) -> Path:
    """A file of ours beside a database of SQLite, the same one by whatever name the database is called."""
    real = database.resolve()
    return real.with_name(f"{real.name}.{kind}")


# ---------------------------------------------------------------- who works in it


@contextlib.contextmanager
def in_use(place: Place) -> Iterator[None]:
    """A portal works there while the block runs; several may.  Raises RuleBroken while a restore does."""
    with _locked(place, fcntl.LOCK_SH | fcntl.LOCK_NB):
        yield


@contextlib.contextmanager
def alone(place: Place) -> Iterator[None]:
    """No portal starts there while the block runs, nor on the same database.  Raises RuleBroken when one is there."""
    with _locked(place, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextlib.contextmanager
def _locked(place: Place, how: int) -> Iterator[None]:
    with contextlib.ExitStack() as held:
        for path in place.locks:  # always in this order, or two who wait could wait for each other
            held.enter_context(_lock_of(path, how))
        yield


@contextlib.contextmanager
def _lock_of(path: Path, how: int) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, how)  # ends with the process, however that ends
        yield
    except BlockingIOError:
        shared = how & fcntl.LOCK_SH
        busy = N_("A restore is going on here. Wait until it is done.") if shared else N_("The portal runs. Stop it first.")
        raise RuleBroken(busy, code="in_use") from None
    finally:
        os.close(handle)


# ---------------------------------------------------------------- taking the place


def finish(place: Place) -> bool:
    """Finish a restore that was killed after its decisive moment; True when there was one.  Said before each start."""
    if not place.ready.is_dir():
        return False
    with _locked(place, fcntl.LOCK_EX):
        if place.ready.is_dir():
            put_in_place(place)
    return True


def is_half_restored(place: Place) -> bool:
    """True when a restore into PostgreSQL was killed half-way: what the database holds may not be served."""
    return (place.preparing / BEGUN).exists()


def take_effect(place: Place) -> None:
    """What was prepared is the portal's data from now on, whatever happens."""
    for prepared in (*place.preparing.iterdir(), place.preparing):
        flush(prepared)
    place.preparing.rename(place.ready)
    flush(place.ready.parent)
    put_in_place(place)


def put_in_place(place: Place) -> None:
    """Move what is ready to where it belongs; each step may be done twice."""
    if place.database is not None and (place.ready / DATABASE).exists():
        for part in BESIDE:
            place.database.with_name(place.database.name + part).unlink(missing_ok=True)
        os.replace(place.ready / DATABASE, place.database)
        flush(place.database.parent)
    if (place.ready / KEYS).exists():
        write_private(place.data / KEYS, (place.ready / KEYS).read_bytes())
    for bell in place.data.glob("queue.db*"):
        bell.unlink(missing_ok=True)
    shutil.rmtree(place.ready)


# ---------------------------------------------------------------- files


def write_private(path: Path, body: bytes) -> None:
    """Write a file that only its owner may read; it is replaced as a whole, and on the disk when this returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    flush(path.parent)


def flush(path: Path) -> None:
    """What the folder lists, or the file holds, is on the disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
