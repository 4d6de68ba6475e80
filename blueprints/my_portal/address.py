"""Another e-mail address to sign in with: a code to it, then it counts."""

from flask import g
from wtforms import PasswordField

from blueprints.my_portal import bp
from domain import address_change, settings
from web import sessions
from web.forms import Form, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _


class AddressForm(Form):
    email = Text(_l("New e-mail address"), [Required(_l("Enter the new e-mail address."))])
    current = PasswordField(_l("Current password"), [Required(_l("Enter your current password."))])

    def rules(self) -> None:
        if (self.email.data or "").strip():
            address_change.checked(self.email.data)


class CodeForm(Form):
    code = Text(_l("Code from the e-mail"), [Required(_l("Enter the six digits."))])


@bp.get("/address")
def address():
    address_change.must_be_offered()
    return _show_address(AddressForm(formdata=None))


@bp.post("/address")
def ask_for_code():
    address_change.must_be_offered()
    form = AddressForm()
    if form.validate():
        with form.refusals():
            address_change.ask(g.viewer.session, form.current.data, form.email.data, g.viewer.actor)
            return done("/my-portal/address/code")
    return _show_address(form)


def _show_address(form: AddressForm):
    account = g.viewer.account
    return page("my_portal/address.html", form=form, account=account, change=address_change.waiting(account))


@bp.get("/address/code")
def code():
    address_change.must_be_offered()
    return _show_code(CodeForm(formdata=None))


@bp.post("/address/code")
def confirm():
    address_change.must_be_offered()
    form = CodeForm()
    if form.validate():
        with form.refusals():
            sessions.carry_on(address_change.confirm(g.viewer.session, form.code.data, g.viewer.actor))
            sessions.tell("good", _("You sign in with the new address from now on. Other devices were signed out."))
            return done("/my-portal/")
    return _show_code(form)


def _show_code(form: CodeForm):
    change = address_change.waiting(g.viewer.account)
    return page("my_portal/address_code.html", form=form, change=change, minutes=settings.get("address_code_minutes"))
