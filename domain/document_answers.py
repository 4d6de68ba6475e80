"""Answers: how a browser's form sends them, how they are kept, how they are shown (spec 05, Document templates).

A number is kept as ``-1234.5``, money with exactly the decimals of its currency, a day as ``2026-03-04``, a choice by its key.
No answer is None, whatever the question asks: that one is required is judged elsewhere.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

import phonenumbers

from domain import document_choices, document_holdings, document_moments, document_numbers, profile, texts
from domain.document_parts import CHOICES, MOMENTS, NUMBERS, Question
from domain.document_reader import Given, Reader, first, tidy
from domain.rules import N_, RuleBroken

Place = tuple[str, int]  # the key of a question, and which time its section is repeated, from 0
Value = Any
Answers = Mapping[str, Value]  # by the written place

MOST_LETTERS = {"short_text": 200, "long_text": 5000}  # where the question does not say
_YES_NO = {"yes": True, "no": False}
_HOLDINGS = ("address", "file", "signature")


def written(key: str, turn: int = 0) -> str:
    """A place as one word: ``"key"``, or ``"key:2"`` in a section that repeats."""
    return f"{key}:{turn}" if turn else key


def place(word: str) -> Place:
    """What ``written`` wrote.  Raises ValueError for anything else."""
    key, _, turn = word.partition(":")
    found = key, int(turn or 0)
    if not key or written(*found) != word:
        raise ValueError(f"no place: {word!r}")
    return found


def field_names(question: Question, turn: int = 0) -> dict[str, str]:
    """The form's field for each part of a question: ``{"": "q-key"}``, ``{"day": "q-key:2-day", …}``; none for what asks nothing."""
    base = f"q-{written(question.key, turn)}"
    return {part: f"{base}-{part}" if part else base for part in _parts(question)}


def typed(
    question: Question, fields: Mapping[str, Sequence[str]], language: str, country: str, *, today: dt.date,
    currency: str = "", own: str = "", turn: int = 0, kept: Mapping[str, Value] | None = None,
) -> Value | None:  # fmt: skip
    """The answer in a form that was sent, as it is kept; None when nothing was typed.

    ``kept`` are the files that were stored for this document, by id.  Raises RuleBroken with a sentence for the reader; its
    ``field`` is one of ``field_names``.
    """
    names = field_names(question, turn)
    given = {part: list(fields.get(name, ())) for part, name in names.items()}
    try:
        return _read(question, given, Reader(language, country, own, currency, today, kept or {}))
    except RuleBroken as broken:
        for each in broken.every:
            each.field = names.get(each.field) or next(iter(names.values()))
        raise


def shown(
    question: Question, value: Value | None, language: str, country: str = "", *, currency: str = "", own: str = "",
    today: dt.date | None = None,
) -> str:  # fmt: skip
    """An answer for reading, on one line or several; a date of birth with the age on ``today``."""
    if value is None or not question.asks:
        return ""
    reader = Reader(language, country, own, currency, today)
    if question.kind in NUMBERS:
        return document_numbers.shown(question, value, reader)
    if question.kind in MOMENTS:
        return document_moments.shown(question, value, reader)
    if question.kind in CHOICES:
        return document_choices.shown(question, value, reader)
    if question.kind in _HOLDINGS:
        return document_holdings.shown(question, value, reader)
    if question.kind == "yes_no":
        return texts.say(language, N_("Yes") if value else N_("No"))
    return _phone(value) if question.kind == "phone" else str(value)


def as_typed(
    question: Question, value: Value | None, language: str, country: str = "", *, currency: str = "", own: str = "", turn: int = 0,
) -> dict[str, list[str]]:  # fmt: skip
    """What the form's fields hold, so that ``typed`` of them is this answer again."""
    if value is None or not question.asks:
        return {}
    parts = _written(question, value, Reader(language, country, own, currency))
    names = field_names(question, turn)
    return {names[part]: words for part, words in parts.items()}


def is_answer(question: Question, value: Value, *, today: dt.date, currency: str = "") -> bool:
    """True for what ``typed`` could have given: a default, or what came from elsewhere, is asked so.  Files are believed."""
    found = value if isinstance(value, list) else [value]
    kept = {str(each.get("id")): each for each in found if isinstance(each, dict)}
    try:
        again = typed(question, as_typed(question, value, "en", currency=currency), "en", "", today=today, currency=currency, kept=kept)
        return value is not None and json.dumps(again, sort_keys=True) == json.dumps(value, sort_keys=True)
    except (RuleBroken, AttributeError, KeyError, TypeError, ValueError):
        return False


def _parts(question: Question) -> tuple[str, ...]:
    kind, other = question.kind, ("other",) if question.has_other else ()
    if kind == "one":
        return ("", *(("search",) if question.way == "search" else ()), *other)
    if kind == "many":
        return ("", *other)
    if kind == "table":
        return tuple(row.key for row in question.rows)
    if kind in ("date", "birth_date", "date_time"):
        return ("day", "month", "year", *(("time",) if kind == "date_time" else ()))
    if kind == "address":
        return tuple(document_holdings.ADDRESS)
    if kind == "signature":
        return document_holdings.SIGNATURE
    return ("",) if question.asks else ()


def _read(question: Question, given: Given, reader: Reader) -> Value | None:
    if not question.asks:
        return None
    if question.kind in NUMBERS:
        return document_numbers.typed(question, first(given, ""), reader)
    if question.kind in MOMENTS:
        return document_moments.typed(question, given, reader)
    if question.kind in CHOICES:
        return document_choices.typed(question, given, reader)
    if question.kind in _HOLDINGS:
        return document_holdings.typed(question, given, reader)
    return _yes_no(first(given, "")) if question.kind == "yes_no" else _text(question, first(given, ""), reader)


def _written(question: Question, value: Value, reader: Reader) -> dict[str, list[str]]:
    if question.kind in NUMBERS:
        return {"": [document_numbers.as_typed(question, value, reader)]}
    if question.kind in MOMENTS:
        return {part: [text] for part, text in document_moments.as_typed(question, value).items()}
    if question.kind in CHOICES:
        return document_choices.as_typed(question, value, reader)
    if question.kind in _HOLDINGS:
        return document_holdings.as_typed(question, value)
    return {"": [("yes" if value else "no") if question.kind == "yes_no" else value]}


def _yes_no(text: str) -> bool | None:
    if text and text not in _YES_NO:
        raise RuleBroken(N_("Choose yes or no."), code="not_listed")
    return _YES_NO.get(text)


def _text(question: Question, text: str, reader: Reader) -> str | None:
    if question.kind in ("email", "phone"):
        if not text.strip():
            return None
        return profile.checked_email(text, "") if question.kind == "email" else profile.checked_phone(text, reader.country, "")
    tidied = tidy(text, "", int(question.most or MOST_LETTERS[question.kind]), lines=question.kind == "long_text")
    if tidied and question.least and len(tidied) < int(question.least):
        raise RuleBroken(N_("Use at least %(least)s characters."), code="too_short", least=question.least)
    return tidied or None


def _phone(number: str) -> str:
    """As people write it: ``+1 202-555-0134``."""
    try:
        return str(phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL))
    except phonenumbers.NumberParseException:
        return number


