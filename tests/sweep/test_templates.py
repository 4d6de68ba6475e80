"""Every template compiles, holds nothing inline, and says nothing that could not be said in another language."""

import calendar
import re

import flask_babel
import html5lib
import pytest
from babel import Locale
from babel.support import NullTranslations
from sweep.conftest import HERE, write_of_lockout_and_address
from sweep.scenes import PEOPLE, TOKENS

from blueprints import app_setup
from domain import (
    forced_reset,
    letters,
    links,
    message_texts,
    notices,
    profile_changes,
    resets,
    second_step,
    sign_in,
    store,
    texts,
    workers,
)
from models import TABLES, Delivery, HalfSignIn, ProfileChange, Worker
from web.formatting import initials, language_name, zones_in

# Words and markup, not rows: what they are read from does not matter.
pytestmark = pytest.mark.only_sqlite

TEMPLATES = HERE.parent.parent / "templates"
EVERY = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file())
PAGES = [name for name in EVERY if not name.startswith(("email/", "print/"))]


def source(name):
    """A template without its comments."""
    return re.sub(r"\{#.*?#\}", "", (TEMPLATES / name).read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_compiles(app, name):
    assert app.jinja_env.get_template(name)


@pytest.mark.parametrize("name", [name for name in EVERY if name.startswith("email/")])
def test_every_mail_compiles(name):
    assert letters._environment().get_template(name.removeprefix("email/"))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"\|\s*safe\b|\bMarkup\b|autoescape", "a text is escaped, always"), (r"hx-on|hx-vals=.js:|\bjs:|javascript:", "no script in an attribute"),
        (r"\son[a-z]+\s*=", "no handler in an attribute"), (r"(?<![\w-])style\s*=", "no style in an attribute"),
        (r"<script(?![^>]*\ssrc=)", "no script in a page"), (r"<script[^>]*src=\"(?!\{\{ asset\()", "no script from elsewhere"),
        (r"(?<!data-)\bhx-[a-z]", "attributes of htmx begin with data-hx-"), (r"hx-trigger=\"[^\"]*\[", "no filter in a trigger"),
        (r"https?://(?!www\.w3\.org)", "no address of somebody else"), (r"\b_\((?![\"'])(?!(wording|letters|accounts)\.[A-Z_]+\[)", "what _() is given is taken for HTML of ours"),
        (r"\bnonce\b", "no nonce"), (r"url_for\([^)]*_external", "no address of a request's host"),
    ],
)  # fmt: skip
def test_no_template_holds_what_the_content_policy_forbids(name, pattern, why):
    found = re.search(pattern, source(name))
    assert found is None, f"{why}: {found.group() if found else ''}"


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_style_sheet_of_its_own(name):
    assert "<style" not in source(name)


def test_html_is_marked_as_safe_in_three_places_only():
    """The Markdown of the agency's pages, once it is sanitised; the sprite's pictures; our own sentences, which escape their fields."""
    root = TEMPLATES.parent
    using = [
        path.relative_to(root) for folder in ("blueprints", "web", "domain", "gateways") for path in (root / folder).rglob("*.py")
        if re.search(r"\bMarkup\(|\bmarkupsafe\b.*Markup", path.read_text())
    ]  # fmt: skip
    assert sorted(map(str, using)) == ["web/assets.py", "web/formatting.py", "web/languages.py"]


# ---------------------------------------------------------------- every word can be translated

SHOWN = ("aria-label", "title", "alt", "placeholder", "data-label", "data-show", "data-hide", "data-offline", "data-error")
SIZE = re.compile(r"[\d.,]+ [kM]B")
DATE = re.compile(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|\d{1,2} [A-Z][a-z]+(?: \d{4})?(, \d\d:\d\d \S+)?")
# What is nobody's to translate, by its exact text: names of languages and zones, what a mail server said, formats.
NOT_WORDS = {
    "UTC", "AST", "ADT", "Mailbox full", "250 Mailbox full", "550 Mailbox full", "OK", "250 OK", "Doorstep", "x", "@",
    "id", "name", "birth_date", "Bo Reed", "Cy Dell",  # in a file that somebody imports
    *(language_name(code) for code in texts.LANGUAGES), *calendar.day_name,
    *(message_texts.braced(name) for name in message_texts.FIELDS),
}  # fmt: skip


class Marked(NullTranslations):
    """A language in which each sentence stands between brackets."""

    def ugettext(self, message):
        return f"⟦{message}⟧"

    gettext = ugettext

    def ungettext(self, one, many, count):
        return f"⟦{one if count == 1 else many}⟧"

    ngettext = ungettext


@pytest.fixture
def marked(monkeypatch):
    """The portal in that language."""
    tongue = Marked()
    monkeypatch.setattr(flask_babel.Domain, "get_translations", lambda self: tongue)
    monkeypatch.setattr(texts, "catalogue", lambda language: tongue)


class Outside:
    """Reads text after text and keeps what stands outside of all brackets; one sentence may go over several elements."""

    def __init__(self):
        self.depth = 0

    def __call__(self, text):
        kept = []
        for letter in text:
            self.depth += (letter == "⟦") - (letter == "⟧")
            if self.depth == 0 and letter != "⟧":
                kept.append(letter)
        return "".join(kept)


def outside(text):
    """What stands outside of all brackets in one text."""
    read = Outside()
    kept = read(text)
    assert read.depth == 0, text
    return kept


def data():
    """Every text that people wrote: it is in the database, whole or line by line."""
    known = set(NOT_WORDS)
    for table in TABLES:
        for row in table.select().tuples():
            for value in row:
                if isinstance(value, str):
                    known |= {value, *value.splitlines(), notices.mask(value)}
    for table in TABLES:
        if {"first_name", "last_name"} <= set(table._meta.fields):
            known |= {f"{row.first_name} {row.last_name}".strip() for row in table.select()}
    known |= {initials(row.client_name) for row in Worker.select()}
    for row in HalfSignIn.select():
        known |= {app_setup.in_fours(second_step.secret(row.nonce)), *second_step.codes(row.codes_nonce)}
    for change in ProfileChange.select():
        known |= {str(value) for value in profile_changes.asked_of(change).values()}
    return {" ".join(one.split()) for one in known}


def untranslated(html, known):
    """The words of a page that no catalogue would ever see."""
    tree, read = html5lib.HTMLParser(namespaceHTMLElements=False).parse(html), Outside()
    told = [read(text) for text in spoken(tree)]
    assert read.depth == 0
    told += [outside(element.get(name)) for element in tree.iter() for name in SHOWN if element.get(name)]
    for text in told:
        yield from left_of(text, known)


def spoken(element):
    """Each text of a page in its order, but what the agency wrote and what stands in a field."""
    if not isinstance(element.tag, str) or element.tag in ("script", "style", "textarea"):
        return
    if "prose" not in element.get("class", "").split():
        yield element.text or ""
        for child in element:
            yield from spoken(child)
            yield child.tail or ""


def left_of(text, known):
    """The words of a text that are neither somebody's nor between brackets."""
    for chunk in re.split(r"·|→|\n", text):
        if not _is_data(" ".join(chunk.split()), known):
            yield from (part for part in map(str.strip, re.split(r",\s|:\s", chunk)) if not _is_data(part, known))


def _is_data(part, known):
    return not re.search(r"[^\W\d_]", part) or part in known or bool(DATE.fullmatch(part) or SIZE.fullmatch(part)) or part.rpartition(" ")[2] in ("AST", "ADT", "UTC")


def assert_translated(pages, known):
    left = {(path, part) for path, html in pages for part in untranslated(html, known)}
    assert sorted(left) == []


@pytest.mark.parametrize("name", ["living", "opening", "empty"])
def test_every_word_of_every_page_can_be_translated(scene, name, marked):
    known = data() | zones()
    for who, starts in PEOPLE[name].items():
        seen = scene.ways[who].walk(*starts)
        assert_translated([(path, page.html) for path, page in seen.items() if page.is_html and page.status // 100 != 3], known)


@pytest.mark.parametrize("name", ["living", "opening", "empty"])
def test_every_word_of_every_refusal_can_be_translated(scene, name, marked):
    """Each form sent empty, and sent with nonsense."""
    known = data() | zones()
    for who in PEOPLE[name]:
        for found in scene.kinds(who):
            kept = {field: found.form.values[field] for field in (*TOKENS, "version") if field in found.form.values}
            for typed in ("", "x", "@"):
                fields = dict.fromkeys(found.form.names - found.form.hidden - set(found.form.options), typed)
                answer = scene.post(found, {**fields, **kept})
                scene.restore()
                if answer.status in (422, 410, 200):
                    assert_translated([(str(found), answer.html)], known)


@pytest.mark.parametrize("path", ["/nothing", "/offline", "/forgotten-password/sent", "/activate/", "/reset/"])
def test_every_word_of_the_rest_can_be_translated(browse, house, marked, path):
    browser = browse()
    browser.lints = False
    answer = browser.ask(path)
    assert "⟦" in answer.html
    assert_translated([(path, answer.html)], data())


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_every_word_of_an_error_can_be_translated(browse, house, marked, method):
    browser = browse()
    browser.lints = False
    answer = browser.ask("/sign-in", method, {"email": "x"})
    assert answer.status in (400, 405)
    assert_translated([(method, answer.html)], data())


def zones():
    """The names of places, which the world's tables have and no catalogue of ours."""
    return {label for _, label in zones_in("en")} | set(Locale("en").territories.values())


def test_every_word_of_every_mail_can_be_translated(cast, marked):
    cast.invited()
    resets.ask("alice@example.org", cast.visitor())
    account = cast.alice_account
    sign_in.start(account, None, device_token="", agent="a phone", network="192.0.2.1")
    notices.put("password_changed", 1, to=account.email, account=account, individual=cast.alice)
    notices.put("birth_date_closed", 1, to=account.email, account=account, individual=cast.alice)
    test = links.make("mail_test", account.invited_at.replace(year=2199), worker=cast.ada)
    notices.put("mail_test", test.id, to=cast.ada.email, worker=cast.ada, link=test)
    write_of_lockout_and_address(cast)
    workers.invite(workers.Details("Wim", "West", "wim@example.org"), cast.by("ada"))
    notices.put("worker_address_changed", 1, to="former@example.org", worker=cast.ada)
    with store.writing():
        for kind in ("authenticator_set_up", "authenticator_removed", "recovery_code_used", "password_known"):
            notices.put(kind, 1, to=cast.ada.email, worker=cast.ada)
    forced_reset.force(cast.bob_account, cast.by("ada"))
    cast.appointments()
    seen, known = set(), data()
    for delivery in Delivery.select().where(Delivery.state == "due"):
        letter = letters.letter(delivery, "https://portal.example.org")
        plain, html = letters.bodies(letter, "en", "https://portal.example.org")
        assert outside(letter.subject) == ""
        for text in (*letter.paragraphs, *letter.after):
            assert outside(text) == "" or re.fullmatch(r"\d{3} \d{3}", text), text
        left = [part for line in plain.splitlines() for part in left_of(outside(line), known)]
        assert [part for part in left if "portal.example.org" not in part] == [], delivery.kind
        assert [part for part in untranslated(html, known) if "portal.example.org" not in part] == [], delivery.kind
        seen.add(delivery.kind)
    assert seen == set(notices.KINDS)
