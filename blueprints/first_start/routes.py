"""The first administrator; what follows needs them signed in (``blueprints.admin.first_start``)."""

from flask import g, redirect
from wtforms import PasswordField

from blueprints.first_start import bp
from domain import agency, limits, settings, sign_in
from domain.rules import N_, RuleBroken
from domain.viewer import StaffViewer
from web import opening, sessions
from web.forms import Form, Required, Text, _l
from web.fragments import done, page


class FirstAdmin(Form):
    code = Text(_l("Code"), [Required(_l("Enter the code."))])
    first_name = Text(_l("First name"), [Required(_l("Enter your first name."))])
    last_name = Text(_l("Last name"), [Required(_l("Enter your last name."))])
    email = Text(_l("E-mail address"), [Required(_l("Enter your e-mail address."))])
    password = PasswordField(_l("Password"), [Required(_l("Choose a password."))])


@bp.get("/")
def show():
    if not agency.first_start_is_over():
        return _page(FirstAdmin(formdata=None))
    if opening.is_open() or g.viewer is None or (isinstance(g.viewer, StaffViewer) and g.viewer.may("manage_setup")):
        return redirect("/admin/first-start/", 303)
    return page("first_start/not_yet.html")


@bp.post("/")
def create():
    form = FirstAdmin()
    if form.validate():
        with form.refusals():
            if not limits.spend("first_start", sessions.network(), most=settings.get("first_start_tries"), seconds=3600):
                raise RuleBroken(N_("Too many tries. Wait an hour."), code="too_many")
            worker = agency.create_first_admin(
                form.code.data, form.first_name.data, form.last_name.data, form.email.data, form.password.data,
                sessions.visitor(),
            )  # fmt: skip
            sessions.begin(sign_in.start(None, worker, device_token="", agent=sessions.agent(),
                                         network=sessions.network(), tell_of_device=False))  # fmt: skip
            return done("/admin/first-start/")
    return _page(form)


def _page(form: FirstAdmin):
    steps = 5 if opening.mail_test_needed() else 4  # with the step that tries the mail server
    return page("first_start/admin.html", form=form, steps=steps, least=settings.get("password_length"))
