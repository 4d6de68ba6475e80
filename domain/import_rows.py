"""One row of a file: from text to values that the rules of the pages let through, with every problem named."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

from domain import agency, profile, sites
from domain.import_mapping import Bound, FileMapping
from domain.rules import N_, RuleBroken
from models import GROUPS

Note = Callable[[str, RuleBroken], None]  # called with one of our fields and what is wrong with it
FORMULA_SIGNS = ("=", "+", "-", "@")
_NUMBERS = ("mobile", "phone", "emergency_phone")
_NAMES = ("first_name", "last_name")
_PLACE = ("address", "city", "region", "postcode")
_DATES = ("birth_date", "death_date")
_TEXTS = tuple(field.name for field in dataclasses.fields(profile.Details) if field.name not in (*_DATES, "site_id"))


@dataclasses.dataclass(frozen=True)
class Problem:
    """What is wrong at one place of the file: ``message`` is a marked sentence, ``fields`` fills it.

    ``row`` is None for what concerns the whole file.
    """

    row: int | None
    column: str
    value: str
    message: str
    fields: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What is wrong, in English."""
        return self.message % self.fields if self.fields else self.message

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        place = f"row {self.row}{column}: " if self.row else ""
        return f"{place}{self.sentence}" + (f" (“{self.value}”)" if self.value else "")


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the file, checked.  ``values`` holds what the file says, in stored form, and no other field."""

    number: int
    external_id: str
    values: dict[str, str]


class Checker:
    """Checks the rows of one file in their order; ``problems`` and ``warnings`` collect what it finds."""

    def __init__(self, mapping: FileMapping, bound: Bound) -> None:
        self.mapping = mapping
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._bound = bound
        self._rows_of: dict[str, int] = {}
        here = agency.current()
        self._country = mapping.country or (here.country if here else "")
        self.repeated = 0  # rows that say again what a row before them said
        self.sites = sites.by_text()
        self._check = self._check_of(mapping.subject)

    def _check_of(self, subject: str) -> Callable[[dict[str, str], Note], dict[str, str]]:
        return {"individuals": self._individual, "workers": self._worker, "sites": self._site}[subject]

    def checked(self, number: int, fields: list[str]) -> Row | None:
        """The row with values that may be stored; None when something in it is wrong."""
        before = len(self.problems)
        if len(fields) != self._bound.width:
            message = N_("This row has %(has)s fields, the heading has %(wanted)s.")
            self.problems.append(Problem(number, "", "", message, {"has": len(fields), "wanted": self._bound.width}))
            return None
        raw = self._bound.read(fields)
        self._warn(number, raw)

        def note(field: str, broken: RuleBroken) -> None:
            text = raw.get(field, raw.get("name", "") if field in _NAMES else "")
            self.note(number, field, text, broken)

        external_id = self._external_id(number, raw["external_id"], note)
        values = self._check({name: text for name, text in raw.items() if name != "external_id"}, note)
        return self._kept(Row(number, external_id, values)) if len(self.problems) == before else None

    def _kept(self, row: Row) -> Row | None:
        """The row; None for one that need not be looked at any more."""
        return row

    def note(self, number: int | None, field: str, value: str, broken: RuleBroken) -> None:
        """Collect what a rule said about a field in a row."""
        column = self._bound.column(field) if field else ""
        self.problems.append(Problem(number, column, shortened(value), broken.message, broken.fields))

    def meant(self, values: Mapping[str, str], field: str, text: str) -> Any:
        """What a text in a field says, in a row with these values: two texts that mean the same are no change."""
        site = self.sites.get(text) if field == "site" else None
        return site.id if site else text

    def _warn(self, number: int, raw: dict[str, str]) -> None:
        for field, text in raw.items():
            if text.startswith(FORMULA_SIGNS) and field not in _NUMBERS:
                message = N_("This looks like a formula of a spreadsheet; it is kept as text.")
                self.warnings.append(Problem(number, self._bound.column(field), shortened(text), message))

    def _external_id(self, number: int, text: str, note: Note) -> str:
        external_id = cleaned("external_id", text, 100, note)
        if not external_id:
            if not text:
                note("external_id", RuleBroken(N_("Each row needs an id of its own.")))
        elif (first := self._rows_of.setdefault(external_id, number)) != number:
            self._again(first, note)
        return external_id

    def _again(self, first: int, note: Note) -> None:
        note("external_id", RuleBroken(N_("Row %(first)s has the same id."), first=first))

    def _individual(self, raw: dict[str, str], note: Note) -> dict[str, str]:
        values = _split_name(raw)
        details = _details(values, self._dates(values, note), note)
        if details is not None:
            kept = dataclasses.asdict(details)
            values |= {name: str(kept[name] or "") for name in values.keys() & kept.keys()}
        _join_place(values)
        for kind in ("email", "mobile", "phone", "address"):
            if values.get(kind):
                values[kind] = self._reach(kind, values[kind], kind, note)
        if values.get("emergency_phone"):
            values["emergency_phone"] = self._reach("emergency", values["emergency_phone"], "emergency_phone", note)
            if values.get("emergency_name"):
                values["emergency_name"] = cleaned("emergency_name", values["emergency_name"], 200, note)
        elif values.get("emergency_name"):
            note("emergency_name", RuleBroken(N_("An emergency contact needs a phone number.")))
        self._check_site(values, note)
        return values

    def _dates(self, values: dict[str, str], note: Note) -> dict[str, dt.date | None]:
        return {field: self._date(field, values.get(field, ""), note) for field in _DATES}

    def _day(self, text: str) -> dt.date | None:
        for form in self.mapping.formats if text else ():
            try:
                return dt.datetime.strptime(text, form).date()  # noqa: DTZ007 (a date has no zone)
            except ValueError:
                continue
        return None

    def _date(self, field: str, text: str, note: Note) -> dt.date | None:
        if (day := self._day(text)) is not None:
            return day
        if text:
            forms = ", ".join(dt.date(2001, 12, 31).strftime(form) for form in self.mapping.formats)
            note(field, RuleBroken(N_("There is no such date. Dates are written like %(forms)s."), forms=forms))
        return None

    def _reach(self, kind: str, value: str, field: str, note: Note) -> str:
        try:
            return profile.Reach(kind, value).checked(self._country).value
        except RuleBroken as broken:
            note(field, broken)
            return ""

    def _worker(self, raw: dict[str, str], note: Note) -> dict[str, str]:
        values = _split_name(raw)
        if (details := _details(values, {}, note)) is not None:
            values |= {name: getattr(details, name) for name in _NAMES if name in values}
        if "display_name" in values:
            values["display_name"] = cleaned("display_name", values["display_name"], 200, note)
        if values.get("email"):
            values["email"] = self._reach("email", values["email"], "email", note)
        if values.get("group") and values["group"] not in GROUPS:
            note("group", RuleBroken(N_("The group is one of %(known)s."), known=", ".join(GROUPS)))
        self._check_site(values, note)
        return values

    def _check_site(self, values: dict[str, str], note: Note) -> None:
        text = values.get("site")
        if text and text not in self.sites:
            note("site", RuleBroken(N_("There is no site with this id or name. Import the sites first.")))
        elif text and self.sites[text] is None:
            note("site", RuleBroken(N_("Two sites have this name. Give the id of one.")))

    def _site(self, raw: dict[str, str], note: Note) -> dict[str, str]:
        values = dict(raw)
        _join_place(values)
        for field, most in (("name", 120), ("address", 500), ("phone", 40)):
            if field in values:
                values[field] = cleaned(field, values[field], most, note)
        if not raw.get("name"):
            note("name", RuleBroken(N_("Enter a name.")))
        if values.get("time_zone") and values["time_zone"] not in _zones():
            note("time_zone", RuleBroken(N_("There is no such time zone. Write it like America/Halifax.")))
        return values


def shortened(text: str) -> str:
    """A value as it is shown beside a problem: at most 60 characters, none of them a control."""
    plain = "".join(c if c.isprintable() else "�" for c in text)
    return plain if len(plain) <= 60 else plain[:59] + "…"


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def cleaned(field: str, text: str, most: int, note: Note) -> str:
    """A tidy text; empty, and noted, when it cannot be kept."""
    try:
        return profile.clean(text, field, most, lines=field == "address")
    except RuleBroken as broken:
        note(field, broken)
        return ""


def _split_name(raw: dict[str, str]) -> dict[str, str]:
    """The fields, with a whole name taken apart: its last word is the last name."""
    values = dict(raw)
    if "name" in values:
        words = values.pop("name").split()
        values |= {"first_name": " ".join(words[:-1]), "last_name": " ".join(words[-1:])}
    return values


def _join_place(values: dict[str, str]) -> None:
    """Street, town, region and postcode become the lines of one address, when the file has any of them."""
    if not values.keys() & set(_PLACE):
        return
    street, city, region, postcode = (values.pop(field, "") for field in _PLACE)
    town = " ".join(filter(None, (", ".join(filter(None, (city, region))), postcode)))
    values["address"] = "\n".join(filter(None, (street, town)))


def _details(values: dict[str, str], dates: dict[str, dt.date | None], note: Note) -> profile.Details | None:
    """What ``Details.checked`` lets through; it names one fault at a time, so each is noted and set aside."""
    texts = {name: values.get(name, "") for name in _TEXTS}
    while True:
        try:
            return profile.Details(**texts, **dates).checked()  # type: ignore[arg-type]
        except RuleBroken as broken:
            note(broken.field, broken)
            if texts.get(broken.field, "?") != "?":
                texts[broken.field] = "?"
            elif dates.get(broken.field) is not None:
                dates[broken.field] = None
            else:
                return None
