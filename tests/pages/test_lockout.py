"""Too many wrong passwords, as people meet it: the sign-in page, the e-mail, the link (spec 01; T6, T7)."""

import re

import pytest
from pages.conftest import text_of

from domain import accounts, clock, links, store
from models import Delivery, Link, PortalAccount

pytestmark = pytest.mark.usefixtures("cast")

SAME = "The e-mail address and the password do not match."


def guess(browse, cast, name="alice", times=5):
    for _ in range(times):
        page = browse().sign_in(cast.email_of(name), "not this one")
        assert (page.status, page.problems) == (422, [SAME])
    return page


def masked(page):
    return re.sub(r'(name="(csrf_token|form_id)" value=|X-CSRFToken":)"[^"]*"', r"\1", page.html)


def link_of(mailbox, address):
    return next(part for part in re.findall(r"/unlock/\S+", text_of(mailbox.newest(address))))


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_the_page_says_the_same_before_at_and_after_the_lock_and_to_strangers(browse, cast, name):
    email = cast.email_of(name)
    shown = [masked(browse().sign_in(email, "not this one")) for _ in range(6)]
    shown.append(masked(browse().sign_in(email, cast.password_of(name))))
    strange = masked(browse().sign_in("nobody@example.org", "not this one")).replace("nobody@example.org", email)
    assert {*shown, strange} == {strange}


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_the_e_mail_leads_back_in(browse, cast, mailbox, name):
    guess(browse, cast, name)
    message = mailbox.newest(cast.email_of(name))
    assert message["Subject"] == "A wrong password, several times"
    someone = browse()
    page = someone.open(link_of(mailbox, cast.email_of(name)))
    assert (page.path, page.heading) == ("/unlock/", "Unlock my sign-in")
    page = someone.press("Unlock")
    assert page.path == "/sign-in"
    assert "Your sign-in is unlocked." in page
    assert someone.sign_in(cast.email_of(name), cast.password_of(name)).status == 200


def test_opening_the_link_unlocks_nothing(browse, cast, mailbox):
    guess(browse, cast)
    path = link_of(mailbox, "alice@example.org")
    for _ in range(3):
        assert browse().ask(path, "HEAD").status == 303
        browse().open(path)
    assert cast.alice_account.reason == "attempts"


def test_whoever_is_signed_in_stays_so_and_a_known_device_gets_in(browse, cast):
    alice, known = browse("alice"), browse()
    known.sign_in("alice@example.org", cast.password_of("alice"))
    known.open("/my-portal/")
    known.sign_out()
    guess(browse, cast)
    assert alice.open("/my-portal/").status == 200
    assert browse().sign_in("alice@example.org", cast.password_of("alice")).status == 422
    assert known.sign_in("alice@example.org", cast.password_of("alice")).path == "/"


def opened(browse, mailbox, cast):
    """Alice is locked out; a browser on the page of her link."""
    guess(browse, cast)
    someone = browse()
    someone.open(link_of(mailbox, "alice@example.org"))
    return someone


def late(cast):
    with store.writing():
        Link.update(expires_at=clock.ago(minutes=1)).where(Link.purpose == "unlock").execute()


def newer(cast):
    account = cast.alice_account
    links.make("unlock", clock.ahead(minutes=30), account=account)


def suspended(cast):
    accounts.unlock(cast.alice_account, cast.by("ada"))
    accounts.suspend(cast.alice_account, cast.by("ada"))


OVER = {
    "used": (lambda cast: accounts.unlock(cast.alice_account, cast.by("ada")), "Your sign-in is unlocked", "/sign-in"),
    "suspended": (suspended, "Your access is paused", ""),
    "disabled": (lambda cast: accounts.disable(cast.alice_account, cast.by("ada")), "Your access has ended", ""),
    "late": (late, "This link is too old", "/forgotten-password"),
    "newer": (newer, "There is a newer link", ""),
}


@pytest.mark.parametrize("why", OVER)
def test_a_link_that_does_nothing_says_why_and_what_next(browse, cast, mailbox, why):
    someone = opened(browse, mailbox, cast)
    form = someone.open("/unlock/").form("Unlock")
    act, title, way = OVER[why]
    act(cast)
    state = cast.alice_account.state
    for page in (someone.open("/unlock/"), someone.send("/unlock/", form.filled({}))):
        assert (page.status, page.heading) == (410, title)
        assert way in page.hrefs if way else "You reach us on" in page.text
    assert cast.alice_account.state == state


def test_a_link_that_we_did_not_sign_is_no_link(browse):
    page = browse().open("/unlock/made-up")
    assert (page.status, page.heading) == (404, "This link is not complete")
    assert browse().open("/unlock/").heading == "Open the link again"


def test_staff_see_why_and_unlock_with_one_button(browse, cast):
    guess(browse, cast)
    ines = browse("ines")
    page = ines.open(f"/admin/individuals/{cast.alice.public_id}/")
    assert "too many wrong passwords" in page.text
    ines.open(page.links["Unlock"])
    ines.press("Unlock")
    assert cast.alice_account.state == "active"
    history = browse("ada").open(f"/admin/individuals/{cast.alice.public_id}/history")
    assert "Account locked: too many wrong passwords" in history.text


def test_a_forgotten_password_opens_the_way_too(browse, cast, mailbox):
    guess(browse, cast)
    browse().open("/forgotten-password")
    someone = browse()
    someone.open("/forgotten-password")
    someone.press("Send me the link", email="alice@example.org")
    someone.open(mailbox.link("alice@example.org"))
    someone.press("Save the new password", password="seven brave geese fly")
    assert someone.sign_in("alice@example.org", "seven brave geese fly").path == "/"


def test_a_stranger_gets_no_mail_and_leaves_no_lock(browse, cast):
    guess(browse, cast, "nobody")
    assert not Delivery.select().where(Delivery.kind == "sign_in_locked").exists()
    assert not PortalAccount.select().where(PortalAccount.reason == "attempts").exists()
