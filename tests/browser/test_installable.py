"""The portal can be put on a home screen, and looks like an app there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.portals import Town
from playwright.sync_api import BrowserType, Page, expect


@pytest.fixture
def own_browser(
    town: Town, tmp_path: Path, browser_type: BrowserType, browser_type_launch_args: dict[str, Any]
) -> Iterator[Page]:
    """A tab of a browser with a profile of its own: a private window cannot install anything."""
    options = {**browser_type_launch_args, "base_url": town.url}
    with browser_type.launch_persistent_context(tmp_path / "profile", **options) as context:
        page = context.new_page()
        page.goto("/sign-in")
        yield page


def test_the_browser_has_nothing_against_installing(own_browser: Page) -> None:
    line = own_browser.context.new_cdp_session(own_browser)
    manifest = line.send("Page.getAppManifest")
    assert manifest["url"].endswith("/manifest.webmanifest")
    assert manifest["errors"] == []
    assert line.send("Page.getInstallabilityErrors")["installabilityErrors"] == []


def test_without_its_icons_it_could_not_be_installed(own_browser: Page) -> None:
    """Else the test before this one would prove nothing."""
    own_browser.context.route("**/icons/icon-*.png*", lambda route: route.abort())
    own_browser.reload()
    line = own_browser.context.new_cdp_session(own_browser)
    assert line.send("Page.getInstallabilityErrors")["installabilityErrors"] != []


def test_the_manifest_says_what_the_app_is(town: Town, page: Page) -> None:
    page.goto(f"{town.url}/sign-in")
    address = page.locator("link[rel=manifest]").get_attribute("href")
    answer = page.request.get(town.url + address)
    assert answer.headers["content-type"] == "application/manifest+json"
    told = answer.json()
    assert (told["id"], told["scope"], told["start_url"], told["display"]) == ("/", "/", "/", "standalone")
    assert told["name"] == "Harbour Family Services"
    assert len(told["short_name"]) <= 12
    assert told["theme_color"] == told["background_color"]
    for shortcut in told["shortcuts"]:
        assert page.request.get(town.url + shortcut["url"], max_redirects=0).status == 303  # there, once signed in


def test_the_icons_are_as_large_as_they_say(town: Town, page: Page) -> None:
    icons = page.request.get(f"{town.url}/manifest.webmanifest").json()["icons"]
    assert {icon["sizes"] for icon in icons if icon["purpose"] == "any"} >= {"192x192", "512x512"}
    assert [icon["sizes"] for icon in icons if icon["purpose"] == "maskable"] == ["512x512"]
    page.goto(f"{town.url}/offline")
    for icon in icons:
        size = page.evaluate("""async (source) => { const image = new Image(); image.src = source; await image.decode();
                                 return `${image.naturalWidth}x${image.naturalHeight}`; }""", icon["src"])  # fmt: skip
        assert size == icon["sizes"]


def test_an_iphone_finds_its_own_icon(town: Town, page: Page) -> None:
    page.goto(f"{town.url}/sign-in")
    address = page.locator("link[rel=apple-touch-icon]").get_attribute("href")
    answer = page.request.get(town.url + address)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    expect(page.locator("meta[name=theme-color]")).to_have_count(2)
