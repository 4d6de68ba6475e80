"""What clients request: a list of what waits, what expires first on top; each accepted, declined, or answered by another time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import g, request, url_for

from blueprints.admin import bp, event_words, wording
from blueprints.admin.booking import TimeForm
from blueprints.admin.changes import DeclineForm
from domain import request_answers, staff_calendar, staff_requests, wall_clock
from domain.staff_requests import Asked
from models import Event
from web import formatting
from web.access import any_staff
from web.forms import version_in
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

_HERE = "/requests/<event_id>"


@bp.get("/requests/")
@any_staff
def requests_list():
    found, has_more = staff_requests.listed(g.viewer)
    return page("admin/requests.html", found=found, has_more=has_more, words=event_words, wording=wording)


@bp.get(f"{_HERE}/")
@any_staff
def requested(event_id: str):
    asked = _asked(event_id)
    if asked.outcome == "at_once":
        return done(url_for("admin.event", event_id=event_id))
    return _show(asked)


def _asked(event_id: str) -> Asked:
    return staff_requests.one(g.viewer, g.viewer.requested(event_id))


def _offer_form(event: Event, **more: Any) -> TimeForm:
    """When and where; the worker and the length stay."""
    form = TimeForm(**more).offer([event.worker], kept=event)
    del form.minutes, form.by_phone
    return form


def _show(asked: Asked, **forms: Any):
    """The request and what stands around it; ``forms`` are the ones that were refused."""
    for person in asked.people:
        g.viewer.saw(person, "requested")
    event, day, times = asked.event, [], []
    if asked.is_waiting:
        day, times = staff_requests.around(asked), staff_requests.free_times(asked)
    else:
        for form in forms.values():
            _say_on_top(form)
    offer = forms.get("offer") or _offer_form(event, formdata=None, obj=SimpleNamespace(site=event.site.public_id))
    return page("admin/request.html", asked=asked, event=event, day=day, times=[_one_tap(*each, event) for each in times], offer=offer,
                decline=forms.get("decline") or DeclineForm(formdata=None), form=next(iter(forms.values()), None), words=event_words,
                wording=wording, title=staff_calendar.title, opens_day=_opens_day(event), schedule=_day_of(event),
                is_own=event.worker_id == g.viewer.worker.id, typed=forms["decline"].reason.data if "decline" in forms else "")  # fmt: skip


def _say_on_top(form: Any) -> None:
    """Of a form that is not shown any more, because somebody answered meanwhile, all that is wrong stands above the page."""
    form.form_errors.extend(str(sentence) for field in form for sentence in field.errors)
    for field in form:
        field.errors = []


def _one_tap(slot: Any, site: Any, event: Event) -> tuple[str, dict[str, str]]:
    """A free time in words, and what its button sends: the same as somebody types."""
    there = wall_clock.local(slot.starts_at, slot.zone)
    typed = {"date-day": there.day, "date-month": there.month, "date-year": there.year, "time": f"{there:%H:%M}", "site": site.public_id}
    said = event_words.moment(slot.starts_at, slot.zone)
    if slot.zone == event.site.time_zone:  # which stands above it
        said = _("%(day)s, %(time)s", day=formatting.weekday(there.date()), time=formatting.clock_time(there))
    return said if site.id == event.site_id else formatting.dotted([said, site.name]), {name: str(value) for name, value in typed.items()}


def _opens_day(event: Event) -> bool:
    return event.worker_id == g.viewer.worker.id or g.viewer.may("manage_schedule_of_others")


def _day_of(event: Event) -> str:
    """The day of a request in the schedule of its worker."""
    whose = {} if event.worker_id == g.viewer.worker.id else {"worker": event.worker.public_id}
    return url_for("admin.schedule", view="day", date=event_words.begins(event).date(), **whose)


@bp.post(f"{_HERE}/accept")
@any_staff
def accept_request(event_id: str):
    found = g.viewer.requested(event_id)
    with refusals_told():
        request_answers.accept(found, g.viewer.actor, version=version_in(request.form))
        tell("good", _("Accepted: %(when)s. The client is told.", when=event_words.full(found)))
        return done(url_for("admin.requests_list"))
    return done(url_for("admin.requested", event_id=event_id))


@bp.post(f"{_HERE}/offer")
@any_staff
def offer_time(event_id: str):
    asked = _asked(event_id)
    form = _offer_form(asked.event)
    if form.validate():
        with form.refusals():
            when = form.when()
            if not form.anyway.data:
                staff_requests.check_offer(g.viewer, asked, when.at)
            request_answers.offer(asked.event, when.at, g.viewer.actor, version=form.version, site=form.chosen_site)
            told = event_words.moment(when.at, form.chosen_site.time_zone)
            tell("good", _("Offered: %(when)s. The client is asked.", when=told))
            return done(url_for("admin.requests_list"))
    return _show(_asked(event_id), offer=form)


@bp.post(f"{_HERE}/decline")
@any_staff
def decline_request(event_id: str):
    found, form = g.viewer.requested(event_id), DeclineForm()
    if form.validate():
        with form.refusals():
            request_answers.decline(found, g.viewer.actor, version=form.version, reason=form.reason.data)
            tell("good", _("Declined. The client reads why."))
            return done(url_for("admin.requests_list"))
    return _show(_asked(event_id), decline=form)
