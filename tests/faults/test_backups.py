"""Backups of a portal at work are whole; a restore is whole or did not happen, and what it brings back serves (P17, P18)."""

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from faults.nursery import KEY, PATIENCE, ROOT, Nursery, Sink, address_of, opened, password_of, sound
from faults.running import Visitor, command, environment

from domain import accounts, audit, backup, folder, store
from domain.actor import SYSTEM
from domain.folder import Place
from domain.restore import restore
from models import Delivery, Device, FormReceipt, Individual, Link, LoginSession, PortalAccount, RateCount, Setting

KEYS = {"secret_key": "s" * 60, "audit_key": KEY}
BACKUPS = 20
MOST_SECONDS = 60
SIZE = 50 * 1024 * 1024


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as warm:
        yield warm


@pytest.fixture
def live(templates, tmp_path):
    """The data folder of a portal from which mail goes out as fast as it is taken."""
    folder_of = tmp_path / "live"
    folder_of.mkdir(mode=0o700)
    templates.copy("cast", folder_of / "doorstep.db")
    (folder_of / "doorstep.db").chmod(0o600)
    with opened(folder_of / "doorstep.db"), store.writing():
        Setting.insert(key="mail_rate", value="0").execute()
    return Place(folder_of, folder_of / "doorstep.db")


def empty(tmp_path, name="restored"):
    data = tmp_path / name
    data.mkdir(mode=0o700)
    return Place(data, data / "doorstep.db")


# ---------------------------------------------------------------- under load


@pytest.mark.long
def test_twenty_backups_under_load_are_whole_and_lack_nothing_that_was_acknowledged(live, nursery, tmp_path):
    acked, busy = [], 0
    with Sink() as sink:
        crowd = [nursery.start("web", live.database, first=first) for first in (1, 100_000)]
        mail = nursery.start("mail", live.database, port=sink.port)
        assert sink.accepted.wait(1), "nobody uses the portal"
        for number in range(BACKUPS):
            acked += said(crowd)
            with opened(live.database):
                file = backup.make(tmp_path / f"{number}.backup", keys=KEYS).file
            meanwhile = said(crowd)
            busy += bool(meanwhile)
            place = empty(tmp_path, f"data-{number}")
            check(file, place, acked)
            if number < BACKUPS - 1:
                shutil.rmtree(place.data)
                acked += meanwhile
        for child in (*crowd, mail):
            child.kill()
    assert busy > BACKUPS * 0.8, "the portal stood still while it was backed up"
    assert len(acked) > BACKUPS
    it_serves(place, [words["number"] for words in acked if words["ack"] == "activate"])


def said(crowd):
    """What people were told is saved since we asked last, which is: what was acknowledged by now."""
    heard = []
    for child in crowd:
        while words := child.hear(0.01):
            heard += [words] if "ack" in words else []
    return heard


def check(file, place, acked):
    """Restored, it is sound and has every account and activation that was acknowledged before it was begun."""
    restore(file, place, audit_key=None)
    sound(place.database)
    with opened(place.database):
        assert audit.verify() == []
        states = {account.public_id: account.state for account in PortalAccount.select()}
        there = {individual.external_id for individual in Individual.select()}
    assert {f"person {words['number']}" for words in acked if words["ack"] == "person"} <= there
    assert {words["account"] for words in acked if words["ack"] == "create"} <= states.keys()
    assert {states[words["account"]] for words in acked if words["ack"] == "activate"} <= {"active"}


def it_serves(place, activated):
    """Whoever was told before the backup began that their account is active signs in at the restored portal, and reads."""
    with portal(place.data) as port:
        assert json.loads(Visitor(port).ask("GET", "/readyz")[1])["database"] is True
        for number in (activated[0], activated[-1]):
            visitor = Visitor(port)
            assert visitor.sign_in(address_of(number), password_of(number)) == 303
            status, page = visitor.ask("GET", "/about-me/")
            assert (status, f"North{number}" in page, address_of(number) in page) == (200, True, True)
    with opened(place.database):
        assert audit.verify() == []


# ---------------------------------------------------------------- killed


@pytest.fixture
def file(live, tmp_path):
    """A backup with Pia's activation on its way."""
    with opened(live.database):
        accounts.create(Individual.get(external_id="pia"), SYSTEM)
        return backup.make(tmp_path / "one.backup", keys=KEYS).file


def old_portal(templates, place):
    """Another portal, with keys of its own."""
    templates.copy("house", place.database)
    (place.data / "keys.json").write_text(json.dumps({"secret_key": "old", "audit_key": KEY, "whose": "the old one's"}))


def ended(nursery, child):
    nursery.order(wait=child.pid)
    while True:
        words = child.hear()
        assert words is not None
        if "end" in words:
            nursery.forget(child.pid)
            return words["end"]


@pytest.mark.long
@pytest.mark.parametrize("was", ["empty", "a portal"])
def test_a_restore_that_is_killed_at_any_step_did_everything_or_nothing(file, nursery, templates, tmp_path, was):
    outcomes = []
    for step in itertools.count(1):
        place = empty(tmp_path, f"data-{step}")
        if was == "a portal":
            old_portal(templates, place)
        end = ended(nursery, nursery.start("bring_back", place.database, file=str(file), step=step))
        folder.finish(place)  # what every start does first
        outcomes.append(outcome(place, was))
        restore(file, place, audit_key=None, replace=True)  # and it can be done again
        assert outcome(place, was) == "new"
        shutil.rmtree(place.data)
        if end == 0:
            break
        assert end == -signal.SIGKILL
    changed = outcomes.index("new")
    assert set(outcomes[:changed]) == {"old"}
    assert set(outcomes[changed:]) == {"new"}
    assert changed > 12, "it was not killed in the middle"
    assert len(outcomes) - changed > 5, "it was not killed at the end"


def outcome(place, was):
    """``old`` or ``new``; anything between fails."""
    keys = place.data / "keys.json"
    with backup.opened(place.database) as database:
        is_new = "individual" in database.get_tables() and database.execute_sql("SELECT count(*) FROM individual").fetchone()[0] > 0
    if not is_new:
        assert not keys.exists() or json.loads(keys.read_text())["whose"] == "the old one's"
        with opened(place.database):
            assert was == "empty" or audit.verify() == []
        return "old"
    assert json.loads(keys.read_text()) == KEYS
    sound(place.database)
    with opened(place.database):
        assert audit.verify() == []
        assert [table.select().count() for table in (LoginSession, FormReceipt)] == [0, 0]
        assert {device.token_hash for device in Device.select()} <= {""}
        assert not Link.select().where(Link.used_at.is_null(), Link.voided_at.is_null()).exists()
        assert [row.state for row in Delivery.select().where(Delivery.state != "sent")] == ["held"]
    return "new"


# ---------------------------------------------------------------- the commands, and a portal that serves


@contextlib.contextmanager
def portal(data, **more):
    """``app.py`` as script/run starts it; the port on which it listens."""
    with (data.parent / f"{data.name}.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "app.py", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=log,
                                   text=True, env=environment(data, **more))  # fmt: skip
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        announced = "".join(itertools.takewhile(lambda line: "Stop with" not in line, process.stdout))
        found = re.search(r"http://localhost:(\d+)", announced)
        assert found, (data.parent / f"{data.name}.log").read_text()
        yield int(found[1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.long
def test_a_portal_is_backed_up_while_it_runs_and_serves_again_elsewhere(tmp_path):
    data, elsewhere, file = tmp_path / "data", tmp_path / "elsewhere", tmp_path / "one.backup"
    elsewhere.mkdir(mode=0o700)
    assert command(data, "demo", "--clients", "40", "--password", "a calm green door 7")[0] == 0
    visitor = Visitor()
    with portal(data) as visitor.port:
        assert visitor.sign_in("client1@example.org", "a calm green door 7") == 303
        assert visitor.ask("GET", "/")[0] == 200
        code, told = command(data, "backup", str(file))
        assert (code, "Backed up" in told) == (0, True), told
        code, told = command(data, "restore", str(file), "--replace", "--yes")
        assert (code, "Error: The portal runs. Stop it first.\n") == (1, told)
        assert visitor.ask("GET", "/")[0] == 200
    code, told = command(elsewhere, "restore", str(file))
    assert (code, "Everybody has to sign in again" in told, "Start the portal now." in told) == (0, True, True), told
    assert command(elsewhere, "audit", "verify") == (0, "The chain is whole.\n")
    with portal(elsewhere) as visitor.port:
        assert json.loads(visitor.ask("GET", "/readyz")[1])["database"] is True
        assert visitor.ask("GET", "/")[0] == 303, "an old session still opens the portal"
        assert visitor.sign_in("client1@example.org", "a calm green door 7") == 303
        assert visitor.ask("GET", "/about-me/")[0] == 200


@pytest.mark.long
def test_commands_refuse_in_one_plain_sentence(tmp_path):
    data, file = tmp_path / "data", tmp_path / "one.backup"
    file.write_bytes(b"my novel")
    code, told = command(data, "backup", str(tmp_path / "two.backup"))
    assert (code, told) == (1, "Error: There is nothing to back up here. Is DOORSTEP_DATA right?\n")
    code, told = command(data, "restore", str(file))
    assert (code, told) == (1, "Error: This file is not a whole backup of Doorstep. Nothing was changed.\n")
    assert command(data, "migrate")[0] == 0
    (tmp_path / "many").mkdir()
    assert command(data, "backup", str(tmp_path / "many"), "--thin")[0] == 0
    (kept,) = (tmp_path / "many").iterdir()
    assert kept.name.startswith("doorstep-20")
    code, told = command(data, "restore", str(kept))
    assert (code, told) == (1, "Error: There is a portal here already. Restore into an empty folder, or say --replace.\n")
    code, told = command(data, "restore", str(kept), AUDIT_KEY="another key " * 6)
    assert code == 1
    code, told = command(data, "restore", str(kept), "--replace")  # nobody answers the question
    assert (code, "Aborted!" in told) == (1, True)


@pytest.mark.long
def test_fifty_megabytes_are_back_within_a_minute_without_a_difference(live, tmp_path):
    with opened(live.database):
        grow(live.database)
        file = backup.make(tmp_path / "large.backup", keys=KEYS).file
        before = contents(live.database)
    place = empty(tmp_path)
    began = time.monotonic()
    code, told = command(place.data, "restore", str(file))
    assert code == 0, told
    seconds = time.monotonic() - began
    assert seconds < MOST_SECONDS
    assert command(place.data, "audit", "verify") == (0, "The chain is whole.\n")
    after = contents(place.database)
    assert {name for name in before if before[name] != after[name]} <= {
        "audit_entry", "audit_values", "audit_head", "device", "link", "login_session", "delivery", "form_receipt",
    }  # fmt: skip
    print(f"{SIZE / 1e6:.0f} MB: {seconds:.1f} s, backup {file.stat().st_size / 1e6:.0f} MB")


def grow(path):
    """Audit entries, and rows that do not compress, until the file is large enough."""
    with store.writing():
        for number in range(3000):
            audit.record("sign_in.refused", SYSTEM, subject=f"account {number}", reason="password")
    while path.stat().st_size < SIZE:
        with store.writing():
            rows = [{"key": os.urandom(32).hex(), "window": number, "count": 1} for number in range(10_000)]
            for some in range(0, len(rows), 1000):
                RateCount.insert_many(rows[some : some + 1000]).execute()
        with contextlib.closing(store.db.cursor()) as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def contents(path):
    with backup.opened(path) as database:
        return {name: hash(tuple(sorted(database.execute_sql(f'SELECT * FROM "{name}"').fetchall(), key=repr))) for name in database.get_tables()}
