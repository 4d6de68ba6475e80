"""The guided first start, after its first page: agency, pages, test e-mail, switch on."""

from flask import current_app, g, redirect
from wtforms import TextAreaField

from blueprints.admin import bp
from domain import agency, notices, starting_texts
from domain.rules import N_, RuleBroken
from web import opening
from web.access import right
from web.formatting import countries, languages, time_zones
from web.forms import Choice, Form, Lines, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import tell, tell_refusal

PREFIX = "/admin/first-start/"


class AgencyForm(Form):
    name = Text(_l("Name of the agency"), [Required(_l("Enter the name."))])
    short_name = Text(_l("Short name"), [Required(_l("Enter a short name."))])
    site_name = Text(_l("Name of the main site"), [Required(_l("Enter the name of the site."))])
    address = TextAreaField(_l("Address"))
    phone = Text(_l("Phone number that clients call"), [Required(_l("Enter the phone number that clients call."))])
    country = Choice(_l("Country"))
    time_zone = Choice(_l("Time zone"))
    language = Choice(_l("Language"), choices=languages)
    emergency_line = Lines(_l("Emergency line"), [Required(_l("Write what to do in danger."))])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.country.choices = [("", _("Choose")), *countries()]
        self.time_zone.choices = [("", _("Choose")), *time_zones()]

    def rules(self):
        agency.checked_particulars(self.particulars())

    def particulars(self) -> dict[str, str]:
        """What was typed; only the address has lines, a name with a line break could not stand in a mail's header."""
        lines = {name: (value or "").split("\n" if name == "address" else None) for name, value in self.data.items()}
        return {name: ("\n" if name == "address" else " ").join(parts) for name, parts in lines.items()}


class PagesForm(Form):
    privacy = TextAreaField(_l("Privacy policy"), [Required(_l("Write the privacy policy."))])
    terms = TextAreaField(_l("Terms of use"), [Required(_l("Write the terms of use."))])


class CodeForm(Form):
    code = Text(_l("Code from the e-mail"), [Required(_l("Enter the code."))])


@bp.get("/first-start/")
@right("manage_setup")
def first_start():
    if opening.is_open():
        return redirect("/admin/", 303)
    missing = agency.missing_for_switch_on(mail_test_needed=opening.mail_test_needed())
    return redirect(f"{PREFIX}{missing[0] if missing else 'on'}", 303)


@bp.get("/first-start/agency")
@right("manage_setup")
def first_start_agency():
    known = agency.particulars() or {"emergency_line": _(starting_texts.EMERGENCY_LINE), "language": spoken()}
    return _page("agency", 2, AgencyForm(formdata=None, data=known))


@bp.post("/first-start/agency")
@right("manage_setup")
def first_start_describe():
    form = AgencyForm()
    if form.validate():
        with form.refusals():
            agency.describe(form.particulars(), g.viewer.actor)
            return done(PREFIX)
    return _page("agency", 2, form)


@bp.get("/first-start/pages")
@right("manage_setup")
def first_start_pages():
    return _page("pages", 3, PagesForm(formdata=None, data=_texts()))


def _texts() -> dict[str, str]:
    """What the agency published, else what a new agency is offered."""
    house = agency.current()
    language = house.language if house else spoken()
    published = {slug: agency.page(slug, language) for slug in ("privacy", "terms")}
    offered = starting_texts.offered(agency.particulars(), language)
    return offered | {slug: text.body for slug, text in published.items() if text}


@bp.post("/first-start/pages")
@right("manage_setup")
def first_start_publish():
    form = PagesForm()
    if form.validate():
        with form.refusals():
            if agency.current() is None:
                raise RuleBroken(N_("Finish the steps before this one first."), code="not_ready")
            agency.publish_first(form.privacy.data, form.terms.data, g.viewer.actor)
            return done(PREFIX)
    return _page("pages", 3, form)


@bp.get("/first-start/mail")
@right("manage_setup")
def first_start_mail():
    return _mail(CodeForm(formdata=None))


@bp.post("/first-start/mail")
@right("manage_setup")
def first_start_code():
    form = CodeForm()
    if form.validate():
        with form.refusals():
            kept_here = current_app.extensions["doorstep"].smtp is None
            agency.confirm_mail_test(g.viewer.worker, form.code.data, g.viewer.actor, kept_here=kept_here)
            return done(PREFIX)
    return _mail(form)


@bp.post("/first-start/mail/test")
@right("manage_setup")
def first_start_send():
    try:
        agency.send_mail_test(g.viewer.worker)
    except RuleBroken as refused:
        tell_refusal(refused, "info")
    return done(f"{PREFIX}mail")


@bp.get("/first-start/on")
@right("manage_setup")
def first_start_on():
    if agency.missing_for_switch_on(mail_test_needed=opening.mail_test_needed()) or opening.is_open():
        return redirect(PREFIX, 303)
    return _page("on", _steps(), None)


@bp.post("/first-start/on")
@right("manage_setup")
def first_start_switch():
    try:
        agency.switch_on(g.viewer.actor, mail_test_needed=opening.mail_test_needed())
    except RuleBroken:
        return done(PREFIX)
    tell("good", _("The portal is on. Now bring in your first client."))
    return done("/admin/settings/")


def _mail(form: CodeForm):
    sent = agency.newest_mail_test(g.viewer.worker)
    delivery = sent.deliveries.first() if sent else None
    return _page("mail", 4, form, sent=sent, delivery=delivery, sending=notices.standing())


def _page(name: str, step: int, form, **more):
    return page(f"first_start/{name}.html", form=form, step=step, steps=_steps(), **more)


def _steps() -> int:
    return 5 if opening.mail_test_needed() else 4
