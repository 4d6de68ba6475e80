"""A client on a phone: when am I expected, I come, I am late, I do not come; by the e-mail's link, too, and without JavaScript."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from browser import ways
from browser.portals import PASSWORD, ROOT, Town, environment
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.long
Phone = Callable[..., Page]

# What a worker does, beside the running portal: books for a client in so many hours, and says the path of the link to confirm.
BOOK = """
import json, sys
from app import create_app
from domain import clock, event_letters, events, store
from domain.actor import Actor
from models import Attendance, PortalAccount, Site, Worker
create_app()
with store.connection():
    person = PortalAccount.get(PortalAccount.email == sys.argv[1]).individual
    worker = Worker.select().where(Worker.group == "worker").order_by(Worker.id).first()
    made = []
    for hours in map(float, sys.argv[2:]):
        event = events.book(events.Plan(worker, clock.ahead(hours=hours), 50, Site.get(), [person]), Actor(worker=worker))
        place = Attendance.get(Attendance.event == event)
        made.append(f"/appointment/{event_letters.link_of(place)}")
    print(json.dumps(made))
"""


def booked(town: Town, email: str, *hours: float) -> list[str]:
    """The paths of the links that confirm."""
    done = subprocess.run([sys.executable, "-c", BOOK, email, *map(str, hours)], cwd=ROOT, env=environment(town.data) | {"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(("email", "base", "has_javascript"), [("client11@example.org", 1000, True), ("client12@example.org", 2000, False)])
def test_a_client_sees_confirms_is_late_and_cancels(town: Town, phone: Phone, email: str, base: float, has_javascript: bool) -> None:
    near = base / 1000 * 2
    by_mail, *_ = booked(town, email, base, base + 10, near)
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

    stranger = phone(town.url, java_script_enabled=has_javascript)
    stranger.goto(by_mail)
    ways.heading(stranger, "Do you come?")
    ways.press(stranger, "I will come")
    ways.heading(stranger, "Thank you")
    client.goto("/calendar/")
    expect(rows.nth(1).get_by_text("confirmed")).to_be_visible()


def test_a_client_puts_appointments_into_their_own_calendar(town: Town, phone: Phone) -> None:
    booked(town, "client13@example.org", 3000)
    client = phone(town.url)
    ways.sign_in(client, "client13@example.org", PASSWORD)
    client.goto("/calendar/feed")
    ways.press(client, "Make my address")
    address = client.get_by_label("Only for you").input_value()
    answer = client.request.get(address)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Appointment" in answer.text()
    ways.press(client, "Stop it")
    assert client.request.get(address).status == 404
