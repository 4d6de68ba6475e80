"""The figures: each is a function that measures and gives lines of (name, value, limit, whether it holds)."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import servers
from bench.browsing import PASSWORD, Browser

PAIRS = 5


@dataclasses.dataclass(frozen=True)
class Line:
    """One figure; ``most`` says whether the limit is the most (else the least) that the value may be."""

    figure: str
    value: float
    limit: float
    most: bool = True

    @property
    def holds(self) -> bool:
        """Whether the value keeps to the limit."""
        return self.value <= self.limit if self.most else self.value >= self.limit


Measure = Callable[[Path], Iterator[Line]]
FIGURES: dict[str, Measure] = {}


def figure(name: str) -> Callable[[Measure], Measure]:
    """Register a measurement under the name that ``script/bench NAME`` takes."""

    def take(measure: Measure) -> Measure:
        FIGURES[name] = measure
        return measure

    return take


# ---------------------------------------------------------------- folders


def filled(folder: Path, clients: int) -> Path:
    """A data folder with a made-up agency, made once per run."""
    data = folder / f"agency-{clients}"
    if not data.exists():
        data.mkdir(mode=0o700)
        command = [sys.executable, "-m", "flask", "--app", "app", "demo", "--clients", str(clients), "--password", PASSWORD]
        subprocess.run(command, cwd=servers.ROOT, env=servers.environment(data, 1), check=True, stdout=subprocess.DEVNULL)
    return data


@contextlib.contextmanager
def portal(folder: Path, clients: int) -> Iterator[tuple[str, int, int]]:
    """A portal on a copy of such a folder: address, port, process."""
    source = filled(folder, clients)
    copy = Path(tempfile.mkdtemp(dir=folder)) / "data"
    shutil.copytree(source, copy)
    try:
        with servers.portal(copy) as (address, process):
            yield address, int(address.rpartition(":")[2]), process
    finally:
        shutil.rmtree(copy.parent)


def signed_in(port: int, email: str = "client1@example.org") -> Browser:
    """A browser whose person signed in."""
    browser = Browser(port)
    browser.sign_in(email)
    return browser


# ---------------------------------------------------------------- home


@figure("home.ratio")
def home_ratio(folder: Path) -> Iterator[Line]:
    """Home, signed in, 1,000 clients ÷ bare Flask, in requests per second."""
    with servers.bare() as hello, portal(folder, 1000) as (address, port, _):
        cookie = signed_in(port).cookie
        servers.rate(hello, seconds=1)
        servers.rate(address + "/", cookie=cookie, seconds=1)
        ratios = []
        for _ in range(PAIRS):
            bare = servers.rate(hello)
            ratios.append(servers.rate(address + "/", cookie=cookie) / bare)
        yield Line("home.ratio", statistics.median(ratios), 0.10, most=False)


@figure("home.scale")
def home_scale(folder: Path) -> Iterator[Line]:
    """The same with 100,000 clients ÷ with 1,000."""
    with portal(folder, 1000) as (small, small_port, _), portal(folder, 100_000) as (large, large_port, _):
        cookies = [signed_in(port).cookie for port in (small_port, large_port)]
        for address, cookie in zip((small, large), cookies, strict=True):
            servers.rate(address + "/", cookie=cookie, seconds=1)
        ratios = []
        for _ in range(PAIRS):
            few = servers.rate(small + "/", cookie=cookies[0])
            ratios.append(servers.rate(large + "/", cookie=cookies[1]) / few)
        yield Line("home.scale", statistics.median(ratios), 0.85, most=False)


# ---------------------------------------------------------------- queries and plans


@figure("queries")
def queries(folder: Path) -> Iterator[Line]:
    """SELECTs after session and settings, and tables that grow and are scanned on the way, by page."""
    data = Path(tempfile.mkdtemp(dir=folder)) / "data"
    shutil.copytree(filled(folder, 1000), data)
    said = subprocess.run(
        [sys.executable, "-m", "bench.queries"], cwd=servers.ROOT, env=servers.environment(data, 1) | {"BENCH_PASSWORD": PASSWORD},
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    limits = {"home": 6, "about_me": 6, "individuals": 10, "individual": 10}
    for row in said.splitlines():
        page, count, scans = row.split()
        yield Line(f"queries.{page}", int(count), limits[page])
        yield Line(f"scans.{page}", int(scans), 0)


# ---------------------------------------------------------------- weight


@figure("weight")
def weight(folder: Path) -> Iterator[Line]:
    """First load of home: bytes over the line in KB, and requests."""
    with portal(folder, 1000) as (_, port, _process):
        browser = signed_in(port)
        _, headers, body = browser.ask("/")
        html = (gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body).decode()
        asked = dict.fromkeys(re.findall(r'(?:src|href)="(/static/[^"#]+)', html))
        total = len(body) + sum(len(browser.ask(path)[2]) for path in asked)
        worker = browser.ask("/sw.js")[2]
        yield Line("weight.home", (total + len(worker)) / 1024, 60)
        yield Line("weight.requests", 2 + len(asked), 8)


# ---------------------------------------------------------------- memory and start


@figure("memory.rss")
def memory(folder: Path) -> Iterator[Line]:
    """The whole process, in MB, after 10,000 mixed requests with the worker running."""
    with portal(folder, 1000) as (_, port, process):
        browsers = [signed_in(port, f"client{n}@example.org") for n in (1, 2)] + [signed_in(port, "admin@example.org")]
        paths = [("/", "/about-me/", "/my-portal/", "/pages/help", "/static/icons.svg")] * 2
        paths.append(("/admin/", "/admin/individuals/", "/admin/individuals/?q=an", "/admin/deliveries/", "/admin/my-sign-in/"))
        for number in range(10_000):
            browsers[number % 3].ask(paths[number % 3][number // 3 % 5])
        status = Path(f"/proc/{process}/status").read_text()
        yield Line("memory.rss", int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024, 110)  # type: ignore[union-attr]


@figure("start.ratio")
def start(folder: Path) -> Iterator[Line]:
    """Start of an existing installation to its first answer ÷ bare Flask's."""
    data = Path(tempfile.mkdtemp(dir=folder)) / "data"
    shutil.copytree(filled(folder, 1000), data)
    ratios = []
    for number in range(PAIRS + 1):
        seconds = []
        for server in (servers.bare(), servers.portal(data)):
            began = time.perf_counter()
            with server:
                seconds.append(time.perf_counter() - began)
        if number:  # the first pair reads everything from the disk
            ratios.append(seconds[1] / seconds[0])
    yield Line("start.ratio", statistics.median(ratios), 5)


# ---------------------------------------------------------------- outbox


@figure("outbox.ratio")
def outbox(folder: Path) -> Iterator[Line]:
    """E-mails per second, *mail rate* unlimited ÷ building and sending the same with plain smtplib on one connection."""
    data = Path(tempfile.mkdtemp(dir=folder)) / "data"
    shutil.copytree(filled(folder, 1000), data)
    ratios = []
    for _ in range(PAIRS):
        said = subprocess.run(
            servers.pinned(0, [sys.executable, "-m", "bench.outbox"]), cwd=servers.ROOT,
            env=servers.environment(data, 1), check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        plain, ours = map(float, said.split())
        ratios.append(ours / plain)
    yield Line("outbox.ratio", statistics.median(ratios), 0.25, most=False)


# ---------------------------------------------------------------- hashing


@figure("hash.p99")
def hashing(folder: Path) -> Iterator[Line]:
    """p99 of home while eight sign-ins run ÷ without."""
    with portal(folder, 1000) as (_, port, _process):
        reader = signed_in(port)
        ratios = []
        for _ in range(PAIRS):
            calm = _p99(reader)
            with _signing_in(port, 8):
                ratios.append(_p99(reader) / calm)
        yield Line("hash.p99", statistics.median(ratios), 5)


def _p99(reader: Browser, times: int = 300) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        reader.page("/")
        taken.append(time.perf_counter() - began)
    return statistics.quantiles(taken, n=100)[98]


@contextlib.contextmanager
def _signing_in(port: int, people: int) -> Iterator[None]:
    over = threading.Event()
    threads = [threading.Thread(target=_sign_in_again_and_again, args=(port, n, over)) for n in range(people)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _sign_in_again_and_again(port: int, number: int, over: threading.Event) -> None:
    person = 10
    while not over.is_set():
        person += 1  # another one each time, so that no limit stops it
        browser = Browser(port)
        html = browser.page("/sign-in")
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))
        browser.ask("/sign-in", {**hidden, "email": f"client{number * 100 + person}@example.org", "password": "not this one at all"})


# ---------------------------------------------------------------- import


@figure("import.rows")
def importing(folder: Path) -> Iterator[Line]:
    """100,000 individuals: seconds in all, and the longest wait of a client's write meanwhile."""
    data = Path(tempfile.mkdtemp(dir=folder)) / "data"
    shutil.copytree(filled(folder, 1000), data)
    said = subprocess.run(
        [sys.executable, "-m", "bench.importing"], cwd=servers.ROOT, env=servers.environment(data, 1), check=True,
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    seconds, waited = map(float, said.split()[-2:])
    yield Line("import.rows", seconds, 300)
    yield Line("import.wait", waited, 5)


def cores() -> int:
    """How many cores there are for servers and load."""
    return os.cpu_count() or 1
