"""Tasks change hands: picked up, handed to somebody or to a category."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain import audit, caseloads, rights, statements, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import Discussion, DiscussionFollower, Follow, Individual, SecurityClass, Task, Worker, WorkerCategory

MOST_TAKERS = 1000  # names in one choice


def colleagues(*, but: Worker | None = None) -> list[Worker]:
    """Everybody who may sign in, by name; those to whom something can be handed."""
    return [worker for worker in _COLLEAGUES.all() if but is None or worker.id != but.id]


def _colleagues() -> Any:
    found = Worker.select(Worker, SecurityClass).left_outer_join(SecurityClass)
    here = found.where(Worker.is_active, Worker.password_hash.is_null(False)).order_by(Worker.sort_name, Worker.id)
    return here.limit(MOST_TAKERS)


_COLLEAGUES = statements.Listing(_colleagues)


def takers(individual: Individual | None) -> list[Worker]:
    """Of these, who may see an individual: to anybody else their tasks would be nothing.  Everybody, where it is about none."""
    if individual is None:
        return colleagues()
    theirs = caseloads.caseloads_with(individual)
    return [worker for worker in colleagues() if sees_everybody(worker) or worker.id in theirs]


def taker(individual: Individual | None, public_id: str) -> Worker:
    """One of these.  Raises RuleBroken (field ``to``)."""
    found = next((worker for worker in takers(individual) if worker.public_id == public_id), None)
    if found is None:
        raise RuleBroken(N_("This worker may not see the person whom it is about."), code="may_not_see", field="to")
    return found


def sees_everybody(worker: Worker) -> bool:
    """True for who may see every individual, not the own caseload only."""
    return "view_all_individuals" in rights.rights_of(worker)


def pick_up(task: Task, by: Actor) -> bool:
    """Take a task that nobody has; True when it is theirs, of two at once for one of them only.

    Raises RuleBroken when they left meanwhile, or may not see any more whom it is about.
    """
    assert by.worker is not None
    with store.writing():
        _must_be_here(by.worker)
        if task.individual_id is not None and not _may_see(by.worker, task.individual_id):
            raise RuleBroken(N_("You may not do this any more."), code="may_not_see")
        mine = Task.update(worker=by.worker).where(Task.id == task.id, Task.done_at.is_null(), Task.worker.is_null())
        if mine.execute():
            audit.record("task.picked_up", by, individual=task.individual, subject=f"task {task.id}", kind=task.kind)
            return True
        return bool(Task.select().where(Task.id == task.id, Task.worker == by.worker).exists())


def _may_see(worker: Worker, number: int) -> bool:
    return bool(caseloads.seen_by(Worker.get_by_id(worker.id)).where(Individual.id == number).exists())


def hand_to(task: Task, worker: Worker, by: Actor) -> None:
    """Give a task to somebody who may see whom it is about.  Raises RuleBroken, also when it changed hands meanwhile."""
    with store.writing():
        _must_be_here(worker)
        taker(task.individual, worker.public_id)
        _move(task, by, worker=worker.id, category=task.category, to=worker.public_id)


def put_back(task: Task, slug: str, by: Actor) -> None:
    """Give a task to a category: anybody in it may pick it up.  Raises RuleBroken when it changed hands meanwhile."""
    with store.writing():
        category = store.lock(WorkerCategory.select().where(WorkerCategory.slug == slug)).first()
        if category is None:
            raise RuleBroken(N_("This category is gone: somebody took it away."), code="gone", field="to")
        _move(task, by, worker=None, category=category.slug, to=category.slug)


def unfollow(individual: Individual, worker: Worker, by: Actor) -> None:
    """The individual leaves the worker's caseload, and what they had about them goes back; twice is harmless."""
    with store.writing():
        store.hold(worker)
        if Follow.delete().where(Follow.individual == individual, Follow.worker == worker).execute():
            audit.record("follow.ended", by, individual=individual, worker=worker.public_id)
            let_go([worker], by)


def let_go(workers: Iterable[Worker], by: Actor) -> None:
    """What these workers have about people whom they may not see any more waits in its category again, or nobody would see it.

    Said inside the transaction that changed what they may see.
    """
    blind = [worker for worker in workers if not sees_everybody(worker)]
    back: list[Task] = []
    for worker in blind:
        lost = Task.select().where(Task.worker == worker, Task.done_at.is_null(), Task.individual.not_in(caseloads.caseload_of(worker)))
        back += [task for task in lost if Task.update(worker=None).where(
            Task.id == task.id, Task.done_at.is_null(), Task.worker == worker).execute()]  # fmt: skip
    put_back = [(worker, each) for worker in blind for each in _put_back_discussions(worker)]
    for task in back:  # the audit last, as everybody does
        _note(task, by, task.category)
    for worker, each in put_back:
        audit.record("discussion.handed_on", by, individual=Individual(id=each.individual_id), subject=f"discussion {each.id}",
                     before=worker.id, after=caseloads.EVERYBODYS)  # fmt: skip


def _put_back_discussions(worker: Worker) -> list[Discussion]:
    """The open discussions of a worker with people whom they may not see any more are everybody's; they follow none of them."""
    from domain import message_notices  # which asks here who sees everybody

    theirs = caseloads.caseload_of(worker)
    of_others = Discussion.select(Discussion.id).where(Discussion.individual.not_in(theirs))
    DiscussionFollower.delete().where(DiscussionFollower.worker == worker, DiscussionFollower.discussion.in_(of_others)).execute()
    lost = Discussion.select().where(Discussion.worker == worker, Discussion.state == "open", Discussion.individual.not_in(theirs))
    put_back = list(store.lock(lost.order_by(Discussion.id)))
    for each in put_back:
        each.worker, each.category = None, caseloads.EVERYBODYS
        changes = {"worker": None, "category": caseloads.EVERYBODYS, "version": Discussion.version + 1}
        Discussion.update(**changes).where(Discussion.id == each.id).execute()
        message_notices.handed_on(each)
    return put_back


def _move(task: Task, by: Actor, *, worker: int | None, category: str, to: str) -> None:
    holder = Task.worker.is_null() if task.worker_id is None else Task.worker == task.worker_id
    as_seen = (Task.id == task.id) & Task.done_at.is_null() & (Task.category == task.category) & holder
    if not Task.update(worker=worker, category=category).where(as_seen).execute():
        raise RuleBroken(N_("Somebody else did something with this task meanwhile. Look at it again."), code="stale", field="to")
    _note(task, by, to)


def _note(task: Task, by: Actor, to: str) -> None:
    audit.record("task.handed_over", by, individual=task.individual, subject=f"task {task.id}", kind=task.kind, to=to)


def _must_be_here(worker: Worker) -> None:
    """Held, so that nobody is given anything who leaves in the same moment."""
    store.hold(worker)
    if not Worker.select().where(Worker.id == worker.id, Worker.is_active).exists():
        raise RuleBroken(N_("This worker has left."), code="left", field="to")
