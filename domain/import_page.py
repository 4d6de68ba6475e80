"""A file's way in over the page: uploaded, its columns named, checked, applied, or given up on the way.

What takes long is done by ``import_jobs``; here a worker only says that it shall be.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from peewee import fn

from domain import agency, audit, clock, import_columns, import_files, profile, settings, store
from domain.actor import SYSTEM, Actor
from domain.import_columns import Guess
from domain.import_csv import Table, open_table
from domain.rules import N_, RuleBroken
from models import IMPORT_SUBJECTS, ImportFile, ImportMapping, ImportProblem

MOVES: dict[str, tuple[frozenset[str], str]] = {
    verb: (frozenset(origins.split()), target)
    for verb, (origins, target) in {
        "read_anew": ("uploaded mapped checked", "uploaded"),
        "map": ("uploaded mapped checked", "mapped"),
        "check": ("mapped", "checking"),
        "find": ("checking", "checked"),
        "apply": ("checked", "applying"),
        "refuse": ("applying", "checked"),
        "settle": ("applying", "applied"),
        "fail": ("checking applying", "failed"),
        "give_up": ("uploaded mapped checking checked", "given_up"),
    }.items()
}
AT_WORK = ("checking", "applying")
ENDED = ("applied", "failed", "given_up")
STALE = N_("This import has moved on meanwhile: see where it stands now.")
GONE = N_("The file is no longer here. Upload it again.")
EXPIRED = N_("Nobody went on with it in time. The file was deleted.")
MOST_COLUMNS = 300
_LOOKED_AT = 200  # rows by which the form of dates is guessed


def _silence() -> None:
    """Nobody listens: the timetable finds what is due."""


ring: Callable[[], object] = _silence  # set by tasks, for who begins at once


def may(verb: str, file: ImportFile) -> bool:
    """True when the verb would not be refused for where the file stands."""
    return file.state in MOVES[verb][0] and not (verb == "apply" and has_problems(file))


def has_problems(file: ImportFile) -> bool:
    """True when something was found that must be put right first."""
    return bool(count(file))


def count(file: ImportFile, *, notes: bool = False) -> int:
    """How many problems were found, or how many notes."""
    return int(file.problems.where(ImportProblem.is_note == notes).count())


def problems_of(files: Sequence[ImportFile]) -> dict[int, int]:
    """How many problems were found in each of these files, by the file's number; those without any are left out."""
    found = ImportProblem.select(ImportProblem.file, fn.COUNT(ImportProblem.id)).where(
        ImportProblem.file.in_([file.id for file in files]), ~ImportProblem.is_note
    )
    return dict(found.group_by(ImportProblem.file).tuples()) if files else {}


def is_waiting(file: ImportFile) -> bool:
    """True while another file is being worked on and this one has to wait."""
    others = ImportFile.select().where(ImportFile.state.in_(AT_WORK), ImportFile.id != file.id)
    return file.state in AT_WORK and file.lease_until is None and others.exists()


def move(file: ImportFile, verb: str, *also: Any, **changes: Any) -> None:
    """Move a file on.  Raises RuleBroken (``stale``) when it is not where the verb begins, or ``also`` does not hold."""
    origins, target = MOVES[verb]
    mine = (ImportFile.id == file.id) & ImportFile.state.in_(origins)
    for condition in also:
        mine &= condition
    free = {"lease_token": None, "lease_until": None}
    if not ImportFile.update(state=target, moved_at=clock.now(), **free, **changes).where(mine).execute():
        raise RuleBroken(STALE, code="stale")


# ---------------------------------------------------------------- the file


@dataclasses.dataclass(frozen=True)
class Preview:
    """How a file begins: ``rows`` are its first ones."""

    table: Table
    rows: tuple[tuple[str, ...], ...]

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings, in the order of the file."""
        return self.table.heading

    def samples(self, place: int) -> list[str]:
        """What stands in a column in the first three rows."""
        return [row[place].strip() for row in self.rows[:3] if place < len(row) and row[place].strip()]


def upload(folder: Path, content: BinaryIO, name: str, subject: str, by: Actor) -> ImportFile:
    """Keep a file and see how it is written.  Raises RuleBroken (its field is ``file``) for what is no CSV with rows."""
    if subject not in IMPORT_SUBJECTS:
        raise RuleBroken(N_("Choose one of the list."), code="subject", field="subject")
    store.must_be_idle()
    stored = import_files.keep(folder, content, settings.get("import_megabytes"))
    try:
        table, rows = _opened(folder / stored)
        with store.writing():
            file: ImportFile = ImportFile.create(
                worker=by.worker, network=by.network[:45], subject=subject, file_name=import_files.plain_name(name),
                file_hash=table.digest, stored=stored, encoding=table.encoding, delimiter=table.delimiter,
                rows_there=rows, uploaded_at=clock.now(), moved_at=clock.now(),
            )  # fmt: skip
            audit.record("import.uploaded", by, subject=_subject(file), file_name=file.file_name, file_hash=table.digest,
                         what=subject)  # fmt: skip
    except BaseException:
        import_files.drop(folder, stored)
        raise
    return file


def _opened(path: Path, **given: str) -> tuple[Table, int]:
    """A file that can be read, and how many rows it has as far as it can."""
    import_files.must_be_text(path)
    try:
        table = open_table(path, **given)
        if len(table.heading) > MOST_COLUMNS:
            raise RuleBroken(N_("The file has more than %(most)s columns."), most=MOST_COLUMNS)
        rows = sum(1 for _ in _readable(table))
    except RuleBroken as broken:
        raise RuleBroken(broken.message, code=broken.code, field="file", **broken.fields) from None
    if not rows:
        raise RuleBroken(N_("The file has a heading, but no rows."), code="no_rows", field="file")
    return table, rows


def _readable(table: Table) -> Iterator[Sequence[str]]:
    """The rows up to a fault, which the dry run will name; a fault before the first one is said at once."""
    is_first = True
    try:
        for _, fields in table.rows():
            is_first = False
            yield fields
    except RuleBroken:
        if is_first:
            raise


def preview(file: ImportFile, folder: Path) -> Preview:
    """The first rows of a file.  Raises RuleBroken when it is gone."""
    path = folder / file.stored
    if not file.stored or not path.is_file():
        raise RuleBroken(GONE, code="gone")
    table = open_table(path, encoding=file.encoding, delimiter=file.delimiter)
    return Preview(table, tuple(tuple(fields) for fields in islice(_readable(table), _LOOKED_AT)))


def read_anew(file: ImportFile, folder: Path, encoding: str, delimiter: str) -> None:
    """Read the file in another encoding or with another separator; its columns are to be named again."""
    table, rows = _opened(folder / preview(file, folder).table.path.name, encoding=encoding, delimiter=delimiter)
    with store.writing():
        _forget(file)
        move(file, "read_anew", encoding=table.encoding, delimiter=table.delimiter, rows_there=rows, mapping="")


# ---------------------------------------------------------------- columns


def kept_mappings(file: ImportFile, headings: Sequence[str]) -> list[ImportMapping]:
    """What staff kept for files with these headings, newest first."""
    fits = ImportMapping.select().where(
        ImportMapping.subject == file.subject, ImportMapping.headings == import_columns.digest(headings)
    )
    return list(fits.order_by(ImportMapping.id.desc()))


def proposal(file: ImportFile, seen: Preview, kept: ImportMapping | None) -> tuple[Guess, dict[str, Any]]:
    """What the page proposes, and the dictionary that it comes from: chosen before, kept, or guessed (empty)."""
    body = json.loads(file.mapping) if file.mapping and kept is None else json.loads(kept.body) if kept else {}
    if body:
        return Guess(tuple(body["columns"].get(heading, "") for heading in seen.headings), body["dates"], body["base"]), body
    return import_columns.guess(file.subject, seen.headings, seen.rows, agency.country()), {}


def map_columns(file: ImportFile, headings: Sequence[str], body: dict[str, Any], by: Actor, keep_as: str = "") -> None:
    """Say which column is which; ``keep_as`` keeps it under a name.  Raises RuleBroken."""
    import_columns.mapping_of(file.subject, body)
    name = profile.clean(keep_as, "keep_as", 80)
    with store.writing():
        _forget(file)
        move(file, "map", mapping=json.dumps(body, ensure_ascii=False))
        if name:
            _keep(file, headings, name, by)


def _keep(file: ImportFile, headings: Sequence[str], name: str, by: Actor) -> None:
    """A newer one of the same name takes the place of the older one."""
    ImportMapping.delete().where(ImportMapping.subject == file.subject, ImportMapping.name == name).execute()
    body = ImportFile.select(ImportFile.mapping).where(ImportFile.id == file.id).scalar()
    ImportMapping.create(
        subject=file.subject, name=name, headings=import_columns.digest(headings), body=body, worker=by.worker,
        kept_at=clock.now(),
    )  # fmt: skip


# ---------------------------------------------------------------- check, apply, give up


def check(file: ImportFile, by: Actor, consent_email: bool | None = None) -> None:
    """Have the file checked in the background.  Raises RuleBroken without an answer about consent for clients."""
    if file.subject == "individuals" and consent_email is None:
        raise RuleBroken(N_("Choose yes or no."), code="consent", field="consent")
    with store.writing():
        _forget(file)
        move(file, "check", consent_email=consent_email, rows_read=0, worker=by.worker, network=by.network[:45])
        store.after_commit(lambda: ring())


def apply(file: ImportFile, by: Actor) -> None:
    """Have the file taken in, in the name of who says so.  Raises RuleBroken while something must be put right."""
    if has_problems(file):
        raise RuleBroken(N_("Put the problems right first, then upload the file again."), code="problems")
    with store.writing():
        move(file, "apply", failure="", rows_read=0, worker=by.worker, network=by.network[:45])
        audit.record("import.begun", by, subject=_subject(file), file_hash=file.file_hash)
        store.after_commit(lambda: ring())


def give_up(file: ImportFile, by: Actor, why: str = "") -> None:
    """Take nothing in; the file is deleted.  Raises RuleBroken when it is being taken in, or was."""
    with store.writing():
        move(file, "give_up", failure=why)
        _forget(file)
        audit.record("import.given_up", by, subject=_subject(file), file_hash=file.file_hash)
        store.after_commit(lambda: ring())


def expire() -> None:
    """Give up what nobody went on with."""
    late = clock.ago(hours=settings.get("import_hours"))
    waiting = ImportFile.state.in_(("uploaded", "mapped", "checked"))
    for file in list(ImportFile.select().where(waiting, ImportFile.moved_at < late)):
        give_up(file, SYSTEM, EXPIRED)


def clear(folder: Path) -> None:
    """Delete the files and problems of imports that have ended, and files that belong to none."""
    for file in list(ImportFile.select().where(ImportFile.state.in_(ENDED), ImportFile.stored != "")):
        import_files.drop(folder, file.stored)
        with store.writing():
            _forget(file)
            ImportFile.update(stored="").where(ImportFile.id == file.id).execute()
    import_files.drop_orphans(folder, {stored for (stored,) in ImportFile.select(ImportFile.stored).tuples()})


def fail(file: ImportFile, why: str, *also: Any) -> None:
    """End an import that cannot be done; ``why`` is a marked sentence."""
    with store.writing():
        move(file, "fail", *also, failure=why)
        audit.record("import.failed", Actor(worker=file.worker, network=file.network), subject=_subject(file), reason=why)


def _forget(file: ImportFile) -> None:
    """What an earlier check found."""
    ImportProblem.delete().where(ImportProblem.file == file.id).execute()


def _subject(file: ImportFile) -> str:
    return f"import file {file.id}"
