"""Open the link, accept, prove, choose a password, and be at home.

Opening changes nothing but the list of openings: mail scanners open links.
"""

from urllib.parse import quote

from flask import g, redirect, request

from blueprints.activate import bp
from blueprints.activate.forms import BirthDate, Password
from blueprints.arrival.later import wanted
from blueprints.terms import Terms, said_back
from domain import activation, agency, links, settings, sign_in
from domain.rules import NotFound, RuleBroken
from web import carried, sessions
from web.access import safe_next
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken

PLACE = carried.Place("activate", "/activate/")


@bp.get("/<token>")
def open_link(token: str):
    return PLACE.opened(activation.find(token), token)


@bp.errorhandler(NotFound)
def is_no_link(error: NotFound):
    return carried.incomplete_link()


@bp.get("/")
def step():
    words, link = _words()
    if activation.standing(link) != activation.GOOD:
        return _over(link)
    if "terms" not in words:
        return _show_terms(Terms(formdata=None))
    if not links.is_proved(link, words.get("proof", "")):
        return page("activate/birth_date.html", form=BirthDate(formdata=None), phone=agency.support_phone())
    return _show_password(Password(formdata=None))


@bp.get("/terms")
@bp.get("/date-of-birth")
@bp.get("/password")
@bp.get("/new-link")
def back_to_step():
    """Back or reload after a step that was refused."""
    return redirect("/activate/", 303)


@bp.post("/terms")
def accept():
    (words, link), form = _words(), Terms()
    if form.validate():
        try:
            privacy, terms = activation.pages_to_accept(spoken())
            if request.form.get("shown") != said_back(privacy, terms):
                form = Terms(formdata=None)  # published anew meanwhile: nobody accepts what they did not see
                form.form_errors.append(_("These texts were changed just now. Please read them again."))
                return _show_terms(form)
            activation.accept_terms(link, privacy, terms, sessions.visitor())
        except RuleBroken:
            return _over(link)
        return PLACE.carry(done("/activate/"), words | {"terms": [privacy.version, terms.version]})
    return _show_terms(form)


@bp.post("/date-of-birth")
def prove():
    (words, link), form = _words(), BirthDate()
    if form.validate():
        try:
            proof = activation.prove_birth_date(link, form.birth_date.data, sessions.visitor())
            return PLACE.carry(done("/activate/"), words | {"proof": proof})
        except RuleBroken as refused:
            if refused.code in ("closed", "no_longer"):
                return _over(link)
            form.refuse(refused)
    return page("activate/birth_date.html", form=form, phone=agency.support_phone())


@bp.post("/password")
def choose():
    (words, link), form = _words(), Password()
    if form.validate():
        try:
            account = activation.activate(link, form.password.data, proof=words.get("proof", ""), by=sessions.visitor())
            return PLACE.drop(done(_signed_in(account, link.leads_to or wanted())))
        except RuleBroken as refused:
            if refused.code == "no_longer":
                return _over(link)
            if refused.code in ("not_proved", "not_accepted"):
                return PLACE.carry(done("/activate/"), {"token": words["token"]})
            form.refuse(refused)
    return _show_password(form)


def _signed_in(account, target: str) -> str:
    """The page that who just activated goes on to, and from there to what they came for; who was suspended in the same moment may
    sign in some other day."""
    try:
        sessions.begin(sign_in.start(account, None, device_token=sessions.device_token(), agent=sessions.agent(),
                                     network=sessions.network(), tell_of_device=False))  # fmt: skip
    except RuleBroken:
        return "/sign-in"
    return f"/activate/welcome?next={quote(target, safe='/')}" if target else "/activate/welcome"


@bp.get("/welcome")
def welcome():
    if g.viewer is None:
        return redirect("/sign-in", 303)
    return page("activate/welcome.html", target=safe_next(request.args.get("next")))


@bp.post("/new-link")
def ask():
    _, link = _words()
    activation.ask_for_new_link(link, sessions.visitor())
    return page("activate/asked.html", phone=agency.support_phone())


def _show_terms(form: Terms):
    privacy, terms = activation.pages_to_accept(spoken())
    return page("activate/terms.html", form=form, privacy=privacy, terms=terms, shown=said_back(privacy, terms))


def _show_password(form: Password):
    return page("activate/password.html", form=form, least=settings.get("password_length"))


def _over(link):
    """Why the link no longer works, and what to do."""
    standing = activation.standing(link)
    told = {
        "used": (_("Your account is already active"), _("This link was used before. Sign in with your e-mail address and password.")),
        "replaced": (_("There is a newer link"), _("We sent you another e-mail after this one. Please use the link in the newest.")),
        "expired": (_("This link is too old"), _("For your safety the link worked for a limited time only. Ask for a new one.")),
        "cancelled": (_("This link was withdrawn"), _("The agency withdrew this activation. You can ask for a new link.")),
        "date_of_birth": (_("This link was closed"), _("A wrong date of birth was entered. Nobody got in.")),
    }  # fmt: skip
    title, text = told.get(standing, (_("This link no longer works"), _("Please call us.")))
    return page("activate/over.html", standing=standing, title=title, text=text, phone=agency.support_phone(), status=410)


def _words():
    words = PLACE.words()
    try:
        return words, activation.find(words["token"])
    except NotFound:
        carried.ask_for_link()
