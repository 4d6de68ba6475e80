"""An individual's documents: what is to do and what was done, assigned, read and withdrawn."""

from __future__ import annotations

import dataclasses

from flask import g, url_for

from blueprints.admin import bp, document_rows, event_words, paging, people
from domain import agency, assigning, document_reading, documents, events, staff_calendar
from domain.assigning import About, Bundle
from domain.document_messages import waits_for
from domain.my_calendar import STANDS
from models import Document, Individual
from web.access import any_staff
from web.forms import Choice, DateBoxes, Form, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import ngettext, spoken
from web.sessions import tell

_NEW = "/individuals/<public_id>/documents/new"
_OF_ENROLMENT = "/individuals/<public_id>/enrolments/<enrolment_id>/documents/new"
_OF_EVENT = "/events/<event_id>/documents/new"


class AssignForm(Form):
    what = Choice(_l("What is to be filled in?"), [Required(_l("Choose a document or a checklist."))])
    due_on = DateBoxes(_l("By when?"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.what.choices = [("", _("Choose")), *assigning.offered()]

    def bundle(self) -> Bundle:
        return assigning.bundle(self.what.data, self.due_on.data)


class WithdrawForm(Form):
    reason = Text(_l("Why is it no longer needed?"), [Required(_l("Say in a few words why."))])


@dataclasses.dataclass(frozen=True)
class Place:
    """From where is assigned: the address of the form, where it leads back to, about what, and to whom."""

    action: str
    back: str
    title: str
    about: About
    people: list[Individual]
    hidden: int = 0


# ---------------------------------------------------------------- the list


@bp.get("/individuals/<public_id>/documents/")
@any_staff
def documents_of(public_id: str):
    person = g.viewer.individual(public_id)
    rows, following = paging.by_number(g.viewer.documents_of(person))
    return people.page_about(person, "admin/documents_of.html", rows=document_rows.lines(rows), following=following)


# ---------------------------------------------------------------- assigned


@bp.get(_NEW)
@any_staff
def assigning_to(public_id: str):
    return _show(_of_record(public_id))


@bp.post(_NEW)
@any_staff
def assign_to(public_id: str):
    return _assign(_of_record(public_id))


@bp.get(_OF_ENROLMENT)
@any_staff
def assigning_from_enrolment(public_id: str, enrolment_id: str):
    return _show(_of_enrolment(public_id, enrolment_id))


@bp.post(_OF_ENROLMENT)
@any_staff
def assign_from_enrolment(public_id: str, enrolment_id: str):
    return _assign(_of_enrolment(public_id, enrolment_id))


@bp.get(_OF_EVENT)
@any_staff
def assigning_from_event(event_id: str):
    return _show(_of_event(event_id))


@bp.post(_OF_EVENT)
@any_staff
def assign_from_event(event_id: str):
    return _assign(_of_event(event_id))


def _of_record(public_id: str) -> Place:
    person = g.viewer.individual(public_id)
    back = url_for("admin.documents_of", public_id=public_id)
    return Place(url_for("admin.assign_to", public_id=public_id), back, _("Documents"), About(), [person])


def _of_enrolment(public_id: str, enrolment_id: str) -> Place:
    person = g.viewer.individual(public_id)
    found, here = g.viewer.enrolment(person, enrolment_id), {"public_id": public_id, "enrolment_id": enrolment_id}
    return Place(url_for("admin.assign_from_enrolment", **here), url_for("admin.enrolment", **here), found.service.name,
                 About(enrolment=found), [person])  # fmt: skip


def _of_event(event_id: str) -> Place:
    found = g.viewer.event(event_id)
    every = [place for place in events.places(found) if place.state in STANDS]
    seen = {place.id for place in staff_calendar.places_seen(g.viewer, found)[0] if place.is_open}
    whom = [place.individual for place in every if place.id in seen]
    here, back = url_for("admin.assign_from_event", event_id=event_id), url_for("admin.event", event_id=event_id)
    return Place(here, back, event_words.date(found), About(event=found), whom, len(every) - len(whom))


def _show(place: Place, form: AssignForm | None = None):
    g.viewer.saw_each(place.people, "documents")
    return page("admin/document_assigning.html", form=form or AssignForm(formdata=None), place=place, has_any=bool(assigning.offered()))


def _assign(place: Place):
    form = AssignForm()
    if form.validate():
        with form.refusals():
            assigning.assign_to(place.people, form.bundle(), g.viewer.actor, place.about)
            tell("good", ngettext("Assigned to one person.", "Assigned to %(num)s people.", len(place.people)))
            return done(place.back)
    return _show(place, form)


# ---------------------------------------------------------------- one of them


@bp.get("/individuals/<public_id>/documents/<document_id>/")
@any_staff
def document_of(public_id: str, document_id: str):
    person = g.viewer.individual(public_id)
    return _read(person, g.viewer.document(person, document_id))


def _read(person: Individual, found: Document):
    form, answers = documents.form_of(found), document_reading.answers_with_staff(found)
    return people.page_about(
        person, "admin/document_of.html", document=found, line=document_rows.line(found),
        leaves=document_reading.leaves(form, answers, spoken()),
        staff=document_rows.staff_part(form, answers), scores=document_rows.scores(document_reading.scored(form, answers, spoken())),
        over_time=document_rows.charts(document_reading.over_time(person, found, spoken())), waits=waits_for(found),
        files=document_rows.files(person, found), differences=document_rows.differences(found),
        signatures=list(found.signatures), is_sound=found.state != "completed" or documents.is_sound(found), today=agency.today(),
    )  # fmt: skip


@bp.get("/individuals/<public_id>/documents/<document_id>/withdrawal")
@any_staff
def document_withdrawal(public_id: str, document_id: str):
    person = g.viewer.individual(public_id)
    return _withdrawal(person, g.viewer.document(person, document_id), WithdrawForm(formdata=None))


@bp.post("/individuals/<public_id>/documents/<document_id>/withdrawal")
@any_staff
def withdraw_document(public_id: str, document_id: str):
    person, form = g.viewer.individual(public_id), WithdrawForm()
    found = g.viewer.document(person, document_id)
    if form.validate():
        with form.refusals():
            documents.withdraw(found, form.reason.data, g.viewer.actor)
            tell("good", _("The document is withdrawn."))
            return done(url_for("admin.document_of", public_id=public_id, document_id=document_id))
    return _withdrawal(person, found, form)


def _withdrawal(person: Individual, found: Document, form: WithdrawForm):
    return people.page_about(person, "admin/document_withdrawal.html", document=found, form=form)
