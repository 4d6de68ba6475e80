"""How times, dates and texts are written: the same everywhere."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date
from flask import Flask
from flask_babel import format_decimal, get_locale
from markupsafe import Markup, escape

from domain import agency, clock, search, texts
from web.languages import spoken

_TAGS = {"h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "a", "br", "hr", "blockquote", "code"}
_REGIONS = {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}
_HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)


def install(app: Flask) -> None:
    """Offer the filters ``when``, ``day``, ``number``, ``phone``, ``dotted``, ``initials`` and ``markdown`` to templates."""
    app.jinja_env.filters.update(when=when, day=day, markdown=markdown, number=number, phone=phone, dotted=dotted, initials=initials)
    app.jinja_env.globals["language_name"] = language_name


def when(moment: dt.datetime | None, zone: dt.tzinfo | None = None) -> str:
    """A moment in the main site's zone, or in another, with the zone's name: ``22 Nov 2026, 14:05 AST``."""
    if moment is None:
        return ""
    there, language = moment.astimezone(zone or agency.zone()), spoken()
    return f"{format_date(there, 'd MMM y', locale=language)}{texts.hour(language, there)}"


def day(date: dt.date | None) -> str:
    """A calendar date: ``22 November 2026``."""
    return texts.day(spoken(), date) if date else ""


def weekday(date: dt.date, *, with_year: bool = False) -> str:
    """A day as people plan by it: ``Tuesday, 3 March``; with the year where it is not this one, or is asked for."""
    is_near = not with_year and date.year == clock.today(agency.zone().key).year
    return texts.weekday(spoken(), date, with_year=not is_near)


def clock_time(there: dt.datetime) -> str:
    """The time of day without its zone, for the first of two: ``14:05``."""
    return f"{there.hour:02}:{there.minute:02}"


def number(count: int) -> str:
    """A whole number as it is written in the reader's language: ``1,234``."""
    return str(format_decimal(count))


@lru_cache(maxsize=1000)
def phone(number: str) -> str:
    """A number as people write it: ``+1 202-555-0134``; what is no number stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


@lru_cache(maxsize=1000)
def language_name(code: str) -> str:
    """A language in its own words; nothing for an empty code."""
    try:
        locale = Locale.parse(code, sep="-" if "-" in code else "_") if code else None
    except (ValueError, UnknownLocaleError):
        return code
    return str(locale.get_display_name()).capitalize() if locale else ""


def languages() -> list[tuple[str, str]]:
    """Every language that the portal speaks, as (code, name in its own words)."""
    return [(code, language_name(code)) for code in texts.LANGUAGES]


def dotted(parts: Iterable[object]) -> Markup:
    """Parts of a line with dots between them, each on its own: a name in Arabic does not turn the date beside it."""
    return Markup(" · ".join(f"<bdi>{escape(part)}</bdi>" for part in parts if part))  # noqa: S704 - each part is escaped


def initials(name: str) -> str:
    """What stands in place of a photo: ``DR`` for “Dora Reed”; one letter where letters have no capitals, and join."""
    first = [letter for word in unicodedata.normalize("NFC", name).split() if (letter := word[0]).isalpha()]
    if not first or first[0].lower() == first[0].upper():
        return first[0] if first else "?"
    return "".join(letter.upper()[0] for letter in (first[0], *first[1:][-1:]))


def countries() -> list[tuple[str, str]]:
    """Every country that has phone numbers, as (code, name), in the order of the reader's alphabet."""
    names = get_locale().territories
    known = [(code, names[code]) for code in phonenumbers.SUPPORTED_REGIONS if code in names]
    return sorted(known, key=lambda each: search.fold(each[1]))


def time_zones() -> list[tuple[str, str]]:
    """Every zone as (name, label), by its place in the reader's language: ``Halifax (Canada)``."""
    return zones_in(spoken())


@cache
def zones_in(language: str) -> list[tuple[str, str]]:
    """As ``time_zones``, in a language."""
    places = {zone: _place_of(zone, language) for zone in available_timezones() if zone.partition("/")[0] in _REGIONS}
    older = Counter(places.values())  # a place may have two names, such as one from before it was renamed
    told = [(zone, place if older[place] == 1 else f"{place}, {zone}") for zone, place in places.items()]
    return [*sorted(told, key=lambda each: search.fold(each[1])), ("UTC", "UTC")]


def time_zone(zone: str) -> str:
    """One of them by its label."""
    return dict(time_zones()).get(zone, zone)


def _place_of(zone: str, language: str) -> str:
    locale = Locale.parse(language)
    current = get_global("zone_aliases").get(zone, zone)
    region, place = zone.partition("/")[0], zone.rpartition("/")[2]
    city = locale.time_zones.get(current, {}).get("city") or place.replace("_", " ")
    country = locale.territories.get(get_global("zone_territories").get(current, ""), region)
    return f"{city} ({country})"


def markdown(text: str) -> Markup:
    """What staff wrote in Markdown, as sanitised HTML (headings begin at h2)."""
    import nh3

    html = _markdown().render(_from_h2(text))
    return Markup(nh3.clean(html, tags=_TAGS))  # noqa: S704 - nh3 sanitised it


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt  # takes a twentieth of the start, and no first page needs it

    return MarkdownIt("commonmark", {"html": False})


def _from_h2(text: str) -> str:
    """The text with its shallowest headings as h2: the page has the one h1, and no level is left out above them."""
    depths = [len(found.group(1)) for found in _HEADING.finditer(text)]
    shift = 2 - min(depths) if depths else 0
    return _HEADING.sub(lambda found: "#" * min(6, len(found.group(1)) + shift) + " ", text)
