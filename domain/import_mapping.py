"""Which column of a file is which of our fields: a TOML file, written by whoever deploys (docs/import.md)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import string
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from domain import search
from domain.import_csv import heading_key
from domain.rules import N_, RuleBroken

FOLDER = Path(__file__).resolve().parent / "mappings"
_NAME = ("name", "first_name", "last_name")
_PLACE = ("address", "city", "region", "postcode")
FIELDS: dict[str, tuple[str, ...]] = {
    "individuals": (
        "external_id", *_NAME, "preferred_name", "pronouns", "gender", "language", "birth_date", "death_date",
        "email", "mobile", "phone", *_PLACE, "emergency_name", "emergency_phone", "site",
    ),
    "workers": ("external_id", *_NAME, "display_name", "email", "site", "group"),
    "sites": ("external_id", "name", *_PLACE, "phone", "time_zone"),
    "services": ("external_id", "kind", "name", "client_name", "client_description", "is_visible", "minutes", "capacity"),
    "enrolments": ("external_id", "individual", "service", "worker", "opened_on", "closed_on"),
    "events": ("external_id", "individual", "worker", "site", "service", "starts_at", "ends_at", "state", "is_video"),
}  # fmt: skip
# What a file must tell of subjects that have no name.
NEEDED = {"enrolments": ("individual", "service", "opened_on"), "events": ("individual", "worker", "starts_at", "ends_at")}
PEOPLE = ("individuals", "workers")
_KEYS = {"subject", "columns", "constants", "values", "dates", "optional"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Letters that have no accent to take off.
_LATIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h"})


def _ascii(text: str) -> str:
    """Small letters, digits and hyphens only; "x" where nothing remains of a text."""
    plain = re.sub(r"[^a-z0-9-]", "", search.fold(text).translate(_LATIN)).strip("-")
    return plain or ("x" if text else "")


FILTERS: dict[str, Callable[[str], str]] = {
    "ascii": _ascii,
    "lower": str.lower,
    "upper": str.upper,
    "title": string.capwords,
    "first": lambda text: " ".join(text.split()[:-1]),
    "last": lambda text: " ".join(text.split()[-1:]),
    "digits": lambda text: "".join(c for c in text if c.isdigit()),
}


def _tidy_address(text: str) -> str:
    """An address made of parts, one of which was empty, without the dots that would make it none."""
    return re.sub(r"\.+", ".", text).strip(".").replace(".@", "@") if "@" in text else text


@dataclasses.dataclass(frozen=True)
class Part:
    """The text under one heading, through filters; without a heading, ``text`` as it stands."""

    heading: str = ""
    filters: tuple[str, ...] = ()
    text: str = ""

    def read(self, cell: Callable[[str], str]) -> str:
        """The text of this part in the row that ``cell`` reads."""
        if not self.heading:
            return self.text
        text = cell(self.heading)
        for name in self.filters:
            text = FILTERS[name](text)
        return text


@dataclasses.dataclass(frozen=True)
class Source:
    """Where a field comes from: parts one after the other, or joined by spaces."""

    parts: tuple[Part, ...]
    is_joined: bool = False
    is_unique: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings that it reads."""
        return tuple(part.heading for part in self.parts if part.heading)

    def read(self, cell: Callable[[str], str]) -> str:
        """The text in one row: nothing when all that it reads is empty."""
        texts = [part.read(cell) for part in self.parts]
        if self.headings and not any(text for text, part in zip(texts, self.parts, strict=True) if part.heading):
            return ""
        return " ".join(filter(None, texts)) if self.is_joined else _tidy_address("".join(texts))


@dataclasses.dataclass(frozen=True)
class FileMapping:
    """A mapping that may be used: every name in it is known."""

    name: str
    subject: str
    sources: Mapping[str, Source]
    optional: frozenset[str]
    values: Mapping[str, Mapping[str, str]]
    formats: tuple[str, ...]
    country: str = ""  # of phone numbers without a country code; the agency's when empty

    @property
    def headings(self) -> list[str]:
        """All headings that it reads, in its own order."""
        return list(dict.fromkeys(text for source in self.sources.values() for text in source.headings))


class Bound:
    """A mapping laid over one file's heading; it counts repeated texts of unique fields in file order."""

    def __init__(self, mapping: FileMapping, heading: Sequence[str]) -> None:
        self.mapping = mapping
        self.width = len(heading)
        self._places = {heading_key(text): place for place, text in reversed(list(enumerate(heading)))}
        wanted = {heading_key(text): text for text in mapping.headings}
        keys = [heading_key(text) for text in heading]
        self.doubled = [text for key, text in wanted.items() if keys.count(key) > 1]
        self.missing = [text for text in self._needed() if heading_key(text) not in self._places]
        self._sources = {name: source for name, source in mapping.sources.items() if self._is_there(name, source)}
        self._last: dict[str, dict[str, int]] = {name: {} for name in mapping.sources}  # text: its last number

    def read(self, fields: Sequence[str]) -> dict[str, str]:
        """Our fields of one row, as texts without spaces at the ends."""

        def cell(heading: str) -> str:
            place = self._places.get(heading_key(heading))
            return fields[place].strip() if place is not None else ""

        row = {name: self._value(name, source.read(cell).strip()) for name, source in self._sources.items()}
        return {name: self._numbered(name, text) for name, text in row.items()}

    def column(self, field: str) -> str:
        """The headings that a field comes from, as they are named to people; the field itself for a constant."""
        fields = {"first_name": (field, "name"), "last_name": (field, "name"), "address": _PLACE}.get(field, (field,))
        sources = [self._sources[name] for name in fields if name in self._sources]
        headings = (text for source in sources for text in source.headings if heading_key(text) in self._places)
        return ", ".join(dict.fromkeys(headings)) or field

    def _needed(self) -> Iterator[str]:
        sources = self.mapping.sources.items()
        yield from dict.fromkeys(
            text for name, source in sources if name not in self.mapping.optional for text in source.headings
        )

    def _is_there(self, name: str, source: Source) -> bool:
        if name not in self.mapping.optional:
            return True
        return not source.headings or any(heading_key(text) in self._places for text in source.headings)

    def _value(self, name: str, text: str) -> str:
        return self.mapping.values.get(name, {}).get(text, text)

    def _numbered(self, name: str, text: str) -> str:
        """The text; of a unique field, the n-th of the same in the file gets ``.n`` before its @."""
        if not text or not self.mapping.sources[name].is_unique:
            return text
        last, key, fresh = self._last[name], text.casefold(), text
        stem, at, rest = text.partition("@")
        number = last.get(key, 1)
        while fresh.casefold() in last:
            number += 1
            fresh = f"{stem}.{number}{at}{rest}"
        last[key] = number
        last.setdefault(fresh.casefold(), 1)
        return fresh


def find_mapping(subject: str, name: str) -> FileMapping:
    """A mapping by the name of one that comes along (``doorstep``, ``synthea``), else by its path."""
    built_in = FOLDER / f"{name}-{subject}.toml"
    return read_mapping(built_in if name.isidentifier() and built_in.exists() else Path(name))


def read_mapping(path: Path) -> FileMapping:
    """Read and check a mapping.  Raises RuleBroken (``bad_mapping``) with a sentence that names what is wrong."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError:
        raise _bad(N_("There is no mapping “%(name)s”."), name=str(path)) from None
    except ValueError as error:
        raise _bad(N_("The mapping is not a TOML file: %(error)s."), error=str(error)) from None
    return of_content(path.stem, content)


def _bad(message: str, **fields: Any) -> RuleBroken:
    return RuleBroken(message, code="bad_mapping", **fields)


def of_content(name: str, content: dict[str, Any]) -> FileMapping:
    """A mapping from what its TOML file holds.  Raises RuleBroken (``bad_mapping``)."""
    for key in content.keys() - _KEYS:
        raise _bad(N_("The mapping has a part “%(key)s”; there are only %(known)s."), key=key, known=_listed(_KEYS))
    subject = content.get("subject")
    if not isinstance(subject, str) or subject not in FIELDS:
        raise _bad(N_("The mapping's subject must be one of %(known)s."), known=_listed(FIELDS))
    columns, constants = _table(content, "columns"), _table(content, "constants")
    sources = {field: _source(field, given) for field, given in columns.items()}
    sources |= {field: Source((Part(text=_text(field, given)),)) for field, given in constants.items()}
    values = {field: _texts(field, given) for field, given in _table(content, "values").items()}
    optional = _list(content.get("optional", []), "optional")
    _check_fields(subject, [*columns, *constants, *values, *optional])
    _check_choice(columns, constants, subject)
    return FileMapping(name, subject, sources, frozenset(optional), values, _formats(_table(content, "dates")))


def _check_fields(subject: str, fields: Sequence[str]) -> None:
    for field in fields:
        if field not in FIELDS[subject]:
            raise _bad(
                N_("The mapping names the field “%(name)s”, which %(subject)s do not have. They have %(known)s."),
                name=field, subject=subject, known=", ".join(FIELDS[subject]),
            )  # fmt: skip


def _check_choice(columns: dict[str, Any], constants: dict[str, Any], subject: str) -> None:
    if twice := columns.keys() & constants.keys():
        raise _bad(N_("The mapping gives “%(name)s” a column and a constant; keep one."), name=min(twice))
    if "external_id" not in columns:
        raise _bad(N_("The mapping must say which column is the external_id."))
    for field in NEEDED.get(subject, ()):
        if field not in columns.keys() | constants.keys():
            raise _bad(N_("The mapping must say which column is the %(name)s."), name=field)
    if subject not in NEEDED and not {"name", "last_name", "first_name"} & columns.keys():
        raise _bad(N_("The mapping must say which column is the name."))
    if subject in PEOPLE and "name" in columns and {"last_name", "first_name"} & columns.keys():
        raise _bad(N_("The mapping gives both “name” and its parts; keep one."))


def _source(field: str, given: Any) -> Source:
    if isinstance(given, str) and given:
        return Source((Part(given),)) if "{" not in given else Source(tuple(_template(given)))
    if isinstance(given, list) and given:
        return Source(tuple(Part(_text(field, text)) for text in given), is_joined=True)
    if isinstance(given, dict) and given.keys() <= {"from", "unique"} and "from" in given:
        return dataclasses.replace(_source(field, given["from"]), is_unique=given.get("unique") is True)
    raise _bad(
        N_("“%(name)s” must be a heading, a list of headings, a template, or { from = …, unique = true }."), name=field
    )


def _template(text: str) -> Iterator[Part]:
    """Parts of a text such as ``{FIRST|ascii}.{LAST|ascii}@example.org``."""
    for place, piece in enumerate(_PLACEHOLDER.split(text)):
        if place % 2 == 0:
            if "{" in piece or "}" in piece:
                raise _bad(N_("The braces in “%(text)s” do not match."), text=text)
            yield Part(text=piece)
            continue
        heading, *filters = (word.strip() for word in piece.split("|"))
        for name in filters:
            if name not in FILTERS:
                raise _bad(N_("There is no filter “%(name)s”; there are %(known)s."), name=name, known=_listed(FILTERS))
        if not heading:
            raise _bad(N_("A heading is missing in the braces of “%(text)s”."), text=text)
        yield Part(heading, tuple(filters))


def _formats(dates: dict[str, Any]) -> tuple[str, ...]:
    if dates.keys() - {"formats"}:
        raise _bad(N_("The part “dates” of the mapping holds only “formats”."))
    formats = _list(dates.get("formats", ["%Y-%m-%d"]), "formats")
    for text in formats:
        sample = dt.date(1931, 12, 30)
        try:
            is_whole = dt.datetime.strptime(sample.strftime(text), text).date() == sample  # noqa: DTZ007
        except ValueError:
            is_whole = False
        if not is_whole:
            raise _bad(N_("The date form “%(text)s” does not tell day, month and a year of four digits."), text=text)
    return tuple(formats)


def _table(content: dict[str, Any], key: str) -> dict[str, Any]:
    table = content.get(key, {})
    if not isinstance(table, dict):
        raise _bad(N_("“%(key)s” in the mapping must be a table: [%(key)s]."), key=key)
    return table


def _text(field: str, given: Any) -> str:
    if not isinstance(given, str) or not given:
        raise _bad(N_("“%(name)s” in the mapping must be a text."), name=field)
    return given


def _texts(field: str, given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise _bad(N_("[values.%(name)s] in the mapping must give a text for each text."), name=field)
    return given


def _list(given: Any, key: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise _bad(N_("“%(key)s” in the mapping must be a list of texts."), key=key)
    return given


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
