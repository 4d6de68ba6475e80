"""Pages are made one after the other, unless somebody is held up; what is sent to us waits for nobody."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable, Iterator

import pytest

from web.turns import Dispatcher

FOR_EVER = 3600.0


class Asked:
    """What the server has to do for one request."""

    def __init__(self, command: str, do: Callable[[], object]) -> None:
        self.requests = [types.SimpleNamespace(command=command)]
        self._do, self.is_done = do, threading.Event()

    def service(self) -> None:
        self._do()
        self.is_done.set()


@pytest.fixture
def serve() -> Iterator[Callable[..., Dispatcher]]:
    """Dispatchers with four threads each, stopped in the end."""
    started: list[Dispatcher] = []

    def start(**how: float) -> Dispatcher:
        started.append(Dispatcher(**how))  # type: ignore[arg-type]
        started[-1].set_thread_count(4)
        return started[-1]

    yield start
    for each in started:
        each.shutdown(timeout=10)


def test_pages_are_made_one_after_the_other(serve: Callable[..., Dispatcher]) -> None:
    at_work, most, lock = 0, 0, threading.Lock()

    def make() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.001)
        with lock:
            at_work -= 1

    asked = [Asked("GET", make) for _ in range(40)]
    turns = serve(patience=FOR_EVER)
    for each in asked:
        turns.add_task(each)
    assert all(each.is_done.wait(30) for each in asked)
    assert most == 1


def test_who_is_held_up_holds_up_nobody_else(serve: Callable[..., Dispatcher]) -> None:
    go_on = threading.Event()
    turns = serve(patience=0.001)
    held = [Asked("GET", lambda: go_on.wait(30)) for _ in range(3)]
    last = Asked("GET", lambda: None)
    for each in (*held, last):
        turns.add_task(each)
    assert last.is_done.wait(30)
    assert not any(each.is_done.is_set() for each in held)
    go_on.set()
    assert all(each.is_done.wait(30) for each in held)


def test_what_is_sent_waits_for_no_page_and_no_page_for_it(serve: Callable[..., Dispatcher]) -> None:
    go_on = threading.Event()
    turns = serve(patience=FOR_EVER)
    form, page, second_page = Asked("POST", lambda: go_on.wait(30)), Asked("GET", lambda: go_on.wait(30)), Asked("HEAD", lambda: None)
    for each in (form, page, second_page):
        turns.add_task(each)
    another_form = Asked("POST", lambda: None)
    turns.add_task(another_form)
    assert another_form.is_done.wait(30), "behind a page that is held up"
    assert not second_page.is_done.is_set()
    go_on.set()
    assert all(each.is_done.wait(30) for each in (form, page, second_page))


def test_several_go_abreast_where_each_waits_for_a_server(serve: Callable[..., Dispatcher]) -> None:
    together = threading.Barrier(2)
    turns = serve(patience=FOR_EVER, abreast=2)
    asked = [Asked("GET", lambda: together.wait(30)) for _ in range(2)]
    for each in asked:
        turns.add_task(each)
    assert all(each.is_done.wait(30) for each in asked)


def test_who_worked_last_works_next(serve: Callable[..., Dispatcher]) -> None:
    turns = serve()
    who: set[int] = set()
    for _ in range(40):
        while turns.active_count:  # until everybody has come to wait
            threading.Event().wait(0.001)
        asked = Asked("GET", lambda: who.add(threading.get_ident()))
        turns.add_task(asked)
        assert asked.is_done.wait(30)
    assert len(who) == 1


def test_one_that_fails_ends_nothing(serve: Callable[..., Dispatcher], caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError

    turns, after = serve(), Asked("GET", lambda: None)
    turns.add_task(Asked("GET", fail))
    turns.add_task(after)
    assert after.is_done.wait(30)
    assert "Exception when servicing" in caplog.text


def test_threads_end_when_the_server_stops() -> None:
    turns = Dispatcher()
    turns.set_thread_count(4)
    turns.shutdown(timeout=30)
    assert not turns.threads
