"""On PostgreSQL nothing that an address or a server says takes away what was promised: what is saved stays saved."""

import contextlib
import dataclasses
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres import Cluster

import config as configuration
from config import Config
from domain import schema, store
from models import db
from web import checks

pytestmark = pytest.mark.only_postgres

PRODUCTION = {
    "PORTAL_URL": "https://portal.harbour.test", "SMTP_HOST": "mail.harbour.test", "MAIL_FROM": "portal@harbour.test",
}  # fmt: skip
LATE = 20  # seconds, until a server has read its configuration anew


@dataclasses.dataclass
class Portal:
    """A data folder, a migrated database, and the question whether a portal may run on both."""

    data: Path
    url: str

    def config(self, environ: dict[str, str], more: str = "") -> Config:
        return configuration.from_environment({"DOORSTEP_DATA": str(self.data), "DATABASE_URL": self.url + more, **environ})

    @contextlib.contextmanager
    def open(self, environ: dict[str, str], more: str = "") -> Iterator[Config]:
        config = self.config(environ, more)
        opened = store.open_database(config.database_url)
        try:
            with store.connection():
                yield config
        finally:
            opened.close_idle()

    def refusals(self, environ: dict[str, str], more: str = "") -> list[str]:
        with self.open(environ, more) as config:
            return checks.findings(config)


@pytest.fixture(scope="module")
def careful(database_kind: str) -> Iterator[Cluster]:
    """A server that survives a power failure, as an agency has one; the run's own one would not."""
    cluster = Cluster.start(careful=True)
    yield cluster
    cluster.stop()


@pytest.fixture
def portal(careful: Cluster, tmp_path: Path) -> Iterator[Portal]:
    (tmp_path / "data").mkdir(mode=0o700)
    portal = Portal(tmp_path / "data", careful.create(uuid.uuid4().hex))
    with portal.open({}):
        schema.up()
    yield portal
    careful.drop(portal.url.rpartition("/")[2].partition("?")[0])


@pytest.fixture
def changed(careful: Cluster) -> Iterator[Callable[..., None]]:
    """``changed(fsync="off")``: the server's administrator has decided so, for as long as the test runs."""
    names = []

    def change(name: str, value: str) -> None:
        names.append(name)
        careful.change(name, value, LATE)

    yield change
    for name in names:
        careful.change(name, None, LATE)


def test_a_server_as_it_is_installed_passes(portal: Portal) -> None:
    assert portal.refusals({}) == []
    assert portal.refusals(PRODUCTION) == []


@pytest.mark.parametrize("wish", ["-c synchronous_commit=off", "--synchronous_commit=local"])
def test_what_an_address_asks_for_does_not_count_more_than_what_the_portal_promises(portal: Portal, wish: str) -> None:
    with portal.open(PRODUCTION, f"&options={wish.replace(' ', '%20').replace('=', '%3D')}%20-c%20work_mem%3D5MB") as config:
        asked = "SELECT current_setting('synchronous_commit'), current_setting('statement_timeout'), current_setting('work_mem')"
        assert db.execute_sql(asked).fetchone() == ("on", "1min", "5MB")
        assert checks.findings(config) == []


def test_nor_does_what_the_database_says_to_everybody(portal: Portal) -> None:
    with portal.open({}):
        db.execute_sql(f'ALTER DATABASE "{db.obj.database}" SET synchronous_commit = off')
    assert portal.refusals(PRODUCTION) == []


@pytest.mark.parametrize("environ", [{}, PRODUCTION], ids=["development", "production"])
@pytest.mark.parametrize("weak", ["off", "local", "remote_write"])
def test_a_session_that_answers_before_it_is_on_the_disk_is_refused(portal: Portal, environ: dict[str, str], weak: str) -> None:
    """As behind a pooler that drops what is asked for at the start of a session."""
    with portal.open(environ) as config:
        db.execute_sql(f"SET synchronous_commit = {weak}")
        found = checks.findings(config)
    assert len(found) == 1
    assert "synchronous_commit" in found[0]


def test_one_that_waits_for_more_than_the_disk_passes(portal: Portal) -> None:
    with portal.open(PRODUCTION) as config:
        db.execute_sql("SET synchronous_commit = remote_apply")
        assert checks.findings(config) == []


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_may_not_survive_a_power_failure_is_refused(portal: Portal, changed: Any, name: str) -> None:
    changed(name, "off")
    found = portal.refusals(PRODUCTION)
    assert len(found) == 1
    assert name in found[0]
    assert portal.refusals({}) == [], "a developer may have a fast one"


def test_every_bad_setting_is_named_by_itself(templates: Any, tmp_path: Path) -> None:
    """The run's own server has both switched off, to be fast."""
    (tmp_path / "data").mkdir(mode=0o700)
    with templates.fresh("empty") as fresh:
        found = Portal(tmp_path / "data", fresh.url).refusals(PRODUCTION)
    assert [next(name for name in ("fsync", "full_page_writes") if name in each) for each in found] == ["fsync", "full_page_writes"]
