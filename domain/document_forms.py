"""What published versions ask, read once: a version never changes, and reading a long one takes longer than all else."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from domain import document_parts
from domain.document_parts import Form
from models import DocumentVersion

MOST = 100
_kept: dict[str, Form] = {}  # by digest, the one that was read first first
_lock = threading.Lock()


def of(version: DocumentVersion) -> Form:
    """What a version asks."""
    return _kept.get(version.digest) or _keep(version.digest, version.body)


def of_each(versions: Iterable[tuple[int, str]]) -> dict[int, Form]:
    """What some versions ask, by their number; asked with number and digest, because a list has no need of long texts."""
    wanted = dict(versions)
    unread = [number for number, digest in wanted.items() if digest not in _kept]
    rows = DocumentVersion.select(DocumentVersion.id, DocumentVersion.digest, DocumentVersion.body).where(DocumentVersion.id.in_(unread))
    read = {row.id: of(row) for row in rows} if unread else {}
    return {number: read[number] if number in read else _kept[digest] for number, digest in wanted.items()}


def _keep(digest: str, body: str) -> Form:
    form = document_parts.read(body)
    with _lock:
        if len(_kept) >= MOST:
            _kept.pop(next(iter(_kept)))
        _kept[digest] = form
    return form
