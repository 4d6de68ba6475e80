"""A full disk and a locked database: said plainly, nothing half done, and well again without a restart (P15)."""

import contextlib
import sqlite3
import threading

import pytest

from domain import accounts, audit, limits, notices, profile, resets, settings, sign_in, store
from domain.actor import SYSTEM
from models import TABLES, Delivery, Individual, db


def everything():
    return {table._meta.table_name: list(table.select().tuples()) for table in TABLES}


@contextlib.contextmanager
def full_disk(spare=0):
    """No page more than there are, but ``spare``: what SQLite says is what it says on a full disk."""
    pages = db.execute_sql("PRAGMA page_count").fetchone()[0]
    before = db.execute_sql("PRAGMA max_page_count").fetchone()[0]
    db.execute_sql(f"PRAGMA max_page_count = {pages + spare}")
    try:
        yield
    finally:
        db.execute_sql(f"PRAGMA max_page_count = {before}")


def fill_up():
    """Use up the free room inside the pages that there are."""
    number = 0
    with pytest.raises(Exception, match=r"full|cannot rollback"):
        while True:
            number += 1
            profile.create(profile.Details(f"Filler {number}", "x" * 150, gender="y" * 60), SYSTEM)


def root_of(error):
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return str(error)


VERBS = {
    "create an individual": lambda cast: profile.create(profile.Details("Nora", "N" * 190), SYSTEM),
    "create an account": lambda cast: accounts.create(cast.pia, SYSTEM),
    "suspend": lambda cast: accounts.suspend(cast.alice_account, SYSTEM),
    "close": lambda cast: accounts.close(cast.alice_account, SYSTEM),
    "sign in": lambda cast: sign_in.start(cast.alice_account, None, device_token="", agent="x" * 200, network=""),
    "ask for a reset": lambda cast: resets.ask("alice@example.org", cast.visitor()),
    "record consent": lambda cast: profile.record_consent(cast.alice, "sms", True, SYSTEM),
}


@pytest.mark.parametrize("verb", VERBS)
def test_on_a_full_disk_a_verb_happens_whole_or_not_at_all_and_works_again_when_there_is_room(cast, verb):
    faults = 0
    with full_disk():
        fill_up()
        whole = everything()
        for _ in range(3):
            try:
                with store.writing():
                    VERBS[verb](cast)
                    _fill_a_page()  # so that it is this transaction that meets the end of the disk
            except Exception as error:
                assert store.is_storage_fault(error), error
                assert "full" in root_of(error)
                assert not db.in_transaction()
                faults += 1
            assert everything() == whole
    assert faults == 3
    VERBS[verb](cast)
    assert everything() != whole
    assert audit.verify() == []
    assert db.execute_sql("PRAGMA integrity_check").fetchone()[0] == "ok"


def _fill_a_page():
    Individual.create(first_name="F" * 200, last_name="L" * 200, sort_name="x" * 400, created_at=accounts.clock.now())
    for number in range(12):
        Individual.create(
            first_name=f"F{number}" * 60, last_name="L" * 200, sort_name="x" * 400, created_at=accounts.clock.now()
        )


def test_the_last_room_is_used_verb_by_verb_and_what_was_acknowledged_stays(cast):
    """Pages end at every place of a verb: what returned is there, what raised left nothing."""
    told = {individual.id for individual in Individual.select()}
    faults = 0
    for spare in range(12):
        with full_disk(spare):
            for _ in range(200):
                try:
                    told.add(profile.create(profile.Details("Nora", "N" * 150), SYSTEM).id)
                except Exception as error:
                    assert store.is_storage_fault(error)
                    faults += 1
                    break
        assert {individual.id for individual in Individual.select()} == told
    assert faults == 12
    assert len(told) > 30
    assert audit.verify() == []
    assert db.execute_sql("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_delivery_that_could_not_be_settled_on_a_full_disk_is_not_lost(cast, deliver):
    from smtp_server import SmtpServer

    link = cast.invited()
    with full_disk():
        fill_up()
        claim = _until_full(notices.claim)
        assert claim is None
    with SmtpServer() as server:
        assert deliver(server) == 1
        assert len(server.accepted) == 1
    assert Delivery.get(Delivery.link == link).state == "sent"


def _until_full(verb):
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(Exception, match=r"full|cannot rollback"))
        with store.writing():
            verb()
            while True:
                _fill_a_page()
    return None


# ---------------------------------------------------------------- a locked database


@contextlib.contextmanager
def somebody_else_writes(path):
    """Another process's connection holds the write lock; ours gives up waiting after 50 ms."""
    other = sqlite_of_the_portal().connect(path, isolation_level=None)
    db.execute_sql("PRAGMA busy_timeout = 50")
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()
        db.execute_sql("PRAGMA busy_timeout = 10000")


def sqlite_of_the_portal():
    """The same library: two different ones in one process drop each other's locks."""
    kind = next(each for each in type(db.connection()).__mro__ if not each.__module__.startswith("domain"))  # ours is one of the driver's
    return __import__(kind.__module__.split(".")[0]).dbapi2


@pytest.mark.parametrize("verb", VERBS)
def test_behind_a_lock_that_does_not_end_a_verb_fails_plainly_and_works_again_afterwards(cast, verb):
    whole = everything()
    with somebody_else_writes(db.database):
        with pytest.raises(Exception, match="database is locked") as fault:
            VERBS[verb](cast)
        assert store.is_storage_fault(fault.value)
        assert not db.in_transaction()
        assert everything() == whole  # reading goes on meanwhile
    VERBS[verb](cast)
    assert everything() != whole
    assert audit.verify() == []


def test_behind_a_lock_the_dispatcher_claims_nothing_and_loses_nothing(cast, deliver):
    from smtp_server import SmtpServer

    cast.invited()
    with SmtpServer() as server:
        with somebody_else_writes(db.database), pytest.raises(Exception, match="database is locked") as fault:
            deliver(server)
        assert store.is_storage_fault(fault.value)
        assert server.accepted == []
        assert deliver(server) == 1
        assert len(server.accepted) == 1


def test_a_lock_that_ends_in_time_is_waited_for(cast):
    held, written = threading.Event(), []
    other = sqlite_of_the_portal().connect(db.database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    def write():
        with store.connection():
            held.set()
            written.append(limits.spend("lock", "pia", most=1, seconds=60))

    writer = threading.Thread(target=write)
    writer.start()
    assert held.wait(10)
    writer.join(0.2)
    assert written == []
    other.execute("ROLLBACK")
    other.close()
    writer.join(30)
    assert written == [True]


def test_after_a_fault_other_threads_can_write_again(cast, at_once):
    """The process's own lock is given back whatever happened."""
    with somebody_else_writes(db.database), pytest.raises(Exception, match="database is locked"):
        accounts.suspend(cast.alice_account, SYSTEM)
    assert at_once([lambda: limits.spend("lock", "pia", most=9, seconds=60)] * 3) == [True] * 3


def test_the_standard_library_and_the_portal_agree_on_what_a_fault_is(cast):
    assert store.is_storage_fault(sqlite3.OperationalError("database is locked"))
    assert store.is_storage_fault(sqlite_of_the_portal().OperationalError("disk I/O error"))
    assert settings.get("birth_date_tries") == 3
