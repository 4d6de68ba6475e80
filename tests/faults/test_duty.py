"""At most one process is on duty, and when it dies another one takes over; only one migrates (P20)."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults.nursery import PATIENCE, ROOT, opened

from domain import duty, schema

ON_DUTY = """
import sys
from domain import duty
mine = duty.of(sys.argv[1])
print(mine.take(), flush=True)
sys.stdin.readline()
"""
MIGRATES = """
import sys
from domain import schema, store
store.open_database(sys.argv[1])
print("ready", flush=True); sys.stdin.readline()
print(schema.up(), flush=True)
"""


def run(program, *words):
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def end(process):
    process.stdin.close()
    process.stdout.close()
    return process.wait(PATIENCE)


def taken_at_last(mine, seconds=10):
    """A server notices the end of a process a moment after it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if mine.take():
            return True
    return False


def test_one_is_on_duty_and_the_next_one_when_it_was_killed(db):
    first, mine = run(ON_DUTY, db.url), duty.of(db.url)
    assert first.stdout.readline() == "True\n"
    assert not mine.take()
    os.kill(first.pid, signal.SIGKILL)
    end(first)
    assert taken_at_last(mine)
    assert mine.take(), "who is on duty stays it"
    second = run(ON_DUTY, db.url)
    assert second.stdout.readline() == "False\n"
    assert end(second) == 0
    mine.leave()
    mine.leave()


def test_whoever_leaves_makes_room(db):
    one, other = duty.of(db.url), duty.of(db.url)
    assert (one.take(), other.take()) == (True, False)
    one.leave()
    assert taken_at_last(other)
    other.leave()


@pytest.mark.only_sqlite
def test_a_file_by_another_name_is_the_same_database(db, tmp_path):
    path = Path(db.url.removeprefix("sqlite:///"))
    (tmp_path / "link.db").symlink_to(path)
    (tmp_path / "folder").symlink_to(path.parent)
    mine = duty.of(db.url)
    assert mine.take()
    for name in (tmp_path / "link.db", tmp_path / "folder" / path.name, os.path.relpath(path)):
        assert not duty.of(f"sqlite:///{name}").take(), name
    mine.leave()


@pytest.mark.only_sqlite
def test_of_many_threads_that_ask_at_once_nobody_waits_for_their_own_process(db, at_once):
    for _ in range(20):
        mine = duty.of(db.url)
        assert at_once([mine.take] * 8) == [True] * 8
        assert not duty.is_waited_for(db.url)
        mine.leave()


@pytest.mark.only_sqlite
def test_a_second_one_is_seen_as_long_as_it_waits(db):
    assert not duty.is_waited_for(db.url)
    one, other = duty.of(db.url), duty.of(db.url)
    assert (one.take(), duty.is_waited_for(db.url)) == (True, False)
    assert (other.take(), duty.is_waited_for(db.url)) == (False, True)
    one.leave()
    assert (other.take(), duty.is_waited_for(db.url)) == (True, False)
    assert (one.take(), duty.is_waited_for(db.url)) == (False, True)
    one.leave()
    assert not duty.is_waited_for(db.url)
    other.leave()


@pytest.mark.only_postgres
def test_who_waits_on_postgresql_is_welcome(db):
    one, other = duty.of(db.url), duty.of(db.url)
    assert (one.take(), other.take(), duty.is_waited_for(db.url)) == (True, False, False)
    one.leave()


@pytest.mark.only_postgres
def test_who_lost_the_line_to_the_server_is_not_on_duty_beside_another(db):
    one, other = duty.of(db.url), duty.of(db.url)
    assert one.take()
    assert duty.is_taken()
    db.execute_sql("SELECT pg_terminate_backend(%s)", (one._session.info.backend_pid,))
    assert taken_at_last(other)
    assert not one.take()
    other.leave()


def test_of_four_that_start_at_once_one_migrates(templates, tmp_path):
    url = templates.new(tmp_path / "fresh.db")
    every = [run(MIGRATES, url) for _ in range(4)]
    assert [process.stdout.readline() for process in every] == ["ready\n"] * 4
    for process in every:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.stdout.readline() for process in every)
    assert said == sorted([f"{[path.stem for path in sorted(schema.FOLDER.glob('0*.py'))]}\n", *["[]\n"] * 3])
    assert [end(process) for process in every] == [0] * 4
    with opened(url):
        assert schema.is_current()


@pytest.mark.only_postgres
def test_a_connection_that_the_server_cut_is_not_given_to_anybody(db, at_once):
    many = 3
    at_once([lambda: db.execute_sql("SELECT 1").fetchone()] * many)  # so many are idle in the pool now
    db.execute_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()")
    assert at_once([lambda: db.execute_sql("SELECT 1").fetchone()[0]] * many) == [1] * many


@pytest.mark.only_postgres
def test_each_connection_keeps_what_was_saved_and_gives_up_in_time(db, at_once):
    asked = "SELECT current_setting('synchronous_commit'), current_setting('statement_timeout'), current_setting('lock_timeout')"
    assert at_once([lambda: db.execute_sql(asked).fetchone()] * 2) == [("on", "1min", "15s")] * 2
