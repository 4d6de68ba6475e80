"""A backup of a PostgreSQL database is one moment of it, and a restore into an empty one brings it back, calmed."""

import contextlib
import io
import json
import os
import tarfile
import threading
import time

import nasty
import peewee
import pytest

import models
from domain import (
    accounts,
    attachments,
    audit,
    backup,
    discussions,
    folder,
    links,
    notices,
    restore,
    schema,
    sign_in,
    store,
)
from domain.folder import Place
from domain.rules import RuleBroken
from gateways.mail import Outcome, Verdict
from models import TABLES, AuditEntry, Delivery, Device, FormReceipt, Individual, Link, LoginSession, Setting

pytestmark = pytest.mark.only_postgres
KEY = "a key that only the tests have, and long enough for anybody"
KEYS = {"secret_key": "s" * 60, "audit_key": KEY}
CALMED = {LoginSession, Device, FormReceipt, Link, Delivery, AuditEntry, models.AuditValues, models.AuditHead}


@pytest.fixture
def file(tmp_path):
    """Where the backup goes."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "one.backup"


@pytest.fixture
def place(tmp_path):
    """A data folder beside a database of PostgreSQL."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    return Place(data, None)


@pytest.fixture
def elsewhere(templates):
    """Connected to a new, empty database for the length of a block."""

    @contextlib.contextmanager
    def connected(name=None):
        before = models.db.obj
        url = templates.copy(name, None) if name else templates.new(None)
        other = store.open_database(url)
        try:
            with other.connection_context():
                yield other
        finally:
            other.close_idle()
            models.db.initialize(before)
            templates._remove(url)

    return connected


def everything():
    """Every row of every table, by table."""
    return {table: sorted(map(repr, table.select().tuples())) for table in TABLES}


def bring_back(file, place):
    return restore.restore(file, place, audit_key=None)


def refusal(file, place):
    with pytest.raises(RuleBroken) as refused:
        bring_back(file, place)
    return refused.value.code


def enter(cast):
    return sign_in.start(cast.alice_account, None, device_token="", agent="a test", network="192.0.2.7")


def put(cast, number):
    return notices.put("password_changed", number, to="alice@example.org", account=cast.alice_account, individual=cast.alice)


def test_everything_comes_back_as_it_was(cast, file, place, elsewhere):
    before = everything()
    told = backup.make(file, keys=KEYS)
    assert told.rows["individual"] == 5
    with elsewhere():
        listed = bring_back(file, place).listed
        after = everything()
        assert listed.engine == "postgresql"
        assert {table: after[table] for table in TABLES if table not in CALMED} == {
            table: before[table] for table in TABLES if table not in CALMED
        }
        assert set(before[AuditEntry]) <= set(after[AuditEntry])
        assert audit.verify() == []
        assert AuditEntry.select().order_by(AuditEntry.id.desc()).get().kind == "backup.restored"
        assert schema.is_current()
    assert json.loads((place.data / "keys.json").read_text()) == KEYS
    assert not folder.is_half_restored(place)


def test_the_rules_of_the_database_come_back_too(cast, file, place, elsewhere):
    """What is append-only stays so, and numbers go on where they were."""
    backup.make(file, keys=KEYS)
    with elsewhere() as other:
        bring_back(file, place)
        with pytest.raises(peewee.DatabaseError), store.writing():
            other.execute_sql("UPDATE audit_entry SET network = '203.0.113.9'")
        newest = max(row.id for row in Individual.select())
        assert cast.person().id > newest


def test_nobody_is_signed_in_or_trusted_and_no_link_works_after_a_restore(cast, file, place, elsewhere):
    known, link = enter(cast), cast.invited()
    with store.writing():
        FormReceipt.create(visitor="v", form_id="f", created_at=link.created_at)
    backup.make(file, keys=KEYS)
    with elsewhere():
        bring_back(file, place)
        assert [table.select().count() for table in (LoginSession, FormReceipt)] == [0, 0]
        assert sign_in.session_of(known.session_token) is None
        assert {device.token_hash for device in Device.select()} == {""}
        assert not links.is_good(links.find("activation", links.token(link)))
        accounts.resend(cast.pia_account, cast.by("ada"))
        assert links.is_good(cast.link_of(cast.pia_account))


def test_what_waited_is_held_and_what_was_sent_stays_sent(cast, file, place, elsewhere):
    with store.writing():
        Setting.insert(key="mail_rate", value="0").execute()
    rows = [put(cast, number) for number in range(3)]
    notices.settle(notices.claim(), Outcome(Verdict.ACCEPTED, 250, "250 ok", False))
    assert notices.claim().delivery == rows[1]
    backup.make(file, keys=KEYS)
    with elsewhere():
        told = bring_back(file, place)
        assert [Delivery.get_by_id(row.id).state for row in rows] == ["sent", "held", "held"]
        assert told.held == 2
        assert notices.claim() == 0.0


def test_a_backup_under_load_is_of_one_moment(cast, file, place, elsewhere):
    """Each record and its audit entry were committed together, so a copy has both or neither."""
    stop, begun = threading.Event(), threading.Event()
    acknowledged = []

    def work():
        with models.db.connection_context():
            while not stop.is_set():
                acknowledged.append(cast.person().public_id)
                if len(acknowledged) == 5:
                    begun.set()

    writers = [threading.Thread(target=work) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        assert begun.wait(30)
        sure = list(acknowledged)
        backup.make(file, keys=KEYS)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert len(acknowledged) > len(sure), "nobody wrote meanwhile"
    with elsewhere():
        bring_back(file, place)
        assert audit.verify() == []
        there = {row.public_id for row in Individual.select()}
        assert set(sure) <= there
        told = AuditEntry.select().where(AuditEntry.kind == "individual.created").count()
        assert told == len(there)


def test_only_an_empty_database_is_restored_into(cast, file, place, elsewhere):
    backup.make(file, keys=KEYS)
    with elsewhere("house"):
        before = everything()
        assert refusal(file, place) == "not_empty"
        assert everything() == before


def test_a_portal_that_starts_on_the_same_database_is_waited_for_and_waits(cast, file, place, elsewhere):
    """Whatever data folder it has, it finds an empty database or a calmed one: both hold the lock of migrations."""
    backup.make(file, keys=KEYS)
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    done = []
    with elsewhere() as other:
        restorer = threading.Thread(target=lambda: done.append(bring_back(file, place)))
        with schema.alone():
            restorer.start()
            until = time.monotonic() + 30
            while not other.execute_sql(waiting).fetchone()[0]:
                assert time.monotonic() < until, "the restore waits for nobody"
            assert other.get_tables() == []
        restorer.join(60)
        assert [each.listed.engine for each in done] == ["postgresql"]
        assert Individual.select().count() == 5


def test_a_backup_of_the_other_kind_of_database_is_refused(cast, file, place, tmp_path, elsewhere):
    backup.make(file, keys=KEYS)
    beside = Place(place.data, place.data / "doorstep.db")
    with elsewhere():
        assert refusal(file, beside) == "other_kind"
    assert not beside.database.exists()


def test_a_damaged_backup_leaves_the_database_empty(cast, file, place, elsewhere):
    backup.make(file, keys=KEYS)
    whole = file.read_bytes()
    for broken in (whole[: len(whole) // 2], whole[:-1], b"", whole[:4000] + bytes([whole[4000] ^ 8]) + whole[4001:]):
        file.write_bytes(broken)
        with elsewhere() as other:
            assert refusal(file, place) == "damaged"
            assert other.get_tables() == []
        assert not folder.is_half_restored(place)


def test_a_list_that_tells_of_other_rows_is_refused_and_the_database_is_marked(cast, file, place, elsewhere):
    backup.make(file, keys=KEYS)
    with tarfile.open(file) as tar:
        entries = [(entry, tar.extractfile(entry).read()) for entry in tar]
    changed = json.dumps(json.loads(entries[0][1]) | {"rows": {"individual": 4}}).encode()
    file.unlink()
    with tarfile.open(file, "w:gz") as tar:
        for number, (entry, body) in enumerate(entries):
            body = body if number else changed
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    with elsewhere():
        assert refusal(file, place) == "damaged"
        assert folder.is_half_restored(place), "a portal would serve what was not checked"


def test_missing_tools_are_named(cast, file, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuleBroken) as refused:
        backup.make(file, keys=KEYS)
    assert refused.value.code == "no_tools"
    assert os.listdir(file.parent) == []


def test_files_of_messages_come_back_byte_by_byte(cast, file, place, elsewhere):
    sent = nasty.pdf(objects=os.urandom(700_000))
    ready = attachments.ready([("letter.pdf", io.BytesIO(sent))])
    discussions.start(cast.alice, "A question", "Here.", cast.by("alice"), worker=cast.dora, files=ready)
    backup.make(file, keys=KEYS)
    with elsewhere():
        bring_back(file, place)
        assert attachments.bytes_of(models.Attachment.get().file) == sent
