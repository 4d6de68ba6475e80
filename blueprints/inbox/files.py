"""A file of one of the client's messages."""

from flask import g

from blueprints.inbox import bp
from domain import attachments
from web import attached


@bp.get("/<discussion_id>/files/<file_id>")
def file(discussion_id: str, file_id: str):
    return attached.download(attachments.one(g.viewer.discussion(discussion_id), file_id))
