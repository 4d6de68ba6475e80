"""Security classes: sets of rights for many workers."""

from types import SimpleNamespace

from flask import g, url_for
from wtforms import BooleanField

from blueprints.admin import bp, rights, wording
from domain import security_classes, viewer
from models import SecurityClass
from web.access import right
from web.forms import Form, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class ClassForm(Form):
    """With one box for each right; see ``_form``."""

    name = Text(_l("Name"), [Required(_l("Enter a name."))])
    boxes: tuple[str, ...] = ()

    @property
    def ticked(self) -> set[str]:
        return {name for name in self.boxes if self[name].data}


def _form() -> type[ClassForm]:
    """A form with a box for each right that the reader has."""
    boxes = {name: BooleanField(_l(words[0])) for name, words in rights.NAMES.items() if name in g.viewer.rights}
    return type("ThisClassForm", (ClassForm,), {**boxes, "boxes": tuple(boxes)})


@bp.get("/workers/classes/")
@right("manage_workers")
def classes():
    return page("admin/classes.html", classes=security_classes.every(), rights_in=viewer.rights_in)


@bp.get("/workers/classes/new")
@right("manage_workers")
def new_class():
    return _show(None, _form()(formdata=None))


@bp.post("/workers/classes/new")
@right("manage_workers")
def create_class():
    form = _form()()
    if form.validate():
        with form.refusals():
            security_classes.create(form.name.data, form.ticked, g.viewer.actor)
            return _saved()
    return _show(None, form)


@bp.get("/workers/classes/<public_id>/")
@right("manage_workers")
def edit_class(public_id: str):
    found = g.viewer.class_named(public_id)
    return _show(found, _form()(formdata=None, obj=_as_form(found)))


@bp.post("/workers/classes/<public_id>/")
@right("manage_workers")
def change_class(public_id: str):
    found, form = g.viewer.class_named(public_id), _form()()
    if form.validate():
        with form.refusals(now=_as_form(found)):
            security_classes.change(found, form.name.data, form.ticked, g.viewer.actor, version=form.version)
            return _saved()
    return _show(found, form)


def _as_form(found: SecurityClass) -> SimpleNamespace:
    given = viewer.rights_in(found)
    return SimpleNamespace(name=found.name, version=found.version, **{name: name in given for name in rights.NAMES})


def _show(found: SecurityClass | None, form: ClassForm):
    return page("admin/class_form.html", found=found, form=form, as_form=_as_form(found) if found else None, groups=rights.GROUPS,
                may_change=found is None or security_classes.may_change(found, g.viewer.rights), told=wording.told,
                given=viewer.rights_in(found))  # fmt: skip


@bp.get("/workers/classes/<public_id>/removal")
@right("manage_workers")
def confirm_class_removal(public_id: str):
    return page("admin/class_removal.html", found=g.viewer.class_named(public_id))


@bp.post("/workers/classes/<public_id>/removal")
@right("manage_workers")
def remove_class(public_id: str):
    found = g.viewer.class_named(public_id)
    with refusals_told():
        security_classes.remove(found, g.viewer.actor)
        tell("good", _("Removed."))
    return done(url_for("admin.classes"))


def _saved():
    tell("good", _("Saved."))
    return done(url_for("admin.classes"))
