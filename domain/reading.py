"""What the readers of both viewers have in common."""

from __future__ import annotations

from typing import Any

from domain.rules import NotFound
from models import Worker, WorkerPhoto


def one(query: Any) -> Any:
    """The one row of a question.  Raises NotFound."""
    row = query.first()
    if row is None:
        raise NotFound
    return row


def photo_of(public_id: str) -> WorkerPhoto:
    """The photo of a worker who is here.  Raises NotFound."""
    here = WorkerPhoto.select().join(Worker).where(Worker.is_active)
    return one(here.where(WorkerPhoto.public_id == public_id))  # type: ignore[no-any-return]
