"""A worker's own authenticator app: new recovery codes, and the way to another phone."""

from flask import g

from blueprints import app_setup
from blueprints.admin import bp
from domain import own_second_step, second_step
from web.access import any_staff
from web.forms import Form, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell

HOME, NEW_APP, CODES = "/admin/my-sign-in/", "/admin/my-sign-in/new-app", "/admin/my-sign-in/recovery-codes"


class Proof(Form):
    code = Text(_l("Six digits of the app"), [Required(_l("Type the six digits that the app shows."))])


class ProofOrRecovery(Form):
    code = Text(_l("Six digits of the app, or a recovery code"), [Required(_l("Type a code."))])


@bp.get("/my-sign-in/new-codes")
@any_staff
def new_codes():
    return _ask("my_new_codes", Proof(formdata=None))


@bp.post("/my-sign-in/new-codes")
@any_staff
def make_codes():
    return _take("my_new_codes", Proof(), own_second_step.begin_codes, CODES)


@bp.get("/my-sign-in/new-phone")
@any_staff
def new_phone():
    return _ask("my_new_phone", ProofOrRecovery(formdata=None))


@bp.post("/my-sign-in/new-phone")
@any_staff
def begin_new_phone():
    return _take("my_new_phone", ProofOrRecovery(), own_second_step.begin_move, NEW_APP)


@bp.get("/my-sign-in/new-app")
@any_staff
def new_app():
    return _new_app(app_setup.NewApp(formdata=None))


@bp.post("/my-sign-in/new-app")
@any_staff
def move_app():
    form = app_setup.NewApp()
    if form.validate():
        with form.refusals():
            own_second_step.move(g.viewer.session, form.code.data, g.viewer.actor)
            tell("good", _("The app on the new phone is set up. The old one no longer works."))
            return done(CODES)
    return _new_app(form)


def _new_app(form: Form):
    begun = own_second_step.begun(g.viewer.session)
    if begun is None or not begun.nonce:
        return done(HOME)
    return page("admin/my_new_app.html", form=form, **app_setup.shown(g.viewer.worker, begun.nonce))


@bp.get("/my-sign-in/recovery-codes")
@any_staff
def own_codes():
    begun = own_second_step.begun(g.viewer.session)
    if begun is None or not begun.codes_nonce:
        return done(HOME)
    return page("admin/my_codes.html", codes=second_step.codes(begun.codes_nonce))


@bp.post("/my-sign-in/recovery-codes")
@any_staff
def kept_codes():
    own_second_step.kept(g.viewer.session)
    return done(HOME)


def _ask(name: str, form: Form):
    return page(f"admin/{name}.html", form=form) if second_step.app_of(g.viewer.worker) else done(HOME)


def _take(name: str, form: Form, begin, then: str):
    if form.validate():
        with form.refusals():
            begin(g.viewer.session, form.code.data, g.viewer.actor)
            return done(then)
    return _ask(name, form)
