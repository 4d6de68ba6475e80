"""Sign-in details, change of password, and the reader's own language."""

from flask import g, redirect, request

from blueprints.my_portal import bp
from blueprints.terms import Terms, said_back
from domain import activation, address_change, profile
from domain import terms as terms_of_use
from web import access, formatting, languages, password_form
from web.forms import Form, OneOf, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import accepted_terms, must_accept_terms, tell


class LanguageForm(Form):
    language = OneOf(_l("Language"), choices=formatting.languages)


@bp.get("/")
def show():
    return page("my_portal/show.html", account=g.viewer.account, changes_address=address_change.is_offered())


@bp.get("/language")
def language():
    return page("my_portal/language.html", form=LanguageForm(formdata=None, language=spoken()))


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


@bp.get("/terms")
def terms():
    return _terms(Terms(formdata=None)) if must_accept_terms() else redirect("/my-portal/", 303)


@bp.post("/terms")
def accept_terms():
    form, language = Terms(), spoken()
    target = access.safe_next(request.form.get("next"))
    if form.validate():
        shown = activation.pages_to_accept(language)
        if request.form.get("shown") == said_back(*shown):
            terms_of_use.accept(g.viewer.account, *shown, g.viewer.actor)
            accepted_terms()
            return done(target)
        form = Terms(formdata=None)  # published anew meanwhile: nobody accepts what they did not see
        form.form_errors.append(_("These texts were changed just now. Please read them again."))
    return _terms(form)


def _terms(form: Terms):
    privacy, in_force = activation.pages_to_accept(spoken())
    return page("my_portal/terms.html", form=form, privacy=privacy, terms=in_force, shown=said_back(privacy, in_force),
                next=access.safe_next(request.values.get("next")))  # fmt: skip


@bp.get("/password")
def password():
    return password_form.show("my_portal/password.html")


@bp.post("/password")
def change_password():
    return password_form.change("my_portal/password.html", "/my-portal/")
