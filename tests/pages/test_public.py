"""What anybody may open: the agency's pages, the shell of the app, whether the portal is well; and what is not there."""

import json

import pytest
from pages.conftest import Browser
from werkzeug.datastructures import MultiDict

import models
from domain import agency
from domain.actor import SYSTEM
from models import PAGE_SLUGS

pytestmark = pytest.mark.usefixtures("cast")

TITLES = {
    "privacy": "Privacy policy", "terms": "Terms of use", "help": "Help", "technical": "Technical problems", "contact": "Contact",
}  # fmt: skip


@pytest.mark.parametrize("slug", PAGE_SLUGS)
@pytest.mark.parametrize("name", ["", "alice", "dora"])
def test_everybody_may_read_the_agencys_pages(browse, slug, name):
    page = browse(name).open(f"/pages/{slug}")
    assert page.heading == TITLES[slug]
    assert f"Our {slug} page" in page
    assert "This is what it says." in page


def test_every_page_has_the_whole_foot(browse):
    page = browse().open("/pages/terms")
    assert {page.links[title] for title in TITLES.values()} == {f"/pages/{slug}" for slug in PAGE_SLUGS}
    for sentence in ("Harbour Family Services", "12 Main Street", "Halifax", "+1 902-555-0100", "In an emergency call 911."):
        assert sentence in page
    assert page.links["+1 902-555-0100"] == "tel:+19025550100"


def test_a_new_text_shows_at_once(browse):
    browser = browse()
    browser.open("/pages/help")
    agency.publish("help", "en", "# Ask Dora\n\nShe knows.", SYSTEM)
    page = browser.open("/pages/help")
    assert "She knows." in page
    assert page.heading == "Help"


@pytest.mark.parametrize("slug", ["nothing", "Privacy", "privacy ", "..%2f..%2fetc%2fpasswd", "%00", "1"])
def test_a_page_that_the_agency_does_not_have_is_not_there(browse, slug):
    assert browse().open(f"/pages/{slug}").status == 404


def test_there_is_one_friendly_page_for_what_is_not_there(browse):
    for name in ("", "alice", "dora"):
        page = browse(name).open("/no/such/place")
        assert (page.status, page.heading) == (404, "There is nothing here")
        assert "Go to the first page" in page.links
        assert "+1 902-555-0100" in page


def test_a_wrong_method_is_answered_in_words(browse):
    answer = browse().ask("/pages/help", method="DELETE")
    assert (answer.status, answer.heading) == (405, "That did not work")
    assert set(answer.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(
    "masses",
    [{"email": "x" * 1_000_000}, {"email": "ä" * 200_000}, [("x", "1")] * 1001, [(f"x{n}", "1") for n in range(10_000)]],
    ids=["a megabyte", "a megabyte once it is encoded", "a thousand of one field", "ten thousand fields"],
)
def test_a_body_that_is_too_large_is_answered_in_words(browse, masses):
    browser = browse()
    words = masses if isinstance(masses, list) else list(masses.items())
    fields = MultiDict([*words, ("csrf_token", browser.token), ("password", "y")])
    answer = browser.send("/sign-in", fields)
    assert (answer.status, answer.heading) == (413, "That is too large")


def test_two_long_pages_in_any_script_are_not_too_large(browse):
    ada = browse("ada")
    form = ada.open("/admin/first-start/pages").form("Publish and continue")
    answer = ada.send(form.action, form.filled({"privacy": "س" * 50_000, "terms": "س" * 50_000}))
    assert answer.status == 303


def test_a_form_that_lost_its_token_keeps_what_was_typed(browse, cast):
    ines = browse("ines")
    form = ines.open(f"/admin/individuals/{cast.pia.public_id}/edit").form("Save")
    values = form.filled({"first_name": "Olympia"}) | {"csrf_token": "stale"}
    answer = ines.send(form.action, values)
    assert (answer.status, answer.heading) == (400, "Please send this again")
    ines.page = answer
    page = ines.press("Try again")
    assert "Saved." in page
    assert cast.pia.first_name == "Olympia"


def test_a_password_is_never_repeated_by_an_error_page(browse):
    browser = browse()
    answer = browser.send("/sign-in", {"csrf_token": "stale", "email": "alice@example.org", "password": "my secret words"})
    assert answer.status == 400
    assert "my secret words" not in answer.html
    assert [form.action for form in answer.forms] == ["/language"]


def test_when_the_database_is_gone_there_is_still_a_page(app, browse, tmp_path):
    from domain import store

    browser, opened = browse(), models.db.obj
    try:
        store.open_database(f"sqlite:///{tmp_path / 'nowhere' / 'at-all.db'}")
        answer = browser.ask("/sign-in")
    finally:
        models.db.initialize(opened)
    assert answer.status == 503
    assert answer.heading == "Something went wrong"
    assert answer.headers["Content-Security-Policy"]


# ---------------------------------------------------------------- the shell of the app


def test_the_manifest_carries_the_agencys_name(browse):
    answer = browse().ask("/manifest.webmanifest")
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    told = json.loads(answer.body)
    assert (told["name"], told["short_name"], told["id"], told["scope"]) == ("Harbour Family Services", "Harbour", "/", "/")
    assert {(icon["sizes"], icon["purpose"]) for icon in told["icons"]} == {
        ("192x192", "any"), ("512x512", "any"), ("512x512", "maskable"),
    }  # fmt: skip
    for icon in told["icons"]:
        assert browse().ask(icon["src"]).headers["Content-Type"] == "image/png"


def test_the_manifest_of_a_portal_without_an_agency_has_a_name_all_the_same(app):
    with models.db.atomic():
        models.Agency.delete().execute()
    assert json.loads(Browser(app).ask("/manifest.webmanifest").body)["name"] == "Client portal"


def test_the_service_worker_is_asked_for_anew_each_time(browse):
    answer = browse().ask("/sw.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"


def test_the_offline_page_says_whom_to_call_and_nothing_private(browse):
    for name in ("", "alice"):
        page = browse(name).open("/offline")
        assert page.heading == "You are offline"
        assert "+1 902-555-0100" in page
        assert "Alice" not in page.html
        assert page.headers["Cache-Control"] == "no-cache"


def test_static_files_have_an_address_per_content_and_are_kept_for_a_year(browse):
    page = browse().open("/sign-in")
    sheet = next(link.get("href") for link in page.tree.iter("link") if link.get("rel") == "stylesheet")
    assert "?v=" in sheet
    assert "max-age=31536000" in browse().ask(sheet).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["../app.py", "..%2fapp.py", "%2e%2e/config.py", "nothing.css", "", "icons/", "%00"])
def test_nothing_but_static_files_is_served_from_there(browse, path):
    answer = browse().ask(f"/static/{path}")
    assert answer.status in (404, 308)
    assert "create_app" not in answer.html


# ---------------------------------------------------------------- in development only


def test_a_developer_reads_the_mail_that_would_have_gone_out(browse, cast, mailbox):
    cast.invited()
    mailbox.collect()
    browser = browse()
    page = browser.open("/dev/mail")
    message = next(href for href in page.links.values() if href.startswith("/dev/mail/"))
    page = browser.open(message)
    assert page.heading == "Your portal is ready"
    assert "pia@example.org" in page
    assert any(href.startswith("http://localhost:8000/activate/") for href in page.links.values())


def test_an_empty_mailbox_says_so(browse):
    assert "Nothing was sent yet" in browse().open("/dev/mail")


@pytest.mark.parametrize("name", ["x", "..%2f..%2fapp.py", "20260101T000000.000000000Z-0123456789abcdef.eml", "%00"])
def test_a_message_that_was_never_kept_is_not_there(browse, name):
    assert browse().open(f"/dev/mail/{name}").status == 404


@pytest.mark.parametrize("path", ["/dev/mail", "/dev/mail/20260101T000000.000000000Z-0123456789abcdef.eml"])
def test_an_agency_has_no_such_mailbox(production, path):
    assert Browser(production).open(path).status == 404


@pytest.mark.parametrize("text", ["# A\n\n## B", "## A\n\n### B", "### A\n\n#### B"])
def test_what_an_agency_writes_begins_below_the_heading_of_the_page(app, text):
    html = app.jinja_env.filters["markdown"](text)
    assert html.index("<h2>A</h2>") < html.index("<h3>B</h3>")
