"""What an e-mail would say with a text that is being written: the very letter, about an appointment that is made up."""

from __future__ import annotations

import datetime as dt

from domain import agency, event_letters, message_texts, texts
from domain.letter_parts import Letter
from domain.rules import N_
from models import Event, Site, Worker

SUBJECTS = {
    "booked": N_("Your appointment"), "rescheduled": N_("Your appointment was moved"), "changed": N_("Your appointment was changed"),
    "confirmation": N_("Please confirm your appointment"), "cancelled": N_("Your appointment is cancelled"),
}  # fmt: skip


def letters(kind: str, language: str, body: str, portal_url: str) -> list[tuple[str, Letter]]:
    """The letter with what was typed (nothing: the portal's own words), and where another one would say something else, that of an
    appointment by video, with what it is called.  Raises RuleBroken for what may not be written."""
    good = message_texts.checked(kind, body)
    good = "" if good == message_texts.default(kind, language) else good
    if kind == "message_waiting":
        return [("", _of_message(language, good, portal_url))]
    first, by_video = (_of_event(kind, language, good, portal_url, is_video=is_video) for is_video in (False, True))
    return [("", first)] if kind == "footer" or first == by_video else [("", first), (N_("By video"), by_video)]


def _of_event(kind: str, language: str, body: str, portal_url: str, *, is_video: bool) -> Letter:
    """The footer is shown under the letter of a new appointment, in the words that are in force."""
    is_footer, event, link = kind == "footer", _made_up(is_video=is_video), f"{portal_url}/appointment/…"
    shown, was = "booked" if is_footer else kind, event_letters.there(event.starts_at, event).date() - dt.timedelta(days=1)
    words = event_letters.words_of(shown, language, event, None if is_footer else body, link=link, was=was)
    label, address = (N_("Confirm"), link) if kind == "confirmation" else (N_("See it in the portal"), f"{portal_url}/calendar/…")
    button = (texts.say(language, label), address)
    return event_letters.letter_of(language, SUBJECTS[shown], words, button, body if is_footer else None)


def _of_message(language: str, body: str, portal_url: str) -> Letter:
    said = (body or message_texts.default("message_waiting", language)).split("\n")
    return Letter(
        texts.say(language, N_("You have a new message")), (texts.say(language, N_("Hello,")), *said),
        (texts.say(language, N_("Read it in the portal")), f"{portal_url}/inbox/…"),
    )  # fmt: skip


def _made_up(*, is_video: bool) -> Event:
    """An appointment in a week at two, at the main site; it is in no table."""
    site = agency.main_site() or Site(name="", phone="", time_zone="UTC")
    begins = dt.datetime.combine(agency.today() + dt.timedelta(days=7), dt.time(14), agency.zone())
    worker = Worker(first_name="Robin", last_name="Quay", display_name="")
    return Event(starts_at=begins, ends_at=begins + dt.timedelta(minutes=50), worker=worker, site=site, is_video=is_video)
