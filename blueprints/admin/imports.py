"""Import: upload a file, name its columns, look at what would happen, have it taken in."""

from flask import current_app, g, request, url_for
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp, import_forms, paging, wording
from domain import agency, import_jobs, import_page, settings, spreadsheet, texts
from domain.rules import NotFound, RuleBroken
from models import ImportFile
from web.access import right
from web.forms import Form, OneOf, Upload, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import tell, tell_refusal

SHOWN = 200  # problems on the page; the download has all


class UploadForm(Form):
    subject = OneOf(_l("What is in the file?"), choices=[SelectChoice(k, _l(v)) for k, v in wording.IMPORT_SUBJECTS.items()])
    file = Upload(_l("CSV file"), _l("Choose a file."))


class ConsentForm(Form):
    consent = OneOf(
        _l("Do the people in this file allow e-mail?"),
        choices=[SelectChoice("yes", _l("Yes, and we have it on record")), SelectChoice("no", _l("No, or we do not know"))],
    )


def _folder():
    return current_app.extensions["doorstep"].uploads


@bp.get("/imports/")
@right("import_data")
def imports():
    rows, older = paging.newest(g.viewer.imports, ImportFile)
    return page("admin/imports.html", files=rows, problems=import_page.problems_of(rows), older=older, wording=wording)


@bp.get("/imports/new")
@right("import_data")
def new_import():
    return _show_upload(UploadForm(formdata=None))


@bp.post("/imports/new")
@right("import_data")
def upload_import():
    form = UploadForm()
    if form.validate():
        with form.refusals():
            sent = form.file.data
            file = import_page.upload(_folder(), sent.stream, sent.filename, form.subject.data, g.viewer.actor)
            return done(url_for("admin.name_columns", public_id=file.public_id))
    return _show_upload(form)


def _show_upload(form: UploadForm):
    return page("admin/import_new.html", form=form, most=settings.get("import_megabytes"), hours=settings.get("import_hours"))


@bp.get("/imports/<public_id>/")
@right("import_data")
def import_file(public_id: str):
    file = g.viewer.import_file(public_id)
    return page("admin/import.html", "import", file=file, found=[_told(each) for each in import_jobs.found(file, SHOWN)],
                problems=import_page.count(file), notes=import_page.count(file, notes=True), shown=SHOWN, may=import_page.may,
                is_waiting=import_page.is_waiting(file), wording=wording)  # fmt: skip


def _told(problem):
    message, fields = import_jobs.sentence_of(problem)
    sentence = texts.say(spoken(), message, **fields)
    return (problem.row, problem.column, problem.value, sentence, problem.is_note)


@bp.get("/imports/<public_id>/problems.csv")
@right("import_data")
def import_problems(public_id: str):
    file = g.viewer.import_file(public_id)
    heading = (_("Row"), _("Column"), _("What stands there"), _("What is wrong"), _("Only a note"))
    rows = ((row, column, value, sentence, _("yes") if is_note else "") for row, column, value, sentence, is_note in
            (_told(each) for each in import_jobs.found(file)))  # fmt: skip
    answer = current_app.response_class(spreadsheet.written([heading, *rows]), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="problems.csv"'
    return answer


# ---------------------------------------------------------------- columns


@bp.get("/imports/<public_id>/columns")
@right("import_data")
def name_columns(public_id: str):
    file = g.viewer.import_file(public_id)
    try:
        seen = import_page.preview(file, _folder())
    except RuleBroken as gone:
        return _refused(file, gone)
    kept = import_page.kept_mappings(file, seen.headings)
    chosen = next((each for each in kept if each.public_id == request.args.get("as")), None if file.mapping or not kept else kept[0])
    guess, body = import_page.proposal(file, seen, chosen)
    form = import_forms.columns(file.subject, seen)(formdata=None, data=import_forms.proposed(guess, body))
    return _show_columns(file, seen, form, kept, chosen)


@bp.post("/imports/<public_id>/columns")
@right("import_data")
def map_columns(public_id: str):
    file = g.viewer.import_file(public_id)
    try:
        seen = import_page.preview(file, _folder())
    except RuleBroken as gone:
        return _refused(file, gone)
    form = import_forms.columns(file.subject, seen)()
    if form.validate():
        with form.refusals():
            body = import_forms.chosen(file.subject, seen, form)
            import_page.map_columns(file, seen.headings, body, g.viewer.actor, form.keep_as.data or "")
            return done(_after_columns(file))
    return _show_columns(file, seen, form, import_page.kept_mappings(file, seen.headings))


def _after_columns(file: ImportFile) -> str:
    return url_for("admin.import_consent" if file.subject == "individuals" else "admin.import_file", public_id=file.public_id)


def _show_columns(file, seen, form, kept, chosen=None):
    reading = import_forms.ReadingForm(formdata=None, data=import_forms.read_as(file))
    return page("admin/import_columns.html", file=file, seen=seen, form=form, reading=reading, kept=kept, chosen=chosen,
                added=import_forms.added(file.subject, seen), country=agency.country())  # fmt: skip


@bp.post("/imports/<public_id>/reading")
@right("import_data")
def read_import_anew(public_id: str):
    file, form = g.viewer.import_file(public_id), import_forms.ReadingForm()
    if not form.validate():
        return page("admin/import_reading.html", file=file, form=form)
    with form.refusals():
        import_page.read_anew(file, _folder(), form.encoding.data, form.delimiter.data)
        tell("good", _("Read again. Look whether the words are right now."))
        return done(url_for("admin.name_columns", public_id=public_id))
    return page("admin/import_reading.html", file=file, form=form)


# ---------------------------------------------------------------- consent, check, apply, give up


@bp.get("/imports/<public_id>/consent")
@right("import_data")
def import_consent(public_id: str):
    return page("admin/import_consent.html", file=_clients(public_id), form=ConsentForm(formdata=None))


@bp.post("/imports/<public_id>/consent")
@right("import_data")
def answer_consent(public_id: str):
    file, form = _clients(public_id), ConsentForm()
    if form.validate():
        with form.refusals():
            import_page.check(file, g.viewer.actor, consent_email=form.consent.data == "yes")
            return done(url_for("admin.import_file", public_id=public_id))
    return page("admin/import_consent.html", file=file, form=form)


def _clients(public_id: str) -> ImportFile:
    file = g.viewer.import_file(public_id)
    if file.subject != "individuals":
        raise NotFound
    return file


@bp.post("/imports/<public_id>/check")
@right("import_data")
def check_import(public_id: str):
    return _done(g.viewer.import_file(public_id), import_page.check)


@bp.post("/imports/<public_id>/application")
@right("import_data")
def apply_import(public_id: str):
    return _done(g.viewer.import_file(public_id), import_page.apply)


@bp.get("/imports/<public_id>/giving-up")
@right("import_data")
def confirm_giving_up(public_id: str):
    return page("admin/import_giving_up.html", file=g.viewer.import_file(public_id))


@bp.post("/imports/<public_id>/giving-up")
@right("import_data")
def give_up_import(public_id: str):
    return _done(g.viewer.import_file(public_id), import_page.give_up)


def _done(file: ImportFile, verb):
    try:
        verb(file, g.viewer.actor)
    except RuleBroken as refused:
        return _refused(file, refused)
    return done(url_for("admin.import_file", public_id=file.public_id))


def _refused(file: ImportFile, why: RuleBroken):
    tell_refusal(why)
    return done(url_for("admin.import_file", public_id=file.public_id))
