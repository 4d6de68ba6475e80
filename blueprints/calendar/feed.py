"""Appointments in the client's own calendar: the secret address that it asks, and one appointment as a file."""

from flask import Response, abort, current_app, g
from wtforms import BooleanField

from blueprints.calendar import bp
from domain import calendar_feeds, ics, settings
from web.forms import Form, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import tell

PAGE = "/calendar/feed"


class Details(Form):
    has_details = BooleanField(_l("Also show with whom, where and for what"))


@bp.get("/feed")
def feed():
    _must_be_on()
    found = calendar_feeds.of(g.viewer.individual)
    portal_url = current_app.extensions["doorstep"].portal_url
    address = f"{portal_url}/feed/{calendar_feeds.token(found)}.ics" if found else ""
    return page("calendar/feed.html", feed=found, address=address, form=Details(formdata=None, obj=found),
                has_ended=found is None and calendar_feeds.has_ended(g.viewer.individual))  # fmt: skip


@bp.post("/feed")
def make_feed():
    _must_be_on()
    calendar_feeds.make(g.viewer.individual, g.viewer.actor)
    tell("good", _("Here is your address."))
    return done(PAGE)


@bp.post("/feed/details")
def choose_details():
    _must_be_on()
    calendar_feeds.tell(g.viewer.individual, g.viewer.actor, has_details=bool(Details().has_details.data))
    tell("good", _("Saved."))
    return done(PAGE)


@bp.post("/feed/end")
def end_feed():
    _must_be_on()
    calendar_feeds.end(g.viewer.individual, g.viewer.actor)
    tell("good", _("The address no longer works."))
    return done(PAGE)


@bp.get("/<place_id>/appointment.ics")
def download(place_id: str):
    place, own = g.viewer.place(place_id), calendar_feeds.of(g.viewer.individual)
    has_details = own is not None and own.has_details
    body = ics.calendar([place], spoken(), current_app.extensions["doorstep"].portal_url, has_details=has_details)
    return Response(body, mimetype="text/calendar", headers={"Content-Disposition": "attachment; filename=appointment.ics"})


def _must_be_on() -> None:
    if not settings.get("calendar_feed"):
        abort(404)
