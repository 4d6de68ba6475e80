"""Bulk jobs in the background: in steps of some people, each step one transaction that holds its job.

A step is done or it is not: whoever is killed leaves nothing half, whoever comes second finds the job held or the step
done.  So no lease decides who may go on, and no clock.  Jobs take turns, step by step; between two steps others write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from domain import accounts, bulk, clock, dispatch, document_jobs, eligibility, forced_reset, store, viewer
from domain.actor import Actor
from domain.rules import N_
from models import BulkJob, BulkRow, Individual, PortalAccount

log = logging.getLogger(__name__)
LOOKED_AT = 200  # people in one step of a preview
AT_ONCE = 50  # people in one step that changes something; the most that is allowed is a hundred
REST = 1.0  # between two steps, as a share of how long the step took
NO_RIGHT = N_("Whoever started this may no longer do it. What was done before stays done.")
BROKEN = N_("It could not go on, and it is our fault. What was done before stays done.")
_here = threading.Lock()

Answers = dict[int, str]  # by a row's number: the code of what stood between, empty when it is done


def run_due(seconds: float = 20.0) -> None:
    """Do what is due, job after job in turn, for so long; what is left then is rung for again."""
    store.must_be_idle()
    end = time.monotonic() + seconds
    while _next() is not None and _here.acquire(blocking=False):
        try:
            is_left = _work(end)
        finally:
            _here.release()
        if is_left:
            if not dispatch.is_stopping():
                bulk.ring()
            break


def _work(end: float) -> bool:
    """Step after step; True when the time was over first."""
    while not dispatch.is_stopping() and time.monotonic() < end:
        began = time.monotonic()
        if not _step():
            return False
        dispatch.rest(REST * (time.monotonic() - began))
    return True


def _next() -> BulkJob | None:
    """The job whose turn it is."""
    due = BulkJob.select().where(bulk.IS_AT_WORK).order_by(BulkJob.moved_at, BulkJob.id)
    job: BulkJob | None = due.first()
    return job


def _step() -> bool:
    """One step of one job; False when there is none for us."""
    job = _next()
    if job is None:
        return False
    try:
        with store.remembering(), store.writing():
            held = store.lock(BulkJob.select().where(BulkJob.id == job.id, bulk.IS_AT_WORK), skip_locked=True).first()
            if held is None:
                return False
            if not _may(held):
                bulk.fail(held, NO_RIGHT)
            else:
                {"planning": _look, "running": _carry_out}[held.state](held)
                BulkJob.update(moved_at=clock.now()).where(BulkJob.id == held.id).execute()
    except Exception as error:
        if store.is_storage_fault(error):
            raise
        log.exception("bulk job %s broke", job.id)
        bulk.fail(job, BROKEN)
    return True


def _may(job: BulkJob) -> bool:
    right = bulk.RIGHTS[job.verb]
    return bool(job.worker.is_active) and (not right or right in viewer.rights_of(job.worker))


# ---------------------------------------------------------------- the preview


def _look(job: BulkJob) -> None:
    found = _LOOKS.get(job.verb, _look_at_accounts)(job)
    if found is None:
        bulk.move(job, "plan")
        planned = BulkJob.get_by_id(job.id)
        if bulk.is_for_everybody(planned) and bulk.may("start", planned):
            bulk.start(planned, Actor(worker=planned.worker, network=planned.network))
    else:
        bulk.add_rows(job, *found)


def _look_at_people(job: BulkJob) -> tuple[list[BulkRow], int] | None:
    seen = viewer.seen_by(job.worker).where(Individual.id > job.reached, Individual.id <= bulk.last_of(job))
    people = list(seen.order_by(Individual.id).limit(LOOKED_AT))
    if not people:
        return None
    known = eligibility.known_of_each(people)
    found = [(person, eligibility.left_out(person, known[person.id])) for person in people]
    return [_row(job, person.id, None, refusal.code if refusal else "") for person, refusal in found], people[-1].id


def _look_for_documents(job: BulkJob) -> tuple[list[BulkRow], int] | None:
    found = document_jobs.look(job, viewer.seen_by(job.worker), LOOKED_AT)
    return ([_row(job, person.id, None, code) for person, code in found], found[-1][0].id) if found else None


_LOOKS = {bulk.ACTIVATE: _look_at_people, bulk.ASSIGN: _look_for_documents}


def _look_at_accounts(job: BulkJob) -> tuple[list[BulkRow], int] | None:
    chosen = bulk.chosen(job, viewer.accounts_seen_by(job.worker)).where(PortalAccount.id > job.reached)
    found = list(chosen.order_by(PortalAccount.id).limit(LOOKED_AT))
    if not found:
        return None
    known = _known(job, found)
    rows = [
        _row(job, account.individual_id, account.id, bulk.obstacle(account, job.verb, known.get(account.individual_id)))
        for account in found
    ]
    return rows, found[-1].id


def _known(job: BulkJob, every: Sequence[PortalAccount]) -> dict[int, eligibility.Known]:
    """What *enable* asks about people; the other verbs ask nothing."""
    return eligibility.known_of_each([account.individual for account in every]) if job.verb == "enable" else {}


def _row(job: BulkJob, individual: int, account: int | None, code: str) -> BulkRow:
    return BulkRow(job=job.id, individual=individual, account=account, outcome="left_out" if code else "waiting", reason=code)


# ---------------------------------------------------------------- done, person by person


def _carry_out(job: BulkJob) -> None:
    rows = list(bulk.rows_of(job.each, "waiting", "").limit(AT_ONCE))
    if not rows:
        bulk.finish(job)
        return
    by = Actor(worker=job.worker, network=job.network)
    seen = _still_seen(job, rows)
    ours = [row for row in rows if row.individual_id in seen]
    answers = dict.fromkeys((row.id for row in rows), bulk.NOT_YOURS)
    if job.verb == bulk.ASSIGN:
        _note(job, rows, answers | document_jobs.carry_out(job, ours, seen, by))
    else:
        _note(job, rows, answers | (_activate(ours, seen, by) if job.verb == bulk.ACTIVATE else _change(job, ours, seen, by)))


def _still_seen(job: BulkJob, rows: Sequence[BulkRow]) -> dict[int, Individual]:
    people = viewer.seen_by(job.worker).where(Individual.id.in_([row.individual_id for row in rows]))
    return {person.id: person for person in people}


def _activate(rows: Sequence[BulkRow], people: dict[int, Individual], by: Actor) -> Answers:
    ticked = {row.individual_id for row in rows if row.is_ticked}
    made = accounts.create_many([people[row.individual_id] for row in rows], by, ticked=ticked)
    return {row.id: answer if isinstance(answer := made[row.individual_id], str) else "" for row in rows}


def _change(job: BulkJob, rows: Sequence[BulkRow], people: dict[int, Individual], by: Actor) -> Answers:
    held = store.lock(PortalAccount.select().where(PortalAccount.id.in_([row.account_id for row in rows])))
    every = {account.id: account for account in held.order_by(PortalAccount.id)}
    for account in every.values():
        account.individual = people[account.individual_id]
    known = _known(job, list(every.values()))
    answers = {row.id: bulk.obstacle(every[row.account_id], job.verb, known.get(row.individual_id)) for row in rows}
    by_verb: dict[str, list[PortalAccount]] = defaultdict(list)
    for row in rows:
        if not answers[row.id]:
            account = every[row.account_id]
            by_verb["cancel" if (job.verb, account.state) == ("close", "pending") else job.verb].append(account)
    for verb, some in by_verb.items():
        if verb == forced_reset.VERB:
            forced_reset.force_many(some, by)
        else:
            accounts.move_many(some, verb, by)
    return answers


def _note(job: BulkJob, rows: Sequence[BulkRow], answers: Answers) -> None:
    """The outcome of each row, and of all of them in the job's numbers."""
    groups: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        groups[answers[row.id]].append(row.id)
    for code, numbers in groups.items():
        changes: dict[str, Any] = {"outcome": "refused" if code else "done", "reason": code}
        if not code and job.verb == bulk.ACTIVATE:
            open_one = PortalAccount.individual == BulkRow.individual, PortalAccount.state.in_(eligibility.OPEN)
            changes["account"] = PortalAccount.select(PortalAccount.id).where(*open_one)
        BulkRow.update(**changes).where(BulkRow.id.in_(numbers)).execute()
    moved = [("refused" if code else "done", code, len(numbers)) for code, numbers in groups.items()]
    bulk.change_tally(job, [("waiting", "", -len(rows)), *moved])
