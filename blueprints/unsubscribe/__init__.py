"""Stop e-mails of one kind, by the link in each of them."""

from flask import Blueprint

bp = Blueprint("unsubscribe", __name__, url_prefix="/unsubscribe")

from blueprints.unsubscribe import routes  # noqa: E402, F401
