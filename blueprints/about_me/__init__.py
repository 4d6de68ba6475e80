"""About Me: what the agency knows about the client, to read."""

from flask import Blueprint

bp = Blueprint("about_me", __name__, url_prefix="/about-me")

from blueprints.about_me import routes  # noqa: E402, F401
