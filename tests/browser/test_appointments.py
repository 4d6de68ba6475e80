"""A client on a phone: when am I expected, I come, I am late, I do not come; by the e-mail's link, too, and without JavaScript."""

from collections.abc import Callable

import pytest
from browser import ways
from browser.looks import look
from browser.portals import PASSWORD, Town, booked
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.long
Phone = Callable[..., Page]


@pytest.mark.parametrize(("email", "base", "has_javascript"), [("client22@example.org", 1000, True), ("client23@example.org", 2000, False)])
def test_a_client_sees_confirms_is_late_and_cancels(town: Town, phone: Phone, email: str, base: float, has_javascript: bool) -> None:
    near = base / 1000 * 2
    by_mail, *_ = booked(town.data, email, base, base + 10, near)
    client = phone(town.url, java_script_enabled=has_javascript)
    ways.sign_in(client, email, PASSWORD)
    client.goto("/calendar/")
    ways.heading(client, "Calendar")
    rows = client.get_by_role("main").locator("a.row")
    expect(rows).to_have_count(3)
    rows.first.click()
    ways.press(client, "I am running late")
    expect(client.get_by_role("main").get_by_text("You said that you are running late")).to_be_visible()
    client.goto("/calendar/")
    rows.nth(2).click()
    ways.press(client, "I will come")
    expect(client.get_by_role("main").get_by_text("confirmed", exact=True)).to_be_visible()
    ways.press(client, "Cancel")
    ways.heading(client, "Cancel this appointment?")
    ways.press(client, "Yes, cancel it")
    expect(client.get_by_role("main").get_by_text("cancelled", exact=True)).to_be_visible()
    client.goto("/calendar/")
    expect(rows).to_have_count(2)

    stranger = phone(town.url, java_script_enabled=has_javascript, reduced_motion="reduce")  # colours stand still while measured
    stranger.goto(by_mail)
    ways.heading(stranger, "Do you come?")
    if has_javascript:  # what looks at the page is a script itself
        look(stranger, "/appointment/")
    ways.press(stranger, "I will come")
    ways.heading(stranger, "Thank you")
    client.goto("/calendar/")
    expect(rows.nth(1).get_by_text("confirmed")).to_be_visible()


def test_a_client_puts_appointments_into_their_own_calendar(town: Town, phone: Phone) -> None:
    booked(town.data, "client24@example.org", 3000)
    client = phone(town.url)
    ways.sign_in(client, "client24@example.org", PASSWORD)
    client.goto("/calendar/feed")
    ways.press(client, "Make my address")
    address = client.get_by_label("Only for you").input_value()
    answer = client.request.get(address)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Appointment" in answer.text()
    ways.press(client, "Stop it")
    assert client.request.get(address).status == 404


def test_who_is_elsewhere_reads_the_time_of_their_device_too(town: Town, phone: Phone) -> None:
    booked(town.data, "client25@example.org", 4000)
    for zone, is_elsewhere in (("Asia/Tokyo", True), ("America/Halifax", False)):
        client = phone(town.url, timezone_id=zone)
        ways.sign_in(client, "client25@example.org", PASSWORD)
        client.goto("/calendar/")
        client.get_by_role("main").locator("a.row").first.click()
        ways.heading(client, client.get_by_role("heading", level=1).inner_text())
        line = client.get_by_text("On the clock of this device")
        expect(line).to_be_visible() if is_elsewhere else expect(line).to_be_hidden()
        if is_elsewhere:
            expect(line).to_contain_text("GMT+9")
