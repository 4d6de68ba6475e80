"""Every address in every mail: opened again and again by scanners, it changes nothing, and still works for its reader."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from pages.conftest import PORTAL, Browser, born, text_of
from sweep.conftest import CANARIES, differences, rows_of_everything

from domain import (
    activation,
    address_change,
    agency,
    discussions,
    dispatch,
    forced_reset,
    letters,
    links,
    notices,
    resets,
    settings,
    sign_in,
    store,
    workers,
)
from domain.actor import SYSTEM
from models import Individual, LinkOpening

TIMES = 20  # each address, by GET and by HEAD
SCANNERS = ("Mozilla/5.0 (compatible; a mail scanner)", "a preview", "curl/8.0", "")


@pytest.fixture
def mails(cast, mailbox):
    """One mail of every kind that there is, by kind."""
    alice, ada = cast.alice_account, cast.ada
    lock_out(cast)
    ask_for_another_address(cast, "Ursula", "Ude")
    ivo, code = ask_for_another_address(cast, "Ivo", "Ives")
    address_change.confirm(ivo, code, cast.visitor())
    cast.invited()
    closed = cast.invited(cast.person("Cleo", "Closed", "cleo@example.org"))
    activation.accept_terms(closed, *activation.pages_to_accept("en"), cast.visitor())
    for _ in range(3):
        with pytest.raises(activation.RuleBroken):
            activation.prove_birth_date(closed, cast.pia.birth_date.replace(day=28), cast.visitor())
    resets.ask("alice@example.org", cast.visitor())
    sign_in.start(alice, None, device_token="", agent="a new phone", network="192.0.2.1")
    notices.put("password_changed", 1, to=alice.email, account=alice, individual=cast.alice)
    agency.send_mail_test(ada)
    workers.invite(workers.Details("Wim", "West", "wim@example.org"), cast.by("ada"))
    notices.put("worker_address_changed", 1, to="former@example.org", worker=ada)
    with store.writing():
        for kind in ("authenticator_set_up", "authenticator_removed", "recovery_code_used", "password_known"):
            notices.put(kind, 1, to=ada.email, worker=ada)
    forced_reset.force(alice, cast.by("ada"))
    cast.appointments()
    subjects = {str(m["Subject"]): m for m in mailbox.collect()}
    kinds = {
        "activation": "Your portal is ready", "birth_date_closed": "Your activation was stopped",
        "password_reset": "Choose a new password", "new_device": "A new device signed in",
        "password_changed": "Your password was changed", "mail_test": "Test e-mail of your portal",
        "sign_in_locked": "A wrong password, several times", "address_code": "Your code",
        "address_changed": "Your sign-in address was changed",
        "worker_address_changed": "You sign in with another address now",
        "invitation": "You are invited to work with the portal", "new_password_wanted": "Please choose a new password",
        "authenticator_set_up": "An authenticator app was set up", "authenticator_removed": "Your authenticator app was removed",
        "recovery_code_used": "A recovery code was used", "password_known": "Somebody may have your password",
        "event_booked": "Your appointment", "event_moved": "Your appointment was moved", "event_cancelled": "Your appointment is cancelled",
        "event_confirmation": "Please confirm your appointment", "client_running_late": "Somebody is running late",
        "client_cannot_come": "Somebody cannot come", "client_cancelled": "A client cancelled",
        "event_changed": "Your appointment was changed",
        "client_requested": "Somebody asks for an appointment", "client_booked": "A client booked an appointment",
        "request_offered": "Another time for your appointment", "request_declined": "The time you asked for",
        "request_expired": "Your request was not answered in time",
        "reply_link_closed": "A link of yours was stopped",
        "message_waiting": "You have a new message", "client_wrote": "A client wrote to you", "message_overdue": "A client waits longer than promised",
        "event_reminder": "You have an appointment soon", "client_confirmed": "A client confirmed", "client_missed": "A client did not come",
    }  # fmt: skip
    return {kind: subjects[subject] for kind, subject in kinds.items()}


def lock_out(cast):
    """Five wrong passwords at Bob's."""
    for _ in range(5):
        with pytest.raises(activation.RuleBroken):
            sign_in.sign_in("bob@example.org", "not this one", device_token="", agent="", by=cast.visitor())


def ask_for_another_address(cast, first, last):
    """Somebody with an account has a code sent; their session and the code."""
    account = cast.activated(cast.person(first, last, f"{first.lower()}@example.org"))
    signed = sign_in.start(account, None, device_token="", agent="", network="192.0.2.1", tell_of_device=False)
    session = sign_in.session_of(signed.session_token)
    change = address_change.ask(session, "nine quiet otters swim", f"new.{account.email}", cast.visitor())
    return session, links.digits(change.code)


def addresses(message):
    """Every address in the text and in the HTML of a mail."""
    html = unescape(message.get_body(("html",)).get_content())
    found = re.findall(r"https?://[^\s\"'<>]+", f"{text_of(message)} {html}")
    return sorted({address for address in found if not address.startswith("http://www.w3.org")})


def paths(message):
    return [urlsplit(address).path for address in addresses(message)]


def link_in(message, start):
    return next(path for path in paths(message) if path.startswith(start))


def test_there_is_a_mail_of_every_kind(mails):
    assert set(mails) == set(notices.KINDS) == set(letters.KIND_NAMES)


def test_every_address_in_every_mail_is_the_portals_own(mails):
    for kind, message in mails.items():
        assert addresses(message), kind
        for address in addresses(message):
            assert address.startswith(f"{PORTAL}/"), (kind, address)


def test_every_address_in_every_mail_leads_to_a_page(mails, browse):
    for kind, message in mails.items():
        for path in paths(message):
            assert browse().open(path).status == 200, (kind, path)


def open_everything(app, mails, times):
    """What scanners do: how often something was opened."""
    count = 0
    for message in mails.values():
        for path in paths(message):
            for number in range(times):
                for method in ("GET", "HEAD"):
                    browser = Browser(app, agent=SCANNERS[number % len(SCANNERS)])
                    browser.lints = False
                    answer = browser.ask(path, method)
                    assert answer.status in (200, 303), path
                    count += 1
                    if answer.location:  # a scanner follows, with the cookie that it was given
                        assert browser.ask(answer.location, method).status == 200
                        count += 1
    return count


def assert_unchanged_and_working(app, browse, cast, mails, times, least):
    before = rows_of_everything()
    assert open_everything(app, mails, times) >= least
    assert differences(before, rows_of_everything()) == []
    assert LinkOpening.select().count() == 5 * 2 * times
    pia = browse()
    pia.open(link_in(mails["activation"], "/activate/"))
    pia.press("Continue", accept=True)
    pia.press("Continue", born(cast.pia.birth_date))
    assert pia.press("Activate my account", password="nine quiet otters swim").path == "/activate/welcome"
    alice = browse()
    alice.open(link_in(mails["password_reset"], "/reset/"))
    assert alice.press("Save the new password", password="seven brave geese fly").path == "/sign-in"
    bob = browse()
    bob.open(link_in(mails["sign_in_locked"], "/unlock/"))
    assert "Your sign-in is unlocked." in bob.press("Unlock")
    ivo = browse()
    ivo.open(link_in(mails["address_changed"], "/former-address/"))
    assert ivo.press("Put my address back").path == "/reset/"
    wim = browse()
    wim.open(link_in(mails["invitation"], "/invitation/"))
    assert wim.press("Save and sign in", password="seven brave geese fly").path == "/admin/"
    comes = browse()
    comes.open(link_in(mails["event_confirmation"], "/appointment/"))
    assert "We expect you." in comes.press("I will come")


def test_a_scanner_changes_nothing_and_the_links_still_work(app, browse, cast, mails):
    assert_unchanged_and_working(app, browse, cast, mails, 2, 100)


@pytest.mark.long
def test_a_thousand_looks_change_nothing_and_the_links_still_work(app, browse, cast, mails):
    assert_unchanged_and_working(app, browse, cast, mails, TIMES, 1000)


def test_a_scanner_that_opens_everything_before_the_mail_is_read_leaves_every_try(app, browse, cast, mails):
    open_everything(app, mails, 1)
    assert cast.pia_account.birth_date_tries == 0
    assert cast.pia_account.state == "pending"


def by_mail(cast, mailbox):
    """What was written to somebody without an account, and to somebody whose account is not active: the mails."""
    settings.change("unread_delay", "0", SYSTEM)
    cast.invited()
    for person in (cast.person("Rae", "Reed", "rae@example.org"), cast.pia):
        discussions.start(person, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    told = [message for message in mailbox.collect() if message["Subject"] == "You have a new message"]
    return {message["To"]: message for message in told}


def test_a_scanner_reads_no_message_by_a_reply_link_and_leaves_every_try(app, browse, cast, mailbox):
    mails = by_mail(cast, mailbox)
    rae, pia = (link_in(mails[f"{who}@example.org"], start) for who, start in (("rae", "/reply/"), ("pia", "/arrival/")))
    before = rows_of_everything()
    open_everything(app, mails, 25)
    assert differences(before, rows_of_everything()) == []
    assert LinkOpening.select().count() == 25 * 2
    reader = browse()
    reader.open(rae)
    reader.press("Continue", born(Individual.get(Individual.first_name == "Rae").birth_date))
    assert reader.press("Send", body="I will.").heading == "Your answer is sent"
    assert browse().open(pia).heading == "Activate your account first"


@pytest.mark.parametrize(("who", "start"), [("rae", "/reply/"), ("pia", "/arrival/")])
def test_their_tokens_are_in_no_page_title_or_address_and_their_cookies_for_that_page_alone(app, browse, cast, mailbox, who, start):
    path = link_in(by_mail(cast, mailbox)[f"{who}@example.org"], start)
    token, browser = path.removeprefix(start), browse()
    opened = browser.ask(path)
    assert (opened.status, opened.location) == (303, start)
    assert f"Path={start}" in opened.headers["Set-Cookie"]
    assert token not in opened.html
    page = browser.open(path)
    assert token not in page.html
    for address in (*page.hrefs, *(form.action for form in page.forms)):
        assert token not in address
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Cache-Control"] == "no-store"


LINKS = [
    ("activation", "/activate/"), ("password_reset", "/reset/"), ("sign_in_locked", "/unlock/"), ("address_changed", "/former-address/"),
    ("invitation", "/invitation/"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "start"), [*LINKS, ("event_confirmation", "/appointment/")])
def test_the_token_is_in_no_page_title_or_address_that_is_shown(app, browse, mails, kind, start):
    path = link_in(mails[kind], start)
    token, browser = path.removeprefix(start), browse()
    opened = browser.ask(path)
    assert (opened.status, opened.location) == (303, start)
    assert token not in opened.html
    page = browser.open(path)
    assert page.path == start
    assert token not in page.html
    assert token not in page.title
    for address in (*page.hrefs, *(form.action for form in page.forms)):
        assert token not in address
    assert page.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(("kind", "start"), LINKS)
def test_the_cookie_that_carries_the_token_is_for_that_page_alone(production, cast, kind, start):
    account = cast.alice_account
    made = {
        "activation": lambda: cast.invited(),
        "password_reset": lambda: links.make("password_reset", account.invited_at.replace(year=2199), account=account),
        "sign_in_locked": lambda: links.make("unlock", account.invited_at.replace(year=2199), account=account),
        "address_changed": lambda: links.make("address_undo", account.invited_at.replace(year=2199), account=account),
        "invitation": lambda: links.make("invitation", account.invited_at.replace(year=2199), worker=cast.dora),
    }[kind]()  # fmt: skip
    browser = Browser(production)
    cookie = browser.ask(f"{start}{links.token(made)}").headers["Set-Cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", f"path={start}", "max-age=1800", "samesite=lax"} <= parts


def test_no_mail_names_anybody_or_what_they_get_help_with(mails, cast):
    from models import Individual, Worker

    for kind, message in mails.items():
        told = f"{message['Subject']} {text_of(message)} {message.get_body(('html',)).get_content()}"
        words = re.sub(rf"{PORTAL}/[^\s\"'<>]+", "", told).replace("Harbour Family Services", "")  # any token may hold "Bob"
        with_whom = () if kind in ("event_booked", "event_changed", "event_confirmation") else Worker.select()  # in the text, not in the subject
        for person in (*Individual.select(), *with_whom):
            assert person.first_name not in words, kind
            assert person.last_name not in words, kind
            assert person.public_id not in told, kind
        assert not [canary for canary in CANARIES if canary in told], kind


def test_the_text_and_the_html_of_a_mail_lead_to_the_same_places(mails):
    for kind, message in mails.items():
        html = unescape(message.get_body(("html",)).get_content())
        in_text = set(re.findall(rf"{PORTAL}/\S+", text_of(message)))
        assert in_text <= set(re.findall(rf"{PORTAL}/[^\s\"'<>]+", html)), kind


def test_sending_again_sends_the_very_same_link(cast, mails, mailbox):
    """Rendered anew from its row, a link is letter by letter the one that was sent."""
    link = cast.link_of(cast.pia_account)
    assert link_in(mails["activation"], "/activate/") == f"/activate/{links.token(link)}"
    assert dispatch.deliver_due(lambda: None, portal_url=PORTAL, sender="portal@example.org") == 0
