"""What clients ask to have changed in their record: old and new side by side, accept or decline."""

from flask import g, request, url_for

from blueprints import differences
from blueprints.admin import bp, people
from domain import agency, profile_changes
from web.access import right
from web.forms import Form, Lines, Required, _l, version_in
from web.fragments import done
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class DeclineForm(Form):
    reason = Lines(_l("Why not?"), [Required(_l("Write why, in a sentence that the client can read."))])


@bp.post("/individuals/<public_id>/changes/<change_id>/acceptance")
@right("edit_individuals")
def accept_change(public_id: str, change_id: str):
    change = g.viewer.change(g.viewer.individual(public_id), change_id)
    with refusals_told():
        profile_changes.accept(change, g.viewer.actor, version=version_in(request.form), country=agency.country())
        tell("good", _("Accepted. The record is changed."))
    return _back(public_id)


@bp.get("/individuals/<public_id>/changes/<change_id>/refusal")
@right("edit_individuals")
def decline_form(public_id: str, change_id: str):
    person = g.viewer.individual(public_id)
    return _decline(person, g.viewer.change(person, change_id), DeclineForm(formdata=None))


@bp.post("/individuals/<public_id>/changes/<change_id>/refusal")
@right("edit_individuals")
def decline_change(public_id: str, change_id: str):
    person, form = g.viewer.individual(public_id), DeclineForm()
    change = g.viewer.change(person, change_id)
    if form.validate():
        with form.refusals():
            profile_changes.decline(change, form.reason.data, g.viewer.actor)
            tell("good", _("Declined. The client reads why on About Me."))
            return _back(public_id)
    return _decline(person, change, form)


def _decline(person, change, form: DeclineForm):
    return people.page_about(person, "admin/change_refusal.html", change=change, form=form, field_pairs=differences.asked)


def _back(public_id: str):
    return done(url_for("admin.individual", public_id=public_id, _anchor="changes"))
