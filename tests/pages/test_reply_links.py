"""Where an e-mail leads: a reply link as its reader sees it, activation and then the very thing, and what staff see of it."""

import datetime as dt
import io
import re

import nasty
import pytest
from pages.conftest import born, text_of

from domain import accounts, attachments, audit, discussions, links, profile, reply_links, settings, store
from domain.actor import SYSTEM
from models import (
    Attachment,
    Delivery,
    Discussion,
    Individual,
    Link,
    LinkOpening,
    Message,
    PortalAccount,
    ReplyLink,
    Task,
)

pytestmark = pytest.mark.usefixtures("cast")

WRONG = dt.date(1990, 6, 15)


@pytest.fixture(autouse=True)
def _at_once(cast):
    settings.change("unread_delay", "0", SYSTEM)


@pytest.fixture
def written(cast):
    """Dora wrote to Pia, who has no account."""
    return discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)


@pytest.fixture
def link(written, mailbox):
    """The path of the link in Pia's mail."""
    return mailbox.link("pia@example.org")


@pytest.fixture
def pia(browse, link):
    """Pia, who has opened the link."""
    browser = browse()
    browser.open(link)
    return browser


def prove(browser, date):
    return browser.press("Continue", born(date))


def bodies(discussion):
    return [message.body for message in Message.select().where(Message.discussion == discussion.id).order_by(Message.id)]


def staff_page(discussion):
    return f"/admin/discussions/{discussion.public_id}/"


# ---------------------------------------------------------------- read, and answer once


def test_pia_gets_the_file_that_was_sent_along_once_she_said_who_she_is(cast, browse, mailbox):
    ready = attachments.ready([("form.pdf", io.BytesIO(nasty.pdf()))])
    made = discussions.start(cast.pia, "Your form", "Please sign it.", cast.by("dora"), worker=cast.dora, files=ready)
    other = discussions.start(cast.alice, "Hers", "Alone.", cast.by("dora"), worker=cast.dora, files=ready)
    files = {each.message.discussion_id: each.public_id for each in Attachment.select()}
    pia = browse()
    assert pia.ask(f"/reply/files/{files[made.id]}").status in (404, 410)
    pia.open(mailbox.link("pia@example.org"))
    assert b"%PDF" not in pia.ask(f"/reply/files/{files[made.id]}").body
    prove(pia, cast.pia.birth_date)
    assert pia.ask(f"/reply/files/{files[made.id]}").body == nasty.pdf()
    assert pia.ask(f"/reply/files/{files[other.id]}").status == 404
    assert browse("alice").ask(f"/reply/files/{files[made.id]}").status in (404, 410)


def test_pia_reads_and_answers(cast, browse, mailbox, written, link):
    assert "ring it" not in text_of(mailbox.newest("pia@example.org"))
    pia = browse()
    page = pia.open(link)
    assert (page.path, page.heading) == ("/reply/", "Confirm who you are")
    assert "Your form" not in page
    page = prove(pia, cast.pia.birth_date)
    assert page.heading == "Your form"
    assert page.title == "Messages · Harbour"
    assert "Please bring it." in page
    page = pia.press("I have read this")
    assert not Discussion.get().is_unread
    page = pia.press("Send", body="I will.\nTomorrow.")
    assert (page.status, page.heading) == (200, "Your answer is sent")
    assert bodies(written) == ["Please bring it.", "I will.\nTomorrow."]
    assert page.headers["Cache-Control"] == "no-store"
    dora = browse("dora")
    profile.follow(cast.pia, cast.dora, cast.by("dora"))
    page = dora.open(staff_page(written))
    assert "Pia Pell, by reply link" in page
    assert "answered" in page
    page = dora.press("Send", body="Good.")
    assert mailbox.link("pia@example.org") not in (link, "")


def test_a_form_twice_is_one_answer(cast, pia, written):
    prove(pia, cast.pia.birth_date)
    form = pia.page.form("Send")
    values = form.filled({"body": "I will."})
    assert [pia.send(form.action, values).status for _ in range(2)] == [303, 303]
    assert len(bodies(written)) == 2


def test_a_wrong_date_says_what_is_left_and_the_third_closes_the_link(cast, pia, browse, link):
    page = pia.press("Continue", {"birth_date-day": "31", "birth_date-month": "2", "birth_date-year": "1990"})
    assert page.status == 422
    assert ReplyLink.get().tries == 0
    page = prove(pia, WRONG)
    assert (page.status, page.problems) == (422, ["That date of birth does not match. You have 2 tries left."])
    assert pia.page.form("Continue").values["birth_date-year"] == "1990"
    prove(pia, WRONG)
    page = prove(pia, WRONG)
    assert (page.status, page.heading) == (410, "This link was closed")
    assert "Nobody got in" in page
    assert "+1 902 555 0100" in page.html or "902" in page
    page = browse().open(link)
    assert (page.status, page.heading) == (410, "This link was closed")
    page = pia.press("Ask for a new link")
    assert page.heading == "We have been told"
    assert sorted(task.kind for task in Task.select()) == ["reply_link_closed", "reply_link_wanted"]


def test_a_cell_that_is_not_sent_is_refused_beside_its_field(cast, pia, written):
    prove(pia, cast.pia.birth_date)
    page = pia.press("Send", body="  ")
    assert (page.status, page.problems) == (422, ["Write your message."])
    page = pia.press("Send", body="x" * 5001)
    assert page.status == 422
    assert page.form("Send").values["body"] == "x" * 5001
    assert len(bodies(written)) == 1


@pytest.mark.parametrize("token", ["", "x", "a.b", "x" * 300, "%00", "ÿ"])
def test_wrong_tokens_all_get_the_same_answer(browse, link, token):
    page = browse().open(f"/reply/{token}") if token else browse().open(link + "x")
    assert (page.status, page.heading) == (404, "This link is not complete")


def test_a_foreign_token_gets_it_too_and_without_a_link_there_is_a_page(cast, browse):
    assert browse().open(f"/reply/{links.token(cast.invited())}").heading == "This link is not complete"
    page = browse().open("/reply/")
    assert (page.status, page.heading) == (404, "Open the link again")
    for step in ("date-of-birth", "messages", "seen", "new-link"):
        stranger = browse()
        assert stranger.send(f"/reply/{step}", {"csrf_token": stranger.token, "link": "x"}).status == 404
    assert not LinkOpening.select().exists()


def test_without_the_date_nothing_is_read_and_nothing_sent(cast, pia, written):
    token = pia.token
    seal = pia.page.form("Continue").values["link"]
    page = pia.send("/reply/messages", {"csrf_token": token, "link": seal, "body": "Let me in"})
    assert page.status == 422
    assert "Please bring it." not in page
    assert "Let me in" in page
    assert pia.send("/reply/seen", {"csrf_token": token, "link": seal, "last": "99999"}).status == 303
    assert Discussion.get().is_unread
    assert bodies(written) == ["Please bring it."]


def test_looking_again_and_again_changes_nothing_but_the_list_of_openings(browse, link, written):
    for number in range(25):
        browser = browse()
        browser.lints = False
        for method in ("GET", "HEAD"):
            assert browser.ask(link, method).status == 303
            assert browser.ask("/reply/", method).status == 200
        assert LinkOpening.select().count() == 2 * (number + 1)
    assert (ReplyLink.get().tries, ReplyLink.get().ended, Discussion.get().is_unread) == (0, "", True)
    assert Link.get(Link.purpose == "reply").proved_at is None


def test_whoever_is_signed_in_is_a_client_without_an_account_here(cast, browse, link, written):
    dora = browse("dora")
    dora.open(link)
    prove(dora, cast.pia.birth_date)
    dora.press("Send", body="I am Pia.")
    message = Message.select().order_by(Message.id.desc()).get()
    assert (message.author, message.worker, message.account) == ("client", None, None)


def test_two_tabs_do_not_mix(cast, browse, mailbox, pia, written):
    prove(pia, cast.pia.birth_date)
    first = pia.page.form("Send")
    other = discussions.start(cast.pia, "The other", "Another one.", cast.by("dora"), worker=cast.dora)
    pia.open(mailbox.link("pia@example.org"))
    assert pia.page.heading == "Confirm who you are"
    page = pia.submit(first, first.filled({"body": "About the form."}))
    assert (page.status, page.heading) == (422, "Confirm who you are")
    assert "About the form." in page
    page = pia.press("Send", born(cast.pia.birth_date))
    assert page.heading == "Your answer is sent"
    assert (bodies(written)[-1], bodies(other)) == ("About the form.", ["Another one."])


def test_what_took_longer_to_write_than_the_cookie_lasts_is_not_lost(cast, browse, pia, written, frozen):
    frozen()
    prove(pia, cast.pia.birth_date)
    form = pia.page.form("Send")
    frozen.shift(minutes=45)
    page = pia.submit(form, form.filled({"body": "A long\nletter."}))
    assert (page.status, page.heading) == (422, "Confirm who you are")
    page = pia.press("Send", born(WRONG))
    assert "A long letter." in page
    page = pia.press("Send", born(cast.pia.birth_date))
    assert page.heading == "Your answer is sent"
    assert bodies(written)[-1] == "A long\nletter."


def test_an_answer_to_what_was_withdrawn_meanwhile_is_shown_to_be_copied(cast, pia, written):
    prove(pia, cast.pia.birth_date)
    reply_links.withdraw(written, cast.by("dora"))
    page = pia.press("Send", body="My long answer")
    assert (page.status, page.heading) == (410, "This link was withdrawn")
    assert "My long answer" in page
    assert "This was not sent yet" in page


def test_a_full_row_says_so_in_place_of_the_box(cast, pia, written, decided):
    decided(unanswered_limit=1)
    prove(pia, cast.pia.birth_date)
    with store.writing():
        Discussion.update(in_a_row=1, waits_since=dt.datetime.now(dt.UTC)).execute()
    page = pia.open("/reply/")
    assert "You can write again when it is answered" in page
    assert "Send" not in page.buttons


# ---------------------------------------------------------------- each state of account × the link


def states(cast):
    return {
        "none": lambda: None,
        "pending": lambda: cast.invited(),
        "active": lambda: cast.activated(),
        "locked": lambda: accounts.suspend(cast.activated(), SYSTEM),
        "disabled": lambda: accounts.disable(cast.activated(), SYSTEM),
        "closed by staff": lambda: accounts.close(cast.activated(), SYSTEM),
        "cancelled": lambda: accounts.cancel(cast.invited().account, SYSTEM),
    }


OPENED = {  # a reply link that was sent before the account became so
    "none": (200, "/reply/", "Confirm who you are"), "pending": (200, "/reply/", "Confirm who you are"),
    "active": (200, "/sign-in", "Sign in"), "locked": (200, "/sign-in", "Sign in"),
    "disabled": (410, "/reply/", "This link no longer works"), "closed by staff": (410, "/reply/", "This link no longer works"),
    "cancelled": (200, "/reply/", "Confirm who you are"),
}  # fmt: skip


@pytest.mark.parametrize("state", OPENED)
def test_a_reply_link_is_never_dead_whatever_became_of_the_account(cast, browse, link, state):
    states(cast)[state]()
    page = browse().open(link)
    assert (page.status, page.path.partition("?")[0], page.heading) == OPENED[state]
    assert page.main


SENT = {  # where a fresh e-mail leads
    "none": "/reply/", "pending": "/arrival/", "active": "/inbox/", "locked": "/inbox/", "cancelled": "/reply/",
}  # fmt: skip


@pytest.mark.parametrize("state", SENT)
def test_each_mail_leads_somewhere(cast, browse, mailbox, written, state):
    states(cast)[state]()
    path = mailbox.link("pia@example.org") if state in ("none", "active", "locked", "cancelled") else newest_of(mailbox, "You have a new message")
    assert path.startswith(SENT[state])
    assert browse().open(path).status == 200


def newest_of(mailbox, subject, address="pia@example.org"):
    """The path of the button in the newest mail with that subject."""
    mail = next(each for each in mailbox.collect() if each["To"] == address and each["Subject"] == subject)
    return re.search(r"http://localhost:8000(/\S+)", text_of(mail)).group(1)


@pytest.mark.parametrize("state", ["disabled", "closed by staff"])
def test_whose_account_was_taken_gets_no_mail_and_staff_have_a_task(cast, mailbox, written, state):
    states(cast)[state]()
    mailbox.collect()
    assert Delivery.get(Delivery.kind == "message_waiting").state == "suppressed"
    assert [task.kind for task in Task.select()] == ["delivery_problem"]


def test_who_signs_in_lands_on_the_very_discussion(cast, browse, link, written):
    cast.activated()
    pia = browse()
    page = pia.open(link)
    assert page.path.startswith("/sign-in")
    page = pia.press("Sign in", email="pia@example.org", password="nine quiet otters swim")
    assert page.path == f"/inbox/{written.public_id}/"
    assert "Please bring it." in page
    assert pia.open(link).path == f"/inbox/{written.public_id}/"


# ---------------------------------------------------------------- before activation


def activate(browser, cast):
    browser.press("Continue", accept=True)
    browser.press("Continue", born(cast.pia.birth_date))
    return browser.press("Activate my account", password="nine quiet otters swim")


def test_before_activation_the_mail_leads_to_activation_and_then_to_the_very_discussion(cast, browse, mailbox):
    cast.invited()
    written = discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    pia = browse()
    page = pia.open(newest_of(mailbox, "You have a new message"))
    assert (page.path, page.heading) == ("/arrival/", "Activate your account first")
    assert "Please bring it." not in page
    page = pia.press("Send it to me again")
    assert "We have sent you the e-mail" in page
    elsewhere = browse()  # another browser, without any cookie
    elsewhere.open(newest_of(mailbox, "Your portal is ready"))
    page = activate(elsewhere, cast)
    assert page.path.startswith("/activate/welcome")
    page = elsewhere.open(page.links["Go on to what you came for"])
    assert (page.status, page.path) == (200, f"/inbox/{written.public_id}/")
    assert "Please bring it." in page
    assert pia.open("/arrival/").path.startswith("/sign-in")


def test_with_the_first_activation_in_the_same_browser_it_leads_there_too(cast, browse, mailbox, book):
    link = cast.invited()
    place = book(who=("pia",))
    pia = browse()
    page = pia.open(newest_of(mailbox, "Your appointment"))
    assert "Your appointment is in your portal." in page
    pia.open(f"/activate/{links.token(link)}")
    page = activate(pia, cast)
    page = pia.open(page.links["Go on to what you came for"])
    assert (page.status, page.path) == (200, f"/calendar/{place.public_id}")


def test_who_activates_without_having_come_for_anything_goes_home(cast, browse):
    pia = browse()
    pia.open(f"/activate/{links.token(cast.invited())}")
    assert activate(pia, cast).links["Go to my portal"] == "/"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil", "/reply/x"])
def test_after_activation_nobody_is_led_astray(cast, browse, target):
    cast.activated()
    assert browse("pia").open(f"/activate/welcome?next={target}").links["Go to my portal"] == "/"


ARRIVED = {
    "pending": (200, "Activate your account first"), "active": (200, "Sign in"), "locked": (200, "Sign in"),
    "disabled": (410, "Your account is closed"), "closed by staff": (410, "Your account is closed"),
    "cancelled": (410, "Your account is not active"), "expired": (410, "Your account is not active"),
    "date of birth": (410, "Your account is not active"),
}  # fmt: skip


@pytest.mark.parametrize("state", ARRIVED)
def test_the_link_of_a_mail_before_activation_is_never_dead_whatever_became_of_the_account(cast, browse, mailbox, frozen, state):
    frozen()
    link = cast.invited()
    discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    path = newest_of(mailbox, "You have a new message")
    become = {
        "pending": lambda: None, "active": lambda: _activate(link), "locked": lambda: accounts.suspend(_activate(link), SYSTEM),
        "disabled": lambda: accounts.disable(_activate(link), SYSTEM), "closed by staff": lambda: accounts.close(_activate(link), SYSTEM),
        "cancelled": lambda: accounts.cancel(link.account, SYSTEM), "expired": lambda: frozen.shift(days=15),
        "date of birth": lambda: accounts.fail_birth_date(link.account),
    }  # fmt: skip
    become[state]()
    stranger = browse()
    page = stranger.open(path)
    assert (page.status, page.heading) == ARRIVED[state]
    if state in ("cancelled", "expired", "date of birth"):
        for _ in range(2):
            assert stranger.press("Ask for a new link").heading == "We have been told"
            stranger.open(path)
        assert [task.kind for task in Task.select()] == ["new_activation_wanted"]


def _activate(link):
    from conftest import _activated

    return _activated(link, "nine quiet otters swim")


def test_activation_is_sent_again_only_so_often_and_keeps_the_tries(cast, browse, mailbox, decided):
    decided(resets_an_hour=2)
    link = cast.invited()
    with store.writing():
        PortalAccount.update(birth_date_tries=2).where(PortalAccount.id == link.account_id).execute()
    discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    pia = browse()
    pia.open(newest_of(mailbox, "You have a new message"))
    for _ in range(2):
        assert "We have sent you the e-mail" in pia.press("Send it to me again")
    page = pia.press("Send it to me again")
    assert "Too many tries." in page
    assert Link.select().where(Link.purpose == "activation", Link.account == link.account_id).count() == 3
    assert cast.pia_account.birth_date_tries == 2


def test_where_the_activation_would_not_arrive_it_says_whom_to_call(cast, browse, mailbox):
    cast.invited()
    discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    pia = browse()
    pia.open(newest_of(mailbox, "You have a new message"))
    profile.record_consent(cast.pia, "email", False, SYSTEM)
    assert "We cannot send it to you at the moment. Please call us." in pia.press("Send it to me again")


def test_what_was_not_sealed_by_us_leads_nowhere(cast, browse):
    token = links.sealed("arrival", f"{cast.alice_account.public_id}d{'x' * 22}")
    for wrong in (token[:-1], token + "x", links.sealed("appointment", "x"), links.sealed("arrival", "x" * 22 + "dy")):
        assert browse().open(f"/arrival/{wrong}").status == 404
    assert browse().open("/arrival/").heading == "Open the link again"


# ---------------------------------------------------------------- staff


def test_staff_are_told_how_somebody_is_reached_and_what_stands_between(cast, browse):
    ines = browse("ines")
    place = f"/admin/individuals/{cast.pia.public_id}/discussions/"
    assert "The e-mail brings a link" in ines.open(f"{place}new")
    with store.writing():
        Individual.update(birth_date=None).where(Individual.id == cast.pia.id).execute()
    profile.record_consent(cast.pia, "email", False, SYSTEM)
    for page in (ines.open(f"{place}new"), ines.open(place), ines.open(f"/admin/individuals/{cast.pia.public_id}/")):
        assert "A message would not reach them" in page
        assert "The date of birth is not known." in page
        assert page.links["Add the date of birth"] == f"/admin/individuals/{cast.pia.public_id}/edit"
    page = ines.open(f"{place}new")
    assert "Send" not in page.buttons
    page = ines.send(f"{place}new", {"csrf_token": ines.token, "subject": "Hello", "body": "My words"})
    assert page.status == 422
    assert "My words" in page
    assert not Discussion.select().exists()


def test_who_is_to_activate_is_written_to_and_staff_read_how(cast, browse):
    cast.invited()
    page = browse("ines").open(f"/admin/individuals/{cast.pia.public_id}/discussions/new")
    assert "leads them to activate it first" in page


def test_staff_see_what_became_of_the_link_send_a_new_one_and_withdraw_it(cast, browse, mailbox, written, link):
    ines = browse("ines")
    page = ines.open(staff_page(written))
    assert "waits for an answer" in page
    assert "Not opened yet" in page
    browse().open(link)
    page = ines.open(staff_page(written))
    assert "Opened, perhaps by a mail scanner:" in page
    page = ines.press("Send a new link")
    assert "A new link is on its way." in page
    fresh = mailbox.link("pia@example.org")
    assert fresh != link
    assert browse().open(link).heading == "There is a newer link"
    ines.open(staff_page(written))
    assert "Asked for by Ines Isle" in ines.page
    page = ines.press("Withdraw the link")
    assert "withdrawn" in page
    assert "Withdraw the link" not in page.buttons
    page = browse().open(fresh)
    assert (page.status, page.heading) == (410, "This link was withdrawn")


def test_who_may_not_see_the_client_sends_and_withdraws_nothing(cast, browse, written):
    otto = browse("otto")
    for step in ("", "/withdrawal"):
        assert otto.send(f"{staff_page(written)}reply-link{step}", {"csrf_token": otto.token}).status == 404
    assert not ReplyLink.select().exists()


def test_where_somebody_signs_in_there_is_nothing_about_links(cast, browse):
    made = discussions.start(cast.alice, "Hello", "Words", cast.by("dora"), worker=cast.dora)
    page = browse("dora").open(staff_page(made))
    assert "Reply link" not in page.main


def test_a_discussion_of_somebody_whom_nothing_reaches_any_more_says_so(cast, browse, written):
    accounts.disable(cast.activated(), SYSTEM)
    page = browse("ines").open(staff_page(written))
    assert "A message would not reach them" in page
    assert "Their portal account is disabled." in page


def test_the_history_says_until_when_a_link_works_that_was_sent_once_more(browse, cast):
    made = discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    audit.record("reply_link.extended", SYSTEM, individual=cast.pia, subject=f"discussion {made.id}", until="2026-04-03")
    page = browse("ada").open(f"/admin/individuals/{cast.pia.public_id}/history")
    assert "Reply link sent once more; it works until Friday, 3 April 2026" in page
