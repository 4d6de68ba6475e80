"""Sign-in, sign-out, forgotten password."""

from urllib.parse import quote

from flask import g, redirect, request
from flask_login import current_user

from blueprints.signing import bp
from blueprints.signing.forms import Forgotten, NewPassword, SignIn
from domain import agency, links, passwords, resets, settings, sign_in
from domain.rules import NotFound
from domain.sign_in import Half
from web import carried, opening, sessions
from web.access import ask_to_sign_in, safe_next
from web.fragments import done, is_fragment, nothing, page
from web.languages import gettext as _
from web.leaving import leave_quickly, must_be_offered
from web.posts import leads_on, only_asks

RESET = carried.Place("reset", "/reset/")


@bp.get("/sign-in")
def form():
    if g.viewer is not None:
        return redirect("/", 303)
    return page("signing/sign_in.html", form=SignIn(formdata=None), next=safe_next(request.args.get("next")))


@bp.post("/sign-in")
def enter():
    form, target = SignIn(), safe_next(request.form.get("next"))
    if form.validate():
        with form.refusals():
            try:
                signed = sign_in.sign_in(
                    form.email.data, form.password.data, device_token=sessions.device_token(),
                    agent=sessions.agent(), by=sessions.visitor(),
                )  # fmt: skip
            except sign_in.NewPasswordWanted:
                return done("/forgotten-password/wanted")
            sessions.begin(signed)
            return done(home(signed, target))
    return page("signing/sign_in.html", form=form, next=target)


def home(signed, target: str) -> str:
    """Staff and clients have different homes; a target of the other kind is forgotten.  The second step comes first."""
    if isinstance(signed, Half):
        path = "/sign-in/app" if signed.is_first else "/sign-in/code"
        return path if target == "/" else f"{path}?next={quote(target, safe='/')}"
    is_staff_page = target.startswith("/admin/") or target.startswith("/first-start/")
    if signed.worker is not None:
        return "/first-start/" if not opening.is_open() else target if is_staff_page else "/admin/"
    return "/" if is_staff_page else target


@bp.post("/sign-out")
def leave():
    sessions.end()
    sessions.tell("good", _("You are signed out."))
    return sessions.forget(done("/sign-in"))


@bp.post("/quick-exit")
@leads_on("/quick-exit")
def quick_exit():
    must_be_offered()
    return leave_quickly()


@bp.get("/quick-exit")
def way_out():
    """A page that says nothing and takes its own place in the history with a neutral one."""
    must_be_offered()
    address = settings.get("quick_exit_address")
    response = page("signing/way_out.html", address=address)
    response.headers["Refresh"] = f"0; url={address}"
    return response


@bp.post("/stay-signed-in")
def stay():
    if g.viewer is None:
        return ask_to_sign_in()
    sign_in.stay(current_user.row)
    return nothing() if is_fragment() else done("/")


@bp.post("/password-strength")
@only_asks
def strength():
    """A hint while a new password is typed; the page works without it."""
    hints = ((_("Too short"), "warn"), (_("Easy to guess"), "warn"), (_("Good"), "good"), (_("Very good"), "good"))
    text, tone = hints[passwords.strength(request.form.get("password", "")[:1024])]
    return page("signing/strength.html", text=text, tone=tone)


@bp.get("/forgotten-password")
def forgotten():
    return page("signing/forgotten.html", form=Forgotten(formdata=None))


@bp.post("/forgotten-password")
def ask():
    form = Forgotten()
    if form.validate():
        with form.refusals():
            resets.ask(form.email.data, sessions.visitor(), request=request.form.get("form_id", ""))
            return done("/forgotten-password/sent")
    return page("signing/forgotten.html", form=form)


@bp.get("/forgotten-password/sent")
def sent():
    return page("signing/forgotten_sent.html", minutes=settings.get("reset_minutes"), phone=agency.support_phone())


@bp.get("/forgotten-password/wanted")
def wanted():
    """Where a right password leads while staff ask for a new one."""
    return page("signing/wanted.html", minutes=settings.get("reset_minutes"), phone=agency.support_phone())


@bp.get("/reset/<token>")
def open_reset(token: str):
    return RESET.opened(resets.find(token), token)


@bp.errorhandler(NotFound)
def is_no_link(error: NotFound):
    return carried.incomplete_link(is_reset=not request.path.startswith("/former-address/"))


@bp.get("/reset/")
def reset():
    if not links.is_good(_reset_link()):
        return page("signing/reset_over.html", status=410)
    return page("signing/reset.html", form=NewPassword(formdata=None), least=settings.get("password_length"))


@bp.post("/reset/")
def choose():
    form, link = NewPassword(), _reset_link()
    if not links.is_good(link):
        return page("signing/reset_over.html", status=410)
    if form.validate():
        with form.refusals():
            resets.reset(link, form.password.data, sessions.visitor())
            sessions.tell("good", _("Your password is changed. Sign in with the new one."))
            return RESET.drop(done("/sign-in"))
    return page("signing/reset.html", form=form, least=settings.get("password_length"))


def _reset_link():
    words = RESET.words()
    return resets.find(words["token"])
