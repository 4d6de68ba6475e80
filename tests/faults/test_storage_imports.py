"""An import that meets a full disk or a locked database: all of it or nothing, said plainly, and well again afterwards (P15)."""

import contextlib
import io
import os

import pytest
from click.testing import CliRunner
from faults import tracing
from faults.nursery import limited
from faults.test_storage import full_disk, somebody_else_writes

from domain import audit, import_columns, import_jobs, import_page, imports, search, store
from domain.actor import SYSTEM
from models import (
    AuditEntry,
    Consent,
    Contact,
    ImportedRow,
    ImportFile,
    ImportRow,
    ImportRun,
    Individual,
    db,
)
from web.commands_import import import_command

PEOPLE = 60
MINE = Individual.external_id.startswith("new-")
pytestmark = [pytest.mark.usefixtures("cast"), pytest.mark.only_sqlite]  # a lock on PostgreSQL: tests/domain/test_imports.py


def text():
    lines = (f"new-{n},First{n},Last{n},first{n}@example.org,{n} Main Street" for n in range(PEOPLE))
    return "\n".join(["external_id,first_name,last_name,email,address", *lines])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(text())
    return path


def take_in(file, progress=None, along=None):
    mapping = imports.find_mapping("individuals", "doorstep")
    return imports.apply("individuals", file, mapping, imports.Choices(consent_email=True), SYSTEM, progress, along)


def written():
    """How many of each kind are there of the people in the file."""
    ids = Individual.select(Individual.id).where(MINE)
    return ids.count(), *(table.select().where(table.individual.in_(ids)).count() for table in (Contact, Consent))


NOTHING, ALL = (0, 0, 0), (PEOPLE, 2 * PEOPLE, PEOPLE)


def all_is_well(file):
    """After whatever happened: the file is in, once, findable, remembered and audited, and nothing is left over."""
    report = take_in(file)
    assert (report.problems, report.is_applied, written()) == ([], True, ALL)
    assert take_in(file).unchanged == PEOPLE
    assert (ImportRow.select().count(), ImportedRow.select().count()) == (0, PEOPLE)
    assert search.narrow(Individual.select(), f"last{PEOPLE - 1}").count() == 1
    mine = AuditEntry.select(AuditEntry.individual).where(AuditEntry.kind == "individual.imported")
    assert (mine.count(), mine.distinct().count()) == (PEOPLE, PEOPLE)
    assert AuditEntry.select().where(AuditEntry.kind == "import.applied").count() == 1
    assert ImportRun.select().where(ImportRun.applied_at.is_null()).count() == 0
    assert audit.verify() == []
    assert db.execute_sql("PRAGMA integrity_check").fetchone()[0] == "ok"


def reached(rows):
    """Where an import was that a fault ended; nothing is half written wherever it was."""
    assert not db.in_transaction()
    if ImportRun.select().where(ImportRun.applied_at.is_null(False)).exists():
        assert written() == ALL
        return "settling"
    assert written() == NOTHING
    assert ImportedRow.select().count() == 0
    return "writing" if rows else "staging"


def pages(steps):
    """SQLite itself says that the disk is full; with each step there are a few pages more."""
    return full_disk(2 * steps)


def bytes_(steps):
    """The kernel refuses to let any file grow; with each step it may have some pages more."""
    return limited(1 + 8_240 * steps)


@pytest.mark.parametrize("room", [pages, bytes_])
def test_wherever_the_disk_is_full_nothing_of_a_file_is_half_taken_in(file, room):
    places, report = [], None
    while report is None:
        rows = []
        try:
            with room(len(places)):
                report = take_in(file, progress=rows.append)
        except Exception as error:
            assert store.is_storage_fault(error), error
            places.append(reached(rows))
            assert len(places) < 200
    print({place: places.count(place) for place in places})
    assert set(places) == {"staging", "writing", "settling"}
    all_is_well(file)


@pytest.mark.long
@pytest.mark.parametrize(("call", "error"), [("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fsync,fdatasync", "EIO")])
def test_whichever_write_the_disk_refuses_nothing_of_a_file_is_half_taken_in(file, call, error):
    tracing.needed()
    places = []
    for every in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
        rows = []
        with tracing.failing(os.getpid(), call, error, every, [f"{db.database}{end}" for end in ("", "-wal", "-journal")]):
            try:
                take_in(file, progress=rows.append)
                break
            except Exception as fault:
                assert store.is_storage_fault(fault), fault
                places.append(reached(rows))
    print({place: places.count(place) for place in places})
    assert len(places) >= 2
    all_is_well(file)


# ---------------------------------------------------------------- behind a lock


class Lock:
    """Somebody else begins to write at some moment, and does not end."""

    def __init__(self, stack):
        self._stack = stack

    def __call__(self, *rest):
        self._stack.enter_context(somebody_else_writes(db.database))


MOMENTS = {
    "staging": lambda file, lock: (lock(), take_in(file)),
    "writing": lambda file, lock: take_in(file, progress=lock),
    "settling": lambda file, lock: take_in(file, along=lambda run, report: store.after_commit(lock)),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_behind_a_lock_that_does_not_end_nothing_of_a_file_is_half_taken_in(file, moment):
    with contextlib.ExitStack() as stack:
        with pytest.raises(Exception, match="database is locked") as fault:
            MOMENTS[moment](file, Lock(stack))
        assert store.is_storage_fault(fault.value)
        assert reached(moment == "writing") == moment
    all_is_well(file)


@pytest.mark.parametrize("refusing", [lambda: full_disk(2), lambda: limited(1), lambda: somebody_else_writes(db.database)])
def test_the_command_says_that_it_could_not_and_works_when_it_is_run_again(file, refusing):
    words = ["individuals", str(file), "--consent-email", "yes"]
    with refusing():
        result = CliRunner().invoke(import_command, words)
        assert written() == NOTHING
    assert result.exit_code == 1
    assert "It could not be finished:" in result.output
    assert "Put this right and run it again." in result.output
    assert "Imported." not in result.output
    result = CliRunner().invoke(import_command, words)
    assert (result.exit_code, f"{PEOPLE} new, 0 changed, 0 unchanged. Imported." in result.output) == (0, True)
    all_is_well(file)


# ---------------------------------------------------------------- on the page


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "imports"


@pytest.fixture
def mapped(cast, folder):
    """A file that Ada uploaded and whose columns she named."""
    file = import_page.upload(folder, io.BytesIO(text().encode()), "people.csv", "individuals", cast.by("ada"))
    seen = import_page.preview(file, folder)
    guess, _ = import_page.proposal(file, seen, None)
    body = import_columns.chosen("individuals", seen.headings, guess.fields, dates=guess.dates, base=guess.base)
    import_page.map_columns(file, seen.headings, body, cast.by("ada"))
    return file


def locked_or_not(steps):
    """Somebody else writes, twice."""
    return somebody_else_writes(db.database) if steps < 2 else contextlib.nullcontext()


@pytest.mark.parametrize("room", [pages, bytes_, locked_or_not])
def test_a_file_on_the_page_is_still_to_be_done_and_is_done_once_there_is_room(cast, mapped, folder, file, frozen, room):
    frozen()
    import_page.check(mapped, cast.by("ada"), consent_email=True)
    _until_done(mapped, folder, frozen, room, "checked")
    assert (written(), import_jobs.found(mapped)) == (NOTHING, [])
    import_page.apply(mapped, cast.by("ada"))
    assert _until_done(mapped, folder, frozen, room, "applied") > 0
    fresh = ImportFile.get_by_id(mapped.id)
    assert (fresh.created, fresh.failure, list(folder.iterdir())) == (PEOPLE, "", [])
    all_is_well(file)


def _until_done(mapped, folder, frozen, room, end):
    """What the timetable does, again and again, with more room each time; how often a fault ended it."""
    begun, faults = ImportFile.get_by_id(mapped.id).state, 0
    for steps in range(200):
        try:
            with room(steps):
                import_jobs.run_due(folder)
            return faults
        except Exception as error:
            assert store.is_storage_fault(error), error
            faults += 1
        fresh = ImportFile.get_by_id(mapped.id)
        assert (fresh.state, written()) in ((begun, NOTHING), (end, ALL if end == "applied" else NOTHING))
        assert fresh.failure == ""
        frozen.shift(minutes=3)  # whoever failed could not even give its lease back
    raise AssertionError("it is never done")
