"""Inbox: what the client and the agency write to each other."""

from flask import Blueprint

bp = Blueprint("inbox", __name__, url_prefix="/inbox")

from blueprints.inbox import files, routes  # noqa: E402, F401
