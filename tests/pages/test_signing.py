"""Signing in and out, sessions, and a forgotten password."""

import re
from urllib.parse import quote, urlsplit

import pytest
from pages.conftest import Browser, born, text_of
from werkzeug.exceptions import HTTPException

from domain import accounts, audit, store
from models import AuditEntry, Delivery, Device, Link, LoginSession, Worker

pytestmark = pytest.mark.usefixtures("cast")

NEW = "seven brave geese fly"


def masked(page, *typed):
    """A page without what differs between two times that it is shown."""
    html = re.sub(r'(name="(csrf_token|form_id)" value=|X-CSRFToken":)"[^"]*"', r"\1", page.html)
    for text in typed:
        html = html.replace(text, "…")
    return html


def is_signed_in(browser, at="/my-portal/"):
    return browser.ask(at).status == 200


def copy_of(browser):
    """Another browser with the same cookies: what a thief, or a restored tab, has."""
    twin = Browser(browser.app)
    twin.client._cookies.update(browser.client._cookies)
    return twin


# ---------------------------------------------------------------- signing in


@pytest.mark.parametrize(("name", "home"), [("alice", "/"), ("bob", "/"), ("dora", "/admin/"), ("otto", "/admin/"), ("ada", "/admin/")])
def test_everybody_comes_to_their_own_home(browse, cast, name, home):
    browser = browse()
    assert browser.sign_in(cast.email_of(name), cast.password_of(name)).path == home
    assert browser.answer.status == 303


@pytest.mark.parametrize("typed", ["ALICE@EXAMPLE.ORG", "  alice@example.org ", "ａlice@example.org"])
def test_an_address_is_known_however_it_is_typed(browse, cast, typed):
    assert browse().sign_in(typed, cast.password_of("alice")).path == "/"


def test_a_form_without_password_says_what_is_missing_and_keeps_the_address(browse):
    browser = browse()
    page = browser.sign_in("alice@example.org", "")
    assert page.status == 422
    assert page.problems == ["Enter your password."]
    assert page.form("Sign in").values["email"] == "alice@example.org"


def in_trouble(cast, name):
    """The address of somebody who may not sign in, with the right password where there is one."""
    if name == "pending":
        cast.invited()
        return "pia@example.org", "nine quiet otters swim"
    if name == "disabled":
        accounts.disable(cast.bob_account, cast.by("ada"))
    elif name == "closed":
        accounts.close(cast.bob_account, cast.by("ada"))
    elif name == "a worker without a password":
        with store.writing():
            Worker.update(password_hash=None).where(Worker.id == cast.otto.id).execute()
    elif name == "a worker who left":
        with store.writing():
            Worker.update(is_active=False).where(Worker.id == cast.otto.id).execute()
    who = {"unknown": "nobody", "suspended": "eve", "wrong password": "alice"}.get(name, "bob" if name in ("disabled", "closed") else "otto")
    return cast.email_of(who), "wrong" if name == "wrong password" else cast.password_of(who)


@pytest.mark.parametrize(
    "reason",
    ["wrong password", "pending", "suspended", "disabled", "closed", "a worker without a password", "a worker who left"],
)
def test_whoever_cannot_sign_in_sees_the_page_that_a_stranger_sees(browse, cast, reason):
    address, password = in_trouble(cast, reason)
    refused, stranger = browse(), browse()
    page = refused.sign_in(address, password)
    other = stranger.sign_in("nobody@example.org", "whatever it is")
    assert (page.status, other.status) == (422, 422)
    assert masked(page, address) == masked(other, "nobody@example.org")
    assert dict(page.headers).keys() == dict(other.headers).keys()
    assert "The e-mail address and the password do not match." in page
    assert not LoginSession.select().exists()


def test_a_password_of_a_megabyte_is_just_a_wrong_one(browse):
    page = browse().sign_in("alice@example.org", "x" * 400_000)
    assert page.status == 422
    assert page.problems == ["The e-mail address and the password do not match."]


def test_an_address_with_a_nul_is_refused_beside_its_field(browse):
    page = browse().sign_in("alice\x00@example.org", "whatever it is")
    assert page.status == 422


def test_the_eleventh_try_within_a_minute_has_to_wait_even_with_the_right_password(browse, cast, frozen, decided):
    frozen()
    decided(sign_in_tries=20)
    browser = browse()
    for _ in range(10):
        browser.sign_in("alice@example.org", "wrong")
    assert browser.sign_in("alice@example.org", cast.password_of("alice")).problems == [
        "Too many tries. Wait a little and try again."
    ]
    frozen.shift(minutes=1)
    assert browser.sign_in("alice@example.org", cast.password_of("alice")).path == "/"


def test_the_form_of_a_refused_sign_in_can_be_sent_again_put_right(browse, cast):
    alice = browse()
    form = alice.open("/sign-in").form("Sign in")
    assert alice.send("/sign-in", form.filled({"email": "alice@example.org", "password": "mistyped"})).status == 422
    right = form.filled({"email": "alice@example.org", "password": cast.password_of("alice")})  # Back, and the same form
    assert alice.send("/sign-in", right).status == 303
    assert alice.open("/").path == "/"


def test_a_refusal_is_noted_without_the_password(browse):
    browse().sign_in("alice@example.org", "my secret mistake")
    entry = AuditEntry.select().order_by(AuditEntry.id.desc()).get()
    assert entry.kind == "sign_in.refused"
    assert "mistake" not in str(audit.values_of(entry))


def test_a_device_that_was_never_seen_is_told_by_mail_once(browse, cast, mailbox):
    browser = browse()
    browser.sign_in("alice@example.org", cast.password_of("alice"))
    assert mailbox.newest("alice@example.org")["Subject"] == "A new device signed in"
    browser.open("/my-portal/")
    browser.sign_out()
    browser.sign_in("alice@example.org", cast.password_of("alice"))
    assert len(mailbox.collect()) == 1
    assert Device.select().where(Device.account == cast.alice_account).count() == 1


def test_who_is_signed_in_already_is_shown_home(browse):
    assert browse("alice").open("/sign-in").path == "/"
    assert browse("dora").open("/sign-in").path == "/admin/"


def test_signing_in_as_somebody_else_leaves_nothing_of_the_first(browse, cast):
    browser = browse("alice")
    values = {"csrf_token": browser.token, "email": "bob@example.org", "password": cast.password_of("bob"), "next": "/"}
    assert browser.send("/sign-in", values).status == 303
    page = browser.open("/about-me/")
    assert "Bob" in page
    assert "Archer" not in page


def test_a_cookie_from_before_the_sign_in_is_worth_nothing_afterwards(browse, cast):
    browser = browse()
    browser.open("/sign-in")
    planted = copy_of(browser)
    browser.sign_in("alice@example.org", cast.password_of("alice"))
    assert is_signed_in(browser)
    assert not is_signed_in(planted)


# ---------------------------------------------------------------- back to where one was going


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("alice", "/about-me/"), ("alice", "/my-portal/password"), ("dora", "/admin/individuals/"),
        ("dora", "/admin/individuals/?q=Alice+Archer&state="), ("ines", "/admin/individuals/new"),
    ],
)  # fmt: skip
def test_a_stranger_who_signs_in_comes_to_the_very_page(browse, cast, name, target):
    browser = browse()
    assert browser.open(target).heading == "Sign in"
    browser.press("Sign in", email=cast.email_of(name), password=cast.password_of(name))
    assert browser.answer.location == target


def test_a_mistyped_password_does_not_lose_the_way(browse, cast):
    browser = browse()
    browser.open("/about-me/")
    browser.press("Sign in", email="alice@example.org", password="wrong")
    assert browser.press("Sign in", password=cast.password_of("alice")).path == "/about-me/"


@pytest.mark.parametrize(
    ("name", "target", "lands"),
    [("alice", "/admin/individuals/", "/"), ("dora", "/about-me/", "/admin/"), ("alice", "/pages/help", "/"), ("alice", "/sign-in", "/")],
)
def test_a_page_of_somebody_else_is_forgotten(browse, cast, name, target, lands):
    browser = browse()
    browser.open(f"/sign-in?next={target}")
    assert browser.press("Sign in", email=cast.email_of(name), password=cast.password_of(name)).path == lands


HOSTILE = [
    "https://evil.example", "http://evil.example/", "//evil.example", "///evil.example", "////evil.example", "/\\evil.example",
    "\\\\evil.example", "\\/evil.example", "/\\/evil.example", "/%5cevil.example", "/%5Cevil.example", "%5c%5cevil.example",
    "/%2fevil.example", "/%2Fevil.example", "%2f%2fevil.example", "/%252fevil.example", "/.//evil.example", "/..//evil.example",
    "/./\\evil.example", "//evil.example/%2e%2e", "//evil.example%2f..", "https:evil.example", "https:/evil.example",
    "https:///evil.example", "http:evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://localhost/%0aalert(1)",
    "java\tscript:alert(1)", "java\nscript:alert(1)", " javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)", "file:///etc/passwd", "ftp://evil.example", "mailto:evil@evil.example", "about:blank",
    "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "/\r\nLocation: https://evil.example", "/%0d%0aLocation:%20https://evil.example",
    "\t//evil.example", " //evil.example", "\x00//evil.example", "/\x00/evil.example", "/\x0b/evil.example", "\u3000//evil.example",
    "/\u2028/evil.example", "／／evil.example", "/／evil.example", "/⁄evil.example", "//evil。example", "/\u200b/evil.example",
    "@evil.example", "/@evil.example", "//localhost:8000@evil.example", "//localhost@evil.example/about-me/", "https://localhost:8000@evil.example",
    "http://localhost:8000.evil.example", "//localhost:8000", "http://localhost:8000/about-me/", "http://localhost/about-me/",
    "//127.0.0.1:8000/", "//[::1]/", "//0x7f000001/", "/about-me/@evil.example", "/about-me//evil.example", "/about-me/..//evil.example",
    "/sign-out", "/static/app.js", "/nowhere", "?next=//evil.example", "#//evil.example", ".evil.example", "evil.example",
    "/activate/", "/reset/", "", "/about-me/\\", "/about-me", "/%", "/%zz", "*", "/" * 3000, "/" + "a" * 5000, "/about-me/%2e%2e//evil.example",
    "/;//evil.example", "/?//evil.example", "/about-me/?next=//evil.example", "/about-me/?x=\\", "/about-me/?x=@evil.example",
]  # fmt: skip


def is_ours(app, location):
    """True when every browser takes the address for a page of this portal: a plain path that our table knows."""
    path = urlsplit(location).path
    if not re.fullmatch(r"/([A-Za-z0-9_-][A-Za-z0-9/_.-]*)?(\?[!-~]*)?", location) or "//" in path or "\\" in location:
        return False
    try:
        app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return False
    return True


@pytest.mark.parametrize("name", ["alice", "ada"])
def test_no_address_in_next_leads_away(browse, cast, decided, app, name):
    decided(sign_ins_a_minute=1000)
    browser, led = browse(), []
    token = browser.token
    assert len(HOSTILE) >= 60
    for target in HOSTILE:
        values = {"csrf_token": token, "email": cast.email_of(name), "password": cast.password_of(name), "next": target}
        stranger = copy_of(browser)
        answer = stranger.send("/sign-in", values)
        assert answer.status == 303
        led.append((target, answer.location))
    away = [(target, location) for target, location in led if not is_ours(app, location)]
    assert away == []


def test_the_sign_in_page_itself_keeps_no_hostile_address(browse, app):
    browser = browse()
    for target in HOSTILE:
        kept = browser.ask(f"/sign-in?next={quote(target, safe='')}").form("Sign in").values["next"]
        assert is_ours(app, kept), target


@pytest.mark.parametrize(
    "current",
    ["//evil.example/x", "https://evil.example//evil.example/", "http://localhost:8000//evil.example/", "javascript:alert(1)",
     "http://localhost:8000/\\evil.example", "http://localhost:8000/%0d%0aSet-Cookie:x=y"],
)  # fmt: skip
def test_the_address_that_htmx_reports_leads_nowhere_else(browse, app, current):
    answer = browse().ask("/about-me/", headers={"HX-Request": "true", "HX-Current-URL": current})
    assert (answer.status, answer.body) == (401, b"")
    target = answer.headers["HX-Redirect"]
    assert target.startswith("/sign-in")
    assert is_ours(app, browse().ask(target).form("Sign in").values["next"])


def test_a_fragment_asked_for_after_the_session_ended_leads_to_sign_in_and_back(browse, cast):
    browser = browse()
    answer = browser.ask(
        "/admin/individuals/?q=al",
        headers={"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost:8000/admin/individuals/"},
    )
    assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/admin/individuals/")
    browser.open(answer.headers["HX-Redirect"])
    page = browser.press("Sign in", email="dora@example.org", password=cast.password_of("dora"))
    assert page.path == "/admin/individuals/"


# ---------------------------------------------------------------- sessions end


def test_after_signing_out_the_old_cookie_is_refused(browse):
    alice = browse("alice")
    alice.open("/my-portal/")
    stolen = copy_of(alice)
    assert is_signed_in(stolen)
    page = alice.sign_out()
    assert page.path == "/sign-in"
    assert alice.answer.headers["Clear-Site-Data"] == '"cache"'
    assert not is_signed_in(stolen)
    assert not is_signed_in(alice)
    assert not LoginSession.select().exists()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("x9!kLq2#vTz", "Too short"), ("Summer2024!!!", "Easy to guess"), ("correcthorsebatterystaple", "Easy to guess"),
        ("greenelephant42", "Good"), ("seven brave geese fly", "Very good"),
    ],
)  # fmt: skip
def test_the_hint_beside_a_new_password_says_what_will_be_said_of_it(browse, cast, typed, told):
    alice = browse("alice")
    alice.open("/my-portal/password")
    assert alice.send("/password-strength", {"csrf_token": alice.token, "password": typed}).text == told
    page = alice.press("Save the new password", current=cast.password_of("alice"), password=typed)
    assert (page.status == 422) == (told in ("Too short", "Easy to guess"))


def sign_in_again_after(browse, email, password, happens):
    """The form's first answer was lost, with its cookie; it is sent once more when something has happened."""
    browser = browse()
    form = browser.open("/sign-in").form("Sign in")
    before, values = dict(browser.client._cookies), form.filled({"email": email, "password": password})
    assert browser.send(form.action, values).location != "/sign-in"
    browser.client._cookies.clear()
    browser.client._cookies.update(before)
    happens()
    return browser.submit(form, values)


def test_a_sign_in_whose_answer_was_lost_is_given_a_session_when_it_is_sent_again(browse, cast):
    page = sign_in_again_after(browse, "alice@example.org", cast.password_of("alice"), lambda: None)
    assert (page.path, page.status) == ("/", 200)


@pytest.mark.parametrize("act", [accounts.suspend, accounts.disable, accounts.close])
def test_a_sign_in_that_is_sent_again_after_its_account_ended_leads_to_sign_in(browse, cast, act):
    page = sign_in_again_after(
        browse, "alice@example.org", cast.password_of("alice"), lambda: act(cast.alice_account, cast.by("ada"))
    )
    assert (page.path, page.status) == ("/sign-in", 200)
    assert not LoginSession.select().where(LoginSession.account == cast.alice_account).exists()


def test_a_sign_in_that_is_sent_again_by_a_worker_who_left_leads_to_sign_in(browse, cast):
    def leave():
        with store.writing():
            Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()

    page = sign_in_again_after(browse, "dora@example.org", cast.password_of("dora"), leave)
    assert (page.path, page.status) == ("/sign-in?next=/admin/", 200)


def test_signing_out_twice_is_harmless(browse):
    alice = browse("alice")
    form = alice.open("/my-portal/").form("Sign out")
    answers = [alice.send("/sign-out", form.values), alice.send("/sign-out", {"csrf_token": alice.token})]
    assert [(answer.status, answer.location) for answer in answers] == [(303, "/sign-in")] * 2


def test_nobody_is_signed_out_by_a_link(browse):
    alice = browse("alice")
    assert alice.ask("/sign-out").status == 405
    assert is_signed_in(alice)


@pytest.mark.parametrize("happens", ["suspended", "disabled", "closed", "changes the password elsewhere"])
def test_a_client_is_out_at_once(browse, cast, happens):
    alice = browse("alice")
    stolen = copy_of(alice)
    ada = cast.by("ada")
    if happens == "changes the password elsewhere":
        other = browse("alice")
        other.open("/my-portal/password")
        other.press("Save the new password", current=cast.password_of("alice"), password=NEW)
        assert is_signed_in(other)
    else:
        {"suspended": accounts.suspend, "disabled": accounts.disable, "closed": accounts.close}[happens](cast.alice_account, ada)
    assert not is_signed_in(alice)
    assert not is_signed_in(stolen)


def test_a_session_that_ended_is_not_revived_by_unlocking(browse, cast):
    alice = browse("alice")
    accounts.suspend(cast.alice_account, cast.by("ada"))
    accounts.unlock(cast.alice_account, cast.by("ada"))
    assert not is_signed_in(alice)


@pytest.mark.parametrize("change", [{"is_active": False}, {"password_hash": None}])
def test_a_worker_who_left_is_out_at_once(browse, cast, change):
    dora = browse("dora")
    assert is_signed_in(dora, "/admin/")
    with store.writing():
        Worker.update(**change).where(Worker.id == cast.dora.id).execute()
    assert not is_signed_in(dora, "/admin/")


def test_rights_that_were_taken_away_are_gone_at_the_next_request(browse, cast):
    ines = browse("ines")
    assert ines.ask("/admin/individuals/new").status == 200
    with store.writing():
        Worker.update(group="worker").where(Worker.id == cast.ines.id).execute()
    assert ines.ask("/admin/individuals/new").status == 404
    assert ines.ask(f"/admin/individuals/{cast.bob.public_id}/").status == 404


def test_a_session_idles_out(browse, frozen):
    frozen()
    alice = browse("alice")
    frozen.shift(minutes=29)
    assert is_signed_in(alice)
    frozen.shift(minutes=29)
    assert is_signed_in(alice)
    frozen.shift(minutes=30)
    assert not is_signed_in(alice)


def test_a_session_ends_after_twelve_hours_however_busy(browse, frozen):
    frozen()
    alice = browse("alice")
    for _ in range(36):
        frozen.shift(minutes=19, seconds=59)
        assert is_signed_in(alice)
    frozen.shift(minutes=2)
    assert not is_signed_in(alice)


def test_the_cookies_say_nothing_and_are_kept_from_scripts(production, cast):
    browser = Browser(production)
    browser.sign_in("alice@example.org", cast.password_of("alice"))
    cookies = browser.answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-session", "__Host-device"}
    for cookie in cookies:
        parts = {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite", "path"} <= parts
        assert "domain" not in parts
        assert "SameSite=Lax" in cookie
        assert "alice" not in cookie.lower()


# ---------------------------------------------------------------- a forgotten password


def ask_for_link(browser, address):
    browser.open("/sign-in")
    browser.open(browser.page.links["I forgot my password"])
    return browser.press("Send me the link", email=address)


@pytest.mark.parametrize("address", ["alice@example.org", "dora@example.org", "eve@example.org", "nobody@example.org", "not an address"])
def test_whoever_forgot_their_password_is_told_the_same(browse, address):
    page = ask_for_link(browse(), address)
    other = ask_for_link(browse(), "somebody@example.org")
    assert page.path == "/forgotten-password/sent"
    assert masked(page) == masked(other)
    assert "works for 30 minutes" in page
    assert "+1 902-555-0100" in page


def test_only_who_can_sign_in_gets_the_mail(browse, cast, mailbox):
    cast.invited()
    for name in ("alice", "dora", "eve", "pia", "nobody"):
        ask_for_link(browse(), f"{name}@example.org")
    wanted = [m["To"] for m in mailbox.collect() if m["Subject"] == "Choose a new password"]
    assert sorted(wanted) == ["alice@example.org", "dora@example.org"]


def test_the_mail_goes_to_the_address_on_file_not_to_the_typed_one(browse, mailbox):
    ask_for_link(browse(), "ＡLICE@example.org")
    assert [message["To"] for message in mailbox.collect()] == ["alice@example.org"]


def test_the_address_of_the_mail_is_not_asked_for_empty(browse):
    browser = browse()
    browser.open("/forgotten-password")
    assert browser.press("Send me the link").problems == ["Enter your e-mail address."]


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_with_the_link_a_new_password_is_chosen_and_every_session_ends(browse, cast, mailbox, name):
    elsewhere, browser = browse(name), browse()
    ask_for_link(browser, cast.email_of(name))
    page = browser.open(mailbox.link(cast.email_of(name)))
    assert (page.path, page.heading) == ("/reset/", "Choose a new password")
    page = browser.press("Save the new password", password=NEW)
    assert page.path == "/sign-in"
    assert "Your password is changed. Sign in with the new one." in page
    assert not is_signed_in(elsewhere, "/admin/" if name == "dora" else "/my-portal/")
    assert browse().sign_in(cast.email_of(name), cast.password_of(name)).status == 422
    assert browser.sign_in(cast.email_of(name), NEW).path in ("/", "/admin/")
    assert "Your password was changed" in [message["Subject"] for message in mailbox.collect()]


def test_a_weak_password_is_refused_and_the_link_still_works(browse, mailbox):
    browser = browse()
    ask_for_link(browser, "alice@example.org")
    browser.open(mailbox.link("alice@example.org"))
    for weak in ("", "short", "password1234", "alice archer alice"):
        assert browser.press("Save the new password", password=weak).status == 422
    assert browser.press("Save the new password", password=NEW).path == "/sign-in"


def test_a_link_works_once(browse, mailbox):
    browser, later = browse(), browse()
    ask_for_link(browser, "alice@example.org")
    link = mailbox.link("alice@example.org")
    browser.open(link)
    browser.press("Save the new password", password=NEW)
    page = later.open(link)
    assert (page.status, page.heading) == (410, "This link no longer works")
    assert page.links["Send me a new link"] == "/forgotten-password"
    answer = later.send("/reset/", {"csrf_token": later.token, "password": "five calm herons wade"})
    assert answer.status == 410
    assert later.sign_in("alice@example.org", NEW).path == "/"


def test_of_two_who_use_the_link_at_once_one_chooses(app, browse, mailbox, at_once):
    ask_for_link(browse(), "alice@example.org")
    link, two = mailbox.link("alice@example.org"), [browse(), browse()]
    for browser in two:
        browser.open(link)
    forms = [
        browser.page.form("Save the new password").filled({"password": password})
        for browser, password in zip(two, (NEW, "five calm herons wade"), strict=True)
    ]
    answers = at_once([lambda b=b, f=f: b.send("/reset/", f) for b, f in zip(two, forms, strict=True)])
    assert sorted(answer.status for answer in answers)[0] == 303
    assert sorted(answer.status for answer in answers)[1] in (410, 422)
    assert AuditEntry.select().where(AuditEntry.kind == "password.reset").count() == 1


def test_a_newer_link_replaces_the_earlier_one(browse, mailbox):
    browser = browse()
    ask_for_link(browser, "alice@example.org")
    first = mailbox.link("alice@example.org")
    ask_for_link(browser, "alice@example.org")
    second = mailbox.link("alice@example.org")
    assert first != second
    assert browser.open(first).status == 410
    assert browser.open(second).status == 200


def test_the_link_works_for_half_an_hour(browse, mailbox, frozen):
    frozen()
    browser = browse()
    ask_for_link(browser, "alice@example.org")
    link = mailbox.link("alice@example.org")
    frozen.shift(minutes=29)
    assert browser.open(link).status == 200
    frozen.shift(minutes=1)
    assert browser.press("Save the new password", password=NEW).status in (404, 410)
    assert browse().open(link).status == 410


def test_changing_the_password_makes_a_waiting_link_useless(browse, cast, mailbox):
    stranger, alice = browse(), browse("alice")
    ask_for_link(stranger, "alice@example.org")
    link = mailbox.link("alice@example.org")
    alice.open("/my-portal/password")
    alice.press("Save the new password", current=cast.password_of("alice"), password=NEW)
    assert stranger.open(link).status == 410


def test_suspending_makes_a_waiting_link_useless(browse, cast, mailbox):
    browser = browse()
    ask_for_link(browser, "alice@example.org")
    link = mailbox.link("alice@example.org")
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert browser.open(link).status == 410


@pytest.mark.parametrize("spoil", ["cut", "grown", "swapped", "another purpose"])
def test_a_link_that_we_did_not_make_is_not_there(browse, cast, mailbox, spoil):
    from domain import links

    ask_for_link(browse(), "alice@example.org")
    token = mailbox.link("alice@example.org").removeprefix("/reset/")
    spoiled = {
        "cut": token[:-1], "grown": f"{token}A", "swapped": token.swapcase(),
        "another purpose": links.token(cast.invited()),
    }[spoil]  # fmt: skip
    stranger = browse()
    page = stranger.open(f"/reset/{spoiled}")
    assert (page.status, page.heading) == (404, "This link is not complete")
    assert page.main == stranger.open("/reset/AAAA").main, "every bad token is answered in the same way"
    assert stranger.open(page.links["I forgot my password"]).heading == "Choose a new password"


def test_the_page_behind_the_link_is_not_there_for_who_did_not_open_it(browse):
    browser = browse()
    assert browser.ask("/reset/").status == 404
    assert browser.send("/reset/", {"csrf_token": browser.token, "password": NEW}).status == 404


def test_five_links_an_hour_are_enough(browse, frozen):
    frozen()
    browser = browse()
    for _ in range(5):
        assert ask_for_link(browser, "alice@example.org").path == "/forgotten-password/sent"
    assert ask_for_link(browser, "alice@example.org").problems == ["Too many tries. Wait a little and try again."]
    assert Delivery.select().where(Delivery.kind == "password_reset").count() == 5
    assert not Link.select().where(Link.purpose == "password_reset").exists()  # who that is, is looked up later


def test_the_mail_names_nobody_and_nothing_private(browse, cast, mailbox):
    ask_for_link(browse(), "alice@example.org")
    text = text_of(mailbox.newest("alice@example.org"))
    assert "Archer" not in text
    assert cast.alice.public_id not in text
    assert born(cast.alice.birth_date)["birth_date-year"] not in text
