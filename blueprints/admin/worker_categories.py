"""Worker categories: whose part of the work queue is which."""

from flask import g, url_for

from blueprints.admin import bp, wording
from domain import categories
from models import WorkerCategory
from web.access import right
from web.forms import Form, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class CategoryForm(Form):
    name = Text(_l("Name"), [Required(_l("Enter a name."))])


@bp.get("/workers/categories/")
@right("manage_workers")
def worker_categories():
    every = categories.every()
    return page("admin/categories.html", every=every, names=wording.names_of(every), members=categories.members())


@bp.get("/workers/categories/new")
@right("manage_workers")
def new_category():
    return _show(None, CategoryForm(formdata=None))


@bp.post("/workers/categories/new")
@right("manage_workers")
def create_category():
    form = CategoryForm()
    if form.validate():
        with form.refusals():
            categories.create(form.name.data, g.viewer.actor)
            return _saved()
    return _show(None, form)


@bp.get("/workers/categories/<slug>/")
@right("manage_workers")
def edit_category(slug: str):
    found = g.viewer.category(slug)
    return _show(found, CategoryForm(formdata=None, obj=found))


@bp.post("/workers/categories/<slug>/")
@right("manage_workers")
def rename_category(slug: str):
    found, form = g.viewer.category(slug), CategoryForm()
    if form.validate():
        with form.refusals():
            categories.rename(found, form.name.data, g.viewer.actor)
            return _saved()
    return _show(found, form)


def _show(found: WorkerCategory | None, form: CategoryForm):
    return page("admin/category_form.html", found=found, form=form, wording=wording)


@bp.get("/workers/categories/<slug>/removal")
@right("manage_workers")
def confirm_category_removal(slug: str):
    return page("admin/category_removal.html", found=g.viewer.category(slug), wording=wording)


@bp.post("/workers/categories/<slug>/removal")
@right("manage_workers")
def remove_category(slug: str):
    found = g.viewer.category(slug)
    with refusals_told():
        categories.remove(found, g.viewer.actor)
        tell("good", _("Removed."))
    return done(url_for("admin.worker_categories"))


def _saved():
    tell("good", _("Saved."))
    return done(url_for("admin.worker_categories"))
