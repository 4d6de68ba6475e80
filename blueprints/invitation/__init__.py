"""Invitations of workers: from the e-mailed link to a password of their own."""

from flask import Blueprint

bp = Blueprint("invitation", __name__, url_prefix="/invitation")

from blueprints.invitation import routes  # noqa: E402, F401
