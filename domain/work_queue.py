"""What workers have to do, by category."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from peewee import IntegrityError

from domain import audit, clock, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import Individual, Task, Worker

# Each kind of task with the category that it belongs to.
KINDS = {
    "new_activation_wanted": "intake", "birth_date_closed": "intake", "profile_change": "intake",
    "delivery_problem": "delivery_problems", "worker_unreached": "delivery_problems",
    "address_undone": "intake",
    "running_late": "intake", "cannot_come": "intake",
    "document_completed": "intake", "document_declined": "intake",
    "reply_link_closed": "intake", "reply_link_wanted": "intake",
}  # fmt: skip


def add(kind: str, category: str, individual: Individual | None, dedupe_key: str, *, worker: Worker | None = None) -> bool:
    """Put a task into a category's queue, or before a ``worker`` of it; False when the same was put there before.

    Raises ValueError when the kind is none of that category.
    """
    if KINDS.get(kind) != category:
        raise ValueError(f"no task {kind!r} of {category!r}")
    with store.writing():
        try:
            with store.writing():
                Task.create(
                    kind=kind, category=category, individual=individual, worker=worker,
                    dedupe_key=f"{kind}:{dedupe_key}", created_at=clock.now(),
                )  # fmt: skip
        except IntegrityError:
            if not Task.select().where(Task.dedupe_key == f"{kind}:{dedupe_key}").exists():
                raise  # not a task that is there already, but one that cannot be
            return False
    return True


def worker_unreached(worker: Worker) -> None:
    """E-mails to a worker come back: one task about them and about no client, until it is done.  Said inside a transaction."""
    key = f"worker_unreached:worker {worker.id}"
    if Task.select().where(Task.dedupe_key == key, Task.done_at.is_null(False)).exists():
        set_apart([key])
    add("worker_unreached", "delivery_problems", None, key.partition(":")[2])


def workers_of(tasks: Iterable[Task]) -> dict[int, Worker]:
    """About which worker a task is, by its number; none of them is about a client, too."""
    named = {task.id: int(task.dedupe_key.split()[1]) for task in tasks if task.kind == "worker_unreached"}
    if not named:
        return {}
    found = {worker.id: worker for worker in Worker.select().where(Worker.id.in_(set(named.values())))}
    return {task: found[number] for task, number in named.items()}


def set_apart(keys: Sequence[str]) -> None:
    """From now on the same may be put there again as one more task; what is there stays.  Said inside a transaction."""
    for task in list(Task.select(Task.id, Task.dedupe_key).where(Task.dedupe_key.in_(list(keys)))):
        Task.update(dedupe_key=f"{task.dedupe_key} before {task.id}").where(Task.id == task.id).execute()


def narrow(query: Any, *, category: str, who: str, me: Worker) -> Any:
    """The query over tasks, narrowed to a category, and to whose they are: ``me``, ``nobody``, or a worker's public id."""
    if category:
        query = query.where(Task.category == category)
    if who == "me":
        return query.where(Task.worker == me)
    if who == "nobody":
        return query.where(Task.worker.is_null())
    return query.where(Task.worker.in_(Worker.select(Worker.id).where(Worker.public_id == who))) if who else query


def holders() -> list[Worker]:
    """Everybody who has an open task, by name."""
    having = Task.select(Task.worker).where(Task.done_at.is_null(), Task.worker.is_null(False))
    return list(Worker.select().where(Worker.id.in_(having)).order_by(Worker.sort_name, Worker.id))


# These end where what they ask for is decided, never by a tick.
DECIDED = ("profile_change",)


def done(task: Task, by: Actor) -> bool:
    """Take a task off the queue; False when somebody else did so before.  Raises RuleBroken for one that is decided."""
    if task.kind in DECIDED and task.done_at is None:
        raise RuleBroken(N_("Accept or decline what they asked for; then this is done."), code="decide")
    return _tick(task, by)


def _tick(task: Task, by: Actor) -> bool:
    with store.writing():
        ticked = Task.update(done_at=clock.now(), done_by=by.worker).where(Task.id == task.id, Task.done_at.is_null())
        if not ticked.execute():
            return False
        audit.record("task.done", by, individual=task.individual, subject=f"task {task.id}", kind=task.kind)
    return True


def finish(kind: str, dedupe_key: str, by: Actor) -> None:
    """What the task asked for was done where it is done; twice is harmless."""
    task = Task.get_or_none(Task.dedupe_key == f"{kind}:{dedupe_key}")
    if task is not None:
        _tick(task, by)
