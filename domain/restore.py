"""A restore that wakes nothing of the past: whole or not at all, and nobody is signed in or written to by it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee

from domain import archive, audit, backup, clock, folder, postgres, schema, store
from domain.actor import SYSTEM
from domain.archive import Listed
from domain.folder import BEGUN, DATABASE, KEYS, Place
from domain.rules import N_, RuleBroken
from models import Delivery, Device, FormReceipt, Link, LoginSession, UnsentForm, db


@dataclasses.dataclass(frozen=True)
class Restored:
    """What a restore did: the backup's list, how many deliveries it held, and where what was there before is kept."""

    listed: Listed
    held: int
    kept: Path | None


def restore(source: Path, place: Place, *, audit_key: str | None, replace: bool = False) -> Restored:
    """Put a backup into an empty place, or with ``replace`` into one with a portal, which is kept aside.

    ``audit_key`` is the one that the environment sets, None when it sets none.  Until the last step nothing is changed.
    Raises RuleBroken when a portal runs, the place is not empty, or the file is damaged, foreign or too new.
    """
    with folder.alone(place):
        _must_be_free(place, replace)
        with _preparing(place):
            listed = archive.unpack(source, place.preparing, fits=lambda said: _must_fit(said, place))
            _use_keys(place.preparing / KEYS, audit_key)
            held = _into_file(place, listed) if place.database else _into_postgres(place, listed)
            kept = _keep_aside(place)
        folder.take_effect(place)
    return Restored(listed, held, kept)


@contextlib.contextmanager
def _preparing(place: Place) -> Iterator[None]:
    shutil.rmtree(place.preparing, ignore_errors=True)
    place.preparing.mkdir(mode=0o700)
    try:
        yield
    except BaseException:
        if not folder.is_half_restored(place):
            shutil.rmtree(place.preparing, ignore_errors=True)
        raise


# ---------------------------------------------------------------- may it?


def _must_be_free(place: Place, replace: bool) -> None:
    if not _has_tables(place):
        return
    if place.database is None:
        raise RuleBroken(N_("This PostgreSQL database is not empty. Make a new one, name it in DATABASE_URL, and restore into that."),
                         code="not_empty")  # fmt: skip
    if not replace:
        raise RuleBroken(N_("There is a portal here already. Restore into an empty folder, or say --replace."), code="not_empty")


def _has_tables(place: Place) -> bool:
    if place.database is not None and (not place.database.exists() or not place.database.stat().st_size):
        return False
    try:
        with backup.opened(place.database) if place.database else _connected() as database:
            return bool(database.get_tables())
    except peewee.DatabaseError:
        if place.database is None:
            raise
        return True  # a file that cannot be read is not nothing


@contextlib.contextmanager
def _connected() -> Iterator[Any]:
    with store.connection():
        yield db.obj


def _must_fit(listed: Listed, place: Place) -> None:
    if listed.engine != ("sqlite" if place.database else "postgresql"):
        raise RuleBroken(N_("This backup is of another kind of database (%(kind)s). Nothing was changed."), code="other_kind",
                         kind=listed.engine)  # fmt: skip
    if not set(listed.migrations) <= set(schema.known()):
        raise RuleBroken(archive.NEWER, code="newer")


def _use_keys(kept: Path, audit_key: str | None) -> None:
    keys = json.loads(kept.read_bytes())
    if audit_key not in (None, keys["audit_key"]):
        raise RuleBroken(N_("AUDIT_KEY in the environment is not the one of this backup. Take it away, and restore again."),
                         code="other_key")  # fmt: skip
    audit.use_key(keys["audit_key"])


# ---------------------------------------------------------------- bring it in


def _into_file(place: Place, listed: Listed) -> int:
    """Check, migrate and calm the copy where it lies, so that one move of a file is all that is left."""
    before = db.obj
    try:
        store.open_database(f"sqlite:///{place.preparing / DATABASE}")
        with store.connection():
            _must_be_as_listed(listed)
            held = _settle(listed)
            db.execute_sql("PRAGMA journal_mode = delete").fetchall()  # from here on nothing of it lies beside it
    finally:
        db.initialize(before)
    return held


def _into_postgres(place: Place, listed: Listed) -> int:
    """Load the dump in one transaction.  What follows is marked: a portal refuses a database that it did not finish.

    One that starts meanwhile on the same database from another data folder waits as it does for a migration.
    """
    folder.write_private(place.preparing / BEGUN, b"")
    with schema.alone():
        try:
            postgres.load(db.obj, place.preparing / DATABASE)
        except RuleBroken:
            (place.preparing / BEGUN).unlink()
            raise
        _must_be_as_listed(listed)
        held = _settle(listed)
    (place.preparing / DATABASE).unlink()
    return held


def _must_be_as_listed(listed: Listed) -> None:
    found = backup.survey(db.obj)
    if (found.rows, found.migrations) != (listed.rows, listed.migrations) or (found.audit and not listed.audit):
        raise RuleBroken(N_("The backup does not hold what it says. Nothing was changed."), code="damaged")


def _settle(listed: Listed) -> int:
    schema.up()
    return calm(listed)


def calm(listed: Listed) -> int:
    """End every session and trust, void every link and receipt, hold what may have gone out since; how many are held."""
    with store.writing():
        for table in (LoginSession, FormReceipt, UnsentForm):
            table.delete().execute()
        Device.update(token_hash="").execute()  # deleted, its number would go to the next one, whose e-mail is keyed by it
        Link.update(voided_at=clock.now()).where(Link.used_at.is_null(), Link.voided_at.is_null()).execute()
        held = int(
            Delivery.update(state="held", lease_token=None, lease_until=None, last_error=HELD)
            .where(Delivery.state.in_(("due", "leased")))
            .execute()
        )
        audit.record("backup.restored", SYSTEM, made_at=listed.made_at, held=held)
    return held


HELD = N_("Waited when the backup was made. It may have been sent since.")


# ---------------------------------------------------------------- what was there before


def _keep_aside(place: Place) -> Path | None:
    """What --replace is about to replace stays in a folder of its own, as second names of the same files."""
    if place.database is None or not _has_tables(place):
        return None
    _fold(place.database)
    name = f"before-restore-{clock.now():%Y-%m-%dT%H%MZ}-"
    kept = Path(tempfile.mkdtemp(prefix=name, dir=place.database.parent))
    for part in ("", *folder.BESIDE):
        path = place.database.with_name(place.database.name + part)
        if path.exists():
            os.link(path, kept / path.name)
    if (place.data / KEYS).exists():
        folder.write_private(kept / KEYS, (place.data / KEYS).read_bytes())
    folder.flush(kept)
    return kept


def _fold(database: Path) -> None:
    """Bring the log home into the file.  It also shows who has the database open, should a portal of before do so."""
    try:
        with backup.opened(database) as found:
            mode = found.execute_sql("PRAGMA journal_mode = delete").fetchone()[0]
    except peewee.OperationalError as busy:
        if "locked" not in str(busy):
            return
        mode = "locked"
    except peewee.DatabaseError:
        return  # damaged: it is kept as it lies there
    if mode != "delete":
        raise RuleBroken(N_("The portal runs. Stop it first."), code="in_use")
