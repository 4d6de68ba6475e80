"""The end: every answer in words, what is still missing, the signature, and sent once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, request

from blueprints import questions
from blueprints.things_to_do import bp, given, sheets
from blueprints.things_to_do.routes import address, seen
from domain import document_answers, document_drawings, document_files, document_filling, document_places, store
from domain.document_filling import Filling
from domain.document_parts import Question
from domain.documents import Signed
from domain.rules import RuleBroken
from models import Document
from web.addresses import url_for
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import tell, tell_refusal


@bp.get("/<document_id>/review")
def review(document_id: str):
    filling = document_filling.opened(g.viewer.document(document_id))
    if filling.document.state != "assigned" or document_filling.waits_for(filling.document):
        return done(address(filling.document))
    return _review(filling)


def _review(filling: Filling, typed: Mapping[str, list[str]] | None = None, errors: Mapping[str, list[str]] | None = None):
    step, steps = sheets.position(filling, None)
    missing, before = filling.missing(), filling.before()
    reading = sheets.reading_of(filling, typed, errors)
    return page(
        "things_to_do/review.html", status=422 if errors else 200, found=sheets.heading(filling),
        leaves=sheets.leaves(filling, changing=True),
        errors=errors or {}, step=step, steps=steps, saves=filling.document.saves, missing=len(missing),
        missing_at=_at(filling, missing[0]) if missing else "", back=_page(filling, before.key) if before else address(filling.document),
        signatures=_signatures(filling, reading), is_letter=filling.form.kind == "letter",
    )  # fmt: skip


def _page(filling: Filling, key: str) -> str:
    return url_for("things_to_do.one_page", document_id=filling.document.public_id, key=key)


def _at(filling: Filling, missing: tuple[str, str, Question]) -> str:
    place, key, question = missing
    return f"{_page(filling, key)}#{questions.anchor(question, document_places.read(place).turn)}"


def _signatures(filling: Filling, reading: questions.Reading) -> list[questions.Asked]:
    """The fields of what is signed."""
    if not filling.signatures:
        return []
    blocks = (block for at in filling.form.pages for block in questions.blocks(filling.form, at.key, filling.answers, reading))
    return [each for block in blocks for each in block.questions if each.place in filling.signatures]


@bp.post("/<document_id>/completion")
def complete(document_id: str):
    filling = document_filling.opened(g.viewer.document(document_id))
    if filling.document.state == "completed":
        return done(address(filling.document))
    try:
        with store.writing():
            store.hold(filling.document)
            is_open = Document.get_by_id(filling.document.id).state == "assigned"
            signed = _signed(filling) if is_open else {}
            document_filling.submit(filling, signed, g.viewer.actor, seen=seen(), device=given.device())
    except RuleBroken as broken:
        return _refused(filling, broken)
    tell("good", _("Sent. Thank you."))
    return done(address(filling.document))


def _refused(filling: Filling, broken: RuleBroken):
    if broken.code in ("ended", "not_yet"):
        tell_refusal(broken)
        return done(address(filling.document))
    if broken.code == "stale":
        tell("warn", _("An answer was given on another device meanwhile. Look at all of it once more, then send it."))
        return done(url_for("things_to_do.review", document_id=filling.document.public_id))
    every = [questions.missing(each.field, filling.shown.questions[each.field]) if each.field in filling.shown.questions else each
             for each in broken.every]  # fmt: skip
    now = document_filling.opened(g.viewer.document(filling.document.public_id))
    return _review(now, request.form.to_dict(flat=False), questions.errors_of(every, spoken()))


def _signed(filling: Filling) -> dict[str, tuple[Any, Signed]]:
    """Each signature that was given, as an answer and as what is signed.  Raises RuleBroken, all of them together."""
    found, refused = {}, list[RuleBroken]()
    for place, question in filling.signatures.items():
        try:
            value, picture = _signature(filling, place, question)
        except RuleBroken as broken:
            refused += broken.every
            continue
        if value is not None:
            found[place] = value, Signed(value["name"], value["how"], picture)
    if refused:
        refused[0].every = tuple(refused)
        raise refused[0]
    return found


def _signature(filling: Filling, place: str, question: Question) -> tuple[Any, Any]:
    """A drawing comes as lines and is kept as a picture, which the answer names."""
    turn = document_places.read(place).turn
    names, posted = document_answers.field_names(question, turn), request.form.to_dict(flat=False)
    is_drawn = question.way == "drawn" or (question.way != "typed" and request.form.get(names["how"]) == "drawn")
    lines = request.form.get(names["drawn"], "")
    if not is_drawn:
        return given.typed(question, turn, {**posted, names["drawn"]: []}), None
    if not lines and not request.form.get(names["name"], "").strip():
        return None, None
    picture = document_drawings.picture(lines, names["drawn"])
    given.typed(question, turn, {**posted, names["drawn"]: ["it"]}, {"it": {"id": "it", "digest": ""}})  # is all else right?
    row, kept = document_files.keep_drawn(filling.document, place, picture)
    named = {row.public_id: {"id": row.public_id, "digest": kept.digest}}
    return given.typed(question, turn, {**posted, names["drawn"]: [row.public_id]}, named), kept
