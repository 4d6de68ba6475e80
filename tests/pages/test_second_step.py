"""Staff sign in with an authenticator app: the pages, from the password to the session, without JavaScript."""

import re

import pyotp
import pytest
import segno
from pages.conftest import Browser, text_of

from domain import clock, second_step, store, workers
from models import AuditEntry, Authenticator, Device, HalfSignIn, LoginSession, Site, Worker

MINE = "/admin/my-sign-in/"


@pytest.fixture(autouse=True)
def _is_on(cast, decided, frozen):
    frozen("2026-11-27 12:00:05")
    decided(staff_2step=1)


@pytest.fixture
def dora(browse, cast, frozen):
    """Dora's browser after she set up her app, signed in; her recovery codes."""
    browser = set_up(browse(), cast)
    codes = re.findall(r"<li>([a-z2-7]{5}-[a-z2-7]{5})</li>", browser.page.html)
    assert len(codes) == 10
    browser.press("I have kept them")
    browser.codes = codes
    frozen.shift(minutes=1)
    return browser


def set_up(browser, cast, name="dora"):
    """As far as the recovery codes."""
    assert browser.sign_in(cast.email_of(name), cast.password_of(name)).heading == "Set up your app"
    browser.press("Continue", code=pyotp.TOTP(typed_secret(browser.page)).now())
    return browser


def typed_secret(page):
    """The letters that somebody types who cannot scan the picture."""
    return re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', page.html).group(1).replace(" ", "")


def shown(worker="dora"):
    """What the app shows now."""
    app = Authenticator.get(Authenticator.worker == Worker.get(Worker.external_id == worker))
    return pyotp.TOTP(second_step.secret(app.nonce)).at(clock.now())


def asked(browse, cast, at="/sign-in"):
    """A browser before the page that asks Dora for the code."""
    browser = browse()
    browser.sign_in(cast.email_of("dora"), cast.password_of("dora"), at)
    return browser


def wrong():
    return str((int(shown()) + 1) % 10**6).zfill(6)


def is_in(browser):
    return browser.ask("/admin/").status == 200


# ---------------------------------------------------------------- the first time


def test_the_app_is_set_up_before_any_session_begins(browse, cast):
    browser = browse()
    page = browser.sign_in(cast.email_of("dora"), cast.password_of("dora"))
    assert page.path == "/sign-in/app"
    assert not is_in(browser)
    secret = typed_secret(page)
    assert page.links["Open the app on this phone"].startswith("otpauth://totp/")
    assert f"secret={secret}" in page.links["Open the app on this phone"]
    assert '<svg class="qr"' in page.html
    assert browser.open("/sign-in/app").html.count(page.links["Open the app on this phone"].replace("&", "&amp;")) == 1
    page = browser.press("Continue", code="000000")
    assert (page.status, page.problems) == (422, ["That is not what the app shows now. Type the six digits that it shows."])
    page = browser.press("Continue", code=pyotp.TOTP(secret).now())
    assert page.path == "/sign-in/recovery-codes"
    assert not is_in(browser)
    assert browser.open("/sign-in/recovery-codes").html.count("<li>") >= 10
    assert browser.press("I have kept them").path == "/admin/"


def test_the_codes_are_shown_at_no_other_time(dora):
    assert dora.open("/sign-in/recovery-codes").path == "/admin/"
    assert dora.open(f"{MINE}recovery-codes").path == MINE


def test_an_invited_worker_is_led_through_it(browse, cast, mailbox):
    workers.invite(workers.Details("Wim", "West", "wim@example.org"), cast.by("ada"))
    browser = browse()
    browser.open(mailbox.link("wim@example.org"))
    page = browser.press(browser.page.buttons[0], password="seven brave geese fly")
    assert page.path == "/sign-in/app"
    assert not is_in(browser)
    browser.press("Continue", code=pyotp.TOTP(typed_secret(page)).now())
    assert browser.press("I have kept them").path == "/admin/"


def test_the_worker_is_told_by_e_mail(dora, mailbox):
    mail = next(m for m in mailbox.collect() if m["Subject"] == "An authenticator app was set up")
    assert mail["To"] == "dora@example.org"
    assert second_step.secret(Authenticator.get().nonce) not in text_of(mail)


# ---------------------------------------------------------------- the code


def test_the_page_says_what_to_do_and_does_not_look_like_a_wrong_password(dora, browse, cast):
    page = asked(browse, cast).page
    assert (page.path, page.status, page.problems) == ("/sign-in/code", 200, [])
    assert "Your password was right. Open your authenticator app. Type the six digits it shows for Harbour." in page
    assert "dora@example.org" in page
    assert 'autocomplete="one-time-code"' in page.html
    assert 'inputmode="numeric"' in page.html


def test_the_page_says_what_to_do_when_codes_are_refused_and_whom_to_call(dora, browse, cast):
    with store.writing():
        Site.update(phone="").execute()
    page = asked(browse, cast).page
    assert "Codes are refused? Check that your phone sets its time by itself." in page
    assert "You reach us on" not in page
    with store.writing():
        Site.update(phone="+442079460123").where(Site.is_main).execute()
    page = asked(browse, cast).page
    assert "You reach us on +44 20 7946 0123." in page


def test_the_code_leads_to_where_she_was_going(dora, browse, cast):
    browser = asked(browse, cast, "/sign-in?next=/admin/tasks/%3Fstate%3Ddone")
    assert browser.page.path == "/sign-in/code?next=/admin/tasks/%3Fstate%3Ddone"
    browser.press("Sign in", code=wrong())
    page = browser.press("Sign in", code=shown())
    assert page.path == "/admin/tasks/?state=done"


def test_a_wrong_code_says_how_many_tries_are_left_and_the_last_one_ends_it(dora, browse, cast):
    browser = asked(browse, cast)
    page = browser.press("Sign in", code=wrong())
    assert (page.status, page.problems) == (422, ["That is not what the app shows now. You have 4 tries left."])
    for left in ("3 tries left", "2 tries left", "1 try left"):
        assert left in browser.press("Sign in", code=wrong())
    page = browser.press("Sign in", code=wrong())
    assert page.path == "/sign-in"
    assert "There were too many wrong codes. Please sign in again." in page
    assert browser.open("/sign-in/code").path == "/sign-in"
    assert not is_in(browser)


def test_a_right_code_after_somebody_locked_the_sign_in_says_so_and_what_to_do(dora, browse, cast, mailbox):
    browser, stranger = asked(browse, cast), browse()
    for _ in range(5):
        stranger.sign_in(cast.email_of("dora"), "not this one at all")
    page = browser.press("Sign in", code=shown())
    assert page.path == "/sign-in"
    assert "Somebody typed wrong passwords, so your sign-in is locked. The link in our e-mail unlocks it." in page
    mail = next(m for m in mailbox.collect() if m["Subject"] == "A wrong password, several times")
    browser.open(re.search(r"/unlock/\S+", text_of(mail)).group())
    browser.press("Unlock")
    assert browser.sign_in(cast.email_of("dora"), cast.password_of("dora")).path == "/sign-in/code"
    assert browser.press("Sign in", code=shown()).path == "/admin/"


def test_whoever_starts_again_still_gets_to_where_she_was_going(dora, browse, cast):
    browser = asked(browse, cast, "/sign-in?next=/admin/tasks/")
    assert browser.page.links["Start again"] == "/sign-in?next=/admin/tasks/"
    for _ in range(5):
        page = browser.press("Sign in", code=wrong())
    assert page.path == "/sign-in?next=/admin/tasks/"


def test_nothing_typed_spends_no_try(dora, browse, cast):
    browser = asked(browse, cast)
    assert browser.press("Sign in").problems == ["Type the six digits that the app shows."]
    assert HalfSignIn.get(HalfSignIn.finished_at.is_null()).tries == 0


def test_half_a_sign_in_opens_nothing(dora, browse, cast):
    browser = asked(browse, cast)
    for path in ("/admin/", "/", MINE, "/admin/workers/"):
        assert browser.ask(path).location.startswith("/sign-in")
    assert browser.open("/sign-in/app").path == "/sign-in/code"
    assert browser.open("/sign-in/recovery-codes").path == "/sign-in/code"


@pytest.mark.parametrize("path", ["code", "app", "recovery-code", "recovery-codes"])
def test_without_a_password_the_pages_lead_to_the_sign_in(browse, path):
    browser = browse()
    assert browser.open(f"/sign-in/{path}").path == "/sign-in"
    assert browser.send(f"/sign-in/{path}", {"csrf_token": browser.token, "code": "123456"}).location == "/sign-in"


def test_a_new_session_begins_and_the_half_cookie_is_of_no_more_use(dora, browse, cast):
    browser = asked(browse, cast)
    before = dict(browser.client._cookies)
    browser.press("Sign in", code=shown())
    assert is_in(browser)
    old = Browser(browser.app)
    old.client._cookies.update(before)
    assert not is_in(old)
    assert old.open("/sign-in/code").path == "/sign-in"


def test_sent_twice_it_gives_the_first_answer_and_a_lost_one_ends_signed_in(dora, browse, cast):
    browser = asked(browse, cast)
    form = browser.page.form("Sign in")
    values = form.filled({"code": shown()})
    lost = Browser(browser.app)
    lost.client._cookies.update(browser.client._cookies)
    assert browser.submit(form, values).path == "/admin/"
    sessions = LoginSession.select().count()
    again = lost.send(form.action, values)
    assert (again.status, again.location) == (303, "/admin/")
    assert is_in(lost)
    assert LoginSession.select().count() == sessions + 1


def copy_of(browser):
    """The same browser as it is now, whatever answers it gets afterwards."""
    twin = Browser(browser.app)
    twin.client._cookies.update(browser.client._cookies)
    return twin


def test_a_lost_answer_to_a_recovery_code_ends_signed_in(dora, browse, cast, frozen):
    browser = asked(browse, cast)
    browser.open("/sign-in/recovery-code")
    form = browser.page.form("Sign in")
    values = form.filled({"code": dora.codes[0]})
    lost, late = copy_of(browser), copy_of(browser)
    assert browser.submit(form, values).path == "/admin/"
    assert lost.send(form.action, values).location == "/admin/"
    assert is_in(lost)
    frozen.shift(seconds=61)
    late.send(form.action, values)
    assert not is_in(late)


def test_whoever_looks_again_after_a_lost_answer_is_told_so(dora, browse, cast):
    browser = asked(browse, cast)
    form = browser.page.form("Sign in")
    values = form.filled({"code": shown()})
    lost = copy_of(browser)
    browser.submit(form, values)
    page = lost.open("/sign-in/code")
    assert page.path == "/sign-in"
    assert "You were let in, but our answer may not have reached you. Please sign in again, with a new code." in page
    assert lost.send(form.action, values).location == "/admin/"
    assert is_in(lost)


def _wait(browser, frozen):
    frozen.shift(minutes=11)


def _spend(browser, frozen):
    for _ in range(5):
        browser.open("/sign-in/code")
        browser.press("Sign in", code=wrong())


def _end(browser, frozen):
    with store.writing():
        second_step.end_halves(Worker.get(Worker.external_id == "dora"))


@pytest.mark.parametrize(("ends", "told"), [
    (_wait, "It took too long. Please sign in again."),
    (_spend, "There were too many wrong codes. Please sign in again."),
    (_end, "This sign-in was ended meanwhile. Please sign in again."),
])  # fmt: skip
def test_an_old_half_says_why_it_is_over_and_looking_changes_nothing(dora, browse, cast, frozen, ends, told):
    browser = asked(browse, cast)
    ends(browser, frozen)
    before = list(HalfSignIn.select().dicts())
    for path in ("code", "recovery-code", "app", "recovery-codes"):
        page = browser.open(f"/sign-in/{path}")
        assert (page.path, told in page) == ("/sign-in", True)
    assert list(HalfSignIn.select().dicts()) == before


def test_a_lost_answer_to_the_password_leads_to_the_code_all_the_same(dora, browse, cast):
    browser = browse()
    browser.open("/sign-in")
    form = browser.page.form("Sign in")
    values = form.filled({"email": cast.email_of("dora"), "password": cast.password_of("dora")})
    lost = Browser(browser.app)
    lost.client._cookies.update(browser.client._cookies)
    browser.submit(form, values)
    assert lost.send(form.action, values).location == "/sign-in/code"
    assert lost.open("/sign-in/code").path == "/sign-in/code"
    assert not is_in(lost)


def test_signed_out_again_the_form_of_before_lets_nobody_in(dora, browse, cast, frozen):
    browser = asked(browse, cast)
    form = browser.page.form("Sign in")
    values = form.filled({"code": shown()})
    browser.submit(form, values)
    browser.open(MINE)
    browser.sign_out()
    frozen.shift(seconds=61)
    browser.send(form.action, values)
    assert not is_in(browser)


def test_quick_exit_ends_what_is_half_done(dora, browse, cast):
    browser = asked(browse, cast)
    browser.send("/quick-exit", {"csrf_token": browser.token})
    assert HalfSignIn.select().where(HalfSignIn.finished_at.is_null()).count() == 0
    assert browser.open("/sign-in/code").path == "/sign-in"


def test_a_wrong_password_is_answered_the_same_with_an_app_and_without(dora, browse, cast):
    answers = []
    for name in ("dora", "otto", "nobody"):
        browser = browse()
        page = browser.sign_in(f"{name}@example.org", "not this one at all")
        answers.append((page.status, page.path, page.problems))
    assert len(set(map(str, answers))) == 1


def test_a_new_password_by_e_mail_does_not_skip_the_code(dora, browse, cast, mailbox):
    browser = browse()
    browser.open("/forgotten-password")
    browser.press("Send me the link", email="dora@example.org")
    mail = next(m for m in mailbox.collect() if m["Subject"] == "Choose a new password")
    browser.open(re.search(r"/reset/\S+", text_of(mail)).group())
    browser.press(browser.page.buttons[0], password="seven brave geese fly")
    assert browser.sign_in("dora@example.org", "seven brave geese fly").path == "/sign-in/code"


def test_what_was_typed_when_the_session_ended_comes_back_after_the_code(browse, cast, frozen):
    ada = set_up(browse(), cast, "ada")
    ada.press("I have kept them")
    ada.open("/admin/workers/categories/new")
    frozen.shift(minutes=31)
    page = ada.press("Save", name="Housing")
    assert page.path == "/sign-in?next=/admin/workers/categories/new"
    ada.press("Sign in", email=cast.email_of("ada"), password=cast.password_of("ada"))
    page = ada.press("Sign in", code=shown("ada"))
    assert page.path == "/admin/workers/categories/new"
    assert "This was not sent yet" in page
    assert page.form("Save").values["name"] == "Housing"


# ---------------------------------------------------------------- recovery and trust


def test_a_recovery_code_lets_in_once_and_says_how_many_are_left(dora, browse, cast):
    browser = asked(browse, cast, "/sign-in?next=/admin/tasks/")
    browser.open(browser.page.links["Use a recovery code"])
    assert browser.press("Sign in", code="aaaaa-aaaaa").problems == ["This recovery code does not work. You have 4 tries left."]
    page = browser.press("Sign in", code=dora.codes[0])
    assert page.path == "/admin/tasks/"
    assert "You have 9 recovery codes left." in page
    browser = asked(browse, cast)
    browser.open("/sign-in/recovery-code")
    assert browser.press("Sign in", code=dora.codes[0]).status == 422


def test_a_trusted_device_is_not_asked_again_until_its_trust_is_taken_back(dora, browse, cast):
    browser = asked(browse, cast)
    assert "Do not ask again on this device for 30 days" in browser.page
    browser.press("Sign in", code=shown(), trust=True)
    browser.open(MINE)
    browser.sign_out()
    assert browser.sign_in(cast.email_of("dora"), cast.password_of("dora")).path == "/admin/"
    page = browser.open(f"{MINE}devices/")
    assert "Trusted until" in page
    page = browser.press("Ask for a code again")
    assert "That device asks for a code again." in page
    assert "Trusted until" not in page
    browser.open(MINE)
    browser.sign_out()
    assert browser.sign_in(cast.email_of("dora"), cast.password_of("dora")).path == "/sign-in/code"


def test_a_lost_answer_to_a_code_with_trust_is_trusted_when_it_is_sent_again(dora, browse, cast):
    browser = asked(browse, cast)
    form = browser.page.form("Sign in")
    values = form.filled({"code": shown(), "trust": True})
    lost = copy_of(browser)
    browser.submit(form, values)
    lost.send(form.action, values)
    assert Device.select().where(Device.trusted_at.is_null(False)).count() == 1
    lost.open(MINE)
    lost.sign_out()
    assert lost.sign_in(cast.email_of("dora"), cast.password_of("dora")).path == "/admin/"
    assert Device.select().where(Device.worker == cast.dora).count() == 2


def test_a_password_that_is_sent_again_after_the_trust_ended_is_not_enough(dora, browse, cast):
    browser = asked(browse, cast)
    browser.press("Sign in", code=shown(), trust=True)
    browser.open(MINE)
    browser.sign_out()
    browser.open("/sign-in")
    form = browser.page.form("Sign in")
    values = form.filled({"email": cast.email_of("dora"), "password": cast.password_of("dora")})
    lost = Browser(browser.app)
    lost.client._cookies.update(browser.client._cookies)
    assert browser.submit(form, values).path == "/admin/"
    browser.open(f"{MINE}devices/")
    browser.press("Ask for a code again")
    lost.send(form.action, values)
    assert not is_in(lost)


def test_the_trust_of_somebody_elses_device_is_not_ones_own_to_end(dora, browse, cast):
    otto = browse("otto")
    device = Device.get(Device.worker == cast.dora)
    assert otto.send(f"{MINE}devices/{device.public_id}/trust-removal", {"csrf_token": otto.token}).status == 404


# ---------------------------------------------------------------- one's own, and a colleague's


def test_new_recovery_codes(dora, frozen):
    page = dora.open(MINE)
    assert "Recovery codes left 10" in page
    dora.open(page.links["New recovery codes"])
    assert dora.press("Make new codes", code="123").problems == ["This code does not work."]
    page = dora.press("Make new codes", code=shown())
    assert page.path == f"{MINE}recovery-codes"
    fresh = re.findall(r"<li>([a-z2-7]{5}-[a-z2-7]{5})</li>", page.html)
    assert len(fresh) == 10
    assert not set(fresh) & set(dora.codes)
    assert dora.press("I have kept them").path == MINE


def test_another_phone(dora, browse, cast, frozen):
    dora.open(dora.open(MINE).links["Move to another phone"])
    page = dora.press("Continue", code=dora.codes[2])
    assert page.path == f"{MINE}new-app"
    secret = typed_secret(page)
    assert dora.press("Use this phone", code="000000").status == 422
    page = dora.press("Use this phone", code=pyotp.TOTP(secret).now())
    assert page.path == f"{MINE}recovery-codes"
    dora.press("I have kept them")
    frozen.shift(minutes=1)
    assert asked(browse, cast).press("Sign in", code=pyotp.TOTP(secret).now()).path == "/admin/"


def test_a_change_of_the_own_password_keeps_the_session(dora, cast):
    dora.open(MINE)
    page = dora.press("Save the new password", current=cast.password_of("dora"), password="seven brave geese fly")
    assert page.path == MINE
    assert is_in(dora)


def test_without_an_app_the_page_says_when_it_is_set_up(browse, decided):
    browser = browse("otto")
    assert "You are led through it when you sign in next time." in browser.open(MINE)
    assert browser.open(f"{MINE}new-codes").path == MINE
    assert browser.open(f"{MINE}new-app").path == MINE
    decided(staff_2step=0)
    assert "Authenticator app" not in browser.open(MINE)


def test_an_administrator_removes_the_app_of_who_lost_the_phone(dora, browse, cast, mailbox):
    ada = browse("ada")
    ada.open(f"/admin/workers/{cast.dora.public_id}/")
    ada.open(ada.page.links["Lost their phone"])
    page = ada.press("Remove the app")
    assert "The app is removed. They set up another one at their next sign-in." in page
    assert "Lost their phone" not in page.links
    assert not is_in(dora)
    assert any(m["Subject"] == "Your authenticator app was removed" for m in mailbox.collect())
    assert asked(browse, cast).page.path == "/sign-in/app"


def test_whose_app_is_not_to_be_removed_is_told_before_anything_is_asked(dora, browse, cast):
    ada = browse("ada")
    for name, told in (("ada", "Nobody removes their own app here."), ("otto", "There is no authenticator app to remove.")):
        page = ada.open(f"/admin/workers/{getattr(cast, name).public_id}/second-step")
        assert page.path == f"/admin/workers/{getattr(cast, name).public_id}/"
        assert told in page


def test_the_command_helps_the_last_administrator(dora, app):
    runner = app.test_cli_runner()
    assert runner.invoke(args=["reset-second-step", "nobody@example.org"]).exit_code == 1
    told = runner.invoke(args=["reset-second-step", "Dora@Example.org"])
    assert (told.exit_code, "The app is removed" in told.output) == (0, True)
    assert not Authenticator.select().exists()
    assert runner.invoke(args=["reset-second-step", "dora@example.org"]).exit_code == 1
    assert AuditEntry.select().where(AuditEntry.kind == "two_step.removed", AuditEntry.actor_kind == "system").count() == 1


def test_the_picture_is_the_one_that_phones_read(browse, cast):
    browser = browse()
    browser.sign_in(cast.email_of("dora"), cast.password_of("dora"))
    rows = segno.make(browser.page.links["Open the app on this phone"], error="m", micro=False).matrix
    drawn = {
        (int(x) + more, int(y)) for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", browser.page.html) for more in range(int(width))
    }
    assert drawn == {(x + 4, y + 4) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark}
