"""Worker categories: whose part of the work queue is which."""

from types import SimpleNamespace

from flask import g, url_for
from wtforms import BooleanField

from blueprints.admin import bp, wording
from domain import addressees, categories, covers, texts
from models import WorkerCategory
from web import formatting
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


def _show(found: WorkerCategory | None, form: CategoryForm, opening: Form | None = None):
    record = _record(found) if found else None
    if found is not None and opening is None:
        opening = _opening_form(found)(formdata=None, obj=record)
    return page("admin/category_form.html", found=found, form=opening if opening and opening.is_refused else form, name_form=form,
                opening=opening, record=record, languages=texts.LANGUAGES, is_everybodys=bool(found and found.slug == covers.EVERYBODYS),
                wording=wording)  # fmt: skip


# ---------------------------------------------------------------- for clients


def _opening_form(found: WorkerCategory) -> type[Form]:
    """What clients see of a category; the one for everybody is open under a name of its own."""
    days = {"days": Text(_l("Answer within"))}
    if found.slug == covers.EVERYBODYS:
        return type("DaysForm", (Form,), days)
    names = {f"name_{code}": Text(formatting.language_name(code)) for code in texts.LANGUAGES}
    return type("OpeningForm", (Form,), {"is_open": BooleanField(_l("Clients may write to it")), **names, **days})


def _record(found: WorkerCategory) -> SimpleNamespace:
    return SimpleNamespace(version=1, **addressees.as_typed(found))


@bp.post("/workers/categories/<slug>/clients")
@right("manage_workers")
def open_category(slug: str):
    found = g.viewer.category(slug)
    form = _opening_form(found)()
    if form.validate():
        with form.refusals(now=_record(found)):
            typed = form.data
            names = {code: typed.get(f"name_{code}") or "" for code in texts.LANGUAGES}
            opening = addressees.Opening(bool(typed.get("is_open")), names, typed["days"] or "")
            addressees.open_to_clients(found, opening, g.viewer.actor, as_opened=form.as_opened)
            return _saved()
    return _show(found, CategoryForm(formdata=None, obj=found), form)


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
