"""Documents that were filled in on paper: staff type in what stands there, and attach the scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain import assigning, document_files, documents, store
from domain.actor import Actor
from domain.assigning import Bundle
from domain.attachments import Ready
from domain.rules import N_, RuleBroken
from models import Document, DocumentFile, Individual

SCAN = "-scan"  # where the scan stands: no question has such a key


def begin(person: Individual, what: Bundle, by: Actor) -> Document:
    """A document that nobody but staff fills in.  Raises RuleBroken ``checklist`` (field ``what``): paper is entered one by one."""
    if what.name:
        raise RuleBroken(N_("Choose one document, and no checklist."), code="checklist", field="what")
    (made,) = assigning.assign(what, [person], by, is_paper=True)
    return made


def save(document: Document, answers: Mapping[str, Any], scans: Iterable[Ready], by: Actor, *, seen: int) -> int:
    """Keep what was typed in so far, and the scans; the document's count of saves after it.  Raises RuleBroken: ``not_paper``, ``ended``,
    and what another worker typed in meanwhile."""
    if not document.is_paper:
        raise RuleBroken(N_("The client fills this in."), code="not_paper")
    with store.writing():
        saves = documents.save(document, answers, by, seen=seen, for_staff=True)
        document_files.keep(document, SCAN, scans)
    return saves


def scans_of(document: Document) -> list[DocumentFile]:
    """The scans of it."""
    return list(document.files.where(DocumentFile.place == SCAN).order_by(DocumentFile.id))
