"""A form is written in one way, read back as it was, and known by its digest."""

import dataclasses
import json
import re
from decimal import Decimal

import pytest
from document_forms import ANY_FORM, ask, choices, en, paper, score, section
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from domain import document_parts as parts
from domain.document_parts import Page, digest, plain_number, read, say, write

MADE_OF = (parts.Form, parts.Page, parts.Section, parts.Question, parts.Choice, parts.Condition, parts.ShowIf, parts.Score, parts.Band)
FULL = paper(
    section("start", ask("name", "short_text", is_required=True, prefill="first_name"), ask("well")),
    section("kids", ask("kid", "one", ("well", "equals", "true"), choices=choices("a", "b", scores=(Decimal(0), Decimal("1.5")))), most=4),
    scores=[score("sum", "sum", "kid", bands=[("0", "1", "Low"), ("1.5", "6", "High")])], intro=en("Please fill this in."), minutes=5,
)  # fmt: skip


@given(ANY_FORM)
@hypothesis_settings(max_examples=60)
def test_any_form_is_read_back_as_it_was_written(form):
    text = write(form)
    assert write(read(text)) == text
    assert digest(read(text)) == digest(form)


def test_a_form_is_read_back_as_the_same_value():
    assert read(write(FULL)) == FULL


def test_there_is_one_way_to_write_a_form():
    text = write(FULL)
    assert text == json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert '"minutes":5' in text
    assert "may_decline" not in text  # as usual


def test_however_letters_are_put_together_the_digest_is_the_same():
    whole, apart = paper(ask("a"), title=en("Caf\u00e9")), paper(ask("a"), title=en("Cafe\u0301"))
    assert digest(whole) == digest(apart)


@pytest.mark.parametrize(("number", "text"), [
    ("1.50", "1.5"), ("100", "100"), ("1E+2", "100"), ("-0.0", "0"), ("0.000001", "0.000001"), ("-12.0", "-12"), ("1E-7", "0.0000001"),
])  # fmt: skip
def test_a_number_is_written_with_digits_and_never_with_an_exponent(number, text):
    assert plain_number(Decimal(number)) == text


OTHER = {str: "other", int: 3, dict: {"en": "Other"}, Decimal: Decimal(7), type(None): "7"}


def one_thing_changed(value, name=""):
    """The value with each of the things in it changed, one at a time, and the name of what was."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            for where, other in one_thing_changed(getattr(value, field.name), f"{type(value).__name__}.{field.name}"):
                yield where, dataclasses.replace(value, **{field.name: other})
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield name, value[:number] + value[number + 1 :]
            yield from ((where, (*value[:number], other, *value[number + 1 :])) for where, other in one_thing_changed(each, name))
    else:
        yield name, not value if isinstance(value, bool) else OTHER[type(value)]


def test_whatever_is_changed_changes_the_digest():
    full = dataclasses.replace(FULL, pages=(*FULL.pages, Page("last", en("Last"), (section("t", ask("table", "table")),))))
    changed = list(one_thing_changed(full))
    every = {f"{kind.__name__}.{field.name}" for kind in MADE_OF for field in dataclasses.fields(kind)}
    assert {where for where, _ in changed} == every - {"Section.show_if", "Question.show_if"}  # what is in those is
    digests = [digest(form) for _, form in changed]
    assert digest(full) not in digests
    assert digest(dataclasses.replace(full, pages=full.pages[::-1])) != digest(full)


@pytest.mark.parametrize(("text", "why"), [
    ("", "not JSON"), ("{", "not JSON"), ("[]", "form: not an object"), ("null", "form: not an object"),
    ('{"kind":"form"}', "form: without title, languages"),
    ('{"kind":"form","title":{},"languages":[],"is_admin":true}', "form: unknown is_admin"),
    ('{"kind":1,"title":{},"languages":[]}', "form.kind: not str"),
    ('{"kind":"form","title":"About you","languages":[]}', "form.title: not a text for each language"),
    ('{"kind":"form","title":{"en":3},"languages":[]}', "form.title: not a text for each language"),
    ('{"kind":"form","title":{},"languages":"en"}', "form.languages: not a list"),
    ('{"kind":"form","title":{},"languages":[],"minutes":true}', "form.minutes: not int"),
    ('{"kind":"form","title":{},"languages":[],"minutes":1.5}', "form.minutes: not int"),
    ('{"kind":"form","title":{},"languages":[],"may_decline":1}', "form.may_decline: not bool"),
    ('{"kind":"form","title":{},"languages":[],"pages":[3]}', "form.pages[0]: not an object"),
    ('{"kind":"form","title":{},"languages":[],"scores":[{"key":"a","words":{},"how":"sum","questions":[],"bands":[{"least":"NaN","most":"1","words":{}}]}]}',
     "form.scores[0].bands[0].least: not a number"),
    ('{"kind":"form","title":{},"languages":[],"scores":[{"key":"a","words":{},"how":"sum","questions":[],"bands":[{"least":0.1,"most":"1","words":{}}]}]}',
     "form.scores[0].bands[0].least: not a number"),
])  # fmt: skip
def test_what_is_no_form_is_refused_with_its_place(text, why):
    with pytest.raises(ValueError, match="^" + re.escape(why)):
        read(text)


def test_a_text_is_said_in_the_language_of_the_reader_else_of_the_agency_else_in_any():
    words = {"en": "Name", "es": "Nombre", "fr": ""}
    assert [say(words, language, "en") for language in ("es", "fr", "ar")] == ["Nombre", "Name", "Name"]
    assert say({"fr": "Nom"}, "ar", "en") == "Nom"
    assert say({}, "en", "en") == ""


def test_headings_texts_and_pictures_ask_nothing():
    assert [kind for kind in parts.QUESTION_KINDS if not ask("a", kind).asks] == ["heading", "text", "picture"]
