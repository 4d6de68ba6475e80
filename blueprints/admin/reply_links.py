"""The reply link of a discussion: staff have a new one sent, or withdraw it."""

from flask import g

from blueprints.admin import bp
from blueprints.admin.discussions import back_to, found_by
from domain import reply_links
from web.access import any_staff
from web.languages import gettext as _
from web.sessions import refusals_told, tell

_HERE = "/discussions/<discussion_id>/reply-link"


@bp.post(_HERE)
@any_staff
def send_reply_link(discussion_id: str):
    with refusals_told():
        reply_links.send_new(found_by(discussion_id), g.viewer.actor)
        tell("good", _("A new link is on its way. The earlier one opens nothing any more."))
    return back_to(discussion_id, _anchor="reply-link")


@bp.post(f"{_HERE}/withdrawal")
@any_staff
def withdraw_reply_link(discussion_id: str):
    reply_links.withdraw(found_by(discussion_id), g.viewer.actor)
    tell("good", _("The link opens nothing any more."))
    return back_to(discussion_id, _anchor="reply-link")
