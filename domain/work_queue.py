"""What workers have to do, by category."""

from __future__ import annotations

from peewee import IntegrityError

from domain import audit, clock, store
from domain.actor import Actor
from models import Individual, Task


def add(kind: str, category: str, individual: Individual | None, dedupe_key: str) -> bool:
    """Put a task into a category's queue; False when the same was put there before."""
    with store.writing():
        try:
            with store.writing():
                Task.create(
                    kind=kind, category=category, individual=individual,
                    dedupe_key=f"{kind}:{dedupe_key}", created_at=clock.now(),
                )  # fmt: skip
        except IntegrityError:
            if not Task.select().where(Task.dedupe_key == f"{kind}:{dedupe_key}").exists():
                raise  # not a task that is there already, but one that cannot be
            return False
    return True


def done(task: Task, by: Actor) -> bool:
    """Take a task off the queue; False when somebody else did so before."""
    with store.writing():
        ticked = Task.update(done_at=clock.now(), done_by=by.worker).where(Task.id == task.id, Task.done_at.is_null())
        if not ticked.execute():
            return False
        audit.record("task.done", by, individual=task.individual, subject=f"task {task.id}", kind=task.kind)
    return True
