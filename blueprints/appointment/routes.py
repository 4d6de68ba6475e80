"""Open the link, see date and time, press the button.  Opening changes nothing: mail scanners open links.

What was opened is in a cookie of the path.  A button says by itself of which appointment it is, because there may be two tabs; it
has a seal of its own, so that no page shows the token of the link.
"""

from flask import redirect, request

from blueprints.appointment import bp
from blueprints.calendar import wording
from domain import agency, attendances, events, links
from domain.rules import NotFound, RuleBroken
from web import carried, sessions
from web.fragments import done, page

_BUTTON = "appointment_button"
PLACE = carried.Place("appointment", "/appointment/")


@bp.get("/<token>")
def open_link(token: str):
    attendances.by_link(token)
    return PLACE.carry(redirect(PLACE.path, 303), {"token": token})


@bp.errorhandler(NotFound)
def is_no_link(error: NotFound):
    return carried.incomplete_link()


@bp.get("/")
def show():
    return _show(PLACE.words()["token"])


@bp.post("/")
def confirm():
    try:
        token = links.sealed("appointment", links.unsealed(_BUTTON, request.form.get("appointment", "")))
        place, is_current = attendances.by_link(token)
    except NotFound:  # no button of ours: the page of what was opened last says what there is
        return done(PLACE.path)
    if attendances.standing(place, is_current=is_current) == "open":
        try:
            attendances.confirm(place, sessions.visitor(), "link")
        except RuleBroken:
            return _show(token, status=409)
    return PLACE.carry(done(PLACE.path), {"token": token})


def _show(token: str, status: int = 200):
    place, is_current = attendances.by_link(token)
    return page(
        "appointment/show.html", standing=attendances.standing(place, is_current=is_current), shown=wording.Shown(place),
        button=links.sealed(_BUTTON, links.unsealed("appointment", token)),
        phone=events.phone(place.event) or agency.support_phone(), status=status,
    )  # fmt: skip
