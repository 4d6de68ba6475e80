"""What people do with the portal: the same words for every test, by what they see and touch."""

import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyotp
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

PHONE = {
    "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2,
    "locale": "en-CA", "timezone_id": "America/Halifax", "service_workers": "block",
}  # fmt: skip
DESK = {"viewport": {"width": 1280, "height": 800}, "is_mobile": False, "has_touch": False, "device_scale_factor": 1}

ADA = "ada@example.org"
ADAS_PASSWORD = "seven lemons on a sill"
CLIENTS_PASSWORD = "tea with honey at four"


class Born(NamedTuple):
    """A date of birth as people say it."""

    day: int
    month: int
    year: int


class Person(NamedTuple):
    """A client as staff know them."""

    first: str
    last: str
    email: str
    born: Born

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


# ---------------------------------------------------------------- eyes and ears

# Playwright's own words, and Chromium's when one page replaces another before their transition was over.
EXPECTED = "Service Worker registration blocked by Playwright|Transition was (aborted|skipped)"
VIOLATIONS = """addEventListener('securitypolicyviolation', (broken) => {
  console.error('CSP', broken.violatedDirective, broken.blockedURI);
});"""


def listen(context: BrowserContext, heard: list[str], ignoring: str = "") -> None:
    """Write down every error, warning and broken rule of every page; an expected refusal (404, 410, 422) is none."""
    context.add_init_script(VIOLATIONS)

    expected = EXPECTED + (f"|{ignoring}" if ignoring else "")

    def note(text: str) -> None:
        if not re.search(expected, text):
            heard.append(text)

    def on_console(message: ConsoleMessage) -> None:
        place = message.location.get("url", "")
        is_refusal = re.match(r"Failed to load resource: .* status of 4\d\d", message.text) and "/static/" not in place
        if message.type in ("error", "warning") and not is_refusal:
            note(f"{message.type} on {message.page.url if message.page else place}: {message.text}")

    context.on("console", on_console)
    context.on("weberror", lambda fault: note(f"exception on {fault.page.url if fault.page else ''}: {fault.error}"))


def until(is_so: Callable[[], Any], what: str, seconds: float = 25) -> Any:
    """Look again until it is so; what was seen then."""
    end = time.monotonic() + seconds
    while not (seen := is_so()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds:.0f} seconds"
    return seen


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    """The page is the one with this heading."""
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def press(page: Page, name: str) -> None:
    """Press the button, or follow the link that looks like one."""
    main = page.get_by_role("main")
    main.get_by_role("button", name=name, exact=True).or_(main.get_by_role("link", name=name, exact=True)).first.click()


# ---------------------------------------------------------------- the first start


def first_start(page: Page, code: str) -> None:
    """From the code in the terminal to a portal that is switched on, typed by hand."""
    page.goto("/")
    heading(page, "Welcome to your portal")
    become_admin(page, code)
    describe_agency(page)
    expect(page.get_by_label("Privacy policy")).to_have_value(re.compile("Harbour Family Services"))
    press(page, "Publish and continue")
    heading(page, "Everything is ready")
    press(page, "Switch the portal on")
    heading(page, "Setup")


def become_admin(page: Page, code: str) -> None:
    """The first step: who looks after it."""
    for label, text in (("Code", code), ("First name", "Ada"), ("Last name", "Ames"), ("E-mail address", ADA)):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label("Password", exact=True).fill(ADAS_PASSWORD)
    press(page, "Continue")
    heading(page, "Your agency")


def describe_agency(page: Page) -> None:
    """The second step: name, place, telephone."""
    for label, text in (
        ("Name of the agency", "Harbour Family Services"), ("Short name", "Harbour"),
        ("Name of the main site", "Main Street"), ("Address", "12 Main Street\nHalifax"),
        ("Phone number that clients call", "+1 902 555 0100"),
        ("Emergency line", "If you are in danger, call 911."),
    ):  # fmt: skip
        page.get_by_label(re.compile(f"^{label}")).fill(text)
    page.get_by_label("Country").select_option("CA")
    page.get_by_label("Time zone").select_option("America/Halifax")
    press(page, "Continue")
    heading(page, "Privacy and terms")


# ---------------------------------------------------------------- signing in and out


def sign_in(page: Page, email: str, password: str) -> None:
    """Open the portal and sign in."""
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    press(page, "Sign in")


def set_up_app(page: Page) -> str:
    """A worker sets up their app at the first sign-in; its secret, as it is typed into one."""
    heading(page, "Set up your app")
    secret = secret_shown(page)
    type_code(page, secret, "Continue")
    heading(page, "Recovery codes")
    return secret


def secret_shown(page: Page) -> str:
    """The letters that stand below the picture for the app."""
    return page.locator(".secret").inner_text().replace(" ", "")


def type_code(page: Page, secret: str, button: str, ahead: int = 0) -> None:
    """What the app shows now, or so many steps later: a portal takes each code once, and the next one already."""
    page.get_by_label(re.compile("^Six digits")).fill(pyotp.TOTP(secret).at(int(time.time()) + 30 * ahead))
    press(page, button)


def sign_out(page: Page) -> None:
    """A client signs out in My Portal."""
    page.goto("/my-portal/")
    press(page, "Sign out")
    heading(page, "Sign in")


# ---------------------------------------------------------------- staff


def find_person(page: Page, name: str) -> None:
    """Staff search somebody by name and open the record."""
    page.goto("/admin/individuals/")
    page.get_by_role("searchbox").fill(name)
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("main").get_by_role("link", name=name).click()
    heading(page, name)


def invite(page: Page, person: Person) -> None:
    """Staff create an account for somebody; the activation goes out."""
    find_person(page, person.name)
    press(page, "Create an account")
    expect(page.get_by_label("E-mail address")).to_have_value(person.email)
    press(page, "Send the activation")
    expect(page.get_by_text("The activation is on its way.")).to_be_visible()


# ---------------------------------------------------------------- mail


def open_letter(page: Page, to: str, subject: str, *, beyond: int = 0) -> None:
    """Open the newest message with a subject to somebody, once more than ``beyond`` of them have come."""
    rows = page.get_by_role("link").filter(has_text=subject).filter(has_text=to)
    until(lambda: page.goto("/dev/mail") and rows.count() > beyond, f"“{subject}” to {to}")
    rows.first.click()
    heading(page, subject)


def open_activation(page: Page, to: str, *, beyond: int = 0) -> None:
    """Follow the link of the newest activation."""
    open_letter(page, to, "Your portal is ready", beyond=beyond)
    page.get_by_role("main").get_by_role("link", name="/activate/").click()


# ---------------------------------------------------------------- clients


def accept(page: Page) -> None:
    """Step 1: the terms."""
    expect(page.get_by_text("Step 1 of 4")).to_be_visible()
    page.get_by_label("I accept the privacy policy and the terms of use").check()
    press(page, "Continue")
    expect(page.get_by_text("Step 2 of 4")).to_be_visible()


def say_birth_date(page: Page, born: Born) -> None:
    """Step 2: the date of birth, right or wrong."""
    for label, number in (("Day", born.day), ("Month", born.month), ("Year", born.year)):
        page.get_by_label(label, exact=True).fill(str(number))
    press(page, "Continue")


def choose_password(page: Page, password: str = CLIENTS_PASSWORD) -> None:
    """Step 3: the password."""
    expect(page.get_by_text("Step 3 of 4")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(password)
    press(page, "Activate my account")


def activate(page: Page, person: Person) -> None:
    """All four steps, from the opened link to home."""
    accept(page)
    say_birth_date(page, person.born)
    choose_password(page)
    expect(page.get_by_text("Step 4 of 4")).to_be_visible()
    press(page, "Go to my portal")
    heading(page, re.compile(rf"^Good (morning|afternoon|evening), {person.first}$"))


# ---------------------------------------------------------------- what no page offers yet


def decide(data: Path, **choices: int | str) -> None:
    """The agency has decided so."""
    with sqlite3.connect(data / "doorstep.db") as database:
        database.executemany("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)",
                             [(key, str(value)) for key, value in choices.items()])  # fmt: skip
    database.close()


def age_newest_session(data: Path, *, hours: int) -> None:
    """As if who signed in last had not tapped anything for so long; those whom other tests share stay."""
    with sqlite3.connect(data / "doorstep.db") as database:
        database.execute("UPDATE login_session SET seen_at = datetime(seen_at, ?) WHERE id = (SELECT MAX(id) FROM login_session)", (f"-{hours} hours",))
    database.close()


def speak_english(data: Path) -> None:
    """Nobody of the made-up agency has a language of their own: pages follow the browser's."""
    with sqlite3.connect(data / "doorstep.db") as database:
        database.execute("UPDATE individual SET language = ''")
    database.close()
