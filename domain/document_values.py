"""Answers as they are kept: whether something is written as an answer of its kind is, and whether a condition holds for it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from domain.document_parts import MOMENTS, NUMBERS, TEXTS, Condition, Question

EVERY, TEXT, SIZE = ("answered", "unanswered"), ("equals", "differs"), ("greater", "less")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.([0-9]{1,10}))?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"\+[1-9][0-9]{4,14}")
_MOMENTS = {"date": (10, "%Y-%m-%d"), "birth_date": (10, "%Y-%m-%d"), "time": (5, "%H:%M"), "date_time": (16, "%Y-%m-%dT%H:%M")}
_ADDRESS = {"line1", "line2", "city", "region", "postcode", "country"}


def comparisons(kind: str) -> tuple[str, ...]:
    """The tests that a condition can make of an answer of a kind."""
    if kind in TEXTS:
        return (*EVERY, *TEXT, "contains")
    if kind in NUMBERS or kind in MOMENTS:
        return (*EVERY, *TEXT, *SIZE)
    more = {"yes_no": TEXT, "one": TEXT, "many": ("contains",), "table": (), "address": (), "file": (), "signature": ()}
    return (*EVERY, *more[kind]) if kind in more else ()


# ---------------------------------------------------------------- is it an answer?


def is_answered(value: Any) -> bool:
    """False for what says nothing."""
    return value not in (None, "", [], {}, {"keys": []})


def is_complete(question: Question, value: Any) -> bool:
    """Whether nothing is left to answer: of a table each row."""
    if question.kind == "table":
        return isinstance(value, Mapping) and all(row.key in value for row in question.rows)
    return is_answered(value)


def number(text: Any) -> Decimal | None:
    """A number that is written with digits, one point and a minus only; None for anything else."""
    return Decimal(text) if isinstance(text, str) and _NUMBER.fullmatch(text) else None


def is_number(text: Any, places: int) -> bool:
    """Whether it is a number with at most so many decimals."""
    found = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    return bool(found) and len(found[1] or "") <= places  # type: ignore[index]


def is_moment(kind: str, text: Any) -> bool:
    """Whether it is a day, a time, or both, as they are kept."""
    length, pattern = _MOMENTS[kind]
    if not isinstance(text, str) or len(text) != length or not text.isascii():
        return False
    try:
        dt.datetime.strptime(text, pattern)  # noqa: DTZ007 a clock on a wall
    except ValueError:
        return False
    return True


def is_answer(question: Question, value: Any) -> bool:
    """Whether it is written as an answer to the question is kept; limits are not looked at.  Files and signatures never are."""
    kind = question.kind
    if kind in NUMBERS:
        return is_number(value, places(question))
    if kind in MOMENTS:
        return is_moment(kind, value)
    check = _CHECKS.get(kind)
    return check is not None and check(question, value)


def places(question: Question) -> int:
    """How many decimals an answer in numbers may have; of money three, for no currency has more."""
    if question.kind == "currency":
        return 3
    return 0 if question.kind in ("whole", "scale") else question.places


def _is_text(_: Question, value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value == unicodedata.normalize("NFC", value.strip())


def _is_one(question: Question, value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    if "other" in value:
        return question.has_other and _is_text(question, value["other"])
    return value.get("key") in [choice.key for choice in question.choices]


def _is_many(question: Question, value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() <= {"keys", "other"} or not isinstance(value.get("keys"), list):
        return False
    if "other" in value and not (question.has_other and _is_text(question, value["other"])):
        return False
    in_order = [choice.key for choice in question.choices if choice.key in value["keys"]]
    return value["keys"] == in_order and is_answered(value)


def _is_table(question: Question, value: Any) -> bool:
    rows, columns = {row.key for row in question.rows}, [choice.key for choice in question.choices]
    return isinstance(value, dict) and bool(value) and value.keys() <= rows and all(each in columns for each in value.values())


def _is_address(_: Question, value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() <= _ADDRESS:
        return False
    return any(value.values()) and all(isinstance(each, str) for each in value.values())


_CHECKS: dict[str, Callable[[Question, Any], bool]] = {
    "short_text": _is_text,
    "long_text": _is_text,
    "email": lambda question, value: _is_text(question, value) and bool(_EMAIL.fullmatch(value)),
    "phone": lambda _, value: isinstance(value, str) and bool(_PHONE.fullmatch(value)),
    "yes_no": lambda _, value: isinstance(value, bool),
    "one": _is_one,
    "many": _is_many,
    "table": _is_table,
    "address": _is_address,
}


# ---------------------------------------------------------------- does a condition hold?


def is_value(question: Question, test: str, value: str) -> bool:
    """Whether a condition can ask this of the question: yes and no are ``true`` and ``false``, a choice is its key."""
    if test in EVERY:
        return not value
    if question.kind in ("one", "many"):
        return value in [choice.key for choice in question.choices]
    if question.kind == "yes_no":
        return value in ("true", "false")
    return bool(value.strip()) if question.kind in TEXTS else is_answer(question, value)


def holds(question: Question, condition: Condition, value: Any) -> bool:
    """Whether it is true of an answer that is there.  What cannot be compared is never true."""
    if condition.test == "contains":
        if question.kind == "many":
            return isinstance(value, Mapping) and condition.value in value.get("keys", ())
        return isinstance(value, str) and _folded(condition.value) in _folded(value)
    found, asked = _comparable(question, value), _comparable(question, condition.value)
    if found is None or asked is None:
        return False
    if condition.test in TEXT:
        return bool((found == asked) is (condition.test == "equals"))
    if condition.test not in SIZE or type(found) is bool:
        return False
    return bool(found > asked if condition.test == "greater" else found < asked)


def _comparable(question: Question, value: Any) -> Any:
    """What two answers are compared by, an answer as it is kept or as a condition writes it; None where nothing is."""
    if question.kind in NUMBERS:
        return number(value)
    if question.kind == "one" and isinstance(value, Mapping):
        return value.get("key", "")  # in own words it is none of the choices
    if question.kind == "yes_no":
        return {"true": True, "false": False}.get(value) if isinstance(value, str) else value if isinstance(value, bool) else None
    if not isinstance(value, str) or question.kind not in (*TEXTS, *MOMENTS, "one"):
        return None
    return value if question.kind == "one" else _folded(value)


def _folded(text: str) -> str:
    """Capitals and blanks outside make no difference, however its letters are put together."""
    return unicodedata.normalize("NFC", text.strip().casefold())
