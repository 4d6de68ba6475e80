"""Leaving at once, a session that ends while somebody types, and one that would end."""

import datetime as dt
import re

import pytest
from pages.conftest import Browser, words
from sweep.test_access import HTMX

from domain import accounts, profile, settings, sign_in, store, unsent
from models import AuditEntry, LoginSession, UnsentForm

pytestmark = pytest.mark.usefixtures("cast")
NEW = "/admin/individuals/new"
TYPED = {"first_name": "Nell", "last_name": "Nook", "birth_date-day": "4", "birth_date-month": "5", "birth_date-year": "199"}
NOT_SENT = "Your session ended. What you typed is still here; please send it again."


@pytest.fixture
def until_idle(frozen):
    """Half an hour goes by without a tap."""
    frozen()
    return lambda: frozen.shift(minutes=31)


def values_of(page):
    return page.form("Save").values


# ---------------------------------------------------------------- quick exit


@pytest.mark.parametrize("way", ["button", "mark"])
def test_the_history_knows_who_left(browse, cast, way):
    alice = browse("alice")
    form = alice.open("/").form("Quick exit: leave this page at once")
    if way == "mark":
        alice.client.set_cookie("left", "1")
    alice.send(form.action, form.values)
    entry = AuditEntry.select().where(AuditEntry.kind == "sign_out.done").get()
    assert (entry.actor_kind, entry.account, entry.individual) == ("client", cast.alice_account, cast.alice)
    page = browse("ada").open(f"/admin/individuals/{cast.alice.public_id}/history")
    rows = [words(row) for row in page.tree.iter("li") if "Signed out" in words(row)]
    assert [row.rpartition(" · ")[2] for row in rows] == ["the client"]


@pytest.mark.parametrize(("name", "path"), [("alice", "/"), ("alice", "/pages/help"), ("alice", "/nothing"), ("ada", "/admin/"), ("ada", NEW)])
def test_the_way_out_stands_on_every_page_of_somebody_who_is_signed_in(browse, name, path):
    page = browse(name).open(path)
    assert page.form("Quick exit: leave this page at once").action == "/quick-exit"
    assert "Quick exit" not in browse().open("/pages/help")


def test_a_quick_exit_without_javascript_ends_the_session_and_leads_away(browse):
    alice = browse("alice")
    alice.open("/about-me/")
    form = alice.page.form("Quick exit: leave this page at once")
    answer = alice.send(form.action, form.values)
    assert (answer.status, answer.location) == (303, "/quick-exit")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert not LoginSession.select().exists()
    way = alice.ask("/quick-exit")
    assert way.headers["Refresh"] == "0; url=https://www.google.com/"
    assert "Harbour" not in way.html
    assert alice.ask("/about-me/").location.startswith("/sign-in")


def test_whoever_has_no_good_token_gets_out_all_the_same(browse):
    alice = browse("alice")
    assert alice.send("/quick-exit", {"csrf_token": "old"}).location == "/quick-exit"
    assert LoginSession.select().count() == 1


def test_the_agency_says_where_it_leads_or_switches_it_off(browse, cast):
    settings.change("quick_exit_address", "https://weather.example.org/halifax?unit=c", cast.by("ada"))
    alice = browse("alice")
    assert 'data-quick-exit="https://weather.example.org/halifax?unit=c"' in alice.open("/").html
    assert alice.ask("/quick-exit").headers["Refresh"] == "0; url=https://weather.example.org/halifax?unit=c"
    settings.change("quick_exit", "0", cast.by("ada"))
    assert "Quick exit" not in alice.open("/")
    assert alice.ask("/quick-exit").status == 404
    assert alice.send("/quick-exit", {"csrf_token": alice.token}).status == 404


def test_the_mark_of_a_quick_exit_ends_the_session_before_anything_is_shown(browse):
    """The page sets it; the sign-out itself may not have arrived."""
    alice = browse("alice")
    alice.client.set_cookie("left", "1")
    answer = alice.ask("/about-me/")
    assert answer.location.startswith("/sign-in")
    assert not LoginSession.select().exists()
    assert re.search(r"^left=; .*Max-Age=0", "\n".join(answer.headers.getlist("Set-Cookie")), re.MULTILINE)
    assert alice.client.get_cookie("left") is None
    assert alice.sign_in("alice@example.org", "alice likes 9 quiet otters").path == "/"


# ---------------------------------------------------------------- what was typed


def test_what_is_sent_after_the_session_ended_is_back_after_signing_in(browse, cast, until_idle):
    ines = browse("ines")
    ines.open(NEW)
    until_idle()
    page = ines.press("Save", TYPED)
    assert page.path == f"/sign-in?next={NEW}"
    assert "What you typed is kept" in page
    again = ines.press("Sign in", email="ines@example.org", password=cast.password_of("ines"))
    assert NOT_SENT in again
    assert {name: values_of(again)[name] for name in TYPED} == TYPED
    assert again.status == 200
    assert ines.press("Save", {"birth_date-year": "1990"}).heading == "Nell Nook"


def test_it_is_there_until_it_is_sent_and_reading_it_changes_nothing(browse, cast, until_idle):
    ines = end_while_typing(browse("ines"), until_idle)
    assert NOT_SENT in sign_in_again(ines, cast, "ines")
    before = rows()
    for _ in range(3):
        assert NOT_SENT in ines.open(NEW)
    assert rows() == before
    assert ines.press("Save", {"first_name": ""}).status == 422
    assert UnsentForm.select().count() == 1
    assert ines.press("Save", {"first_name": "Nell", "birth_date-year": "1990"}).heading == "Nell Nook"
    assert not UnsentForm.select().exists()
    page = ines.open(NEW)
    assert NOT_SENT not in page
    assert values_of(page)["first_name"] == ""


def rows():
    return list(UnsentForm.select().tuples())


def end_while_typing(browser: Browser, until_idle) -> Browser:
    browser.open(NEW)
    until_idle()
    browser.press("Save", TYPED)
    assert UnsentForm.select().count() == 1
    return browser


def sign_in_again(browser, cast, name):
    return browser.press("Sign in", email=cast.email_of(name), password=cast.password_of(name))


def test_somebody_else_who_signs_in_gets_nothing_and_it_is_gone(browse, cast, until_idle):
    browser = end_while_typing(browse("ines"), until_idle)
    page = sign_in_again(browser, cast, "ada")
    assert page.path == NEW
    assert NOT_SENT not in page
    assert values_of(page)["first_name"] == ""
    assert not UnsentForm.select().exists()


def test_the_same_person_in_another_browser_gets_nothing(browse, cast, until_idle):
    end_while_typing(browse("ines"), until_idle)
    assert NOT_SENT not in browse("ines").open(NEW)


def test_it_is_gone_after_an_hour_and_after_signing_out(browse, cast, frozen, until_idle):
    ines = end_while_typing(browse("ines"), until_idle)
    frozen.shift(minutes=61)
    assert NOT_SENT not in sign_in_again(ines, cast, "ines")
    assert unsent.forget_old() == 1
    ines = end_while_typing(browse("ines"), until_idle)
    ines.open("/sign-in")
    sign_in_again(ines, cast, "ines")
    ines.open("/admin/my-sign-in/")
    ines.sign_out()
    assert not UnsentForm.select().exists()


def test_no_password_and_no_token_is_kept(browse, cast, until_idle):
    alice = browse("alice")
    alice.open("/my-portal/password")
    until_idle()
    alice.press("Save the new password", current="a secret of mine", password="another secret of mine")
    assert not UnsentForm.select().exists()
    ines = end_while_typing(browse("ines"), until_idle)
    assert not re.search("csrf_token|form_id", UnsentForm.get().words)
    assert ines.page.path.endswith(NEW)


def test_what_htmx_sends_is_kept_too_and_the_whole_page_goes_to_the_sign_in(browse, cast, until_idle):
    ines = browse("ines")
    form = ines.open(NEW).form("Save")
    until_idle()
    there = {**HTMX, "HX-Current-URL": f"http://localhost:8000{NEW}?from=list"}
    answer = ines.send(NEW, form.filled(TYPED), headers=there)
    assert (answer.status, answer.headers["HX-Redirect"]) == (401, f"/sign-in?next={NEW}")
    ines.open(answer.headers["HX-Redirect"])
    assert NOT_SENT in sign_in_again(ines, cast, "ines")


def test_a_form_of_buttons_alone_is_told_of_but_not_repeated(browse, cast, until_idle):
    ines = browse("ines")
    page = ines.open(f"/admin/individuals/{cast.alice.public_id}/")
    form = page.form("Follow")
    until_idle()
    ines.page = ines._follow(ines.send(form.action, form.values, {"Referer": f"http://localhost:8000{page.path}"}), form.action)
    told = sign_in_again(ines, cast, "ines")
    assert told.path == page.path
    assert "Your session ended before this was done. Please do it again." in told
    assert "Stop following" not in told.buttons


@pytest.mark.parametrize("how", ["no token", "another site", "too long", "signed out", "revoked"])
def test_what_nobody_can_vouch_for_is_not_kept(browse, cast, until_idle, how):
    ines = browse("ines")
    values = ines.open(NEW).form("Save").filled(TYPED)
    if how == "signed out":
        sign_in.sign_out(LoginSession.get(), cast.by("ines"))
    until_idle()
    if how == "revoked":
        with store.writing():
            LoginSession.delete().execute()
    headers = {"Sec-Fetch-Site": "cross-site"} if how == "another site" else {}
    changed = {"no token": {"csrf_token": "x"}, "too long": {"first_name": "x" * unsent.MOST}}.get(how, {})
    assert ines.send(NEW, {**values, **changed}, headers).location.startswith("/sign-in")
    assert not UnsentForm.select().exists()


def test_a_record_that_was_changed_meanwhile_is_not_overwritten(browse, cast, until_idle):
    ines, path = browse("ines"), f"/admin/individuals/{cast.alice.public_id}/edit"
    ines.open(path)
    until_idle()
    ines.press("Save", preferred_name="Ally")
    ada = browse("ada")
    ada.open(path)
    ada.press("Save", preferred_name="Alicia")
    assert values_of(sign_in_again(ines, cast, "ines"))["preferred_name"] == "Ally"
    assert "Preferred name: saved now: Alicia" in ines.press("Save")


def test_settings_that_were_typed_are_back_and_overwrite_nothing_unseen(browse, cast, until_idle):
    ada, path = browse("ada"), "/admin/settings/accounts"
    ada.open(path)
    until_idle()
    ada.press("Save", minimum_age="18")
    settings.change("minimum_age", "17", cast.by("ada"))
    page = sign_in_again(ada, cast, "ada")
    assert NOT_SENT in page
    assert values_of(page)["minimum_age"] == "18"
    assert "Minimum age: saved now: 17" in ada.press("Save")
    assert settings.get("minimum_age") == 17
    assert "Saved." in ada.press("Save")
    assert settings.get("minimum_age") == 18


# ---------------------------------------------------------------- signing out


@pytest.mark.parametrize(("name", "path"), [("alice", "/my-portal/"), ("ines", "/admin/my-sign-in/")])
def test_whoever_signs_out_is_told_once_and_in_the_language_of_the_page(browse, cast, name, path):
    profile.choose_language(cast.alice, "fr", cast.by("ada"))
    browser = browse(name)
    form = next(form for form in browser.open(path).forms if form.action == "/sign-out")
    page = browser.submit(form, form.values)
    assert (page.path, page.tree.get("lang"), "You are signed out." in page) == ("/sign-in", "en", True)
    assert "You are signed out." not in browser.open("/sign-in")


def test_a_quick_exit_says_nothing(browse):
    alice = browse("alice")
    form = alice.open("/").form("Quick exit: leave this page at once")
    alice.send(form.action, form.values)
    assert "signed out" not in alice.open("/sign-in").main


@pytest.mark.parametrize("how", ["another tab", "another device", "by staff"])
def test_what_is_sent_after_a_sign_out_elsewhere_is_not_saved_and_its_writer_is_told(browse, cast, how):
    alice, here = browse("alice"), "/my-portal/language"
    form = alice.open(here).form("Save")
    if how == "another tab":
        alice.open("/my-portal/")
        alice.sign_out()
    elif how == "another device":
        sign_in.sign_out(LoginSession.get(), cast.by("alice"))
    else:
        accounts.suspend(cast.alice_account, cast.by("ada"))
    page = alice.submit(form, form.filled({"language": "fr"}))
    assert page.path == f"/sign-in?next={here}"
    assert "You were signed out, so this was not saved." in page
    assert cast.alice.language == ""
    assert not UnsentForm.select().exists()
    if how != "by staff":
        again = sign_in_again(alice, cast, "alice")
        assert (again.path, again.form("Save").values["language"]) == (here, "en")


@pytest.mark.parametrize("how", ["another site", "no form of ours"])
def test_nobody_else_is_told_of_a_sign_out(browse, how):
    stranger = browse()
    headers = {"Sec-Fetch-Site": "cross-site"} if how == "another site" else {}
    values = {"language": "fr"} | ({"form_id": "x" * 22} if how == "another site" else {})
    assert stranger.send("/my-portal/language", values, headers).location == "/sign-in"
    assert "signed out" not in stranger.open("/sign-in").main


# ---------------------------------------------------------------- staying


def test_whoever_says_that_they_are_there_stays(browse, frozen):
    frozen()
    alice = browse("alice")
    form = alice.open("/about-me/").form("Stay signed in")
    frozen.shift(minutes=29)
    answer = alice.send(form.action, form.values, HTMX)
    assert (answer.status, answer.body) == (204, b"")
    frozen.shift(minutes=29)
    assert alice.open("/about-me/").status == 200
    frozen.shift(minutes=31)
    assert alice.send(form.action, form.values).location.startswith("/sign-in")


def test_a_page_that_asks_by_itself_does_not_move_the_clock_nor_lead_anybody_away(browse, frozen):
    frozen()
    alice = browse("alice")
    poll = {**HTMX, "X-Poll": "1"}
    for _ in range(3):
        frozen.shift(minutes=9)
        assert alice.ask("/about-me/", headers=poll).status == 200
    frozen.shift(minutes=4)
    assert alice.ask("/about-me/", headers=poll).status == 204
    assert alice.ask("/about-me/").location.startswith("/sign-in")


def test_the_page_knows_how_long_the_session_lasts(browse, frozen):
    frozen()
    alice = browse("alice")
    frozen.shift(seconds=50)
    assert 'data-seconds-left="1750"' in alice.open("/").html
    frozen.shift(seconds=50)
    assert 'data-seconds-left="1800"' in alice.open("/").html
    assert dt.timedelta(seconds=1800) == dt.timedelta(minutes=settings.get("idle_minutes"))
