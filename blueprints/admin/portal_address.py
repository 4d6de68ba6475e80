"""The portal's address has changed: an administrator says whether it moved or was copied."""

from flask import g, url_for

from blueprints.admin import bp
from domain import portal_address, sandbox, settings
from web.access import right
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import ngettext
from web.sessions import refusals_told, tell


@bp.get("/settings/portal-address/")
@right("manage_setup")
def address_changed():
    return page("admin/portal_address.html", noted=settings.noted(sandbox.NOTED), here=sandbox.address(), held=portal_address.waiting())


@bp.post("/settings/portal-address/real")
@right("manage_setup")
def address_is_real():
    with refusals_told():
        sent = portal_address.is_real(g.viewer.actor)
        tell("good", ngettext("This is the real portal now. One message that was held is on its way.",
                              "This is the real portal now. %(num)s messages that were held are on their way.", sent)
             if sent else _("This is the real portal now. No message was held."))  # fmt: skip
    return done(url_for("admin.address_changed"))


@bp.post("/settings/portal-address/copy")
@right("manage_setup")
def address_is_of_a_copy():
    with refusals_told():
        portal_address.is_copy(g.viewer.actor)
        tell("good", _("This is a copy now. What was held stays held."))
    return done(url_for("admin.address_changed"))
