"""A document as staff read it: answers in words, what only staff answer, scores with their bands, and how these went over time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from domain import (
    agency,
    clock,
    document_answers,
    document_parts,
    document_print,
    document_rules,
    document_scores,
    documents,
    store,
)
from domain.actor import Actor
from domain.document_parts import Form, Question, say
from domain.document_print import Leaf, Shown
from domain.rules import STALE, NotFound, RuleBroken
from models import Document, DocumentAnswer, DocumentVersion, Individual

MOST_POINTS = 50  # of a score over time
Points = Sequence[tuple[dt.datetime, Decimal, str]]


@dataclasses.dataclass(frozen=True)
class Scored:
    """A score of one document, in words."""

    key: str
    name: str
    value: Decimal
    band: str
    is_whole: bool


@dataclasses.dataclass(frozen=True)
class Line:
    """A score over time: each time it was completed, with its value and the band that it was in, oldest first."""

    name: str
    points: tuple[tuple[dt.datetime, Decimal, str], ...]


def answers_with_staff(document: Document) -> dict[str, Any]:
    """What the client answered, and what staff did of what is asked of them alone."""
    answers = documents.answers_of(document)
    return {**answers, **staff_answers(document)} if document.state == "completed" else answers


def staff_questions(form: Form) -> dict[str, Question]:
    """What only staff answer, by its place; in a section that repeats the first turn."""
    return {question.key: question for _, _, question in form.questions() if question.asks and question.is_for_staff}


def staff_answers(document: Document) -> dict[str, Any]:
    """Answers to these."""
    asked = staff_questions(documents.form_of(document))
    rows = DocumentAnswer.select(DocumentAnswer.place, DocumentAnswer.value).where(DocumentAnswer.document == document.id)
    return {place: json.loads(value) for place, value in rows.tuples() if value and place.partition(":")[0] in asked}


def staff_saved(document: Document) -> int:
    """What a page of staff's questions was made with: it grows with each answer to them."""
    asked = list(staff_questions(documents.form_of(document)))
    rows = DocumentAnswer.select(DocumentAnswer.saved).where(DocumentAnswer.document == document.id, DocumentAnswer.place.in_(asked))
    return sum(saved for (saved,) in rows.tuples())


def assess(document: Document, given: Mapping[str, Any], by: Actor, *, seen: int) -> None:
    """Staff answer what is asked of them alone, also of what was completed.

    Raises RuleBroken: ``ended`` where it was declined or withdrawn, ``stale`` where a colleague answered after ``seen``; NotFound for
    what is not asked of staff alone.
    """
    with store.writing():
        now: Document = store.lock(Document.select().where(Document.id == document.id)).get()
        if now.state not in ("assigned", "completed"):
            raise RuleBroken(documents.ENDED[now.state], code="ended")
        asked = staff_questions(documents.form_of(now))
        if not given.keys() <= asked.keys():
            raise NotFound(document.public_id)
        if staff_saved(now) != seen:
            raise RuleBroken(STALE, code="stale")
        rows = DocumentAnswer.select().where(DocumentAnswer.document == now.id, DocumentAnswer.place.in_(list(given)))
        before = {row.place: row for row in rows}
        for place, value in given.items():
            _write(now, place, documents.written(value), before.get(place), by)


def _write(document: Document, place: str, words: str, row: DocumentAnswer | None, by: Actor) -> None:
    if words == (row.value if row is not None else ""):
        return
    values = {"value": words, "saved": row.saved + 1 if row is not None else 1, "saved_at": clock.now(), "worker": by.worker}
    if row is None:
        DocumentAnswer.create(document=document, place=place, **values)
    else:
        DocumentAnswer.update(**values).where(DocumentAnswer.id == row.id).execute()


# ---------------------------------------------------------------- in words


def leaves(form: Form, answers: Mapping[str, Any], language: str) -> Sequence[Leaf]:
    """Pages, sections and questions that are shown, with the answers; without what only staff answer."""
    own = agency.settled().language
    shown = {
        place: in_words(question, answers.get(place), language, own)
        for place, question in document_rules.visible(form, answers).questions.items()
        if not question.is_for_staff
    }
    return document_print.sheet(form, shown, {}, language=language, own=own, agency="", person="", completed_at=clock.now()).leaves


def in_words(question: Question, value: Any, language: str, own: str) -> Shown:
    """One answer as it is read."""
    if not question.asks or value is None:
        return document_print.NOTHING
    if question.kind == "table":
        chosen = {each.key: say(each.words, language, own) for each in question.choices}
        return Shown(rows=tuple((say(row.words, language, own), chosen.get(value.get(row.key, ""), "")) for row in question.rows))
    words = document_answers.shown(question, value, language, agency.country(), own=own, today=agency.today())
    return Shown(lines=tuple(words.split("\n")))


def scored(form: Form, answers: Mapping[str, Any], language: str) -> list[Scored]:
    """The scores of a form that have a value."""
    own = agency.settled().language
    names = {each.key: say(each.words, language, own) for each in form.scores}
    return [
        Scored(each.key, names[each.key], each.value, say(each.band, language, own) if each.band else "", each.is_whole)
        for each in document_scores.scores(form, answers) if each.value is not None
    ]  # fmt: skip


def over_time(individual: Individual, document: Document, language: str) -> list[Line]:
    """The scores of what this individual completed of the same template, where there were several, oldest first."""
    same = documents.whole().where(
        Document.individual == individual, Document.state == "completed", DocumentVersion.template == document.form.template_id
    )
    rows = list(same.order_by(Document.ended_at.desc(), Document.id.desc()).limit(MOST_POINTS))[::-1]
    found: dict[str, tuple[str, list[tuple[dt.datetime, Decimal, str]]]] = {}
    for row in rows if len(rows) > 1 else ():
        form = document_parts.read(row.form.body)
        if not form.scores:
            continue
        for each in scored(form, answers_with_staff(row), language):
            found.setdefault(each.key, (each.name, []))[1].append((row.ended_at, each.value, each.band))
    return [Line(name, tuple(points)) for name, points in found.values() if len(points) > 1]


def plotted(points: Points, width: int = 320, height: int = 96, edge: int = 8) -> list[tuple[float, float]]:
    """Where the points of a line stand in a drawing, by time from left to right, also for who reads from the right."""
    begin, span = points[0][0], (points[-1][0] - points[0][0]).total_seconds() or 1.0
    values = [float(value) for _, value, _ in points]
    least, reach = min(values), (max(values) - min(values)) or 1.0
    return [
        (round(edge + (width - 2 * edge) * (at - begin).total_seconds() / span, 1),
         round(height - edge - (height - 2 * edge) * ((value - least) / reach), 1))
        for (at, _, _), value in zip(points, values, strict=True)
    ]  # fmt: skip
