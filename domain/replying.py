"""What is done by a reply link once the date of birth was given: read, and answer once."""

from __future__ import annotations

from collections.abc import Sequence

from domain import attachments, audit, discussions, reply_links, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import Discussion, Message, ReplyLink


def answer(found: ReplyLink, body: str, by: Actor, *, proof: str, files: Sequence[attachments.Ready] = ()) -> Message:
    """The client's one answer; the link is spent.

    Of two at once exactly one is kept.  Raises RuleBroken as ``discussions.write`` does, and ``not_proved`` and ``no_longer``.
    """
    assert by.worker is None
    assert by.account is None
    _must_be_proved(found, proof)
    with store.writing():
        held: Discussion = store.lock(Discussion.select().where(Discussion.id == found.discussion_id)).get()
        if not reply_links.spend(found):
            raise reply_links.no_longer()
        made = discussions.write(held, body, by, files)
        audit.record("reply_link.answered", by, individual=held.individual, subject=discussions.named(held))
    return made


def said_by_itself(found: ReplyLink) -> Message | None:
    """What the portal answered to the answer by a link that is spent, whose reader has no other way to it; None for nothing."""
    if found.ended != "answered":
        return None
    theirs = Message.select().where(
        Message.discussion == found.discussion_id, Message.author == "automatic", Message.written_at >= found.ended_at
    )
    said: Message | None = theirs.order_by(Message.id).first()
    return said


def seen(found: ReplyLink, last: int, by: Actor, *, proof: str) -> None:
    """They have read up to a message.  Raises RuleBroken as ``answer`` does."""
    _must_be_proved(found, proof)
    discussions.seen(found.discussion, last, by)


def _must_be_proved(found: ReplyLink, proof: str) -> None:
    if not reply_links.is_proved(found, proof):
        raise RuleBroken(N_("Please enter your date of birth again."), code="not_proved")
