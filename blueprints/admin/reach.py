"""How an individual is reached: contacts, consent, and which e-mails they want."""

from flask import g, request, url_for
from wtforms import BooleanField

from blueprints.admin import bp, people, wording
from blueprints.kinds import KindsForm
from domain import agency, preferences, profile
from models import CONTACT_KINDS
from web.access import right
from web.forms import Choice, Form, Lines, Required, Text, _l
from web.fragments import done
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class ContactForm(Form):
    kind = Choice(_l("Type"))
    value = Lines(_l("Address or number"), [Required(_l("Enter the address or number."))])
    person = Text(_l("Who answers"))
    instructions = Lines(_l("Instructions"))
    is_in_use = BooleanField(_l("In use"), default=True)
    is_main = BooleanField(_l("The main one of its type"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind.choices = [(kind, _(wording.CONTACTS[kind])) for kind in CONTACT_KINDS]

    def rules(self):
        self.reach().checked(agency.country())

    def reach(self) -> profile.Reach:
        return profile.Reach(self.kind.data or "", self.value.data or "", self.person.data or "", self.instructions.data or "",
                             self.is_in_use.data, self.is_main.data)  # fmt: skip


@bp.get("/individuals/<public_id>/contacts/new")
@right("edit_individuals")
def new_contact(public_id: str):
    form = ContactForm(formdata=None)
    if request.args.get("kind") in CONTACT_KINDS:
        form.kind.data = request.args["kind"]
    return _show(g.viewer.individual(public_id), form)


@bp.post("/individuals/<public_id>/contacts/new")
@right("edit_individuals")
def add_contact(public_id: str):
    person, form = g.viewer.individual(public_id), ContactForm()
    if form.validate():
        with form.refusals():
            profile.add_contact(person, form.reach(), g.viewer.actor, country=agency.country())
            return _saved(public_id)
    return _show(person, form)


@bp.get("/individuals/<public_id>/contacts/<contact_id>/")
@right("edit_individuals")
def edit_contact(public_id: str, contact_id: str):
    person = g.viewer.individual(public_id)
    contact = g.viewer.contact(person, contact_id)
    return _show(person, ContactForm(formdata=None, obj=contact), contact)


@bp.post("/individuals/<public_id>/contacts/<contact_id>/")
@right("edit_individuals")
def change_contact(public_id: str, contact_id: str):
    person, form = g.viewer.individual(public_id), ContactForm()
    contact = g.viewer.contact(person, contact_id)
    if form.validate():
        with form.refusals(now=contact):
            profile.change_contact(contact, form.reach(), g.viewer.actor, country=agency.country(), version=form.version)
            return _saved(public_id)
    return _show(person, form, contact)


def _show(person, form: ContactForm, contact=None):
    return people.page_about(person, "admin/contact_form.html", form=form, contact=contact)


@bp.get("/individuals/<public_id>/contacts/<contact_id>/removal")
@right("edit_individuals")
def confirm_contact_removal(public_id: str, contact_id: str):
    person = g.viewer.individual(public_id)
    return people.page_about(person, "admin/contact_removal.html", contact=g.viewer.contact(person, contact_id))


@bp.post("/individuals/<public_id>/contacts/<contact_id>/removal")
@right("edit_individuals")
def remove_contact(public_id: str, contact_id: str):
    profile.remove_contact(g.viewer.contact(g.viewer.individual(public_id), contact_id), g.viewer.actor)
    return _saved(public_id)


@bp.post("/individuals/<public_id>/consent")
@right("edit_individuals")
def record_consent(public_id: str):
    person = g.viewer.individual(public_id)
    with refusals_told():
        profile.record_consent(person, request.form.get("channel", ""), request.form.get("given") == "1", g.viewer.actor)
        return _saved(public_id)
    return done(url_for("admin.individual", public_id=public_id))


@bp.post("/individuals/<public_id>/kinds-of-messages")
@right("edit_individuals")
def choose_kinds(public_id: str):
    """What they said on paper or by phone; what the page did not show otherwise stays, because they may have chosen it meanwhile."""
    person, form = g.viewer.individual(public_id), KindsForm(prefix="kinds")
    was = request.form.get("refused", "").split()
    if form.validate():
        wanted = {kind: is_wanted for kind, is_wanted in form.wanted().items() if is_wanted == (kind in was)}
        with refusals_told():
            preferences.choose(person, wanted, g.viewer.actor, how="staff")
            return _saved(public_id)
    return done(url_for("admin.individual", public_id=public_id))


def _saved(public_id: str):
    tell("good", _("Saved."))
    return done(url_for("admin.individual", public_id=public_id))
