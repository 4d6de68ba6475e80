"""Photos of workers: put and removed by whoever manages them, and by each worker their own."""

from types import SimpleNamespace

from flask import g, request, url_for

from blueprints.admin import bp
from blueprints.admin.brand import BITMAPS
from domain import photos, settings, workers
from models import Worker
from web import pictures
from web.access import any_staff, right
from web.forms import Form, Upload, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class PhotoForm(Form):
    file = Upload(_l("Photo"), _l("Choose a file."))


@bp.get("/photos/<photo_id>")
@any_staff
def photo(photo_id: str):
    found = g.viewer.photo(photo_id)
    return pictures.private(found.content_type, found.body, found.public_id)


# ---------------------------------------------------------------- somebody's


@bp.get("/workers/<public_id>/photo")
@right("manage_workers")
def worker_photo(public_id: str):
    return _show(g.viewer.colleague(public_id), PhotoForm(formdata=None))


@bp.post("/workers/<public_id>/photo")
@right("manage_workers")
def put_worker_photo(public_id: str):
    return _put(g.viewer.colleague(public_id), url_for("admin.worker", public_id=public_id))


@bp.post("/workers/<public_id>/photo/removal")
@right("manage_workers")
def remove_worker_photo(public_id: str):
    return _remove(g.viewer.colleague(public_id), url_for("admin.worker", public_id=public_id))


# ---------------------------------------------------------------- one's own


@bp.get("/my-sign-in/photo")
@any_staff
def my_photo():
    return _show(g.viewer.worker, PhotoForm(formdata=None), is_own=True)


@bp.post("/my-sign-in/photo")
@any_staff
def put_my_photo():
    return _put(g.viewer.worker, url_for("admin.my_photo"), is_own=True)


@bp.post("/my-sign-in/photo/removal")
@any_staff
def remove_my_photo():
    return _remove(g.viewer.worker, url_for("admin.my_photo"))


def _put(found: Worker, then: str, *, is_own: bool = False):
    form = PhotoForm()
    if form.validate():
        with form.refusals():
            photos.put(found, form.file.data.stream, g.viewer.actor, as_opened=lambda saved: form.is_as_opened("file", saved["state"]))
            tell("good", _("Saved. It shows at once."))
            return done(then)
    return _show(found, form, is_own=is_own)


def _remove(found: Worker, then: str):
    with refusals_told():
        photos.remove(found, g.viewer.actor, as_opened=lambda saved: saved["state"] == request.form.get("state"))
        tell("good", _("Removed."))
    return done(then)


def _show(found: Worker, form: PhotoForm, *, is_own: bool = False):
    now = photos.of(found)
    return page("admin/worker_photo.html", worker=found, form=form, photo=now, is_shown=photos.is_shown(), is_own=is_own, accept=BITMAPS,
                most=settings.get("photo_megabytes"), record=SimpleNamespace(version=1, file=photos.mark(now)),
                is_closed=workers.state(found) == workers.LEFT or workers.is_above(found, g.viewer.rights))  # fmt: skip
