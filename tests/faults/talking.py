"""A worker and clients who write to each other, in a process that may be killed; what each of them does is an act (``nursery.act``)."""

import hashlib
import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from domain import attachments, clock, discussions, events, reply_links, replying, ways
from domain.actor import Actor
from models import Delivery, Discussion, Individual, Message, PortalAccount, Site, Worker

Act = Callable[[str, int], AbstractContextManager[dict[str, Any]]]
CLIENTS = 6  # two without an account, two who are to activate theirs, two who sign in


def body_of(number: int) -> bytes:
    """The file that goes with a message: in three pieces, and no other one is like it."""
    return hashlib.sha256(str(number).encode()).digest() * 17_000


def _file(number: int) -> list[attachments.Ready]:
    body = body_of(number)
    return [attachments.Ready(f"{number}.pdf", "application/pdf", len(body), hashlib.sha256(body).hexdigest(), io.BytesIO(body))]


def talk(first: int, act: Act, clients: list[Individual]) -> None:
    """One discussion after the other, for ever: the worker writes twice and books something; whoever has got the mail of an earlier
    one answers, once by a link or twice in the portal; and the worker answers that."""
    dora = Worker.get()
    staff = Actor(worker=dora)
    for number in itertools.count(first):
        who = clients[number % CLIENTS]
        with act("start", number) as done:
            made = discussions.start(who, f"About {number}", f"start {number}", staff, worker=dora, files=_file(number) if number % 2 else ())
            done["message"] = Message.get(Message.discussion == made.id).public_id
        with act("more", number) as done:
            done["message"] = discussions.write(made, f"more {number}", staff).public_id
        with act("book", number) as done:
            done["event"] = _book(dora, who, number, staff).public_id
        for found in _has_mail("message_waiting", Discussion.is_unread):
            _answer(found, number, act)
        for found in _has_mail("client_wrote", Discussion.is_new):
            with act("reply", number) as done:
                done["message"] = discussions.write(found, f"reply {number}", staff).public_id
        if ways.of(who).kind == ways.PORTAL:
            with act("question", number) as done:
                asked = discussions.start(who, f"Question {number}", f"question {number}", _as(who), worker=dora, files=_file(-number))
                done["message"] = Message.get(Message.discussion == asked.id).public_id


def _book(worker: Worker, who: Individual, number: int, by: Actor) -> Any:
    return events.book(events.Plan(worker, clock.ahead(hours=60 + 2 * number), 50, Site.get(), [who]), by)


def _as(who: Individual) -> Actor:
    return Actor(account=PortalAccount.get(PortalAccount.individual == who))


def _has_mail(kind: str, condition: Any) -> Iterator[Discussion]:
    """The newest discussion whose mail of that kind has left and that waits for its reader."""
    sent = Delivery.select(Delivery.dedupe_key).where(Delivery.kind == kind, Delivery.state == "sent")
    ids = [int(row.dedupe_key.split(":")[1]) for row in sent.order_by(Delivery.id.desc()).limit(20)]
    return iter(Discussion.select().where(Discussion.id.in_(ids), condition).order_by(Discussion.id.desc()).limit(1))


def _answer(found: Discussion, number: int, act: Act) -> None:
    who = found.individual
    if ways.of(who).kind == ways.PORTAL:
        for again in ("answer", "once more"):
            with act(again, number) as done:
                done["message"] = discussions.write(found, f"{again} {number}", _as(who)).public_id
    elif ways.of(who).kind == ways.REPLY_LINK and (link := reply_links.newest(found)) is not None:
        by = Actor(network=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        with act("by link", number) as done:
            proof = reply_links.prove_birth_date(link, who.birth_date, by)
            done["message"] = replying.answer(link, f"by link {number}", by, proof=proof).public_id


