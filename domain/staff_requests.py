"""What staff read of the requests that wait for an answer: who asks, for what time, and what became of it (spec 03, Requesting).

The names follow the schedule: of an own event a worker is told everybody's, of others those whom they may see.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from peewee import Value

from domain import clock, event_people, event_rows, events, offers, sites, wall_clock
from domain.asked import was_accepted
from domain.free_times import Slot
from domain.viewer import StaffViewer
from models import TAKES_TIME, Attendance, Event, EventRequest, Individual, Site, Worker

MOST = 50  # on one page; what expires first is on it
FREE_TIMES = 6  # that are offered for one tap
ENDS = ("accepted", "declined", "expired", "withdrawn", "cancelled", "at_once")  # the last for what nobody had to answer
_COMES = ("booked", "show", "no_show")


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as a viewer may know it: ``event`` holds the time, ``was`` is the one that would be moved to it.

    ``people`` come, of those who are named to the viewer, and ``hidden`` more; the records of those in ``opens`` may be opened.
    """

    request: EventRequest
    event: Event
    was: Event | None
    people: tuple[Individual, ...]
    hidden: int
    opens: frozenset[int]

    outcome: str  # ``waiting``, ``offered``, or one of ``ENDS``
    coming: tuple[Individual, ...]  # everybody, for the rules

    is_busy = False  # it is more than taken time to whoever answers it

    @property
    def is_offered(self) -> bool:
        """True while the client is asked."""
        return self.outcome == "offered"

    @property
    def is_waiting(self) -> bool:
        """True while it can be answered, by staff or by the client."""
        return self.outcome not in ENDS


def listed(who: StaffViewer, most: int = MOST) -> tuple[list[Asked], bool]:
    """What the viewer is to answer, or the client, what expires first before the rest, and whether there is more."""
    found = _soonest(who, most + 1)
    return _as_seen(who, found[:most]), len(found) > most


def first(who: StaffViewer, most: int) -> tuple[list[Asked], int]:
    """The first of these, and how many there are; of more than ``MOST`` just that."""
    found = _soonest(who, MOST + 1)
    return _as_seen(who, found[:most]), len(found)


def _soonest(who: StaffViewer, most: int) -> list[Event]:
    """Their events, each with its request as ``asked``; what nobody answered in time is not among them, also before it is written
    down."""
    was, there = Event.alias(), Site.alias()
    every = who.to_answer.switch(Event).join(EventRequest, on=(EventRequest.event == Event.id), attr="asked").join(Individual)
    every = every.switch(EventRequest).left_outer_join(was, on=(EventRequest.replaces == was.id), attr="was")
    every = every.left_outer_join(there, on=(was.site == there.id), attr="site").select_extend(EventRequest, Individual, was, there)
    waits = every.where(EventRequest.answered_at.is_null(), EventRequest.expires_at.is_null(False), EventRequest.expires_at > clock.now())
    return list(waits.order_by(EventRequest.expires_at, EventRequest.id).limit(most))


def _as_seen(who: StaffViewer, found: Sequence[Event]) -> list[Asked]:
    """These requests with whoever comes, and which of their records may be opened."""
    its = [event.asked.replaces_id or event.id for event in found]
    may_open = Value(value=True) if who.may("view_all_individuals") else Individual.id.in_(who.individuals.select(Individual.id))
    places = Attendance.select(Attendance, Individual, may_open.alias("is_open")).join(Individual)
    places = places.where(Attendance.event.in_(its), Attendance.state.in_(_COMES)).order_by(Individual.sort_name, Individual.id)
    coming: dict[int, list[Attendance]] = {}
    for place in places if its else ():
        coming.setdefault(place.event_id, []).append(place)
    return [_seen(who, event, coming.get(number, [])) for event, number in zip(found, its, strict=True)]


def _seen(who: StaffViewer, event: Event, coming: Sequence[Attendance]) -> Asked:
    everybody = tuple(place.individual for place in coming)
    opens = frozenset(place.individual_id for place in coming if place.is_open)
    named = everybody if event.worker_id == who.worker.id else tuple(person for person in everybody if person.id in opens)
    was = event.asked.was if event.asked.replaces_id else None
    return Asked(event.asked, event, was, named, len(everybody) - len(named), opens, _outcome(event.asked, event), everybody)


def one(who: StaffViewer, event: Event) -> Asked:
    """The request of an event that ``who.requested`` found, with whoever answered it."""
    every = EventRequest.select(EventRequest, Individual, Worker).join(Individual).switch(EventRequest)
    request = every.left_outer_join(Worker, on=(EventRequest.answered_by == Worker.id)).where(EventRequest.event == event.id).get()
    was = event_rows.whole().where(Event.id == request.replaces_id).first() if request.replaces_id else None
    event.asked, request.was = request, was
    (asked,) = _as_seen(who, [event])
    return asked


def _outcome(request: EventRequest, event: Event) -> str:
    if request.expires_at is None:
        return "at_once"
    if event.state == "requested":
        is_over = request.expires_at <= clock.now()
        return "expired" if is_over else "offered" if request.offered_at is not None else "waiting"
    if was_accepted(request, event):
        return "accepted"
    return "cancelled" if event.state.startswith("cancelled") else str(event.state)


# ---------------------------------------------------------------- what stands around it


def around(asked: Asked) -> list[Event]:
    """What takes the worker's time on the day of a request where it would take place, itself included, in order."""
    zone = asked.event.site.time_zone
    first = wall_clock.day_of(asked.event.starts_at, zone)
    ((begins, ends),) = wall_clock.bounds(first, 1, zone)
    near = event_rows.whole().where(
        Event.worker == asked.event.worker_id, Event.state.in_(TAKES_TIME), Event.starts_at > begins - event_rows.LONGEST,
        Event.starts_at < ends, Event.ends_at > begins,
    )  # fmt: skip
    return list(near.order_by(Event.starts_at, Event.id).limit(MOST))


def free_times(asked: Asked) -> list[tuple[Slot, Site]]:
    """The next times that the client could have asked for instead, each with its site; none where nothing can be asked for now."""
    if not offers.is_open():
        return []
    event = asked.event
    others = [person for person in asked.coming if person.id != asked.request.individual_id]
    wish = offers.Wish(asked.request.individual, event.worker, None, tuple(others[: offers.MOST_PEOPLE - 1]), event)
    table, but = offers.timetable(wish), (event.starts_at, asked.was.starts_at if asked.was is not None else None)
    found: list[Slot] = []
    for number in range(table.days_ahead + 1):
        found += [slot for slot in table.day(table.today + dt.timedelta(days=number)).slots if slot.starts_at not in but]
        if len(found) >= FREE_TIMES:
            break
    at = [(slot, sites.numbered(slot.site)) for slot in found[:FREE_TIMES]]
    return [(slot, site) for slot, site in at if site is not None]


def check_offer(who: StaffViewer, asked: Asked, starts_at: dt.datetime) -> None:
    """Raises RuleBroken ``busy`` when somebody of a request, of those whom the viewer may see, has another appointment at the time
    that is to be offered; before that ``taken`` when its worker has one, because with that no box helps."""
    ends_at = starts_at + (asked.event.ends_at - asked.event.starts_at)
    events.check_free(asked.event.worker, starts_at, ends_at, who.actor, but=asked.event)
    theirs = [person for person in asked.people if person.id in asked.opens]
    event_people.check_theirs(theirs, starts_at, ends_at, but=asked.was or asked.event)
