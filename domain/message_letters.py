"""What is written of messages, made at sending: that they are still unread is looked at again.  It holds no word of them."""

from __future__ import annotations

from domain import agency, arrivals, event_letters, message_texts, reply_links, settings, texts, wanted, ways
from domain.event_messages import OFF
from domain.letter_parts import Letter, Unreached, Unwanted, language_for, language_of
from domain.message_notices import READ as READ
from domain.rules import N_
from models import Delivery, Discussion, Individual


def to_client(delivery: Delivery, portal_url: str) -> Letter:
    """To the client: something new waits, in the portal or behind a link.  Raises Unwanted."""
    found = _told_of(delivery)
    if (not found.is_unread or _is_told_anew(delivery)) and not reply_links.is_asked_for(delivery):
        raise Unwanted(READ)
    way = ways.of(found.individual)
    if way.missing:
        raise Unreached(way.missing[0].message, reply_links.holder(found))
    wanted.must_be(delivery)
    event_letters.address_to(delivery, found.individual)
    tongue = language_of(delivery)
    if way.kind == ways.REPLY_LINK:
        return _by_link(tongue, delivery, found, portal_url)
    first = [texts.say(tongue, N_("To read it, activate your portal account first."))] if way.kind == ways.ACTIVATION else []
    return Letter(
        texts.say(tongue, N_("You have a new message")),
        (texts.say(tongue, N_("Hello,")), *message_texts.in_force("message_waiting", tongue).split("\n"), *first),
        (texts.say(tongue, N_("Read it in the portal")), f"{portal_url}{arrivals.leading_to(way.account, f'/inbox/{found.public_id}/')}"),
    )


def _by_link(tongue: str, delivery: Delivery, found: Discussion, portal_url: str) -> Letter:
    """To who has no account: the link opens this discussion, after the date of birth.  Raises Unwanted."""
    made = reply_links.of_delivery(delivery, found)
    if made is None:
        raise Unwanted(reply_links.why_ended(delivery))
    until = texts.moment(tongue, made.link.expires_at.astimezone(agency.zone()))
    is_asked_for = reply_links.is_asked_for(delivery)
    told = N_("Here is a new link to what we wrote to you.") if is_asked_for else N_("There is a new message for you.")
    return Letter(
        texts.say(tongue, N_("You have a new message")),
        (texts.say(tongue, N_("Hello,")), texts.say(tongue, told), texts.say(tongue, N_("You are asked for your date of birth first."))),
        (texts.say(tongue, N_("Read and answer")), f"{portal_url}/reply/{reply_links.token(made)}"),
        (
            texts.say(tongue, N_("The link works until %(until)s."), until=until),
            texts.say(tongue, N_("If this is not for you, please delete it.")),
        ),
    )  # fmt: skip


def link_closed(delivery: Delivery, portal_url: str) -> Letter:
    """To whom the link was sent: it was stopped.  Raises Unwanted."""
    event_letters.address_to(delivery, delivery.individual)
    tongue, phone = language_of(delivery), agency.support_phone()
    call = N_("To get a new link, call us on %(phone)s.") if phone else N_("Please call us.")
    return Letter(
        texts.say(tongue, N_("A link of yours was stopped")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("A wrong date of birth was entered, so the link we sent you no longer works. Nobody got in.")),
            texts.say(tongue, call, phone=texts.apart(tongue, phone)),
        ),
    )


def to_worker(delivery: Delivery, portal_url: str) -> Letter:
    """To who has a discussion, or follows it: a client wrote.  Raises Unwanted."""
    found = _told_of(delivery)
    if not delivery.worker.is_active:
        raise Unwanted(N_("This worker has left."))
    if not found.is_new or _is_told_anew(delivery):
        raise Unwanted(READ)
    tongue = language_for(None)
    return Letter(
        texts.say(tongue, N_("A client wrote to you")),
        (texts.say(tongue, N_("Hello,")), texts.say(tongue, N_("A client wrote a message that nobody has read yet."))),
        (texts.say(tongue, N_("Read it")), f"{portal_url}/admin/discussions/{found.public_id}/"),
    )


def overdue(delivery: Delivery, portal_url: str) -> Letter:
    """To who can answer what was not answered by the promised day.  Raises Unwanted."""
    found = _told_of(delivery)
    if not delivery.worker.is_active:
        raise Unwanted(N_("This worker has left."))
    if found.waits_since is None:
        raise Unwanted(N_("The message was answered meanwhile."))
    tongue = language_for(None)
    return Letter(
        texts.say(tongue, N_("A client waits longer than promised")),
        (
            texts.say(tongue, N_("Hello,")),
            texts.say(tongue, N_("A message of a client was not answered by the day that they were promised.")),
        ),
        (texts.say(tongue, N_("Read it")), f"{portal_url}/admin/discussions/{found.public_id}/"),
    )


def _is_told_anew(delivery: Delivery) -> bool:
    """True where what this one tells was read, and what came after that has an e-mail of its own: this one was late."""
    same = delivery.dedupe_key.rsplit(":", 4)[0]  # the kind and the discussion
    newer = Delivery.select().where(
        Delivery.individual == delivery.individual_id, Delivery.id > delivery.id, Delivery.dedupe_key.startswith(f"{same}:"),
        Delivery.state.in_(("due", "leased", "sent")),
    )  # fmt: skip
    theirs = Delivery.worker == delivery.worker_id if delivery.worker_id is not None else Delivery.worker.is_null()
    return bool(newer.where(theirs).exists())


def _told_of(delivery: Delivery) -> Discussion:
    if not settings.get("discussions"):
        raise Unwanted(OFF)
    found: Discussion = Discussion.select(Discussion, Individual).join(Individual).where(
        Discussion.id == int(delivery.dedupe_key.split(":")[1])
    ).get()  # fmt: skip
    return found
