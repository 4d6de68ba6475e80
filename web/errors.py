"""Error pages: what happened, what to do, what was kept.  Never a stack trace, never a blank page."""

from __future__ import annotations

import logging

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from domain import store, texts
from domain.rules import N_, NotFound
from web import fragments, kept, languages, posts
from web.languages import gettext as _

log = logging.getLogger(__name__)
_FILES = "files"  # of a form whose files are too large together
_ASKED = "asked"  # somebody opened the address that a form is sent to: its own, after a refusal
_OURS = ("csrf_token",)  # the one-time id stays: should the first post have arrived after all, nothing happens twice

_PLAIN = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>{text}</p>
<p><a href="/">{link}</a></p><p>{number}</p></main></body></html>
"""


def install(app: Flask) -> None:
    """Have every failure answered by a page that says what to do next."""
    app.register_error_handler(NotFound, lambda error: _answer(404))
    app.register_error_handler(CSRFError, lambda error: _answer(400, "token"))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _failed)


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    response = _answer(error.code, _why(error.code))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _why(code: int) -> str:
    """Which of the sentences of a code it is; empty for the code's own."""
    if code == 405 and request.method in posts.SAFE:
        return _ASKED
    return _FILES if code == 413 and posts.is_of_files() else ""


def _failed(error: Exception) -> Response:
    if store.is_storage_fault(error):
        log.error("storage fault: %s", type(error).__name__, exc_info=error)
        return _answer(503)
    log.error("unexpected error on %s", request.url_rule, exc_info=error)
    return _answer(500)


def _answer(code: int, why: str = "") -> Response:
    try:
        html = fragments.showable(_page(code, why))
    except Exception as broken:  # a page needs the database: its language, the agency's name
        log.error("the plain error page", exc_info=broken)
        html = _plain(code)
    response = Response(html, code, mimetype="text/html")
    return fragments.for_toast(response) if fragments.is_fragment() else response


def _plain(code: int) -> str:
    tongue = languages.without_database()
    return _PLAIN.format(
        language=tongue, direction=texts.direction(tongue), title=texts.say(tongue, N_("Something went wrong")),
        text=texts.say(tongue, N_("Nothing was changed. Please try again in a moment.")),
        link=texts.say(tongue, N_("Go to the first page")), number=texts.say(tongue, N_("Error number %(code)s"), code=code),
    )  # fmt: skip


def _page(code: int, why: str) -> str:
    retry = kept_fields() if code in (400, 503) and request.method == "POST" and (why or code == 503) else None
    title, text = _words("cookie" if why == "token" and retry is None else why or str(code))
    if fragments.is_fragment():
        return render_template("errors/toast.html", title=title, text=text)
    again = _open_again(why, has_retry=retry is not None)
    return render_template(
        "errors/error.html", code=code, title=title, text=text, href=again or "/",
        action=_("Open the page again") if again else _("Go to the first page"),
        retry=retry, retry_action=request.full_path.rstrip("?"),
    )  # fmt: skip


def _open_again(why: str, *, has_retry: bool) -> str:
    """The page from which somebody begins once more; empty when it is the first page."""
    if why == _ASKED:
        return _page_of_the_form()
    if why == _FILES:
        return "" if kept.form_page() == "/" else kept.form_page()
    return request.path if why == "token" and not has_retry else ""


def _page_of_the_form() -> str:
    """The nearest page above the address of a form; empty when there is none but the first page."""
    from web.access import same_page

    parts = request.path.strip("/").split("/")
    above = (f"/{'/'.join(parts[:end])}{slash}" for end in range(len(parts) - 1, 0, -1) for slash in ("/", ""))
    return next((path for path in above if same_page(path) != "/"), "")


def kept_fields() -> list[tuple[str, str]] | None:
    """What was typed, for a form that sends it again; None when a secret is among it or a file would be lost."""
    if any(file.filename for file in request.files.values()) or any(kept.is_secret(name) for name in request.form):
        return None
    return [(name, value) for name, value in request.form.items(multi=True) if name not in _OURS]


def _words(case: str) -> tuple[str, str]:
    known = {
        "token": (_("Please send this again"), _("This page was open for a long time. What you typed is still here.")),
        "cookie": (
            _("Please try again"),
            _("This page was open for a long time, or your browser keeps no cookies. The portal needs them to know it is you."),
        ),
        "400": (_("That did not work"), _("Something in the address or the form could not be read. Go back and try again.")),
        "404": (_("There is nothing here"), _("The page may have moved, or the address may be mistyped.")),
        "405": (_("That did not work"), _("This page cannot be used in that way. Go back and try again.")),
        _ASKED: (
            _("There is nothing here"),
            _("This address only takes what a form sends. Opening it sent nothing."),
        ),
        "409": (_("One moment, please"), _("We are still working on what you sent. Wait a moment, then look whether it is done.")),
        "413": (_("That is too large"), _("What you sent is too large. Make it smaller and try again.")),
        _FILES: (
            _("That is too large"),
            _("Your files are too large together, so nothing was sent. Choose fewer or smaller files. What you typed was not kept either."),
        ),
        "429": (_("Too many tries"), _("Wait a little and try again.")),
        "503": (_("We cannot save right now"), _("Nothing was changed. Please try again in a moment.")),
    }  # fmt: skip
    return known.get(case, (_("Something went wrong"), _("It is our fault, not yours. Please try again, or call us.")))
