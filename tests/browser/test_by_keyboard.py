"""Everything goes by keyboard alone, and whoever looks sees where they are."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from browser import ways
from browser.portals import PASSWORD, Town
from browser.ways import DESK
from playwright.sync_api import Browser, Locator, Page, expect

Phone = Callable[..., Page]
ADMIN = "admin@example.org"
SMALL_DESK = DESK | {"viewport": {"width": 390, "height": 700}}

# Where the focus is: does a ring stand around it, and is it neither off the screen nor under something else?
SEEN = """() => {
  const place = document.activeElement;
  if (!place || place === document.body) return 'nowhere';
  const around = place.closest('.choice') ?? place;
  const style = getComputedStyle(around), box = around.getBoundingClientRect();
  const tell = (what) => `${what}: ${place.outerHTML.slice(0, 150)}`;
  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) return tell('no ring');
  const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1), y = box.top + box.height / 2;
  if (y < 0 || y >= innerHeight) return tell('off the screen');
  const top = document.elementFromPoint(x, y);
  return around.contains(top) || top?.contains(around) ? '' : tell('hidden');
}"""


def tab_to(page: Page, place: Locator, *, most: int = 70) -> None:
    """Press Tab until ``place`` has the focus; on the way each stop must be seen."""
    for _ in range(most):
        if place.evaluate("place => place === document.activeElement"):
            return
        page.keyboard.press("Tab")
        assert page.evaluate(SEEN) == "", page.url
    pytest.fail(f"Tab does not lead to {place} on {page.url}")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=name, exact=True)


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("link", name=name, exact=True)


def type_into(page: Page, place: Locator, text: str) -> None:
    tab_to(page, place)
    page.keyboard.type(text)


def go(page: Page, place: Locator, key: str = "Enter") -> None:
    """Reach a button or link by Tab and use it."""
    tab_to(page, place)
    page.keyboard.press(key)


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/sign-in")
    type_into(page, page.get_by_label("E-mail address"), email)
    type_into(page, page.get_by_label("Password", exact=True), password)
    go(page, button(page, "Sign in"), "Space")


@pytest.mark.parametrize("desk", [DESK, SMALL_DESK], ids=["wide", "small"])
def test_a_client_signs_in_looks_around_and_leaves(desk: dict, town: Town, phone: Phone) -> None:
    page = phone(town.url, **desk)
    sign_in(page, "client2@example.org", PASSWORD)
    expect(page.get_by_text("Nothing needs you today.")).to_be_visible()
    go(page, page.get_by_role("main").get_by_role("link", name="My Portal"))
    ways.heading(page, "My Portal")
    go(page, page.get_by_role("navigation", name="Main menu").get_by_role("link", name="About Me"))
    ways.heading(page, "About Me")
    for place in page.get_by_role("contentinfo").get_by_role("link").all():
        tab_to(page, place)
    page.goto("/my-portal/")
    go(page, button(page, "Sign out"))
    ways.heading(page, "Sign in")


@pytest.mark.long
def test_somebody_activates_an_account(town: Town, phone: Phone, browser: Browser) -> None:
    staff = phone(town.url, storage_state=town.cookies_of(ADMIN, browser))
    page, person = phone(town.url, **SMALL_DESK), town.newcomer()
    ways.invite(staff, person)
    ways.open_letter(page, person.email, "Your portal is ready")
    go(page, page.get_by_role("main").get_by_role("link", name="/activate/"))
    go(page, page.locator("summary", has_text="Privacy policy"))
    expect(page.locator("details").first).to_have_attribute("open", "")
    tab_to(page, page.get_by_label("I accept the privacy policy and the terms of use"))
    page.keyboard.press("Space")
    go(page, button(page, "Continue"))
    for label, number in (("Day", "27"), ("Month", "3"), ("Year", "1988")):
        type_into(page, page.get_by_label(label, exact=True), number)
    page.keyboard.press("Enter")
    type_into(page, page.get_by_label("Password", exact=True), "tea with honey at four")
    go(page, button(page, "Show password"), "Space")
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
    go(page, button(page, "Activate my account"))
    go(page, link(page, "Go to my portal"))
    expect(page.get_by_text("Nothing needs you today.")).to_be_visible()


@pytest.mark.long
def test_a_worker_makes_a_record_invites_and_withdraws(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **DESK)
    page.goto("/admin/individuals/")
    go(page, link(page, "New client"))
    type_into(page, page.get_by_label("First name"), "Kezia")
    type_into(page, page.get_by_label("Last name"), "Keys-Only")
    for label, number in (("Day", "5"), ("Month", "6"), ("Year", "1990")):
        type_into(page, page.get_by_label(label, exact=True).first, number)
    go(page, button(page, "Save"))
    expect(page.get_by_text("The record is made.")).to_be_visible()
    go(page, link(page, "Add a contact"))
    type_into(page, page.get_by_label("Address or number"), "kezia@example.org")
    tab_to(page, page.get_by_label("The main one of its type"))
    page.keyboard.press("Space")
    go(page, button(page, "Save"))
    go(page, button(page, "They allow it: E-mail"))
    go(page, link(page, "Create an account"))
    go(page, button(page, "Send the activation"))
    expect(page.locator("#account").get_by_text("pending", exact=True)).to_be_visible()
    go(page, link(page, "Cancel activation"))
    go(page, button(page, "Cancel activation"))
    expect(page.locator("#account").get_by_text("closed", exact=True)).to_be_visible()


def test_the_menu_of_staff_opens_and_closes_on_a_small_screen(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **SMALL_DESK)
    page.goto("/admin/")
    menu = page.get_by_role("navigation", name="Main menu")
    expect(menu).to_be_hidden()
    go(page, page.get_by_role("button", name="Menu"))
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    page.keyboard.press("Enter")
    go(page, menu.get_by_role("link", name="Deliveries"))
    ways.heading(page, "Deliveries")


def test_the_first_stop_leads_past_the_menu(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **DESK)
    page.goto("/admin/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the page")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_what_is_wrong_gets_the_focus_and_leads_to_its_field(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **SMALL_DESK)
    page.goto("/admin/individuals/new")
    for label, number in (("Day", "31"), ("Month", "2"), ("Year", "1990")):
        type_into(page, page.get_by_label(label, exact=True).first, number)
    page.keyboard.press("Enter")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("heading")).to_have_text(re.compile("^There (is one thing|are 2 things) to check$"))
    go(page, summary.get_by_role("link", name="This date does not exist."))
    expect(page.get_by_label("Day", exact=True).first).to_be_focused()
    assert page.evaluate(SEEN) == ""
    expect(page.get_by_label("Day", exact=True).first).to_have_value("31")


@pytest.mark.long
def test_a_worker_books_and_moves_an_appointment(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **DESK)
    page.goto("/admin/schedule/")
    go(page, link(page, "Book an appointment"))
    type_into(page, page.get_by_label("Name, e-mail, phone or number"), "client2@example.org")
    page.keyboard.press("Enter")
    go(page, page.locator("main .rows a").first)
    ways.heading(page, "Book an appointment")
    day = dt.date.today() + dt.timedelta(days=40)
    for label, number in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
        place = page.get_by_label(label, exact=True)
        tab_to(page, place)
        page.keyboard.press("Control+a")
        page.keyboard.type(str(number))
    type_into(page, page.get_by_label("Time", exact=True), "10:30")
    type_into(page, page.get_by_label("Length in minutes"), "45")
    go(page, button(page, "Book"))
    expect(page.get_by_text("10:30 to 11:15").first).to_be_visible()
    go(page, link(page, "Move"))
    tab_to(page, page.get_by_label("Time", exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type("2 pm")
    page.keyboard.press("Enter")
    expect(page.get_by_text("14:00 to 14:45").first).to_be_visible()
    go(page, link(page, "Cancel the appointment"))
    go(page, button(page, "Cancel the appointment"))
    expect(page.get_by_text("cancelled by the agency").first).to_be_visible()
