"""The Inbox: discussions and notices in one list, newest first; how much of it is new; what is found in it (spec 04, Inbox)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection
from typing import Any

from peewee import SQL, fn

from domain import clock, inbox_notices, search, settings, statements, store, threads
from models import Attendance, Discussion, Document, Event, Individual, Message, Notice, Site, Worker

FILTERS = ("messages", "reminders", "tasks")
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
    messages, told = store.remember(f"unread of {individual.id}", lambda: _count(individual))
    return int(told) + (int(messages) if settings.get("discussions") else 0)


def has_new_notices(individual: Individual) -> bool:
    """Whether some of that are notices."""
    return bool(store.remember(f"unread of {individual.id}", lambda: _count(individual))[1])


def _count(individual: Individual) -> tuple[int, int]:
    """New discussions and new notices, by one question."""
    now = Notice.at.db_value(clock.now())
    (counted,) = _UNREAD.rows(individual.id, individual.id, now, now, individual.id)
    return tuple(counted)


def know(individual: Individual, messages: int, told: int) -> None:
    """What was counted already, with the session: it holds until something is written."""
    store.remember(f"unread of {individual.id}", lambda: (messages, told))


def counts(writes: Any, is_told: Any, now: Any, same: Any) -> tuple[Any, Any]:
    """The questions for how many discussions and how many notices of an individual are new, by the number of that one (twice) and the
    moment (twice)."""
    messages = Discussion.select(fn.COUNT(Discussion.id)).where(Discussion.individual == writes, Discussion.is_unread)
    is_new = Notice.is_unread & (Notice.at <= now) & ~inbox_notices.is_past(same)
    told = Notice.select(fn.COUNT(Notice.id)).where(Notice.individual == is_told, is_new)
    return messages, told


def _unread(writes: Any, is_told: Any, now: Any, same: Any, individual: Any) -> Any:
    return Individual.select(*counts(writes, is_told, now, same)).where(Individual.id == individual)


_UNREAD = statements.Listing(_unread)


def entries(individual: Individual, wanted: Wanted, most: int) -> list[Entry]:
    """So many lines, newest first, older than ``wanted.older`` if that is one of theirs."""
    start = _start(individual, wanted.older)
    found = [Entry(each.last_at, discussion=each) for each in _discussions(individual, wanted, start, most)]
    found += [Entry(each.at, notice=each) for each in _notices(individual, wanted, start, most)]
    return sorted(found, key=lambda each: (each.at, each.notice is None, each.row.id), reverse=True)[:most]


def _start(individual: Individual, public_id: str) -> Entry | None:
    """The line at which a page begins, if it is one of theirs."""
    if not public_id:
        return None
    written = threads.one_of_client(individual, public_id)
    if written is not None:
        return Entry(written.last_at, discussion=written)
    told = Notice.get_or_none(Notice.individual == individual, Notice.public_id == public_id)
    return Entry(told.at, notice=told) if told is not None else None


_NONE, _ANY = -1, 2**62  # numbers that no row falls short of, and that every row does


def _place(table: Any, start: Entry | None) -> tuple[dt.datetime, int]:
    """Where the rows of a table go on: before a moment, and of that moment before a number.

    Of two lines of one moment a discussion stands before a notice, and the later row before the earlier.
    """
    if start is None:
        return clock.now() + dt.timedelta(seconds=1), _NONE  # what is told later is not there yet
    if isinstance(start.row, table):
        return start.at, start.row.id
    return start.at, _ANY if table is Notice else _NONE


def _discussions(individual: Individual, wanted: Wanted, start: Entry | None, most: int) -> list[Discussion]:
    if not settings.get("discussions") or wanted.show in ("reminders", "tasks"):
        return []
    at, number = _place(Discussion, start)
    if words_of(wanted.question):
        found = found_in(_written_by(individual, at, at, at, number), wanted.question)
        return list(found.limit(most))
    moment = Discussion.last_at.db_value(at)
    return _WRITTEN.all(individual.id, moment, moment, moment, number, most)


def _written_by(individual: Any, upto: Any, before: Any, same: Any, number: Any) -> Any:
    columns = (Discussion.id, Discussion.public_id, Discussion.subject, Discussion.last_at, Discussion.state, Discussion.category,
               Discussion.is_unread)  # fmt: skip
    whose = (Worker.id, Worker.is_active, Worker.first_name, Worker.last_name, Worker.display_name)
    every = Discussion.select(*columns, *whose).left_outer_join(Worker)
    earlier = (Discussion.last_at < before) | ((Discussion.last_at == same) & (Discussion.id < number))
    return every.where(Discussion.individual == individual, Discussion.last_at <= upto, earlier).order_by(
        Discussion.last_at.desc(), Discussion.id.desc()
    )


_WRITTEN = statements.Listing(lambda *asked: _written_by(*asked[:-1]).limit(asked[-1]))


def _notices(individual: Individual, wanted: Wanted, start: Entry | None, most: int) -> list[Notice]:
    if wanted.show == "messages":
        return []
    at, number = _place(Notice, start)
    if words_of(wanted.question):
        told = _TOLD_OF[wanted.show](_told_to(individual, clock.now(), at, at, number)).where(Notice.kind.in_(list(wanted.kinds)))
        return list(told.limit(most)) if wanted.kinds else []
    moment = Notice.at.db_value(at)
    return _TOLD[wanted.show].all(individual.id, Notice.at.db_value(min(at, clock.now())), moment, moment, number, most)


def _told_to(individual: Any, upto: Any, before: Any, same: Any, number: Any) -> Any:
    columns = (Notice.id, Notice.public_id, Notice.kind, Notice.at, Notice.starts_at, Notice.is_unread, Attendance.id,
               Attendance.public_id, Attendance.state, Attendance.confirmed_at, Event.id, Event.state, Event.starts_at, Site.id,
               Site.time_zone, Document.id, Document.public_id, Document.state, Document.due_on)  # fmt: skip
    every = Notice.select(*columns).left_outer_join(Attendance).left_outer_join(Event).left_outer_join(Site)
    every = every.switch(Notice).left_outer_join(Document)
    earlier = (Notice.at < before) | ((Notice.at == same) & (Notice.id < number))
    return every.where(Notice.individual == individual, Notice.at <= upto, earlier, SQL("NOT is_withdrawn")).order_by(
        Notice.at.desc(), Notice.id.desc()
    )


# By what the list is narrowed: everything, or what is to be done, or what is not.
_TOLD_OF: dict[str, Callable[[Any], Any]] = {
    "": lambda told: told,
    "reminders": lambda told: told.where(Notice.document.is_null()),
    "tasks": lambda told: told.where(Notice.document.is_null(False)),
}


def _listing(narrow: Callable[[Any], Any]) -> statements.Listing:
    return statements.Listing(lambda *asked: narrow(_told_to(*asked[:-1])).limit(asked[-1]))


_TOLD = {show: _listing(narrow) for show, narrow in _TOLD_OF.items()}


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
