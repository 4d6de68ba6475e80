"""Sends what the outbox holds: claim, render, hand over, settle; never inside a transaction."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import urlsplit

import css_inline

from domain import agency, clock, letters, notices, sandbox, store
from domain.leases import Claim
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


def rest(seconds: float) -> None:
    """Do nothing for so long, unless the process is about to end."""
    _stopping.wait(seconds)


def deliver_due(open_mail: Callable[[], Mail], *, portal_url: str, sender: str, seconds: float = 50.0) -> int:
    """Send what is due until nothing is, ``seconds`` have passed or the process stops; how many were handed over.

    Any number of dispatchers may run at once: a lease makes sure that each delivery is in one hand only.
    """
    end, sent, gateway, claim = time.monotonic() + seconds, 0, None, None

    def goes_on() -> bool:
        return not _stopping.is_set() and time.monotonic() < end

    try:
        while claim is not None or goes_on():
            with store.remembering():
                claim = notices.claim() if claim is None else claim
                if isinstance(claim, float):
                    if not claim or _stopping.wait(min(claim, max(0.0, end - time.monotonic()))):
                        break
                    claim = None
                    continue
                if sandbox.keeps(claim.delivery.kind):
                    notices.keep_back(claim)
                    claim = None
                    continue
                gateway = gateway or open_mail()
                is_sent, claim = _deliver(claim, gateway, portal_url, sender, goes_on)
                sent += is_sent
    finally:
        if gateway is not None:
            gateway.close()
    return sent


Next = Claim | float | None  # None: not asked yet


def _deliver(claim: Claim, gateway: Mail, portal_url: str, sender: str, goes_on: Callable[[], bool]) -> tuple[bool, Next]:
    """Whether it was handed over, and the next."""
    try:
        message = _written(claim, portal_url, sender)
        if message is None:
            return False, None
        outcome = gateway.send(message, claim.delivery.to_address)
        done, following = notices.settle_and_claim(claim, outcome) if goes_on() else (notices.settle(claim, outcome), None)
        return done and outcome.verdict is Verdict.ACCEPTED, following
    except Exception:  # a letter that cannot be written stops nobody; its lease ends and it is tried again
        log.exception("delivery %s cannot be sent", claim.delivery.id)
        return False, None


def _written(claim: Claim, portal_url: str, sender: str) -> EmailMessage | None:
    """The message, or None when it is not to be sent; then that is settled."""
    try:
        return _message(claim, portal_url, sender)
    except letters.Unreached as reason:
        notices.suppress(claim, str(reason), is_problem=True, worker=reason.worker)
    except letters.Unwanted as reason:
        notices.suppress(claim, str(reason))
    except Exception as error:
        if store.is_storage_fault(error):
            raise  # the lease ends, and it is tried again
        log.exception("a letter could not be written")
        notices.settle(claim, Outcome(Verdict.RETRY, None, N_("The text could not be made."), False))
    return None


def _one_click(stop: str) -> dict[str, str]:
    """The headers by which a mail program stops e-mails of a kind with one tap (RFC 2369, RFC 8058)."""
    return {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if stop else {}


def _message(claim: Claim, portal_url: str, sender: str) -> EmailMessage | None:
    delivery = claim.delivery
    text = letters.letter(delivery, portal_url)  # a reset learns its address by this
    plain, html = letters.bodies(text, letters.language_of(delivery), portal_url)
    house = agency.current()
    try:
        return post.build(
            sender=sender, sender_name=house.short_name if house else "Doorstep", recipient=delivery.to_address,
            subject=text.subject, text=plain, html=_inliner.inline(html),
            message_id=notices.message_id(delivery, urlsplit(portal_url).hostname or "localhost"), date=clock.now(),
            extra=_one_click(text.stop),
        )  # fmt: skip
    except ValueError:
        notices.suppress(claim, N_("This address cannot receive e-mail from here."))
        return None
