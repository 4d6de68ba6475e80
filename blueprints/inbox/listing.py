"""How the Inbox is told: discussions and notices by the day on which they came, and by what the list is narrowed."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from flask import g, request

from blueprints import paging
from blueprints.calendar import wording as calendar
from blueprints.inbox import starts
from blueprints.inbox.wording import day_of
from domain import agency, clock, inbox, search, settings, threads
from models import Discussion, Notice
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
    every = [("", _("All")), ("messages", _("Messages")), ("reminders", _("Reminders"))]
    return every if settings.get("discussions") else []


def _kinds(question: str) -> list[str]:
    """The kinds of notices in whose title, as the reader knows it, all words of a question stand."""
    words = inbox.words_of(question)
    return [kind for kind, title in titles().items() if words and all(word in search.fold(title) for word in words)]


def _days(entries: list[inbox.Entry]) -> list[tuple[str, list[Row]]]:
    zone, names = agency.zone(), titles()
    today = clock.now().astimezone(zone).date()
    by_day: dict[dt.date, list[Row]] = {}
    for each in entries:
        at = each.at.astimezone(zone)
        row = _message(each.discussion, at) if each.discussion is not None else _notice(each.notice, names)
        by_day.setdefault(at.date(), []).append(row)
    return [(day_of(day, today), rows) for day, rows in by_day.items()]


def _message(found: Discussion, at: dt.datetime) -> Row:
    state = _("new") if found.is_unread else _("closed") if found.state == "closed" else ""
    whom = threads.with_whom(found) or starts.name_of_waiting(found.category) or _("Our team")
    line = formatting.dotted([whom, formatting.clock_time(at)])
    return Row(url_for("inbox.discussion", discussion_id=found.public_id), found.subject, line, state,
               "good" if found.is_unread else "info", "message-square", found.is_unread)  # fmt: skip


def _notice(found: Notice, names: dict[str, str]) -> Row:
    new = (_("new"), "good") if found.is_unread else None
    if found.attendance is None:
        return Row(url_for("about_me.show"), names[found.kind], "", *(new or ("", "info")), "user-round", found.is_unread)
    zone = found.attendance.event.site.time_zone
    line = calendar.begins(found.starts_at, zone) if found.starts_at is not None else ""
    href = url_for("calendar.event", place_id=found.attendance.public_id)
    return Row(href, names[found.kind], line, *(new or _became(found)), "calendar", found.is_unread)


def _became(found: Notice) -> tuple[str, str]:
    """What became of it since, so that no line asks for what is done."""
    place, event = found.attendance, found.attendance.event
    if event.state in _CANCELLED or place.state in ("cancelled_by_client", "late_cancelled"):
        return ("" if found.kind == "event_cancelled" else _("cancelled")), "info"
    if found.starts_at != event.starts_at and found.kind != "request_offered":
        return _("moved since"), "info"
    if place.confirmed_at is not None:
        return _("confirmed"), "good"
    return "", "info"
