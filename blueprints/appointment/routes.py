"""Open the link, see date and time, press the button.  Opening changes nothing: mail scanners open links."""

from flask import redirect

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
    return _show(PLACE.words())


@bp.post("/")
def confirm():
    words = PLACE.words()
    place, is_current = attendances.by_link(words["token"])
    if attendances.standing(place, is_current=is_current) == "open":
        try:
            attendances.confirm(place, sessions.visitor(), "link")
        except RuleBroken:
            return _show(words, status=409)
    return done(PLACE.path)


def _show(words, status: int = 200):
    place, is_current = attendances.by_link(words["token"])
    return page(
        "appointment/show.html", standing=attendances.standing(place, is_current=is_current), shown=wording.Shown(place),
        phone=events.phone(place.event) or agency.support_phone(), status=status,
    )  # fmt: skip
