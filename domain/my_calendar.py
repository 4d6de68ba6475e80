"""A client's calendar: their places in events, what comes, what is over, and what their own program reads."""

from __future__ import annotations

import datetime as dt
from typing import Any

from peewee import fn

from domain import agency, clock, event_rows, statements
from models import Attendance, CalendarFeed, Event, Group, Individual, Service, Site, Worker

MOST_IN_FEED = 5000
STANDS = ("booked", "show", "no_show")  # a place that was not given up

# What a list reads of an event and of what belongs to it: no more, because whole rows take three times as long.
_LISTED = (
    Attendance.id, Attendance.public_id, Attendance.state, Attendance.starts_at, Attendance.confirmed_at,
    Event.id, Event.public_id, Event.state, Event.starts_at, Event.ends_at, Event.is_video,
    Worker.id, Worker.first_name, Worker.last_name, Worker.display_name, Site.id, Site.name, Site.time_zone,
    Service.id, Service.name, Service.client_name, Service.is_visible, Group.id, Group.name, Group.client_name, Group.is_visible,
)  # fmt: skip


def coming(individual: Individual, most: int, after: Attendance | None = None) -> list[Attendance]:
    """Somebody's places in events that are booked and not over, soonest first, each with its event and what belongs to it: so
    many, from the one on that follows ``after``."""
    now = clock.now()
    since, number = now - event_rows.LONGEST, 0
    if after is not None and after.starts_at > since:
        since, number = after.starts_at, after.id
    moment = Event.starts_at.db_value
    return _COMING.all(individual.id, moment(since), moment(since), number, moment(now), most)


def _coming(individual: Any, since: Any, same: Any, number: Any, now: Any, most: Any) -> Any:
    later = (Attendance.starts_at > since) | (Attendance.id > number)
    ahead = places_of(individual, *_LISTED).where(Attendance.starts_at >= same, later, Event.ends_at > now)
    stands = ahead.where(Event.state == "booked", Attendance.state.in_(STANDS))
    return stands.order_by(Attendance.starts_at, Attendance.id).limit(most)


_COMING = statements.Listing(_coming)


def gone_by(individual: Individual) -> Any:
    """The question for somebody's places in events that are over or were cancelled, latest first."""
    every = places_of(individual, *_LISTED).where(_is_gone_by())
    return every.order_by(Attendance.starts_at.desc(), Attendance.id.desc())


def _is_gone_by() -> Any:
    moment = clock.now()
    stands = (Event.state == "booked") & Attendance.state.in_(STANDS)
    ahead = (Attendance.starts_at > moment - event_rows.LONGEST) & (Event.ends_at > moment)
    return ~(ahead & (stands | (Event.state == "requested")))


def services_met(individual: Individual) -> list[Service]:
    """The services of somebody's events, those that clients may see, by name."""
    mine = Event.select(Event.service).join(Attendance).where(Attendance.individual == individual)
    return list(Service.select().where(Service.id.in_(mine), Service.is_visible).order_by(Service.name, Service.id))


def years_met(individual: Individual) -> list[int]:
    """The years from the first to the last of what is over or was cancelled, the latest first, as they begin where the agency is."""
    ends = places_of(individual, fn.MIN(Attendance.starts_at), fn.MAX(Attendance.starts_at))
    first, last = ends.where(_is_gone_by()).tuples().first()
    return [] if first is None else list(range(_year(last), _year(first) - 1, -1))


def read_in(feed: CalendarFeed) -> list[Attendance]:
    """What whoever has the address of a feed reads: its owner's places in events, from a year ago to all that come."""
    every = places_of(feed.individual, *_LISTED, Attendance.version, Event.version, Site.address)
    since = every.where(Attendance.starts_at > clock.now() - dt.timedelta(days=366))
    return list(since.order_by(Attendance.starts_at, Attendance.id).limit(MOST_IN_FEED))


def places_of(individual: Any, *columns: Any) -> Any:
    """The question for somebody's places in events, with all that belongs to them or with some columns of it."""
    every = (
        Attendance.select(*(columns or (Attendance, Event, Worker, Site, Service, Group)))
        .join(Event)
        .join(Worker)
        .switch(Event)
        .join(Site)
        .switch(Event)
        .left_outer_join(Service)
        .switch(Event)
        .left_outer_join(Group, on=(Event.group == Group.id), attr="group")
    )
    return every.where(Attendance.individual == individual)


def _year(moment: Any) -> int:
    """What MIN and MAX answer is a word on SQLite."""
    known = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return int(known.replace(tzinfo=dt.UTC).astimezone(agency.zone()).year)
