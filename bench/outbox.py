"""The outbox figure: plain smtplib on one kept connection, then the portal's dispatcher, in turn; e-mails per second.

Both hand over the same messages.  For plain smtplib they are written out before, subject, text and HTML; what it does in
its time is to build each as an ``EmailMessage`` and to send it, and nothing of the portal.
"""

from __future__ import annotations

import dataclasses
import itertools
import smtplib
import sys
import time
from email.message import EmailMessage
from typing import IO

import config as configuration
from app import create_app
from bench.servers import sink
from domain import dispatch, notices, settings, store
from domain.actor import SYSTEM
from domain.leases import Claim
from gateways.smtp import SmtpMail
from models import ChannelHealth, Delivery, PortalAccount

EMAILS = 400
HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")
_numbers = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Written:
    """What a message says, as plain text."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


def put(accounts: list[PortalAccount]) -> None:
    """Write so many messages into the outbox."""
    with store.writing():
        for number in itertools.islice(_numbers, EMAILS):
            account = accounts[number % len(accounts)]
            notices.put("password_changed", 10**9 + number, to=account.email, account=account, individual=account.individual)


def written_out(sender: str, portal_url: str) -> list[Written]:
    """What the portal is about to send."""
    due = Delivery.select().where(Delivery.state == "due").order_by(Delivery.id)
    letters = [dispatch._message(Claim(delivery, ""), portal_url, sender) for delivery in due]
    return [_as_text(message) for message in letters if message is not None]


def _as_text(message: EmailMessage) -> Written:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return Written(tuple((name, str(message[name])) for name in HEADERS), text.get_content(), html.get_content())


def plain(messages: list[Written], port: int) -> float:
    """Build and send with smtplib; per second."""
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as line:
        for written in messages:
            message = EmailMessage()
            for name, value in written.headers:
                message[name] = value
            message.set_content(written.text, cte="quoted-printable")
            message.add_alternative(written.html, subtype="html", cte="quoted-printable")
            line.send_message(message)
    return len(messages) / (time.perf_counter() - began)


def ours(port: int, sender: str, portal_url: str) -> float:
    """Let the dispatcher send all that is due; per second."""
    began = time.perf_counter()

    def way() -> SmtpMail:
        return SmtpMail(host="127.0.0.1", port=port, security="none", user="", password="", sender_domain="bench.example")

    sent = dispatch.deliver_due(way, portal_url=portal_url, sender=sender, seconds=600)
    taken = time.perf_counter() - began
    if sent != EMAILS or Delivery.select().where(Delivery.state.in_(("due", "leased"))).exists():
        raise RuntimeError(f"{sent} e-mails were sent")
    return EMAILS / taken


def taken(said: IO[str]) -> float:
    """The bytes of an average message of the last connection.  Raises RuntimeError unless all of them came."""
    messages, size = map(int, said.readline().split())
    if messages != EMAILS:
        raise RuntimeError(f"{messages} e-mails came")
    return size / messages


def main(pairs: int) -> None:
    """Print a line for each pair: plain, ours.  The one before them fills what both keep."""
    config = configuration.from_environment()
    create_app(config)
    sender = config.smtp.sender if config.smtp else "portal@bench.example"
    with store.connection(), sink() as (port, said):
        settings.change("mail_rate", "0", SYSTEM)
        with store.writing():
            ChannelHealth.update(slot_at=None, down_since=None, probe_at=None).execute()
            Delivery.update(state="cancelled").where(Delivery.state.in_(("due", "leased"))).execute()
        accounts = list(PortalAccount.select().where(PortalAccount.state == "active").limit(100))
        for pair in range(pairs + 1):
            put(accounts)
            with store.remembering():
                messages = written_out(sender, config.portal_url)
            speeds = plain(messages, port), ours(port, sender, config.portal_url)
            theirs, mine = taken(said), taken(said)
            if abs(theirs - mine) > 0.02 * mine:
                raise RuntimeError(f"not the same message: {theirs} and {mine} bytes")
            if pair:
                print(*speeds, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
