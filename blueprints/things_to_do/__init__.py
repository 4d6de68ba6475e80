"""Things to Do: what the client is to fill in, to read and to sign, and what they have done."""

from flask import Blueprint

bp = Blueprint("things_to_do", __name__, url_prefix="/things-to-do")

from blueprints.things_to_do import filling, reading, routes, sending  # noqa: E402, F401
