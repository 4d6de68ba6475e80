"""About Me: what the agency has noted, and what the client may change of it."""

from flask import abort, g, request, url_for

from blueprints import differences
from blueprints.about_me import bp
from blueprints.about_me.forms import KIND_NAMES, LegalName, Names, OwnContact
from domain import agency, profile_changes
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

DETAILS = {"names": Names, "legal": LegalName}


@bp.get("/")
def show():
    who, contacts = g.viewer, g.viewer.contacts
    return page(
        "about_me/show.html", person=who.individual, contacts=contacts, phone=agency.support_phone(),
        waiting=who.waiting_changes, declined=who.declined_changes, mode=profile_changes.mode, kind_names=KIND_NAMES,
        field_pairs=differences.asked, adds=profile_changes.open_kinds(),
        changeable=profile_changes.changeable(who.individual, contacts),
    )  # fmt: skip


@bp.get("/names")
def names():
    return _details("names", Names(formdata=None, obj=g.viewer.individual))


@bp.post("/names")
def change_names():
    return _take_details("names")


@bp.get("/legal-name")
def legal():
    return _details("legal", LegalName(formdata=None, obj=g.viewer.individual))


@bp.post("/legal-name")
def change_legal():
    return _take_details("legal")


def _take_details(group: str):
    _must_be_open(group)
    form = DETAILS[group]()
    if form.validate():
        with form.refusals(now=g.viewer.individual):
            return _told(profile_changes.ask_details(
                g.viewer.individual, group, form.typed(), g.viewer.actor, version=form.version
            ))  # fmt: skip
    return _details(group, form)


def _details(group: str, form):
    _must_be_open(group)
    return page(f"about_me/{group}.html", form=form, needs_approval=profile_changes.mode(group) == "approval")


@bp.get("/contacts/new")
def new_contact():
    form = OwnContact(formdata=None)
    if request.args.get("kind") in profile_changes.open_kinds():
        form.kind.data = request.args["kind"]
    return _contact(form)


@bp.post("/contacts/new")
def add_contact():
    form = OwnContact()
    if form.validate():
        with form.refusals():
            return _told(profile_changes.ask_contact(
                g.viewer.individual, None, form.reach(), g.viewer.actor, country=agency.country()
            ))  # fmt: skip
    return _contact(form)


@bp.get("/contacts/<contact_id>/")
def edit_contact(contact_id: str):
    contact = _own(contact_id)
    return _contact(OwnContact(formdata=None, obj=contact).about(contact), contact)


@bp.post("/contacts/<contact_id>/")
def change_contact(contact_id: str):
    contact = _own(contact_id)
    form = OwnContact().about(contact)
    if form.validate():
        with form.refusals(now=contact):
            return _told(profile_changes.ask_contact(
                g.viewer.individual, contact, form.reach(), g.viewer.actor, country=agency.country(), version=form.version
            ))  # fmt: skip
    return _contact(form, contact)


@bp.get("/contacts/<contact_id>/removal")
def confirm_removal(contact_id: str):
    return page("about_me/removal.html", contact=_own(contact_id), kind_names=KIND_NAMES)


@bp.post("/contacts/<contact_id>/removal")
def remove_contact(contact_id: str):
    contact = _own(contact_id)
    with refusals_told():
        return _told(profile_changes.ask_removal(contact, g.viewer.actor, country=agency.country()))
    return _back()


@bp.post("/changes/<change_id>/withdrawal")
def withdraw(change_id: str):
    if profile_changes.withdraw(g.viewer.change(change_id), g.viewer.actor):
        tell("good", _("You took it back. Nothing was changed."))
    else:
        tell("info", _("This was decided already."))
    return _back()


def _own(contact_id: str):
    """A contact of one's own that may be changed here; every other one is not there."""
    contact = g.viewer.contact(contact_id)
    return contact if profile_changes.changeable(g.viewer.individual, [contact]) else abort(404)


def _contact(form, contact=None):
    if not profile_changes.open_kinds():
        abort(404)
    return page("about_me/contact.html", form=form, contact=contact, kind_names=KIND_NAMES)


def _must_be_open(group: str) -> None:
    if profile_changes.mode(group) == "off":
        abort(404)


def _told(became):
    """What became of it: it waits for a worker, it was changed at once, or there was nothing to change."""
    if became is False:
        tell("info", _("You changed nothing."))
    elif became is True:
        tell("good", _("Saved."))
    elif became.is_new_contact:
        tell("good", _("Thank you. A worker looks at it first; until then we do not use it."))
    else:
        tell("good", _("Thank you. We will look at it; until then the old stays."))
    return _back()


def _back():
    return done(url_for("about_me.show"))
