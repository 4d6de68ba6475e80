"""Who did and saw what: nothing is removed or altered unseen (spec 00 rule 2, T26, P27)."""

import datetime as dt
import json
import random
import threading

import pytest
from peewee import IntegrityError

import models
from domain import accounts, audit, profile, schema, settings, sign_in, store
from domain.actor import SYSTEM, Actor
from models import AuditEntry, AuditHead, AuditValues, LoginSession, db

TRIGGERS = ("audit_entry", "consent", "page_version", "link_opening")


@pytest.fixture
def history(cast):
    """Ten entries of every sort of actor."""
    accounts.suspend(cast.bob_account, cast.by("ada", network="2001:db8::7"))
    profile.record_consent(cast.alice, "sms", True, cast.by("ines"))
    with store.writing():
        audit.record("password.changed", cast.by("alice"), individual=cast.alice, subject="account 1")
        audit.record(
            "account.birth_date_wrong", Actor(account=cast.alice_account, acting_for=cast.sam, network="198.51.100.3"),
            individual=cast.sam, subject="Žofie’s “subject”", tries=2,
        )  # fmt: skip
        audit.record("sign_in.refused", cast.visitor(), reason="unknown")
        audit.record("account.activation_resent", SYSTEM)
    assert audit.verify() == []
    return cast


def drop_triggers():
    for table in TRIGGERS:
        for verb in ("update", "delete"):
            db.execute_sql(f"DROP TRIGGER {table}_no_{verb}" + (f" ON {table}" if store.is_postgres() else ""))
    if store.is_postgres():
        db.execute_sql("ALTER TABLE audit_values DROP CONSTRAINT audit_values_entry_id_fkey")


def look_away():
    """References are checked at the end of the transaction, which never comes."""
    if not store.is_postgres():
        db.execute_sql("PRAGMA defer_foreign_keys = 1")


def tamper(sql, *values):
    """What verify finds after a change by somebody who has the file; the change is undone."""
    with db.atomic() as attempt:
        look_away()
        try:
            changed = db.execute_sql(sql.replace("?", db.param), values).rowcount
            findings = audit.verify()
        except IntegrityError:
            return ["The database refuses that."]
        finally:
            attempt.rollback()
    assert changed, sql
    return findings


# ---------------------------------------------------------------- writing


def test_an_entry_says_who_for_whom_what_when_and_from_where(history, frozen):
    frozen("2026-06-01 09:30:15")
    by = Actor(account=history.alice_account, acting_for=history.sam, network="198.51.100.3")
    with store.writing():
        audit.record("individual.viewed", by, individual=history.sam, subject="x 1", page="profile")
    entry = AuditEntry.select().order_by(AuditEntry.id.desc()).get()
    assert (entry.actor_kind, entry.account, entry.worker) == ("client", history.alice_account, None)
    assert (entry.acting_for, entry.individual, entry.subject) == (history.sam, history.sam, "x 1")
    assert (entry.network, entry.at.isoformat()) == ("198.51.100.3", "2026-06-01T09:30:15+00:00")
    assert audit.values_of(entry) == {"page": "profile"}


@pytest.mark.parametrize(("kind", "values"), [("account.eaten", {}), ("", {}), ("Account.created", {})])
def test_an_unknown_kind_is_a_bug(cast, kind, values):
    with pytest.raises(KeyError), store.writing():
        audit.record(kind, SYSTEM, **values)


@pytest.mark.parametrize(
    "values",
    [{}, {"before": "a"}, {"after": "b"}, {"before": "a", "after": "b", "note": "c"}, {"befor": "a", "after": "b"}],
)
def test_an_unknown_or_missing_field_is_a_bug(cast, values):
    count = AuditEntry.select().count()
    with pytest.raises(TypeError), store.writing():
        audit.record("account.suspended", SYSTEM, **values)
    assert AuditEntry.select().count() == count


@pytest.mark.parametrize("kind", audit.KINDS)
def test_each_kind_of_the_catalogue_can_be_recorded(db, kind):
    with store.writing():
        entry = audit.record(kind, SYSTEM, **dict.fromkeys(audit.KINDS[kind], "x"))
    assert audit.values_of(entry) == dict.fromkeys(audit.KINDS[kind], "x")
    assert audit.verify() == []


def test_what_is_rolled_back_leaves_no_gap(history):
    count = AuditEntry.select().count()
    with pytest.raises(ZeroDivisionError), store.writing():
        audit.record("account.new_link_wanted", SYSTEM)
        raise ZeroDivisionError
    with store.writing():
        with pytest.raises(ZeroDivisionError), store.writing():
            audit.record("account.new_link_wanted", SYSTEM)
            raise ZeroDivisionError
        audit.record("account.new_link_wanted", SYSTEM)
    assert AuditEntry.select().count() == count + 1
    assert audit.verify() == []


def test_fifty_at_once_make_one_chain(history, at_once):
    count = AuditEntry.select().count()
    at_once([lambda: audit.record("sign_in.refused", SYSTEM, reason="password")] * 50)
    assert AuditEntry.select().count() == count + 50
    assert audit.verify() == []


def test_values_of_any_letters_come_back_as_they_were(cast):
    told = {"before": {"name": 'Žofie "O\'Brien" \\ 🦦\n'}, "after": {"name": "\u202eabc", "count": 7, "none": None}}
    with store.writing():
        entry = audit.record("individual.changed", SYSTEM, individual=cast.pia, **told)
    assert audit.values_of(entry) == told
    assert audit.verify() == []


# ---------------------------------------------------------------- append-only


@pytest.mark.parametrize("table", [models.AuditEntry, models.Consent, models.PageVersion, models.LinkOpening])
def test_the_database_refuses_to_change_or_remove_what_is_append_only(cast, table):
    link = cast.invited()
    with store.writing():
        models.LinkOpening.create(link=link, opened_at=link.created_at, network="", agent="")
    name, before = table._meta.table_name, list(table.select().tuples())
    assert before
    for sql in (f"UPDATE {name} SET id = id", f"DELETE FROM {name}", f"DELETE FROM {name} WHERE id = 1"):
        with pytest.raises(IntegrityError, match="append-only"), store.writing():
            db.execute_sql(sql)
    assert list(table.select().tuples()) == before


# ---------------------------------------------------------------- verifying


@pytest.mark.only_sqlite
def test_any_byte_of_any_row_that_is_changed_is_found(history):
    drop_triggers()
    flips = 0
    for table, key in ((AuditEntry, "id"), (AuditValues, "entry_id"), (AuditHead, "id")):
        name = table._meta.table_name
        newest = table.select().order_by(table._meta.primary_key.desc()).limit(4)
        for row in newest.tuples():
            values = dict(zip((field.column_name for field in table._meta.sorted_fields), row, strict=True))
            for column in values:
                raw = db.execute_sql(f"SELECT CAST({column} AS BLOB) FROM {name} WHERE {key} = ?", (values[key],))
                stored = raw.fetchone()[0]
                possible = b"0123456789" if isinstance(values[column], int) else range(1, 128)
                for place, byte in enumerate(stored or b""):
                    other = random.choice([value for value in possible if value != byte])
                    broken = stored[:place] + bytes([other]) + stored[place + 1 :]
                    assert tamper(
                        f"UPDATE {name} SET {column} = CAST(? AS TEXT) WHERE {key} = ?", broken, values[key]
                    ), (name, column, place, stored, broken)
                    flips += 1
    assert flips > 1000


def test_any_value_of_any_row_that_is_changed_a_little_is_found(history):
    drop_triggers()
    changes = 0
    for table in (AuditEntry, AuditValues, AuditHead):
        key = table._meta.primary_key
        for row in table.select().order_by(key.desc()).limit(4):
            for field in table._meta.sorted_fields:
                value = row.__data__[field.name]
                if value is None:
                    continue
                other = value + dt.timedelta(microseconds=1) if isinstance(value, dt.datetime) else None
                other = other or (value + 1 if isinstance(value, int) else f"{value[:-1]}{'y' if value[-1:] == 'x' else 'x'}")
                sql = f"UPDATE {table._meta.table_name} SET {field.column_name} = ? WHERE {key.column_name} = ?"
                assert tamper(sql, field.db_value(other), row._pk), (table, field.name, value)
                changes += 1
    assert changes > 50


def test_a_number_put_in_changed_or_taken_out_is_found(history):
    drop_triggers()
    numbers = ("worker_id", "account_id", "acting_for_id", "individual_id")
    for entry in AuditEntry.select().order_by(AuditEntry.id.desc()).limit(6):
        for column in numbers:
            for other in (None, 1, 2, 3):
                if getattr(entry, column) != other:
                    assert tamper(f"UPDATE audit_entry SET {column} = ? WHERE id = ?", other, entry.id)


@pytest.mark.only_sqlite
@pytest.mark.parametrize("place", [0, 5, 10, 25])
def test_a_time_written_another_way_is_found(history, place):
    drop_triggers()
    entry = AuditEntry.select().order_by(AuditEntry.id.desc()).get()
    raw = db.execute_sql("SELECT at FROM audit_entry WHERE id = ?", (entry.id,)).fetchone()[0]
    for letter in "T\t x9\u0663":
        if raw[place] != letter:
            assert tamper(
                "UPDATE audit_entry SET at = ? WHERE id = ?", raw[:place] + letter + raw[place + 1 :], entry.id
            )


@pytest.mark.only_sqlite
def test_bytes_that_are_no_text_are_found(history):
    drop_triggers()
    for column in ("kind", "at", "subject", "network", "hash", "values_hash", "previous_hash"):
        assert tamper(f"UPDATE audit_entry SET {column} = CAST(X'FF41' AS TEXT) WHERE id = 3"), column
    assert tamper("UPDATE audit_values SET body = CAST(X'FF41' AS TEXT) WHERE entry_id = 3")


def test_a_removed_entry_is_found_wherever_it_stood(history):
    drop_triggers()
    last = AuditHead.get().count
    for number in (1, 2, last // 2, last - 1):
        assert f"Entry {number} is missing." in tamper("DELETE FROM audit_entry WHERE id = ?", number)


def test_a_cut_off_tail_is_found(history):
    drop_triggers()
    last = AuditHead.get().count
    for kept in (last - 1, last - 5, 0):
        findings = tamper("DELETE FROM audit_entry WHERE id > ?", kept)
        assert f"The chain ends at entry {kept}, but {last} were written." in findings


def test_blanked_or_removed_values_are_found(history):
    assert tamper("UPDATE audit_values SET body = '' WHERE entry_id = 5")
    assert tamper("DELETE FROM audit_values WHERE entry_id = 5")


def test_two_entries_that_changed_places_are_found(history):
    drop_triggers()
    with db.atomic() as attempt:
        for sql in ("id = -1 WHERE id = 3", "id = 3 WHERE id = 4", "id = 4 WHERE id = -1"):
            look_away()
            db.execute_sql(f"UPDATE audit_entry SET {sql}")
        assert audit.verify()
        attempt.rollback()


def test_an_entry_added_by_somebody_without_the_key_is_found(history):
    with db.atomic() as attempt:
        head = AuditHead.get()
        copy = AuditEntry.select().where(AuditEntry.id == head.count).dicts().get()
        body = json.dumps({})
        forged = {**copy, "id": head.count + 1, "previous_hash": head.hash, "hash": "f" * 64}
        AuditEntry.insert(forged).execute()
        AuditValues.insert(entry=head.count + 1, body=body).execute()
        AuditHead.update(count=head.count + 1, hash="f" * 64).execute()
        assert f"Entry {head.count + 1} was altered." in audit.verify()
        attempt.rollback()


def test_a_removed_or_renumbered_head_is_found(history):
    assert tamper("DELETE FROM audit_head")
    assert tamper("UPDATE audit_head SET id = 2")


def test_with_another_key_nothing_verifies(history):
    audit.use_key("somebody guessed this key")
    assert len(audit.verify()) >= AuditEntry.select().count()


def test_a_verification_while_people_work_finds_nothing(history):
    done = threading.Event()

    def work():
        with store.connection():
            while not done.is_set():
                audit.record("sign_in.refused", SYSTEM, reason="password")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert [finding for _ in range(30) for finding in audit.verify()] == []
    finally:
        done.set()
        worker.join()
    assert AuditEntry.select().where(AuditEntry.kind == "sign_in.refused").count() > 5


# ---------------------------------------------------------------- with what it tells of, or not at all


def nobody_can_write_it_down():
    """From now on the database refuses every entry."""
    if store.is_postgres():
        db.execute_sql("ALTER TABLE audit_entry ADD CONSTRAINT refused CHECK (false) NOT VALID")
    else:
        db.execute_sql("CREATE TRIGGER refused BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'refused'); END")


def everything():
    return {table.__name__: sorted(table.select().tuples(), key=repr) for table in models.TABLES}


ACTS = {
    "suspend": lambda cast, ada: accounts.suspend(cast.alice_account, ada),
    "unlock": lambda cast, ada: accounts.unlock(cast.eve_account, ada),
    "disable": lambda cast, ada: accounts.disable(cast.alice_account, ada),
    "close": lambda cast, ada: accounts.close(cast.alice_account, ada),
    "create": lambda cast, ada: accounts.create(cast.pia, ada),
    "record consent": lambda cast, ada: profile.record_consent(cast.alice, "sms", True, ada),
    "follow": lambda cast, ada: profile.follow(cast.bob, cast.dora, ada),
    "sign in": lambda cast, ada: sign_in.start(cast.alice_account, None, device_token="", agent="", network=""),
    "sign out": lambda cast, ada: sign_in.sign_out(LoginSession.get(), cast.by("alice")),
    "change the password": lambda cast, ada: sign_in.change_password(
        LoginSession.get(), cast.password_of("alice"), "seven brave geese fly", cast.by("alice")
    ),
    "change a setting": lambda cast, ada: settings.change("minimum_age", "17", ada),
}


@pytest.mark.parametrize("act", ACTS)
def test_what_cannot_be_written_down_does_not_happen(cast, act):
    cast.session("alice")
    before, ada = everything(), cast.by("ada")
    nobody_can_write_it_down()
    with pytest.raises(IntegrityError):
        ACTS[act](cast, ada)
    after = everything()
    assert {name: rows for name, rows in after.items() if name != "RateCount"} == {
        name: rows for name, rows in before.items() if name != "RateCount"
    }  # a try counts all the same


def test_a_chain_from_before_its_end_was_sealed_is_sealed_by_the_upgrade(history):
    schema.down("0003_who_changed_what")
    schema.up()
    assert audit.verify() == []
    with store.writing():
        AuditHead.update(seal="").execute()
    assert audit.verify() == ["The end of the chain was altered."]
    schema.up()  # nothing to apply: who blanked the seal does not get it back
    assert audit.verify() == ["The end of the chain was altered."]
