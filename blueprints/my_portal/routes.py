"""Sign-in details, change of password, and the reader's own language."""

from flask import g
from flask_babel import get_locale

from blueprints.my_portal import bp
from domain import profile
from web import formatting, languages, password_form
from web.forms import Form, OneOf, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell


class LanguageForm(Form):
    language = OneOf(_l("Language"), choices=formatting.languages)


@bp.get("/")
def show():
    return page("my_portal/show.html", account=g.viewer.account)


@bp.get("/language")
def language():
    return page("my_portal/language.html", form=LanguageForm(formdata=None, language=str(get_locale())))


@bp.post("/language")
def choose_language():
    form = LanguageForm()
    if form.validate():
        with form.refusals():
            profile.choose_language(g.viewer.individual, form.language.data, g.viewer.actor)
            with languages.speaking(form.language.data):  # the next page speaks it
                tell("good", _("Saved."))
            return done("/my-portal/")
    return page("my_portal/language.html", form=form)


@bp.get("/password")
def password():
    return password_form.show("my_portal/password.html")


@bp.post("/password")
def change_password():
    return password_form.change("my_portal/password.html", "/my-portal/")
