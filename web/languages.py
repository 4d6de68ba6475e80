"""In which language a request is answered, and how a visitor's choice is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from babel.support import NullTranslations
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, force_locale, get_locale, refresh
from markupsafe import Markup
from werkzeug.wrappers import Response

from domain import agency, texts
from domain.viewer import ClientViewer

DAYS = 400


class _Catalogues(Domain):  # type: ignore[misc]
    """The same catalogues that e-mails and refusals are written from."""

    def get_translations(self) -> NullTranslations:
        return _tongue()


def _tongue() -> NullTranslations:
    """The catalogue of the request's language, looked up once: a page has dozens of sentences."""
    here = g._get_current_object()  # each question through the proxy costs more than the sentence
    found: NullTranslations | None = here.get("tongue")
    if found is None:
        found = here.tongue = texts.catalogue(spoken())
    return found


def spoken() -> str:
    """The language that the request is answered in: ``en``."""
    here = g._get_current_object()
    found: str | None = here.get("spoken")
    if found is None:
        found = here.spoken = _chosen() if has_request_context() else str(get_locale() or "en")
    return found


def _ask_anew() -> None:
    for known in ("tongue", "spoken"):
        g.pop(known, None)


def gettext(sentence: str, /, **fields: Any) -> str:
    """A sentence in the reader's language, with its fields filled in."""
    said = _tongue().ugettext(sentence)
    return str(said % fields if fields else said)


def ngettext(one: str, many: str, num: int, /, **fields: Any) -> str:
    """The same in the right plural of ``num``."""
    return str(_tongue().ungettext(one, many, num) % {"num": num, **fields})


def _in_page(sentence: str, /, **fields: Any) -> Markup:
    """What Jinja's own extension says, by a shorter way."""
    said = _marked(_tongue(), sentence)
    return said % fields if "%" in said else said


@lru_cache(maxsize=5000)
def _marked(tongue: NullTranslations, sentence: str) -> Markup:
    return Markup(tongue.ugettext(sentence))  # noqa: S704 - our own sentence; what is filled in is escaped


def _in_page_counted(one: str, many: str, num: int, /, **fields: Any) -> Markup:
    return Markup(_tongue().ungettext(one, many, num)) % {"num": num, **fields}  # noqa: S704 - as above


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within the block another language is spoken than the request's."""
    with force_locale(language):
        _ask_anew()
        g.spoken = language
        yield
    _ask_anew()


def choose_again() -> None:
    """The reader has changed: what is said from now on is in their language."""
    _ask_anew()
    refresh()


def install(app: Flask, *, https: bool) -> None:
    """Have every page speak its reader's language, and say so in its headers."""
    app.config.update(BABEL_DEFAULT_LOCALE="en", LANGUAGE_COOKIE=f"{'__Host-' if https else ''}language")
    babel = Babel(app, locale_selector=_chosen, timezone_selector=lambda: str(agency.zone()))
    babel.domain_instance = _Catalogues()
    app.jinja_env.globals.update(_=_in_page, gettext=_in_page, ngettext=_in_page_counted)
    app.after_request(_named)


def _chosen() -> str:
    g.language = next(code for code in _wanted() if code in texts.LANGUAGES)
    return str(g.language)


def _wanted() -> tuple[str, ...]:
    """A client's own language; else the browser's choice, then its settings; else the agency's."""
    who, house = g.get("viewer"), agency.current()
    own = who.individual.language if isinstance(who, ClientViewer) else ""
    is_offline = request.endpoint == "public.offline"
    if own in texts.LANGUAGES and not is_offline:
        return (own,)
    asked = request.args.get("l", "") if is_offline else ""  # the service worker has no cookie
    first = house.language if house else "en"
    return asked, own, request.cookies.get(current_app.config["LANGUAGE_COOKIE"], ""), *_accepted(), first, "en"


def _accepted() -> list[str]:
    """What the browser asks for, best first; ``es-MX`` is Spanish, whatever else comes after it."""
    return [tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0]


def without_database() -> str:
    """The best guess for a page that cannot ask who reads it, nor what the agency speaks."""
    return next((code for code in _accepted() if code in texts.LANGUAGES), "en")


def _named(response: Response) -> Response:
    if response.mimetype in ("text/html", "application/manifest+json"):
        known = response.headers.get("Vary", "")
        if known == "HX-Request, Cookie":  # as nearly always; to read it and write it anew takes longer than all other headers
            response.headers["Vary"] = "HX-Request, Cookie, Accept-Language"
        else:
            response.vary.update(("Accept-Language", "Cookie"))
        if "language" in g:
            response.headers["Content-Language"] = g.language
    return response


def remember(response: Response, language: str) -> Response:
    """Keep a visitor's choice in this browser; what is no language of ours changes nothing."""
    if language in texts.LANGUAGES:
        response.set_cookie(
            current_app.config["LANGUAGE_COOKIE"], language, max_age=DAYS * 86400, httponly=True, samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )  # fmt: skip
    return response
