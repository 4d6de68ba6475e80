"""Whose time the events of a file take: two of one worker at one time are marked when they are over, and refused when not.

Judged once all rows were planned, because a row may free the time that another one takes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from domain import caseloads, event_rows, events
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import TAKES_TIME, Event

TOLD_AT_ONCE = 500  # clashes that are worded together


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

    def judged(self) -> Iterator[tuple[Wanted, Standing]]:
        """Each row that stands beside another, and what takes that time.  What is ahead goes before what is over."""
        for worker, rows in self._wanted.items():
            starts, taken = self._there(worker, rows)
            for row in sorted(rows, key=lambda each: (each.is_over, each.starts, each.number)):
                place = bisect_left(starts, row.ends)
                if place and taken[place - 1].ends > row.starts:
                    yield row, taken[place - 1]
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


def refusals(clashes: Sequence[tuple[int, Standing]], by: Actor) -> Iterator[tuple[int, RuleBroken]]:
    """Rows, each with what stands in its way in a sentence: what that is only to who may see it."""
    numbers = [there.event for _, there in clashes if not there.row]
    there_now = {event.id: event for event in event_rows.whole().where(Event.id.in_(numbers))} if numbers else {}
    seen = caseloads.seen_among(by.worker, list(there_now.values())) if by.worker else set(there_now)
    for row, there in clashes:
        if there.row:
            yield row, RuleBroken(N_("Row %(first)s takes this worker's time already."), first=there.row)
        else:
            yield row, _taken(there_now[there.event], is_seen=there.event in seen)


def _taken(event: Event, *, is_seen: bool) -> RuleBroken:
    when = events.when(event)
    told = {"day": when["day"].isoformat(), "start": f"{when['start']:%H:%M}", "end": f"{when['end']:%H:%M}"}
    if not is_seen:
        return RuleBroken(N_("%(worker)s is busy on %(day)s, from %(start)s to %(end)s."), worker=event.worker.name, **told)
    sentence = N_("%(worker)s has another appointment then: %(what)s on %(day)s, from %(start)s to %(end)s.")
    return RuleBroken(sentence, worker=event.worker.name, what=events.subject_of(event), **told)
