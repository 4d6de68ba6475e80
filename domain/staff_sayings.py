"""What clients let a worker know of an appointment, for the pages of staff: beside who comes, and in the tasks that it made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from domain import attendances, event_messages
from domain.viewer import StaffViewer
from models import Attendance, Event, Individual, Site, Task

WHAT = event_messages.SAYINGS


def said(places: Sequence[Attendance]) -> dict[int, str]:
    """What was said of those of these places that stand, as they are now, by the number of the place; that somebody cannot come
    counts more than that they are late."""
    standing = [place for place in places if place.state == "booked" and place.event.state == "booked"]
    return said_under({attendances.told_key(place): place.id for place in standing})


def said_under(told_keys: dict[str, int]) -> dict[int, str]:
    """The same for places by their ``told_key``."""
    keys = {f"{what}:{key}": (number, what) for what in WHAT for key, number in told_keys.items()}
    found = Task.select(Task.dedupe_key).where(Task.dedupe_key.in_(list(keys))).tuples() if keys else ()
    return dict(sorted((keys[key] for (key,) in found), key=lambda each: WHAT.index(each[1])))


def spoken_of(who: StaffViewer, tasks: Iterable[Task]) -> dict[int, tuple[Event, dt.datetime]]:
    """The appointment that each of these tasks is about, and when it was to begin as it was said, by the number of the task; of
    those whom the viewer may see."""
    named = {}
    for task in tasks:
        if task.kind in WHAT:
            told_key = task.dedupe_key.removeprefix(f"{task.kind}:").split()[0]  # without what sets it apart
            number, _, start = told_key.partition(".")
            named[task.id] = int(number), dt.datetime.fromtimestamp(int(start), dt.UTC)
    if not named:
        return {}
    asked = Attendance.select(Attendance, Event, Site).join(Event).join(Site)
    seen = Attendance.individual.in_(who.individuals.select(Individual.id))
    places = {place.id: place for place in asked.where(Attendance.id.in_([number for number, _ in named.values()]), seen)}
    return {task: (places[number].event, start) for task, (number, start) in named.items() if number in places}
