"""The virus scanner that a deployer may name: asked about a file before anything of ours opens it, and before it is kept (T18).

Where none is named nothing is asked.  One that is named and does not answer means that no file is taken.
"""

from __future__ import annotations

import logging
import threading
import time

from domain import store
from gateways import scanner

SECONDS = 10.0  # for one file
LEAST = 1.0  # with less left of a form's time nobody is asked
PING_SECONDS, PING_EACH = 2.0, 60.0  # how long a check of health waits, and how often it asks
log = logging.getLogger(__name__)
_address: scanner.Address | None = None
_known = (0.0, False)  # until when it is believed that the scanner is silent, or that it is not
_pinging = threading.Lock()


def use(address: scanner.Address | None) -> None:
    """Where the scanner is, if there is one; said once at start."""
    global _address, _known
    _address, _known = address, (0.0, False)


def why_not(body: bytes, seconds: float) -> str:
    """Why these bytes must not be kept: ``infected``, ``unscanned`` (too large for the scanner), ``no_scanner``, ``too_long``; or
    nothing.  Said before the transaction: it takes its time."""
    if _address is None:
        return ""
    store.must_be_idle()
    if seconds < LEAST:
        return "too_long"
    try:
        answer = scanner.scan(_address, body, seconds=min(SECONDS, seconds))
    except scanner.NoAnswer as why:
        _note(is_silent=True)
        log.warning("the virus scanner does not answer, so a file was refused: %s", why)
        return "no_scanner"
    _note(is_silent=False)
    if answer.verdict == "infected":
        log.warning("the virus scanner found %s, so a file was refused", answer.found)
        return "infected"
    if answer.verdict == "too_large":
        log.warning("a file of %s bytes was refused: StreamMaxLength of the virus scanner is less", len(body))
        return "unscanned"
    return ""


def is_silent() -> bool:
    """True where a scanner is named and does not answer.  It is asked at most once a minute, and never by two at once."""
    if _address is None:
        return False
    if time.monotonic() >= _known[0] and _pinging.acquire(blocking=False):
        try:
            _note(is_silent=not scanner.is_there(_address, seconds=PING_SECONDS))
        finally:
            _pinging.release()
    return _known[1]


def _note(*, is_silent: bool) -> None:
    global _known
    _known = (time.monotonic() + PING_EACH, is_silent)
