"""Is the portal open?  In production only once a test e-mail arrived: one that a developer switched on is not."""

from __future__ import annotations

from flask import current_app

from domain import agency, readiness


def mail_test_needed() -> bool:
    """True in production: without e-mail nobody could activate an account."""
    return not current_app.extensions["doorstep"].development


def checklist() -> list[readiness.Step]:
    """What a new agency has to do, in order."""
    return readiness.steps(mail_test_needed=mail_test_needed())


def is_open() -> bool:
    """True once clients and staff may come in."""
    return agency.is_on(mail_test_needed=mail_test_needed())
