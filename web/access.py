"""Who may enter which address: deny by default, decided before any view runs.

``TILES`` in ``blueprints`` says the audience of each blueprint; inside staff each route names its right by decorator.
An address that nobody declared stops the start.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, current_app, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from domain import viewer
from domain.viewer import ClientViewer, StaffViewer
from web import fragments, kept, posts

AUDIENCES = ("public", "link", "client", "staff", "webhook", "api")
View = TypeVar("View", bound=Callable[..., Any])


class Undeclared(Exception):
    """A route does not say who may use it: the application refuses to start."""


def right(name: str) -> Callable[[View], View]:
    """Mark a staff view with the right that it takes.  Raises Undeclared for a right that does not exist."""
    if name not in viewer.RIGHTS:
        raise Undeclared(f"there is no right {name!r}")

    def mark(view: View) -> View:
        view.right = name  # type: ignore[attr-defined]
        return view

    return mark


def any_staff(view: View) -> View:
    """Mark a staff view that every worker may use; what it shows is scoped by the viewer."""
    view.right = ""  # type: ignore[attr-defined]
    return view


def declare(app: Flask, tiles: Iterable[tuple[Blueprint, str]]) -> None:
    """Register the blueprints of the site map.  Raises Undeclared for an unknown audience or a route without one."""
    audiences: dict[str, str] = {}
    for blueprint, audience in tiles:
        if audience not in AUDIENCES:
            raise Undeclared(f"{blueprint.name}: unknown audience {audience!r}")
        audiences[blueprint.name] = audience
        app.register_blueprint(blueprint)
    app.extensions["audiences"] = audiences
    for rule in app.url_map.iter_rules():
        _check(app, rule.endpoint)
    app.before_request(_gate)


def _check(app: Flask, endpoint: str) -> None:
    audience = audience_of(app, endpoint)
    if audience is None:
        raise Undeclared(f"{endpoint} belongs to no declared blueprint")
    if audience == "staff" and not hasattr(app.view_functions[endpoint], "right"):
        raise Undeclared(f"{endpoint} names no right")


def audience_of(app: Flask, endpoint: str) -> str | None:
    """The audience of an endpoint; None when nobody declared it."""
    if endpoint == "static":
        return "public"
    audience: str | None = app.extensions["audiences"].get(endpoint.partition(".")[0])
    return audience


def table(app: Flask) -> list[dict[str, Any]]:
    """Every route with its methods, audience and right: what ``flask audiences`` prints."""
    rows = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        rows.append({"route": rule.rule, "methods": methods, "audience": audience_of(app, rule.endpoint),
                     "right": getattr(view, "right", "")})  # fmt: skip
    return rows


def _gate() -> Response | None:
    endpoint = request.endpoint
    if endpoint is None:
        return None  # no such address: the error page answers, the same for everybody
    audience = audience_of(current_app, endpoint)
    if audience in ("public", "link", "webhook"):
        return None
    if audience == "api":
        return _gate_of_programs(current_app.extensions["doorstep"].metrics_token)
    who = g.get("viewer")
    if who is None:
        return posts.answered_before() or ask_to_sign_in()
    if audience == "client" and isinstance(who, ClientViewer):
        return None
    if audience == "staff" and isinstance(who, StaffViewer):
        needed = getattr(current_app.view_functions[endpoint], "right", None)
        return None if needed is not None and (not needed or who.may(needed)) else abort(404)
    return redirect("/admin/", 303) if request.path == "/" else abort(404)


def _gate_of_programs(wanted: str) -> Response | None:
    """A program shows its token in each request; who is signed in does not matter.  Where none is set, nothing is there."""
    if not wanted:
        return abort(404)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("latin-1", "replace"), wanted.encode()):
        return None
    return Response("This takes a token.\n", 401, {"WWW-Authenticate": "Bearer"}, mimetype="text/plain")


def ask_to_sign_in() -> Response:
    """Send a stranger to the sign-in page, and back afterwards; never paint it into a fragment.

    What a form brought whose session had ended waits there for its writer.
    """
    if fragments.is_poll():
        return fragments.nothing()
    return fragments.go_to("/sign-in", come_back=True, back_to=kept.keep())


def safe_next(target: str | None) -> str:
    """``target`` when it is a page of this portal for who signed in, else ``/`` (T16)."""
    return target if target and _audience_behind(target) in ("client", "staff") else "/"


def same_page(target: str | None) -> str:
    """``target`` when it is a page of this portal, for whomever, else ``/``."""
    return target if target and _audience_behind(target) in ("public", "link", "client", "staff") else "/"


def _audience_behind(target: str) -> str | None:
    """The audience of the page at a path; None when our own address table knows no such path."""
    if not target.startswith("/") or any(ord(c) <= 32 or c in "\\@" or ord(c) > 126 for c in target):
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or target.startswith("//") or "%" in parts.path:
        return None
    try:
        endpoint, _ = current_app.url_map.bind("").match(parts.path, method="GET")
    except (HTTPException, RequestRedirect):
        return None
    return audience_of(current_app, endpoint)
