"""Taking in a CSV file of individuals, workers, sites or what they do: all of it or nothing, and the same again changes nothing.

``check`` is the dry run.  ``apply`` does the same pass, stages what it will write, and writes it in one transaction
that holds the write lock for at most 5 seconds at 100,000 rows; search words and the audit of each record follow in
short ones (docs/import.md).
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from peewee import IntegrityError

from domain import audit, clock, import_turn, store
from domain.actor import SYSTEM, Actor
from domain.import_csv import Table, open_table
from domain.import_mapping import Bound, FileMapping, find_mapping, read_mapping
from domain.import_people import People
from domain.import_plans import STALE, Plan, Planner, Sites
from domain.import_rows import Checker, Problem
from domain.import_settling import settle
from domain.import_workers import Workers
from domain.rules import N_, RuleBroken
from models import ImportRow, ImportRun

__all__ = ["Choices", "Problem", "Report", "apply", "check", "find_mapping", "finish", "read_mapping", "settle_applied"]

CONSENT = N_("Choose whether the people in this file allow e-mail: yes, or no to record nothing.")
AT_ONCE = 250  # rows that are planned and staged together
CARE = ("services", "enrolments", "events")
Progress = Callable[[int], object]  # told how many rows were read; a RuleBroken of its own ends the import


@dataclasses.dataclass(frozen=True)
class Choices:
    """What the importer chose.

    ``consent_email``: True records that everybody in the file who has an address allows e-mail, False records
    nothing, None is no choice and refused for individuals.  ``encoding`` and ``delimiter`` are found out when empty;
    ``file_name`` is what people call a file that is kept under another name.
    """

    consent_email: bool | None = None
    encoding: str = ""
    delimiter: str = ""
    file_name: str = ""


@dataclasses.dataclass
class Report:
    """What a file holds and what became of it; ``seconds_locked`` is how long others could not write at most."""

    subject: str
    file_name: str
    mapping: str
    file_hash: str = ""
    encoding: str = ""
    delimiter: str = ""
    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: list[Problem] = dataclasses.field(default_factory=list)
    warnings: list[Problem] = dataclasses.field(default_factory=list)
    is_applied: bool = False
    seconds_locked: float = 0.0

    def counts(self) -> dict[str, int]:
        """How many rows the file has, and how many of them are of each kind."""
        return {name: getattr(self, name) for name in ("rows", "created", "changed", "unchanged")}

    def refuse(self, broken: RuleBroken) -> None:
        """Note what is wrong with the file as a whole, or where it cannot be read on."""
        self.problems.append(Problem(None, "", "", broken.message, broken.fields))


Along = Callable[[ImportRun, Report], None]


def check(
    subject: str,
    file: Path,
    mapping: FileMapping,
    choices: Choices,
    by: Actor = SYSTEM,
    progress: Progress | None = None,
) -> Report:
    """The dry run: every problem of the file, and what ``apply`` would do.  Writes nothing."""
    with store.connection():
        report = Report(subject, choices.file_name or file.name, mapping.name)
        if intake := _opened(report, file, mapping, choices, by):
            intake.read(lambda plans: None, progress)
        return report


def apply(
    subject: str,
    file: Path,
    mapping: FileMapping,
    choices: Choices,
    by: Actor = SYSTEM,
    progress: Progress | None = None,
    along: Along | None = None,
) -> Report:
    """Take the file in when it has no problem; else nothing of it, and the report names every problem.

    What an earlier import left behind when it was killed is cleared or finished first.  While another import runs
    nothing is done but to say so.  ``along`` is called inside the one transaction that writes the records.
    """
    with store.connection():
        report = Report(subject, choices.file_name or file.name, mapping.name)
        try:
            with import_turn.taken():
                _clear()
                if intake := _opened(report, file, mapping, choices, by):
                    _take_in(intake, _chosen(mapping, choices, report), by, progress, along)
        except RuleBroken as busy:
            report.refuse(busy)
        return report


def finish() -> None:
    """Clear the staged rows of imports that were killed before they were applied, and settle applied ones.

    Nothing is cleared of an import that runs.
    """
    store.must_be_idle()
    with store.connection(), contextlib.suppress(RuleBroken), import_turn.taken():
        _clear()


def _clear() -> None:
    """Said by whoever has the turn: then every run that is not applied was killed."""
    unapplied = ImportRun.select(ImportRun.id).where(ImportRun.applied_at.is_null())
    if unapplied.exists():
        with store.writing():
            ImportRun.delete().where(ImportRun.applied_at.is_null()).execute()
    settle_applied()


def settle_applied() -> None:
    """Finish what an import that was killed after it was applied left to do: search words, audit, memory.

    Said by the timetable each minute; harmless beside the import itself.
    """
    store.must_be_idle()
    with store.connection():
        staged = ImportRow.select(ImportRow.run).distinct()
        for run in list(ImportRun.select().where(ImportRun.applied_at.is_null(False), ImportRun.id.in_(staged))):
            settle(run)


# ---------------------------------------------------------------- reading


@dataclasses.dataclass
class _Intake:
    """An opened file on its way in."""

    report: Report
    table: Table
    checker: Checker
    planner: Planner

    def read(self, keep: Callable[[Sequence[Plan]], None], progress: Progress | None) -> None:
        """Check and plan every row; ``keep`` gets the plans as long as there is no problem."""
        try:
            for chunk in _chunks(self.table.rows()):
                rows = [row for number, fields in chunk if (row := self.checker.checked(number, fields))]
                plans = self.planner.plan(rows)
                self._count(len(chunk), plans)
                if not self.report.problems:
                    keep(plans)
                if progress:
                    progress(self.report.rows)
            self.planner.conclude(lambda: progress(self.report.rows) if progress else None)
            self.report.problems.sort(key=lambda problem: problem.row or 0)  # what is seen of all rows together goes to its row
        except RuleBroken as broken:
            self.report.refuse(broken)
        if not self.report.rows and not self.report.problems:
            self.report.refuse(RuleBroken(N_("The file has a heading, but no rows.")))

    def _count(self, rows: int, plans: Sequence[Plan]) -> None:
        created, changed = sum(plan.is_new for plan in plans), sum(plan.is_changed for plan in plans)
        self.report.rows += rows
        self.report.created += created
        self.report.changed += changed
        self.report.unchanged += len(plans) - created - changed + self.checker.repeated
        self.checker.repeated = 0


def _opened(report: Report, file: Path, mapping: FileMapping, choices: Choices, by: Actor) -> _Intake | None:
    """The file with its checker and planner; None when it is refused as a whole."""
    try:
        if mapping.subject != report.subject:
            raise RuleBroken(N_("This mapping is for %(subject)s."), subject=mapping.subject)
        table = open_table(file, mapping.headings, encoding=choices.encoding, delimiter=choices.delimiter)
    except RuleBroken as broken:
        report.refuse(broken)
        return None
    report.file_hash, report.encoding, report.delimiter = table.digest, table.encoding, table.delimiter
    bound = Bound(mapping, table.heading)
    checker = _checker(mapping, bound)
    report.problems, report.warnings = checker.problems, checker.warnings
    _check_whole(report, bound, choices)
    if bound.missing or bound.doubled:
        return None
    return _Intake(report, table, checker, _planner(checker, choices, by))


def _checker(mapping: FileMapping, bound: Bound) -> Checker:
    if mapping.subject not in CARE:
        return Checker(mapping, bound)
    from domain.import_care import CareChecker  # asked for by few: what it needs is not read when the portal starts

    return CareChecker(mapping, bound)


def _planner(checker: Any, choices: Choices, by: Actor) -> Planner:
    subject = checker.mapping.subject
    if subject in CARE:
        return _care_planner(checker, by)
    if subject == "individuals":
        return People(checker, choices.consent_email is True)
    return Workers(checker, by) if subject == "workers" else Sites(checker)


def _care_planner(checker: Any, by: Actor) -> Planner:
    from domain.import_enrolments import Enrolments
    from domain.import_events import Events
    from domain.import_services import Services

    if checker.mapping.subject == "events":
        return Events(checker, by)
    return Services(checker) if checker.mapping.subject == "services" else Enrolments(checker)


def _check_whole(report: Report, bound: Bound, choices: Choices) -> None:
    if report.subject == "individuals" and choices.consent_email is None:
        report.refuse(RuleBroken(CONSENT))
    for heading in bound.missing:
        report.refuse(RuleBroken(N_("The file has no column “%(heading)s”."), heading=heading))
    for heading in bound.doubled:
        report.refuse(RuleBroken(N_("The file has more than one column “%(heading)s”."), heading=heading))


def _chunks(rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    """Rows in lots; what could be read before a fault comes before the fault."""
    chunk: list[tuple[int, list[str]]] = []
    fault = None
    try:
        for row in rows:
            chunk.append(row)
            if len(chunk) == AT_ONCE:
                yield chunk
                chunk = []
    except RuleBroken as broken:
        fault = broken
    if chunk:
        yield chunk
    if fault:
        raise fault


# ---------------------------------------------------------------- writing


def _chosen(mapping: FileMapping, choices: Choices, report: Report) -> dict[str, object]:
    """What the run and the audit keep of the importer's choices."""
    consent = {"consent_email": choices.consent_email} if mapping.subject == "individuals" else {}
    return {
        "subject": mapping.subject, "mapping": mapping.name, "encoding": report.encoding,
        "delimiter": report.delimiter, **consent,
    }  # fmt: skip


def _take_in(
    intake: _Intake, chosen: dict[str, object], by: Actor, progress: Progress | None, along: Along | None
) -> None:
    """Stage the file and write it; nothing stays of it when it has a problem."""
    report, run, said = intake.report, _start(intake.report, chosen, by), hashlib.sha256()

    def stage(plans: Sequence[Plan]) -> None:
        intake.planner.stage(plans)
        rows = [
            {"run": run.id, "number": plan.row.number, "external_id": plan.row.external_id, "body": plan.body,
             "change": plan.change}
            for plan in plans
            if plan.body or plan.change
        ]  # fmt: skip
        for row in rows:
            said.update(f"{row['external_id']}\n{row['change']}\n".encode())
        with store.writing():
            store.insert(ImportRow, rows)

    try:
        intake.read(stage, progress)
        if not report.problems:
            _write(run, intake.planner, report, {**chosen, "changes_hash": said.hexdigest()}, by, along)
    except IntegrityError:
        report.refuse(RuleBroken(STALE, code="stale"))
    except RuleBroken as broken:
        report.refuse(broken)
    finally:
        intake.planner.close()
    if report.is_applied:
        settle(run)
    else:
        with store.writing():
            ImportRun.delete().where(ImportRun.id == run.id).execute()


def _start(report: Report, chosen: dict[str, object], by: Actor) -> ImportRun:
    """``by`` is kept with the choices: who finishes the run after a kill is somebody else."""
    who = {"worker": by.worker.id if by.worker else None, "network": by.network}
    with store.writing():
        run: ImportRun = ImportRun.create(
            subject=report.subject, file_name=report.file_name[:200], file_hash=report.file_hash,
            choices=json.dumps({**chosen, "by": who}), started_at=clock.now(),
        )  # fmt: skip
    return run


def _write(
    run: ImportRun, planner: Planner, report: Report, chosen: dict[str, object], by: Actor, along: Along | None
) -> None:
    """The one transaction: the records, the run and its audit entry."""
    counts = report.counts()
    choices = {name: value for name, value in chosen.items() if name != "changes_hash"}
    with store.roomy(), store.writing():
        store.one_at_a_time("import")
        began = time.monotonic()
        mine = ImportRun.update(applied_at=clock.now(), **counts).where(ImportRun.id == run.id)
        if not mine.execute():
            raise RuleBroken(STALE, code="stale")
        planner.write(by)
        if report.created or report.changed:
            audit.record(
                "import.applied", by, subject=f"import {run.id}", **counts,
                file_hash=report.file_hash, choices=choices, changes_hash=chosen["changes_hash"],
            )  # fmt: skip
        if along:
            along(run, report)
    report.seconds_locked = time.monotonic() - began
    report.is_applied = True
