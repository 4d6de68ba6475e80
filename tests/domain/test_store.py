"""The data layer's contract: one way to write, whole or not at all, and never while something slow runs."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import peewee
import pytest
from playhouse.migrations import Migration

import models
from domain import passwords, schema, settings, statements, store
from domain.actor import SYSTEM
from models import RateCount, Setting, Site, db


def keep(key, value="x"):
    return Setting.insert(key=key, value=value).execute()


def kept():
    return sorted(row.key for row in Setting.select())


# ---------------------------------------------------------------- writing


@pytest.mark.parametrize(
    "change",
    [
        lambda: keep("a"),
        lambda: Setting.create(key="a", value="x"),
        lambda: Setting.update(value="y").execute(),
        lambda: Setting.delete().execute(),
        lambda: Setting.insert(key="a", value="x").on_conflict_ignore().execute(),
        lambda: Setting(key="a", value="x").save(force_insert=True),
        lambda: Site(id=1, name="n").save(),
        lambda: db.execute_sql("  insert into setting (key, value) values ('a', 'b')"),
    ],
)
def test_a_change_outside_of_a_transaction_is_a_bug_and_does_not_happen(db, change):
    with pytest.raises(store.WriteOutsideTransaction):
        change()
    assert kept() == []


def test_what_a_block_wrote_is_there_for_others_when_it_ends_and_not_before(db, at_once):
    with store.writing():
        keep("a")
        assert at_once([kept]) == [[]]
    assert at_once([kept]) == [["a"]]


@pytest.mark.parametrize("fault", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_of_a_block_that_fails_nothing_stays(db, fault):
    with pytest.raises(fault), store.writing():
        keep("a")
        raise fault
    assert kept() == []
    assert not db.in_transaction()


def test_an_inner_block_that_fails_takes_only_itself_back(db):
    with store.writing():
        keep("a")
        with pytest.raises(peewee.IntegrityError), store.writing():
            keep("b")
            keep("a")
        keep("c")
    assert kept() == ["a", "c"]


def test_a_block_between_goes_whole_although_one_in_it_failed_before(db):
    with store.writing():
        keep("a")
        with pytest.raises(ZeroDivisionError), store.writing():
            keep("b")
            with pytest.raises(peewee.IntegrityError), store.writing():
                keep("c")
                keep("a")
            keep("d")
            raise ZeroDivisionError
        keep("e")
    assert kept() == ["a", "e"]


def test_an_inner_block_goes_with_the_outer_one(db):
    with pytest.raises(ZeroDivisionError), store.writing():
        with store.writing():
            keep("a")
        raise ZeroDivisionError
    assert kept() == []


def test_twenty_threads_that_read_and_then_write_lose_nothing(db, at_once):
    with store.writing():
        keep("count", "0")

    def add_one():
        for _ in range(10):
            with store.writing():
                count = int(store.lock(Setting.select()).get().value)
                Setting.update(value=str(count + 1)).execute()

    at_once([add_one] * 20)
    assert Setting.get().value == "200"


@pytest.mark.only_sqlite
def test_writers_of_one_process_wait_for_each_other_instead_of_giving_up(db):
    trying, faults = threading.Event(), []

    def write():
        with store.connection():
            db.execute_sql("PRAGMA busy_timeout = 1")  # milliseconds: SQLite itself would give up at once
            trying.set()
            try:
                with store.writing():
                    keep("b")
            except peewee.OperationalError as fault:
                faults.append(fault)

    writer = threading.Thread(target=write)
    with store.writing():
        keep("a")
        writer.start()
        assert trying.wait(30)
        writer.join(0.2)
        assert writer.is_alive()
    writer.join(30)
    assert (faults, kept()) == ([], ["a", "b"])


@pytest.mark.only_sqlite
def test_a_transaction_holds_the_writers_place_from_its_first_line_against_other_processes(db):
    """What it reads before it writes is still so when it writes.  A second connection stands for another process."""
    other = type(db.connection())(db.database, timeout=0.0, isolation_level=None)
    with store.writing():
        kept()  # only looked, so far
        with pytest.raises(Exception, match="database is locked"):
            other.execute("INSERT INTO setting (key, value) VALUES ('b', 'x')")
        keep("a")
    other.close()
    assert kept() == ["a"]


def test_readers_do_not_wait_for_a_writer(db, at_once):
    with store.writing():
        keep("a")
        assert at_once([kept] * 5) == [[]] * 5  # would not end if they waited


def test_foreign_keys_are_checked_on_every_connection(cast, at_once):
    def orphan():
        with pytest.raises(peewee.IntegrityError), store.writing():
            db.execute_sql("INSERT INTO follow (worker_id, individual_id) VALUES (999, 999)")
        return True

    assert at_once([orphan, orphan]) == [True, True]


@pytest.mark.only_sqlite
@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_each_connection_is_as_safe_as_the_first(db, at_once, pragma, value):
    assert at_once([lambda: db.execute_sql(f"PRAGMA {pragma}").fetchone()[0]] * 2) == [value, value]


def test_a_moments_view_stays_while_others_write(db, at_once):
    with store.reading():
        assert kept() == []

        def write():
            with store.writing():
                keep("a")

        at_once([write])
        assert kept() == []
    assert kept() == ["a"]


# ---------------------------------------------------------------- what is slow


@pytest.mark.parametrize("slow", [store.must_be_idle, lambda: passwords.hash("seven blue herons")])
def test_something_slow_inside_a_transaction_is_a_bug(db, slow):
    slow()
    with pytest.raises(store.NotIdle), store.writing():
        slow()
    with store.writing(), store.writing(), pytest.raises(store.NotIdle):
        slow()
    slow()


# ---------------------------------------------------------------- bells


def test_a_bell_rings_once_the_row_is_there_and_not_before(db, at_once):
    rung = []
    with store.writing():
        keep("a")
        store.after_commit(lambda: rung.append(at_once([kept])))
        assert rung == []
    assert rung == [[["a"]]]


def test_a_bell_that_fails_is_logged_and_forgiven_and_the_others_ring(db, caplog):
    rung = []
    with store.writing():
        keep("a")
        store.after_commit(lambda: 1 / 0)
        store.after_commit(lambda: rung.append("second"))
    assert kept() == ["a"]
    assert rung == ["second"]
    assert "the bell failed" in caplog.text
    with store.writing():
        keep("b")
    assert (kept(), rung) == (["a", "b"], ["second"])


def test_nothing_rings_for_what_did_not_happen(db):
    rung = []
    with pytest.raises(ZeroDivisionError), store.writing():
        store.after_commit(lambda: rung.append("bell"))
        raise ZeroDivisionError
    with store.writing():
        keep("a")
    assert rung == []


def test_what_settles_with_the_commit_is_in_the_same_transaction_once(db):
    calls = []

    def settle():
        assert db.in_transaction()
        calls.append(kept())
        keep("receipt")

    token = store.commits_with(settle)
    try:
        with store.writing():
            keep("a")
            with store.writing():
                keep("b")
            assert calls == []
    finally:
        store.commits_as_before(token)
    assert calls == [["a", "b"]]
    assert kept() == ["a", "b", "receipt"]
    with store.writing():
        keep("c")
    assert len(calls) == 1


def test_when_settling_fails_nothing_happened(db):
    token = store.commits_with(lambda: 1 / 0)
    try:
        with pytest.raises(ZeroDivisionError), store.writing():
            keep("a")
    finally:
        store.commits_as_before(token)
    assert kept() == []


# ---------------------------------------------------------------- connections


def test_a_thread_joins_its_open_connection_and_closes_only_its_own(db):
    with store.connection():
        pass
    assert not db.is_closed()
    states = []

    def run():
        states.append(db.is_closed())
        with store.connection():
            with store.connection():
                states.append(db.is_closed())
            states.append(db.is_closed())
        states.append(db.is_closed())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert states == [True, False, False, True]


def test_a_thread_without_a_connection_fails_instead_of_opening_one_for_ever(db):
    faults = []

    def run():
        try:
            kept()
        except peewee.InterfaceError as fault:
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(faults) == 1


# ---------------------------------------------------------------- what one request remembers


def test_within_a_request_a_question_is_asked_once(db):
    asked = []
    with store.remembering():
        for _ in range(3):
            assert store.remember("answer", lambda: asked.append(1) or 42) == 42
    assert len(asked) == 1
    with store.remembering():
        store.remember("answer", lambda: asked.append(1))
    assert len(asked) == 2


def test_outside_of_a_request_nothing_is_remembered(db):
    asked = []
    for _ in range(3):
        store.remember("answer", lambda: asked.append(1))
    assert len(asked) == 3


def test_two_requests_at_once_do_not_share_what_they_remember(db, at_once):
    gate = threading.Barrier(2)

    def request(name):
        with store.remembering():
            mine = store.remember("who", lambda: name)
            gate.wait(10)
            return mine, store.remember("who", lambda: "somebody else")

    assert sorted(at_once([lambda: request("alice"), lambda: request("bob")])) == [("alice", "alice"), ("bob", "bob")]


def test_what_was_asked_inside_a_change_is_asked_again_after_it(db):
    with store.remembering():
        with store.writing():
            assert store.remember("keys", kept) == []
            keep("a")
        assert store.remember("keys", kept) == ["a"]
        settings.change("minimum_age", "18", SYSTEM)
        assert settings.get("minimum_age") == 18


# ---------------------------------------------------------------- what is built once

_VALUE = statements.Question(lambda key: Setting.select().where(Setting.key == key))
_OTHER_VALUE = statements.Change(lambda value, key: Setting.update(value=value).where(Setting.key == key))


def test_a_question_and_a_change_that_were_built_once_are_about_the_values_of_each_time(db):
    with store.writing():
        keep("a"), keep("b")
        assert _OTHER_VALUE.run("y", "a") == 1
        assert _OTHER_VALUE.run("z", "nobody") == 0
        assert _OTHER_VALUE.run("z'; --", "b") == 1
    assert [_VALUE.first(key).value for key in ("a", "b")] == ["y", "z'; --"]
    assert _VALUE.first("nobody") is None
    with pytest.raises(store.WriteOutsideTransaction):
        _OTHER_VALUE.run("y", "b")


# ---------------------------------------------------------------- faults


def chained(*errors):
    """The last error, behind which the others lie, deepest first."""
    deepest = None
    for error in errors:
        error.__context__ = deepest
        deepest = error
    return deepest


@pytest.mark.parametrize(
    "error",
    [
        peewee.OperationalError("database is locked"),
        peewee.sqlite3.OperationalError("disk I/O error"),  # fetching rows raises the driver's own
        sqlite3.OperationalError("database or disk is full"),
        OSError(28, "No space left on device"),
        chained(peewee.sqlite3.OperationalError("database or disk is full"), ValueError("x"), KeyError("y")),
        peewee.DatabaseError("cannot rollback - no transaction is active"),
    ],
)
def test_a_fault_of_the_storage_is_recognised_however_deep_it_lies(error):
    assert store.is_storage_fault(error)


@pytest.mark.parametrize(
    "error", [None, ValueError("x"), peewee.IntegrityError("UNIQUE"), chained(KeyError("x"), ZeroDivisionError())]
)
def test_a_bug_is_not_taken_for_a_full_disk(error):
    assert not store.is_storage_fault(error)


def test_errors_that_point_at_each_other_are_looked_through_once():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not store.is_storage_fault(first)


def test_a_window_is_counted_once_per_key_even_by_the_database(db):
    with pytest.raises(peewee.IntegrityError), store.writing():
        RateCount.create(key="k", window=0, count=0)
        RateCount.create(key="k", window=0, count=0)


# ---------------------------------------------------------------- the schema


def shape_on_server(database):
    asked = """
        SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' ||
            a.attcollation::regcollation
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attnum > 0 AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"""
    rows = database.execute_sql(asked).fetchall()
    return {name: words for name, words in rows if not name.startswith("schema_migration")}


TABLE_NAMES = {table._meta.table_name for table in models.TABLES}


@pytest.mark.only_postgres  # for SQLite: test_schema.py
def test_the_migrations_make_exactly_the_tables_that_the_models_describe(db, templates, tmp_path):
    migrated = shape_on_server(db)
    database = store.open_database(templates.new(tmp_path / "models.db"))
    with store.connection():
        database.create_tables(models.TABLES)
        step = Migration.load_directory(str(schema.FOLDER))[1].load()  # what the models cannot say
        step.APPEND_ONLY = ()
        step.up(None, database)
        described = shape_on_server(database)
    assert {key: sql for key, sql in migrated.items() if described.get(key) != sql} == {}
    assert migrated.keys() == described.keys()


def test_the_migrations_go_back_and_forth(db):
    assert schema.is_current()
    schema.down("0001_foundation")
    assert not schema.is_current()
    assert not TABLE_NAMES & set(db.get_tables())
    schema.up()
    assert schema.is_current()
    assert set(db.get_tables()) >= TABLE_NAMES
    assert schema.up() == []


@pytest.mark.only_sqlite
def test_no_cursor_outlives_its_connection_however_long_an_exception_is_kept(db):
    """One that did killed the process: the garbage collector of another thread found it while the connection was being closed."""

    def leave_two():
        with store.connection():
            left = db.execute_sql("SELECT 1 UNION SELECT 2")
            with pytest.raises(peewee.OperationalError) as failed:
                db.execute_sql("SELECT nothing FROM nowhere")
            frames, trace = [], failed.value.__traceback__
            while trace:
                frames.append(trace.tb_frame.f_locals.get("cursor"))
                trace = trace.tb_next
            [broken] = {cursor for cursor in frames if hasattr(cursor, "fetchone")}
            with pytest.raises(Exception, match="closed cursor"):  # at once, not only when the connection is closed
                broken.fetchone()
        with pytest.raises(Exception, match="closed cursor"):
            left.fetchone()
        return "closed"

    with ThreadPoolExecutor(1) as other:
        assert other.submit(leave_two).result(30) == "closed"
