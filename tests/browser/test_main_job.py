"""The main job, on a phone, with the real process: from an empty folder to a client who is at home in the portal."""

import csv
import datetime as dt
import re
from collections.abc import Callable

import pytest
from browser import ways
from browser.portals import SYNTHEA, Portal, import_clients, import_staff
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.long
Phone = Callable[..., Page]
WHOLE = {"service_workers": "allow"}  # a phone as it comes


def synthea(first: str) -> ways.Person:
    """One of Synthea's patients, read from the file that is imported."""
    with (SYNTHEA / "patients.csv").open() as sheet:
        row = next(row for row in csv.DictReader(sheet) if row["FIRST"] == first)
    born = dt.date.fromisoformat(row["BIRTHDATE"])
    email = f"{row['FIRST']}.{row['LAST']}@example.org".lower()
    return ways.Person(row["FIRST"], row["LAST"], email, ways.Born(born.day, born.month, born.year))


JACKIE, JETTA, DEWEY, JOVAN = (synthea(first) for first in ("Jackie93", "Jetta614", "Dewey930", "Jovan870"))
A_CHILD, A_DECEASED = synthea("Trish512"), synthea("Gene733")


def an_agency_with_people(portal: Portal, staff: Page) -> None:
    """What an agency has after its first hour: the portal switched on, and its list imported."""
    ways.first_start(staff, portal.code)
    import_clients(portal)


def is_refused(staff: Page, person: ways.Person, reason: str) -> None:
    """The page says why there can be no account, and offers nothing that would make one."""
    ways.find_person(staff, person.name)
    ways.press(staff, "Create an account")
    expect(staff.get_by_text("Not possible yet")).to_be_visible()
    expect(staff.get_by_role("main").get_by_role("listitem").filter(has_text=reason)).to_be_visible()
    expect(staff.get_by_role("button", name="Send the activation")).to_have_count(0)


def knows_the_portal(client: Page, person: ways.Person) -> None:
    """At home: leave, come back, and look at both tiles."""
    ways.sign_out(client)
    ways.sign_in(client, person.email, ways.CLIENTS_PASSWORD)
    ways.heading(client, re.compile(f"{person.first}$"))
    client.get_by_role("main").get_by_role("link", name="About Me").click()
    ways.heading(client, "About Me")
    born = dt.date(*reversed(person.born))
    expect(client.get_by_role("definition").filter(has_text=f"{born.day} {born:%B %Y}")).to_be_visible()
    expect(client.get_by_role("main").get_by_text(person.email)).to_be_visible()
    client.goto("/")  # the bar of a phone holds five; the sixth is a tile
    client.get_by_role("main").get_by_role("link", name="My Portal").click()
    ways.heading(client, "My Portal")
    expect(client.get_by_role("main").get_by_text(person.email)).to_be_visible()


def test_an_empty_folder_becomes_a_portal_in_which_a_client_is_at_home(portal: Portal, phone: Phone) -> None:
    staff, client = phone(portal.url, **WHOLE), phone(portal.url, **WHOLE)
    import_staff(portal)
    an_agency_with_people(portal, staff)
    is_refused(staff, A_CHILD, "Clients need to be at least 16 years old.")
    is_refused(staff, A_DECEASED, "This person has died.")
    ways.invite(staff, JACKIE)
    ways.open_activation(client, JACKIE.email)
    ways.activate(client, JACKIE)
    knows_the_portal(client, JACKIE)
    ways.find_person(staff, JACKIE.name)
    expect(staff.locator("#account").get_by_text("active", exact=True)).to_be_visible()


def test_all_of_it_goes_without_javascript(portal: Portal, phone: Phone) -> None:
    staff, client = (phone(portal.url, java_script_enabled=False) for _ in range(2))
    import_staff(portal)
    an_agency_with_people(portal, staff)
    is_refused(staff, A_CHILD, "Clients need to be at least 16 years old.")
    is_refused(staff, A_DECEASED, "This person has died.")
    ways.invite(staff, JETTA)
    ways.open_activation(client, JETTA.email)
    ways.activate(client, JETTA)
    knows_the_portal(client, JETTA)


def test_three_wrong_dates_close_the_account_and_everybody_is_told(portal: Portal, phone: Phone) -> None:
    staff, client = phone(portal.url, **WHOLE), phone(portal.url, **WHOLE)
    an_agency_with_people(portal, staff)
    ways.invite(staff, DEWEY)
    ways.open_activation(client, DEWEY.email)
    ways.accept(client)
    wrong = DEWEY.born._replace(year=DEWEY.born.year + 1)
    for left in ("You have 2 tries left.", "You have 1 try left."):
        ways.say_birth_date(client, wrong)
        expect(client.locator("#birth_date-error")).to_contain_text(left)
    ways.say_birth_date(client, wrong)
    ways.heading(client, "This link was closed")
    expect(client.get_by_text("A wrong date of birth was entered. Nobody got in.")).to_be_visible()
    ways.open_letter(client, DEWEY.email, "Your activation was stopped")
    staff.goto("/admin/")
    waiting = staff.get_by_role("listitem").filter(has_text=DEWEY.name)
    expect(waiting.get_by_text("Activation stopped: wrong date of birth")).to_be_visible()
    ways.press(staff, "Done")
    expect(staff.get_by_text("Nothing waits")).to_be_visible()


def test_a_link_that_is_too_old_is_renewed_by_one_tap(open_portal: Callable[..., Portal], phone: Phone) -> None:
    portal = open_portal()
    staff = phone(portal.url, **WHOLE)
    an_agency_with_people(portal, staff)
    ways.invite(staff, JOVAN)
    ways.open_letter(staff, JOVAN.email, "Your portal is ready")
    old = staff.get_by_role("link", name="/activate/").get_attribute("href").partition("/activate/")[2]
    portal = open_portal(days_ahead=15)
    staff, client = phone(portal.url, **WHOLE), phone(portal.url, **WHOLE)
    client.goto(f"/activate/{old}")
    ways.heading(client, "This link is too old")
    ways.press(client, "Ask for a new link")
    ways.heading(client, "We have been told")
    ways.sign_in(staff, ways.ADA, ways.ADAS_PASSWORD)
    staff.locator(".secret").wait_for()
    secret = staff.locator(".secret").inner_text().replace(" ", "")
    ways.type_code(staff, secret, "Continue", ahead=15 * 2880)
    ways.press(staff, "I have kept them")
    staff.get_by_role("link", name=re.compile(f"{JOVAN.name}.*Wants a new activation link")).click()
    ways.press(staff, "Send a new activation")
    ways.open_activation(client, JOVAN.email, beyond=1)
    ways.activate(client, JOVAN)
