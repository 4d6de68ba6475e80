"""What every form post goes through: token, origin, size of words, and its one-time id.

A second post of the same form gets the first one's answer (spec: rules that hold everywhere, 6; P12).  The receipt is
marked done inside the transaction of what the form does, so a process killed in between repeats nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, make_response, redirect, request, session
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf
from peewee import IntegrityError
from werkzeug.wrappers import Response

from domain import clock, sign_in, statements, store
from models import FormReceipt
from web import sessions

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_FORM_ID = re.compile(r"[A-Za-z0-9_-]{22}")
MOST_WORDS, MOST_FIELDS = 1_000_000, 1000
MOST_FILES = 64 * 1024 * 1024  # of a form that takes several files: five of ten megabytes, and some to say that they are too large
WAIT = 8.0  # seconds that a second post waits for the first one's answer
log = logging.getLogger(__name__)
STALE = dt.timedelta(seconds=30)  # after which an unfinished first post is taken for dead
_unwritten: set[tuple[str, str]] = set()  # posts of this process that are over and whose receipt could not say so
REPLAY_SIGN_IN = dt.timedelta(minutes=1)
_SIGNED = "form_token"  # in the session, beside the token itself
csrf = CSRFProtect()


def install(app: Flask) -> None:
    """Check every unsafe request, in this order: readable, same origin, token, one-time id."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.config["WTF_CSRF_SSL_STRICT"] = False  # would refuse who sends no Referer; where it comes from is checked below
    csrf.init_app(app)
    app.before_request(_check)
    app.after_request(_answered)
    app.teardown_request(_over)
    app.jinja_env.globals.update(new_form_id=new_form_id, csrf_token=form_token)


def form_token() -> str:
    """What proves that a form is ours and was made for this browser; it is good for the whole session, so it is signed once."""
    found: str | None = g.get("csrf_token")
    if found is None:
        found = session.get(_SIGNED)
        if found is None:
            found = session[_SIGNED] = str(generate_csrf())
        g.csrf_token = found
    return found


def new_form_id() -> str:
    """A fresh one-time id for a form; makes sure that the browser has a name to keep the receipt under."""
    if not current_user.is_authenticated and "visitor" not in session:
        session["visitor"] = secrets.token_urlsafe(16)
    return secrets.token_urlsafe(16)


View = TypeVar("View", bound=Callable[..., Any])


def only_asks(view: View) -> View:
    """Mark a POST that changes nothing (its words are too private for an address): it needs no one-time id."""
    view.only_asks = True  # type: ignore[attr-defined]
    return view


def takes_files(view: View) -> View:
    """Mark a POST that brings several files, which are more than other forms may bring."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def one_click(view: View) -> View:
    """Mark the POST of a mail provider, which has neither cookie nor token (RFC 8058): its address alone, which we signed, is the
    right.  It has no one-time id either, so twice must be as good as once."""
    view.is_one_click = True  # type: ignore[attr-defined]
    return view


def leads_on(path: str) -> Callable[[View], View]:
    """Mark a POST whose sender must leave the page in any case: without a good token it does nothing and leads there."""

    def mark(view: View) -> View:
        view.leads_on = path  # type: ignore[attr-defined]
        return view

    return mark


def _check() -> Response | None:
    if request.method in SAFE or request.endpoint is None:
        return None
    if not is_same_origin():
        abort(400)
    _refuse_masses()
    view = current_app.view_functions[request.endpoint]
    if getattr(view, "is_one_click", False):
        return None
    try:
        csrf.protect()
    except CSRFError:
        if path := getattr(view, "leads_on", ""):
            return redirect(path, 303)
        raise
    return None if getattr(view, "only_asks", False) else _once()


def is_proved() -> bool:
    """True for a form of ours, with the token of this browser."""
    if not is_same_origin():
        return False
    _refuse_masses()
    try:
        csrf.protect()
    except CSRFError:
        return False
    return True


def _refuse_masses() -> None:
    """Words alone are never a megabyte nor a thousand fields; Flask's own limits hold for files only."""
    if request.mimetype != "multipart/form-data":
        request.max_content_length = MOST_WORDS
    elif is_of_files():
        request.max_content_length = MOST_FILES
    if sum(len(values) for _, values in request.form.lists()) > MOST_FIELDS:
        abort(413)


def is_of_files() -> bool:
    """True for a form that takes several files."""
    return bool(getattr(current_app.view_functions.get(request.endpoint or ""), "takes_files", False))


def is_same_origin() -> bool:
    """True unless the browser says that another site had this request sent."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin", request.headers.get("Referer"))
    return origin is None or urlsplit(origin).netloc == request.host


# ---------------------------------------------------------------- one-time ids


def _once() -> Response | None:
    form_id, visitor = request.form.get("form_id", ""), _visitor()
    if not form_id or visitor is None:
        return None
    if not _FORM_ID.fullmatch(form_id):
        abort(400)
    receipt = _claim(visitor, form_id)
    if receipt is None:
        return _first_answer(visitor, form_id)
    g.receipt, g.receipt_key = receipt, (visitor, form_id)
    g.receipt_hook = store.commits_with(lambda: _mark_done(receipt))
    return None


def _visitor() -> str | None:
    """Under whom receipts are kept: the session that the signed cookie names, even when it has ended meanwhile."""
    token = session.get("_user_id")
    return sign_in.digest(token) if token else session.get("visitor")


def answered_before() -> Response | None:
    """The answer to a form whose first post ended the very session that sent it (a change of password), sent again.

    None when there is none: then whoever sent it is a stranger.
    """
    form_id, visitor = request.form.get("form_id", ""), _visitor()
    if request.method in SAFE or not form_id or visitor is None or not is_same_origin():
        return None
    receipt = _settled(visitor, form_id)
    if receipt is None:
        return None
    csrf.protect()
    return _replay(receipt)


def _settled(visitor: str, form_id: str) -> FormReceipt | None:
    """The receipt of a first post, once that is answered: it ended the session a moment before its answer was written."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        receipt: FormReceipt | None = FormReceipt.get_or_none(FormReceipt.visitor == visitor, FormReceipt.form_id == form_id)
        if receipt is None or receipt.status is not None:
            return receipt
        if receipt.created_at < clock.now() - STALE:
            return None
        time.sleep(0.05)
    return None


def _claim(visitor: str, form_id: str) -> int | None:
    try:
        with store.writing():
            row = {"visitor": visitor, "form_id": form_id, "is_done": False, "location": "", "body": "", "created_at": _stored(clock.now())}
            return int(store.insert(FormReceipt, [row], "RETURNING id")[0][0])
    except IntegrityError:
        return None


_stored = FormReceipt.created_at.db_value
_MARK_DONE = statements.Change(lambda receipt: FormReceipt.update(is_done=True).where(FormReceipt.id == receipt))
_ANSWER = statements.Change(
    lambda receipt, status, location, body, session_for: FormReceipt.update(
        status=status, location=location, body=body, session_for=session_for
    ).where(FormReceipt.id == receipt)
)


def _mark_done(receipt: int) -> None:
    _MARK_DONE.run(receipt)


def _first_answer(visitor: str, form_id: str) -> Response | None:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        receipt = FormReceipt.get_or_none(FormReceipt.visitor == visitor, FormReceipt.form_id == form_id)
        if receipt is None:
            return _once()  # the first one was refused and may be tried again
        if receipt.status is not None:
            return _replay(receipt)
        is_over = receipt.created_at < clock.now() - STALE or (visitor, form_id) in _unwritten
        if is_over and receipt.is_done:
            return _look()
        if is_over and _take_over(receipt):
            _unwritten.discard((visitor, form_id))
            return _once()
        time.sleep(0.05)
    abort(409)


def _look() -> Response:
    """Whoever repeats what was done, but badly answered, sees what there is now."""
    return redirect(request.path if request.url_rule and "GET" in (request.url_rule.methods or ()) else "/", 303)


def _take_over(receipt: FormReceipt) -> bool:
    with store.writing():
        return bool(
            FormReceipt.delete()
            .where(FormReceipt.id == receipt.id, ~FormReceipt.is_done, FormReceipt.created_at == receipt.created_at)
            .execute()
        )


def _replay(receipt: FormReceipt) -> Response:
    if receipt.session_for and receipt.created_at > clock.now() - REPLAY_SIGN_IN:
        sessions.start_again(receipt.session_for, request.form)
    response: Response = (
        redirect(receipt.location, receipt.status) if receipt.location else make_response(receipt.body, receipt.status)
    )
    g.is_replay = True
    return response


def _answered(response: Response) -> Response:
    receipt = g.pop("receipt", None)
    _unhook()
    if receipt is not None:
        try:
            _write_answer(receipt, response)
        except Exception as error:  # what the form did is saved; only a repeat would have to ask again
            log.exception("receipt not written", exc_info=error)
            _unwritten.add(g.receipt_key)
    return response


def _write_answer(receipt: int, response: Response) -> None:
    with store.writing():
        if response.status_code >= 400 and FormReceipt.delete().where(FormReceipt.id == receipt, ~FormReceipt.is_done).execute():
            return
        _keep(receipt, response if response.status_code < 500 else _look())


def _keep(receipt: int, response: Response) -> None:
    location = response.headers.get("Location", "")
    body = "" if location or response.is_streamed else response.get_data(as_text=True)
    _ANSWER.run(receipt, response.status_code, location, body, g.get("session_for"))


def _unhook() -> None:
    hook: Any = g.pop("receipt_hook", None)
    if hook is not None:
        store.commits_as_before(hook)


def _over(error: BaseException | None) -> None:
    _unhook()


def forget_old() -> int:
    """Remove receipts that are over a day old; said by the timetable."""
    with store.writing():
        return int(FormReceipt.delete().where(FormReceipt.created_at < clock.ago(days=1)).execute())
