"""What comes next for a client, as Home tells it: the next appointment, and what needs them now (spec 02, Home)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain import attendances, clock, event_rows, events, settings, statements
from models import Attendance, Event, Individual, Site

MOST = 3  # of what needs somebody
_LOOKED_AT = 10


def of(individual: Individual) -> tuple[Attendance | None, list[tuple[Attendance, bool]]]:
    """The next appointment of a client, and those that need them now, each with whether it is to be confirmed: of today, of tomorrow,
    and to be confirmed."""
    places = _ahead_of(individual, MOST)
    if not all(map(_is_near, places)):  # or the next three are those that are told, and no more need be read
        places = _ahead_of(individual, _LOOKED_AT)
    until = clock.now() + dt.timedelta(hours=settings.get("confirmation_hours"))
    open_ = [place for place in places if place.event.starts_at <= until and attendances.may_confirm(place)]
    asks = {place.id for place in open_} - attendances.declined(open_)
    asked = [(place, place.id in asks) for place in places]
    return next(iter(places), None), [(place, is_asked) for place, is_asked in asked if is_asked or _is_near(place)][:MOST]


def _ahead_of(individual: Individual, most: int) -> list[Attendance]:
    now = clock.now()
    return _AHEAD.all(individual.id, Attendance.starts_at.db_value(now - event_rows.LONGEST), Event.ends_at.db_value(now), most)


def _is_near(place: Attendance) -> bool:
    event = place.event
    return (events.day_of(event) - clock.today(event.site.time_zone)).days <= 1


def _ahead(individual: Any, since: Any, now: Any, most: Any) -> Any:
    columns = (
        Attendance.id, Attendance.public_id, Attendance.state, Attendance.starts_at, Attendance.confirmed_at, Event.id, Event.state,
        Event.starts_at, Event.ends_at, Site.id, Site.time_zone,
    )  # fmt: skip
    places = Attendance.select(*columns).join(Event).join(Site).where(
        Attendance.individual == individual, Attendance.state == "booked", Attendance.starts_at > since, Event.state == "booked",
        Event.ends_at > now,
    )  # fmt: skip
    return places.order_by(Attendance.starts_at, Attendance.id).limit(most)


_AHEAD = statements.Listing(_ahead)
