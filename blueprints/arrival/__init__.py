"""Who comes by an e-mail before their account is active: it says so, and leads on."""

from flask import Blueprint

bp = Blueprint("arrival", __name__, url_prefix="/arrival")

from blueprints.arrival import routes  # noqa: E402, F401
