"""A shared phone: whoever left has left, and what was typed is not lost on the way."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import ways
from browser.portals import PASSWORD, Town
from browser.ways import DESK, PHONE
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, Route, expect

Phone = Callable[..., Page]
ADMIN = "admin@example.org"
OFFLINE = r"ERR_INTERNET_DISCONNECTED|Failed to fetch"

# Whatever a browser keeps of a site, as one text.
KEPT = """async () => {
  const kept = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) kept.push(name, request.url, await (await cache.match(request)).text());
  }
  for (const { name } of await indexedDB.databases()) {
    const base = await new Promise((done, fail) => { const asked = indexedDB.open(name);
      asked.onsuccess = () => done(asked.result); asked.onerror = fail; });
    for (const store of base.objectStoreNames) {
      kept.push(name, store, JSON.stringify(await new Promise((done, fail) => {
        const asked = base.transaction(store).objectStore(store).getAll();
        asked.onsuccess = () => done(asked.result); asked.onerror = fail; })));
    }
    base.close();
  }
  return kept.join('\\n');
}"""


def private_words(page: Page) -> list[str]:
    """What only this client may see: their address, date of birth, telephone, street."""
    page.goto("/about-me/")
    ways.heading(page, "About Me")
    shown = page.get_by_role("main").locator("dd, .row-title").all_inner_texts()
    assert len(shown) >= 5
    return [text for text in shown if len(text) > 8]


# ---------------------------------------------------------------- Back after signing out


class Window:
    """A tab whose Back brings pages from memory; Playwright itself loses track of such pages, so it speaks CDP."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.line = page.context.new_cdp_session(page)

    def ask(self, question: str) -> Any:
        """The value of an expression in the page that is there now; None while it changes."""
        answer = self.line.send("Runtime.evaluate", {"expression": question, "returnByValue": True})
        return answer["result"].get("value")

    def back(self) -> None:
        """A moment later, for the page that is left could not answer any more."""
        self.ask("void setTimeout(() => history.back())")

    def rests_at(self, path: str) -> None:
        """Wait until a page of ``path`` is there and loaded."""
        ways.until(lambda: self.ask("document.readyState === 'complete' && location.pathname") == path, path)

    def ask_later(self, question: str) -> Any:
        """What a function promises."""
        words = {"expression": f"({question})()", "returnByValue": True, "awaitPromise": True}
        return self.line.send("Runtime.evaluate", words)["result"].get("value")

    @property
    def shows(self) -> str:
        """All that stands in the page, hidden or not."""
        return self.ask("document.documentElement.outerHTML") or ""


@pytest.fixture
def remembering(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """A browser that keeps pages in memory for Back, as everybody's does (Playwright switches that off)."""
    browser = browser_type.launch(**browser_type_launch_args, ignore_default_args=["--disable-back-forward-cache"])
    yield browser
    browser.close()


def test_this_browser_keeps_pages_in_memory(town: Town, remembering: Browser) -> None:
    """Else the next test would prove nothing."""
    window = Window(remembering.new_page(**PHONE, base_url=town.url))
    window.page.goto("/pages/help")
    window.ask("window.here = true")
    window.page.goto("/pages/terms")
    window.back()
    window.rests_at("/pages/help")
    assert window.ask("window.here") is True


@pytest.mark.long
@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
def test_back_shows_nothing_private_after_signing_out(screen: dict[str, Any], town: Town, remembering: Browser) -> None:
    """Ten rounds on each screen."""
    context = remembering.new_context(**screen, base_url=town.url)
    for _ in range(10):
        window = Window(context.new_page())
        ways.sign_in(window.page, "client3@example.org", PASSWORD)
        expect(window.page.get_by_text("Nothing needs you today.")).to_be_visible()
        words = private_words(window.page)
        assert any(word in window.shows for word in words)
        ways.sign_out(window.page)
        for _ in range(3):  # My Portal, About Me, home
            window.back()
            window.rests_at("/sign-in")
            assert not [word for word in words if word in window.shows]
            assert not [word for word in words if word in window.ask_later(KEPT)]
        window.page.close()


def test_back_within_a_session_asks_the_portal_again(town: Town, remembering: Browser) -> None:
    """A private page from memory is loaded anew: it might belong to somebody who has left."""
    window = Window(remembering.new_context(**PHONE, base_url=town.url).new_page())
    ways.sign_in(window.page, "client3@example.org", PASSWORD)
    words = private_words(window.page)
    window.ask("window.here = true")
    window.page.goto("/pages/terms")
    window.page.context.clear_cookies()
    window.back()
    window.rests_at("/sign-in")
    assert window.ask("window.here") is None
    assert not [word for word in words if word in window.shows]


def test_a_page_from_memory_hides_before_it_loads_anew(town: Town, phone: Phone, browser: Browser) -> None:
    """For browsers that keep such pages even after a change of cookies: the event is sent by hand."""
    page = phone(town.url, storage_state=town.cookies_of("client4@example.org", browser))
    page.goto("/about-me/")
    page.context.clear_cookies()
    assert page.evaluate("""() => { dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
                                    return document.documentElement.checkVisibility(); }""") is False  # fmt: skip
    page.wait_for_url(re.compile("/sign-in"))


def test_a_cookie_from_before_signing_out_opens_nothing(town: Town, phone: Phone) -> None:
    page = phone(town.url)
    ways.sign_in(page, "client5@example.org", PASSWORD)
    expect(page.get_by_text("Nothing needs you today.")).to_be_visible()
    stolen = page.context.storage_state()
    thief = phone(town.url, storage_state=stolen)
    thief.goto("/about-me/")
    ways.heading(thief, "About Me")
    ways.sign_out(page)
    for path in ("/", "/about-me/", "/my-portal/", "/my-portal/password"):
        thief.goto(path)
        ways.heading(thief, "Sign in")


# ---------------------------------------------------------------- quick exit

NEUTRAL = "https://www.google.com/"


def neutral_world(context: BrowserContext) -> None:
    """The page at the other end, without the internet: it says what it was told about where its reader comes from."""

    def answer(route: Route) -> None:
        told = route.request.headers.get("referer", "nothing")
        route.fulfill(content_type="text/html", body=f"<!doctype html><title>Search</title><h1>Search</h1><p>from {told}</p>")

    context.route("https://www.google.com/**", answer)


def leave(window: Window, how: str) -> None:
    if how == "Shift":
        for _ in range(3):
            window.page.keyboard.press("Shift")
    else:
        window.page.get_by_role("button", name="Quick exit").click()
    ways.until(lambda: window.ask("document.title") == "Search", "the neutral page")


@pytest.mark.long
@pytest.mark.parametrize("how", ["button", "Shift", "button, but the sign-out does not arrive"])
@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
def test_back_shows_nothing_private_after_a_quick_exit(screen: dict[str, Any], how: str, town: Town, remembering: Browser) -> None:
    context = remembering.new_context(**screen, base_url=town.url)
    neutral_world(context)
    if "not arrive" in how:
        context.route("**/quick-exit", lambda route: route.abort())
    for number in range(3):
        window = Window(context.new_page())
        ways.sign_in(window.page, f"client{number + 9}@example.org", PASSWORD)
        expect(window.page.get_by_text("Nothing needs you today.")).to_be_visible()
        words = private_words(window.page)
        window.page.goto("/my-portal/")
        length = window.ask("history.length")
        leave(window, how)
        assert window.ask("document.querySelector('p').textContent") == "from nothing"
        assert window.ask("history.length") == length, "the neutral page stands beside the private one"
        for _ in range(2):  # About Me, home; My Portal is no longer there
            window.back()
            window.rests_at("/sign-in")
            assert not [word for word in words if word in window.shows]
            assert not [word for word in words if word in window.ask_later(KEPT)]
        assert "left" not in {cookie["name"] for cookie in context.cookies(town.url)}
        window.page.close()


def test_a_quick_exit_takes_every_tab_along(town: Town, phone: Phone) -> None:
    here = phone(town.url, service_workers="allow")
    neutral_world(here.context)
    ways.sign_in(here, "client13@example.org", PASSWORD)
    expect(here.get_by_text("Nothing needs you today.")).to_be_visible()
    other = here.context.new_page()
    words = private_words(other)
    here.get_by_role("button", name="Quick exit").click()
    for page in (here, other):
        page.wait_for_url(NEUTRAL)
    other.goto("/about-me/")
    ways.heading(other, "Sign in")
    kept = other.evaluate(KEPT)
    assert not [word for word in words if word in kept]


def test_a_quick_exit_works_without_javascript_and_while_offline(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, java_script_enabled=False)
    neutral_world(page.context)
    ways.sign_in(page, "client14@example.org", PASSWORD)
    page.goto("/about-me/")
    page.get_by_role("button", name="Quick exit").click()
    page.wait_for_url(NEUTRAL)
    expect(page.get_by_text("from nothing")).to_be_visible()
    page.go_back()
    ways.heading(page, "Sign in")


def test_a_quick_exit_offline_leaves_a_blank_page_and_ends_the_session_at_the_next_request(town: Town, phone: Phone) -> None:
    page = phone(town.url, service_workers="allow", hard_of_hearing=OFFLINE)
    ways.sign_in(page, "client15@example.org", PASSWORD)
    words = private_words(page)
    ways.until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), "the service worker")
    page.context.set_offline(True)
    page.get_by_role("button", name="Quick exit").click()
    page.wait_for_url(re.compile("^chrome-error"))
    assert not [word for word in words if word in page.content()]
    page.context.set_offline(False)
    page.goto("/about-me/")
    ways.heading(page, "Sign in")


@pytest.mark.parametrize("typed", ["Shift Shift", "Shift a Shift Shift", "Shift+A Shift+B Shift+C Shift+D"])
def test_whoever_types_capitals_stays(typed: str, town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of("client4@example.org", browser))
    page.goto("/my-portal/password")
    page.get_by_label("Current password").focus()
    for key in typed.split():
        page.keyboard.press(key)
    ways.heading(page, "Change my password")
    assert page.evaluate("document.cookie") == ""


# ---------------------------------------------------------------- restored tabs


@pytest.mark.long
def test_a_restored_tab_shows_nothing_private(
    town: Town, tmp_path: Path, browser_type: BrowserType, browser_type_launch_args: dict[str, Any]
) -> None:
    """The browser is closed on a private page after somebody left in another tab, and opens with the tabs of last time."""
    options: dict[str, Any] = {**browser_type_launch_args, "base_url": town.url}
    profile = tmp_path / "profile"
    for way_out in ("sign out", "quick exit"):
        with browser_type.launch_persistent_context(profile, **options) as context:
            neutral_world(context)
            page = context.pages[0]
            ways.sign_in(page, "client16@example.org", PASSWORD)
            words = private_words(page)
            other = context.new_page()
            if way_out == "sign out":
                ways.sign_out(other)
            else:
                other.goto("/about-me/")
                other.get_by_role("button", name="Quick exit").click()
                other.wait_for_url(NEUTRAL)
        again = {**options, "args": [*options["args"], "--restore-last-session"]}
        with browser_type.launch_persistent_context(profile, **again) as context:
            neutral_world(context)
            for page in (*context.pages, context.new_page()):
                page.wait_for_load_state()
                assert not [word for word in words if word in page.content()], way_out
            page.goto("/about-me/")
            ways.heading(page, "Sign in")
            assert not [word for word in words if word in page.evaluate(KEPT)], way_out


# ---------------------------------------------------------------- a session that would end


def test_a_session_says_that_it_will_end_and_can_be_kept(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of("client17@example.org", browser))
    page.clock.install()
    page.goto("/my-portal/password")
    page.get_by_label("Current password").fill("half a password")
    page.clock.fast_forward("26:00")
    expect(page.get_by_role("button", name="Stay signed in")).to_have_count(0)
    page.clock.fast_forward("02:00")
    told = page.get_by_role("status").filter(has_text="You will soon be signed out")
    expect(told).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "current", "the notice took the focus"
    with page.expect_response("**/stay-signed-in") as answer:
        page.get_by_role("button", name="Stay signed in").click()
    assert answer.value.status == 204
    expect(page.get_by_text("You will soon be signed out")).to_have_count(0)
    expect(page.get_by_label("Current password", exact=True)).to_have_value("half a password")


def test_a_page_that_nobody_reads_any_more_is_gone_when_its_session_ends(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of("client18@example.org", browser))
    page.clock.install()
    page.goto("/about-me/")
    page.context.clear_cookies()
    page.clock.fast_forward("31:00")
    page.wait_for_url(re.compile("/sign-in"))


def test_what_was_typed_when_the_session_ends_stays_and_is_back_after_signing_in(town: Town, phone: Phone) -> None:
    page = phone(town.url)
    ways.sign_in(page, ADMIN, PASSWORD)
    ways.heading(page, "Today")
    page.goto("/admin/individuals/new")
    page.get_by_label("First name").fill("Wanda")
    page.get_by_label("Last name").fill("Waiting")
    ways.age_newest_session(town.data, hours=1)
    ways.press(page, "Save")
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    page.get_by_label("E-mail address").fill(ADMIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    ways.press(page, "Sign in")
    expect(page.get_by_text("What you typed is still here; please send it again.")).to_be_visible()
    expect(page.get_by_label("Last name")).to_have_value("Waiting")
    ways.press(page, "Save")
    ways.heading(page, "Wanda Waiting")


# ---------------------------------------------------------------- what stays on the phone


def test_the_browser_keeps_nothing_private(town: Town, phone: Phone) -> None:
    page = phone(town.url, service_workers="allow")
    ways.sign_in(page, "client6@example.org", PASSWORD)
    ways.until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), "the service worker")
    words = [*private_words(page), "client6@example.org", "a secret that I typed"]
    for path in ("/", "/about-me/", "/my-portal/", "/my-portal/password", "/pages/help"):
        page.goto(path)
    page.goto("/my-portal/password")
    page.get_by_label("New password").fill("a secret that I typed")
    _keeps_only_the_offline_page(page, words)
    ways.sign_out(page)
    _keeps_only_the_offline_page(page, words)


def _keeps_only_the_offline_page(page: Page, words: list[str]) -> None:
    kept = page.evaluate(KEPT)
    assert "You are offline" in kept, "the offline page should be there"
    assert not [word for word in words if word in kept]


def test_offline_there_is_a_friendly_page_and_never_a_private_one(town: Town, phone: Phone) -> None:
    page = phone(town.url, service_workers="allow", hard_of_hearing=OFFLINE)
    ways.sign_in(page, "client8@example.org", PASSWORD)
    expect(page.get_by_text("Nothing needs you today.")).to_be_visible()
    ways.until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), "the service worker")
    words = private_words(page)
    page.context.set_offline(True)
    for path in ("/about-me/", "/", "/pages/help"):
        page.goto(path)
        ways.heading(page, "You are offline")
        expect(page.get_by_role("link", name="+1 902-555-0100")).to_be_visible()
        assert not [word for word in words if word in page.content()]
    page.goto("/about-me/")
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    ways.heading(page, "About Me")


# ---------------------------------------------------------------- what was typed


def test_what_is_typed_offline_stays_and_is_sent_later(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), hard_of_hearing=OFFLINE)
    page.goto("/admin/individuals/new")
    page.get_by_label("First name").fill("Otis")
    page.get_by_label("Last name").fill("Offline")
    page.context.set_offline(True)
    ways.press(page, "Save")
    expect(page.get_by_role("status").get_by_text("You are offline. What you typed is still here.")).to_be_visible()
    expect(page.get_by_label("First name")).to_have_value("Otis")
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline.")).to_have_count(0)
    ways.press(page, "Save")
    ways.heading(page, "Otis Offline")


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without"])
def test_a_double_tap_makes_one_account(java_script: bool, town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), java_script_enabled=java_script)
    person = town.newcomer()
    ways.find_person(page, person.name)
    ways.press(page, "Create an account")
    page.get_by_role("button", name="Send the activation").dblclick()
    ways.heading(page, person.name)
    _has_one_account(page, person)


def test_a_form_that_arrives_three_times_at_once_makes_one_account(town: Town, phone: Phone, browser: Browser) -> None:
    page, person = phone(town.url, storage_state=town.cookies_of(ADMIN, browser)), town.newcomer()
    ways.find_person(page, person.name)
    here = page.url
    ways.press(page, "Create an account")
    arrived = page.locator("#account-new").evaluate("""async (form) => {
      const send = () => fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
      return (await Promise.all([send(), send(), send()])).map((answer) => [answer.status, answer.url]);
    }""")
    assert arrived == [[200, here]] * 3
    page.goto(here)
    _has_one_account(page, person)


def _has_one_account(page: Page, person: ways.Person) -> None:
    expect(page.locator("#account").get_by_text("pending", exact=True)).to_be_visible()
    ways.press(page, "Earlier accounts and link openings")
    expect(page.locator(".card")).to_have_count(1)
    ways.open_letter(page, person.email, "Your portal is ready")
    page.goto("/dev/mail")
    expect(page.get_by_role("link").filter(has_text=person.email)).to_have_count(1)
