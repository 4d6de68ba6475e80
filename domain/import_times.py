"""Whose time the events of a file take: two of one worker at one time are marked when they are over, and refused when not.

Judged once all rows were planned, because a row may free the time that another one takes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

from domain import events
from domain.rules import N_, RuleBroken
from models import TAKES_TIME, Event, Worker


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """One row that takes time anew: when, and whether that is over."""

    starts: dt.datetime
    ends: dt.datetime
    number: int
    is_over: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What takes the time: a row of the file, or an event that was there."""

    ends: dt.datetime
    row: int
    event: int


class Times:
    """The time of each worker, as a file wants it."""

    def __init__(self) -> None:
        self._wanted: dict[int, list[Wanted]] = defaultdict(list)
        self._freed: set[int] = set()

    def want(self, worker: int, wanted: Wanted) -> None:
        """A row takes this worker's time."""
        self._wanted[worker].append(wanted)

    def free(self, event: int) -> None:
        """An event that is there gives up the time that it has."""
        self._freed.add(event)

    def judged(self) -> Iterator[tuple[int, Wanted, Standing]]:
        """Each row that stands beside another: worker, row, and what takes that time.  What is ahead goes before what is over."""
        for worker, rows in self._wanted.items():
            starts, taken = self._there(worker, rows)
            for row in sorted(rows, key=lambda each: (each.is_over, each.starts, each.number)):
                place = bisect_left(starts, row.ends)
                if place and taken[place - 1].ends > row.starts:
                    yield worker, row, taken[place - 1]
                else:
                    starts.insert(place, row.starts)
                    taken.insert(place, Standing(row.ends, row.number, 0))

    def _there(self, worker: int, rows: Iterable[Wanted]) -> tuple[list[dt.datetime], list[Standing]]:
        """What takes the worker's time already, in the order of time; none of it overlaps."""
        first, last = min(row.starts for row in rows), max(row.ends for row in rows)
        found = Event.select(Event.id, Event.starts_at, Event.ends_at).where(
            Event.worker == worker, Event.state.in_(TAKES_TIME), Event.is_overlapping == False,  # noqa: E712
            Event.starts_at < last, Event.ends_at > first,
        ).order_by(Event.starts_at)  # fmt: skip
        there = [(starts, Standing(ends, 0, number)) for number, starts, ends in found.tuples() if number not in self._freed]
        return [starts for starts, _ in there], [standing for _, standing in there]


def refusal(worker: int, there: Standing) -> RuleBroken:
    """What stands in the way of a row, in a sentence."""
    if there.row:
        return RuleBroken(N_("Row %(first)s takes this worker's time already."), first=there.row)
    event = Event.get_by_id(there.event)
    when = events.when(event)
    return RuleBroken(
        N_("%(worker)s has another appointment then: %(what)s on %(day)s, from %(start)s to %(end)s."),
        worker=Worker.get_by_id(worker).name, what=events.subject_of(event), day=when["day"].isoformat(),
        start=f"{when['start']:%H:%M}", end=f"{when['end']:%H:%M}",
    )  # fmt: skip
