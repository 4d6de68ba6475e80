"""Logged out means logged out: old cookies open nothing, and no request on its way revives a session (P9, T9)."""

import datetime as dt
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pages.conftest import Browser

from domain import accounts, clock, imports, links, passwords, resets, sign_in, store
from models import LoginSession, Worker

ROUNDS = 10
OLD, NEW, OTHER = "nine quiet otters swim", "seven brave geese fly", "eleven wild swans land"
PLACES = {
    "client": ("/my-portal/password", ("/", "/my-portal/", "/about-me/")),
    "worker": ("/admin/my-sign-in/", ("/admin/", "/admin/my-sign-in/", "/admin/individuals/")),
}  # where the password is changed, and what is private
pytestmark = pytest.mark.usefixtures("cast")


def sign_out(browser, owner, cast):
    browser.open(PLACES[_kind(owner)][1][1])
    browser.sign_out()


def change_password(browser, owner, cast):
    browser.open(PLACES[_kind(owner)][0])
    assert browser.press("Save the new password", current=OLD, password=NEW).status == 200


def reset(browser, owner, cast):
    link = links.make("password_reset", clock.ahead(minutes=30), **{_kind(owner).replace("client", "account"): owner})
    resets.reset(link, NEW, cast.visitor())


def give(group):
    """Another user group, by an import."""

    def end(browser, worker, cast):
        with TemporaryDirectory() as folder:
            file = Path(folder) / "staff.csv"
            file.write_text(f"external_id,first_name,last_name,group\n{worker.external_id},Nell,North,{group}\n")
            report = imports.apply("workers", file, imports.find_mapping("workers", "doorstep"), imports.Choices(), cast.by("ada"))
        assert report.is_applied

    return end


ENDS = {
    "a client signs out": ("client", sign_out), "a client changes the password": ("client", change_password),
    "a client resets the password": ("client", reset),
    "a client is suspended": ("client", lambda browser, account, cast: accounts.suspend(account, cast.by("ada"))),
    "a client is disabled": ("client", lambda browser, account, cast: accounts.disable(account, cast.by("ada"))),
    "a client is closed": ("client", lambda browser, account, cast: accounts.close(account, cast.by("ada"))),
    "a worker signs out": ("worker", sign_out), "a worker changes the password": ("worker", change_password),
    "a worker resets the password": ("worker", reset),
    "a worker may less": ("worker", give("worker")), "a worker may more": ("worker", give("system_admin")),
}  # fmt: skip


def _kind(owner):
    return "worker" if isinstance(owner, Worker) else "client"


def _token(browser):
    with browser.client.session_transaction(base_url=browser.root) as cookie:
        return cookie["_user_id"]


def somebody(app, cast, kind):
    """A person of their own, in a browser of their own."""
    owner = cast.activated(cast.person(), OLD) if kind == "client" else _employed()
    browser = Browser(app)
    browser.lints = False
    assert browser.sign_in(owner.email, OLD).path == PLACES[kind][1][0]
    return browser, type(owner).get_by_id(owner.id)


def _employed():
    name, kept = uuid.uuid4().hex, passwords.hash(OLD)
    with store.writing():
        return Worker.create(
            external_id=name, first_name="Nell", last_name="North", group="admin_exec", email=f"{name}@example.org",
            email_key=f"{name}@example.org", password_hash=kept, created_at=clock.now(),
        )  # fmt: skip


def thief(browser):
    twin = Browser(browser.app)
    twin.lints = False
    twin.client._cookies.update(browser.client._cookies)
    return twin


@pytest.mark.long
@pytest.mark.parametrize("end", ENDS)
def test_the_cookies_of_before_open_nothing_in_ten_rounds(app, cast, end):
    kind, happens = ENDS[end]
    password_page, private = PLACES[kind]
    for _ in range(ROUNDS):
        browser, owner = somebody(app, cast, kind)
        stolen = thief(browser)
        form = stolen.open(password_page).form("Save the new password")
        assert form.action == password_page
        happens(browser, owner, cast)
        for path in private:
            answer = stolen.ask(path)
            assert (answer.status, answer.location.partition("?")[0]) == (303, "/sign-in"), (end, path)
        answer = stolen.send(form.action, form.filled({"current": OLD, "password": OTHER}))
        assert (answer.status, answer.location.partition("?")[0]) == (303, "/sign-in"), end
        assert not passwords.matches(OTHER, type(owner).get_by_id(owner.id).password_hash)


@pytest.mark.long
@pytest.mark.parametrize("end", ENDS)
def test_a_request_on_its_way_revives_no_session_in_ten_rounds(app, cast, at_once, end):
    """Two requests that read the session before its end and move its clock after it, as often as the race allows."""
    kind, happens = ENDS[end]
    page = PLACES[kind][1][1]
    for _ in range(ROUNDS):
        browser, owner = somebody(app, cast, kind)
        token = _token(browser)
        with store.writing():  # so that every request moves the clock
            LoginSession.update(seen_at=clock.now() - dt.timedelta(minutes=5)).execute()
        on_their_way = [thief(browser) for _ in range(2)]
        at_once([*[lambda one=one: one.ask(page) for one in on_their_way], lambda: happens(browser, owner, cast)])  # noqa: B023
        assert sign_in.session_of(token) is None
        for one in on_their_way:
            assert one.ask(page).status == 303, end
        mine = LoginSession.account if kind == "client" else LoginSession.worker
        living = LoginSession.select().where(mine == owner).count()
        assert living == (1 if happens is change_password else 0)
