"""What somebody came for waits in the browser until their account is active."""

from flask import current_app

from web import carried

LATER = carried.Place("later", "/activate/")


def wanted() -> str:
    """The page that they came for; empty when there is none, or it was too long ago."""
    return str((LATER.read(current_app) or {}).get("path", ""))
