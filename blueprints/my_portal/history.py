"""What was sent to the client, and who opened their record."""

from flask import g, request, url_for

from blueprints.my_portal import bp
from domain import events
from web.fragments import page
from web.languages import gettext as _


@bp.get("/history")
def history():
    """Both lists; of either alone what is older, where the address asks for that."""
    older, before = request.args.get("older", ""), request.args.get("before", "")
    sent, older_still = g.viewer.sent(older) if older or not before else ([], "")
    looks, days_before = g.viewer.looks(before) if before or not older else ([], "")
    told = [(each, _(each.name), _(each.outcome)) for each in sent]
    return page("my_portal/history.html", sent=told, looks=looks, is_whole=not (older or before), shows_sent=bool(older) or not before,
                shows_looks=not older, called=events.called,
                older=url_for("my_portal.history", older=older_still) if older_still else None,
                before=url_for("my_portal.history", before=days_before) if days_before else None)  # fmt: skip
