"""Answers that staff give: to what is asked of them alone, and those that stand on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, g, request, url_for

from blueprints import questions
from blueprints.admin import bp, people
from blueprints.admin.individual_documents import AssignForm
from blueprints.questions import Block, Reading
from domain import (
    agency,
    attachments,
    document_answers,
    document_differences,
    document_files,
    document_filling,
    document_papers,
    document_places,
    document_reading,
    document_rules,
    documents,
)
from domain.document_parts import Form, Question
from domain.rules import RuleBroken
from models import Document, Individual
from web import attached
from web.access import any_staff, right
from web.fragments import done
from web.languages import gettext as _
from web.languages import spoken
from web.posts import takes_files
from web.sessions import refusals_told, tell

_ONE = "/individuals/<public_id>/documents/<document_id>"
_NOT_TYPED = ("file", "signature")  # on paper these are in the scan


def _found(public_id: str, document_id: str) -> tuple[Individual, Document]:
    person = g.viewer.individual(public_id)
    return person, g.viewer.document(person, document_id)


def _back(public_id: str, document_id: str):
    return done(url_for("admin.document_of", public_id=public_id, document_id=document_id))


# ---------------------------------------------------------------- what only staff answer


@bp.get(f"{_ONE}/assessment")
@any_staff
def assessing(public_id: str, document_id: str):
    return _assessing(*_found(public_id, document_id))


@bp.post(f"{_ONE}/assessment")
@any_staff
def assess(public_id: str, document_id: str):
    person, found = _found(public_id, document_id)
    asked = _for_staff(found)
    given, broken = _typed(asked)
    if not broken:
        try:
            document_reading.assess(found, given, g.viewer.actor, seen=_seen())
            tell("good", _("Saved."))
            return _back(public_id, document_id)
        except RuleBroken as refused:
            broken = [*refused.every]
    return _assessing(person, found, broken)


def _assessing(person: Individual, found: Document, broken: Sequence[RuleBroken] = ()):
    form, answers = documents.form_of(found), document_reading.answers_with_staff(found)
    asked = set(_for_staff(found))
    blocks = _blocks(form, answers, broken, lambda place, question: place in asked)
    seen = document_reading.staff_saved(found)
    return people.page_about(person, "admin/document_assessing.html", document=found, blocks=blocks, seen=seen,
                             errors=questions.errors_of(broken, spoken()))  # fmt: skip


def _for_staff(found: Document) -> dict[str, Question]:
    if found.state not in ("assigned", "completed"):
        abort(404)
    every = document_reading.staff_questions(documents.form_of(found))
    return {place: each for place, each in every.items() if each.kind not in _NOT_TYPED} or abort(404)


def _typed(asked: Mapping[str, Question]) -> tuple[dict[str, Any], list[RuleBroken]]:
    """What was typed into the fields of these, and what is wrong with it."""
    posted, given, broken = request.form.to_dict(flat=False), {}, []
    for place, question in asked.items():
        try:
            given[place] = document_answers.typed(
                question, posted, spoken(), agency.country(), today=agency.today(), currency=document_filling.currency(),
                own=agency.settled().language, turn=document_places.read(place).turn,
            )  # fmt: skip
        except RuleBroken as refused:
            broken += refused.every
    return given, broken


def _blocks(form: Form, answers: Mapping[str, Any], broken: Sequence[RuleBroken], is_wanted: Any) -> list[Block]:
    """Those questions of all pages that are wanted, as fields; refused ones with what was typed."""
    typed = request.form.to_dict(flat=False) if request.method == "POST" else None
    reading = Reading(spoken(), agency.settled().language, agency.country(), document_filling.currency(), agency.today(), typed,
                      questions.errors_of(broken, spoken()))  # fmt: skip
    found = []
    for page in form.pages:
        for block in questions.blocks(form, page.key, answers, reading, for_staff=True):
            block.questions = [each for each in block.questions if is_wanted(each.place, each.question)]
            block.again, block.may_go = "", False
            found += [block] if any(each.question.asks for each in block.questions) else []
    return found


def _seen() -> int:
    typed = request.form.get("seen", "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else 0


# ---------------------------------------------------------------- paper


@bp.get("/individuals/<public_id>/documents/paper")
@any_staff
def new_paper(public_id: str):
    return _new_paper(g.viewer.individual(public_id), AssignForm(formdata=None))


@bp.post("/individuals/<public_id>/documents/paper")
@any_staff
def begin_paper(public_id: str):
    person, form = g.viewer.individual(public_id), AssignForm()
    if form.validate():
        with form.refusals():
            made = document_papers.begin(person, form.bundle(), g.viewer.actor)
            return done(url_for("admin.paper", public_id=public_id, document_id=made.public_id))
    return _new_paper(person, form)


def _new_paper(person: Individual, form: AssignForm):
    form.what.choices = [each for each in form.what.choices if not each[0].startswith("c:")]
    return people.page_about(person, "admin/document_paper_new.html", form=form)


@bp.get(f"{_ONE}/paper")
@any_staff
def paper(public_id: str, document_id: str):
    person, found = _paper(public_id, document_id)
    return _paper_page(person, found)


@bp.post(f"{_ONE}/paper")
@any_staff
@takes_files
def enter_paper(public_id: str, document_id: str):
    person, found = _paper(public_id, document_id)
    given, broken = _typed(_on_paper(found))
    scans, refused = _scans()
    if not (broken := [*broken, *refused]):
        try:
            saves = document_papers.save(found, given, scans, g.viewer.actor, seen=_seen())
            if request.form.get("done") == "1":
                documents.complete(found, g.viewer.actor, seen=saves)
                tell("good", _("The document is complete."))
                return _back(public_id, document_id)
            tell("good", _("Saved."))
            return done(url_for("admin.paper", public_id=public_id, document_id=document_id))
        except RuleBroken as said:
            broken = [_beside(each, found) for each in said.every]
    return _paper_page(person, g.viewer.document(person, document_id), broken)


def _beside(broken: RuleBroken, found: Document) -> RuleBroken:
    """What was not answered, linked to its field."""
    asked = {each.key: each for _, _, each in documents.form_of(found).questions()}
    if broken.code in ("missing", "meanwhile") and broken.field.partition(":")[0] in asked:
        place = document_places.read(broken.field)
        broken.field = questions.anchor(asked[place.question], place.turn)
    return broken


def _paper(public_id: str, document_id: str) -> tuple[Individual, Document]:
    person, found = _found(public_id, document_id)
    if not found.is_paper or found.state != "assigned":
        abort(404)
    return person, found


def _on_paper(found: Document) -> dict[str, Question]:
    """What is typed in: every question that is shown, of a section that repeats in all its turns."""
    answers = documents.answers_of(found)
    shown = document_rules.visible(documents.form_of(found), answers, for_staff=True).questions
    return {place: each for place, each in shown.items() if each.asks and each.kind not in _NOT_TYPED}


def _scans() -> tuple[list[attachments.Ready], list[RuleBroken]]:
    sent = [(str(file.filename), file.stream) for file in request.files.getlist("scan") if file.filename]
    try:
        return attachments.ready(sent) if sent else [], []
    except RuleBroken as refused:
        for each in refused.every:
            each.field = "scan"
        return [], [*refused.every]


def _paper_page(person: Individual, found: Document, broken: Sequence[RuleBroken] = ()):
    asked = set(_on_paper(found))
    blocks = _blocks(documents.form_of(found), documents.answers_of(found), broken, lambda place, question: place in asked)
    return people.page_about(person, "admin/document_paper.html", document=found, blocks=blocks, limits=attached.limits(),
                             errors=questions.errors_of(broken, spoken()), scans=document_papers.scans_of(found))  # fmt: skip


# ---------------------------------------------------------------- files, and what differs from the record


@bp.get(f"{_ONE}/files/<file_id>")
@any_staff
def document_file(public_id: str, document_id: str, file_id: str):
    _person, found = _found(public_id, document_id)
    return attached.download(document_files.one(found, file_id))


@bp.post(f"{_ONE}/differences")
@right("edit_individuals")
def decide_difference(public_id: str, document_id: str):
    _person, found = _found(public_id, document_id)
    is_accepted = request.form.get("accept") == "1"
    with refusals_told():
        document_differences.decide(found, request.form.get("place", ""), g.viewer.actor, is_accepted=is_accepted)
        tell("good", _("Accepted. The record is changed.") if is_accepted else _("The record stays as it is."))
    return _back(public_id, document_id)
