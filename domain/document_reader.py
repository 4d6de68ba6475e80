"""Who reads and writes a document: the language, how numbers are written where they live, and in which money."""

from __future__ import annotations

import dataclasses
import datetime as dt
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from domain import profile
from domain.document_parts import Words, say

# Where these are spoken some write 1.234,5 and others 1,234.5, and people keep their own way when they move.
_BOTH_WAYS = ("es", "ar")
# As ISO 4217 has it; Babel tells of what is in use.
_NO_DECIMALS = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
_THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")

Given = Mapping[str, list[str]]  # what was typed into each part of a question


@dataclasses.dataclass(frozen=True, slots=True)
class Reader:
    """``own`` is the agency's language, ``country`` its country; ``currency`` three letters, or nothing where there is no money."""

    language: str
    country: str = ""
    own: str = ""
    currency: str = ""
    today: dt.date | None = None
    kept: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # files that are stored already, by their id

    def say(self, words: Words) -> str:
        return say(words, self.language, self.own)

    @property
    def locale(self) -> Locale:
        return locale_of(self.language, self.country)

    @property
    def is_sure(self) -> bool:
        """True where all who write this language here use the same sign before decimals."""
        return is_sure(self.language, self.country)

    @property
    def decimals(self) -> int:
        """How many the currency has."""
        return 0 if self.currency in _NO_DECIMALS else 3 if self.currency in _THREE_DECIMALS else 2


@lru_cache(maxsize=500)
def locale_of(language: str, country: str) -> Locale:
    """A language as it is written in a country, as far as Babel knows; English when it knows neither."""
    for code in (f"{language}_{country}", language):
        try:
            return Locale.parse(code)
        except (ValueError, UnknownLocaleError):
            continue
    return Locale.parse("en")


@lru_cache(maxsize=500)
def is_sure(language: str, country: str) -> bool:
    """True where all who write a language in a country use the same sign before decimals."""
    if country and language in get_official_languages(country, de_facto=True):
        return True
    there, usual = (locale_of(language, each).number_symbols["latn"] for each in (country, ""))
    return language not in _BOTH_WAYS and there["decimal"] == usual["decimal"]


def first(given: Given, part: str) -> str:
    """What was typed into a part; nothing when it was not sent."""
    return next(iter(given.get(part, ())), "")


def seen(text: str) -> str:
    """Without what nobody sees: marks of direction, soft hyphens; no blanks at the ends."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf").strip()


def tidy(text: str, part: str, most: int, *, lines: bool = False) -> str:
    """Somebody's text in NFC, without blanks at the ends and otherwise as it was written; on one line unless it may have ``lines``.

    Raises RuleBroken for what cannot be stored, and for more than ``most`` characters.
    """
    one = profile.clean(text.replace("\r\n", "\n").replace("\r", "\n"), part, most, lines=True)
    return one if lines else one.replace("\n", " ").replace("\t", " ")
