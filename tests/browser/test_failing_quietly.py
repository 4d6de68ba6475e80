"""What a page asks by itself may fail now and then: nobody is told, nothing on the page goes, and the next time puts it right."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from browser import ways
from browser.portals import Town
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.long
Phone = Callable[..., Page]
ADMIN = "admin@example.org"
CLIENTS = itertools.cycle(f"client{number}@example.org" for number in (34, 35, 36))  # each may begin a few discussions a day
SUBJECT = "Now and then"
NO_ANSWER = r"status of 50\d|ERR_FAILED|Failed to fetch"  # what the browser and htmx write for developers

# An error of the portal's own asks for the toasts; one of a proxy before it asks for nothing.
OURS: dict[str, Any] = {"status": 503, "content_type": "text/html", "body": "<p>We cannot save right now</p>",
                        "headers": {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}}  # fmt: skip
PROXYS: dict[str, Any] = {"status": 502, "content_type": "text/html", "body": "<h1>502 Bad Gateway</h1>"}
GONE: dict[str, Any] = {**OURS, "status": 404}
WAYS_TO_FAIL: dict[str, Callable[[Route], None]] = {
    "an error of ours": lambda route: route.fulfill(**OURS),
    "an error of a proxy": lambda route: route.fulfill(**PROXYS),
    "nothing there": lambda route: route.fulfill(**GONE),
    "no connection": lambda route: route.abort(),
}


@pytest.fixture
def client(town: Town, phone: Phone, browser: Browser) -> Page:
    """A client who began a discussion, on a phone whose clock the test moves."""
    page = phone(town.url, hard_of_hearing=NO_ANSWER, storage_state=town.cookies_of(next(CLIENTS), browser))
    page.clock.install()
    page.goto("/inbox/new")
    page.get_by_label("To").select_option("team")
    page.get_by_label("What is it about?").fill(SUBJECT)
    page.get_by_label("Your message").fill("Are you there?")
    ways.press(page, "Send")
    ways.heading(page, SUBJECT)
    return page


def answer(town: Town, phone: Phone, browser: Browser, words: str) -> None:
    """Somebody of the team writes in the newest of these discussions."""
    worker = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **ways.DESK)
    worker.goto("/admin/discussions/?view=waiting")
    worker.get_by_role("link", name=SUBJECT).first.click()
    worker.get_by_label("Your message").fill(words)
    ways.press(worker, "Send")
    expect(worker.get_by_text(words)).to_be_visible()
    worker.context.close()


def is_undisturbed(page: Page) -> None:
    page.wait_for_timeout(300)  # what would be shown would be there by then
    assert page.locator("#toasts").inner_text().strip() == ""
    expect(page.get_by_text("Are you there?")).to_be_visible()
    ways.heading(page, SUBJECT)


@pytest.mark.parametrize("how", list(WAYS_TO_FAIL))
def test_a_discussion_that_cannot_be_asked_for_stays_as_it_is(how: str, client: Page, town: Town, phone: Phone, browser: Browser) -> None:
    client.route("**/new?*", WAYS_TO_FAIL[how])
    for _ in range(2):  # it goes on asking
        with client.expect_request("**/new?*"):
            client.clock.fast_forward("00:11")
        is_undisturbed(client)
    client.unroute("**/new?*")
    answer(town, phone, browser, f"After {how}.")
    client.clock.fast_forward("00:11")
    expect(client.get_by_text(f"After {how}.")).to_be_visible()


@pytest.mark.parametrize("how", list(WAYS_TO_FAIL))
def test_a_count_that_cannot_be_asked_for_stays_as_it_is(how: str, client: Page) -> None:
    client.route("**/inbox/count*", WAYS_TO_FAIL[how])
    with client.expect_request("**/inbox/count*"):
        client.clock.fast_forward("01:01")
    is_undisturbed(client)
    client.unroute("**/inbox/count*")
    with client.expect_response("**/inbox/count*") as asked:
        client.clock.fast_forward("01:01")
    assert asked.value.status == 204


def test_what_takes_too_long_is_given_up_without_a_word(client: Page, town: Town, phone: Phone, browser: Browser) -> None:
    """Not in the console either, where htmx would call it an error."""
    heard: list[str] = []
    client.on("console", lambda message: heard.append(message.text))
    client.route("**/new?*", lambda route: None)
    with client.expect_request("**/new?*"):
        client.clock.fast_forward("00:11")
    with client.expect_event("requestfailed", lambda request: "/new?" in request.url):
        client.clock.fast_forward("00:16")
    is_undisturbed(client)
    client.unroute("**/new?*")
    answer(town, phone, browser, "Sorry, it was slow here.")
    client.clock.fast_forward("00:11")
    expect(client.get_by_text("Sorry, it was slow here.")).to_be_visible()
    assert heard == []


def test_what_somebody_asked_for_and_did_not_get_is_said(client: Page) -> None:
    client.goto("/inbox/")
    client.route("**/inbox/?q=*", WAYS_TO_FAIL["an error of ours"])
    client.get_by_role("searchbox").press_sequentially("now")
    client.clock.fast_forward("00:01")
    expect(client.locator("#toasts")).to_contain_text("We cannot save right now")
