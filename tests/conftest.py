"""For every test: a fresh database, the standing cast, a clock that can stand still, many at once, and no network.

Databases are copies of templates that are made once per process: copying a file of SQLite costs less than a
millisecond, copying a database of PostgreSQL some twenty.  With ``--database=both`` the tests in ``ON_BOTH`` run on both.
"""

import contextlib
import datetime as dt
import functools
import os
import shutil
import socket
import ssl
import tempfile
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import peewee
import psycopg
import pytest
import time_machine
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from postgres import Cluster

import models
from domain import (
    accounts,
    activation,
    agency,
    attendances,
    audit,
    availability,
    bulk,
    categories,
    clock,
    discussions,
    dispatch,
    enrolments,
    events,
    import_page,
    limits,
    links,
    notices,
    offers,
    passwords,
    profile,
    reply_links,
    request_answers,
    requests,
    schema,
    search,
    second_step,
    services,
    settings,
    sign_in,
    store,
    worker_messages,
)
from domain.actor import SYSTEM, Actor
from domain.rules import RuleBroken
from gateways.mailbox import MailboxMail
from gateways.smtp import SmtpMail
from models import Individual, Link, LoginSession, PageVersion, PortalAccount, Worker

KEY = "a key that only the tests have, and long enough for anybody"
PORTAL = "https://portal.example.org"
SENDER = "portal@example.org"
COUNTRY = "CA"
HERE = "192.0.2.7"  # the network that most people in the tests come from

hypothesis_settings.register_profile(
    "doorstep", deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("doorstep")


# ---------------------------------------------------------------- what holds for every test


class OutsideWorld(RuntimeError):
    """A test tried to reach something that is not this machine."""


def _refuse_strangers(host: Any) -> None:
    if host not in (None, "", b"", "localhost", "::1", "0.0.0.0") and not str(host).startswith("127."):
        raise OutsideWorld(f"tests do not talk to {host}")


def _only_loopback(method: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_strangers(arguments[-1][0])
        return method(self, *arguments)

    return guarded


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    resolve = socket.getaddrinfo

    def resolve_guarded(host: Any, *rest: Any, **options: Any) -> Any:
        _refuse_strangers(host)
        return resolve(host, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _only_loopback(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", resolve_guarded)
        yield


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> None:
    passwords.use_cost(time_cost=1, memory_cost=8)


# ---------------------------------------------------------------- databases


# What depends on the database: rules, races, receipts, and what a page asks.  Who may open what, words, looks and headers do not.
ON_BOTH = (
    "domain", "faults/test_races", "faults/test_kills", "faults/test_duty.py", "pages/test_logs.py",
    *(f"sweep/test_{name}.py" for name in ("bench", "forms", "links", "noted", "questions")),
)
CLUSTER = "DOORSTEP_TEST_CLUSTER"  # where the processes of this run find their PostgreSQL


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgres", "both"), default="sqlite", help="what the tests run on")


def pytest_configure(config: pytest.Config) -> None:
    """One server for all processes of this run."""
    if config.getoption("--database") != "sqlite" and CLUSTER not in os.environ:
        try:
            cluster = Cluster.start()
        except RuntimeError as missing:
            raise pytest.UsageError(str(missing)) from None
        os.environ[CLUSTER] = str(cluster.folder)
        config.add_cleanup(cluster.stop)
        config.add_cleanup(lambda: os.environ.pop(CLUSTER, None))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.config.getoption("--database") == "both" and "database_kind" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", _kinds(metafunc), indirect=True, scope="session")


def _kinds(metafunc: pytest.Metafunc) -> list[str]:
    here = metafunc.definition.path.relative_to(Path(__file__).parent).as_posix()
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    if "only_postgres" in marks:
        return ["postgres"]
    return ["sqlite", "postgres"] if here.startswith(ON_BOTH) and "only_sqlite" not in marks else ["sqlite"]


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database that the test runs on: sqlite or postgres."""
    return getattr(request, "param", None) or str(request.config.getoption("--database"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With one database only those tests are run that can be run on it."""
    left_out = {item for item in items if not _belongs(item, config.getoption("--database"))}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def _belongs(item: Any, chosen: str) -> bool:
    if chosen == "postgres":
        return "database_kind" in item.fixturenames and not item.get_closest_marker("only_sqlite")
    return chosen == "both" or not item.get_closest_marker("only_postgres")


class Templates:
    """What to copy: ``empty`` (migrated), ``house`` (the agency is switched on), ``cast`` (with the people)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, str] = {}
        self._steps = {"empty": (None, schema.up), "house": ("empty", _build_house), "cast": ("house", _build_cast)}

    def copy(self, name: str, target: Path) -> str:
        """A copy of a template as a database of its own, in a file at ``target`` if it is one of SQLite; its address."""
        return self._copy(self._template(name), target)

    @contextlib.contextmanager
    def fresh(self, name: str) -> Iterator[peewee.Database]:
        """A copy of a template, opened, with a connection for this thread; gone afterwards."""
        url = self.copy(name, self.folder / f"{uuid.uuid4().hex}.db")
        with opened(url) as database:
            yield database
        self._remove(url)

    def save(self) -> str:
        """Keep the database that is open now as it is; what ``go_back`` takes."""
        return self._copy(models.db.obj.url, self.folder / f"{uuid.uuid4().hex}.saved")

    def go_back(self, saved: str) -> None:
        """Make the database that is open now what it was."""
        raise NotImplementedError

    def _template(self, name: str) -> str:
        if name not in self._made:
            parent, build = self._steps[name]
            path = self.folder / f"{name}.template"
            url = self.copy(parent, path) if parent else self.new(path)
            with opened(url):
                build()
            self._made[name] = url
        return self._made[name]

    def new(self, path: Path) -> str:
        """An empty database; its address."""
        raise NotImplementedError

    def _copy(self, url: str, target: Path) -> str:
        raise NotImplementedError

    def _remove(self, url: str) -> None:
        raise NotImplementedError


class SqliteTemplates(Templates):
    """Databases are files."""

    def save(self) -> str:
        target = self.folder / f"{uuid.uuid4().hex}.saved"
        live = models.db.obj.connection()
        with contextlib.closing(type(live)(str(target))) as copy:
            live.backup(copy)
        return f"sqlite:///{target}"

    def go_back(self, saved: str) -> None:
        live = models.db.obj.connection()
        with contextlib.closing(type(live)(saved.removeprefix("sqlite:///"))) as copy:
            copy.backup(live)

    def new(self, path: Path) -> str:
        return f"sqlite:///{path}"

    def _copy(self, url: str, target: Path) -> str:
        shutil.copyfile(url.removeprefix("sqlite:///"), target)
        return f"sqlite:///{target}"

    def _remove(self, url: str) -> None:
        path = Path(url.removeprefix("sqlite:///"))
        for part in ("", "-wal", "-shm"):
            path.with_name(path.name + part).unlink(missing_ok=True)


class PostgresTemplates(Templates):
    """Databases of the run's own server; their names are random."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        super().__init__(folder)
        self.cluster = cluster
        self._put_back: dict[str, str] = {}  # what is remembered in which database

    def save(self) -> str:
        name = _name_in(models.db.obj.url)
        self.cluster.remember(name)
        with self._nobody_connected():
            self._put_back[name] = super().save()
        return self._put_back[name]

    def go_back(self, saved: str) -> None:
        """What is remembered beside the tables is put back; a database that has nothing there is made anew."""
        name = _name_in(models.db.obj.url)
        if self._put_back.get(name) == saved:
            self.cluster.put_back(name)
            return
        with self._nobody_connected():
            self.cluster.drop(name)
            self.cluster.create(name, _name_in(saved))
        self._put_back[name] = saved

    @contextlib.contextmanager
    def _nobody_connected(self) -> Iterator[None]:
        """This thread's connection is closed meanwhile, as are those of the pools."""
        database = models.db.obj
        within = database._state.ctx  # the blocks that end with a closed connection: forgotten when it is closed
        hang_up()
        database.close()
        yield
        database.connect()
        database._state.ctx = within

    def new(self, path: Path) -> str:
        return self.cluster.create(uuid.uuid4().hex)

    def _copy(self, url: str, target: Path) -> str:
        return self.cluster.create(uuid.uuid4().hex, _name_in(url))

    def _remove(self, url: str) -> None:
        self.cluster.drop(_name_in(url))


def _name_in(url: str) -> str:
    return str(store.postgres_parameters(url)["dbname"])


_lines: "weakref.WeakSet[Any]" = weakref.WeakSet()  # every connection of this process to PostgreSQL


def hang_up() -> None:
    """Close all connections of this process to PostgreSQL, those in pools, too."""
    for line in list(_lines):
        line.close()


@pytest.fixture(scope="session", autouse=True)
def _room_for_many() -> None:
    store.POOL["max_connections"] = 150  # some tests have a hundred threads, each with its own connection


@pytest.fixture(scope="session", autouse=True)
def _lines_are_known() -> Iterator[None]:
    connect = psycopg.connect

    def noted(*arguments: Any, **named: Any) -> Any:
        line = connect(*arguments, **named)
        _lines.add(line)
        return line

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg, "connect", noted)
        yield


@contextlib.contextmanager
def opened(url: str) -> Iterator[peewee.Database]:
    """The database at ``url`` for this process, with the tests' keys and a connection for this thread."""
    database = store.open_database(url)
    for keyed in (audit, limits, links, second_step):
        keyed.use_key(KEY)
    try:
        with database.connection_context():
            yield database
    finally:
        for each in (database, models.db.obj):  # an application may have opened the same one anew
            if not each.is_closed():
                each.close()
        hang_up()
        notices.ring = import_page.ring = bulk.ring = lambda: None
        dispatch.go_on()


@pytest.fixture(scope="session")
def templates(database_kind: str, _cheap_passwords: None, _lines_are_known: None) -> Iterator[Templates]:
    """Where fresh databases come from, for a test that needs many."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="doorstep-", dir=memory if memory.is_dir() else None))
    yield SqliteTemplates(folder) if database_kind == "sqlite" else PostgresTemplates(folder, Cluster(Path(os.environ[CLUSTER])))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def db(request: pytest.FixtureRequest, templates: Templates) -> Iterator[peewee.Database]:
    """A fresh database with a connection for the test's thread; ``db.url`` is its address.

    It holds what the test's other fixtures ask for: nothing, the ``house``, or the ``cast``.
    """
    wanted = next((name for name in ("cast", "house") if name in request.fixturenames), "empty")
    with templates.fresh(wanted) as database:
        yield database


@pytest.fixture
def house(db: peewee.Database) -> models.Agency:
    """The agency, switched on, with its site in Halifax and its pages published."""
    return models.Agency.get()


PARTICULARS = {
    "name": "Harbour Family Services",
    "short_name": "Harbour",
    "emergency_line": "In an emergency call 911.",
    "country": COUNTRY,
    "site_name": "Main Street",
    "address": "12 Main Street\nHalifax",
    "phone": "+1 902 555 0100",
    "time_zone": "America/Halifax",
}


def _build_house() -> None:
    agency.describe(PARTICULARS, SYSTEM)
    for slug in models.PAGE_SLUGS:
        agency.publish(slug, "en", f"# Our {slug} page\n\nThis is what it says.", SYSTEM)
    with store.writing():
        models.Agency.update(mail_tested_at=clock.now()).execute()
        models.Setting.create(key="staff_2step", value="0")  # a test that is about it switches it on
    agency.switch_on(SYSTEM, mail_test_needed=True)


# ---------------------------------------------------------------- the cast


def _years_ago(years: int) -> dt.date:
    today = dt.date.today()
    return dt.date(today.year - years, 1, 1)


_CLIENTS = {  # first name, last name, age
    "alice": ("Alice", "Archer", 41),
    "bob": ("Bob", "Brook", 56),
    "sam": ("Sam", "Archer", 9),
    "pia": ("Pia", "Pell", 33),
    "eve": ("Eve", "Ember", 27),
}
_WORKERS = {
    "dora": ("Dora", "Dunn", "worker"),
    "otto": ("Otto", "Oak", "worker"),
    "ines": ("Ines", "Isle", "intake_mgmt"),
    "finn": ("Finn", "Field", "admin_exec"),
    "ada": ("Ada", "Ames", "system_admin"),
}
_CATEGORIES = dict.fromkeys(("dora", "ines", "ada"), ("intake", "delivery_problems"))


class Cast:
    """The people that the tests tell of, read anew from the database whenever they are named.

    Clients are individuals: alice and bob with active accounts, sam (Alice's child, 9, without an account), pia (ready
    for an account, has none), eve (suspended).  Workers: dora (follows Alice), otto (follows nobody), ines (intake),
    finn (finance), ada (system_admin).  ``cast.alice_account`` is Alice's account.
    """

    alice: Individual
    bob: Individual
    sam: Individual
    pia: Individual
    eve: Individual
    dora: Worker
    otto: Worker
    ines: Worker
    finn: Worker
    ada: Worker
    alice_account: PortalAccount
    bob_account: PortalAccount
    pia_account: PortalAccount
    eve_account: PortalAccount

    def __getattr__(self, name: str) -> Any:
        if name in _CLIENTS:
            return Individual.get(Individual.external_id == name)
        if name in _WORKERS:
            return Worker.get(Worker.external_id == name)
        if name.endswith("_account"):
            return accounts.newest(getattr(self, name.removesuffix("_account")))
        raise AttributeError(name)

    def by(self, name: str, network: str = HERE) -> Actor:
        """The worker or client as the one who acts."""
        if name in _WORKERS:
            return Actor(worker=getattr(self, name), network=network)
        return Actor(account=getattr(self, f"{name}_account"), network=network)

    @staticmethod
    def visitor(network: str = HERE) -> Actor:
        """Somebody whom nobody knows yet."""
        return Actor(network=network)

    @staticmethod
    def password_of(name: str) -> str:
        """What alice, bob, eve and each worker typed when they chose one."""
        return f"{name} likes 9 quiet otters"

    @staticmethod
    def email_of(name: str) -> str:
        return f"{name}@example.org"

    def person(
        self, first: str = "Nora", last: str = "North", email: str = "", born: dt.date | None = None
    ) -> Individual:
        """Somebody new who is ready for an account."""
        return _ready(first, last, email or f"{uuid.uuid4().hex[:12]}@example.org", born or _years_ago(30))

    def invited(self, individual: Individual | None = None) -> Link:
        """The activation link of a fresh pending account, Pia's unless somebody else is named."""
        account = accounts.create(individual or self.pia, self.by("ada"))
        return self.link_of(account)

    @staticmethod
    def link_of(account: PortalAccount) -> Link:
        """The newest activation link of an account."""
        return account.links.where(Link.purpose == "activation").order_by(Link.id.desc()).get()

    def activated(
        self, individual: Individual | None = None, password: str = "nine quiet otters swim"
    ) -> PortalAccount:
        """An account that its owner has just activated, Pia's unless somebody else is named."""
        return _activated(self.invited(individual), password)

    @staticmethod
    def heard(event: models.Event) -> models.Event:
        """What is due of an event was sent, as if by the dispatcher."""
        theirs = models.EventMessage.select(models.EventMessage.delivery).join(models.Attendance).where(models.Attendance.event == event)
        due = models.Delivery.update(state="sent", sent_at=clock.now()).where(models.Delivery.id.in_(theirs))
        with store.writing():
            due.where(models.Delivery.state == "due", models.Delivery.next_at <= clock.now()).execute()
        return event

    def appointments(self) -> None:
        """One letter of each kind that is sent of appointments: five to Alice, three to Dora, and of what is asked for."""
        by = self.by("dora")

        def book(hours: int) -> models.Event:
            return events.book(events.Plan(self.dora, clock.ahead(hours=hours), 50, models.Site.get(), [self.alice]), by)

        book(100)
        events.move(self.heard(book(120)), clock.ahead(hours=130), 50, by, version=1)
        events.cancel(book(140), by, version=1)
        changed = self.heard(book(150))
        events.set_video(changed, "", by, is_video=True, version=1)
        attendances.give_up(models.Attendance.get(models.Attendance.event == book(160)), self.by("alice"))
        book(20)
        place = models.Attendance.get(models.Attendance.event == book(22))
        for what in ("running_late", "cannot_come"):
            attendances.tell(place, what, self.by("alice"))
        self._requests()
        self._messages()
        self._of_her_own()

    def _of_her_own(self) -> None:
        """Dora is reminded, and told who confirms; Alice did not come to her once, which Ada wrote down."""
        by = self.by("dora")
        worker_messages.choose(self.dora, {"confirmation": "always"}, worker_messages.Minutes(60, 0), by)
        for hours, verb in ((26, "confirm"), (-2, "no_show")):
            plan = events.Plan(self.dora, clock.ahead(hours=hours), 50, models.Site.get(), [self.alice])
            place = models.Attendance.get(models.Attendance.event == events.book(plan, by))
            if verb == "confirm":
                attendances.confirm(place, self.by("alice"), "portal")
            else:
                attendances.mark(place, verb, self.by("ada"), version=1)
        with store.writing():
            models.Delivery.update(next_at=clock.now()).where(models.Delivery.kind == "event_reminder").execute()

    def _messages(self) -> None:
        """Alice writes to Dora, and Dora to her; both are told at once.  She waits longer than promised, and Dora is told.  To Rae a link
        was sent, which somebody ended by wrong dates."""
        settings.change("unread_delay", "0", SYSTEM)
        waits = discussions.start(self.alice, "A question", "When do you open?", self.by("alice"), worker=self.dora)
        discussions.start(self.alice, "Your form", "Please bring it.", self.by("dora"), worker=self.dora)
        notices.put("message_overdue", waits.id, to=self.dora.email, worker=self.dora, individual=self.alice)
        link = self.reply_link(self.person("Rae", "Reed", "rae@example.org"))
        for _ in range(3):
            with contextlib.suppress(RuleBroken):
                reply_links.prove_birth_date(link, dt.date(1950, 1, 1), self.visitor("192.0.2.77"))

    def reply_link(self, individual: Individual) -> models.ReplyLink:
        """Dora has written to somebody without an account; the link, whose e-mail is sent."""
        made = discussions.start(individual, "Your form", "Please bring it.", self.by("dora"), worker=self.dora)
        link = reply_links.send_new(made, self.by("dora"))
        with store.writing():
            models.Delivery.update(state="sent", sent_at=clock.now()).where(models.Delivery.link == link.link).execute()
        return link

    def _requests(self) -> None:
        """One of each of what clients ask for, at Otto's: three letters to Alice, two to him."""
        wish, hours = self.may_request(self.otto), iter(range(8, 20))
        for key, value in (("request_soon", "336"), ("requests_a_day", "20"), ("request_mode", "at_once")):
            settings.change(key, value, SYSTEM)

        def ask() -> models.Event:
            return requests.ask(wish, self.free_at(next(hours)), self.by("alice"))

        ask()
        settings.change("request_mode", "approve", SYSTEM)
        ask()
        request_answers.decline(self.heard(ask()), self.by("otto"), version=1, reason="Not then.")
        request_answers.offer(self.heard(ask()), self.free_at(19), self.by("otto"), version=1)
        late = self.heard(ask())
        with store.writing():
            models.EventRequest.update(expires_at=clock.now()).where(models.EventRequest.event == late).execute()
        request_answers.expire_due()

    def may_request(self, worker: Worker, client: str = "alice") -> offers.Wish:
        """A client may ask for appointments at a worker's, each of an hour, all day long on the day of ``free_at``."""
        boss, person = self.by("ines"), getattr(self, client)
        facing = availability.client_facing()
        if facing is None:
            facing = availability.add_type("For clients", "green", boss)
            availability.face_clients(facing, boss)
        service = services.add(services.Details(f"Hours of {worker.id}", minutes=60), "case", boss)
        services.show(service, boss, is_visible=True, version=service.version, warned_of=[])
        services.staff(service, [worker], boss, version=models.Service.get_by_id(service.id).version)
        availability.be_there(worker, self.free_at(8).date(), 8 * 60, 20 * 60, facing, models.Site.get(), boss)
        file = enrolments.open(person, models.Service.get_by_id(service.id), worker, agency.today(), boss)
        return offers.Wish(person, worker, file)

    @staticmethod
    def free_at(hour: int) -> dt.datetime:
        """That hour of the clock of the place, nine days from today."""
        return dt.datetime.combine(agency.today() + dt.timedelta(days=9), dt.time(hour), agency.zone())

    def session(self, name: str) -> LoginSession:
        """A fresh session of somebody who may sign in."""
        account, worker = (None, getattr(self, name)) if name in _WORKERS else (getattr(self, f"{name}_account"), None)
        signed_in = sign_in.start(account, worker, device_token="", agent="a test", network=HERE, tell_of_device=False)
        session = sign_in.session_of(signed_in.session_token)
        assert session is not None
        return session


@pytest.fixture
def cast(db: peewee.Database) -> Cast:
    """The standing cast."""
    return Cast()


def _ready(first: str, last: str, email: str, born: dt.date) -> Individual:
    with store.writing():
        individual = profile.create(profile.Details(first, last, birth_date=born), SYSTEM)
        profile.add_contact(individual, profile.Reach("email", email, is_main=True), SYSTEM, country=COUNTRY)
        profile.record_consent(individual, "email", True, SYSTEM)
    return individual


def _activated(link: Link, password: str) -> PortalAccount:
    visitor, individual = Actor(network=HERE), link.account.individual
    activation.accept_terms(link, PageVersion.get(slug="privacy"), PageVersion.get(slug="terms"), visitor)
    proof = activation.prove_birth_date(link, individual.birth_date, visitor)
    return activation.activate(link, password, proof=proof, by=visitor)


def _build_cast() -> None:
    for name, (first, last, group) in _WORKERS.items():
        email, kept = Cast.email_of(name), passwords.hash(Cast.password_of(name))
        with store.writing():
            Worker.create(
                external_id=name, first_name=first, last_name=last, group=group, email=email,
                email_key=profile.email_key(email), password_hash=kept, created_at=dt.datetime.now(dt.UTC),
                **search.sorted_names(first, last),
            )  # fmt: skip
            categories.put_into(Worker.get(Worker.external_id == name), _CATEGORIES.get(name, ()))
    cast = Cast()
    for name, (first, last, age) in _CLIENTS.items():
        if name == "sam":
            individual = profile.create(profile.Details(first, last, birth_date=_years_ago(age)), cast.by("ines"))
        else:
            individual = _ready(first, last, Cast.email_of(name), _years_ago(age))
        with store.writing():
            Individual.update(external_id=name).where(Individual.id == individual.id).execute()
    invitations = {name: cast.invited(getattr(cast, name)) for name in ("alice", "bob", "eve")}
    _empty_outbox()
    for name, link in invitations.items():
        _activated(link, Cast.password_of(name))
    accounts.suspend(cast.eve_account, cast.by("ada"))
    profile.follow(cast.alice, cast.dora, cast.by("dora"))


def _empty_outbox() -> None:
    with tempfile.TemporaryDirectory() as folder:
        dispatch.deliver_due(lambda: MailboxMail(Path(folder)), portal_url=PORTAL, sender=SENDER)


# ---------------------------------------------------------------- helpers


class Clock:
    """A clock that stands still once it was called, until it is moved."""

    def __init__(self) -> None:
        self._travel: time_machine.travel | None = None
        self._moment: Any = None

    def __call__(self, moment: dt.datetime | str | None = None) -> "Clock":
        """Stop at a moment: an aware one, a text such as ``2026-03-08 05:59`` (UTC), or now."""
        self.go_on()
        if isinstance(moment, str):
            moment = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
        self._travel = time_machine.travel(moment or dt.datetime.now(dt.UTC), tick=False)
        self._moment = self._travel.start()
        return self

    def shift(self, **span: float) -> None:
        """Move on by days, hours, minutes, seconds."""
        self._moment.shift(dt.timedelta(**span))

    def to(self, moment: dt.datetime) -> None:
        """Move to a moment."""
        self._moment.move_to(moment)

    def go_on(self) -> None:
        """Tick again at the true time."""
        if self._travel is not None:
            self._travel.stop()
            self._travel = None


@pytest.fixture
def frozen() -> Iterator[Clock]:
    """``frozen()`` stops the clock; ``frozen.shift(minutes=5)`` moves it."""
    clock = Clock()
    yield clock
    clock.go_on()


def _run_at_once(verbs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all in threads that start together; what each answered, or the RuleBroken that it raised."""
    gate, answers, faults = threading.Barrier(len(verbs)), [None] * len(verbs), []

    def run(number: int) -> None:
        try:
            with store.connection():
                gate.wait(30)
                answers[number] = verbs[number]()
        except RuleBroken as refused:
            answers[number] = refused
        except BaseException as fault:
            gate.abort()
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody still waits for a lock"
    if faults:
        raise faults[0]
    return answers


@pytest.fixture(scope="session")
def at_once() -> Callable[[Sequence[Callable[[], Any]]], list[Any]]:
    """``at_once([verb, …])``: each in a thread with its own connection; what each answered, or its RuleBroken."""
    return _run_at_once


@functools.cache
def _trust() -> ssl.SSLContext:
    """The authorities of this machine, which take long to read."""
    return ssl.create_default_context()


@pytest.fixture
def deliver(db: peewee.Database) -> Callable[..., int]:
    """``deliver(server)``: send what is due to a tests' mail server, as fast as it takes it; how many were taken."""
    with store.writing():
        models.Setting.insert(key="mail_rate", value="0").execute()

    def run(server: Any, seconds: float = 60.0, patience: float = 10.0) -> int:
        def open_mail() -> SmtpMail:
            return SmtpMail(
                "127.0.0.1", server.port, "none", None, None, "example.org", patience, 2 * patience, _trust()
            )

        return dispatch.deliver_due(open_mail, portal_url=PORTAL, sender=SENDER, seconds=seconds)

    return run


@pytest.fixture
def decided(db: peewee.Database) -> Callable[..., None]:
    """``decided(minimum_age=18)``: the agency has decided so."""

    def decide(**choices: Any) -> None:
        for key, value in choices.items():
            settings.change(key, str(value), SYSTEM)

    return decide
