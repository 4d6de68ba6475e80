"""My Services: what a client is in, and what happened in it."""

from flask import Blueprint

bp = Blueprint("my_services", __name__, url_prefix="/my-services")

from blueprints.my_services import routes  # noqa: E402, F401
