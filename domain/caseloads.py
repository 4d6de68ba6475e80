"""Whom a worker may see: everybody, or the own caseload; and whose caseload somebody is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peewee import Case, fn

from domain.my_calendar import STANDS
from domain.rights import GROUP_RIGHTS, rights_of
from models import (
    TAKES_TIME,
    Attendance,
    CategoryMember,
    Discussion,
    Enrolment,
    EnrolmentWorker,
    Event,
    Follow,
    Individual,
    PortalAccount,
    SecurityClass,
    Task,
    Worker,
    WorkerCategory,
)


def seen_by(worker: Worker) -> Any:
    """Whom a worker may see, for what is done in their name in the background."""
    return individuals_for(worker, rights_of(worker))


def accounts_seen_by(worker: Worker) -> Any:
    """The accounts of these people."""
    return accounts_for(worker, rights_of(worker))


def individuals_for(worker: Worker, rights: frozenset[str]) -> Any:
    """The question for whom a worker with these rights may see."""
    everyone = Individual.select()
    return everyone if "view_all_individuals" in rights else everyone.where(Individual.id.in_(caseload_of(worker)))


def accounts_for(worker: Worker, rights: frozenset[str]) -> Any:
    """The question for the accounts of these people."""
    every = PortalAccount.select(PortalAccount, Individual).join(Individual)
    return every if "view_all_individuals" in rights else every.where(PortalAccount.individual.in_(caseload_of(worker)))


def sees_event(worker: Worker, event: Event) -> bool:
    """True when an event is a worker's own, or somebody comes to it whom they may see."""
    return event.id in seen_among(worker, [event])


def seen_among(worker: Worker, events: Sequence[Event]) -> set[int]:
    """The numbers of those of these events that a worker sees."""
    if "view_all_individuals" in rights_of(worker):
        return {event.id for event in events}
    own = {event.id for event in events if event.worker_id == worker.id}
    others = [event.id for event in events if event.id not in own]
    theirs = Attendance.select(Attendance.event).where(Attendance.event.in_(others), Attendance.individual.in_(caseload_of(worker)))
    return own | {number for (number,) in theirs.distinct().tuples()} if others else own


def caseload_of(worker: Worker) -> Any:
    """The numbers of those who are enrolled with, booked with or followed by a worker (spec 00, rights)."""
    further = EnrolmentWorker.select(EnrolmentWorker.enrolment).where(EnrolmentWorker.worker == worker)
    files = Enrolment.select(Enrolment.individual).where(
        Enrolment.closed_on.is_null(), (Enrolment.worker == worker) | Enrolment.id.in_(further)
    )
    meets = Attendance.select(Attendance.individual).join(Event)
    meets = meets.where(Event.worker == worker, Event.state.in_(TAKES_TIME), Attendance.state.in_(STANDS))
    return Follow.select(Follow.individual).where(Follow.worker == worker) | files | meets


def caseloads_with(individual: Individual) -> set[int]:
    """The numbers of the workers in whose caseload an individual is."""
    files = Enrolment.select().where(Enrolment.individual == individual, Enrolment.closed_on.is_null())
    further = EnrolmentWorker.select(EnrolmentWorker.worker).where(EnrolmentWorker.enrolment.in_(files.select(Enrolment.id)))
    meets = Event.select(Event.worker).join(Attendance).where(
        Attendance.individual == individual, Attendance.state.in_(STANDS), Event.state.in_(TAKES_TIME)
    )
    follows = Follow.select(Follow.worker).where(Follow.individual == individual)
    every = follows | files.select(Enrolment.worker) | further | meets
    return {number for (number,) in every.tuples() if number is not None}


# ---------------------------------------------------------------- tasks that nobody sees

EVERYBODYS = "intake"  # the category in which waits what nobody has who may see it
_SEES_ALL = "view_all_individuals"
_MEMBERS = CategoryMember.select(WorkerCategory.slug).join(WorkerCategory).switch(CategoryMember).join(Worker)
_HERE = Worker.is_active & Worker.password_hash.is_null(False)
_WATCHED = _MEMBERS.left_outer_join(SecurityClass).where(  # the categories of which somebody signs in who sees everybody
    _HERE, (Worker.group << [group for group, rights in GROUP_RIGHTS.items() if _SEES_ALL in rights])
    | SecurityClass.rights.contains(_SEES_ALL),
)  # fmt: skip


def _known(row: Any, slug: Any) -> Any:
    """Those of a row's category who sign in, and in whose caseload whom it is about is."""
    theirs = (
        fn.EXISTS(Follow.select(Follow.id).where(Follow.worker == Worker.id, Follow.individual == row.individual))
        | fn.EXISTS(
            Enrolment.select(Enrolment.id).left_outer_join(EnrolmentWorker).where(
                Enrolment.individual == row.individual, Enrolment.closed_on.is_null(),
                (Enrolment.worker == Worker.id) | (EnrolmentWorker.worker == Worker.id),
            )
        )
        | fn.EXISTS(
            Attendance.select(Attendance.id).join(Event).where(
                Attendance.individual == row.individual, Attendance.state.in_(STANDS), Event.state.in_(TAKES_TIME),
                Event.worker == Worker.id,
            )
        )
    )  # fmt: skip
    return _MEMBERS.where(_HERE, WorkerCategory.slug == slug, theirs)


_WAITS_IN = Case(None, [(Discussion.worker.is_null(), Discussion.category)], EVERYBODYS)  # what somebody has: everybody's, when it waits
_TASK_KNOWN, _DISCUSSION_KNOWN = _known(Task, Task.category), _known(Discussion, _WAITS_IN)


def seen_by_nobody() -> Any:
    """True of a task that waits where nobody is who may see whom it is about."""
    return ~(Task.category.in_(_WATCHED) | fn.EXISTS(_TASK_KNOWN))


def unseen_discussion() -> Any:
    """The same of a discussion that waits for anybody (``covers.is_anybodys``)."""
    return ~(_WAITS_IN.in_(_WATCHED) | fn.EXISTS(_DISCUSSION_KNOWN))
