"""Three hundred texts that would like to be code, written by a client and a worker to each other: Chromium opens every page and every
mail in which they are read, and does nothing that it does not do with harmless ones.

No dialog, no request that a harmless run does not make, no broken rule of the CSP, no error; and what was written can be read.
"""

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import hostile
import pytest
from browser import portals, ways
from browser.portals import ROOT, Town, environment
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from gateways.mailbox import MailboxMail

pytestmark = pytest.mark.long
WORKER = "admin@example.org"

# Beside the running portal: what is written once by and to a client, and for somebody without an account; and once more, to be polled.
WRITE = """
import dataclasses, datetime as dt, io, json, sys
sys.path.insert(0, "tests")
import hostile, nasty
from app import create_app
from domain import attachments, clock, discussions, message_texts, profile, reply_links, store
from domain.actor import SYSTEM, Actor
from models import Agency, Discussion, Message, MessageText, PortalAccount, Site, Worker
create_app()

def texts(letters):
    every = hostile.bundles(letters)
    return every if sys.argv[2] == "hostile" else [f"plain {number}" for number in range(24)]  # more than a page

with store.connection():
    account = PortalAccount.get(PortalAccount.email == sys.argv[1])
    person, worker = account.individual, Worker.get(Worker.email == "admin@example.org")
    client, staff = Actor(account=account), Actor(worker=worker)
    short = texts(100)
    with store.writing():
        Agency.update(name=short[0], short_name=short[1][:30], emergency_line=short[2]).execute()
        Site.update(name=short[3], address=short[4]).execute()
        Worker.update(first_name=short[5], last_name=short[6], display_name=short[7]).where(Worker.id == worker.id).execute()
        details = profile.Details(short[8], short[9], birth_date=person.birth_date)
        profile.change(person, details, staff, version=person.version)
        for kind in ("footer", "message_waiting"):
            body = message_texts.default(kind, "en") + "\\n" + short[10].replace("{", "|").replace("}", "|")
            MessageText.insert(kind=kind, language="en", body=body).on_conflict_replace().execute()
    ready = attachments.ready([("x.png", io.BytesIO(nasty.picture()))])[0]
    for subject in texts(115):
        found = discussions.start(person, subject, "Words", staff, worker=worker)
    for number, body in enumerate(texts(500)):
        discussions.write(found, body, client if number % 2 else staff, [dataclasses.replace(ready, name=short[number])])
        if number % 4 == 0:
            discussions.note(found, body, staff)
    with store.writing():
        away = profile.create(profile.Details(short[11], short[12], birth_date=dt.date(1988, 3, 27)), SYSTEM)
        profile.add_contact(away, profile.Reach("email", f"{sys.argv[2]}@example.org", is_main=True), SYSTEM, country="CA")
        profile.record_consent(away, "email", True, SYSTEM)
    by_link = discussions.start(away, short[13], texts(500)[0], staff, worker=worker)
    discussions.write(by_link, texts(500)[1], staff, [dataclasses.replace(ready, name=short[14])])
    print(json.dumps({"found": found.public_id, "record": person.public_id, "reply": reply_links.token(reply_links.send_new(by_link, staff)),
                      "name": short[9], "subject": found.subject}))
"""
MORE = """
import sys
sys.path.insert(0, "tests")
import hostile
from app import create_app
from domain import discussions, dispatch, store
from domain.actor import Actor
from gateways.mailbox import MailboxMail
from models import Discussion, PortalAccount, Worker
config = create_app().extensions["doorstep"]
with store.connection():
    found = Discussion.get(Discussion.public_id == sys.argv[1])
    body = "One more. " + (hostile.bundles(500)[2] if sys.argv[2] == "hostile" else "plain")
    account = PortalAccount.get(PortalAccount.individual == found.individual)
    discussions.write(found, body, Actor(account=account))
    discussions.write(found, body, Actor(worker=Worker.get(Worker.email == "admin@example.org")))
    dispatch.deliver_due(lambda: MailboxMail(config.mailbox), portal_url=config.portal_url, sender="portal@example.org")
    print("{}")
"""


def beside(town: Town, program: str, *words: str) -> Any:
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=ROOT, env=environment(town.data) | {"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def hamlet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A portal of its own: here even the agency has such a name."""
    data = tmp_path_factory.mktemp("hamlet") / "data"
    portals.command(data, "demo", "--clients", "3", "--password", portals.PASSWORD)
    ways.decide(data, sign_ins_a_minute=1000, birth_date_tries_a_network=1000, unread_delay=0, unanswered_limit=0)
    ways.speak_english(data)
    running = Town(data)
    yield running
    running.stop()


class Walk:
    """Everybody's windows in one run, and all that these asked for, said and showed."""

    def __init__(self, hamlet: Town, new: Callable[..., BrowserContext], browser: Browser, email: str, kind: str) -> None:
        self.hamlet, self.kind = hamlet, kind
        self.asked: set[str] = set()
        self.heard: list[str] = []
        self.read: dict[str, str] = {}  # the words of each view
        self.made = beside(hamlet, WRITE, email, kind)
        self.client, self.worker, self.stranger = (
            self._window(new, hamlet.cookies_of(who, browser) if who else None) for who in (email, WORKER, "")
        )

    def _window(self, new: Callable[..., BrowserContext], cookies: Any) -> Page:
        context = new(base_url=self.hamlet.url, service_workers="block", reduced_motion="reduce", storage_state=cookies, **ways.DESK)
        context.set_default_timeout(15_000)
        ways.listen(context, self.heard)
        context.on("request", lambda request: self.asked.add(self._named(request)))
        page = context.new_page()
        page.on("dialog", self._on_dialog)
        page.on("popup", lambda opened: self.heard.append(f"a window: {opened.url}"))
        return page

    def _on_dialog(self, dialog: Any) -> None:
        self.heard.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _named(self, request: Request) -> str:
        to = urlsplit(request.url)
        here = "" if request.url.startswith(f"{self.hamlet.url}/") else f"{to.scheme}://{to.netloc}"
        path = re.sub(r"[\w-]+\.eml", "….eml", re.sub(r"[\w.-]{22,}", "…", to.path))
        return f"{request.method} {here}{path}"

    def look(self, page: Page, name: str) -> None:
        """Read the view that is there."""
        page.wait_for_timeout(60)  # what asks for something asks at once
        if len(page.frames) > 1:
            self.heard.append(f"a frame in {name}")
        words = page.evaluate("[document.body.textContent, ...[...document.querySelectorAll('input')].map(each => each.value)].join(' ')")
        name = name.replace(self.made["record"], "…")
        self.read[name] = f"{self.read.get(name, '')} {' '.join(words.split())}"

    def open(self, page: Page, path: str, name: str = "", following: str = "") -> None:
        """Open a view, and the further pages of it."""
        page.goto(path)
        self.look(page, name or path)
        most = 1 if self.kind == "harmless" else 99
        while following and (most := most - 1) >= 0 and (link := page.get_by_role("main").get_by_role("link", name=following, exact=True)).count():
            page.goto(str(link.get_attribute("href")))
            self.look(page, name or path)

    def everywhere(self) -> None:
        found, record, word = self.made["found"], f"/admin/individuals/{self.made['record']}/", self.made["subject"]
        self.open(self.client, "/")
        self.open(self.client, "/inbox/", "the list", "Next")
        self.open(self.client, f"/inbox/?q={quote(word[:100])}", "a search")
        self.client.goto("/inbox/")
        with self.client.expect_response(re.compile(r"/inbox/\?q=")):
            self.client.get_by_role("searchbox").fill(word[:100])
        self.look(self.client, "a search by htmx")
        for path in ("/inbox/new", "/my-portal/history", "/my-portal/messages", "/about-me/"):
            self.open(self.client, path)
        self.open(self.client, f"/inbox/{found}/", "the discussion", "Earlier messages")
        self.open(self.worker, "/admin/")
        for path in ("/admin/discussions/?view=mine", "/admin/discussions/?view=waiting", record, f"{record}discussions/new", "/admin/settings/texts/footer/en/"):
            self.open(self.worker, path)
        self.open(self.worker, f"{record}discussions/", "the list of staff", "Next")
        self.open(self.worker, f"/admin/discussions/{found}/", "the discussion for staff", "Earlier messages")
        self.by_link()
        self.polled(found)
        self.mails()

    def by_link(self) -> None:
        page = self.stranger
        self.open(page, f"/reply/{self.made['reply']}", "before the date of birth")
        for label, part in (("Day", "27"), ("Month", "3"), ("Year", "1988")):
            page.get_by_label(label).fill(part)
        ways.press(page, "Continue")
        expect(page.get_by_label("Your message")).to_be_visible(timeout=15_000)
        self.look(page, "by link")

    def polled(self, found: str) -> None:
        """Both have it open, and what is written meanwhile is put in by htmx."""
        self.client.goto(f"/inbox/{found}/")
        self.worker.goto(f"/admin/discussions/{found}/")
        beside(self.hamlet, MORE, found, self.kind)
        for page in (self.client, self.worker):
            expect(page.get_by_text(re.compile("^One more")).first).to_be_visible(timeout=30_000)
            self.look(page, "what came")

    def mails(self) -> None:
        """The mailbox of developers, and each mail's HTML as a program without any rules would show it."""
        box = MailboxMail(self.hamlet.data / "mail")
        mine = f"{self.kind}@example.org"
        assert any(message["To"] == mine for _, message in box.messages())
        self.open(self.stranger, "/dev/mail")
        context = self.stranger.context.browser.new_context(reduced_motion="reduce")
        page = context.new_page()
        page.on("dialog", self._on_dialog)
        context.on("request", lambda request: self.asked.add(self._named(request)))
        for name, message in box.messages()[:4]:
            self.open(self.stranger, f"/dev/mail/{name}", "a mail")
            page.set_content(message.get_body(("html",)).get_content())
            self.look(page, "a mail's HTML")
        context.close()


def plainly(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def test_what_would_like_to_be_code_does_nothing_and_is_read(hamlet: Town, new_context: Callable[..., BrowserContext], browser: Browser) -> None:
    assert len(set(hostile.PAYLOADS)) >= 200
    walks = []
    for email, kind in (("client1@example.org", "harmless"), ("client2@example.org", "hostile")):
        walks.append(Walk(hamlet, new_context, browser, email, kind))
        walks[-1].everywhere()
    harmless, walk = walks
    assert harmless.heard == []
    assert [*walk.heard, *(f"asked for {each}" for each in sorted(walk.asked - harmless.asked))] == []
    assert {*walk.read} == {*harmless.read}
    missing = [
        (view, text)
        for view, every in {
            "the list": hostile.bundles(115), "the list of staff": hostile.bundles(115), "the discussion": hostile.bundles(500),
            "the discussion for staff": hostile.bundles(500), "by link": hostile.bundles(500)[:2], "what came": hostile.bundles(500)[2:3],
        }.items()
        for text in every if plainly(text) not in plainly(walk.read[view])
    ]  # fmt: skip
    assert missing == []
    for view in ("the discussion", "the discussion for staff"):  # the names of their files
        assert all(plainly(name) in plainly(walk.read[view]) for name in hostile.bundles(100)[: len(hostile.bundles(500))])
    assert plainly(hostile.bundles(100)[0]) in plainly(walk.read["a mail's HTML"])
