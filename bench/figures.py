"""The figures: each is a function that measures and gives lines of (name, value, limit, whether it holds)."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gzip
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import appointments, mixture, servers
from bench.browsing import PASSWORD, Browser, form_in
from bench.crowd import Crowd

PAIRS = 5
SECONDS = 15  # for each of two that are compared, turn by turn
CLIENTS = 1000
SIGN_INS = 8
REQUESTS_OF_EACH = 10
READING = 5  # seconds for which Home is read again and again
REQUESTS = 10_000


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
FIGURES: dict[tuple[str, ...], Measure] = {}
SELECTS = {
    "home": 6, "about_me": 6, "my_portal": 6, "individuals": 10, "individual": 10, "search": 10, "history": 10, "accounts": 10,
    "today": 10, "deliveries": 10, "delivery": 10, "settings": 10, "setup": 10, "my_devices": 6, "my_address": 6, "my_history": 6,
    "my_messages": 6, "mail_to_me": 10,
    "tasks": 10, "task": 10, "workers": 10, "worker": 10, "worker_form": 10, "leaving": 10, "classes": 10, "categories": 10,
    "status": 10, "status_search": 10, "status_site": 10, "bulk_job": 10, "bulk_people": 10, "activations": 10, "statistics": 10,
    "calendar": 6, "calendar_history": 6, "appointment": 6, "calendar_feed": 4, "my_services": 6, "my_timeline": 6,
    "services": 10, "service": 10, "group": 10, "enrolment": 10, "event": 10, "events": 10,
    "sites": 10, "footer_pages": 10, "texts": 10, "text": 10, "devices": 10,
    "my_sign_in": 10, "schedule_week": 10, "requests": 10, "request": 10,
    "inbox": 6, "inbox_search": 6, "inbox_poll": 2, "inbox_count": 2, "discussion": 6, "messages": 10, "staff_discussion": 10,
    "document_templates": 10, "document_template": 10, "document_preview": 10,
    "inbox_new": 6, "kinds_of_time": 10, "holidays": 10, "hours": 10, "hours_week": 10, "hours_removal": 10,
}  # fmt: skip
SCANS = {"status": 1}  # counts what was found, up to a number after which it says "more than"
WITH_WRK = ("home.ratio", "home.scale", "calendar.upcoming", "calendar.scale", "services.overview", "schedule.week", "booking.week",
            "booking.scale")


def figure(*names: str) -> Callable[[Measure], Measure]:
    """Register a measurement with the figures that come of it."""

    def take(measure: Measure) -> Measure:
        FIGURES[names] = measure
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


def copied(folder: Path, clients: int) -> Path:
    """A copy of such a folder to work on."""
    data = Path(tempfile.mkdtemp(dir=folder)) / "data"
    shutil.copytree(filled(folder, clients), data)
    return data


@contextlib.contextmanager
def portal(folder: Path, clients: int, smtp_port: int = 9) -> Iterator[tuple[str, int, int]]:
    """A portal on such a copy: address, port, process."""
    data = copied(folder, clients)
    try:
        with servers.portal(data, smtp_port) as (address, process):
            yield address, int(address.rpartition(":")[2]), process
    finally:
        shutil.rmtree(data.parent)


def measured(folder: Path, *command: str, core: int = 0, **env: str) -> list[str]:
    """What a measurement in a process of its own says, word by word."""
    given = servers.environment(copied(folder, CLIENTS), 1) | env
    asked = subprocess.run(
        servers.pinned(core, [sys.executable, "-m", *command]), cwd=servers.ROOT, env=given, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return asked.stdout.split()


def signed_in(port: int, email: str = "client1@example.org") -> Browser:
    """A browser whose person signed in."""
    browser = Browser(port)
    browser.sign_in(email)
    return browser


# ---------------------------------------------------------------- home


@figure("home.ratio")
def home_ratio(folder: Path) -> Iterator[Line]:
    """Home, signed in, 1,000 clients ÷ bare Flask, in requests per second."""
    with servers.bare() as hello, portal(folder, CLIENTS) as (address, port, _):
        cookie = signed_in(port).cookie
        yield Line("home.ratio", times_bare(hello, address + "/", cookie), 0.10, most=False)


def times_bare(hello: str, page: str, cookie: str) -> float:
    """A page ÷ bare Flask, in requests per second: the best second of each, of those that are measured turn by turn.

    Whoever else works on the machine can only slow them, and slows a page, which needs more of the processor's memory, far more than
    a hello: a median of pairs tells of the neighbours.
    """
    for address, of in ((hello, ""), (page, cookie)):
        servers.rate(address, cookie=of, seconds=1)
    seconds = [(servers.rate(hello, seconds=1), servers.rate(page, cookie=cookie, seconds=1)) for _ in range(SECONDS)]
    return max(second for _, second in seconds) / max(first for first, _ in seconds)


@figure("home.scale")
def home_scale(folder: Path) -> Iterator[Line]:
    """The same with 100,000 clients ÷ with 1,000."""
    with portal(folder, CLIENTS) as (small, small_port, _), portal(folder, 100_000) as (large, large_port, _):
        cookies = [signed_in(port).cookie for port in (small_port, large_port)]
        for address, cookie in zip((small, large), cookies, strict=True):
            servers.rate(address + "/", cookie=cookie, seconds=1)
        ratios = []
        for _ in range(PAIRS):
            few = servers.rate(small + "/", cookie=cookies[0])
            ratios.append(servers.rate(large + "/", cookie=cookies[1]) / few)
        yield Line("home.scale", statistics.median(ratios), 0.85, most=False)


# ---------------------------------------------------------------- calendar


@contextlib.contextmanager
def with_appointments(folder: Path, number: int) -> Iterator[tuple[str, int]]:
    """A portal with so many appointments of others: address and port."""
    data = copied(folder, CLIENTS)
    fill = [sys.executable, "-m", "bench.appointments", "fill", str(number)]
    subprocess.run(servers.pinned(0, fill), cwd=servers.ROOT, env=servers.environment(data, 1), check=True)
    try:
        with servers.portal(data) as (address, _):
            yield address, int(address.rpartition(":")[2])
    finally:
        shutil.rmtree(data.parent)


def _against_bare(folder: Path, path: str, email: str = "client1@example.org") -> float:
    """A page of an agency with 5,000 appointments ÷ bare Flask, in requests per second."""
    with servers.bare() as hello, with_appointments(folder, 5_000) as (address, port):
        cookie = signed_in(port, email).cookie
        return times_bare(hello, address + path, cookie)


@figure("calendar.upcoming")
def calendar_upcoming(folder: Path) -> Iterator[Line]:
    """The client's calendar, ten appointments ahead."""
    yield Line("calendar.upcoming", _against_bare(folder, "/calendar/"), 0.08, most=False)


@figure("services.overview")
def services_overview(folder: Path) -> Iterator[Line]:
    """My Services of a client who is in three, two of which are seen, with appointments in each."""
    yield Line("services.overview", _against_bare(folder, "/my-services/"), 0.08, most=False)


@figure("schedule.week")
def schedule_week(folder: Path) -> Iterator[Line]:
    """A week of two hundred appointments, as its worker sees it."""
    week = f"/admin/schedule/?date={appointments.WEEK}"
    yield Line("schedule.week", _against_bare(folder, week, "admin@example.org"), 0.02, most=False)


@figure("calendar.scale")
def calendar_scale(folder: Path) -> Iterator[Line]:
    """The same of an agency with 500,000 ÷ with 5,000."""
    with with_appointments(folder, 5_000) as (small, small_port), with_appointments(folder, 500_000) as (large, large_port):
        cookies = [signed_in(port).cookie for port in (small_port, large_port)]
        for address, cookie in zip((small, large), cookies, strict=True):
            servers.rate(address + "/calendar/", cookie=cookie, seconds=1)
        ratios = []
        for _ in range(PAIRS):
            few = servers.rate(small + "/calendar/", cookie=cookies[0])
            ratios.append(servers.rate(large + "/calendar/", cookie=cookies[1]) / few)
        yield Line("calendar.scale", statistics.median(ratios), 0.85, most=False)


@figure("calendar.feed")
def calendar_feed(folder: Path) -> Iterator[Line]:
    """A calendar of 500 appointments, in milliseconds."""
    milliseconds, _selects = map(float, measured(folder, "bench.appointments", "feed"))
    yield Line("calendar.feed", milliseconds, 100)


# ---------------------------------------------------------------- requests


@contextlib.contextmanager
def with_free_times(folder: Path, number: int) -> Iterator[tuple[str, int, list[str]]]:
    """A portal with so many appointments of others, and a worker who has time: address, port, where each client looks for it."""
    data = copied(folder, CLIENTS)
    fill = [sys.executable, "-m", "bench.booking", "fill", str(number)]
    env = servers.environment(data, 1)
    said = subprocess.run(servers.pinned(0, fill), cwd=servers.ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    try:
        with servers.portal(data) as (address, _):
            yield address, int(address.rpartition(":")[2]), said.split()
    finally:
        shutil.rmtree(data.parent)


@figure("booking.week")
def booking_week(folder: Path) -> Iterator[Line]:
    """A week of free times of a worker with 5,000 past and 500 coming appointments ÷ bare Flask."""
    with servers.bare() as hello, with_free_times(folder, 5_000) as (address, port, paths):
        yield Line("booking.week", times_bare(hello, address + paths[0], signed_in(port).cookie), 0.05, most=False)


@figure("booking.scale")
def booking_scale(folder: Path) -> Iterator[Line]:
    """The same where others have 500,000 ÷ where they have 5,000."""
    with with_free_times(folder, 5_000) as (small, small_port, few), with_free_times(folder, 500_000) as (large, large_port, many):
        cookies = [signed_in(port).cookie for port in (small_port, large_port)]
        for address, cookie in zip((small + few[0], large + many[0]), cookies, strict=True):
            servers.rate(address, cookie=cookie, seconds=1)
        ratios = []
        for _ in range(PAIRS):
            less = servers.rate(small + few[0], cookie=cookies[0])
            ratios.append(servers.rate(large + many[0], cookie=cookies[1]) / less)
        yield Line("booking.scale", statistics.median(ratios), 0.85, most=False)


@figure("booking.compute")
def booking_compute(folder: Path) -> Iterator[Line]:
    """Sixty days of free times in Python ÷ a row by its key."""
    yield Line("booking.compute", float(measured(folder, "bench.booking", "compute")[-1]), 50)


@figure("booking.request")
def booking_request(folder: Path) -> Iterator[Line]:
    """A request, by one client after the other, ÷ bare Flask, in requests per second of one connection."""
    with servers.bare() as hello, with_free_times(folder, 5_000) as (_address, port, paths):
        plain = Browser(int(hello.rstrip("/").rpartition(":")[2]))
        bare, asked = [], []
        for number, path in enumerate(paths, start=1):
            browser = signed_in(port, f"client{number}@example.org")
            for _ in range(REQUESTS_OF_EACH):
                week = browser.page(path)
                moment = re.search(rf'href="({re.escape(path)}\d+)', week).group(1)  # type: ignore[union-attr]
                form = form_in(browser.page(moment), moment)
                bare.append(_seconds(lambda: plain.page("/")))
                asked.append(_seconds(functools.partial(browser.post, moment, form)))
        yield Line("booking.request", statistics.median(bare) / statistics.median(asked), 0.04, most=False)


def _seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


# ---------------------------------------------------------------- queries and plans


@figure(*(f"{kind}.{page}" for page in SELECTS for kind in ("queries", "scans")))
def queries(folder: Path) -> Iterator[Line]:
    """SELECTs after session and settings, and those that read through a table that grows, by page."""
    said = iter(measured(folder, "bench.queries", BENCH_PASSWORD=PASSWORD))
    for page, count, scans in zip(said, said, said, strict=True):
        yield Line(f"queries.{page}", int(count), SELECTS[page])
        yield Line(f"scans.{page}", int(scans), SCANS.get(page, 0))


# ---------------------------------------------------------------- weight


@figure("weight.home", "weight.requests")
def weight(folder: Path) -> Iterator[Line]:
    """First load of home: bytes over the line in KB, and requests."""
    with portal(folder, CLIENTS) as (_, port, _process):
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
    """The whole process, in MB, after 10,000 mixed requests with the worker running and sending."""
    with servers.sink() as (smtp_port, _said), portal(folder, CLIENTS, smtp_port) as (_, port, process):
        made = mixture.run(port, CLIENTS, REQUESTS)
        if made["POST"] < REQUESTS / 4:
            raise RuntimeError(f"not mixed: {made}")
        status = Path(f"/proc/{process}/status").read_text()
        yield Line("memory.rss", int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024, 110)  # type: ignore[union-attr]


@figure("start.ratio")
def start(folder: Path) -> Iterator[Line]:
    """Start of an existing installation to its first page ÷ bare Flask's."""
    data = copied(folder, CLIENTS)
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
    said = map(float, measured(folder, "bench.outbox", str(PAIRS)))
    ratios = [ours / plain for plain, ours in zip(said, said, strict=True)]
    yield Line("outbox.ratio", statistics.median(ratios), 0.25, most=False)


# ---------------------------------------------------------------- hashing


@figure("hash.p99")
def hashing(folder: Path) -> Iterator[Line]:
    """p99 of home while eight sign-ins run ÷ without."""
    with portal(folder, CLIENTS) as (_, port, _process):
        reader = signed_in(port)
        _read(reader, 1)
        ratios = []
        for _ in range(PAIRS):
            crowd = Crowd(port, CLIENTS, at_once=SIGN_INS, stock=100 * READING)
            calm = _p99(reader)
            with crowd:
                busy = _p99(reader)
            ratios.append(busy / calm)
        yield Line("hash.p99", statistics.median(ratios), 5)


def _p99(reader: Browser) -> float:
    return statistics.quantiles(_read(reader, READING), n=100)[98]


def _read(reader: Browser, seconds: float) -> list[float]:
    taken, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        reader.page("/")
        taken.append(time.perf_counter() - began)
    return taken


@figure("signin.cost")
def sign_in_cost(folder: Path) -> Iterator[Line]:
    """CPU of a sign-in outside password hashing ÷ Home's."""
    ratios = []
    for _ in range(3):
        signing, home = map(float, measured(folder, "bench.sign_in", BENCH_PASSWORD=PASSWORD))
        ratios.append(signing / home)
    yield Line("signin.cost", statistics.median(ratios), 3)


# ---------------------------------------------------------------- import


@figure("import.rows", "import.wait")
def importing(folder: Path) -> Iterator[Line]:
    """100,000 individuals: seconds in all, and the longest wait of a client's write meanwhile."""
    seconds, waited = map(float, measured(folder, "bench.importing"))
    yield Line("import.rows", seconds, 300)
    yield Line("import.wait", waited, 5)


# ---------------------------------------------------------------- many accounts at once


@figure("bulk.activation", "bulk.status", "bulk.p99")
def many_accounts(folder: Path) -> Iterator[Line]:
    """10,000 accounts made, without sending, and as many suspended, in seconds; p99 of home while it is done ÷ without."""
    activated, suspended, _longest = map(float, measured(folder, "bench.bulk"))
    yield Line("bulk.activation", activated, 60)
    yield Line("bulk.status", suspended, 30)
    data = copied(folder, CLIENTS)
    prepare = [sys.executable, "-m", "bench.bulk", "people"]
    subprocess.run(servers.pinned(0, prepare), cwd=servers.ROOT, env=servers.environment(data, 1), check=True)
    with servers.portal(data) as (address, _process):
        port = int(address.rpartition(":")[2])
        yield Line("bulk.p99", statistics.median(_during_activation(signed_in(port), signed_in(port, "admin@example.org"))), 3)


def _during_activation(reader: Browser, staff: Browser) -> Iterator[float]:
    """p99 of home while accounts are made ÷ while the job rests, three times."""
    jobs = "/admin/accounts/activations/"
    staff.fill(jobs)
    job = re.search(rf'{jobs}[\w-]{{22}}/', staff.page(jobs)).group()  # type: ignore[union-attr]
    while "steps/start" not in staff.page(job):
        time.sleep(0.2)
    _read(reader, 1)
    for step in ("start", "resume", "resume"):
        calm = _p99(reader)
        staff.post(f"{job}steps/{step}", form_in(staff.page(job), f"{job}steps/{step}"))
        busy = _p99(reader)
        staff.post(f"{job}steps/stop", form_in(staff.page(job), f"{job}steps/stop"))  # it is not done yet, or there is no such form
        yield busy / calm
