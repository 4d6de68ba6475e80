"""How a discussion is told to a client: who wrote, when, and whether it was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain import agency, clock, events, threads
from models import Discussion, Message, Worker
from web import formatting
from web.addresses import url_for
from web.languages import gettext as _


class Row(NamedTuple):
    """A line of the list, as ``ui.row`` takes it."""

    href: str
    title: str
    line: str
    state: str
    tone: str


class Said(NamedTuple):
    """One message, as ``ui.bubble`` takes it."""

    who: str
    when: str
    is_mine: bool
    seen: str
    body: str


def number(typed: str) -> int:
    """The number of a message in what a page sends; 0, which none has, for what is none."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def called(worker: Worker) -> str:
    return events.called(worker)


def rows(found: Iterable[Discussion]) -> list[Row]:
    return [_row(each) for each in found]


def _row(found: Discussion) -> Row:
    state, tone = (_("new"), "good") if found.is_unread else (_("closed"), "info") if found.state == "closed" else ("", "info")
    line = formatting.dotted([threads.with_whom(found) or _("Our team"), formatting.when(found.last_at)])
    return Row(url_for("inbox.discussion", discussion_id=found.public_id), found.subject, line, state, tone)


def days(messages: Sequence[Message], found: Discussion) -> list[tuple[str, list[Said]]]:
    """The messages by day where the agency is, the oldest first; beside the last of one's own whether it was read."""
    zone = agency.zone()
    own = [message.id for message in messages if message.author == "client"]
    by_day: dict[dt.date, list[Said]] = {}
    for message in messages:
        at = message.written_at.astimezone(zone)
        is_mine = message.author == "client"
        seen = _("read") if own and message.id == own[-1] and found.staff_saw >= message.id else ""
        who = _("You") if is_mine else _("Automatic answer") if message.author == "automatic" else called(message.worker)
        by_day.setdefault(at.date(), []).append(Said(who, formatting.clock_time(at), is_mine, seen, message.body))
    today = clock.now().astimezone(zone).date()
    return [(_day(day, today), said) for day, said in by_day.items()]


class Line(NamedTuple):
    """One message as staff read it; ``is_note`` is for them alone."""

    who: str
    when: str
    is_ours: bool
    seen: str
    body: str
    is_note: bool


def days_for_staff(messages: Sequence[Message], found: Discussion) -> list[tuple[str, list[Line]]]:
    """The same for staff, notes among them; beside the last message to the client whether it was read."""
    zone = agency.zone()
    ours = [message.id for message in messages if message.author == "worker" and not message.is_note]
    by_day: dict[dt.date, list[Line]] = {}
    for message in messages:
        at = message.written_at.astimezone(zone)
        is_ours = message.author != "client"
        seen = _("read") if ours and message.id == ours[-1] and found.client_saw >= message.id else ""
        who = _who(message, found)
        by_day.setdefault(at.date(), []).append(Line(who, formatting.clock_time(at), is_ours, seen, message.body, message.is_note))
    today = clock.now().astimezone(zone).date()
    return [(_day(day, today), said) for day, said in by_day.items()]


def _who(message: Message, found: Discussion) -> str:
    if message.author == "client":
        name = str(found.individual.legal_name)
        return name if message.account_id is not None else _("%(name)s, by reply link", name=name)
    return str(message.worker.name) if message.worker_id is not None else _("Automatic answer")


def state(found: Discussion) -> tuple[str, str]:
    """How a discussion stands for staff, with its tone."""
    if found.state == "closed":
        return _("closed"), "info"
    return (_("waits for an answer"), "warn") if found.waits_since is not None else ("", "info")


def _day(day: dt.date, today: dt.date) -> str:
    return _("Today") if day == today else formatting.weekday(day)
