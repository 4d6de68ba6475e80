"""Logged out means logged out: old cookies open nothing, and no request on its way revives a session (P9, T9)."""

import datetime as dt

import pytest
from pages.conftest import Browser

from domain import accounts, clock, links, passwords, sign_in, store
from models import LoginSession, PortalAccount

ROUNDS = 10
OLD, NEW, OTHER = "nine quiet otters swim", "seven brave geese fly", "eleven wild swans land"
pytestmark = pytest.mark.usefixtures("cast")


def sign_out(browser, account, cast):
    browser.open("/my-portal/")
    browser.sign_out()


def change_password(browser, account, cast):
    browser.open("/my-portal/password")
    assert browser.press("Save the new password", current=OLD, password=NEW).status == 200


def reset(browser, account, cast):
    link = links.make("password_reset", clock.ahead(minutes=30), account=account)
    sign_in.reset_password(link, NEW, cast.visitor())


ENDS = {
    "signs out": sign_out, "changes the password": change_password, "resets the password": reset,
    "is suspended": lambda browser, account, cast: accounts.suspend(account, cast.by("ada")),
    "is disabled": lambda browser, account, cast: accounts.disable(account, cast.by("ada")),
    "is closed": lambda browser, account, cast: accounts.close(account, cast.by("ada")),
}  # fmt: skip


def _token(browser):
    with browser.client.session_transaction(base_url=browser.root) as cookie:
        return cookie["_user_id"]


def somebody(app, cast):
    """A person of their own, in a browser of their own."""
    account = cast.activated(cast.person(), OLD)
    browser = Browser(app)
    browser.lints = False
    assert browser.sign_in(account.email, OLD).path == "/"
    return browser, PortalAccount.get_by_id(account.id)


def thief(browser):
    twin = Browser(browser.app)
    twin.lints = False
    twin.client._cookies.update(browser.client._cookies)
    return twin


@pytest.mark.long
@pytest.mark.parametrize("end", ENDS)
def test_the_cookies_of_before_open_nothing_in_ten_rounds(app, cast, end):
    for _ in range(ROUNDS):
        browser, account = somebody(app, cast)
        stolen = thief(browser)
        form = stolen.open("/my-portal/password").form("Save the new password")
        assert form.action == "/my-portal/password"
        ENDS[end](browser, account, cast)
        for path in ("/", "/my-portal/", "/about-me/"):
            answer = stolen.ask(path)
            assert (answer.status, answer.location.partition("?")[0]) == (303, "/sign-in"), (end, path)
        answer = stolen.send(form.action, form.filled({"current": OLD, "password": OTHER}))
        assert (answer.status, answer.location.partition("?")[0]) == (303, "/sign-in"), end
        assert not passwords.matches(OTHER, PortalAccount.get_by_id(account.id).password_hash)


@pytest.mark.long
@pytest.mark.parametrize("end", ENDS)
def test_a_request_on_its_way_revives_no_session_in_ten_rounds(app, cast, at_once, end):
    """Two requests that read the session before its end and move its clock after it, as often as the race allows."""
    for _ in range(ROUNDS):
        browser, account = somebody(app, cast)
        token = _token(browser)
        with store.writing():  # so that every request moves the clock
            LoginSession.update(seen_at=clock.now() - dt.timedelta(minutes=5)).execute()
        on_their_way = [thief(browser) for _ in range(2)]
        at_once([*[lambda one=one: one.ask("/my-portal/") for one in on_their_way], lambda: ENDS[end](browser, account, cast)])  # noqa: B023
        assert sign_in.session_of(token) is None
        for one in on_their_way:
            assert one.ask("/my-portal/").status == 303, end
        living = LoginSession.select().where(LoginSession.account == account).count()
        assert living == (1 if end == "changes the password" else 0)
