"""Whose account staff close leaves all discussions: they stay to read, and nobody waits in them any more (spec 01)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain import store
from models import Discussion

ANSWERED: dict[str, Any] = {"waits_since": None, "answer_by": None, "late_told_at": None, "in_a_row": 0}  # the client waits no longer


def leave_all(individuals: Sequence[int]) -> None:
    """These people wait for no answer.  Said inside the transaction that holds their accounts, before its audit."""
    waits = Discussion.select(Discussion.id).where(Discussion.individual.in_(individuals), Discussion.waits_since.is_null(False))
    held = [each.id for each in store.lock(waits.order_by(Discussion.id))]
    if held:
        Discussion.update(**ANSWERED).where(Discussion.id.in_(held)).execute()
