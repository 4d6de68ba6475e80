"""How a discussion is told to a client: who wrote, when, and whether it was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import NamedTuple

from domain import agency, answering, attachments, clock, events
from models import Discussion, Message, Worker
from web import attached, formatting
from web.addresses import url_for
from web.languages import gettext as _


class Said(NamedTuple):
    """One message, as ``ui.bubble`` takes it."""

    who: str
    when: str
    is_mine: bool
    seen: str
    body: str
    files: Sequence[attached.Linked]


def number(typed: str) -> int:
    """The number of a message in what a page sends; 0, which none has, for what is none."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def called(worker: Worker) -> str:
    return events.called(worker)


def days(messages: Sequence[Message], found: Discussion, at_file: Callable[[str], str] | None = None) -> list[tuple[str, list[Said]]]:
    """The messages by day where the agency is, the oldest first; beside the last of one's own whether it was read.

    ``at_file`` says where a file is read by its public id.
    """
    zone, files = agency.zone(), _files(messages, at_file or _at(found, "inbox.file"))
    own = [message.id for message in messages if message.author == "client"]
    by_day: dict[dt.date, list[Said]] = {}
    for message in messages:
        at = message.written_at.astimezone(zone)
        is_mine = message.author == "client"
        seen = _("read") if own and message.id == own[-1] and found.staff_saw >= message.id else ""
        who = _("You") if is_mine else _("Automatic answer") if message.author == "automatic" else called(message.worker)
        by_day.setdefault(at.date(), []).append(Said(who, formatting.clock_time(at), is_mine, seen, message.body, files[message.id]))
    today = clock.now().astimezone(zone).date()
    return [(day_of(day, today), said) for day, said in by_day.items()]


class Line(NamedTuple):
    """One message as staff read it; ``is_note`` is for them alone."""

    who: str
    when: str
    is_ours: bool
    seen: str
    body: str
    is_note: bool
    files: Sequence[attached.Linked]


def days_for_staff(messages: Sequence[Message], found: Discussion) -> list[tuple[str, list[Line]]]:
    """The same for staff, notes among them; beside the last message to the client whether it was read."""
    zone, files = agency.zone(), _files(messages, _at(found, "admin.discussion_file"))
    ours = [message.id for message in messages if message.author == "worker" and not message.is_note]
    by_day: dict[dt.date, list[Line]] = {}
    for message in messages:
        at = message.written_at.astimezone(zone)
        is_ours = message.author != "client"
        seen = _("read") if ours and message.id == ours[-1] and found.client_saw >= message.id else ""
        line = Line(_who(message, found), formatting.clock_time(at), is_ours, seen, message.body, message.is_note, files[message.id])
        by_day.setdefault(at.date(), []).append(line)
    today = clock.now().astimezone(zone).date()
    return [(day_of(day, today), said) for day, said in by_day.items()]


def _at(found: Discussion, endpoint: str) -> Callable[[str], str]:
    return lambda public_id: url_for(endpoint, discussion_id=found.public_id, file_id=public_id)


def _files(messages: Sequence[Message], href: Callable[[str], str]) -> dict[int, list[attached.Linked]]:
    """The files of these messages with their addresses, by the number of the message."""
    every = attachments.of(messages)
    return {message.id: [attached.linked(each, href(each.public_id)) for each in every.get(message.id, ())] for message in messages}


def _who(message: Message, found: Discussion) -> str:
    if message.author == "client":
        name = str(found.individual.legal_name)
        return name if message.account_id is not None else _("%(name)s, by reply link", name=name)
    return str(message.worker.name) if message.worker_id is not None else _("Automatic answer")


def state(found: Discussion) -> tuple[str, str]:
    """How a discussion stands for staff, with its tone."""
    if found.state == "closed":
        return _("closed"), "info"
    if answering.is_late(found):
        return _("overdue"), "bad"
    return (_("waits for an answer"), "warn") if found.waits_since is not None else ("", "info")


def day_of(day: dt.date, today: dt.date) -> str:
    """How a day is called above what happened on it."""
    return _("Today") if day == today else formatting.weekday(day)
