"""Document templates: list, create, what a template is called, publish, versions, no longer offer."""

from flask import g, request, url_for
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp, document_part_sheets, document_words, paging
from blueprints.admin.document_sheets import version_sent
from domain import agency, document_details, document_edits, document_faults, document_parts, document_templates, texts
from domain.document_templates import KIND_NAMES
from domain.rules import NotFound
from models import DocumentTemplate, DocumentVersion
from web.access import right
from web.forms import Form, OneOf, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import refusals_told, tell


class NameForm(Form):
    name = Text(_l("Name"), [Required(_l("Enter a name."))])


class NewForm(NameForm):
    kind = OneOf(_l("Kind"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind.choices = [SelectChoice(kind, _(name)) for kind, name in KIND_NAMES.items()]


@bp.get("/document-templates/")
@right("manage_documents")
def document_templates_list():
    question, is_former = request.args.get("q", "")[:100], request.args.get("state") == "former"
    rows, previous, following = paging.by_name(document_templates.every(question, in_use=not is_former), DocumentTemplate)
    return page("admin/document_templates.html", "results", templates=rows, previous=previous, following=following, question=question,
                is_former=is_former, kinds=KIND_NAMES, newest=document_templates.newest_of_each(rows))  # fmt: skip


@bp.get("/document-templates/new")
@right("manage_documents")
def new_document_template():
    return page("admin/document_template_new.html", form=NewForm(formdata=None, kind="form"))


@bp.post("/document-templates/new")
@right("manage_documents")
def create_document_template():
    form = NewForm()
    if form.validate():
        with form.refusals():
            made = document_templates.create(form.kind.data, form.name.data, agency.settled().language, g.viewer.actor)
            return done(url_for("admin.document_template", public_id=made.public_id))
    return page("admin/document_template_new.html", form=form)


@bp.get("/document-templates/<public_id>/copy")
@right("manage_documents")
def document_template_copy(public_id: str):
    template = document_templates.find(public_id)
    name = _("Copy of %(name)s", name=template.name)
    return page("admin/document_template_copy.html", found=template, form=NameForm(formdata=None, name=name))


@bp.post("/document-templates/<public_id>/copy")
@right("manage_documents")
def copy_document_template(public_id: str):
    template, form = document_templates.find(public_id), NameForm()
    if form.validate():
        with form.refusals():
            made = document_templates.duplicate(template, form.name.data, g.viewer.actor)
            return done(url_for("admin.document_template", public_id=made.public_id))
    return page("admin/document_template_copy.html", found=template, form=form)


# ---------------------------------------------------------------- what it is called


@bp.get("/document-templates/<public_id>/about")
@right("manage_documents")
def document_template_about(public_id: str):
    template = document_templates.find(public_id)
    return _about(template, *document_part_sheets.about(document_templates.draft_of(template), template.name))


@bp.post("/document-templates/<public_id>/about")
@right("manage_documents")
def describe_document_template(public_id: str):
    template = document_templates.find(public_id)
    form = document_templates.draft_of(template)
    sheet, groups = document_part_sheets.about(form, template.name)
    values = sheet.read()
    if not sheet.errors:
        with sheet.refusals():
            draft = document_part_sheets.described(form, values)
            document_details.describe(template, draft, values["name"] or "", g.viewer.actor, version=version_sent())
            tell("good", _("Saved."))
            return done(url_for("admin.document_template", public_id=public_id))
    return _about(template, sheet, groups)


def _about(template: DocumentTemplate, sheet, groups):
    return page("admin/document_part.html", found=template, form=sheet, groups=groups, title=_("Title and languages"),
                here=url_for("admin.describe_document_template", public_id=template.public_id), faults=faults_of(template, ""))  # fmt: skip


def faults_of(template: DocumentTemplate, key: str | None = None) -> list[tuple[str, str]]:
    """What keeps it from being published, as sentences with the page where it is put right; of one part those without an address."""
    form = document_templates.draft_of(template)
    own = form.languages[0] if form.languages else ""
    found = [each for each in document_faults.faults(form, agency.settled().language) if key is None or each.where == key]
    return [(_address(template, form, each.where) if key is None else "", _said(form, each, own)) for each in found]


def _said(form: document_parts.Form, fault: document_faults.Fault, own: str) -> str:
    sentence = texts.refusal(spoken(), fault.broken)
    return f"{_named(form, fault.where, own)}: {sentence}" if fault.where else sentence


def _named(form: document_parts.Form, key: str, own: str) -> str:
    try:
        return document_words.called(document_edits.find(form, key), own)
    except NotFound:
        return document_words.short(document_details.score(form, key).words, own) or _("Score")


def _address(template: DocumentTemplate, form: document_parts.Form, key: str) -> str:
    if not key:
        return url_for("admin.document_template_about", public_id=template.public_id)
    view = "admin.document_score" if key in [each.key for each in form.scores] else "admin.document_part"
    return url_for(view, public_id=template.public_id, key=key)


# ---------------------------------------------------------------- published


@bp.get("/document-templates/<public_id>/publication")
@right("manage_documents")
def document_publication(public_id: str):
    template = document_templates.find(public_id)
    versions = template.versions.order_by(DocumentVersion.number.desc()).limit(100)
    return page("admin/document_publication.html", found=template, faults=faults_of(template),
                versions=list(versions.join_from(DocumentVersion, DocumentVersion.published_by.rel_model)))  # fmt: skip


@bp.post("/document-templates/<public_id>/publication")
@right("manage_documents")
def publish_document_template(public_id: str):
    template = document_templates.find(public_id)
    with refusals_told():
        made = document_templates.publish(template, g.viewer.actor, version=version_sent())
        tell("good", _("Published as version %(number)s. What was assigned before stays as it was.", number=made.number))
        return done(url_for("admin.document_template", public_id=public_id))
    return done(url_for("admin.document_publication", public_id=public_id))


@bp.post("/document-templates/<public_id>/offered")
@right("manage_documents")
def offer_document_template(public_id: str):
    template = document_templates.find(public_id)
    is_in_use = request.form.get("offered") == "yes"
    with refusals_told():
        document_templates.set_in_use(template, g.viewer.actor, is_in_use=is_in_use, version=version_sent())
        tell("good", _("It is offered again.") if is_in_use else _("It is no longer offered. What was assigned stays."))
    return done(url_for("admin.document_template", public_id=public_id))
