"""PDFs of completed documents: made in the background, one after the other, kept for ever; a lost or doubled try changes nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import logging
from collections.abc import Iterator

from babel.numbers import format_decimal

from domain import (
    agency,
    attachments,
    clock,
    dispatch,
    document_answers,
    document_print,
    document_rules,
    document_scores,
    documents,
    store,
)
from domain.document_filling import words_of
from domain.document_parts import Form, Question, say
from domain.document_print import Picture, Sheet, Shown, Signed
from models import Document, DocumentPdf, DocumentSignature, DocumentVersion, Individual, StoredFile

log = logging.getLogger(__name__)
LEASE = dt.timedelta(minutes=2)  # longer than any takes
LONGEST_WAIT = dt.timedelta(days=1)
PDF = "application/pdf"


def of(document: Document) -> DocumentPdf | None:
    """Its PDF, made or being made; None before it was completed."""
    found: DocumentPdf | None = DocumentPdf.select(DocumentPdf, StoredFile).left_outer_join(StoredFile).where(
        DocumentPdf.document == document.id
    ).first()  # fmt: skip
    return found


def make_due() -> None:
    """Make those that wait, the one that has waited longest first."""
    store.must_be_idle()
    while not dispatch.is_stopping() and (mine := _claim()):
        try:
            _make(mine)
        except document_print.Unprintable as why:
            log.warning("the PDF of document %s was not made: %s", mine.document_id, why.args[0])


def _claim() -> DocumentPdf | None:
    """The next one, in nobody else's hands until its next try."""
    now = clock.now()
    due = DocumentPdf.select().where(DocumentPdf.next_at <= now).order_by(DocumentPdf.next_at, DocumentPdf.id)
    for row in due.limit(5):
        wait = min(LEASE * 2 ** min(row.tries, 10), LONGEST_WAIT)
        with store.writing():
            mine = DocumentPdf.update(next_at=now + wait, tries=row.tries + 1).where(
                DocumentPdf.id == row.id, DocumentPdf.tries == row.tries, DocumentPdf.file.is_null()
            )
            if mine.execute():
                found: DocumentPdf = DocumentPdf.get_by_id(row.id)
                return found
    return None


def _make(row: DocumentPdf) -> None:
    document = Document.select(Document, DocumentVersion, Individual).join(DocumentVersion).switch(Document).join(Individual)
    body = document_print.pdf(sheet_of(document.where(Document.id == row.document_id).get()))
    ready = attachments.Ready("document.pdf", PDF, len(body), hashlib.sha256(body).hexdigest(), io.BytesIO(body))
    with store.writing():
        still = DocumentPdf.select().where(DocumentPdf.id == row.id, DocumentPdf.file.is_null(), DocumentPdf.tries == row.tries)
        if store.lock(still).first() is not None:
            DocumentPdf.update(file=attachments.keep(ready), next_at=None).where(DocumentPdf.id == row.id).execute()


# ---------------------------------------------------------------- what is printed


def sheet_of(document: Document) -> Sheet:
    """A completed document as it is printed, in the client's language."""
    form, answers, house = documents.form_of(document), documents.answers_of(document), agency.settled()
    person = document.individual
    language = person.language or house.language
    shown = document_rules.visible(form, answers).questions
    zone = agency.zone()
    return document_print.sheet(
        form, {place: _shown(each, answers.get(place), language, house.language) for place, each in shown.items()},
        scores_of(form, answers, language, house.language), language=language, own=house.language, agency=house.name,
        person=person.legal_name, completed_at=document.ended_at.astimezone(zone), signatures=tuple(_signed(document, zone)),
        corrects=document.corrects.ended_at.astimezone(zone) if document.corrects_id else None,
    )  # fmt: skip


def scores_of(form: Form, answers: document_answers.Answers, language: str, own: str) -> dict[str, tuple[str, str]]:
    """Value and band of each score that clients see."""
    found = {each.key: each for each in document_scores.scores(form, answers)}
    return {
        score.key: (str(format_decimal(found[score.key].value, locale=language)), say(found[score.key].band or {}, language, own))
        for score in form.scores if score.is_shown and score.key in found and found[score.key].value is not None
    }  # fmt: skip


def _shown(question: Question, value: document_answers.Value, language: str, own: str) -> Shown:
    if question.kind == "picture":
        found = picture_of(question.picture)
        return Shown(picture=Picture(attachments.bytes_of(found), say(question.words, language, own))) if found else Shown()
    if question.kind == "table" and value:
        columns = {choice.key: choice for choice in question.choices}
        return Shown(rows=tuple(
            (say(row.words, language, own), say(columns[value[row.key]].words, language, own)) for row in question.rows if row.key in value
        ))  # fmt: skip
    said = words_of(question, value, language)
    return Shown(tuple(said.split("\n"))) if said else Shown()


def picture_of(digest: str) -> StoredFile | None:
    """The picture of a question, by its digest."""
    found: StoredFile | None = StoredFile.select().where(StoredFile.digest == digest, StoredFile.media_type != PDF).first() if digest else None
    return found


def _signed(document: Document, zone: dt.tzinfo) -> Iterator[Signed]:
    for row in document.signatures.order_by(DocumentSignature.id):
        picture = Picture(attachments.bytes_of(row.file), row.name) if row.file_id else None
        yield Signed("", row.name, row.how, row.signed_at.astimezone(zone), row.network, row.digest, picture)
