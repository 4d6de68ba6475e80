"""What e-mails say in the agency's own words: each text in each language, with its fields and a preview."""

from types import SimpleNamespace

from flask import abort, current_app, g, url_for
from wtforms import TextAreaField

from blueprints.admin import bp
from domain import message_texts, text_preview, texts
from domain.rules import RuleBroken
from web.access import right
from web.forms import Form, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.posts import only_asks
from web.sessions import tell


class TextForm(Form):
    body = TextAreaField(_l("Text"))


@bp.get("/settings/texts/")
@right("manage_setup")
def all_texts():
    shelf = [
        (_(text.name), _(text.when), [(code, bool(message_texts.own(kind, code)), url_for("admin.text", kind=kind, language=code))
                                      for code in texts.LANGUAGES])
        for kind, text in message_texts.TEXTS.items()
    ]  # fmt: skip
    return page("admin/texts.html", shelf=shelf)


@bp.get("/settings/texts/<kind>/<language>/")
@right("manage_setup")
def text(kind: str, language: str):
    _must_be_one(kind, language)
    return _text(kind, language, TextForm(formdata=None, body=message_texts.in_force(kind, language)))


@bp.post("/settings/texts/<kind>/<language>/")
@right("manage_setup")
def change_text(kind: str, language: str):
    _must_be_one(kind, language)
    form = TextForm()
    if form.validate():
        with form.refusals(now=_opened(kind, language)):
            message_texts.write(kind, language, form.body.data or "", g.viewer.actor, version=form.version)
            tell("good", _("Saved."))
            return done(url_for("admin.all_texts"))
    return _text(kind, language, form)


@bp.post("/settings/texts/<kind>/<language>/preview")
@right("manage_setup")
@only_asks
def preview_text(kind: str, language: str):
    """Changes nothing: what was typed goes on as it is, with the e-mail that would say it."""
    _must_be_one(kind, language)
    form = TextForm()
    with form.refusals():
        message_texts.checked(kind, form.body.data or "")
    return _text(kind, language, form)


@bp.post("/settings/texts/<kind>/<language>/default")
@right("manage_setup")
def default_text(kind: str, language: str):
    _must_be_one(kind, language)
    message_texts.write(kind, language, "", g.viewer.actor, version=message_texts.version(kind, language))
    tell("good", _("The portal’s own wording is back."))
    return done(url_for("admin.text", kind=kind, language=language))


def _must_be_one(kind: str, language: str) -> None:
    if not message_texts.is_one(kind, language):
        abort(404)


def _text(kind: str, language: str, form):
    one = message_texts.TEXTS[kind]
    fields = [(message_texts.braced(name), _(message_texts.FIELDS[name]), name in one.required) for name in one.fields]
    return page("admin/text.html", "preview", form=form, kind=kind, language=language, title=_(one.name), when=_(one.when), fields=fields,
                direction=texts.direction(language), is_own=bool(message_texts.own(kind, language)), record=_opened(kind, language),
                default=message_texts.default(kind, language), most=message_texts.MOST,
                letters=_letters(kind, language, form.body.data or ""))  # fmt: skip


def _letters(kind: str, language: str, body: str):
    """None for what may not be written: the form says why."""
    try:
        shown = text_preview.letters(kind, language, body, current_app.extensions["doorstep"].portal_url)
        return [(_(called) if called else "", letter) for called, letter in shown]
    except RuleBroken:
        return None


def _opened(kind: str, language: str) -> SimpleNamespace:
    return SimpleNamespace(version=message_texts.version(kind, language), body=message_texts.in_force(kind, language))
