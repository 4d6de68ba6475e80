"""What a page of a document brought: each answer as it is kept, and what is wrong with the others, beside its field."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, cast

from flask import g, request

from blueprints import questions
from domain import agency, attachments, document_answers, document_files, document_filling, document_places, store
from domain.document_filling import Filling
from domain.document_parts import Page, Question
from domain.documents import ENDED
from domain.rules import NotFound, RuleBroken
from models import Document
from web.languages import spoken

ASKED = "asked"  # begins the name of the hidden field beside each question: what is not there was not asked, and nothing is taken back


@dataclasses.dataclass
class Sent:
    """A page that was sent: answers by their written place, what was wrong, and what each question's fields held."""

    answers: dict[str, Any] = dataclasses.field(default_factory=dict)
    refused: list[RuleBroken] = dataclasses.field(default_factory=list)
    asked: list[str] = dataclasses.field(default_factory=list)
    uploads: dict[str, list[attachments.Ready]] = dataclasses.field(default_factory=dict)


def question_at(filling: Filling, place: str, page: Page | None = None) -> tuple[Page, Question, int]:
    """A question that the client may answer, by its written place.  Raises NotFound."""
    try:
        where = document_places.read(place)
    except ValueError:
        raise NotFound(place) from None
    for at, section, question in filling.form.questions():
        if question.key == where.question and (page is None or at.key == page.key):
            is_there = where.turn < (section.most if section.repeats else 1)
            if is_there and question.asks and not question.is_for_staff and question.kind != "signature":
                return at, question, where.turn
    raise NotFound(place)


def asked_in(posted: Iterable[str]) -> list[str]:
    """The places that a form says it asked."""
    return [name.removeprefix(f"{ASKED}-") for name in posted if name.startswith(f"{ASKED}-")]


def page_sent(filling: Filling, page: Page) -> Sent:
    """What the page's form brought; files that were chosen are looked at, which takes its time, and kept by ``keep``."""
    sent = Sent()
    for place in asked_in(request.form):
        try:
            _, question, turn = question_at(filling, place, page)
        except NotFound:
            continue  # of a form that somebody made up
        sent.asked.append(place)
        if place in filling.fixed:
            continue
        with _refusals(sent):
            if question.kind == "file":
                _look_at_files(sent, filling, place, question, turn)
            else:
                sent.answers[place] = typed(question, turn)
    return sent


class _refusals:
    def __init__(self, sent: Sent) -> None:
        self._sent = sent

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if not isinstance(error, RuleBroken):
            return False
        self._sent.refused += error.every
        return True


def typed(question: Question, turn: int, fields: Mapping[str, list[str]] | None = None, kept: Mapping[str, Any] | None = None) -> Any:
    """The answer to one question in what was posted.  Raises RuleBroken."""
    posted = request.form.to_dict(flat=False) if fields is None else fields
    house = agency.current()
    return document_answers.typed(
        question, posted, spoken(), agency.country(), today=agency.today(), currency=document_filling.currency(),
        own=house.language if house else "en", turn=turn, kept=kept,
    )  # fmt: skip


def _look_at_files(sent: Sent, filling: Filling, place: str, question: Question, turn: int) -> None:
    name = document_answers.field_names(question, turn)[""]
    there = document_files.kept(filling.document, place)
    chosen = [there[each] for each in dict.fromkeys(request.form.getlist(name)) if each in there]
    sent.answers[place] = chosen or None
    files = [file for file in request.files.getlist(f"{name}-file") if file.filename]
    if files:
        sent.uploads[place] = document_files.ready(
            question, turn, len(chosen), [(str(file.filename), cast(BinaryIO, file.stream)) for file in files]
        )


def keep(filling: Filling, sent: Sent, seen: int) -> document_filling.Given:
    """Keep what was good: files with the answers that name them, or nothing of it.  Raises RuleBroken ``ended``, ``not_yet``."""
    with store.writing():
        if sent.uploads:
            store.hold(filling.document)
            state = Document.get_by_id(filling.document.id).state
            if state != "assigned":
                raise RuleBroken(ENDED[state], code="ended")
        for place, ready in sent.uploads.items():
            sent.answers[place] = [*(sent.answers.get(place) or []), *document_files.keep(filling.document, place, ready)]
        return document_filling.give(filling, sent.answers, g.viewer.actor, seen=seen, device=device())


def device() -> str:
    """Which of the client's browsers this is."""
    return str(g.viewer.session.public_id)


def after(filling: Filling, sent: Sent, became: document_filling.Given) -> Filling:
    """The document as it is with these answers: what another device gave meanwhile stays as that said."""
    now = dict(filling.answers)
    for place, value in sent.answers.items():
        if place not in filling.fixed:
            now[place] = became.meanwhile[place].theirs if place in became.meanwhile else value
    return dataclasses.replace(filling, answers={place: value for place, value in now.items() if value is not None})


def unanswered(filling: Filling, page: Page, sent: Sent) -> Iterator[RuleBroken]:
    """What had to be answered on this page, was asked, and was not."""
    wrong = {each.field for each in sent.refused}
    for place, key, question in filling.missing():
        names = document_answers.field_names(question, document_places.read(place).turn)
        if key == page.key and place in sent.asked and wrong.isdisjoint(names.values()):
            yield questions.missing(place, question)


def fields_of(filling: Filling, page: Page, posted: Mapping[str, list[str]], asked: list[str]) -> dict[str, list[str]]:
    """What stands in the fields of a page that is shown again: what was typed into those that were asked, else the answers."""
    reader = (spoken(), agency.country())
    house = agency.current()
    found: dict[str, list[str]] = {}
    for place, question in filling.on(page).items():
        turn = document_places.read(place).turn
        if place in asked and question.kind != "file":
            found |= {name: list(posted.get(name, ())) for name in document_answers.field_names(question, turn).values()}
        elif question.asks:
            found |= document_answers.as_typed(question, filling.answers.get(place), *reader, currency=document_filling.currency(),
                                               own=house.language if house else "en", turn=turn)  # fmt: skip
    return found


