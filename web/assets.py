"""Static files: one address per content, so that a browser may keep each for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, url_for
from whitenoise import WhiteNoise

from web.headers import headers

FOLDER = Path(__file__).resolve().parent.parent / "static"
YEAR = 365 * 86400


def install(app: Flask, *, https: bool) -> None:
    """Serve ``static/`` (pre-compressed where a .br or .gz lies beside a file) and offer ``asset()`` to templates."""

    def add(response_headers: object, path: str, url: str) -> None:
        for name, value in headers(https=https).items():
            response_headers[name] = value  # type: ignore[index]

    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app, root=str(FOLDER), prefix="static/", max_age=YEAR, add_headers_function=add
    )
    app.jinja_env.globals["asset"] = asset


def asset(name: str) -> str:
    """The address of a static file, with the first eight digits of its hash.  Raises OSError when it is not there."""
    return url_for("static", filename=name, v=_version(name))


@cache
def _version(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:8]
