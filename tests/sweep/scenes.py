"""Three scenes in which every form of the portal can be met, the people in them, and their walks over every page.

``living`` is an agency at work, with accounts in every state, a task, and a mail that came back; ``opening`` is a portal
before it is switched on; ``empty`` is one that nobody has entered.  A scene is made once per process, with the people's
cookies and every form that they met on their walk; each test finds it as it was at the beginning.
"""

import contextlib
import dataclasses
import datetime as dt
import io
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import html5lib
import nasty
import peewee
import pyotp
import pytest
import time_machine
from document_forms import ask, en, paper, score, section
from flask import Flask
from pages.conftest import KEY, PORTAL, PRODUCTION, SMTP, Browser, Form, Page, born, sent
from PIL import Image

import models
from app import create_app
from config import Config
from domain import (
    accounts,
    activation,
    address_change,
    agency,
    arrivals,
    attachments,
    attendances,
    availability,
    brand,
    bulk,
    bulk_jobs,
    calendar_feeds,
    categories,
    clock,
    covers,
    discussions,
    document_edits,
    document_templates,
    enrolments,
    event_letters,
    events,
    import_columns,
    import_jobs,
    import_page,
    links,
    message_texts,
    notices,
    offers,
    own_second_step,
    photos,
    preferences,
    profile,
    profile_changes,
    reply_links,
    request_answers,
    requests,
    resets,
    second_step,
    security_classes,
    services,
    settings,
    sign_in,
    sites,
    store,
    workers,
)
from domain.actor import SYSTEM, Actor
from domain.events import Plan
from domain.rules import RuleBroken
from gateways.mail import Outcome, Verdict
from models import (
    AddressChange,
    Authenticator,
    Delivery,
    HalfSignIn,
    Individual,
    Link,
    PageVersion,
    PortalAccount,
    Worker,
)

PASSWORD = "nine quiet otters swim"
NOWHERE = Actor(network="192.0.2.9")
TOKENS = ("csrf_token", "form_id")


# ---------------------------------------------------------------- people who walk


class Walker(Browser):
    """A browser whose pages nobody lints: that is done in tests/pages, and walks are long."""

    def ask(self, path: str, method: str = "GET", data: Any = None, headers: dict[str, str] | None = None) -> Page:
        return Page(self.raw(path, method, data=data, headers=headers), path)

    def raw(self, path: str, method: str = "GET", *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """One request as it is, and the bare answer."""
        if "data" in more:
            more["data"] = sent(more["data"])
        return self.client.open(
            path, method=method, headers={"User-Agent": self.agent, **(headers or {})}, buffered=True,
            environ_overrides={"REMOTE_ADDR": self.network}, **{"base_url": self.root, **more},
        )  # fmt: skip

    def copy(self) -> "Walker":
        """Another browser with the same cookies and network: what a second tap, or a lost answer, looks like."""
        twin = Walker(self.app)
        twin.network = self.network
        twin.client._cookies.update(self.client._cookies)
        return twin

    def walk(self, *starts: str, most: int = 1000) -> dict[str, Page]:
        """Every page that can be reached over links, by its address."""
        waiting, seen = list(starts), {}
        while waiting:
            path = waiting.pop(0)
            if not path or path in seen:
                continue
            assert len(seen) < most, f"more than {most} pages, the last one {path}"
            page = seen[path] = self.ask(path)
            if page.location:
                waiting.append(_inside(self.root, path, page.location))
            elif page.is_html:
                waiting.extend(_inside(self.root, path, href) for href in re.findall(r'<a\s[^>]*?href="([^"]*)"', page.html))
        return seen


def _inside(root: str, path: str, href: str) -> str:
    """Where a link leads, when that is a page of this portal; nothing otherwise."""
    target = urlsplit(urljoin(f"{root}{path}", href.replace("&amp;", "&")))
    if target.path.startswith("/admin/schedule/") and re.search("(date|q)=", target.query):
        return ""  # another week, and so for ever
    if target.path.startswith("/calendar/") and "date=" in target.query:
        return ""  # another week
    if f"{target.scheme}://{target.netloc}" != root or target.path.startswith("/static/"):
        return ""
    return target.path + (f"?{target.query}" if target.query else "")


@pytest.fixture
def walk(app: Flask) -> Callable[..., Walker]:
    """``walk("alice")`` is Alice's browser, signed in; ``walk()`` is a stranger's."""
    return lambda name="": Walker(app, name)


# ---------------------------------------------------------------- scenes


LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="green"/></svg>'


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 20), (90, 60, 40)).save(out, "PNG")
    return out.getvalue()


PHOTO = _photo()


@dataclasses.dataclass(frozen=True)
class Found:
    """A form as somebody met it."""

    who: str
    path: str
    form: Form
    route: str  # the rule of the address that it posts to

    def __str__(self) -> str:
        return f"{self.who} on {self.path}, the form to {self.form.action or 'nowhere'}"

    @property
    def kind(self) -> tuple[str, ...]:
        """Forms of one kind differ in whom they are about only."""
        chosen = {f"{name}={self.form.values[name]}" for name in self.form.hidden - {*TOKENS, "version", "before", "next"}}
        verb = self.form.action.rpartition("/")[2]
        return (self.route.replace("<verb>", verb).replace("<step>", verb), *sorted(self.form.names), *sorted(chosen))


@dataclasses.dataclass(frozen=True)
class _Made:
    """What is kept of a scene between tests."""

    app: Flask
    database: peewee.Database
    beginning: str  # where the templates have kept it
    templates: Any
    ways: dict[str, "Walker"]
    pages: dict[str, dict[str, Page]]
    forms: dict[str, list[Found]]
    at: dt.datetime  # when it was finished
    is_shared: bool  # by both databases, for whoever tries each form on one of them

    @cached_property
    def kinds(self) -> dict[str, list[Found]]:
        """The first form of each kind, by who met it."""
        known: set[tuple[str, ...]] = set()
        fresh: dict[str, list[Found]] = {who: [] for who in self.forms}
        for who, forms in self.forms.items():
            for found in forms:
                if found.form.method == "post" and found.kind not in known:
                    fresh[who].append(found)
                    known.add(found.kind)
        return fresh


# Who walks through which scene, and where they begin.
PEOPLE: dict[str, dict[str, tuple[str, ...]]] = {
    "living": {
        "a stranger": ("/sign-in", "/offline", "/forgotten-password/sent", "/forgotten-password/wanted", "/no-such-page", "/dev/mail"),
        "alice": ("/", "/activate/welcome", "/admin/"), "bob": ("/",),
        "dora": ("/admin/",), "otto": ("/admin/",),
        "ines": ("/admin/", "/admin/groups/evening-group-00000000/?q=brook",
                 "/admin/individuals/alice-in-the-scene-000/enrolments/enrolment-of-alice-000/participants?q=brook"),
        "finn": ("/admin/", "/admin/my-sign-in/recovery-codes"),
        "ada": ("/admin/", "/admin/my-sign-in/new-app", "/admin/events/event-of-alice-0000000/people?q=brook"),
        "pia, who opened her link": ("/activate/",), "pia, who accepted": ("/activate/",), "pia, who proved it": ("/activate/",),
        "cleo, whose link was withdrawn": ("/activate/",), "alice, who used her link": ("/activate/",),
        "rae, who opened what we wrote": ("/reply/",), "rae, who gave her date": ("/reply/",), "rob, whose link is withdrawn": ("/reply/",),
        "pia, who came for a message": ("/arrival/",), "cleo, who came too late": ("/arrival/",),
        "bob, who forgot": ("/reset/",), "bob, who was too late": ("/reset/",),
        "bob, who is to read new terms": ("/my-portal/terms",),
        "vic, who is locked out": ("/unlock/",), "uma, whose address somebody changed": ("/former-address/",),
        "wim, who is invited": ("/invitation/",), "alice, who was asked whether she comes": ("/appointment/", "/unsubscribe/"),
        "nia, who is asked for a code": ("/sign-in/code",), "noe, who sets up an app": ("/sign-in/app",),
        "ned, who looks at his codes": ("/sign-in/recovery-codes",),
    },
    "opening": {
        "the first admin": tuple(f"/admin/first-start/{step}" for step in ("agency", "pages", "mail", "on")),
        "a stranger at an empty portal": ("/first-start/", "/sign-in", "/offline"),
    },
    "empty": {"the first person": ("/",)},
}  # fmt: skip
EVERYBODY = [(name, who) for name, people in PEOPLE.items() for who in people]
everybody = pytest.mark.parametrize(("name", "who"), EVERYBODY, ids=[who for _, who in EVERYBODY])

_CHOICES: dict[str, dict[str, Any]] = {
    "living": {"portal_url": PORTAL, "development": True, "smtp": None},
    "opening": {"portal_url": PRODUCTION, "development": False, "smtp": SMTP},
    "empty": {"portal_url": PRODUCTION, "development": False, "smtp": SMTP},
}


class Scene:
    """A scene: ``ways`` are the people's browsers, ``pages`` and ``forms`` what they met."""

    def __init__(self, made: _Made) -> None:
        self._made = made
        self.app, self.pages, self.forms = made.app, made.pages, made.forms
        self.ways = {who: walker.copy() for who, walker in made.ways.items()}

    def restore(self) -> None:
        """Everything, cookies too, is as it was at the beginning of the test."""
        self._made.templates.go_back(self._made.beginning)
        for who, walker in self.ways.items():
            walker.client._cookies.clear()
            walker.client._cookies.update(self._made.ways[who].client._cookies)

    def posts(self, who: str) -> list[Found]:
        """Every form that somebody met and that changes something."""
        return [found for found in self.forms[who] if found.form.method == "post"]

    def kinds(self, who: str) -> list[Found]:
        """One of each kind of these, without those that somebody earlier in the scene met as well."""
        return self._made.kinds[who]

    def kinds_here(self, who: str) -> list[Found]:
        """The same by turns where the tests run on both databases: every second one on each."""
        every = self.kinds(who)
        return every[int(store.is_postgres()) :: 2] if self._made.is_shared else every

    def post(self, found: Found, values: Any, *, walker: Walker | None = None, **more: Any) -> Page:
        """Send a form as the browser of who met it would."""
        walker = walker or self.ways[found.who]
        headers = {"Origin": walker.root, "Sec-Fetch-Site": "same-origin", **more.pop("headers", {})}
        return Page(walker.raw(found.form.action, "POST", data=values, headers=headers, **more), found.form.action)


class Scenes:
    """Scenes, each made when it is first asked for."""

    def __init__(self, templates: Any, *, is_shared: bool) -> None:
        self._templates, self._is_shared = templates, is_shared
        self._made: dict[str, _Made] = {}

    @contextlib.contextmanager
    def again(self, name: str) -> Iterator[Scene]:
        """A scene as it was at the beginning, as what the application and the test are connected to."""
        made = self._made.get(name) or self._make(name)
        before = models.db.obj
        models.db.initialize(made.database)
        # A scene is never older than its test: codes and sessions of a long run would end.
        with time_machine.travel(made.at, tick=True), made.database.connection_context():
            self._templates.go_back(made.beginning)
            yield Scene(made)
        models.db.initialize(before)

    def _make(self, name: str) -> _Made:
        data = self._templates.folder / f"scene-{name}"
        data.mkdir()
        url = self._templates.copy("cast" if name == "living" else "empty", data / "doorstep.db")
        with portal_on(url, data, **_CHOICES[name]) as app:
            ways = {"living": _living, "opening": _opening, "empty": _empty}[name](app)
            pages = {who: ways[who].walk(*starts) for who, starts in PEOPLE[name].items()}
            beginning = self._templates.save()
            forms = {who: list(_forms(app, who, pages[who])) for who in pages}
            self._made[name] = _Made(app, models.db.obj, beginning, self._templates, ways, pages, forms, clock.now(),
                                     self._is_shared)  # fmt: skip
        return self._made[name]


@contextlib.contextmanager
def portal_on(url: str, data: Path, **choices: Any) -> Iterator[Flask]:
    """The application on a database, with a connection for this thread."""
    chosen: dict[str, Any] = {
        "data": data, "portal_url": PORTAL, "database_url": url, "host": "127.0.0.1", "port": 8000,
        "development": True, "secret_key": KEY, "audit_key": KEY, "smtp": None, "behind_proxy": None, **choices,
    }  # fmt: skip
    before = models.db.obj
    app = create_app(Config(**chosen))
    with models.db.obj.connection_context():
        yield app
    models.db.initialize(before)


def forms_in(page: Page) -> list[Form]:
    """The same as ``page.forms``, without reading the rest of a long page."""
    if "formaction" in page.html:
        return page.forms
    every = re.findall(r"<form\b.*?</form>", page.html, re.DOTALL)
    return [Form(html5lib.parseFragment(html, namespaceHTMLElements=False)[0]) for html in every]


def _forms(app: Flask, who: str, pages: dict[str, Page]) -> Iterator[Found]:
    routes = app.url_map.bind(app.extensions["doorstep"].portal_host)
    for path, page in pages.items():
        for form in forms_in(page):
            rule, _ = routes.match(urlsplit(form.action).path, method=form.method.upper(), return_rule=True)
            yield Found(who, path, form, rule.rule)


@pytest.fixture(scope="session")
def scenes(templates: Any, request: pytest.FixtureRequest) -> Scenes:
    """Where scenes come from."""
    return Scenes(templates, is_shared=request.config.getoption("--database") == "both")


@pytest.fixture
def living(scenes: Scenes) -> Iterator[Scene]:
    """An agency at work."""
    with scenes.again("living") as scene:
        yield scene


@pytest.fixture
def scene(request: pytest.FixtureRequest, scenes: Scenes) -> Iterator[Scene]:
    """The scene that the test's parameter ``name`` names."""
    with scenes.again(request.getfixturevalue("name")) as each:
        yield each


# ---------------------------------------------------------------- how the scenes came to be


def individual(name: str) -> Individual:
    """Somebody of the standing cast."""
    return Individual.get(Individual.external_id == name)


def _ada() -> Actor:
    return Actor(worker=Worker.get(Worker.external_id == "ada"))


def newcomer(first: str, last: str) -> PortalAccount:
    """Somebody with a pending account."""
    return accounts.create(without_account(first, last), _ada())


def without_account(first: str, last: str) -> Individual:
    """Somebody who may be written to."""
    person: Individual = profile.create(profile.Details(first, last, birth_date=dt.date(1980, 2, 3)), SYSTEM)
    profile.add_contact(person, profile.Reach("email", f"{first.lower()}@example.org", is_main=True), SYSTEM, country="CA")
    profile.record_consent(person, "email", True, SYSTEM)
    return person


def activation_link(account: PortalAccount) -> Link:
    """The newest one of an account."""
    newest: Link = account.links.where(Link.purpose == "activation").order_by(Link.id.desc()).get()
    return newest


def _living(app: Flask) -> dict[str, Walker]:
    ways = {who: Walker(app) for who in PEOPLE["living"] if " " in who}
    _services()
    _hours()
    _documents()
    pia = accounts.create(individual("pia"), _ada())
    cleo, nora, dan, ron = (newcomer(*name) for name in (("Cleo", "Cove"), ("Nora", "North"), ("Dan", "Dale"), ("Ron", "Reef")))
    for account in (dan, ron):
        _activate(account)
    accounts.disable(dan, _ada())
    accounts.close(ron, _ada())
    for reach in (
        profile.Reach("mobile", "+1 902 555 0111", is_main=True, instructions="Only in the morning"),
        profile.Reach("address", "5 Quay Road\nHalifax"), profile.Reach("emergency", "+1 902 555 0112", person="Otis Archer, father"),
        profile.Reach("phone", "+1 902 555 0113", is_in_use=False),
    ):  # fmt: skip
        profile.add_contact(individual("alice"), reach, SYSTEM, country="CA")
    _ask_for_changes()
    profile.follow(individual("bob"), Worker.get(Worker.external_id == "otto"), _ada())
    ways["cleo, whose link was withdrawn"].ask(f"/activate/{links.token(activation_link(cleo))}")
    accounts.cancel(cleo, _ada())
    alice = accounts.newest(individual("alice"))
    assert alice is not None
    for account in (cleo, alice):
        activation.ask_for_new_link(activation_link(account), NOWHERE)
    ways["alice, who used her link"].ask(f"/activate/{links.token(activation_link(alice))}")
    for who in ("bob, who was too late", "bob, who forgot"):  # the second link ends the first
        ways[who].ask(f"/reset/{links.token(forgotten('bob@example.org'))}")
    _lock_out(ways["vic, who is locked out"])
    _change_addresses(ways["uma, whose address somebody changed"], alice)
    _send_all(dead=nora.email)
    _hold_one(alice)
    _send_files(app.extensions["doorstep"].uploads)
    sites.add(sites.Place("North Road", "9 North Road", "+1 902 555 0190", "America/Halifax"), _ada())
    message_texts.write("booked", "en", "{date}, {time}", _ada(), version=0)
    brand.upload("logo", io.BytesIO(LOGO.replace(b"green", b"blue")), _ada())
    with store.writing():
        models.BrandChoice.delete().execute()  # and yet nobody has said that this is the look
    _publish_terms_anew(ways["bob, who is to read new terms"])
    _many_at_once()
    _events()
    ways["wim, who is invited"].ask(f"/invitation/{links.token(_staff())}")
    _appointments(ways["alice, who was asked whether she comes"])
    _time_for_clients()
    _discussions()
    _by_mail(ways, pia, cleo)
    _steps(ways, pia)
    ways |= {who: Walker(app, who) for who in PEOPLE["living"] if who not in ways}
    _second_steps(ways)
    return ways


def _services() -> None:
    """Two services, one of them with a group; Alice is in that, with Sam, and was in the other.

    What is searched for is found by its address, which no link leads to: these rows have public ids that are known.
    """
    with store.writing():
        Individual.update(public_id="alice-in-the-scene-000").where(Individual.external_id == "alice").execute()
    alice, by, day = individual("alice"), _ada(), agency.today() - dt.timedelta(days=9)
    counselling, third = (services.add(services.Details(name), "case", by) for name in ("Counselling", "Third"))
    services.show(counselling, by, is_visible=True, version=1, warned_of=())
    evening = services.add_group(counselling, services.GroupDetails("Evening"), by)
    file, former = (enrolments.open(alice, each, None, day, by) for each in (counselling, third))
    enrolments.take_part(file, [individual("sam")], by, version=1)
    enrolments.close(former, day, by, version=1)
    enrolments.join(evening, alice, day, by)
    with store.writing():
        models.Group.update(public_id="evening-group-00000000").execute()
        models.Enrolment.update(public_id="enrolment-of-alice-000").where(models.Enrolment.id == file.id).execute()


def _hours() -> None:
    """Dora's week from next month on and a day off, a holiday after it, and a kind of time that nobody has."""
    dora, day = Worker.get(Worker.external_id == "dora"), agency.today() + dt.timedelta(days=30)
    kind, _spare = (availability.add_type(name, "green", _ada()) for name in ("Open hours", "Spare"))
    week = availability.add_calendar(dora, day, _ada())
    availability.add_row(week, 0, 540, 720, kind, models.Site.get(models.Site.is_main), _ada())
    availability.be_away(dora, day, _ada())
    covers.be_away(dora, covers.Away(day, day), _ada())
    availability.add_holiday(day + dt.timedelta(days=1), "Founders’ day", _ada())


def _documents() -> None:
    """A form that can be published, and was before."""
    made = document_templates.create("form", "Intake", "en", _ada())
    form = paper([ask("a", "scale"), ask("b", "one")], [section("s", ask("c", "short_text", ("b", "equals", "a")), most=3)],
                 scores=[score("x", "sum", "a", bands=[("0", "10", "Well")])])  # fmt: skip
    document_templates.change(made, form, _ada(), version=1)
    document_templates.publish(made, _ada(), version=2)
    document_templates.change(made, document_edits.add_page(form, en("Last page")), _ada(), version=3)
    now = document_templates.draft_of(models.DocumentTemplate.get())
    now, _question = document_edits.add_question(now, now.pages[-1].sections[0].key, "heading", en("The end"))
    document_templates.change(made, now, _ada(), version=4)


def _events() -> None:
    """Alice's with Dora: one that is ahead, one of this morning, one that was cancelled and one that she gave up; Bob's with Otto."""
    dora, otto = (Worker.get(Worker.external_id == name) for name in ("dora", "otto"))
    site = models.Site.get(models.Site.is_main)
    start = clock.now().replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    for person, worker, hours in (("alice", dora, 1), ("alice", dora, -30), ("alice", dora, 50), ("alice", dora, 60), ("bob", otto, 2)):
        plan = Plan(worker, start + dt.timedelta(hours=hours), 50, site, [individual(person)])
        event = events.book(plan, _ada())
        if (hours, person) == (1, "alice"):
            with store.writing():
                models.Event.update(public_id="event-of-alice-0000000").where(models.Event.id == event.id).execute()
        if hours == 50:
            events.cancel(event, _ada(), version=1)
        if hours == 60:
            attendances.give_up(models.Attendance.get(models.Attendance.event == event), _ada())


def requested(person: Individual, worker: Worker, hours: float, was: models.Event | None = None) -> models.Event:
    """What somebody requested of a worker and nobody answered yet, ``was`` at another time."""
    now, starts = clock.now(), clock.ahead(hours=hours)
    with store.writing():
        event = models.Event.create(worker=worker, starts_at=starts, ends_at=starts + dt.timedelta(minutes=50), site=models.Site.get(),
                                    state="requested", created_at=now)  # fmt: skip
        models.EventRequest.create(event=event, individual=person, replaces=was, day=agency.today(), asked_at=now, expires_at=starts)
        if was is None:
            models.Attendance.create(event=event, individual=person, starts_at=starts)
    made: models.Event = event
    return made


def _requests() -> None:
    """Alice requests an appointment with Dora, and another time for one that she has; Bob was asked about one with Otto."""
    dora, otto = (Worker.get(Worker.external_id == name) for name in ("dora", "otto"))
    requested(individual("alice"), dora, 300)
    has = models.Event.select().where(models.Event.worker == dora, models.Event.state == "booked").order_by(models.Event.starts_at.desc())
    requested(individual("alice"), dora, 310, was=has.get())
    asked = requested(individual("bob"), otto, 320)
    with store.writing():
        models.EventRequest.update(offered_at=clock.now()).where(models.EventRequest.event == asked.id).execute()


def _appointments(asked: Walker) -> None:
    """Alice comes tomorrow and later, and was here once; she has the e-mail that asks, and an address for her own calendar."""
    alice, by = individual("alice"), Actor(account=accounts.newest(individual("alice")))
    for name, who, hours in (("dora", "alice", 20), ("dora", "alice", 200), ("dora", "alice", -100), ("otto", "bob", 60)):
        worker = Worker.get(Worker.external_id == name)
        events.book(events.Plan(worker, clock.ahead(hours=hours), 50, models.Site.get(), [individual(who)]), Actor(worker=worker))
    settings.change("late_cancelling", "0", SYSTEM)  # who cannot come tomorrow says so
    ahead = models.Attendance.select().where(models.Attendance.individual == alice, models.Attendance.starts_at > clock.ahead(hours=10))
    asked.ask(f"/appointment/{event_letters.link_of(ahead.order_by(models.Attendance.starts_at)[0])}")
    asked.ask(f"/unsubscribe/{preferences.token(alice, 'updates')}")
    calendar_feeds.make(alice, by)
    with store.writing():
        Delivery.update(state="cancelled").where(Delivery.kind.startswith("event_")).execute()


def _time_for_clients() -> None:
    """Dora has time for clients on one day.  Alice asked for some of it, and is asked about another time; a little is left."""
    dora, alice, day = Worker.get(Worker.external_id == "dora"), individual("alice"), agency.today() + dt.timedelta(days=10)
    kind = availability.add_type("Time for clients", "green", _ada())
    availability.face_clients(kind, _ada())
    availability.be_there(dora, day, 9 * 60, 13 * 60, kind, agency.main_site(), _ada())
    file = models.Enrolment.get(models.Enrolment.public_id == "enrolment-of-alice-000")
    services.staff(file.service, [dora], _ada(), version=file.service.version)
    settings.change("request_mode", "approve", SYSTEM)
    wish, by = offers.Wish(alice, dora, file), Actor(account=accounts.newest(alice))
    first, second, *_ = offers.timetable(wish).soonest(4)
    requests.ask(wish, first.starts_at, by)
    event = requests.ask(wish, second.starts_at, by)
    request_answers.offer(event, second.starts_at + dt.timedelta(days=1), Actor(worker=dora), version=event.version)
    settings.change("request_mode", "at_once", SYSTEM)
    with store.writing():
        Delivery.update(state="cancelled").where(Delivery.kind.in_(("client_requested", "request_offered"))).execute()


def _discussions() -> None:
    """Alice asks Dora, who answers and keeps a note; another one is closed, one waits for whoever takes it."""
    alice, dora = individual("alice"), Worker.get(Worker.external_id == "dora")
    by, hers = Actor(account=accounts.newest(alice)), Actor(worker=dora)
    first, second = (discussions.start(alice, subject, "Can I come earlier?", by, worker=dora) for subject in ("A question", "My form"))
    for each in (first, second):
        discussions.write(each, "Yes, do.", hers)
    discussions.note(first, "She sounded tired.", hers)
    discussions.close(second, hers, version=models.Discussion.get_by_id(second.id).version)
    files = attachments.ready([("letter.pdf", io.BytesIO(nasty.pdf()))])
    discussions.start(alice, "For anybody", "Who can help me?", by, category="intake", files=files)


def _by_mail(ways: dict[str, Walker], pia: PortalAccount, cleo: PortalAccount) -> None:
    """Rae and Rob, who have no account, opened what Dora wrote to them; Pia and Cleo came by e-mails before they were active."""
    dora = Actor(worker=Worker.get(Worker.external_id == "dora"))
    tokens = {}
    for name in ("Rae", "Rob"):
        made = discussions.start(without_account(name, "Reed"), "Your form", "Please bring it.", dora, worker=dora.worker)
        tokens[name] = reply_links.token(reply_links.send_new(made, dora))
    reply_links.withdraw(made, dora)
    for who in ("rae, who opened what we wrote", "rae, who gave her date", "rob, whose link is withdrawn"):
        ways[who].ask(f"/reply/{tokens[who[:3].title()]}")
    ways["rae, who gave her date"].open("/reply/")
    ways["rae, who gave her date"].press("Continue", born(dt.date(1980, 2, 3)))
    for who, account in (("pia, who came for a message", pia), ("cleo, who came too late", cleo)):
        ways[who].ask(f"/arrival/{arrivals.token(account, '/calendar/')}")
    with store.writing():
        Delivery.update(state="sent", sent_at=clock.now()).where(Delivery.kind == "message_waiting", Delivery.link.is_null(False)).execute()


_PAPER: dict[str, list[str]] = {}  # recovery codes, as their owners kept them


def _second_steps(ways: dict[str, Walker]) -> None:
    """Staff at each step of it: three half signed in; Ada on her way to another phone, Finn before his new recovery codes.
    Dora trusts her phone."""
    with store.writing():
        for name in ("ada", "finn"):
            _set_up_app(Worker.get(Worker.external_id == name))
        for who, first, last in (
            ("nia, who is asked for a code", "Nia", "Nile"), ("noe, who sets up an app", "Noe", "Nord"),
            ("ned, who looks at his codes", "Ned", "Noon"),
        ):  # fmt: skip
            address = f"{first.lower()}@example.org"
            worker = Worker.create(
                external_id=first.lower(), first_name=first, last_name=last, email=address, email_key=address,
                password_hash=Worker.get(Worker.external_id == "dora").password_hash, created_at=clock.now(),
            )  # fmt: skip
            if first == "Nia":
                _set_up_app(worker)
            _half(ways[who], worker)
            if first == "Ned":
                HalfSignIn.update(nonce="", codes_nonce=_set_up_app(worker)).where(HalfSignIn.worker == worker).execute()
        models.Device.update(trusted_at=clock.now()).where(models.Device.agent == PHONE, models.Device.worker.is_null(False)).execute()
    own_second_step.begin_move(_session("ada"), app_code("ada"), _ada())
    own_second_step.begin_codes(_session("finn"), app_code("finn"), Actor(worker=Worker.get(Worker.external_id == "finn")))
    with store.writing():
        Authenticator.update(last_step=0).execute()  # so that the code of this very moment counts once more


def _set_up_app(worker: Worker) -> str:
    Authenticator.create(worker=worker, nonce=second_step.new_nonce(), set_up_at=clock.now())
    nonce = second_step.new_codes(worker)
    _PAPER[worker.external_id] = second_step.codes(nonce)
    return nonce


def _half(walker: Walker, worker: Worker) -> None:
    token, _ = second_step.begin(worker)
    walker.client.set_cookie(walker.app.config["HALF_COOKIE"], token, domain="localhost")


def _session(name: str) -> models.LoginSession:
    session: models.LoginSession = models.LoginSession.select().where(
        models.LoginSession.worker == Worker.get(Worker.external_id == name)
    ).order_by(models.LoginSession.id.desc()).get()  # fmt: skip
    return session


def app_code(name: str) -> str:
    """What the app of somebody shows now."""
    return _code(Authenticator.get(Authenticator.worker == Worker.get(Worker.external_id == name)).nonce)


def new_app_code(name: str) -> str:
    """What an app shows that somebody is setting up."""
    row = HalfSignIn.select().where(HalfSignIn.worker == Worker.get(Worker.external_id == name), HalfSignIn.nonce != "")
    return _code(row.order_by(HalfSignIn.id.desc()).get().nonce)


def _code(nonce: str) -> str:
    return str(pyotp.TOTP(second_step.secret(nonce)).at(clock.now()))


def recovery_code(name: str) -> str:
    """One of those that somebody kept."""
    return _PAPER[name][0]


def _many_at_once() -> None:
    """Bulk jobs, one at each step; Ron, whose account was closed, is ticked back in one of them."""
    people, every = Individual.select(), PortalAccount.select(PortalAccount, Individual).join(Individual)
    planned: list[tuple[tuple[str, ...], models.BulkJob]] = []
    for steps in ((), ("include",), ("start",), ("start", "stop"), ("give_up",)):
        planned.append((steps, bulk.plan_activation(people, _ada())))
        planned.append((steps, bulk.plan_change("suspend", every, _ada(), all_of=bulk.Sought(state="active"))))
    bulk_jobs.run_due()
    for steps, job in planned:
        for step in steps:
            if step != "include":
                bulk.STEPS[step](models.BulkJob.get_by_id(job.id), _ada())
            elif row := job.each.where(models.BulkRow.reason == "closed_staff").first():
                bulk.include(row, _ada(), is_ticked=True)


IMPORTED = b"id,name,birth_date\n7,Bo Reed,1990-04-05\n8,Cy Dell,1991-05-06\n"


def _send_files(folder: Path) -> None:
    """Files on their way in, one at each step."""
    bad = IMPORTED.replace(b"1991-05-06", b"=tomorrow")
    for subject, content, steps in (
        ("individuals", IMPORTED, ""), ("individuals", IMPORTED, "map"), ("sites", IMPORTED, "map"), ("individuals", bad, "check"),
        ("individuals", IMPORTED, "check"), ("sites", IMPORTED, "apply"), ("workers", IMPORTED, "give_up"),
    ):  # fmt: skip
        file = import_page.upload(folder, io.BytesIO(content), "people.csv", subject, _ada())
        seen = import_page.preview(file, folder)
        if steps in ("map", "check", "apply"):
            fields = ("external_id", "name", "birth_date" if subject == "individuals" else "")
            import_page.map_columns(file, seen.headings, import_columns.chosen(subject, seen.headings, fields, dates="ymd", base=""), _ada())
        if steps in ("check", "apply"):
            import_page.check(file, _ada(), consent_email=False if subject == "individuals" else None)
            import_jobs.run_due(folder)
        if steps == "apply":
            import_page.apply(file, _ada())
            import_jobs.run_due(folder)
        if steps == "give_up":
            import_page.give_up(file, _ada())


def _publish_terms_anew(bob: Walker) -> None:
    """Bob signs in after that, through the form."""
    agency.publish("terms", "en", "Be kind, and careful.", _ada())
    form = next(form for form in bob.ask("/sign-in").forms if form.action == "/sign-in")
    bob.raw("/sign-in", "POST", data=form.filled({"email": "bob@example.org", "password": "bob likes 9 quiet otters"}),
            headers={"Origin": bob.root, "Sec-Fetch-Site": "same-origin"})  # fmt: skip
def _staff() -> Link:
    """A class that nobody has, a category of the agency's own, and the link of a worker who is invited."""
    security_classes.create("Figures", {"import_data"}, _ada())
    categories.create("Housing", _ada())
    wim = workers.invite(workers.Details("Wim", "West", "wim@example.org"), _ada())
    for worker in (wim, Worker.get(Worker.external_id == "dora")):
        photos.put(worker, io.BytesIO(PHOTO), _ada())
    link: Link = Link.select().where(Link.purpose == "invitation", Link.worker == wim).get()
    return link


def _hold_one(account: PortalAccount) -> None:
    """As a restore leaves it: perhaps sent already."""
    with store.writing():
        held = notices.put("password_changed", 9, to=account.email, account=account, individual=account.individual)
        Delivery.update(state="held").where(Delivery.id == held.id).execute()


def _ask_for_changes() -> None:
    for group, mode in (("names", "approval"), ("legal", "approval"), ("contacts", "at_once"), ("emergency", "at_once")):
        settings.change(f"about_me_{group}", mode, SYSTEM)
    alice = individual("alice")
    by = Actor(account=accounts.newest(alice))
    wish = {"first_name": "Alice", "last_name": "Fletcher", "birth_date": alice.birth_date}
    refused = profile_changes.ask_details(alice, "legal", wish, by)
    assert refused is not None
    profile_changes.decline(refused, "Please bring your papers.", _ada())
    profile_changes.ask_details(alice, "names", {"preferred_name": "Lis", "pronouns": "", "gender": ""}, by)


def _lock_out(walker: Walker) -> None:
    """Five wrong passwords; the link came by e-mail."""
    vic = newcomer("Vic", "Vane")
    _activate(vic)
    for _ in range(5):
        with contextlib.suppress(RuleBroken):
            sign_in.sign_in(vic.email, "not this one", device_token="", agent="", by=Actor(network="192.0.2.66"))
    walker.ask(f"/unlock/{links.token(vic.links.where(Link.purpose == 'unlock').get())}")


def _change_addresses(walker: Walker, alice: PortalAccount) -> None:
    """Uma's was changed by somebody; Alice has a code for another one, and as Dora has she has another phone."""
    uma = newcomer("Uma", "Urn")
    _activate(uma)
    change = _code_for(uma, PASSWORD)
    session = uma.sessions.get()
    address_change.confirm(session, links.digits(change.code), Actor(account=uma))
    undo = AddressChange.get_by_id(change.id).undo
    walker.ask(f"/former-address/{links.token(undo)}")
    _code_for(alice, "alice likes 9 quiet otters")
    sign_in.start(None, Worker.get(Worker.external_id == "dora"), device_token="", agent=PHONE, network="", tell_of_device=False)
    with store.writing():
        AddressChange.update(asked_at=clock.ago(minutes=2)).execute()


PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Mobile/15E148 Safari/604"


def _code_for(account: PortalAccount, password: str) -> AddressChange:
    signed = sign_in.start(PortalAccount.get_by_id(account.id), None, device_token="", agent=PHONE, network="", tell_of_device=False)
    session = sign_in.session_of(signed.session_token)
    assert session is not None
    return address_change.ask(session, password, f"new.{account.email}", Actor(account=account))


def _activate(account: PortalAccount) -> None:
    link = activation_link(account)
    activation.accept_terms(link, PageVersion.get(slug="privacy"), PageVersion.get(slug="terms"), NOWHERE)
    proof = activation.prove_birth_date(link, account.individual.birth_date, NOWHERE)
    activation.activate(link, PASSWORD, proof=proof, by=NOWHERE)


def forgotten(address: str) -> Link:
    """Somebody asked for a new password; the link that the mail will bring them."""
    resets.ask(address, NOWHERE)
    delivery = Delivery.select().order_by(Delivery.id.desc()).get()
    assert resets.resolve(delivery)
    link: Link = Delivery.get_by_id(delivery.id).link
    return link


def _send_all(dead: str) -> None:
    """Everything that waits goes out, but what goes to one address comes back."""
    while not isinstance(claim := notices.claim(), float):
        is_refused = claim.delivery.to_address == dead
        verdict, code, said = (Verdict.REFUSED, 550, "Mailbox full") if is_refused else (Verdict.ACCEPTED, 250, "OK")
        notices.settle(claim, Outcome(verdict, code, said, False))
        with store.writing():
            models.ChannelHealth.update(slot_at=None).execute()


def _steps(ways: dict[str, Walker], pia: PortalAccount) -> None:
    """Pia at each step of her activation."""
    first, second, third = (ways[f"pia, who {step}"] for step in ("opened her link", "accepted", "proved it"))
    first.ask(f"/activate/{links.token(activation_link(pia))}")
    first.open("/activate/")
    for walker, earlier, typed in ((second, first, {"accept": True}), (third, second, born(pia.individual.birth_date))):
        walker.client._cookies.update(earlier.client._cookies)
        walker.open("/activate/")
        walker.press("Continue", typed)


ADMIN = {"first_name": "Ada", "last_name": "Ames", "email": "ada@example.org", "password": PASSWORD}
AGENCY = {
    "name": "Harbour Family Services", "short_name": "Harbour", "site_name": "Main Street", "address": "12 Main Street\nHalifax",
    "phone": "+1 902 555 0100", "country": "CA", "time_zone": "America/Halifax", "emergency_line": "In an emergency call 911.",
}  # fmt: skip


def first_code() -> str:
    """What the terminal shows at an empty portal."""
    link = agency.first_start_link()
    assert link is not None
    return links.letters(link)


def _opening(app: Flask) -> dict[str, Walker]:
    stranger, admin = Walker(app), Walker(app)
    admin.open("/first-start/")
    admin.press("Continue", code=first_code(), **ADMIN)
    admin.press("Continue", **AGENCY)
    admin.press("Publish and continue")
    admin.press("Send the test")
    worker = Worker.get()
    test = agency.newest_mail_test(worker)
    assert test is not None
    agency.confirm_mail_test(worker, links.digits(test), Actor(worker=worker))
    _two_minutes_later()
    agency.send_mail_test(worker)
    _two_minutes_later()
    return {"the first admin": admin, "a stranger at an empty portal": stranger}


def _empty(app: Flask) -> dict[str, Walker]:
    first_code()
    return {"the first person": Walker(app)}


# ---------------------------------------------------------------- what the database holds

# Random, so that two runs of the same thing differ in them and in nothing else; so they do in every time.
_RANDOM = {
    "public_id", "nonce", "codes_nonce", "code_hash", "token_hash", "password_hash", "proof_hash", "dedupe_key", "hash", "previous_hash", "seal", "token", "lease_token",
    "form_id", "visitor", "stored", "slug",
}  # fmt: skip

Rows = dict[str, list[tuple[Any, ...]]]


def _two_minutes_later() -> None:
    """As if the test e-mails were sent so long ago that the next one may be."""
    with store.writing():
        Link.update(created_at=clock.ago(minutes=2)).where(Link.purpose == "mail_test").execute()


def rows(*, without: tuple[type[models.Row], ...] = (), blind: bool = False) -> Rows:
    """Every row by table; ``blind`` to what is random or a time."""
    held = {}
    for table in models.TABLES:
        if table not in without:
            seen = [f.column_name for f in table._meta.sorted_fields if not blind or not _is_fickle(f)]
            names = ", ".join(f'"{name}"' for name in seen)
            held[table.__name__] = models.db.execute_sql(f'SELECT {names} FROM "{table._meta.table_name}"').fetchall()
    return held


def _is_fickle(field: peewee.Field) -> bool:
    return field.column_name in _RANDOM or isinstance(field, models.UTCDateTimeField)


def changes(before: Rows, after: Rows) -> dict[str, tuple[list[Any], list[Any]]]:
    """By table: the rows that only the first has, and those that only the second has."""
    found = {}
    for name, were in before.items():
        gone, come = list(were), []
        for row in after[name]:
            if row in gone:
                gone.remove(row)
            else:
                come.append(row)
        if gone or come:
            found[name] = (gone, come)
    return found
