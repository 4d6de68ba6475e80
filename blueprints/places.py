"""Where you are signed in: the same page for clients and staff."""

from flask import g, request

from domain import devices
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import ngettext
from web.sessions import tell


def show(path: str, back: str, back_label: str):
    """The reader's devices, this one first."""
    places, older = g.viewer.devices(request.args.get("older", ""))
    return page("my_portal/devices.html", places=places, path=path, back=back, back_label=back_label,
                next=f"{path}?older={older}" if older else None)  # fmt: skip


def remove(path: str, public_id: str):
    """One of them is signed out and forgotten; whoever removes the own one signs in again."""
    is_over = devices.remove(g.viewer.session, public_id, g.viewer.actor)
    tell("good", _("That device is signed out and forgotten."))
    return done("/sign-in" if is_over else path)


def end_trust(path: str, public_id: str):
    """On one of them a code is asked for again."""
    devices.end_trust(g.viewer.session, public_id, g.viewer.actor)
    tell("good", _("That device asks for a code again."))
    return done(path)


def sign_out_others(path: str):
    """Every other session ends."""
    ended = devices.sign_out_others(g.viewer.session, g.viewer.actor)
    told = ngettext("%(num)s other session was ended.", "%(num)s other sessions were ended.", ended)
    tell("good", told if ended else _("You were signed in nowhere else."))
    return done(path)
