"""Signing in and out, and a forgotten password: one sign-in page for clients and staff."""

from flask import Blueprint

bp = Blueprint("signing", __name__)

from blueprints.signing import former_address, routes, second_step, unlocking  # noqa: E402, F401
