"""The Inbox: discussions and notices in one list, newest first; how much of it is new; what is found in it (spec 04, Inbox)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import Any

from peewee import fn

from domain import clock, search, settings, statements, store, threads
from models import Attendance, Discussion, Event, Individual, Message, Notice, Site

FILTERS = ("messages", "reminders")
MOST_LETTERS = 100  # of a question
MOST_WORDS = 6


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of the Inbox: a discussion or a notice."""

    at: dt.datetime
    discussion: Discussion | None = None
    notice: Notice | None = None

    @property
    def row(self) -> Discussion | Notice:
        """The row that it is."""
        found = self.discussion or self.notice
        assert found is not None
        return found


@dataclasses.dataclass(frozen=True)
class Wanted:
    """By what the list is narrowed: one of FILTERS, words, and the kinds of notices that these words mean; where a page begins."""

    show: str = ""
    question: str = ""
    kinds: Collection[str] = ()
    older: str = ""


EVERYTHING = Wanted()


def unread(individual: Individual) -> int:
    """How much of somebody's Inbox is new: the same number in the menu, on the tile and in the list."""
    return store.remember(f"unread of {individual.id}", lambda: _count(individual))


def _count(individual: Individual) -> int:
    ((messages, told),) = _UNREAD.rows(individual.id, individual.id, Notice.at.db_value(clock.now()), individual.id)
    return int(told) + (int(messages) if settings.get("discussions") else 0)


def _unread(writes: Any, is_told: Any, now: Any, individual: Any) -> Any:
    messages = Discussion.select(fn.COUNT(Discussion.id)).where(Discussion.individual == writes, Discussion.is_unread)
    told = Notice.select(fn.COUNT(Notice.id)).where(Notice.individual == is_told, Notice.is_unread, Notice.at <= now)
    return Individual.select(messages, told).where(Individual.id == individual)


_UNREAD = statements.Listing(_unread)


def entries(individual: Individual, wanted: Wanted, most: int) -> list[Entry]:
    """So many lines, newest first, older than ``wanted.older`` if that is one of theirs."""
    written, told = _discussions(individual, wanted), _notices(individual, wanted)
    start = _start(individual, wanted.older)
    if start is not None:
        written = written.where(_before(Discussion, Discussion.last_at, start))
        told = told.where(_before(Notice, Notice.at, start))
    found = [Entry(each.last_at, discussion=each) for each in written.limit(most)] if _may_show(wanted, "messages") else []
    if _may_show(wanted, "reminders"):
        found += [Entry(each.at, notice=each) for each in told.limit(most)]
    return sorted(found, key=lambda each: (each.at, each.notice is None, each.row.id), reverse=True)[:most]


def _may_show(wanted: Wanted, which: str) -> bool:
    if which == "messages" and not settings.get("discussions"):
        return False
    return wanted.show in ("", which) and not (which == "reminders" and wanted.question and not wanted.kinds)


def _start(individual: Individual, public_id: str) -> Entry | None:
    """The line at which a page begins, if it is one of theirs."""
    if not public_id:
        return None
    written = threads.of_client(individual).where(Discussion.public_id == public_id).first()
    if written is not None:
        return Entry(written.last_at, discussion=written)
    told = Notice.get_or_none(Notice.individual == individual, Notice.public_id == public_id)
    return Entry(told.at, notice=told) if told is not None else None


def _before(table: Any, column: Any, start: Entry) -> Any:
    """Of two lines of one moment a discussion stands before a notice, and the later row before the earlier."""
    if isinstance(start.row, table):
        return (column < start.at) | ((column == start.at) & (table.id < start.row.id))
    return column <= start.at if table is Notice else column < start.at


def _discussions(individual: Individual, wanted: Wanted) -> Any:
    return found_in(threads.of_client(individual), wanted.question)


def _notices(individual: Individual, wanted: Wanted) -> Any:
    every = (
        Notice.select(Notice, Attendance, Event, Site)
        .left_outer_join(Attendance).left_outer_join(Event).left_outer_join(Site)
        .where(Notice.individual == individual, Notice.at <= clock.now(), ~Notice.is_withdrawn)
    )  # fmt: skip
    if wanted.question:
        every = every.where(Notice.kind.in_(list(wanted.kinds)))
    return every.order_by(Notice.at.desc(), Notice.id.desc())


def words_of(question: str) -> list[str]:
    """The words that are looked for, without case and accents."""
    return search.fold(question[:MOST_LETTERS]).split()[:MOST_WORDS]


def found_in(discussions: Any, question: str) -> Any:
    """The question for discussions, narrowed to those in whose subject, or in one of whose messages, all these words stand.

    Notes of staff are never looked at.
    """
    words = words_of(question)
    if not words:
        return discussions
    said = Message.select(Message.id).where(Message.discussion == Discussion.id, Message.is_note == False)  # noqa: E712
    for word in words:
        said = said.where(Message.folded.contains(word))
    subject = Discussion.folded.contains(words[0])
    for word in words[1:]:
        subject &= Discussion.folded.contains(word)
    return discussions.where(subject | fn.EXISTS(said))
