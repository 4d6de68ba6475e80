"""For tests of faults: real processes that may be killed, and a sink that tells when mail has come."""

import collections
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from pages.conftest import app, browse, make_app  # noqa: F401 - fixtures, for the tests that go through pages
from smtp_server import Received, SmtpServer

from domain import audit, limits, links, store

ROOT = Path(__file__).resolve().parents[2]
DRIVER = ROOT / "tests" / "faults" / "driver.py"
KEY = "a key that only the tests have, and long enough for anybody"  # the one that the databases were made with
PATIENCE = 90.0  # seconds, on a machine that has much else to do


# ---------------------------------------------------------------- processes


class Child:
    """A forked process of ours, and what it says."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid, self._nursery = pid, nursery

    def hear(self, seconds: float = PATIENCE) -> dict[str, Any] | None:
        """The next thing that it says; None when it says nothing in time.  Its failure is the test's."""
        try:
            words = self._nursery.said[self.pid].get(timeout=seconds)
        except queue.Empty:
            return None
        assert "fault" not in words, words["fault"]
        return words

    def ready(self) -> "Child":
        """Wait until it has begun."""
        assert (self.hear() or {}).get("ready"), "the process did not begin"
        return self

    def ring(self) -> None:
        """Tell it to go on."""
        os.kill(self.pid, signal.SIGUSR1)

    def kill(self) -> list[dict[str, Any]]:
        """End it this instant; what it still had said."""
        os.kill(self.pid, signal.SIGKILL)
        return self._rest(-signal.SIGKILL)

    def finish(self) -> list[dict[str, Any]]:
        """Wait until it ends by itself, which must go well; what it said until then."""
        return self._rest(0)

    def _rest(self, code: int) -> list[dict[str, Any]]:
        self._nursery.order(wait=self.pid)
        heard: list[dict[str, Any]] = []
        while True:
            words = self.hear()
            assert words is not None, f"process {self.pid} does not end; it said {heard[-3:]}"
            if "end" in words:
                assert words["end"] == code, f"process {self.pid} ended with {words['end']}"
                self._nursery.forget(self.pid)
                return heard
            heard.append(words)


class Nursery:
    """A process that has everything imported, so that a child of it runs within milliseconds."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVER)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: dict[int, queue.Queue[dict[str, Any]]] = collections.defaultdict(queue.Queue)
        self._alive: set[int] = set()
        self._reader = threading.Thread(target=self._read, name="nursery", daemon=True)
        self._reader.start()
        self._me = Child(self, self._process.pid).ready()

    def start(self, role: str, database: Any, **words: Any) -> Child:
        """Fork a child that plays ``role`` on the database at a path."""
        self.order(do=role, database=str(database), key=KEY, **words)
        pid = (self._me.hear() or {})["born"]
        self._alive.add(pid)
        return Child(self, pid)

    def order(self, **words: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(words)}\n")
        self._process.stdin.flush()

    def forget(self, pid: int) -> None:
        self._alive.discard(pid)
        self.said.pop(pid, None)

    def clear(self) -> None:
        """End whatever a test that failed has left behind."""
        for pid in list(self._alive):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self.order(wait=pid)
            while "end" not in self.said[pid].get(timeout=PATIENCE):
                pass
            self.forget(pid)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(PATIENCE) == 0
        self._reader.join(PATIENCE)
        self._process.stdout.close()  # type: ignore[union-attr]

    def _read(self) -> None:
        for line in self._process.stdout:  # type: ignore[union-attr]
            words = json.loads(line)
            self.said[words["pid"]].put(words)


@pytest.fixture(scope="session")
def _nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def nursery(_nursery: Nursery) -> Iterator[Nursery]:
    """``nursery.start("mail", path, port=…)`` is a process that may be killed."""
    yield _nursery
    _nursery.clear()


# ---------------------------------------------------------------- many at once

PROCESSES = 4


@pytest.fixture(params=["threads", "processes"])
def race(
    request: pytest.FixtureRequest, db: peewee.Database, nursery: Nursery, at_once: Callable[..., list[Any]]
) -> Callable[..., list[str]]:
    """``race("create", [{…}, …])``: the verb of the driver with each of the words, all at once; what each answered.

    Once in threads of this process, and once in threads of four processes on the one database.
    """
    from faults import driver

    def in_threads(verb: str, every: list[dict[str, Any]], **_: Any) -> list[str]:
        return at_once([lambda words=words: driver.attempt(verb, words) for words in every])

    def in_processes(verb: str, every: list[dict[str, Any]], **order: Any) -> list[str]:
        shares = [every[number::PROCESSES] for number in range(PROCESSES)]
        children = [nursery.start("race", db.database, verb=verb, every=share, **order) for share in shares]
        for child in children:
            child.ready()
        for child in children:
            child.ring()
        return [words["answer"] for child in children for words in child.finish()]

    return in_threads if request.param == "threads" else in_processes


# ---------------------------------------------------------------- mail


class Arrivals(list[Received]):
    """What a mail server accepted; one can wait for more."""

    def __init__(self) -> None:
        super().__init__()
        self._news = threading.Condition()

    def append(self, mail: Received) -> None:
        with self._news:
            super().append(mail)
            self._news.notify_all()

    def wait(self, number: int, seconds: float = PATIENCE) -> bool:
        """Wait until there are ``number``; False when there are not in time."""
        with self._news:
            return self._news.wait_for(lambda: len(self) >= number, seconds)

    @property
    def ids(self) -> list[str]:
        """The Message-ID of each, in the order of arrival."""
        return [mail.message["Message-ID"] for mail in self]


class Sink(SmtpServer):
    """A mail server of which one can wait for mail."""

    accepted: Arrivals

    def __init__(self, *behaviours: Any, **more: Any) -> None:
        super().__init__(*behaviours, **more)
        self.accepted = Arrivals()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server that takes everything."""
    with Sink() as server:
        yield server


# ---------------------------------------------------------------- what holds after every fault


@contextlib.contextmanager
def opened(path: Any) -> Iterator[peewee.Database]:
    """The database at a path, for this process, with a connection for this thread."""
    database = store.open_database(f"sqlite:///{path}")
    for keyed in (audit, limits, links):
        keyed.use_key(KEY)
    with database.connection_context():
        yield database


def sound(path: Any) -> None:
    """Fail unless the file is a whole database, whose references all lead somewhere."""
    connection = peewee.sqlite3.connect(str(path), timeout=PATIENCE)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def until(condition: Callable[[], bool], step: Callable[[float], Any], seconds: float = PATIENCE) -> bool:
    """Take ``step`` (which waits a moment on something real) until the condition holds; False when it never did."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        step(0.02)
    return True
