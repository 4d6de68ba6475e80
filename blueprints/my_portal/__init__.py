"""My Portal: the account's own settings."""

from flask import Blueprint

bp = Blueprint("my_portal", __name__, url_prefix="/my-portal")

from blueprints.my_portal import address, devices, history, messages, routes  # noqa: E402, F401
