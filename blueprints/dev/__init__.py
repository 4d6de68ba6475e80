"""In development only: the mailbox of what the portal would have sent, and every component of its pages."""

from flask import Blueprint

bp = Blueprint("dev", __name__, url_prefix="/dev")

from blueprints.dev import routes  # noqa: E402, F401
