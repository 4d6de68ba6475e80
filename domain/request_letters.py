"""What is written of appointments that clients ask for, made at sending: that it still waits, or ended so, is looked at again.

The time that is told is that of the event which holds it, whose number is the delivery's subject; for another time of an appointment
that is not the event which the client's place is in.
"""

from __future__ import annotations

import dataclasses

from domain import arrivals, clock, event_letters, event_messages, message_texts, settings, texts
from domain.event_messages import GONE, OFF
from domain.letter_parts import Letter, Unwanted, language_for, language_of
from domain.rules import N_
from models import Attendance, Delivery, Event, EventMessage, EventRequest, Site, Worker

OVER = N_("The request was answered, changed or withdrawn meanwhile.")


@dataclasses.dataclass(frozen=True)
class _Asked:
    """What somebody asked for: ``event`` holds the time, ``place`` is theirs in it, or in what would be moved to it."""

    request: EventRequest
    event: Event
    place: Attendance

    @property
    def is_change(self) -> bool:
        return self.request.replaces_id is not None

    @property
    def waits(self) -> bool:
        """True until it is answered or over, also where nobody has looked yet whether it is."""
        return bool(self.event.state == "requested" and self.request.answered_at is None and self.request.expires_at > clock.now())

    @property
    def is_kept(self) -> bool:
        """True where there is an appointment that was to be moved, and that still stands."""
        return self.is_change and self.place.event.state == "booked" and self.place.state == "booked"


# ---------------------------------------------------------------- to the worker


def requested(delivery: Delivery, portal_url: str) -> Letter:
    """To the worker: somebody asks for an appointment, or for another time, and waits.  Raises Unwanted."""
    asked = _asked(delivery)
    if not asked.waits or asked.request.offered_at is not None or asked.event.worker_id != delivery.worker_id:
        raise Unwanted(OVER)
    subject, told = (
        (N_("Somebody asks for another time"), N_("Somebody asks to move an appointment to %(date)s at %(time)s."))
        if asked.is_change
        else (N_("Somebody asks for an appointment"), N_("Somebody asks for an appointment on %(date)s at %(time)s."))
    )
    until = _until(asked, N_("Please answer until %(until)s. After that the time is free again."), language_for(None))
    return event_letters.staff_letter(delivery, asked.event, subject, told, f"{portal_url}/admin/requests/{asked.event.public_id}/", until)


def booked_soon(delivery: Delivery, portal_url: str) -> Letter:
    """To the worker: a client booked something that is near, or moved it there.  Raises Unwanted."""
    if not settings.get("request_soon"):
        raise Unwanted(OFF)
    _, message = event_letters.told_of(delivery)
    event = _told_event(delivery, message)
    if event is None or event.state != "booked" or event.worker_id != delivery.worker_id or event.starts_at <= clock.now():
        raise Unwanted(GONE)
    subject, told = (
        (N_("A client booked an appointment"), N_("A client booked an appointment on %(date)s at %(time)s."))
        if message.was_at is None
        else (N_("A client moved an appointment"), N_("A client moved an appointment to %(date)s at %(time)s."))
    )
    return event_letters.staff_letter(delivery, event, subject, told, f"{portal_url}/admin/events/{event.public_id}/")


# ---------------------------------------------------------------- to the client


def offered(delivery: Delivery, portal_url: str) -> Letter:
    """Another time is held for whoever asked, and they are to answer.  Raises Unwanted."""
    asked = _for_client(delivery)
    if not asked.waits or asked.request.offered_at is None:
        raise Unwanted(OVER)
    tongue = language_of(delivery)
    told = [
        event_letters.filled(tongue, N_("We offer you another time: %(date)s at %(time)s."), asked.event),
        _until(asked, N_("Please say until %(until)s whether you take it. After that the time is free again."), tongue),
    ]
    if asked.is_kept:
        told.append(texts.say(tongue, N_("Until you take it, your appointment stays as it is.")))
    place = f"/calendar/{asked.place.public_id}"
    return _letter(asked, portal_url, tongue, N_("Another time for your appointment"), told, (N_("Answer in the portal"), place),
                   (N_("Or call us on %(phone)s."), N_("Or call us.")))  # fmt: skip


def declined(delivery: Delivery, portal_url: str) -> Letter:
    """They do not get what they asked for; why stands behind the sign-in.  Raises Unwanted."""
    asked = _for_client(delivery)
    if asked.event.state != "declined":
        raise Unwanted(OVER)
    tongue = language_of(delivery)
    sentence = (
        N_("We cannot move your appointment to %(date)s at %(time)s.")
        if asked.is_change
        else N_("We cannot give you an appointment on %(date)s at %(time)s.")
    )
    told = [event_letters.filled(tongue, sentence, asked.event), *_what_stays(asked, tongue)]
    if event_letters.has_portal(asked.place.individual):
        told.append(texts.say(tongue, N_("Open the portal to read why.")))
    place = f"/calendar/{asked.place.public_id}"
    return _letter(asked, portal_url, tongue, N_("The time you asked for"), told, (N_("See it in the portal"), place), _AGAIN)


def expired(delivery: Delivery, portal_url: str) -> Letter:
    """Nobody answered in time: the agency, or the client what was offered.  Raises Unwanted."""
    asked = _for_client(delivery)
    if asked.event.state != "expired":
        raise Unwanted(OVER)
    tongue = language_of(delivery)
    sentence = (
        N_("We are sorry: nobody here answered in time when you asked for %(date)s at %(time)s.")
        if asked.request.offered_at is None
        else N_("We offered you %(date)s at %(time)s and did not hear from you in time. It is not kept for you any more.")
    )
    told = [event_letters.filled(tongue, sentence, asked.event), *_what_stays(asked, tongue)]
    where = f"/calendar/{asked.place.public_id if asked.is_kept else ''}"
    return _letter(asked, portal_url, tongue, N_("Your request was not answered in time"), told, (N_("Choose another time"), where), _AGAIN)


_AGAIN = (N_("Call %(phone)s or open the portal to book again."), N_("Call us or open the portal to book again."))


def _letter(
    asked: _Asked, portal_url: str, tongue: str, subject: str, told: list[str], button: tuple[str, str], call: tuple[str, str]
) -> Letter:
    label, path = button
    address = arrivals.address(asked.place.individual, portal_url, path)
    return Letter(
        texts.say(tongue, subject), (texts.say(tongue, N_("Hello,")), *told),
        (texts.say(tongue, label), address) if address else None,
        (event_letters.call(tongue, asked.event, *call), *message_texts.footer(tongue)),
    )  # fmt: skip


def _what_stays(asked: _Asked, tongue: str) -> list[str]:
    return [texts.say(tongue, N_("Your appointment stays as it is."))] if asked.is_kept else []


# ---------------------------------------------------------------- what became of it


def _for_client(delivery: Delivery) -> _Asked:
    asked = _asked(delivery)
    event_letters.address_to(delivery, asked.place.individual)
    return asked


def _asked(delivery: Delivery) -> _Asked:
    place, message = event_letters.told_of(delivery)
    event = _told_event(delivery, message)
    request = EventRequest.get_or_none(EventRequest.event == event.id) if event is not None else None
    if request is None:
        raise Unwanted(OVER)
    return _Asked(request, event, place)


def _told_event(delivery: Delivery, message: EventMessage) -> Event | None:
    """The event that holds the time which is told; None when it has another now, or a newer message tells the same."""
    whole = Event.select(Event, Worker, Site).join(Worker).switch(Event).join(Site)
    event: Event | None = whole.where(Event.id == event_messages.subject_of(delivery)).first()
    is_same = event is not None and event.starts_at == message.starts_at
    return event if is_same and not event_messages.is_told_anew(message, delivery) else None


def _until(asked: _Asked, sentence: str, tongue: str) -> str:
    """Until when it waits, by the clock of the place."""
    at = event_letters.there(asked.request.expires_at, asked.event)
    return texts.say(tongue, sentence, until=texts.moment(tongue, at))
