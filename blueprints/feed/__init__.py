"""What somebody's own calendar program reads, by its secret address."""

from flask import Blueprint

bp = Blueprint("feed", __name__, url_prefix="/feed")

from blueprints.feed import routes  # noqa: E402, F401
