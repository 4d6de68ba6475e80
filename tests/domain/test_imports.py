"""Taking in files: what people send, what becomes of it, and what must not happen when something goes wrong."""

import csv
import datetime as dt
import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyotp
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import (
    accounts,
    agency,
    audit,
    clock,
    half_sign_ins,
    import_columns,
    imports,
    limits,
    links,
    profile,
    schema,
    search,
    second_step,
    sites,
    store,
    work_queue,
    workers,
)
from domain.actor import SYSTEM
from domain.import_csv import open_table
from domain.import_mapping import Bound
from domain.imports import Choices
from domain.rules import RuleBroken
from models import (
    TABLES,
    AuditEntry,
    Authenticator,
    Consent,
    Contact,
    Delivery,
    ImportedRow,
    ImportRow,
    ImportRun,
    Individual,
    Link,
    LoginSession,
    PortalAccount,
    SearchWord,
    SecurityClass,
    Site,
    Task,
    Worker,
)
from models import db as database
from web.commands_import import import_command

HERE = Path(__file__).resolve().parents[2]
SYNTHEA = HERE / "tests" / "data" / "synthea"
FILES = {"sites": "organizations.csv", "workers": "providers.csv", "individuals": "patients.csv"}
STALE = "Somebody changed these records while the file was read. Nothing of it was taken in; import it again."
HEADING = "external_id,first_name,last_name,birth_date,death_date,email,mobile,phone,address"


@pytest.fixture
def agency_db(tmp_path):
    """A database in a file on the disk, as an agency has one."""
    store.open_database(f"sqlite:///{tmp_path / 'agency.db'}")
    schema.up()
    for keyed in (audit, limits):
        keyed.use_key("k")
    with store.connection():
        yield tmp_path / "agency.db"


@pytest.fixture
def take(house, tmp_path):
    """``take("text of a file")``: take it in, as individuals in our own headings unless something else is said."""

    def go(
        text, subject="individuals", *, mapping="doorstep", dry=False, by=SYSTEM, consent=False, progress=None, **given
    ):
        file = tmp_path / "file.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        chosen = mapping if not isinstance(mapping, str) else imports.find_mapping(subject, mapping)
        verb = imports.check if dry else imports.apply
        return verb(subject, file, chosen, Choices(consent_email=consent, **given), by, progress)

    return go


@pytest.fixture
def mapping(tmp_path):
    """``mapping('subject = …')``: a mapping of that text."""

    def go(text):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return imports.read_mapping(path)

    return go


def _somebody_waits():
    """True once a session of this database waits for a lock that another one has."""
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    return database.execute_sql(waits).fetchone()[0] > 0


@pytest.fixture
def just_before():
    """``just_before(verb)``: what ``progress`` calls; the verb is done by somebody else, and commits when we wait for it."""
    others = []

    def prepare(verb):
        is_done = threading.Event()

        def act():
            with store.connection(), store.writing():
                verb()
                is_done.set()
                until = time.monotonic() + 10
                while not _somebody_waits() and time.monotonic() < until:
                    pass

        def meanwhile(rows):
            others.append(threading.Thread(target=act))
            others[-1].start()
            assert is_done.wait(30)

        return meanwhile

    yield prepare
    for other in others:
        other.join(30)
        assert not other.is_alive()


def synthea(subject, *, dry=False, consent=True, by=SYSTEM):
    verb = imports.check if dry else imports.apply
    chosen = imports.find_mapping(subject, "synthea")
    return verb(subject, SYNTHEA / FILES[subject], chosen, Choices(consent_email=consent), by)


def said(report):
    return [str(problem) for problem in report.problems]


def counts(report):
    return report.rows, report.created, report.changed, report.unchanged


def everything():
    return {table.__name__: sorted(map(repr, table.select().tuples())) for table in TABLES}


def differing(before, after):
    return {name for name in before if before[name] != after[name]}


def one(external_id="1"):
    return Individual.get(Individual.external_id == external_id)


def reach(external_id="1"):
    contacts = one(external_id).contacts.order_by(Contact.id)
    return [(contact.kind, contact.value, contact.is_in_use, contact.is_main) for contact in contacts]


def found(question):
    return [person.external_id for person in search.narrow(Individual.select(), question).order_by(Individual.id)]


def many(rows):
    """A file of so many people, each with e-mail, two numbers and an address."""
    lines = [HEADING]
    for number in range(rows):
        first, last = f"First{number % 977}", f"Last{number % 1013}"
        reached = f"{first}.{last}.{number}@example.org,+1902555{number % 10000:04},+1902556{number % 10000:04}"
        lines.append(f"ext-{number:06},{first},{last},1980-02-{number % 28 + 1:02},,{reached},{number} Main Street")
    return "\n".join(lines)


# ---------------------------------------------------------------- an agency's export


def test_an_export_of_another_system_is_taken_in_as_it_is(house):
    reports = {subject: synthea(subject) for subject in FILES}
    assert {name: said(report) for name, report in reports.items()} == {name: [] for name in FILES}
    assert [counts(reports[name]) for name in FILES] == [(63, 63, 0, 0), (166, 166, 0, 0), (27, 27, 0, 0)]
    gene = one("261ad2a4-7c6f-da54-6a5b-3441beab9a6a")
    assert Site.get(Site.name == "Sturdy Memorial Hospital").address == "211 Park Street\nAttleboro, MA 02703"
    assert (gene.legal_name, gene.gender, gene.death_date) == ("Gene733 Mann644", "Male", dt.date(1976, 7, 25))
    assert one("6cf3d1b9-4d5e-8bb3-51f4-e047a6386c38").birth_date == dt.date(2024, 1, 3)
    assert reach("9d188916-8390-282b-3ec2-73fce6e08649")[1][1] == "171 Kemmer Neck Apt 30\nMashpee, Massachusetts"
    victor = Worker.get(Worker.first_name == "Víctor493")
    assert (victor.last_name, victor.email) == ("Noriega353", "victor493.noriega353@example.org")
    assert victor.group == "worker"
    assert victor.password_hash is None
    assert victor.site.name == "Cambridge Health Alliance"
    assert victor.site.time_zone == "America/New_York"
    assert found("mann") == [gene.external_id]
    assert audit.verify() == []


def test_the_same_files_again_change_nothing(house):
    for subject in FILES:
        synthea(subject)
    before = everything()
    assert [counts(synthea(subject)) for subject in FILES] == [(63, 0, 0, 63), (166, 0, 0, 166), (27, 0, 0, 27)]
    assert differing(before, everything()) == {"ImportRun"}


def test_a_dry_run_changes_nothing_at_all(house):
    before = everything()
    report = synthea("individuals", dry=True)
    assert (counts(report), report.is_applied) == ((27, 27, 0, 0), False)
    assert everything() == before


def test_made_addresses_are_ascii_and_numbered_in_the_order_of_the_file(house):
    synthea("sites")
    synthea("workers")
    hanas = Worker.select().where(Worker.first_name == "Hana676").order_by(Worker.id)
    stem = "hana676.ratke343"
    assert [hana.email for hana in hanas] == [f"{stem}{n}@example.org" for n in ("", ".2", ".3", ".4")]
    assert all(worker.email.isascii() for worker in Worker.select().where(Worker.external_id.is_null(False)))
    assert Worker.select().where(Worker.email.startswith("roxie199.okeefe54@")).exists()


_FIRST, _LAST = st.sampled_from(["Ann", "ann", "Änn", "x", "محمد", "🦦"]), st.sampled_from(["B", "b.2", "B 2"])


@given(names=st.lists(st.tuples(_FIRST, _LAST)))
def test_made_addresses_never_repeat_and_come_out_the_same_each_time(names):
    chosen = imports.find_mapping("individuals", "synthea")
    heading = chosen.headings
    rows = [[{"FIRST": first, "LAST": last}.get(name, "") for name in heading] for first, last in names]
    addresses = [Bound(chosen, heading).read(row)["email"] for row in rows[:1]]
    for _ in range(2):
        bound = Bound(chosen, heading)
        made = [bound.read(row)["email"] for row in rows]
        assert made[:1] == addresses
        assert len(set(made)) == len(made)
        assert all(address.isascii() for address in made)


def test_the_import_is_one_audit_entry_that_names_who_chose_what(cast):
    report = synthea("individuals", by=cast.by("ada"))
    (entry,) = AuditEntry.select().where(AuditEntry.kind == "import.applied")
    values = audit.values_of(entry)
    assert entry.worker == cast.ada
    assert values["choices"]["subject"] == "individuals"
    assert values["choices"]["consent_email"] is True
    assert values["choices"]["mapping"] == "synthea-individuals"
    assert values["file_hash"] == report.file_hash
    assert [values[name] for name in ("rows", "created", "changed", "unchanged")] == [27, 27, 0, 0]
    run = ImportRun.get()
    assert (run.file_name, run.created, run.applied_at is not None) == ("patients.csv", 27, True)


# ---------------------------------------------------------------- consent


def test_nobody_consents_by_an_oversight(take):
    report = take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,", consent=None)
    assert said(report) == ["Choose whether the people in this file allow e-mail: yes, or no to record nothing."]
    assert not Individual.select().exists()


def test_consent_is_recorded_for_those_who_have_an_address(take, cast):
    ada = cast.by("ada")
    take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,\n2,Cy,Dell,,,,,,", consent=True, by=ada)
    (consent,) = Consent.select().join(Individual).where(Individual.external_id.in_(["1", "2"]))
    assert (consent.individual, consent.channel, consent.is_given) == (one("1"), "email", True)
    assert (consent.recorded_how, consent.recorded_by) == ("import", cast.ada)


def test_no_consent_can_become_yes_later_but_a_refusal_stays(take):
    text = f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,\n2,Cy,Dell,,,cy@example.org,,,"
    take(text, consent=False)
    assert not Consent.select().exists()
    profile.record_consent(one("2"), "email", False, SYSTEM)
    report = take(text, consent=True)
    assert counts(report) == (2, 0, 1, 1)
    assert (profile.has_consent(one("1"), "email"), profile.has_consent(one("2"), "email")) == (True, False)
    assert one("1").version == 1


# ---------------------------------------------------------------- repeating


def test_what_staff_changed_stays_until_the_file_says_something_else(take):
    text = HEADING + "\n1,Ann,Bell,1980-01-31,,ann@example.org,,902 555 0134,1 Main Street\n"
    take(text)
    details = profile.Details("Anne", "Bell-Ortiz", birth_date=dt.date(1980, 1, 30))
    profile.change(one(), details, SYSTEM, version=1)
    report = take(text)
    assert counts(report) == (1, 0, 0, 1)
    assert (one().first_name, one().last_name, one().version) == ("Anne", "Bell-Ortiz", 2)
    report = take(text.replace("Bell", "Bellamy"))
    assert counts(report) == (1, 0, 1, 0)
    assert (one().first_name, one().last_name, one().birth_date) == ("Anne", "Bellamy", dt.date(1980, 1, 30))
    assert (one().version, one().sort_name) == (3, "bellamy anne")
    assert (found("bellamy"), found("ortiz")) == (["1"], [])
    assert audit.verify() == []


def test_a_field_that_staff_put_right_already_is_not_changed_again(take):
    take(f"{HEADING}\n1,Ann,Bell,,,,,,")
    profile.change(one(), profile.Details("Anna", "Bell"), SYSTEM, version=1)
    assert counts(take(f"{HEADING}\n1,Anna,Bell,,,,,,")) == (1, 0, 0, 1)
    profile.change(one(), profile.Details("Hannah", "Bell"), SYSTEM, version=2)
    assert counts(take(f"{HEADING}\n1,Anna,Bell,,,,,,")) == (1, 0, 0, 1)
    assert one().first_name == "Hannah"


def test_an_emptied_cell_empties_what_the_file_had_filled(take):
    take(f"{HEADING}\n1,Ann,Bell,1980-01-31,,ann@example.org,,,1 Main Street")
    report = take(f"{HEADING}\n1,Ann,Bell,,,,,,1 Main Street")
    assert counts(report) == (1, 0, 1, 0)
    assert one().birth_date is None
    assert reach() == [("email", "ann@example.org", False, False), ("address", "1 Main Street", True, True)]
    assert counts(take(f"{HEADING}\n1,Ann,Bell,1980-01-31,,ann@example.org,,,1 Main Street")) == (1, 0, 1, 0)
    assert reach()[0] == ("email", "ann@example.org", True, True)


def test_an_empty_cell_leaves_alone_what_the_file_never_filled(take):
    take(f"{HEADING}\n1,Ann,Bell,,,,,,")
    profile.add_contact(one(), profile.Reach("email", "ann@example.org", is_main=True), SYSTEM, country="CA")
    profile.change(one(), profile.Details("Ann", "Bell", birth_date=dt.date(1980, 1, 31)), SYSTEM, version=1)
    take(f"{HEADING}\n1,Ann,Bellamy,,,,,,")
    assert one().birth_date == dt.date(1980, 1, 31)
    assert reach() == [("email", "ann@example.org", True, True)]


def test_a_new_address_takes_the_place_of_the_imported_one(take):
    take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,")
    kept = one().contacts.get()
    take(f"{HEADING}\n1,Ann,Bell,,,bell@example.org,,,")
    assert reach() == [("email", "bell@example.org", True, True)]
    assert one().contacts.get().public_id == kept.public_id
    assert (found("bell@example.org"), found("ann@example.org")) == (["1"], [])


def test_a_new_address_beside_one_that_staff_chose_becomes_the_main_one(take):
    take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,")
    chosen = profile.Reach("email", "staff@example.org", is_main=True)
    profile.change_contact(one().contacts.get(), chosen, SYSTEM, country="CA", version=1)
    take(f"{HEADING}\n1,Ann,Bell,,,new@example.org,,,")
    assert reach() == [("email", "staff@example.org", True, False), ("email", "new@example.org", True, True)]


def test_an_address_that_is_there_already_is_not_doubled(take):
    take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,")
    profile.add_contact(one(), profile.Reach("email", "New@example.org", is_main=True), SYSTEM, country="CA")
    take(f"{HEADING}\n1,Ann,Bell,,,new@example.org,,,")
    assert reach() == [("email", "ann@example.org", False, False), ("email", "new@example.org", True, True)]


def test_an_emergency_contact_has_a_name_and_a_number(take):
    heading = "external_id,first_name,last_name,emergency_name,emergency_phone"
    take(f"{heading}\n1,Ann,Bell,Bo Bell,902 555 0134")
    contact = one().contacts.get()
    assert (contact.kind, contact.person) == ("emergency", "Bo Bell")
    assert (contact.value, contact.is_main) == ("+19025550134", True)
    take(f"{heading}\n1,Ann,Bell,Bob Bell,902 555 0134")
    assert [(contact.person, contact.value) for contact in one().contacts] == [("Bob Bell", "+19025550134")]
    assert said(take(f"{heading}\n2,Cy,Dell,Di Dell,")) == [
        "row 2, column emergency_name: An emergency contact needs a phone number. (“Di Dell”)"
    ]


def test_an_individual_with_an_id_from_elsewhere_is_compared_with_the_file(take, cast):
    report = take(f"{HEADING}\nalice,Alice,Archer,,,alice@example.org,,,\nbob,Robert,Brook,,,,,,")
    assert counts(report) == (2, 0, 1, 1)
    assert cast.bob.first_name == "Robert"
    assert len(list(cast.alice.contacts)) == 1


def test_a_change_that_contradicts_what_staff_wrote_is_a_problem(take):
    take(f"{HEADING}\n1,Ann,Bell,1980-01-31,,,,,")
    details = profile.Details("Ann", "Bell", birth_date=dt.date(1980, 1, 31), death_date=dt.date(1990, 1, 1))
    profile.change(one(), details, SYSTEM, version=1)
    report = take(f"{HEADING}\n1,Ann,Bell,1995-01-31,,,,,")
    assert said(report) == ["row 2, column death_date: The date of death lies before the date of birth."]
    assert one().birth_date == dt.date(1980, 1, 31)


def test_a_whole_file_of_changes_is_written_at_once(take):
    take(many(600))
    report = take(many(600).replace("First", "Prime").replace("+1902555", "+1902557"))
    assert counts(report) == (600, 0, 600, 0)
    assert Individual.select().where(Individual.first_name.startswith("Prime"), Individual.version == 2).count() == 600
    assert Contact.select().where(Contact.kind == "mobile", Contact.value.startswith("+1902557")).count() == 600
    assert Contact.select().count() == 2400
    assert found("prime500 last500") == ["ext-000500"]


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1,,,,,,,,", "row 2, column first_name: Enter a name."),
        (",Ann,Bell,,,,,,", "row 2, column external_id: Each row needs an id of its own."),
        (f"{'9' * 101},Ann,Bell,,,,,,", "row 2, column external_id: Use at most 100 characters."),
        ("1,Ann,Bell,2001-02-30,,,,,", "birth_date: There is no such date. Dates are written like 2001-12-31. (“2001-"),
        ("1,Ann,Bell,30/01/2001,,,,,", "column birth_date: There is no such date."),
        ("1,Ann,Bell,2999-01-01,,,,,", "birth_date: Check the year: the date of birth cannot be 2999. (“2999-01-01”)"),
        ("1,Ann,Bell,1749-01-01,,,,,", "column birth_date: Check the year"),
        ("1,Ann,Bell,,2999-01-01,,,,", "column death_date: The date of death cannot lie in the future. (“2999-01-01”)"),
        ("1,Ann,Bell,2001-01-02,2001-01-01,,,,", "column death_date: The date of death lies before the date of birth."),
        ("1,Ann,Bell,,,ann at home,,,", "email: Enter an e-mail address such as name@example.org. (“ann at home”)"),
        ("1,Ann,Bell,,,,12,,", "column mobile: Enter a phone number such as +1 202 555 0134. (“12”)"),
        ("1,Ann,Bell,,,,,call me,", "column phone: Enter a phone number"),
        (f"1,{'n' * 201},Bell,,,,,,", "column first_name: Use at most 200 characters. (“nnnnnnnnnn"),
        ("1,Ann\0,Bell,,,,,,", "column first_name: This contains a character that cannot be stored. (“Ann�”)"),
        ("1,Ann,Bell,,,,,,1 Main\x07 Street", "column address: This contains a character that cannot be stored."),
        (f"1,Ann,Bell,,,,,,{'a' * 501}", "column address: Use at most 500 characters."),
        ("1,Ann,Bell", "row 2: This row has 3 fields, the heading has 9."),
        ("1,Ann,Bell,,,,,,,,,", "row 2: This row has 12 fields, the heading has 9."),
    ],
)
def test_what_cannot_be_right_is_named_with_row_and_column(take, row, problem):
    for dry in (True, False):
        report = take(f"{HEADING}\n{row}\n2,Cy,Dell,,,,,,\n", dry=dry)
        assert len(report.problems) == 1
        assert problem in said(report)[0]
        assert said(report)[0].startswith("row 2")
        assert report.rows == 2
        assert not report.is_applied
    assert not Individual.select().exists()
    assert not ImportRun.select().exists()
    assert not ImportRow.select().exists()


def test_every_problem_of_a_file_is_listed_at_once(take):
    rows = ["1,Ann,Bell,2001-02-30,,x,y,,", "2,Cy,Dell,,,,,,", "1,Eve,Fox,,,,,,", "3,Gus,Hill,,,,,,"]
    rows.append(f"4,{'x' * 201},{'y' * 201},,,,,,")
    report = take("\n".join([HEADING, *rows]), consent=None)
    assert [(problem.row, problem.column) for problem in report.problems] == [
        (None, ""), (2, "birth_date"), (2, "email"), (2, "mobile"), (4, "external_id"),
        (6, "first_name"), (6, "last_name"),
    ]  # fmt: skip
    assert "row 4, column external_id: Row 2 has the same id. (“1”)" in said(report)
    assert counts(report)[:2] == (5, 2)


def test_nothing_of_a_long_file_is_taken_in_when_its_last_row_is_wrong(take):
    before = everything()
    report = take(many(700) + "\nlast,Zed,,2001-02-30,,,,,")
    assert [problem.row for problem in report.problems] == [702]
    assert everything() == before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The file is empty."),
        ("\n\n \n", "The file is empty."),
        (HEADING, "The file has a heading, but no rows."),
        (HEADING + "\n\n,,,,,,,,\n", "The file has a heading, but no rows."),
        ("external_id,first_name\n1,Ann", "The file has no column “last_name”."),
        ("external_id,first_name,last_name,Last_Name\n1,A,B,B", "The file has more than one column “last_name”."),
        (b"PK\x03\x04 and the rest of a spreadsheet", "This is a spreadsheet file. Save it as CSV and import that."),
        (f'{HEADING}\n1,"Ann,Bell,,,,,,\n2,Cy,Dell,,,,,,\n', "A quotation mark is opened in row 2 and never closed"),
        (f'{HEADING}\n1,"Ann"y,Bell,,,,,,\n', "The quotation marks in row 2 do not match; nothing after it can"),
        (f'{HEADING}\n1,"{"a" * 140_000}",Bell,,,,,,\n', "A quotation mark is opened in row 2 and never closed"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_answered_with_a_sentence(take, text, problem):
    report = take(text)
    assert len(report.problems) == 1
    assert problem in said(report)[0]
    assert not Individual.select().exists()


def test_what_stands_before_an_unclosed_quote_is_checked_all_the_same(take):
    report = take(f'{HEADING}\n1,Ann,Bell,2001-02-30,,,,,\n2,"Cy,Dell,,,,,,\n')
    assert [problem.sentence for problem in report.problems][1:] == [
        "A quotation mark is opened in row 3 and never closed; nothing after it can be read."
    ]
    assert report.problems[0].row == 2


def test_a_formula_is_kept_as_text_and_pointed_out(take):
    report = take("\n".join([HEADING, "1,=HYPERLINK(1),@Bell,,,,+19025550134,,-1 Main Street"]))
    assert (said(report), report.is_applied) == ([], True)
    assert [str(warning) for warning in report.warnings] == [
        f"row 2, column {column}: This looks like a formula of a spreadsheet; it is kept as text. (“{value}”)"
        for column, value in (("first_name", "=HYPERLINK(1)"), ("last_name", "@Bell"), ("address", "-1 Main Street"))
    ]
    assert one().legal_name == "=HYPERLINK(1) @Bell"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("D'Arcy", "O’Brien"),
        ("محمد", "الأحمد"),
        ("小明", "王"),
        ("Ngozi 🦦", "Łukasiewicz"),
        ("n" * 200, "m" * 200),
        ("Cher", ""),
        ("A, B", 'the "old"'),
    ],
)
def test_people_have_the_names_that_they_have(take, first, last):
    text = io.StringIO()
    csv.writer(text).writerows([["external_id", "first_name", "last_name"], ["1", first, last]])
    report = take(text.getvalue())
    assert (said(report), (one().first_name, one().last_name)) == ([], (first, last))


# ---------------------------------------------------------------- separators and encodings


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_separator_and_encoding_are_found_out_and_said(take, delimiter, encoding):
    text = "external_id;first_name;last_name\r\n1;Zoë;Núñez, the 2nd\r\n".replace(";", delimiter)
    if delimiter == ",":
        text = text.replace("Núñez, the 2nd", '"Núñez, the 2nd"')
    report = take(text.encode(encoding))
    assert said(report) == []
    assert one().legal_name == "Zoë Núñez, the 2nd"
    assert report.delimiter == delimiter
    assert report.encoding == ("cp1252" if encoding == "latin-1" else encoding)


def test_bytes_that_windows_does_not_know_are_latin_1(take):
    report = take(b"external_id,first_name,last_name\n1,Zo\xeb,Bell\n2,Ann\x81,Bell")
    assert report.encoding == "latin-1"
    assert [problem.row for problem in report.problems] == [3]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"encoding": "klingon"}, "There is no encoding “klingon”."),
        ({"encoding": "base64"}, "There is no encoding “base64”."),
        ({"encoding": "ascii"}, "From about row 1 on the file is not written in ascii."),
        ({"delimiter": "::"}, "The separator is one character"),
        ({"delimiter": '"'}, "The separator is one character"),
        ({"delimiter": ";"}, "The file has no column “external_id”."),
    ],
)
def test_what_was_given_wrongly_is_said(take, given, problem):
    report = take("external_id,first_name,last_name\n1,Zoë,Bell", **given)
    assert problem in said(report)[0]


def test_what_is_given_is_not_guessed(take):
    text = "external_id^first_name^last_name\n1^Łucja^Bell"
    report = take(text.encode("iso8859-2"), encoding="latin2", delimiter="^")
    assert (said(report), one().first_name) == ([], "Łucja")
    report = take(text.replace("^", "\t").encode("utf-8-sig"), encoding="UTF-8", delimiter="tab")
    assert counts(report) == (1, 0, 0, 1)


_CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    newline=st.sampled_from(["\r\n", "\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_a_spreadsheet_writes_is_read_as_it_was_written(tmp_path, rows, delimiter, quoting, newline, encoding):
    if newline != "\r\n":  # Python's own writer leaves the other kind of line end unquoted
        quoting = csv.QUOTE_ALL
    text = io.StringIO(newline="")
    heading = ("Id", "First name", "Last name")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows([heading, *rows])
    file = tmp_path / "any.csv"
    file.write_bytes(text.getvalue().encode(encoding))
    table = open_table(file, heading)
    assert (table.heading, table.delimiter) == (heading, delimiter)
    written = [(number, list(row)) for number, row in enumerate(rows, 2) if any(cell.strip() for cell in row)]
    assert list(table.rows()) == written


_ROWS = st.text('",;\n\r\tab1=', max_size=60)


@settings(max_examples=200)
@given(content=st.binary(max_size=300) | _ROWS.map(lambda rows: f"{HEADING}\n{rows}".encode()))
def test_no_file_at_all_is_a_crash(take, content):
    report = take(content, dry=True)
    assert all(str(problem) for problem in report.problems)


# ---------------------------------------------------------------- mappings


SMALL = 'subject = "individuals"\n[columns]\nexternal_id = "Id"\nname = "Name"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("subject = ", "The mapping is not a TOML file"),
        ('subject = "cats"', "The mapping's subject must be one of enrolments, events, individuals, services, sites, workers."),
        ('subjct = "individuals"', "The mapping has a part “subjct”"),
        (SMALL + 'shoe_size = "Shoes"', "The mapping names the field “shoe_size”, which individuals do not have."),
        (SMALL + '[constants]\ngroup = "x"', "The mapping names the field “group”"),
        (SMALL + '[values.sex]\nM = "x"', "The mapping names the field “sex”"),
        ('optional = ["sex"]\n' + SMALL, "The mapping names the field “sex”"),
        (SMALL + 'gender = "G"\n[constants]\ngender = "x"', "a column and a constant"),
        (SMALL + 'last_name = "L"', "both “name” and its parts"),
        ('subject = "individuals"\n[columns]\nname = "Name"', "which column is the external_id"),
        ('subject = "individuals"\n[columns]\nexternal_id = "Id"', "which column is the name"),
        (SMALL + 'email = "{A|ascii}.{B@example.org"', "The braces in “{A|ascii}.{B@example.org” do not match."),
        (SMALL + 'email = "{A|shout}@example.org"', "There is no filter “shout”; there are ascii, digits"),
        (SMALL + 'email = "{|ascii}@example.org"', "A heading is missing in the braces"),
        (SMALL + "email = 7", "must be a heading, a list of headings, a template"),
        (SMALL + 'email = { from = "A", uniqe = true }', "must be a heading, a list of headings, a template"),
        (SMALL + "email = [7]", "“email” in the mapping must be a text."),
        (SMALL + '[dates]\nformats = ["%d.%m.%y"]', "“%d.%m.%y” does not tell day, month and a year of four digits"),
        (SMALL + '[dates]\nformat = "%d"', "holds only “formats”"),
        (SMALL + '[dates]\nformats = "%Y-%m-%d"', "must be a list of texts"),
        (SMALL + "[values]\ngender = 7", "[values.gender] in the mapping must give a text for each text."),
        ('columns = "x"\nsubject = "sites"', "must be a table: [columns]"),
    ],
)
def test_a_mapping_is_strict_about_what_it_does_not_know(mapping, text, problem):
    with pytest.raises(RuleBroken) as refusal:
        mapping(text)
    assert problem in str(refusal.value)


def test_a_mapping_that_is_not_there_is_refused():
    with pytest.raises(RuleBroken, match="There is no mapping “nobody”"):
        imports.find_mapping("sites", "nobody")


def test_a_mapping_joins_fills_in_and_translates(take, mapping):
    text = """
subject = "individuals"
optional = ["phone"]
[columns]
external_id = "No."
name = "Client"
gender = "Sex"
birth_date = "Born"
address = ["Street", "Number"]
city = "Town"
postcode = "Code"
phone = "Tel"
email = { from = "{Client|first|ascii}@example.org", unique = true }
[constants]
language = "fr"
[values.gender]
w = "Woman"
[dates]
formats = ["%d.%m.%Y", "%Y-%m-%d"]
"""
    rows = (
        "No.;Client;Sex;Born;Street;Number;Town;Code",
        "1;Ann Mary Bell;w;31.1.1980;Main Street;4;Truro;",
        "2;Cher;x;1946-05-20;;;;B2N 1A1",
    )
    report = take("\n".join(rows), mapping=mapping(text))
    assert said(report) == []
    ann, cher = one("1"), one("2")
    assert (ann.first_name, ann.last_name, ann.gender, ann.language) == ("Ann Mary", "Bell", "Woman", "fr")
    assert (ann.birth_date, cher.birth_date) == (dt.date(1980, 1, 31), dt.date(1946, 5, 20))
    assert [value for _, value, _, _ in reach("1")] == ["annmary@example.org", "Main Street 4\nTruro"]
    assert (cher.first_name, cher.last_name, cher.gender) == ("", "Cher", "x")
    assert [value for _, value, _, _ in reach("2")] == ["B2N 1A1"]


def test_a_mapping_of_something_else_is_refused(take):
    report = take(f"{HEADING}\n1,Ann,Bell,,,,,,", mapping=imports.find_mapping("sites", "doorstep"))
    assert said(report) == ["This mapping is for sites."]


# ---------------------------------------------------------------- workers and sites


WORKERS = "external_id,first_name,last_name,email,site,group"


def test_workers_come_without_a_password_and_into_their_site(take):
    take("external_id,name,time_zone\ns1,North,America/Halifax", "sites")
    report = take(f"{WORKERS}\nw1,Ann,Bell,Ann@example.org,s1,admin_exec\nw2,Cy,Dell,,,", "workers")
    assert said(report) == []
    ann, cy = (Worker.get(Worker.external_id == name) for name in ("w1", "w2"))
    assert (ann.email_key, ann.site.name, ann.group) == ("ann@example.org", "North", "admin_exec")
    assert ann.password_hash is None
    assert (cy.email, cy.email_key, cy.site, cy.group) == (None, None, None, "worker")
    report = take(f"{WORKERS}\nw1,Ann,Bell,,,\nw2,Cy,Dell,cy@example.org,s1,", "workers")
    assert counts(report) == (2, 0, 2, 0)
    ann, cy = (Worker.get(Worker.external_id == name) for name in ("w1", "w2"))
    assert (ann.email_key, ann.site, ann.group) == (None, None, "worker")
    assert (cy.email, cy.site.name) == ("cy@example.org", "North")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("w,Ann,Bell,,nowhere,", "row 2, column site: There is no site with this id or name. Import the"),
        ("w,Ann,Bell,,,boss", "row 2, column group: The group is one of worker, intake_mgmt, admin_exec, system_"),
        ("w,Ann,Bell,Ada@example.org,,", "row 2, column email: Another worker has this e-mail address. (“Ada@ex"),
        ("w,Ann,Bell,ann,,", "row 2, column email: Enter an e-mail address"),
        ("w,,,,,", "row 2, column first_name: Enter a name."),
        (f"w,{'a' * 201},B,,,", "row 2, column first_name: Use at most 200 characters."),
        ("w,Ann,Bell,a@example.org,,\nx,Cy,Dell,A@example.org,,", "row 3, column email: Another worker has this"),
    ],
)
def test_workers_who_cannot_be_are_problems(take, cast, row, problem):
    before = everything()
    report = take(f"{WORKERS}\n{row}", "workers")
    assert len(report.problems) == 1
    assert said(report)[0].startswith(problem)
    assert everything() == before


def test_nobody_gives_more_rights_than_they_have(take, cast):
    text = "external_id,first_name,last_name,group\nw,Ann,Bell,system_admin"
    report = take(text, "workers", by=cast.by("finn"))
    assert said(report) == ["row 2, column group: You cannot give rights that you do not have. (“system_admin”)"]
    assert take(text, "workers", by=cast.by("ada")).is_applied


def test_what_somebody_has_waits_again_when_a_file_takes_the_right_to_see_the_person(take, cast):
    work_queue.add("new_activation_wanted", "intake", cast.alice, "one")
    work_queue.add("new_activation_wanted", "intake", cast.bob, "two")
    profile.follow(cast.bob, cast.ines, cast.by("ines"))
    with store.writing():
        Task.update(worker=cast.ines).execute()
    assert take("external_id,first_name,last_name,group\nines,Ines,Intake,worker", "workers", by=cast.by("ada")).is_applied
    assert [(task.individual.external_id, task.worker) for task in Task.select().order_by(Task.id)] == [("alice", None), ("bob", cast.ines)]


A_CLIENT_SIGNS_IN = "row 2, column email: A client signs in to the portal with this e-mail address."


def test_no_worker_gets_an_address_that_a_client_signs_in_with(take, cast):
    before = everything()
    for dry in (True, False):
        report = take(f"{WORKERS}\nw,Ann,Bell,Alice@example.org,,", "workers", dry=dry)
        assert said(report) == [f"{A_CLIENT_SIGNS_IN} (“Alice@example.org”)"]
        assert everything() == before
    report = take(f"{WORKERS}\notto,Otto,Oak,eve@example.org,,", "workers", by=cast.by("ada"))
    assert said(report) == [f"{A_CLIENT_SIGNS_IN} (“eve@example.org”)"]
    accounts.close(cast.alice_account, SYSTEM)
    assert take(f"{WORKERS}\nw,Ann,Bell,Alice@example.org,,", "workers").is_applied


def test_a_worker_keeps_an_address_that_a_client_signs_in_with_already(take, cast):
    with store.writing():  # as it can be in a database from before there was a rule
        PortalAccount.update(email_key="otto@example.org").where(PortalAccount.id == cast.alice_account.id).execute()
    assert take(f"{WORKERS}\notto,Otto,Oake,Otto@example.org,,", "workers").is_applied
    assert (cast.otto.last_name, cast.otto.email_key) == ("Oake", "otto@example.org")


def test_no_worker_gets_an_address_that_a_client_begins_to_sign_in_with_meanwhile(take, cast):
    before = []

    def meanwhile(rows):
        accounts.create(cast.pia, SYSTEM)
        before.append(list(Worker.select().tuples()))

    report = take(f"{WORKERS}\nw,Ann,Bell,pia@example.org,,", "workers", progress=meanwhile)
    assert said(report) == [f"{A_CLIENT_SIGNS_IN} (“pia@example.org”)", STALE]
    assert before == [list(Worker.select().tuples())]


@pytest.mark.only_postgres
def test_an_account_that_is_being_made_when_workers_are_written_keeps_its_address(take, cast, just_before):
    report = take(
        f"{WORKERS}\nw,Ann,Bell,pia@example.org,,", "workers", progress=just_before(lambda: accounts.create(cast.pia, SYSTEM))
    )
    assert said(report) == [f"{A_CLIENT_SIGNS_IN} (“pia@example.org”)", STALE]
    assert cast.pia_account.email_key == "pia@example.org"


def test_what_somebody_changed_of_a_worker_while_the_file_was_read_is_not_overwritten(take, cast):
    def meanwhile(rows):
        with store.writing():
            Worker.update(last_name="Oakley").where(Worker.external_id == "otto").execute()

    report = take(f"{WORKERS}\notto,Otto,Oake,,,", "workers", progress=meanwhile)
    assert (said(report), cast.otto.last_name) == ([STALE], "Oakley")


TOO_HIGH = "You cannot change the e-mail address or the user group of somebody who has rights that you do not have."


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("ada,Ada,Ames,finn2@example.org,,system_admin", "email"), ("ada,Ada,Ames,ada@example.org,,worker", "group"),
        ("otto,Otto,Oak,finn2@example.org,,worker", "email"),
    ],
)  # fmt: skip
def test_nobody_changes_who_may_more_than_they_do(take, cast, row, column):
    with store.writing():
        sends = SecurityClass.create(name="Sends activations", rights="send_activations")
        Worker.update(security_class=sends).where(Worker.external_id == "otto").execute()
        Worker.update(group="system_admin").where(Worker.external_id == "ines").execute()
    before = everything()
    for dry in (True, False):
        report = take(f"{WORKERS}\n{row}", "workers", by=cast.by("finn"), dry=dry)
        assert [(problem.row, problem.column, problem.message) for problem in report.problems] == [(2, column, TOO_HIGH)]
        assert everything() == before
    assert take(f"{WORKERS}\n{row}", "workers", by=cast.by("ada")).is_applied


def test_a_file_leaves_somebody_who_may_do_everything(take, cast):
    with store.writing():
        Worker.update(group="system_admin").where(Worker.external_id == "ines").execute()
    both = f"{WORKERS}\nada,Ada,Ames,ada@example.org,,worker\nines,Ines,Ivory,ines@example.org,,worker"
    before = everything()
    assert said(take(both, "workers")) == [f"row 3, column group: {workers.ONLY_ADMIN} (“worker”)"]
    assert everything() == before
    assert take(f"{WORKERS}\nada,Ada,Ames,ada@example.org,,worker", "workers").is_applied
    assert not take(f"{WORKERS}\nines,Ines,Ivory,ines@example.org,,worker", "workers").is_applied


def test_an_address_that_a_file_changes_opens_nothing_any_more_and_is_told(take, cast):
    session = cast.session("otto")
    with store.writing():
        reset = links.make("password_reset", clock.ahead(minutes=30), worker=cast.otto)
    assert take(f"{WORKERS}\notto,Otto,Oak,oak@example.org,,worker", "workers").is_applied
    assert not LoginSession.select().where(LoginSession.token_hash == session.token_hash).exists()
    assert not links.is_good(Link.get_by_id(reset.id))
    assert Delivery.get(Delivery.kind == "worker_address_changed").to_address == "otto@example.org"


def test_who_may_more_can_stand_in_the_file_and_be_written_otherwise(take, cast):
    text = f"{WORKERS}\nada,Ada,Amesbury,ada@example.org,,system_admin\nfinn,Finn,Field,finn@elsewhere.example,,intake_mgmt"
    report = take(text, "workers", by=cast.by("finn"))
    assert said(report) == []
    assert (cast.ada.last_name, cast.ada.group) == ("Amesbury", "system_admin")
    assert (cast.finn.email, cast.finn.group) == ("finn@elsewhere.example", "intake_mgmt")


def test_the_system_may_change_everybody(take, cast):
    _regroup("ines", "system_admin")
    assert take(f"{WORKERS}\nada,Ada,Ames,ada@elsewhere.example,,worker", "workers").is_applied
    assert (cast.ada.email, cast.ada.group) == ("ada@elsewhere.example", "worker")


def _regroup(name, group):
    with store.writing():
        Worker.update(group=group).where(Worker.external_id == name).execute()


@pytest.mark.parametrize(
    ("row", "column", "change", "problem"),
    [
        ("otto,Otto,Oak,otto@elsewhere.example,,worker", "email", ("otto", "system_admin"), TOO_HIGH),
        ("ines,Ines,Isle,ines@elsewhere.example,,intake_mgmt", "email", ("finn", "worker"), TOO_HIGH),
        ("otto,Otto,Oak,otto@example.org,,admin_exec", "group", ("finn", "intake_mgmt"), "You cannot give rights that you do not have."),
        ("w,Ann,Bell,,,admin_exec", "group", ("finn", "intake_mgmt"), "You cannot give rights that you do not have."),
    ],
)  # fmt: skip
def test_rights_that_change_while_the_file_is_read_count_as_they_are_when_it_is_written(take, cast, row, column, change, problem):
    report = take(f"{WORKERS}\n{row}", "workers", by=cast.by("finn"), progress=lambda rows: _regroup(*change))
    assert [(each.row, each.column, each.message) for each in report.problems] == [(2, column, problem), (None, "", STALE)]
    assert not Worker.select().where(Worker.email.endswith("@elsewhere.example") | (Worker.external_id == "w")).exists()


@pytest.mark.only_postgres
def test_rights_that_are_being_given_when_the_file_is_written_count(take, cast, just_before):
    text = f"{WORKERS}\notto,Otto,Oak,otto@elsewhere.example,,worker"
    report = take(text, "workers", by=cast.by("finn"), progress=just_before(lambda: _regroup("otto", "system_admin")))
    assert [problem.message for problem in report.problems] == [TOO_HIGH, STALE]
    assert cast.otto.email == "otto@example.org"


@pytest.mark.parametrize("group", ["worker", "system_admin"])
def test_whoever_gets_another_group_has_to_sign_in_again_and_nobody_else(take, cast, group):
    for name in ("dora", "finn", "finn", "ines", "alice"):
        cast.session(name)
    text = f"{WORKERS}\nfinn,Finn,Field,finn@example.org,,{group}\nines,Ines,Isles,ines@example.org,,intake_mgmt"
    take(text, "workers", dry=True)
    assert LoginSession.select().count() == 5
    assert take(text, "workers").is_applied
    assert (cast.finn.group, cast.ines.last_name) == (group, "Isles")
    sessions = LoginSession.select().order_by(LoginSession.id)
    assert [(session.worker, session.account) for session in sessions] == [
        (cast.dora, None), (cast.ines, None), (None, cast.alice_account)
    ]  # fmt: skip


@pytest.mark.parametrize("columns", ["oak@example.org,,worker", "otto@example.org,,intake_mgmt"])
def test_half_a_sign_in_is_over_when_a_file_changes_address_or_group(take, cast, columns):
    with store.writing():
        token, others = second_step.begin(cast.otto)[0], second_step.begin(cast.ines)[0]
    text = f"{WORKERS}\notto,Otto,Oak,{columns}\nines,Ines,Isles,ines@example.org,,intake_mgmt"
    half = half_sign_ins.find(token)
    assert take(text, "workers").is_applied
    assert half_sign_ins.find(token) is None
    assert half_sign_ins.find(others) is not None
    code = pyotp.TOTP(second_step.secret(half.nonce)).at(clock.now())
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.set_up(half, code, cast.visitor())
    assert refused.value.code == "over"
    assert not Authenticator.select().exists()


@pytest.mark.only_postgres
def test_a_sign_in_that_is_just_under_way_when_the_group_changes_is_over_too(take, cast, just_before):
    text = f"{WORKERS}\nfinn,Finn,Field,finn@example.org,,worker"
    assert take(text, "workers", progress=just_before(lambda: cast.session("finn"))).is_applied
    assert LoginSession.select().count() == 0


def test_an_imported_site_is_never_the_main_one(take):
    report = take("external_id,name,address,phone\ns1,North,1 North Street,902 555 0134 ext. 3", "sites")
    assert said(report) == []
    site = Site.get(Site.external_id == "s1")
    assert (site.is_main, site.time_zone, site.phone) == (False, "America/Halifax", "902 555 0134 ext. 3")
    assert agency.main_site().external_id is None
    assert counts(take("external_id,name,time_zone\ns1,North,Europe/Prague", "sites")) == (1, 0, 1, 0)
    assert Site.get(Site.external_id == "s1").time_zone == "Europe/Prague"
    assert Site.get(Site.external_id == "s1").address == "1 North Street"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("s,North,Mars/Olympus", "row 2, column time_zone: There is no such time zone. Write it like America/Halifax."),
        ("s,,", "row 2, column name: Enter a name."),
        (f"s,{'n' * 121},", "row 2, column name: Use at most 120 characters."),
    ],
)
def test_sites_that_cannot_be_are_problems(take, row, problem):
    report = take(f"external_id,name,time_zone\n{row}", "sites")
    assert len(report.problems) == 1
    assert said(report)[0].startswith(problem)


def test_without_a_main_site_a_time_zone_must_be_chosen(db, tmp_path, mapping):
    file = tmp_path / "sites.csv"
    file.write_text("external_id,name\ns,North\n")
    report = imports.apply("sites", file, imports.find_mapping("sites", "doorstep"), Choices())
    assert said(report) == ["row 2, column time_zone: Give the time zone, as a column or as a constant of the mapping."]
    chosen = mapping(
        'subject = "sites"\n[columns]\nexternal_id = "external_id"\nname = "name"\n'
        '[constants]\ntime_zone = "Europe/Prague"'
    )
    assert imports.apply("sites", file, chosen, Choices()).is_applied
    assert Site.get().time_zone == "Europe/Prague"


# ---------------------------------------------------------------- interrupted, and several at once


def test_an_import_that_breaks_in_the_middle_leaves_nothing(take, monkeypatch):
    before = everything()
    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", lambda *rest, **fields: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            take(many(300), consent=True)
    after = everything()
    assert differing(before, after) == {"ImportRun", "ImportRow"}
    assert take(many(300), consent=True).is_applied
    assert (Individual.select().count(), ImportRun.select().count(), ImportRow.select().count()) == (300, 1, 0)
    assert found("first299") == ["ext-000299"]


_KILLED = """
import os, sys
from pathlib import Path
from domain import audit, imports, search, store
store.open_database("sqlite:///" + sys.argv[1])
audit.use_key("k")
die = lambda *rest, **fields: os._exit(9)
if sys.argv[3] == "applying":
    audit.record = die
else:
    search.words_of = die
imports.apply("individuals", Path(sys.argv[2]), imports.find_mapping("individuals", "doorstep"), imports.Choices(True))
"""


@pytest.mark.parametrize("moment", ["applying", "indexing"])
def test_a_killed_import_is_begun_anew_or_finished(agency_db, tmp_path, moment):
    file = tmp_path / "people.csv"
    file.write_text(many(500))
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", _KILLED, agency_db, file, moment]
    killed = subprocess.run(command, env=environment, check=False, cwd=HERE)
    assert killed.returncode == 9
    assert ImportRow.select().count() == 500
    people = Individual.select().count()
    assert people == (0 if moment == "applying" else 500)
    assert Contact.select().count() == 4 * people
    assert ImportedRow.select().count() == SearchWord.select().count() == 0
    imports.finish()
    assert (ImportRow.select().count(), ImportedRow.select().count()) == (0, people)
    report = imports.apply("individuals", file, imports.find_mapping("individuals", "doorstep"), Choices(True))
    assert counts(report) == ((500, 500, 0, 0) if moment == "applying" else (500, 0, 0, 500))
    assert Individual.select().count() == Consent.select().count() == 500
    assert found("last499") == ["ext-000499"]
    assert len({entry.individual_id for entry in imported()}) == len(imported()) == 500
    assert audit.verify() == []


def test_a_record_that_staff_change_while_the_file_is_read_is_not_overwritten_unseen(take):
    take(f"{HEADING}\n1,Ann,Bell,,,,,,\n2,Cy,Dell,,,,,,")

    def meanwhile(rows):
        profile.change(one("2"), profile.Details("Cyrus", "Dell"), SYSTEM, version=1)

    text = f"{HEADING}\n1,Anna,Bell,,,,,,\n2,Cy,Delling,,,,,,"
    report = take(text, progress=meanwhile)
    assert said(report) == [STALE]
    assert (one("1").first_name, one("2").legal_name) == ("Ann", "Cyrus Dell")
    assert take(text).is_applied
    assert (one("1").first_name, one("2").legal_name) == ("Anna", "Cyrus Delling")


def _refuse(external_id="1"):
    profile.record_consent(one(external_id), "email", False, SYSTEM)


def test_a_refusal_that_staff_record_while_the_file_is_read_stands(take):
    text = f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,\n2,Cy,Dell,,,cy@example.org,,,"
    take(text)
    report = take(text, consent=True, progress=lambda rows: _refuse())
    assert said(report) == [STALE]
    assert [(consent.individual, consent.is_given) for consent in Consent.select()] == [(one("1"), False)]
    assert take(text, consent=True).is_applied
    assert (profile.has_consent(one("1"), "email"), profile.has_consent(one("2"), "email")) == (False, True)


@pytest.mark.only_postgres
def test_a_refusal_that_is_being_recorded_when_the_file_is_written_stands(take, just_before):
    text = f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,"
    take(text)
    report = take(text, consent=True, progress=just_before(_refuse))
    assert said(report) == [STALE]
    assert not profile.has_consent(one(), "email")
    assert Consent.select().count() == 1


def test_a_contact_of_somebody_else_in_the_place_of_a_removed_one_is_not_written_over(take):
    """SQLite gives the number of a deleted row to the next one."""
    text = f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,\n2,Cy,Dell,,,,,,"
    take(text)

    def meanwhile(rows):
        profile.remove_contact(one("1").contacts.get(), SYSTEM)
        profile.add_contact(one("2"), profile.Reach("email", "cy@example.org", is_main=True), SYSTEM, country="CA")
        profile.add_contact(one("1"), profile.Reach("email", "new@example.org", is_main=True), SYSTEM, country="CA")

    text = text.replace("ann@", "bell@")
    report = take(text, progress=meanwhile)
    assert said(report) == [STALE]
    assert reach("1") == [("email", "new@example.org", True, True)]
    assert take(text).is_applied
    assert reach("1") == [("email", "new@example.org", True, False), ("email", "bell@example.org", True, True)]
    assert reach("2") == [("email", "cy@example.org", True, True)]


def _retype(value, **more):
    contact = one().contacts.get()
    chosen = profile.Reach("email", value, **{"is_main": True, **more})
    profile.change_contact(contact, chosen, SYSTEM, country="CA", version=contact.version)


WITH_CONTACTS = {
    "change it": lambda: _retype("staff@example.org"),
    "put it out of use": lambda: _retype("ann@example.org", is_in_use=False),
    "say more about it": lambda: _retype("ann@example.org", instructions="Not before noon"),
    "remove it": lambda: profile.remove_contact(one().contacts.get(), SYSTEM),
    "add the same": lambda: profile.add_contact(one(), profile.Reach("email", "Bell@example.org"), SYSTEM, country="CA"),
    "add a main one": lambda: profile.add_contact(
        one(), profile.Reach("email", "staff@example.org", is_main=True), SYSTEM, country="CA"
    ),
}


def _contacts():
    return list(Contact.select().order_by(Contact.id).tuples())


@pytest.mark.parametrize("verb", WITH_CONTACTS)
def test_what_staff_do_with_a_contact_while_the_file_is_read_is_not_overwritten(take, verb):
    take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,")
    after = []

    def meanwhile(rows):
        WITH_CONTACTS[verb]()
        after.append(_contacts())

    text = f"{HEADING}\n1,Anna,Bell,,,bell@example.org,,,"
    assert said(take(text, progress=meanwhile)) == [STALE]
    assert ([_contacts()], one().first_name) == (after, "Ann")
    assert take(text).is_applied
    assert [contact.is_in_use for contact in one().contacts if contact.lookup == "bell@example.org"] == [True]


@pytest.mark.only_postgres
@pytest.mark.parametrize("verb", WITH_CONTACTS)
def test_what_staff_are_doing_with_a_contact_when_the_file_is_written_is_not_overwritten(take, verb, just_before):
    take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,")
    text = f"{HEADING}\n1,Anna,Bell,,,bell@example.org,,,"
    assert said(take(text, progress=just_before(WITH_CONTACTS[verb]))) == [STALE]
    assert one().first_name == "Ann"


def test_a_form_that_was_opened_before_an_import_does_not_overwrite_it(take):
    take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,")
    opened, details = one().contacts.get(), one()
    take(f"{HEADING}\n1,Anna,Bell,,,bell@example.org,,,")
    chosen = profile.Reach("email", "ann@example.org", instructions="Not before noon", is_main=True)
    with pytest.raises(RuleBroken) as refused:
        profile.change_contact(opened, chosen, SYSTEM, country="CA", version=opened.version)
    assert refused.value.code == "stale"
    with pytest.raises(RuleBroken) as refused:
        profile.change(details, profile.Details("Ann", "Bell"), SYSTEM, version=details.version)
    assert refused.value.code == "stale"
    assert reach() == [("email", "bell@example.org", True, True)]
    assert [contact.version for contact in one().contacts] == [2]


def test_somebody_who_is_added_by_hand_meanwhile_is_not_doubled(take):
    def meanwhile(rows):
        with store.writing():
            added = profile.create(profile.Details("Ann", "Bell"), SYSTEM)
            Individual.update(external_id="1").where(Individual.id == added.id).execute()

    report = take(f"{HEADING}\n1,Ann,Bell,,,,,,", progress=meanwhile)
    assert len(said(report)) == 1
    assert Individual.select().count() == 1
    assert ImportRow.select().count() == 0


@pytest.mark.only_postgres
def test_behind_a_lock_that_does_not_end_an_import_fails_plainly_and_works_afterwards(take):
    take(f"{HEADING}\n1,Ann,Bell,,,ann@example.org,,,")
    is_held, is_over = threading.Event(), threading.Event()

    def hold():
        with store.connection(), store.writing():
            store.hold(one())
            is_held.set()
            is_over.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    assert is_held.wait(30)
    before, text = everything(), f"{HEADING}\n1,Ann,Bell,,,bell@example.org,,,"
    database.execute_sql("SET lock_timeout = 50")
    with pytest.raises(Exception, match="lock timeout") as fault:
        take(text)
    assert store.is_storage_fault(fault.value)
    assert not database.in_transaction()
    assert differing(before, everything()) == {"ImportRun", "ImportRow"}
    database.execute_sql("SET lock_timeout = 15000")
    is_over.set()
    other.join(30)
    assert take(text).is_applied
    assert reach() == [("email", "bell@example.org", True, True)]
    assert ImportRun.select().where(ImportRun.applied_at.is_null()).count() == ImportRow.select().count() == 0


def test_a_running_import_is_never_cleared_by_another_one(take, tmp_path):
    second, others = tmp_path / "second.csv", []
    second.write_text(f"{HEADING}\nx,Xena,Young,,,,,,")

    def meanwhile(rows):
        imports.finish()
        others.append(imports.apply("individuals", second, imports.find_mapping("individuals", "doorstep"), Choices(False)))

    report = take(many(300), progress=meanwhile)
    assert report.is_applied
    assert {tuple(said(other)) for other in others} == {("Another import is running. Try again when it is done.",)}
    assert (Individual.select().count(), ImportRun.select().count(), ImportRow.select().count()) == (300, 1, 0)
    assert imports.apply("individuals", second, imports.find_mapping("individuals", "doorstep"), Choices(False)).is_applied


_SLOW = """
import sys
from pathlib import Path
from domain import audit, imports, store
store.open_database(sys.argv[1])
audit.use_key("k")
def wait(rows):
    print(rows, flush=True)
    sys.stdin.readline()
imports.apply("individuals", Path(sys.argv[2]), imports.find_mapping("individuals", "doorstep"), imports.Choices(True), progress=wait)
"""


def test_an_import_of_another_process_is_left_alone_until_that_process_ends(agency_db, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(many(300))
    command = [sys.executable, "-c", _SLOW, f"sqlite:///{agency_db}", str(file)]
    other = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(HERE)}, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout.readline() == b"250\n"
        assert ImportRow.select().count() == 250
        ours = imports.apply("individuals", file, imports.find_mapping("individuals", "doorstep"), Choices(True))
        assert said(ours) == ["Another import is running. Try again when it is done."]
        assert ImportRow.select().count() == 250
    finally:
        other.kill()
        other.communicate()
    assert imports.apply("individuals", file, imports.find_mapping("individuals", "doorstep"), Choices(True)).is_applied
    assert (Individual.select().count(), ImportRun.select().count(), ImportRow.select().count()) == (300, 1, 0)


def test_who_reads_meanwhile_sees_nobody_or_everybody(agency_db, tmp_path):
    file, seen, is_over, faults = tmp_path / "people.csv", set(), threading.Event(), []
    file.write_text(many(3000))

    def read():
        try:
            with store.connection():
                while not is_over.is_set():
                    with database.atomic("DEFERRED"):
                        seen.add((Individual.select().count(), Contact.select().count()))
        except Exception as fault:
            faults.append(fault)

    reader = threading.Thread(target=read)
    reader.start()
    report = imports.apply("individuals", file, imports.find_mapping("individuals", "doorstep"), Choices(True))
    is_over.set()
    reader.join(30)
    assert (report.is_applied, faults) == (True, [])
    assert seen <= {(0, 0), (3000, 12000)}


# ---------------------------------------------------------------- large files

_WAITING = """
import sqlite3, sys, time
longest, waiting = 0.0, sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
print("ready", flush=True)
while not sys.stdin.closed:
    began = time.monotonic()
    waiting.execute("BEGIN IMMEDIATE"); waiting.execute("ROLLBACK")
    longest = max(longest, time.monotonic() - began)
    print(longest, flush=True)
    time.sleep(0.02)
"""


def _measured(path, tmp_path, rows):
    """Import so many; its report, its seconds, and how long another process had to wait for the write lock at most."""
    file, log = tmp_path / "people.csv", tmp_path / "waits"
    file.write_text(many(rows))
    with log.open("w") as out:
        other = subprocess.Popen([sys.executable, "-c", _WAITING, path], stdin=subprocess.PIPE, stdout=out)
    try:
        while not log.read_text():
            time.sleep(0.05)
        began = time.monotonic()
        report = imports.apply("individuals", file, imports.find_mapping("individuals", "doorstep"), Choices(True))
        seconds = time.monotonic() - began
    finally:
        other.kill()
        other.communicate()
    waits = log.read_text().rpartition("\n")[0].splitlines()
    print(f"{rows} rows: {seconds:.1f} s, lock held {report.seconds_locked:.2f} s, others waited {waits[-1]} s at most")
    return report, seconds, float(waits[-1])


@pytest.mark.long
def test_eight_thousand_people_hold_up_nobody(agency_db, tmp_path):
    report, _, waited = _measured(agency_db, tmp_path, 8_000)
    assert counts(report) == (8_000, 8_000, 0, 0)
    assert report.seconds_locked <= 1.5
    assert waited <= 5
    assert found("007999") == ["ext-007999"]


@pytest.mark.soak
@pytest.mark.parametrize("rows", [100_000, 200_000])
def test_a_large_agency_comes_in_within_five_minutes(agency_db, tmp_path, rows):
    report, seconds, _ = _measured(agency_db, tmp_path, rows)
    assert counts(report) == (rows, rows, 0, 0)
    assert (Contact.select().count(), Consent.select().count()) == (4 * rows, rows)
    assert SearchWord.select(SearchWord.individual).distinct().count() == rows
    if rows == 100_000:
        assert report.seconds_locked <= 5
        assert seconds <= 300


# ---------------------------------------------------------------- the audit of each record


def imported(kind="individual.imported"):
    return list(AuditEntry.select().where(AuditEntry.kind == kind).order_by(AuditEntry.id))


def test_each_person_that_a_file_brings_or_changes_has_an_entry_of_their_own(take, cast):
    by = cast.by("ada", network="198.51.100.3")
    take(f"{HEADING}\n1,Ann,Bell,1990-01-02,,ann@example.org,,,\n2,Ben,Cole,,,,,,", by=by, consent=True)
    ann, ben = imported()
    assert (ann.worker, ann.network, ann.individual) == (cast.ada, "198.51.100.3", one("1"))
    values = audit.values_of(ann)
    assert (values["before"], values["after"]["first_name"], values["after"]["birth_date"]) == ({}, "Ann", "1990-01-02")
    assert [told["after"]["value"] for told in values["contacts"]] == ["ann@example.org"]
    assert (values["consents"], audit.values_of(ben)["consents"]) == (True, False)
    assert audit.verify() == []


def test_a_repeated_file_adds_no_entry_and_a_changed_one_says_what_stood_there_before(take):
    take(f"{HEADING}\n1,Ann,Bell,1990-01-02,,ann@example.org,,,\n2,Ben,Cole,,,,,,")
    take(f"{HEADING}\n1,Ann,Bell,1990-01-02,,ann@example.org,,,\n2,Ben,Cole,,,,,,")
    assert len(imported()) == 2
    take(f"{HEADING}\n1,Anna,Bell,1990-01-02,,anna@example.org,,,\n2,Ben,Cole,,,,,,")
    values = audit.values_of(imported()[-1])
    assert (len(imported()), imported()[-1].individual) == (3, one("1"))
    assert (values["before"]["first_name"], values["after"]["first_name"]) == ("Ann", "Anna")
    assert "last_name" not in values["after"]
    (contact,) = values["contacts"]
    assert (contact["before"]["value"], contact["after"]["value"]) == ("ann@example.org", "anna@example.org")


def test_sites_and_workers_have_entries_too(take):
    take("external_id,name,time_zone\ns1,North,America/Halifax", "sites")
    take("external_id,first_name,last_name,email,site\nw1,Wes,Oak,wes@example.org,s1", "workers")
    (site,), (worker,) = imported("site.imported"), imported("worker.imported")
    assert audit.values_of(site)["after"]["name"] == "North"
    assert audit.values_of(worker)["after"]["email"] == "wes@example.org"


# ---------------------------------------------------------------- the command


def run(*arguments):
    return CliRunner().invoke(import_command, [str(argument) for argument in arguments])


def test_the_command_lists_problems_and_says_so_with_its_exit_code(house, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(f"{HEADING}\n1,Ann,Bell,2001-02-30,,,,,\n")
    result = run("individuals", file, "--consent-email", "no")
    assert result.exit_code == 1
    assert "row 2, column birth_date: There is no such date." in result.output
    assert "Nothing was imported." in result.output
    file.write_text(f"{HEADING}\n1,=Ann,Bell,,,,,,\n")
    result = run("individuals", file, "--consent-email", "no", "--dry-run")
    assert (result.exit_code, Individual.select().count()) == (0, 0)
    assert "Note: row 2, column first_name: This looks like a formula" in result.output
    result = run("individuals", file, "--consent-email", "no")
    assert (result.exit_code, Individual.select().count()) == (0, 1)
    assert "Read as utf-8, separated by comma.\n1 rows: 1 new, 0 changed, 0 unchanged. Imported." in result.output


@pytest.mark.parametrize(
    "options",
    [
        ["--mapping", "nobody"],
        ["--as-worker", "nobody@example.org"],
        ["--as-worker", "dora@example.org"],
        ["--consent-email", "maybe"],
    ],
)
def test_the_command_refuses_what_it_does_not_understand(cast, options):
    result = run("individuals", SYNTHEA / "patients.csv", "--mapping", "synthea", "--consent-email", "yes", *options)
    assert (result.exit_code, Individual.select().where(Individual.external_id.contains("-")).count()) == (2, 0)


def test_the_command_imports_in_the_name_of_a_worker(cast):
    options = ["--mapping", "synthea", "--consent-email", "yes", "--as-worker", "Ada@Example.org"]
    assert run("individuals", SYNTHEA / "patients.csv", *options).exit_code == 0
    assert AuditEntry.get(AuditEntry.kind == "import.applied").worker == cast.ada


def test_the_command_in_the_name_of_a_worker_may_what_that_worker_may(cast, tmp_path):
    file = tmp_path / "staff.csv"
    file.write_text(f"{WORKERS}\nada,Ada,Ames,ada@elsewhere.example,,system_admin")
    result = run("workers", file, "--as-worker", "finn@example.org")
    assert (result.exit_code, cast.ada.email) == (1, "ada@example.org")
    assert f"row 2, column email: {TOO_HIGH} (“ada@elsewhere.example”)" in result.output
    assert (run("workers", file).exit_code, cast.ada.email) == (0, "ada@elsewhere.example")


# ---------------------------------------------------------------- where they usually come


@pytest.fixture
def north(house):
    return sites.add(sites.Place("North"), SYSTEM)


PLACED = "external_id,first_name,last_name,site\n"


def test_a_file_says_where_people_come_by_the_id_of_a_site_or_its_name(take, north):
    take("external_id,name\nS1,South\n", "sites")
    assert said(take(f"{PLACED}1,Ann,Bell,North\n2,Cy,Dell,S1\n3,Di,East,\n")) == []
    assert [one(number).site.name for number in "12"] == ["North", "South"]
    assert one("3").site is None
    take(f"{PLACED}1,Ann,Bell,S1\n2,Cy,Dell,\n")
    assert (one("1").site.name, one("2").site) == ("South", None)
    told = audit.values_of(AuditEntry.select().where(AuditEntry.individual == one("1")).order_by(AuditEntry.id.desc()).get())
    assert (told["before"]["site"], told["after"]["site"]) == ("North", "South")


def test_a_file_without_the_column_and_the_same_file_again_change_nobodys_site(take, north):
    take(f"{PLACED}1,Ann,Bell,North\n")
    assert counts(take(f"{PLACED}1,Ann,Bell,North\n")) == (1, 0, 0, 1)
    assert counts(take("external_id,first_name,last_name\n1,Anna,Bell\n")) == (1, 0, 1, 0)
    assert (one().first_name, one().site) == ("Anna", north)


def test_a_site_that_is_not_there_or_left_or_not_the_only_one_of_its_name_is_named_at_its_row(take, north):
    sites.add(sites.Place("Twin"), SYSTEM)
    sites.add(sites.Place("Twin"), SYSTEM)
    take(f"{PLACED}4,Flo,Gray,North\n")
    sites.change(north, sites.Place("North", is_in_use=False), SYSTEM)
    assert said(take(f"{PLACED}1,Ann,Bell,Nowhere\n2,Cy,Dell,Twin\n3,Di,East,North\n4,Flo,Gray,North\n")) == [
        "row 2, column site: There is no site with this id or name. Import the sites first. (“Nowhere”)",
        "row 3, column site: Two sites have this name. Give the id of one. (“Twin”)",
        "row 4, column site: This site is not in use any more. (“North”)",
    ]
    assert counts(take(f"{PLACED}4,Flo,Gray,North\n")) == (1, 0, 0, 1)


def test_a_site_that_is_left_does_not_stand_in_the_way_of_one_of_its_name(take, north):
    sites.change(north, sites.Place("North", is_in_use=False), SYSTEM)
    again = sites.add(sites.Place("North"), SYSTEM)
    assert said(take(f"{PLACED}1,Ann,Bell,North\n")) == []
    assert one().site == again
    sites.change(again, sites.Place("North", is_in_use=False), SYSTEM)
    assert said(take(f"{PLACED}2,Cy,Dell,North\n")) == ["row 2, column site: Two sites have this name. Give the id of one. (“North”)"]


@pytest.mark.parametrize("headings", [("No", "Site", "First name", "Last name"), ("No", "Name", "Location")])
def test_a_column_of_sites_is_not_taken_for_a_name(house, headings):
    assert "site" in import_columns.guess("individuals", headings, [], "CA").fields
    assert "site" not in import_columns.guess("sites", headings, [], "CA").fields
