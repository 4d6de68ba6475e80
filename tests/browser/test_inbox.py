"""A client on a phone and a worker at a desk write to each other; with JavaScript neither has to load a page again."""

from collections.abc import Callable
from typing import Any

import pytest
from browser import ways
from browser.looks import look
from browser.portals import Town
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.long
Phone = Callable[..., Page]
WORKER = "admin@example.org"
INBOX, STAFF, RECORD = "/inbox/", "/admin/discussions/", "/admin/individuals/<public_id>/"
STILL = {"reduced_motion": "reduce"}


def write(page: Page, words: str) -> None:
    page.get_by_label("Your message").fill(words)
    ways.press(page, "Send")


def open_both(town: Town, phone: Phone, browser: Browser, email: str, **options: Any) -> tuple[Page, Page]:
    """A client's phone and a worker's desk."""
    client = phone(town.url, storage_state=town.cookies_of(email, browser), **STILL, **options)
    worker = phone(town.url, storage_state=town.cookies_of(WORKER, browser), **STILL, **ways.DESK, **options)
    return client, worker


def begin(client: Page, worker: Page, subject: str, looks: Callable[[Page, str], None]) -> None:
    """The client asks anybody of the team; the worker takes it and answers."""
    client.goto(INBOX)
    looks(client, INBOX)
    ways.press(client, "New message")
    looks(client, INBOX + "new")
    client.get_by_label("To").select_option("team")
    client.get_by_label("What is it about?").fill(subject)
    write(client, "Can I come a little later?")
    expect(client.get_by_text("Your message is sent.")).to_be_visible()
    looks(client, INBOX + "<discussion_id>/")
    worker.goto(f"{STAFF}?view=waiting")
    looks(worker, STAFF)
    worker.get_by_role("link", name=subject).first.click()
    ways.heading(worker, subject)
    looks(worker, STAFF + "<discussion_id>/")


def test_each_sees_what_the_other_writes_without_loading_the_page_again(town: Town, phone: Phone, browser: Browser) -> None:
    client, worker = open_both(town, phone, browser, "client31@example.org")
    begin(client, worker, "The time on Monday", look)
    client.evaluate("window.here = true")
    write(worker, "Yes, come at ten.")
    expect(client.get_by_text("Yes, come at ten.")).to_be_visible()
    assert client.evaluate("window.here")
    worker.evaluate("window.here = true")
    write(client, "Thank you!")
    expect(worker.get_by_text("Thank you!")).to_be_visible()
    assert worker.evaluate("window.here")
    worker.get_by_label("Note").fill("Late because of the bus.")
    ways.press(worker, "Keep the note")
    expect(worker.get_by_text("Late because of the bus.")).to_be_visible()
    look(worker, STAFF + "<discussion_id>/")
    ways.press(worker, "Close it")
    client.reload()
    expect(client.get_by_text("An answer opens it again.")).to_be_visible()
    assert client.get_by_text("Late because of the bus.").count() == 0
    look(client, INBOX + "<discussion_id>/")
    client.goto(INBOX)
    look(client, INBOX)
    worker.get_by_role("link", name="Look at their record").click()
    ways.press(worker, "All discussions")
    look(worker, RECORD + "discussions/")
    ways.press(worker, "Write a message")
    look(worker, RECORD + "discussions/new")


def test_a_client_begins_where_they_stand_and_reads_what_stands_at_the_box(town: Town, phone: Phone, browser: Browser) -> None:
    client, _worker = open_both(town, phone, browser, "client1@example.org")
    client.goto("/calendar/")
    client.locator("main a.row").first.click()
    ways.press(client, "Write about this appointment")
    look(client, INBOX + "new/appointment/<place_id>")
    expect(client.locator("main .emergency")).to_be_visible()
    client.goto("/my-services/")
    ways.press(client, "Write about this service")
    look(client, INBOX + "new/service/<enrolment_id>")


def test_all_of_it_goes_without_javascript(town: Town, phone: Phone, browser: Browser) -> None:
    client, worker = open_both(town, phone, browser, "client32@example.org", java_script_enabled=False)
    begin(client, worker, "The time on Tuesday", lambda page, route: None)
    ways.press(worker, "Take it")
    write(worker, "Yes, come at noon.")
    client.goto("/")
    expect(client.locator("#inbox-news")).to_contain_text("1 new")
    client.goto(INBOX)
    client.get_by_role("link", name="The time on Tuesday").click()
    expect(client.get_by_text("Yes, come at noon.")).to_be_visible()
    ways.press(client, "I have read this")
    client.goto("/")
    expect(client.locator("#inbox-news")).to_contain_text("Nothing new")
    client.goto(INBOX)
    client.get_by_role("link", name="The time on Tuesday").click()
    write(client, " ")
    expect(client.get_by_text("Write your message.").first).to_be_visible()
    write(client, "Thank you!")
    expect(client.get_by_text("Thank you!")).to_be_visible()
    worker.reload()
    expect(worker.get_by_text("Thank you!")).to_be_visible()


def test_by_keyboard_alone_a_message_is_written(town: Town, phone: Phone, browser: Browser) -> None:
    client, _worker = open_both(town, phone, browser, "client33@example.org")
    client.goto(INBOX + "new")
    client.get_by_label("To").focus()
    client.keyboard.press("End")
    client.keyboard.press("Tab")
    client.keyboard.type("By keyboard")
    client.keyboard.press("Tab")
    client.keyboard.type("Every letter of it.")
    client.keyboard.press("Tab")  # to the files
    client.keyboard.press("Tab")
    client.keyboard.press("Enter")
    expect(client.get_by_text("Your message is sent.")).to_be_visible()
    ways.heading(client, "By keyboard")


def test_a_long_discussion_opens_at_its_end_and_says_what_comes_and_what_was_read(town: Town, phone: Phone, browser: Browser) -> None:
    client, worker = open_both(town, phone, browser, "client33@example.org")
    client.goto(INBOX + "new")
    client.get_by_label("To").select_option("team")
    client.get_by_label("What is it about?").fill("A long way down")
    write(client, "Can I come a little later?")
    worker.goto(f"{STAFF}?view=waiting")
    worker.get_by_role("link", name="A long way down").first.click()
    for number in range(12):
        write(worker, f"Line {number}.\n" * 6)
        expect(worker.get_by_text("Your message is sent.")).to_be_visible()
    client.goto(client.url)
    end = client.locator("[data-newest]")
    expect(end).to_be_in_viewport()
    expect(worker.locator(".bubble-meta").last).to_contain_text("read", timeout=20_000)
    client.evaluate("scrollTo(0, 0)")
    write(worker, "One more thing.")
    expect(client.locator("#toasts")).to_contain_text("There is a new message.", timeout=20_000)
    expect(end).not_to_be_in_viewport()
