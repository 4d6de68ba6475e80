"""Static files: one address per content, so that a browser may keep each for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from markupsafe import Markup
from whitenoise import WhiteNoise

from web.headers import headers

FOLDER = Path(__file__).resolve().parent.parent / "static"
YEAR = 365 * 86400


def install(app: Flask, *, https: bool) -> None:
    """Serve ``static/`` (pre-compressed where a .br or .gz lies beside a file) and offer ``asset()`` to templates."""

    def add(response_headers: object, path: str, url: str) -> None:
        for name, value in headers(https=https).items():
            response_headers[name] = value  # type: ignore[index]

    files = app.wsgi_app = Files(  # type: ignore[method-assign]
        app.wsgi_app, root=str(FOLDER), prefix="static/", max_age=YEAR, add_headers_function=add,
        allow_all_origins=False,
    )
    for each in files.files.values():  # WhiteNoise leaves them out where a file has not changed
        each.not_modified_response.headers.extend(headers(https=https).items())
    app.jinja_env.globals.update(asset=asset, drawn_icon=icon)


class Files(WhiteNoise):  # type: ignore[misc]
    """WhiteNoise that leaves every refusal to the application, so that it comes with our headers and in words."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.application(environ, start_response)
        return super().__call__(environ, start_response)

    @staticmethod
    def serve(static_file: Any, environ: Any, start_response: Any) -> Any:
        environ.pop("HTTP_RANGE", None)  # a server may answer with the whole file; these are small
        return WhiteNoise.serve(static_file, environ, start_response)


@cache
def icon(name: str) -> Markup:
    """A picture of the sprite; those that point somewhere turn round where lines begin on the right."""
    turns = " flip" if name in ("chevron-left", "chevron-right", "send", "log-out", "external-link") else ""
    return Markup(
        '<svg class="icon{}" width="24" height="24" aria-hidden="true"><use href="{}#{}"></use></svg>'
    ).format(turns, asset("icons.svg"), name)  # fmt: skip


def asset(name: str) -> str:
    """The address of a static file, with the first eight digits of its hash.  Raises OSError when it is not there.

    Written by hand: Flask can build no address for a request with a Host header that is not ours.
    """
    return f"/static/{name}?v={_version(name)}"


@cache
def _version(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:8]
