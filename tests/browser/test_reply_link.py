"""Somebody without an account reads what was written to them, and answers, on a phone; and who is to activate first is led there."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import ways
from browser.looks import look
from browser.portals import ROOT, Town, environment
from playwright.sync_api import Browser, Page, expect

Phone = Callable[..., Page]
STILL = {"reduced_motion": "reduce"}
WORKER = "admin@example.org"

# Beside the running portal a worker writes to newcomers: with a link for each, and to one who is to activate first.
WRITE = """
import datetime as dt, json, sys
from app import create_app
from domain import accounts, arrivals, discussions, profile, reply_links, store
from domain.actor import SYSTEM, Actor
from models import Worker
create_app()
with store.connection():
    worker = Worker.get(Worker.email == "admin@example.org")
    by, made = Actor(worker=worker), []
    for name in sys.argv[1:]:
        with store.writing():
            person = profile.create(profile.Details(name, "Linkless", birth_date=dt.date(1988, 3, 27)), SYSTEM)
            profile.add_contact(person, profile.Reach("email", f"{name.lower()}@example.org", is_main=True), SYSTEM, country="CA")
            profile.record_consent(person, "email", True, SYSTEM)
        account = accounts.create(person, by) if name.startswith("Pending") else None
        body = "Hello, your certificate is here. Shall we send it by mail, or do you pick it up?"
        found = discussions.start(person, "Your certificate", body, by, worker=worker)
        if account:
            made.append("/arrival/" + arrivals.token(account, f"/inbox/{found.public_id}/"))
        else:
            made.append("/reply/" + reply_links.token(reply_links.send_new(found, by)))
        made.append(f"/admin/discussions/{found.public_id}/")
    print(json.dumps(made))
"""


def written(data: Path, *names: str) -> list[str]:
    """For each name the path in the e-mail, and the staff's page of the discussion."""
    done = subprocess.run([sys.executable, "-c", WRITE, *names], cwd=ROOT, env=environment(data) | {"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


def give_date(page: Page, day: str, month: str, year: str) -> None:
    for label, part in (("Day", day), ("Month", month), ("Year", year)):
        page.get_by_label(label).fill(part)
    ways.press(page, "Continue")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without JavaScript"])
def test_on_a_phone_somebody_without_an_account_reads_and_answers(town: Town, phone: Phone, browser: Browser, scripts: bool) -> None:
    path, staff = written(town.data, "Nela" if scripts else "Nino")
    options = {} if scripts else {"java_script_enabled": False}
    looks = look if scripts else lambda page, route: None
    page = phone(town.url, **STILL, **options)
    page.goto(path)
    ways.heading(page, "Confirm who you are")
    looks(page, "/reply/")
    give_date(page, "1", "1", "1990")
    expect(page.get_by_text("You have 2 tries left.").first).to_be_visible()
    looks(page, "/reply/date-of-birth")
    give_date(page, "27", "3", "1988")
    ways.heading(page, "Your certificate")
    looks(page, "/reply/")
    if scripts:
        page.wait_for_load_state("networkidle")
    else:
        ways.press(page, "I have read this")
        expect(page.get_by_text("I have read this")).to_have_count(0)
    page.get_by_label("Your message").fill("By mail, please.")
    ways.press(page, "Send")
    ways.heading(page, "Your answer is sent")
    looks(page, "/reply/")
    worker = phone(town.url, storage_state=town.cookies_of(WORKER, browser), **STILL, **ways.DESK)
    worker.goto(staff)
    expect(worker.get_by_text("By mail, please.")).to_be_visible()
    expect(worker.get_by_text("answered", exact=True)).to_be_visible()
    looks(worker, "/admin/discussions/<discussion_id>/")
    ways.press(worker, "Send a new link")
    page.goto(path)
    ways.press(page, "Ask for a new link")
    ways.heading(page, "We have been told")
    looks(page, "/reply/new-link")


def test_three_wrong_dates_end_the_link(town: Town, phone: Phone) -> None:
    path, _staff = written(town.data, "Wrona")
    page = phone(town.url, **STILL)
    page.goto(path)
    for _ in range(3):
        give_date(page, "1", "1", "1990")
    ways.heading(page, "This link was closed")
    look(page, "/reply/date-of-birth")
    page.goto(path)
    ways.heading(page, "This link was closed")


def test_before_activation_the_mail_leads_to_activation(town: Town, phone: Phone) -> None:
    path, _staff = written(town.data, "Pendinga")
    page = phone(town.url, **STILL)
    page.goto(path)
    ways.heading(page, "Activate your account first")
    look(page, "/arrival/")
    ways.press(page, "Send it to me again")
    expect(page.get_by_text("We have sent you the e-mail").first).to_be_visible()
    look(page, "/arrival/")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without JavaScript"])
def test_a_quick_exit_ends_what_the_date_of_birth_opened(town: Town, phone: Phone, scripts: bool) -> None:
    path, _staff = written(town.data, "Quickly" if scripts else "Calmly")
    page = phone(town.url, **STILL, java_script_enabled=scripts)
    page.context.route("https://www.google.com/**", lambda route: route.fulfill(content_type="text/html", body="<h1>Search</h1>"))
    page.goto(path)
    give_date(page, "27", "3", "1988")
    ways.heading(page, "Your certificate")
    kept = [cookie for cookie in page.context.cookies(f"{town.url}/reply/") if cookie["name"].endswith("reply")]
    page.get_by_role("button", name="Quick exit").click()
    page.wait_for_url("https://www.google.com/")
    page.wait_for_timeout(500)  # a beacon is not waited for
    assert not [each for each in page.context.cookies(f"{town.url}/reply/") if each["name"].endswith(("reply", "left"))]
    page.context.add_cookies(kept)  # a copy of it
    page.goto("/reply/")
    ways.heading(page, "Confirm who you are")
