"""A client's own calendar as programs of others read it over the network: vdirsyncer fetches, khal lists, icalendar parses."""

import datetime as dt
import fcntl
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
from faults.nursery import KEY, opened
from faults.running import ONLY_WEB, Portal

from domain import attendances, calendar_feeds, clock, events, links, store
from domain.events import Plan
from models import Attendance, Event, Site

pytestmark = [pytest.mark.long, pytest.mark.only_sqlite]

WANTED = Path(__file__).resolve().parents[1] / "judges.txt"
PATIENCE = 300.0  # seconds, for what pip fetches over a slow line
PLACES = {"Europe/Berlin": "dora", "Australia/Sydney": "otto", "America/St_Johns": "ines"}  # and who works there
DAY = dt.timedelta(days=1)

FETCHED = """
[general]
status_path = "{folder}/status"

[pair mine]
a = "portal"
b = "here"
collections = null
conflict_resolution = "a wins"

[storage portal]
type = "http"
url = "{url}"

[storage here]
type = "filesystem"
path = "{folder}/fetched"
fileext = ".ics"
"""
LISTED = """
[calendars]
[[mine]]
path = {folder}/{which}

[sqlite]
path = {folder}/{which}.khal.db

[locale]
local_timezone = UTC
default_timezone = UTC
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
"""


# ---------------------------------------------------------------- the programs


@pytest.fixture(scope="session")
def judges(tmp_path_factory):
    """Where the programs are; installed once for all processes of this run, into a place that goes with its folder."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    home, done = shared / "judges", shared / "judges.done"
    with (shared / "judges.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            installed(home)
            done.touch()
    return home / "bin"


def installed(home):
    """A virtual environment with them.  pip is that of whoever runs the tests: making one anew takes longer than all the rest."""
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", home)
    pip = [sys.executable, "-m", "pip", "--python", home / "bin" / "python", "--quiet", "--no-input", "--disable-pip-version-check"]
    answer = subprocess.run(
        [*pip, "install", "--no-compile", "-r", WANTED], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if answer.returncode:
        print(answer.stderr)
        pytest.fail(f"The programs of {WANTED.name} could not be installed: pip needs to reach its package index.", pytrace=False)


def run(*words, **more):
    """What a program says."""
    answer = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=PATIENCE, check=False, **more)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


class Desk:
    """The folder of somebody who reads a feed with these programs."""

    def __init__(self, folder, programs, url):
        self.folder, self._programs, self.url = folder, programs, url
        (folder / "kept").mkdir()
        self._env = os.environ | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder), "LC_ALL": "C.UTF-8"}

    def fetch(self):
        """vdirsyncer brings the folder up to date; the file of each appointment."""
        config = self.folder / "vdirsyncer.conf"
        if not config.exists():
            config.write_text(FETCHED.format(folder=self.folder, url=self.url))
            (self.folder / "fetched").mkdir()
            self._vdirsyncer(config, "discover")
        self._vdirsyncer(config, "sync")
        return {path.name: path.read_bytes() for path in (self.folder / "fetched").iterdir()}

    def _vdirsyncer(self, config, verb):
        run(self._programs / "vdirsyncer", "-c", config, verb, "mine", env=self._env)

    def read(self):
        """The feed as it comes, parsed by icalendar."""
        with urllib.request.urlopen(self.url, timeout=60) as answer:
            assert answer.headers["Content-Type"].startswith("text/calendar")
            text = answer.read()
        (self.folder / "feed.ics").write_bytes(text)
        return icalendar.Calendar.from_ical(text).walk("VEVENT")

    def take(self):
        """khal takes what was read last into a calendar of its own, where it knows each appointment by its UID again."""
        self._khal("kept", "import", "--batch", self.folder / "feed.ics")

    def lists(self, which, *words):
        """What khal shows of a calendar, in UTC: a list of the wanted words for each appointment."""
        every = "|".join(f"{{{word}}}" for word in words)
        until = (clock.now() + 500 * DAY).date()
        said = self._khal(which, "list", "--once", "--day-format", "", "--format", every, str(clock.now().date()), str(until))
        return [line.split("|") for line in said.splitlines() if line]

    def _khal(self, which, *words):
        config = self.folder / f"khal.{which}.conf"
        config.write_text(LISTED.format(folder=self.folder, which=which))
        return run(self._programs / "khal", "--no-color", "-c", config, *words, env=self._env)


# ---------------------------------------------------------------- the portal


@pytest.fixture
def agency(cast, templates, tmp_path):
    """The standing cast in a data folder of their own, in hand for this thread, too."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    templates.copy("cast", data / "doorstep.db")
    (data / "doorstep.db").chmod(0o600)
    with opened(data / "doorstep.db"):
        links.use_key(KEY)
        yield data


@pytest.fixture
def desk(agency, cast, judges, tmp_path):
    """Alice's desk, while the portal runs."""
    token = calendar_feeds.token(calendar_feeds.make(cast.alice, cast.by("alice")))
    with Portal(agency, None, ["-c", ONLY_WEB]) as portal:
        yield Desk(tmp_path, judges, f"http://localhost:{portal.listens().port}/feed/{token}.ics")
        assert "Traceback" not in portal.log


def changes(zone):
    """The next two days at noon of which the clocks of a zone changed before."""
    noon = dt.datetime.combine(clock.now().astimezone(ZoneInfo(zone)).date() + 3 * DAY, dt.time(12), ZoneInfo(zone))
    days = [noon + number * DAY for number in range(370)]
    return [day for day in days if day.utcoffset() != (day - DAY).utcoffset()]


def test_the_hours_of_appointments_are_right_before_and_after_the_clocks_change_in_three_zones(desk, cast):
    wanted = []
    for zone, name in PLACES.items():
        with store.writing():
            site = Site.create(name=f"At {zone}", address="", phone="", time_zone=zone)
        for day in changes(zone):
            for there in (day - DAY, day, day + DAY):
                starts = there.replace(hour=9, minute=30)
                events.book(Plan(getattr(cast, name), starts, 50, site, [cast.alice]), cast.by(name))
                wanted.append(starts.astimezone(dt.UTC))
    assert len(wanted) == 18
    assert len(desk.fetch()) == 18
    told = [[f"{starts:%Y-%m-%d %H:%M}", f"{starts + dt.timedelta(minutes=50):%Y-%m-%d %H:%M}"] for starts in sorted(wanted)]
    assert desk.lists("fetched", "start-long", "end-long") == told


def test_what_moves_stays_the_same_appointment_and_what_is_cancelled_stays_as_cancelled(desk, cast):
    by = cast.by("dora")
    starts = clock.now().replace(minute=0, second=0, microsecond=0) + 9 * DAY
    one, other, third = (
        events.book(Plan(cast.dora, starts + number * DAY, 50, Site.get(), [cast.alice]), by) for number in range(3)
    )
    seen, files = [desk.read()], [desk.fetch()]
    desk.take()
    assert desk.fetch() == files[0]  # nothing happened, so nothing is fetched anew
    events.move(one, one.starts_at + dt.timedelta(hours=3), 50, by, version=1)
    events.cancel(other, by, version=1)
    attendances.give_up(Attendance.get(Attendance.event == third), cast.by("alice"))
    seen.append(desk.read())
    files.append(desk.fetch())
    desk.take()
    assert [str(each["UID"]) for each in seen[0]] == [str(each["UID"]) for each in seen[1]]
    assert all(int(after["SEQUENCE"]) > int(before["SEQUENCE"]) for before, after in zip(*seen, strict=True))
    assert [str(each["STATUS"]) for each in seen[1]] == ["CONFIRMED", "CANCELLED", "CANCELLED"]
    assert len(files[1]) == 3
    assert not set(files[0].values()) & set(files[1].values())
    shown = [f"{event.starts_at:%Y-%m-%d %H:%M}" for event in Event.select().order_by(Event.starts_at)]
    for which in ("fetched", "kept"):
        found = desk.lists(which, "start-long", "status", "uid")
        assert [line[:2] for line in found] == [[shown[0], "CONFIRMED "], [shown[1], "CANCELLED "], [shown[2], "CANCELLED "]]
    assert [line[2] for line in found] == [str(each["UID"]) for each in seen[0]]
