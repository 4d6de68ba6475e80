"""Processes that may be killed: a nursery that has everything imported, and the children that it forks.

``Nursery``, ``Child`` and ``Sink`` are for tests; the other half runs in the nursery, which is this file as a program.
The nursery takes orders from its standard input, one JSON object a line: ``{"do": role, …}`` forks a child,
``{"wait": pid}`` reports its end.  Whatever it and its children say is one JSON object a line on its one standard
output, each written at once, so that lines never mix and a child's last line comes before the news of its end.
"""

import collections
import contextlib
import ctypes
import datetime as dt
import importlib
import itertools
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import flask
import peewee
import time_machine
from faults import talking
from smtp_server import Received, SmtpServer

from config import Config, Smtp
from domain import (
    accounts,
    activation,
    audit,
    bulk_jobs,
    clock,
    events,
    limits,
    links,
    offers,
    passwords,
    profile,
    request_answers,
    requests,
    resets,
    schema,
    store,
)
from domain.actor import SYSTEM, Actor
from domain.folder import Place
from domain.restore import restore
from domain.rules import RuleBroken
from models import AuditEntry, Delivery, Individual, Link, PageVersion, PortalAccount, db
from tasks import each_minute

ROOT = Path(__file__).resolve().parents[2]
KEY = "a key that only the tests have, and long enough for anybody"  # the one that the databases were made with
SENDER = "portal@example.org"
PATIENCE = 90.0  # seconds, on a machine that has much else to do
BELL = signal.SIGUSR1
BORN = dt.date(1984, 2, 29)


def url_of(place: Any) -> str:
    """The address of a database, which may be given as the path of a file of SQLite."""
    return str(place) if "://" in str(place) else f"sqlite:///{place}"


@contextlib.contextmanager
def opened(place: Any, ahead: float = 0.0) -> Iterator[None]:
    """The database at a place for this thread, whose clock goes ``ahead`` of the true one by so many seconds."""
    with contextlib.ExitStack() as stack:
        if ahead:
            stack.enter_context(time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=ahead), tick=True))
        store.open_database(url_of(place))
        for keyed in (audit, limits, links):
            keyed.use_key(KEY)
        passwords.use_cost(time_cost=1, memory_cost=8)
        stack.callback(_hang_up)
        stack.enter_context(db.connection_context())
        yield


def _hang_up() -> None:
    if store.is_postgres():
        db.obj.close_idle()


def sound(path: Any) -> None:
    """Fail unless the file is a whole database, whose references all lead somewhere; a server looks after its own."""
    if url_of(path).startswith("postgresql:"):
        return
    path = url_of(path).removeprefix("sqlite:///")
    connection = peewee.sqlite3.connect(str(path), timeout=PATIENCE)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


# ---------------------------------------------------------------- the test's side


class Child:
    """A forked process of ours, and what it says."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid, self._nursery = pid, nursery

    def hear(self, seconds: float = PATIENCE) -> dict[str, Any] | None:
        """The next thing that it says; None when it says nothing in time.  Its failure is the test's."""
        try:
            words = self._nursery.said[self.pid].get(timeout=seconds)
        except queue.Empty:
            return None
        assert "fault" not in words, words["fault"]
        return words

    def ready(self) -> "Child":
        """Wait until it has begun."""
        assert (self.hear() or {}).get("ready"), "the process did not begin"
        return self

    def ring(self) -> None:
        """Tell it to go on."""
        os.kill(self.pid, BELL)

    def kill(self) -> list[dict[str, Any]]:
        """End it this instant; what it still had said."""
        os.kill(self.pid, signal.SIGKILL)
        return self._rest(-signal.SIGKILL)

    def dies(self) -> list[dict[str, Any]]:
        """Wait until it has ended by its own hand, or by a file's that may grow no more; what it said until then."""
        return self._rest(-signal.SIGKILL, -signal.SIGXFSZ)

    def finish(self) -> list[dict[str, Any]]:
        """Wait until it ends by itself, which must go well; what it said until then."""
        return self._rest(0)

    def _rest(self, *codes: int) -> list[dict[str, Any]]:
        self._nursery.order(wait=self.pid)
        heard: list[dict[str, Any]] = []
        while True:
            words = self.hear()
            assert words is not None, f"process {self.pid} does not end; it said {heard[-3:]}"
            if "end" in words:
                assert words["end"] in codes, f"process {self.pid} ended with {words['end']}"
                self._nursery.forget(self.pid)
                return heard
            heard.append(words)


class Nursery:
    """A process that has everything imported, so that a child of it runs within milliseconds."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said: dict[int, queue.Queue[dict[str, Any]]] = collections.defaultdict(queue.Queue)
        self._alive: set[int] = set()
        self._reader = threading.Thread(target=self._read, name="nursery", daemon=True)
        self._reader.start()
        self._me = Child(self, self._process.pid).ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._alive:  # left behind by a test that failed
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self._process.stdout.close()

    def start(self, role: str, database: Any, **words: Any) -> Child:
        """Fork a child that plays ``role`` (a function below) on the database at a path."""
        self.order(do=role, database=str(database), **words)
        pid = (self._me.hear() or {})["born"]
        self._alive.add(pid)
        return Child(self, pid)

    def order(self, **words: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(words)}\n")
        self._process.stdin.flush()

    def forget(self, pid: int) -> None:
        self._alive.discard(pid)
        self.said.pop(pid, None)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            words = json.loads(line)
            self.said[words["pid"]].put(words)


class Arrivals(list[Received]):
    """What a mail server accepted; one can wait for more."""

    def __init__(self) -> None:
        super().__init__()
        self._news = threading.Condition()

    def append(self, mail: Received) -> None:
        with self._news:
            super().append(mail)
            self._news.notify_all()

    def wait(self, number: int, seconds: float = PATIENCE) -> bool:
        """Wait until there are ``number``; False when there are not in time."""
        with self._news:
            return self._news.wait_for(lambda: len(self) >= number, seconds)

    @property
    def ids(self) -> list[str]:
        """The Message-ID of each, in the order of arrival."""
        return [mail.message["Message-ID"] for mail in self]


class Sink(SmtpServer):
    """A mail server that takes everything, unless it is told otherwise; one can wait for mail and for callers."""

    accepted: Arrivals

    def __init__(self, *behaviours: Any, **more: Any) -> None:
        super().__init__(*behaviours, **more)
        self.accepted = Arrivals()
        self._calls = threading.Semaphore(0)

    def opened(self, session: Any) -> Any:
        self._calls.release()
        return super().opened(session)

    def wait_for_call(self, seconds: float = PATIENCE) -> bool:
        """Wait for one more connection; False when none is made in time."""
        return self._calls.acquire(timeout=seconds)


# ---------------------------------------------------------------- the children's side


def say(**words: Any) -> None:
    os.write(1, json.dumps({"pid": os.getpid(), **words}).encode() + b"\n")


def wait_for_bell(seconds: float = PATIENCE) -> bool:
    """Wait until the test rings; False when it did not."""
    return signal.sigtimedwait([BELL], seconds) is not None


# ---------------------------------------------------------------- people who use the portal


def web(order: dict[str, Any]) -> None:
    """One person after the other gets an account, and whoever has got the mail activates, for ever.

    ``first`` is the number of the first person, ``again`` of one who was interrupted and does everything once more.
    With ``first`` left out only those who are there already finish.
    """
    watch_writes()
    if again := order.get("again"):
        get_account(again)
        account = accounts.newest(person(again))
        if account.state == "active" or account in who_has_mail():
            arrive(again)
    for number in itertools.count(order["first"]) if "first" in order else ():
        get_account(number)
        for account in who_has_mail(most=2):
            arrive(number_of(account))
    for account in who_has_mail():
        arrive(number_of(account))


def who_has_mail(most: int = 100_000) -> list[PortalAccount]:
    """The pending accounts to which the activation was sent, oldest first."""
    sent = Delivery.select(Delivery.account).where(Delivery.kind == "activation", Delivery.state == "sent")
    pending = PortalAccount.select().where(PortalAccount.state == "pending", PortalAccount.id.in_(sent))
    return list(pending.order_by(PortalAccount.id).limit(most))


def get_account(number: int) -> None:
    with act("person", number):
        person(number)
    with act("create", number) as done:
        account = accounts.create(person(number), SYSTEM)
        done |= {"account": account.public_id, "link": newest_link(account).public_id}


def arrive(number: int) -> None:
    """What somebody does who has got the mail, from the first page to a forgotten password."""
    account = accounts.newest(person(number))
    link, by, proof = newest_link(account), Actor(network=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"), ""
    with act("accept", number):
        activation.accept_terms(link, PageVersion.get(slug="privacy"), PageVersion.get(slug="terms"), by)
    with act("prove", number):
        proof = activation.prove_birth_date(link, BORN, by)
    with act("activate", number) as done:
        done["account"] = activation.activate(link, password_of(number), proof=proof, by=by).public_id
    with act("reset", number):
        resets.ask(address_of(number), by)


def person(number: int) -> Individual:
    name = f"person {number}"
    found = Individual.get_or_none(Individual.external_id == name)
    if found is not None:
        return found
    with store.writing():
        individual = profile.create(profile.Details("Nora", f"North{number}", birth_date=BORN), SYSTEM)
        Individual.update(external_id=name).where(Individual.id == individual.id).execute()
        profile.add_contact(individual, profile.Reach("email", address_of(number), is_main=True), SYSTEM, country="CA")
        profile.record_consent(individual, "email", True, SYSTEM)
    return individual


def number_of(account: PortalAccount) -> int:
    return int(account.individual.external_id.split()[1])


def address_of(number: int) -> str:
    return f"nora{number}@example.org"


def password_of(number: int) -> str:
    return f"the {number} quiet otters swim"


def newest_link(account: PortalAccount) -> Link:
    return account.links.where(Link.purpose == "activation").order_by(Link.id.desc()).get()


@contextlib.contextmanager
def act(name: str, number: int) -> Iterator[dict[str, Any]]:
    """One thing that somebody does: announced before, acknowledged once the verb has come back, so after its commit."""
    done: dict[str, Any] = {}
    watch["announced"] = False
    say(begin=name, number=number)
    try:
        yield done
    except RuleBroken as refusal:
        say(refused=refusal.code, act=name, number=number)
    else:
        say(ack=name, number=number, **done)


watch = {"announced": True}


def watch_writes() -> None:
    """Have the database say when the first change of an act begins."""

    def look(statement: str) -> None:
        if not watch["announced"] and statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            watch["announced"] = True
            say(writes=True)

    execute = db.obj.execute_sql

    def noted(sql: str, params: Any = None) -> Any:
        look(sql)
        return execute(sql, params)

    db.obj.execute_sql = noted


# ---------------------------------------------------------------- dispatchers


def mail(order: dict[str, Any]) -> None:
    """Do what the timetable does each minute, over and over, until killed; with ``once`` until nothing is due."""
    nursery, config = os.getppid(), _config(order)
    say(ready=True)
    if order.get("once"):
        wait_for_bell()
        each_minute(config)
        return
    while os.getppid() == nursery:
        each_minute(config)
        wait_for_bell(0.005)


def _config(order: dict[str, Any]) -> Config:
    return Config(
        data=Path("/nowhere"), portal_url="http://localhost:8000", host="127.0.0.1", port=8000,
        database_url=url_of(order["database"]), development=True, secret_key=KEY, audit_key=KEY,
        smtp=Smtp("127.0.0.1", order["port"], "none", "", "", SENDER), behind_proxy=None,
    )  # fmt: skip


# ---------------------------------------------------------------- appointments


def book(order: dict[str, Any]) -> None:
    """One appointment after the other, ten hours apart and now and then moved, for ever; each is said when it is booked.

    ``first`` is the number of the first.
    """
    from models import Site, Worker

    by = Actor(worker=Worker.get())
    say(ready=True)
    for number in itertools.count(order["first"]):
        plan = events.Plan(by.worker, clock.ahead(hours=60 + 10 * number), 50, Site.get(), [person(1)])
        event = events.book(plan, by)
        say(booked=event.public_id, number=number)
        if number % 2 == 0:
            events.move(event, plan.starts_at + dt.timedelta(hours=2), 50, by, version=1)
            say(moved=event.public_id, number=number)


def ask(order: dict[str, Any]) -> None:
    """One request of ``client`` after the other, for the hours from ``first`` on, every second one declined at once; each is said."""
    from models import Worker

    worker, asking = Worker.get(), person(order["client"])
    wish = offers.Wish(asking, worker, offers.enrolments(asking)[0])
    say(ready=True)
    for number in range(order["first"], order["first"] + 20):  # as many as one may ask for in a day
        event = requests.ask(wish, clock.now().replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=48 + number), Actor())
        say(asked=event.public_id)
        if number % 2 == 0:
            request_answers.decline(event, Actor(worker=worker), version=1, reason="Full")
            say(declined=event.public_id)
    signal.pause()


# ---------------------------------------------------------------- messages


def talk(order: dict[str, Any]) -> None:
    """A worker and clients write to each other, for ever; ``first`` is the number of the first discussion."""
    watch_writes()
    talking.talk(order["first"], act, [person(number) for number in range(talking.CLIENTS)])


# ---------------------------------------------------------------- many accounts at once


def many(order: dict[str, Any]) -> None:
    """Go on with the bulk jobs, in steps of ``at_once`` people, until nothing is due or until killed; it says when each
    step makes its first change and when the step is done."""
    bulk_jobs.AT_ONCE, step = order["at_once"], bulk_jobs._step
    watch_writes()

    def told() -> bool:
        watch["announced"] = False
        went_on = step()
        say(step=went_on)
        return went_on

    bulk_jobs._step = told
    bulk_jobs.run_due(PATIENCE)


# ---------------------------------------------------------------- the whole portal


def portal(order: dict[str, Any]) -> None:
    """``app.py`` with the words of ``environment`` on the port ``listen``, as script/run starts it; what it writes goes to
    the file ``log``.  It says of each form that somebody posts when the first change for it was made."""
    import app

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it ends with the nursery at the latest
    db.close()
    _hang_up()
    os.environ |= order["environment"]
    sys.argv = ["app.py", "--port", str(order["listen"])]
    sys.stdout = sys.stderr = Path(order["log"]).open("a", buffering=1)  # noqa: SIM115 - for the rest of its life
    watch_forms()
    code = 0
    with contextlib.suppress(SystemExit):
        code = app.main()
    os._exit(code)  # the connection that was opened for us is closed already


def watch_forms() -> None:
    execute, told = store._Guarded.execute_sql, set()

    def noted(self: Any, sql: str, params: Any = None) -> Any:
        done = execute(self, sql, params)
        if sql.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE") and flask.has_request_context():
            form = flask.request.form.get("form_id")
            if form and form not in told:
                told.add(form)
                say(writes=form)
        return done

    store._Guarded.execute_sql = noted


# ---------------------------------------------------------------- storage that fails


def hold(order: dict[str, Any]) -> None:
    """Keep the database's one place for writers until the bell rings."""
    with db.atomic("IMMEDIATE"):
        say(ready=True)
        wait_for_bell()


def full(order: dict[str, Any]) -> None:
    """For each of ``rooms`` (bytes): give accounts to people until no file may grow any further, then let it grow.

    What is acknowledged is said, and what happened to the one who met the full disk.
    """
    number = itertools.count(1)
    for room in order["rooms"]:
        with limited(room):
            met = fill_up(number)
        one = met["number"]  # who was refused gets it now, in the same process
        accounts.create(person(one), SYSTEM)
        say(room=room, **met)


def fill_up(number: Iterator[int]) -> dict[str, Any]:
    """Account after account, until the disk is full: whom that met, and how it was told."""
    for one in number:
        for step in (lambda: person(one), lambda: accounts.create(person(one), SYSTEM)):  # noqa: B023 - called here
            before = counts()
            try:
                step()
            except Exception as error:
                told = {"error": type(error).__name__, "words": str(error), "is_storage": store.is_storage_fault(error)}
                return {"number": one, "half_written": counts() != before, **told}
        say(ack="create", number=one)
    raise AssertionError("the disk never was full")


def counts() -> list[int]:
    return [table.select().count() for table in (Individual, PortalAccount, Link, Delivery, AuditEntry)]


@contextlib.contextmanager
def limited(room: int) -> Iterator[None]:
    """The write-ahead log is empty, and no file may grow beyond ``room`` bytes."""
    db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# ---------------------------------------------------------------- a restore that dies


def bring_back(order: dict[str, Any]) -> None:
    """Restore the backup ``file`` in place of the database; dies at the ``step``-th thing that it does to files."""
    place = Place(Path(order["database"]).parent, Path(order["database"]))
    db.close()
    steps = itertools.count(1)
    touching = ("open", "os.", "shutil.", "sqlite3.", "tempfile.")

    def count(event: str, _: Any) -> None:
        if event.startswith(touching) and next(steps) == order["step"]:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    restore(Path(order["file"]), place, audit_key=None, replace=True)
    os._exit(0)  # the connection that was opened for us is closed already


# ---------------------------------------------------------------- a migration that dies


def migrate(order: dict[str, Any]) -> None:
    """Apply the migrations up to ``target``; dies at the ``step``-th step of the database's machine, or when its log
    grows beyond ``room`` bytes.  Otherwise it says how many steps it took and how long the log became."""
    steps, connection = itertools.count(1), db.obj.connection()
    latest = 0

    def count() -> int:
        nonlocal latest
        latest = next(steps)
        if latest == order.get("step"):
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    connection.set_progress_handler(count, 5)
    if "room" in order:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["room"], resource.RLIM_INFINITY))
    with schema.alone():
        schema._runner().up(order["target"])
    connection.set_progress_handler(None, 0)
    log = Path(f"{order['database']}-wal")
    say(steps=latest, log=log.stat().st_size if log.exists() else 0)


# ---------------------------------------------------------------- the nursery

ROLES: dict[str, Callable[[dict[str, Any]], None]] = {
    role.__name__: role for role in (web, mail, book, ask, talk, many, portal, hold, full, bring_back, migrate)
}


def _fork(order: dict[str, Any]) -> None:
    if order["do"] == "portal":
        importlib.import_module("app")  # once, for all that are forked from here
    pid = os.fork()
    if pid:
        say(born=pid)
        return
    code = 1
    try:
        with opened(order["database"], order.get("ahead", 0.0)):
            ROLES[order["do"]](order)
        code = 0
    except BaseException:
        with contextlib.suppress(OSError):
            say(fault=traceback.format_exc()[-3000:])
    finally:
        os._exit(code)


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [BELL])
    say(ready=True)
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            os.write(1, json.dumps({"pid": order["wait"], "end": os.waitstatus_to_exitcode(status)}).encode() + b"\n")
        else:
            _fork(order)


if __name__ == "__main__":
    main()
