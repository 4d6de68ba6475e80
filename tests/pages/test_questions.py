"""Each kind of question as a page shows it: what is answered stands in its fields, and what the fields send is that answer again."""

import dataclasses
import datetime as dt

import html5lib
import pytest
from flask import render_template_string
from pages.conftest import words

from blueprints import questions
from domain import document_answers, document_parts
from domain.document_parts import SILENT, Condition, Page, Section, ShowIf
from domain.rules import RuleBroken
from tests.domain.test_document_answers import KEPT, RIGHT, TODAY, asks

pytestmark = pytest.mark.usefixtures("house")
PLACE = "{% import 'documents/_questions.html' as asked with context %}<form id='f'>{{ asked.summary(errors) }}{{ asked.blocks(blocks) }}</form>"


def form_of(*asked, **more):
    section = Section("s", {"en": "Child"}, asked, **more)
    return document_parts.Form("form", {"en": "About you"}, ("en",), pages=(Page("p", {"en": "First"}, (section,)),))


def shown(app, form, answers, language="en", **more):
    """The page's part as a browser reads it."""
    with app.test_request_context("/"):
        reading = questions.Reading(language, "en", "CA", "CAD", TODAY, **more)
        blocks = questions.blocks(form, "p", answers, reading)
        html = render_template_string(PLACE, blocks=blocks, errors=reading.errors)
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(html)


def sent(tree):
    """What a browser would send: lists by name, as an answer is read from."""
    fields = {}
    for control in tree.iter():
        kind, name = control.get("type"), control.get("name")
        if not name or control.tag not in ("input", "select", "textarea") or (kind in ("radio", "checkbox") and control.get("checked") is None):
            continue
        if control.tag == "select":
            value = next((each.get("value") for each in control.iter("option") if each.get("selected") is not None), "")
        elif control.tag == "textarea":
            value = "".join(control.itertext()).removeprefix("\n")
        else:
            value = control.get("value", "on")
        fields.setdefault(name, []).append(value)
    return fields


def ids(tree):
    return [each.get("id") for each in tree.iter() if each.get("id")]


def of_kind(kind, **more):
    return asks(kind, **{"places": 1, "has_other": kind in ("one", "many"), "least": "0", "most": "10"} | more if kind in ("scale", "slider") else
                {"places": 1, "has_other": kind in ("one", "many")} | more)  # fmt: skip


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("more", [{}, {"is_required": True}, {"help": {"en": "As you like <b>."}}])
def test_what_a_page_shows_is_read_as_the_same_answer(app, kind, more):
    question, (value, _) = of_kind(kind, **more), RIGHT[kind]
    tree = shown(app, form_of(question), {"k": value})
    again = document_answers.typed(question, sent(tree), "en", "CA", today=TODAY, currency="CAD", kept=KEPT)
    assert again == value
    assert len(ids(tree)) == len(set(ids(tree)))


@pytest.mark.parametrize("kind", RIGHT)
def test_a_page_that_nobody_answered_sends_no_answer(app, kind):
    question = of_kind(kind)
    tree = shown(app, form_of(question), {})
    assert document_answers.typed(question, sent(tree), "en", "CA", today=TODAY, currency="CAD", kept=KEPT) is None


@pytest.mark.parametrize("way", ["list", "search"])
@pytest.mark.parametrize("value", [{"key": "b"}, {"other": "Kiwi"}])
def test_one_of_a_long_list_comes_back(app, way, value):
    question = asks("one", way=way, has_other=True)
    tree = shown(app, form_of(question), {"k": value})
    assert document_answers.typed(question, sent(tree), "en", "CA", today=TODAY) == value


@pytest.mark.parametrize("kind", RIGHT)
def test_every_control_has_words_and_every_error_a_place(app, kind):
    question = of_kind(kind)
    names = document_answers.field_names(question, 0)
    for name in names.values():
        errors = {name: ["Wrong in this."]}
        tree = shown(app, form_of(question), {}, typed={}, errors=errors)
        labelled = {label.get("for") for label in tree.iter("label")}
        for control in tree.iter():
            if control.tag in ("input", "select", "textarea") and control.get("type") != "hidden":
                assert control.get("id") in labelled, control.attrib
        for link in tree.iter("a"):
            assert link.get("href")[1:] in ids(tree)
        assert words(tree).count("Wrong in") >= 2, errors  # in the summary and beside the field


def test_what_was_typed_and_refused_stands_there_again(app):
    question = asks("decimal", places=1)
    tree = shown(app, form_of(question), {"k": "2.5"}, typed={"q-k": ["two & a half"]}, errors={"q-k": ["Enter a number, such as 12.5."]})
    field = next(each for each in tree.iter("input"))
    assert field.get("value") == "two & a half"
    assert field.get("aria-invalid") == "true"


def test_a_section_that_repeats_has_its_turns_and_a_button_for_one_more(app):
    form = form_of(asks("short_text"), least=1, most=3, again={"en": "Add another child"})
    tree = shown(app, form, {"#s": "2", "k": "Ann", "k:1": "Bo"})
    assert [words(each) for each in tree.iter("h2")] == ["Child 1", "Child 2"]
    assert sent(tree) == {"q-k": ["Ann"], "q-k:1": ["Bo"]}
    assert [words(each) for each in tree.iter("button")] == ["Remove: Child 1", "Remove: Child 2", "Add another child"]
    assert "Add another child" not in words(shown(app, form, {"#s": "3"}))


def test_a_section_that_may_be_there_no_time_has_the_button_alone(app):
    form = form_of(asks("short_text"), least=0, most=3, again={"en": "Add another child"})
    tree = shown(app, form, {"#s": "0"})
    assert sent(tree) == {}
    assert [(each.get("name"), each.get("value")) for each in tree.iter("button")] == [("more", "s")]


def test_what_is_hidden_or_for_staff_is_not_on_the_page(app):
    hidden = dataclasses.replace(asks("whole"), key="h", show_if=ShowIf(True, (Condition("k", "equals", "true"),)))
    staff = dataclasses.replace(asks("whole"), key="st", is_for_staff=True)
    form = form_of(asks("yes_no"), hidden, staff)
    assert sent(shown(app, form, {"k": False})) == {"q-k": ["no"]}
    assert sent(shown(app, form, {"k": True})) == {"q-k": ["yes"], "q-h": [""]}


@pytest.mark.parametrize("kind", [*RIGHT, *SILENT])
def test_what_cannot_be_changed_is_only_read(app, kind):
    question = of_kind(kind, may_change=False)
    value, said = RIGHT.get(kind, (None, "What?"))
    tree = shown(app, form_of(question), {"k": value} if value is not None else {})
    assert sent(tree) == {}
    if kind != "picture":
        assert " ".join(said.split()) in words(tree)


def test_words_are_those_of_the_language_and_hostile_ones_are_words(app):
    question = dataclasses.replace(asks("short_text"), words={"en": "<script>x</script>", "ar": "الاسم"}, unit={})
    assert "<script>x</script>" in words(shown(app, form_of(question), {}))
    assert "الاسم" in words(shown(app, form_of(question), {}, language="ar"))


def test_errors_are_sentences_by_field(app):
    with app.test_request_context("/"):
        broken = RuleBroken("Choose one of the list.", field="q-k")
        assert questions.errors_of([broken], "en") == {"q-k": ["Choose one of the list."]}
        assert questions.missing("k:1", asks("date")).field == "q-k:1-day"


def test_limits_are_said(app):
    said = {"whole": ("1", "5", "Enter a number from 1 to 5."), "many": ("", "1", "Choose at most 1."),
            "date": ("2026-01-01", "", "Enter 1 January 2026 or later."), "short_text": ("3", "", "Use at least 3 characters.")}  # fmt: skip
    for kind, (least, most, sentence) in said.items():
        assert sentence in words(shown(app, form_of(asks(kind, least=least, most=most)), {}))
    assert dt.date(2026, 1, 1) < TODAY
