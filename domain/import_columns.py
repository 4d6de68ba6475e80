"""Which column of an uploaded file is which of our fields: guessed, chosen by staff, kept for the next time.

What was chosen is a plain dictionary (JSON at rest): ``columns`` (heading: field), ``dates`` (one of DATES),
``country``, ``constants`` (field: text) and ``base``, the name of a mapping that came along and fitted.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from domain import search
from domain.import_csv import heading_key
from domain.import_mapping import FIELDS, NEEDED, PEOPLE, Bound, FileMapping, Source, find_mapping, of_content
from domain.rules import N_, RuleBroken, Term

KNOWN = ("doorstep", "synthea")
JOINED = ("name", "first_name", "last_name", "address", "starts_at", "ends_at")  # may be made of several columns, in the order of the file
DATES: dict[str, tuple[str, ...]] = {
    "ymd": ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    "dmy": ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d"),
    "mdy": ("%m/%d/%Y", "%m-%d-%Y", "%Y-%m-%d"),
}
ASKED = ("time_zone",)  # what the page asks for, whatever a mapping that comes along says
MONTH_FIRST = ("US", "PH", "FM", "PW", "MH")  # countries
FIELD_NAMES = {
    "external_id": N_("Number or id of the row"), "name": N_("Whole name"), "first_name": N_("First name"),
    "last_name": N_("Last name"), "preferred_name": N_("Preferred name"), "pronouns": N_("Pronouns"),
    "gender": N_("Gender"), "language": N_("Language"), "birth_date": N_("Date of birth"),
    "death_date": N_("Date of death"), "email": N_("E-mail"), "mobile": N_("Mobile phone"), "phone": N_("Phone"),
    "address": N_("Street or whole address"), "city": N_("Town"), "region": N_("Region"), "postcode": N_("Postcode"),
    "emergency_name": N_("Emergency contact: name"), "emergency_phone": N_("Emergency contact: phone"),
    "display_name": N_("Name that clients see"), "site": N_("Site (its id or name)"), "group": N_("User group"),
    "time_zone": N_("Time zone"), "kind": N_("Kind: case or informal"), "client_name": N_("Name that clients see"),
    "client_description": N_("What clients read about it"), "is_visible": N_("Clients see it: yes or no"),
    "minutes": N_("Minutes of an appointment"), "capacity": N_("Places"), "individual": N_("Client (their id)"),
    "service": N_("Service (its id or name)"), "worker": N_("Worker (their id or e-mail)"), "opened_on": N_("Since"),
    "closed_on": N_("Until"), "starts_at": N_("Start"), "ends_at": N_("End"), "state": N_("What became of it"),
    "is_video": N_("By video: yes or no"),
}  # fmt: skip
_NAMES_OF_THINGS = ("sites", "services")  # they have one name, and no whole one
# Headings as other systems write them, folded, without spaces and signs; the first field that fits takes the column.
_ALIKE: dict[str, str] = {
    "external_id": "id externalid clientid clientno clientnumber clientnr number no nr fileno filenumber recordid"
    " recordnumber caseno casenumber patientid memberid workerid staffid employeeid employeeno siteid locationid key"
    " kundennummer klientennummer personalnummer numero numeroclient",
    "first_name": "firstname first givenname given forename firstnames prenom vorname nombre",
    "last_name": "lastname last surname familyname family secondname nom nachname familienname apellido apellidos",
    "name": "name fullname clientname patientname workername staffname sitename client patient worker",
    "preferred_name": "preferredname preferred knownas nickname callname rufname",
    "pronouns": "pronouns pronoun",
    "gender": "gender sex geschlecht genero sexe",
    "language": "language lang preferredlanguage sprache langue idioma",
    "birth_date": "birthdate dateofbirth dob born birthday birth geburtsdatum geboren datedenaissance fechadenacimiento",
    "death_date": "deathdate dateofdeath dod died deceased deceaseddate",
    "email": "email emailaddress mail mailaddress primaryemail courriel correo correoelectronico",
    "mobile": "mobile mobilephone cell cellphone mobil handy portable movil cellular",
    "phone": "phone telephone tel phonenumber homephone telefon telefono landline workphone",
    "address": "address street address1 addressline1 address2 addressline2 streetaddress homeaddress strasse adresse rue"
    " direccion calle number housenumber",
    "city": "city town locality ort stadt ville ciudad",
    "region": "region state province county prov bundesland",
    "postcode": "postcode zip zipcode postalcode plz codepostal codigopostal",
    "emergency_name": "emergencyname emergencycontact emergencycontactname nextofkin nextofkinname",
    "emergency_phone": "emergencyphone emergencycontactphone emergencynumber nextofkinphone",
    "display_name": "displayname publicname shownas",
    "site": "site siteid sitecode location locationid office branch organization organisation",
    "group": "group usergroup role",
    "time_zone": "timezone zone tz",
    "kind": "kind type",
    "client_name": "clientname publicname displayname shownas",
    "client_description": "clientdescription description",
    "is_visible": "isvisible visible public",
    "minutes": "minutes length duration",
    "capacity": "capacity places seats",
    "individual": "individual individualid client clientid clientno clientnumber clientnr patient patientid"
    " member memberid person personid",
    "worker": "worker workerid workeremail staff staffid provider providerid employee employeeid clinician therapist counsellor counselor",
    "service": "service serviceid servicename code program programme programid",
    "opened_on": "openedon opened start startdate begin begindate since from admitted admissiondate",
    "closed_on": "closedon closed stop stopdate end enddate until to discharged dischargedate",
    "starts_at": "startsat start starttime startdatetime begin begins from startdate date",
    "ends_at": "endsat end endtime enddatetime stop ends until to enddate",
    "state": "state status outcome attendance",
    "is_video": "isvideo video telehealth online",
}
_OWN_ID = "id externalid key number no nr recordid recordnumber"
_ALIKE_OF = {
    "sites": {"name": f"{_ALIKE['name']} location site"},
    "services": {"external_id": f"{_OWN_ID} serviceid code serviceno", "name": "name servicename service title programme program"},
    "enrolments": {"external_id": f"{_OWN_ID} enrolmentid enrollmentid caseno casenumber fileno filenumber"},
    "events": {"external_id": f"{_OWN_ID} eventid appointmentid appointmentno encounterid visitid bookingid"},
}
_SEVERAL = ("address", "starts_at", "ends_at")  # columns that look alike may make these up together


@dataclasses.dataclass(frozen=True)
class Guess:
    """What a file seems to be: a field, or nothing, for each heading."""

    fields: tuple[str, ...]
    dates: str
    base: str = ""


def field_name(subject: str, field: str) -> str:
    """What a field is called on the page, as a marked word."""
    return N_("Name") if field == "name" and subject in _NAMES_OF_THINGS else FIELD_NAMES[field]


def guess(subject: str, headings: Sequence[str], rows: Sequence[Sequence[str]], country: str) -> Guess:
    """Fields by a mapping that came along and fits, else by headings that look alike; dates by what stands there."""
    for name in KNOWN:
        known = find_mapping(subject, name)
        bound = Bound(known, headings)
        if not bound.missing and not bound.doubled:
            return _dated(_by_mapping(known, headings), rows, country, name)
    return _dated(_by_likeness(subject, headings), rows, country, "")


def _dated(fields: tuple[str, ...], rows: Sequence[Sequence[str]], country: str, base: str) -> Guess:
    places = [place for place, field in enumerate(fields) if field.endswith(("_date", "_on", "_at"))]
    cells = [row[place].strip() for row in rows for place in places if place < len(row) and row[place].strip()]
    likely = ("ymd", "mdy", "dmy") if country in MONTH_FIRST else ("ymd", "dmy", "mdy")
    return Guess(fields, max(likely, key=lambda order: sum(_is_date(cell, order) for cell in cells)), base)


def _is_date(text: str, order: str) -> bool:
    for form in DATES[order]:
        try:
            dt.datetime.strptime(text.partition(" ")[0], form)  # noqa: DTZ007 (a date has no zone)
        except ValueError:
            continue
        return True
    return False


def _by_mapping(known: FileMapping, headings: Sequence[str]) -> tuple[str, ...]:
    simple = {heading_key(source.headings[0]): field for field, source in reversed(list(known.sources.items())) if _is_simple(source)}
    return tuple(simple.get(heading_key(heading), "") for heading in headings)


def _is_simple(source: Source) -> bool:
    return len(source.headings) == 1 and not any(part.text for part in source.parts)


def _by_likeness(subject: str, headings: Sequence[str]) -> tuple[str, ...]:
    taken: list[str] = []
    alike = _ALIKE | _ALIKE_OF.get(subject, {})
    for heading in headings:
        key = re.sub(r"[\W_]", "", search.fold(heading))
        fits = (f for f in FIELDS[subject] if key in alike[f].split() and (f not in taken or f in _SEVERAL))
        taken.append(next(fits, ""))
    if {"first_name", "last_name"} & set(taken) and subject in PEOPLE:
        taken = ["" if field == "name" else field for field in taken]
    return tuple(taken)


# ---------------------------------------------------------------- what was chosen


def chosen(
    subject: str, headings: Sequence[str], fields: Sequence[str], *, dates: str, base: str, country: str = "", time_zone: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The choice as it is kept.  Raises RuleBroken whose field is ``column-N`` where one column is the reason."""
    _check_whole(subject, fields)
    columns: dict[str, str] = {}
    for place, (heading, field) in enumerate(zip(headings, fields, strict=True)):
        if field:
            _check_column(place, heading, headings, field, columns)
            columns[heading] = field
    constants = {"time_zone": time_zone} if time_zone and "time_zone" not in fields else {}
    return {"columns": columns, "dates": dates, "country": country, "constants": constants, "base": base}


def _check_whole(subject: str, fields: Sequence[str]) -> None:
    named = set(fields)
    if "external_id" not in named:
        raise RuleBroken(
            N_("Say which column holds the number or id of each row. By it the portal knows who is there already."), code="no_id"
        )
    for field in NEEDED.get(subject, ()):
        if field not in named:
            message = N_("Say which column holds this: %(name)s.")
            raise RuleBroken(message, code="no_field", name=Term(FIELD_NAMES[field]))
    if subject not in NEEDED and not named & {"name", "first_name", "last_name"}:
        raise RuleBroken(N_("Say which column holds the name."), code="no_name")
    if "name" in named and named & {"first_name", "last_name"}:
        raise RuleBroken(
            N_("One column is the whole name and another a part of it. Keep the whole name, or its parts."), code="two_names"
        )


def _check_column(place: int, heading: str, headings: Sequence[str], field: str, before: Mapping[str, str]) -> None:
    at = f"column-{place}"
    if not heading:
        raise RuleBroken(N_("This column has no heading. Give it one in the file, or leave it out."), code="no_heading", field=at)
    if [heading_key(text) for text in headings].count(heading_key(heading)) > 1:
        raise RuleBroken(
            N_("The file has two columns with this heading. Rename one in the file, or leave both out."), code="doubled", field=at
        )
    other = next((text for text, known in before.items() if known == field), "")
    if other and field not in JOINED:
        raise _twice(at, other, field)


def _twice(at: str, heading: str, field: str) -> RuleBroken:
    return RuleBroken(
        N_("“%(heading)s” is “%(name)s” already. Leave one of them out."), code="twice", field=at,
        heading=heading, name=Term(FIELD_NAMES[field]),
    )  # fmt: skip


def mapping_of(subject: str, body: Mapping[str, Any]) -> FileMapping:
    """What the import works with.  Raises RuleBroken when the choice is of another version of the portal."""
    columns: dict[str, list[str]] = {}
    for heading, field in body["columns"].items():
        columns.setdefault(field, []).append(heading)
    content = {"subject": subject, "columns": columns, "constants": body["constants"], "dates": {"formats": list(DATES[body["dates"]])}}
    mapping = dataclasses.replace(of_content("page", content), country=body["country"])
    return _as_base(mapping, find_mapping(subject, body["base"])) if body["base"] in KNOWN else mapping


def added(subject: str, base: str) -> dict[str, str]:
    """What a mapping that came along has the same for every row, unless a column holds it: the text by the field."""
    sources = find_mapping(subject, base).sources.items() if base in KNOWN else ()
    return {field: source.parts[0].text for field, source in sources if not source.headings and field not in ASKED}


def _as_base(mapping: FileMapping, base: FileMapping) -> FileMapping:
    """With what a mapping that came along does to the same columns: other capitals, other words."""
    sources = {field: _finer(source, base.sources.get(field)) for field, source in mapping.sources.items()}
    sources = {**{field: source for field, source in base.sources.items() if not source.headings and field not in ASKED}, **sources}
    return dataclasses.replace(mapping, sources=sources, values={f: v for f, v in base.values.items() if f in sources})


def _finer(source: Source, known: Source | None) -> Source:
    if known is None or not (_is_simple(known) and _is_simple(source)):
        return source
    return known if heading_key(known.headings[0]) == heading_key(source.headings[0]) else source


def digest(headings: Sequence[str]) -> str:
    """The same for files with the same headings, in whatever order."""
    return hashlib.sha256("\n".join(sorted(heading_key(heading) for heading in headings)).encode()).hexdigest()
