"""One pair of the outbox figure: plain smtplib on one connection, then the portal's dispatcher; e-mails per second."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import config as configuration
from app import create_app
from bench.servers import pinned
from domain import agency, clock, dispatch, letters, notices, settings, store
from domain.actor import SYSTEM
from gateways import mail
from gateways.smtp import SmtpMail
from models import ChannelHealth, Delivery, PortalAccount

EMAILS = 400
# As plain as a mail server can be, on the other core, so that it is not what is measured.
SINK = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    line, _ = listener.accept()
    file = line.makefile("rwb")
    def say(text):
        file.write(text + b"\\r\\n"); file.flush()
    say(b"220 sink")
    for command in file:
        word = command[:4].upper()
        if word == b"DATA":
            say(b"354 go on")
            for text in file:
                if text == b".\\r\\n": break
            say(b"250 taken")
        elif word == b"QUIT":
            say(b"221 bye"); break
        else:
            say(b"250 well")
    line.close()
"""


@contextlib.contextmanager
def sink() -> Iterator[int]:
    """A mail server that takes everything: its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(pinned(1, [sys.executable, "-c", SINK, str(port)]))
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.01)
        yield port
    finally:
        process.kill()
        process.wait()


def put(accounts: list[PortalAccount], first: int) -> None:
    """Write so many messages into the outbox."""
    with store.writing():
        for number in range(EMAILS):
            account = accounts[number % len(accounts)]
            notices.put("password_changed", first + number, to=account.email, account=account, individual=account.individual)


def plain(deliveries: list[Delivery], port: int, sender: str) -> float:
    """Build and send the same with smtplib on one kept connection; per second."""
    house = agency.settled()
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as line:
        for delivery in deliveries:
            language = letters.language_of(delivery)
            text = letters.letter(delivery, "https://portal.bench.example")
            words, html = letters.bodies(text, language, "https://portal.bench.example")
            message = mail.build(
                sender=sender, sender_name=house.short_name, recipient=delivery.to_address, subject=text.subject, text=words,
                html=html, message_id=notices.message_id(delivery, "bench.example"), date=clock.now(),
            )  # fmt: skip
            line.send_message(message)
    return len(deliveries) / (time.perf_counter() - began)


def ours(port: int, sender: str, portal_url: str) -> float:
    """Let the dispatcher send all that is due; per second."""
    began = time.perf_counter()

    def way() -> SmtpMail:
        return SmtpMail(host="127.0.0.1", port=port, security="none", user="", password="", sender_domain="bench.example")

    dispatch.deliver_due(way, portal_url=portal_url, sender=sender)
    taken = time.perf_counter() - began
    left = Delivery.select().where(Delivery.state.in_(("due", "leased"))).count()
    if left:
        raise RuntimeError(f"{left} e-mails were not sent")
    return EMAILS / taken


def main() -> None:
    """Print e-mails per second: plain, ours."""
    config = configuration.from_environment()
    create_app(config)
    sender = config.smtp.sender if config.smtp else "portal@bench.example"
    with store.connection(), sink() as port:
        settings.change("mail_rate", "0", SYSTEM)
        with store.writing():
            ChannelHealth.update(slot_at=None, down_since=None, probe_at=None).execute()
            Delivery.update(state="cancelled").where(Delivery.state.in_(("due", "leased"))).execute()
        accounts = list(PortalAccount.select().where(PortalAccount.state == "active").limit(100))
        put(accounts, int(time.time() * 1000) % 1_000_000_000)
        due = list(Delivery.select().where(Delivery.state == "due").order_by(Delivery.id))
        print(plain(due, port, sender), ours(port, sender, config.portal_url))


if __name__ == "__main__":
    main()
