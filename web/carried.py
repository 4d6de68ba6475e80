"""What a link's clean address remembers: the token travels in a signed cookie of that path (T23)."""

from __future__ import annotations

import dataclasses
from typing import Any, NoReturn

from flask import Flask, abort, current_app, g, redirect, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from domain import links, settings
from models import Link
from web import sessions
from web.fragments import page


@dataclasses.dataclass(frozen=True)
class Place:
    """A page that is reached by link: the cookie's name and its path; remembered for *link page minutes*."""

    name: str
    path: str

    def carry(self, response: Response, words: dict[str, Any]) -> Response:
        """Remember ``words`` in the reader's browser, signed, for this path only."""
        response.set_cookie(
            self._cookie(current_app), self._signer(current_app).dumps(words), max_age=_seconds(), path=self.path, httponly=True,
            samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"],
        )  # fmt: skip
        return response

    def opened(self, link: Link, token: str) -> Response:
        """The e-mailed link was opened: that is noted and nothing else, and its reader goes on at the clean address."""
        links.opened(link, network=sessions.network(), agent=sessions.agent())
        return self.carry(redirect(self.path, 303), {"token": token})

    def words(self) -> dict[str, Any]:
        """What was remembered; without it the request ends with a page that says to open the link again."""
        return self.read(current_app) or ask_for_link()

    def read(self, app: Flask, *, is_leaving: bool = False) -> dict[str, Any] | None:
        """What was remembered; None when nothing was, it is too old, it is not ours, or its reader has just left, unless this is how."""
        if g.get("has_left") and not is_leaving:
            return None
        try:
            words: dict[str, Any] = self._signer(app).loads(request.cookies.get(self._cookie(app), ""), max_age=_seconds())
        except BadData:
            return None
        return words

    def drop(self, response: Response) -> Response:
        """Forget."""
        is_https = current_app.config["SESSION_COOKIE_SECURE"]
        response.delete_cookie(self._cookie(current_app), path=self.path, httponly=True, samesite="Lax", secure=is_https)
        return response

    def _cookie(self, app: Flask) -> str:
        """On https under a prefix that nobody without https can set; its path keeps it from being __Host-."""
        return f"__Secure-{self.name}" if app.config["SESSION_COOKIE_SECURE"] else self.name

    def _signer(self, app: Flask) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(app.config["SECRET_KEY"], salt=f"doorstep carried {self.name}")


REPLY = Place("reply", "/reply/")  # which a quick exit forgets, too


def _seconds() -> int:
    return 60 * int(settings.get("link_page_minutes"))


def ask_for_link() -> NoReturn:
    """End the request with a page that says to open the e-mailed link again: it waited too long, or there was none."""
    abort(page("errors/no_link.html", status=404))


def incomplete_link(*, is_reset: bool = False) -> Response:
    """The page for every address that we did not sign, such as one whose end a mail program cut off: it tells what to do
    and nothing else."""
    return page("errors/incomplete_link.html", is_reset=is_reset, status=404)
