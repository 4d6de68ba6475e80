"""The second step of staff's sign-in: the app's code, a recovery code, and setting the app up the first time."""

from urllib.parse import quote

from flask import g, redirect, request
from wtforms import BooleanField

from blueprints import app_setup
from blueprints.signing import bp
from blueprints.signing.routes import home
from domain import agency, half_sign_ins, second_step, settings
from domain.rules import RuleBroken
from web import sessions
from web.access import safe_next
from web.forms import Form, Required, Text, _l
from web.fragments import done, page
from web.languages import ngettext

PAGES = {half_sign_ins.CODE: "/sign-in/code", half_sign_ins.APP: "/sign-in/app", half_sign_ins.CODES: "/sign-in/recovery-codes"}


class Code(Form):
    code = Text(_l("Six digits of the app"), [Required(_l("Type the six digits that the app shows."))])
    trust = BooleanField()


class Recovery(Form):
    code = Text(_l("Recovery code"), [Required(_l("Type one of your recovery codes."))])


@bp.get("/sign-in/code")
def code():
    half = _half(half_sign_ins.CODE)
    return _page("code", Code(formdata=None), half) if half else _elsewhere()


@bp.post("/sign-in/code")
def enter_code():
    def enter(half, form):
        return half_sign_ins.enter(half, form.code.data, trusts=form.trust.data, **_here())

    return _take("code", Code(), half_sign_ins.CODE, enter)


@bp.get("/sign-in/recovery-code")
def recovery():
    half = _half(half_sign_ins.CODE)
    return _page("recovery", Recovery(formdata=None), half) if half else _elsewhere()


@bp.post("/sign-in/recovery-code")
def enter_recovery():
    def enter(half, form):
        signed, left = half_sign_ins.enter_by_recovery(half, form.code.data, **_here())
        return signed, left

    return _take("recovery", Recovery(), half_sign_ins.CODE, enter)


@bp.get("/sign-in/app")
def app():
    half = _half(half_sign_ins.APP)
    return _page("app", app_setup.NewApp(formdata=None), half) if half else _elsewhere()


@bp.post("/sign-in/app")
def set_up_app():
    def set_up(half, form):
        half_sign_ins.set_up(half, form.code.data, sessions.visitor())

    return _take("app", app_setup.NewApp(), half_sign_ins.APP, set_up)


@bp.get("/sign-in/recovery-codes")
def recovery_codes():
    half = _half(half_sign_ins.CODES)
    return _page("recovery_codes", app_setup.Kept(formdata=None), half) if half else _elsewhere()


@bp.post("/sign-in/recovery-codes")
def keep_codes():
    return _take("recovery_codes", app_setup.Kept(), half_sign_ins.CODES, lambda half, form: half_sign_ins.kept(half, **_here()))


def _here():
    return {"device_token": sessions.device_token(), "agent": sessions.agent(), "by": sessions.visitor()}


def _half(stage: str):
    """The half sign-in of this browser, when its owner is at this stage."""
    half = half_sign_ins.find(sessions.half_token())
    return half if half is not None and half_sign_ins.stage(half) == stage else None


def _elsewhere():
    """To the page that is the right one now; to the sign-in when there is none."""
    token = sessions.half_token()
    half = half_sign_ins.find(token)
    if half is not None:
        return redirect(_with_next(PAGES[half_sign_ins.stage(half)]), 303)
    if g.viewer is not None:
        return redirect("/", 303)
    return _again(half_sign_ins.over(token)) if token else done(_with_next("/sign-in"))


def _again(refused: RuleBroken):
    """The sign-in begins anew, with a word why.  Nothing is ended here: a GET may lead here, and a form may be sent once more."""
    sessions.tell_refusal(refused, "warn")
    return done(_with_next("/sign-in"))


def _take(name: str, form: Form, stage: str, go):
    half = _half(stage)
    if half is None:
        return _elsewhere()
    if form.validate():
        try:
            return _led_on(go(half, form))
        except RuleBroken as refused:
            if refused.code in ("over", "no_match", "locked"):
                return _again(refused)
            form.refuse(refused)
    return _page(name, form, half)


def _led_on(reached):
    """To the codes after an app was set up; else the session begins."""
    if reached is None:
        return done(_with_next("/sign-in/recovery-codes"))
    signed, left = reached if isinstance(reached, tuple) else (reached, None)
    sessions.begin(signed, by_code=True)
    if left is not None:
        told = ngettext("You have %(num)s recovery code left.", "You have %(num)s recovery codes left.", left)
        sessions.tell("warn" if left < 3 else "info", told)
    return done(home(signed, _next()))


def _next() -> str:
    return safe_next(request.values.get("next"))


def _with_next(path: str) -> str:
    return path if _next() == "/" else f"{path}?next={quote(_next(), safe='/')}"


def _page(name: str, form: Form, half):
    context = {"next": _next(), "with_next": _with_next, "email": half.worker.email, "agency_called": second_step.called()}
    if name == "code":
        context["phone"] = agency.support_phone()
        days = settings.get("trusted_device_days")
        form.trust.label.text = ngettext(
            "Do not ask again on this device for %(num)s day", "Do not ask again on this device for %(num)s days", days
        )
    elif name == "app":
        context |= app_setup.shown(half.worker, half.nonce)
    elif name == "recovery_codes":
        context |= {"codes": second_step.codes(half.codes_nonce)}
    return page(f"signing/{name}.html", form=form, **context)
