"""What is written to workers of their own appointments: before one, that somebody confirmed it, and that somebody did not come."""

from __future__ import annotations

from domain import event_letters, event_messages, event_reminders
from domain.event_messages import GONE
from domain.letter_parts import Letter, Unwanted
from domain.rules import N_
from models import Delivery, Event, EventReminder, Site, Worker


def reminder(delivery: Delivery, portal_url: str) -> Letter:
    """To the worker: an appointment is near.  Raises Unwanted."""
    whole = Event.select(Event, Worker, Site).join(Worker).switch(Event).join(Site)
    event: Event | None = whole.where(Event.id == event_messages.subject_of(delivery)).first()
    is_same = event is not None and event.state == "booked" and event.worker_id == delivery.worker_id
    if event is None or not is_same or event.starts_at != delivery.expires_at:
        raise Unwanted(GONE)
    row = EventReminder.get_or_none(EventReminder.delivery == delivery.id)
    is_first = event_reminders.is_first(event)
    if row is not None and row.is_first and not is_first:
        raise Unwanted(N_("It is not the first appointment of an enrolment any more."))
    told = (
        N_("The first appointment of an enrolment is on %(date)s at %(time)s.")
        if is_first and event.group_id is None
        else N_("You have an appointment on %(date)s at %(time)s.")
    )
    return event_letters.staff_letter(delivery, event, N_("You have an appointment soon"), told, _page(event, portal_url))


def confirmed(delivery: Delivery, portal_url: str) -> Letter:
    """To the worker: somebody says that they come.  Raises Unwanted."""
    place, message = event_letters.told_of(delivery)
    event = place.event
    is_so = place.confirmed_at is not None and (event.state, place.state) == ("booked", "booked")
    if not is_so or event.worker_id != delivery.worker_id or event.starts_at != message.starts_at:
        raise Unwanted(GONE)
    told = N_("A client confirmed the appointment on %(date)s at %(time)s.")
    return event_letters.staff_letter(delivery, event, N_("A client confirmed"), told, _page(event, portal_url))


def missed(delivery: Delivery, portal_url: str) -> Letter:
    """To the worker: a colleague wrote down that somebody did not come.  Raises Unwanted."""
    place, _ = event_letters.told_of(delivery)
    event = place.event
    if place.state != "no_show" or event.worker_id != delivery.worker_id:
        raise Unwanted(GONE)
    told = N_("A client did not come to the appointment on %(date)s at %(time)s. A colleague wrote it down.")
    return event_letters.staff_letter(delivery, event, N_("A client did not come"), told, _page(event, portal_url))


def _page(event: Event, portal_url: str) -> str:
    return f"{portal_url}/admin/events/{event.public_id}/"
