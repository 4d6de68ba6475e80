"""The first start: from an empty portal to one that is switched on."""

import re

import pyotp
import pytest
from pages.conftest import PRODUCTION, SMTP, Browser, Mailbox, text_of

from domain import agency, links, starting_texts, store
from models import PAGE_SLUGS, Agency, AuditEntry, PageVersion, Site, Worker

ADMIN = {
    "first_name": "Ada", "last_name": "Ames", "email": "ada@example.org", "password": "nine quiet otters swim",
}  # fmt: skip
AGENCY = {
    "name": "Harbour Family Services", "short_name": "Harbour", "site_name": "Main Street",
    "address": "12 Main Street\nHalifax", "phone": "+1 902-555-0100", "country": "CA",
    "time_zone": "America/Halifax", "emergency_line": "In an emergency call 911.",
}  # fmt: skip


def code():
    return links.letters(agency.first_start_link())


@pytest.fixture
def somebody(app):
    return Browser(app)


@pytest.fixture
def ada(somebody):
    """Ada, once she is the first administrator."""
    somebody.open("/")
    somebody.press("Continue", code=code(), **ADMIN)
    return somebody


def make_ready(browser):
    browser.open("/admin/first-start/")
    browser.press("Continue", **AGENCY)
    return browser.press("Publish and continue")


# ---------------------------------------------------------------- the first page


@pytest.mark.parametrize("path", ["/", "/about-me/", "/my-portal/password", "/admin/", "/admin/individuals/", "/activate/"])
def test_an_empty_portal_leads_everybody_to_its_first_page(somebody, path):
    page = somebody.open(path)
    assert page.path == "/first-start/"
    assert page.heading == "Welcome to your portal"
    assert "Step 1 of 4" in page


def test_a_fragment_of_an_empty_portal_leads_there_as_a_whole_page(somebody):
    answer = somebody.ask("/admin/individuals/", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.headers["HX-Redirect"] == "/first-start/"
    assert answer.body == b""


@pytest.mark.parametrize("path", ["/sign-in", "/forgotten-password", "/offline", *(f"/pages/{slug}" for slug in PAGE_SLUGS)])
def test_an_empty_portal_has_its_public_pages_all_the_same(somebody, path):
    assert somebody.open(path).status == 200


def test_a_wrong_code_makes_nobody_an_administrator(somebody):
    somebody.open("/first-start/")
    page = somebody.press("Continue", code="AAAA-BBBB-CCCC", **ADMIN)
    assert page.status == 422
    assert page.problems == ["This is not the code. It stands in the window where the portal was started."]
    assert not Worker.select().exists()
    kept = page.form("Continue").values
    assert {name: kept[name] for name in ("first_name", "last_name", "email")} == {
        "first_name": "Ada", "last_name": "Ames", "email": "ada@example.org",
    }  # fmt: skip
    assert kept["password"] == ""


def test_an_empty_first_page_names_everything_that_is_missing(somebody):
    somebody.open("/first-start/")
    assert somebody.press("Continue").problems == [
        "Enter the code.", "Enter your first name.", "Enter your last name.", "Enter your e-mail address.", "Choose a password.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "typed"),
    [("email", "ada"), ("password", "short"), ("password", "ada ames ada ames"), ("password", "password1234"), ("first_name", "A" * 201)],
)
def test_what_cannot_be_is_refused_and_the_code_still_works(somebody, field, typed):
    somebody.open("/first-start/")
    assert somebody.press("Continue", {"code": code(), **ADMIN, field: typed}).status == 422
    assert not Worker.select().exists()
    somebody.press("Continue", {"code": code(), **ADMIN})
    assert Worker.get().group == "system_admin"


@pytest.mark.parametrize("spelling", ["as it stands", "small letters", "no dashes", "spaces around"])
def test_the_code_may_be_typed_in_any_of_these_ways(somebody, spelling):
    typed = {
        "as it stands": str, "small letters": str.lower, "no dashes": lambda c: c.replace("-", ""),
        "spaces around": lambda c: f"  {c} ",
    }[spelling](code())  # fmt: skip
    somebody.open("/")
    somebody.press("Continue", code=typed, **ADMIN)
    assert Worker.get().email == "ada@example.org"


def test_the_right_code_makes_the_administrator_and_leads_on(ada):
    worker = Worker.get()
    assert (worker.name, worker.email, worker.group) == ("Ada Ames", "ada@example.org", "system_admin")
    assert ada.page.path == "/admin/first-start/agency"
    assert "Step 2 of 4" in ada.page
    assert AuditEntry.select().where(AuditEntry.kind == "agency.first_admin").count() == 1


def test_the_code_works_once(app, somebody):
    spent, second = code(), Browser(app)
    second.open("/first-start/")
    somebody.open("/first-start/")
    somebody.press("Continue", code=spent, **ADMIN)
    page = second.press("Continue", code=spent, **{**ADMIN, "email": "mallory@example.org"})
    assert page.status == 422
    assert [worker.email for worker in Worker.select()] == ["ada@example.org"]


def test_of_eight_who_type_the_code_at_once_one_becomes_the_administrator(app, at_once):
    spent, eight = code(), [Browser(app) for _ in range(8)]
    forms = []
    for number, browser in enumerate(eight):
        form = browser.open("/first-start/").form("Continue")
        forms.append(form.filled({"code": spent, **ADMIN, "email": f"person{number}@example.org"}))
    answers = at_once([lambda b=b, f=f: b.send("/first-start/", f) for b, f in zip(eight, forms, strict=True)])
    assert sorted(answer.status for answer in answers) == [303] + [422] * 7
    assert Worker.select().count() == 1


def test_guessing_the_code_ends_after_twenty_tries_from_one_network(somebody):
    somebody.open("/first-start/")
    for _ in range(20):
        somebody.press("Continue", code="AAAA-BBBB-CCCC", **ADMIN)
    page = somebody.press("Continue", code=code(), **ADMIN)
    assert page.problems == ["Too many tries. Wait an hour."]
    assert not Worker.select().exists()


def test_the_first_page_is_over_once_there_is_an_administrator(app, ada):
    assert ada.open("/first-start/").path == "/admin/first-start/agency"
    assert Browser(app).open("/first-start/").path.startswith("/sign-in")


def test_the_administrator_may_sign_in_again_before_the_portal_is_on(app, ada):
    again = Browser(app)
    page = again.sign_in("ada@example.org", ADMIN["password"])
    assert page.heading == "Set up your app"  # it was not asked for while they set the portal up
    secret = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', page.html).group(1).replace(" ", "")
    again.press("Continue", code=pyotp.TOTP(secret).now())
    assert again.press("I have kept them").path == "/admin/first-start/agency"


# ---------------------------------------------------------------- the steps


def test_the_steps_come_in_their_order(ada):
    assert ada.page.path == "/admin/first-start/agency"
    assert ada.open("/admin/first-start/on").path == "/admin/first-start/agency"
    ada.press("Continue", **AGENCY)
    assert ada.page.path == "/admin/first-start/pages"
    assert "Step 3 of 4" in ada.page
    assert ada.open("/admin/first-start/on").path == "/admin/first-start/pages"
    ada.press("Publish and continue")
    assert ada.page.path == "/admin/first-start/on"
    assert "Step 4 of 4" in ada.page
    ada.press("Switch the portal on")
    assert ada.page.path == "/admin/settings/"
    assert "The portal is on. Now bring in your first client." in ada.page


def test_pages_cannot_be_published_before_the_agency_has_a_name(ada):
    ada.open("/admin/first-start/pages")
    page = ada.press("Publish and continue")
    assert page.status == 422
    assert page.problems == ["Finish the steps before this one first."]
    assert not PageVersion.select().exists()


def test_the_portal_cannot_be_switched_on_out_of_order(ada):
    answer = ada.send("/admin/first-start/on", {"csrf_token": ada.token})
    assert (answer.status, answer.location) == (303, "/admin/first-start/")
    assert not agency.is_on(mail_test_needed=False)


def test_the_agency_is_kept_as_it_was_typed_and_can_be_corrected(ada):
    ada.press("Continue", **AGENCY)
    house, site = Agency.get(), Site.get()
    assert (house.name, house.short_name, house.country) == ("Harbour Family Services", "Harbour", "CA")
    assert house.emergency_line == "In an emergency call 911."
    assert (site.name, site.phone, site.time_zone) == ("Main Street", "+1 902-555-0100", "America/Halifax")
    assert site.address.splitlines() == ["12 Main Street", "Halifax"]
    page = ada.open("/admin/first-start/agency")
    assert page.form("Continue").values["time_zone"] == "America/Halifax"
    ada.press("Continue", name="Harbour Services")
    assert Agency.get().name == "Harbour Services"
    assert Site.select().count() == 1


@pytest.mark.parametrize("field", ["name", "short_name", "site_name", "phone", "country", "emergency_line"])
def test_an_agency_needs_its_particulars(ada, field):
    page = ada.press("Continue", {**AGENCY, field: "" if field == "country" else "   "})
    assert page.status == 422
    assert len(page.problems) == 1
    assert page.form("Continue").values["address"].splitlines() == ["12 Main Street", "Halifax"]
    assert Agency.get_or_none() is None


def test_the_agencys_page_names_everything_that_is_wrong_at_once(ada):
    wrong = {"name": " ", "short_name": "H" * 31, "phone": "call us", "emergency_line": "", "country": "", "time_zone": ""}
    page = ada.press("Continue", {**AGENCY, **wrong})
    assert page.problems == [
        "Enter the name.", "Use at most 30 characters.", "Enter the phone number that clients call.", "Choose a country.",
        "Choose a time zone.", "Write what to do in danger.",
    ]  # fmt: skip
    assert "There are 6 things to check" in page


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "EST5EDT\x00"])
def test_a_time_zone_that_does_not_exist_is_refused(ada, zone):
    values = ada.page.form("Continue").filled({k: v for k, v in AGENCY.items() if k != "time_zone"})
    assert ada.send("/admin/first-start/agency", {**values, "time_zone": zone}).status == 422
    assert Agency.get_or_none() is None


def test_the_texts_that_are_offered_name_the_agency(ada):
    ada.press("Continue", **AGENCY)
    offered = ada.page.form("Publish and continue").values
    assert "Harbour Family Services" in offered["privacy"]
    assert "{agency}" not in offered["privacy"] + offered["terms"]


def test_what_the_agency_wrote_is_published_and_the_other_pages_get_their_text(ada):
    ada.press("Continue", **AGENCY)
    ada.press("Publish and continue", privacy="# We keep little\n\nAlmost nothing.", terms="# Be kind")
    assert {page.slug for page in PageVersion.select()} == set(PAGE_SLUGS)
    assert "Almost nothing." in ada.open("/pages/privacy")
    assert "Be kind" in ada.open("/pages/terms")
    assert "+1 902-555-0100" in ada.open("/pages/contact")


@pytest.mark.parametrize("field", ["privacy", "terms"])
def test_neither_text_may_be_empty(ada, field):
    ada.press("Continue", **AGENCY)
    page = ada.press("Publish and continue", {field: "  \n "})
    assert page.status == 422
    assert not PageVersion.select().exists()


def test_publishing_twice_makes_no_second_version(ada):
    make_ready(ada)
    ada.open("/admin/first-start/pages")
    ada.press("Publish and continue", terms=starting_texts.offered(agency.particulars())["terms"])
    assert PageVersion.select().where(PageVersion.slug == "terms").count() == 1


# ---------------------------------------------------------------- switching on


def test_clients_come_in_only_once_the_portal_is_on(app, ada):
    make_ready(ada)
    assert Browser(app).open("/").path.startswith("/sign-in")  # the first start belongs to its administrator now
    ada.press("Switch the portal on")
    assert agency.is_on(mail_test_needed=False)
    page = Browser(app).open("/")
    assert page.path == "/sign-in"
    assert "Harbour Family Services" in page
    assert "In an emergency call 911." in page
    assert "+1 902-555-0100" in page


def test_the_first_start_is_over_once_the_portal_is_on(ada):
    make_ready(ada)
    ada.press("Switch the portal on")
    for path in ("/first-start/", "/admin/first-start/", "/admin/first-start/on"):
        assert ada.open(path).path == "/admin/"


def test_switching_on_twice_is_noted_once(ada):
    make_ready(ada)
    values = ada.page.form("Switch the portal on").values
    for _ in range(2):
        assert ada.send("/admin/first-start/on", {"csrf_token": values["csrf_token"]}).status == 303
    assert AuditEntry.select().where(AuditEntry.kind == "agency.switched_on").count() == 1


# ---------------------------------------------------------------- the code by e-mail, in production


@pytest.fixture
def agency_start(production):
    """Ada in production, before the last but one step, and the mail that goes out."""
    browser, box = Browser(production), Mailbox(production.extensions["doorstep"].mailbox, "https://portal.example.org")
    browser.open("/")
    assert "Step 1 of 5" in browser.page
    browser.press("Continue", code=code(), **ADMIN)
    make_ready(browser)
    return browser, box


def code_in(message):
    return re.search(r"^(\d{3} \d{3})$", text_of(message), re.M).group(1)


def test_in_production_the_portal_is_on_only_after_a_mail_arrived(agency_start):
    ada, box = agency_start
    assert ada.page.path == "/admin/first-start/mail"
    assert "Step 4 of 5" in ada.page
    assert "ada@example.org" in ada.page
    assert ada.open("/admin/first-start/on").path == "/admin/first-start/mail"
    ada.press("Send the test")
    assert "A test is on its way." in ada.page
    page = ada.press("Continue", code="000 000")
    assert page.status == 422
    assert "This is not the code of the newest test e-mail." in page
    ada.press("Continue", code=code_in(box.newest("ada@example.org")))
    assert ada.page.path == "/admin/first-start/on"
    assert "Step 5 of 5" in ada.page
    ada.press("Switch the portal on")
    assert agency.is_on(mail_test_needed=True)


def test_the_code_of_an_earlier_test_no_longer_works(agency_start, frozen):
    frozen()
    ada, box = agency_start
    ada.press("Send the test")
    first = code_in(box.newest("ada@example.org"))
    assert "A test was sent less than a minute ago." in ada.press("Send another test")
    assert code_in(box.newest("ada@example.org")) == first
    frozen.shift(seconds=60)
    ada.press("Send another test")
    newest = code_in(box.newest("ada@example.org"))
    assert first != newest
    assert ada.press("Continue", code=first).status == 422
    assert ada.press("Continue", code=newest.replace(" ", "")).path == "/admin/first-start/on"


def test_the_code_of_the_test_works_for_ten_minutes(agency_start, frozen):
    ada, box = agency_start
    frozen()
    ada.press("Send the test")
    late = code_in(box.newest("ada@example.org"))
    frozen.shift(minutes=10)
    assert ada.press("Continue", code=late).status == 422
    assert Agency.get().mail_tested_at is None


def test_a_mail_server_that_refuses_the_test_is_quoted(agency_start):
    ada, _ = agency_start
    ada.press("Send the test")
    from domain import notices
    from gateways.mail import Outcome, Verdict

    notices.settle(notices.claim(), Outcome(Verdict.REFUSED, 550, "550 we do not relay", False))
    page = ada.open("/admin/first-start/mail")
    assert "The mail server refused the test:" in page
    assert "550 we do not relay" in page


def test_production_cannot_be_switched_on_around_the_mail_step(agency_start):
    ada, _ = agency_start
    answer = ada.send("/admin/first-start/on", {"csrf_token": ada.page.form("Send the test").values["csrf_token"]})
    assert answer.status == 303
    assert not agency.is_on(mail_test_needed=False)


def test_a_mail_that_never_left_the_developers_mailbox_shows_nothing(ada, mailbox):
    make_ready(ada)
    ada.open("/admin/first-start/mail")
    ada.press("Send the test")
    assert ada.press("Continue", code=code_in(mailbox.newest("ada@example.org"))).path == "/admin/first-start/on"
    assert Agency.get().mail_tested_at is None


# ---------------------------------------------------------------- switched on in development, moved to production


@pytest.fixture
def moved(cast, make_app):
    """The portal of the cast as an agency runs it, on what a developer left: switched on, and no e-mail ever arrived."""
    with store.writing():
        Agency.update(mail_tested_at=None).execute()
    return make_app(portal_url=PRODUCTION, development=False, smtp=SMTP)


def test_a_portal_that_was_switched_on_in_development_is_on_there(cast, app):
    with store.writing():
        Agency.update(mail_tested_at=None).execute()
    assert Browser(app, "alice").open("/").path == "/"


@pytest.mark.parametrize("name", ["alice", "dora", "finn"])
def test_in_production_it_is_not_open_yet_for_anybody_but_who_sets_it_up(moved, cast, name):
    assert Browser(moved).open("/about-me/").path.startswith("/sign-in")
    for somebody in (Browser(moved, name), Browser(moved)):
        if not somebody.open("/my-portal/").path.startswith("/first-start/"):
            somebody.press("Sign in", email=cast.email_of(name), password=cast.password_of(name))
        for path in ("/", "/about-me/", "/my-portal/", "/admin/", f"/admin/individuals/{cast.alice.public_id}/"):
            page = somebody.open(path)
            assert (page.path, page.heading) == ("/first-start/", "The portal is not open yet")
        assert "Alice" not in page.main
        assert somebody.press("Sign out").path == "/sign-in"


def test_in_production_ada_is_led_to_the_mail_and_switches_it_on_again(moved, cast):
    ada, alice = Browser(moved, "ada"), Browser(moved, "alice")
    box = Mailbox(moved.extensions["doorstep"].mailbox, PRODUCTION)
    assert ada.open("/admin/").path == "/admin/first-start/mail"
    assert "Step 4 of 5" in ada.page
    assert ada.send("/admin/first-start/on", {"csrf_token": ada.token}).location == "/admin/first-start/"
    ada.press("Send the test")
    ada.press("Continue", code=code_in(box.newest("ada@example.org")))
    assert (ada.page.path, ada.page.heading) == ("/admin/first-start/on", "Everything is ready")
    assert alice.open("/").path == "/first-start/"
    assert ada.press("Switch the portal on").path == "/admin/settings/"
    assert alice.open("/").path == "/"
    assert AuditEntry.select().where(AuditEntry.kind == "agency.switched_on").count() == 2


def test_a_second_test_does_not_switch_a_portal_off(production, cast):
    ada = Browser(production, "ada")
    box = Mailbox(production.extensions["doorstep"].mailbox, PRODUCTION)
    ada.open("/admin/first-start/mail")
    ada.press("Send the test")
    assert ada.press("Continue", code=code_in(box.newest("ada@example.org"))).path == "/admin/"
    assert Browser(production, "alice").open("/").path == "/"


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("step", ["", "agency", "pages", "mail", "on"])
def test_the_steps_are_nobody_elses_business(app, somebody, step):
    assert somebody.open(f"/admin/first-start/{step}").path.partition("?")[0] == "/sign-in"


def test_before_the_portal_is_on_a_stranger_is_led_to_the_first_start_and_from_there_to_sign_in(app, ada):
    page = Browser(app).open("/about-me/")
    assert page.path.startswith("/sign-in")
