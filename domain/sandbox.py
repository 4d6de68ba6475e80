"""A copy of the portal for trying out: nothing leaves for a real address (spec 08).

The mark is the agency's setting, or the deployer's, whom no page overrules.  It is asked at sending: what was written
before it was set does not leave either.
"""

from __future__ import annotations

from domain import settings

ALLOWED = ("mail_test",)  # goes to the address of the administrator who presses the button, and to nobody else
_by_deployer = False


def use(is_set: bool) -> None:
    """What the environment says; said once at start."""
    global _by_deployer
    _by_deployer = is_set


def is_on() -> bool:
    """True while this is a sandbox."""
    return _by_deployer or bool(settings.get("sandbox"))


def is_by_deployer() -> bool:
    """True where the environment says so, which no setting changes."""
    return _by_deployer


def keeps(kind: str) -> bool:
    """True when a message of this kind must not leave now."""
    return kind not in ALLOWED and is_on()
