"""Setup: the checklist, the agency, its sites and pages; and the new terms that clients are asked to accept."""

import pytest

from domain import agency, house_texts, sites, store
from models import Agency, PortalAccount, Site

pytestmark = pytest.mark.usefixtures("cast")


# ---------------------------------------------------------------- the checklist


def test_the_checklist_is_there_until_all_of_it_is_done(browse, cast):
    assert "Until your first client is in" not in browse("ada").open("/admin/settings/")
    with store.writing():
        PortalAccount.update(state="disabled").where(PortalAccount.state == "active").execute()
    page = browse("ada").open("/admin/settings/")
    assert "Until your first client is in" in page
    assert "They open the link in the e-mail and choose a password." in page


def test_settings_are_done_on_the_checklist_once_their_page_was_saved_even_as_it_was(browse, cast):
    with store.writing():
        PortalAccount.update(state="disabled").where(PortalAccount.state == "active").execute()
    ada = browse("ada")
    page = ada.open("/admin/settings/")
    for title, section in (("Look at the settings of e-mail", "messages"), ("Choose what clients can use", "components")):
        before = page.text.count("To do")
        href = next(href for text, href in page.links.items() if text.startswith(title))
        assert ada.open(href).path == f"/admin/settings/{section}"
        page = ada.press("Save")
        assert page.path == "/admin/settings/"
        assert page.text.count("To do") == before - 1


def test_a_setting_that_was_decided_says_what_it_would_be_by_default(browse, decided):
    ada = browse("ada")
    pages = {"sign_in": "Default: 5.", "accounts": "Default: 1 January 1900.", "components": "Default: No.", "installation": "Default: without the tick."}
    for section, words in pages.items():
        assert words not in ada.open(f"/admin/settings/{section}"), section
    decided(sign_in_tries=7, placeholder_birth_date="1901-02-03", about_me_names="approval", quick_exit=0, sandbox=1)
    for section, words in pages.items():
        assert words in ada.open(f"/admin/settings/{section}"), section
    assert "Default: with the tick." in ada.open("/admin/settings/components")
    assert ada.page.html.count("Default:") == 2


# ---------------------------------------------------------------- the agency


def test_what_is_changed_of_the_agency_shows_at_once_on_every_page(browse):
    ada, alice = browse("ada"), browse("alice")
    alice.open("/")
    ada.open("/admin/settings/agency")
    assert ada.press("Save", name="Bridge House", phone="+1 902 555 0123").path == "/admin/settings/"
    page = alice.open("/")
    assert "Bridge House" in page
    assert "+1 902-555-0123" in page


def test_what_is_wrong_of_the_agency_is_said_at_its_field_and_the_rest_is_kept(browse):
    ada = browse("ada")
    ada.open("/admin/settings/agency")
    page = ada.press("Save", name="", short_name="x" * 31, address="9 Quay Road")
    assert page.status == 422
    assert len(page.problems) == 2
    assert page.form("Save").values["address"] == "9 Quay Road"


def test_of_two_who_change_the_agency_the_second_is_told_what_is_saved_now(browse):
    first, second = browse("ada"), browse("ada")
    for each in (first, second):
        each.open("/admin/settings/agency")
    first.press("Save", name="Bridge House")
    page = second.press("Save", short_name="Quay")
    assert page.status == 422
    assert "saved now: Bridge House" in page
    assert Agency.get().short_name == "Harbour"
    page = second.press("Save")  # having read that
    assert page.path == "/admin/settings/"
    assert Agency.get().short_name == "Quay"


# ---------------------------------------------------------------- emergency line


def test_a_client_reads_the_emergency_line_in_their_own_language(browse, cast):
    ada, bob = browse("ada"), browse("bob")
    bob.open("/my-portal/language")
    bob.press("Save", language="es")
    ada.open("/admin/settings/emergency-line")
    ada.press("Save", es="En peligro, llame al 112.")
    assert "En peligro, llame al 112." in bob.open("/")
    assert "In an emergency call 911." in browse("alice").open("/")


def test_the_emergency_line_stands_in_the_readers_language_in_mails(browse, cast, mailbox):
    house_texts.write_emergency_lines({"es": "En peligro, llame al 112."}, cast.by("ada"))
    bob = browse("bob")
    bob.open("/my-portal/language")
    bob.press("Save", language="es")
    form = next(form for form in bob.open("/my-portal/password").forms if form.action == "/my-portal/password")
    bob.submit(form, form.filled({"current": cast.password_of("bob"), "password": "seven brave geese fly"}))
    assert "En peligro, llame al 112." in mailbox.newest("bob@example.org").get_body(("plain",)).get_content()


# ---------------------------------------------------------------- sites


def test_a_site_is_added_made_the_main_one_and_stands_at_the_foot_of_every_page(browse):
    ada = browse("ada")
    ada.open("/admin/settings/sites/new")
    ada.press("Save", name="North Road", address="9 North Road", phone="+1 902 555 0190")
    assert "North Road" in ada.page
    site = Site.get(Site.name == "North Road")
    ada.open(f"/admin/settings/sites/{site.public_id}/")
    ada.press("Make this the main site")
    assert "9 North Road" in browse("alice").open("/")
    assert agency.main_site() == site


def test_a_site_without_a_name_is_refused_and_what_was_typed_is_kept(browse):
    ada = browse("ada")
    ada.open("/admin/settings/sites/new")
    page = ada.press("Save", name="", address="9 North Road")
    assert page.status == 422
    assert page.form("Save").values["address"] == "9 North Road"
    assert Site.select().count() == 1


def test_sixty_sites_are_shown_twenty_at_a_time(browse, cast):
    for number in range(60):
        sites.add(sites.Place(f"Quay {number:02}", "", "", "UTC"), cast.by("ada"))
    page = browse("ada").open("/admin/settings/sites/")
    assert "Quay 18" in page
    assert "Quay 19" not in page
    assert "Next" in page


# ---------------------------------------------------------------- pages


def test_a_page_that_is_published_shows_at_once(browse):
    ada = browse("ada")
    ada.open("/admin/settings/pages/contact/en")
    ada.press("Publish", body="Ring the bell twice.")
    assert "Ring the bell twice." in browse().open("/pages/contact")


def test_what_is_written_in_a_page_never_runs(browse):
    ada = browse("ada")
    ada.open("/admin/settings/pages/contact/en")
    ada.press("Publish", body="<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>")
    page = browse().open("/pages/contact")
    assert "<script>alert" not in page.html
    assert 'href="javascript' not in page.html
    assert "<img" not in page.html


@pytest.mark.parametrize("path", ["terms/de", "nothing/en", "terms/..", "terms/EN"])
def test_what_is_no_page_or_no_language_is_not_there(browse, path):
    assert browse("ada").ask(f"/admin/settings/pages/{path}").status == 404


def test_an_empty_page_is_not_published(browse):
    ada = browse("ada")
    ada.open("/admin/settings/pages/contact/en")
    assert ada.press("Publish", body=" ").status == 422


# ---------------------------------------------------------------- new terms


@pytest.fixture
def published(cast):
    """The terms that Alice and Bob have not read."""
    return agency.publish("terms", "en", "Be kind, and careful.", cast.by("ada"))


def test_whoever_signs_in_after_new_terms_were_published_is_asked_once(browse, cast, published):
    bob = browse()
    bob.open("/about-me/")
    page = bob.press("Sign in", email="bob@example.org", password=cast.password_of("bob"))
    assert page.heading == "We changed our terms"
    assert "Be kind, and careful." in page
    page = bob.press("Continue", accept=True)
    assert page.path == "/about-me/"
    assert bob.open("/").path == "/"
    assert cast.bob_account.accepted_terms == published
    again = browse()
    again.open("/sign-in")
    assert again.press("Sign in", email="bob@example.org", password=cast.password_of("bob")).path == "/"


def test_nothing_else_is_shown_until_they_are_accepted(browse, cast, published):
    bob = browse()
    bob.sign_in("bob@example.org", cast.password_of("bob"))
    assert bob.open("/about-me/").path == "/my-portal/terms?next=/about-me/"
    page = bob.press("Continue")
    assert page.status == 422
    assert "Tick the box to go on." in page
    assert bob.open("/").path == "/my-portal/terms"
    assert bob.press("Sign out").path == "/sign-in"


def test_terms_that_change_while_they_are_read_are_shown_again(browse, cast, published):
    bob = browse()
    bob.sign_in("bob@example.org", cast.password_of("bob"))
    bob.open("/")
    newer = agency.publish("terms", "en", "Be very kind.", cast.by("ada"))
    page = bob.press("Continue", accept=True)
    assert "These texts were changed just now. Please read them again." in page
    assert "Be very kind." in page
    bob.press("Continue", accept=True)
    assert cast.bob_account.accepted_terms == newer


def test_whoever_is_signed_in_already_is_not_interrupted(browse, cast):
    alice = browse("alice")
    agency.publish("terms", "en", "Be kind, and careful.", cast.by("ada"))
    assert alice.open("/about-me/").path == "/about-me/"


def test_the_page_of_new_terms_leads_home_when_there_are_none(browse):
    assert browse("alice").open("/my-portal/terms").path == "/my-portal/"


def test_a_target_outside_the_portal_is_not_followed(browse, cast, published):
    bob = browse()
    bob.sign_in("bob@example.org", cast.password_of("bob"))
    bob.open("/my-portal/terms?next=https://evil.example/")
    assert bob.press("Continue", accept=True).path == "/"


def test_terms_are_asked_for_in_the_language_that_the_pages_speak(browse, cast):
    """Bob has no language of his own, and his browser speaks French, in which nothing was published anew."""
    agency.publish("terms", "fr", "Soyez gentils.", cast.by("ada"))
    bob = _signs_in_in_french(browse(), cast)
    form = bob.open("/about-me/").form("Continuer")
    bob.submit(form, form.filled({"accept": True}))
    agency.publish("terms", "en", "Be kind, and careful.", cast.by("ada"))
    assert _signs_in_in_french(browse(), cast).open("/about-me/").path == "/about-me/"


def _signs_in_in_french(browser, cast):
    browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "fr"
    form = browser.open("/sign-in").form("Se connecter")
    browser.submit(form, form.filled({"email": "bob@example.org", "password": cast.password_of("bob")}))
    return browser
