"""What arrives after the session ended comes back to whoever typed it, on the page of its form, once they signed in."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, g, request, session
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from domain import store, unsent
from web import fragments, posts, sessions
from web.languages import gettext as _

log = logging.getLogger(__name__)
FILES = "files"  # the field of what is sent along with words
_OURS = ("csrf_token", "form_id")
# A form's own, typed by nobody; a dash ends what only begins so.
_CARRIED = ("version", "before", "next", "shown", "shown-", "last", "on", "parts", unsent.ASIDE)


def install(app: Flask) -> None:
    """What was sent at last waits no more."""
    app.after_request(_sent)


def is_secret(name: str) -> bool:
    """True for a field whose text is kept nowhere."""
    return "password" in name or name in ("current", "code")


def keep() -> str:
    """Keep what a form brought whose session had ended.  The path of the form's page; empty when it says nothing of it."""
    token = session.get("_user_id")
    if request.method != "POST":
        if token and not unsent.was_somebodys(token):  # ended on purpose, elsewhere or by the agency: said once
            session.pop("_user_id")
            sessions.tell("info", _("You were signed out meanwhile. Sign in again."))
        return ""
    if not token or not unsent.was_somebodys(token):
        return _not_saved()
    if not posts.is_proved():
        return ""
    words = [(name, text) for name, text in request.form.items(multi=True) if name not in _OURS and not is_secret(name)]
    lost = [(FILES, file.filename) for file in request.files.getlist(FILES) if file.filename]  # to be named when they are asked for
    here = form_page()
    if not here or not unsent.keep(token, here, [*words, *lost]):
        return ""
    sessions.tell("info", _("Your session ended. What you typed is kept: sign in, and it is there again."))
    if lost:
        sessions.tell("warn", _("Files are not kept. Choose them again."))
    return here


def _not_saved() -> str:
    """The session was ended on purpose, in another tab or by the agency: nothing is kept of what its forms bring, but
    whoever sent one is told."""
    here = form_page() if "form_id" in request.form and posts.is_same_origin() else ""
    if here:
        sessions.tell("warn", _("You were signed out, so this was not saved."))
    return "" if here == "/" else here


def form_page() -> str:
    """Where the form stood: as htmx or the browser says, else its own address.  A bare ``/`` is what shy browsers say."""
    from web.access import safe_next

    seen = (fragments.seen_page(), urlsplit(request.referrer or "").path, request.path)
    return next((path for path in map(safe_next, seen) if path != "/"), "/")


def _sent(response: Response) -> Response:
    is_done = request.method == "POST" and response.status_code == 303 and "form_id" in request.form
    if is_done and "unsent" in session and current_user.is_authenticated:
        try:
            unsent.sent(session["unsent"], form_page(), [*request.form, *request.files], current_user.row)
        except Exception as error:  # what the form did is saved; its words wait on until their hour is over
            log.warning("what was sent could not be taken from what waits: %s", type(error).__name__)
    return response


def given_back(form: Any) -> MultiDict[str, str] | None:
    """What was typed into this form of this page before the session ended; None when nothing was."""
    words = _here()
    typed = {name for name, _ in words or () if not _is_carried(name)}
    has = any if _is_of_several(words or []) else all
    if not words or not typed or not has(_has(form, name) for name in typed):
        return None
    g.is_given_back = True
    return MultiDict(words)


def _is_carried(name: str) -> bool:
    return any(name.startswith(own) if own.endswith("-") else name == own for own in _CARRIED)


def _has(form: Iterable[Any], name: str) -> bool:
    return any(name == field.name or name.startswith(f"{field.name}-") for field in form)


def notice() -> dict[str, Any] | None:
    """What the page must say of a form that was not sent: is it filled in again, and if not, what was in it."""
    words = _here()
    if words is None:
        return None
    texts = [text for name, text in words if " " in text.strip() and not _is_carried(name)]
    return {"is_filled": g.get("is_given_back", False), "texts": texts, "is_aside": _is_aside(words)}


def _is_of_several(words: unsent.Words) -> bool:
    """True for the words of a page's one form that several of ours read (its hidden field ``parts``): each takes its own."""
    return ("parts", "1") in words or _is_aside(words)


def _is_aside(words: unsent.Words) -> bool:
    return (unsent.ASIDE, "1") in words


def set_aside(page: str, boxes: Iterable[str], done: Iterable[str] = ()) -> None:
    """What stands typed in ``boxes`` of a page, of which another button was pressed, is there again when the page is opened next.

    Those that are ``done`` were sent just now.  Of a box that the form did not have, what waited before waits on.
    """
    row = current_user.row
    name = session.get("unsent") or row.token_hash
    if name != session.get("unsent") and not any(request.form.get(box) for box in boxes if box not in done):
        return  # nothing waits, and nothing is to
    waited = unsent.show(name, page, row) or []
    kept = [(box, text) for box, text in waited if box in boxes and box not in done and box not in request.form]
    kept += [(box, text) for box in boxes if box not in done for text in request.form.getlist(box) if text.strip()]
    if unsent.set_aside(name, page, kept, row):
        session["unsent"] = name
    else:
        session.pop("unsent", None)


def _here() -> unsent.Words | None:
    """What waits for this page, asked for once in a request."""
    if "unsent" not in session or request.method != "GET" or g.get("viewer") is None:
        return None
    if "unsent" not in g:
        g.unsent = _shown()
    found: unsent.Words | None = g.unsent
    return found


def _shown() -> unsent.Words | None:
    try:
        return unsent.show(session["unsent"], request.path, current_user.row)
    except Exception as error:
        if not store.is_storage_fault(error):
            raise
        log.warning("what was typed could not be fetched: %s", type(error).__name__)
        return None
