"""Sentences in the reader's language, outside of a request: the same catalogues that the pages use."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations

from domain.rules import RuleBroken, Term

FOLDER = Path(__file__).resolve().parent.parent / "locales"
LANGUAGES = ("en",)  # each has a catalogue in locales/, English is the source


@cache
def catalogue(language: str) -> NullTranslations:
    """The catalogue of a language; an unknown one is English."""
    return Translations.load(str(FOLDER), [language]) if language in LANGUAGES else NullTranslations()


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
    words = {name: say(language, value) if isinstance(value, Term) else value for name, value in fields.items()}
    return template % words
