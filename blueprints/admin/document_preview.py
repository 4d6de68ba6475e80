"""A document as its client would see it, page by page, on a phone; it can be filled in to try it.  Nothing is saved."""

from flask import render_template, request, url_for
from markupsafe import Markup

from blueprints import questions
from blueprints.admin import bp
from domain import (
    agency,
    document_answers,
    document_details,
    document_parts,
    document_places,
    document_rules,
    document_scores,
    document_templates,
    document_trials,
    texts,
)
from domain.document_parts import Form, say
from domain.rules import NotFound
from models import DocumentTemplate, DocumentVersion
from web import formatting
from web.access import right
from web.fragments import page
from web.languages import speaking
from web.posts import only_asks

END = "-"  # after the last page


@bp.get("/document-templates/<public_id>/preview")
@right("manage_documents")
def document_preview(public_id: str):
    template = document_templates.find(public_id)
    form = _form(template)
    language = _language(form)
    fields = document_trials.fields_of(form, document_details.at_first(form), language, agency.country(), own=form.languages[0])
    first = next((each.key for each in form.pages), END)
    wanted = request.args.get("page", "")
    return _show(template, form, wanted if wanted in [each.key for each in form.pages] else first, language, fields, {})


@bp.post("/document-templates/<public_id>/preview")
@right("manage_documents")
@only_asks
def try_document(public_id: str):
    """One of the buttons: on, back, to a page, another language, one more of a section.  All that was typed goes along."""
    template = document_templates.find(public_id)
    form = _form(template)
    fields = {name: request.form.getlist(name) for name in request.form if name.startswith(("q-", "n-"))}
    now = request.form.get("page", "")
    if now not in (END, *(each.key for each in form.pages)):
        raise NotFound(now)
    language = _language(form, request.form.get("spoken", ""))
    trial = _read(form, fields, language)
    if (chosen := request.form.get("language", "")) in form.languages:
        counts = {name: values for name, values in fields.items() if name.startswith("n-")}
        said = document_trials.fields_of(form, trial.answers, chosen, agency.country(), own=form.languages[0])
        return _show(template, form, now, chosen, counts | said, {})
    errors: dict[str, list[str]] = {}
    if "more" in request.form or "less" in request.form:
        section, _colon, turn = (request.form.get("more") or request.form.get("less", "")).partition(":")
        without = int(turn) if "less" in request.form and turn.isdecimal() and len(turn) < 4 else None
        fields = document_trials.turned(form, fields, trial.answers, section, without)
    elif request.form.get("go", "") in [END, *(each.key for each in form.pages)] and request.form.get("go"):
        now = request.form["go"]
    elif "back" in request.form:
        now = document_rules.page_before(form, trial.answers, "" if now == END else now) or now
    elif now != END:
        errors = _errors(form, trial, now, language)
        now = now if errors else document_rules.page_after(form, trial.answers, now) or END
    return _show(template, form, now, language, fields, errors)


def _form(template: DocumentTemplate) -> Form:
    """The draft, or a version by its number."""
    number = request.args.get("version", "")
    if not number:
        return document_templates.draft_of(template)
    found = template.versions.where(DocumentVersion.number == int(number)).first() if number.isdecimal() and len(number) < 5 else None
    if found is None:
        raise NotFound(number)
    return document_parts.read(found.body)


def _language(form: Form, wanted: str = "") -> str:
    wanted = wanted or request.args.get("language", "")
    return wanted if wanted in form.languages and wanted in texts.LANGUAGES else form.languages[0]


def _read(form: Form, fields, language: str) -> document_trials.Trial:
    return document_trials.read(form, fields, language, agency.country(), today=agency.today(), own=form.languages[0])


def _errors(form: Form, trial: document_trials.Trial, now: str, language: str) -> dict[str, list[str]]:
    asked = {question.key: question for _p, _s, question in form.questions()}
    shown = document_rules.visible(form, trial.answers).questions
    wrong = [each for each in trial.wrong.get(now, ()) if _is_shown(each.field, shown)]
    known = {each.field for each in wrong}
    lost = [questions.missing(each.place, asked[document_places.read(each.place).question])
            for each in document_trials.missing(form, trial.answers, now)]  # fmt: skip
    return questions.errors_of([*wrong, *(each for each in lost if each.field not in known)], language)


def _is_shown(field: str, shown) -> bool:
    return any(field == f"q-{place}" or field.startswith(f"q-{place}-") for place in shown)


def _show(template: DocumentTemplate, form: Form, now: str, language: str, fields, errors):
    own = form.languages[0]
    answers = _read(form, fields, language).answers
    reading = questions.Reading(language, own, agency.country(), "", agency.today(), fields, errors,
                                url_for("admin.document_template", public_id=template.public_id) + "pictures/")  # fmt: skip
    with speaking(language):
        blocks = questions.blocks(form, now, answers, reading) if now != END and form.pages else []
        drawn = {name for block in blocks for each in block.questions for name in _names(each)}
        carried = [(name, value) for name, values in fields.items() if name not in drawn for value in values]
        shown = document_rules.visible(form, answers).pages
        inner = Markup(render_template(  # noqa: S704 - a template of ours
            "admin/_document_phone.html", draft=form, blocks=blocks, errors=errors, say=reading.say, is_end=now == END,
            page=next((each for each in form.pages if each.key == now), None), at=shown.index(now) + 1 if now in shown else 0,
            of=len(shown), is_first=now != END and document_rules.page_before(form, answers, now) is None))  # fmt: skip
    return page("admin/document_preview.html", status=422 if errors else 200, found=template, inner=inner, carried=carried, now=now,
                language=language, direction=texts.direction(language), pages=[(each.key, reading.say(each.words)) for each in form.pages],
                languages=[(code, formatting.language_name(code)) for code in form.languages], scores=_scores(form, answers, own),
                version=request.args.get("version", ""))  # fmt: skip


def _names(asked: questions.Asked) -> list[str]:
    if asked.shape in ("locked", *document_parts.SILENT):
        return []
    return list(document_answers.field_names(asked.question, document_places.read(asked.place).turn).values())


def _scores(form: Form, answers, own: str):
    names = {each.key: each for each in form.scores}
    found = []
    for result in document_scores.scores(form, answers):
        score = names[result.key]
        value = document_parts.plain_number(result.value) if result.value is not None else ""
        found.append((say(score.words, own, own), value, say(result.band, own, own) if result.band else "", score.is_shown))
    return found
