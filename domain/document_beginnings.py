"""What stands in a document before anybody answered: what the record says, else what the form's builder put there (spec 05, prefill)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain import document_answers, document_places, profile
from domain.document_parts import Form, Question, Section
from models import Individual

Answers = dict[str, Any]


def of(form: Form, person: Individual, *, today: dt.date, currency: str = "") -> Answers:
    """The answers that a document of somebody begins with, by their written places."""
    known = record_of(person) if any(question.prefill for _, _, question in form.questions()) else {}
    found: Answers = {}
    for _, section, question in form.questions():
        value = _first(question, known, today, currency)
        if value is not None:
            turns = max(section.least, 1 if not section.repeats else 0)
            found |= {document_places.place(question.key, turn): value for turn in range(min(turns, document_places.MOST_TURNS))}
    return found


def of_turn(section: Section, turn: int, *, today: dt.date, currency: str = "") -> Answers:
    """What stands in one more turn of a section: only what its builder put there, for the record tells of one person."""
    defaults = ((question, _first(question, {}, today, currency)) for question in section.questions)
    return {document_places.place(question.key, turn): value for question, value in defaults if value is not None}


def _first(question: Question, known: Answers, today: dt.date, currency: str) -> Any:
    if not question.asks or question.is_for_staff or question.kind in ("file", "signature"):
        return None
    for value in (fitted(question, known.get(question.prefill)), None if question.prefill and not question.may_change else question.default):
        if value is not None and document_answers.is_answer(question, value, today=today, currency=currency):
            return value
    return None


def fitted(question: Question, value: Any) -> Any:
    """What the record says as an answer to this question: its gender is a word there, and here perhaps one of a list."""
    if not isinstance(value, str) or question.kind != "one":
        return value
    meant = value.casefold()
    chosen = (each for each in question.choices if meant in [word.casefold() for word in each.words.values()])
    found = next(chosen, None)
    return {"key": found.key} if found else {"other": value} if question.has_other else None


def record_of(person: Individual) -> Answers:
    """What the record says of somebody, by the names of ``document_parts.PREFILLS``."""
    main: dict[str, str] = {}
    for contact in profile.contacts_of(person):
        main.setdefault(contact.kind, contact.value)
    found = {name: getattr(person, name) for name in ("first_name", "last_name", "preferred_name", "pronouns", "gender")}
    found |= {name: main.get(name, "") for name in ("email", "mobile")}
    found["birth_date"] = person.birth_date.isoformat() if person.birth_date else ""
    found["address"] = _address(main.get("address", ""))
    return {name: value for name, value in found.items() if value}


def _address(text: str) -> dict[str, str] | None:
    """Lines as people write them: the first one and the last one, the town; what is between stands in the second."""
    lines = [line.strip() for line in text.replace(", ", "\n").splitlines() if line.strip()]
    if len(lines) < 2:  # noqa: PLR2004 a street and a town
        return None
    between = ", ".join(lines[1:-1])
    return {"line1": lines[0], "line2": between, "city": lines[-1], "region": "", "postcode": "", "country": ""}
