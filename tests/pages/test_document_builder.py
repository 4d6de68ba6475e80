"""Staff build a document on a page: every button without JavaScript, nothing that was typed is lost, nothing of a preview is kept."""

import document_forms as df
import pytest

from domain import document_edits, document_faults, document_templates
from domain.document_parts import QUESTION_KINDS, Condition
from models import AuditEntry, DocumentTemplate, DocumentVersion

pytestmark = pytest.mark.usefixtures("cast")
HOME = "/admin/document-templates/"


def made(cast, form=None, name="Intake"):
    template = document_templates.create("form", name, "en", cast.by("ada"))
    if form is not None:
        document_templates.change(template, form, cast.by("ada"), version=1)
    return template


def draft():
    return document_templates.draft_of(DocumentTemplate.get())


def keys(form=None):
    return [question.key for _p, _s, question in (form or draft()).questions()]


def path(template, more=""):
    return f"{HOME}{template.public_id}/{more}"


def words(name, **said):
    """The fields of a text in each language."""
    return {f"q-{name}.{code}": text for code, text in {"en": "", "es": "", "fr": "", "ar": "", **said}.items()}


def everywhere(name, text):
    return words(name, **dict.fromkeys(("en", "es", "fr", "ar"), text))


def test_ada_builds_a_form_and_publishes_it(browse):
    ada = browse("ada")
    ada.open(HOME + "new")
    ada.press("Build it", {"name": "Intake", "kind": "form"})
    assert "not published yet" in ada.page
    ada.open(path(DocumentTemplate.get(), "about"))
    about = ada.page.form("Save")
    ada.submit(about, {**about.filled({**everywhere("title", "About you"), "q-minutes": "10"}), "q-languages": ["en", "es", "fr", "ar"]})
    page, = draft().pages
    ada.open(path(DocumentTemplate.get(), f"parts/{page.key}/"))
    ada.press("Save", everywhere("words", "First page"))
    section, = page.sections
    ada.press("Add a question: Section without words", {f"kind-{section.key}": "short_text"})
    assert ada.page.heading == "Short text"
    ada.press("Save", everywhere("words", "Which name do you like?"))
    assert "Which name do you like?" in ada.page
    assert "to put right" not in ada.page
    ada.open(path(DocumentTemplate.get(), "publication"))
    ada.press("Publish")
    assert "Published as version 1." in ada.page
    version = DocumentVersion.get()
    assert document_templates.newest(DocumentTemplate.get()) == version
    assert draft().minutes == 10
    assert "published" in ada.open(HOME)


@pytest.mark.parametrize("name", ["dora", "otto", "alice"])
def test_only_who_manages_documents_builds(browse, cast, name):
    template = made(cast)
    who = browse(name)
    for address in (HOME, path(template), path(template, "about"), path(template, "preview")):
        assert who.ask(address).status in (303, 404)


def test_what_is_not_there_is_not_found(browse, cast):
    template, ada = made(cast), browse("ada")
    for address in (path(template, "parts/nothing/"), path(template, "scores/nothing/"), path(template, "preview?version=7"), HOME + "nobody/"):
        assert ada.ask(address).status == 404
    token = {"csrf_token": ada.token, "version": "1"}
    assert ada.send(path(template), {**token, "form_id": "a" * 22, "do": "explode:x"}).status == 404
    assert ada.send(path(template), {**token, "form_id": "b" * 22, "do": "up:nothing"}).status == 404


@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_every_kind_of_question_is_added_shown_and_saved_as_it_was(browse, cast, kind):
    """A page that is opened and saved changes nothing."""
    template, ada = made(cast), browse("ada")
    section = draft().pages[0].sections[0]
    ada.open(path(template))
    ada.press("Add a question: Section without words", {f"kind-{section.key}": kind})
    key, = keys()
    before = document_edits.find(draft(), key)
    assert before.kind == kind
    ada.press("Save")
    assert document_edits.find(draft(), key) == before
    assert ada.open(path(template, "preview")).status == 200


FULL = df.paper(
    [df.ask("kids"), df.ask("n", "decimal", ("kids", "equals", "true"), least="0", most="12.5", places=1, unit={"en": "kg"}, step="0.5")],
    [df.section("s", df.ask("d", "date", least="2026-01-01", default="2026-02-03"), df.ask("o", "one", has_other=True, way="list",
     default={"key": "b"}), df.ask("m", "many", least="1", most="2"), df.ask("t", "table", is_required=True), df.ask(
         "sc", "scale", (("d", "greater", "2026-01-05"), ("o", "equals", "a")), any_of=True), df.ask("w", "short_text", prefill="first_name",
     may_change=False, is_for_staff=True), df.ask("tm", "time", least="08:00"), df.ask("dt", "date_time", default="2026-02-03T10:00"),
     df.ask("mo", "currency", most="100"), df.ask("bd", "birth_date", prefill="birth_date"), least=0, most=4)],
)  # fmt: skip


@pytest.mark.parametrize("key", [*keys(FULL), "s", "p0"])
def test_what_a_part_says_stands_in_its_fields_and_is_saved_as_it_was(browse, cast, key):
    template, ada = made(cast, FULL), browse("ada")
    assert not document_faults.faults(FULL)
    ada.open(path(template, f"parts/{key}/"))
    if key in ("m", "w", "bd"):  # what several boxes say the test's browser reads as one
        assert document_edits.find(draft(), key) == document_edits.find(FULL, key)
        return
    ada.press("Save")
    assert document_edits.find(draft(), key) == document_edits.find(FULL, key)


def test_parts_are_moved_copied_and_removed_without_javascript(browse, cast):
    template, ada = made(cast, df.paper([df.ask("a"), df.ask("b")], [df.ask("c")])), browse("ada")
    ada.open(path(template))
    ada.press("Down: Question a")
    assert keys() == ["b", "a", "c"]
    assert 'autofocus' in ada.page.html
    ada.press("Down: Question a")
    assert keys() == ["b", "a", "c"]
    assert [len(page.sections[0].questions) for page in draft().pages] == [1, 2]
    ada.press("Duplicate: Question b")
    assert len(keys()) == 4
    ada.press("Up: Page 1")
    assert [page.key for page in draft().pages] == ["p1", "p0"]
    ada.open(path(template, "parts/c/removal"))
    ada.press("Remove")
    assert "c" not in keys()
    ada.open(path(template))
    ada.press("Add a section: Page 1")
    assert len(draft().pages[0].sections) == 2
    ada.open(path(template))
    ada.press("Add a page")
    assert len(draft().pages) == 3


def test_choices_are_added_moved_scored_and_removed(browse, cast):
    template, ada = made(cast, df.paper([df.ask("o", "one")])), browse("ada")
    ada.open(path(template, "parts/o/"))
    ada.press("Add: Choices", {"q-more_choices": "Pear\n\nKiwi", "q-choices.a.score": "1.5"})
    found = document_edits.find(draft(), "o")
    assert [choice.words["en"] for choice in found.choices] == ["Choice a", "Choice b", "Choice c", "Pear", "Kiwi"]
    assert str(found.choices[0].score) == "1.5"
    ada.press("Up: Choice 5")
    ada.press("Remove: Choice 1")
    ada.press("Down: Choice 1")
    assert [choice.words["en"] for choice in document_edits.find(draft(), "o").choices] == ["Choice c", "Choice b", "Kiwi", "Pear"]


def test_wrong_input_keeps_all_that_was_typed(browse, cast):
    template, ada = made(cast, df.paper([df.ask("o", "one"), df.ask("n", "whole")])), browse("ada")
    ada.open(path(template, "parts/o/"))
    ada.press("Save", {"q-words.en": "Which?", "q-choices.b.score": "much"})
    assert ada.answer.status == 422
    assert "Which?" in ada.page.html
    assert 'value="much"' in ada.page.html
    assert any("Enter a number" in each for each in ada.page.problems)
    assert document_edits.find(draft(), "o").words["en"] == "Question o"


def test_a_stale_page_is_refused_in_words_and_nothing_is_lost(browse, cast):
    template, ada = made(cast, df.paper([df.ask("a"), df.ask("b")])), browse("ada")
    ada.open(path(template, "parts/a/"))
    other = browse("ada")
    other.open(path(template, "parts/b/"))
    other.press("Save", {"q-words.en": "Changed by the other"})
    ada.press("Save", {"q-words.en": "Mine"})
    assert ada.answer.status == 422
    assert 'value="Mine"' in ada.page.html
    assert document_edits.find(draft(), "a").words["en"] == "Question a"
    ada.press("Save")
    assert document_edits.find(draft(), "a").words["en"] == "Mine"
    assert document_edits.find(draft(), "b").words["en"] == "Changed by the other"


def test_a_stale_button_of_the_builder_is_refused_in_words(browse, cast):
    template, ada = made(cast, df.paper([df.ask("a"), df.ask("b")])), browse("ada")
    ada.open(path(template))
    document_templates.change(DocumentTemplate.get(), df.paper([df.ask("a")]), cast.by("ada"), version=2)
    ada.press("Duplicate: Question a")
    assert keys() == ["a"]
    assert ada.page.status == 200
    assert "meanwhile" in ada.page.text


def test_a_rule_when_something_is_shown(browse, cast):
    template, ada = made(cast, df.paper([df.ask("kids"), df.ask("n", "whole"), df.ask("last")])), browse("ada")
    ada.open(path(template, "parts/last/"))
    ada.press("Add the rule", {"q-new_rule": "kids"})
    ada.press("Save", {"q-if.0.test": "equals", "q-if.0.value": "no"})
    assert document_edits.find(draft(), "last").show_if.conditions == (Condition("kids", "equals", "false"),)
    assert "Question kids is: No" in ada.page.text
    ada.open(path(template, "parts/last/"))
    ada.press("Add the rule", {"q-new_rule": "n"})
    ada.press("Save", {"q-if.1.test": "greater", "q-if.1.value": "3", "q-all_of": "any"})
    rules = document_edits.find(draft(), "last").show_if
    assert not rules.all_of
    assert rules.conditions[1] == Condition("n", "greater", "3")
    ada.open(path(template, "parts/last/"))
    ada.press("Remove: Question kids")
    assert document_edits.find(draft(), "last").show_if.conditions == (Condition("n", "greater", "3"),)


def test_a_score_with_bands(browse, cast):
    template, ada = made(cast, df.paper([df.ask("a", "scale"), df.ask("b", "scale")])), browse("ada")
    ada.open(path(template))
    ada.press("Add a score")
    ada.press("Add a band", {"q-words.en": "Strain", "q-questions": True})
    ada.press("Save", {"q-band.0.least": "0", "q-band.0.most": "20", "q-band.0.words.en": "Low", "q-how": "mean"})
    score, = draft().scores
    assert (score.words["en"], score.how, str(score.bands[0].most), score.bands[0].words) == ("Strain", "mean", "20", {"en": "Low"})
    assert score.questions == ("b",)
    ada.open(path(template, f"scores/{score.key}/removal"))
    ada.press("Remove")
    assert draft().scores == ()


def test_what_keeps_it_from_being_published_leads_to_its_place(browse, cast):
    template, ada = made(cast, df.paper([df.ask("o", "one", choices=df.choices("a"))])), browse("ada")
    page = ada.open(path(template))
    assert page.links["Question o: Give at least two choices."] == path(template, "parts/o/")
    assert "Give at least two choices." in ada.open(path(template, "parts/o/"))
    page = ada.open(path(template, "publication"))
    assert "Publish" not in page.buttons
    ada.send(path(template, "publication"), {"csrf_token": ada.token, "form_id": "a" * 22, "version": "2"})
    assert not DocumentVersion.select().exists()
    assert "Give at least two choices." in ada.open(path(template, "publication"))


def test_a_template_is_no_longer_offered_and_offered_again(browse, cast):
    template, ada = made(cast), browse("ada")
    ada.open(path(template))
    ada.press("Offer it no longer")
    assert "Intake" not in ada.open(HOME).main
    assert "Intake" in ada.open(HOME + "?state=former")
    ada.open(path(template))
    ada.press("Offer it again")
    assert "Intake" in ada.open(HOME).main


def test_a_copy_begins_with_what_there_is(browse, cast):
    template, ada = made(cast, df.paper([df.ask("a")])), browse("ada")
    ada.open(path(template, "copy"))
    ada.press("Make the copy")
    assert ada.page.heading == "Copy of Intake"
    assert DocumentTemplate.select().count() == 2


def test_templates_are_found_by_name(browse, cast):
    made(cast, name="Intake")
    made(cast, name="Consent of parents")
    page = browse("ada").open(HOME + "?q=consent")
    assert "Consent of parents" in page
    assert "Intake" not in page.main


# ---------------------------------------------------------------- preview


def test_a_preview_is_walked_through_and_nothing_is_kept(browse, cast):
    form = df.paper([df.ask("kids", is_required=True)], [df.ask("n", "whole", ("kids", "equals", "true"))], [df.ask("last", "short_text")])
    template, ada = made(cast, form), browse("ada")
    entries = AuditEntry.select().count()
    ada.open(path(template, "preview"))
    ada.press("Next")
    assert ada.answer.status == 422
    assert ada.page.problems == ["Answer this question."]
    ada.press("Next", {"q-kids": "no"})
    assert "Question last" in ada.page
    ada.press("Back")
    ada.press("Next", {"q-kids": "yes"})
    ada.press("Next", {"q-n": "many"})
    assert ada.answer.status == 422
    assert 'value="many"' in ada.page.html
    ada.press("Next", {"q-n": "3"})
    ada.press("Next", {"q-last": "A & B"})
    assert "This is the end." in ada.page
    ada.press("Back")
    assert "A &amp; B" in ada.page.html
    assert AuditEntry.select().count() == entries


def test_a_preview_shows_scores_and_repeats(browse, cast):
    form = df.paper([df.section("s", df.ask("a", "scale"), least=1, most=3)],
                    scores=[df.score("x", "sum", "a", bands=[("0", "5", "Low"), ("6", "30", "High")])])  # fmt: skip
    template, ada = made(cast, form), browse("ada")
    ada.open(path(template, "preview"))
    ada.press("Add another one", {"q-a": "4"})
    ada.press("Next", {"q-a:1": "5"})
    assert "9 · High" in ada.page
    ada.press("Back")
    ada.press("Remove: Section s 1")
    ada.press("Next")
    assert "5 · Low" in ada.page


def test_a_preview_speaks_the_languages_of_the_document(browse, cast):
    question = df.ask("a", words={"en": "Do you smoke?", "ar": "هل تدخن؟"})
    template, ada = made(cast, df.paper([question], languages=("en", "ar"))), browse("ada")
    ada.open(path(template, "preview"))
    ada.press("العربية")
    assert "هل تدخن؟" in ada.page
    assert 'lang="ar" dir="rtl"' in ada.page.html
    assert "Preview" in ada.page.heading
