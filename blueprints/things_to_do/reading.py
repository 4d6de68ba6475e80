"""What was sent, as it stays: read, printed, and as a PDF once that is made."""

from __future__ import annotations

from flask import Response, g

from blueprints.things_to_do import bp, sheets, wording
from domain import agency, attachments, document_filling, document_pdfs, documents
from domain.document_filling import Filling
from domain.document_parts import say
from domain.rules import NotFound
from models import Document, DocumentSignature, StoredFile
from web import attached, formatting
from web.addresses import url_for
from web.fragments import done, nothing, page, part
from web.languages import spoken


def shown(filling: Filling, *, to_print: bool = False):
    """All of it, with who signed, the scores that clients see, what it corrects and what corrects it."""
    document, made = filling.document, document_pdfs.of(filling.document)
    newer = Document.select(Document.public_id).where(Document.corrects == document.id).first()
    scores = document_pdfs.scores_of(filling.form, filling.answers, spoken(), wording.own())
    names = {each.key: say(each.words, spoken(), wording.own()) for each in filling.form.scores}
    return page(
        "things_to_do/read.html", found=sheets.heading(filling), sent_at=document.ended_at, leaves=sheets.leaves(filling),
        to_print=to_print,
        signed=[(row.name, formatting.when(row.signed_at), row.how) for row in document.signatures.order_by(DocumentSignature.id)],
        scores=[(names[key], f"{value}: {band}" if band else value) for key, (value, band) in scores.items()],
        has_pdf=made is not None and made.file_id is not None,
        newer=url_for("things_to_do.show", document_id=newer.public_id) if newer else "", person=g.viewer.individual.legal_name,
        older=url_for("things_to_do.show", document_id=document.corrects.public_id) if document.corrects_id else "", digest=document.digest,
        house=agency.current(),
    )  # fmt: skip


def _completed(document_id: str) -> Document:
    document: Document = g.viewer.document(document_id)
    if document.state != "completed":
        raise NotFound
    return document


@bp.get("/<document_id>/print")
def paper(document_id: str):
    """The same without anything to press, for the browser's own printing."""
    return shown(document_filling.opened(_completed(document_id)), to_print=True)


@bp.get("/<document_id>/pdf")
def pdf(document_id: str):
    document = _completed(document_id)
    made = document_pdfs.of(document)
    if made is None or made.file_id is None:
        return done(url_for("things_to_do.show", document_id=document_id))
    name = attachments.called(wording.title(documents.form_of(document)), document_pdfs.PDF)
    return _handed_out(made.file, f"attachment; {attached.disposition(name).partition('; ')[2]}")


@bp.get("/<document_id>/pdf/made")
def pdf_made(document_id: str):
    """Whether it is made: an open page asks every few seconds until then."""
    made = document_pdfs.of(_completed(document_id))
    return part("things_to_do/pdf.html", document_id=document_id) if made is not None and made.file_id is not None else nothing()


def picture(found: StoredFile) -> Response:
    """A picture of a form, inside the page."""
    return _handed_out(found, "inline")


def _handed_out(found: StoredFile, disposition: str) -> Response:
    response = Response(attachments.bytes_of(found), mimetype=found.media_type)
    response.headers["Content-Disposition"] = disposition
    if disposition.startswith("attachment"):
        response.headers["Content-Security-Policy"] = attached.POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
