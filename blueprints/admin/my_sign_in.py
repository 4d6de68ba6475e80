"""A worker's own sign-in: change of password, and where they are signed in."""

from blueprints import places
from blueprints.admin import bp
from web import password_form
from web.access import any_staff
from web.languages import gettext as _

DEVICES = "/admin/my-sign-in/devices/"


@bp.get("/my-sign-in/")
@any_staff
def my_sign_in():
    return password_form.show("admin/my_sign_in.html")


@bp.post("/my-sign-in/")
@any_staff
def change_my_password():
    return password_form.change("admin/my_sign_in.html", "/admin/my-sign-in/")


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
