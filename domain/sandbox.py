"""A copy of the portal for trying out: nothing leaves for a real address (spec 08).

The mark is the agency's setting, or the deployer's, whom no page overrules.  So it is, without any mark, where the portal lives at
another address than the one that is noted, until an administrator says which of the two this is (``portal_address``).  All of it
is asked at sending: what was written before does not leave either.
"""

from __future__ import annotations

from domain import settings
from domain.rules import N_

ALLOWED = ("mail_test",)  # goes to the address of the administrator who presses the button, and to nobody else
NOTED = "portal_address"  # under which the address is noted that messages lead to
SANDBOX = N_("This is a sandbox: no message leaves.")
MOVED = N_("The portal’s address has changed, and nobody has said yet which portal this is.")
_by_deployer = False
_address = ""


def use(is_set: bool) -> None:
    """What the environment says; said once at start."""
    global _by_deployer
    _by_deployer = is_set


def live_at(address: str) -> None:
    """Where this process serves the portal; said once at start."""
    global _address
    _address = address


def is_on() -> bool:
    """True while this is a sandbox."""
    return _by_deployer or bool(settings.get("sandbox"))


def is_by_deployer() -> bool:
    """True where the environment says so, which no setting changes."""
    return _by_deployer


def address() -> str:
    """Where this process serves the portal."""
    return _address


def is_moved() -> bool:
    """True where that is not the address that is noted, and no mark says already that this is a copy: somebody has to say."""
    noted = settings.noted(NOTED)
    return bool(noted and _address and noted != _address) and not is_on()


def why_kept(kind: str) -> str:
    """Why a message of this kind must not leave now; empty when it may."""
    if kind in ALLOWED:
        return ""
    return SANDBOX if is_on() else MOVED if is_moved() else ""


def keeps(kind: str) -> bool:
    """True when a message of this kind must not leave now."""
    return bool(why_kept(kind))
