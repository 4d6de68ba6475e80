"""Portal accounts on an individual's page: create, send again, and the moves of its life."""

from flask import abort, g, url_for

from blueprints.admin import account_steps, bp, people, wording
from domain import accounts, forced_reset
from models import PortalAccount
from web.access import any_staff, right
from web.forms import Form, Required, Text, _l
from web.fragments import done
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class AccountForm(Form):
    email = Text(_l("E-mail address"), [Required(_l("Enter the e-mail address."))])


@bp.get("/individuals/<public_id>/account/new")
@right("send_activations")
def new_account(public_id: str):
    return _show(g.viewer.individual(public_id))


@bp.post("/individuals/<public_id>/account/new")
@right("send_activations")
def create_account(public_id: str):
    person, form = g.viewer.individual(public_id), AccountForm()
    if form.validate():
        with form.refusals():
            closed = accounts.newest(person)
            if closed and not closed.is_open and closed.reason in accounts.RENEWABLE:
                accounts.send_new(closed, g.viewer.actor, email=form.email.data)
            else:
                accounts.create(person, g.viewer.actor, email=form.email.data)
            tell("good", _("The activation is on its way."))
            return _back(public_id)
    return _show(person, form)


def _show(person, form: AccountForm | None = None):
    known = accounts.known_of(person)
    form = form or AccountForm(formdata=None, email=known.address or (known.account.email if known.account else ""))
    address = form.email.data or ""
    missing = account_steps.steps(person, accounts.missing(person, address, known), address)
    in_use = [contact for contact in known.contacts if contact.kind == "email" and contact.is_in_use]
    return people.page_about(person, "admin/account_new.html", form=form, missing=missing, addresses=in_use)


@bp.post("/individuals/<public_id>/account/<account_id>/activations")
@right("send_activations")
def resend_activation(public_id: str, account_id: str):
    account = g.viewer.account(g.viewer.individual(public_id), account_id)
    return _carried_out(lambda: accounts.resend(account, g.viewer.actor), _("A new link is on its way."), public_id)


@bp.post("/individuals/<public_id>/account/<account_id>/renewal")
@right("send_activations")
def renew_account(public_id: str, account_id: str):
    """*Send a new activation* in one tap: to the address of before."""
    account = g.viewer.account(g.viewer.individual(public_id), account_id)
    told = _("The activation is on its way to %(email)s.", email=account.email)
    return _carried_out(lambda: accounts.send_new(account, g.viewer.actor), told, public_id)


@bp.get("/individuals/<public_id>/account/<account_id>/<verb>")
@right("manage_accounts")
def confirm_move(public_id: str, account_id: str, verb: str):
    person = g.viewer.individual(public_id)
    account = g.viewer.account(person, account_id)
    if verb not in forced_reset.STAFF_MOVES:
        abort(404)
    if verb not in accounts.staff_verbs(account, g.viewer.rights):
        tell("bad", _("This is not possible now. The page shows what is."))
        return _back(public_id)
    return people.page_about(person, "admin/account_move.html", account=account, verb=verb, wording=wording)


@bp.post("/individuals/<public_id>/account/<account_id>/<verb>")
@right("manage_accounts")
def move_account(public_id: str, account_id: str, verb: str):
    account = g.viewer.account(g.viewer.individual(public_id), account_id)
    move = forced_reset.STAFF_MOVES.get(verb) or abort(404)
    return _carried_out(lambda: move(account, g.viewer.actor), _("Done."), public_id)


@bp.get("/individuals/<public_id>/accounts")
@any_staff
def account_history(public_id: str):
    person = g.viewer.individual(public_id)
    every = list(person.accounts.order_by(PortalAccount.id.desc()))
    openings = accounts.openings_of(every)
    return people.page_about(person, "admin/account_history.html", every=every, openings=openings, wording=wording, accounts=accounts)


def _carried_out(act, told: str, public_id: str):
    with refusals_told():
        act()
        tell("good", told)
    return _back(public_id)


def _back(public_id: str):
    return done(url_for("admin.individual", public_id=public_id))  # its top says what happened
