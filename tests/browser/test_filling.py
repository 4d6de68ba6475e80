"""Things to Do on a phone: a form filled in with what follows from its answers, a letter signed by drawing, sent and read."""

import subprocess
import sys
from typing import Any

import pytest
from browser import ways
from browser.looks import look
from browser.portals import ROOT, Town, environment
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.long
AT = "/things-to-do/"
STILL = {"reduced_motion": "reduce"}
# Gives somebody a form to fill in and a letter to sign, beside the running server.
GIVE = """
import json, pathlib, sys
sys.path[:0] = ["tests"]
import domain.driver, models
from document_forms import ask, section
from domain import audit, documents, store
from domain.actor import Actor
from sweep import documents_of
folder = pathlib.Path(sys.argv[1])
models.db.initialize(store.open_database(f"sqlite:///{folder}/doorstep.db"))
audit.use_key(json.loads((folder / "keys.json").read_text())["audit_key"])
with store.connection():
    by = Actor(worker=models.Worker.get(models.Worker.group == "system_admin"))
    person = models.PortalAccount.get(models.PortalAccount.email_key == sys.argv[2]).individual
    visit = documents_of.publish(
        by, "form", "First visit",
        [section("you", ask("name", "short_text", is_required=True), ask("born", "birth_date", prefill="birth_date"))],
        [section("kids", ask("kid", "short_text"), least=0, most=3)],
        [section("home", ask("pets"), ask("which", "short_text", ("pets", "equals", "true"), is_required=True))],
    )
    rules = documents_of.publish(by, "letter", "House rules", [section("s", ask("text", "text"), ask("sign", "signature", is_required=True))])
    for version in (visit, rules):
        print(documents.assign(person, version, by).public_id)
"""


def give(town: Town, email: str) -> list[str]:
    """The addresses of a form and of a letter."""
    words = [sys.executable, "-c", GIVE, str(town.data), email]
    done = subprocess.run(words, cwd=ROOT, env=environment(town.data), check=True, capture_output=True, text=True)
    return [f"{AT}{each}/" for each in done.stdout.split()]


def open_for(town: Town, phone: Any, browser: Browser, email: str, **options: Any) -> Page:
    client: Page = phone(town.url, storage_state=town.cookies_of(email, browser), **STILL, **options)
    return client


def test_a_form_is_filled_in_on_a_phone_and_every_answer_is_there_at_once(town: Town, phone: Any, browser: Browser) -> None:
    form, _letter = give(town, "client33@example.org")
    page = open_for(town, phone, browser, "client33@example.org")
    page.goto(AT)
    look(page, AT)
    page.goto(form)
    look(page, f"{AT}<document_id>/")
    ways.press(page, "Start")
    with page.expect_response("**/answers/name"):
        page.get_by_label("Question name").fill("Ann")
        page.get_by_label("Question name").blur()
    page.reload()
    expect(page.get_by_label("Question name")).to_have_value("Ann")
    look(page, f"{AT}<document_id>/pages/<key>")
    page.get_by_label("Question name").press("Enter")
    expect(page).to_have_url(f"{town.url}{form}pages/p2")
    page.get_by_role("button", name="Add another child").click()
    page.get_by_label("Question kid").fill("Ben")
    page.locator(".buttons").get_by_role("button", name="Next").click()
    page.get_by_role("radio", name="Yes").check()
    page.get_by_label("Question which").fill("A cat")
    page.locator(".buttons").get_by_role("button", name="Next").click()
    for said in ("Ann", "Ben", "A cat"):
        expect(page.get_by_text(said, exact=True)).to_be_visible()
    look(page, f"{AT}<document_id>/review")
    page.goto(f"{form}decline")
    look(page, f"{AT}<document_id>/decline")


def test_a_letter_is_signed_by_drawing_and_read_as_a_pdf(town: Town, phone: Any, browser: Browser) -> None:
    _form, letter = give(town, "client34@example.org")
    page = open_for(town, phone, browser, "client34@example.org")
    page.goto(letter)
    page.get_by_role("radio", name="I draw my signature").check()
    page.get_by_label("Your name").fill("Client Four")
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    page.mouse.wheel(0, 300)
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(box["x"] + 20 + 14 * step, box["y"] + (30 if step % 2 else 90))
    page.mouse.up()
    ways.press(page, "Sign and send")
    expect(page.get_by_text("Sent. Thank you.")).to_be_visible()
    look(page, f"{AT}<document_id>/")
    expect(page.get_by_role("link", name="Download as PDF")).to_be_visible(timeout=90_000)
    page.goto(f"{letter}print")
    look(page, f"{AT}<document_id>/print")
