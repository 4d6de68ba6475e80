"""A worker's own sign-in: change of password, authenticator app, and where they are signed in."""

from flask import g

from blueprints import places
from blueprints.admin import bp
from domain import second_step
from web import password_form
from web.access import any_staff
from web.languages import gettext as _

DEVICES = "/admin/my-sign-in/devices/"


@bp.get("/my-sign-in/")
@any_staff
def my_sign_in():
    return password_form.show("admin/my_sign_in.html", **_app())


@bp.post("/my-sign-in/")
@any_staff
def change_my_password():
    return password_form.change("admin/my_sign_in.html", "/admin/my-sign-in/", **_app())


def _app():
    """What the page says of the app; nothing where there is none and none is asked for."""
    app = second_step.app_of(g.viewer.worker)
    return {"app": app, "is_asked": second_step.is_on(), "left": second_step.codes_left(g.viewer.worker) if app else 0}


@bp.get("/my-sign-in/devices/")
@any_staff
def my_devices():
    return places.show(DEVICES, "/admin/my-sign-in/", _("My sign-in"))


@bp.post("/my-sign-in/devices/others")
@any_staff
def sign_out_my_others():
    return places.sign_out_others(DEVICES)


@bp.post("/my-sign-in/devices/<device_id>/removal")
@any_staff
def remove_my_device(device_id: str):
    return places.remove(DEVICES, device_id)


@bp.post("/my-sign-in/devices/<device_id>/trust-removal")
@any_staff
def end_trust(device_id: str):
    return places.end_trust(DEVICES, device_id)
