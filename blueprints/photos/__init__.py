"""Photos of workers, for clients."""

from flask import Blueprint

bp = Blueprint("photos", __name__, url_prefix="/photos")

from blueprints.photos import routes  # noqa: E402, F401
