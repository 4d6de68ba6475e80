"""The open discussions of a worker who leaves: none may wait for somebody who never comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain import audit, handover, message_notices, store, viewer
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import Discussion, DiscussionFollower, Individual, Worker, WorkerAbsence, WorkerCategory


def open_ones(worker: Worker) -> Any:
    """The question for the open discussions that somebody has."""
    return Discussion.select().where(Discussion.worker == worker, Discussion.state == "open")


def hold(worker: Worker) -> list[Discussion]:
    """These, held before anything is written to the audit, as whoever writes in one does."""
    return list(store.lock(open_ones(worker).order_by(Discussion.id)))


def hand_over(held: Sequence[Discussion], worker: Worker, taker: Worker | None, category: str, seen: set[int] | None, by: Actor) -> None:
    """Each goes to the taker, where they and the actor (``seen``) may see the client, else it waits in a category.

    They follow none any more, and cover for nobody.  Raises RuleBroken (field ``category``).
    """
    if not WorkerCategory.select().where(WorkerCategory.slug == category).exists():
        raise RuleBroken(N_("This category is gone: somebody took it away."), code="gone", field="category")
    DiscussionFollower.delete().where(DiscussionFollower.worker == worker).execute()
    WorkerAbsence.delete().where(WorkerAbsence.worker == worker).execute()
    WorkerAbsence.update(cover=None).where(WorkerAbsence.cover == worker).execute()
    theirs = None if taker is None or handover.sees_everybody(taker) else {number for (number,) in viewer.caseload_of(taker).tuples()}
    told: list[tuple[Individual | None, str, dict[str, Any]]] = []
    for each in held:
        is_seen = (theirs is None or each.individual_id in theirs) and (seen is None or each.individual_id in seen)
        takes = taker if taker is not None and is_seen else None
        changes = {"worker": takes, "category": "" if takes else category}
        Discussion.update(**changes, version=Discussion.version + 1).where(Discussion.id == each.id).execute()
        each.worker, each.category = takes, changes["category"]
        message_notices.handed_on(each)
        after = {"before": worker.id, "after": takes.id if takes else category}
        told.append((Individual(id=each.individual_id), f"discussion {each.id}", after))
    audit.record_many("discussion.handed_on", by, told)
