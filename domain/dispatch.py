"""Sends what the outbox holds: claim, render, hand over, settle; never inside a transaction."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import urlsplit

import css_inline

from domain import agency, clock, letters, notices, store
from domain.notices import Claim
from domain.rules import N_
from gateways import mail as post
from gateways.mail import Mail, Outcome, Verdict

log = logging.getLogger(__name__)
_inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
_stopping = threading.Event()


def stop() -> None:
    """Let running dispatchers end after the message in hand."""
    _stopping.set()


def go_on() -> None:
    """Allow dispatchers to run (again)."""
    _stopping.clear()


def is_stopping() -> bool:
    """True once the process is about to end: whatever takes long ends at its next step."""
    return _stopping.is_set()


def deliver_due(open_mail: Callable[[], Mail], *, portal_url: str, sender: str, seconds: float = 50.0) -> int:
    """Send what is due until nothing is, ``seconds`` have passed or the process stops; how many were handed over.

    Any number of dispatchers may run at once: a lease makes sure that each delivery is in one hand only.
    """
    end, sent, gateway = time.monotonic() + seconds, 0, None
    try:
        while not _stopping.is_set() and time.monotonic() < end:
            with store.remembering():
                claim = notices.claim()
                if isinstance(claim, float):
                    if not claim or _stopping.wait(min(claim, max(0.0, end - time.monotonic()))):
                        break
                    continue
                gateway = gateway or open_mail()
                try:
                    sent += _deliver(claim, gateway, portal_url, sender)
                except Exception:  # a letter that cannot be written stops nobody; its lease ends and it is tried again
                    log.exception("delivery %s cannot be sent", claim.delivery.id)
    finally:
        if gateway is not None:
            gateway.close()
    return sent


def _deliver(claim: Claim, gateway: Mail, portal_url: str, sender: str) -> bool:
    try:
        message = _message(claim, portal_url, sender)
    except letters.Unwanted as reason:
        notices.suppress(claim, str(reason))
        return False
    except Exception as error:
        if store.is_storage_fault(error):
            raise  # the lease ends, and it is tried again
        log.exception("a letter could not be written")
        notices.settle(claim, Outcome(Verdict.RETRY, None, N_("The text could not be made."), False))
        return False
    if message is None:
        return False
    outcome = gateway.send(message, claim.delivery.to_address)
    return notices.settle(claim, outcome) and outcome.verdict is Verdict.ACCEPTED


def _message(claim: Claim, portal_url: str, sender: str) -> EmailMessage | None:
    text = letters.letter(claim.delivery, portal_url)
    fresh = type(claim.delivery).get_by_id(claim.delivery.id)  # a reset learns its address while it is written
    claim.delivery.to_address = fresh.to_address
    language = letters.language_of(fresh)
    plain, html = letters.bodies(text, language, portal_url)
    house = agency.current()
    try:
        return post.build(
            sender=sender, sender_name=house.short_name if house else "Doorstep", recipient=fresh.to_address,
            subject=text.subject, text=plain, html=_inliner.inline(html),
            message_id=notices.message_id(fresh, urlsplit(portal_url).hostname or "localhost"), date=clock.now(),
        )  # fmt: skip
    except ValueError:
        notices.suppress(claim, N_("This address cannot receive e-mail from here."))
        return None
