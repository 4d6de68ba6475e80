"""Metrics: what a monitoring program reads with its token."""

from flask import Blueprint

bp = Blueprint("metrics", __name__)

from blueprints.metrics import routes  # noqa: E402, F401
