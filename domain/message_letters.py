"""What is written of messages, made at sending: that they are still unread is looked at again.  It holds no word of them."""

from __future__ import annotations

from domain import event_letters, message_texts, settings, texts
from domain.event_messages import OFF
from domain.letter_parts import Letter, Unwanted, language_for, language_of
from domain.rules import N_
from models import Delivery, Discussion, Individual

READ = N_("The message was read meanwhile.")


def to_client(delivery: Delivery, portal_url: str) -> Letter:
    """To the client: something new waits behind the sign-in.  Raises Unwanted."""
    found = _told_of(delivery)
    if not found.is_unread:
        raise Unwanted(READ)
    event_letters.address_to(delivery, found.individual)
    if not event_letters.has_portal(found.individual):
        raise Unwanted(N_("The account has ended."))
    tongue = language_of(delivery)
    return Letter(
        texts.say(tongue, N_("You have a new message")),
        (texts.say(tongue, N_("Hello,")), *message_texts.in_force("message_waiting", tongue).split("\n")),
        (texts.say(tongue, N_("Read it in the portal")), f"{portal_url}/inbox/{found.public_id}/"),
    )


def to_worker(delivery: Delivery, portal_url: str) -> Letter:
    """To who has a discussion, or follows it: a client wrote.  Raises Unwanted."""
    found = _told_of(delivery)
    if not delivery.worker.is_active:
        raise Unwanted(N_("This worker has left."))
    if not found.is_new:
        raise Unwanted(READ)
    tongue = language_for(None)
    return Letter(
        texts.say(tongue, N_("A client wrote to you")),
        (texts.say(tongue, N_("Hello,")), texts.say(tongue, N_("A client wrote a message that nobody has read yet."))),
        (texts.say(tongue, N_("Read it")), f"{portal_url}/admin/discussions/{found.public_id}/"),
    )


def _told_of(delivery: Delivery) -> Discussion:
    if not settings.get("discussions"):
        raise Unwanted(OFF)
    found: Discussion = Discussion.select(Discussion, Individual).join(Individual).where(
        Discussion.id == int(delivery.dedupe_key.split(":")[1])
    ).get()  # fmt: skip
    return found
