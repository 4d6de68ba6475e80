"""What became since of what notices tell, so that no line of the Inbox asks for what is done or over."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from domain import asked, attendances, clock
from models import Event, EventRequest, Notice

OFFER = "request_offered"


@dataclasses.dataclass(frozen=True)
class Outcomes:
    """``declined`` are the numbers of places of which they said that they cannot come, ``offers`` says by the number of a notice what
    became of the time that it offers: a state of ``events.STATE_NAMES``, or ``moved`` for one that is offered no more."""

    declined: frozenset[int]
    offers: Mapping[int, str]


def of(notices: Sequence[Notice]) -> Outcomes:
    """What became of what these notices tell, with one question for each of the two, where there is something to ask."""
    ahead = {each.attendance.id: each.attendance for each in notices if _is_ahead(each)}
    offers = [each for each in notices if each.kind == OFFER]
    return Outcomes(frozenset(attendances.declined(list(ahead.values())) if ahead else ()), _offers(offers))


def _is_ahead(notice: Notice) -> bool:
    place = notice.attendance
    return place is not None and notice.kind != OFFER and place.event.state == "booked" and place.event.starts_at > clock.now()


def _offers(notices: Sequence[Notice]) -> dict[int, str]:
    if not notices:
        return {}
    events = [each.attendance.event_id for each in notices]
    every = EventRequest.select(EventRequest, Event).join(Event, on=(EventRequest.event == Event.id))
    mine = EventRequest.event.in_(events) | EventRequest.replaces.in_(events)
    rows = list(every.where(mine, EventRequest.offered_at.is_null(False)).order_by(EventRequest.id))
    return {each.id: _offer(each, rows) for each in notices}


def _offer(notice: Notice, requests: Sequence[EventRequest]) -> str:
    event = notice.attendance.event_id
    theirs = [each for each in requests if event in (each.event_id, each.replaces_id) and each.event.starts_at == notice.starts_at]
    if not theirs:
        return "moved"
    request, held = theirs[-1], theirs[-1].event
    if held.state == "requested":
        is_over = request.expires_at is not None and request.expires_at <= clock.now()
        return "expired" if is_over or held.starts_at <= clock.now() else "requested"
    return "booked" if asked.was_accepted(request, held) else str(held.state)
