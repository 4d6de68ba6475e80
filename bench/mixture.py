"""What clients and staff do in a day, as requests: they sign in, read, write, sign out, several at once."""

from __future__ import annotations

import dataclasses
import itertools
import re
import threading
from collections import Counter
from collections.abc import Mapping

from bench.browsing import Browser, form_in

STAFF = ("admin", "worker2", "worker3", "admin")
READ = ("/", "/about-me/", "/pages/help", "/static/icons.svg", "/my-portal/", "/")
_numbers = itertools.count(1)


def run(port: int, clients: int, requests: int) -> Counter[str]:
    """Make so many requests; how many were of each method.  Raises RuntimeError for any wrong answer."""
    tally = _Tally()
    first = _Counting(port, tally, "192.0.2.1")
    first.sign_in(f"{STAFF[0]}@example.org")
    first.fill("/admin/settings/components", about_me_names="at_once")
    threads = [threading.Thread(target=_go_on, args=(port, clients, requests, tally, who)) for who in STAFF]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if tally.faults:
        raise RuntimeError("a request was answered wrongly") from tally.faults[0]
    return tally.methods


@dataclasses.dataclass
class _Tally:
    methods: Counter[str] = dataclasses.field(default_factory=Counter)
    faults: list[Exception] = dataclasses.field(default_factory=list)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)


class _Counting(Browser):
    def __init__(self, port: int, tally: _Tally, network: str) -> None:
        super().__init__(port, network)
        self._tally = tally

    def ask(self, path: str, form: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, str], bytes]:
        with self._tally.lock:
            self._tally.methods["GET" if form is None else "POST"] += 1
        return super().ask(path, form)


def _go_on(port: int, clients: int, requests: int, tally: _Tally, who: str) -> None:
    """One worker who looks in now and then, and three clients' visits in between."""
    try:
        staff = _Counting(port, tally, f"192.0.2.{2 + STAFF.index(who)}")
        staff.sign_in(f"{who}@example.org")
        while tally.methods.total() < requests and not tally.faults:
            for number in itertools.islice(_numbers, 3):
                _visit(_Counting(port, tally, f"10.1.{number >> 8 & 255}.{number & 255}"), number, clients)
            _look_in(staff, next(_numbers))
    except Exception as fault:
        tally.faults.append(fault)


def _visit(client: Browser, number: int, clients: int) -> None:
    client.sign_in(f"client{number % clients + 1}@example.org")
    for path in READ:
        client.page(path)
    client.fill("/about-me/names", pronouns=f"they/them {number}")
    form = form_in(client.page("/my-portal/password"), "/my-portal/password")
    for typed in ("harbour", "harbour lights", "harbour lights at nine"):  # its hint is asked for while somebody types
        client.post("/password-strength", form | {"password": typed}, expected=200)
    client.fill("/my-portal/", "/sign-out")
    client.close()


def _look_in(staff: Browser, number: int) -> None:
    staff.page("/admin/")
    found = re.findall(r'href="(/admin/individuals/[\w-]{22}/)"', staff.page("/admin/individuals/?q=an"))
    record = found[number % len(found)]
    staff.page(record)
    staff.fill(f"{record}edit", pronouns=f"she/her {number}")
    staff.page("/admin/deliveries/")
