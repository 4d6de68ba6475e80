"""Every answer carries the security headers: each route, each method, each error, each static file."""

import re

import peewee
import pytest
from flask import Blueprint
from pages.conftest import PRODUCTION, SMTP, Browser
from sweep.conftest import HERE, build_world
from sweep.scenes import Walker, forgotten
from sweep.test_access import HTMX, RECIPES, Matrix, fill

import blueprints
from domain import accounts, clock, links, sign_in, store
from models import FormReceipt
from web import headers as ours
from web import posts

# What is said of an answer, not what is in it: the database does not matter.
pytestmark = pytest.mark.only_sqlite

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
OF_FILES = {"default-src": {"'none'"}, "sandbox": set(), "frame-ancestors": {"'none'"}}  # of messages: downloads that run nowhere
FACES = ("/photos/", "/admin/photos/")
MAY_BE_KEPT = ("/static/", "/brand.css", "/sw.js", "/offline", "/manifest.webmanifest")


def faults(headers, path, *, https=False):
    """What an answer's headers lack."""
    told = dict(part.strip().partition(" ")[::2] for part in headers.get("Content-Security-Policy", "").split(";"))
    is_file = ("/files/" in path or path.endswith("/pdf")) and headers.get("Content-Disposition", "").startswith("attachment;")
    if {name: set(sources.split()) for name, sources in told.items() if name} != (OF_FILES if is_file else POLICY):
        yield f"the content policy is {headers.get('Content-Security-Policy')!r}"
    for name, value in FIXED.items():
        if headers.getlist(name) != [value]:
            yield f"{name} is {headers.getlist(name)}"
    if "geolocation=()" not in headers.get("Permissions-Policy", ""):
        yield "no permissions policy"
    lasts = re.match(r"max-age=(\d+)", headers.get("Strict-Transport-Security", ""))
    if https != bool(lasts and int(lasts.group(1)) >= 365 * 86400):
        yield f"Strict-Transport-Security is {headers.get('Strict-Transport-Security')!r}"
    if path.startswith(FACES) and headers.get("Cache-Control") == "private, no-cache" and "Cookie" in headers.get("Vary", ""):
        pass  # by the reader's own browser, which asks each time
    elif not path.startswith(MAY_BE_KEPT) and headers.get("Cache-Control") != "no-store":
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


def test_the_headers_that_are_looked_for_are_the_ones_that_are_sent():
    assert FIXED.items() <= ours.ALWAYS.items()
    assert ours.ALWAYS.keys() - FIXED.keys() == {"Content-Security-Policy", "Permissions-Policy"}
    assert ours.headers(https=True).keys() - ours.ALWAYS.keys() == {"Strict-Transport-Security"}


# ---------------------------------------------------------------- by https


@pytest.fixture
def hidden(production):
    """``hidden("alice")``: Alice's browser at a portal that is reached by https."""
    return lambda name="": Walker(production, name)


def assert_closed(answer, path):
    """Every cookie of an answer is for this host alone; those behind a link are for their own path."""
    for header in answer.headers.getlist("Set-Cookie"):
        name, _, rest = header.partition("=")
        own = {"__Secure-activate": "/activate/", "__Secure-reset": "/reset/"}.get(name, "/")
        parts = {part.strip().lower() for part in rest.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", f"path={own}"} <= parts, (path, header)
        assert not [part for part in parts if part.startswith("domain")], (path, header)
        assert name.startswith("__Host-" if own == "/" else "__Secure-"), (path, header)


def test_every_cookie_on_the_way_in_and_out_is_closed_to_everybody_else(hidden, cast):
    way, names = hidden(), set()
    link, reset = links.token(cast.invited()), links.token(forgotten("bob@example.org"))
    for path, values in (
        ("/sign-in", None), (f"/activate/{link}", None), (f"/reset/{reset}", None), ("/reset/", {"password": "seven brave geese fly"}),
        ("/sign-in", {"email": "alice@example.org", "password": cast.password_of("alice")}), ("/sign-out", {}),
    ):  # fmt: skip
        data = None if values is None else {"csrf_token": way.token, **values}
        answer = way.raw(path, "GET" if values is None else "POST", data=data)
        assert answer.status_code in (200, 303), path
        assert answer.headers.getlist("Set-Cookie"), path
        assert_closed(answer, path)
        names |= {header.partition("=")[0] for header in answer.headers.getlist("Set-Cookie")}
    assert names == {"__Host-session", "__Host-device", "__Secure-activate", "__Secure-reset"}


def test_by_plain_http_a_link_still_remembers_its_token(app, cast):
    way = Walker(app)
    way.raw(f"/activate/{links.token(cast.invited())}")
    assert way.ask("/activate/").status == 200


def test_whoever_plants_the_cookie_of_a_link_without_https_plants_nothing(hidden, cast):
    thief, victim = hidden(), hidden()
    thief.raw(f"/activate/{links.token(cast.invited())}")
    planted = thief.client.get_cookie("__Secure-activate", domain="portal.example.org", path="/activate/")
    victim.client.set_cookie("activate", planted.value, domain="portal.example.org", path="/activate/")
    assert thief.ask("/activate/").status == 200
    assert victim.ask("/activate/").status == 404


def test_pages_of_somebody_are_told_apart_by_their_cookie(hidden, cast):
    for name, path in (("alice", "/"), ("alice", "/about-me/"), ("ada", "/admin/"), ("ada", "/pages/help")):
        assert "Cookie" in hidden(name).raw(path).vary, path


STATIC = HERE.parent.parent / "static"
FILES = sorted(str(f.relative_to(STATIC)) for f in STATIC.rglob("*") if f.is_file() and f.suffix not in (".gz", ".br"))


def test_every_file_that_there_is_carries_them(hidden, house):
    stranger = hidden()
    assert len(FILES) > 5
    for name in FILES:
        for method in ("GET", "HEAD"):
            answer = stranger.raw(f"/static/{name}?v=12345678", method)
            assert answer.status_code == 200, name
            assert list(faults(answer.headers, f"/static/{name}", https=True)) == [], name
            assert answer.headers.getlist("Set-Cookie") == []
            assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_a_file_that_has_not_changed_is_said_so_with_every_header(hidden, house):
    for name in FILES:
        path = f"/static/{name}"
        first = hidden().raw(path)
        for asked in ({"If-Modified-Since": first.headers["Last-Modified"]}, {"If-None-Match": first.headers["ETag"]}):
            again = hidden().raw(path, headers=asked)
            assert again.status_code == 304, path
            assert list(faults(again.headers, path, https=True)) == [], path


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%5capp.py", "/static//app.js", "/static/vendor", "/static/.hidden",
     "/static/app.js%00.css", "/favicon.ico", "/robots.txt", "/.env", "/.git/config", "/static/icons.svg.bak", "/static/../models.py"],
)  # fmt: skip
def test_a_file_that_is_not_there_is_missed_with_every_header(hidden, house, path):
    answer = hidden().raw(path)
    assert answer.status_code in (308, 404)
    assert list(faults(answer.headers, "/missed", https=True)) == []


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("too many fields", 413), ("a huge file", 413), ("a broken one-time id", 400), ("a form that is still at work", 409),
        ("nobody's record", 404), ("a refused form", 422), ("a withdrawn link", 410), ("a page without its link", 404),
    ],
)  # fmt: skip
def test_every_refusal_carries_them(hidden, cast, monkeypatch, what, code):
    answer = _refused(hidden(), hidden("ada"), cast, monkeypatch, what)
    assert answer.status_code == code
    assert b"<h1" in answer.data
    assert list(faults(answer.headers, "/somewhere", https=True)) == []
    assert_closed(answer, what)


def _refused(stranger, ada, cast, monkeypatch, what):
    """The answer to something that cannot be."""
    if what == "a form that is still at work":
        monkeypatch.setattr(posts, "WAIT", 0.01)
        token, session = ada.token, _session_of(ada)
        with store.writing():
            FormReceipt.create(visitor=sign_in.digest(session), form_id="x" * 22, created_at=clock.now())
        return ada.raw("/admin/individuals/new", "POST", data={"csrf_token": token, "form_id": "x" * 22})
    if what == "a withdrawn link":
        link = cast.invited()
        accounts.cancel(link.account, cast.by("ada"))
        stranger.raw(f"/activate/{links.token(link)}")
        return stranger.raw("/activate/")
    return {
        "too many fields": lambda: stranger.raw("/sign-in", "POST", data={f"f{n}": "x" for n in range(1500)}),
        "a huge file": lambda: stranger.raw("/sign-in", "POST", data=b"x" * (21 * 1024 * 1024), content_type="multipart/form-data; boundary=x"),
        "a broken one-time id": lambda: ada.raw("/admin/individuals/new", "POST", data={"csrf_token": ada.token, "form_id": "1"}),
        "nobody's record": lambda: ada.raw("/admin/individuals/AAAAAAAAAAAAAAAAAAAAAA/"),
        "a refused form": lambda: ada.raw("/admin/individuals/new", "POST", data={"csrf_token": ada.token}),
        "a page without its link": lambda: stranger.raw("/activate/"),
    }[what]()  # fmt: skip


def _session_of(walker):
    with walker.client.session_transaction(base_url=walker.root) as session:
        return session["_user_id"]
