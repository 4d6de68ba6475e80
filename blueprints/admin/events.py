"""An appointment as staff see it, and what they do with it: moved, cancelled, who came, and what was said by phone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import g, request, url_for
from wtforms import BooleanField

from blueprints.admin import bp, event_words, paging, people, wording
from blueprints.admin.booking import TimeForm
from blueprints.admin.groups import sought
from domain import attendances, clock, event_people, events, requests, settings, staff_calendar, staff_sayings
from domain.rules import NotFound
from models import Attendance, Event, Group, Individual
from web.access import any_staff
from web.forms import Form, Lines, OneOf, Text, _l, version_in
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

_HERE = "/events/<event_id>"


class Cancellation(Form):
    reason = Lines(_l("Why? The client does not see this."))


class AddForm(Form):
    anyway = BooleanField(_l("Go on although they have another appointment then"))


class VideoForm(Form):
    way = OneOf(_l("How"))
    video_link = Text(_l("Link of the video call"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.way.choices = [("", _("In person")), ("video", _("By video"))]


def _about(event: Event, template: str, **context: Any):
    """A page about an event; the look is noted in the record of everybody whom it shows."""
    places, hidden = staff_calendar.places_seen(g.viewer, event)
    for place in places:
        g.viewer.saw(place.individual, "event")
    is_back = event.state not in events.MOVES["revert"].origins
    return page(template, event=event, places=places, hidden=hidden, words=event_words,
                no_return=None if is_back else staff_calendar.return_refusal(event, places, hidden), **context)  # fmt: skip


@bp.get(f"{_HERE}/")
@any_staff
def event(event_id: str):
    found = g.viewer.event(event_id)
    if there := _instead_of(found):
        return done(there)
    return _event(found, VideoForm(formdata=None, obj=_as_video(found)))


def _instead_of(found: Event) -> str:
    """Where an event leads that is nobody's appointment but holds another time for one: to what is to be answered, or to that one."""
    asked = requests.of(found) if found.state != "booked" else None
    if asked is None or asked.replaces_id is None:
        return ""
    return _request_of(found) or url_for("admin.event", event_id=asked.replaces.public_id)


def _request_of(found: Event) -> str:
    """Where what a client requested is answered, for who may; empty for anybody else."""
    return url_for("admin.requested", event_id=found.public_id) if g.viewer.may_answer(found) else ""


def _as_video(found: Event) -> SimpleNamespace:
    return SimpleNamespace(way="video" if found.is_video else "", video_link=found.video_link, version=found.version)


def _event(found: Event, form: VideoForm):
    rows = staff_calendar.history(g.viewer, found)
    told = [entry | {"name": row.individual.legal_name if row.individual_id and staff_calendar.is_of_one(found, row) else ""}
            for row, entry in zip(rows, wording.entries(rows), strict=True)]  # fmt: skip
    change = requests.waiting_change(found) if found.state == "booked" else None
    return _about(found, "admin/event.html", change=change.event if change else None, request_of=_request_of,
                  said_of=staff_sayings.said, form=form, as_form=_as_video(found), may_change=g.viewer.may_change(found),
                  may_write=settings.may_write("write_from_event"), writes_to=_group_of(found),
                  title=staff_calendar.title(found), attendances=attendances, history=told, wording=wording,
                  schedule=_schedule_of(found), is_ahead=found.starts_at > clock.now())  # fmt: skip


def _group_of(found: Event) -> Group | None:
    """The group of an event, where the viewer may write to somebody in it."""
    return g.viewer.group_of(found) if settings.may_write("write_from_group") else None


def _schedule_of(found: Event) -> str:
    """The week of an event in the schedule whose it is, for who may look at that one; else in the own one."""
    whose = {"worker": found.worker.public_id} if found.worker_id != g.viewer.worker.id else {}
    if whose and not g.viewer.may("manage_schedule_of_others"):
        whose = {}
    return url_for("admin.schedule", date=event_words.begins(found).date(), **whose)


@bp.post(f"{_HERE}/video")
@any_staff
def set_video(event_id: str):
    found = g.viewer.managed_event(event_id)
    form = VideoForm()
    if form.validate():
        with form.refusals(now=_as_video(found)):
            events.set_video(found, form.video_link.data or "", g.viewer.actor, is_video=form.way.data == "video", version=form.version)
            tell("good", _("Saved."))
            return done(url_for("admin.event", event_id=event_id))
    return _event(found, form)


# ---------------------------------------------------------------- moved, cancelled, taken back


@bp.get(f"{_HERE}/move")
@any_staff
def move_form(event_id: str):
    found = g.viewer.managed_event(event_id)
    if found.state == "requested":
        return done(_request_of(found) or url_for("admin.event", event_id=event_id))
    return _move(found, _move_form(found, formdata=None, obj=_as_times(found)))


def _move_form(found: Event, **more: Any) -> TimeForm:
    """A worker who sees not everybody who comes gives the event to nobody else: that would show them to that one."""
    chosen = staff_calendar.workers(g.viewer) if staff_calendar.sees_all(*staff_calendar.places_seen(g.viewer, found)) else []
    return TimeForm(**more).offer(chosen, kept=found)


def _as_times(found: Event) -> SimpleNamespace:
    there = event_words.begins(found)
    return SimpleNamespace(date=there.date(), time=f"{there:%H:%M}", minutes=str(event_words.minutes_of(found)),
                           worker=found.worker.public_id, site=found.site.public_id, version=found.version)  # fmt: skip


@bp.post(f"{_HERE}/move")
@any_staff
def move_event(event_id: str):
    found = g.viewer.managed_event(event_id)
    form = _move_form(found)
    if form.validate():
        with form.refusals(now=_as_times(found)):
            when = form.when(kept=found)
            minutes = staff_calendar.minutes(form.minutes.data or str(event_words.minutes_of(found)), found.service)
            if not form.anyway.data:
                staff_calendar.check_theirs(g.viewer, found, when.at, minutes, form.chosen_worker)
            events.move(found, when.at, minutes, g.viewer.actor, version=form.version, worker=form.chosen_worker, site=form.chosen_site,
                        how=form.how)  # fmt: skip
            tell("good", _("Moved. The clock shows this time twice that day: the first one is meant.") if when.is_doubled else _("Moved."))
            if when.at <= clock.now() and not settings.get("event_moved_past"):
                tell("info", _("This is in the past: nothing is sent."))
            return done(url_for("admin.event", event_id=event_id))
    return _move(found, form)


def _move(found: Event, form: TimeForm):
    return _about(found, "admin/event_move.html", form=form, as_form=_as_times(found))


@bp.get(f"{_HERE}/cancellation")
@any_staff
def event_cancellation(event_id: str):
    found = g.viewer.managed_event(event_id)
    return _declined_instead(found) or _cancellation(found, Cancellation(formdata=None))


def _declined_instead(found: Event):
    """The way to a request, which is declined with a reason that the client reads, and not cancelled; None for what is booked."""
    return done(_request_of(found) or url_for("admin.event", event_id=found.public_id)) if found.state == "requested" else None


def _cancellation(found: Event, form: Cancellation):
    return _about(found, "admin/event_cancellation.html", form=form, is_ahead=found.starts_at > clock.now())


@bp.post(f"{_HERE}/cancellation")
@any_staff
def cancel_event(event_id: str):
    found = g.viewer.managed_event(event_id)
    if instead := _declined_instead(found):
        return instead
    form = Cancellation()
    if form.validate():
        with form.refusals():
            events.cancel(found, g.viewer.actor, version=form.version, reason=form.reason.data or "")
            tell("good", _("The appointment is cancelled."))
            return done(url_for("admin.event", event_id=event_id))
    return _cancellation(found, form)


@bp.post(f"{_HERE}/return")
@any_staff
def revert_event(event_id: str):
    found = g.viewer.managed_event(event_id)
    with refusals_told():
        staff_calendar.bring_back(g.viewer, found)
        tell("good", _("The appointment is booked again."))
        _say_that_nothing_is_sent(found)
    return done(url_for("admin.event", event_id=event_id))


def _say_that_nothing_is_sent(found: Event) -> None:
    if found.starts_at > clock.now():
        tell("info", _("Who was told that it is cancelled gets no e-mail that it stands again: please call them."))


# ---------------------------------------------------------------- places


@bp.get(f"{_HERE}/places/<place_id>/cancellation")
@any_staff
def place_cancellation(event_id: str, place_id: str):
    """A client cancels by telephone: whether that is in time is said before it is done."""
    found = g.viewer.event(event_id)
    place = staff_calendar.place(g.viewer, found, place_id)
    if "give_up" not in attendances.phone_verbs(place):
        return done(url_for("admin.event", event_id=event_id))
    return people.page_about(place.individual, "admin/event_giving_up.html", event=found, place=place, words=event_words,
                             shown=attendances.mark_of(found), way=attendances.way_to_cancel(found))  # fmt: skip


@bp.post(f"{_HERE}/places/<place_id>/cancellation")
@any_staff
def cancel_place(event_id: str, place_id: str):
    place = staff_calendar.place(g.viewer, g.viewer.event(event_id), place_id)
    with refusals_told():
        _by_phone(place, "give_up")
        tell("good", _("Saved."))
    return done(url_for("admin.event", event_id=event_id))


def _by_phone(place: Attendance, what: str) -> None:
    """About the place and the time that the page showed; a page that says nothing of them is no page of ours."""
    shown = request.form.get("shown", "") or "nothing"
    attendances.by_phone(place, what, g.viewer.actor, version=version_in(request.form), shown=shown)


@bp.get(f"{_HERE}/places/<place_id>/removal")
@any_staff
def place_removal(event_id: str, place_id: str):
    """Staff take somebody out of what is ahead: that they are told is said before it is done."""
    found = g.viewer.managed_event(event_id)
    place = staff_calendar.place(g.viewer, found, place_id)
    if "cancel" not in attendances.staff_verbs(place) or found.starts_at <= clock.now():
        return done(url_for("admin.event", event_id=event_id))
    return people.page_about(place.individual, "admin/event_taking_out.html", event=found, place=place, words=event_words,
                             said=attendances.phone_verbs(place))  # fmt: skip


@bp.post(f"{_HERE}/places/<place_id>/removal")
@any_staff
def remove_place(event_id: str, place_id: str):
    place = staff_calendar.place(g.viewer, g.viewer.managed_event(event_id), place_id)
    with refusals_told():
        attendances.mark(place, "cancel", g.viewer.actor, version=version_in(request.form))
        tell("good", _("Saved."))
    return done(url_for("admin.event", event_id=event_id))


@bp.post(f"{_HERE}/places/<place_id>/<what>")
@any_staff
def mark_place(event_id: str, place_id: str, what: str):
    if what not in (*attendances.MOVES, *wording.PHONE_VERBS):
        raise NotFound
    found = g.viewer.event(event_id)
    place = staff_calendar.place(g.viewer, found, place_id)
    with refusals_told():
        if what in attendances.MOVES:
            if not (g.viewer.may_change(found) or attendances.may_be_taken_back(place, what)):
                raise NotFound
            attendances.mark(place, what, g.viewer.actor, version=version_in(request.form))
        else:
            _by_phone(place, what)
        tell("good", _("Saved."))
        if what == "revert" and place.state in attendances.CANCELLED:
            _say_that_nothing_is_sent(found)
    return done(url_for("admin.event", event_id=event_id))


# ---------------------------------------------------------------- somebody more


@bp.get(f"{_HERE}/people")
@any_staff
def add_to_event(event_id: str):
    return _adding(g.viewer.managed_event(event_id), AddForm(formdata=None), None)


@bp.post(f"{_HERE}/people")
@any_staff
def add_person(event_id: str):
    found, form, person = g.viewer.managed_event(event_id), AddForm(), None
    if form.validate():
        with form.refusals():
            person = people.chosen()
            if not form.anyway.data:
                event_people.check_theirs([person], found.starts_at, found.ends_at, but=found)
            event_people.add(found, person, g.viewer.actor, version=form.version)
            tell("good", _("%(name)s comes, too.", name=person.legal_name))
            return done(url_for("admin.event", event_id=event_id))
    return _adding(found, form, person)


def _adding(found: Event, form: AddForm, person: Individual | None):
    question, others = sought(g.viewer.others_than_at(found))
    return people.page_about(person, "admin/event_people.html", event=found, form=form, question=question, people=others,
                             words=event_words)  # fmt: skip


# ---------------------------------------------------------------- of one person


@bp.get("/individuals/<public_id>/events")
@any_staff
def individual_events(public_id: str):
    person = g.viewer.individual(public_id)
    places, following = paging.latest(g.viewer.events_of(person), Attendance)
    return people.page_about(person, "admin/individual_events.html", places=places, following=following, words=event_words,
                             title=staff_calendar.title)  # fmt: skip
