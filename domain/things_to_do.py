"""What a client is to do, and what they have done: the documents that they got (spec 05, Things to Do)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from peewee import Case

from domain import agency, document_forms, document_rules, settings
from domain.document_parts import Form
from models import Checklist, Document, DocumentAnswer, DocumentVersion, Individual, Worker

MOST_OPEN = 100


@dataclasses.dataclass(frozen=True)
class Thing:
    """A line of the list: ``waits`` when another one of its checklist comes first."""

    document: Document
    form: Form
    page: int = 0  # of a draft: the one that is open, of how many
    pages: int = 0
    waits: bool = False

    @property
    def is_begun(self) -> bool:
        """True once an answer was given."""
        return self.document.saves > 0

    @property
    def is_overdue(self) -> bool:
        """True when its day is over, where the agency is."""
        return self.document.due_on is not None and self.document.due_on < agency.today()


_LISTED = (
    Document.id, Document.public_id, Document.state, Document.due_on, Document.assigned_at, Document.saves, Document.page, Document.position,
    Document.ended_at, Document.corrects, DocumentVersion.id, DocumentVersion.digest, Worker.id, Worker.first_name, Worker.last_name,
    Worker.display_name, Checklist.id, Checklist.name, Checklist.is_ordered,
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


def count_of(individual: Individual) -> int:
    """How much is to do."""
    return int(Document.select().where(Document.individual == individual.id, Document.state == "assigned", ~Document.is_paper).count())


def _thing(row: Document, form: Form, answers: dict[str, Any] | None, others: Sequence[Document]) -> Thing:
    waits = row.checklist_id is not None and row.checklist.is_ordered and any(
        other.checklist_id == row.checklist_id and other.position < row.position for other in others
    )  # fmt: skip
    if answers is None:
        return Thing(row, form, waits=waits)
    far = document_rules.progress(form, answers, row.page if row.page in {page.key for page in form.pages} else "")
    return Thing(row, form, far.page, far.pages, waits)


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
