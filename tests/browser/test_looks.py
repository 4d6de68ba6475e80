"""Every page and state: readable, reachable, whole on a small phone, and quiet in the console."""

import datetime as dt
import gzip
import itertools
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from browser import ways
from browser.conftest import Tabs
from browser.looks import look, sideways
from browser.portals import PASSWORD, ROOT, Portal, Town, requested
from browser.test_main_job import JACKIE, an_agency_with_people
from playwright.sync_api import Browser, Page, Response, expect

Phone = Callable[..., Page]
ADMIN, WORKER, CLIENT = "admin@example.org", "worker1@example.org", "client1@example.org"
ANOTHER = "client3@example.org"
CALENDAR_OWNER = "client14@example.org"
CALM = {"reduced_motion": "reduce"}  # colours do not change while they are measured


class State(NamedTuple):
    """A page as somebody finds it: its route, where to go, who goes there, and what they do then."""

    name: str
    route: str
    path: str
    who: str = ""
    then: Callable[[Page], None] = lambda page: None


def press(*names: str) -> Callable[[Page], None]:
    """Press one after the other."""

    def then(page: Page) -> None:
        for name in names:
            ways.press(page, name)

    return then


def record(name: str, *names: str) -> Callable[[Page], None]:
    """Open somebody's record, then press one after the other."""

    def then(page: Page) -> None:
        ways.find_person(page, name)
        press(*names)(page)

    return then


def typed(words: dict[str, str], button: str) -> Callable[[Page], None]:
    """Fill fields by their labels and send the form."""

    def then(page: Page) -> None:
        for label, text in words.items():
            page.get_by_label(label, exact=True).fill(text)
        ways.press(page, button)

    return then


def first_row(page: Page) -> None:
    page.locator(".rows .row").first.click()


def appointments(page: Page) -> None:
    first_row(page)
    ways.press(page, "All appointments")


_days_ahead = itertools.count(30)  # each booking a day of its own: so does each state find a free time


def booking(time: str, *names: str) -> Callable[[Page], None]:
    """Book for the first one found, then press one after the other."""

    def then(page: Page) -> None:
        first_row(page)
        day = dt.date.today() + dt.timedelta(days=next(_days_ahead))
        words = {"Day": day.day, "Month": day.month, "Year": day.year, "Time": time}
        typed({label: str(value) for label, value in words.items()}, "Book")(page)
        press(*names)(page)

    return then


def own_contact(page: Page) -> None:
    page.locator("main a.row").first.click()


def file(name: str, rows: str) -> Callable[[Page], None]:
    """Choose a file of clients and upload it."""

    def then(page: Page) -> None:
        page.get_by_label("Clients", exact=True).check()
        page.get_by_label("CSV file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": rows.encode()})
        ways.press(page, "Upload")
        ways.heading(page, "Name the columns")

    return then


def checked(rows: str, *names: str) -> Callable[[Page], None]:
    """Upload a file, wait until it is checked, then press one after the other."""

    def then(page: Page) -> None:
        file("Registrations of the whole year with a rather long name.csv", rows)(page)
        ways.press(page, "Continue")
        page.get_by_label("No, or we do not know").check()
        ways.press(page, "Check the file")
        expect(page.get_by_text("Rows", exact=True)).to_be_visible(timeout=60_000)
        press(*names)(page)

    return then


def looked_up(*more: str) -> Callable[[Page], None]:
    """See who would get an account, wait until it is found out, then press one after the other."""

    def then(page: Page) -> None:
        ways.press(page, "See who would get one")
        expect(page.get_by_text("would get an activation")).to_be_visible(timeout=60_000)
        press(*more)(page)

    return then


def about(place: int) -> Callable[[Page], None]:
    """The people behind one of the numbers of a preview."""
    return lambda page: (looked_up()(page), page.locator("#who .row").nth(place).click())


def planned(verb: str, ends: str, *more: str) -> Callable[[Page], None]:
    """Choose a verb for all that were found, and wait until the page says something."""

    def then(page: Page) -> None:
        page.get_by_label("All that were found").check()
        page.get_by_label("What shall be done?").select_option(label=verb)
        press("See what would happen", *more)(page)
        expect(page.get_by_text(ends).first).to_be_visible(timeout=60_000)

    return then


def service(*names: str) -> Callable[[Page], None]:
    """Open the service with groups, then press one after the other."""
    return lambda page: (page.locator(".rows .row", has_text="Parenting programme").click(), press(*names)(page))


def group(then: Callable[[Page], None] = lambda page: None) -> Callable[[Page], None]:
    """Open one of its groups, then do something."""
    return lambda page: (service()(page), page.locator("#groups .row").first.click(), then(page))


def an_absence(page: Page) -> None:
    """Be away for a day next year, and begin to take it back."""
    press("My hours", "When I am away")(page)
    for first in ("First day", "Last day"):
        boxes = page.get_by_role("group", name=first)
        for part, value in (("Day", "3"), ("Month", "3"), ("Year", str(dt.date.today().year + 1))):
            boxes.get_by_label(part).fill(value)
    press("Add")(page)
    page.locator("li.task a.button").first.click()


def leaving_it(page: Page) -> None:
    """The page that asks whether somebody leaves a group; its link stands where something is ahead, else the button posts there."""
    page.goto(page.locator("#roster .rows form.action").first.get_attribute("action") or "")


def joining_it(page: Page) -> None:
    """The same of somebody who joins."""
    typed({"Name, e-mail, phone or number": "client2@example.org"}, "Search")(page)
    form = page.locator("#add .rows form.action").first
    page.goto(f"{form.get_attribute('action')}?individual={form.locator('[name=individual]').input_value()}")


def enrolled(depth: int, *names: str) -> Callable[[Page], None]:
    """Open the enrolments of whoever is listed, with ``depth`` 1 the first of them, then press one after the other."""

    def then(page: Page) -> None:
        first_row(page)
        page.locator("#enrolments .row").click()
        if depth:
            first_row(page)
        press(*names)(page)

    return then


def with_an_old_token(page: Page) -> None:
    page.locator("form [name=csrf_token]").first.evaluate("field => { field.value = 'old' }")
    typed({"E-mail address": "somebody@example.org"}, "Send me the link")(page)


def signed_out_while_typing(page: Page) -> None:
    page.goto("/my-portal/language")
    page.context.clear_cookies()
    ways.press(page, "Save")


CODE = re.compile(r"^\d{3} \d{3}$")
INDIVIDUALS, RECORD, NEW = "/admin/individuals/", "/admin/individuals/<public_id>/", "/admin/individuals/new"
EVENT = "/admin/events/<event_id>/"
REQUESTS = "/admin/requests/"
ACCOUNT = RECORD + "account/new"
MOVE = RECORD + "account/<account_id>/<verb>"
SETUP, TEXTS = "/admin/settings/", "/admin/settings/texts/"
KINDS, HOURS = "/admin/settings/kinds-of-time/", "/admin/schedule/hours/<public_id>/"
IMPORTS, UPLOAD, IMPORT = "/admin/imports/", "/admin/imports/new", "/admin/imports/<public_id>/"
ACCOUNTS, MANY = "/admin/accounts/", "/admin/accounts/activations/"
CHANGES = "/admin/accounts/changes/"
WORKERS = "/admin/workers/"
TEMPLATES = "/admin/document-templates/"
SERVICES, GROUPS, ENROLMENTS = "/admin/services/", "/admin/groups/<public_id>/", RECORD + "enrolments/"
ONE = INDIVIDUALS + "?q=client1@example.org"
GOOD = "id,name,born,e-mail,A column with a long heading\n7,Maximiliane-Charlotte Rindfleischetikettierung,1990-01-01,,\n"
BAD = GOOD + "8,=Ann Bell,1990-31-31,a-rather-long-address-that-is-none,\n"

ANYBODY = [
    State("sign in", "/sign-in", "/sign-in"),
    State("sign in, nothing typed", "/sign-in", "/sign-in", then=press("Sign in")),
    State("sign in, wrong", "/sign-in", "/sign-in",
          then=typed({"E-mail address": "nobody@example.org", "Password": "no such password"}, "Sign in")),
    State("forgotten", "/forgotten-password", "/forgotten-password"),
    State("forgotten, nothing typed", "/forgotten-password", "/forgotten-password", then=press("Send me the link")),
    State("forgotten, sent", "/forgotten-password/sent", "/forgotten-password",
          then=typed({"E-mail address": "nobody@example.org"}, "Send me the link")),
    State("new password wanted", "/forgotten-password/wanted", "/forgotten-password/wanted"),
    State("open for too long", "/forgotten-password", "/forgotten-password", then=with_an_old_token),
    State("nothing here", "/nowhere/at/all", "/nowhere/at/all"),
    State("not in that way", "/sign-out", "/sign-out"),
    State("activation, but the browser forgot which", "/activate/", "/activate/"),
    State("new password, but the browser forgot whose", "/reset/", "/reset/"),
    State("invitation, but the browser forgot which", "/invitation/", "/invitation/"),
    State("invitation, the link is damaged", "/invitation/<token>", "/invitation/a-link-without-its-end"),
    State("activation, the link is damaged", "/activate/<token>", "/activate/a-link-without-its-end"),
    State("new password, the link is damaged", "/reset/<token>", "/reset/a-link-without-its-end"),
    State("a reply link, but the browser forgot which", "/reply/", "/reply/"),
    State("a reply link, damaged", "/reply/<token>", "/reply/a-link-without-its-end"),
    State("by an e-mail before activation, but the browser forgot which", "/arrival/", "/arrival/"),
    State("by an e-mail before activation, damaged", "/arrival/<token>", "/arrival/a-link-without-its-end"),
    State("an appointment, but the browser forgot which", "/appointment/", "/appointment/"),
    State("an appointment, the link is damaged", "/appointment/<token>", "/appointment/a-link-without-its-end"),
    State("e-mails of a kind, but the browser forgot which", "/unsubscribe/", "/unsubscribe/"),
    State("e-mails of a kind, the link is damaged", "/unsubscribe/<token>", "/unsubscribe/a-link-without-its-end"),
    State("unlocking, but the browser forgot which", "/unlock/", "/unlock/"),
    State("unlocking, the link is damaged", "/unlock/<token>", "/unlock/a-link-without-its-end"),
    State("former address, but the browser forgot which", "/former-address/", "/former-address/"),
    State("former address, the link is damaged", "/former-address/<token>", "/former-address/a-link-without-its-end"),
    State("signed out, what was sent is not saved", "/sign-in", "/sign-in", CLIENT, signed_out_while_typing),
    State("offline", "/offline", "/offline"),
    State("mailbox", "/dev/mail", "/dev/mail"),
    State("every component", "/dev/components", "/dev/components"),
    *(State(f"help: {topic}", "/pages/help/<topic>", f"/pages/help/{topic}") for topic in (
        "home", "calendar", "inbox", "my-services", "about-me", "my-portal", "activation", "sign-in", "forgotten-password", "quick-exit",
        "shared-phone")),
    *(State(slug, "/pages/<slug>", f"/pages/{slug}") for slug in ("privacy", "terms", "help", "technical", "contact")),
]  # fmt: skip

def built(page: Page) -> None:
    """A document template that was begun just now."""
    page.goto(TEMPLATES + "new")
    typed({"Name": "Intake"}, "Build it")(page)


def added(page: Page) -> None:
    """With a question of several choices."""
    page.get_by_label("Kind of question").select_option("one")
    page.get_by_role("button", name="Add a question").click()


CLIENTS = [
    State("home", "/", "/", CLIENT),
    State("About Me", "/about-me/", "/about-me/", CLIENT),
    State("what we call you", "/about-me/names", "/about-me/names", CLIENT),
    State("legal name", "/about-me/legal-name", "/about-me/legal-name", CLIENT),
    State("legal name, nothing typed", "/about-me/legal-name", "/about-me/legal-name", CLIENT,
          typed({"First name": "", "Last name": "", "Day": "", "Month": "", "Year": ""}, "Send")),
    State("a new way to reach", "/about-me/contacts/new", "/about-me/contacts/new", CLIENT),
    State("a new way to reach, nothing typed", "/about-me/contacts/new", "/about-me/contacts/new", CLIENT, press("Save")),
    State("a way to reach", "/about-me/contacts/<contact_id>/", "/about-me/", CLIENT, own_contact),
    State("no longer reaches", "/about-me/contacts/<contact_id>/removal", "/about-me/", CLIENT,
          lambda page: (own_contact(page), press("This no longer reaches me")(page))),
    State("Calendar", "/calendar/", "/calendar/", CLIENT),
    State("earlier appointments", "/calendar/history", "/calendar/history", CLIENT),
    State("earlier appointments, none of the kind", "/calendar/history", "/calendar/history?outcome=missed", CLIENT),
    State("an appointment", "/calendar/<place_id>", "/calendar/", CLIENT, own_contact),
    State("an appointment, to be cancelled", "/calendar/<place_id>/cancellation", "/calendar/", CLIENT,
          lambda page: (own_contact(page), press("Cancel")(page))),
    State("an appointment, to be cancelled for a reason that is too long", "/calendar/<place_id>/cancellation", "/calendar/", CLIENT,
          lambda page: (own_contact(page), press("Cancel")(page), page.get_by_label("Why?").fill("x" * 501), press("Yes, cancel it")(page))),
    State("an own calendar, with an address that ended", "/calendar/feed", "/calendar/feed", ANOTHER,
          press("Make my address", "Stop it")),
    State("Home, nothing planned", "/", "/", ANOTHER),
    State("an own calendar", "/calendar/feed", "/calendar/feed", CLIENT),
    State("an own calendar, with an address", "/calendar/feed", "/calendar/feed", CALENDAR_OWNER, press("Make my address")),
    State("Calendar, nothing planned", "/calendar/", "/calendar/", ANOTHER),
    State("My Portal", "/my-portal/", "/my-portal/", CLIENT),
    State("messages to you", "/my-portal/messages", "/my-portal/messages", CLIENT),
    State("messages to you, to be stopped", "/my-portal/messages/withdrawal", "/my-portal/messages/withdrawal", CLIENT),
    State("messages to you, stopped", "/my-portal/messages", "/my-portal/messages/withdrawal", ANOTHER, press("Yes, do not write to me")),
    State("what was sent, and who looked", "/my-portal/history", "/my-portal/history", CLIENT),
    State("language", "/my-portal/language", "/my-portal/language", CLIENT),
    State("password", "/my-portal/password", "/my-portal/password", CLIENT),
    State("password, nothing typed", "/my-portal/password", "/my-portal/password", CLIENT,
          press("Save the new password")),
    State("password, too short", "/my-portal/password", "/my-portal/password", CLIENT,
          typed({"Current password": PASSWORD, "New password": "short"}, "Save the new password")),
    State("address", "/my-portal/address", "/my-portal/address", CLIENT),
    State("address, nothing typed", "/my-portal/address", "/my-portal/address", CLIENT, press("Send the code")),
    State("code, none waits", "/my-portal/address/code", "/my-portal/address/code", CLIENT, press("Use this address")),
    State("where you are signed in", "/my-portal/devices/", "/my-portal/devices/", CLIENT),
    State("My Services", "/my-services/", "/my-services/", CLIENT),
    State("My Services, what happened", "/my-services/timeline", "/my-services/timeline", CLIENT),
    State("staff's page for a client", "/admin/", "/admin/", CLIENT),
]  # fmt: skip

STAFF = [
    State("Today", "/admin/", "/admin/", ADMIN),
    State("Today of a worker", "/admin/", "/admin/", WORKER),
    State("Clients", INDIVIDUALS, INDIVIDUALS, ADMIN),
    State("Individuals, second page", INDIVIDUALS, INDIVIDUALS, ADMIN, press("Next")),
    State("Individuals, found", INDIVIDUALS, INDIVIDUALS + "?q=noemi", ADMIN),
    State("Individuals, nobody found", INDIVIDUALS, INDIVIDUALS + "?q=Xylophonist", ADMIN),
    State("caseload of a worker", INDIVIDUALS, INDIVIDUALS, WORKER),
    State("record in a caseload", RECORD, INDIVIDUALS, WORKER, first_row),
    State("active record", RECORD, INDIVIDUALS + "?q=client1@example.org", ADMIN, first_row),
    *(State(f"record, {state}", RECORD, "/admin/", ADMIN, record(name)) for state, name in {
        "pending": "Thandeka Brightwater", "expired": "Anselm Quillfeather", "disabled": "Marisol Devereux-Finch",
        "suspended": "Jorun Halvardsen", "deceased": "Wilhelmina Oakes", "no consent": "Noor Castellane",
        "a long name": "Friedrich-Wilhelm Donaudampfschifffahrtsgesellschaft", "Arabic": "عبد الرحمن الحدادين النجارسي",
    }.items()),
    State("new individual", NEW, NEW, ADMIN),
    State("new individual, no name", NEW, NEW, ADMIN, press("Save")),
    State("new individual, no such date", NEW, NEW, ADMIN,
          lambda page: (page.get_by_label("Day").first.fill("31"), page.get_by_label("Month").first.fill("2"),
                        page.get_by_label("Year").first.fill("1990"), press("Save")(page))),
    State("edit", RECORD + "edit", "/admin/", ADMIN, record("Noor Castellane", "Edit")),
    State("new contact", RECORD + "contacts/new", "/admin/", ADMIN, record("Noor Castellane", "Add a contact")),
    State("new contact, nothing typed", RECORD + "contacts/new", "/admin/", ADMIN,
          record("Noor Castellane", "Add a contact", "Save")),
    State("contact", RECORD + "contacts/<contact_id>/", "/admin/", ADMIN,
          lambda page: (record("Noor Castellane")(page), page.locator("#contacts .row").first.click())),
    State("contact, to be removed", RECORD + "contacts/<contact_id>/removal", "/admin/", ADMIN,
          lambda page: (record("Noor Castellane")(page), page.locator("#contacts .row").first.click(),
                        press("Remove this contact")(page))),
    State("new account", ACCOUNT, "/admin/", ADMIN,
          record("Friedrich-Wilhelm Donaudampfschifffahrtsgesellschaft", "Create an account")),
    State("new account, wrong address", ACCOUNT, "/admin/", ADMIN,
          lambda page: (record("عبد الرحمن الحدادين النجارسي", "Create an account")(page),
                        typed({"E-mail address": "other@example.org"}, "Send the activation")(page))),
    State("new account, a child", ACCOUNT, "/admin/", ADMIN, record("Pip Ravenscroft-Bell", "Create an account")),
    State("new account, no consent", ACCOUNT, "/admin/", ADMIN, record("Noor Castellane", "Create an account")),
    State("new activation", ACCOUNT, "/admin/", ADMIN, record("Anselm Quillfeather", "To another address")),
    *(State(f"to {verb.lower()}", MOVE, "/admin/", ADMIN, record(name, verb)) for verb, name in {
        "Cancel activation": "Thandeka Brightwater", "Close": "Jorun Halvardsen", "Unlock": "Jorun Halvardsen",
        "Disable": "Jorun Halvardsen", "Enable": "Marisol Devereux-Finch",
    }.items()),
    State("to suspend", MOVE, INDIVIDUALS + "?q=client1@example.org", ADMIN,
          lambda page: (first_row(page), press("Suspend")(page))),
    State("accounts", RECORD + "accounts", "/admin/", ADMIN,
          record("Anselm Quillfeather", "Earlier accounts and link openings")),
    State("no account", RECORD + "accounts", INDIVIDUALS + "?q=Ravenscroft", ADMIN,
          lambda page: (first_row(page), page.goto(f"{page.url}accounts"))),
    State("history", RECORD + "history", "/admin/", ADMIN, record("Thandeka Brightwater", "Who did and saw what")),
    State("accounts", ACCOUNTS, ACCOUNTS, ADMIN),
    State("accounts, ticked", ACCOUNTS, ACCOUNTS, ADMIN, lambda page: (
        page.locator(".tick input").first.check(), page.evaluate("scrollTo(0, 0)"))),
    State("accounts, none found", ACCOUNTS, ACCOUNTS + "?q=Xylophonist", ADMIN),
    State("accounts, no such date", ACCOUNTS, ACCOUNTS + "?since=2026-02-31", ADMIN),
    State("accounts, nothing chosen", "/admin/accounts/changes", ACCOUNTS, ADMIN, press("See what would happen")),
    State("accounts, a change", CHANGES + "<public_id>/", ACCOUNTS, ADMIN, planned("Suspend", "accounts would change")),
    State("accounts, a change for nobody", CHANGES + "<public_id>/", ACCOUNTS + "?state=closed", ADMIN,
          planned("Close", "There is nobody for whom")),
    State("accounts, a change that is not made", CHANGES + "<public_id>/", ACCOUNTS, ADMIN, lambda page: (
        planned("Disable", "accounts would change")(page), press("Do nothing")(page))),
    State("accounts, a change that was made", CHANGES + "<public_id>/", ACCOUNTS + "?q=client40@example.org", ADMIN, lambda page: (
        planned("Suspend", "Nothing is changed yet")(page),
        press("Suspend")(page), expect(page.get_by_text("refused").first).to_be_visible(timeout=60_000))
        if "active" in page.locator(".tick").first.inner_text() else
        planned("Suspend", "There is nobody for whom")(page)),
    State("accounts, whom a change leaves out", CHANGES + "<public_id>/people", ACCOUNTS + "?state=closed", ADMIN, lambda page: (
        planned("Close", "There is nobody for whom")(page), page.locator("#who .row").first.click())),
    State("new password for everybody", ACCOUNTS + "new-passwords", ACCOUNTS + "new-passwords", ADMIN),
    State("new password for everybody, wrong", ACCOUNTS + "new-passwords", ACCOUNTS + "new-passwords", ADMIN,
          typed({"Type this to confirm": "yes"}, "Ask everybody")),
    State("to ask for a new password", MOVE, INDIVIDUALS + "?q=client1@example.org", ADMIN,
          lambda page: (first_row(page), press("Ask for a new password")(page))),
    State("changes of many accounts", CHANGES, CHANGES, ADMIN),
    State("bulk activation", MANY, MANY, ADMIN),
    State("bulk activation, looked up", MANY + "<public_id>/", MANY, ADMIN, looked_up()),
    State("bulk activation, who", MANY + "<public_id>/people", MANY, ADMIN, about(0)),
    State("bulk activation, who not", MANY + "<public_id>/people", MANY, ADMIN, about(1)),
    State("deliveries", "/admin/deliveries/", "/admin/deliveries/", ADMIN),
    State("deliveries, none failed", "/admin/deliveries/", "/admin/deliveries/?state=held", ADMIN),
    State("delivery", "/admin/deliveries/<public_id>/", "/admin/deliveries/", ADMIN, first_row),
    State("tasks", "/admin/tasks/", "/admin/tasks/", ADMIN),
    State("schedule, a week", "/admin/schedule/", "/admin/schedule/", ADMIN),
    State("schedule, a day of a worker", "/admin/schedule/", "/admin/schedule/?view=day", WORKER),
    State("booking, whom", "/admin/schedule/new", "/admin/schedule/new?q=client1@example.org", ADMIN),
    State("booking", "/admin/schedule/new", "/admin/schedule/new?q=client1@example.org", ADMIN, first_row),
    State("booking, refused", "/admin/schedule/new", "/admin/schedule/new?q=client1@example.org", ADMIN, booking("noon")),
    State("event", EVENT, "/admin/schedule/new?q=client1@example.org", ADMIN, booking("09:15")),
    State("event, to be moved", EVENT + "move", "/admin/schedule/new?q=client1@example.org", ADMIN, booking("09:15", "Move")),
    State("event, to be cancelled", EVENT + "cancellation", "/admin/schedule/new?q=client1@example.org", ADMIN,
          booking("09:15", "Cancel the appointment")),
    State("event, somebody to be added", EVENT + "people", "/admin/schedule/new?q=client1@example.org", ADMIN,
          booking("09:15", "Add somebody")),
    State("event, the client cancels by phone", EVENT + "places/<place_id>/cancellation", "/admin/schedule/new?q=client1@example.org", ADMIN,
          booking("09:15", "Cancels")),
    State("event, somebody to be taken out", EVENT + "places/<place_id>/removal", "/admin/schedule/new?q=client1@example.org", ADMIN,
          booking("09:15", "Take them out")),
    State("events of a client", RECORD + "events", INDIVIDUALS + "?q=client1@example.org", ADMIN, appointments),
    State("requests, none", REQUESTS, REQUESTS, WORKER),
    State("tasks, none of mine", "/admin/tasks/", "/admin/tasks/?worker=me&category=on_call", ADMIN),
    State("services", SERVICES, SERVICES, ADMIN),
    State("service, new", SERVICES + "new", SERVICES + "new", ADMIN),
    State("service, new, nothing typed", SERVICES + "new", SERVICES + "new", ADMIN, press("Save")),
    State("service", SERVICES + "<public_id>/", SERVICES, ADMIN, service()),
    State("service, edited", SERVICES + "<public_id>/edit", SERVICES, ADMIN, service("Edit")),
    State("service, to be hidden", SERVICES + "<public_id>/visibility", SERVICES, ADMIN, service("Hide it from clients")),
    State("service, who works there", SERVICES + "<public_id>/staff", SERVICES, ADMIN, service("Choose who works there")),
    State("group, new", SERVICES + "<public_id>/groups/new", SERVICES, ADMIN, service("New group")),
    State("group", GROUPS, SERVICES, ADMIN, group()),
    State("group, somebody found", GROUPS, SERVICES, ADMIN, group(lambda page: typed(
        {"Name, e-mail, phone or number": "client2@example.org"}, "Search")(page))),
    State("group, somebody leaves", GROUPS + "roster/<entry_id>/end", SERVICES, ADMIN, group(leaving_it)),
    State("group, somebody joins", GROUPS + "roster", SERVICES, ADMIN, group(joining_it)),
    State("group, edited", GROUPS + "edit", SERVICES, ADMIN, group(press("Edit"))),
    State("enrolments", ENROLMENTS, ONE, ADMIN, enrolled(0)),
    State("enrolments, none", ENROLMENTS, INDIVIDUALS + "?q=Ravenscroft", ADMIN, enrolled(0)),
    State("enrolment, new, nothing chosen", ENROLMENTS + "new", ONE, ADMIN, enrolled(0, "Enrol them in a service", "Enrol them")),
    State("enrolment", ENROLMENTS + "<enrolment_id>/", ONE, ADMIN, enrolled(1)),
    State("enrolment of a caseload", ENROLMENTS + "<enrolment_id>/", INDIVIDUALS, WORKER, enrolled(1)),
    State("enrolment, to be closed", ENROLMENTS + "<enrolment_id>/closing", ONE, ADMIN, enrolled(1, "Close it")),
    State("enrolment, its workers", ENROLMENTS + "<enrolment_id>/workers", ONE, ADMIN, enrolled(1, "Change workers")),
    State("enrolment, who takes part", ENROLMENTS + "<enrolment_id>/participants", ONE, ADMIN, lambda page: (
        enrolled(1, "Add who takes part")(page),
        typed({"Name, e-mail, phone or number": "client2@example.org"}, "Search")(page))),
    State("workers", WORKERS, WORKERS, ADMIN),
    State("workers, nobody found", WORKERS, WORKERS + "?q=Xylophonist", ADMIN),
    State("workers, who left", WORKERS, WORKERS + "?state=left", ADMIN),
    State("worker", WORKERS + "<public_id>/", WORKERS + "?q=worker1@example.org", ADMIN, first_row),
    State("worker, oneself", WORKERS + "<public_id>/", WORKERS + "?q=admin@example.org", ADMIN, first_row),
    State("worker, edited", WORKERS + "<public_id>/edit", WORKERS + "?q=worker2@example.org", ADMIN,
          lambda page: (first_row(page), press("Edit")(page))),
    State("worker, leaves", WORKERS + "<public_id>/leaving", WORKERS + "?q=worker1@example.org", ADMIN,
          lambda page: (first_row(page), press("This person leaves")(page))),
    State("worker, new", WORKERS + "new", WORKERS + "new", ADMIN),
    State("worker, new, nothing typed", WORKERS + "new", WORKERS + "new", ADMIN, press("Send the invitation")),
    State("worker, photo", WORKERS + "<public_id>/photo", WORKERS + "?q=worker1@example.org", ADMIN,
          lambda page: (first_row(page), press("Photo")(page))),
    State("worker, photo, no file", WORKERS + "<public_id>/photo", WORKERS + "?q=worker1@example.org", ADMIN,
          lambda page: (first_row(page), press("Photo", "Upload")(page))),
    State("my photo", "/admin/my-sign-in/photo", "/admin/my-sign-in/photo", ADMIN),
    State("classes", WORKERS + "classes/", WORKERS + "classes/", ADMIN),
    State("class", WORKERS + "classes/<public_id>/", WORKERS + "classes/", ADMIN, first_row),
    State("class, to be removed", WORKERS + "classes/<public_id>/removal", WORKERS + "classes/", ADMIN,
          lambda page: (first_row(page), press("Remove this class")(page))),
    State("class, new", WORKERS + "classes/new", WORKERS + "classes/new", ADMIN),
    State("class, new, no name", WORKERS + "classes/new", WORKERS + "classes/new", ADMIN, press("Save")),
    State("document templates, none", TEMPLATES, TEMPLATES, ADMIN),
    State("document template, new, nothing typed", TEMPLATES + "new", TEMPLATES + "new", ADMIN, press("Build it")),
    *(State(f"document template, {name}", TEMPLATES + f"<public_id>/{step}", TEMPLATES, ADMIN,
            lambda page, name=name, step=step: (built(page), page.goto(page.url.partition("?")[0] + step)))
      for name, step in {"built": "", "title": "about", "copy": "copy", "preview": "preview", "publication": "publication"}.items()),
    State("document template, a question", TEMPLATES + "<public_id>/parts/<key>/", TEMPLATES, ADMIN, lambda page: (built(page), added(page))),
    State("document template, a question to be removed", TEMPLATES + "<public_id>/parts/<key>/removal", TEMPLATES, ADMIN,
          lambda page: (built(page), added(page), press("Remove this")(page))),
    State("document template, a score", TEMPLATES + "<public_id>/scores/<key>/", TEMPLATES, ADMIN,
          lambda page: (built(page), press("Add a score")(page))),
    State("document template, a score to be removed", TEMPLATES + "<public_id>/scores/<key>/removal", TEMPLATES, ADMIN,
          lambda page: (built(page), press("Add a score", "Remove this")(page))),
    State("categories", WORKERS + "categories/", WORKERS + "categories/", ADMIN),
    State("category, built in", WORKERS + "categories/<slug>/", WORKERS + "categories/", ADMIN, first_row),
    State("category, to be removed", WORKERS + "categories/<slug>/removal", WORKERS + "categories/", ADMIN,
          lambda page: (first_row(page), page.goto(f"{page.url}removal"))),
    State("category, new", WORKERS + "categories/new", WORKERS + "categories/new", ADMIN),
    State("category, new, no name", WORKERS + "categories/new", WORKERS + "categories/new", ADMIN, press("Save")),
    State("settings", "/admin/settings/", "/admin/settings/", ADMIN),
    *(State(f"settings: {name}", "/admin/settings/<section>", f"/admin/settings/{name}", ADMIN) for name in (
        "components", "accounts", "sign_in", "address", "about_me", "messages", "imports", "installation")),
    State("setup: agency", SETUP + "agency", SETUP + "agency", ADMIN),
    State("setup: agency, nothing typed", SETUP + "agency", SETUP + "agency", ADMIN, typed({"Name of the agency": "", "Short name": ""}, "Save")),
    State("setup: emergency line", SETUP + "emergency-line", SETUP + "emergency-line", ADMIN),
    State("setup: sites", SETUP + "sites/", SETUP + "sites/", ADMIN),
    State("setup: site", SETUP + "sites/<public_id>/", SETUP + "sites/", ADMIN, first_row),
    State("setup: new site, nothing typed", SETUP + "sites/new", SETUP + "sites/new", ADMIN, press("Save")),
    State("kinds of time", KINDS, KINDS, ADMIN),
    State("kind of time", KINDS + "<public_id>/", KINDS, ADMIN, first_row),
    State("kind of time, new, nothing typed", KINDS + "new", KINDS + "new", ADMIN, press("Save")),
    State("kind of time, to be removed", KINDS + "<public_id>/removal", KINDS, ADMIN,
          lambda page: (first_row(page), press("Remove this kind of time")(page))),
    State("holidays", SETUP + "holidays/", SETUP + "holidays/", ADMIN),
    State("holidays, nothing typed", SETUP + "holidays/", SETUP + "holidays/", ADMIN, press("Add")),
    State("holiday, to be removed", SETUP + "holidays/<public_id>/removal", SETUP + "holidays/", ADMIN, press("Remove: Staff day")),
    State("my hours", HOURS, "/admin/schedule/", ADMIN, press("My hours")),
    State("hours of a worker", HOURS, WORKERS + "?q=worker1@example.org", ADMIN, lambda page: (first_row(page), press("Their hours")(page))),
    State("hours, new calendar", HOURS + "calendars/new", "/admin/schedule/", ADMIN, press("My hours", "New calendar", "Save and fill it")),
    State("hours, a week", HOURS + "calendars/<calendar_id>/", "/admin/schedule/", ADMIN, press("My hours", "Change this week")),
    State("hours, a week, nothing typed", HOURS + "calendars/<calendar_id>/", "/admin/schedule/", ADMIN,
          press("My hours", "Change this week", "Add")),
    State("hours, a stretch to be removed", HOURS + "rows/<row_id>/removal", "/admin/schedule/", ADMIN,
          press("My hours", "Change this week", "Remove: Monday, 13:00–16:00")),
    State("hours, a calendar to be removed", HOURS + "calendars/<calendar_id>/removal", "/admin/schedule/", ADMIN,
          press("My hours", "Change this week", "Remove this calendar")),
    State("hours, a day off", HOURS + "day-off", "/admin/schedule/", ADMIN, press("My hours", "Add a day off", "Save")),
    State("away", "/admin/schedule/away/<public_id>/", "/admin/schedule/", ADMIN, press("My hours", "When I am away", "Add")),
    State("away, to be removed", "/admin/schedule/away/<public_id>/<absence_id>/removal", "/admin/schedule/", ADMIN, an_absence),
    State("office hours", "/admin/settings/office-hours", "/admin/settings/office-hours", ADMIN),
    State("messages to who comes", EVENT + "messages/new", "/admin/schedule/new?q=client1@example.org", ADMIN,
          booking("09:15", "Write to everybody who comes", "Send")),
    State("messages to a group", GROUPS + "messages/new", SERVICES, ADMIN, group(press("Write to everybody in it"))),
    State("message about an enrolment", ENROLMENTS + "<enrolment_id>/messages/new", ONE, ADMIN, enrolled(1, "Write a message")),
    State("hours, extra time", HOURS + "extra-time", "/admin/schedule/", ADMIN, press("My hours", "Add extra time", "Save")),
    State("hours, a day off to be removed", HOURS + "days/<day_id>/removal", "/admin/schedule/", ADMIN, lambda page: (
        press("My hours")(page), page.locator("#days .button").first.click())),
    State("setup: pages", SETUP + "pages/", SETUP + "pages/", ADMIN),
    State("setup: page", SETUP + "pages/<slug>/<language>", SETUP + "pages/terms/en", ADMIN),
    State("setup: page in Arabic", SETUP + "pages/<slug>/<language>", SETUP + "pages/contact/ar", ADMIN),
    State("address of the portal", "/admin/settings/portal-address/", "/admin/settings/portal-address/", ADMIN),
    State("texts of messages", TEXTS, TEXTS, ADMIN),
    State("a text", f"{TEXTS}<kind>/<language>/", f"{TEXTS}confirmation/en/", ADMIN),
    State("a text, in Arabic", f"{TEXTS}<kind>/<language>/", f"{TEXTS}booked/ar/", ADMIN),
    State("a footer", f"{TEXTS}<kind>/<language>/", f"{TEXTS}footer/en/", ADMIN),
    State("a text, with what is no field", f"{TEXTS}<kind>/<language>/", f"{TEXTS}booked/en/", ADMIN,
          lambda page: (page.get_by_label("Text").fill("Come on {day}."), press("Save")(page))),
    State("brand", "/admin/settings/brand", "/admin/settings/brand", ADMIN),
    State("colour", "/admin/settings/brand/colour", "/admin/settings/brand/colour", ADMIN),
    State("colour, none", "/admin/settings/brand/colour", "/admin/settings/brand/colour", ADMIN, typed({"Or type it (optional)": "reddish"}, "Save")),
    State("logo", "/admin/settings/brand/pictures/<part>", "/admin/settings/brand/pictures/logo", ADMIN),
    State("logo, no file", "/admin/settings/brand/pictures/<part>", "/admin/settings/brand/pictures/logo", ADMIN, press("Upload")),
    State("tile", "/admin/settings/brand/pictures/<part>", "/admin/settings/brand/pictures/tile.about_me", ADMIN),
    State("settings, beyond the limits", "/admin/settings/<section>", "/admin/settings/accounts", ADMIN,
          typed({"Minimum age": "many", "Licence count": "-1"}, "Save")),
    State("import, nothing chosen", UPLOAD, UPLOAD, ADMIN, press("Upload")),
    State("import, columns", IMPORT + "columns", UPLOAD, ADMIN, file("people.csv", GOOD)),
    State("import, read anew", IMPORT + "columns", UPLOAD, ADMIN, lambda page: (
        file("people.csv", GOOD)(page), page.get_by_label("Columns are separated by").select_option("semicolon"), press("Read it again")(page))),
    State("import, consent", IMPORT + "consent", UPLOAD, ADMIN,
          lambda page: (file("people.csv", GOOD)(page), press("Continue")(page))),
    State("import, checked", IMPORT, UPLOAD, ADMIN, checked(GOOD)),
    State("import, problems", IMPORT, UPLOAD, ADMIN, checked(BAD)),
    State("import, to be given up", IMPORT + "giving-up", UPLOAD, ADMIN, checked(GOOD, "Give this import up")),
    State("import, given up", IMPORT, UPLOAD, ADMIN, checked(BAD, "Give this import up", "Give it up")),
    State("import, taken in", IMPORT, UPLOAD, ADMIN, lambda page: (
        checked(GOOD, "Take in all of it")(page), expect(page.get_by_text("All of it was taken in")).to_be_visible(timeout=60_000))),
    State("imports", IMPORTS, IMPORTS, ADMIN),
    State("statistics", "/admin/statistics/", "/admin/statistics/", ADMIN),
    State("my sign-in", "/admin/my-sign-in/", "/admin/my-sign-in/", ADMIN),
    State("my sign-in, nothing typed", "/admin/my-sign-in/", "/admin/my-sign-in/", ADMIN,
          press("Save the new password")),
    State("where a worker is signed in", "/admin/my-sign-in/devices/", "/admin/my-sign-in/devices/", ADMIN),
    State("e-mails to a worker", "/admin/my-messages/", "/admin/my-messages/", ADMIN),
    State("e-mails to a worker, minutes that are none", "/admin/my-messages/", "/admin/my-messages/", ADMIN,
          typed({"Minutes before each appointment": "ten"}, "Save")),
    State("client's page for staff", "/about-me/", "/about-me/", ADMIN),
]  # fmt: skip

EMPTY = [
    State("Today, nothing waits", "/admin/", "/admin/", ADMIN),
    State("Individuals, nobody", INDIVIDUALS, INDIVIDUALS, ADMIN),
    State("deliveries, none", "/admin/deliveries/", "/admin/deliveries/", ADMIN),
    State("imports, none", IMPORTS, IMPORTS, ADMIN),
    State("accounts, none", ACCOUNTS, ACCOUNTS, ADMIN),
    State("kinds of time, none", KINDS, KINDS, ADMIN),
    State("holidays, none", SETUP + "holidays/", SETUP + "holidays/", ADMIN),
    State("my hours, none", HOURS, "/admin/schedule/", ADMIN, press("My hours")),
    State("bulk activation, none yet", MANY, MANY, ADMIN),
    State("import, new", UPLOAD, UPLOAD, ADMIN),
    State("mailbox, empty", "/dev/mail", "/dev/mail"),
    State("help, not written", "/pages/<slug>", "/pages/help"),
]

# Looked at step by step in the tests below.
ACTIVATION = {"/activate/", "/activate/welcome", "/activate/date-of-birth", "/activate/password", "/activate/new-link"}
RESET = {"/reset/"}
TERMS = {"/my-portal/terms"}
LETTERS = {"/dev/mail/<name>"}
REQUESTING = {  # in tests/browser/test_requesting.py
    *(f"/calendar/request/{step}" for step in ("", "<enrolment_id>/", "<enrolment_id>/<worker_id>/", "<enrolment_id>/<worker_id>/<moment>")),
    "/calendar/<place_id>/time", "/calendar/<place_id>/time/<moment>",
}  # fmt: skip
MESSAGES = {  # in tests/browser/test_inbox.py
    "/inbox/", "/inbox/new", "/inbox/<discussion_id>/", "/admin/discussions/", "/admin/discussions/<discussion_id>/",
    RECORD + "discussions/", RECORD + "discussions/new", "/inbox/new/appointment/<place_id>", "/inbox/new/service/<enrolment_id>",
    *(f"/reply/{step}" for step in ("", "date-of-birth", "messages", "new-link")), "/arrival/", "/arrival/new-link",  # in test_reply_link.py
}  # fmt: skip
SECOND_STEP = {
    *(f"/sign-in/{page}" for page in ("app", "code", "recovery-code", "recovery-codes")), WORKERS + "<public_id>/second-step",
    *(f"/admin/my-sign-in/{page}" for page in ("new-codes", "new-phone", "new-app", "recovery-codes")),
}  # fmt: skip
FIRST_START = {
    "/first-start/", "/admin/first-start/agency", "/admin/first-start/pages", "/admin/first-start/mail",
    "/admin/first-start/on",
}  # fmt: skip
NO_PAGES = {  # links that lead on at once, and what only programs read
    "/admin/statistics/days.csv",
    IMPORT + "problems.csv", CHANGES + "<public_id>/people.csv", MANY + "<public_id>/people.csv", "/activate/terms", "/quick-exit", "/admin/first-start/",
    "/static/<path:filename>", "/sw.js", "/reply/seen", "/reply/files/<file_id>", "/arrival/activation",
    "/feed/<token>.ics", "/calendar/<place_id>/appointment.ics", "/inbox/count", "/inbox/<discussion_id>/new", "/admin/discussions/<discussion_id>/new",
    "/brand.css", "/brand/<address>", "/photos/<photo_id>", "/admin/photos/<photo_id>",
    "/inbox/<discussion_id>/files/<file_id>", "/admin/discussions/<discussion_id>/files/<file_id>",
    "/manifest.webmanifest", "/healthz", "/readyz", "/metrics",
}  # fmt: skip


def visit(page: Page, state: State) -> None:
    """Bring a tab into a state, and let it come to rest."""
    page.goto(state.path)
    state.then(page)
    page.wait_for_load_state("load")


def names(states: list[State]) -> Any:
    return pytest.mark.parametrize("state", states, ids=[state.name for state in states])


@names(ANYBODY + CLIENTS + STAFF)
def test_a_page(state: State, town: Town, tabs: Tabs, browser: Browser) -> None:
    with tabs.of(town.url, state.who, town.cookies_of(state.who, browser) if state.who else None) as page:
        visit(page, state)
        look(page, state.route)


# Right to left, and French, whose words are the longest of our languages.
OTHER_LANGUAGES = [
    State("sign in, nothing typed", "/sign-in", "/sign-in",
          then=lambda page: page.locator("main form button[type=submit]").first.click()),
    State("home", "/", "/", CLIENT),
    State("About Me", "/about-me/", "/about-me/", CLIENT),
    State("language", "/my-portal/language", "/my-portal/language", CLIENT),
    State("active record", RECORD, INDIVIDUALS + "?q=client1@example.org", ADMIN, first_row),
]  # fmt: skip


@pytest.mark.parametrize("language", ["ar", "fr"])
@names(OTHER_LANGUAGES)
def test_a_page_in_another_language(state: State, language: str, town: Town, phone: Phone, browser: Browser) -> None:
    kept = town.cookies_of(state.who, browser) if state.who else None
    page = phone(town.url, storage_state=kept, **CALM, locale=language)
    visit(page, state)
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert sideways(page) <= 0
    look(page, state.route)


def test_a_wish_is_asked_decided_and_answered(town: Town, phone: Phone, browser: Browser) -> None:
    client = phone(town.url, storage_state=town.cookies_of(ANOTHER, browser), **CALM)
    client.goto("/about-me/legal-name")
    client.get_by_label("Last name").fill("Fletcher-Mountbatten-Donaudampfschiff")
    ways.press(client, "Send")
    expect(client.get_by_text("Waiting for us")).to_be_visible()
    look(client, "/about-me/")
    staff = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **CALM)
    staff.goto(INDIVIDUALS + "?q=" + ANOTHER)
    first_row(staff)
    expect(staff.get_by_text("What they ask to change")).to_be_visible()
    look(staff, RECORD)
    press("Decline")(staff)
    look(staff, RECORD + "changes/<change_id>/refusal")
    ways.press(staff, "Decline")
    look(staff, RECORD + "changes/<change_id>/refusal")
    staff.get_by_label("Why not?").fill("Please bring your papers.")
    ways.press(staff, "Decline")
    client.goto("/about-me/")
    expect(client.get_by_text("Please bring your papers.")).to_be_visible()
    look(client, "/about-me/")


@names(EMPTY)
def test_a_page_before_anything_happened(state: State, village: Portal, tabs: Tabs) -> None:
    with tabs.of(village.url, state.who, village.admin if state.who else None) as page:
        visit(page, state)
        look(page, state.route)


@pytest.mark.long
def test_the_first_start(portal: Portal, phone: Phone) -> None:
    page = phone(portal.url, **CALM)
    page.goto("/")
    look(page, "/first-start/")
    ways.press(page, "Continue")
    look(page, "/first-start/")
    ways.become_admin(page, portal.code)
    look(page, "/admin/first-start/agency")
    ways.press(page, "Continue")
    look(page, "/admin/first-start/agency")
    ways.describe_agency(page)
    look(page, "/admin/first-start/pages")
    page.get_by_label("Privacy policy").fill("")
    ways.press(page, "Publish and continue")
    look(page, "/admin/first-start/pages")
    page.get_by_label("Privacy policy").fill("# What we keep\n\nAs little as we can.")
    ways.press(page, "Publish and continue")
    look(page, "/admin/first-start/on")


@pytest.mark.long
def test_the_second_step_of_staff(portal: Portal, phone: Phone) -> None:
    staff, page = phone(portal.url, **CALM), phone(portal.url, **CALM)
    an_agency_with_people(portal, staff)
    staff.goto(WORKERS + "new")
    typed({"First name": "Nia", "Last name": "Nile", "E-mail address": "nia@example.org"}, "Send the invitation")(staff)
    ways.open_letter(page, "nia@example.org", "You are invited to work with the portal")
    page.goto(page.get_by_role("main").get_by_role("link", name="/invitation/").get_attribute("href"))
    typed({"Password": PASSWORD}, "Save and sign in")(page)
    look(page, "/sign-in/app")
    ways.press(page, "Continue")
    look(page, "/sign-in/app")
    secret = ways.set_up_app(page)
    look(page, "/sign-in/recovery-codes")
    code = page.locator(".secrets li").first.inner_text()
    ways.press(page, "I have kept them")
    page.goto("/admin/my-sign-in/")
    look(page, "/admin/my-sign-in/")
    page.get_by_role("link", name="New recovery codes").click()
    look(page, "/admin/my-sign-in/new-codes")
    page.goto("/admin/my-sign-in/new-phone")
    look(page, "/admin/my-sign-in/new-phone")
    page.get_by_label(re.compile("^Six digits")).fill(code)
    ways.press(page, "Continue")
    look(page, "/admin/my-sign-in/new-app")
    secret = ways.secret_shown(page)
    ways.type_code(page, secret, "Use this phone")
    look(page, "/admin/my-sign-in/recovery-codes")
    ways.press(page, "I have kept them")
    page.goto("/admin/my-sign-in/")
    ways.press(page, "Sign out")
    ways.sign_in(page, "nia@example.org", PASSWORD)
    look(page, "/sign-in/code")
    page.get_by_label(re.compile("^Six digits")).fill("12345")
    ways.press(page, "Sign in")
    look(page, "/sign-in/code")
    page.get_by_role("link", name="Use a recovery code").click()
    look(page, "/sign-in/recovery-code")
    page.goto("/sign-in/code")
    page.get_by_label(re.compile("Do not ask again")).check()
    ways.type_code(page, secret, "Sign in", ahead=1)
    ways.heading(page, "Today")
    page.goto("/admin/my-sign-in/devices/")
    look(page, "/admin/my-sign-in/devices/")
    staff.goto(WORKERS)
    staff.get_by_role("link", name=re.compile("Nile")).first.click()
    staff.get_by_role("link", name="Lost their phone").click()
    look(staff, WORKERS + "<public_id>/second-step")


@pytest.mark.long
def test_new_terms_at_the_next_sign_in(portal: Portal, phone: Phone) -> None:
    staff, page = phone(portal.url, **CALM), phone(portal.url, **CALM)
    an_agency_with_people(portal, staff)
    ways.invite(staff, JACKIE)
    ways.open_activation(page, JACKIE.email)
    ways.activate(page, JACKIE)
    staff.goto("/admin/settings/pages/terms/en")
    staff.get_by_label("Text").fill("Be kind, and careful.")
    ways.press(staff, "Publish")
    expect(staff.get_by_text("Published. It shows at once.")).to_be_visible()
    ways.sign_out(page)
    ways.sign_in(page, JACKIE.email, ways.CLIENTS_PASSWORD)
    ways.heading(page, "We changed our terms")
    look(page, "/my-portal/terms")
    ways.press(page, "Continue")
    look(page, "/my-portal/terms")
    page.get_by_label("I accept the privacy policy and the terms of use").check()
    ways.press(page, "Continue")
    ways.heading(page, re.compile(rf"{JACKIE.first}$"))


@pytest.mark.long
def test_the_test_of_e_mail(village: Portal, phone: Phone) -> None:
    """Only a portal for the public asks for it, but the page is there."""
    page = phone(village.url, storage_state=village.admin, **CALM)
    page.goto("/admin/first-start/mail")
    look(page, "/admin/first-start/mail")
    ways.press(page, "Send the test")
    expect(page.get_by_text("A test is on its way.")).to_be_visible()
    page.get_by_label("Code from the e-mail").fill("12")
    ways.press(page, "Continue")
    look(page, "/admin/first-start/mail")


@pytest.mark.long
def test_each_step_of_an_activation(town: Town, phone: Phone, browser: Browser) -> None:
    staff, page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **CALM), phone(town.url, **CALM)
    person = town.newcomer()
    ways.invite(staff, person)
    ways.open_letter(page, person.email, "Your portal is ready")
    look(page, "/dev/mail/<name>")
    ways.open_activation(page, person.email)
    for reading in page.locator("details summary").all():
        reading.click()
    look(page, "/activate/")
    ways.press(page, "Continue")
    look(page, "/activate/terms")
    ways.accept(page)
    look(page, "/activate/")
    ways.say_birth_date(page, person.born._replace(day=28))
    look(page, "/activate/date-of-birth")
    ways.say_birth_date(page, person.born)
    look(page, "/activate/")
    ways.choose_password(page, "short")
    look(page, "/activate/password")
    ways.choose_password(page)
    look(page, "/activate/welcome")


@pytest.mark.long
def test_links_that_are_over(town: Town, phone: Phone, browser: Browser) -> None:
    staff, page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **CALM), phone(town.url, **CALM)
    person = town.newcomer()
    ways.invite(staff, person)
    ways.open_letter(page, person.email, "Your portal is ready")
    first = page.get_by_role("main").get_by_role("link", name="/activate/").get_attribute("href")

    def over(title: str) -> None:
        page.goto(first)
        ways.heading(page, title)
        look(page, "/activate/")

    ways.find_person(staff, person.name)
    ways.press(staff, "Send the activation again")
    expect(staff.get_by_text("A new link is on its way.")).to_be_visible()
    over("There is a newer link")
    ways.press(staff, "Cancel activation")
    ways.press(staff, "Cancel activation")
    over("This link was withdrawn")
    ways.press(page, "Ask for a new link")
    look(page, "/activate/new-link")
    staff.goto("/admin/")
    expect(staff.get_by_text("Wants a new activation link").first).to_be_visible()
    look(staff, "/admin/")


@pytest.mark.long
def test_an_invitation_and_a_task(town: Town, phone: Phone, browser: Browser) -> None:
    staff, page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **CALM), phone(town.url, **CALM)
    address = "Friederike-Amalie.Rindfleischetikettierung@example.org"
    staff.goto(WORKERS + "new")
    typed({"First name": "Friederike-Amalie", "Last name": "Rindfleischetikettierung", "E-mail address": address}, "Send the invitation")(staff)
    expect(staff.get_by_text("The invitation is on its way.")).to_be_visible()
    look(staff, WORKERS + "<public_id>/")
    ways.open_letter(page, address, "You are invited to work with the portal")
    link = page.get_by_role("main").get_by_role("link", name="/invitation/").get_attribute("href")
    page.goto(link)
    look(page, "/invitation/")
    ways.press(page, "Save and sign in")
    look(page, "/invitation/")
    ways.press(staff, "Withdraw the invitation")
    look(staff, WORKERS + "<public_id>/withdrawal")
    ways.press(staff, "Withdraw the invitation")
    look(staff, WORKERS + "<public_id>/")
    page.goto(link)
    look(page, "/invitation/")
    client = phone(town.url, storage_state=town.cookies_of(ANOTHER, browser), **CALM)
    client.goto("/about-me/legal-name")
    client.get_by_label("Last name").fill("Task-Maker")
    ways.press(client, "Send")
    staff.goto("/admin/tasks/")
    look(staff, "/admin/tasks/")
    staff.locator(".rows .row", has_text="Asked for a change of their record").first.click()
    look(staff, "/admin/tasks/<public_id>/")
    ways.press(staff, "Pick up")
    look(staff, "/admin/tasks/<public_id>/")
    ways.press(staff, "Hand over")
    look(staff, "/admin/tasks/<public_id>/")


@pytest.mark.long
def test_what_clients_request_is_answered(town: Town, phone: Phone, browser: Browser) -> None:
    requested(town.data, ANOTHER, *(2000 + 30 * number for number in range(4)))
    staff = phone(town.url, storage_state=town.cookies_of(ADMIN, browser), **CALM)
    staff.goto("/admin/")
    look(staff, "/admin/")
    staff.goto(REQUESTS)
    look(staff, REQUESTS)
    first_row(staff)
    one = staff.url
    look(staff, REQUESTS + "<event_id>/")
    ways.press(staff, "Offer this time")
    look(staff, REQUESTS + "<event_id>/offer")
    staff.goto(one)
    staff.get_by_role("group", name="Free times").get_by_role("button").first.click()
    expect(staff.get_by_text("the client is asked").first).to_be_visible()
    look(staff, REQUESTS)
    staff.goto(one)
    look(staff, REQUESTS + "<event_id>/")
    staff.get_by_label("Why not?").fill("On that day nobody is here who could see you, so please choose another one.")
    ways.press(staff, "Decline")
    expect(staff.get_by_text("Declined. The client reads why.")).to_be_visible()
    staff.goto(one)
    look(staff, REQUESTS + "<event_id>/")
    staff.goto(REQUESTS)
    staff.get_by_role("main").get_by_role("button", name="Accept").first.click()
    expect(staff.get_by_text("Accepted:")).to_be_visible()


@pytest.mark.long
def test_a_used_link_and_one_that_was_tried_too_often(town: Town, phone: Phone, browser: Browser) -> None:
    staff, page = phone(town.url, storage_state=town.cookies_of(ADMIN, browser)), phone(town.url, **CALM)
    happy, unhappy = town.newcomer(), town.newcomer()
    for person in (happy, unhappy):
        ways.invite(staff, person)
    ways.open_activation(page, happy.email)
    ways.activate(page, happy)
    page.context.clear_cookies()
    ways.open_activation(page, happy.email)
    ways.heading(page, "Your account is already active")
    look(page, "/activate/")
    ways.open_activation(page, unhappy.email)
    ways.accept(page)
    for _ in range(3):
        ways.say_birth_date(page, unhappy.born._replace(day=1))
        page.wait_for_load_state("load")
    ways.heading(page, "This link was closed")
    look(page, "/activate/date-of-birth")


@pytest.mark.long
def test_a_new_password_by_e_mail(town: Town, phone: Phone) -> None:
    page = phone(town.url, **CALM)
    page.goto("/forgotten-password")
    typed({"E-mail address": "client7@example.org"}, "Send me the link")(page)
    ways.open_letter(page, "client7@example.org", "Choose a new password")
    link = page.get_by_role("main").get_by_role("link", name="/reset/").get_attribute("href")
    page.goto(link)
    look(page, "/reset/")
    typed({"New password": "short"}, "Save the new password")(page)
    look(page, "/reset/")
    typed({"New password": "three lemons on a tray"}, "Save the new password")(page)
    ways.heading(page, "Sign in")
    look(page, "/sign-in")
    page.goto(link)
    ways.heading(page, "This link no longer works")
    look(page, "/reset/")


@pytest.mark.long
def test_locked_out_and_in_again(town: Town, phone: Phone) -> None:
    page = phone(town.url, **CALM)
    for _ in range(5):
        page.goto("/sign-in")
        typed({"E-mail address": "client21@example.org", "Password": "no such password"}, "Sign in")(page)
    ways.open_letter(page, "client21@example.org", "A wrong password, several times")
    look(page, "/dev/mail/<name>")
    link = page.get_by_role("main").get_by_role("link", name="/unlock/").get_attribute("href")
    page.goto(link)
    look(page, "/unlock/")
    ways.press(page, "Unlock")
    ways.heading(page, "Sign in")
    look(page, "/sign-in")
    page.goto(link)
    ways.heading(page, "Your sign-in is unlocked")
    look(page, "/unlock/")


@pytest.mark.long
def test_another_address_and_back(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of("client20@example.org", browser), **CALM)
    page.goto("/my-portal/address")
    typed({"New e-mail address": "twenty@example.org", "Current password": PASSWORD}, "Send the code")(page)
    ways.heading(page, "Enter the code")
    look(page, "/my-portal/address/code")
    page.goto("/my-portal/address")
    look(page, "/my-portal/address")
    ways.open_letter(page, "twenty@example.org", "Your code")
    look(page, "/dev/mail/<name>")
    code = page.get_by_text(CODE).first.inner_text()
    page.goto("/my-portal/address/code")
    typed({"Code from the e-mail": "12"}, "Use this address")(page)
    look(page, "/my-portal/address/code")
    typed({"Code from the e-mail": code}, "Use this address")(page)
    ways.heading(page, "My Portal")
    look(page, "/my-portal/")
    ways.open_letter(page, "client20@example.org", "Your sign-in address was changed")
    look(page, "/dev/mail/<name>")
    link = page.get_by_role("main").get_by_role("link", name="/former-address/").get_attribute("href")
    page.goto(link)
    look(page, "/former-address/")
    ways.press(page, "Put my address back")
    ways.heading(page, "Choose a new password")
    page.goto(link)
    ways.heading(page, "This was done before")
    look(page, "/former-address/")


@pytest.mark.parametrize("path", ["/sign-in", "/", "/about-me/", "/my-portal/"])
def test_a_page_from_right_to_left(path: str, town: Town, phone: Phone, browser: Browser) -> None:
    """The catalogue of Arabic is not there yet: the page is turned round by hand."""
    page = phone(town.url, storage_state=town.cookies_of(CLIENT, browser) if path != "/sign-in" else None, **CALM)
    page.goto(path)
    page.evaluate("document.documentElement.dir = 'rtl'")
    look(page, path)


def test_no_page_is_left_out(town: Town) -> None:
    looked_at_below = {REQUESTS + "<event_id>/", RECORD + "changes/<change_id>/refusal", "/admin/tasks/<public_id>/", WORKERS + "<public_id>/withdrawal"}
    routes = {row["route"] for row in json.loads(town.command("audiences", "--json")) if "GET" in row["methods"]}
    looked_at = {state.route for state in ANYBODY + CLIENTS + STAFF + EMPTY}
    assert routes - looked_at - ACTIVATION - RESET - TERMS - SECOND_STEP - LETTERS - REQUESTING - MESSAGES - FIRST_START - NO_PAGES - looked_at_below == set()


# ---------------------------------------------------------------- budgets

HEADERS = 1_000  # bytes that an answer's headers take

SHIFTS = """() => new Promise((tell) => {
  let moved = 0;
  new PerformanceObserver((seen) => seen.getEntries().forEach((shift) => { moved += shift.value; }))
    .observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => tell(moved))));
})"""


def test_home_does_not_move_while_it_loads(town: Town, phone: Phone, browser: Browser) -> None:
    page = phone(town.url, storage_state=town.cookies_of(CLIENT, browser))
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto("/", wait_until="networkidle")
    assert page.evaluate(SHIFTS) <= 0.01
    page.evaluate("document.querySelector('main').style.marginTop = '300px'")
    assert page.evaluate(SHIFTS) > 0.01, "the measure sees nothing"


def test_home_is_light(town: Town, phone: Phone, browser: Browser) -> None:
    """Everything that the first visit loads, with the service worker and what it fetches (spec 02, budgets)."""
    page = phone(town.url, storage_state=town.cookies_of(CLIENT, browser), service_workers="allow")
    answers: dict[str, Response] = {}
    page.context.on("response", lambda answer: answers.setdefault(answer.url, answer))
    page.goto("/", wait_until="networkidle")
    ways.until(lambda: any(url.startswith(f"{town.url}/offline") for url in answers), "the service worker's first fetch")
    page.wait_for_load_state("networkidle")
    sizes = {url: _carried(answer) for url, answer in answers.items() if "manifest" not in url}
    assert len(sizes) <= 8, sizes
    assert sum(sizes.values()) <= 60_000, sizes
    assert sum(size for url, size in sizes.items() if "/static/app.js" in url) <= 5_000 + HEADERS, sizes
    assert len(gzip.compress((ROOT / "static" / "sw.js").read_bytes(), 9)) <= 3_000


def _carried(answer: Response) -> int:
    """Bytes over the network; a static file as compressed as script/run lays it beside (where it did not run yet)."""
    sizes, is_static = answer.request.sizes(), "/static/" in answer.url
    body = answer.body() if is_static and "content-encoding" not in answer.headers else b""
    return sizes["responseHeadersSize"] + (len(gzip.compress(body, 9)) if body else max(sizes["responseBodySize"], 0))
