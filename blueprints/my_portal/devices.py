"""Where a client is signed in."""

from blueprints import places
from blueprints.my_portal import bp
from web.languages import gettext as _

PATH = "/my-portal/devices/"


@bp.get("/devices/")
def devices():
    return places.show(PATH, "/my-portal/", _("My Portal"))


@bp.post("/devices/others")
def sign_out_others():
    return places.sign_out_others(PATH)


@bp.post("/devices/<device_id>/removal")
def remove_device(device_id: str):
    return places.remove(PATH, device_id)
