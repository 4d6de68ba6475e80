"""Where you are signed in, for clients and staff (spec 01; T9)."""

import pytest

from domain import store
from models import Device, LoginSession

pytestmark = pytest.mark.usefixtures("cast")

PATHS = {"alice": "/my-portal/devices/", "dora": "/admin/my-sign-in/devices/"}
BOTH = pytest.mark.parametrize("name", list(PATHS))
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17.0 Mobile/15E148 Safari/604"


def at(browse, name):
    browser = browse(name)
    browser.open(PATHS[name])
    return browser


@BOTH
def test_the_page_is_reached_from_the_own_portal_and_lists_this_device(browse, name):
    browser = browse(name)
    page = browser.open(PATHS[name].removesuffix("devices/"))
    assert page.links["Where you are signed in"] == PATHS[name]
    page = browser.open(PATHS[name])
    assert "This device" in page.text
    assert [form.action for form in page.forms if form.action.startswith(PATHS[name])] == [f"{PATHS[name]}others"]


@BOTH
def test_another_device_is_signed_out_with_its_button(browse, app, name):
    other = browse(name, agent=PHONE)
    browser = at(browse, name)
    assert "Safari on iPhone" in browser.page.text
    form = next(form for form in browser.page.forms if form.action.endswith("/removal"))
    page = browser.submit(form, form.filled({}))
    assert "That device is signed out and forgotten." in page
    assert "Safari on iPhone" not in page.text
    assert other.ask(PATHS[name]).status == 303
    assert browser.ask(PATHS[name]).status == 200


@BOTH
def test_sign_out_everywhere_else_leaves_this_one(browse, name):
    others, browser = [browse(name), browse(name)], at(browse, name)
    assert "2 other sessions were ended." in browser.press("Sign out everywhere else")
    assert [other.ask(PATHS[name]).status for other in others] == [303, 303]
    assert "You were signed in nowhere else." in browser.press("Sign out everywhere else")


@BOTH
def test_somebody_elses_device_is_the_same_404_as_none(browse, name):
    browse("bob")
    browse("ada")
    foreign = [row.public_id for table in (Device, LoginSession) for row in table.select()]
    browser, shown = at(browse, name), set()
    for public_id in (*foreign, "nothing", "x" * 22):
        answer = browser.ask(f"{PATHS[name]}{public_id}/removal", "POST", {"csrf_token": browser.token}, {"Origin": browser.root})
        assert answer.status == 404
        shown.add(answer.text)
    assert len(shown) == 1
    assert LoginSession.select().count() == 3


def test_more_than_a_page_is_paged(browse, cast):
    alice = browse("alice")
    with store.writing():
        for number in range(25):
            Device.create(token_hash=f"{number}", account=cast.alice_account, agent=PHONE, created_at=cast.alice.created_at)
    page = alice.open("/my-portal/devices/")
    assert page.text.count("Safari on iPhone") == 20
    assert alice.open(page.links["Next"]).text.count("Safari on iPhone") == 5


def test_who_removes_the_own_device_signs_in_again(browse, cast):
    alice = at(browse, "alice")
    device = Device.get(Device.account == cast.alice_account)
    answer = alice.send(f"/my-portal/devices/{device.public_id}/removal", {"csrf_token": alice.token})
    assert answer.location == "/sign-in"
    assert alice.ask("/my-portal/").status == 303
