"""For tests of pages: the application on the test's database, and people who browse it without JavaScript.

A ``Browser`` behaves like a person with an old phone: it opens addresses, reads, types into the fields that are there,
presses the buttons that are there, and follows where it is led.  Each whole page that it is shown is checked on the way.
"""

import copy
import dataclasses
import io
import itertools
import re
import zlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import html5lib
import peewee
import pytest
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

import models
from app import create_app
from config import Config, Smtp
from domain import accounts, clock, dispatch, events, services, settings, sign_in
from domain.actor import SYSTEM
from gateways.mailbox import MailboxMail
from models import Attendance, Individual, Service, Site, Worker

KEY = "a key that only the tests have, and long enough for anybody"  # the one that the databases were made with
PORTAL = "http://localhost:8000"
PRODUCTION = "https://portal.example.org"
SMTP = Smtp("127.0.0.1", 9, "none", "", "", "portal@example.org")


# ---------------------------------------------------------------- the application


class _Compiled(BytecodeCache):
    """Compiled templates, kept for the next application of this process: compiling takes longer than most tests."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _templates_are_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": _Compiled()})
        yield


@pytest.fixture(scope="session", autouse=True)
def _routes_are_compiled_once() -> Iterator[None]:
    """Each test has an application of its own, and werkzeug takes a tenth of a second to compile three hundred routes."""
    compile_anew, known = Rule._compile_builder, dict[Any, Any]()

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:
        key = (tuple(rule._trace), append_unknown, repr(rule.defaults))
        if key not in known:
            known[key] = compile_anew(rule, append_unknown)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", compiled)
        yield


@pytest.fixture
def make_app(db: peewee.Database, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """``make_app(portal_url=…)``: the application on the test's database, and a connection to it for the test."""
    opened = []

    def make(**changes: Any) -> Flask:
        chosen: dict[str, Any] = {
            "data": tmp_path, "portal_url": PORTAL, "database_url": db.url, "host": "127.0.0.1",
            "port": 8000, "development": True, "secret_key": KEY, "audit_key": KEY, "smtp": None, "behind_proxy": None,
        }  # fmt: skip
        app = create_app(Config(**chosen | changes))
        models.db.connect()
        opened.append(models.db.obj)
        return app

    yield make
    for each in opened:
        each.close()
    models.db.initialize(db)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The portal as a developer runs it."""
    return make_app()


@pytest.fixture
def production(make_app: Callable[..., Flask]) -> Flask:
    """The portal as an agency runs it: reached by https, with a mail server."""
    return make_app(portal_url=PRODUCTION, development=False, smtp=SMTP)


# ---------------------------------------------------------------- pages


class Form:
    """A form as a person meets it: fields that hold something, fields to type into, buttons."""

    def __init__(self, element: ElementTree.Element) -> None:
        self.method = element.get("method", "get")
        self.action = element.get("action", "")
        self.values: dict[str, str] = {}
        self.options: dict[str, list[str]] = {}
        self.boxes: dict[str, str] = {}
        self.files: set[str] = set()
        self.only_named: set[str] = set()  # of the files that were chosen in these only the names go along
        self.hidden: set[str] = set()
        self.buttons: list[str] = []
        self.said_by: dict[str, dict[str, str]] = {}  # what a button sends beside the fields
        for control in element.iter():
            self._take(control)

    def by(self, button: ElementTree.Element) -> Any:
        """The same fields, as another of its buttons sends them elsewhere; its one-time id is its own."""
        other = copy.copy(self)
        other.action, other.buttons, other.said_by = button.get("formaction", ""), [], {}
        other.values, other.hidden = {**self.values, "form_id": ""}, {*self.hidden, "form_id"}
        if button.get("formenctype", "").endswith("urlencoded"):
            other.files, other.only_named = set(), self.files
        other._take(button)
        other.values["form_id"] = button.get("value", "")
        return other

    def _take(self, control: ElementTree.Element) -> None:
        name, kind = control.get("name", ""), control.get("type", "text")
        if control.tag == "button" and kind == "submit":
            self.buttons.append(control.get("aria-label") or words(control))
            self.said_by[self.buttons[-1]] = {name: control.get("value", "")} if name else {}
        elif control.tag == "textarea":
            self.values[name] = "".join(control.itertext()).removeprefix("\n")
        elif control.tag == "select":
            every = list(control.iter("option"))
            self.options[name] = [option.get("value", "") for option in every]
            chosen = [option.get("value", "") for option in every if option.get("selected") is not None]
            self.values[name] = (chosen or self.options[name])[0]
        elif control.tag == "input" and kind == "radio":
            self.options.setdefault(name, []).append(control.get("value", "on"))
            if control.get("checked") is not None:
                self.values[name] = control.get("value", "on")
        elif control.tag == "input" and kind == "checkbox":
            self.boxes[name] = control.get("value", "on")
            if control.get("checked") is not None:
                self.values[name] = self.boxes[name]
        elif control.tag == "input":
            self.values[name] = control.get("value", "")
            if kind == "hidden":
                self.hidden.add(name)
            if kind == "file":
                self.files.add(name)

    def filled(self, typed: dict[str, Any]) -> dict[str, str]:
        """What the browser would send once ``typed`` was typed, chosen and ticked.  Only fields that are there."""
        values = dict(self.values)
        for name, value in typed.items():
            if name in self.boxes:
                values.pop(name, None)
                if value:
                    values[name] = self.boxes[name]
                continue
            assert name in values or name in self.options, f"there is no field {name!r} in the form to {self.action}"
            assert value in self.options.get(name, [value]), f"{name} does not offer {value!r}"
            values[name] = value
        return values

    @property
    def names(self) -> set[str]:
        """Every field, ticked or not."""
        return {*self.values, *self.boxes, *self.options}


ON_EVERY_PAGE = ("/quick-exit", "/stay-signed-in")


class Page:
    """One answer of the portal."""

    def __init__(self, response: Any, path: str) -> None:
        self.status: int = response.status_code
        self.headers = response.headers
        self.location: str = response.headers.get("Location", "")
        self.body: bytes = response.data
        self.html: str = self.body.decode(errors="replace")
        self.path = path
        self.is_html: bool = response.mimetype == "text/html"

    @cached_property
    def tree(self) -> ElementTree.Element:
        """The parsed page.  Raises on the first thing that is not valid HTML."""
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        return parser.parse(self.html) if self.is_whole else parser.parseFragment(self.html)

    @property
    def is_whole(self) -> bool:
        return self.html.lstrip().lower().startswith("<!doctype")

    @cached_property
    def text(self) -> str:
        """Everything that can be read."""
        return words(self.tree)

    @property
    def main(self) -> str:
        """What can be read in the middle, without menu and footer."""
        return words(next(self.tree.iter("main")))

    @property
    def title(self) -> str:
        return words(next(self.tree.iter("title")))

    @property
    def heading(self) -> str:
        return words(next(self.tree.iter("h1")))

    @property
    def links(self) -> dict[str, str]:
        """Where each link leads, by its words."""
        return {words(a): a.get("href", "") for a in self.tree.iter("a")}

    @property
    def hrefs(self) -> list[str]:
        """Every address that a link leads to, in the order of the page."""
        return [a.get("href", "") for a in self.tree.iter("a")]

    @property
    def forms(self) -> list[Form]:
        return forms_of(self.tree)

    @property
    def buttons(self) -> list[str]:
        """What can be pressed here, beside what stands on every page."""
        return [button for form in self.forms if form.action not in ON_EVERY_PAGE for button in form.buttons]

    @property
    def problems(self) -> list[str]:
        """The sentences of the error summary."""
        summary = next((e for e in self.tree.iter("div") if "error-summary" in e.get("class", "").split()), None)
        return [] if summary is None else [words(li) for li in summary.iter("li")]

    def form(self, button: str) -> Form:
        """The form with that button."""
        having = [form for form in self.forms if button in form.buttons]
        assert len(having) == 1, f"{self.path} offers {self.buttons}, not one {button!r}"
        return having[0]

    def __contains__(self, sentence: str) -> bool:
        return " ".join(sentence.split()) in self.text


def forms_of(tree: ElementTree.Element) -> list[Form]:
    """The forms of a page; of one that has further buttons with addresses of their own, one for each of these, too."""
    found = []
    for element in tree.iter("form"):
        form, name = Form(element), element.get("id", "")
        outside = [each for each in tree.iter() if name and each.get("form") == name]
        inside = {id(each) for each in element.iter()}
        for control in outside:
            if control.tag != "button" and id(control) not in inside:
                form._take(control)
        by = {id(each): each for each in outside if each.tag == "button"}
        own = [each for each in element.iter("button") if id(each) not in by]
        if by:
            form.buttons, form.said_by = [], {}
            for button in own:
                form._take(button)
                if button.get("name") == "form_id":
                    form.values["form_id"] = button.get("value", "")
                    form.hidden.add("form_id")
        found += [form] if form.buttons or not by else []
        found += [form.by(each) for each in by.values()]
    return found


def words(element: ElementTree.Element) -> str:
    """The text of an element with single spaces, without what is not shown."""
    return " ".join("".join(_texts(element)).split())


def _texts(element: ElementTree.Element) -> Iterator[str]:
    if element.tag not in ("script", "style", "head", "option") and isinstance(element.tag, str):
        yield element.text or ""
        for child in element:
            yield from _texts(child)
            yield child.tail or ""
        if element.tag not in ("a", "span", "strong", "em", "bdi", "code", "b", "i"):
            yield " "
    elif element.tag == "head":
        yield ""


# ---------------------------------------------------------------- what every page owes its reader

_NAMED = ("input", "select", "textarea", "progress")


def lint(page: Page) -> None:
    """Fail with a sentence unless the page is valid, readable by everybody, and free of anything inline."""
    faults = list(_faults(page))
    assert not faults, f"{page.path}: {'; '.join(faults)}"


def _faults(page: Page) -> Iterator[str]:
    tree = page.tree
    every = [element for element in tree.iter() if isinstance(element.tag, str)]
    ids = [element.get("id") for element in every if element.get("id") is not None]
    if len(list(tree.iter("h1"))) != 1:
        yield f"{len(list(tree.iter('h1')))} headings of the first rank"
    if not page.title.strip(" ·"):
        yield "no title"
    yield from (f"the id {one!r} stands twice" for one in {i for i in ids if ids.count(i) > 1})
    yield from (f"an empty id in <{e.tag}>" for e in every if e.get("id") == "")
    if not tree.get("lang") or tree.get("dir") not in ("ltr", "rtl"):
        yield "no language or direction"
    for element in every:
        yield from _faults_of(element, set(ids))
    labelled = {label.get("for") for label in tree.iter("label")}
    inside = {id(control) for label in tree.iter("label") for control in label.iter() if control is not label}
    for control in every:
        if control.tag in _NAMED and control.get("type") != "hidden" and not (
            control.get("aria-label") or control.get("id") in labelled - {None} or id(control) in inside
        ):  # fmt: skip
            yield f"<{control.tag} name={control.get('name')!r}> has no label"
    lent = {button.get("form") for button in every if button.tag == "button"}
    for form in tree.iter("form"):
        yield from _faults_of_form(form, is_pressed_elsewhere=form.get("id", "") in lent)


def _faults_of(element: ElementTree.Element, ids: set[str | None]) -> Iterator[str]:
    tag = element.tag
    if tag == "style" or element.get("style") is not None:
        yield f"inline style in <{tag}>"
    if tag == "script" and (not element.get("src") or (element.text or "").strip()):
        yield "inline script"
    yield from (f"inline {name}" for name in element.keys() if re.match(r"on|(data-)?hx-on", name))
    if tag == "a" and element.get("href") is None:
        yield f"the link {words(element)!r} leads nowhere"
    if tag in ("a", "button") and not (words(element) or element.get("aria-label") or any(each.get("alt") for each in element.iter("img"))):
        yield f"a <{tag}> without a name"
    if tag == "img" and element.get("alt") is None:
        yield "a picture without words"
    for attribute in ("for", "form", "aria-describedby", "aria-labelledby", "aria-controls", "popovertarget"):
        for one in (element.get(attribute) or "").split():
            if one not in ids:
                yield f"{attribute}={one!r} points to nothing"
    href = element.get("href") or ""
    if tag == "a" and href.startswith("#") and href[1:] not in ids:
        yield f"{href} points to nothing"


def _faults_of_form(form: ElementTree.Element, *, is_pressed_elsewhere: bool) -> Iterator[str]:
    method, names = form.get("method"), [control.get("name") for control in form.iter() if control.get("name")]
    if method not in ("get", "post") or not form.get("action"):
        yield f"a form with method {method!r} and action {form.get('action')!r}"
    if method == "post" and "csrf_token" not in names:
        yield f"the form to {form.get('action')} has no token"
    if not is_pressed_elsewhere and not any(control.tag == "button" for control in form.iter()):
        yield f"the form to {form.get('action')} has no button"


# ---------------------------------------------------------------- people who browse


@dataclasses.dataclass(frozen=True)
class File:
    """A file that somebody chooses in a form; it can be sent again."""

    name: str
    content: bytes


def sent(data: Any) -> Any:
    """The fields of a form as the test client takes them."""
    if not isinstance(data, dict) or not any(_is_file(value) or isinstance(value, list) for value in data.values()):
        return data
    return {key: [_part(each) for each in value] if isinstance(value, list) else _part(value) for key, value in data.items()}


def _part(value: Any) -> Any:
    return (io.BytesIO(value.content), value.name) if _is_file(value) else value


def _is_file(value: Any) -> bool:
    return hasattr(value, "content")  # not by its class: tests that import this file have it twice


class Browser:
    """One browser of one person, with its own cookies and its own address on the network."""

    _networks = itertools.count(zlib.crc32(__name__.encode()) % 60_000)  # tests that import this file have it twice

    def __init__(self, app: Flask, name: str = "", agent: str = "a browser") -> None:
        self.app = app
        self.root = app.extensions["doorstep"].portal_url
        self.client = app.test_client()
        number = next(self._networks)
        # One of this machine's own many addresses: a portal in development answers no others.
        self.network = f"127.51.{number // 250 % 250}.{number % 250 + 1}"
        self.agent = agent
        self.page: Page | None = None
        self.answer: Page | None = None  # to the newest post, before it was followed
        self.visited: list[str] = []
        self.lints = True
        if name:
            self.take_seat(name)

    def take_seat(self, name: str) -> None:
        """Sign somebody in without the form: a session of their own, and its cookie."""
        account, worker = _person(name)
        signed = sign_in.start(account, worker, device_token="", agent=self.agent, network=self.network, tell_of_device=False)
        with self.client.session_transaction(base_url=self.root) as cookie:
            cookie["_user_id"], cookie["_fresh"] = signed.session_token, True

    def ask(self, path: str, method: str = "GET", data: Any = None, headers: dict[str, str] | None = None) -> Page:
        """One request and its answer, followed nowhere."""
        response = self.client.open(
            path, base_url=self.root, method=method, data=sent(data), headers={"User-Agent": self.agent, **(headers or {})},
            environ_overrides={"REMOTE_ADDR": self.network}, buffered=True,
        )  # fmt: skip
        response.request.environ["wsgi.input"].close()  # a large upload is a file until then
        page = Page(response, path)
        if self.lints and page.is_html and page.is_whole and page.status // 100 != 3 and method != "HEAD":
            lint(page)
        return page

    def open(self, path: str, headers: dict[str, str] | None = None) -> Page:
        """Go to an address and wherever it leads."""
        self.page = self._follow(self.ask(path, headers=headers), path)
        return self.page

    def press(self, button: str, typed: dict[str, Any] | None = None, **more: Any) -> Page:
        """Fill the form that has the button, press it, and go where that leads."""
        assert self.page is not None
        form = self.page.form(button)
        return self.submit(form, {**form.filled({**(typed or {}), **more}), **form.said_by[button]})

    def submit(self, form: Form, values: dict[str, str]) -> Page:
        """Send what is in a form."""
        assert self.page is not None
        if form.method == "get":
            return self.open(f"{form.action}?{_query(values)}")
        self.answer = self.send(form.action, values)
        self.page = self._follow(self.answer, form.action)
        return self.page

    def send(self, path: str, values: dict[str, Any], headers: dict[str, str] | None = None) -> Page:
        """Post as a page of the portal would, followed nowhere."""
        here = {"Origin": self.root, "Referer": f"{self.root}/", "Sec-Fetch-Site": "same-origin"}
        return self.ask(path, "POST", values, {**here, **(headers or {})})

    @property
    def token(self) -> str:
        """The form token of this browser, from a page that everybody may open."""
        return re.search(r'"X-CSRFToken":"([^"]+)"', self.ask("/pages/help").html).group(1)  # type: ignore[union-attr]

    def sign_in(self, email: str, password: str, at: str = "/sign-in") -> Page:
        """Through the sign-in page."""
        self.open(at)
        return self.press("Sign in", email=email, password=password)

    def sign_out(self) -> Page:
        return self.press("Sign out")

    def _follow(self, page: Page, path: str) -> Page:
        for _ in range(6):
            if page.status not in (301, 302, 303, 307, 308):
                self.visited.append(page.path)
                return page
            target = urlsplit(urljoin(f"{self.root}{path}", page.location))
            assert f"{target.scheme}://{target.netloc}" == self.root, f"led away to {page.location}"
            path = target.path + (f"?{target.query}" if target.query else "")
            page = self.ask(path)
        raise AssertionError(f"{path} leads in circles")


def _query(values: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(values)


def _person(name: str) -> tuple[models.PortalAccount | None, Worker | None]:
    worker = Worker.get_or_none(Worker.external_id == name)
    if worker is not None:
        return None, worker
    return accounts.newest(Individual.get(Individual.external_id == name)), None


@pytest.fixture
def browse(app: Flask) -> Callable[..., Browser]:
    """``browse("alice")`` is Alice's browser, signed in; ``browse()`` is a stranger's."""
    return lambda name="", **more: Browser(app, name, **more)


# ---------------------------------------------------------------- their mail


class Mailbox:
    """What the portal sent, as the people who got it read it."""

    def __init__(self, folder: Path, portal: str) -> None:
        self._box = MailboxMail(folder)
        self._portal = portal
        settings.change("mail_rate", "0", SYSTEM)

    def collect(self) -> list[EmailMessage]:
        """Let the portal send what is due; everything that it ever sent, newest first."""
        dispatch.deliver_due(lambda: self._box, portal_url=self._portal, sender="portal@example.org")
        return [message for _, message in self._box.messages()]

    def newest(self, address: str) -> EmailMessage:
        """The newest message to somebody."""
        return next(message for message in self.collect() if message["To"] == address)

    def link(self, address: str) -> str:
        """The path of the link in the newest message to somebody."""
        found = re.search(rf"{re.escape(self._portal)}(/\S+)", text_of(self.newest(address)))
        assert found, "no link"
        return found.group(1)


def text_of(message: EmailMessage) -> str:
    """The plain text of a message."""
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr]


@pytest.fixture
def mailbox(app: Flask) -> Mailbox:
    """What people find in their mail."""
    config = app.extensions["doorstep"]
    return Mailbox(config.mailbox, config.portal_url)


def born(date: Any, name: str = "birth_date") -> dict[str, str]:
    """A date as typed into three boxes."""
    return {f"{name}-day": str(date.day), f"{name}-month": str(date.month), f"{name}-year": str(date.year)}


@pytest.fixture
def book(cast: Any) -> Callable[..., Attendance]:
    """Books for Alice at Dora's in so many hours; her place."""

    def plan(hours: float = 72, who: tuple[str, ...] = ("alice",), **more: Any) -> Attendance:
        people = [getattr(cast, name) for name in who]
        event = events.book(events.Plan(cast.dora, clock.ahead(hours=hours), 50, Site.get(), people, **more), cast.by("dora"))
        return Attendance.get(Attendance.event == event, Attendance.individual == people[0])

    return plan


@pytest.fixture
def hidden(cast: Any) -> Service:
    """A service that no client sees."""
    return services.add(services.Details("Canary counselling"), "case", cast.by("ines"))


@pytest.fixture
def open_service(cast: Any) -> Service:
    """A service that clients see, and in which they read each other's names."""
    made = services.add(services.Details("Canary counselling", client_name="Talking", shows_names=True), "case", cast.by("ines"))
    services.show(made, cast.by("ines"), is_visible=True, version=1, warned_of=())
    return Service.get_by_id(made.id)
