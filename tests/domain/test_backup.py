"""A backup is whole or not there; a restore brings everything back but sessions, links and mail that may be out already.

Here the data are one file; test_backup_on_postgres.py tells the same of PostgreSQL.
"""

import contextlib
import dataclasses
import datetime as dt
import gzip
import io
import itertools
import json
import os
import random
import shutil
import stat
import tarfile
import zlib

import nasty
import pytest

import models
from domain import (
    accounts,
    archive,
    attachments,
    audit,
    backup,
    clock,
    discussions,
    folder,
    links,
    notices,
    schema,
    sign_in,
    store,
)
from domain.folder import Place
from domain.restore import restore
from domain.rules import RuleBroken
from gateways.mail import Outcome, Verdict
from models import AuditEntry, Delivery, Device, FormReceipt, Individual, Link, LoginSession, Setting

pytestmark = pytest.mark.only_sqlite

KEY = "a key that only the tests have, and long enough for anybody"  # the one that the databases were made with
KEYS = {"secret_key": "s" * 60, "audit_key": KEY}
ACCEPTED = Outcome(Verdict.ACCEPTED, 250, "250 ok", False)
CALMED = {"login_session", "device", "form_receipt", "link", "delivery", "audit_entry", "audit_values", "audit_head"}


@pytest.fixture
def file(tmp_path):
    """Where the backup goes."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "one.backup"


@pytest.fixture
def place(tmp_path):
    """An empty data folder."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    there = Place(data, data / "doorstep.db")
    with folder.alone(there):
        pass  # it leaves the files that everybody locks
    return there


@pytest.fixture
def made(cast, file):
    """A backup of the cast's portal."""
    return backup.make(file, keys=KEYS).file


@contextlib.contextmanager
def looking_at(path):
    before = models.db.obj
    store.open_database(f"sqlite:///{path}")
    try:
        with models.db.connection_context():
            yield
    finally:
        models.db.initialize(before)


def everything(path):
    """Every row of every table, by table."""
    with backup.opened(path) as database:
        return {name: sorted(database.execute_sql(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in database.get_tables()}


def bring_back(file, place, **more):
    return restore(file, place, audit_key=None, **more)


def refusal(file, place, **more):
    """The code with which a restore refuses; it leaves nothing behind."""
    before = found_in(place.data)
    with pytest.raises(RuleBroken) as refused:
        restore(file, place, **{"audit_key": None, **more})
    assert found_in(place.data) == before
    return refused.value.code


def found_in(data):
    return {path: path.is_file() and path.read_bytes() for path in data.rglob("*")}


# ---------------------------------------------------------------- the backup


def test_a_backup_is_one_private_file_and_nothing_else_is_left(made, file):
    assert os.listdir(file.parent) == ["one.backup"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as tar:
        assert [(entry.name, entry.mode) for entry in tar] == [(archive.LIST, 0o600), ("database", 0o600), ("keys.json", 0o600)]


def test_a_backup_says_what_it_holds(db, cast, file):
    told = backup.make(file, keys=KEYS)
    assert told.rows["individual"] == Individual.select().count() == 5
    assert told.audit == []
    said = archive.unpack(file, None, fits=lambda listed: None)
    assert (said.rows, said.engine, said.migrations) == (told.rows, "sqlite", schema.known())
    assert json.loads(entries_of(file)[2][1]) == KEYS


def test_a_backup_never_takes_the_place_of_another_file(cast, file):
    file.write_text("my novel")
    with pytest.raises(RuleBroken) as refused:
        backup.make(file, keys=KEYS)
    assert refused.value.code == "exists"
    assert file.read_text() == "my novel"
    assert os.listdir(file.parent) == ["one.backup"]


def test_of_two_backups_with_one_name_one_is_made(cast, file, at_once):
    answers = at_once([lambda: backup.make(file, keys=KEYS)] * 2)
    assert sorted(getattr(answer, "code", "made") for answer in answers) == ["exists", "made"]
    assert os.listdir(file.parent) == ["one.backup"]


def test_there_must_be_a_folder_for_it(cast, tmp_path):
    with pytest.raises(RuleBroken) as refused:
        backup.make(tmp_path / "nowhere" / "one.backup", keys=KEYS)
    assert refused.value.code == "no_folder"


def test_an_empty_folder_is_not_backed_up_in_silence(db, tmp_path, file):
    with looking_at(tmp_path / "empty.db"), pytest.raises(RuleBroken) as refused:
        backup.make(file, keys=KEYS)
    assert refused.value.code == "nothing"
    assert os.listdir(file.parent) == []


def test_a_damaged_database_gives_no_backup(db, cast, templates, tmp_path, file):
    path = tmp_path / "damaged.db"
    templates.copy("cast", path)
    size = path.stat().st_size
    with looking_at(path), path.open("r+b", buffering=0) as raw:
        raw.seek(size // 2)
        raw.write(random.Random(7).randbytes(size // 4))
        with pytest.raises(RuleBroken) as refused:
            backup.make(file, keys=KEYS)
    assert refused.value.code == "damaged"
    assert os.listdir(file.parent) == []


def test_rows_that_point_nowhere_give_no_backup(db, cast, file):
    db.execute_sql("PRAGMA foreign_keys = off")
    with store.writing():
        db.execute_sql("DELETE FROM individual WHERE external_id = 'bob'")
    with pytest.raises(RuleBroken) as refused:
        backup.make(file, keys=KEYS)
    assert refused.value.code == "damaged"


def test_an_altered_audit_is_told_and_still_backed_up(db, cast, file, place):
    _drop_triggers(db)
    with store.writing():
        db.execute_sql("UPDATE audit_entry SET network = '203.0.113.9' WHERE id = 3")
    told = backup.make(file, keys=KEYS)
    assert told.audit == ["Entry 3 was altered."]
    assert bring_back(file, place).listed.audit == ["Entry 3 was altered."]


def _drop_triggers(db):
    for (name,) in db.execute_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute_sql(f'DROP TRIGGER "{name}"')


def test_what_a_killed_backup_left_goes_after_a_day(cast, file):
    old, young = file.parent / ".doorstep-backup-old", file.parent / ".doorstep-backup-young"
    for left in (old, young):
        left.mkdir()
    os.utime(old, times=(0, 0))
    backup.make(file, keys=KEYS)
    assert sorted(os.listdir(file.parent)) == [".doorstep-backup-young", "one.backup"]


# ---------------------------------------------------------------- the restore


def test_everything_comes_back_as_it_was(db, cast, made, place):
    before = everything(db.database)
    bring_back(made, place)
    after = everything(place.database)
    assert {name: rows for name, rows in before.items() if name not in CALMED} == {
        name: rows for name, rows in after.items() if name not in CALMED
    }
    assert [row for row in before["audit_entry"] if row not in after["audit_entry"]] == []
    assert json.loads((place.data / "keys.json").read_text()) == KEYS
    assert sorted(os.listdir(place.data)) == ["doorstep.db", "doorstep.db.lock", "keys.json", "portal.lock"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.data.iterdir()} == {0o600}


def test_the_audit_goes_on_and_tells_of_the_restore(cast, made, place):
    bring_back(made, place)
    with looking_at(place.database):
        assert audit.verify() == []
        entry = AuditEntry.select().order_by(AuditEntry.id.desc()).get()
        assert (entry.kind, entry.actor_kind) == ("backup.restored", "system")


def test_nobody_is_signed_in_or_trusted_after_a_restore(cast, file, place):
    known = enter(cast)
    assert sign_in.session_of(known.session_token) is not None
    with store.writing():
        FormReceipt.create(visitor="v", form_id="f", created_at=clock.now())
    bring_back(backup.make(file, keys=KEYS).file, place)
    with looking_at(place.database):
        assert [table.select().count() for table in (LoginSession, FormReceipt)] == [0, 0]
        assert sign_in.session_of(known.session_token) is None
        assert {device.token_hash for device in Device.select()} == {""}


def test_a_browser_that_was_known_is_a_new_one_after_a_restore(cast, file, place):
    known = enter(cast)
    bring_back(backup.make(file, keys=KEYS).file, place)
    with looking_at(place.database):
        before = Delivery.select().where(Delivery.kind == "new_device").count()
        assert enter(cast, known.device_token).device_token != known.device_token
        assert Delivery.select().where(Delivery.kind == "new_device").count() == before + 1


def enter(cast, device_token=""):
    return sign_in.start(cast.alice_account, None, device_token=device_token, agent="a test", network="192.0.2.7")


def test_links_of_before_are_void_and_staff_send_a_new_activation(cast, file, place):
    link = cast.invited()
    bring_back(backup.make(file, keys=KEYS).file, place)
    with looking_at(place.database):
        assert not links.is_good(links.find("activation", links.token(link)))
        accounts.resend(cast.pia_account, cast.by("ada"))
        assert links.is_good(cast.link_of(cast.pia_account))


def test_links_that_were_used_stay_used(cast, made, place):
    used = Link.select().where(Link.used_at.is_null(False)).count()
    bring_back(made, place)
    with looking_at(place.database):
        assert Link.select().where(Link.used_at.is_null(False), Link.voided_at.is_null()).count() == used > 0


def test_what_waited_is_held_and_what_was_sent_stays_sent(cast, file, place):
    with store.writing():
        Setting.insert(key="mail_rate", value="0").execute()  # as fast as they are taken
    rows = [put(cast, number) for number in range(3)]
    notices.settle(notices.claim(), ACCEPTED)
    assert notices.claim().delivery == rows[1]
    told = bring_back(backup.make(file, keys=KEYS).file, place)
    with looking_at(place.database):
        assert [Delivery.get_by_id(row.id).state for row in rows] == ["sent", "held", "held"]
        assert told.held == Delivery.select().where(Delivery.state == "held").count() == 2
        assert notices.claim() == 0.0


def put(cast, number):
    return notices.put("password_changed", number, to="alice@example.org", account=cast.alice_account, individual=cast.alice)


def test_an_older_backup_is_brought_up_to_date(cast, made, place, tmp_path, monkeypatch):
    newer_version(tmp_path, monkeypatch)
    bring_back(made, place)
    with looking_at(place.database):
        assert schema.is_current()
        assert "harbour" in models.db.get_tables()


def newer_version(tmp_path, monkeypatch):
    """A version of the portal with one more migration."""
    shutil.copytree(schema.FOLDER, tmp_path / "migrations")
    (tmp_path / "migrations" / "9999_harbour.py").write_text(
        "def up(migrator, db):\n    db.execute_sql('CREATE TABLE harbour (id INTEGER PRIMARY KEY)')\n"
    )
    monkeypatch.setattr(schema, "FOLDER", tmp_path / "migrations")


# ---------------------------------------------------------------- what a restore refuses


def test_a_backup_of_a_newer_version_is_refused(db, cast, file, place, tmp_path, monkeypatch):
    with monkeypatch.context() as later:
        newer_version(tmp_path, later)
        schema.up()
        backup.make(file, keys=KEYS)
    assert refusal(file, place) == "newer"


def test_a_portal_is_not_replaced_unless_that_is_said(made, place, templates):
    templates.copy("house", place.database)
    assert refusal(made, place) == "not_empty"


def test_with_replace_the_portal_of_before_is_kept_aside(db, made, place, templates):
    templates.copy("house", place.database)
    (place.data / "keys.json").write_text('{"old": "keys"}')
    (place.data / "queue.db").write_text("old bells")
    before = everything(place.database)
    kept = bring_back(made, place, replace=True).kept
    assert everything(kept / "doorstep.db") == before
    assert (kept / "keys.json").read_text() == '{"old": "keys"}'
    with looking_at(place.database):
        assert Individual.select().count() == 5
    assert not (place.data / "queue.db").exists()


def test_a_database_that_cannot_be_read_is_replaced_and_kept_aside_too(made, place):
    place.database.write_bytes(b"no database at all" * 1000)
    assert refusal(made, place) == "not_empty"
    kept = bring_back(made, place, replace=True).kept
    assert (kept / "doorstep.db").read_bytes() == b"no database at all" * 1000


@pytest.mark.parametrize("replace", [False, True])
def test_nothing_is_restored_under_a_running_portal(made, place, replace):
    with folder.in_use(place):
        assert refusal(made, place, replace=replace) == "in_use"


@pytest.mark.parametrize("name", ["the data folder", "the database", "a link to the database"])
def test_nor_under_one_that_shares_only_a_part(made, place, tmp_path, name):
    """Another data folder with the same DATABASE_URL, or the same folder with another one."""
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    place.database.touch()
    (other / "link.db").symlink_to(place.database)
    shares = {
        "the data folder": Place(place.data, other / "doorstep.db"), "the database": Place(other, place.database),
        "a link to the database": Place(other, other / "link.db"),
    }[name]  # fmt: skip
    with folder.in_use(shares):
        assert refusal(made, place, replace=True) == "in_use"
    with folder.alone(place), pytest.raises(RuleBroken), folder.in_use(shares):
        pytest.fail("it started in the middle of a restore")
    with folder.in_use(Place(other, other / "another.db")):
        assert bring_back(made, place).kept is None


def test_no_portal_starts_while_a_restore_goes_on(place):
    with folder.alone(place):
        for enter in (folder.in_use, folder.alone):
            with pytest.raises(RuleBroken) as refused, enter(place):
                pytest.fail("somebody came in")
            assert refused.value.code == "in_use"
    with folder.in_use(place), folder.in_use(place):
        pass  # two portals on one folder share the work


def test_nor_under_one_that_does_not_say_that_it_runs(made, place, templates):
    templates.copy("house", place.database)
    with looking_at(place.database):
        assert refusal_with_log(made, place) == "in_use"
        assert models.Agency.select().count() == 1


def refusal_with_log(file, place):
    with pytest.raises(RuleBroken) as refused:
        bring_back(file, place, replace=True)
    return refused.value.code


def test_another_audit_key_in_the_environment_is_refused(made, place):
    assert refusal(made, place, audit_key="another key") == "other_key"
    restore(made, place, audit_key=KEY)


@pytest.mark.parametrize("part", [0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_a_backup_that_was_cut_off_is_refused(made, place, part):
    whole = made.read_bytes()
    made.write_bytes(whole[: int(len(whole) * part)])
    assert refusal(made, place) == "damaged"


def test_a_backup_without_its_last_byte_is_refused(made, place):
    made.write_bytes(made.read_bytes()[:-1])
    assert refusal(made, place) == "damaged"


@pytest.mark.parametrize("seed", range(30))
def test_a_backup_with_a_flipped_bit_is_refused(made, place, seed):
    whole, chance, flipped = made.read_bytes(), random.Random(seed), b""
    while not flipped or says_the_same(flipped, whole):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    made.write_bytes(flipped)
    assert refusal(made, place) == "damaged"


def says_the_same(flipped, whole):
    """Some bits tell nothing of the content: the time of packing, or how far back a row of zeros is copied from."""
    with contextlib.suppress(OSError, EOFError, zlib.error):
        return gzip.decompress(flipped) == gzip.decompress(whole)
    return False


@pytest.mark.parametrize("content", [b"", b"a letter", b"\x1f\x8b", gzip.compress(b"a letter", mtime=0), b"SQLite format 3\0" + bytes(4000)])
def test_what_is_no_backup_is_refused(db, file, place, content):
    file.write_bytes(content)
    assert refusal(file, place) == "damaged"


def entries_of(made):
    with tarfile.open(made) as tar:
        return [(entry, tar.extractfile(entry).read()) for entry in tar]


def packed(file, entries):
    file.unlink()
    with tarfile.open(file, "w:gz") as tar:
        for entry, body in entries:
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))


def renamed(entries, number, name):
    entries[number][0].name = name


def linked(entries, number, kind):
    entries[number][0].type, entries[number][0].linkname = kind, "/etc/passwd"
    entries[number] = (entries[number][0], b"")


TAMPERED = {
    "a path upwards": lambda entries: renamed(entries, 1, "../database"),
    "an absolute path": lambda entries: renamed(entries, 1, "/tmp/database"),
    "a symbolic link": lambda entries: linked(entries, 1, tarfile.SYMTYPE),
    "a hard link": lambda entries: linked(entries, 2, tarfile.LNKTYPE),
    "a folder": lambda entries: linked(entries, 2, tarfile.DIRTYPE),
    "a second database": lambda entries: entries.insert(2, entries[1]),
    "one more file": lambda entries: entries.append((tarfile.TarInfo("../../evil"), b"evil")),
    "another order": lambda entries: entries.reverse(),
    "no keys": lambda entries: entries.pop(),
    "no list": lambda entries: entries.pop(0),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_an_archive_that_holds_anything_else_is_refused(made, place, how):
    entries = entries_of(made)
    TAMPERED[how](entries)
    packed(made, entries)
    assert refusal(made, place) == "damaged"
    assert sorted(path.name for path in made.parent.iterdir()) == ["one.backup"]


LISTS = {
    "a newer form": ({"format": archive.FORMAT + 1}, "newer"),
    "a step that nobody knows": ({"migrations": ["0001_foundation", "0815_unknown"]}, "newer"),
    "other rows": ({"rows": {"individual": 4}}, "damaged"),
    "no rows": ({"rows": None}, "damaged"),
    "steps that are none": ({"migrations": [1, 2]}, "damaged"),
    "no files": ({"files": {}}, "damaged"),
    "another kind of database": ({"engine": "postgresql"}, "other_kind"),
    "no kind": ({"engine": None}, "other_kind"),
    "a word too many": ({"surprise": 1}, "damaged"),
}


@pytest.mark.parametrize("what", LISTS)
def test_a_list_that_says_anything_else_is_refused(made, place, what):
    change, code = LISTS[what]
    entries = entries_of(made)
    entries[0] = (entries[0][0], json.dumps(json.loads(entries[0][1]) | change).encode())
    packed(made, entries)
    assert refusal(made, place) == code


def test_a_database_that_was_changed_in_the_archive_is_refused(made, place, tmp_path):
    entries, changed = entries_of(made), tmp_path / "changed.db"
    changed.write_bytes(entries[1][1])
    with backup.opened(changed) as database:
        database.execute_sql("UPDATE individual SET first_name = 'Mallo' WHERE first_name = 'Alice'")
    assert len(entries[1][1]) == changed.stat().st_size
    entries[1] = (entries[1][0], changed.read_bytes())
    packed(made, entries)
    assert refusal(made, place) == "damaged"


def test_a_database_of_somebody_else_is_refused(db, cast, file, place, tmp_path):
    foreign, keys, draft = tmp_path / "foreign.db", tmp_path / "keys.json", tmp_path / "draft"
    with backup.opened(foreign) as database:
        database.execute_sql("CREATE TABLE recipe (name TEXT)")
    keys.write_text(json.dumps(KEYS))
    listed = dataclasses.replace(backup.survey(db), rows={"recipe": 0})
    archive.pack(draft, {"database": foreign, "keys.json": keys}, listed)
    assert refusal(draft, place) == "damaged"


def test_an_audit_that_was_altered_inside_the_backup_is_refused(db, cast, place, tmp_path):
    copy, keys, draft = tmp_path / "copy.db", tmp_path / "keys.json", tmp_path / "draft"
    db.execute_sql("VACUUM INTO ?", (str(copy),))
    listed = backup.survey(db)
    with backup.opened(copy) as database:
        _drop_triggers(database)
        database.execute_sql("UPDATE audit_entry SET network = '203.0.113.9' WHERE id = 3")
    keys.write_text(json.dumps(KEYS))
    archive.pack(draft, {"database": copy, "keys.json": keys}, listed)
    assert refusal(draft, place) == "damaged"


# ---------------------------------------------------------------- of many backups


NOW = dt.datetime(2026, 11, 22, 12, 3, tzinfo=dt.UTC)


def kept_of(ages):
    moments = [NOW - age for age in ages]
    gone = set(backup.superfluous(moments, NOW))
    return [NOW - moment for moment in moments if moment not in gone]


def test_of_a_backup_each_five_minutes_enough_stay_and_no_more():
    kept = kept_of([dt.timedelta(minutes=5 * number) for number in range(12 * 24 * 60)])
    assert sum(age < dt.timedelta(hours=2) for age in kept) == 24
    assert 45 <= sum(dt.timedelta(hours=2) <= age < dt.timedelta(days=2) for age in kept) <= 48
    assert 27 <= sum(dt.timedelta(days=2) <= age for age in kept) <= 29
    assert max(kept) < dt.timedelta(days=30)


def test_thinning_out_again_each_five_minutes_keeps_the_same_spans():
    """What stays must not depend on the backups that were removed earlier."""
    there = set()
    for number in range(12 * 24 * 40):
        now = NOW + dt.timedelta(minutes=5 * number)
        there.add(now)
        there -= set(backup.superfluous(there, now))
    ages = sorted(now - moment for moment in there)
    gaps = [later - sooner for sooner, later in itertools.pairwise(ages)]
    assert ages[-1] >= dt.timedelta(days=28)
    assert max(gap for age, gap in zip(ages, gaps, strict=False) if age < dt.timedelta(days=1)) <= dt.timedelta(hours=2)
    assert max(gaps) <= dt.timedelta(days=2)


def test_the_newest_backup_stays_however_old_it_is():
    assert kept_of([dt.timedelta(days=400), dt.timedelta(days=401)]) == [dt.timedelta(days=400)]


def test_only_our_own_names_are_removed(tmp_path):
    mine = [tmp_path / backup.name_of(clock.ago(days=days)) for days in (0, 40, 50)]
    others = [tmp_path / "doorstep-before-upgrade.backup", tmp_path / "holiday.jpg"]
    for path in (*mine, *others):
        path.write_text("x")
    assert sorted(backup.thin_out(tmp_path)) == sorted(mine[1:])
    assert sorted(tmp_path.iterdir()) == sorted([mine[0], *others])


def test_files_of_messages_come_back_byte_by_byte(cast, file, place):
    sent = nasty.pdf(objects=os.urandom(700_000))
    ready = attachments.ready([("letter.pdf", io.BytesIO(sent))])
    discussions.start(cast.alice, "A question", "Here.", cast.by("alice"), worker=cast.dora, files=ready)
    backup.make(file, keys=KEYS)
    bring_back(file, place)
    with looking_at(place.database):
        assert attachments.bytes_of(models.Attachment.get().file) == sent
