"""Staff write once, and everybody who comes to an appointment, is in a group or in an enrolment gets a discussion of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flask import abort, g, request, url_for

from blueprints.admin import bp, event_words
from blueprints.admin.discussions import Beginning
from domain import enrolments, events, reachable, services, settings, staff_calendar, texts
from domain.discussions import About
from domain.my_calendar import STANDS
from models import MESSAGE_LETTERS, SUBJECT_LETTERS, Individual
from web import attached
from web.access import any_staff
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import ngettext, spoken
from web.posts import takes_files
from web.sessions import tell

_EVENT = "/events/<event_id>/messages/new"
_GROUP = "/groups/<public_id>/messages/new"
_ENROLMENT = "/individuals/<public_id>/enrolments/<enrolment_id>/messages/new"


class Place(NamedTuple):
    """From where is written: the address of the form, where it leads back to, about what, to whom, and how many more nobody names."""

    action: str
    back: str
    title: str
    about: About
    people: Sequence[Individual]
    hidden: int


def _must_be_on(place: str) -> None:
    if not settings.may_write(place):
        abort(404)


def _of_event(event_id: str) -> Place:
    _must_be_on("write_from_event")
    found = g.viewer.event(event_id)
    every = [place for place in events.places(found) if place.state in STANDS]
    seen = {place.id for place in staff_calendar.places_seen(g.viewer, found)[0] if place.is_open}
    people = [place.individual for place in every if place.id in seen]
    here, back = url_for("admin.write_to_event", event_id=event_id), url_for("admin.event", event_id=event_id)
    return Place(here, back, event_words.date(found), About(event=found), people, len(every) - len(people))


def _of_enrolment(public_id: str, enrolment_id: str) -> Place:
    _must_be_on("write_from_enrolment")
    person = g.viewer.individual(public_id)
    found = g.viewer.enrolment(person, enrolment_id)
    others = enrolments.participants_of(found)
    people = [person, *g.viewer.seen_of(others)]
    here = {"public_id": public_id, "enrolment_id": enrolment_id}
    return Place(url_for("admin.write_to_enrolment", **here), url_for("admin.enrolment", **here), found.service.name,
                 About(enrolment=found), people, len(others) + 1 - len(people))  # fmt: skip


def _of_group(public_id: str) -> Place:
    _must_be_on("write_from_group")
    found = services.find_group(public_id)
    people, looks_after = [entry.individual for entry in g.viewer.roster(found)], g.viewer.may("manage_services")
    if not (people or looks_after):
        abort(404)
    here, back = url_for("admin.write_to_group", public_id=public_id), url_for("admin.group", public_id=public_id)
    back, title = (back, found.name) if looks_after else (url_for("admin.today"), _("Today"))
    return Place(here, back, title, About(group=found), people, services.places_taken(found) - len(people))


def _show(place: Place, form: Beginning | None = None):
    g.viewer.saw_each(place.people, "messages")
    reach = reachable.among(place.people)
    others = [(who, texts.refusal(spoken(), why)) for who, why in reach.others]
    return page("admin/discussion_each.html", form=form or Beginning(formdata=None), place=place, reach=reach, others=others,
                most=MESSAGE_LETTERS, most_subject=SUBJECT_LETTERS, file_limits=attached.limits())  # fmt: skip


def _send(place: Place):
    form, reach = Beginning(), reachable.among(place.people)
    if form.validate():
        with form.refusals():
            made = reachable.write_to(reach, request.form.get("reached", ""), form.subject.data, form.body.data, g.viewer.actor,
                                      worker=g.viewer.worker, about=place.about, files=form.ready)  # fmt: skip
            tell("good", ngettext("Your message is sent to one person.", "Your message is sent to %(num)s people.", len(made)))
            return done(place.back)
    return _show(place, form)


@bp.get(_EVENT)
@any_staff
def writing_to_event(event_id: str):
    return _show(_of_event(event_id))


@bp.post(_EVENT)
@any_staff
@takes_files
def write_to_event(event_id: str):
    return _send(_of_event(event_id))


@bp.get(_ENROLMENT)
@any_staff
def writing_to_enrolment(public_id: str, enrolment_id: str):
    return _show(_of_enrolment(public_id, enrolment_id))


@bp.post(_ENROLMENT)
@any_staff
@takes_files
def write_to_enrolment(public_id: str, enrolment_id: str):
    return _send(_of_enrolment(public_id, enrolment_id))


@bp.get(_GROUP)
@any_staff
def writing_to_group(public_id: str):
    return _show(_of_group(public_id))


@bp.post(_GROUP)
@any_staff
@takes_files
def write_to_group(public_id: str):
    return _send(_of_group(public_id))
