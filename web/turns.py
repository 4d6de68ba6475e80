"""Who of the server's threads works when.

Threads that make pages at the same time only get in each other's way: Python lets one go on at a time, and each question to the
database is a chance to be interrupted by another.  So one makes its page to the end, and the next begins then, or when that one
is held up.  What is sent to us waits for nobody, and nobody for it: a password may be hashed in it, or a disk be slow.
docs/decisions/0013-server.md has the figures.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from waitress.task import ThreadedTaskDispatcher

PATIENCE = 0.03  # seconds after which somebody is held up; most pages are made in a fifth of that
_READING = ("GET", "HEAD")


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Waitress's own, with at most ``abreast`` threads whose page was begun less than ``patience`` seconds ago."""

    def __init__(self, *, abreast: int = 1, patience: float = PATIENCE) -> None:
        super().__init__()
        self.queue_cv = _Idle(self.lock)
        self._abreast, self._patience = abreast, patience
        self._begun: dict[int, float] = {}  # by thread: when it took the page that it makes
        self._has_watcher = False  # one of the idle looks whether the others get on

    def add_task(self, task: Any) -> None:
        """Have a thread do it, in its turn."""
        with self.lock:
            if _is_page(task):
                self.queue.append(task)
            else:
                self.queue.appendleft(task)
            if not (self._has_watcher and _is_page(task)):
                self.queue_cv.notify()

    def handler_thread(self, thread_no: int) -> None:
        """Do one task after the other until the server stops."""
        while (task := self._next(thread_no)) is not None:
            try:
                task.service()
            except BaseException:
                self.logger.exception("Exception when servicing %r", task)

    def _next(self, thread_no: int) -> Any:
        """The next task of this thread; None when it is to end."""
        with self.lock:
            self._begun.pop(thread_no, None)
            self.active_count -= 1
            while not self.stop_count:
                wait = self._wait() if self.queue else None
                if wait == 0:
                    return self._begin(thread_no)
                self._idle(wait)
            self.stop_count -= 1
            self.threads.discard(thread_no)
            self.thread_exit_cv.notify()
            return None

    def _begin(self, thread_no: int) -> Any:
        self.active_count += 1
        task = self.queue.popleft()
        if _is_page(task):
            self._begun[thread_no] = time.monotonic()
        if self.queue and not self._has_watcher:
            self.queue_cv.notify()
        return task

    def _wait(self) -> float:
        """How long until the next may begin; 0 for now."""
        if not _is_page(self.queue[0]):
            return 0
        last = sorted(self._begun.values())[-self._abreast :]
        return max(0.0, last[0] + self._patience - time.monotonic()) if len(last) == self._abreast else 0

    def _idle(self, wait: float | None) -> None:
        """Sleep until something comes; the first who finds that others are at work looks after them."""
        if wait is None or self._has_watcher:
            self.queue_cv.wait()
            return
        self._has_watcher = True
        self.queue_cv.wait(wait)
        self._has_watcher = False


class _Idle:
    """Those who wait for something to do, in Waitress's own way but that who came last is called first: the database and all that a
    page needs are still at hand for them."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._bells: list[threading.Lock] = []

    def wait(self, seconds: float | None = None) -> None:
        """Let go of the lock until somebody rings, or for so long."""
        bell = threading.Lock()
        bell.acquire()
        self._bells.append(bell)
        self._lock.release()
        try:
            bell.acquire(timeout=-1 if seconds is None else seconds)
        finally:
            self._lock.acquire()
            if bell in self._bells:  # nobody rang
                self._bells.remove(bell)

    def notify(self) -> None:
        """Ring for who came last."""
        if self._bells:
            self._bells.pop().release()

    def notify_all(self) -> None:
        """Ring for everybody."""
        while self._bells:
            self.notify()


def _is_page(task: Any) -> bool:
    return any(getattr(request, "command", "") in _READING for request in task.requests[:1])
