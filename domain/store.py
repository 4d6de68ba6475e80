"""The data layer's contract: one way to write, and never while a network is slow.

``writing()`` is the only door to a change.  On SQLite it takes the process's own lock and begins IMMEDIATE,
on PostgreSQL guarded updates and row locks do the work.  What stands outside it and tries to write raises.
How each of the two is opened: docs/decisions/0002-sqlite.md and 0016-postgresql.md.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import os
import select
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import peewee
from peewee import DatabaseError, OperationalError, SqliteDatabase
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase

from domain.driver import psycopg
from models import db

log = logging.getLogger(__name__)
T = TypeVar("T")

_write_lock = threading.RLock()
_memo: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("memo", default=None)
_before_commit: contextvars.ContextVar[Callable[[], None] | None] = contextvars.ContextVar("before_commit", default=None)

PRAGMAS = {
    # Older libraries can damage a database in WAL mode (docs/decisions/0002-sqlite.md).
    "journal_mode": "wal" if peewee.sqlite3.sqlite_version_info >= (3, 51, 3) else "delete",  # type: ignore[attr-defined]
    "synchronous": "full",
    "foreign_keys": 1,
    "journal_size_limit": 64 * 1024 * 1024,
    "cache_size": -2000,  # of each thread
}
ROOM = 64 * 1024  # kilobytes, of the one connection that writes an import
# For each connection to PostgreSQL; times in milliseconds.  An import's largest statement takes some seconds.
SERVER_OPTIONS = {
    "synchronous_commit": "on",
    "statement_timeout": "60000",
    "lock_timeout": "15000",
    "idle_in_transaction_session_timeout": "60000",
    "default_transaction_isolation": r"read\ committed",
    "timezone": "UTC",
}
POOL = {"max_connections": 20, "timeout": 10, "stale_timeout": 600}  # twelve web threads, four of the worker, some to spare
# Fetching rows raises the driver's own error as it is, and that of pysqlite3 is not the standard library's.
_FAULTS: tuple[Any, ...] = (
    OperationalError, sqlite3.OperationalError, peewee.sqlite3.OperationalError,  # type: ignore[attr-defined]
    *((psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction) if psycopg else ()), MaxConnectionsExceeded, OSError,
)  # fmt: skip
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLAC")


class WriteOutsideTransaction(RuntimeError):
    """Something tried to change a row without ``writing()``: a bug."""


class NotIdle(RuntimeError):
    """Something slow (a network, a hash) was about to run inside a write transaction: a bug."""


class _Inner(peewee._savepoint):  # type: ignore[misc]
    """A savepoint by the one name of all: one of its own for each would fill the connection's store of prepared
    statements with what never comes again.  One that was undone must not stay, or the next outer one would end it instead.
    """

    def __init__(self, database: Any) -> None:
        super().__init__(database, sid="inner")

    def rollback(self, begin: bool = True) -> None:
        """Undo what was done since, and the savepoint itself; another one only when ``begin`` says so."""
        super().rollback(begin=False)
        self.commit(begin=begin)


class _Guarded:
    """Refuses a change outside a transaction."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        if sql.lstrip()[:6].upper() in _WRITES and not self.in_transaction():  # type: ignore[attr-defined]
            raise WriteOutsideTransaction(sql[:80])
        return super().execute_sql(sql, params)  # type: ignore[misc]


class _Cursor(peewee.sqlite3.Cursor):  # type: ignore[misc, name-defined]
    def execute(self, sql: str, parameters: Any = ()) -> Any:
        """What failed holds no statement: an exception keeps its frames, and with them the cursor, for as long as it is kept."""
        try:
            return super().execute(sql, parameters)
        except BaseException:
            self.close()
            raise


class _Connection(peewee.sqlite3.Connection):  # type: ignore[misc, name-defined]
    """Closes its cursors before itself.  One that the garbage collector finds in another thread while its connection is being
    closed would go back to a statement that is gone: the whole process dies of that (pysqlite3 0.6, under load)."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._cursors: weakref.WeakSet[_Cursor] = weakref.WeakSet()

    def cursor(self, factory: Any = _Cursor) -> Any:
        """A cursor that is remembered."""
        cursor = super().cursor(factory)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        """First what still reads, then the connection."""
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


class GuardedSqlite(_Guarded, SqliteDatabase):
    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """With how many rows at the most written into it: SQLite's plan depends on that, so it would make a new one each time."""
        if params and sql.endswith(" LIMIT ?") and type(params[-1]) is int:
            sql, params = f"{sql[:-1]}{params[-1]}", params[:-1]
        return super().execute_sql(sql, params)


class GuardedPostgres(_Guarded, PooledPostgresqlDatabase):  # type: ignore[misc]
    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """PostgreSQL knows no U+0000.  Verbs refuse to keep it; what is asked for with it is not there."""
        if params and any(isinstance(value, str) and "\0" in value for value in params):
            params = [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in params]
        return super().execute_sql(sql, params)

    def _is_closed(self, conn: Any) -> bool:
        """Asked when an idle connection is taken from the pool: one that has something to say says that it was cut."""
        if not super()._is_closed(conn) and not _has_news(conn):
            return False
        conn.close()
        return True


def _has_news(connection: Any) -> bool:
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    return bool(look.poll(0))


def open_database(url: str) -> peewee.Database:
    """Bind the tables to the database at ``url`` (``sqlite:///path`` or ``postgresql://…``) without connecting."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        _make_private(path)
        database: peewee.Database = GuardedSqlite(
            str(path), pragmas=PRAGMAS, lock_type="IMMEDIATE", timeout=10, autoconnect=False, factory=_Connection
        )
    else:
        named = postgres_parameters(url)
        database = GuardedPostgres(named.pop("dbname"), **POOL, **named, autoconnect=False)
    database.url = url  # type: ignore[attr-defined]
    db.initialize(database)
    return database


def postgres_parameters(url: str) -> dict[str, Any]:
    """How to connect to ``url`` (``postgresql://…``, read as libpq reads it): who, where, and our options.

    Ours come last, and so count more than what the address asks for.  Raises ValueError when it cannot be read.
    """
    from psycopg.conninfo import conninfo_to_dict

    try:
        named: dict[str, Any] = conninfo_to_dict(url)
    except psycopg.ProgrammingError as unreadable:
        raise ValueError(str(unreadable)) from None
    ours = " ".join(f"-c {name}={value}" for name, value in SERVER_OPTIONS.items())
    asked = {"connect_timeout": 10, "application_name": "doorstep", "dbname": "", **named}
    return {**asked, "options": f"{named.get('options', '')} {ours}".strip()}


def is_postgres() -> bool:
    """True when the tables are in PostgreSQL."""
    return isinstance(db.obj, GuardedPostgres)


def _make_private(path: Path) -> None:
    """A new database is for this user alone, whatever the umask; what SQLite lays beside it takes the same rights."""
    if path.parent.is_dir() and not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


@contextlib.contextmanager
def connection() -> Iterator[None]:
    """A connection for this thread while the block runs; joins one that is already open."""
    if not db.is_closed():
        yield
        return
    with db.connection_context():
        yield


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """One moment's view for several questions, while others go on writing.  Nothing is written in it."""
    if db.in_transaction():
        yield
        return
    with db.atomic("DEFERRED" if isinstance(db.obj, SqliteDatabase) else "REPEATABLE READ"):
        yield


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """A write transaction; an inner one is a savepoint of the outer.

    What the block wrote is on disk when the block ends, or nothing of it is.
    """
    if db.in_transaction():
        with _Inner(db):
            yield
        return
    with _write_lock if isinstance(db.obj, SqliteDatabase) else contextlib.nullcontext():
        forget()
        try:
            with db.atomic():
                yield
                settle = _before_commit.get()
                if settle is not None:
                    settle()
        finally:
            forget()  # what the block asked before its change, or before it was undone


@contextlib.contextmanager
def joining() -> Iterator[None]:
    """The transaction that there is, or one of its own: for what is whole or fails with everything around it."""
    if db.in_transaction():
        yield
        return
    with writing():
        yield


@contextlib.contextmanager
def roomy() -> Iterator[None]:
    """While the block runs SQLite keeps far more of the file at hand: a hundred thousand rows are written in half the time."""
    if is_postgres():
        yield
        return
    db.execute_sql(f"PRAGMA cache_size = {-ROOM}")
    try:
        yield
    finally:
        db.execute_sql(f"PRAGMA cache_size = {PRAGMAS['cache_size']}")
        db.execute_sql("PRAGMA shrink_memory")


def commits_with(settle: Callable[[], None] | None) -> contextvars.Token[Callable[[], None] | None]:
    """Have ``settle`` run inside each outer transaction of this context, just before it commits (form receipts)."""
    return _before_commit.set(settle)


def commits_as_before(token: contextvars.Token[Callable[[], None] | None]) -> None:
    """Undo ``commits_with``."""
    _before_commit.reset(token)


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """What the block commits is not what a form was sent for, such as the count of a try: it settles nothing."""
    token = commits_with(None)
    try:
        yield
    finally:
        commits_as_before(token)


def after_commit(ring: Callable[[], object]) -> None:
    """Call ``ring`` once the transaction is on disk; a ring that fails is logged and forgiven."""

    def go() -> None:
        try:
            ring()
        except Exception:
            log.exception("the bell failed; the next tick finds the row")

    db.after_commit(go)


def must_be_idle() -> None:
    """Raise NotIdle inside a write transaction: said first by everything slow."""
    if db.in_transaction():
        raise NotIdle


def lock(query: Any, *, skip_locked: bool = False) -> Any:
    """The query, with its rows locked until the transaction ends where the database knows row locks.

    With ``skip_locked`` it passes by the rows that somebody else has locked, instead of waiting for them.
    """
    if isinstance(db.obj, SqliteDatabase):
        return query
    # "No key": rows that refer to these may be added meanwhile, such as audit entries, or there would be deadlocks.
    return query.for_update("FOR NO KEY UPDATE SKIP LOCKED" if skip_locked else "FOR NO KEY UPDATE")


def hold(row: Any) -> None:
    """Let nobody else change this row until the transaction ends, nor what is only changed while it is held.

    Said before anything else of the row's is touched: an account before its links, sessions and deliveries.
    """
    if is_postgres():
        table, key = type(row), type(row)._meta.primary_key
        lock(table.select(key).where(key == row._pk)).first()


def one_at_a_time(what: str) -> None:
    """Let nobody else do ``what`` until the transaction ends; for what has no row yet that could be held."""
    if is_postgres():
        db.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (what,))


def insert(table: Any, rows: Sequence[dict[str, Any]], returning: str = "") -> Any:
    """Insert rows, all of the same fields, with one statement inside a transaction; what its RETURNING says, row by row.

    Written out here because the query builder's way costs ten times as much, and there are millions of values.
    """
    if not rows:
        return ()
    columns = [table._meta.fields[name].column_name for name in rows[0]]
    one = f"({', '.join([db.param] * len(columns))})"
    names = ", ".join(f'"{column}"' for column in columns)
    sql = f'INSERT INTO "{table._meta.table_name}" ({names}) VALUES {", ".join([one] * len(rows))} {returning}'
    done = db.execute_sql(sql, [value for row in rows for value in row.values()])
    return done.fetchall() if returning else ()


def insert_rows(rows: Sequence[Any]) -> None:
    """Insert new rows of one table that have public ids with one statement; afterwards each knows its number."""
    if not rows:
        return
    table = type(rows[0])
    fields = table._meta.fields
    values = [{name: fields[name].db_value(value) for name, value in row.__data__.items()} for row in rows]
    numbers = {public_id: number for number, public_id in insert(table, values, "RETURNING id, public_id")}
    for row in rows:
        row.id = numbers[row.public_id]


# ---------------------------------------------------------------- what one request remembers


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """While the block runs (one request, one job), ``remember`` asks each question once."""
    token = _memo.set({})
    try:
        yield
    finally:
        _memo.reset(token)


def remember(key: str, ask: Callable[[], T]) -> T:
    """The answer to ``ask``, kept until the request ends or something is written."""
    memo = _memo.get()
    if memo is None:
        return ask()
    if key not in memo:
        memo[key] = ask()
    answer: T = memo[key]
    return answer


def keep(key: str, ask: Callable[[], T]) -> T:
    """The answer to ``ask``, about the agency and nobody in it, kept by this process until the agency decides otherwise.

    A mark in the database changes with its settings, sites and pages, so one short question a request is enough.
    """
    memo = _memo.get()
    kept = memo.get(_HOUSE) if memo else None  # asked a hundred times for a page; a transaction begins and ends with an empty memo
    if kept is None:
        if db.in_transaction():  # what is not committed is nobody else's
            return remember(key, ask)
        kept = _house_as_it_is()
        if memo is not None:
            memo[_HOUSE] = kept
    if key not in kept:
        kept[key] = ask()
    answer: T = kept[key]
    return answer


_HOUSE = "the house"


def _house_as_it_is() -> dict[str, Any]:
    mark = _ask_mark()
    kept = _house.get(mark)
    if kept is None:
        _house.clear()
        kept = _house.setdefault(mark, {})
    return kept


def _ask_mark() -> tuple[int, str]:
    row = db.execute_sql("SELECT token FROM house_mark").fetchone()
    return id(db.obj), row[0] if row else ""


_house: dict[tuple[int, str], dict[str, Any]] = {}


def forget() -> None:
    """Drop what this request remembers."""
    memo = _memo.get()
    if memo is not None:
        memo.clear()


# ---------------------------------------------------------------- faults


def is_storage_fault(error: BaseException | None) -> bool:
    """True when a full disk, a locked database or a failing device lies behind ``error``, however deep.

    Peewee reports a full disk as "cannot rollback"; the cause is two links down the chain.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, _FAULTS):
            return True
        if isinstance(error, DatabaseError) and "cannot rollback" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
