"""For tests with a real browser: portals of their own, and devices that listen for every complaint.

Nothing is installed for them but a Chromium: the one that ``CHROMIUM`` names, else the system's.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

for _module in ("looks", "portals", "ways"):
    pytest.register_assert_rewrite(f"browser.{_module}")

from browser import portals, ways  # noqa: E402
from browser.portals import Portal, Town  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


# ---------------------------------------------------------------- portals


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """The portal on an empty folder: nobody has been here."""
    running = Portal(tmp_path / "data")
    yield running
    running.stop()


@pytest.fixture
def open_portal(tmp_path: Path) -> Iterator[Callable[..., Portal]]:
    """``open_portal(days_ahead=15)``: a portal that the test stops and starts again on the same folder."""
    running: list[Portal] = []

    def start(**options: Any) -> Portal:
        for earlier in running:
            earlier.stop()
        running[:] = [Portal(tmp_path / "data", **options)]
        return running[0]

    yield start
    for last in running:
        last.stop()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A portal in full use, shared by tests that leave each other's people alone."""
    data = tmp_path_factory.mktemp("town") / "data"
    portals.command(data, "demo", "--clients", "40", "--password", portals.PASSWORD)
    portals.without_appointments(data)
    portals.write(portals.newcomers(), file := data / "newcomers.csv")
    portals.command(data, "import", "individuals", str(file), "--consent-email", "yes")
    ways.decide(data, sign_ins_a_minute=1000, birth_date_tries_a_network=1000, resets_an_hour=1000,
                about_me_names="approval", about_me_legal="approval", about_me_contacts="at_once", about_me_emergency="at_once")
    ways.speak_english(data)
    portals.booked(data, "client1@example.org", 20, 74, -200, -9000)
    running = Town(data)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def village(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Portal]:
    """A portal that was switched on a minute ago: one administrator, no client, no mail."""
    running = Portal(tmp_path_factory.mktemp("village") / "data")
    context = browser.new_context(base_url=running.url, service_workers="block")
    ways.first_start(context.new_page(), running.code)
    running.admin = context.storage_state()
    context.close()
    yield running
    running.stop()


# ---------------------------------------------------------------- devices


def chromium() -> str:
    """The browser's program."""
    names = (os.environ.get("CHROMIUM"), "/usr/bin/chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    assert found, "no Chromium found: install one, or say in CHROMIUM where it is"
    return found


@pytest.fixture(scope="session")
def base_url() -> None:
    """Each test says where its portal is (pytest-playwright's own fixture meets a deprecation of pytest)."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": chromium(), "args": FLAGS}


@pytest.fixture
def phone(new_context: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    """``phone(portal.url)``: a fresh phone with one open tab; whatever it complains about fails the test.

    Options are those of a browser context: ``java_script_enabled``, ``viewport``, ``storage_state`` …
    """
    heard: list[str] = []

    def take(url: str, *, hard_of_hearing: str = "", **options: Any) -> Page:
        context = new_context(**{**ways.PHONE, "base_url": url, **options})
        context.set_default_timeout(15_000)
        ways.listen(context, heard, ignoring=hard_of_hearing)
        return context.new_page()

    expect.set_options(timeout=15_000)
    yield take
    assert not heard, "\n".join(heard)


class Tabs:
    """Phones that stay open from one page to look at to the next: to open a window costs as much as the look."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: dict[tuple[str, str], tuple[Page, list[str]]] = {}

    @contextlib.contextmanager
    def of(self, url: str, who: str, storage_state: Any) -> Iterator[Page]:
        """Somebody's tab with nothing but these cookies; whatever it complains about fails the test.

        One in which something failed is closed and not used again.
        """
        page, heard = self._open.pop((url, who), None) or self._fresh(url)
        try:
            page.context.clear_cookies()
            page.context.add_cookies(storage_state["cookies"] if storage_state else [])
            yield page
            assert not heard, "\n".join(heard)
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
            page.goto("about:blank")
        except BaseException:
            page.context.close()
            raise
        self._open[url, who] = page, heard

    def _fresh(self, url: str) -> tuple[Page, list[str]]:
        heard: list[str] = []
        context = self._browser.new_context(**ways.PHONE, base_url=url, reduced_motion="reduce")
        context.set_default_timeout(15_000)
        ways.listen(context, heard)
        return context.new_page(), heard

    def close(self) -> None:
        for page, _ in self._open.values():
            page.context.close()


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Iterator[Tabs]:
    """``with tabs.of(town.url, "client1@example.org", cookies) as page:`` for a test that opens one page and looks."""
    kept = Tabs(browser)
    yield kept
    kept.close()
