"""Messages to you: whether we write to a client, to which address, who said so and when; and of what."""

from flask import g

from blueprints import kinds
from blueprints.kinds import KindsForm
from blueprints.my_portal import bp
from domain import address_change, agency, eligibility, notices, preferences, profile, profile_changes
from domain.rules import N_
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell

PATH = "/my-portal/messages"
HOW = {"staff": N_("our team"), "import": N_("our earlier records"), "client": N_("you"), "demo": N_("made up")}


@bp.get("/messages")
def messages():
    consent, refused = _recorded()
    return _show(kinds.shown(refused), consent)


@bp.post("/messages")
def choose_messages():
    form = KindsForm()
    if form.validate():
        with form.refusals():
            preferences.choose(g.viewer.individual, form.wanted(), g.viewer.actor, how="portal")
            tell("good", _("Saved."))
            return done(PATH)
    return _show(form, _recorded()[0])


def _recorded():
    """The newest consent to e-mail, and which kinds are not wanted."""
    consents, refused = preferences.consents_and_refusals(g.viewer.individual, ("email",))
    return consents["email"], refused


def _show(form: KindsForm, consent):
    contacts, doubtful = notices.contacts_and_doubts(g.viewer.individual)
    address = eligibility.Known(None, contacts, consent).address
    recorded = consent and (consent.recorded_by.client_name if consent.recorded_by else _(HOW[consent.recorded_how]))
    return page(
        "my_portal/messages.html", form=form, consent=consent, recorded=recorded, address=notices.mask(address), is_on=bool(form.wanted()),
        is_doubtful=address in [contact.value for contact in doubtful], phone=agency.support_phone(),
        changes_address=address_change.is_offered(), changes_contacts=profile_changes.mode("contacts") != "off",
    )  # fmt: skip


@bp.get("/messages/withdrawal")
def confirm_withdrawal():
    return page("my_portal/messages_withdrawal.html")


@bp.post("/messages/withdrawal")
def withdraw_consent():
    return _record(False, _("We write you no more e-mails, but for your sign-in."))


@bp.post("/messages/consent")
def give_consent():
    return _record(True, _("We write you e-mails again."))


def _record(is_given: bool, said: str):
    profile.record_consent(g.viewer.individual, "email", is_given, g.viewer.actor, how="client")
    tell("good", said)
    return done(PATH)
