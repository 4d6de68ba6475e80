"""One discussion by its e-mailed link: read it and answer, without an account."""

from flask import Blueprint

bp = Blueprint("reply", __name__, url_prefix="/reply")

from blueprints.reply import routes  # noqa: E402, F401
