"""The builder of a document template: all of it on one page, and a page for each part; every button works without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

from flask import g, request, url_for

from blueprints.admin import bp, document_part_sheets, document_words
from blueprints.admin.document_sheets import Sheet, version_sent
from blueprints.admin.document_templates import faults_of
from domain import document_details, document_edits, document_templates
from domain.document_parts import QUESTION_KINDS, Form, Question
from domain.rules import NotFound, RuleBroken
from models import DocumentTemplate
from web.access import right
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell, tell_refusal

STEPS = {"up": -1, "down": 1}


@bp.get("/document-templates/<public_id>/")
@right("manage_documents")
def document_template(public_id: str):
    template = document_templates.find(public_id)
    form = document_templates.draft_of(template)
    return page("admin/document_template.html", found=template, draft=form, own=form.languages[0], words=document_words,
                kinds=[(kind, _(document_words.KINDS[kind])) for kind in QUESTION_KINDS], faults=faults_of(template),
                newest=document_templates.newest(template), at=request.args.get("at", ""), did=request.args.get("did", ""))  # fmt: skip


@bp.post("/document-templates/<public_id>/")
@right("manage_documents")
def build_document_template(public_id: str):
    """One of the page's buttons: ``do`` says which, and of what."""
    template = document_templates.find(public_id)
    verb, _colon, key = request.form.get("do", "").partition(":")
    act = _ACTS.get(verb)
    if act is None:
        raise NotFound(verb)
    with refusals_told():
        form, made, is_new = act(document_templates.draft_of(template), key, verb)
        document_templates.change(template, form, g.viewer.actor, version=version_sent())
        return done(_part(template, made) if is_new else _builder(template, made, verb))
    return done(_builder(template))


def _builder(template: DocumentTemplate, at: str = "", did: str = "") -> str:
    """The page, at the part that was changed; the button that was pressed has the focus."""
    more = {"at": at, "did": did, "_anchor": f"part-{at}"} if at else {}
    return url_for("admin.document_template", public_id=template.public_id, **more)


def _part(template: DocumentTemplate, key: str, anchor: str = "") -> str:
    more = {"_anchor": anchor} if anchor else {}
    now = document_templates.draft_of(document_templates.find(template.public_id))
    view = "admin.document_score" if key in [each.key for each in now.scores] else "admin.document_part"
    return url_for(view, public_id=template.public_id, key=key, **more)


Acted = tuple[Form, str, bool]  # the new form, which part was changed, and whether it was made just now


def _step(form: Form, key: str, verb: str) -> Acted:
    return document_edits.move(form, key, STEPS[verb]), key, False


def _duplicate(form: Form, key: str, verb: str) -> Acted:
    return document_edits.duplicate(form, key), key, False


def _add_page(form: Form, key: str, verb: str) -> Acted:
    form = document_edits.add_page(form, {})
    return form, form.pages[-1].key, True


def _add_section(form: Form, key: str, verb: str) -> Acted:
    form = document_edits.add_section(form, key, {})
    found = next(each for each in form.pages if each.key == key)
    return form, found.sections[-1].key, True


def _add_question(form: Form, key: str, verb: str) -> Acted:
    kind = request.form.get(f"kind-{key}", "")
    if kind not in QUESTION_KINDS:
        raise NotFound(kind)
    form, made = document_edits.add_question(form, key, kind, {})
    return form, made.key, True


def _add_score(form: Form, key: str, verb: str) -> Acted:
    form, made = document_details.add_score(form)
    return form, made.key, True


_ACTS: dict[str, Callable[[Form, str, str], Acted]] = {
    "up": _step, "down": _step, "copy": _duplicate, "page": _add_page, "section": _add_section, "question": _add_question,
    "score": _add_score,
}  # fmt: skip


# ---------------------------------------------------------------- one part


@bp.get("/document-templates/<public_id>/parts/<key>/")
@right("manage_documents")
def document_part(public_id: str, key: str):
    template = document_templates.find(public_id)
    form = document_templates.draft_of(template)
    return _show_part(template, form, key, *document_part_sheets.of(form, document_edits.find(form, key)))


@bp.post("/document-templates/<public_id>/parts/<key>/")
@right("manage_documents")
def change_document_part(public_id: str, key: str):
    template = document_templates.find(public_id)
    form = document_templates.draft_of(template)
    part = document_edits.find(form, key)
    sheet, groups = document_part_sheets.of(form, part)
    values = sheet.read()
    if not sheet.errors:
        with sheet.refusals():
            form = document_edits.change(form, key, **document_part_sheets.read(form, part, values))
            form, anchor = _done_inside(form, key, values)
            return _kept(template, form, key, anchor)
    return _show_part(template, form, key, sheet, groups)


def _kept(template: DocumentTemplate, form: Form, key: str, anchor: str):
    """After Save the builder; after another button the same page, where that was."""
    document_templates.change(template, form, g.viewer.actor, version=version_sent())
    if request.form.get("do"):
        return done(_part(template, key, anchor))
    tell("good", _("Saved."))
    return done(_builder(template, key))


def _done_inside(form: Form, key: str, values) -> tuple[Form, str]:
    """What a button of the page does beside saving it: choices, rows and rules; and where on the page that is."""
    verb, _colon, what = request.form.get("do", "").partition(":")
    name, _colon, choice = what.partition(":")
    if not verb:
        return form, ""
    if verb == "add":
        language = form.languages[0]
        return document_details.add_choices(form, key, name, values.get(f"more_{name}") or "", language), f"q-more_{name}"
    if verb in STEPS:
        return document_details.move_choice(form, key, name, choice, STEPS[verb]), f"group-{name}.{choice}"
    if verb == "remove":
        return document_details.remove_choice(form, key, name, choice), f"q-more_{name}"
    if verb == "rule" and (asked := (values.get("new_rule") or {}).get("key")):
        return document_details.add_rule(form, key, asked), "group-show_if"
    if verb == "unrule":
        return document_details.remove_rule(form, key, what), "group-show_if"
    return form, "group-show_if"


def _show_part(template: DocumentTemplate, form: Form, key: str, sheet: Sheet, groups):
    part = document_edits.find(form, key)
    return page("admin/document_part.html", found=template, form=sheet, groups=groups, title=document_words.kind_of(part),
                here=url_for("admin.change_document_part", public_id=template.public_id, key=key), faults=faults_of(template, key),
                removal=url_for("admin.document_part_removal", public_id=template.public_id, key=key),
                back=_builder(template, key))  # fmt: skip


@bp.get("/document-templates/<public_id>/parts/<key>/removal")
@right("manage_documents")
def document_part_removal(public_id: str, key: str):
    template = document_templates.find(public_id)
    form = document_templates.draft_of(template)
    part = document_edits.find(form, key)
    return _confirm(template, document_words.called(part, form.languages[0]), isinstance(part, Question),
                    url_for("admin.remove_document_part", public_id=public_id, key=key), _part(template, key))  # fmt: skip


def _confirm(template: DocumentTemplate, name: str, is_alone: bool, here: str, back: str):
    return page("admin/document_part_removal.html", found=template, name=name, is_alone=is_alone, here=here, back=back)


@bp.post("/document-templates/<public_id>/parts/<key>/removal")
@right("manage_documents")
def remove_document_part(public_id: str, key: str):
    template = document_templates.find(public_id)
    form = document_edits.remove(document_templates.draft_of(template), key)
    return _removed(template, form)


def _removed(template: DocumentTemplate, form: Form):
    try:
        document_templates.change(template, form, g.viewer.actor, version=version_sent())
        tell("good", _("Removed."))
    except RuleBroken as broken:
        tell_refusal(broken)
    return done(_builder(template))


# ---------------------------------------------------------------- scores


@bp.get("/document-templates/<public_id>/scores/<key>/")
@right("manage_documents")
def document_score(public_id: str, key: str):
    template = document_templates.find(public_id)
    form = document_templates.draft_of(template)
    return _show_score(template, key, *document_part_sheets.score(form, document_details.score(form, key)))


@bp.post("/document-templates/<public_id>/scores/<key>/")
@right("manage_documents")
def change_document_score(public_id: str, key: str):
    template = document_templates.find(public_id)
    form = document_templates.draft_of(template)
    score = document_details.score(form, key)
    sheet, groups = document_part_sheets.score(form, score)
    values = sheet.read()
    if not sheet.errors:
        with sheet.refusals():
            form = document_details.change_score(form, key, **document_part_sheets.score_read(form, score, values))
            verb, _colon, number = request.form.get("do", "").partition(":")
            form = document_details.add_band(form, key) if verb == "band" else form
            form = document_details.remove_band(form, key, number) if verb == "unband" else form
            return _kept(template, form, key, "group-bands")
    return _show_score(template, key, sheet, groups)


def _show_score(template: DocumentTemplate, key: str, sheet: Sheet, groups):
    return page("admin/document_part.html", found=template, form=sheet, groups=groups, title=_("Score"), back=_builder(template),
                here=url_for("admin.change_document_score", public_id=template.public_id, key=key), faults=faults_of(template, key),
                removal=url_for("admin.document_score_removal", public_id=template.public_id, key=key))  # fmt: skip


@bp.get("/document-templates/<public_id>/scores/<key>/removal")
@right("manage_documents")
def document_score_removal(public_id: str, key: str):
    template = document_templates.find(public_id)
    form = document_templates.draft_of(template)
    name = document_words.short(document_details.score(form, key).words, form.languages[0]) or _("Score")
    return _confirm(template, name, True, url_for("admin.remove_document_score", public_id=public_id, key=key), _part(template, key))


@bp.post("/document-templates/<public_id>/scores/<key>/removal")
@right("manage_documents")
def remove_document_score(public_id: str, key: str):
    template = document_templates.find(public_id)
    return _removed(template, document_details.remove_score(document_templates.draft_of(template), key))
