"""Where an answer of a document stands: a question, and in a section that repeats which turn of it.

How often such a section is there is part of the answers: it is kept under ``count(section)``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MOST_TURNS = 50  # of one section
_WRITTEN = re.compile(r"([a-z0-9]{1,16})(?::([1-9][0-9]{0,2}))?")
_COUNT = "#"  # no key begins with it


class Place(NamedTuple):
    """A question, and the turn of its section: 0 is the first."""

    question: str
    turn: int = 0


def place(key: str, turn: int = 0) -> str:
    """The written place of a question in a turn."""
    return f"{key}:{turn}" if turn else key


def written(where: Place) -> str:
    """``key``, or ``key:2`` in the third turn: each place is written in one way."""
    return place(where.question, where.turn)


def read(text: str) -> Place:
    """The place that was written so.  Raises ValueError for anything else."""
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise ValueError(f"no place: {text[:40]!r}")
    return Place(found[1], int(found[2] or 0))


def count(section: str) -> str:
    """Where the answers say how many turns a section has; no question can stand there."""
    return f"{_COUNT}{section}"
