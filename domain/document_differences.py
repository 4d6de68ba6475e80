"""What a client answered otherwise than their record says: staff accept it, and the record is changed, or leave it (spec 05, prefill)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from domain import agency, audit, clock, document_answers, document_beginnings, documents, profile, store
from domain.actor import Actor
from domain.document_parts import Question
from domain.rules import N_, RuleBroken
from models import Document, DocumentDecision, Individual

KINDS = {"email": "email", "mobile": "mobile", "address": "address"}  # of contacts, by what is filled in from them


@dataclasses.dataclass(frozen=True)
class Difference:
    """One of them: the question, what the record says now (None for nothing), and what was answered; None while nobody decided."""

    place: str
    question: Question
    before: Any
    after: Any
    is_accepted: bool | None = None


def of(document: Document) -> list[Difference]:
    """The differences of what was completed, in the order of the form; of what was decided as it was then."""
    if document.state != "completed":
        return []
    asked = [question for _, section, question in documents.form_of(document).questions() if question.prefill and not section.repeats]
    answers, decided = documents.answers_of(document), _decided(document)
    known = document_beginnings.record_of(document.individual) if asked else {}
    found = []
    for question in asked:
        value = answers.get(question.key)
        if value is None:
            continue
        now = document_beginnings.fitted(question, known.get(question.prefill))
        if question.key in decided or not _is_same(now, value):
            found.append(Difference(question.key, question, now, value, decided.get(question.key)))
    return found


def _is_same(now: Any, value: Any) -> bool:
    if isinstance(now, dict) and isinstance(value, dict) and "line1" in value:  # the record's address has no parts
        return _lines(now) == _lines(value)
    return bool(now == value)


def _lines(address: dict[str, str]) -> str:
    parts = (address[each] for each in ("line1", "line2", "city", "region", "postcode"))
    return " ".join(" ".join(parts).replace(",", " ").split()).casefold()


def _decided(document: Document) -> dict[str, bool]:
    rows = DocumentDecision.select(DocumentDecision.place, DocumentDecision.is_accepted).where(DocumentDecision.document == document.id)
    return dict(rows.tuples())


def decide(document: Document, place: str, by: Actor, *, is_accepted: bool) -> None:
    """Accept what was answered, or leave the record as it is.

    Raises RuleBroken: ``decided`` where a colleague was quicker, ``same`` for what is no difference, and as ``profile`` does.
    """
    with store.writing():
        store.hold(document.individual)
        person: Individual = Individual.get_by_id(document.individual_id)
        document.individual = person
        found = next((each for each in of(document) if each.place == place), None)
        if found is None:
            raise RuleBroken(N_("This no longer differs from the record."), code="same")
        if found.is_accepted is not None:
            raise RuleBroken(N_("Somebody has decided this already."), code="decided")
        DocumentDecision.create(document=document, place=place, is_accepted=is_accepted, decided_at=clock.now(), decided_by=by.worker)
        if is_accepted:
            _take(person, found, by)
        audit.record("document.decided", by, individual=person, subject=documents.named(document), place=place, is_accepted=is_accepted)


def _take(person: Individual, found: Difference, by: Actor) -> None:
    name, value = found.question.prefill, found.after
    if name in KINDS:
        _take_contact(person, KINDS[name], _as_text(found.question, value), by)
        return
    before = profile.Details(
        first_name=person.first_name, last_name=person.last_name, preferred_name=person.preferred_name, pronouns=person.pronouns,
        gender=person.gender, birth_date=person.birth_date, death_date=person.death_date, language=person.language, site_id=person.site_id,
    )  # fmt: skip
    new: Any = dt.date.fromisoformat(value) if name == "birth_date" else _as_text(found.question, value)
    profile.change(person, dataclasses.replace(before, **{name: new}), by, version=person.version)


def _take_contact(person: Individual, kind: str, value: str, by: Actor) -> None:
    main = next((each for each in profile.contacts_of(person) if each.kind == kind and each.is_in_use), None)
    reach = profile.Reach(kind, value, is_main=True)
    if main is None:
        profile.add_contact(person, reach, by, country=agency.country())
    else:
        kept = dataclasses.replace(reach, **{name: getattr(main, name) for name in ("person", "instructions")}, is_main=main.is_main)
        profile.change_contact(main, kept, by, country=agency.country(), version=main.version)


def _as_text(question: Question, value: Any) -> str:
    if isinstance(value, str):
        return value
    return document_answers.shown(question, value, agency.settled().language, agency.country(), own=agency.settled().language)
