"""An e-mail's link of somebody whose account is not active: why it does not open yet, and the activation once more.

Opening changes nothing: mail scanners open links.
"""

from flask import redirect

from blueprints.arrival import bp
from blueprints.arrival.later import LATER
from domain import agency, arrivals
from domain.rules import NotFound
from web import carried, sessions
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

PLACE = carried.Place("arrival", "/arrival/")


@bp.get("/<token>")
def open_link(token: str):
    arrivals.find(token)
    return PLACE.carry(redirect(PLACE.path, 303), {"token": token})


@bp.errorhandler(NotFound)
def is_no_link(error: NotFound):
    return carried.incomplete_link()


@bp.get("/")
def show():
    arrival = _arrival()
    standing = arrivals.standing(arrival)
    if standing == "portal":
        return redirect(arrival.path, 303)
    if standing == "pending":
        shown = page("arrival/show.html", phone=agency.support_phone(), is_message=arrival.path.startswith("/inbox/"))
        return LATER.carry(shown, {"path": arrival.path})
    return _over(standing)


@bp.get("/activation")
@bp.get("/new-link")
def back_to_show():
    """Back or reload after what was refused."""
    return redirect(PLACE.path, 303)


@bp.post("/activation")
def send_again():
    with refusals_told():
        arrivals.send_again(_arrival(), sessions.visitor())
        tell("good", _("We have sent you the e-mail with the button “Activate my account” again. It opens what you came for."))
    return done(PLACE.path)


@bp.post("/new-link")
def ask():
    arrivals.ask_for_new(_arrival(), sessions.visitor())
    return page("activate/asked.html", phone=agency.support_phone())


def _over(standing: str):
    """Why it leads nowhere, and what to do."""
    told = {
        "expired": (_("Your account is not active"), _("The e-mail to activate it is too old. Ask for a new one.")),
        "cancelled": (_("Your account is not active"), _("The agency withdrew this activation. You can ask for a new link.")),
        "date_of_birth": (_("Your account is not active"), _("A wrong date of birth was entered. Nobody got in.")),
    }  # fmt: skip
    title, text = told.get(standing, (_("Your account is closed"), _("Please call us.")))
    return page("arrival/over.html", may_ask=standing in told, title=title, text=text, phone=agency.support_phone(), status=410)


def _arrival() -> arrivals.Arrival:
    try:
        return arrivals.find(PLACE.words()["token"])
    except NotFound:
        carried.ask_for_link()
