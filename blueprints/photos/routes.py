"""Photos of workers, where the agency shows them to clients."""

from flask import g

from blueprints.photos import bp
from web import pictures


@bp.get("/<photo_id>")
def photo(photo_id: str):
    found = g.viewer.photo(photo_id)
    return pictures.private(found.content_type, found.body, found.public_id)
