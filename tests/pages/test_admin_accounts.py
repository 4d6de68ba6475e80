"""Portal accounts on an individual's page: creating one, and every move of its life."""

import datetime as dt
import re

import pytest
from pages.conftest import born, words

import models
from domain import accounts, links, profile, store
from models import AuditEntry, Delivery, Link, PortalAccount, SecurityClass, Worker

pytestmark = pytest.mark.usefixtures("cast")


def page_of(person):
    return f"/admin/individuals/{person.public_id}/"


def open_account_form(browser, person):
    browser.open(page_of(person))
    return browser.open(browser.page.links["Create an account"])


def change(cast, person, **details):
    known = {name: getattr(person, name) for name in ("first_name", "last_name", "birth_date")}
    profile.change(person, profile.Details(**known | details), cast.by("ada"), version=person.version)


def primary(page):
    """The words of what the page wants its reader to do next."""
    return [words(e) for e in page.tree.iter() if {"button", "primary"} <= set(e.get("class", "").split())]


# ---------------------------------------------------------------- the way to an account


def test_the_primary_button_is_the_next_step_until_nothing_is_missing(browse):
    ada = browse("ada")
    ada.open("/admin/individuals/new")
    page = ada.press("Save", first_name="Nora", last_name="North")
    here = page.path
    assert (primary(page), "There is no e-mail address in use." in page) == (["Add an e-mail address"], True)
    assert "Create an account" in page.links
    ada.open(page.links["Add an e-mail address"])
    assert ada.page.form("Save").values["kind"] == "email"
    page = ada.press("Save", value="nora@example.org")
    assert (primary(page), page.links["Record consent"]) == (["Record consent"], f"{here}#consent")
    page = ada.press("They allow it: E-mail")
    assert primary(page) == ["Add the date of birth"]
    ada.open(page.links["Add the date of birth"])
    page = ada.press("Save", born(dt.date(1988, 3, 27)))
    assert (page.path, primary(page)) == (here, ["Create an account"])


def test_what_nobody_can_put_right_is_said_and_no_button_leads_there(browse, cast):
    page = browse("ada").open(page_of(cast.sam))
    assert primary(page) == ["Add an e-mail address"]
    change(cast, cast.pia, birth_date=dt.date.today())
    page = browse("ada").open(page_of(cast.pia))
    assert primary(page) == []
    assert "Clients need to be at least 16 years old." in page
    profile.add_contact(cast.bob, profile.Reach("email", "pia@example.org"), cast.by("ines"), country="CA")
    assert primary(browse("ada").open(page_of(cast.bob))) == []  # he has an account


def test_an_address_that_somebody_else_signs_in_with_is_not_the_next_account(browse, cast):
    for contact in cast.pia.contacts:
        profile.remove_contact(contact, cast.by("ines"))
    profile.add_contact(cast.pia, profile.Reach("email", "bob@example.org"), cast.by("ines"), country="CA")
    page = browse("ada").open(page_of(cast.pia))
    assert primary(page) == ["Add an e-mail address"]
    assert "Someone else already signs in with this address." in page


@pytest.mark.parametrize(("name", "offered"), [("ines", ["Record consent"]), ("dora", []), ("ada", ["Record consent"])])
def test_nobody_is_offered_a_step_that_they_may_not_take(browse, cast, name, offered):
    profile.record_consent(cast.pia, "email", False, cast.by("ines"))
    profile.follow(cast.pia, cast.dora, cast.by("dora"))
    page = browse(name).open(page_of(cast.pia))
    assert primary(page) == offered
    assert ("There is no consent to e-mail." in page) == bool(offered or name == "dora")  # who may write to them reads why it is of no use


@pytest.mark.parametrize("name", ["pia", "sam", "alice", "eve"])
def test_the_page_asks_few_questions(browse, cast, name):
    """At most ten beside those of session, settings and audit: docs/decisions/0019-few-questions.md."""
    ada, asked = browse("ada"), []
    ada.ask(page_of(getattr(cast, name)))
    execute = models.db.obj.execute_sql
    models.db.obj.execute_sql = lambda sql, params=None: (asked.append(sql), execute(sql, params))[1]
    try:
        assert ada.ask(page_of(getattr(cast, name))).status == 200
    finally:
        del models.db.obj.execute_sql
    others = ("login_session", "setting", "agency", "site", "house_mark", "audit_head")
    counted = [sql for sql in asked if sql.startswith("SELECT") and not re.search(rf'FROM "?({"|".join(others)})"?( |$)', sql)]
    assert len(counted) <= 10, "\n".join(counted)


# ---------------------------------------------------------------- creating one


def test_ada_gives_pia_an_account_and_the_mail_goes_out(browse, cast, mailbox):
    ada = browse("ada")
    page = open_account_form(ada, cast.pia)
    assert page.form("Send the activation").values["email"] == "pia@example.org"
    page = ada.press("Send the activation")
    assert page.path == page_of(cast.pia)
    assert "The activation is on its way." in page
    assert cast.pia_account.state == "pending"
    assert "pending" in page
    assert mailbox.newest("pia@example.org")["Subject"] == "Your portal is ready"


def test_another_of_her_addresses_may_be_chosen(browse, cast):
    profile.add_contact(cast.pia, profile.Reach("email", "pell@example.org"), cast.by("ines"), country="CA")
    ada = browse("ada")
    assert "pia@example.org, pell@example.org" in open_account_form(ada, cast.pia)
    ada.press("Send the activation", email="pell@example.org")
    assert cast.pia_account.email == "pell@example.org"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("stranger@example.org", "This e-mail address is not among the contacts in use."), ("nonsense", "Enter an e-mail address such as name@example.org."),
        ("bob@example.org", "This e-mail address is not among the contacts in use."),
    ],
)  # fmt: skip
def test_an_address_that_is_not_hers_is_refused(browse, cast, typed, told):
    ada = browse("ada")
    open_account_form(ada, cast.pia)
    page = ada.press("Send the activation", email=typed)
    assert page.status == 422
    assert told in page
    assert page.form("Send the activation").values["email"] == typed
    assert cast.pia_account is None


def lacks(cast, what):
    """Pia, once something is in the way of an account."""
    ines, pia = cast.by("ines"), cast.pia
    if what == "address":
        profile.remove_contact(pia.contacts.get(), ines)
    elif what == "consent":
        profile.record_consent(pia, "email", False, ines)
    elif what == "birth date":
        change(cast, pia, birth_date=None)
    elif what == "placeholder":
        change(cast, pia, birth_date=dt.date(1900, 1, 1))
    elif what == "age":
        change(cast, pia, birth_date=dt.date.today() - dt.timedelta(days=365 * 15))
    elif what == "deceased":
        change(cast, pia, death_date=dt.date(2020, 3, 2))
    elif what == "shared":
        profile.change_contact(pia.contacts.get(), profile.Reach("email", "alice@example.org", is_main=True), ines, country="CA", version=1)
    return cast.pia


@pytest.mark.parametrize(
    ("what", "told", "words", "place"),
    [
        ("address", "There is no e-mail address in use.", "Add an e-mail address", "contacts/new?kind=email"),
        ("consent", "There is no consent to e-mail.", "Record consent", "#consent"),
        ("birth date", "The date of birth is not known.", "Add the date of birth", "edit"),
        ("placeholder", "The date of birth is not known.", "Add the date of birth", "edit"),
        ("age", "Clients need to be at least 16 years old.", "Is the date wrong?", "edit"),
        ("deceased", "This person has died.", "Is the date wrong?", "edit"),
        ("shared", "Someone else already signs in with this address. Add another address of this person.", "Add an e-mail address", "contacts/new?kind=email"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_the_place_where_it_is_put_right(browse, cast, what, told, words, place):
    person, ada = lacks(cast, what), browse("ada")
    page = open_account_form(ada, person)
    assert "Not possible yet" in page
    assert told in page
    assert page.links[words] == f"{page_of(person)}{place}"
    assert ada.open(f"{page_of(person)}{place.partition('#')[0]}").status == 200
    values = {"csrf_token": ada.token, "email": "pia@example.org"}
    answer = ada.send(f"{page_of(person)}account/new", values)  # past the page, which offers nothing
    assert answer.status == 422
    assert cast.pia_account is None
    assert not Delivery.select().where(Delivery.individual == person).exists()


def may_invite(worker):
    with store.writing():
        inviters = SecurityClass.create(name="Inviters", rights="send_activations fly")
        Worker.update(security_class=inviters).where(Worker.id == worker.id).execute()


def test_an_address_that_is_known_but_not_in_use_is_put_right_where_it_stands(browse, cast):
    contact = profile.add_contact(cast.pia, profile.Reach("email", "pell@example.org", is_in_use=False), cast.by("ines"), country="CA")
    ada = browse("ada")
    open_account_form(ada, cast.pia)
    page = ada.press("Send the activation", email=" PELL@example.org ")
    assert "This e-mail address is not among the contacts in use." in page
    assert page.links["Change this address"] == f"{page_of(cast.pia)}contacts/{contact.public_id}/"
    page = ada.press("Send the activation", email="new@example.org")
    assert page.links["Add an e-mail address"] == f"{page_of(cast.pia)}contacts/new?kind=email"


@pytest.mark.parametrize("what", ["address", "consent", "birth date", "age", "deceased", "shared", "unknown address"])
def test_who_may_invite_but_not_edit_is_told_what_is_missing_without_a_way_that_is_not_theirs(browse, cast, what):
    person, dora = lacks(cast, what), browse("dora")
    profile.follow(person, cast.dora, cast.by("dora"))
    may_invite(cast.dora)
    page = open_account_form(dora, person)
    if what == "unknown address":
        page = dora.press("Send the activation", email="stranger@example.org")
    assert "Not possible yet" in page or page.problems
    assert not {"Add an e-mail address", "Record consent", "Add the date of birth", "Is the date wrong?"} & set(page.links)


def test_everything_that_a_child_lacks_is_named_at_once(browse, cast):
    page = open_account_form(browse("ada"), cast.sam)
    for sentence in ("There is no e-mail address in use.", "There is no consent to e-mail.", "Clients need to be at least 16 years old."):
        assert sentence in page
    assert "Send the activation" not in page.buttons


def test_when_all_licences_are_in_use_it_is_said(browse, cast, decided):
    decided(licence_count=3)
    may_invite(cast.ines)
    for name, way in (("ines", None), ("ada", "/admin/settings/accounts")):
        page = open_account_form(browse(name), cast.pia)
        assert "All 3 licences are in use. Close an account first." in page
        assert page.links.get("Change the limit") == way
    ada = browse("ada")
    assert ada.open(way).status == 200
    accounts.close(cast.bob_account, cast.by("ada"))
    open_account_form(ada, cast.pia)
    ada.press("Send the activation")
    assert cast.pia_account.state == "pending"


def test_a_second_account_beside_an_open_one_is_refused(browse, cast):
    ada = browse("ada")
    answer = ada.send(f"{page_of(cast.alice)}account/new", {"csrf_token": ada.token, "email": "alice@example.org"})
    assert answer.status == 422
    assert "This person already has a portal account." in answer
    assert PortalAccount.select().where(PortalAccount.individual == cast.alice).count() == 1


def test_of_two_who_create_it_at_once_one_does(browse, cast, at_once):
    two = [browse("ada"), browse("ada")]
    forms = [open_account_form(browser, cast.pia).form("Send the activation") for browser in two]
    answers = at_once([lambda b=b, f=f: b.send(f.action, f.values) for b, f in zip(two, forms, strict=True)])
    assert sorted(answer.status for answer in answers) == [303, 422]
    assert PortalAccount.select().where(PortalAccount.individual == cast.pia).count() == 1
    assert Delivery.select().where(Delivery.individual == cast.pia).count() == 1


def test_ines_may_send_activations_once_her_class_says_so(browse, cast):
    ines = browse("ines")
    assert "Create an account" not in ines.open(page_of(cast.pia)).links
    assert ines.ask(f"{page_of(cast.pia)}account/new").status == 404
    may_invite(cast.ines)
    open_account_form(ines, cast.pia)
    ines.press("Send the activation")
    assert cast.pia_account.state == "pending"


# ---------------------------------------------------------------- the moves


def bring(cast, state):
    """Bob's account in a state."""
    ada, account = cast.by("ada"), cast.bob_account
    if state in ("pending", "closed cancelled", "closed expired", "closed date_of_birth"):
        accounts.close(account, ada)
        account = accounts.create(cast.bob, ada)
    if state == "locked":
        accounts.suspend(account, ada)
    elif state == "disabled":
        accounts.disable(account, ada)
    elif state == "closed staff":
        accounts.close(account, ada)
    elif state == "closed cancelled":
        accounts.cancel(account, ada)
    elif state == "closed date_of_birth":
        accounts.fail_birth_date(account)
    elif state == "closed expired":
        with store.writing():
            PortalAccount.update(invited_at=account.invited_at - dt.timedelta(days=30)).where(PortalAccount.id == account.id).execute()
        accounts.expire_due()
    return cast.bob_account


OFFERED = {
    "pending": {"Send the activation again", "Cancel activation"}, "active": {"Suspend", "Disable", "Close"}, "locked": {"Unlock", "Disable", "Close"},
    "disabled": {"Enable", "Close"}, "closed staff": {"Create an account"}, "closed cancelled": {"Send a new activation"},
    "closed expired": {"Send a new activation"}, "closed date_of_birth": {"Send a new activation"},
}  # fmt: skip
VERBS = set().union(*OFFERED.values())


@pytest.mark.parametrize("state", OFFERED)
def test_the_page_offers_what_is_possible_and_nothing_else(browse, cast, state):
    bring(cast, state)
    page = browse("ada").open(page_of(cast.bob))
    assert {verb for verb in VERBS if verb in page.links or verb in page.buttons} == OFFERED[state]
    assert state.partition(" ")[0] in page


@pytest.mark.parametrize("state", OFFERED)
def test_who_may_manage_but_not_invite_is_offered_no_activation(browse, cast, state):
    bring(cast, state)
    page = browse("ines").open(page_of(cast.bob))
    mine = OFFERED[state] - {"Send the activation again", "Send a new activation", "Create an account"}
    assert {verb for verb in VERBS if verb in page.links or verb in page.buttons} == mine


MOVES = [
    ("pending", "Cancel activation", "closed", "cancelled"), ("active", "Suspend", "locked", "suspended"), ("active", "Disable", "disabled", None),
    ("active", "Close", "closed", "staff"), ("locked", "Unlock", "active", None), ("locked", "Disable", "disabled", None),
    ("locked", "Close", "closed", "staff"), ("disabled", "Enable", "pending", None), ("disabled", "Close", "closed", "staff"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "verb", "target", "reason"), MOVES)
def test_each_move_asks_first_and_then_happens(browse, cast, state, verb, target, reason):
    account, ada = bring(cast, state), browse("ada")
    entries = AuditEntry.select().where(AuditEntry.subject == f"account {account.id}").count()
    ada.open(page_of(cast.bob))
    page = ada.open(ada.page.links[verb])
    assert page.heading == verb
    assert "Bob Brook" in page.main
    assert page.links["No, go back"] == page_of(cast.bob)
    assert cast.bob_account.state == account.state  # looking at the question does nothing
    page = ada.press(verb)
    assert page.path == page_of(cast.bob)
    assert "Done." in page
    after = PortalAccount.get_by_id(account.id)
    assert (after.state, after.reason) == (target, reason)
    assert AuditEntry.select().where(AuditEntry.subject == f"account {account.id}").count() == entries + 1


@pytest.mark.parametrize(("state", "verb", "target", "reason"), MOVES)
def test_a_page_that_went_stale_is_told_both_states_and_changes_nothing(browse, cast, state, verb, target, reason):
    account, two = bring(cast, state), [browse("ada"), browse("ines")]
    for browser in two:
        browser.open(page_of(cast.bob))
        browser.open(browser.page.links[verb])
    two[0].press(verb)
    once = PortalAccount.get_by_id(account.id).__data__
    page = two[1].press(verb)
    assert f"This account is {target} and cannot become {target}." in page
    assert PortalAccount.get_by_id(account.id).__data__ == once


def test_of_a_suspension_and_a_closing_at_once_the_state_is_whole(browse, cast, at_once):
    two = [browse("ada"), browse("ines")]
    path = f"{page_of(cast.bob)}account/{cast.bob_account.public_id}"
    values = [{"csrf_token": browser.token} for browser in two]
    answers = at_once([
        lambda: two[0].send(f"{path}/suspend", values[0]), lambda: two[1].send(f"{path}/close", values[1]),
    ])  # fmt: skip
    assert [answer.status for answer in answers] == [303, 303]
    assert (cast.bob_account.state, cast.bob_account.reason) == ("closed", "staff")


def test_resending_makes_the_earlier_link_worthless(browse, cast, mailbox):
    account, ada = bring(cast, "pending"), browse("ada")
    first = cast.link_of(account)
    ada.open(page_of(cast.bob))
    page = ada.press("Send the activation again")
    assert "A new link is on its way." in page
    assert Link.get_by_id(first.id).voided_at is not None
    sent = [message for message in mailbox.collect() if message["To"] == "bob@example.org"]
    assert len(sent) == 1  # the one that waited was dropped
    assert mailbox.link("bob@example.org") == f"/activate/{links.token(cast.link_of(account))}"


@pytest.mark.parametrize("state", ["closed cancelled", "closed expired", "closed date_of_birth"])
def test_a_new_activation_is_a_new_record_and_the_old_one_stays_readable(browse, cast, state):
    old, ada = bring(cast, state), browse("ada")
    ada.open(page_of(cast.bob))
    ada.press("Send a new activation")
    assert cast.bob_account.previous == old
    assert cast.bob_account.state == "pending"
    page = ada.open(f"{page_of(cast.bob)}accounts")
    assert page.main.count("E-mail address") == 3


def bobs_address(cast, **changes):
    contact = cast.bob.contacts.get()
    profile.change_contact(contact, profile.Reach("email", "bob@example.org", **changes), cast.by("ines"), country="CA", version=contact.version)


def test_a_new_activation_goes_to_the_known_address_by_one_tap(browse, cast, mailbox):
    bring(cast, "closed expired")
    profile.add_contact(cast.bob, profile.Reach("email", "brook@example.org", is_main=True), cast.by("ines"), country="CA")
    ada = browse("ada")
    assert "bob@example.org" in ada.open(page_of(cast.bob))
    page = ada.press("Send a new activation")
    assert page.path == page_of(cast.bob)
    assert "The activation is on its way to bob@example.org." in page
    assert mailbox.newest("bob@example.org")["Subject"] == "Your portal is ready"


def test_beside_it_stands_the_way_to_another_address(browse, cast, mailbox):
    bring(cast, "closed expired")
    profile.add_contact(cast.bob, profile.Reach("email", "brook@example.org"), cast.by("ines"), country="CA")
    ada = browse("ada")
    ada.open(page_of(cast.bob))
    ada.open(ada.page.links["To another address"])
    ada.press("Send the activation", email="brook@example.org")
    assert (cast.bob_account.state, cast.bob_account.email) == ("pending", "brook@example.org")
    assert mailbox.newest("brook@example.org")["Subject"] == "Your portal is ready"


def test_what_would_be_refused_is_no_button_but_a_way_to_the_form_that_says_why(browse, cast):
    bring(cast, "closed expired")
    bobs_address(cast, is_in_use=False)
    ada = browse("ada")
    page = ada.open(page_of(cast.bob))
    assert "Send a new activation" not in page.buttons
    assert "To another address" not in page.links
    assert "This e-mail address is not among the contacts in use." in ada.open(page.links["Send a new activation"])


def test_a_tap_that_comes_too_late_is_refused_in_words_with_the_way_to_the_form(browse, cast):
    bring(cast, "closed expired")
    ada = browse("ada")
    ada.open(page_of(cast.bob))
    bobs_address(cast, is_in_use=False)
    page = ada.press("Send a new activation")
    assert page.path == page_of(cast.bob)
    assert "This e-mail address is not among the contacts in use." in page
    assert page.links["Send a new activation"] == f"{page_of(cast.bob)}account/new"
    assert cast.bob_account.state == "closed"


def test_two_taps_on_a_new_activation_make_one(browse, cast):
    bring(cast, "closed expired")
    two = [browse("ada"), browse("ada")]
    for browser in two:
        browser.open(page_of(cast.bob))
    two[0].press("Send a new activation")
    page = two[1].press("Send a new activation")
    assert "This person already has a portal account." in page
    assert cast.bob.accounts.where(PortalAccount.state == "pending").count() == 1


def test_an_account_that_staff_closed_is_followed_by_a_fresh_one(browse, cast):
    bring(cast, "closed staff")
    ada = browse("ada")
    open_account_form(ada, cast.bob)
    ada.press("Send the activation")
    assert cast.bob_account.state == "pending"


def test_the_history_of_accounts_shows_who_opened_the_link(browse, cast):
    link = cast.invited()
    browse(agent="a mail scanner").open(f"/activate/{links.token(link)}")
    page = browse("ines").open(f"{page_of(cast.pia)}accounts")
    assert "Links opened:" in page
    assert "127.51." in page


@pytest.mark.parametrize("verb", ["activate", "expire", "fail_birth_date", "resend", "send_new", "nonsense", "activations", "renewal", "%00", "__class__"])
def test_a_verb_that_is_none_is_not_there(browse, cast, verb):
    ada, path = browse("ada"), f"{page_of(cast.bob)}account/{cast.bob_account.public_id}/{verb}"
    assert ada.ask(path).status == 404
    before = cast.bob_account.__data__
    answer = ada.send(path, {"csrf_token": ada.token})
    assert answer.status == 404 or (verb in ("activations", "renewal") and answer.status == 303)
    assert cast.bob_account.__data__ == before


def test_one_persons_account_is_not_found_under_another_person(browse, cast):
    ada = browse("ada")
    path = f"{page_of(cast.alice)}account/{cast.bob_account.public_id}"
    assert ada.ask(f"{path}/close").status == 404
    assert ada.send(f"{path}/close", {"csrf_token": ada.token}).status == 404
    assert ada.send(f"{path}/activations", {"csrf_token": ada.token}).status == 404
    assert ada.send(f"{path}/renewal", {"csrf_token": ada.token}).status == 404
    assert cast.bob_account.state == "active"


def test_who_is_enabled_again_needs_a_new_password(browse, cast, mailbox):
    bring(cast, "disabled")
    ada = browse("ada")
    ada.open(page_of(cast.bob))
    ada.open(ada.page.links["Enable"])
    ada.press("Enable")
    assert cast.bob_account.password_hash is None
    assert mailbox.newest("bob@example.org")["Subject"] == "Your portal is ready"
    assert browse().sign_in("bob@example.org", cast.password_of("bob")).status == 422
