"""The figures of the Inbox: its list, one discussion, what an open page asks again and again, and the search."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench import servers
from bench.browsing import Browser
from bench.figures import CLIENTS, PAIRS, Line, copied, figure, signed_in, times_bare
from bench.messages import RARE

WITH_WRK = ("inbox.list", "inbox.discussion", "inbox.poll", "inbox.scale", "inbox.search")
SMALL, LARGE = (5_000, 220), (1_000_000, 10_000)  # messages of others, and of the client
CROWD, OPEN = 500, 20  # clients who look at a page, and at a discussion
MINUTE, TEN_SECONDS = 60, 10
WATCHED = 20  # seconds for which they are


@contextlib.contextmanager
def with_messages(folder: Path, others: int, mine: int) -> Iterator[tuple[str, int, str, str, int]]:
    """A portal with so many messages of others and of the client: address, port, the client's long discussion, the number of its last
    message, process."""
    data = copied(folder, CLIENTS)
    fill = [sys.executable, "-m", "bench.messages", "fill", str(others), str(mine)]
    env = servers.environment(data, 1)
    said = subprocess.run(servers.pinned(0, fill), cwd=servers.ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    path, last = said.split()
    try:
        with servers.portal(data) as (address, process):
            yield address, int(address.rpartition(":")[2]), path, last, process
    finally:
        shutil.rmtree(data.parent)


@figure("inbox.list", "inbox.discussion", "inbox.poll", "inbox.poll_bytes")
def pages(folder: Path) -> Iterator[Line]:
    """The list, a discussion of 200 messages and the question whether there is more, ÷ bare Flask, in requests per second."""
    with servers.bare() as hello, with_messages(folder, *SMALL) as (address, port, path, last, _):
        browser = signed_in(port)
        yield Line("inbox.list", times_bare(hello, f"{address}/inbox/", browser.cookie), 0.07, most=False)
        yield Line("inbox.discussion", times_bare(hello, address + path, browser.cookie), 0.05, most=False)
        poll = f"{path}new?after={last}&seen={last}"
        status, _headers, body = browser.ask(poll)
        if status != 204:
            raise RuntimeError(f"{status} where nothing is new")
        yield Line("inbox.poll", times_bare(hello, address + poll, browser.cookie), 0.25, most=False)
        yield Line("inbox.poll_bytes", len(body), 300)


@figure("inbox.scale", "inbox.search")
def scale(folder: Path) -> Iterator[Line]:
    """A client with 10,000 messages in an agency with a million ÷ one with 220 of 5,000: the list, a discussion, what is asked again and
    again, whichever loses most; and a search of that client ÷ bare Flask."""
    with (
        servers.bare() as hello,
        with_messages(folder, *SMALL) as (small, small_port, few, few_last, _),
        with_messages(folder, *LARGE) as (large, large_port, many, many_last, _),
    ):
        cookies = [signed_in(port).cookie for port in (small_port, large_port)]
        polls = (f"{few}new?after={few_last}&seen={few_last}", f"{many}new?after={many_last}&seen={many_last}")
        every = (("/inbox/", "/inbox/"), (few, many), polls)
        yield Line("inbox.scale", min(_scaled(small + one, large + other, cookies) for one, other in every), 0.85, most=False)
        yield Line("inbox.search", times_bare(hello, f"{large}/inbox/?q={RARE}", cookies[1]), 0.03, most=False)


def _scaled(small: str, large: str, cookies: list[str]) -> float:
    for address, cookie in zip((small, large), cookies, strict=True):
        servers.rate(address, cookie=cookie, seconds=1)
    ratios = []
    for _ in range(PAIRS):
        less = servers.rate(small, cookie=cookies[0], seconds=2)
        ratios.append(servers.rate(large, cookie=cookies[1], seconds=2) / less)
    return statistics.median(ratios)


@figure("inbox.crowd")
def crowd(folder: Path) -> Iterator[Line]:
    """500 clients whose page asks each minute and 20 whose discussion asks each ten seconds: the share of one core."""
    with with_messages(folder, *SMALL) as (_address, port, path, last, process):
        reader = signed_in(port)
        others = [Browser(port, f"198.51.100.{number}") for number in range(20, 30)]
        for number, each in enumerate(others, start=2):
            each.sign_in(f"client{number}@example.org")
        before, began = _busy(process), time.monotonic()
        asked = _keep_asking(reader, others, f"{path}new?after={last}&seen={last}")
        took = time.monotonic() - began
        wanted = took * (CROWD / MINUTE + OPEN / TEN_SECONDS)
        if asked < wanted * 0.95:
            raise RuntimeError(f"only {asked} of {wanted:.0f} were asked")
        yield Line("inbox.crowd", (_busy(process) - before) / took, 0.10)


def _keep_asking(reader: Browser, others: list[Browser], poll: str) -> int:
    """Ask as often as they all would together, for a while; how often."""
    asked, stop = [0], time.monotonic() + WATCHED

    def ask(browser: Browser, path: str, pause: float) -> None:
        following = time.monotonic()
        while following < stop:
            time.sleep(max(0.0, following - time.monotonic()))
            status, _headers, _body = browser.ask(path, more={"X-Poll": "1", "HX-Request": "true"})
            if status not in (200, 204):
                raise RuntimeError(f"{status} for {path}")
            asked[0] += 1
            following += pause

    lines = [threading.Thread(target=ask, args=(each, "/inbox/count?n=1", len(others) * MINUTE / CROWD)) for each in others]
    lines.append(threading.Thread(target=ask, args=(reader, poll, TEN_SECONDS / OPEN)))
    for line in lines:
        line.start()
    for line in lines:
        line.join()
    return asked[0]


def _busy(process: int) -> float:
    """Seconds that a process has spent on a core."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(ticks[11]) + int(ticks[12])) / 100
