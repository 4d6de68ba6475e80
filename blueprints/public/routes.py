"""Footer pages, manifest, service worker, offline page, health."""

from flask import Response, abort, current_app, jsonify, request, send_from_directory, url_for

from blueprints.public import bp, help
from domain import address_change, agency, brand, health, settings
from models import PAGE_SLUGS
from web import access, languages
from web.assets import YEAR, asset
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.posts import only_asks

PAPER = "#fbf8f2"
# A picture that somebody opens by itself runs nothing and asks for nothing.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


@bp.get("/pages/<slug>")
def footer_page(slug: str):
    if slug not in PAGE_SLUGS:
        abort(404)
    articles = help.articles() if slug == "help" else ()
    return page("public/page.html", title=_titles()[slug], text=agency.page(slug, spoken()), slug=slug,
                articles=articles)  # fmt: skip


@bp.get("/pages/help/<topic>")
def help_article(topic: str):
    title = help.title_of(topic)
    if title is None:
        abort(404)
    return page("public/article.html", title=title, topic=topic, changes_address=address_change.is_offered(),
                has_messages=settings.get("discussions"))  # fmt: skip


@bp.post("/language")
@only_asks
def language():
    return languages.remember(done(access.same_page(request.form.get("next"))), request.form.get("language", ""))


def _titles() -> dict[str, str]:
    return {
        "privacy": _("Privacy policy"), "terms": _("Terms of use"), "help": _("Help"),
        "technical": _("Technical problems"), "contact": _("Contact"),
    }  # fmt: skip


@bp.get("/offline")
def offline():
    response = page("offline.html")
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/sw.js")
def service_worker():
    response = send_from_directory(current_app.static_folder, "sw.js", mimetype="text/javascript", max_age=0)
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/brand.css")
def brand_stylesheet():
    """Its address carries its mark: a browser may keep what it got under that for a year."""
    look = brand.look()
    response = Response(brand.written(look.accent), mimetype="text/css")
    return _kept(response, look.stylesheet, is_lasting=bool(look.stylesheet) and request.args.get("v") == look.stylesheet)


@bp.get("/brand/<address>")
def brand_picture(address: str):
    content_type, body = brand.bytes_of(address)
    response = Response(body, mimetype=content_type)
    response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return _kept(response, address, is_lasting=True)


def _kept(response: Response, mark: str, *, is_lasting: bool) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if is_lasting else "no-cache"
    response.set_etag(mark or "none")
    return response.make_conditional(request)


@bp.get("/manifest.webmanifest")
def manifest():
    house, look = agency.current(), brand.look()
    body = {
        "id": "/", "start_url": "/", "scope": "/", "display": "standalone", "lang": spoken(),
        "name": house.name if house else _("Client portal"), "short_name": house.short_name if house else _("Portal"),
        "background_color": PAPER, "theme_color": look.palette.light.accent if look.palette else PAPER,
        "icons": [_icon(look, "icon-192", 192, "any"), _icon(look, "icon-512", 512, "any"), _icon(look, "maskable-512", 512, "maskable")],
        "shortcuts": [{"name": _("About Me"), "url": url_for("about_me.show")}],
    }  # fmt: skip
    response = jsonify(body)
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _icon(look: brand.Look, kind: str, size: int, purpose: str) -> dict[str, str]:
    own = {"maskable-512": "icon-maskable-512"}.get(kind, kind)
    source = look.icons[kind].path if kind in look.icons else asset(f"icons/{own}.png")
    return {"src": source, "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}


@bp.get("/healthz")
def alive():
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def ready():
    found = health.look(current_app.extensions["doorstep"].data, current_app.extensions.get("worker"))
    marks = {"sandbox": health.is_sandbox(), "address_changed": health.is_moved(), "scanner_silent": health.is_scanner_silent()}
    return jsonify(found | {name: True for name, is_so in marks.items() if is_so}), 200 if all(found.values()) else 503
