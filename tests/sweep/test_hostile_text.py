"""Texts that would like to be code, in every place where people write: shown everywhere as the text that they are.

A page with such a text is built of the very same elements and attributes as the page with a harmless one, and the text can
be read on it letter by letter.
"""

import json
import re
import unicodedata
from collections import Counter
from html import unescape
from urllib.parse import quote

import hostile
import html5lib
import pytest
from hostile import FORTY, Texts
from pages.conftest import Browser, Mailbox, text_of
from sweep.conftest import write_every_letter
from sweep.hostile_places import SAID, pages_of_messages, write_messages, write_texts_of_letters

import models
from domain import accounts, agency, discussions, letters, notices, profile, store
from domain.actor import SYSTEM
from models import Contact, Delivery, Individual, Site, Worker

PAYLOADS = FORTY
HARMLESS = "plain"


def test_there_are_at_least_two_hundred_of_them_and_forty_are_typed_one_by_one():
    assert len(set(hostile.PAYLOADS)) >= 200
    assert len(set(PAYLOADS)) >= 40
    bodies = [Texts(number).body for number in Texts.ROUNDS]
    assert [one for one in hostile.PAYLOADS if not any(one in body for body in bodies)] == []


# ---------------------------------------------------------------- a world in which everybody writes the same


def write_everywhere(cast, text):
    """Another text in every place that takes one, as long as it may be there."""
    write_names(cast, text)
    with store.writing():
        _write_of_imports(cast, text)
        store.forget()
        cast.invited()
        notices.put("password_changed", 1, to="alice@example.org", account=cast.alice_account, individual=cast.alice)
        Delivery.update(state="dead", last_error=text.of(300)).execute()
        answer = text.of(300)
        models.DeliveryAttempt.insert_many(
            {"delivery": row, "lease_token": str(row.id), "started_at": row.created_at, "outcome": "refused", "code": 550, "answer": answer}
            for row in Delivery.select()
        ).execute()


def write_names(cast, text):
    """Of staff, of clients with all that is kept of them, of the agency and its site."""
    worker, address, person, ways = text.of(100), text.of(400), text.of(100), text.of(100)
    with store.writing():
        for each in Worker.select():
            Worker.update(first_name=worker, last_name=worker, display_name=worker).where(Worker.id == each.id).execute()
        pronouns, gender = text.of(60), text.of(60)
        for each in Individual.select():
            details = profile.Details(text.name, text.name, preferred_name=text.name, pronouns=pronouns, gender=gender, birth_date=each.birth_date)
            profile.change(each, details, cast.by("ada"), version=each.version)
            for kind in ("address", "emergency", "mobile"):
                value = address if kind == "address" else "+1 902 555 0134"
                reach = profile.Reach(kind, value, person=person, instructions=ways, is_main=True)
                profile.add_contact(each, reach, cast.by("ada"), country="CA")
        models.Agency.update(name=text.house, short_name=text.of(30), emergency_line=text.of(100)).execute()
        Site.update(name=text.of(100), address=f"{text.of(100)}\n{text.of(100)}", phone=f"{text.of(30)} 1").execute()
        store.forget()


def _write_of_imports(cast, text):
    file = models.ImportFile.create(
        worker=cast.ada, subject="sites", file_name=text.of(100), file_hash="", stored="", encoding="utf-8", delimiter=",", state="checked",
        uploaded_at=account_time(cast), moved_at=account_time(cast),
    )  # fmt: skip
    models.ImportProblem.create(file=file, row=2, column=text.of(60), value=text.of(60), message="%(what)s",
                                fields=json.dumps({"what": text.of(400)}))  # fmt: skip


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


def parsed(html):
    return html5lib.HTMLParser(namespaceHTMLElements=False).parse(html)


def built(html):
    """How a page is built, and where it leads."""
    tree = parsed(html)
    return skeleton(tree), schemes(tree)


def skeleton(page):
    """The elements of a page with the names of their attributes."""
    tree = parsed(page) if isinstance(page, str) else page
    return [
        (element.tag, *sorted(element.keys())) if isinstance(element.tag, str) else "a comment"
        for element in tree.iter() if element.tag != "option"
    ]  # fmt: skip


def schemes(page):
    """How the addresses of a page begin."""
    tree = parsed(page) if isinstance(page, str) else page
    found = (element.get(name) for element in tree.iter() for name in ("href", "src", "action", "formaction", "data-hx-get", "data-hx-post"))
    return Counter("" if a.startswith(("/", "#")) or not a else a.partition(":")[0] for a in found if a is not None)


def readable(html):
    """All text of a page, and what stands in its fields."""
    tree = parsed(html)
    return " ".join(" ".join([*tree.itertext(), *(element.get("value") or "" for element in tree.iter("input"))]).split())


def pages_with(app, cast, text):
    """Each view once the texts were written everywhere, by its address."""
    write_everywhere(cast, text)
    browsers = {name: Browser(app, name) for name in ("", "alice", "ada")}
    shown = {}
    for name, path in views(cast):
        browsers[name].lints = False
        shown[re.sub(r"[\w-]{22}", "…", path)] = browsers[name].ask(path).html
    write_messages(cast, text)
    return shown | pages_of_messages(app, cast, text)


NAMED = {"/about-me/", "/admin/individuals/…/", "/admin/individuals/…/edit", "/admin/individuals/…/history", "/admin/deliveries/…/"}
OF_THE_HOUSE = {"/sign-in", "/"}


_plain = {}  # how each page is built when everybody wrote something harmless; the same for every test of this process


def assert_shown_as_text(app, cast, text, saved):
    if not _plain:
        _plain.update({path: built(html) for path, html in pages_with(app, cast, Texts(-1)).items()})
        saved.restore()
    shown, said = pages_with(app, cast, text), 0
    assert {*shown} == {*_plain}
    for path, html in shown.items():
        assert built(html) == _plain[path], path
        wanted = text.name if path in NAMED else text.house if path in OF_THE_HOUSE else text.body if path.endswith(SAID) else ""
        assert unicodedata.normalize("NFC", " ".join(wanted.split())) in readable(html), path
        said += path.endswith(SAID)
    assert said >= 8


@pytest.fixture
def saved(app, cast, templates):
    from sweep.conftest import Saved

    return Saved(templates)


QUICK = [PAYLOADS[0], PAYLOADS[34]]


def test_what_people_write_is_shown_as_text_in_every_view(app, cast, saved):
    assert_shown_as_text(app, cast, Texts(0), saved)


@pytest.mark.only_sqlite  # a database keeps what the one above showed it keeps
@pytest.mark.long
@pytest.mark.parametrize("number", Texts.ROUNDS[1:])
def test_whatever_people_write_is_shown_as_text_in_every_view(app, cast, saved, number):
    assert_shown_as_text(app, cast, Texts(number), saved)


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


@pytest.mark.only_sqlite  # what both databases answer, test_a_question_is_shown_as_text asks of the other list
@pytest.mark.long
def test_every_question_in_the_inbox_is_shown_as_text(browse, cast):
    discussions.start(cast.alice, "Nothing of that", "Words", cast.by("alice"), worker=cast.dora)
    alice = browse("alice")
    alice.lints = False
    allowed = [built(alice.ask(f"/inbox/?q={word}").html) for word in ("nobody-at-all", "words", "")]
    for payload in hostile.bundles(100):
        page = alice.ask(f"/inbox/?q={quote(payload)}")
        assert built(page.html) in allowed, payload
        assert page.form("Search").values["q"] == " ".join(payload.split())


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


def letters_with(cast, text):
    """Every kind of letter, as it would leave now: the lines of its text, and its HTML."""
    write_names(cast, text)
    write_texts_of_letters(text)
    write_every_letter(cast)
    made = {}
    for each in Delivery.select().where(Delivery.state == "due").order_by(Delivery.id):
        letter = letters.letter(each, PORTAL)
        made[f"{each.kind} {each.id}"] = (letter.subject, *letters.bodies(letter, letters.language_of(each), PORTAL))
    return made


PORTAL = "https://portal.example.org"


@pytest.mark.parametrize("number", [0, pytest.param(5, marks=pytest.mark.long)])
def test_every_kind_of_letter_carries_it_as_text(cast, saved, number):
    plain, text = letters_with(cast, Texts(-1)), Texts(number)
    saved.restore()
    hostile_ones = letters_with(cast, text)
    assert {name.split()[0] for name in hostile_ones} == set(notices.KINDS)
    assert {*hostile_ones} == {*plain}
    for name, (subject, lines, html) in hostile_ones.items():
        assert built(html) == built(plain[name][2]), name
        assert text.house in readable(html), name
        assert text.house in lines, name
        assert len(subject.splitlines()) == 1, name


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
