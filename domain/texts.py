"""Sentences in the reader's language, outside of a request: the same catalogues that the pages use."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time, get_timezone_gmt
from babel.support import NullTranslations, Translations

from domain.rules import RuleBroken, Term

FOLDER = Path(__file__).resolve().parent.parent / "locales"
LANGUAGES = ("en", "es", "fr", "ar")  # each has a catalogue in locales/, English is the source
_PLACE = re.compile(r"%\(\w+\)s")


class _RightToLeft(Translations):
    """What is filled in (a name, a number, an address) is isolated, so that it does not turn the words around it."""

    def gettext(self, message: str) -> str:
        return _isolated(super().gettext(message))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return _isolated(super().ngettext(msgid1, msgid2, n))

    ugettext, ungettext = gettext, ngettext


def _isolated(sentence: str) -> str:
    return _PLACE.sub("\u2068\\g<0>\u2069", sentence)


@cache
def catalogue(language: str) -> NullTranslations:
    """The catalogue of a language; an unknown one is English."""
    if language not in LANGUAGES:
        return NullTranslations()
    kind = _RightToLeft if direction(language) == "rtl" else Translations
    return kind.load(str(FOLDER), [language])


@cache
@cache
def direction(language: str) -> str:
    """Where a language's lines begin: ``ltr`` or ``rtl``."""
    return str(Locale.parse(language).text_direction)


def day(language: str, date: dt.date) -> str:
    """A calendar date in words: ``22 November 2026``, ``22 de noviembre de 2026``."""
    return _day(language, date.year, date.month, date.day)


@lru_cache(maxsize=2000)
def _day(language: str, year: int, month: int, number: int) -> str:
    return str(format_date(dt.date(year, month, number), _day_pattern(language), locale=language))


@lru_cache(maxsize=2000)
def weekday(language: str, date: dt.date, *, with_year: bool = True) -> str:
    """A day as people plan by it: ``Tuesday, 3 March 2026``."""
    if language not in _WEEKDAY:
        return str(format_skeleton("yMMMMEEEEd" if with_year else "MMMMEEEEd", date, locale=language))
    day, year = _WEEKDAY[language]
    return str(format_date(date, day + year if with_year else day, locale=language))


# The day with its whole name, and the year behind it: what is made from a skeleton cuts the name short in some languages.
_WEEKDAY = {"en": ("EEEE, d MMMM", " y"), "es": ("EEEE, d 'de' MMMM", " 'de' y"), "fr": ("EEEE d MMMM", " y"), "ar": ("EEEE، d MMMM", " y")}


def moment(language: str, time: dt.datetime) -> str:
    """A date in words with the time and its zone; ``time`` is in the zone to be shown."""
    return f"{day(language, time)}{hour(language, time)}"


def hour(language: str, time: dt.datetime) -> str:
    """The time with its zone as it stands after a date: ``, 14:05 AST``, or ``، 14:05 غرينتش-04:00`` where the language has
    no name for the zone."""
    comma = "، " if direction(language) == "rtl" else ", "
    known = (language, str(time.tzinfo), time.utcoffset())
    if known not in _ZONES:
        zone = format_datetime(time, "zzz", locale=language)
        _ZONES[known] = zone if any(c.isalpha() for c in zone) else str(get_timezone_gmt(time, "long", locale=language))
    return f"{comma}{_clock(language, time.hour, time.minute)} {_ZONES[known]}"


_ZONES: dict[tuple[str, str, dt.timedelta | None], str] = {}  # what a zone is called while it is so far from UTC


@cache
def _clock(language: str, hour: int, minute: int) -> str:
    return str(format_time(dt.time(hour, minute), "HH:mm", locale=language))


def apart(language: str, value: str) -> str:
    """Somebody's text for the middle of a sentence: isolated where it could turn the words around it."""
    return f"\u2068{value}\u2069" if direction(language) == "rtl" else value


def _day_pattern(language: str) -> str:
    """English writes the day first here, as most of the world does."""
    return "d MMMM y" if language == "en" else str(Locale.parse(language).date_formats["long"].pattern)


def say(language: str, message: str, **fields: Any) -> str:
    """A marked sentence in a language, with its fields filled in."""
    return _filled(language, catalogue(language).ugettext(message), fields)


def refusal(language: str, broken: RuleBroken) -> str:
    """What a rule said, in a language, in the right plural."""
    tongue = catalogue(language)
    if broken.plural and broken.count is not None:
        return _filled(language, tongue.ungettext(broken.message, broken.plural, broken.count), broken.fields)
    return _filled(language, tongue.ugettext(broken.message), broken.fields)


def _filled(language: str, template: str, fields: dict[str, Any]) -> str:
    if not fields:
        return template
    return template % {name: _worded(language, value) for name, value in fields.items()}


def _worded(language: str, value: Any) -> Any:
    """A moment is told as the time of day where it is, a date as the day that it is."""
    if isinstance(value, Term):
        return say(language, value)
    if isinstance(value, dt.datetime):
        return hour(language, value).lstrip("،, ")
    return weekday(language, value) if isinstance(value, dt.date) else value
