"""How staff read of documents: where each stands, by when, how far; and scores over time as a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from domain import agency, document_differences, document_messages, document_reading, document_rules, documents
from domain.document_differences import Difference
from domain.document_parts import Form, say
from domain.document_reading import Line, Scored
from models import Document, DocumentFile, Individual, StoredFile
from web import attached, formatting
from web.addresses import url_for
from web.languages import gettext as _
from web.languages import ngettext, spoken


class Row(NamedTuple):
    """A document in a list: what it is called, where it stands, and how that looks."""

    document: Document
    title: str
    line: str
    state: str
    tone: str


class Chart(NamedTuple):
    """A score over time: the line as a drawing has it, its points, and the same in words."""

    name: str
    line: str
    dots: list[tuple[float, float]]
    rows: list[tuple[str, str, str]]


def lines(rows: Sequence[Document]) -> list[Row]:
    """Each of these documents, as it stands."""
    before, answers = document_messages.waiting(rows), documents.answers_of_each([row for row in rows if row.state == "assigned"])
    return [_line(row, before.get(row.id), answers.get(row.id, {})) for row in rows]


def line(found: Document) -> Row:
    """One of them."""
    return lines([found])[0]


def _line(found: Document, before: Document | None, answers: Mapping[str, Any]) -> Row:
    state, tone = _state(found)
    return Row(found, found.form.template.name, formatting.dotted(_told(found, before, answers)), state, tone)


def _state(found: Document) -> tuple[str, str]:
    ended = {"completed": (_("completed"), "good"), "declined": (_("declined"), "warn"), "withdrawn": (_("withdrawn"), "info")}
    if found.state in ended:
        return ended[found.state]
    if found.due_on is not None and found.due_on < agency.today():
        return _("overdue"), "bad"
    return (_("begun"), "info") if found.saves else (_("to do"), "info")


def _told(found: Document, before: Document | None, answers: Mapping[str, Any]) -> list[str]:
    if found.state != "assigned":
        return [formatting.day(found.ended_at.astimezone(agency.zone()).date()), found.reason]
    told = [_("after %(document)s", document=before.form.template.name) if before is not None else ""]
    told += [found.checklist.name if found.checklist_id else ""]
    told += [_("due by %(date)s", date=formatting.day(found.due_on)) if found.due_on is not None else ""]
    return [*told, _("on paper") if found.is_paper else "", _progress(found, answers) if found.saves else ""]


def _progress(found: Document, answers: Mapping[str, Any]) -> str:
    far = document_rules.progress(documents.form_of(found), answers)
    return ngettext("%(done)s of one question answered", "%(done)s of %(num)s questions answered", far.questions, done=far.answered)


def staff_part(form: Form, answers: Mapping[str, Any]) -> list[tuple[str, Sequence[str]]]:
    """What only staff answer, with what they did."""
    own, language = agency.settled().language, spoken()
    asked = document_reading.staff_questions(form).items()
    return [(say(each.words, language, own), _lines(each, answers.get(place), language, own)) for place, each in asked]


def _lines(question: Any, value: Any, language: str, own: str) -> Sequence[str]:
    shown = document_reading.in_words(question, value, language, own)
    return shown.lines or [f"{row}: {chosen}" for row, chosen in shown.rows]


def files(person: Individual, found: Document) -> list[attached.Linked]:
    """The files of a document that may be opened; drawn signatures stand with who signed."""
    rows = DocumentFile.select(DocumentFile, StoredFile).join(StoredFile).where(DocumentFile.document == found.id).order_by(DocumentFile.id)
    here = {"public_id": person.public_id, "document_id": found.public_id}
    return [attached.linked(each, url_for("admin.document_file", file_id=each.public_id, **here)) for each in rows]


class Differing(NamedTuple):
    """An answer that is not what the record says."""

    place: str
    words: str
    before: str
    after: str
    is_accepted: bool | None


def differences(found: Document) -> list[Differing]:
    """What was answered otherwise than the record says."""
    own, language = agency.settled().language, spoken()

    def shown(each: Difference, value: Any) -> str:
        return ", ".join(_lines(each.question, value, language, own)) if value is not None else ""

    return [
        Differing(each.place, say(each.question.words, language, own), shown(each, each.before), shown(each, each.after), each.is_accepted)
        for each in document_differences.of(found)
    ]


def scores(found: Sequence[Scored]) -> list[tuple[str, str, str]]:
    """Each score with its value and its band; one of which an answer is missing says so."""
    told = {True: "", False: " " + _("(not all is answered)")}
    return [(each.name, formatting.number(each.value) + told[each.is_whole], each.band) for each in found]


def charts(over_time: Sequence[Line]) -> list[Chart]:
    """Each score that was there several times."""
    found = []
    for each in over_time:
        dots = document_reading.plotted(each.points)
        rows = [(formatting.day(at.astimezone(agency.zone()).date()), formatting.number(value), band) for at, value, band in each.points]
        found.append(Chart(each.name, " ".join(f"{x},{y}" for x, y in dots), dots, rows))
    return found
