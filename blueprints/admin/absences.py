"""When a worker is away, who reads meanwhile what clients write to them, and what clients read then.  Everybody's own, and anybody's
for who manages workers."""

from __future__ import annotations

from typing import Any

from flask import abort, g, url_for

from blueprints.admin import bp
from domain import agency, covers, handover, settings
from models import ANSWER_LETTERS, Worker
from web.access import any_staff
from web.forms import Choice, DateBoxes, Form, Lines, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell

_HERE = "/schedule/away/<public_id>"


class AbsenceForm(Form):
    starts_on = DateBoxes(_l("First day"), _l("Enter the day."))
    ends_on = DateBoxes(_l("Last day"), _l("Enter the day."))
    cover = Choice(_l("Who reads their messages meanwhile?"))
    text = Lines(_l("What clients read"))

    def rules(self):
        if self.starts_on.data and self.ends_on.data:
            self.away().checked()

    def away(self) -> covers.Away:
        return covers.Away(self.starts_on.data, self.ends_on.data, text=self.text.data or "")


def _whose(public_id: str) -> Worker:
    if not settings.get("discussions"):
        abort(404)
    return g.viewer.whose_hours(public_id)


def _form(found: Worker, **more: Any) -> AbsenceForm:
    form = AbsenceForm(**more)
    form.cover.choices = [("", _("Nobody")), *((each.public_id, each.name) for each in handover.colleagues(but=found))]
    return form


@bp.get(f"{_HERE}/")
@any_staff
def absences(public_id: str):
    found = _whose(public_id)
    return _show(found, _form(found, formdata=None))


def _show(found: Worker, form: AbsenceForm):
    return page("admin/absences.html", worker=found, form=form, absences=covers.absences_of(found), today=agency.today(),
                is_own=found.id == g.viewer.worker.id, most=ANSWER_LETTERS)  # fmt: skip


@bp.post(f"{_HERE}/")
@any_staff
def add_absence(public_id: str):
    found = _whose(public_id)
    form = _form(found)
    if form.validate():
        with form.refusals():
            cover = next((each for each in handover.colleagues(but=found) if each.public_id == form.cover.data), None)
            covers.be_away(found, covers.Away(form.starts_on.data, form.ends_on.data, cover, form.text.data or ""), g.viewer.actor)
            tell("good", _("Saved."))
            return done(url_for("admin.absences", public_id=public_id))
    return _show(found, form)


@bp.get(f"{_HERE}/<absence_id>/removal")
@any_staff
def confirm_absence_removal(public_id: str, absence_id: str):
    found = _whose(public_id)
    return page("admin/absence_removal.html", worker=found, absence=covers.find_absence(found, absence_id))


@bp.post(f"{_HERE}/<absence_id>/removal")
@any_staff
def remove_absence(public_id: str, absence_id: str):
    covers.come_back(covers.find_absence(_whose(public_id), absence_id), g.viewer.actor)
    tell("good", _("Removed."))
    return done(url_for("admin.absences", public_id=public_id))
