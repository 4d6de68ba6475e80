"""What was answered to a template, as a table: a row for each document that was completed, whatever version it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from domain import agency, audit, document_forms, document_print, document_reading, documents, store, texts
from domain.actor import Actor
from domain.document_parts import Form, Question, say
from domain.rules import N_
from models import Document, DocumentTemplate, DocumentVersion, Individual

_HEADING = (N_("Number"), N_("Last name"), N_("First name"), N_("Completed"), N_("Version"))


def exported(template: DocumentTemplate, by: Actor) -> None:
    """Note that somebody took the answers with them."""
    with store.aside(), store.writing():
        audit.record("document_template.exported", by, subject=f"document_template {template.id}")


def rows_of(template: DocumentTemplate, seen: Any, language: str) -> Iterator[Sequence[object]]:
    """The heading, then what each of the individuals ``seen`` (a query) completed, oldest first.

    Each question has a column, by its key, with the words of the newest version that asks it; one that repeats has all turns in it.
    """
    versions = list(template.versions.order_by(DocumentVersion.number))
    asked, scores = _columns([document_forms.of(each) for each in versions], language)
    yield [*(texts.say(language, each) for each in _HEADING), *asked.values(), *scores.values()]
    every = Document.select(Document, DocumentVersion, Individual).join(DocumentVersion).switch(Document).join(Individual)
    whom = Document.individual.in_(seen.select(Individual.id).order_by())
    theirs = every.where(DocumentVersion.template == template.id, Document.state == "completed", whom)
    for document in theirs.order_by(Document.ended_at, Document.id).iterator():
        yield _row(document, list(asked), list(scores), language)


def _columns(forms: Sequence[Form], language: str) -> tuple[dict[str, str], dict[str, str]]:
    own = agency.settled().language
    asked: dict[str, str] = {}
    scores: dict[str, str] = {}
    for form in forms:
        asked |= {each.key: say(each.words, language, own) for _, _, each in form.questions() if each.asks}
        scores |= {each.key: say(each.words, language, own) for each in form.scores}
    return asked, scores


def _row(document: Document, asked: Sequence[str], scores: Sequence[str], language: str) -> list[object]:
    form, answers = documents.form_of(document), document_reading.answers_with_staff(document)
    questions = {each.key: each for _, _, each in form.questions()}
    told: dict[str, list[str]] = {}
    for place, value in answers.items():
        question = questions.get(place.partition(":")[0])
        if question is not None and question.asks:
            told.setdefault(question.key, []).append(_cell(question, value, language))
    found = {each.key: each.value for each in document_reading.scored(form, answers, language)}
    person, at = document.individual, document.ended_at.astimezone(agency.zone())
    return [
        person.external_id, person.last_name, person.first_name, at.strftime("%Y-%m-%d %H:%M"), document.form.number,
        *("; ".join(told.get(key, ())) for key in asked), *(found.get(key, "") for key in scores),
    ]  # fmt: skip


def _cell(question: Question, value: Any, language: str) -> str:
    shown = document_reading.in_words(question, value, language, agency.settled().language)
    return ", ".join(document_lines(shown))


def document_lines(shown: document_print.Shown) -> list[str]:
    """An answer as lines, those of a table with what was chosen in each."""
    return [*shown.lines, *(f"{row}: {chosen}" for row, chosen in shown.rows if chosen)]
