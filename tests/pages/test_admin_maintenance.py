"""Accounts maintenance, without JavaScript: find accounts, see what would happen, have it done, read what became of it."""

import csv
import io

import pytest

from domain import accounts, bulk_jobs, profile, sites, store
from domain.actor import SYSTEM
from models import AuditEntry, BulkJob, Individual, PortalAccount, SecurityClass, Worker

pytestmark = pytest.mark.usefixtures("cast")


@pytest.fixture
def ada(browse):
    return browse("ada")


@pytest.fixture
def work(app):
    """``work()``: the background does what is due."""
    return bulk_jobs.run_due


def chosen(browser, verb, *ticked, whom="ticked"):
    """Tick accounts and ask what would happen."""
    form = browser.page.form("See what would happen")
    values = form.filled({"verb": verb, "whom": whom})
    return browser.submit(form, {**values, "account": [account.public_id for account in ticked]})


def test_all_accounts_are_listed_with_their_states_and_the_licences(cast, ada, decided):
    decided(licence_count=5)
    page = ada.open("/admin/accounts/")
    assert "3 licences used · 2 free" in page
    assert page.text.index("Eve Ember") < page.text.index("Bob Brook") < page.text.index("Alice Archer")
    assert "suspended by staff" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=alice", {"Alice Archer"}), ("q=BOB@example.org", {"Bob Brook"}), ("state=locked", {"Eve Ember"}), ("state=closed", set()),
     ("since=2000-01-01&until=2099-01-01&state=active", {"Alice Archer", "Bob Brook"}), ("until=2000-01-01", set())],
)  # fmt: skip
def test_accounts_are_found_by_name_address_state_and_time(ada, query, found):
    page = ada.open(f"/admin/accounts/?{query}")
    assert {name for name in ("Alice Archer", "Bob Brook", "Eve Ember") if name in page} == found


def test_a_date_that_is_none_is_said_beside_its_field(ada):
    assert "This date does not exist." in ada.open("/admin/accounts/?since=2026-02-31")


def test_the_list_goes_on_over_pages_and_keeps_what_it_was_narrowed_by(cast, ada):
    for number in range(45):
        accounts.create(cast.person(f"Nora {number:02}", "North"), SYSTEM)
    page, seen = ada.open("/admin/accounts/?q=north"), []
    for _ in range(3):
        seen += [f"Nora {number:02}" for number in range(45) if f"Nora {number:02} North" in page.main]
        page = ada.open(page.links["Next"]) if "Next" in page.links else None
    assert page is None
    assert sorted(seen) == [f"Nora {number:02}" for number in range(45)]


def test_ticked_accounts_are_suspended_after_a_look_at_what_would_happen(cast, ada, work):
    ada.open("/admin/accounts/")
    page = chosen(ada, "suspend", cast.alice_account, cast.eve_account)
    assert "Nothing is changed yet." in page
    work()
    page = ada.open(page.path)
    assert "One account would change" in page
    assert "The account is locked." in page
    assert cast.alice_account.state == "active"
    page = ada.press("Suspend")
    assert "0 of 1 done" in page
    work()
    page = ada.open(page.path)
    assert "1 done, 0 refused" in page
    assert (cast.alice_account.state, cast.bob_account.state) == ("locked", "active")
    assert "Alice Archer" in ada.open(page.links["Done 1"])
    assert "Suspend" in ada.open("/admin/accounts/changes/")


def test_all_that_were_found_are_meant_on_every_page_of_the_list(cast, ada, work):
    for number in range(25):
        accounts.create(cast.person(f"Nora {number:02}", "North"), SYSTEM)
    ada.open("/admin/accounts/?q=north")
    assert "All that were found (25)" in ada.page
    page = chosen(ada, "close", whom="all")
    work()
    assert "25 accounts would change" in ada.open(page.path)
    ada.press("Close")
    work()
    closed = PortalAccount.select().where(PortalAccount.state == "closed", PortalAccount.reason == "cancelled")
    assert closed.count() == 25


def test_nothing_ticked_is_refused_and_what_was_ticked_is_kept(cast, ada):
    ada.open("/admin/accounts/?q=a")
    page = chosen(ada, "suspend")
    assert (page.status, BulkJob.select().count()) == (422, 0)
    assert "Tick at least one account." in page
    page = chosen(ada, "", cast.alice_account)
    assert page.status == 422
    assert f'value="{cast.alice_account.public_id}" checked' in page.html


def test_a_bulk_activation_from_the_preview_to_the_end(cast, ada, work):
    ada.open("/admin/")
    ada.open(ada.page.links["Accounts"])
    ada.open(ada.page.links["Bulk activation"])
    page = ada.press("See who would get one")
    work()
    page = ada.open(page.path)
    assert "One person would get an activation" in page
    assert "Looked at 5" in page
    assert "Left out 4" in page
    silent = ada.open(next(href for text, href in page.links.items() if "no consent" in text))
    assert "Sam Archer" in silent
    ada.open(page.path)
    page = ada.press("Send them")
    work()
    assert "1 done, 0 refused" in ada.open(page.path)
    assert cast.pia_account.state == "pending"


def test_who_was_closed_by_staff_can_be_ticked_back(cast, ada, work):
    accounts.close(cast.bob_account, SYSTEM)
    ada.open("/admin/accounts/activations/")
    page = ada.press("See who would get one")
    work()
    job = page.path
    page = ada.open(job)
    ada.open(next(href for text, href in page.links.items() if "closed by staff" in text))
    assert "Bob Brook gets one." in ada.press("Give one after all")
    page = ada.open(job)
    assert "2 people would get an activation" in page
    page = ada.open(page.links["To be done 2"])
    assert {"Pia Pell", "Bob Brook"} <= {name for name in ("Pia Pell", "Bob Brook") if name in page}
    assert "Bob Brook is left out." in ada.press("Leave out again")
    assert "One person would get an activation" in ada.open(job)


def test_a_job_is_stopped_and_resumed(cast, ada, work):
    ada.open("/admin/accounts/activations/")
    page = ada.press("See who would get one")
    work()
    ada.open(page.path)
    ada.press("Send them")
    page = ada.press("Stop")
    assert "Nothing more is done until you resume it." in page
    work()
    assert cast.pia.accounts.count() == 0
    ada.press("Resume")
    work()
    assert cast.pia.accounts.count() == 1


def test_the_list_of_a_job_is_a_file_that_no_spreadsheet_calculates(cast, ada, work):
    cast.person("=1+1", "North")
    ada.open("/admin/accounts/activations/")
    page = ada.press("See who would get one")
    work()
    answer = ada.ask(ada.open(page.path).links["Download as CSV"])
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert rows[0] == ["Number", "Last name", "First name", "Date of birth", "What became of it", "Why"]
    assert len(rows) == 1 + 6
    by_name = {row[2]: row[4:] for row in rows[1:]}
    assert by_name["Sam"] == ["left out", "There is no consent to e-mail."]
    assert by_name["'=1+1"] == ["to be done", ""]
    assert AuditEntry.select().where(AuditEntry.kind == "bulk.listed").count() == 1


def test_the_page_renews_itself_while_it_is_at_work_and_keeps_no_session_alive(ada, work):
    ada.open("/admin/accounts/activations/")
    page = ada.press("See who would get one")
    assert 'data-hx-trigger="every 2s"' in page.html
    assert '{"X-Poll": "1"}' in page.html
    part = ada.ask(page.path, headers={"HX-Request": "true", "HX-Request-Type": "partial", "X-Poll": "1"})
    assert part.html.strip().startswith('<div class="flow" id="job"')
    work()
    assert "data-hx-trigger" not in ada.open(page.path).html


def test_licences_that_are_not_enough_are_said_before_anything_is_done(cast, ada, work, decided):
    cast.person()
    decided(licence_count=4)
    ada.open("/admin/accounts/activations/")
    page = ada.press("See who would get one")
    work()
    page = ada.open(page.path)
    assert "There are not enough licences" in page
    assert "One licence is free" in page


@pytest.mark.parametrize(
    ("name", "leads_to", "sees"), [("ines", "/admin/accounts/", ""), ("dora", "", ""), ("sender", "/admin/accounts/activations/", "Bulk activation")]
)
def test_the_menu_leads_there_whoever_may(cast, browse, name, leads_to, sees):
    if name == "sender":
        with store.writing():
            sender = SecurityClass.create(name="Sends", rights="send_activations")
            Worker.update(security_class=sender).where(Worker.id == cast.dora.id).execute()
        profile.follow(cast.pia, cast.dora, cast.by("dora"))
        name = "dora"
    browser = browse(name)
    page = browser.open("/admin/")
    assert page.links.get("Accounts", "") == leads_to
    if leads_to:
        page = browser.open(leads_to)
        assert sees in page
        assert ("See who would get one" in page.buttons) == bool(sees)


def test_what_is_of_others_is_not_there(cast, browse, ada, work):
    ada.open("/admin/accounts/activations/")
    page = ada.press("See who would get one")
    assert browse("ines").ask(page.path).status == 404
    assert ada.ask(page.path.replace("activations", "changes")).status == 404


# ---------------------------------------------------------------- by site


@pytest.fixture
def north(cast):
    """Bob comes to a second site."""
    site = sites.add(sites.Place("North Road"), cast.by("ada"))
    with store.writing():
        Individual.update(site=site).where(Individual.id == cast.bob.id).execute()
    return site


def test_an_agency_of_one_site_is_not_asked_for_it(ada):
    assert "All sites" not in ada.open("/admin/accounts/")


def test_accounts_are_found_by_site_and_only_they_are_changed(cast, ada, north, work):
    ada.open("/admin/accounts/")
    page = ada.press("Search", site=north.public_id)
    assert "Bob Brook" in page
    assert "Alice Archer" not in page
    page = chosen(ada, "suspend", whom="all")
    work()
    assert "One account would change" in ada.open(page.path)
    ada.press("Suspend")
    work()
    changed = PortalAccount.select(PortalAccount.individual).where(PortalAccount.reason == "suspended")
    assert {account.individual.first_name for account in changed} == {"Bob", "Eve"}  # Eve was before


def test_accounts_of_whom_no_site_was_said_are_found_and_a_site_that_is_not_there_is_not(ada, north):
    page = ada.open("/admin/accounts/?site=none")
    assert "Alice Archer" in page
    assert "Bob Brook" not in page
    assert ada.ask("/admin/accounts/?site=nowhere").status == 404


def test_who_came_to_the_site_that_is_left_is_found_although_there_is_only_one_now(cast, ada, north):
    sites.change(north, sites.Place("North Road", is_in_use=False), cast.by("ada"))
    assert "North Road (no longer in use)" in ada.open("/admin/accounts/").html
    page = ada.press("Search", site=north.public_id)
    assert "Bob Brook" in page
    assert "Alice Archer" not in page


def test_the_next_page_is_of_the_same_site(cast, ada, north):
    for number in range(25):
        person = cast.person(f"Nora {number:02}", "North")
        accounts.create(person, SYSTEM)
        with store.writing():
            Individual.update(site=north).where(Individual.id == person.id).execute()
    page = ada.open(f"/admin/accounts/?site={north.public_id}")
    assert "All that were found (26)" in page
    (older,) = [address for address in page.links.values() if "older=" in address]
    assert f"site={north.public_id}" in older
    page = ada.open(older)
    assert "Bob Brook" in page
    assert "Alice Archer" not in page
