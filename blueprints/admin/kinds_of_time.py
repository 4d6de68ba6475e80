"""Kinds of worker time: list, page of each, and the one in which clients may request appointments."""

from types import SimpleNamespace

from flask import g, url_for
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp, hours_words
from domain import availability, settings, staff_hours
from models import AvailabilityType
from web.access import right
from web.forms import Form, OneOf, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

OTHER = "other"


class KindForm(Form):
    name = Text(_l("Name"))
    shade = OneOf(_l("Colour"))
    colour = Text(_l("Another colour"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        named = [SelectChoice(value, _(name)) for value, name in availability.COLOURS.items()]
        self.shade.choices = [*named, SelectChoice(OTHER, _("Another colour"))]

    @property
    def chosen(self) -> str:
        return (self.colour.data or "") if self.shade.data == OTHER else self.shade.data


class FacingForm(Form):
    kind = OneOf(_l("Clients request appointments in"))


# ---------------------------------------------------------------- all of them


@bp.get("/settings/kinds-of-time/")
@right("manage_setup")
def kinds_of_time():
    kinds = availability.types()
    return _all(kinds, _facing_form(kinds)(formdata=None, kind=next((each.public_id for each in kinds if each.is_client_facing), "")))


@bp.post("/settings/kinds-of-time/for-clients")
@right("manage_setup")
def face_clients():
    kinds = availability.types()
    form = _facing_form(kinds)()
    if form.validate():
        with form.refusals():
            availability.face_clients(next((each for each in kinds if each.public_id == form.kind.data), None), g.viewer.actor)
            return _saved()
    return _all(kinds, form)


def _facing_form(kinds: list[AvailabilityType]) -> type[FacingForm]:
    choices = [SelectChoice("", _("None of them")), *(SelectChoice(each.public_id, each.name) for each in kinds)]
    return type("ThisFacingForm", (FacingForm,), {"kind": OneOf(_l("Clients request appointments in"), choices=choices)})


def _all(kinds: list[AvailabilityType], form: FacingForm):
    return page("admin/kinds_of_time.html", kinds=kinds, form=form, shade=hours_words.shade, is_requesting=settings.get("requesting"),
                is_named=any(each.is_client_facing for each in kinds))  # fmt: skip


def _saved():
    tell("good", _("Saved."))
    return done(url_for("admin.kinds_of_time"))


# ---------------------------------------------------------------- one of them


@bp.get("/settings/kinds-of-time/new")
@right("manage_setup")
def kind_new():
    return _edit(None, KindForm(formdata=None))


@bp.post("/settings/kinds-of-time/new")
@right("manage_setup")
def add_kind():
    form = KindForm()
    if form.validate():
        with form.refusals():
            availability.add_type(form.name.data or "", form.chosen, g.viewer.actor)
            return _saved()
    return _edit(None, form)


@bp.get("/settings/kinds-of-time/<public_id>/")
@right("manage_setup")
def kind_of_time(public_id: str):
    found = availability.find_type(public_id)
    return _edit(found, KindForm(formdata=None, obj=_as_form(found)))


@bp.post("/settings/kinds-of-time/<public_id>/")
@right("manage_setup")
def change_kind(public_id: str):
    found = availability.find_type(public_id)
    form = KindForm()
    if form.validate():
        with form.refusals(now=_as_form(found)):
            availability.change_type(found, form.name.data or "", form.chosen, g.viewer.actor, version=form.version)
            return _saved()
    return _edit(found, form)


def _as_form(found: AvailabilityType) -> SimpleNamespace:
    is_own = found.colour not in availability.COLOURS
    return SimpleNamespace(name=found.name, shade=OTHER if is_own else found.colour, colour=found.colour if is_own else "",
                           version=found.version)  # fmt: skip


def _edit(found: AvailabilityType | None, form: KindForm):
    return page("admin/kind_of_time.html", found=found, form=form, record=_as_form(found) if found else None, shades=hours_words.SHADES)


@bp.get("/settings/kinds-of-time/<public_id>/removal")
@right("manage_setup")
def confirm_kind_removal(public_id: str):
    found = availability.find_type(public_id)
    rows, days = staff_hours.uses(found)
    return page("admin/kind_of_time_removal.html", found=found, rows=rows, days=days)


@bp.post("/settings/kinds-of-time/<public_id>/removal")
@right("manage_setup")
def remove_kind(public_id: str):
    found = availability.find_type(public_id)
    with refusals_told():
        availability.remove_type(found, g.viewer.actor)
        tell("good", _("Removed."))
        return done(url_for("admin.kinds_of_time"))
    return done(url_for("admin.confirm_kind_removal", public_id=public_id))
