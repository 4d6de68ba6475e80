"""An appointment by its e-mailed link: say that you come, without signing in."""

from flask import Blueprint

bp = Blueprint("appointment", __name__, url_prefix="/appointment")

from blueprints.appointment import routes  # noqa: E402, F401
