"""Calendar: when the client is expected, and what was."""

from flask import Blueprint

bp = Blueprint("calendar", __name__, url_prefix="/calendar")

from blueprints.calendar import changing, feed, requesting, routes  # noqa: E402, F401
