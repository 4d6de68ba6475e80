"""My Portal, and the worker's own sign-in: change of password."""

import time
from types import SimpleNamespace

import pytest

from domain import accounts, passwords, store
from models import AuditEntry, FormReceipt
from web import posts

pytestmark = pytest.mark.usefixtures("cast")

NEW = "seven brave geese fly"
PLACES = {"alice": ("/my-portal/password", "/my-portal/"), "dora": ("/admin/my-sign-in/", "/admin/my-sign-in/")}


def change(browser, name, **typed):
    browser.open(PLACES[name][0])
    return browser.press("Save the new password", **typed)


def test_alice_sees_the_address_that_she_signs_in_with(browse):
    page = browse("alice").open("/my-portal/")
    assert "alice@example.org" in page
    assert page.links["Change my password"] == "/my-portal/password"


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_a_new_password_ends_every_other_session_and_keeps_this_one(browse, cast, mailbox, name):
    here, elsewhere = browse(name), browse(name)
    before = here.client.get_cookie("session").value
    page = change(here, name, current=cast.password_of(name), password=NEW)
    assert page.path == PLACES[name][1]
    assert "Your password is changed. Other devices were signed out." in page
    assert here.client.get_cookie("session").value != before
    assert here.ask(PLACES[name][1]).status == 200
    assert elsewhere.ask(PLACES[name][1]).status == 303
    assert mailbox.newest(cast.email_of(name))["Subject"] == "Your password was changed"
    assert browse().sign_in(cast.email_of(name), cast.password_of(name)).status == 422
    assert browse().sign_in(cast.email_of(name), NEW).status == 200


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_the_old_cookie_of_this_browser_is_worth_nothing_after_the_change(browse, cast, name):
    here, thief = browse(name), browse()
    here.open(PLACES[name][1])
    thief.client._cookies.update(here.client._cookies)
    change(here, name, current=cast.password_of(name), password=NEW)
    assert thief.ask(PLACES[name][1]).status == 303


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_a_change_that_is_sent_again_because_the_answer_was_lost_is_signed_in(browse, cast, name):
    here, there = browse(name), browse()
    form = here.open(PLACES[name][0]).form("Save the new password")
    there.client._cookies.update(here.client._cookies)
    values = form.filled({"current": cast.password_of(name), "password": NEW})
    answers = [browser.send(PLACES[name][0], values) for browser in (here, there)]
    assert [(answer.status, answer.location) for answer in answers] == [(303, PLACES[name][1])] * 2
    assert there.ask(PLACES[name][1]).status == 200


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_the_old_cookie_with_the_forms_id_opens_nothing_without_the_new_password(browse, cast, name):
    here, thief = browse(name), browse()
    form = here.open(PLACES[name][0]).form("Save the new password")
    thief.client._cookies.update(here.client._cookies)
    values = form.filled({"current": cast.password_of(name), "password": NEW})
    here.send(PLACES[name][0], values)
    thief.send(PLACES[name][0], {**values, "password": "a guess of mine"})
    assert thief.ask(PLACES[name][1]).status == 303


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_without_the_current_password_nothing_changes(browse, name):
    other = browse(name)
    page = change(browse(name), name, current="not this one", password=NEW)
    assert page.status == 422
    assert page.problems == ["This is not your current password."]
    assert page.form("Save the new password").values["password"] == ""
    assert other.ask(PLACES[name][1]).status == 200


@pytest.mark.parametrize("name", ["alice", "dora"])
@pytest.mark.parametrize("weak", ["", "short", "password1234", "example.org alice dora"])
def test_a_weak_password_is_refused(browse, cast, name, weak):
    page = change(browse(name), name, current=cast.password_of(name), password=weak)
    assert page.status == 422
    assert browse().sign_in(cast.email_of(name), cast.password_of(name)).status == 200


def test_the_own_name_is_no_password(browse, cast):
    page = change(browse("alice"), "alice", current=cast.password_of("alice"), password="Alice Archer Alice")
    assert page.problems == ["Do not use your own name or e-mail address."]


def test_guessing_the_current_password_has_an_end(browse, cast, frozen):
    frozen()
    alice = browse("alice")
    for _ in range(10):
        change(alice, "alice", current="not this one", password=NEW)
    page = change(alice, "alice", current=cast.password_of("alice"), password=NEW)
    assert page.problems == ["Too many tries. Wait a little and try again."]
    assert passwords.matches(cast.password_of("alice"), cast.alice_account.password_hash)


def test_a_wrong_current_password_is_in_the_record(browse, cast):
    change(browse("alice"), "alice", current="not this one", password=NEW)
    entry = AuditEntry.select().where(AuditEntry.kind == "password.refused").get()
    assert (entry.individual, entry.account) == (cast.alice, cast.alice_account)


def test_the_change_is_in_the_record_without_the_password(browse, cast):
    change(browse("alice"), "alice", current=cast.password_of("alice"), password=NEW)
    entry = AuditEntry.select().where(AuditEntry.kind == "password.changed").get()
    assert entry.individual == cast.alice
    assert entry.account == cast.alice_account


def test_of_two_changes_at_once_one_counts(browse, cast, at_once):
    two = [browse("alice"), browse("alice")]
    forms = []
    for browser, password in zip(two, (NEW, "five calm herons wade"), strict=True):
        form = browser.open("/my-portal/password").form("Save the new password")
        forms.append(form.filled({"current": cast.password_of("alice"), "password": password}))
    answers = at_once([lambda b=b, f=f: b.send("/my-portal/password", f) for b, f in zip(two, forms, strict=True)])
    assert sum(answer.status == 303 and answer.location == "/my-portal/" for answer in answers) == 1
    assert AuditEntry.select().where(AuditEntry.kind == "password.changed").count() == 1


def test_who_was_suspended_while_typing_is_asked_to_sign_in(browse, cast):
    alice = browse("alice")
    alice.open("/my-portal/password")
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert alice.press("Save the new password", current=cast.password_of("alice"), password=NEW).path == "/sign-in?next=/my-portal/password"
    assert passwords.matches(cast.password_of("alice"), cast.alice_account.password_hash)


def test_the_choice_of_a_language_is_answered_in_the_new_one(browse):
    alice = browse("alice")
    alice.open("/my-portal/language")
    page = alice.press("Save", language="fr")
    assert (page.tree.get("lang"), "Enregistré." in page, "Saved." in page) == ("fr", True, False)


def test_a_change_that_is_sent_again_while_the_first_is_being_answered_waits_for_that_answer(browse, cast, monkeypatch):
    """The first one ends the session that both came with, a moment before its answer is written down."""
    here = browse("alice")
    form = here.open("/my-portal/password").form("Save the new password")
    values = form.filled({"current": cast.password_of("alice"), "password": NEW})
    twin = browse()
    twin.client._cookies.update(here.client._cookies)
    assert here.send(form.action, values).location == "/my-portal/"
    with store.writing():
        FormReceipt.update(status=None).execute()

    def goes_on(seconds):
        with store.writing():
            FormReceipt.update(status=303).execute()

    monkeypatch.setattr(posts, "time", SimpleNamespace(monotonic=time.monotonic, sleep=goes_on))
    assert twin.send(form.action, values).location == "/my-portal/"
