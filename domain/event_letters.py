"""What is written of an event, made at sending: consent, address and the event itself are looked at again (spec 04, texts)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

from domain import (
    agency,
    arrivals,
    attendances,
    clock,
    eligibility,
    event_messages,
    events,
    links,
    message_texts,
    preferences,
    profile,
    settings,
    store,
    texts,
)
from domain.event_messages import CONFIRMED, DECLINED, GONE, NO_CONSENT, OFF
from domain.letter_parts import Letter, Unwanted, language_for, language_of
from domain.message_texts import Words
from domain.rules import N_
from models import Attendance, Delivery, Event, EventMessage, Individual, PortalAccount, Site, Task, Worker


def booked(delivery: Delivery, portal_url: str) -> Letter:
    """A new appointment.  Raises Unwanted."""
    place, message = _for_client(delivery, "booked")
    return _new(language_of(delivery), place, message, portal_url)


def moved(delivery: Delivery, portal_url: str) -> Letter:
    """Another time, or the same with somebody else, elsewhere or by video: what is new to who heard the last message.

    Raises Unwanted.
    """
    place, message = _for_client(delivery, "booked")
    tongue, event = language_of(delivery), place.event
    heard = event_messages.heard_before(message, event)
    if heard is None:  # what told them of it before was not sent in the end
        return _new(tongue, place, message, portal_url)
    if heard.starts_at == event.starts_at:
        return _asking(tongue, N_("Your appointment was changed"), words_of("changed", tongue, event), place, message, portal_url)
    words = words_of("rescheduled", tongue, event, was=there(heard.starts_at, event).date())
    if not dataclasses.replace(heard, starts_at=event.starts_at).is_as(event):
        words = dataclasses.replace(words, before=(*words.before, filled(tongue, message_texts.CHANGED[_where(event)], event)))
    return _asking(tongue, N_("Your appointment was moved"), words, place, message, portal_url)


def _new(tongue: str, place: Attendance, message: EventMessage, portal_url: str) -> Letter:
    return _asking(tongue, N_("Your appointment"), words_of("booked", tongue, place.event), place, message, portal_url)


def _asking(tongue: str, subject: str, words: Words, place: Attendance, message: EventMessage, portal_url: str) -> Letter:
    """With the question whether they come, where this message is the one that asks it and it is still open."""
    is_wanted = event_messages.is_on("event_confirmation") and "confirmations" not in preferences.refused(place.individual_id)
    if not message.asks or not is_wanted or _why_not_asked(place) is not None:
        return letter_of(tongue, subject, words, _button(tongue, place, portal_url))
    words = dataclasses.replace(words, before=(*words.before, texts.say(tongue, message_texts.ASK)))
    return letter_of(tongue, subject, words, (texts.say(tongue, N_("Confirm")), f"{portal_url}/appointment/{link_of(place)}"))


def letter_of(tongue: str, subject: str, words: Words, button: tuple[str, str] | None, footer: str | None = None) -> Letter:
    """A letter about an event: these words around the button, unless they hold its address themselves, and the agency's ``footer``,
    which is theirs unless another one is named."""
    return Letter(
        texts.say(tongue, subject), (texts.say(tongue, N_("Hello,")), *words.before), None if words.link else button,
        (*words.after, *message_texts.footer(tongue, footer)), words.link,
    )  # fmt: skip


def _why_not_asked(place: Attendance) -> str | None:
    if place.confirmed_at is not None:
        return CONFIRMED
    return DECLINED if event_messages.has_declined(place, place.event) else None


def cancelled(delivery: Delivery, portal_url: str) -> Letter:
    """The agency cancelled the event, or somebody's place in it.  Raises Unwanted."""
    place, _ = _for_client(delivery, "cancelled_by_agency")
    tongue = language_of(delivery)
    words = words_of("cancelled", tongue, place.event)
    return letter_of(tongue, N_("Your appointment is cancelled"), words, _button(tongue, place, portal_url))


def confirmation(delivery: Delivery, portal_url: str) -> Letter:
    """Please say that you come: the link works without signing in.  Raises Unwanted."""
    place, _ = _for_client(delivery, "booked")
    if (answered := _why_not_asked(place)) is not None:
        raise Unwanted(answered)
    tongue, address = language_of(delivery), f"{portal_url}/appointment/{link_of(place)}"
    words = words_of("confirmation", tongue, place.event, link=address)
    return letter_of(tongue, N_("Please confirm your appointment"), words, (texts.say(tongue, N_("Confirm")), address))


def link_of(place: Attendance) -> str:
    """What the address of a confirmation carries, signed: this place, and the time that the e-mail tells."""
    return links.sealed("appointment", f"{place.public_id}.{attendances.mark_of(place.event)}")


def running_late(delivery: Delivery, portal_url: str) -> Letter:
    """To the worker: somebody is late, and who stands behind the sign-in.  Raises Unwanted."""
    told = N_("Somebody is running late for the appointment on %(date)s at %(time)s.")
    return _to_worker(delivery, portal_url, N_("Somebody is running late"), told)


def cannot_come(delivery: Delivery, portal_url: str) -> Letter:
    """To the worker: somebody cannot come.  Raises Unwanted."""
    told = N_("Somebody cannot come to the appointment on %(date)s at %(time)s.")
    return _to_worker(delivery, portal_url, N_("Somebody cannot come"), told)


def given_up(delivery: Delivery, portal_url: str) -> Letter:
    """To the worker: a client has cancelled.  Raises Unwanted."""
    place, _ = told_of(delivery)
    if not settings.get("client_cancelled"):
        raise Unwanted(OFF)
    if place.state not in ("cancelled_by_client", "late_cancelled"):  # it was taken back
        raise Unwanted(GONE)
    told = {
        "cancelled_by_client": N_("A client cancelled the appointment on %(date)s at %(time)s."),
        "late_cancelled": N_("A client cancelled the appointment on %(date)s at %(time)s, after the notice."),
    }
    address = f"{portal_url}/admin/events/{place.event.public_id}/"
    return staff_letter(delivery, place.event, N_("A client cancelled"), told[place.state], address)


def _to_worker(delivery: Delivery, portal_url: str, subject: str, told: str) -> Letter:
    place, _ = told_of(delivery)
    what = delivery.kind.removeprefix("client_")
    task = Task.get_or_none(Task.dedupe_key == f"{what}:{attendances.told_key(place)}")
    if place.event.state != "booked" or task is None:  # or it was moved
        raise Unwanted(GONE)
    return staff_letter(delivery, place.event, subject, told, f"{portal_url}/admin/tasks/{task.public_id}/")


def staff_letter(delivery: Delivery, event: Event, subject: str, told: str, address: str, *more: str) -> Letter:
    """To a worker, who finds behind the sign-in who it is about.  Raises Unwanted."""
    if not delivery.worker.is_active:
        raise Unwanted(N_("This worker has left."))
    tongue = language_for(None)
    return Letter(
        texts.say(tongue, subject),
        (texts.say(tongue, N_("Hello,")), filled(tongue, told, event), *more),
        (texts.say(tongue, N_("See who it is")), address),
    )


def told_of(delivery: Delivery) -> tuple[Attendance, EventMessage]:
    """Whose place a delivery is about, and what it was to tell.  Raises Unwanted."""
    found = (
        EventMessage.select(EventMessage, Attendance, Individual, Event, Worker, Site)
        .join(Attendance).join(Individual).switch(Attendance).join(Event).join(Worker).switch(Event).join(Site)
        .where(EventMessage.delivery == delivery.id).first()
    )  # fmt: skip
    if found is None:
        raise Unwanted(GONE)
    return found.attendance, found


def _for_client(delivery: Delivery, state: str) -> tuple[Attendance, EventMessage]:
    place, message = told_of(delivery)
    if not event_messages.is_on(delivery.kind):
        raise Unwanted(OFF)
    event = place.event
    is_given_up = place.state in attendances.CANCELLED and state == "cancelled_by_agency"  # settle lets it wait only where staff did
    if not (is_given_up or (event.state == state and place.state == "booked")) or not event_messages.tells(message, event):
        raise Unwanted(GONE)
    address_to(delivery, place.individual)
    return place, message


def address_to(delivery: Delivery, individual: Individual) -> None:
    """It goes where the client is reached today, and staff see where that was.  Raises Unwanted."""
    if not profile.has_consent(individual, "email"):
        raise Unwanted(NO_CONSENT)
    if individual.death_date:
        raise Unwanted(N_("This person has died."))
    address = eligibility.suggested_address(individual)
    if not address:
        raise Unwanted(N_("There is no e-mail address in use."))
    if delivery.to_address != address:
        with store.writing():
            Delivery.update(to_address=address).where(Delivery.id == delivery.id).execute()
        delivery.to_address = address


def there(moment: dt.datetime, event: Event) -> dt.datetime:
    """A moment by the clock where an event takes place."""
    return moment.astimezone(ZoneInfo(event.site.time_zone))


def words_of(kind: str, tongue: str, event: Event, body: str | None = None, *, link: str = "", was: dt.date | None = None) -> Words:
    """What a text says of an event: in the words ``body``, or in those that are in force; where there are none, in the portal's own."""
    body = message_texts.own(kind, tongue) if body is None else body
    if not body:
        return _default_words(kind, tongue, event, was)
    words = message_texts.words(body, _values(tongue, event, link, was))
    if not event.is_video or "{site}" not in body:
        return words
    return dataclasses.replace(words, before=(*words.before, texts.say(tongue, N_("It takes place by video."))))


def _default_words(kind: str, tongue: str, event: Event, was: dt.date | None) -> Words:
    calls, without = message_texts.CALL, message_texts.CALL_US
    if kind == "rescheduled" and was:
        told = filled(tongue, message_texts.RESCHEDULED, event, was=texts.weekday(tongue, was))
    elif kind == "cancelled":
        told, calls, without = filled(tongue, message_texts.CANCELLED, event), message_texts.CALL_AGAIN, message_texts.CALL_US_AGAIN
    else:
        told = filled(tongue, (message_texts.CHANGED if kind == "changed" else message_texts.REMINDERS)[_where(event)], event)
    asked = (texts.say(tongue, message_texts.ASK),) if kind == "confirmation" else ()
    return Words((told, *asked), (call(tongue, event, calls, without),))


def _values(tongue: str, event: Event, link: str, was: dt.date | None) -> dict[str, str]:
    begins = there(event.starts_at, event)
    day = texts.weekday(tongue, begins.date())
    values = {
        "date": day, "new date": day, "time": texts.hour(tongue, begins).lstrip("،, "), "worker": _named(tongue, event.worker),
        "site": event.site.name if _where(event) == "site" else "", "site phone": event.site.phone or agency.support_phone(),
        "original date": texts.weekday(tongue, was) if was else "",
    }  # fmt: skip
    return {name: texts.apart(tongue, value) if value else "" for name, value in values.items()} | {"link": link}


def _where(event: Event) -> str:
    if event.is_video:
        return "video"
    return "" if settings.get("messages_hide_place") else "site"


def _named(tongue: str, worker: Worker) -> str:
    if not settings.get("messages_hide_last_name"):
        return events.called(worker)
    return str(worker.first_name or worker.display_name) or texts.say(tongue, N_("your worker"))


def filled(tongue: str, sentence: str, event: Event, **more: str) -> str:
    """A sentence with day and hour of an event where it takes place, with whom and at which site."""
    begins = there(event.starts_at, event)
    return texts.say(
        tongue, sentence, date=texts.weekday(tongue, begins.date()), time=texts.hour(tongue, begins).lstrip("،, "),
        worker=texts.apart(tongue, _named(tongue, event.worker)), site=texts.apart(tongue, event.site.name), **more,
    )  # fmt: skip


def call(tongue: str, event: Event, sentence: str, without_phone: str) -> str:
    """Whom to call about an event."""
    phone = event.site.phone or agency.support_phone()
    return texts.say(tongue, sentence, phone=texts.apart(tongue, phone)) if phone else texts.say(tongue, without_phone)


def _button(tongue: str, place: Attendance, portal_url: str) -> tuple[str, str] | None:
    """To the appointment, for whoever can sign in, or activates the account first."""
    address = arrivals.address(place.individual, portal_url, f"/calendar/{place.public_id}")
    if place.event.ends_at < clock.now() or address is None:
        return None
    return texts.say(tongue, N_("See it in the portal")), address


def has_portal(individual: Individual) -> bool:
    """True for whoever can sign in: a link that leads nowhere is none."""
    opens = PortalAccount.select().where(PortalAccount.individual == individual, PortalAccount.state.in_(("active", "locked")))
    return bool(opens.exists())
