"""Files of documents: photos, PDFs and drawn signatures, looked at as those of messages are, and kept with a question of theirs."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

from domain import attachments, clock, document_answers, document_holdings
from domain.document_parts import Question
from domain.rules import N_, NotFound, RuleBroken
from models import Document, DocumentFile, StoredFile

PNG = "image/png"


def ready(question: Question, turn: int, there: int, files: Sequence[tuple[str, BinaryIO]]) -> list[attachments.Ready]:
    """Files that were chosen for a question which has ``there`` already, as they may be kept.  Said before the transaction.

    Raises RuleBroken with the question's field: for each that cannot be kept, and ``too_many``, ``off``.
    """
    field = document_answers.field_names(question, turn)[""]
    most = int(question.most or document_holdings.MOST_FILES)
    if there + len(files) > most:
        raise RuleBroken(N_("Choose at most %(most)s."), code="too_many", field=field, most=most)
    try:
        return attachments.ready(files)
    except RuleBroken as broken:
        for each in broken.every:
            each.field = field
        raise


def keep(document: Document, place: str, files: Iterable[attachments.Ready]) -> list[dict[str, Any]]:
    """Keep files for a place of a document, inside the transaction of the answer that names them; how it names each."""
    return [_value(_added(document, place, attachments.keep(each), each.name)) for each in files]


def keep_drawn(document: Document, place: str, picture: bytes) -> tuple[DocumentFile, StoredFile]:
    """Keep a drawn signature, inside the transaction of the answer that names it."""
    ready_one = attachments.Ready("signature.png", PNG, len(picture), hashlib.sha256(picture).hexdigest(), io.BytesIO(picture))
    kept = attachments.keep(ready_one)
    return _added(document, place, kept, ready_one.name), kept


def _added(document: Document, place: str, kept: StoredFile, name: str) -> DocumentFile:
    made: DocumentFile = DocumentFile.create(document=document, place=place, file=kept, name=name, added_at=clock.now())
    return made


def kept(document: Document, place: str) -> Mapping[str, dict[str, Any]]:
    """The files of a place, by the id that an answer names."""
    return {each["id"]: each for each in map(_value, _of(document).where(DocumentFile.place == place))}


def one(document: Document, public_id: str) -> DocumentFile:
    """One file of a document.  Raises NotFound, also for one of another document."""
    found: DocumentFile | None = _of(document).where(DocumentFile.public_id == public_id).first()
    if found is None:
        raise NotFound(public_id)
    return found


def _of(document: Document) -> Any:
    return DocumentFile.select(DocumentFile, StoredFile).join(StoredFile).where(DocumentFile.document == document.id).order_by(DocumentFile.id)


def _value(row: DocumentFile) -> dict[str, Any]:
    return {"id": row.public_id, "name": row.name, "media_type": row.file.media_type, "size": row.file.size, "digest": row.file.digest}


