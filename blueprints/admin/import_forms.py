"""Forms of the import that depend on the file: one choice for each of its columns."""

from __future__ import annotations

from typing import Any

from wtforms.fields.choices import SelectChoice

from domain import agency, import_columns
from domain.import_columns import Guess
from domain.import_csv import NAMED_DELIMITERS
from domain.import_mapping import FIELDS
from domain.import_page import Preview
from domain.rules import N_
from models import ImportFile
from web.formatting import countries, time_zones
from web.forms import Choice, Form, OneOf, Text, _l
from web.languages import gettext as _

DATES = {"ymd": N_("2001-12-31: year, month, day"), "dmy": N_("31.12.2001 or 31/12/2001: day, month, year"),
         "mdy": N_("12/31/2001: month, day, year")}  # fmt: skip
ENCODINGS = {
    "utf-8": N_("UTF-8 (most programs)"), "cp1252": N_("Western European (Windows)"), "latin-1": N_("Western European (ISO)"),
    "cp1250": N_("Central European (Windows)"), "cp1251": N_("Cyrillic (Windows)"), "cp1253": N_("Greek (Windows)"),
    "cp1254": N_("Turkish (Windows)"), "cp1256": N_("Arabic (Windows)"), "mac-roman": N_("Western European (Mac)"),
    "utf-16": N_("UTF-16 (“Unicode text”)"),
}  # fmt: skip
_SAME = {"utf-8-sig": "utf-8", "iso8859-1": "latin-1"}
DELIMITERS = {"comma": N_("comma ,"), "semicolon": N_("semicolon ;"), "tab": N_("tab"), "pipe": N_("vertical bar |")}


class ReadingForm(Form):
    encoding = Choice(_l("Letters are written in"), choices=[SelectChoice(k, _l(v)) for k, v in ENCODINGS.items()])
    delimiter = Choice(_l("Columns are separated by"), choices=[SelectChoice(k, _l(v)) for k, v in DELIMITERS.items()])


def read_as(file: ImportFile) -> dict[str, str]:
    """How a file is read, as the form offers it."""
    name = next(name for name, sign in NAMED_DELIMITERS.items() if sign == file.delimiter)
    return {"encoding": _SAME.get(file.encoding, file.encoding), "delimiter": name}


def columns(subject: str, seen: Preview) -> type[Form]:
    """A form with ``column-N`` for each column of the file."""
    offered = _choices([("", _("Leave out")), *((field, str(_(import_columns.field_name(subject, field)))) for field in FIELDS[subject])])
    fields: dict[str, Any] = {
        f"column-{place}": Choice(heading or _("Column %(number)s, without a heading", number=place + 1), choices=offered)
        for place, heading in enumerate(seen.headings)
    }
    if subject in ("individuals", "enrolments", "events"):
        dates = [SelectChoice(order, _l(words)) for order, words in DATES.items()]
        fields["dates"] = OneOf(_l("How are dates written?"), choices=dates, default="ymd")
    if subject == "individuals":
        fields["country"] = Choice(_l("Phone numbers without a country code are of"), choices=_choices(countries()))
    if subject == "sites":
        zones = _choices([("", _("That of the main site")), *time_zones()])
        fields["time_zone"] = Choice(_l("Time zone, when no column has it"), choices=zones)
    fields["keep_as"] = Text(_l("Keep these choices under a name"))
    return type("ColumnsForm", (Form,), fields)


def _choices(named: list[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, name) for value, name in named]


def proposed(guess: Guess, body: dict[str, Any]) -> dict[str, str]:
    """What the form shows first."""
    chosen = {f"column-{place}": field for place, field in enumerate(guess.fields)}
    constants = body.get("constants", {})
    return {**chosen, "dates": guess.dates, "country": body.get("country") or agency.country(),
            "time_zone": constants.get("time_zone", "")}  # fmt: skip


def added(subject: str, seen: Preview) -> list[str]:
    """What every row gets that no column of the file holds, in words."""
    base = import_columns.guess(subject, seen.headings, seen.rows, agency.country()).base
    return [f"{_(import_columns.field_name(subject, field))}: {text}" for field, text in import_columns.added(subject, base).items()]


def chosen(subject: str, seen: Preview, form: Form) -> dict[str, Any]:
    """What was chosen.  Raises RuleBroken."""
    fields = [form[f"column-{place}"].data for place in range(len(seen.headings))]
    given = {name: form[name].data for name in ("country", "time_zone") if name in form}
    guess = import_columns.guess(subject, seen.headings, seen.rows, agency.country())
    dates = form["dates"].data if "dates" in form else "ymd"
    return import_columns.chosen(subject, seen.headings, fields, dates=dates, base=guess.base, **given)
