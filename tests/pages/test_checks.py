"""The portal refuses to run unsafe: each bad setting is named in one sentence, a good one passes in silence."""

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import config as configuration
from config import BadConfiguration, Config
from domain import store
from models import Agency, db
from web import checks, commands

PRODUCTION = {
    "PORTAL_URL": "https://portal.harbour.test", "SMTP_HOST": "mail.harbour.test", "MAIL_FROM": "portal@harbour.test",
}  # fmt: skip


class Portal:
    """A data folder with a migrated database, and the question whether the portal may run on it."""

    def __init__(self, data: Path, templates: Any) -> None:
        self.data, self.templates = data, templates
        self.data.mkdir(mode=0o700, parents=True)
        self.place(data / "doorstep.db")

    def place(self, path: Path) -> None:
        self.templates.copy("empty", path)

    def config(self, environ: dict[str, str]) -> Config:
        config = configuration.from_environment({"DOORSTEP_DATA": str(self.data), **environ})
        store.open_database(config.database_url)
        return config

    def refusals(self, environ: dict[str, str]) -> list[str]:
        try:
            return checks.findings(self.config(environ))
        except BadConfiguration as refused:
            return [str(refused)]


@pytest.fixture
def portal(tmp_path: Path, templates: Any) -> Iterator[Portal]:
    mask = os.umask(0o077)
    yield Portal(tmp_path / "data", templates)
    os.umask(mask)
    if not db.is_closed():
        db.close()


# ---------------------------------------------------------------- what may run


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"SMTP_SECURITY": "tls"},
        {"SMTP_HOST": "127.0.0.1", "SMTP_SECURITY": "none"},
        {"LISTEN": "0.0.0.0", "TRUSTED_PROXY": "10.0.0.2"},
        {"SECRET_KEY": "s3cret" * 9, "AUDIT_KEY": "audited" * 9},
        {"FLASK_DEBUG": "0"},
        {"METRICS_TOKEN": "only the monitor knows what 7 otters wrote down here"},
        {"METRICS_TOKEN": ""},
        {"VIRUS_SCANNER": "clamd.harbour.test:3310"},
    ],
    ids=str,
)
def test_a_good_production_setting_passes(portal: Portal, changes: dict[str, str]) -> None:
    assert portal.refusals(PRODUCTION | changes) == []


@pytest.mark.parametrize(
    "changes", [{}, {"PORTAL_URL": "http://localhost:8000"}, {"FLASK_DEBUG": "1"}, {"SECRET_KEY": "short"}], ids=str
)
def test_a_good_development_setting_passes(portal: Portal, changes: dict[str, str]) -> None:
    assert portal.refusals(changes) == []


def test_a_demo_may_be_measured_on_loopback_when_that_is_asked_for(portal: Portal) -> None:
    make_demo(portal)
    assert portal.refusals(PRODUCTION | {"DOORSTEP_BENCH": "1"}) == []


def test_a_demo_may_run_in_development(portal: Portal) -> None:
    make_demo(portal)
    assert portal.refusals({}) == []


def test_an_old_sqlite_may_run_without_wal(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "sqlite_library", lambda: "3.40.1")
    config = portal.config({})
    db.connect()
    db.execute_sql("PRAGMA journal_mode=delete")
    assert checks.findings(config) == []


def test_looking_changes_nothing(portal: Portal) -> None:
    config = portal.config(PRODUCTION)
    (portal.data / "doorstep.db").unlink()
    assert checks.findings(config) == [checks.NOT_MIGRATED]
    assert sorted(path.name for path in portal.data.iterdir()) == ["keys.json"]


# ---------------------------------------------------------------- what may not: the environment


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"PORTAL_URL": "http://portal.harbour.test"}, "PORTAL_URL"),
        ({"PORTAL_URL": "http://localhost", "LISTEN": "0.0.0.0", "TRUSTED_PROXY": "10.0.0.2"}, "PORTAL_URL"),
        ({"PORTAL_URL": "portal.harbour.test"}, "PORTAL_URL"),
        ({"PORTAL_URL": "https://harbour.test/portal"}, "PORTAL_URL"),
        ({"PORTAL_URL": "https://.harbour.test"}, "PORTAL_URL"),
        ({"PORTAL_URL": "https://*.harbour.test"}, "PORTAL_URL"),
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY"),
        ({"SECRET_KEY": "0123456789" * 4 + "012345678"}, "SECRET_KEY"),
        ({"SECRET_KEY": "abcd" * 16}, "SECRET_KEY"),
        ({"AUDIT_KEY": "changeme"}, "AUDIT_KEY"),
        ({"AUDIT_KEY": "a" * 64}, "AUDIT_KEY"),
        ({"SECRET_KEY": "0123456789" * 5, "AUDIT_KEY": "0123456789" * 5}, "the same"),
        ({"METRICS_TOKEN": "metrics"}, "METRICS_TOKEN"),
        ({"METRICS_TOKEN": "a" * 64}, "METRICS_TOKEN"),
        ({"LISTEN": "0.0.0.0"}, "LISTEN"),
        ({"LISTEN": "::"}, "LISTEN"),
        ({"TRUSTED_PROXY": "*"}, "TRUSTED_PROXY"),
        ({"TRUSTED_PROXY": "proxy"}, "TRUSTED_PROXY"),
        ({"PORT": "99999"}, "PORT"),
        ({"SMTP_HOST": ""}, "SMTP_HOST"),
        ({"SMTP_PORT": "smtp"}, "SMTP_PORT"),
        ({"SMTP_SECURITY": "ssl"}, "SMTP_SECURITY"),
        ({"SMTP_SECURITY": "none"}, "SMTP_SECURITY"),
        ({"MAIL_FROM": ""}, "MAIL_FROM"),
        ({"MAIL_FROM": "portal@example.org"}, "MAIL_FROM"),
        ({"MAIL_FROM": "portal@mail.Example.org"}, "MAIL_FROM"),
        ({"MAIL_FROM": "portal@harbour.invalid"}, "MAIL_FROM"),
        ({"MAIL_FROM": "portal@localhost"}, "MAIL_FROM"),
        ({"MAIL_FROM": "Harbour <portal@harbour.test>"}, "MAIL_FROM"),
        ({"VIRUS_SCANNER": "clamd.harbour.test"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "clamd.harbour.test:0"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "clamd.harbour.test:65536"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "clamd.harbour.test:33\u0661\u0660"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "clamd..test:3310"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "tcp://clamd.harbour.test:3310"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "::1:3310"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "/run/clamav/clamd.ctl"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "unix:run/clamd.ctl"}, "VIRUS_SCANNER"),
        ({"VIRUS_SCANNER": "unix:/" + "x" * 107}, "VIRUS_SCANNER"),
    ],
    ids=str,
)
def test_a_bad_setting_is_refused(portal: Portal, changes: dict[str, str], named: str) -> None:
    found = portal.refusals(PRODUCTION | changes)
    assert len(found) == 1
    assert named in found[0]


@pytest.mark.parametrize(("said", "understood"), [
    ("", None), ("127.0.0.1:3310", ("127.0.0.1", 3310)), ("[::1]:3310", ("::1", 3310)), ("clamd.harbour.test:1", ("clamd.harbour.test", 1)),
    ("unix:/run/clamav/clamd.ctl", "/run/clamav/clamd.ctl"),
])  # fmt: skip
def test_where_the_virus_scanner_is(portal: Portal, said: str, understood: tuple[str, int] | str | None) -> None:
    assert portal.config({"VIRUS_SCANNER": said}).virus_scanner == understood


# ---------------------------------------------------------------- what may not: files, database, libraries


def make_demo(portal: Portal) -> None:
    portal.config({})
    with store.connection(), store.writing():
        Agency.create(id=1, name="Harbour", short_name="Harbour", emergency_line="112", country="CA", language="en",
                      is_demo=True, switched_on_at=dt.datetime.now(dt.UTC))  # fmt: skip


def no_data_folder(portal: Portal) -> None:
    shutil.rmtree(portal.data)


def data_for_everybody(portal: Portal) -> None:
    portal.data.chmod(0o755)


def data_for_the_group(portal: Portal) -> None:
    portal.data.chmod(0o750)


def keys_for_everybody(portal: Portal) -> None:
    (portal.data / "keys.json").chmod(0o644)


def no_tables(portal: Portal) -> None:
    (portal.data / "doorstep.db").write_bytes(b"")


def not_a_database(portal: Portal) -> None:
    (portal.data / "doorstep.db").write_bytes(b"This was a database once. " * 400)


def foreign_keys_off(portal: Portal) -> None:
    db.connect()
    db.execute_sql("PRAGMA foreign_keys=0")


def synchronous_normal(portal: Portal) -> None:
    db.connect()
    db.execute_sql("PRAGMA synchronous=normal")


@pytest.mark.parametrize("environ", [{}, PRODUCTION], ids=["development", "production"])
@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (no_data_folder, "data folder"),
        (data_for_everybody, "data folder"),
        (data_for_the_group, "data folder"),
        (keys_for_everybody, "keys.json"),
        (no_tables, "flask migrate"),
        (not_a_database, "cannot be read"),
        (foreign_keys_off, "foreign_keys"),
        (synchronous_normal, "synchronous"),
    ],
)
def test_nothing_runs_on_spoilt_ground(
    portal: Portal, environ: dict[str, str], spoil: Callable[[Portal], None], named: str
) -> None:
    config = portal.config(environ)
    spoil(portal)
    assert named in checks.findings(config)[0]


def database_for_everybody(portal: Portal) -> dict[str, str]:
    (portal.data / "doorstep.db").chmod(0o644)
    return {}


def database_for_the_group(portal: Portal) -> dict[str, str]:
    (portal.data / "doorstep.db").chmod(0o640)
    return {}


def database_in_an_open_folder(portal: Portal) -> dict[str, str]:
    place = portal.data.parent / "open"
    place.mkdir()
    place.chmod(0o755)
    portal.place(place / "portal.db")
    return {"DATABASE_URL": f"sqlite:///{place / 'portal.db'}"}


def demo_folder(portal: Portal) -> dict[str, str]:
    data = portal.data.with_name("data-demo")
    portal.data.rename(data)
    return {"DOORSTEP_DATA": str(data)}


def demo_password(portal: Portal) -> dict[str, str]:
    (portal.data / "demo-password").write_text("correct horse battery staple")
    return {}


def demo_agency(portal: Portal) -> dict[str, str]:
    make_demo(portal)
    return {}


def demo_that_strangers_reach(portal: Portal) -> dict[str, str]:
    make_demo(portal)
    return {"DOORSTEP_BENCH": "1", "LISTEN": "0.0.0.0", "TRUSTED_PROXY": "10.0.0.2"}


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (database_for_everybody, "chmod 600"),
        (database_for_the_group, "chmod 600"),
        (database_in_an_open_folder, "chmod 700"),
        (demo_folder, "DOORSTEP_DATA"),
        (demo_password, "DOORSTEP_DATA"),
        (demo_agency, "made-up agency"),
        (demo_that_strangers_reach, "made-up agency"),
    ],
)
def test_production_does_not_run_on_what_is_fine_at_home(
    portal: Portal, spoil: Callable[[Portal], dict[str, str]], named: str
) -> None:
    found = portal.refusals(PRODUCTION | spoil(portal))
    assert len(found) == 1
    assert named in found[0]


def test_a_demo_that_is_refused_leaves_nothing_in_the_folder(portal: Portal) -> None:
    config = portal.config(PRODUCTION)
    before = sorted(path.name for path in portal.data.iterdir())
    with store.connection(), pytest.raises(BadConfiguration, match="PORTAL_URL"):
        commands.prepare(config, demo=True)
    assert sorted(path.name for path in portal.data.iterdir()) == before
    assert portal.refusals(PRODUCTION) == []


@pytest.mark.parametrize("environ", [{}, PRODUCTION], ids=["development", "production"])
def test_a_sqlite_that_damages_databases_is_refused(
    portal: Portal, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "sqlite_library", lambda: "3.51.2")
    found = portal.refusals(environ)
    assert len(found) == 1
    assert "SQLite 3.51.2" in found[0]


@pytest.mark.parametrize("environ", [{}, PRODUCTION], ids=["development", "production"])
def test_a_flask_that_believes_every_host_is_refused(
    portal: Portal, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "version", lambda name: "3.0.3")
    found = portal.refusals(environ)
    assert len(found) == 1
    assert "Flask 3.0.3" in found[0]
