"""A form filled in to try it: read from what a page sent, kept nowhere (spec 05, test-fill)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain import document_answers, document_places, document_rules
from domain.document_parts import Form, Question, Section
from domain.rules import RuleBroken

Typed = Mapping[str, Sequence[str]]
_COUNT = "n-"  # begins the field of how often a section is there
_STORED = ("file", "signature")  # their files are stored before they are an answer, and a trial stores nothing


@dataclasses.dataclass
class Trial:
    """What was answered, and what was wrong, by the page's key."""

    answers: dict[str, Any]
    wrong: dict[str, list[RuleBroken]]


def read(form: Form, fields: Typed, language: str, country: str, *, today: dt.date, currency: str = "", own: str = "") -> Trial:
    """The answers in all that was sent, of every page."""
    found = Trial({}, {})
    for page in form.pages:
        for section in page.sections:
            if section.repeats and (count := next(iter(fields.get(f"{_COUNT}{section.key}", ())), "")):
                found.answers[document_places.count(section.key)] = count
    for page, section, question in form.questions():
        for turn in _turns(section):
            if not any(name in fields for name in document_answers.field_names(question, turn).values()):
                continue
            try:
                value = document_answers.typed(question, fields, language, country, today=today, currency=currency, own=own, turn=turn)
            except RuleBroken as broken:
                found.wrong.setdefault(page.key, []).extend(broken.every)
                continue
            if value is not None:
                found.answers[document_places.place(question.key, turn)] = value
    return found


def fields_of(
    form: Form, answers: Mapping[str, Any], language: str, country: str, *, currency: str = "", own: str = ""
) -> dict[str, list[str]]:
    """Answers as fields, so that ``read`` of them is the same."""
    found: dict[str, list[str]] = {}
    for place, question, turn in _places(form):
        found |= document_answers.as_typed(question, answers.get(place), language, country, currency=currency, own=own, turn=turn)
    return found


def turned(form: Form, fields: Typed, answers: Mapping[str, Any], section: str, without: int | None = None) -> dict[str, list[str]]:
    """The fields with one more turn of a section, or ``without`` one: those after it move up.  Nothing for an unknown section."""
    found = {name: list(values) for name, values in fields.items()}
    part = next((each for page in form.pages for each in page.sections if each.key == section and each.repeats), None)
    if part is None:
        return found
    now = document_rules.turns(part, answers)
    number = now + 1 if without is None else now - 1
    if not part.least <= number <= part.most:
        return found
    if without is not None:
        for turn in range(max(without, 0), now):
            for question in part.questions:
                here, after = (document_answers.field_names(question, each) for each in (turn, turn + 1))
                for name, next_name in zip(here.values(), after.values(), strict=True):
                    found.pop(name, None)
                    if turn + 1 < now and next_name in found:
                        found[name] = found[next_name]
    return found | {f"{_COUNT}{section}": [str(number)]}


def missing(form: Form, answers: Mapping[str, Any], page: str) -> list[document_rules.Missing]:
    """What of a page is required and not answered; what a trial cannot have is not asked for."""
    kinds = {question.key: question.kind for _p, _s, question in form.questions()}
    found = document_rules.missing(form, answers)
    return [each for each in found if each.page == page and kinds[document_places.read(each.place).question] not in _STORED]


def _places(form: Form) -> Iterator[tuple[str, Question, int]]:
    for _page, section, question in form.questions():
        for turn in _turns(section):
            yield document_places.place(question.key, turn), question, turn


def _turns(section: Section) -> range:
    return range(min(section.most, document_places.MOST_TURNS) if section.repeats else 1)
