"""The browser's side of a session: Flask-Login over server-side rows, and the device's cookie.

Flask's own cookie carries nothing but a random token (and the form token): the row decides, and it can be ended.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, current_app, flash, g, get_flashed_messages, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, current_user, login_user, logout_user
from itsdangerous import URLSafeTimedSerializer
from werkzeug.wrappers import Response

from domain import half_sign_ins, passwords, sign_in, store, terms, texts, unsent, viewer
from domain.actor import Actor
from domain.rules import RuleBroken
from domain.sign_in import Half, SignedIn
from domain.viewer import Viewer
from models import LoginSession, PortalAccount, Worker
from web import fragments, languages

log = logging.getLogger(__name__)
DEVICE_DAYS = 400
NEW_TERMS = "new_terms"  # in the cookie of a client who is to accept what was published anew


class _Cookies(SecureCookieSessionInterface):
    """Flask's own, with the one serializer that each request would make anew."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if not hasattr(self, "_serializer"):
            self._serializer = super().get_signing_serializer(app)
        return self._serializer


class Browser:
    """Who Flask-Login thinks is there: one session row under its token."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, token: str, row: LoginSession) -> None:
        self.token = token
        self.row = row

    def get_id(self) -> str:
        return self.token


def install(app: Flask, *, https: bool) -> None:
    """Cookies that only this host sees, and the viewer of each request in ``g.viewer``."""
    prefix = "__Host-" if https else ""
    app.config.update(
        SESSION_COOKIE_NAME=f"{prefix}session", SESSION_COOKIE_SECURE=https, SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax", DEVICE_COOKIE=f"{prefix}device", HALF_COOKIE=f"{prefix}half",
        LEFT_COOKIE=f"{prefix}left",  # set by the page itself at a quick exit, should the sign-out not arrive
    )  # fmt: skip
    app.session_interface = _Cookies()
    manager = LoginManager(app, add_context_processor=False)
    manager.session_protection = None
    manager.user_loader(_load)
    app.before_request(_who)
    app.after_request(_set_device)
    app.after_request(_set_half)
    app.after_request(_has_left)


def _load(token: str) -> Browser | None:
    row = sign_in.session_of(token)
    return Browser(token, row) if row is not None else None


def _who() -> None:
    g.viewer = None
    endpoint = request.endpoint or ""
    if endpoint == "static":
        return
    if current_app.config["LEFT_COOKIE"] in request.cookies:
        end()
        g.has_left = True
    browser = current_user._get_current_object() if "_user_id" in session else None
    if browser is not None and browser.is_authenticated:
        g.viewer = viewer.of(browser.row, network())
        g.seconds_left = sign_in.seconds_left(browser.row)
        if not endpoint.startswith("public.") and not fragments.is_poll():  # what a browser asks by itself
            _touch(browser.row)


def _has_left(response: Response) -> Response:
    """The session is over that the quick exit could not end, so its mark may go."""
    if g.pop("has_left", False):
        from web import carried, leaving  # which stand on this one

        leaving.end_reply()
        carried.REPLY.drop(response)
        response.delete_cookie(current_app.config["LEFT_COOKIE"], httponly=True, samesite="Lax",
                               secure=current_app.config["SESSION_COOKIE_SECURE"])  # fmt: skip
        forget(response)
    return response


def forget(response: Response) -> Response:
    """Have the browser drop what it keeps of our pages.  Never "storage": with a service worker that hangs."""
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _touch(row: LoginSession) -> None:
    """A disk that is full must not keep anybody from reading."""
    try:
        sign_in.touch(row)
    except Exception as error:
        if not store.is_storage_fault(error):
            raise
        log.warning("the session's clock was not moved: %s", type(error).__name__)


def network() -> str:
    """The address that the request came from, as the server (and its one trusted proxy) saw it."""
    return request.remote_addr or ""


def agent() -> str:
    """What the browser calls itself, shortened."""
    return (request.user_agent.string or "")[:200]


def visitor() -> Actor:
    """The actor of a request before anybody is known."""
    who: Viewer | None = g.get("viewer")
    return who.actor if who is not None else Actor(network=network())


def _owner(row: LoginSession) -> Actor:
    """Whoever signed in: their session ends by them, even where nobody is the viewer yet (the mark of a quick exit)."""
    return Actor(worker=row.worker, account=row.account, network=network())


def begin(signed: SignedIn | Half, *, by_code: bool = False) -> None:
    """Give the browser its new session; whatever its cookie held before is gone.

    Half of one changes nothing but its own cookie: what waits for the session waits on.
    """
    if isinstance(signed, Half):
        g.half_token, g.session_for = signed.token, f"half {signed.worker.id}"
        return
    if current_user.is_authenticated:
        sign_in.sign_out(current_user.row, _owner(current_user.row))
    was = session.get("_user_id")
    session.clear()
    row = signed.session
    login_user(Browser(signed.session_token, row))
    if row.account_id and not terms.are_the_newest(row.account) and terms.has_news(row.account, _language_of(row.account)):
        session[NEW_TERMS] = True
    if was and (waiting := unsent.claim(was, row)):
        session["unsent"] = waiting
    g.device_token = signed.device_token
    g.session_for = f"second {signed.worker.id}" if by_code and signed.worker else _named(signed.account, signed.worker)


def _language_of(account: PortalAccount) -> str:
    """What their pages will speak."""
    own = account.individual.language
    return own if own in texts.LANGUAGES else languages.spoken()


def carry_on(token: str) -> None:
    """The same person goes on under a fresh token (after a change of password); what waits for them waits on."""
    waiting = {name: session[name] for name in ("unsent", NEW_TERMS) if name in session}
    session.clear()
    row = sign_in.session_of(token)
    if row is not None:
        login_user(Browser(token, row))
        session.update(waiting)
        g.session_for = _named(row.account, row.worker)


def _named(account: PortalAccount | None, worker: Worker | None) -> str:
    return f"account {account.id}" if account else f"worker {worker.id}"  # type: ignore[union-attr]


def start_again(who: str, words: Mapping[str, str]) -> None:
    """A form that began a session, or half of one, is sent again: the browser may have dropped the first answer's cookie.

    The password in it is compared once more, or the code that let in a moment ago, so that a cookie of before it opens
    nothing.  Whose account ended meanwhile gets the first answer without a session, and is led to sign in from there.
    """
    kind, _, number = who.partition(" ")
    account = PortalAccount.get_or_none(PortalAccount.id == int(number)) if kind == "account" else None
    worker = Worker.get_or_none(Worker.id == int(number)) if kind in ("worker", "half", "second") else None
    owner = account or worker
    if owner is None:
        return
    here: dict[str, Any] = {"device_token": device_token(), "agent": agent(), "network": network(), "tell_of_device": False}
    with contextlib.suppress(RuleBroken):
        if worker is not None and kind == "second":
            device = half_sign_ins.once_more(half_token(), words.get("code", ""), worker, device_token())
            if device is not None:
                begin(sign_in.start(None, worker, **here | {"device_token": device}), by_code=True)
        elif passwords.matches(words.get("password", ""), owner.password_hash):
            begin(sign_in.let_in(account, worker, **here))


def end() -> None:
    """Sign out: the row, the cookie and what the browser keeps of this portal's pages."""
    if current_user.is_authenticated:
        with store.writing():
            sign_in.sign_out(current_user.row, _owner(current_user.row))
            if "unsent" in session:
                unsent.erase(session["unsent"])
    half_sign_ins.end(half_token())
    g.half_token = ""
    logout_user()
    session.clear()
    g.viewer = None
    languages.choose_again()  # what is said from now on is in a stranger's language, as the next page is


def must_accept_terms() -> bool:
    """True while a client who signed in has not accepted the texts that were published since they did so last."""
    return NEW_TERMS in session


def accepted_terms() -> None:
    """They have."""
    session.pop(NEW_TERMS, None)


def device_token() -> str:
    """The cookie that tells a known device from a new one."""
    return request.cookies.get(current_app.config["DEVICE_COOKIE"], "")


def _set_device(response: Response) -> Response:
    token: Any = g.pop("device_token", None)
    if token and token != device_token():
        response.set_cookie(
            current_app.config["DEVICE_COOKIE"], token, max_age=DEVICE_DAYS * 86400, httponly=True, samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )  # fmt: skip
    return response


def half_token() -> str:
    """The cookie of a browser whose owner has still to do the second step."""
    return request.cookies.get(current_app.config["HALF_COOKIE"], "")


def _set_half(response: Response) -> Response:
    """The cookie ends with the browser; the row behind it after some minutes."""
    token: Any = g.pop("half_token", None)
    kept = {"httponly": True, "samesite": "Lax", "secure": current_app.config["SESSION_COOKIE_SECURE"]}
    if token:
        response.set_cookie(current_app.config["HALF_COOKIE"], token, **kept)
    elif token is not None and half_token():
        response.delete_cookie(current_app.config["HALF_COOKIE"], **kept)
    return response


def tell(kind: str, text: str) -> None:
    """Have the next page begin with a sentence (info, good, warn, bad)."""
    flash(text, kind)


def tell_refusal(refused: RuleBroken, kind: str = "bad") -> None:
    """Have the next page begin with what a rule said, and those that were broken with it."""
    for each in refused.every:
        tell(kind, texts.refusal(languages.spoken(), each))


@contextlib.contextmanager
def refusals_told() -> Iterator[None]:
    """For a button without a form to show it in: what a rule refuses inside the block is said by the next page."""
    try:
        yield
    except RuleBroken as refused:
        tell_refusal(refused)


def flashes() -> list[tuple[str, str]]:
    """The sentences that the last answer left for this page."""
    told: list[Any] = list(get_flashed_messages(with_categories=True))
    return [(kind, text) for kind, text in told]
