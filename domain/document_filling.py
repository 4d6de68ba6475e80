"""Filling in: what a client sees of a document, and what they give page by page, by question or at the end (spec 05, Filling).

Nothing is written by looking: what the record says is shown from the first moment, and kept with the first answer.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from babel.numbers import get_territory_currencies

from domain import (
    agency,
    clock,
    document_answers,
    document_beginnings,
    document_forms,
    document_places,
    document_rules,
    documents,
    store,
)
from domain.actor import Actor
from domain.document_parts import Form, Page, Question, Section
from domain.document_rules import Visible
from domain.documents import Meanwhile, Signed
from domain.rules import N_, STALE, NotFound, RuleBroken
from models import Document, DocumentAnswer

Answers = Mapping[str, Any]


@functools.lru_cache(maxsize=300)
def currency_of(country: str) -> str:
    """In which money people of a country pay; empty where Babel does not know."""
    found = get_territory_currencies(country) if country else []
    return str(found[0]) if found else ""


def currency() -> str:
    """The money of the agency's country."""
    return currency_of(agency.country())


@dataclasses.dataclass(frozen=True)
class Filling:
    """A document as it is filled in: ``fixed`` are the places that the record answers and that the client may not change."""

    document: Document
    form: Form
    answers: Answers
    fixed: frozenset[str] = frozenset()

    @functools.cached_property
    def shown(self) -> Visible:
        """What the client sees with these answers."""
        return document_rules.visible(self.form, self.answers)

    @property
    def pages(self) -> list[Page]:
        """The pages on which something is to be read or answered, in order; what is only signed stands at the end of all."""
        asked = {document_places.read(place).question for place, each in self.shown.questions.items() if each.kind != "signature"}
        return [page for page in self.form.pages if page.key in self.shown.pages and any(
            question.key in asked or (section.repeats and section.key in self.shown.sections)
            for section in page.sections for question in section.questions)]  # fmt: skip

    @property
    def signatures(self) -> dict[str, Question]:
        """The signatures that are asked for, by their written place."""
        return {place: each for place, each in self.shown.questions.items() if each.kind == "signature"}

    def page(self, key: str) -> Page:
        """One of the pages.  Raises NotFound."""
        found = next((page for page in self.pages if page.key == key), None)
        if found is None:
            raise NotFound(key)
        return found

    def on(self, page: Page) -> dict[str, Question]:
        """The questions of a page that are shown, by their written place."""
        here = {question.key for section in page.sections for question in section.questions if question.kind != "signature"}
        return {place: each for place, each in self.shown.questions.items() if each.key in here}

    def missing(self) -> list[tuple[str, str, Question]]:
        """Place, page and question of what has to be answered and is not, but for what is signed at the end."""
        found = documents.missing_of(self.form, self.answers)
        return [(each.place, each.page, question) for each, question in found if question.kind != "signature"]

    def following(self, page: str = "") -> Page | None:
        """The page after one, without one the first; None after the last."""
        keys = [each.key for each in self.pages]
        order = [each.key for each in self.form.pages]
        later = keys if not page else [key for key in keys if order.index(key) > order.index(page)]
        return self.page(later[0]) if later else None

    def before(self, page: str = "") -> Page | None:
        """The page before one, without one the last."""
        keys = [each.key for each in self.pages]
        order = [each.key for each in self.form.pages]
        earlier = keys if not page else [key for key in keys if order.index(key) < order.index(page)]
        return self.page(earlier[-1]) if earlier else None


# ---------------------------------------------------------------- looked at


def opened(document: Document) -> Filling:
    """A document as its client finds it now."""
    form = document_forms.of(document.form)
    if document.state == "completed":
        return Filling(document, form, documents.answers_of(document))
    rows = DocumentAnswer.select(DocumentAnswer.place, DocumentAnswer.value, DocumentAnswer.saved)
    found = list(rows.where(DocumentAnswer.document == document.id).tuples())
    answers = {place: json.loads(value) for place, value, _ in found if value}
    from_record = {place for place, _, saved in found if not saved}
    if document.state == "assigned" and (document.begun_at is None or document.corrects_id is not None):
        begun = _beginning(document, form)
        if document.corrects_id is not None:  # begun by staff or client with what was sent: what is as in the record came from there
            return Filling(document, form, answers, _fixed(form, {place for place in begun if begun[place] == answers.get(place)}))
        answers, from_record = {**begun, **answers}, {*begun, *from_record}
    return Filling(document, form, answers, _fixed(form, from_record & answers.keys()))


def _fixed(form: Form, places: set[str]) -> frozenset[str]:
    never = {question.key for _, _, question in form.questions() if question.prefill and not question.may_change}
    return frozenset(place for place in places if document_places.read(place).question in never) if never else frozenset()


def _beginning(document: Document, form: Form) -> dict[str, Any]:
    return document_beginnings.of(form, document.individual, today=agency.today(), currency=currency())


def waits_for(document: Document) -> Document | None:
    """The one of its checklist that has to be done before it, where these have an order; None when its turn has come."""
    if document.checklist_id is None or not document.checklist.is_ordered:
        return None
    before = Document.select().where(Document.checklist == document.checklist_id, Document.position < document.position)
    found: Document | None = before.where(Document.state == "assigned").order_by(Document.position, Document.id).first()
    return found


# ---------------------------------------------------------------- given


@dataclasses.dataclass
class Given:
    """What became of some answers: those that another device has answered otherwise meanwhile are not kept."""

    saves: int
    meanwhile: dict[str, Meanwhile] = dataclasses.field(default_factory=dict)


def give(filling: Filling, given: Answers, by: Actor, *, seen: int, device: str = "") -> Given:
    """Keep the answers of a page, or of a question; of what the record answers for good nothing changes.

    Raises RuleBroken ``ended``, ``not_yet``; NotFound for what the client is not asked.
    """
    document = filling.document
    if waits_for(document) is not None:
        raise RuleBroken(N_("Something else of this list comes first."), code="not_yet")
    rest = {place: value for place, value in given.items() if place not in filling.fixed}
    became = Given(document.saves)
    with store.writing():
        _begin(filling, by, device)
        while True:
            try:
                became.saves = documents.save(document, rest, by, seen=seen, device=device)
                return became
            except Meanwhile as broken:
                became.meanwhile[broken.field] = broken
                del rest[broken.field]


def _begin(filling: Filling, by: Actor, device: str) -> None:
    """With the first answer the record's answers are the document's; whoever gives another one overwrites nobody's."""
    document = filling.document
    if document.begun_at is not None or document.state != "assigned":
        return
    if not Document.update(begun_at=clock.now()).where(Document.id == document.id, Document.begun_at.is_null(), Document.state == "assigned").execute():
        return
    there = {place for (place,) in DocumentAnswer.select(DocumentAnswer.place).where(DocumentAnswer.document == document.id).tuples()}
    for place, value in _beginning(document, filling.form).items():
        if place not in there:
            DocumentAnswer.create(document=document, place=place, value=documents.written(value), saved=0, saved_at=clock.now(),
                                  worker=by.worker, device=device)  # fmt: skip


# ---------------------------------------------------------------- a section that repeats


def section_of(filling: Filling, key: str) -> Section:
    """A section that is shown and repeats.  Raises NotFound."""
    found = next((each for page in filling.form.pages for each in page.sections if each.key == key and each.repeats), None)
    if found is None or key not in filling.shown.sections:
        raise NotFound(key)
    return found


def one_more(filling: Filling, section: Section) -> dict[str, Any]:
    """The answers that add a turn.  Raises RuleBroken ``too_many``."""
    there = document_rules.turns(section, filling.answers)
    most = min(section.most, document_places.MOST_TURNS)
    if there >= most:
        raise RuleBroken(N_("There can be at most %(most)s."), code="too_many", most=most)
    defaults = document_beginnings.of_turn(section, there, today=agency.today(), currency=currency())
    return {**defaults, document_places.count(section.key): str(there + 1)}


def one_less(filling: Filling, section: Section, turn: int) -> dict[str, Any]:
    """The answers that take a turn away: what follows moves up.  Raises RuleBroken ``too_few``; NotFound for a turn that is not there."""
    there = document_rules.turns(section, filling.answers)
    if not 0 <= turn < there:
        raise NotFound(section.key)
    if there <= section.least:
        raise RuleBroken(N_("At least %(least)s must stay."), code="too_few", least=section.least)
    moved: dict[str, Any] = {document_places.count(section.key): str(there - 1)}
    for question in section.questions:
        if question.asks and not question.is_for_staff:
            for at in range(turn, there):
                moved[document_places.place(question.key, at)] = filling.answers.get(document_places.place(question.key, at + 1))
            moved[document_places.place(question.key, there - 1)] = None
    return moved


# ---------------------------------------------------------------- sent


def submit(filling: Filling, signed: Mapping[str, tuple[Any, Signed]], by: Actor, *, seen: int, device: str = "") -> Document:
    """Send it, with the signatures by their places, each as an answer and as what is signed; twice is once.

    Raises RuleBroken: ``ended``, ``not_yet``, ``stale`` where an answer came from elsewhere after ``seen``; ``missing`` with ``every``,
    each with its place as field.
    """
    document = filling.document
    if document.state == "assigned" and waits_for(document) is not None:
        raise RuleBroken(N_("Something else of this list comes first."), code="not_yet")
    with store.writing():
        held: Document = store.lock(Document.select().where(Document.id == document.id)).get()
        if held.state == "completed":
            return held
        if held.saves != seen:
            raise RuleBroken(STALE, code="stale")
        _begin(filling, by, device)
        count = documents.save(held, {place: value for place, (value, _) in signed.items()}, by, seen=seen, device=device)
        return documents.complete(document, by, seen=count, signatures=[each for _, each in signed.values()])


def words_of(question: Question, value: Any, language: str) -> str:
    """An answer as its client reads it."""
    house = agency.current()
    own = house.language if house else "en"
    return document_answers.shown(question, value, language, agency.country(), currency=currency(), own=own, today=agency.today())


