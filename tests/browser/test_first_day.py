"""The first day of an agency: a browser, an empty folder, a mail server, and what the checklist says, to the first client.

The portal runs as a deployer runs it: in production, behind a door that speaks TLS, with a real SMTP server.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import ways
from browser.fronts import HEADERS, TlsFront
from browser.portals import Portal, free_port
from playwright.sync_api import Page, expect
from smtp_server import SmtpServer

pytestmark = pytest.mark.long
WIM = "wim@example.org"
NORA = ways.Person("Nora", "North", "nora@example.org", ways.Born(3, 2, 1990))


class Post:
    """The mail server, as whoever reads a mailbox sees it."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    def newest(self, to: str, subject: str) -> str:
        """The text of the newest e-mail with a subject to somebody, once it has come."""

        def found() -> list[Any]:
            every = [each.message for each in self._server.accepted]
            return [each for each in every if to in each["To"] and re.search(subject, each["Subject"])]

        return str(ways.until(found, f"“{subject}” to {to}")[-1].get_body(("plain",)).get_content())


@pytest.fixture
def post() -> Iterator[Post]:
    with SmtpServer() as server:
        reader = Post(server)
        reader.port = server.port
        yield reader


@pytest.fixture
def deployed(tmp_path: Path, post: Post) -> Iterator[Portal]:
    """The portal in production on an empty folder."""
    port = free_port()
    with TlsFront(port) as front:
        url = f"https://localhost:{front.port}"
        running = Portal(
            tmp_path / "data", port=port, url=url, PORTAL_URL=url, LISTEN="127.0.0.1", TRUSTED_PROXY="127.0.0.1",
            SMTP_HOST="127.0.0.1", SMTP_PORT=str(post.port), SMTP_SECURITY="none", MAIL_FROM="portal@front.internal",
        )  # fmt: skip
        yield running
        running.stop()


# ---------------------------------------------------------------- what each line of the checklist leads to


def invite_a_colleague(staff: Page) -> None:
    ways.press(staff, "Invite a worker")
    for label, text in (("First name", "Wim"), ("Last name", "West"), ("E-mail address", WIM)):
        staff.get_by_label(label, exact=True).fill(text)
    ways.press(staff, "Send the invitation")
    ways.heading(staff, "Wim West")


def bring_in_the_first_client(staff: Page) -> None:
    """Somebody's page says what is missing for an account, one thing after the other."""
    ways.press(staff, "New client")
    for label, text in (("First name", NORA.first), ("Last name", NORA.last)):
        staff.get_by_label(label, exact=True).fill(text)
    born = staff.get_by_role("group", name="Date of birth")
    for label, number in zip(("Day", "Month", "Year"), NORA.born, strict=True):
        born.get_by_label(label, exact=True).fill(str(number))
    ways.press(staff, "Save")
    ways.heading(staff, NORA.name)
    ways.press(staff, "Add a contact")
    staff.get_by_label("Type", exact=True).select_option("email")
    staff.get_by_label("Address or number").fill(NORA.email)
    ways.press(staff, "Save")
    ways.heading(staff, NORA.name)
    staff.get_by_role("button", name="They allow it: E-mail").click()
    ways.press(staff, "Create an account")
    ways.press(staff, "Send the activation")


def save_as_it_is(staff: Page) -> None:
    ways.press(staff, "Save")


def keep_the_look(staff: Page) -> None:
    ways.press(staff, "Keep it as it is")


def name_a_time(staff: Page) -> None:
    ways.press(staff, "Add a kind of time")
    staff.get_by_label("Name", exact=True).fill("Appointments")
    staff.get_by_label("Green", exact=True).check()
    ways.press(staff, "Save")
    staff.get_by_label("Appointments", exact=True).check()
    ways.press(staff, "Save")


STEPS: dict[str, Callable[[Page], None]] = {
    "E-mail": save_as_it_is, "What clients can use": save_as_it_is, "Brand": keep_the_look, "Workers": invite_a_colleague,
    "Kinds of time": name_a_time, "Clients": bring_in_the_first_client,
}


def next_step(staff: Page) -> str:
    """Follow the first line of the checklist that is still to do; the heading of its page, or nothing when all is done."""
    staff.goto("/admin/settings/")
    ways.heading(staff, "Setup")
    waiting = staff.get_by_role("main").get_by_role("link").filter(has_text="To do")
    if not waiting.count():
        return ""
    told = waiting.first.inner_text()
    if "The first client is in" in told:
        return told.splitlines()[0]
    waiting.first.click()
    staff.wait_for_url(re.compile("/admin/(?!settings/$)"))
    return str(staff.get_by_role("heading", level=1).inner_text())


def switch_it_on(staff: Page, code: str, post: Post) -> None:
    """The pages before the checklist: who looks after it, the agency, its pages, and an e-mail that arrives."""
    staff.goto("/")
    ways.become_admin(staff, code)
    ways.describe_agency(staff)
    ways.press(staff, "Publish and continue")
    ways.heading(staff, "Does e-mail arrive?")
    ways.press(staff, "Send the test")
    staff.get_by_label("Code from the e-mail").fill(re.search(r"\b\d{3}\s?\d{3}\b", post.newest(ways.ADA, "."))[0])
    ways.press(staff, "Continue")
    ways.heading(staff, "Everything is ready")
    ways.press(staff, "Switch the portal on")


def test_from_an_empty_folder_to_the_first_client_by_the_checklist_alone(deployed: Portal, phone: Callable[..., Page], post: Post) -> None:
    secure = {"ignore_https_errors": True, "extra_http_headers": HEADERS}
    staff, client = phone(deployed.url, **secure), phone(deployed.url, **secure)
    switch_it_on(staff, deployed.code, post)
    done: list[str] = []
    while (step := next_step(staff)) != "The first client is in":
        assert step not in done, f"{step} is still to do"
        STEPS[step](staff)
        done.append(step)
    assert set(done) == set(STEPS)
    link = re.search(r"https://\S+/activate/\S+", post.newest(NORA.email, "Your portal is ready"))[0]
    assert link.startswith(deployed.url)
    client.goto(link)
    ways.activate(client, NORA)
    assert next_step(staff) == ""
    expect(staff.get_by_text("Until your first client is in")).to_have_count(0)
    joins_with_an_app(phone(deployed.url, **secure), post)


def joins_with_an_app(page: Page, post: Post) -> None:
    """The colleague who was invited chooses a password, sets up the app, and is at work."""
    page.goto(re.search(r"https://\S+/invitation/\S+", post.newest(WIM, "You are invited"))[0])
    page.get_by_label("Password", exact=True).fill(ways.ADAS_PASSWORD)
    ways.press(page, "Save and sign in")
    ways.press(page, "Continue")
    ways.set_up_app(page)
    ways.press(page, "I have kept them")
    ways.heading(page, "Today")
