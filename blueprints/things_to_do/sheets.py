"""A document as it is read: its title and what it is about, and every answer in words with where it is changed."""

from __future__ import annotations

from typing import NamedTuple

from blueprints import questions
from blueprints.things_to_do import wording
from domain import agency, document_filling, document_places, document_values
from domain.document_filling import Filling
from domain.document_parts import Page, Question, Section, say
from web import attached
from web.addresses import url_for
from web.languages import spoken


class Heading(NamedTuple):
    """What stands above every page of a document."""

    id: str
    title: str
    intro: str
    kind: str
    line: list[str]
    is_begun: bool
    may_decline: bool


class Line(NamedTuple):
    """A question with its answer, or (``kind`` heading, text, picture) what stands between questions."""

    kind: str
    title: str
    answer: str
    files: list[attached.Linked]
    href: str
    picture: str
    is_missing: bool


class Part(NamedTuple):
    """A section, or one turn of one that repeats."""

    title: str
    lines: list[Line]


class Leaf(NamedTuple):
    """A page of the form."""

    title: str
    parts: list[Part]


def heading(filling: Filling) -> Heading:
    document, form = filling.document, filling.form
    line = [wording.due(document.due_on) if document.state == "assigned" else "", wording.asked_by(document), wording.takes(form)]
    intro = say(form.intro, spoken(), wording.own())
    return Heading(document.public_id, wording.title(form), intro, form.kind, [each for each in line if each],
                   document.saves > 0, form.may_decline and document.state == "assigned")  # fmt: skip


def leaves(filling: Filling, *, changing: bool = False) -> list[Leaf]:
    """Every page with what is shown on it; ``changing``: with links to where an answer is changed, and signatures left out."""
    found = []
    for page in filling.form.pages:
        parts = [part for section in page.sections for part in _parts(filling, page, section, changing)]
        if parts:
            found.append(Leaf(say(page.words, spoken(), wording.own()), parts))
    return found


def _parts(filling: Filling, page: Page, section: Section, changing: bool) -> list[Part]:
    title, made = say(section.words, spoken(), wording.own()), []
    for turn in range(max(1, filling.shown.sections.get(section.key, 0))):
        places = [document_places.place(question.key, turn) for question in section.questions]
        lines = [_line(filling, page, place, changing) for place in places if place in filling.shown.questions]
        shown = [line for line in lines if line is not None]
        if shown:
            made.append(Part(f"{title} {turn + 1}" if section.repeats and title else title, shown))
    return made


def _line(filling: Filling, page: Page, place: str, changing: bool) -> Line | None:
    question = filling.shown.questions[place]
    if changing and question.kind == "signature":
        return None
    title, value = say(question.words, spoken(), wording.own()), filling.answers.get(place)
    if not question.asks:
        return Line(question.kind, title, "", [], "", picture_address(filling, question), False)
    files = [_linked(filling, each) for each in value] if question.kind == "file" and value else []
    answer = "" if files else document_filling.words_of(question, value, spoken())
    href = "" if not changing or place in filling.fixed else _change(filling, page, place)
    is_missing = changing and question.is_required and not document_values.is_complete(question, value)
    return Line("question", title, answer, files, href, "", is_missing)


def _change(filling: Filling, page: Page, place: str) -> str:
    where = document_places.read(place)
    question = filling.shown.questions[place]
    path = url_for("things_to_do.one_page", document_id=filling.document.public_id, key=page.key)
    return f"{path}#{questions.anchor(question, where.turn)}"


def _linked(filling: Filling, file: dict[str, object]) -> attached.Linked:
    href = url_for("things_to_do.file", document_id=filling.document.public_id, file_id=str(file["id"]))
    return attached.Linked(href, str(file["name"]), attached.size(int(str(file["size"]))))


def picture_address(filling: Filling, question: Question) -> str:
    """Where a picture of the form is had; empty without one."""
    return url_for("things_to_do.picture", document_id=filling.document.public_id, digest=question.picture) if question.picture else ""


def reading_of(filling: Filling, typed=None, errors=None) -> questions.Reading:
    """Who reads, and what stands in the fields."""
    return questions.Reading(
        spoken(), wording.own(), agency.country(), document_filling.currency(), agency.today(), typed, errors or {},
        f"/things-to-do/{filling.document.public_id}/pictures/",
    )  # fmt: skip


def position(filling: Filling, page: Page | None) -> tuple[int, int]:
    """Which of how many steps this is: the pages, and the end where all is looked at and sent."""
    keys = [each.key for each in filling.pages]
    return (keys.index(page.key) + 1 if page is not None and page.key in keys else len(keys) + 1), len(keys) + 1


