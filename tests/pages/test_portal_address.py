"""A portal that starts at another address says so to staff in red, and only who sets it up may say what it is."""

import json

import pytest
from smtp_server import SmtpServer

from domain import accounts, portal_address, sandbox
from models import Delivery

pytestmark = pytest.mark.usefixtures("cast")
BAR, BUTTON = "This portal’s address has changed", "This is the real portal"


@pytest.fixture
def moved(app):
    """The portal was at another address before."""
    here = sandbox.address()
    sandbox.live_at("https://portal.example.org")
    portal_address.begin()
    sandbox.live_at(here)
    yield
    sandbox.live_at("")


def test_the_bar_is_on_each_page_of_staff_and_on_no_other(browse, moved):
    for who, paths in {"ada": ("/admin/", "/admin/settings/", "/admin/no-such-page"), "dora": ("/admin/", "/admin/tasks/")}.items():
        reader = browse(who)
        for path in paths:
            assert BAR in reader.ask(path).text, (who, path)
    for who, path in (("alice", "/"), ("alice", "/my-portal/"), ("", "/sign-in")):
        assert BAR not in browse(who).ask(path).text, path
    assert json.loads(browse().ask("/readyz").body)["address_changed"] is True


def test_what_is_held_for_it_waits_for_one_answer_and_is_not_told_as_restored(cast, browse, moved, deliver):
    accounts.create(cast.pia, cast.by("ada"))
    with SmtpServer() as server:
        deliver(server)
        assert server.accepted == []
    assert Delivery.get(Delivery.kind == "activation", Delivery.individual == cast.pia).state == "held"
    ada = browse("ada")
    assert "restored from a backup" not in ada.open("/admin/")
    ada.open("/admin/settings/portal-address/")
    assert "that was held is on its way." in ada.press(BUTTON)


def test_who_does_not_set_the_portal_up_gets_the_bar_and_no_way_to_answer(browse, moved):
    for who in ("dora", "ines", "finn"):
        reader = browse(who)
        assert "Say which it is" not in reader.open("/admin/")
        assert reader.ask("/admin/settings/portal-address/").status == 404
        assert reader.send("/admin/settings/portal-address/real", {"csrf_token": reader.token}).status == 404
    assert sandbox.is_moved()


def test_ada_says_that_it_is_real(browse, moved):
    ada = browse("ada")
    ada.open("/admin/")
    assert "Say which it is" in ada.page
    page = ada.open("/admin/settings/portal-address/")
    assert "https://portal.example.org" in page
    page = ada.press(BUTTON)
    assert "This is the real portal now. No message was held." in page
    assert BAR not in page
    assert BUTTON not in page.buttons


def test_ada_says_that_it_is_a_copy_and_a_second_tap_hears_that_it_was_said(browse, moved):
    ada, again = browse("ada"), browse("ada")
    for each in (ada, again):
        each.open("/admin/settings/portal-address/")
    page = ada.press("This is a copy")
    assert "Sandbox: for trying out. No message leaves." in page
    assert BAR not in page
    assert "Somebody has said it already." in again.press(BUTTON)
    assert sandbox.is_on()


def test_the_check_of_the_installation_says_so(make_app):
    app = make_app()
    sandbox.live_at("https://portal.example.org")
    portal_address.begin()
    app = make_app()
    with app.app_context():
        said = app.test_cli_runner().invoke(args=["check"])
    sandbox.live_at("")
    assert "PORTAL_URL has changed: no message leaves" in said.output
    assert said.exit_code == 0
