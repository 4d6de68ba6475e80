"""Staff ask for a new password, for one and for everybody, and what the client then sees; without JavaScript."""

import pytest
from smtp_server import SmtpServer

from domain import bulk_jobs, forced_reset, store
from models import AuditEntry, BulkJob, LoginSession, SecurityClass, Worker

pytestmark = pytest.mark.usefixtures("cast")

NEW = "seven brave geese fly"


def asked_of_alice(cast, ada):
    ada.open(f"/admin/individuals/{cast.alice.public_id}/")
    page = ada.open(ada.page.links["Ask for a new password"])
    assert "Ask Alice Archer for a new password?" in page
    return ada.press("Ask for a new password")


def test_alice_is_signed_out_and_comes_back_by_the_e_mailed_link(cast, browse, deliver):
    alice, ada = browse("alice"), browse("ada")
    page = asked_of_alice(cast, ada)
    assert "Asked for a new password" in page
    assert "Ask for a new password" not in page.links
    page = alice.open("/my-portal/")
    assert page.path == "/sign-in?next=/my-portal/"
    assert "You were signed out meanwhile. Sign in again." in page
    assert "You were signed out meanwhile." not in alice.open("/sign-in")
    page = alice.sign_in("alice@example.org", "wrong")
    assert "The e-mail address and the password do not match." in page
    page = alice.sign_in("alice@example.org", cast.password_of("alice"))
    assert page.path == "/forgotten-password/wanted"
    assert "We have sent an e-mail with a link" in page
    assert alice.ask("/my-portal/").status == 303
    with SmtpServer() as server:
        deliver(server)
        [link] = [word for mail in server.accepted for word in str(mail.message.get_body("plain").get_content()).split() if "/reset/" in word]
    alice.open("/reset/" + link.partition("/reset/")[2])
    alice.press("Save the new password", password=NEW)
    assert alice.sign_in("alice@example.org", NEW).path == "/"
    assert "Asked for a new password by staff" in ada.open(f"/admin/individuals/{cast.alice.public_id}/history")


def test_what_was_typed_meanwhile_is_not_saved_and_that_is_said(cast, browse):
    alice, ada = browse("alice"), browse("ada")
    alice.open("/my-portal/language")
    asked_of_alice(cast, ada)
    page = alice.press("Save", language="es")
    assert "You were signed out, so this was not saved." in page


def test_a_second_tap_of_the_button_says_that_it_was_done(cast, browse):
    ada = browse("ada")
    asked_of_alice(cast, ada)
    ada.open(f"/admin/individuals/{cast.alice.public_id}/account/{cast.alice_account.public_id}/reset")
    assert "This is not possible now." in ada.page
    assert AuditEntry.select().where(AuditEntry.kind == "account.reset_forced").count() == 1


def test_everybody_is_asked_behind_a_typed_confirmation_and_ada_stays_signed_in(cast, browse):
    alice, ada = browse("alice"), browse("ada")
    ada.open("/admin/accounts/")
    page = ada.open(ada.page.links["New password for everybody"])
    assert "This concerns 3 accounts" in page
    page = ada.press("Ask everybody", {"typed": "yes"})
    assert (page.status, BulkJob.select().count()) == (422, 0)
    assert page.problems == ["This is not what has to be typed. Type Harbour, or the number 3."]
    assert page.form("Ask everybody").values["typed"] == "yes"
    page = ada.press("Ask everybody", {"typed": "Harbour"})
    assert "It begins by itself." in page
    bulk_jobs.run_due()
    page = ada.open(page.path)
    assert "3 done, 0 refused" in page
    assert alice.open("/").path == "/sign-in"
    assert LoginSession.select().where(LoginSession.worker == cast.ada).count() == 1
    assert "There is nobody for whom this could be done." in ada.open("/admin/accounts/new-passwords")


def test_who_sees_the_own_caseload_only_does_not_ask_everybody(cast, browse):
    with store.writing():
        some = SecurityClass.create(name="Accounts", rights="manage_accounts")
        Worker.update(security_class=some).where(Worker.id == cast.dora.id).execute()
    dora = browse("dora")
    assert "New password for everybody" not in dora.open("/admin/accounts/").links
    assert dora.ask("/admin/accounts/new-passwords").status == 404


def test_the_list_of_accounts_asks_some_but_not_everybody(cast, browse):
    ada = browse("ada")
    ada.open("/admin/accounts/")
    form = ada.page.form("See what would happen")
    page = ada.submit(form, form.filled({"verb": "reset", "whom": "all"}))
    assert (page.status, BulkJob.select().count()) == (422, 0)
    assert "This would be everybody" in page
    ada.open("/admin/accounts/?q=alice")
    form = ada.page.form("See what would happen")
    page = ada.submit(form, form.filled({"verb": "reset", "whom": "all"}))
    bulk_jobs.run_due()
    assert "One account would change" in ada.open(page.path)
    ada.press("Ask for a new password")
    bulk_jobs.run_due()
    assert cast.alice_account.password_reset_wanted_at is not None
    assert cast.bob_account.password_reset_wanted_at is None


def test_a_repeated_post_of_an_earlier_sign_in_starts_no_session(cast, browse):
    alice = browse()
    alice.open("/sign-in")
    form = alice.page.form("Sign in")
    values = form.filled({"email": "alice@example.org", "password": cast.password_of("alice")})
    alice.submit(form, values)
    forced_reset.force(cast.alice_account, cast.by("ada"))
    alice.client._cookies.clear()
    alice.submit(form, values)
    assert LoginSession.select().where(LoginSession.account == cast.alice_account).count() == 0
