"""A file of a discussion, for staff: whoever gets one has looked at the record."""

from flask import abort, g

from blueprints.admin import bp
from domain import attachments, settings
from web import attached
from web.access import any_staff


@bp.get("/discussions/<discussion_id>/files/<file_id>")
@any_staff
def discussion_file(discussion_id: str, file_id: str):
    if not settings.get("discussions"):
        abort(404)
    found = g.viewer.discussion(discussion_id)
    attachment = attachments.one(found, file_id)
    g.viewer.saw(found.individual, "discussion_file")
    return attached.download(attachment)
