"""The very first page of an empty portal, opened by the one-time code that the terminal shows."""

from flask import Blueprint

bp = Blueprint("first_start", __name__, url_prefix="/first-start")

from blueprints.first_start import routes  # noqa: E402, F401
