"""A client on a phone requests an appointment, changes its time, and is answered; without JavaScript and by keyboard, too."""

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from browser import ways
from browser.looks import look
from browser.portals import ANSWER, LAY_OUT, PASSWORD, Town, beside
from browser.test_by_keyboard import SMALL_DESK, button, go, link, tab_to
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.long
Phone = Callable[..., Page]
START = "/calendar/request/"
WORKERS = START + "<enrolment_id>/"
TIMES = WORKERS + "<worker_id>/"
PLACE = "/calendar/<place_id>"
STILL = {"reduced_motion": "reduce"}  # colours stand still while they are measured


class Client:
    """Somebody on a phone, who counts their taps."""

    def __init__(self, page: Page, email: str, *, has_javascript: bool = True) -> None:
        self.page, self.taps, self._looks = page, 0, has_javascript  # what looks at a page is a script itself
        ways.sign_in(page, email, PASSWORD)

    def press(self, name: str) -> None:
        ways.press(self.page, name)
        self.taps += 1

    def choose(self) -> None:
        """Tap the first of the free times."""
        self.page.locator(".times a").first.click()
        self.taps += 1

    def reads(self, words: str) -> None:
        expect(self.page.get_by_role("main").get_by_text(words).first).to_be_visible()

    def look(self, route: str) -> None:
        if self._looks:
            self.page.wait_for_load_state("load")
            look(self.page, route)


@pytest.fixture
def decided(town: Town) -> Iterator[Callable[..., None]]:
    """The agency decides otherwise for a while."""
    yield lambda **choices: ways.decide(town.data, **choices)
    ways.decide(town.data, request_mode="at_once", requests_a_day=3)


@pytest.mark.parametrize(("email", "has_javascript"), [("client26@example.org", True), ("client27@example.org", False)])
def test_requested_moved_and_cancelled(town: Town, phone: Phone, email: str, has_javascript: bool) -> None:
    beside(town.data, LAY_OUT, email)
    page = phone(town.url, java_script_enabled=has_javascript, **STILL)
    client = Client(page, email, has_javascript=has_javascript)
    page.goto("/calendar/")
    client.press("Request an appointment")
    ways.heading(page, "Choose a time")
    client.look(TIMES)
    client.choose()
    ways.heading(page, "Book this time?")
    client.look(TIMES + "<moment>")
    client.press("Book this time")
    client.reads("Your appointment is booked.")
    assert client.taps == 3
    first = page.get_by_role("heading", level=1).inner_text() + page.locator(".page-header .help").inner_text()
    client.look(PLACE)
    client.press("Change time")
    ways.heading(page, "Choose another time")
    client.look(PLACE + "/time")
    page.goto(f"{page.url}?date={dt.date.today() + dt.timedelta(days=9)}")
    client.choose()
    client.look(PLACE + "/time/<moment>")
    client.press("Change to this time")
    client.reads("Your appointment is moved.")
    assert page.get_by_role("heading", level=1).inner_text() + page.locator(".page-header .help").inner_text() != first
    client.press("Cancel")
    client.press("Yes, cancel it")
    client.reads("You can request another one here.")
    expect(page.locator("#again a.row")).to_have_count(3)
    client.look(PLACE)
    page.locator("#again a.row").first.click()
    ways.heading(page, "Book this time?")
    client.press("Other times")
    ways.heading(page, "Choose a time")
    page.goto(page.url + "&date=2099-01-01")
    client.look(TIMES)  # the last week


@pytest.mark.parametrize(("email", "has_javascript"), [("client28@example.org", True), ("client29@example.org", False)])
def test_with_approval_it_is_withdrawn_offered_and_declined(
    town: Town, phone: Phone, decided: Callable[..., None], email: str, has_javascript: bool
) -> None:
    beside(town.data, LAY_OUT, email)
    decided(request_mode="approve", requests_a_day=9)
    page = phone(town.url, java_script_enabled=has_javascript, **STILL)
    client = Client(page, email, has_javascript=has_javascript)

    def request() -> None:
        page.goto("/my-services/")
        client.press("Request an appointment with Wilhelmine Morningside")
        client.choose()
        ways.heading(page, "Request this time?")
        client.press("Request this time")
        client.reads("Waiting for an answer")

    request()
    assert client.taps == 3
    client.look(PLACE)
    page.goto("/calendar/")
    client.look("/calendar/")
    page.locator("#asked a.row").click()
    client.press("Withdraw")
    client.reads("You withdrew this request")
    client.look(PLACE)

    request()
    beside(town.data, ANSWER, email, "offer")
    page.goto("/")
    client.reads("Another time is offered. Please answer.")
    client.look("/")
    page.get_by_role("main").get_by_text("Another time is offered").click()
    client.reads("Wilhelmine Morningside offers another time")
    client.look(PLACE)
    client.press("Take this time")
    client.reads("Your appointment is booked.")

    request()
    beside(town.data, ANSWER, email, "decline")
    page.reload()
    client.reads("I am at court that morning.")
    client.look(PLACE)


def test_who_is_in_several_services_chooses_one_and_a_worker(town: Town, phone: Phone) -> None:
    beside(town.data, LAY_OUT, "client30@example.org", "several")
    page = phone(town.url, **STILL)
    client = Client(page, "client30@example.org")
    page.goto("/calendar/")
    client.press("Request an appointment")
    client.look(START)
    page.get_by_role("main").locator("a.row").first.click()
    client.look(WORKERS)
    page.get_by_role("main").locator("a.row").nth(1).click()
    client.reads("Ben Morningside")
    ways.heading(page, "Choose a time")
    ways.press(page, "Choose somebody else")
    expect(page.get_by_text("With whom?")).to_be_visible()


def test_by_keyboard(town: Town, phone: Phone) -> None:
    beside(town.data, LAY_OUT, "client31@example.org")
    page = phone(town.url, **SMALL_DESK)
    ways.sign_in(page, "client31@example.org", PASSWORD)
    ways.heading(page, re.compile("^Good "))
    page.goto("/calendar/")
    go(page, link(page, "Request an appointment"))
    ways.heading(page, "Choose a time")
    go(page, page.locator(".times a").first)
    ways.heading(page, "Book this time?")
    tab_to(page, page.get_by_label("In person"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label(re.compile("^By video"))).to_be_checked()
    go(page, button(page, "Book this time"))
    expect(page.get_by_text("Your appointment is booked.")).to_be_visible()
    go(page, link(page, "Change time"))
    go(page, page.locator(".times a").first)
    go(page, button(page, "Change to this time"))
    expect(page.get_by_text("Your appointment is moved.")).to_be_visible()
