"""What a document asks: pages, sections, questions, rules and scores, as one value that is written in one way (spec 05).

Keys stay from version to version, so that answers of two versions can be compared.  Every text is in several languages.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
import types
import typing
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

KINDS = ("form", "survey", "assessment", "letter")
NUMBERS = ("whole", "decimal", "currency", "percentage", "slider", "scale")
MOMENTS = ("date", "time", "date_time", "birth_date")
CHOICES = ("one", "many", "table")
TEXTS = ("short_text", "long_text", "email", "phone")
SILENT = ("heading", "text", "picture")  # these ask nothing
QUESTION_KINDS = (*TEXTS, *NUMBERS, "yes_no", *MOMENTS, *CHOICES, "address", "file", "signature", *SILENT)
WAYS = {"one": ("radio", "list", "search"), "signature": ("either", "drawn", "typed")}  # the first is the usual one
TESTS = ("answered", "unanswered", "equals", "differs", "contains", "greater", "less")
HOW = ("sum", "mean")
PREFILLS = ("first_name", "last_name", "preferred_name", "pronouns", "gender", "birth_date", "email", "mobile", "address")

Words = Mapping[str, str]
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")  # as ``plain_number`` writes it: an exponent could be a gigabyte of zeros


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """One of several answers, or a row of a table."""

    key: str
    words: Words
    score: Decimal | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """What must be true of the answer to another question; ``value`` is written as that answer is kept, a choice by its key."""

    question: str
    test: str
    value: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ShowIf:
    """When something is shown: where all, or any, of these are true; without a condition always."""

    all_of: bool = True
    conditions: tuple[Condition, ...] = ()


ALWAYS = ShowIf()


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """One question, or a heading, text or picture between questions.

    ``least`` and ``most`` are written as answers of the kind are: a number, a date; of texts they count letters, of files and of
    several choices how many.  ``places`` are decimals.  ``prefill`` names what of the record stands there at first.
    """

    key: str
    kind: str
    words: Words
    help: Words = dataclasses.field(default_factory=dict)
    is_required: bool = False
    show_if: ShowIf = ALWAYS
    choices: tuple[Choice, ...] = ()
    rows: tuple[Choice, ...] = ()
    way: str = ""
    has_other: bool = False
    least: str = ""
    most: str = ""
    places: int = 0
    step: str = ""
    unit: Words = dataclasses.field(default_factory=dict)
    default: Any = None  # an answer as it is kept
    prefill: str = ""
    may_change: bool = True
    is_for_staff: bool = False
    picture: str = ""  # its digest

    @property
    def asks(self) -> bool:
        return self.kind not in SILENT


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """Questions that belong together; with ``most`` over one it repeats, and ``again`` stands on the button for one more."""

    key: str
    words: Words
    questions: tuple[Question, ...] = ()
    help: Words = dataclasses.field(default_factory=dict)
    show_if: ShowIf = ALWAYS
    least: int = 1
    most: int = 1
    again: Words = dataclasses.field(default_factory=dict)

    @property
    def repeats(self) -> bool:
        return self.most > 1


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """What is filled in at one time."""

    key: str
    words: Words
    sections: tuple[Section, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Band:
    """What a score from ``least`` to ``most``, both among it, means."""

    least: Decimal
    most: Decimal
    words: Words


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """The sum or the mean of what some questions score; the client sees it only where ``is_shown``."""

    key: str
    words: Words
    how: str
    questions: tuple[str, ...]
    bands: tuple[Band, ...] = ()
    is_shown: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """All that a version of a document template says; ``minutes`` is how long it takes, 0 where nobody said."""

    kind: str
    title: Words
    languages: tuple[str, ...]
    intro: Words = dataclasses.field(default_factory=dict)
    minutes: int = 0
    may_decline: bool = False
    pages: tuple[Page, ...] = ()
    scores: tuple[Score, ...] = ()

    def questions(self) -> Iterator[tuple[Page, Section, Question]]:
        """Every question with where it stands, in order."""
        for page in self.pages:
            for section in page.sections:
                for question in section.questions:
                    yield page, section, question


def say(words: Words, language: str, own: str) -> str:
    """A text in a language, else in the agency's ``own``, else in any that there is; empty when there is none."""
    return words.get(language) or words.get(own) or next((text for text in words.values() if text), "")


# ---------------------------------------------------------------- written and read


def write(form: Form) -> str:
    """The one way to write it: JSON with sorted keys, without spaces, in NFC; what is as usual is left out."""
    return json.dumps(_plain(form), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(form: Form) -> str:
    """SHA-256 of what ``write`` says, as 64 hexadecimal digits."""
    return hashlib.sha256(write(form).encode()).hexdigest()


def read(text: str) -> Form:
    """What ``write`` wrote.  Raises ValueError, with the place, for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    return _made(Form, found, "form")  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        kept = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value) if not _is_usual(value, field)}
        return {name: each for name, each in kept.items() if each is not None}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Decimal):
        return plain_number(value)
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _is_usual(value: Any, field: dataclasses.Field[Any]) -> bool:
    usual = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    return usual is not dataclasses.MISSING and getattr(value, field.name) == usual


def plain_number(number: Decimal) -> str:
    """A number with digits, one point and a minus only: never an exponent, never a zero at the end of decimals."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _made(kind: Any, found: Any, where: str) -> Any:
    """One of our classes, out of what JSON says."""
    if not isinstance(found, dict):
        raise ValueError(f"{where}: not an object")
    hints, needed = _shape(kind)
    if unknown := found.keys() - hints.keys():
        raise ValueError(f"{where}: unknown {', '.join(sorted(unknown))}")
    if missing := [name for name in needed if name not in found]:
        raise ValueError(f"{where}: without {', '.join(missing)}")
    return kind(**{name: _value(hints[name], each, f"{where}.{name}") for name, each in found.items()})


@functools.cache
def _shape(kind: Any) -> tuple[dict[str, Any], list[str]]:
    """The types of a class's fields, and those that have no usual value: to ask for them takes longer than all the rest."""
    needed = [each.name for each in dataclasses.fields(kind) if each.default is each.default_factory is dataclasses.MISSING]
    return typing.get_type_hints(kind), needed


def _value(hint: Any, found: Any, where: str) -> Any:
    if hint is Any:
        return found
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return _value(inner[0], found, where)
    if origin is tuple:
        if not isinstance(found, list):
            raise ValueError(f"{where}: not a list")
        return tuple(_value(inner[0], each, f"{where}[{number}]") for number, each in enumerate(found))
    if dataclasses.is_dataclass(hint):
        return _made(hint, found, where)
    if hint is Decimal:
        return _number(found, where)
    if origin is not None:  # words
        if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
            raise ValueError(f"{where}: not a text for each language")
        return found
    if type(found) is not hint:
        raise ValueError(f"{where}: not {hint.__name__}")
    return found


def _number(found: Any, where: str) -> Decimal:
    if not isinstance(found, str) or not _NUMBER.fullmatch(found):
        raise ValueError(f"{where}: not a number")
    return Decimal(found)
