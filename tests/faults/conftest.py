"""Many at once: in threads of the test's own process, and in four processes on the one database."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from faults import driver
from faults.nursery import opened

from domain import store
from models import Setting

KEY = "a key that only the tests have, and long enough for anybody"  # the one that the databases were made with
PROCESSES = 4


class Racer:
    """One of the processes; it stays warm from race to race."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(driver.__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def order(self, words: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(words)}\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "a racer has ended in the middle of a race"
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(driver.PATIENCE) == 0
        self._process.stdout.close()


@pytest.fixture
def data(templates: Any, tmp_path: Path) -> Path:
    """A data folder with the standing cast, whose mail goes out as fast as it is taken and whose sign-ins nobody counts."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    templates.copy("cast", folder / "doorstep.db")
    (folder / "doorstep.db").chmod(0o600)
    with opened(folder / "doorstep.db"), store.writing():
        for key, value in (("mail_rate", "0"), ("sign_ins_a_minute", "1000")):
            Setting.insert(key=key, value=value).execute()
    return folder


@pytest.fixture(scope="session")
def racers() -> Iterator[list[Racer]]:
    """The warm processes."""
    every = [Racer() for _ in range(PROCESSES)]
    yield every
    for racer in every:
        racer.close()


@pytest.fixture(scope="module")
def ten(racers: list[Racer]) -> Iterator[list[Racer]]:
    """Ten of them, for the races that are told of so many."""
    more = [Racer() for _ in range(10 - len(racers))]
    yield [*racers, *more]
    for racer in more:
        racer.close()


def run_in(racers: list[Racer], url: str, verb: str, every: list[dict[str, Any]]) -> list[str]:
    """What each answered, from processes that all begin at once."""
    for number, racer in enumerate(racers):
        racer.order({"verb": verb, "every": every[number :: len(racers)], "database": url, "key": KEY})
    assert [racer.hear() for racer in racers] == ["ready"] * len(racers)
    for racer in racers:
        racer.order("go")
    answers = [answer for racer in racers for answer in racer.hear()]
    assert not [answer for answer in answers if answer.startswith("fault")], answers
    return answers


@pytest.fixture(params=["threads", "processes"])
def race(
    request: pytest.FixtureRequest, db: peewee.Database, at_once: Callable[..., list[Any]]
) -> Callable[..., list[str]]:
    """``race("create", [{…}, …])``: a verb of the driver with each of the words, all at once; what each answered.

    Once in threads of this process, and once in threads of four processes on the one database.
    """

    def in_threads(verb: str, every: list[dict[str, Any]]) -> list[str]:
        return at_once([lambda words=words: driver.attempt(verb, words) for words in every])

    def in_processes(verb: str, every: list[dict[str, Any]]) -> list[str]:
        return run_in(request.getfixturevalue("racers"), db.url, verb, every)

    return in_threads if request.param == "threads" else in_processes
