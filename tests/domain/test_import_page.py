"""A file's way in over the page, without the page: uploaded, named, checked, applied, given up, interrupted."""

import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from domain import audit, dispatch, import_columns, import_jobs, import_page, imports, profile, store
from domain.actor import SYSTEM, Actor
from domain.rules import RuleBroken
from domain.spreadsheet import harmless, written
from models import AuditEntry, ImportFile, ImportMapping, ImportProblem, ImportRow, ImportRun, Individual, Site, Worker

HERE = Path(__file__).resolve().parents[2]
SYNTHEA = HERE / "tests" / "data" / "synthea"
FILES = {"sites": ("organizations.csv", 63), "workers": ("providers.csv", 166), "individuals": ("patients.csv", 27)}
PEOPLE = "Client no.;First name;Surname;DOB;E-mail\n1;Ann;Bell;31.12.1990;ann@example.org\n2;Cy;Dell;01.02.1985;\n"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "imports"


@pytest.fixture
def upload(cast, folder):
    """``upload("text")``: a file of clients that Ada uploads, unless something else is said."""

    def go(content, subject="individuals", name="people.csv", by="ada"):
        content = content if isinstance(content, bytes) else content.encode()
        return import_page.upload(folder, io.BytesIO(content), name, subject, cast.by(by))

    return go


@pytest.fixture
def named(upload, folder, cast):
    """An uploaded file whose columns are as they were guessed."""

    def go(content=PEOPLE, subject="individuals", **more):
        file = upload(content, subject)
        import_page.map_columns(file, *guessed(file, folder), cast.by("ada"), **more)
        return fresh(file)

    return go


@pytest.fixture
def checked(named, folder, cast):
    """A file that is checked."""

    def go(content=PEOPLE, subject="individuals", by="ada"):
        file = named(content, subject)
        import_page.check(file, cast.by(by), consent_email=True if subject == "individuals" else None)
        import_jobs.run_due(folder)
        return fresh(file)

    return go


def guessed(file, folder):
    seen = import_page.preview(file, folder)
    guess, _ = import_page.proposal(file, seen, None)
    body = import_columns.chosen(file.subject, seen.headings, guess.fields, dates=guess.dates, base=guess.base)
    return seen.headings, body


def fresh(file):
    return ImportFile.get_by_id(file.id)


def counts(file):
    return file.rows, file.created, file.changed, file.unchanged


def said(file):
    return [(each.row, each.column, each.message % dict(import_jobs.sentence_of(each)[1])) for each in import_jobs.found(file)]


def kinds():
    return [entry.kind for entry in AuditEntry.select().where(AuditEntry.kind.startswith("import.")).order_by(AuditEntry.id)]


def many(rows):
    lines = (f"{n},First{n},Last{n},1990-01-01,first{n}@example.org" for n in range(rows))
    return "\n".join(["id,first name,last name,born,email", *lines])


# ---------------------------------------------------------------- the whole way


def test_a_file_of_clients_goes_all_the_way(checked, folder, cast):
    file = checked()
    assert (file.state, counts(file), said(file)) == ("checked", (2, 2, 0, 0), [])
    assert Individual.select().where(Individual.external_id == "1").count() == 0
    import_page.apply(file, cast.by("finn"))
    import_jobs.run_due(folder)
    file = fresh(file)
    assert (file.state, counts(file), file.worker) == ("applied", (2, 2, 0, 0), cast.finn)
    ann = Individual.get(Individual.external_id == "1")
    assert (ann.legal_name, str(ann.birth_date)) == ("Ann Bell", "1990-12-31")
    assert [contact.value for contact in ann.contacts] == ["ann@example.org"]
    assert profile.consent_of(ann, "email").is_given
    assert (file.run.file_name, file.stored, list(folder.iterdir())) == ("people.csv", "", [])
    assert kinds() == ["import.uploaded", "import.begun", "import.applied"]
    assert AuditEntry.get(AuditEntry.kind == "import.applied").worker == cast.finn
    assert audit.verify() == []


@pytest.mark.parametrize("subject", FILES)
def test_an_export_of_another_system_is_recognised_and_taken_in(checked, folder, cast, subject):
    name, rows = FILES[subject]
    for needed in ("sites", subject) if subject == "workers" else (subject,):
        file = checked((SYNTHEA / FILES[needed][0]).read_bytes(), needed)
        assert (file.state, said(file)) == ("checked", [])
        import_page.apply(file, cast.by("ada"))
        import_jobs.run_due(folder)
    assert (fresh(file).state, counts(fresh(file))) == ("applied", (rows, rows, 0, 0))
    again = checked((SYNTHEA / name).read_bytes(), subject)
    assert counts(again) == (rows, 0, 0, rows)
    if subject == "sites":
        assert Site.get(Site.external_id.is_null(False)).name == "Sturdy Memorial Hospital"
    if subject == "individuals":
        assert {person.gender for person in Individual.select().where(Individual.gender != "")} == {"Female", "Male"}


def test_problems_stop_an_import_and_are_named_with_row_and_column(checked, cast):
    file = checked(PEOPLE.replace("01.02.1985", "31.02.1985").replace("Cy", "=1+1"))
    assert (file.state, import_page.may("apply", file)) == ("checked", False)
    rows = said(file)
    assert [(row, column) for row, column, _ in rows] == [(3, "DOB"), (3, "First name")]
    assert "no such date" in rows[0][2]
    assert "formula" in rows[1][2]
    with pytest.raises(RuleBroken):
        import_page.apply(file, cast.by("ada"))


def test_a_formula_alone_is_a_note_and_stops_nothing(checked, folder, cast):
    file = checked(PEOPLE.replace("Ann", "=Ann"))
    assert import_page.may("apply", file)
    import_page.apply(file, cast.by("ada"))
    import_jobs.run_due(folder)
    assert Individual.get(Individual.external_id == "1").first_name == "=Ann"


def test_clients_need_an_answer_about_consent(named, cast):
    file = named()
    with pytest.raises(RuleBroken, match="yes or no"):
        import_page.check(file, cast.by("ada"))
    assert fresh(file).state == "mapped"


def test_what_changed_between_check_and_apply_takes_nothing_in(checked, folder, cast):
    file = checked()
    import_page.apply(file, cast.by("ada"))
    path = folder / fresh(file).stored
    path.write_bytes(path.read_bytes() + b"1;Twice;Bell;;\n")
    import_jobs.run_due(folder)
    file = fresh(file)
    assert (file.state, file.failure) == ("checked", import_jobs.REFUSED)
    assert [row for row, _, _ in said(file)] == [4]
    assert not Individual.select().where(Individual.external_id == "1").exists()


# ---------------------------------------------------------------- the file


def xlsx(inner="xl/workbook.xml"):
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(inner, "<x/>")
    return package.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."), (b" \r\n\r\n", "The file is empty."),
        (b"%PDF-1.7 rest", "This is not a CSV file."), (b"\x89PNG\r\n", "This is not a CSV file."),
        (b"<!DOCTYPE html><p>", "This is not a CSV file."), (b"id,name\n1,a\x00b\n", "This is not a CSV file."),
        ("id,name\n1,a\n".encode("utf-16-le"), "This is not a CSV file."),
        (xlsx(), "This is a spreadsheet, not a CSV file."), (b"\xd0\xcf\x11\xe0\xa1", "This is a spreadsheet, not a CSV file."),
        (xlsx("letter.txt"), "This is a ZIP archive."), (b"PK\x03\x04 broken", "This is a ZIP archive."),
        (b"id,name\n", "The file has a heading, but no rows."), (b"id,name\n\n , \n", "The file has a heading, but no rows."),
        (b'id,name\n1,"a\n', "A quotation mark is opened in row 2"),
        (b",".join([b"x"] * 301) + b"\n1\n", "The file has more than 300 columns."),
    ],
)  # fmt: skip
def test_what_is_no_csv_is_refused_in_words_and_leaves_nothing(upload, folder, content, sentence):
    with pytest.raises(RuleBroken) as refused:
        upload(content)
    assert str(refused.value).startswith(sentence)
    assert refused.value.field == "file"
    assert (list(folder.iterdir()), ImportFile.select().count()) == ([], 0)


def test_a_file_that_is_too_large_is_refused_and_the_largest_one_is_not(upload, folder, decided):
    decided(import_megabytes=1)
    line = b"1," + b"x" * 97 + b"\n"
    fits = b"id,name\n" + line * 9999
    assert upload(fits + b"1" * (1_000_000 - len(fits))).rows_there == 10_000
    with pytest.raises(RuleBroken, match="larger than 1 MB"):
        upload(fits + b"1" * (1_000_001 - len(fits)))
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_separator_are_found_out(upload, folder, encoding, delimiter):
    file = upload(f"id{delimiter}name\n1{delimiter}Zoë Müller\n".encode(encoding))
    seen = import_page.preview(file, folder)
    assert (seen.headings, seen.samples(1)) == (("id", "name"), ["Zoë Müller"])


def test_a_file_can_be_read_in_another_way(named, folder):
    file = named("id,name\n1,Łukasz Żak\n".encode("cp1250"))
    assert import_page.preview(file, folder).samples(1) != ["Łukasz Żak"]
    import_page.read_anew(file, folder, "cp1250", "comma")
    file = fresh(file)
    assert import_page.preview(file, folder).samples(1) == ["Łukasz Żak"]
    assert (file.state, file.mapping) == ("uploaded", "")
    with pytest.raises(RuleBroken):
        import_page.read_anew(file, folder, "ascii", "comma")


def test_the_file_is_for_nobody_else_and_its_name_says_nothing(upload, folder):
    file = upload(PEOPLE, name="../../etc/C:\\ann\x00 bell\u202e.csv")
    kept = folder / file.stored
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "bell" not in file.stored
    assert file.file_name == "ann bell.csv"


# ---------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("heading", "fields"),
    [
        ("Client No.;Last name;First Name;Date of birth", ("external_id", "last_name", "first_name", "birth_date")),
        ("ID;Name;ZIP code;Cell phone", ("external_id", "name", "postcode", "mobile")),
        ("Kundennummer;Nachname;Vorname;Straße;PLZ;Ort", ("external_id", "last_name", "first_name", "address", "postcode", "city")),
        ("external_id;first_name;last_name;Colour", ("external_id", "first_name", "last_name", "")),
        ("id;name;surname;forename", ("external_id", "", "last_name", "first_name")),
        ("a;b", ("", "")),
    ],
)  # fmt: skip
def test_columns_are_guessed_by_their_headings(heading, fields):
    assert import_columns.guess("individuals", heading.split(";"), [], "CA").fields == fields


@pytest.mark.parametrize(
    ("dates", "country", "order"),
    [
        (["2001-12-31"], "CA", "ymd"), (["31.12.2001", "01.02.2003"], "CA", "dmy"), (["12/31/2001"], "CA", "mdy"),
        (["01/02/2003"], "CA", "dmy"), (["01/02/2003"], "US", "mdy"), ([""], "US", "ymd"),
    ],
)  # fmt: skip
def test_the_form_of_dates_is_guessed_by_what_stands_there(dates, country, order):
    rows = [["1", "Ann", date] for date in dates]
    assert import_columns.guess("individuals", ["id", "name", "dob"], rows, country).dates == order


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (("", "name", "", ""), "no_id"), (("external_id", "", "", ""), "no_name"),
        (("external_id", "name", "first_name", ""), "two_names"), (("external_id", "name", "email", "email"), "twice"),
        (("external_id", "name", "", "email"), ""), (("external_id", "address", "address", "name"), ""),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_are_refused(fields, code):
    headings = ("a", "b", "c", "d")
    if not code:
        body = import_columns.chosen("individuals", headings, fields, dates="ymd", base="")
        assert import_columns.mapping_of("individuals", body).subject == "individuals"
        return
    with pytest.raises(RuleBroken) as refused:
        import_columns.chosen("individuals", headings, fields, dates="ymd", base="")
    assert refused.value.code == code


def test_a_column_without_a_heading_or_with_the_same_one_can_only_be_left_out():
    for headings, code in ((("a", "b", ""), "no_heading"), (("a", "b", "B "), "doubled")):
        import_columns.chosen("individuals", headings[:2], ("external_id", "name"), dates="ymd", base="")
        with pytest.raises(RuleBroken) as refused:
            import_columns.chosen("individuals", headings, ("external_id", "name", "email"), dates="ymd", base="")
        assert (refused.value.code, refused.value.field) in ((code, "column-2"), (code, "column-1"))


def test_a_kept_mapping_is_offered_for_the_same_headings_in_any_order(named, upload, folder):
    named("Nr;Wer;Farbe\n1;Ann Bell;rot\n".replace("Nr", "number").replace("Wer", "name"), keep_as="Registrations")
    other = upload("Farbe;NAME;Number\nblau;Cy Dell;2\n")
    seen = import_page.preview(other, folder)
    (kept,) = import_page.kept_mappings(other, seen.headings)
    assert kept.name == "Registrations"
    assert import_page.kept_mappings(other, ("number", "name")) == []
    named("number;name;Farbe\n1;Ann Bell;rot\n", keep_as="Registrations")
    assert ImportMapping.select().count() == 1


def test_phone_numbers_are_of_the_country_that_was_chosen(upload, folder, cast):
    file = upload("id,name,phone\n1,Ann Bell,030 901820\n")
    body = import_columns.chosen("individuals", ("id", "name", "phone"), ("external_id", "name", "phone"), dates="ymd", base="",
                                 country="DE")  # fmt: skip
    import_page.map_columns(file, ("id", "name", "phone"), body, cast.by("ada"))
    import_page.check(fresh(file), cast.by("ada"), consent_email=False)
    import_jobs.run_due(folder)
    import_page.apply(fresh(file), cast.by("ada"))
    import_jobs.run_due(folder)
    assert Individual.get(Individual.external_id == "1").contacts.get().value == "+4930901820"


# ---------------------------------------------------------------- moves, rights, several at once


VERBS = {
    "read_anew": lambda file, folder, by: import_page.read_anew(file, folder, "utf-8", "semicolon"),
    "map": lambda file, folder, by: import_page.map_columns(file, *guessed(file, folder), by),
    "check": lambda file, folder, by: import_page.check(file, by, consent_email=False),
    "apply": lambda file, folder, by: import_page.apply(file, by),
    "give_up": lambda file, folder, by: import_page.give_up(file, by),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", sorted({target for _, target in import_page.MOVES.values()}))
def test_each_verb_begins_where_the_table_says_and_nowhere_else(named, folder, cast, verb, state):
    file = named()
    with store.writing():
        ImportFile.update(state=state).where(ImportFile.id == file.id).execute()
    origins, target = import_page.MOVES[verb]
    if state in origins:
        VERBS[verb](file, folder, cast.by("ada"))
        assert fresh(file).state == target
        return
    with pytest.raises(RuleBroken) as refused:
        VERBS[verb](file, folder, cast.by("ada"))
    assert refused.value.code == "stale"
    assert fresh(file).state == state


def test_of_two_who_press_apply_one_does(checked, cast, at_once):
    file = checked()
    answers = at_once([lambda: import_page.apply(fresh(file), cast.by("ada")), lambda: import_page.apply(fresh(file), cast.by("finn"))])
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "RuleBroken"]
    assert kinds().count("import.begun") == 1


def test_two_who_do_what_is_due_at_once_do_it_once(checked, folder, cast, at_once):
    files = [checked(many(300)), checked(PEOPLE)]
    for file in files:
        import_page.apply(file, cast.by("ada"))
    at_once([lambda: import_jobs.run_due(folder)] * 3)
    import_jobs.run_due(folder)
    assert [fresh(file).state for file in files] == ["applied", "applied"]
    assert (ImportRun.select().count(), kinds().count("import.applied")) == (2, 2)
    assert [fresh(file).created for file in files] == [300, 0]


@pytest.mark.parametrize("state", ["checking", "applying"])
def test_who_lost_the_right_meanwhile_imports_nothing(checked, named, folder, cast, state):
    file = checked() if state == "applying" else named()
    if state == "applying":
        import_page.apply(file, cast.by("finn"))
    else:
        import_page.check(file, cast.by("finn"), consent_email=True)
    with store.writing():
        Worker.update(group="worker").where(Worker.id == cast.finn.id).execute()
    import_jobs.run_due(folder)
    assert (fresh(file).state, fresh(file).failure) == ("failed", import_jobs.NO_RIGHT)
    assert not Individual.select().where(Individual.external_id == "1").exists()
    assert (kinds()[-1], list(folder.iterdir())) == ("import.failed", [])


def test_the_right_is_looked_at_once_more_when_the_records_are_written(checked, folder, cast, monkeypatch):
    file = checked()
    import_page.apply(file, cast.by("finn"))
    renew = import_jobs._Job.__call__

    def lose_the_right(job, rows):
        with store.writing():
            Worker.update(is_active=False).where(Worker.id == cast.finn.id).execute()
        renew(job, rows)

    monkeypatch.setattr(import_jobs._Job, "__call__", lose_the_right)
    import_jobs.run_due(folder)
    assert (fresh(file).state, fresh(file).failure) == ("failed", import_jobs.NO_RIGHT)
    assert not Individual.select().where(Individual.external_id == "1").exists()


def test_workers_are_taken_in_with_the_rights_of_who_says_so_not_of_who_had_them_checked(checked, folder, cast):
    file = checked("id,first name,last name,email,role\nada,Ada,Ames,ada@elsewhere.example,system_admin\n", "workers")
    assert said(file) == []
    import_page.apply(file, cast.by("finn"))
    import_jobs.run_due(folder)
    file = fresh(file)
    assert (file.state, file.failure, cast.ada.email) == ("checked", import_jobs.REFUSED, "ada@example.org")
    assert [(row, column) for row, column, _ in said(file)] == [(2, "email")]


def test_an_import_waits_for_one_that_runs_elsewhere(checked, folder, cast):
    file = checked()
    import_page.apply(file, cast.by("ada"))
    with imports.import_turn.taken():
        import_jobs.run_due(folder)
        assert (fresh(file).state, fresh(file).lease_token) == ("applying", None)
    import_jobs.run_due(folder)
    assert fresh(file).state == "applied"


# ---------------------------------------------------------------- interrupted, given up, forgotten


def test_a_stop_ends_a_dry_run_at_its_next_step_and_it_begins_anew(named, folder, cast):
    file = named(many(600))
    import_page.check(file, cast.by("ada"), consent_email=False)
    job = import_jobs._claim()
    assert import_jobs._claim() is None
    dispatch.stop()
    assert import_jobs._do(job, folder / "") is False
    assert (fresh(file).state, fresh(file).rows_read, fresh(file).lease_token) == ("checking", 250, None)
    dispatch.go_on()
    import_jobs.run_due(folder)
    assert (fresh(file).state, counts(fresh(file))) == ("checked", (600, 600, 0, 0))


def test_a_stop_leaves_search_words_and_audit_of_an_applied_file_to_the_timetable(checked, folder, cast, monkeypatch):
    file = checked(many(300))
    import_page.apply(file, cast.by("ada"))
    settle = import_jobs._settle

    def stop_then(*rest):
        settle(*rest)
        dispatch.stop()

    monkeypatch.setattr(import_jobs, "_settle", stop_then)
    import_jobs.run_due(folder)
    assert (fresh(file).state, ImportRow.select().count()) == ("applied", 300)
    dispatch.go_on()
    imports.settle_applied()
    assert ImportRow.select().count() == 0


def test_what_is_given_up_while_it_is_checked_ends_there(named, folder, cast):
    file = named(many(600))
    import_page.check(file, cast.by("ada"), consent_email=False)
    job = import_jobs._claim()
    import_page.give_up(file, cast.by("finn"))
    assert import_jobs._do(job, folder) is False
    import_jobs.run_due(folder)
    assert (fresh(file).state, ImportProblem.select().count(), list(folder.iterdir())) == ("given_up", 0, [])


def test_a_lease_that_is_over_is_taken_by_somebody_else_and_the_first_one_does_nothing_more(checked, folder, cast, frozen):
    file = checked()
    import_page.apply(file, cast.by("ada"))
    frozen()
    slow = import_jobs._claim()
    frozen.shift(seconds=121)
    import_jobs.run_due(folder)
    assert fresh(file).state == "applied"
    assert import_jobs._do(slow, folder) in (True, False)
    assert (fresh(file).state, ImportRun.select().count(), kinds().count("import.applied")) == ("applied", 1, 1)


_KILLED = """
import os, sys
from pathlib import Path
from domain import audit, import_jobs, import_plans, imports, limits, store
store.open_database(sys.argv[1])
for keyed in (audit, limits):
    keyed.use_key(sys.argv[4])
die = lambda *rest, **fields: os._exit(9)
if sys.argv[3] == "reading":
    imports._Intake._count = die
elif sys.argv[3] == "writing":
    import_jobs._settle = die
else:
    imports.settle = die
with store.connection():
    import_jobs.run_due(Path(sys.argv[2]))
"""


@pytest.mark.parametrize("moment", ["reading", "writing", "written"])
def test_a_killed_import_is_done_once_whenever_it_was_killed(checked, folder, cast, db, frozen, moment):
    file = checked(many(300))
    import_page.apply(file, cast.by("ada"))
    command = [sys.executable, "-c", _KILLED, db.url, str(folder), moment, "a key that only the tests have, and long enough for anybody"]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(HERE)}, cwd=HERE, check=False)
    assert killed.returncode == 9
    assert fresh(file).state == ("applied" if moment == "written" else "applying")
    import_jobs.run_due(folder)
    assert Individual.select().where(Individual.external_id == "7").count() == (moment == "written")
    frozen()
    frozen.shift(minutes=3)
    import_jobs.run_due(folder)
    imports.settle_applied()
    assert (fresh(file).state, counts(fresh(file))) == ("applied", (300, 300, 0, 0))
    assert (ImportRun.select().count(), ImportRow.select().count(), kinds().count("import.applied")) == (1, 0, 1)
    assert audit.verify() == []


def test_a_file_that_vanished_ends_in_words(named, folder, cast):
    file = named()
    import_page.check(file, cast.by("ada"), consent_email=True)
    (folder / file.stored).unlink()
    import_jobs.run_due(folder)
    assert (fresh(file).state, fresh(file).failure) == ("failed", import_page.GONE)


def test_a_fault_of_ours_ends_in_words_and_stops_nobody_else(named, folder, cast):
    broken, good = named(), named()
    for file in (broken, good):
        import_page.check(file, cast.by("ada"), consent_email=True)
    with store.writing():
        ImportFile.update(mapping=json.dumps({"columns": {}})).where(ImportFile.id == broken.id).execute()
    import_jobs.run_due(folder)
    assert (fresh(broken).state, fresh(broken).failure) == ("failed", import_jobs.BROKEN)
    assert fresh(good).state == "checked"


def test_what_nobody_goes_on_with_is_gone_after_a_day(upload, checked, folder, frozen):
    files = [upload(PEOPLE), checked()]
    frozen()
    frozen.shift(hours=23)
    import_jobs.run_due(folder)
    assert len(list(folder.iterdir())) == 2
    frozen.shift(hours=2)
    import_jobs.run_due(folder)
    assert {(fresh(file).state, fresh(file).failure) for file in files} == {("given_up", import_page.EXPIRED)}
    assert list(folder.iterdir()) == []


def test_files_that_belong_to_no_import_go_when_they_are_old(upload, folder):
    file = upload(PEOPLE)
    for name, hours in (("young", 0), ("old", 2)):
        (folder / name).write_text("x")
        moment = (folder / name).stat().st_mtime - hours * 3600
        os.utime(folder / name, (moment, moment))
    import_page.clear(folder)
    assert {path.name for path in folder.iterdir()} == {file.stored, "young"}


def test_more_problems_than_anybody_reads_are_counted(checked, monkeypatch):
    monkeypatch.setattr(import_jobs, "MOST_PROBLEMS", 5)
    file = checked(many(20).replace("1990-01-01", "1990-13-01"))
    assert [row for row, _, _ in said(file)] == [2, 3, 4, 5, 6, None]


# ---------------------------------------------------------------- what leaves as CSV


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_nothing_that_leaves_is_a_formula(text):
    assert harmless(text) == f"'{text}"
    assert f"'{text[0]}" in written([[text, 5, None]]).decode("utf-8-sig")


def test_everything_else_leaves_as_it_is():
    assert written([["Zoë", 5, None]]) == "\ufeffZoë,5,\r\n".encode()


def test_nobody_imports_as_the_portal_itself(cast, folder):
    with pytest.raises(Exception, match=r"NOT NULL|null value"):
        import_page.upload(folder, io.BytesIO(PEOPLE.encode()), "x.csv", "individuals", SYSTEM)
    assert list(folder.iterdir()) == []
    assert isinstance(cast.by("ada"), Actor)
