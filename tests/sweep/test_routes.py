"""Every address declares who may use it; what was published stays; ids are the public ones."""

import ast
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from pages.conftest import KEY, PORTAL
from sweep.conftest import HERE

import blueprints
from app import create_app
from config import Config
from domain.viewer import RIGHTS
from web import access
from web.access import AUDIENCES, Undeclared

ROOT = HERE.parent.parent
IDS = (  # arguments that are a row's public id
    "public_id", "calendar_id", "day_id", "discussion_id", "account_id", "contact_id", "change_id", "row_id", "device_id", "photo_id", "enrolment_id", "entry_id",
    "event_id", "file_id", "place_id", "worker_id", "absence_id",
)  # fmt: skip
WORDS = (  # arguments that are none
    "address", "part", "kind", "slug", "language", "section", "topic", "verb", "step", "name", "filename", "token", "what", "moment", "key",
)  # fmt: skip


def listed(name):
    """The lines of a frozen list, without its comments."""
    return [line for line in (HERE / name).read_text().splitlines() if line and not line.startswith("#")]


def described(app):
    """Each route as the frozen list writes it."""
    return {
        f"{method} {row['route']} {row['audience']} {row['right']}".strip()
        for row in access.table(app) for method in row["methods"]
    }  # fmt: skip


# ---------------------------------------------------------------- what is declared


def test_every_route_says_who_may_use_it(app):
    for row in access.table(app):
        assert row["audience"] in AUDIENCES, row
        assert bool(row["right"]) <= (row["audience"] == "staff"), row


def test_every_route_of_the_staff_names_a_right_that_exists(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("admin."):
            assert getattr(app.view_functions[rule.endpoint], "right", None) in {"", *RIGHTS}, rule


def test_no_published_address_went_away_and_none_is_new_without_a_line(app):
    """An address stands in old mails and bookmarks.  Whoever adds one adds its line; whoever needs to drop one redirects it."""
    published, there = set(listed("addresses.txt")), described(app)
    assert published - there == set(), "these are gone, or their audience or right is another one now"
    assert there - published == set(), "add these to tests/sweep/addresses.txt"


def test_what_anybody_may_open_without_signing_in_is_a_short_frozen_list(app):
    open_to_all = {line for line in described(app) if line.split()[2] in ("public", "link", "webhook")}
    assert open_to_all == set(listed("public_routes.txt"))


def test_in_production_there_is_no_mailbox_and_nothing_else_is_different(app, production):
    assert {line for line in described(app) if " /dev/" not in line} == described(production)
    assert not {line for line in described(production) if " /dev/" in line}


def test_a_route_names_rows_by_their_public_ids_alone(app):
    for rule in app.url_map.iter_rules():
        assert rule.arguments <= {*IDS, *WORDS}, rule
        for name, converter in rule._converters.items():
            kind = type(converter).__name__
            assert kind == "UnicodeConverter" or (rule.endpoint, name, kind) == ("static", "filename", "PathConverter"), rule


def test_an_integer_key_is_nowhere_on_a_page(app, browse, world):
    ada, waiting, seen = browse("ada"), ["/admin/", "/admin/individuals/", "/admin/deliveries/"], set()
    while waiting and len(seen) < 40:
        path = waiting.pop()
        seen.add(path)
        for href in ada.open(path).hrefs:
            clean = href.partition("#")[0].partition("?")[0]
            if clean.startswith("/admin/"):
                assert not any(part.isdigit() for part in clean.split("/")), clean
                if clean not in seen and "/files/" not in clean:  # which are no pages
                    waiting.append(clean)


def test_each_view_answers_one_method(app):
    """Nobody dispatches on the method, so that the right of a reader is never that of a writer."""
    for rule in app.url_map.iter_rules():
        assert len(rule.methods - {"HEAD", "OPTIONS"}) == 1, rule
        assert rule.methods <= {"GET", "HEAD", "POST", "OPTIONS"}, rule


def test_no_view_decides_access_by_hand():
    """Only the gate and the viewer do: no view asks who is signed in by their group."""
    for path in (ROOT / "blueprints").rglob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & {"group", "is_authenticated", "current_user", "security_class"}, path


def test_each_blueprint_is_one_of_the_site_map():
    folders = {path.parent.name for path in (ROOT / "blueprints").glob("*/__init__.py")}
    assert folders == {bp.name for bp, _ in blueprints.tiles(development=True)}


# ---------------------------------------------------------------- what stops the start


def start(monkeypatch, tiles, tmp_path):
    monkeypatch.setattr(blueprints, "tiles", lambda *, development: tiles)
    return create_app(Config(
        data=tmp_path, portal_url=PORTAL, database_url=f"sqlite:///{tmp_path / 'none.db'}", host="127.0.0.1", port=8000,
        development=True, secret_key=KEY, audit_key=KEY, smtp=None, behind_proxy=None,
    ))  # fmt: skip


@pytest.fixture(autouse=True)
def _database_stays(db):
    """An application that does not start has bound its tables elsewhere all the same."""
    import models

    bound = models.db.obj
    yield
    models.db.initialize(bound)


def plain(name, prefix):
    bp = Blueprint(name, __name__, url_prefix=prefix)
    bp.get("/")(lambda: "hello")
    return bp


def test_the_site_map_as_it_is_starts(monkeypatch, tmp_path):
    assert isinstance(start(monkeypatch, blueprints.tiles(development=True), tmp_path), Flask)


@pytest.mark.parametrize("audience", ["", "everybody", "Public", None, "admin", "clients"])
def test_an_audience_that_does_not_exist_stops_the_start(monkeypatch, tmp_path, audience):
    with pytest.raises(Undeclared, match="unknown audience"):
        start(monkeypatch, ((plain("extra", "/extra"), audience),), tmp_path)


def test_a_staff_route_without_a_right_stops_the_start(monkeypatch, tmp_path):
    with pytest.raises(Undeclared, match="names no right"):
        start(monkeypatch, ((plain("extra", "/extra"), "staff"),), tmp_path)


def test_a_blueprint_that_is_not_on_the_site_map_does_not_exist(monkeypatch, tmp_path):
    short = tuple((bp, audience) for bp, audience in blueprints.tiles(development=True) if bp.name != "about_me")
    app = start(monkeypatch, short, tmp_path)
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/about-me")]


def test_a_route_that_was_put_in_beside_the_site_map_stops_the_start(monkeypatch, tmp_path):
    whole = Flask.__init__

    def with_a_back_door(self, *arguments, **more):
        whole(self, *arguments, **more)
        self.add_url_rule("/back-door", "back_door", lambda: "hello")

    monkeypatch.setattr(Flask, "__init__", with_a_back_door)
    with pytest.raises(Undeclared, match="belongs to no declared blueprint"):
        start(monkeypatch, blueprints.tiles(development=True), tmp_path)


def test_a_right_that_does_not_exist_stops_the_import():
    with pytest.raises(Undeclared, match="no right 'fly'"):
        access.right("fly")


def test_a_route_that_was_added_after_the_start_is_shut(app, browse, cast):
    """The gate knows no audience for it, so that nobody comes in."""
    app._got_first_request = False
    app.add_url_rule("/late", "late", lambda: "hello")
    assert {name: browse(name).ask("/late").status for name in ("", "alice", "ada")} == {"": 303, "alice": 404, "ada": 404}


def test_the_lists_are_sorted_and_say_each_thing_once():
    for name in ("addresses.txt", "public_routes.txt"):
        lines = listed(name)
        assert lines == sorted(set(lines)), name
        assert Path(HERE / name).read_text().endswith("\n")
