"""The portal: ``create_app()``; ``python app.py`` serves web and background work, in one process unless told otherwise."""

from __future__ import annotations

import gc  # isort: skip

if __name__ == "__main__":
    gc.disable()  # what is imported stays: to look through it for rubbish would be a tenth of the start

import domain.driver  # noqa: F401  # isort: skip  # before anything that imports Peewee

import argparse
import dataclasses
import logging
import os
import sys
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from flask import Flask, current_app, g, request
from htmx_flask import Htmx
from markupsafe import Markup
from peewee import Database
from werkzeug.wrappers import Response

import blueprints
import config as configuration
from blueprints.public import help
from config import BadConfiguration, Config
from domain import (
    agency,
    audit,
    brand,
    duty,
    folder,
    house_texts,
    limits,
    links,
    portal_address,
    sandbox,
    scanning,
    schema,
    second_step,
    settings,
    store,
    texts,
)
from domain.folder import Place
from domain.rules import RuleBroken
from domain.viewer import ClientViewer
from models import db
from web import (
    access,
    addresses,
    assets,
    checks,
    commands,
    errors,
    formatting,
    fragments,
    headers,
    kept,
    languages,
    logs,
    opening,
    posts,
    server,
    sessions,
)
from web.languages import gettext as _
from web.languages import spoken

log = logging.getLogger("doorstep")


def create_app(config: Config | None = None) -> Flask:
    """The application for ``config`` (default: the environment's).  Raises Undeclared for a route without an audience."""
    config = config or read_configuration()
    app = Flask(__name__, static_folder="static")
    app.config.update(
        SECRET_KEY=config.secret_key, TRUSTED_HOSTS=config.trusted_hosts, MAX_CONTENT_LENGTH=server.MOST_UPLOAD,
        MAX_FORM_MEMORY_SIZE=500_000, MAX_FORM_PARTS=1000, PREFERRED_URL_SCHEME="https" if config.https else "http",
    )  # fmt: skip
    app.extensions["doorstep"] = config
    app.ensure_sync = _as_it_is  # type: ignore[method-assign]
    store.open_database(config.database_url)
    for keyed in (limits, links, second_step):
        keyed.use_key(config.secret_key)
    audit.use_key(config.audit_key)
    sandbox.use(config.sandbox)
    scanning.use(config.virus_scanner)
    sandbox.live_at(portal_address.plain(config.portal_url, development=config.development))
    languages.install(app, https=config.https)
    Htmx(app)
    headers.install(app, https=config.https)
    assets.install(app, https=config.https)
    formatting.install(app)
    addresses.install(app)
    errors.install(app)
    _connect(app)
    if config.development:
        app.before_request(_gate_of_development)
    sessions.install(app, https=config.https)
    app.before_request(_gate_of_opening)
    access.declare(app, blueprints.tiles(development=config.development))
    app.before_request(_gate_of_terms)
    posts.install(app)
    kept.install(app)
    app.context_processor(_everywhere)
    commands.register(app)
    app.jinja_env.globals["same"] = _same
    app.jinja_env.globals["ui"] = app.jinja_env.get_template("ui.html").module
    return app


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """Flask asks of each function of each request whether it is a coroutine; here none is."""
    return function


def read_configuration(**overrides: object) -> Config:
    """The environment's; a restore that was killed in its last moment is finished first, and brings its own keys."""
    config = configuration.from_environment(**overrides)
    if folder.finish(Place(config.data, config.sqlite_path)):
        config = configuration.from_environment(**overrides)
    return config


def _connect(app: Flask) -> None:
    """A connection for each request: from PostgreSQL's pool; on SQLite the server's threads keep theirs."""

    @app.before_request
    def open_() -> None:
        keeps = app.config.get("KEEP_CONNECTIONS") and not store.is_postgres()
        g.connected = keeps or db.is_closed()
        if db.is_closed():
            db.connect()
        g.memory = store.remembering()
        g.memory.__enter__()

    @app.teardown_request
    def close(error: BaseException | None) -> None:
        memory = g.pop("memory", None)
        if memory is not None:
            memory.__exit__(None, None, None)
        if g.pop("connected", False) and not db.is_closed():
            if db.in_transaction():
                db.rollback()
            if error is not None or not app.config.get("KEEP_CONNECTIONS") or store.is_postgres():
                db.close()


def _gate_of_opening() -> Response | None:
    """Before the agency switched the portal on, everything leads to the first start; sign-in stays for its admin."""
    always = ("static", "public.", "first_start.", "signing.", "dev.", "metrics.", "admin.first_start")
    endpoint = request.endpoint
    if endpoint is None or endpoint.startswith(always) or opening.is_open():
        return None
    return fragments.go_to("/first-start/")


def _gate_of_terms() -> Response | None:
    """New terms are asked for once, on the first page after signing in; what is sent from an open page is not held up."""
    wanted = request.method in posts.SAFE and isinstance(g.get("viewer"), ClientViewer) and sessions.must_accept_terms()
    if not wanted or request.endpoint == "my_portal.terms" or access.audience_of(current_app, request.endpoint or "") != "client":
        return None
    return fragments.go_to("/my-portal/terms", come_back=True)


def _gate_of_development() -> Response | None:
    """Development answers this machine only: its mailbox is for nobody else, whoever makes it listen to a network.

    A proxy on this machine would put it before the world.  A connection without an address is not from here.
    """
    is_proxied = any(name in request.headers for name in ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"))
    if not is_proxied and configuration.is_loopback_address(request.remote_addr or ""):
        return None
    words = "This portal runs in development and answers its own machine only, and no proxy. Set PORTAL_URL to its address.\n"
    return Response(words, 503, mimetype="text/plain")


def _everywhere() -> dict[str, Any]:
    who = g.get("viewer")
    language = spoken()
    shell = "public" if who is None or not opening.is_open() else "client" if isinstance(who, ClientViewer) else "staff"
    return {
        "agency": store.keep(f"agency card {language}", _agency_card), "look": brand.look(),
        "viewer": who, "signed_in": who is not None, "shell": shell,
        "nav_items": blueprints.navigation(who, request.path) if shell != "public" else (),
        "footer_links": _footer(), "lang": language, "text_dir": texts.direction(language),
        "flashes": sessions.flashes(), "given_back": kept.notice(), "seconds_left": g.get("seconds_left"),
        "quick_exit": settings.get("quick_exit_address") if who is not None and settings.get("quick_exit") else "",
        "csrf_token": posts.form_token, "sandbox": sandbox.is_on(), "moved": sandbox.is_moved(), "languages": formatting.languages(),
        "here": request.full_path.rstrip("?") if request.method == "GET" else request.path,
    }  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Card:
    """What every page says of the agency."""

    name: str
    short_name: str
    emergency_line: str
    phone: str
    address: str


def _agency_card() -> _Card | None:
    house, site = agency.current(), agency.main_site()
    if house is None or site is None:
        return None
    return _Card(house.name, house.short_name, house_texts.emergency_line(spoken()), site.phone, site.address)


def _same(macro: Callable[..., Markup], *values: Hashable) -> Markup:
    """What a macro makes of the same values in the same language: the frame of a page, which is made once."""
    return _kept(macro, spoken(), values)


@lru_cache(maxsize=500)
def _kept(macro: Callable[..., Markup], language: str, values: tuple[Hashable, ...]) -> Markup:
    return macro(*values)


def _footer() -> tuple[tuple[str, str], ...]:
    if agency.current() is None:
        return ()
    return (
        ("/pages/privacy", _("Privacy policy")), ("/pages/terms", _("Terms of use")), (help.address_for(request.blueprint), _("Help")),
        ("/pages/technical", _("Technical problems")), ("/pages/contact", _("Contact")),
    )  # fmt: skip


def keep_open(database: Database) -> None:
    """On SQLite, hold one idle connection for the life of the process (docs/decisions/0002-sqlite.md)."""
    if not store.is_postgres():
        database.connect(reuse_if_open=True)


def main() -> int:
    """Migrate, start the worker, serve; what ``script/run`` calls."""
    gc.freeze()  # and nobody walks through it later
    gc.enable()
    chosen = _arguments()
    os.umask(0o077)  # the database and what lies beside it are for this user alone
    server.spare_memory()
    try:
        config = read_configuration(**commands.overrides(chosen.demo, chosen.port))
        logs.install(production=not config.development)
        with folder.in_use(Place(config.data, config.sqlite_path)):
            return _run(config, demo=chosen.demo, only=chosen.only)
    except (BadConfiguration, RuleBroken) as wrong:
        return _refuse([str(wrong)], 2)


def _run(config: Config, *, demo: bool, only: str | None) -> int:
    app = create_app(config)
    if folder.is_half_restored(Place(config.data, config.sqlite_path)):
        return _refuse([checks.HALF_RESTORED], 1)
    on_duty = _duty(config, only)
    schema.up()
    keep_open(db.obj)
    with store.connection():
        commands.prepare(config, demo=demo)
        portal_address.begin()
        if found := checks.findings(config):
            return _refuse(found, 1)
        announce = commands.announcement(config, demo=demo)
    if only == "worker":
        server.work(app, config, on_duty)
    else:
        server.serve(app, config, None if only else on_duty, announce=announce)
    return 0


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(prog="script/run", description="Serve the portal and its background work.")
    arguments.add_argument("--demo", action="store_true", help="start on a filled demo agency (development only)")
    arguments.add_argument("--port", type=int, help="the port to listen on (default 8000)")
    arguments.add_argument("--only", choices=("web", "worker"), help="do a part of the work, beside other processes (PostgreSQL)")
    return arguments.parse_args()


def _duty(config: Config, only: str | None) -> duty.Duty:
    """The place on duty.  On SQLite one process does everything: a second one is a mistake, but breaks nothing."""
    on_duty = duty.of(config.database_url)
    if config.sqlite_path and only:
        raise BadConfiguration(f"--only {only} needs PostgreSQL: set DATABASE_URL, or leave --only away")
    if config.sqlite_path and not on_duty.take():
        log.warning("Another process does the background work of %s. This one serves, and waits to take it over: "
                    "stop one of the two.", config.sqlite_path)  # fmt: skip
    return on_duty


def _refuse(reasons: list[str], code: int) -> int:
    for reason in reasons:
        print(f"The portal does not start: {reason}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
