"""Templates of documents: built as a draft, published as versions that stay as they were (spec 05).

What a client got keeps the version that it was assigned with, whatever is published later.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from peewee import fn

from domain import audit, clock, document_edits, document_faults, document_parts, profile, search, store, texts
from domain.actor import Actor
from domain.document_parts import KINDS, Form
from domain.rules import N_, STALE, NotFound, RuleBroken, Term
from models import DocumentTemplate, DocumentVersion

KIND_NAMES = {
    "form": Term(N_("Form")), "survey": Term(N_("Survey")), "assessment": Term(N_("Assessment")),
    "letter": Term(N_("Letter to read and sign")),
}  # fmt: skip
NAME_LETTERS = 200


def every(question: str = "", *, in_use: bool = True) -> Any:
    """The question for templates by name, of those whose name holds what is asked."""
    found = DocumentTemplate.select().where(DocumentTemplate.is_in_use == in_use)
    for word in search.fold(question).split():
        found = found.where(DocumentTemplate.sort_name.contains(word))
    return found.order_by(DocumentTemplate.sort_name, DocumentTemplate.id)


def find(public_id: str) -> DocumentTemplate:
    """One template.  Raises NotFound."""
    found: DocumentTemplate | None = DocumentTemplate.get_or_none(DocumentTemplate.public_id == public_id)
    if found is None:
        raise NotFound(public_id)
    return found


def draft_of(template: DocumentTemplate) -> Form:
    """What is being built."""
    return document_parts.read(template.draft)


def newest(template: DocumentTemplate) -> DocumentVersion | None:
    """What clients get now; None before it was published."""
    found: DocumentVersion | None = template.versions.order_by(DocumentVersion.number.desc()).first()
    return found


def newest_of_each(templates: Sequence[DocumentTemplate]) -> dict[int, DocumentVersion]:
    """What clients get of each, by the template's number; of those that were published."""
    last = DocumentVersion.select(fn.MAX(DocumentVersion.id)).where(DocumentVersion.template.in_([each.id for each in templates]))
    found = DocumentVersion.select().where(DocumentVersion.id.in_(last.group_by(DocumentVersion.template))) if templates else ()
    return {each.template_id: each for each in found}


# ---------------------------------------------------------------- built


def create(kind: str, name: str, language: str, by: Actor) -> DocumentTemplate:
    """An empty one, in the agency's language and every other one of the portal's.  Raises RuleBroken with its field."""
    if kind not in KINDS:
        raise RuleBroken(N_("Choose one of these."), code="missing", field="kind")
    return _made(document_edits.blank(kind, {language: _named(name)}, _languages(language)), _named(name), by)


def duplicate(template: DocumentTemplate, name: str, by: Actor) -> DocumentTemplate:
    """Another template that begins with what this one is now; nothing of it was published.  Raises RuleBroken with its field."""
    return _made(draft_of(template), _named(name), by)


def _languages(own: str) -> tuple[str, ...]:
    return (own, *(each for each in texts.LANGUAGES if each != own))


def _named(typed: str) -> str:
    name = profile.clean(typed, "name", NAME_LETTERS)
    if not name:
        raise RuleBroken(N_("Enter a name."), code="missing", field="name")
    return name


def _made(form: Form, name: str, by: Actor) -> DocumentTemplate:
    now = clock.now()
    with store.writing():
        made: DocumentTemplate = DocumentTemplate.create(
            kind=form.kind, name=name, sort_name=search.fold(name)[: 2 * NAME_LETTERS], draft=document_parts.write(form), created_at=now,
            changed_at=now,
        )  # fmt: skip
        audit.record("document_template.created", by, subject=_subject(made), kind=made.kind)
    return made


def _subject(template: DocumentTemplate) -> str:
    return f"document_template {template.id}"


def change(template: DocumentTemplate, form: Form, by: Actor, *, version: int) -> int:
    """Keep what was changed in the draft; the version that the next page has to send.  Raises RuleBroken ``stale``."""
    with store.writing():
        now = _held(template, version)
        words = document_parts.write(form)
        if words == now.draft:
            return version
        said = newest(now)
        DocumentTemplate.update(
            draft=words, changed_at=clock.now(), version=version + 1, has_changes=said is None or said.body != words
        ).where(DocumentTemplate.id == now.id).execute()
        audit.record("document_template.changed", by, subject=_subject(now), digest=document_parts.digest(form))
    return version + 1


def rename(template: DocumentTemplate, name: str, by: Actor, *, version: int) -> None:
    """Another name in lists of staff.  Raises RuleBroken: with its field, ``stale``."""
    good = _named(name)
    with store.writing():
        now = _held(template, version)
        if now.name != good:
            DocumentTemplate.update(name=good, sort_name=search.fold(good)[: 2 * NAME_LETTERS], version=version + 1).where(
                DocumentTemplate.id == now.id
            ).execute()
            audit.record("document_template.renamed", by, subject=_subject(now), before=now.name, after=good)


def _held(template: DocumentTemplate, version: int) -> DocumentTemplate:
    now: DocumentTemplate = store.lock(DocumentTemplate.select().where(DocumentTemplate.id == template.id)).get()
    if now.version != version:
        raise RuleBroken(STALE, code="stale")
    return now


# ---------------------------------------------------------------- published


def publish(template: DocumentTemplate, by: Actor, *, version: int) -> DocumentVersion:
    """What was built is what clients get from now on.  Raises RuleBroken: ``stale``, ``same`` where nothing was changed, and what keeps
    it from being published."""
    with store.writing():
        now = _held(template, version)
        form, said = draft_of(now), newest(now)
        if faults := document_faults.faults(form):
            first = faults[0].broken
            first.every = tuple(each.broken for each in faults)
            raise first
        words = unicodedata.normalize("NFC", document_parts.write(form))
        if said is not None and said.body == words:
            raise RuleBroken(N_("Nothing was changed since it was published."), code="same")
        assert by.worker is not None
        made: DocumentVersion = DocumentVersion.create(
            template=now, number=said.number + 1 if said else 1, body=words, digest=document_parts.digest(form), published_at=clock.now(),
            published_by=by.worker,
        )  # fmt: skip
        DocumentTemplate.update(has_changes=False, version=version + 1).where(DocumentTemplate.id == now.id).execute()
        audit.record("document_template.published", by, subject=_subject(now), number=made.number, digest=made.digest)
    return made


def set_in_use(template: DocumentTemplate, by: Actor, *, is_in_use: bool, version: int) -> None:
    """Offer it to whoever assigns documents, or not any more; what was assigned stays.  Raises RuleBroken ``stale``."""
    with store.writing():
        now = _held(template, version)
        if now.is_in_use != is_in_use:
            DocumentTemplate.update(is_in_use=is_in_use, version=version + 1).where(DocumentTemplate.id == now.id).execute()
            audit.record("document_template.offered", by, subject=_subject(now), is_in_use=is_in_use)
