"""Filling in, page by page; and each answer by itself, as soon as its field was left."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from flask import g, request

from blueprints import questions
from blueprints.things_to_do import bp, given, sheets, wording
from blueprints.things_to_do.routes import address, number, seen
from domain import document_answers, document_filling, document_places, documents, texts
from domain.document_filling import Filling
from domain.document_parts import Form, Page, Section, say
from domain.rules import NotFound, RuleBroken
from models import Document
from web import kept
from web.addresses import url_for
from web.fragments import done, nothing, page, part
from web.languages import gettext as _
from web.languages import spoken
from web.posts import takes_files
from web.sessions import tell, tell_refusal

_KEPT = tuple(SimpleNamespace(name=name) for name in ("q", given.ASKED, "seen", "go", "more", "less"))


class Slot(NamedTuple):
    """Where a question stands on its page; without ``asked`` it is not shown now."""

    place: str
    asked: questions.Asked | None

    @property
    def id(self) -> str:
        return self.place.replace(":", "-")


class Part(NamedTuple):
    """A section of the page with its turns; without blocks it is not shown now."""

    key: str
    blocks: list[tuple[questions.Block, list[Slot]]]


def page_in(form: Form, key: str) -> Page:
    """A page of a form.  Raises NotFound."""
    found = next((each for each in form.pages if each.key == key), None)
    if found is None:
        raise NotFound(key)
    return found


def _page_at(document: Document, key: str) -> str:
    return url_for("things_to_do.one_page", document_id=document.public_id, key=key)


@bp.get("/<document_id>/pages/<key>")
def one_page(document_id: str, key: str):
    filling = document_filling.opened(g.viewer.document(document_id))
    at = page_in(filling.form, key)
    if filling.document.state != "assigned" or at not in filling.pages or document_filling.waits_for(filling.document):
        return done(address(filling.document))
    back = kept.given_back(_KEPT)
    if back is None:
        return _shown(filling, at)
    typed = given.fields_of(filling, at, back.to_dict(flat=False), given.asked_in(back))
    return _shown(filling, at, typed, saves=number(back.get("seen", "")))


def _shown(filling: Filling, at: Page, typed: Mapping[str, list[str]] | None = None, errors: Mapping[str, list[str]] | None = None,
           saves: int | None = None):  # fmt: skip
    step, steps = sheets.position(filling, at)
    before = filling.before(at.key)
    return page(
        "things_to_do/page.html", status=422 if errors else 200, found=sheets.heading(filling),
        title=say(at.words, spoken(), wording.own()),
        parts=parts_of(filling, at, sheets.reading_of(filling, typed, errors)), errors=errors or {}, step=step, steps=steps,
        saves=filling.document.saves if saves is None else saves, action=_page_at(filling.document, at.key), has_before=before is not None,
        has_files=any(each.kind == "file" for each in filling.on(at).values()),
    )  # fmt: skip


def parts_of(filling: Filling, at: Page, reading: questions.Reading) -> list[Part]:
    """The sections of a page, with a place for each question, whether it is shown now or not."""
    every = questions.blocks(_as_it_may_be_changed(filling), at.key, filling.answers, reading)
    return [Part(section.key, list(_blocks(section, every))) for section in at.sections]


def _blocks(section: Section, every: list[questions.Block]):
    for block in every:
        asked = {each.place: each for each in block.questions if each.question.kind != "signature"}
        if block.section.key == section.key and (asked or block.again):
            places = [document_places.place(each.key, block.turn) for each in section.questions if not each.is_for_staff]
            yield block, [Slot(place, asked.get(place)) for place in places] if block.turns else []


def _as_it_may_be_changed(filling: Filling) -> Form:
    """What the record answers for good is shown and not asked; what it does not answer is asked."""
    fixed = {document_places.read(place).question for place in filling.fixed}
    if all(question.may_change or question.key in fixed for _, _, question in filling.form.questions()):
        return filling.form
    def question_as(each):
        return dataclasses.replace(each, may_change=each.key not in fixed)
    return dataclasses.replace(filling.form, pages=tuple(
        dataclasses.replace(at, sections=tuple(
            dataclasses.replace(section, questions=tuple(map(question_as, section.questions))) for section in at.sections))
        for at in filling.form.pages))  # fmt: skip


# ---------------------------------------------------------------- sent: a page


@bp.post("/<document_id>/pages/<key>")
@takes_files
def fill_page(document_id: str, key: str):
    filling = document_filling.opened(g.viewer.document(document_id))
    at = page_in(filling.form, key)
    sent = given.page_sent(filling, at)
    try:
        became = given.keep(filling, sent, seen())
    except RuleBroken as broken:
        tell_refusal(broken)
        return done(address(filling.document))
    now = given.after(filling, sent, became)
    if request.form.get("go") == "next":
        sent.refused += given.unanswered(now, at, sent)
    if sent.refused or became.meanwhile:
        errors = questions.errors_of(sent.refused, spoken()) | _told(now, became)
        return _shown(now, at, given.fields_of(now, at, request.form.to_dict(flat=False), sent.asked), errors, became.saves)
    return _go_on(now, at, sent, became.saves)


def _told(filling: Filling, became: document_filling.Given) -> dict[str, list[str]]:
    """What two devices answered otherwise: that it is so, and what the other one said."""
    errors = {}
    for place, broken in became.meanwhile.items():
        try:
            _at, question, turn = given.question_at(filling, place)
        except NotFound:  # how often a section is there
            errors[""] = [texts.refusal(spoken(), broken)]
            continue
        theirs = document_filling.words_of(question, broken.theirs, spoken()).replace("\n", ", ") or _("No answer")
        sentences = [texts.refusal(spoken(), broken), _("On the other device: %(answer)s", answer=texts.apart(spoken(), theirs))]
        errors[questions.anchor(question, turn)] = [" ".join(sentences)]
    return errors


def _go_on(filling: Filling, at: Page, sent: given.Sent, saves: int):
    document = filling.document
    for name, verb in (("more", _one_more), ("less", _one_less)):
        if name in request.form:
            return verb(filling, at, request.form[name], saves)
    go = request.form.get("go", "next")
    if go == "stop":
        documents.turn_to(document, at.key)
        tell("good", _("Saved. You can go on whenever you like, also on another device."))
        return done(url_for("things_to_do.index"))
    if go == "next":
        new = [place for place, each in filling.on(at).items() if each.asks and place not in sent.asked and place not in filling.fixed]
        if new:
            tell("info", _("There is more on this page because of what you answered."))
            return done(f"{_page_at(document, at.key)}#slot-{new[0].replace(':', '-')}")
    to = filling.before(at.key) if go == "back" else filling.following(at.key)
    if to is None:
        return done(address(document) if go == "back" else url_for("things_to_do.review", document_id=document.public_id))
    documents.turn_to(document, to.key)
    return done(_page_at(document, to.key))


def _one_more(filling: Filling, at: Page, key: str, saves: int):
    section = document_filling.section_of(filling, key)
    turn = filling.shown.sections[key]
    return _changed(filling, at, lambda: document_filling.one_more(filling, section), saves, f"s-{key}-{turn}")


def _one_less(filling: Filling, at: Page, value: str, saves: int):
    key, _colon, turn = value.partition(":")
    section = document_filling.section_of(filling, key)
    return _changed(filling, at, lambda: document_filling.one_less(filling, section, number(turn)), saves, f"part-{key}")


def _changed(filling: Filling, at: Page, answers, saves: int, where: str):
    try:
        became = document_filling.give(filling, answers(), g.viewer.actor, seen=saves, device=given.device())
        for broken in became.meanwhile.values():
            tell_refusal(broken, "warn")
            break
    except RuleBroken as broken:
        tell_refusal(broken)
    return done(f"{_page_at(filling.document, at.key)}#{where}")


# ---------------------------------------------------------------- sent: one answer


@bp.post("/<document_id>/answers/<place>")
@takes_files
def answer(document_id: str, place: str):
    """One field was left.  What is half typed is nobody's mistake yet; what is wrong is said beside it, and what else is to be shown
    on the page comes along."""
    filling = document_filling.opened(g.viewer.document(document_id))
    at, question, turn = given.question_at(filling, place)
    if question.kind == "file":
        return nothing()
    try:
        value = given.typed(question, turn)
        became = document_filling.give(filling, {place: value}, g.viewer.actor, seen=seen(), device=given.device())
    except RuleBroken as broken:
        return nothing() if _is_half(question, turn) else _said(place, [texts.refusal(spoken(), each) for each in broken.every])
    now = given.after(filling, given.Sent({place: value}), became)
    return _said(place, [text for every in _told(now, became).values() for text in every], _changes(filling, now, at))


def _is_half(question: Any, turn: int) -> bool:
    """True while something of several parts is still empty."""
    names = document_answers.field_names(question, turn).values()
    return len(names) > 1 and question.kind not in ("one", "many") and not all(request.form.get(name) for name in names)


def _said(place: str, errors: list[str], changes: dict[str, Any] | None = None):
    slot = Slot(place, None)
    return part("things_to_do/answer.html", slot=slot, errors=errors, **(changes or {"parts": [], "slots": [], "step": 0, "steps": 0}))


def _changes(before: Filling, now: Filling, at: Page) -> dict[str, Any]:
    """What of the page is to be shown or hidden now: whole sections, or single questions of those that stay."""
    parts, slots = [], []
    if now.shown.questions.keys() != before.shown.questions.keys() or now.shown.sections != before.shown.sections:
        for part in parts_of(now, at, sheets.reading_of(now)):
            if (part.key in now.shown.sections) != (part.key in before.shown.sections):
                parts.append(part)
            else:
                slots += [slot for _block, every in part.blocks for slot in every
                          if (slot.place in now.shown.questions) != (slot.place in before.shown.questions)]  # fmt: skip
    step, steps = sheets.position(now, at)
    return {"parts": parts, "slots": slots, "step": step, "steps": steps, "document_id": now.document.public_id}
