"""E-mails about what was written: put with a message for a while later, and dropped when it is read before that.

Each who is told has a row of their own, so that what one of them reads, hands on or does not want changes nothing for the others.
Said inside the transaction that holds the discussion, before anything is written to the audit.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain import clock, covers, notices, reply_links, settings, ways
from domain.actor import Actor
from domain.rules import N_
from models import PENDING, Delivery, Discussion, Message, ReplyLink

TO_CLIENT, TO_WORKER = reply_links.KIND, "client_wrote"
READ = N_("The message was read meanwhile.")
HANDED_ON = N_("Somebody else has it now.")
LOOKED_AT = 200  # of a discussion's e-mails to staff, the last ones


def to_client(discussion: Discussion, first: Message) -> None:
    """An e-mail in a while, unless they read it until then; one for all that is written meanwhile, as long as it can be read by it.

    Who reads it by that e-mail alone gets it at once.
    """
    if not discussion.is_unread or not reply_links.is_told(discussion):
        account = ways.newest(discussion.individual)
        is_only_way = account is None or account.state not in (PENDING, *ways.SIGNS_IN)
        notices.put(TO_CLIENT, discussion.id, to="", individual=discussion.individual, version=first.id,
                    next_at=clock.now() if is_only_way else _in_a_while())  # fmt: skip


def to_workers(discussion: Discussion, first: int, *, mark: str = "", but: Actor | None = None) -> None:
    """The same to everybody who is told (``covers.told``) and has none about what nobody has read yet."""
    knows = _told_already(discussion) if discussion.is_new else set()
    if but is not None and but.worker is not None:
        knows.add(but.worker.id)
    for worker in covers.told(discussion):
        if worker.id not in knows:
            notices.put(TO_WORKER, discussion.id, to=worker.email, worker=worker, individual=discussion.individual,
                        version=f"{first}{mark}", next_at=_in_a_while())  # fmt: skip


def _told_already(discussion: Discussion) -> set[int]:
    """Whose e-mail waits, or went out about something that staff have not read."""
    rows = Delivery.select(Delivery.worker, Delivery.state, Delivery.dedupe_key).where(
        _of(discussion, TO_WORKER), Delivery.state.in_(("due", "leased", "held", "sent"))
    )
    last = rows.order_by(Delivery.id.desc()).limit(LOOKED_AT).tuples()
    return {worker for worker, state, key in last if state in ("due", "held") or _about(key) > discussion.staff_saw}


def _about(key: str) -> int:
    """The message of which an e-mail to staff tells first, from what makes it one of its own."""
    return int(key.split(":")[2].partition(".")[0])


def handed_on(discussion: Discussion, *, but: Actor | None = None) -> None:
    """Somebody else has it now: what is new is theirs to read, and no longer of who had it; ``but`` looks at it in this moment."""
    if not discussion.is_new:
        return
    told = [worker.id for worker in covers.told(discussion)]
    _drop(_of(discussion, TO_WORKER) & Delivery.worker.not_in(told), HANDED_ON)
    wrote = Message.select(Message.id).where(Message.discussion == discussion.id, Message.author == "client")
    newest = wrote.order_by(Message.id.desc()).first()
    if newest is not None:
        to_workers(discussion, newest.id, mark=f".{discussion.version}", but=but)


def read_by_client(discussion: Discussion) -> None:
    """Nothing is new to them any more, so no e-mail says so; what staff asked for goes all the same."""
    asked_for = ReplyLink.select(ReplyLink.link).where(ReplyLink.discussion == discussion.id, ReplyLink.sent_by.is_null(False))
    _drop(_of(discussion, TO_CLIENT) & (Delivery.link.is_null() | Delivery.link.not_in(asked_for)), READ)


def read_by_staff(discussion: Discussion) -> None:
    """The same of staff."""
    _drop(_of(discussion, TO_WORKER), READ)


def _of(discussion: Discussion, kind: str) -> Any:
    mine = Delivery.dedupe_key.startswith(f"{kind}:{discussion.id}:")
    return (Delivery.individual == discussion.individual_id) & (Delivery.kind == kind) & mine


def _drop(theirs: Any, reason: str) -> None:
    waiting = Delivery.update(state="cancelled", last_error=reason)
    waiting.where(theirs, Delivery.state.in_(("due", "held"))).execute()


def _in_a_while() -> dt.datetime:
    return clock.ahead(minutes=settings.get("unread_delay"))
