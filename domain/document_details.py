"""Smaller parts of a form while it is built: choices and rows, scores with their bands; and what a condition may ask about.

As ``document_edits``: each answers a new form, and what is changed keeps its key.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain import document_edits, document_templates, document_values, store
from domain.actor import Actor
from domain.document_parts import ALWAYS, Band, Choice, Condition, Form, Page, Question, Score, ShowIf
from domain.rules import NotFound
from models import DocumentTemplate

LISTS = ("choices", "rows")


def describe(template: DocumentTemplate, form: Form, name: str, by: Actor, *, version: int) -> None:
    """Another name, and another draft.  Raises RuleBroken: with its field, ``stale``."""
    with store.writing():
        said = document_templates.change(template, form, by, version=version)
        document_templates.rename(template, name, by, version=said)


def move_choice(form: Form, question: str, name: str, key: str, by: int) -> Form:
    """A choice, or row, one place on, 1, or back, -1.  Raises NotFound."""
    listed = _listed(form, question, name)
    here = _at([each.key for each in listed], key)
    there = min(max(here + by, 0), len(listed) - 1)
    rest = [each for each in listed if each.key != key]
    return document_edits.change(form, question, **{name: (*rest[:there], listed[here], *rest[there:])})


def remove_choice(form: Form, question: str, name: str, key: str) -> Form:
    """Without a choice, or row.  Raises NotFound."""
    listed = _listed(form, question, name)
    _at([each.key for each in listed], key)
    return document_edits.change(form, question, **{name: tuple(each for each in listed if each.key != key)})


def add_choices(form: Form, question: str, name: str, lines: str, language: str) -> Form:
    """One more for each line of a text, in one language; one without words for no line.  Raises NotFound."""
    for line in [each.strip() for each in lines.splitlines() if each.strip()] or [""]:
        form = document_edits.add_choice(form, question, {language: line} if line else {}, name)
    return form


def _listed(form: Form, question: str, name: str) -> tuple[Choice, ...]:
    found = document_edits.find(form, question)
    if name not in LISTS or not isinstance(found, Question):
        raise NotFound(question)
    return tuple(getattr(found, name))


def _at(keys: list[str], key: str) -> int:
    if key not in keys:
        raise NotFound(key)
    return keys.index(key)


# ---------------------------------------------------------------- scores


def score(form: Form, key: str) -> Score:
    """One score.  Raises NotFound."""
    return form.scores[_at([each.key for each in form.scores], key)]


def add_score(form: Form) -> tuple[Form, Score]:
    """One more score at the end, in which nothing counts yet."""
    made = Score(document_edits.new_key(form), {}, "sum", ())
    return document_edits.set_scores(form, (*form.scores, made)), made


def change_score(form: Form, key: str, **values: Any) -> Form:
    """Other values of a score.  Raises NotFound."""
    now = score(form, key)
    return document_edits.set_scores(form, [dataclasses.replace(each, **values) if each is now else each for each in form.scores])


def remove_score(form: Form, key: str) -> Form:
    """Without a score.  Raises NotFound."""
    now = score(form, key)
    return document_edits.set_scores(form, [each for each in form.scores if each is not now])


def add_band(form: Form, key: str) -> Form:
    """One more band of a score, above the others.  Raises NotFound."""
    bands = score(form, key).bands
    least = max((band.most for band in bands), default=Decimal(-1)) + 1
    return change_score(form, key, bands=(*bands, Band(least, least, {})))


def remove_band(form: Form, key: str, number: str) -> Form:
    """Without one of its bands.  Raises NotFound."""
    bands = score(form, key).bands
    here = _at([str(each) for each in range(len(bands))], number)
    return change_score(form, key, bands=(*bands[:here], *bands[here + 1 :]))


# ---------------------------------------------------------------- rules when something is shown


def add_rule(form: Form, key: str, asked: str) -> Form:
    """A part is shown only when one more question is answered.  Raises NotFound."""
    part = document_edits.find(form, key)
    if isinstance(part, Page) or asked not in [each.key for each in before(form, key)]:
        raise NotFound(asked)
    rules = dataclasses.replace(part.show_if, conditions=(*part.show_if.conditions, Condition(asked, "answered")))
    return document_edits.change(form, key, show_if=rules)


def remove_rule(form: Form, key: str, number: str) -> Form:
    """Without one of its rules.  Raises NotFound."""
    part = document_edits.find(form, key)
    rules = () if isinstance(part, Page) else part.show_if.conditions
    here = _at([str(each) for each in range(len(rules))], number)
    kept = (*rules[:here], *rules[here + 1 :])
    return document_edits.change(form, key, show_if=ShowIf(part.show_if.all_of, kept) if kept else ALWAYS)  # type: ignore[union-attr]


# ---------------------------------------------------------------- asked


def before(form: Form, key: str) -> list[Question]:
    """The questions that stand before a part, and that a condition of it may ask about."""
    found: list[Question] = []
    for page in form.pages:
        for section in page.sections:
            if key in (page.key, section.key):
                return found
            for question in section.questions:
                if question.key == key:
                    return found
                if document_values.comparisons(question.kind):
                    found.append(question)
    raise NotFound(key)


def at_first(form: Form) -> Mapping[str, Any]:
    """The answers that stand there before anybody answered: the defaults."""
    return {
        (f"{question.key}:{turn}" if turn else question.key): question.default
        for _, section, question in form.questions() if question.default is not None
        for turn in range(section.most if section.repeats else 1)
    }  # fmt: skip
