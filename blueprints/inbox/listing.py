"""How the Inbox is told: discussions and notices by the day on which they came, and by what the list is narrowed."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from flask import g, request

from blueprints import paging
from blueprints.calendar import wording as calendar
from blueprints.inbox import starts
from blueprints.inbox.wording import day_of
from domain import (
    agency,
    clock,
    document_letters,
    events,
    inbox,
    inbox_notices,
    inbox_outcomes,
    search,
    settings,
    threads,
)
from domain.inbox_outcomes import Outcomes
from models import Discussion, Document, Notice
from web import formatting
from web.addresses import url_for
from web.languages import gettext as _

_CANCELLED = ("cancelled_by_agency", "cancelled_by_client")


class Row(NamedTuple):
    """A line of the list, as ``ui.row`` takes it."""

    href: str
    title: str
    line: str
    state: str
    tone: str
    icon: str
    is_new: bool


class List(NamedTuple):
    """A page of the list."""

    days: list[tuple[str, list[Row]]]
    following: str | None
    show: str
    question: str
    filters: list[tuple[str, str]]


def titles() -> dict[str, str]:
    """What each kind of notice is called; who searches finds it by these words."""
    return {
        "event_booked": _("New appointment"), "event_moved": _("Appointment moved"), "event_changed": _("Appointment changed"),
        "event_cancelled": _("Appointment cancelled"), "event_confirmation": _("Please confirm your appointment"),
        "request_offered": _("Another time offered"), "request_declined": _("Request declined"),
        "request_expired": _("Request not answered in time"),
        "document_assigned": _("Something new to do"), "document_due": _("Reminder: there is something to do"),
        "change_accepted": _("Your change was accepted"), "change_declined": _("Your change was declined"),
    }  # fmt: skip


def asked() -> List:
    """The page of the list that the address names."""
    show = request.args.get("show", "") if request.args.get("show", "") in inbox.FILTERS else ""
    question = " ".join(request.args.get("q", "")[: inbox.MOST_LETTERS].split())
    wanted = inbox.Wanted(show, question, _kinds(question), request.args.get("older", ""))
    found = g.viewer.inbox(wanted, paging.SIZE + 1)
    shown = found[: paging.SIZE]
    following = paging.link(older=shown[-1].row) if len(found) > paging.SIZE else None
    return List(_days(shown), following, show, question, _filters())


def _filters() -> list[tuple[str, str]]:
    """A filter appears with what it shows."""
    every = [("", _("All")), ("messages", _("Messages")), ("reminders", _("Reminders")), ("tasks", _("Things to Do"))]
    return every if settings.get("discussions") else [each for each in every if each[0] != "messages"]


def _kinds(question: str) -> list[str]:
    """The kinds of notices in whose title, as the reader knows it, all words of a question stand."""
    words = inbox.words_of(question)
    return [kind for kind, title in titles().items() if words and all(word in search.fold(title) for word in words)]


def _days(entries: list[inbox.Entry]) -> list[tuple[str, list[Row]]]:
    zone, names = agency.zone(), titles()
    today = clock.now().astimezone(zone).date()
    outcomes = inbox_outcomes.of([each.notice for each in entries if each.notice is not None])
    by_day: dict[dt.date, list[Row]] = {}
    for each in entries:
        at = each.at.astimezone(zone)
        row = _message(each.discussion, at) if each.discussion is not None else _notice(each.notice, names, outcomes)
        by_day.setdefault(at.date(), []).append(row)
    return [(day_of(day, today), rows) for day, rows in by_day.items()]


def _message(found: Discussion, at: dt.datetime) -> Row:
    state = _("new") if found.is_unread else _("closed") if found.state == "closed" else ""
    whom = threads.with_whom(found) or starts.name_of_waiting(found.category) or _("Our team")
    line = formatting.dotted([whom, formatting.clock_time(at)])
    return Row(url_for("inbox.discussion", discussion_id=found.public_id), found.subject, line, state,
               "good" if found.is_unread else "info", "message-square", found.is_unread)  # fmt: skip


def _notice(found: Notice, names: dict[str, str], outcomes: Outcomes) -> Row:
    is_new = inbox_notices.is_new(found)
    new = (_("new"), "good") if is_new else None
    if found.document is not None:
        return _document(found, names[found.kind], *(new or _done(found.document)), is_new)
    if found.attendance is None:
        return Row(url_for("about_me.show"), names[found.kind], "", *(new or ("", "info")), "user-round", is_new)
    zone = found.attendance.event.site.time_zone
    line = calendar.begins(found.starts_at, zone) if found.starts_at is not None else ""
    href = url_for("calendar.event", place_id=found.attendance.public_id)
    became = _became(found, outcomes)
    is_done = bool(became[0]) and found.kind in inbox_notices.ASKING  # new or not, it asks no more
    return Row(href, names[found.kind], line, *(became if is_done else new or became), "calendar", is_new)


def _document(found: Notice, title: str, state: str, tone: str, is_new: bool) -> Row:
    due = found.document.due_on if found.document.state == "assigned" else None
    line = _("due by %(date)s", date=formatting.day(due)) if due is not None else ""
    return Row(document_letters.PAGE, title, line, state, tone, "list-checks", is_new)


def _done(document: Document) -> tuple[str, str]:
    return {"completed": (_("done"), "good"), "declined": (_("declined"), "info")}.get(document.state, ("", "info"))


def _became(found: Notice, outcomes: Outcomes) -> tuple[str, str]:
    """What became of it since, so that no line asks for what is done."""
    if found.kind.startswith("request_"):
        return _answered(outcomes.offers[found.id]) if found.kind == inbox_outcomes.OFFER else ("", "info")
    place, event = found.attendance, found.attendance.event
    if event.state in _CANCELLED or place.state in ("cancelled_by_client", "late_cancelled"):
        return ("" if found.kind == "event_cancelled" else _("cancelled")), "info"
    if found.starts_at != event.starts_at:
        return _("moved since"), "info"
    if event.starts_at <= clock.now():
        return _("over"), "info"
    if place.confirmed_at is not None:
        return _("confirmed"), "good"
    return (_("you cannot come"), "warn") if place.id in outcomes.declined else ("", "info")


def _answered(state: str) -> tuple[str, str]:
    """What became of a time that was offered; nothing while it waits for their answer."""
    if state == "requested":
        return "", "info"
    if state in ("booked", "moved"):
        return (_("accepted"), "good") if state == "booked" else (_("moved since"), "info")
    return _(events.STATE_NAMES[state]), "info"
