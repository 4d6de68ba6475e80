"""People who sign in at once, each from a network of their own, so that no limit stops anybody before the hash."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from typing import Self

from bench.browsing import Browser

_numbers = itertools.count()


class Crowd:
    """While the block runs, so many sign in at any moment.

    Their forms are loaded before, so that nobody who ought to be signing in is still reading.  Everybody has the right
    password: who is let in was hashed.
    """

    def __init__(self, port: int, clients: int, at_once: int, stock: int) -> None:
        self._at_once, self._over = at_once, threading.Event()
        self._ready: queue.SimpleQueue[tuple[Browser, dict[str, str]]] = queue.SimpleQueue()
        self._entered, self._faults = list[tuple[float, float]](), list[str]()
        for number in itertools.islice(_numbers, stock):
            network = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            browser = Browser(port, network)
            self._ready.put((browser, browser.sign_in_form(f"client{number % clients + 1}@example.org")))
            browser.close()

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._threads = [threading.Thread(target=self._sign_in_one_after_another) for _ in range(self._at_once)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Raises RuntimeError when somebody was not let in, or when there were fewer at once than asked for."""
        end = time.perf_counter()
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._faults:
            raise RuntimeError(self._faults[0])
        at_once = sum(min(left, end) - came for came, left in self._entered) / (end - self._began)
        if at_once < 0.95 * self._at_once or len(self._entered) < 2 * self._at_once:
            raise RuntimeError(f"only {at_once:.1f} signed in at once, {len(self._entered)} in all")

    def _sign_in_one_after_another(self) -> None:
        try:
            while not self._over.is_set():
                browser, form = self._ready.get_nowait()
                came = time.perf_counter()
                browser.enter(form)
                browser.close()
                self._entered.append((came, time.perf_counter()))
        except queue.Empty:
            self._faults.append("there were not enough people")
        except Exception as fault:
            self._faults.append(repr(fault))
