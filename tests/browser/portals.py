"""The portal as a process of its own, and people to fill it with."""

import contextlib
import csv
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from browser import ways
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
SYNTHEA = ROOT / "tests" / "data" / "synthea"
PASSWORD = "a calm green door 7"  # of everybody in the town

# The same program whose clock runs some days ahead of everybody else's.
AHEAD = """
import datetime, runpy, sys, time_machine
ahead = datetime.timedelta(days=float(sys.argv.pop(1)))
time_machine.travel(datetime.datetime.now(datetime.UTC) + ahead, tick=True).start()
runpy.run_path("app.py", run_name="__main__")
"""


class Portal:
    """``app.py`` as script/run starts it, on a data folder of its own and a free port."""

    def __init__(self, data: Path, *, days_ahead: float = 0, port: int = 0, url: str = "", **decided: str) -> None:
        self.data, self._log = data, data.with_name(f"{data.name}.log")
        port = port or free_port()
        program = ["-c", AHEAD, str(days_ahead)] if days_ahead else ["app.py"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *program, "--port", str(port)], cwd=ROOT, env=environment(data) | decided,
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self.announced = self._read_announcement()
        self.url = url or f"http://localhost:{port}"
        if f"Doorstep is at {self.url}\n" not in self.announced:
            self._end()
            pytest.fail(f"the portal did not start:\n{self.announced}{self.log}")

    @property
    def code(self) -> str:
        """The one-time code of the first start, as the terminal shows it."""
        return re.search(r"/first-start/ with the code (\S+)", self.announced)[1]

    @property
    def log(self) -> str:
        """What the process said on its standard error."""
        return self._log.read_text()

    def command(self, *words: str) -> str:
        """``flask --app app …`` beside the running server; what it printed."""
        return command(self.data, *words)

    def stop(self) -> None:
        """Ask it to end, as systemd does; it must end well, and have met no error of its own."""
        self._process.send_signal(signal.SIGTERM)
        try:
            assert self._process.wait(40) == 0, self.log
        finally:
            self._end()
        assert not re.search(r"^Traceback|\b(ERROR|CRITICAL)\b", self.log, re.MULTILINE), self.log

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def _read_announcement(self) -> str:
        watchdog = threading.Timer(40, self._process.kill)
        watchdog.start()
        said = ""
        for line in self._process.stdout:
            said += line
            if "Stop with" in line:
                break
        watchdog.cancel()
        return said


def command(data: Path, *words: str) -> str:
    """``flask --app app …`` on a data folder; what it printed."""
    done = subprocess.run([sys.executable, "-m", "flask", "--app", "app", *words], cwd=ROOT, env=environment(data),
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(data: Path) -> dict[str, str]:
    """Ours, without anything that a deployer would decide."""
    decided = ("PORT", "SMTP", "MAIL_FROM", "DATABASE", "LISTEN", "SECRET", "AUDIT", "TRUSTED", "FLASK", "DOORSTEP")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(decided)}
    return kept | {"DOORSTEP_DATA": str(data)}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def import_staff(portal: Portal) -> None:
    """Take in Synthea's 63 sites and 166 workers."""
    for subject, name in (("sites", "organizations"), ("workers", "providers")):
        portal.command("import", subject, f"tests/data/synthea/{name}.csv", "--mapping", "synthea")


def import_clients(portal: Portal) -> None:
    """Take in Synthea's 27 patients, all of whom allow e-mail, with the command that a deployer uses."""
    told = portal.command("import", "individuals", "tests/data/synthea/patients.csv", "--mapping", "synthea",
                          "--consent-email", "yes")  # fmt: skip
    assert "27 new" in told


# ---------------------------------------------------------------- a portal in full use


class Town(Portal):
    """The made-up agency with forty clients, and newcomers who have no account yet, one for each test that asks."""

    def __init__(self, data: Path) -> None:
        self._newcomers = iter(newcomers()[2:])
        self._signed_in: dict[str, Any] = {}
        super().__init__(data)

    def newcomer(self) -> ways.Person:
        """Somebody with an address, consent and a date of birth, whom no other test knows."""
        return next(self._newcomers)

    def cookies_of(self, email: str, browser: Any) -> Any:
        """The cookies of somebody who signed in once and stays signed in, so that a test need not."""
        if email not in self._signed_in:
            context = browser.new_context(base_url=self.url, service_workers="block")
            page = context.new_page()
            ways.sign_in(page, email, PASSWORD)
            expect(page).not_to_have_url(re.compile("sign-in"))
            self._signed_in[email] = context.storage_state()
            context.close()
        return self._signed_in[email]


def newcomers() -> list[ways.Person]:
    """Sixty people without an account; two have names that try a page, and never get one."""
    names = [("Friedrich-Wilhelm", "Donaudampfschifffahrtsgesellschaft"), ("عبد الرحمن", "الحدادين النجارسي")]
    names += [("Noemi", f"Newcomer-{number:02}") for number in range(len(names), 60)]
    born = ways.Born(27, 3, 1988)
    return [ways.Person(*name, f"newcomer{number}@example.org", born) for number, name in enumerate(names)]


def write(people: list[ways.Person], file: Path) -> None:
    """People as a file for the import."""
    with file.open("w", newline="", encoding="utf-8") as sheet:
        rows = csv.writer(sheet)
        rows.writerow(["external_id", "first_name", "last_name", "birth_date", "email"])
        for person in people:
            day, month, year = person.born
            rows.writerow([person.email, person.first, person.last, f"{year}-{month:02}-{day:02}", person.email])


# Beside the running portal a worker books for a client.
BOOK = """
import json, sys
from app import create_app
from domain import clock, event_letters, events, store
from domain.actor import Actor
from models import Attendance, PortalAccount, Site, Worker
create_app()
with store.connection():
    person = PortalAccount.get(PortalAccount.email == sys.argv[1]).individual
    worker = Worker.select().where(Worker.group == "worker").order_by(Worker.id).first()
    made = []
    for hours in map(float, sys.argv[2:]):
        event = events.book(events.Plan(worker, clock.ahead(hours=hours), 50, Site.get(), [person]), Actor(worker=worker))
        place = Attendance.get(Attendance.event == event)
        made.append(f"/appointment/{event_letters.link_of(place)}")
    print(json.dumps(made))
"""


def without_appointments(data: Path) -> None:
    """The demo's calendars are empty: whoever tells of appointments makes them."""
    with contextlib.closing(sqlite3.connect(data / "doorstep.db")) as line, line:
        for table in ("event_request", "attendance", "event"):
            line.execute(f"DELETE FROM {table}")


REQUEST = """
import datetime as dt, sys
from app import create_app
from domain import agency, availability, clock, store
from domain.actor import Actor
from models import Attendance, AvailabilityCalendar, Event, EventRequest, PortalAccount, Worker
create_app()
with store.connection():
    person = PortalAccount.get(PortalAccount.email == sys.argv[1]).individual
    admin = Worker.get(Worker.email == "admin@example.org")
    by, site, kind = Actor(worker=admin), agency.main_site(), availability.client_facing()
    if kind is None:
        kind = availability.add_type("Appointments", "green", by)
        availability.face_clients(kind, by)
    if not AvailabilityCalendar.select().where(AvailabilityCalendar.worker == admin).exists():
        calendar = availability.add_calendar(admin, agency.today(), by)
        for day in range(7):
            availability.add_row(calendar, day, 540, 1020, kind, site, by)
    for hours in map(float, sys.argv[2:]):
        with store.writing():
            at, now = clock.ahead(hours=hours), clock.now()
            event = Event.create(worker=admin, starts_at=at, ends_at=at + dt.timedelta(minutes=50), site=site, state="requested", created_at=now)
            Attendance.create(event=event, individual=person, starts_at=at)
            EventRequest.create(event=event, individual=person, day=agency.today(), asked_at=now, expires_at=at)
"""


def requested(data: Path, email: str, *hours: float) -> None:
    """Appointments that a client requests of the first one of staff, in so many hours; nobody has answered yet."""
    done = subprocess.run([sys.executable, "-c", REQUEST, email, *map(str, hours)], cwd=ROOT, env=environment(data) | {"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr


def booked(data: Path, email: str, *hours: float) -> list[str]:
    """Appointments of a client with a worker, in so many hours; the paths of the links that confirm them."""
    done = subprocess.run([sys.executable, "-c", BOOK, email, *map(str, hours)], cwd=ROOT, env=environment(data) | {"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


# Beside the running portal staff give a client a service of their own, with a worker who sees clients every morning; where there are
# to be ``several``, there is another worker, too, and another service.
LAY_OUT = """
import sys
from app import create_app
from domain import agency, availability, clock, enrolments, search, services, store
from domain.actor import Actor
from models import Enrolment, PortalAccount, Service, Worker
create_app()

def hire(first, email):
    return Worker.create(first_name=first, last_name="Morningside", email=email, email_key=email, password_hash="none",
                         created_at=clock.now(), **search.sorted_names(first, "Morningside"))

with store.connection():
    email, several = sys.argv[1], sys.argv[2:]
    person, today = PortalAccount.get(PortalAccount.email == email).individual, agency.today()
    by = Actor(worker=Worker.get(Worker.group == "system_admin"))
    kind = availability.client_facing()
    if kind is None:
        kind = availability.add_type("Time for clients", "green", by)
        availability.face_clients(kind, by)
    with store.writing():
        Enrolment.update(closed_on=today).where(Enrolment.individual == person, Enrolment.closed_on.is_null()).execute()
        workers = [hire(name, f"{name}.{email}".lower()) for name in ("Wilhelmine", "Ben")[: 1 + len(several)]]
    for worker in workers:
        calendar = availability.add_calendar(worker, today, by)
        for day in range(7):
            availability.add_row(calendar, day, 9 * 60, 12 * 60, kind, agency.main_site(), by)
    for number, name in enumerate(("Walking and talking", "Looking for a home")[: 1 + len(several)]):
        made = services.add(services.Details(f"{name} {email}", client_name=name, client_description="An hour for you.", minutes=60), "case", by)
        services.show(made, by, is_visible=True, version=made.version, warned_of=())
        services.staff(made, workers, by, version=Service.get_by_id(made.id).version)
        enrolments.open(person, made, workers[0], today, by)
"""
# ... and answer what the client asked for last.
ANSWER = """
import datetime as dt, sys
from app import create_app
from domain import request_answers, requests, store
from domain.actor import Actor
from models import Event, EventRequest, PortalAccount
create_app()
with store.connection():
    person = PortalAccount.get(PortalAccount.email == sys.argv[1]).individual
    event = EventRequest.select().where(EventRequest.individual == person).order_by(EventRequest.id.desc()).first().event
    by = Actor(worker=event.worker)
    if sys.argv[2] == "offer":
        request_answers.offer(event, event.starts_at + dt.timedelta(hours=6), by, version=event.version)
    else:
        request_answers.decline(event, by, version=event.version, reason="I am at court that morning.")
"""


def beside(data: Path, program: str, *words: str) -> None:
    """Run a program on the data of a portal that goes on running."""
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=ROOT, env=environment(data) | {"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
