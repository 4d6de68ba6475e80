"""One verb for many accounts: first is found out whom it concerns, and why others not (the preview); then a worker says so.

What takes long is done by ``bulk_jobs``; here a worker only says that it shall be, and reads what became of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from peewee import SQL, fn

from domain import accounts, agency, audit, clock, eligibility, enrolments, forced_reset, search, settings, sites, store
from domain.actor import Actor
from domain.eligibility import Known
from domain.rules import N_, RuleBroken
from models import CLOSED, STATES, BulkJob, BulkRow, Individual, PortalAccount

ACTIVATE, ASSIGN = "activate", "assign"
STATUS_VERBS = ("close", "suspend", "unlock", "disable", "enable", forced_reset.VERB)
# Documents are assigned by every worker, to whom they may see.
RIGHTS = {ACTIVATE: "send_activations", ASSIGN: "", **dict.fromkeys(STATUS_VERBS, "manage_accounts")}
MOVES: dict[str, tuple[frozenset[str], str]] = {
    verb: (frozenset(origins.split()), target)
    for verb, (origins, target) in {
        "plan": ("planning", "planned"), "start": ("planned", "running"), "stop": ("running", "stopped"),
        "resume": ("stopped", "running"), "finish": ("running", "done"), "give_up": ("planning planned", "given_up"),
        "fail": ("planning running", "stopped"),
    }.items()
}  # fmt: skip
AT_WORK = ("planning", "running")
IS_AT_WORK = BulkJob.state << [SQL(f"'{state}'") for state in AT_WORK]  # word for word as its index has it
STALE = N_("This has moved on meanwhile: see where it stands now.")
NOT_YOURS = "not_yours"
REASONS = {
    **eligibility.SENTENCES, **forced_reset.SENTENCES,
    "is_pending": N_("The account is pending."), "is_active": N_("The account is active."),
    "is_locked": N_("The account is locked."), "is_disabled": N_("The account is disabled."),
    "is_closed": N_("The account is closed."), NOT_YOURS: N_("This person is no longer in the caseload."),
    "has_it": N_("They have this to do already."),
}  # fmt: skip
TICKABLE = ("closed_staff", "closed_date_of_birth")
MOST_TICKED = 100


def _silence() -> None:
    """Nobody listens: the timetable finds what is due."""


ring: Callable[[], object] = _silence  # set by tasks, for who begins at once


# ---------------------------------------------------------------- which accounts


@dataclasses.dataclass(frozen=True)
class Sought:
    """What accounts are narrowed by: a question as in the list of clients, a state, when they were made, site and service."""

    question: str = ""
    state: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    site: str = ""  # the public id of one, or sites.NOT_SAID
    service: str = ""  # the public id of one in which their people are enrolled

    def narrow(self, query: Any) -> Any:
        """A query over accounts and their individuals, narrowed."""
        if self.question:
            query = search.narrow(query, self.question)
        are_few = self._are_few()
        if self.state in STATES:
            # Of those who answer to the question; by the index of states everybody in that state would be read.
            query = query.where((fn.LOWER(PortalAccount.state) if self.question or are_few else PortalAccount.state) == self.state)
        if self.since:
            query = query.where(PortalAccount.created_at >= _midnight(self.since))
        if self.until and self.until < dt.date.max:
            query = query.where(PortalAccount.created_at < _midnight(self.until + dt.timedelta(days=1)))
        if self.site:
            query = query.where((sites.come_to if are_few else sites.among)(self.site))
        if self.service:
            query = query.where(enrolments.are_in(self._enrolled[0], PortalAccount.individual, are_few=self._are_few_enrolled()))
        return query

    def _are_few(self) -> bool:
        """True when the site or the service is what leaves few of them."""
        return (bool(self.site) and not self.question and sites.are_few(self.site)) or self._are_few_enrolled()

    def _are_few_enrolled(self) -> bool:
        return bool(self.service) and not self.question and self._enrolled[1]

    @cached_property
    def _enrolled(self) -> tuple[int, bool]:
        """The number of the service, and whether few are in it."""
        number = enrolments.numbered(self.service)
        return number, enrolments.are_few(number)

    def as_text(self) -> dict[str, str]:
        """As the job keeps it."""
        return {name: str(value) for name, value in dataclasses.asdict(self).items() if value}


def sought(kept: dict[str, str]) -> Sought:
    """What ``as_text`` kept."""
    days = {name: dt.date.fromisoformat(kept[name]) if name in kept else None for name in ("since", "until")}
    return Sought(kept.get("question", ""), kept.get("state", ""), site=kept.get("site", ""), service=kept.get("service", ""), **days)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=agency.zone()).astimezone(dt.UTC)


def obstacle(account: PortalAccount, verb: str, known: Known | None) -> str:
    """The code of what keeps a verb from an account; empty when nothing does.  ``known`` is needed for *enable*."""
    if verb == forced_reset.VERB:
        return forced_reset.obstacle(account)
    origins = accounts.MOVES[verb].origins + ((accounts.MOVES["cancel"].origins) if verb == "close" else ())
    if account.state not in origins:
        return f"is_{account.state}"
    refusal = eligibility.unreachable(account, known) if verb == "enable" else None
    return refusal.code if refusal else ""


# ---------------------------------------------------------------- the preview


def plan_activation(people: Any, by: Actor) -> BulkJob:
    """Find out who of these individuals (a query) would get an account, and why the others not."""
    most, total = people.select(fn.MAX(Individual.id), fn.COUNT(Individual.id)).order_by().tuples().get()
    return plan(ACTIVATE, {"most": most or 0}, total, by)


def plan_change(verb: str, seen: Any, by: Actor, *, ticked: Sequence[str] = (), all_of: Sought | None = None) -> BulkJob:
    """Find out which accounts of those ``seen`` (a query) a verb would change: the ``ticked`` ones, or all that are sought.

    Raises RuleBroken when nothing is ticked, or for a verb that is none for many.
    """
    if verb not in STATUS_VERBS:
        raise RuleBroken(N_("Choose what to do."), code="verb", field="verb")
    if all_of is None and not ticked:
        raise RuleBroken(N_("Tick at least one account."), code="nothing_ticked")
    if verb == forced_reset.VERB and all_of is not None and not all_of.as_text():
        raise RuleBroken(N_("This would be everybody: search for some first, or choose “New password for everybody” above."),
                         code="everybody", field="whom")  # fmt: skip
    chosen = seen.where(PortalAccount.public_id.in_(list(ticked)[:MOST_TICKED])) if all_of is None else all_of.narrow(seen)
    most, total = chosen.select(fn.MAX(PortalAccount.id), fn.COUNT(PortalAccount.id)).order_by().tuples().get()
    choice = {"ticked": list(ticked)[:MOST_TICKED]} if all_of is None else {"sought": all_of.as_text()}
    return plan(verb, {**choice, "most": most or 0}, total, by)


def plan_reset_of_all(seen: Any, typed: str, by: Actor) -> BulkJob:
    """Ask each of these accounts (a query) for a new password; begun by itself once it is found out whom it concerns.

    Raises RuleBroken unless ``typed`` is the agency's short name or the number of accounts, or when there are none.
    """
    whom = forced_reset.open_to_it(seen)
    most, total = whom.select(fn.MAX(PortalAccount.id), fn.COUNT(PortalAccount.id)).order_by().tuples().get()
    if not total:
        raise RuleBroken(N_("There is nobody for whom this could be done."), code="nobody", field="typed")
    name, said = agency.settled().short_name, " ".join(typed.split())
    if said.casefold() != " ".join(name.split()).casefold() and not is_number(said, total):
        raise RuleBroken(N_("This is not what has to be typed. Type %(name)s, or the number %(number)s."), code="not_confirmed",
                         field="typed", name=name, number=total)  # fmt: skip
    return plan(forced_reset.VERB, {"sought": {}, "most": most, "is_everybody": True}, total, by)


def is_number(typed: str, number: int) -> bool:
    """True when that number was typed, in whatever digits and with whatever between the thousands."""
    digits = re.sub(r"[\s.,'’٬]", "", typed)
    return digits.isdecimal() and len(digits) < 20 and int(digits) == number


def is_for_everybody(job: BulkJob) -> bool:
    """True when it was confirmed for everybody already, and begins by itself."""
    return bool(json.loads(job.choice).get("is_everybody"))


def plan(verb: str, choice: dict[str, Any], total: int, by: Actor) -> BulkJob:
    """A job whose preview begins now; ``total`` are to be looked at."""
    with store.writing():
        job: BulkJob = BulkJob.create(
            verb=verb, worker=by.worker, network=by.network[:45], choice=json.dumps(choice), total=total,
            made_at=clock.now(), moved_at=clock.now(),
        )  # fmt: skip
        store.after_commit(lambda: ring())
    return job


def chosen(job: BulkJob, seen: Any) -> Any:
    """The accounts that a job was made of, of those whom its worker sees."""
    choice = json.loads(job.choice)
    query = seen.where(PortalAccount.id <= choice["most"])
    if is_for_everybody(job):
        return forced_reset.open_to_it(query)
    if "ticked" in choice:
        return query.where(PortalAccount.public_id.in_(choice["ticked"]))
    return sought(choice["sought"]).narrow(query)


def last_of(job: BulkJob) -> int:
    """The number of the last one who was there when the job was made."""
    return int(json.loads(job.choice)["most"])


def add_rows(job: BulkJob, rows: Sequence[BulkRow], reached: int) -> None:
    """Write down what was found out about the next ones, inside the transaction that holds the job."""
    store.insert_rows(rows)
    change_tally(job, [(row.outcome, row.reason, 1) for row in rows])
    BulkJob.update(reached=reached).where(BulkJob.id == job.id).execute()


def include(row: BulkRow, by: Actor, *, is_ticked: bool) -> None:
    """Tick back somebody whom a preview leaves out for how the last account ended, or take that back.

    Raises RuleBroken when the preview is no more, or when it leaves them out for something else.
    """
    with store.writing():
        job = store.lock(BulkJob.select().where(BulkJob.id == row.job_id)).get()
        fresh = BulkRow.get_by_id(row.id)
        if job.state != "planned":
            raise RuleBroken(STALE, code="stale")
        if fresh.is_ticked == is_ticked:
            return
        last = eligibility.newest(Individual.get_by_id(fresh.individual_id))
        reason = f"closed_{last.reason}" if last and last.state == CLOSED else ""
        if reason not in TICKABLE or (is_ticked and fresh.reason not in TICKABLE):
            raise RuleBroken(N_("This person cannot be taken in here."), code="not_tickable")
        outcome, code = ("waiting", "") if is_ticked else ("left_out", reason)
        change_tally(job, [(fresh.outcome, fresh.reason, -1), (outcome, code, 1)])
        BulkRow.update(outcome=outcome, reason=code, is_ticked=is_ticked).where(BulkRow.id == fresh.id).execute()
        kind = "bulk.ticked" if is_ticked else "bulk.unticked"
        audit.record(kind, by, individual=Individual(id=fresh.individual_id), subject=_subject(job))


# ---------------------------------------------------------------- start, stop, resume, give up


def may(verb: str, job: BulkJob) -> bool:
    """True when the verb would not be refused for where the job stands."""
    return job.state in MOVES[verb][0] and not (verb == "start" and not count(job, "waiting"))


def move(job: BulkJob, verb: str, **changes: Any) -> None:
    """Move a job on.  Raises RuleBroken (``stale``) when it is not where the verb begins."""
    origins, target = MOVES[verb]
    mine = (BulkJob.id == job.id) & BulkJob.state.in_(origins)
    if not BulkJob.update(state=target, moved_at=clock.now(), **changes).where(mine).execute():
        raise RuleBroken(STALE, code="stale")


def start(job: BulkJob, by: Actor) -> None:
    """Have it done in the background, in the name of who says so.  Raises RuleBroken when it was begun already, or when
    nobody is left for it."""
    if not may("start", job):
        raise RuleBroken(STALE if job.state != "planned" else N_("There is nobody for whom this could be done."), code="stale")
    with store.writing():
        move(job, "start", started_at=clock.now(), worker=by.worker, network=by.network[:45])
        audit.record("bulk.begun", by, subject=_subject(job), verb=job.verb, rows=count(job, "waiting"))
        store.after_commit(lambda: ring())


def stop(job: BulkJob, by: Actor) -> None:
    """Do no more of it: what is done stays done.  Raises RuleBroken when it has ended."""
    with store.writing():
        move(job, "stop", failure="")
        audit.record("bulk.stopped", by, subject=_subject(job))


def resume(job: BulkJob, by: Actor) -> None:
    """Go on where it was stopped.  Raises RuleBroken when it was not."""
    with store.writing():
        target = "planning" if job.started_at is None else "running"
        move(job, "resume", failure="", worker=by.worker, network=by.network[:45])
        if target == "planning":  # it was still being found out for whom
            BulkJob.update(state=target).where(BulkJob.id == job.id).execute()
        audit.record("bulk.resumed", by, subject=_subject(job))
        store.after_commit(lambda: ring())


def give_up(job: BulkJob, by: Actor) -> None:
    """Forget a preview; nothing was changed.  Raises RuleBroken when it was begun."""
    with store.writing():
        move(job, "give_up")


STEPS: dict[str, Callable[[BulkJob, Actor], None]] = {"start": start, "stop": stop, "resume": resume, "give_up": give_up}


def listed(job: BulkJob, by: Actor) -> None:
    """Note that somebody took the list of a job with them."""
    with store.aside(), store.writing():
        audit.record("bulk.listed", by, subject=_subject(job))


def fail(job: BulkJob, why: str) -> None:
    """Stop a job that cannot go on; ``why`` is a marked sentence.  What is done stays done."""
    with store.writing():
        move(job, "fail", failure=why)
        audit.record("bulk.stopped", Actor(worker=job.worker, network=job.network), subject=_subject(job))


def finish(job: BulkJob) -> None:
    """Nobody is left."""
    move(job, "finish")
    audit.record("bulk.finished", Actor(worker=job.worker, network=job.network), subject=_subject(job),
                 done=count(job, "done"), refused=count(job, "refused"))  # fmt: skip


def expire(most: int = 2000) -> None:
    """Forget previews that nobody went on with, and the rows of those that were given up; said by the timetable."""
    old = clock.ago(hours=settings.get("bulk_hours"))
    with store.writing():
        BulkJob.update(state="given_up", moved_at=clock.now()).where(
            BulkJob.state.in_(MOVES["give_up"][0]), BulkJob.moved_at < old
        ).execute()
    while True:
        gone = BulkRow.select(BulkRow.id).join(BulkJob).where(BulkJob.state == "given_up").limit(most)
        with store.writing():
            if not BulkRow.delete().where(BulkRow.id.in_(gone)).execute():
                break


def _subject(job: BulkJob) -> str:
    return f"bulk job {job.id}"


# ---------------------------------------------------------------- numbers


def change_tally(job: BulkJob, changes: Iterable[tuple[str, str, int]]) -> None:
    """Count rows of an outcome and reason up or down, inside the transaction that changes them."""
    tally = json.loads(job.tally)
    for outcome, reason, number in changes:
        key = f"{outcome} {reason}".strip()
        tally[key] = tally.get(key, 0) + number
    job.tally = json.dumps({key: number for key, number in tally.items() if number})
    BulkJob.update(tally=job.tally).where(BulkJob.id == job.id).execute()


def count(job: BulkJob, outcome: str = "") -> int:
    """How many rows there are, all of them or of one outcome."""
    return sum(number for key, number in json.loads(job.tally).items() if outcome in ("", key.partition(" ")[0]))


def reasons(job: BulkJob, outcome: str) -> list[tuple[str, int]]:
    """Each reason of an outcome with how many there are, most first."""
    found = [(key.partition(" ")[2], number) for key, number in json.loads(job.tally).items() if key.startswith(f"{outcome} ")]
    return sorted(found, key=lambda each: (-each[1], each[0]))


def sentence(reason: str) -> RuleBroken:
    """What a reason says."""
    return eligibility.refusal(reason) if reason in eligibility.SENTENCES else RuleBroken(REASONS[reason], code=reason)


def rows_of(rows: Any, outcome: str, reason: str) -> Any:
    """Rows (a query) of an outcome and a reason, in the order in which they were found."""
    return rows.where(BulkRow.outcome == outcome, BulkRow.reason == reason).order_by(BulkRow.id)
