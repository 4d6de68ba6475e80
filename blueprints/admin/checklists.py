"""Checklists of documents: which are assigned together, in which order, and within how many days each."""

from __future__ import annotations

from types import SimpleNamespace

from flask import current_app, g, request, url_for
from wtforms import BooleanField
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp, paging
from domain import checklists, document_exports, document_templates, spreadsheet
from domain.checklists import MOST, Entry, Typed
from models import ChecklistTemplate
from web.access import right
from web.forms import Choice, Form, Required, Text, _l, version_in
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import refusals_told, tell

EMPTY = 3  # lines to fill in beside those that are there


class ChecklistForm(Form):
    """With a line for each document and some empty ones; see ``_form``."""

    name = Text(_l("Name"), [Required(_l("Enter a name."))])
    is_ordered = BooleanField(_l("In this order: each opens when the one before is completed"))
    lines = 0

    def typed(self) -> Typed:
        entries = tuple(Entry(self[f"item_{number}"].data or "", self[f"days_{number}"].data or "") for number in range(self.lines))
        return Typed(self.name.data or "", self.is_ordered.data, entries)


@bp.get("/checklists/")
@right("manage_documents")
def all_checklists():
    rows, following = paging.by_number(checklists.every())
    return page("admin/checklists.html", rows=rows, following=following)


@bp.get("/checklists/new")
@right("manage_documents")
def new_checklist():
    return _show(None, _form(0)(formdata=None))


@bp.post("/checklists/new")
@right("manage_documents")
def add_checklist():
    form = _form(0)()
    if form.validate():
        with form.refusals():
            checklists.add(form.typed(), g.viewer.actor)
            tell("good", _("Saved."))
            return done(url_for("admin.all_checklists"))
    return _show(None, form)


@bp.get("/checklists/<public_id>/")
@right("manage_documents")
def checklist(public_id: str):
    found = checklists.find(public_id)
    return _show(found, _form(len(checklists.items_of(found)), found)(formdata=None, data=_values(found)))


@bp.post("/checklists/<public_id>/")
@right("manage_documents")
def change_checklist(public_id: str):
    found = checklists.find(public_id)
    form = _form(_lines_sent(), found)()
    if form.validate():
        with form.refusals(now=_record(found)):
            checklists.change(found, form.typed(), g.viewer.actor, version=form.version)
            tell("good", _("Saved."))
            return done(url_for("admin.all_checklists"))
    return _show(found, form)


@bp.post("/checklists/<public_id>/use")
@right("manage_documents")
def offer_checklist(public_id: str):
    found = checklists.find(public_id)
    with refusals_told():
        checklists.set_in_use(found, g.viewer.actor, is_in_use=request.form.get("is_in_use") == "1", version=version_in(request.form))
        tell("good", _("Saved."))
    return done(url_for("admin.all_checklists"))


@bp.get("/document-templates/<public_id>/answers.csv")
@right("manage_documents")
def answers_of_template(public_id: str):
    template = document_templates.find(public_id)
    document_exports.exported(template, g.viewer.actor)
    answer = current_app.response_class(
        spreadsheet.written(document_exports.rows_of(template, g.viewer.individuals, spoken())), mimetype="text/csv"
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="answers.csv"'
    return answer


def _lines_sent() -> int:
    """How many lines the form had that was sent, without the empty ones that are always there."""
    return max(0, sum(1 for number in range(MOST) if f"item_{number}" in request.form) - EMPTY)


def _form(filled: int, found: ChecklistTemplate | None = None) -> type[ChecklistForm]:
    offered = {each.public_id: each.name for each in document_templates.every()}
    for each in checklists.items_of(found) if found else ():  # also what is out of use since
        offered.setdefault(each.template.public_id, each.template.name)
    names = [SelectChoice("", _("None")), *(SelectChoice(*each) for each in offered.items())]
    lines = min(filled + EMPTY, MOST)
    fields: dict[str, object] = {"lines": lines}
    for number in range(lines):
        fields[f"item_{number}"] = Choice(_("Document %(number)s", number=number + 1), choices=names)
        fields[f"days_{number}"] = Text(_("Due within how many days?"))
    return type("ThisChecklistForm", (ChecklistForm,), fields)


def _values(found: ChecklistTemplate) -> dict[str, object]:
    values: dict[str, object] = {"name": found.name, "is_ordered": found.is_ordered}
    for number, each in enumerate(checklists.items_of(found)):
        values[f"item_{number}"] = each.template.public_id
        values[f"days_{number}"] = "" if each.due_days is None else str(each.due_days)
    return values


def _record(found: ChecklistTemplate) -> SimpleNamespace:
    empty = {f"{field}_{number}": "" for number in range(MOST) for field in ("item", "days")}
    return SimpleNamespace(**empty | _values(found), version=found.version)


def _show(found: ChecklistTemplate | None, form: ChecklistForm):
    return page("admin/checklist.html", checklist=found, form=form, record=_record(found) if found else None)
