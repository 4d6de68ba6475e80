"""Open the link, see date and time, press the button.  Opening changes nothing: mail scanners open links.

What was opened is in a cookie of the path; a button says by itself of which appointment it is, because there may be two tabs.
"""

from flask import redirect, request

from blueprints.appointment import bp
from blueprints.calendar import wording
from domain import agency, attendances, events
from domain.rules import NotFound, RuleBroken
from web import carried, sessions
from web.fragments import done, page

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
    token = request.form.get("token", "")
    place, is_current = attendances.by_link(token)
    if attendances.standing(place, is_current=is_current) == "open":
        try:
            attendances.confirm(place, sessions.visitor(), "link")
        except RuleBroken:
            return _show(token, status=409)
    return PLACE.carry(done(PLACE.path), {"token": token})


def _show(token: str, status: int = 200):
    place, is_current = attendances.by_link(token)
    return page(
        "appointment/show.html", standing=attendances.standing(place, is_current=is_current), shown=wording.Shown(place), token=token,
        phone=events.phone(place.event) or agency.support_phone(), status=status,
    )  # fmt: skip
