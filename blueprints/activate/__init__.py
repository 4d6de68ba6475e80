"""The four steps from an activation link to an active account."""

from flask import Blueprint

bp = Blueprint("activate", __name__, url_prefix="/activate")

from blueprints.activate import routes  # noqa: E402, F401
