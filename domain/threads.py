"""What is read of discussions: lists, and the messages of one, by those who may."""

from __future__ import annotations

import dataclasses
from typing import Any

from peewee import SQL, Case, fn

from domain import answering, covers, events, statements
from models import Discussion, Enrolment, EnrolmentWorker, Group, Individual, Message, Service, Worker

SHOWN = 20  # messages of a discussion, the last ones
_OPEN = SQL("'open'")  # written out, so that the index of the open ones is used


def of_client(individual: Any) -> Any:
    """The question for a client's discussions, what was written last first."""
    found = Discussion.select(Discussion, Worker).left_outer_join(Worker)
    return found.where(Discussion.individual == individual).order_by(Discussion.last_at.desc(), Discussion.id.desc())


def one_of_client(individual: Individual, public_id: str) -> Discussion | None:
    """One of these, with who has it."""
    found: Discussion | None = _ONE.first(individual.id, public_id)
    return found


_ONE = statements.Question(lambda individual, public_id: of_client(individual).where(Discussion.public_id == public_id).order_by())


def of_staff(worker: Worker, view: str, among: Any) -> Any:
    """The question for the discussions that a worker may read, with whose they are; ``among`` are the individuals, None for
    everybody."""
    found = Discussion.select(Discussion, Individual, Worker).join(Individual).switch(Discussion).left_outer_join(Worker)
    if among is not None:
        found = found.where(Discussion.individual.in_(among))
    if view == "mine":
        found = found.where(Discussion.state == _OPEN, covers.is_for(worker))
    elif view == "waiting":
        found = found.where(covers.is_anybodys(), Discussion.state == "open")
    return found.order_by(Discussion.last_at.desc(), Discussion.id.desc())


def waiting_for(worker: Worker, among: Any, most: int) -> list[Discussion]:
    """What clients wrote to a worker, to whom they stand in for or to a category of theirs, and nobody answered yet: what is late
    first, then the one that waits longest.  For who sees everybody also what waits where nobody is who may see it."""
    theirs = covers.is_for(worker) | covers.waits_in_categories_of(worker) | (answering.are_late() & covers.is_left_alone_for(worker))
    if among is None:
        theirs |= covers.is_unwatched()
    waits = of_staff(worker, "all", among).where(Discussion.state == "open", Discussion.waits_since.is_null(False), theirs)
    order = Case(None, [(answering.are_late(), 0)], 1), Discussion.waits_since, Discussion.id
    return list(waits.order_by(*order).limit(most))


def late_for(worker: Worker, among: Any, most: int, view: str) -> list[Discussion]:
    """Of the open discussions of a ``view`` of a worker those in which the client waits longer than promised, the one that waits
    longest first."""
    late = of_staff(worker, view, among).where(answering.are_late(), Discussion.state == _OPEN)
    return list(late.order_by(Discussion.answer_by, Discussion.id).limit(most))


@dataclasses.dataclass(frozen=True)
class Page:
    """Messages in the order in which they were written, and whether there are older ones."""

    messages: list[Message]
    has_older: bool

    @property
    def newest(self) -> int:
        """The number of the last one; 0 where there is none."""
        return max((message.id for message in self.messages), default=0)


def messages_of(discussion: Discussion, *, notes: bool, before: str = "") -> Page:
    """The last messages of a discussion, or the last ones ``before`` one of them (its public id)."""
    if not (notes or before):
        return _page(_LAST.all(discussion.id, SHOWN + 1))
    every = _said(discussion.id)
    if not notes:
        every = every.where(Message.is_note == False)  # noqa: E712
    if before and (start := every.where(Message.public_id == before).first()) is not None:
        every = every.where(Message.id < start.id)
    return _page(list(every.order_by(Message.id.desc()).limit(SHOWN + 1)))


def _page(found: list[Message]) -> Page:
    return Page(found[:SHOWN][::-1], len(found) > SHOWN)


def _said(discussion: Any) -> Any:
    return Message.select(*_READ, Worker).left_outer_join(Worker).where(Message.discussion == discussion)


_READ = (Message.id, Message.public_id, Message.author, Message.worker, Message.account, Message.is_note, Message.body, Message.written_at)
_LAST = statements.Listing(
    lambda discussion, most: _said(discussion).where(Message.is_note == False).order_by(Message.id.desc()).limit(most)  # noqa: E712
)


def has_newer_for_client(individual: Individual, public_id: str, after: int, seen: int) -> bool | None:
    """Whether a message came after one in that discussion of theirs, or staff have read further than to ``seen``; None where there is
    no such discussion."""
    found = _NEWER.rows(after, seen, individual.id, public_id)
    return bool(found[0][0]) if found else None


def _newer(after: Any, seen: Any, individual: Any, public_id: Any) -> Any:
    newer = Message.select(Message.id).where(Message.discussion == Discussion.id, Message.id > after, Message.is_note == False)  # noqa: E712
    is_so = Case(None, [(fn.EXISTS(newer), 1), (Discussion.staff_saw > seen, 1)], 0)
    return Discussion.select(is_so).where(Discussion.individual == individual, Discussion.public_id == public_id)


_NEWER = statements.Listing(_newer)


def with_newer(discussions: Any, after: int, seen: int) -> Any:
    """The question for discussions, each with ``has_newer``: whether a message or a note came after one, or the client has read further
    than to ``seen``."""
    newer = Message.select(Message.id).where(Message.discussion == Discussion.id, Message.id > after)
    is_so = Case(None, [(fn.EXISTS(newer), 1), (Discussion.client_saw > seen, 1)], 0)
    return discussions.select_extend(is_so.alias("has_newer"))


def with_whom(discussion: Discussion) -> str:
    """How the client knows who has it; empty while nobody has, or who has left."""
    return events.called(discussion.worker) if discussion.worker_id is not None and discussion.worker.is_active else ""


def group_of(discussion: Discussion) -> Group | None:
    """The group that a discussion is about; None for none."""
    group: Group | None = discussion.group
    return group


def recipients(individual: Individual) -> list[Worker]:
    """Whom a client may write to: the workers of their open enrolments in services that clients see, by name."""
    files = Enrolment.select(Enrolment.id, Enrolment.worker).join(Service).where(
        Enrolment.individual == individual, Enrolment.closed_on.is_null(), Service.is_visible, Service.is_in_use
    )
    further = EnrolmentWorker.select(EnrolmentWorker.worker).where(EnrolmentWorker.enrolment.in_(files.select(Enrolment.id)))
    mine = Worker.id.in_(files.select(Enrolment.worker)) | Worker.id.in_(further)
    return list(Worker.select().where(mine, Worker.is_active).order_by(Worker.sort_name, Worker.id))
