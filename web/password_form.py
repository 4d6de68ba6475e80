"""Change of one's own password: the same form for clients and staff."""

from __future__ import annotations

from typing import Any

from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import PasswordField

from domain import settings, sign_in
from web import sessions
from web.forms import Form, Required, _l
from web.fragments import done, page
from web.languages import gettext as _


class ChangePassword(Form):
    current = PasswordField(_l("Current password"), [Required(_l("Enter your current password."))])
    password = PasswordField(_l("New password"), [Required(_l("Choose a password."))])


def show(template: str, **more: Any) -> Response:
    """The empty form."""
    return page(template, form=ChangePassword(formdata=None), least=settings.get("password_length"), **more)


def change(template: str, back: str, **more: Any) -> Response:
    """Take the form; afterwards this browser stays signed in and every other session has ended."""
    form = ChangePassword()
    if form.validate():
        with form.refusals():
            sessions.carry_on(
                sign_in.change_password(current_user.row, form.current.data, form.password.data, sessions.visitor())
            )
            sessions.tell("good", _("Your password is changed. Other devices were signed out."))
            return done(back)
    return page(template, form=form, least=settings.get("password_length"), **more)
