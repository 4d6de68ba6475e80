"""Every sentence is there in every language, and every page and e-mail speaks its reader's."""

import datetime as dt
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from pages.conftest import Browser, text_of
from sweep.conftest import HERE, write_every_letter
from sweep.scenes import PEOPLE
from sweep.test_templates import data, spoken

import models
from domain import (
    agency,
    audit,
    letters,
    links,
    notices,
    profile,
    resets,
    starting_texts,
    store,
    texts,
)
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from locales.extractor import extract
from models import Agency, AuditEntry, Delivery, Individual, PageVersion
from web import formatting

# Words, not rows: what they are read from does not matter.
pytestmark = pytest.mark.only_sqlite

ROOT = HERE.parent.parent
OTHERS = [language for language in texts.LANGUAGES if language != "en"]
PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")
MARKUP = re.compile(r"<[^>]+>|\*\*|##|`|[\[\]]")
ENDS = {".": ".", "?": "?؟", ":": ":", "…": "…"}
every_language = pytest.mark.parametrize("language", OTHERS)


def read(path: Path, language: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


CATALOGUES = {language: read(texts.FOLDER / language / "LC_MESSAGES" / "messages.po", language) for language in OTHERS}


def both(message: Message) -> tuple[str, ...]:
    """A message in English: its singular, and its plural when it has one."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def messages(language: str) -> list[Message]:
    return [message for message in CATALOGUES[language] if message.id]


# ---------------------------------------------------------------- the catalogues


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """What script/languages finds in the sources."""
    script = (ROOT / "script" / "languages").read_text()
    options = re.search(r"pybabel extract (.*?)--output-file", script, re.DOTALL).group(1).replace("\\\n", " ").split()
    found = tmp_path_factory.mktemp("catalogue") / "messages.pot"
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", *options, "--output-file", str(found), "."],
        cwd=ROOT, check=True, timeout=60,
    )  # fmt: skip
    return {both(message) for message in read(found) if message.id}


def test_each_language_has_its_catalogue_and_no_other_lies_there():
    found = {path.parent.parent.name for path in texts.FOLDER.glob("*/LC_MESSAGES/messages.po")}
    assert found == set(OTHERS)


@every_language
def test_what_the_portal_reads_is_made_from_what_lies_here(language):
    """Run script/languages when it is not; script/run and script/test do so by themselves."""
    said = texts.catalogue(language).ugettext
    single = {message.id: message.string for message in messages(language) if isinstance(message.id, str)}
    assert [english for english, form in single.items() if re.sub("[\u2068\u2069]", "", said(english)) != form] == []


@every_language
def test_a_catalogue_has_what_the_sources_say_and_nothing_else(sources, language):
    """Run script/languages, and translate what is new."""
    kept = {both(message) for message in messages(language)}
    assert sorted(sources - kept) == [], "missing"
    assert sorted(kept - sources) == [], "no longer said"
    assert not CATALOGUES[language].obsolete


@every_language
def test_every_sentence_is_translated_and_none_is_a_guess(language):
    assert not CATALOGUES[language].fuzzy
    assert [message.id for message in messages(language) if message.fuzzy] == []
    assert [message.id for message in messages(language) if not all(form.strip() for form in forms(message))] == []


@every_language
def test_every_plural_has_all_its_forms_each_with_its_number(language):
    catalogue = CATALOGUES[language]
    plural = texts.catalogue(language).plural
    serves = {form: {n for n in range(1, 1000) if plural(n) == form} for form in range(catalogue.num_plurals)}
    for message in messages(language):
        if isinstance(message.id, str):
            continue
        assert len(forms(message)) == catalogue.num_plurals, message.id
        for number, form in enumerate(forms(message)):
            given, wanted = set(PLACE.findall(form)), set(PLACE.findall(message.id[1]))
            assert given == wanted or (given < wanted and len(serves[number]) < 2), (message.id, form)


@every_language
def test_no_place_to_fill_is_lost_or_made_up(language):
    for message in messages(language):
        if isinstance(message.id, str):
            assert sorted(PLACE.findall(message.string)) == sorted(PLACE.findall(message.id)), message.id
        assert all(form.count("%") == len(re.findall(r"%\(\w+\)s", form)) for form in forms(message)), message.id


@every_language
def test_markup_lines_and_ends_of_sentences_are_kept(language):
    for message in messages(language):
        for form in forms(message):
            first = both(message)[0]
            assert MARKUP.findall(form) == MARKUP.findall(first), (first, form)
            assert form == form.strip(), first
            assert form.count("\n") == first.count("\n"), first
            assert first[-1] not in ENDS or form[-1] in ENDS[first[-1]], (first, form)


def reviewed() -> set[tuple[str, str]]:
    lines = (HERE / "same_words.txt").read_text().splitlines()
    rows = [[part.strip() for part in line.split("|")] for line in lines if line and not line.startswith("#")]
    assert all(len(row) == 3 and row[2] for row in rows)
    return {(row[0], row[1]) for row in rows}


def test_no_translation_is_its_english_but_a_short_reviewed_list():
    same = {(language, both(message)[0]) for language in OTHERS for message in messages(language) if message.string == message.id}
    assert same == reviewed()
    assert len(same) < 30


def test_every_refusal_with_a_plural_is_one_entry():
    source = b'raise RuleBroken(N_("One left."), plural=N_("%(count)s left."), count=n)\nsay(N_("One " "more"))\n_(f"not {this}")\n'
    found = [(kind, message) for _, kind, message, _ in extract(io.BytesIO(source), None, None, None)]
    assert found == [("ngettext", ("One left.", "%(count)s left.")), ("gettext", "One more")]


@every_language
def test_the_offered_pages_are_there_with_the_same_parts(language):
    for slug, english in starting_texts.PAGES.items():
        text = starting_texts.body(slug, language)
        assert text != english, slug
        for part in (r"^## ", r"^- ", r"^\d\. ", r"\n\n", r"\*\w"):
            assert len(re.findall(part, text, re.MULTILINE)) == len(re.findall(part, english, re.MULTILINE)), (slug, part)
        assert set(PLACE.findall(text)) == set(PLACE.findall(english)), slug


# ---------------------------------------------------------------- every page, in every language


def left_in_english(language):
    """``finder(text)``: whether a text of a page is an English sentence of ours that should have been translated."""
    whole, patterns = set(), []
    for message in messages(language):
        for english, form in zip(both(message), forms(message), strict=False):
            if english == form or len(english) < 3:
                continue
            if PLACE.search(english):
                patterns.append(".+".join(map(re.escape, PLACE.split(english))))
            else:
                whole.add(english)
    pattern = re.compile("|".join(f"(?:{one})" for one in patterns if re.search(r"[a-z]{3}", one)))
    return lambda text: text in whole or bool(pattern.fullmatch(text))


def texts_of(page):
    return [" ".join(text.split()) for text in spoken(page.tree) if text.strip()]


def by_turns(name, language):
    """Each person in one language: what a page forgets to translate it forgets in each, and no catalogue lacks a sentence."""
    place = OTHERS.index(language)
    few = len(PEOPLE[name]) < len(OTHERS)
    chosen = [who for turn, who in enumerate(PEOPLE[name]) if few or turn % len(OTHERS) == place]
    return {who: PEOPLE[name][who] for who in chosen}


ENGLISH_ITSELF = re.compile(r"/admin/settings/texts/\w+/en/")  # where the English words of e-mails are written


@every_language
@pytest.mark.parametrize("name", ["living", "opening", "empty"])
def test_no_page_of_anybody_keeps_a_word_of_english(scene, name, language):
    known, is_english = data() - {"Portal"}, left_in_english(language)
    seen = set()
    for who, starts in by_turns(name, language).items():
        walker = scene.ways[who]
        walker.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        for path, page in walker.walk(*starts).items():
            if page.is_html and page.status // 100 != 3:
                assert (page.tree.get("lang"), page.tree.get("dir")) == (language, texts.direction(language)), path
                assert page.headers["Content-Language"] == language
                assert ENGLISH_ITSELF.search(path) or [text for text in texts_of(page) if is_english(text) and text not in known] == [], (who, path)
                seen.add(path)
    assert seen


@every_language
@pytest.mark.parametrize("name", ["living", "opening"])
def test_no_refusal_keeps_a_word_of_english(scene, name, language):
    known, is_english = data(), left_in_english(language)
    met = 0
    for who in PEOPLE[name]:
        scene.ways[who].client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        kinds = scene.kinds(who)
        for found in kinds[OTHERS.index(language) :: len(OTHERS)] if name == "living" else kinds:  # by turns, where there are many
            kept = {field: found.form.values[field] for field in ("csrf_token", "form_id", "version") if field in found.form.values}
            answer = scene.post(found, {**dict.fromkeys(found.form.names - found.form.hidden, "x"), **kept})
            scene.restore()
            if answer.status == 422:
                met += 1
                left = [text for text in texts_of(answer) if is_english(text) and text not in known]
                assert ENGLISH_ITSELF.search(str(found)) or left == [], str(found)
    assert met > 2


@every_language
def test_every_mail_is_written_in_its_readers_language(cast, language):
    with store.writing():
        Agency.update(language=language).execute()
    profile.choose_language(cast.alice, language, SYSTEM)
    write_every_letter(cast)
    is_english, kinds = left_in_english(language), set()
    for delivery in Delivery.select().where(Delivery.state == "due"):
        tongue = letters.language_of(delivery)
        letter = letters.letter(delivery, "https://portal.example.org")
        plain, html = letters.bodies(letter, tongue, "https://portal.example.org")
        assert tongue == language
        assert f'<html lang="{language}" dir="{texts.direction(language)}">' in html
        assert not any(is_english(text) for text in (letter.subject, *letter.paragraphs, *letter.after)), delivery.kind
        assert not any(is_english(line.split(": http")[0].strip()) for line in plain.splitlines()), delivery.kind
        kinds.add(delivery.kind)
    assert kinds == set(notices.KINDS)


@every_language
def test_the_page_without_a_database_speaks_the_browsers_language(app, browse, house, tmp_path, language):
    browser, opened = browse(), models.db.obj
    try:
        store.open_database(f"sqlite:///{tmp_path / 'nowhere' / 'at-all.db'}")
        answer = browser.ask("/sign-in", headers={"Accept-Language": language})
    finally:
        models.db.initialize(opened)
    assert (answer.status, answer.tree.get("lang")) == (503, language)
    assert answer.heading == texts.say(language, "Something went wrong")


# ---------------------------------------------------------------- which language


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("es", "es"), ("es-MX,es;q=0.9,en;q=0.8", "es"), ("fr-CA", "fr"), ("ar-EG, en;q=0.5", "ar"), ("en-GB", "en"),
        ("de", "fr"), ("*", "fr"), ("", "fr"), ("de, es;q=0.5", "es"), ("xx-;q=nonsense", "fr"),
    ],
)  # fmt: skip
def test_a_stranger_is_answered_in_the_browsers_language_else_the_agencys(browse, house, asked, spoken):
    with store.writing():
        Agency.update(language="fr").execute()
    page = browse().open("/sign-in", headers={"Accept-Language": asked})
    assert (page.tree.get("lang"), page.headers["Content-Language"]) == (spoken, spoken)
    assert {"accept-language", "cookie", "hx-request"} <= set(page.headers["Vary"].lower().split(", "))


def test_a_visitor_chooses_a_language_and_the_browser_keeps_it(browse, house):
    visitor = browse()
    visitor.open("/sign-in?next=/about-me/", headers={"Accept-Language": "fr"})
    page = visitor.press("العربية")
    assert (page.tree.get("lang"), page.tree.get("dir"), page.path) == ("ar", "rtl", "/sign-in?next=/about-me/")
    assert visitor.open("/pages/help", headers={"Accept-Language": "fr"}).tree.get("lang") == "ar"
    assert visitor.answer.headers["Set-Cookie"].startswith("language=ar; ")
    buttons = [button for button in page.tree.iter("button") if button.get("name") == "language"]
    assert [button.get("lang") for button in buttons] == list(texts.LANGUAGES)
    assert [button.get("lang") for button in buttons if button.get("aria-current")] == ["ar"]


def test_the_choice_is_kept_as_carefully_as_a_session(production, house):
    visitor = Browser(production)
    visitor.open("/sign-in")
    visitor.press("Français")
    kept = visitor.answer.headers["Set-Cookie"]
    assert kept.startswith("__Host-language=fr; ")
    assert all(word in kept for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))


@pytest.mark.parametrize("chosen", ["de", "", "../..", "en\r\nX-Evil: 1", "AR"])
def test_what_is_no_language_changes_nothing(browse, house, chosen):
    visitor = browse()
    answer = visitor.send("/language", {"csrf_token": visitor.token, "language": chosen, "next": "/sign-in"})
    assert (answer.status, answer.location) == (303, "/sign-in")
    assert not any(cookie.startswith("language") for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/nowhere", "", "/\\evil.example", "/sign-out"])
def test_the_choice_leads_nowhere_else(browse, house, target):
    visitor = browse()
    assert visitor.send("/language", {"csrf_token": visitor.token, "language": "fr", "next": target}).location == "/"


def test_alice_chooses_her_language_and_it_counts_more_than_the_browsers(browse, cast, mailbox):
    alice = browse("alice")
    alice.open("/my-portal/language")
    page = alice.press("Save", language="ar")
    assert page.tree.get("lang") == "ar"
    assert alice.open("/", headers={"Accept-Language": "fr"}).tree.get("dir") == "rtl"
    entry = AuditEntry.get(AuditEntry.kind == "individual.language_chosen")
    assert (entry.individual_id, entry.actor_kind) == (cast.alice.id, "client")
    assert audit.values_of(entry) == {"before": {"language": ""}, "after": {"language": "ar"}}
    resets.ask("alice@example.org", cast.visitor())
    sent = mailbox.newest("alice@example.org")
    assert sent["Subject"] == texts.say("ar", "Choose a new password")
    assert texts.say("ar", "Hello,") in text_of(sent)


def test_what_staff_have_open_does_not_undo_her_choice(cast):
    before = cast.alice.version
    profile.choose_language(cast.alice, "fr", SYSTEM)
    profile.choose_language(cast.alice, "fr", SYSTEM)
    kept = Individual.get_by_id(cast.alice.id)
    assert (kept.language, kept.version) == ("fr", before + 1)


def test_a_language_that_the_portal_does_not_speak_is_refused(browse, cast):
    alice = browse("alice")
    alice.open("/my-portal/language")
    form = alice.page.form("Save")
    page = alice.submit(form, {**form.values, "language": "de"})
    assert page.status == 422
    assert page.problems == ["Choose one of the list."]


def test_a_worker_chooses_for_the_browser(browse, cast):
    dora = browse("dora")
    dora.open("/admin/my-sign-in/")
    assert dora.press("Español").heading == "Mi acceso"
    assert dora.open("/admin/").heading == "Hoy"


def test_the_offline_page_speaks_the_language_of_the_page_that_asked_for_it(browse, house):
    assert browse().open("/offline?v=1&l=ar").tree.get("dir") == "rtl"
    assert browse().open("/offline?v=1&l=nonsense").tree.get("lang") == "en"


# ---------------------------------------------------------------- the agency's own


def test_an_agency_that_speaks_french_is_offered_french_and_has_every_footer(db):
    agency.describe({
        "name": "Maison du Port", "short_name": "Port", "site_name": "Rue Haute", "phone": "+1 902 555 0100", "country": "CA",
        "time_zone": "America/Halifax", "emergency_line": "Appelez le 911.", "language": "fr",
    }, SYSTEM)  # fmt: skip
    offered = starting_texts.offered(agency.particulars(), "fr")
    agency.publish_first(offered["privacy"], offered["terms"], SYSTEM)
    published = {(page.slug, page.language) for page in PageVersion.select()}
    standard = {(slug, language) for slug in ("help", "technical", "contact") for language in texts.LANGUAGES}
    assert published == standard | {("privacy", "fr"), ("terms", "fr")}
    assert agency.page("privacy", "ar").language == "fr"
    assert "Maison du Port" in agency.page("contact", "ar").body


def test_an_agency_cannot_speak_what_the_portal_does_not(db):
    with pytest.raises(RuleBroken) as refusal:
        agency.describe({
            "name": "Haus", "short_name": "Haus", "site_name": "Tor", "phone": "+1 902 555 0100", "country": "CA",
            "time_zone": "UTC", "emergency_line": "112", "language": "de",
        }, SYSTEM)  # fmt: skip
    assert refusal.value.field == "language"


# ---------------------------------------------------------------- dates, and names that turn


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "1 March 2026", "1 Mar 2026, 10:30 AST"), ("es", "1 de marzo de 2026", "1 mar 2026, 10:30 GMT-04:00"),
        ("fr", "1 mars 2026", "1 mars 2026, 10:30 UTC-04:00"), ("ar", "1 مارس 2026", "1 مارس 2026، 10:30 غرينتش-04:00"),
    ],
)  # fmt: skip
def test_dates_are_written_as_the_language_writes_them(app, house, language, day, moment):
    with app.test_request_context("/", headers={"Accept-Language": language}):
        assert formatting.day(dt.date(2026, 3, 1)) == day
        assert formatting.when(dt.datetime(2026, 3, 1, 14, 30, tzinfo=dt.UTC)) == moment


HOSTILE = "\u202eevil🦦\u202c"


def test_a_name_that_turns_the_line_stays_by_itself(browse, cast):
    profile.choose_language(cast.alice, "ar", SYSTEM)
    with store.writing():
        Individual.update(preferred_name=HOSTILE, first_name=HOSTILE).execute()
    alice = browse("alice")
    assert f"\u2068{HOSTILE}\u2069" in alice.open("/").heading
    named = [bdi for bdi in alice.open("/about-me/").tree.iter("bdi") if HOSTILE in "".join(bdi.itertext())]
    assert named


def test_a_code_is_taken_in_whichever_digits_it_is_typed(cast):
    link = agency.send_mail_test(cast.ada)
    eastern = links.digits(link).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    agency.confirm_mail_test(cast.ada, f"{eastern[:3]} {eastern[3:]}", cast.by("ada"))
    assert Agency.get().mail_tested_at


def test_only_languages_that_turn_isolate_what_is_filled_in():
    assert texts.say("ar", "Good morning, %(name)s", name="A") == "صباح الخير، \u2068A\u2069"
    assert texts.say("fr", "Good morning, %(name)s", name="A") == "Bonjour, A"


def test_arabic_says_each_plural():
    tongue = texts.catalogue("ar")
    said = {n: tongue.ngettext("%(num)s found", "%(num)s found", n) for n in (0, 1, 2, 3, 11, 100)}
    assert [said[n] for n in (0, 1, 2)] == ["لا توجد نتائج", "نتيجة واحدة", "نتيجتان"]
    assert all("%(num)s" in said[n] for n in (3, 11, 100))
