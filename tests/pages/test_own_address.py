"""Another address to sign in with, as people meet it (spec 01; 09 C)."""

import re

import pytest
from pages.conftest import text_of

from domain import clock, store
from models import AddressChange, Contact, Task

pytestmark = pytest.mark.usefixtures("cast")

FRESH = "alice.new@example.org"


def ask(browser, cast, address=FRESH, password=None):
    browser.open("/my-portal/address")
    return browser.press("Send the code", email=address, current=password or cast.password_of("alice"))


def code_for(mailbox, address=FRESH):
    return "".join(re.search(r"^(\d{3}) (\d{3})$", text_of(mailbox.newest(address)), re.M).groups())


def change(browser, cast, mailbox):
    ask(browser, cast)
    return browser.press("Use this address", code=code_for(mailbox))


def undo_link(mailbox):
    return re.search(r"/former-address/\S+", text_of(mailbox.newest("alice@example.org"))).group()


def test_alice_changes_her_address_with_the_code_and_stays_signed_in_here_only(browse, cast, mailbox):
    alice, elsewhere = browse("alice"), browse("alice")
    assert alice.open("/my-portal/").links["Sign in with another address"] == "/my-portal/address"
    page = ask(alice, cast)
    assert page.path == "/my-portal/address/code"
    assert FRESH in page.text
    page = alice.press("Use this address", code=code_for(mailbox))
    assert page.path == "/my-portal/"
    assert "You sign in with the new address from now on." in page.text
    assert FRESH in page.text
    assert elsewhere.ask("/my-portal/").status == 303
    assert browse().sign_in(FRESH, cast.password_of("alice")).path == "/"
    assert browse().sign_in("alice@example.org", cast.password_of("alice")).status == 422


def test_the_page_says_that_about_me_stays_as_it_is(browse, cast, mailbox):
    alice = browse("alice")
    assert "How we reach you otherwise stays as it is: you see that in About Me." in alice.open("/my-portal/address").text
    change(alice, cast, mailbox)
    assert Contact.get(Contact.individual == cast.alice, Contact.kind == "email").value == "alice@example.org"


def test_all_that_is_wrong_is_said_at_once_and_the_address_is_kept(browse):
    alice = browse("alice")
    alice.open("/my-portal/address")
    page = alice.press("Send the code", email="nobody", current="")
    assert page.status == 422
    assert page.problems == ["Enter an e-mail address such as name@example.org.", "Enter your current password."]
    assert page.form("Send the code").values["email"] == "nobody"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("ALICE@EXAMPLE.ORG", "This is the address that you sign in with now."),
        ("alice@exаmple.org", "Use an address of plain letters, digits and signs: others can look alike. If yours has others, call us."),
    ],
)  # fmt: skip
def test_the_same_address_and_look_alikes_are_refused(browse, cast, address, told):
    assert ask(browse("alice"), cast, address).problems == [told]


def test_a_wrong_password_sends_nothing(browse, cast, mailbox):
    assert ask(browse("alice"), cast, password="not this one").problems == ["This is not your current password."]
    assert not mailbox.collect()


def test_whose_address_it_is_is_not_told_but_the_owner_is(browse, cast, mailbox):
    alice = browse("alice")
    free = ask(alice, cast)
    with store.writing():
        AddressChange.update(asked_at=clock.ago(minutes=2)).execute()
    taken = ask(alice, cast, "BOB@example.org")

    def plain(page):
        return re.sub(r'(csrf_token|form_id)" value="[^"]*"', "", page.main).replace(FRESH, "…").replace("BOB@example.org", "…")

    assert (free.status, free.path) == (taken.status, taken.path)
    assert plain(free) == plain(taken)
    message = mailbox.newest("BOB@example.org")
    assert message["Subject"] == "Your e-mail address was entered"
    assert not re.search(r"\d{3} \d{3}$", text_of(message).split("--")[0].split("+1")[0], re.M)
    assert alice.press("Use this address", code="123456").problems == ["This code does not work. Check it, or ask for a new one."]


def test_a_wrong_code_is_said_so_and_after_five_the_right_one_is_too_late(browse, cast, mailbox):
    alice = browse("alice")
    ask(alice, cast)
    code = code_for(mailbox)
    for _ in range(5):
        page = alice.press("Use this address", code="111111" if code != "111111" else "222222")
        assert page.problems == ["This code does not work. Check it, or ask for a new one."]
    assert alice.press("Use this address", code=code).status == 422
    assert cast.alice_account.email == "alice@example.org"


def test_without_a_code_the_page_says_what_to_do(browse):
    page = browse("alice").open("/my-portal/address/code")
    assert "No code waits, or it is too old. Go back and ask for a new one." in page.text


def test_twice_at_once_one_happens(browse, cast, mailbox, at_once):
    alice = browse("alice")
    ask(alice, cast)
    form = alice.page.form("Use this address").filled({"code": code_for(mailbox)})
    twins = [browse(), browse()]
    for number, twin in enumerate(twins):
        twin.client._cookies.update(alice.client._cookies)
        twin.form = {**form, "form_id": f"{number}" * 22}
    answers = at_once([lambda t=t: t.send("/my-portal/address/code", t.form) for t in twins])
    assert sum(answer.location == "/my-portal/" for answer in answers) == 1


# ---------------------------------------------------------------- this was not me


def test_this_was_not_me_puts_it_back_and_leads_to_a_new_password(browse, cast, mailbox):
    thief = browse("alice")
    change(thief, cast, mailbox)
    alice = browse()
    page = alice.open(undo_link(mailbox))
    assert (page.path, page.heading) == ("/former-address/", "This was not me")
    assert cast.alice_account.email == FRESH
    page = alice.press("Put my address back")
    assert page.path == "/reset/"
    assert cast.alice_account.email == "alice@example.org"
    assert thief.ask("/my-portal/").status == 303
    assert browse().sign_in("alice@example.org", cast.password_of("alice")).status == 422
    alice.press("Save the new password", password="seven brave geese fly")
    assert alice.sign_in("alice@example.org", "seven brave geese fly").path == "/"
    assert Task.get(Task.kind == "address_undone").individual == cast.alice
    assert "Somebody else had changed their sign-in address" in browse("ines").open("/admin/").text


def test_opening_it_changes_nothing_and_it_works_once(browse, cast, mailbox):
    change(browse("alice"), cast, mailbox)
    path, alice = undo_link(mailbox), browse()
    for _ in range(3):
        browse().ask(path, "HEAD")
    form = alice.open(path).form("Put my address back")
    alice.press("Put my address back")
    again = browse()
    again.open(path)
    assert (again.page.status, again.page.heading) == (410, "This was done before")
    assert "/forgotten-password" in again.page.hrefs
    assert again.send("/former-address/", {**form.filled({}), "csrf_token": again.token, "form_id": "x" * 22}).status == 410


def test_the_record_shows_both(browse, cast, mailbox):
    change(browse("alice"), cast, mailbox)
    alice = browse()
    alice.open(undo_link(mailbox))
    alice.press("Put my address back")
    text = browse("ada").open(f"/admin/individuals/{cast.alice.public_id}/history").text
    assert "Sign-in address changed" in text
    assert "Former sign-in address put back" in text
    assert FRESH not in text


def test_the_agency_can_switch_it_off(browse, cast, decided):
    decided(address_change=0)
    alice = browse("alice")
    assert "Sign in with another address" not in alice.open("/my-portal/").links
    for path in ("/my-portal/address", "/my-portal/address/code"):
        assert alice.ask(path).status == 404
        assert alice.ask(path, "POST", {"csrf_token": alice.token}, {"Origin": alice.root}).status == 404
