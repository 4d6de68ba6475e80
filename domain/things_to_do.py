"""What a client is to do, and what they have done: the documents that they got (spec 05, Things to Do)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from peewee import Case

from domain import agency, document_forms, settings, statements
from domain.document_filling import Filling
from domain.document_parts import Form
from models import Checklist, Document, DocumentAnswer, DocumentVersion, Individual, Worker

MOST_OPEN = 100
MOST_TOLD = 3  # on Home


@dataclasses.dataclass(frozen=True)
class Thing:
    """A line of the list: ``waits`` when another one of its checklist comes first."""

    document: Document
    form: Form
    page: int = 0  # of a draft: the step that is open, of how many; the last one is to look at all of it and to send it
    pages: int = 0
    waits: bool = False

    @property
    def is_begun(self) -> bool:
        """True once an answer was given."""
        return bool(self.document.saves > 0)

    @property
    def is_overdue(self) -> bool:
        """True when its day is over, where the agency is."""
        return bool(self.document.due_on is not None and self.document.due_on < agency.today())


_LISTED = (
    Document.id, Document.public_id, Document.state, Document.due_on, Document.assigned_at, Document.saves, Document.page,
    Document.position, Document.ended_at, Document.corrects, DocumentVersion.id, DocumentVersion.digest, Worker.id, Worker.first_name,
    Worker.last_name, Worker.display_name, Checklist.id, Checklist.name, Checklist.is_ordered,
)  # fmt: skip


def is_on() -> bool:
    """False where the agency does without documents."""
    return bool(settings.get("documents"))


def _mine(individual: Individual, *columns: Any) -> Any:
    every = (
        Document.select(*columns)
        .join(DocumentVersion)
        .switch(Document)
        .left_outer_join(Worker, on=(Document.assigned_by == Worker.id), attr="assigned_by")
        .switch(Document)
        .left_outer_join(Checklist)
    )
    return every.where(Document.individual == individual.id, ~Document.is_paper | (Document.state == "completed"))


def open_of(individual: Individual) -> list[Thing]:
    """What is to do: by its day, so that what is overdue comes first, then what has none; of one day the oldest first."""
    last = Case(None, [(Document.due_on.is_null(), 1)], 0)
    found = _mine(individual, *_LISTED).where(Document.state == "assigned")
    rows = list(found.order_by(last, Document.due_on, Document.position, Document.id).limit(MOST_OPEN))
    forms = document_forms.of_each((row.form.id, row.form.digest) for row in rows)
    answers = _answers([row for row in rows if row.saves])
    return [_thing(row, forms[row.form.id], answers.get(row.id), rows) for row in rows]


@dataclasses.dataclass(frozen=True)
class Due:
    """Something that is due by tomorrow, or was."""

    public_id: str
    due_on: dt.date

    @property
    def is_overdue(self) -> bool:
        return self.due_on < agency.today()


@dataclasses.dataclass(frozen=True)
class Waiting:
    """How much is to do, and what of it is due by tomorrow."""

    count: int
    due: list[Due]


def waiting(individual: Individual) -> Waiting:
    """What Home says of it."""
    rows = _WAITING.rows(individual.id)
    until = agency.today() + dt.timedelta(days=1)
    dated = [Due(public_id, day if isinstance(day, dt.date) else dt.date.fromisoformat(day)) for public_id, day in rows if day is not None]
    return Waiting(len(rows), sorted((each for each in dated if each.due_on <= until), key=lambda each: each.due_on)[:MOST_TOLD])


_WAITING = statements.Listing(
    lambda of: (
        Document.select(Document.public_id, Document.due_on)
        .where(Document.individual == of, Document.state == "assigned", ~Document.is_paper)
        .order_by(Document.due_on, Document.id)
        .limit(MOST_OPEN)
    )
)


def _thing(row: Document, form: Form, answers: dict[str, Any] | None, others: Sequence[Document]) -> Thing:
    waits = row.checklist_id is not None and row.checklist.is_ordered and any(
        other.checklist_id == row.checklist_id and other.position < row.position for other in others
    )  # fmt: skip
    if answers is None:
        return Thing(row, form, waits=waits)
    keys = [page.key for page in Filling(row, form, answers).pages]
    return Thing(row, form, keys.index(row.page) + 1 if row.page in keys else 0, len(keys) + 1, waits)


def _answers(drafts: Sequence[Document]) -> dict[int, dict[str, Any]]:
    """What is answered in each of these, by the number of the document."""
    found: dict[int, dict[str, Any]] = {row.id: {} for row in drafts}
    if drafts:
        rows = DocumentAnswer.select(DocumentAnswer.document, DocumentAnswer.place, DocumentAnswer.value)
        for number, place, value in rows.where(DocumentAnswer.document.in_(list(found))).tuples():
            if value:
                found[number][place] = json.loads(value)
    return found


def done_of(individual: Individual) -> Any:
    """The question for what is over: sent, declined, or no longer needed; the latest first."""
    ended = _mine(individual, *_LISTED).where(Document.state != "assigned")
    return ended.order_by(Document.ended_at.desc(), Document.id.desc())


def titled(rows: Sequence[Document]) -> list[Thing]:
    """These rows with what their forms say."""
    forms = document_forms.of_each((row.form.id, row.form.digest) for row in rows)
    return [Thing(row, forms[row.form.id]) for row in rows]


def one_of(individual: Individual, public_id: str) -> Document | None:
    """One of somebody's documents with what it asks; None for another's, and for what staff enter from paper until it is sent."""
    every = _mine(individual, Document, DocumentVersion, Worker, Checklist)
    found: Document | None = every.where(Document.public_id == public_id).first()
    return found
