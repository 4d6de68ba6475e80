"""From where a client begins a discussion, and to whom they may write from there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import abort, g

from blueprints.calendar.wording import Shown
from domain import addressees, answering, covers, services, settings, threads
from domain.discussions import NOTHING, About
from domain.my_calendar import STANDS
from models import TAKES_TIME, Worker, WorkerCategory
from web import formatting
from web.addresses import url_for
from web.languages import gettext as _
from web.languages import spoken

TEAM, CATEGORY = "team", "category:"


class Start(NamedTuple):
    """A way to begin: the address of its form, where it leads back to, what it is about, and whom it offers first."""

    action: str
    back: str
    back_label: str
    about: About = NOTHING
    line: str = ""
    first: Worker | None = None


def inbox() -> Start:
    _must_be_on("begin_from_inbox")
    return Start(url_for("inbox.begin"), url_for("inbox.show"), _("Inbox"))


def appointment(place_id: str) -> Start:
    """About an appointment of the client's own."""
    _must_be_on("begin_from_appointment")
    place = g.viewer.place(place_id)
    event, shown = place.event, Shown(place)
    is_theirs = event.state in TAKES_TIME and place.state in STANDS and event.worker.is_active
    here, back = url_for("inbox.begin_about_appointment", place_id=place_id), url_for("calendar.event", place_id=place_id)
    return Start(here, back, _("Appointment"), About(event=event), _of_appointment(shown), event.worker if is_theirs else None)


def service(enrolment_id: str) -> Start:
    """About a service in which the client is."""
    _must_be_on("begin_from_service")
    found = next((each for each in g.viewer.enrolments if each.public_id == enrolment_id and each.closed_on is None), None)
    if found is None:
        abort(404)
    return Start(url_for("inbox.begin_about_service", enrolment_id=enrolment_id), url_for("my_services.show"), _("My Services"),
                 About(enrolment=found), services.shown_name(found.service), found.worker)  # fmt: skip


def _must_be_on(place: str) -> None:
    if not settings.may_begin(place):
        abort(404)


def _of_appointment(shown: Shown) -> str:
    return str(_("%(day)s, %(time)s", day=shown.date, time=shown.time))


# ---------------------------------------------------------------- to whom


class Addressee(NamedTuple):
    """One choice of “To”: its value, how it is called, and whose it becomes."""

    value: str
    name: str
    worker: Worker | None
    category: str


def offered(start: Start) -> list[Addressee]:
    """Whom the client may write to: their workers, then anybody, then the categories that are open."""
    people = threads.recipients(g.viewer.individual)
    if start.first is not None and start.first.is_active:
        people = [start.first, *(each for each in people if each.id != start.first.id)]
    return [
        *(Addressee(each.public_id, each.client_name, each, "") for each in people),
        Addressee(TEAM, _("Anybody of our team"), None, covers.EVERYBODYS),
        *(Addressee(f"{CATEGORY}{each.slug}", category_name(each), None, each.slug) for each in addressees.open_ones()),
    ]


def category_name(category: WorkerCategory) -> str:
    """How clients know a category."""
    return addressees.name_of(category.slug, spoken()) or str(category.name)


def name_of_waiting(slug: str) -> str:
    """Who reads what waits in a category, for the client."""
    return "" if slug == covers.EVERYBODYS else addressees.name_of(slug, spoken())


def choices(found: Sequence[Addressee]) -> list[tuple[str, str]]:
    """These as a form offers them; beside who is away stands until when."""
    return [(each.value, _named(each)) for each in found]


def _named(each: Addressee) -> str:
    absence = covers.away_now().get(each.worker.id) if each.worker is not None else None
    return _("%(name)s, away until %(day)s", name=each.name, day=formatting.weekday(absence.ends_on)) if absence is not None else each.name


def promises(found: Sequence[Addressee]) -> list[str]:
    """By when they answer: the day of our team, and each whose day is another one."""
    days = [(each, _day(answering.promise_to(each.worker, each.category))) for each in found]
    usual = next(day for each, day in days if each.value == TEAM)
    others = [(each.name, day) for each, day in days if day is not None and day != usual]
    return [
        *([_("We answer by %(day)s.", day=formatting.weekday(usual))] if usual is not None else ()),
        *(_("%(name)s: we answer by %(day)s.", name=name, day=formatting.weekday(day)) for name, day in others),
    ]


def _day(at: dt.datetime | None) -> dt.date | None:
    return answering.day_of_promise(at) if at is not None else None


# ---------------------------------------------------------------- what one is about


def about(found: Any) -> tuple[str, str]:
    """What a discussion is about, as its client may still see it, and where it leads; empty for nothing."""
    if found.event_id is not None:
        place = g.viewer.place_in_whole(found.event_id)
        return (_of_appointment(Shown(place)), url_for("calendar.event", place_id=place.public_id)) if place is not None else ("", "")
    of = g.viewer.still_in(found)
    return (services.shown_name(of), url_for("my_services.show")) if of is not None else ("", "")
