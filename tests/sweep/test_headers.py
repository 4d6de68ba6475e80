"""Every answer carries the security headers: each route, each method, each error, each static file."""

import re

import peewee
import pytest
from flask import Blueprint
from pages.conftest import PRODUCTION, SMTP, Browser
from sweep.conftest import build_world
from sweep.test_access import HTMX, RECIPES, Matrix, fill

import blueprints

METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    "default-src": {"'none'"}, "script-src": {"'self'"}, "style-src": {"'self'"}, "img-src": {"'self'", "data:"},
    "connect-src": {"'self'"}, "font-src": {"'self'"}, "manifest-src": {"'self'"}, "worker-src": {"'self'"},
    "form-action": {"'self'"}, "base-uri": {"'none'"}, "object-src": {"'none'"}, "frame-ancestors": {"'none'"},
}  # fmt: skip
MAY_BE_KEPT = ("/static/", "/sw.js", "/offline", "/manifest.webmanifest")


def faults(headers, path, *, https=False):
    """What an answer's headers lack."""
    told = dict(part.strip().partition(" ")[::2] for part in headers.get("Content-Security-Policy", "").split(";"))
    if {name: set(sources.split()) for name, sources in told.items() if name} != POLICY:
        yield f"the content policy is {headers.get('Content-Security-Policy')!r}"
    for name, value in FIXED.items():
        if headers.getlist(name) != [value]:
            yield f"{name} is {headers.getlist(name)}"
    if "geolocation=()" not in headers.get("Permissions-Policy", ""):
        yield "no permissions policy"
    lasts = re.match(r"max-age=(\d+)", headers.get("Strict-Transport-Security", ""))
    if https != bool(lasts and int(lasts.group(1)) >= 365 * 86400):
        yield f"Strict-Transport-Security is {headers.get('Strict-Transport-Security')!r}"
    if not path.startswith(MAY_BE_KEPT) and headers.get("Cache-Control") != "no-store":
        yield f"the browser may keep it: {headers.get('Cache-Control')!r}"
    if not path.startswith("/static/") and "HX-Request" not in headers.get("Vary", ""):
        yield "Vary does not name HX-Request"
    for cookie in headers.getlist("Set-Cookie"):
        if "HttpOnly" not in cookie or "SameSite=Lax" not in cookie or https != ("Secure" in cookie):
            yield f"a cookie that can be taken: {cookie.partition('=')[0]}"
    yield from (f"{name} tells too much" for name in ("X-Powered-By", "Access-Control-Allow-Origin") if name in headers)


def assert_whole(answer, path, *, https=False):
    assert list(faults(answer.headers, path, https=https)) == [], path


@pytest.mark.parametrize("name", ["nobody", "alice", "ada"])
def test_every_route_and_every_method(world, arrive, name):
    matrix, wrong, asked = Matrix(world, arrive(name), name), [], 0
    for rule, kinds in RECIPES.items():
        for method in METHODS if name == "nobody" else METHODS[:4]:
            path = fill(rule, matrix.arguments(kinds, "alice"))
            response = matrix.browser.client.open(path, base_url=matrix.browser.root, method=method, buffered=True)
            wrong += [f"{method} {path} ({response.status_code}): {fault}" for fault in faults(response.headers, path)]
            asked += 1
    assert not wrong, "\n".join(wrong[:20])
    assert asked >= len(RECIPES) * 4


def test_every_page_of_an_agency_that_is_reached_by_https(cast, make_app):
    """In production, with the header that keeps a browser on https; signed in and not, page and fragment."""
    app = make_app(portal_url=PRODUCTION, development=False, smtp=SMTP)
    world, wrong = build_world(cast, app), []
    for name in ("", "alice", "ada"):
        browser = Browser(app, name)
        matrix = Matrix(world, browser, name)
        for rule, kinds in RECIPES.items():
            path = fill(rule, matrix.arguments(kinds, "alice"))
            for method, headers in (("GET", {}), ("GET", HTMX), ("POST", {"Origin": PRODUCTION, "Referer": f"{PRODUCTION}/"})):
                data = {"csrf_token": matrix.token} if method == "POST" and rule != "/sign-out" else None
                response = browser.client.open(path, base_url=PRODUCTION, method=method, headers=headers, data=data, buffered=True)
                wrong += [f"{method} {path} ({response.status_code}): {fault}" for fault in faults(response.headers, path, https=True)]
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("path", ["app.js", "doorstep.css", "icons.svg", "icons/icon-192.png", "vendor/htmx-4.0.1.min.js", "nothing.js", ""])
@pytest.mark.parametrize("method", METHODS)
def test_static_files_too(browse, path, method):
    answer = browse().ask(f"/static/{path}", method=method)
    assert_whole(answer, f"/static/{path}")
    assert answer.body or method in ("HEAD", "OPTIONS")


@pytest.mark.parametrize("asked", [{"Range": "bytes=0-10"}, {"Range": "bytes=9999999-"}, {"Accept-Encoding": "br, gzip"}, {"If-None-Match": '"x"'}])
def test_static_files_however_they_are_asked_for(browse, asked):
    answer = browse().ask("/static/app.js", headers=asked)
    assert answer.status == 200
    assert_whole(answer, "/static/app.js")


# ---------------------------------------------------------------- errors

BROKEN = Blueprint("broken", __name__, url_prefix="/broken")
SECRET = "the words of a private note"


@BROKEN.route("/bug", methods=["GET", "POST"])
def _bug():
    raise RuntimeError(SECRET)


@BROKEN.route("/full", methods=["GET", "POST"])
def _full():
    raise peewee.OperationalError("database or disk is full")


@BROKEN.route("/deep", methods=["GET", "POST"])
def _deep():
    try:
        raise OSError(28, "No space left on device")
    except OSError as cause:
        raise peewee.DatabaseError("cannot rollback - no transaction is active") from cause


@pytest.fixture
def breaking(cast, make_app, monkeypatch):
    """A portal with three views that fail, and somebody who opens them."""
    whole = blueprints.tiles(development=True)
    monkeypatch.setattr(blueprints, "tiles", lambda *, development: (*whole, (BROKEN, "public")))
    return Browser(make_app())


@pytest.mark.parametrize(("path", "status"), [("/broken/bug", 500), ("/broken/full", 503), ("/broken/deep", 503)])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_failure_is_answered_by_a_whole_page_without_its_insides(breaking, path, status, method, caplog):
    data = {"csrf_token": breaking.token, "note": "typed words"} if method == "POST" else None
    answer = breaking.ask(path, method, data, {"Origin": breaking.root} if data else None)
    assert answer.status == status
    assert_whole(answer, path)
    assert "Go to the first page" in answer.links
    assert not [word for word in (SECRET, "Traceback", "RuntimeError", "peewee", "OperationalError", "disk is full") if word in answer.html]
    assert ("typed words" in answer.html) == (status == 503 and method == "POST")
    assert caplog.records, "nobody would ever know"


@pytest.mark.parametrize(("path", "status"), [("/broken/bug", 500), ("/broken/full", 503), ("/nothing", 404)])
def test_a_failure_of_a_fragment_goes_to_the_toasts(breaking, path, status):
    answer = breaking.ask(path, headers=HTMX)
    assert (answer.status, answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == (status, "#toasts", "beforeend")
    assert "<html" not in answer.html
    assert answer.text
    assert_whole(answer, path)


@pytest.mark.parametrize(
    ("status", "method", "path", "more"),
    [
        (404, "GET", "/nothing", {}), (404, "POST", "/nothing", {}), (404, "GET", "/admin/individuals/x/", {}), (405, "DELETE", "/sign-in", {}),
        (405, "POST", "/pages/help", {}), (400, "POST", "/sign-in", {"data": {"email": "x"}}),
        (400, "POST", "/sign-in", {"headers": {"Sec-Fetch-Site": "cross-site"}}), (400, "GET", "/", {"headers": {"Host": "evil.example"}}),
        (400, "POST", "/sign-in", {"headers": {"Host": "evil.example"}}),
        (413, "POST", "/sign-in", {"environ_overrides": {"CONTENT_LENGTH": str(21 * 1024 * 1024)}, "content_type": "application/x-www-form-urlencoded"}),
        (413, "POST", "/sign-in", {"data": {"email": "x" * 1_100_000}}), (308, "GET", "/about-me", {}), (308, "GET", "//about-me//", {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_https", [False, True], ids=["http", "https"])
def test_each_error_page(cast, make_app, status, method, path, more, is_https):
    app = make_app(portal_url=PRODUCTION, development=False, smtp=SMTP) if is_https else make_app()
    client = Browser(app, "ada").client
    root = app.extensions["doorstep"].portal_url
    response = client.open(path, base_url=root, method=method, buffered=True, **more)
    assert response.status_code == status
    assert list(faults(response.headers, path, https=is_https)) == []
    assert response.data
    if status >= 400:
        assert b"<h1" in response.data
        assert b"Traceback" not in response.data


def test_a_portal_by_http_does_not_ask_for_https(browse, cast):
    assert "Strict-Transport-Security" not in browse().ask("/sign-in").headers
