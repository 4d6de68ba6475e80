"""Documents of individuals: assigned, filled in answer by answer, completed once, and from then on as they are (spec 05).

Whoever saves or completes holds the document.  Two devices at once: each answer knows at which save it was given, so whoever would
overwrite one that their page did not show is told instead, and sees both.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from domain import (
    audit,
    clock,
    document_forms,
    document_messages,
    document_places,
    document_rules,
    document_values,
    profile,
    store,
)
from domain.actor import Actor
from domain.document_parts import Form, Question
from domain.rules import N_, STALE, NotFound, RuleBroken
from models import (
    Checklist,
    Document,
    DocumentAnswer,
    DocumentPdf,
    DocumentSignature,
    DocumentTemplate,
    DocumentVersion,
    Enrolment,
    Event,
    Individual,
    StoredFile,
    Worker,
)

REASON_LETTERS = 500
ON_PAPER = ("signature", "file")  # what stands on the paper that is scanned
ring: Callable[[], object] = lambda: None  # wakes who makes PDFs (tasks.bind)
ENDED = {
    "completed": N_("You have sent this already. It can be read, and no longer changed."),
    "declined": N_("You have declined this, so it can no longer be filled in. Call us if that was a mistake."),
    "withdrawn": N_("We no longer need this from you."),
}


@dataclasses.dataclass(frozen=True)
class Assignment:
    """What a document is assigned with."""

    due_on: dt.date | None = None
    checklist: Checklist | None = None
    position: int = 0
    enrolment: Enrolment | None = None
    event: Event | None = None
    is_paper: bool = False


@dataclasses.dataclass(frozen=True)
class Signed:
    """A signature as it was given: a name that was typed, or one that was drawn, as a picture."""

    name: str
    how: str = "typed"
    picture: StoredFile | None = None


class Meanwhile(RuleBroken):
    """Another device answered the same question: ``theirs`` is what is saved now, at ``saved``."""

    def __init__(self, theirs: Any, saved: int, field: str = "") -> None:
        super().__init__(N_("This was answered on another device meanwhile. Look at both, and save what is right."), code="meanwhile",
                         field=field)  # fmt: skip
        self.theirs, self.saved = theirs, saved


def form_of(document: Document) -> Form:
    """What it asks."""
    return document_forms.of(document.form)


def named(document: Document) -> str:
    """How the audit names it."""
    return f"document {document.id}"


def whole() -> Any:
    """The question for documents with their form, its template, and the checklist that they are of."""
    every = Document.select(Document, DocumentVersion, DocumentTemplate, Checklist, Worker).join(DocumentVersion).join(DocumentTemplate)
    return every.switch(Document).left_outer_join(Checklist).switch(Document).left_outer_join(
        Worker, on=(Document.assigned_by == Worker.id), attr="assigned_by"
    )


# ---------------------------------------------------------------- assigned


def assign(individual: Individual, version: DocumentVersion, by: Actor, what: Assignment = Assignment()) -> Document:
    """One copy for one individual.  Raises RuleBroken ``past`` for a day that is over."""
    if what.due_on is not None and what.due_on < clock.now().date() - dt.timedelta(days=1):
        raise RuleBroken(N_("Choose a day that is not over."), code="past", field="due_on")
    with store.writing():
        made: Document = Document.create(
            individual=individual, form=version, checklist=what.checklist, position=what.position, enrolment=what.enrolment,
            event=what.event, due_on=what.due_on, is_paper=what.is_paper, assigned_at=clock.now(), assigned_by=by.worker,
            remind_at=document_messages.remind_at(what.due_on, clock.now()),
        )  # fmt: skip
        if document_messages.waits_for(made) is None:
            document_messages.assigned([made])
        audit.record("document.assigned", by, individual=individual, subject=named(made), version=version.id,
                     due_on=what.due_on.isoformat() if what.due_on else "")  # fmt: skip
    return made


def withdraw(document: Document, reason: str, by: Actor) -> None:
    """Staff no longer need it; what was answered stays with it.  Raises RuleBroken: ``ended``, and with its field."""
    words = profile.clean(reason, "reason", REASON_LETTERS)
    with store.writing():
        now = _open(document)
        _end(now, "withdrawn", by, reason=words)
        audit.record("document.withdrawn", by, individual=now.individual, subject=named(now), reason=words)


def decline(document: Document, reason: str, by: Actor) -> None:
    """The client does not want to fill it in.  Raises RuleBroken: ``ended``, ``not_allowed``, ``missing`` without a reason."""
    words = profile.clean(reason, "reason", REASON_LETTERS)
    if not words:
        raise RuleBroken(N_("Say in a few words why."), code="missing", field="reason")
    with store.writing():
        now = _open(document)
        if not form_of(now).may_decline:
            raise RuleBroken(N_("This cannot be declined here. Call us if you do not want to fill it in."), code="not_allowed")
        _end(now, "declined", by, reason=words)
        audit.record("document.declined", by, individual=now.individual, subject=named(now), reason=words)


def _open(document: Document) -> Document:
    """Held, and not ended yet.  Raises RuleBroken ``ended``."""
    now: Document = store.lock(Document.select().where(Document.id == document.id)).get()
    now.form = document.form  # read already, and the same for ever
    if now.state != "assigned":
        raise RuleBroken(ENDED[now.state], code="ended")
    return now


def _turn_has_come(document: Document) -> None:
    """Raises RuleBroken ``waits`` for what follows, in a fixed order, on something that is still to be done."""
    if document_messages.waits_for(document) is not None:
        raise RuleBroken(N_("Something else has to be done before this."), code="waits")


def _end(document: Document, state: str, by: Actor, **more: Any) -> None:
    Document.update(
        state=state, ended_at=clock.now(), ended_by=by.worker, account=by.account, version=Document.version + 1, **more
    ).where(Document.id == document.id).execute()
    document_messages.ended(document, state, by)


# ---------------------------------------------------------------- filled in


def answers_of(document: Document) -> dict[str, Any]:
    """What is answered so far, by the written place; of one that was completed what was sent."""
    if document.state == "completed":
        return dict(json.loads(document.body)["answers"])
    rows = DocumentAnswer.select(DocumentAnswer.place, DocumentAnswer.value).where(DocumentAnswer.document == document.id)
    return {place: json.loads(value) for place, value in rows.tuples() if value}


def answers_of_each(every: Sequence[Document]) -> dict[int, dict[str, Any]]:
    """The same of several that are not completed, by their numbers."""
    found: dict[int, dict[str, Any]] = {each.id: {} for each in every}
    if found:
        rows = DocumentAnswer.select(DocumentAnswer.document, DocumentAnswer.place, DocumentAnswer.value)
        for number, place, value in rows.where(DocumentAnswer.document.in_(list(found)), DocumentAnswer.value != "").tuples():
            found[number][place] = json.loads(value)
    return found


def save(document: Document, given: Mapping[str, Any], by: Actor, *, seen: int, device: str = "", for_staff: bool = False) -> int:
    """Keep answers by their written places, None for one that was taken back; the document's count of saves after it.

    ``seen`` is the count that the page was made with.  The same answer again is harmless.  Raises RuleBroken: ``ended``; ``meanwhile``
    (``Meanwhile``) where another device gave another answer after that; NotFound for a place that the reader may not answer.
    """
    with store.writing():
        now = _open(document)
        _turn_has_come(now)
        _must_be_asked(form_of(now), given, for_staff=for_staff)
        places = DocumentAnswer.place.in_(list(given))
        before = {row.place: row for row in DocumentAnswer.select().where(DocumentAnswer.document == now.id, places)}
        said = {place: row.value for place, row in before.items()}
        new = {place: words for place, value in given.items() if (words := written(value)) != said.get(place, "")}
        for place in new:
            row = before.get(place)
            if row is not None and row.saved > seen and row.device != device:
                raise Meanwhile(json.loads(row.value) if row.value else None, row.saved, field=place)
        if not new:
            return int(now.saves)
        count, at = now.saves + 1, clock.now()
        for place, words in new.items():
            values = {"value": words, "saved": count, "saved_at": at, "worker": by.worker, "device": device}
            if place in before:
                DocumentAnswer.update(**values).where(DocumentAnswer.id == before[place].id).execute()
            else:
                DocumentAnswer.create(document=now, place=place, **values)
        Document.update(saves=count, begun_at=now.begun_at or at).where(Document.id == now.id).execute()
    return int(count)


def turn_to(document: Document, page: str) -> None:
    """Remember the page that is open, for who goes on elsewhere."""
    with store.writing():
        Document.update(page=page).where(Document.id == document.id, Document.state == "assigned", Document.page != page).execute()


def written(value: Any) -> str:
    """An answer as it is kept, in one way; empty for one that was taken back."""
    return "" if not document_values.is_answered(value) else json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _must_be_asked(form: Form, places: Iterable[str], *, for_staff: bool) -> None:
    """Raises NotFound for a place of another form, of what asks nothing, or of staff alone."""
    asked = {question.key: (section, question) for _, section, question in form.questions()}
    sections = {document_places.count(section.key) for page in form.pages for section in page.sections if section.repeats}
    for written in places:
        if written in sections:
            continue
        try:
            place = document_places.read(written)
        except ValueError:
            raise NotFound(written) from None
        section, question = asked.get(place.question, (None, None))
        if section is None or question is None or not question.asks or (question.is_for_staff and not for_staff):
            raise NotFound(written)
        if place.turn and place.turn >= max(section.most, 1):
            raise NotFound(written)


# ---------------------------------------------------------------- completed


def missing_of(form: Form, answers: Mapping[str, Any]) -> list[tuple[document_rules.Missing, Question]]:
    """What has to be answered before it can be sent, in order."""
    asked = {question.key: question for _, _, question in form.questions()}
    return [(each, asked[document_places.read(each.place).question]) for each in document_rules.missing(form, answers)]


def complete(document: Document, by: Actor, *, seen: int, signatures: Sequence[Signed] = ()) -> Document:
    """Send it: from now on it is locked.  Twice is once.

    What was not shown is not sent.  Raises RuleBroken: ``ended``; ``stale`` where an answer was given elsewhere after ``seen``, which
    the review did not show; ``missing`` with ``every``, each with its place as field.
    """
    with store.writing():
        held: Document = store.lock(Document.select().where(Document.id == document.id)).get()
        if held.state == "completed":
            return held
        now = _open(held)
        _turn_has_come(now)
        form, answers = form_of(now), answers_of(now)
        if now.saves != seen:
            raise RuleBroken(STALE, code="stale")
        if without := [each for each in missing_of(form, answers) if not (now.is_paper and each[1].kind in ON_PAPER)]:
            refused = [RuleBroken(N_("Answer this question."), code="missing", field=each.place) for each, _ in without]
            refused[0].every = tuple(refused)
            raise refused[0]
        body = _body(now, document_rules.kept(form, answers), signatures)
        digest = digest_of(now.form, body)
        for each in signatures:
            DocumentSignature.create(
                document=now, signer="client" if by.worker is None else "worker", name=each.name, how=each.how, file=each.picture,
                signed_at=clock.now(), network=by.network, digest=digest,
            )  # fmt: skip
        _end(now, "completed", by, body=body, digest=digest)
        DocumentPdf.create(document=now, next_at=clock.now())
        store.after_commit(lambda: ring())
        audit.record("document.completed", by, individual=now.individual, subject=named(now), digest=digest)
        return Document.get_by_id(now.id)  # type: ignore[no-any-return]


def _body(document: Document, answers: Mapping[str, Any], signatures: Sequence[Signed]) -> str:
    """All that is signed but the form itself, which is named by its digest: written in one way."""
    signed = [{"name": each.name, "how": each.how, "picture": each.picture.digest if each.picture else ""} for each in signatures]
    whole = {"document": document.public_id, "form": document.form.digest, "answers": answers, "signatures": signed}
    return json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_of(form: DocumentVersion, body: str) -> str:
    """SHA-256 of the form and of what was sent, as 64 hexadecimal digits: it changes with any byte of either."""
    return hashlib.sha256(f"{len(form.body)}\n{form.body}{body}".encode()).hexdigest()


def is_sound(document: Document) -> bool:
    """True when what was completed is what its hash was made of, with its form, its signatures and the pictures of these."""
    form, rows = document.form, list(document.signatures)
    if document.digest != digest_of(form, document.body) or form.digest != hashlib.sha256(form.body.encode()).hexdigest():
        return False
    signed = json.loads(document.body)["signatures"]
    said = [{"name": row.name, "how": row.how, "picture": row.file.digest if row.file_id else ""} for row in rows]
    return said == signed and all(row.digest == document.digest for row in rows)


def correct(document: Document, by: Actor) -> Document:
    """A new one that begins with the answers of one that was completed, and points back to it; what there is stays.

    Raises RuleBroken: ``not_completed``, ``corrected`` where there is one already.
    """
    if document.state != "completed":
        raise RuleBroken(N_("Only what was sent can be corrected."), code="not_completed")
    with store.writing():
        store.lock(Document.select().where(Document.id == document.id)).get()
        if Document.select().where(Document.corrects == document.id).exists():
            raise RuleBroken(N_("There is a correction of this already."), code="corrected")
        made: Document = Document.create(
            individual=document.individual_id, form=document.form_id, enrolment=document.enrolment_id, event=document.event_id,
            corrects=document, assigned_at=clock.now(), assigned_by=by.worker, begun_at=clock.now(), saves=1,
        )  # fmt: skip
        for place, value in answers_of(document).items():
            DocumentAnswer.create(document=made, place=place, value=written(value), saved=1, saved_at=clock.now(), worker=by.worker)
        audit.record("document.corrected", by, individual=document.individual, subject=named(made), corrects=document.id)
    return made
