"""What clients asked for, as they read it: below the rules of requesting, so that these may use it."""

from __future__ import annotations

import dataclasses
from typing import Any

from peewee import fn

from domain import audit, statements
from models import Attendance, Event, EventRequest, Individual, Service, Site, Worker


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request: ``event`` holds the time that was asked for, or that was offered instead; ``place`` is the client's place in it, or
    in the event whose time would change."""

    request: EventRequest
    event: Event
    place: Attendance | None = None

    @property
    def is_waiting(self) -> bool:
        """True until somebody answers it, or it is withdrawn or over."""
        return self.event.state == "requested" and self.request.answered_at is None

    @property
    def is_offered(self) -> bool:
        """True while the client is asked whether another time suits them."""
        return self.is_waiting and self.request.offered_at is not None

    def is_of(self, place: Attendance) -> bool:
        """True for the place of who asked; who was to come along has nothing to answer."""
        return bool(self.request.individual_id == place.individual_id)


def waiting(individual: Individual) -> list[Asked]:
    """What a client asked for and nobody answered yet, or what they are to answer, soonest first."""
    return [Asked(found, found.event, found.place) for found in _WAITING.all(individual.id)]


def _waiting(individual: Any) -> Any:
    columns = (
        EventRequest, Event, Worker.id, Worker.first_name, Worker.last_name, Worker.display_name, Site.id, Site.name, Site.time_zone,
        Service.id, Service.name, Service.client_name, Service.is_visible, Attendance.id, Attendance.public_id, Attendance.state,
    )  # fmt: skip
    found = EventRequest.select(*columns).join(Event, on=(EventRequest.event == Event.id)).join(Worker).switch(Event).join(Site)
    found = found.switch(Event).left_outer_join(Service).switch(EventRequest)
    whose = fn.COALESCE(EventRequest.replaces, EventRequest.event)
    its = (Attendance.event == whose) & (Attendance.individual == EventRequest.individual)
    mine = found.join(Attendance, on=its, attr="place").where(
        EventRequest.individual == individual, EventRequest.answered_at.is_null(), Event.state == "requested"
    )
    return mine.order_by(Event.starts_at, EventRequest.id)


_WAITING = statements.Listing(_waiting)


def was_accepted(request: EventRequest, event: Event) -> bool:
    """True once what was asked for is booked, or what was booked was moved to it: ``event`` held that time."""
    if event.state == "withdrawn" and request.replaces_id is not None:  # it gave way to the one that moved
        return audit.last("event.accepted", request.individual_id, f"event {event.id}") is not None
    return bool(event.state == "booked")


def around(event: Event) -> tuple[Asked | None, Asked | None]:
    """The request from which an event came, and the last one for another time of it, whatever became of that."""
    own, change = None, None
    for found in _AROUND.all(event.id, event.id):
        if found.replaces_id == event.id:
            change = Asked(found, found.event)
        else:
            own = Asked(found, found.event)
    return own, change


def _around(event: Any, same: Any) -> Any:
    found = EventRequest.select(EventRequest, Event, Worker, Site).join(Event, on=(EventRequest.event == Event.id)).join(Worker)
    found = found.switch(Event).join(Site).where((EventRequest.event == event) | (EventRequest.replaces == same))
    return found.order_by(EventRequest.id)


_AROUND = statements.Listing(_around)
