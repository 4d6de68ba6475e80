"""Dry runs and imports in the background: one after the other, each with a lease, begun again when it was killed.

A dry run writes nothing but what it found, so it begins anew.  An import ends in the very transaction that writes the
records: after a kill either all of it is done and says so, or nothing is and it begins anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import logging
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain import clock, dispatch, import_page, import_turn, imports, store, viewer
from domain.actor import Actor
from domain.import_columns import mapping_of
from domain.imports import Choices, Problem, Report
from domain.rules import N_, RuleBroken, Term
from models import ImportFile, ImportProblem, ImportRun, Worker

log = logging.getLogger(__name__)
RIGHT = "import_data"
LEASE = dt.timedelta(minutes=2)
MOST_PROBLEMS = 50_000
NO_RIGHT = N_("Whoever started this may no longer import. Nothing was taken in.")
BROKEN = N_("It could not be finished, and it is our fault. Nothing was taken in.")
REFUSED = N_("Nothing was taken in: something is different since the check. See below.")
_MORE = N_("Only the first %(most)s are listed.")


@dataclasses.dataclass
class _Job:
    """A file in this process's hands, as long as the lease lasts; called with the rows that were read it renews it."""

    file: ImportFile
    token: str
    is_interrupted: bool = False

    @property
    def is_mine(self) -> Any:
        """The condition that nobody else has taken the file, and that nobody gave it up."""
        return (ImportFile.lease_token == self.token) & (ImportFile.state == self.file.state)

    @property
    def actor(self) -> Actor:
        """In whose name it is done."""
        return Actor(worker=self.file.worker, network=self.file.network)

    def __call__(self, rows: int) -> None:
        with store.writing():
            renewed = ImportFile.update(rows_read=rows, lease_until=clock.now() + LEASE).where(
                ImportFile.id == self.file.id, self.is_mine
            )
            self.is_interrupted = not renewed.execute() or dispatch.is_stopping()
        if self.is_interrupted:
            raise RuleBroken(import_page.STALE, code="interrupted")

    def let_go(self) -> None:
        """Somebody may begin anew."""
        with store.writing():
            ImportFile.update(lease_token=None, lease_until=None).where(ImportFile.id == self.file.id, self.is_mine).execute()


def run_due(folder: Path) -> None:
    """Do what is due, one file after the other; then delete the files of imports that have ended."""
    store.must_be_idle()
    import_page.expire()
    while not dispatch.is_stopping() and (job := _claim()):
        if not _do(job, folder):
            break
    import_page.clear(folder)


def _claim() -> _Job | None:
    """The file that has waited longest, unless somebody is at work on one."""
    with store.writing():
        store.one_at_a_time("import jobs")
        waiting = ImportFile.select().where(ImportFile.state.in_(import_page.AT_WORK))
        if waiting.where(ImportFile.lease_until >= clock.now()).exists():
            return None
        file = waiting.order_by(ImportFile.moved_at, ImportFile.id).first()
        if file is None:
            return None
        job = _Job(file, secrets.token_hex(16))
        ImportFile.update(lease_token=job.token, lease_until=clock.now() + LEASE).where(ImportFile.id == file.id).execute()
    return job


def _do(job: _Job, folder: Path) -> bool:
    """Do one job; False when it has to wait for somebody else."""
    path = folder / job.file.stored
    try:
        if not _may_import(job.file.worker_id):
            import_page.fail(job.file, NO_RIGHT, job.is_mine)
        elif not path.is_file():
            import_page.fail(job.file, import_page.GONE, job.is_mine)
        else:
            return {"checking": _check, "applying": _apply}[job.file.state](job, path)
    except RuleBroken:  # given up meanwhile
        log.info("import %s is no longer ours", job.file.id)
    except Exception as error:
        if store.is_storage_fault(error):
            job.let_go()
            raise
        log.exception("import %s broke", job.file.id)
        with contextlib.suppress(RuleBroken):
            import_page.fail(job.file, BROKEN, job.is_mine)
    return True


def _may_import(worker_id: int) -> bool:
    worker = Worker.get_by_id(worker_id)
    return bool(worker.is_active) and RIGHT in viewer.rights_of(worker)


def _arguments(job: _Job, path: Path) -> dict[str, Any]:
    file = job.file
    return {
        "subject": file.subject, "file": path, "mapping": mapping_of(file.subject, json.loads(file.mapping)),
        "choices": Choices(file.consent_email, file.encoding, file.delimiter, file.file_name), "by": job.actor, "progress": job,
    }  # fmt: skip


def _check(job: _Job, path: Path) -> bool:
    report = imports.check(**_arguments(job, path))
    if job.is_interrupted:
        job.let_go()
        return False
    with store.writing():
        import_page.move(job.file, "find", job.is_mine, failure="", **report.counts())
        _note(job.file, report)
    return True


def _apply(job: _Job, path: Path) -> bool:
    report = imports.apply(**_arguments(job, path), along=lambda run, report: _settle(job, run, report))
    if report.is_applied:
        return True
    if job.is_interrupted or any(problem.message == import_turn.BUSY for problem in report.problems):
        job.let_go()
        return False
    with store.writing():
        if not _may_import(job.file.worker_id):
            import_page.fail(job.file, NO_RIGHT, job.is_mine)
        else:
            import_page.move(job.file, "refuse", job.is_mine, failure=REFUSED, **report.counts())
            _note(job.file, report)
    return True


def _settle(job: _Job, run: ImportRun, report: Report) -> None:
    """Inside the transaction that writes the records: it is applied, by somebody who still may."""
    if not _may_import(job.file.worker_id):
        raise RuleBroken(NO_RIGHT, code="no_right")
    import_page.move(job.file, "settle", job.is_mine, run=run, **report.counts())


# ---------------------------------------------------------------- what was found


def _note(file: ImportFile, report: Report) -> None:
    ImportProblem.delete().where(ImportProblem.file == file.id).execute()
    for is_note, found in ((False, report.problems), (True, report.warnings)):
        rows = [_row(file, is_note, problem) for problem in found[:MOST_PROBLEMS]]
        if len(found) > MOST_PROBLEMS:
            rows.append(_row(file, is_note, Problem(None, "", "", _MORE, {"most": MOST_PROBLEMS})))
        for start in range(0, len(rows), 500):
            store.insert(ImportProblem, rows[start : start + 500])


def _row(file: ImportFile, is_note: bool, problem: Problem) -> dict[str, Any]:
    fields = {name: {"term": value} if isinstance(value, Term) else value for name, value in problem.fields.items()}
    return {
        "file": file.id, "is_note": is_note, "row": problem.row, "column": problem.column, "value": problem.value,
        "message": problem.message, "fields": json.dumps(fields, default=str),
    }  # fmt: skip


def found(file: ImportFile, most: int | None = None) -> Sequence[ImportProblem]:
    """What the check found: problems first, each kind in the order of the file."""
    rows: list[ImportProblem] = list(file.problems.order_by(ImportProblem.is_note, ImportProblem.id).limit(most))
    return rows


def sentence_of(problem: ImportProblem) -> tuple[str, dict[str, Any]]:
    """The marked sentence of a problem, and what fills it."""
    given = json.loads(problem.fields)
    return problem.message, {name: Term(v["term"]) if isinstance(v, dict) else v for name, v in given.items()}
