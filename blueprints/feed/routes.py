"""A client's appointments for their own calendar; whoever has the address reads them, and nothing else."""

from flask import Response, current_app

from blueprints.feed import bp
from domain import calendar_feeds, ics, viewer
from domain.letter_parts import language_for


@bp.get("/<token>.ics")
def read(token: str):
    feed = calendar_feeds.find(token)
    body = ics.calendar(
        viewer.read_in(feed), language_for(feed.individual), current_app.extensions["doorstep"].portal_url, has_details=feed.has_details
    )
    return Response(body, mimetype="text/calendar")
