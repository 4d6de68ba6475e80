"""Clients and staff write to each other: the pages of both, what each of them reads, and what nobody else does."""

import datetime as dt

import pytest

from bench.queries import Listener
from domain import discussions, enrolments, services, settings
from domain.actor import SYSTEM
from models import Discussion, Message

INBOX, STAFF = "/inbox/", "/admin/discussions/"
PART = {"HX-Request": "true", "HX-Request-Type": "partial", "X-Poll": "1"}


@pytest.fixture
def dora_is_hers(cast):
    """Alice is in a service with Dora, so she may choose her."""
    service = services.add(services.Details("Counselling"), "case", SYSTEM)
    services.show(service, SYSTEM, is_visible=True, version=1, warned_of=[])
    return enrolments.open(cast.alice, service, cast.dora, dt.date(2026, 1, 5), SYSTEM)


def begin(cast, who="alice", **to):
    return discussions.start(getattr(cast, who), "A question", "When do you open?", cast.by(who), **(to or {"worker": cast.dora}))


def of(discussion):
    return f"{INBOX}{discussion.public_id}/"


def theirs(discussion):
    return f"{STAFF}{discussion.public_id}/"


def now(discussion):
    return Discussion.get_by_id(discussion.id)


# ---------------------------------------------------------------- the client


def test_alice_writes_to_dora_and_reads_the_answer(cast, browse, dora_is_hers):
    alice, dora = browse("alice"), browse("dora")
    page = alice.open(INBOX)
    assert "Your Inbox is empty" in page
    alice.open(page.links["New message"])
    page = alice.press("Send", {"to": cast.dora.public_id, "subject": "My form", "body": "Where is it?\n\nThank you."})
    assert "Your message is sent." in page
    assert page.heading == "My form"
    made = Discussion.get()
    assert (made.worker, made.individual, Message.get().body) == (cast.dora, cast.alice, "Where is it?\n\nThank you.")
    page = dora.open(STAFF)
    assert "waits for an answer" in page
    dora.open(theirs(made))
    dora.press("Send", {"body": "In the hall."})
    assert "1 new" in alice.open("/")
    assert "new" in alice.open(INBOX)
    page = alice.open(of(made))
    for words in ("In the hall.", "Dora Dunn", "You"):
        assert words in page
    assert "read" in page  # Dora, by answering


def test_what_was_opened_is_no_longer_new(cast, browse):
    made = begin(cast)
    discussions.write(made, "At nine.", cast.by("dora"))
    alice = browse("alice")
    alice.open(of(made))
    assert now(made).is_unread  # reading changes nothing
    alice.press("I have read this")
    assert not now(made).is_unread
    assert "I have read this" not in alice.open(of(made)).buttons
    assert "Nothing new" in alice.open("/")
    assert "read" in browse("dora").open(theirs(made))


def test_whoever_may_not_write_now_reads_why_and_whom_to_call(cast, browse, house):
    made = begin(cast)
    for words in ("Hello?", "Anybody?"):
        discussions.write(made, words, cast.by("alice"))
    page = browse("alice").open(of(made))
    assert "You have sent 3 messages that were not answered yet." in page
    assert "Send" not in page.buttons
    for number in range(2):
        discussions.start(cast.alice, f"More {number}", "Words", cast.by("alice"), worker=cast.dora)
    page = browse("alice").open(f"{INBOX}new")
    assert "You wait for answers to 3 discussions." in page
    assert "Send" not in page.buttons


def test_the_fourth_message_in_another_tab_is_refused_and_its_words_are_kept(cast, browse):
    made = begin(cast)
    first, second = browse("alice"), browse("alice")
    first.open(of(made))
    second.open(of(made))
    first.press("Send", {"body": "Two"})
    first.press("Send", {"body": "Three"})
    page = second.press("Send", {"body": "Four, which took me an hour"})
    assert page.status == 422
    assert "You have sent 3 messages that were not answered yet." in page
    assert "Four, which took me an hour" in page.html
    assert Message.select().count() == 3


def test_what_was_closed_says_so_and_an_answer_opens_it(cast, browse):
    made = begin(cast)
    discussions.close(made, cast.by("dora"), version=now(made).version)
    alice = browse("alice")
    assert "closed" in alice.open(INBOX)
    assert "An answer opens it again." in alice.open(of(made))
    alice.press("Send", {"body": "One more thing."})
    assert now(made).state == "open"


@pytest.mark.parametrize("words", ["", " \n\t", "x" * 5001])
def test_what_cannot_be_sent_is_said_beside_it(cast, browse, words):
    alice = browse("alice")
    alice.open(f"{INBOX}new")
    page = alice.press("Send", {"to": "team", "subject": "Subject", "body": words})
    assert page.status == 422
    assert page.problems
    assert not Message.select().exists()


def test_nobody_writes_to_a_worker_who_is_not_theirs(cast, browse, dora_is_hers):
    alice = browse("alice")
    form = alice.open(f"{INBOX}new").form("Send")
    assert alice.submit(form, form.filled({"subject": "Subject", "body": "Words"}) | {"to": cast.otto.public_id}).status == 422
    assert not Discussion.select().exists()


def test_bobs_are_not_there_for_alice(cast, browse):
    his, alice = begin(cast, "bob"), browse("alice")
    for path in (of(his), f"{of(his)}new?after=0"):
        assert alice.open(path).status == 404
    for path in (f"{of(his)}messages", f"{of(his)}seen"):
        assert alice.send(path, {"csrf_token": alice.token, "body": "Words", "last": "99"}).status == 404
    assert Message.select().count() == 1


def test_an_open_page_asks_what_is_new_and_costs_next_to_nothing(cast, browse):
    made, alice = begin(cast), browse("alice")
    newest = Message.get().id
    heard = Listener()
    answer = alice.open(f"{of(made)}new?after={newest}", headers=PART)
    assert (answer.status, answer.html) == (204, "")
    assert len(heard.counted()) <= 2
    discussions.write(made, "At nine.", cast.by("dora"))
    answer = alice.open(f"{of(made)}new?after={newest}", headers=PART)
    assert "At nine." in answer
    assert "<main" not in answer.html


def test_the_last_twenty_are_shown_and_the_earlier_ones_are_a_page_away(cast, browse):
    settings.change("unanswered_limit", "0", SYSTEM)
    made = begin(cast)
    for number in range(2, 31):
        discussions.write(made, f"Message {number}.", cast.by("alice"))
    alice = browse("alice")
    page = alice.open(of(made))
    assert "Message 30." in page
    assert "Message 11." in page
    assert "Message 10." not in page
    page = alice.open(page.links["Earlier messages"])
    assert "Message 10." in page
    assert "When do you open?" in page
    assert "Message 30." in alice.open(page.links["The newest messages"])


def test_where_messages_are_off_there_are_none(cast, browse, decided):
    made = begin(cast)
    decided(discussions="0")
    page = browse("alice").open(INBOX)  # what is new about appointments still comes
    assert "My form" not in page
    assert "New message" not in page.links
    assert "Messages" not in page.links
    for path in (f"{INBOX}new", of(made)):
        assert browse("alice").open(path).status == 404
    for path in (STAFF, theirs(made), f"/admin/individuals/{cast.alice.public_id}/discussions/"):
        assert browse("dora").open(path).status == 404


def test_where_clients_begin_none_they_answer(cast, browse, decided):
    made = begin(cast)
    decided(starting_discussions="0")
    alice = browse("alice")
    assert "New message" not in alice.open(INBOX).links
    assert alice.open(f"{INBOX}new").status == 404
    alice.open(of(made))
    assert "Your message is sent." in alice.press("Send", {"body": "More."})


# ---------------------------------------------------------------- staff


def test_dora_begins_from_a_record_and_keeps_a_note_that_alice_never_reads(cast, browse):
    dora = browse("dora")
    page = dora.open(f"/admin/individuals/{cast.alice.public_id}/")
    dora.open(page.links["Write a message"])
    page = dora.press("Send", {"subject": "Your form", "body": "Please bring it."})
    made = Discussion.get()
    assert made.worker == cast.dora
    page = dora.press("Keep the note", {"note": "She may forget."})
    assert "The note is kept. Only staff read it." in page
    assert "She may forget." in page
    page = browse("alice").open(of(made))
    assert "Please bring it." in page
    assert "She may forget." not in page.html


def test_what_waits_for_anybody_is_taken_followed_handed_on_and_closed(cast, browse):
    made, ines = begin(cast, category="intake"), browse("ines")
    assert "A question" in ines.open(f"{STAFF}?view=waiting")
    ines.open(theirs(made))
    ines.press("Take it")
    assert now(made).worker == cast.ines
    dora = browse("dora")
    dora.open(theirs(made))
    dora.press("Follow")
    assert "A question" in dora.open(STAFF)
    ines.open(theirs(made))
    ines.press("Hand over", {"to": f"worker:{cast.dora.public_id}"})
    assert now(made).worker == cast.dora
    dora.open(theirs(made))
    page = dora.press("Close it")
    assert "The discussion is closed." in page
    assert "Send" not in page.buttons
    dora.press("Open it again")
    assert now(made).state == "open"


def test_otto_who_does_not_see_alice_reads_nothing_of_it(cast, browse):
    made, otto = begin(cast), browse("otto")
    assert "A question" not in otto.open(f"{STAFF}?view=all")
    for path in (theirs(made), f"{theirs(made)}new?after=0"):
        assert otto.open(path).status == 404
    for verb in ("messages", "notes", "seen", "holder", "followers", "hand-on", "closing", "opening"):
        assert otto.send(f"{theirs(made)}{verb}", {"csrf_token": otto.token, "body": "Words", "note": "Words"}).status == 404
    assert Message.select().count() == 1




def test_the_next_page_of_all_is_a_page_of_all(cast, browse):
    settings.change("unanswered_discussions", "0", SYSTEM)
    for number in range(23):
        discussions.start(cast.alice, f"Question {number}", "Words", cast.by("alice"), category="intake")
    ines = browse("ines")
    page = ines.open(f"{STAFF}?view=all")
    assert "Question 22" in page
    page = ines.open(page.links["Next"])
    assert "Question 2" in page
    assert "Question 22" not in page
