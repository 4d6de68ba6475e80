"""Forty texts that would like to be code, in every place where people write: shown everywhere as the text that they are.

A page with such a text is built of the very same elements and attributes as the page with a harmless one, and the text can
be read on it letter by letter.
"""

import json
import re
from collections import Counter
from html import unescape

import html5lib
import pytest
from pages.conftest import Browser, Mailbox, text_of

import models
from domain import accounts, agency, notices, profile, store
from domain.actor import SYSTEM
from models import Contact, Delivery, Individual, Site, Worker

PAYLOADS = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "'><b id=x>",
    "<svg/onload=alert(1)>", "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>", "<a href=\"javascript:alert(1)\">x</a>",
    "\" onmouseover=\"alert(1)", "' onfocus='alert(1)' autofocus='", "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>",
    "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">", "<style>*{display:none}</style>", "\" style=\"display:none", "<base href=//evil.example>",
    "<link rel=stylesheet href=//evil.example>", "<meta http-equiv=refresh content=0;url=//evil.example>", "<form action=//evil.example><button>x",
    "<!--", "-->", "<![CDATA[x]]>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "</option></select><script>alert(1)</script>",
    "{{ 7 * 7 }}", "{% raw %}", "${7*7}", "%(name)s %s %d", "&lt;script&gt;", "&#60;script&#62;", "<div hx-get=/x hx-trigger=load>",
    "<div data-hx-get=/x data-hx-trigger=load>", "\" data-hx-get=\"/x\" data-hx-trigger=\"load", "<b hx-on:click=alert(1)>", "<hx-partial hx-target=#main>x</hx-partial>",
    "javascript:alert(1)", "<ScRiPt>alert(1)</sCrIpT>", "＜script＞alert(1)＜/script＞", "<<script>alert(1)//<</script>", "\u202e<script>", "=cmd|' /C calc'!A0",
]  # fmt: skip
HARMLESS = "plain"


def test_there_are_at_least_forty_of_them():
    assert len(set(PAYLOADS)) >= 40


# ---------------------------------------------------------------- a world in which everybody writes the same


def write_everywhere(cast, text):
    """The text in every place that takes one; what is too long for a place is cut to fit."""
    with store.writing():
        for worker in Worker.select():
            Worker.update(first_name=text, last_name=text, display_name=text).where(Worker.id == worker.id).execute()
        for person in Individual.select():
            version, born = person.version, person.birth_date
            details = profile.Details(text, text, preferred_name=text, pronouns=text[:60], gender=text[:60], birth_date=born)
            profile.change(person, details, cast.by("ada"), version=version)
            for kind in ("address", "emergency", "mobile"):
                value = text if kind == "address" else "+1 902 555 0134"
                profile.add_contact(person, profile.Reach(kind, value, person=text, instructions=text, is_main=True), cast.by("ada"), country="CA")
        models.Agency.update(name=text[:120], short_name=text[:30], emergency_line=text).execute()
        Site.update(name=text, address=f"{text}\n{text}", phone=f"{text[:30]} 1").execute()
        file = models.ImportFile.create(
            worker=cast.ada, subject="sites", file_name=text, file_hash="", stored="", encoding="utf-8", delimiter=",", state="checked",
            uploaded_at=account_time(cast), moved_at=account_time(cast),
        )  # fmt: skip
        models.ImportProblem.create(file=file, row=2, column=text, value=text[:60], message="%(what)s", fields=json.dumps({"what": text}))
        store.forget()
        cast.invited()
        notices.put("password_changed", 1, to="alice@example.org", account=cast.alice_account, individual=cast.alice)
        Delivery.update(state="dead", last_error=text).execute()
        models.DeliveryAttempt.insert_many(
            {"delivery": row, "lease_token": str(row.id), "started_at": row.created_at, "outcome": "refused", "code": 550, "answer": text}
            for row in Delivery.select()
        ).execute()


def account_time(cast):
    return cast.alice_account.invited_at


def views(cast):
    """Each view of what was written: by whom, and where."""
    alice, account = cast.alice.public_id, cast.alice_account.public_id
    contact = Contact.get(Contact.individual == cast.alice, Contact.kind == "address").public_id
    delivery = Delivery.get(Delivery.individual == cast.alice).public_id
    here, file = f"/admin/individuals/{alice}", models.ImportFile.get().public_id
    return [
        ("", "/sign-in"), ("", "/offline"), ("", "/pages/contact"), ("", "/no/such/page"), ("", "/forgotten-password/sent"), ("alice", "/"), ("alice", "/about-me/"),
        ("alice", "/my-portal/"), ("ada", "/admin/"), ("ada", "/admin/individuals/"), ("ada", f"{here}/"), ("ada", f"{here}/edit"), ("ada", f"{here}/history"),
        ("ada", f"{here}/accounts"), ("ada", f"{here}/contacts/{contact}/"), ("ada", f"{here}/contacts/{contact}/removal"), ("ada", f"{here}/contacts/new"),
        ("ada", f"{here}/account/{account}/suspend"), ("ada", f"{here}/account/new"), ("ada", "/admin/deliveries/"), ("ada", f"/admin/deliveries/{delivery}/"),
        ("ada", "/admin/imports/"), ("ada", f"/admin/imports/{file}/"), ("ada", f"/admin/imports/{file}/giving-up"),
        ("ada", "/admin/my-sign-in/"), ("ada", "/admin/first-start/agency"), ("ada", "/admin/first-start/pages"),
    ]  # fmt: skip


def skeleton(html):
    """The elements of a page with the names of their attributes, and where the links and forms lead."""
    tree = html5lib.HTMLParser(namespaceHTMLElements=False).parse(html)
    return [
        (element.tag, *sorted(element.keys())) if isinstance(element.tag, str) else "a comment"
        for element in tree.iter() if element.tag != "option"
    ]  # fmt: skip


def schemes(html):
    """How the addresses of a page begin."""
    tree = html5lib.HTMLParser(namespaceHTMLElements=False).parse(html)
    found = (element.get(name) for element in tree.iter() for name in ("href", "src", "action", "formaction", "data-hx-get", "data-hx-post"))
    return Counter("" if a.startswith(("/", "#")) or not a else a.partition(":")[0] for a in found if a is not None)


def readable(html):
    """All text of a page, and what stands in its fields."""
    tree = html5lib.HTMLParser(namespaceHTMLElements=False).parse(html)
    return " ".join(" ".join([*tree.itertext(), *(element.get("value") or "" for element in tree.iter("input"))]).split())


def pages_with(app, cast, text):
    """Each view once the text was written everywhere, by its address."""
    write_everywhere(cast, text)
    browsers = {name: Browser(app, name) for name in ("", "alice", "ada")}
    shown = {}
    for name, path in views(cast):
        browsers[name].lints = False
        shown[re.sub(r"[\w-]{22}", "…", path)] = browsers[name].ask(path).html
    return shown


WRITTEN = {"/about-me/", "/admin/individuals/…/", "/admin/individuals/…/edit", "/admin/individuals/…/history", "/admin/deliveries/…/", "/sign-in", "/"}


_plain = {}  # how each page is built when everybody wrote something harmless; the same for every test of this process


def assert_shown_as_text(app, cast, payload, saved):
    if not _plain:
        _plain.update({path: (skeleton(html), schemes(html)) for path, html in pages_with(app, cast, HARMLESS).items()})
        saved.restore()
    for path, html in pages_with(app, cast, payload).items():
        assert (skeleton(html), schemes(html)) == _plain[path], path
        if path in WRITTEN:
            assert " ".join(payload.split())[:30] in readable(html), path


@pytest.fixture
def saved(app, cast, templates):
    from sweep.conftest import Saved

    return Saved(templates)


QUICK = [PAYLOADS[0], PAYLOADS[3], PAYLOADS[15], PAYLOADS[26], PAYLOADS[34]]


@pytest.mark.parametrize("payload", QUICK)
def test_what_people_write_is_shown_as_text_in_every_view(app, cast, saved, payload):
    assert_shown_as_text(app, cast, payload, saved)


@pytest.mark.only_sqlite  # a database keeps what the few above showed it keeps
@pytest.mark.long
@pytest.mark.parametrize("payload", [payload for payload in PAYLOADS if payload not in QUICK])
def test_whatever_people_write_is_shown_as_text_in_every_view(app, cast, saved, payload):
    assert_shown_as_text(app, cast, payload, saved)


# ---------------------------------------------------------------- what comes back at once


@pytest.mark.only_sqlite  # a database keeps what the few above showed it keeps
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_refused_form_shows_what_was_typed_as_text(browse, cast, payload):
    ines = browse("ines")
    ines.open("/admin/individuals/new")
    harmless = ines.press("Save", {"first_name": HARMLESS, "birth_date-day": "x"})
    ines.open("/admin/individuals/new")
    page = ines.press("Save", {"first_name": payload, "last_name": payload, "birth_date-day": payload})
    assert page.status == 422
    assert skeleton(page.html) == skeleton(harmless.html)
    assert page.form("Save").values["first_name"] == payload


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_question_is_shown_as_text(browse, cast, payload):
    ines = browse("ines")
    ines.open("/admin/individuals/")
    page = ines.press("Search", q=payload)
    found = ines.press("Search", q="nobody at all")
    assert skeleton(page.html) == skeleton(found.html) or "row-title" in page.html
    assert page.form("Search").values["q"] == payload.strip()[:100]


@pytest.mark.only_sqlite  # a database keeps what the few above showed it keeps
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_form_that_lost_its_token_repeats_it_as_text(browse, cast, payload):
    ines = browse("ines")
    answer = ines.send("/admin/individuals/new", {"csrf_token": "stale", "first_name": payload, payload[:40]: "x"})
    harmless = ines.send("/admin/individuals/new", {"csrf_token": "stale", "first_name": HARMLESS, "another": "x"})
    assert answer.status == 400
    assert skeleton(answer.html) == skeleton(harmless.html)
    assert answer.form("Try again").values["first_name"] == payload


@pytest.mark.only_sqlite  # a database keeps what the few above showed it keeps
@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_address_shows_nothing_of_itself(browse, cast, payload):
    from urllib.parse import quote

    browser = browse("ines")
    for path in (f"/{quote(payload, safe='')}", f"/pages/{quote(payload, safe='')}", f"/admin/individuals/{quote(payload, safe='')}/"):
        answer = browser.ask(path)
        assert answer.status == 404
        assert payload not in unescape(answer.html) or payload in unescape(browser.ask("/pages/none").html)


# ---------------------------------------------------------------- Markdown of the agency

ALLOWED = {"h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "a", "br", "hr", "blockquote", "code"}
MARKDOWN = [
    *PAYLOADS, "[x](javascript:alert(1))", "[x](JaVaScRiPt&colon;alert(1))", "![x](javascript:alert(1))", "[x](data:text/html,<script>alert(1)</script>)",
    "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]", "[x](vbscript:x)", "`<script>alert(1)</script>`", "    <script>alert(1)</script>",
    "[x](//evil.example \"onmouseover=alert(1)\")", "# <img src=x onerror=alert(1)>", "<div data-hx-get=/x>\n\n**x**\n\n</div>", "[x](http://a\"onclick=\"alert(1))",
]  # fmt: skip


@pytest.mark.parametrize("payload", MARKDOWN)
def test_what_the_agency_publishes_holds_nothing_but_plain_writing(browse, house, payload):
    agency.publish("help", "en", f"# Help\n\nBefore.\n\n{payload}\n\nAfter.", SYSTEM)
    page = browse().open("/pages/help")
    prose = next(element for element in page.tree.iter("div") if element.get("class") == "prose")
    for element in prose.iter():
        assert element is prose or element.tag in ALLOWED, element.tag
        assert set(element.keys()) <= {"href", "rel", "title"} or element is prose
        assert re.match(r"(https?:|mailto:|tel:|/|#|$)", element.get("href", "")), element.get("href")
    assert "Before." in page


# ---------------------------------------------------------------- mail

@pytest.mark.parametrize("payload", QUICK)
def test_a_mail_carries_the_agencys_words_as_text(app, cast, saved, payload):
    def letter(text):
        saved.restore()
        with store.writing():
            models.Agency.update(name=text[:120], short_name=text[:30], emergency_line=text).execute()
            Site.update(address=f"{text}\n{text}").execute()
        box = Mailbox(app.extensions["doorstep"].mailbox, "http://localhost:8000")
        accounts.create(cast.pia, cast.by("ada"))
        message = box.newest("pia@example.org")
        return message, message.get_body(("html",)).get_content()

    (plain, plain_html), (message, html) = letter(HARMLESS), letter(payload)
    assert skeleton(html) == skeleton(plain_html)
    assert schemes(html) == schemes(plain_html)
    assert payload[:30] in readable(html)
    assert payload[:30] in text_of(message)
    assert sorted(message.keys()) == sorted(plain.keys())


@pytest.mark.parametrize("end", ["\nBcc: evil@example.org", "\r\nBcc: evil@example.org", "\r\n\r\n<script>", "\rBcc: evil@example.org"])
def test_a_line_break_in_the_agencys_name_adds_nothing_to_a_mail(browse, cast, mailbox, end):
    ada = browse("ada")
    form = ada.open("/admin/first-start/agency").form("Continue")
    names = dict.fromkeys(("name", "short_name", "site_name", "emergency_line"), f"Harbour{end}")
    assert ada.send(form.action, form.values | names).status == 303
    accounts.create(cast.pia, cast.by("ada"))
    message = mailbox.newest("pia@example.org")
    assert message["To"] == "pia@example.org"
    assert "Bcc" not in message
    assert "evil@example.org" not in str(message["To"])
    assert message["From"].startswith("Harbour ") or message["From"].startswith('"Harbour ')
