"""Bad input to messages, by every form that takes one: too long, empty, full of links, the other way round, too late, twice, at once."""

import re

import pytest
from pages.conftest import born

from domain import discussions, reply_links, settings
from domain.actor import SYSTEM
from models import Discussion, Message

INBOX, STAFF = "/inbox/", "/admin/discussions/"
EXACT = {
    "fifty links": "\n".join(f"https://example.org/a?b={number}&c=<d>" for number in range(50)),
    "right to left": "مرحبا <b>بكم</b>\u202e abc \u202c ١٢٣ שלום",
    "emoji": "👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 " * 100,
    "as much as may be": "ä" * 5000,
    "lines": "One\n\n\n   Two\n- 3",
}


@pytest.fixture
def made(cast):
    found = discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), worker=cast.dora)
    discussions.write(found, "At nine.", cast.by("dora"))
    return found


@pytest.fixture
def pia(cast, browse):
    """Pia, who reads her message by a link."""
    found = discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    browser = browse()
    browser.open(f"/reply/{reply_links.token(reply_links.send_new(found, cast.by('dora')))}")
    browser.press("Continue", born(cast.pia.birth_date))
    return browser


@pytest.fixture
def boxes(browse, made, pia):
    """Every form of one message: whose browser, its button and the name of its field."""
    alice, dora = browse("alice"), browse("dora")
    alice.open(f"{INBOX}{made.public_id}/")
    dora.open(f"{STAFF}{made.public_id}/")
    noted = browse("dora")
    noted.open(f"{STAFF}{made.public_id}/")
    return [(alice, "Send", "body"), (dora, "Send", "body"), (noted, "Keep the note", "note"), (pia, "Send", "body")]


def bodies():
    return [each.body for each in Message.select().order_by(Message.id)]


@pytest.mark.parametrize(("typed", "told"), [("x" * 5001, "Use at most 5000 characters."), (" \n\t\u00a0\u2003", ""), ("a\x0bb", "cannot be stored")])
def test_what_cannot_be_sent_is_refused_by_every_form_and_kept(boxes, typed, told):
    before = bodies()
    for browser, button, field in boxes:
        page = browser.press(button, {field: typed})
        assert page.status == 422, browser.page.path
        assert any(told in each for each in page.problems), page.problems
        assert page.form(button).values[field].replace("\r\n", "\n") == typed.replace("\x0b", "")
    assert bodies() == before


@pytest.mark.parametrize("typed", EXACT.values(), ids=EXACT)
def test_what_may_be_sent_is_kept_as_it_is(boxes, typed):
    for browser, button, field in boxes:
        page = browser.press(button, {field: typed})
        assert page.status == 200, browser.page.path
        assert bodies()[-1] == typed.strip()
        assert " ".join(typed.split()) in " ".join(page.text.split()) or browser is boxes[-1][0]  # Pia's link ends with her answer


def test_the_same_form_twice_is_one_message_of_each(boxes):
    for browser, button, field in boxes:
        form = browser.page.form(button)
        before = len(bodies())
        for _ in range(2):
            assert browser.submit(form, form.filled({field: "Once, please."})).status == 200
        assert len(bodies()) == before + 1, form.action


def test_at_the_same_moment_a_second_tap_is_one_message_and_both_sides_are_heard(boxes, at_once):
    (alice, *_), (dora, *_) = boxes[:2]
    for each in (alice, dora):
        each.lints = False
    forms = [(each, each.page.form("Send")) for each in (alice, alice, dora, dora)]
    answers = at_once([lambda each=each, form=form: each.send(form.action, form.filled({"body": f"From {form.action}"})).status for each, form in forms])
    assert {*answers} <= {303, 409}, answers
    assert sorted(bodies()[3:]) == sorted({f"From {form.action}" for _, form in forms})


def test_who_answers_what_was_closed_a_moment_ago_opens_it_again(cast, browse, made):
    alice = browse("alice")
    alice.open(f"{INBOX}{made.public_id}/")
    discussions.close(made, cast.by("dora"), version=Discussion.get_by_id(made.id).version)
    page = alice.press("Send", {"body": "One more thing."})
    assert "Your message is sent." in page
    assert (Discussion.get_by_id(made.id).state, bodies()[-1]) == ("open", "One more thing.")


def test_who_answers_what_was_closed_long_ago_or_by_a_colleague_is_told_and_loses_no_word(cast, browse, made, frozen):
    frozen()
    alice, dora = browse("alice"), browse("dora")
    alice.open(f"{INBOX}{made.public_id}/")
    dora.open(f"{STAFF}{made.public_id}/")
    discussions.close(made, cast.by("ines"), version=Discussion.get_by_id(made.id).version)
    page = dora.press("Send", {"body": "An hour of words."})
    assert (page.status, "This discussion is closed. Open it again to write." in page) == (422, True)
    assert "An hour of words." in page.html
    settings.change("closed_answer_days", "0", SYSTEM)
    frozen.shift(minutes=1)
    page = alice.press("Send", {"body": "Two hours of words."})
    assert (page.status, "This discussion was closed. Begin a new one, or call us." in page) == (422, True)
    assert "Two hours of words." in page.html
    assert len(bodies()) == 2


def test_what_the_client_wrote_a_moment_ago_is_not_closed_unread(cast, browse, made):
    dora = browse("dora")
    page = dora.open(f"{STAFF}{made.public_id}/")
    discussions.write(made, "And on Sunday?", cast.by("alice"))
    page = dora.press("Close it")
    assert "Somebody else changed this meanwhile" in page
    assert "And on Sunday?" in page
    assert (Discussion.get_by_id(made.id).state, Discussion.get_by_id(made.id).is_new) == ("open", True)
    dora.press("Close it")  # they have it before them now
    assert Discussion.get_by_id(made.id).state == "closed"


def test_what_was_put_into_the_open_page_and_read_there_may_be_closed_at_once(cast, browse, made):
    dora = browse("dora")
    dora.open(f"{STAFF}{made.public_id}/")
    new = discussions.write(made, "And on Sunday?", cast.by("alice"))
    dora.send(f"{STAFF}{made.public_id}/seen", {"csrf_token": dora.token, "last": str(new.id)})
    dora.press("Close it")
    assert Discussion.get_by_id(made.id).state == "closed"


@pytest.mark.parametrize(("who", "path", "field", "button"), [
    ("alice", "/inbox/{}/", "body", "Send"), ("dora", "/admin/discussions/{}/", "body", "Send"), ("dora", "/admin/discussions/{}/", "note", "Keep the note"),
])  # fmt: skip
def test_what_is_sent_after_the_session_ended_is_back_where_it_was_written(cast, browse, made, frozen, who, path, field, button):
    frozen()
    writer, typed, here = browse(who), "One\nmore <b>thing</b> مرحبا 👍🏽", path.format(made.public_id)
    form = writer.open(here).form(button)
    frozen.shift(minutes=31)
    answer = writer.send(form.action, form.filled({field: typed}), {"Referer": f"{writer.root}{here}"})
    assert len(bodies()) == 2
    assert "What you typed is kept" in writer.open(answer.location)
    page = writer.press("Sign in", email=cast.email_of(who), password=cast.password_of(who))
    assert (page.path, page.form(button).values[field]) == (here, typed)
    writer.press(button)
    assert bodies()[-1] == typed


def test_where_the_browser_does_not_say_where_it_was_written_it_is_there_to_be_copied(cast, browse, made, frozen):
    frozen()
    alice = browse("alice")
    alice.open(f"{INBOX}{made.public_id}/")
    frozen.shift(minutes=31)
    assert "What you typed is kept" in alice.press("Send", {"body": "One more thing, which took an hour."})
    page = alice.press("Sign in", email="alice@example.org", password=cast.password_of("alice"))
    assert "One more thing, which took an hour." in page


@pytest.mark.parametrize("end", ["\nBcc: evil@example.org", "\r\nBcc: evil@example.org", "\r\n\r\n<script>", "\u2028Bcc: evil@example.org", "\x0bBcc: evil@example.org"])
def test_a_line_break_in_a_subject_or_a_name_adds_nothing_to_a_mail(cast, browse, mailbox, end):
    settings.change("unread_delay", "0", SYSTEM)
    ines = browse("ines")
    form = ines.open(f"/admin/individuals/{cast.alice.public_id}/edit").form("Save")
    ines.send(form.action, form.filled({"first_name": f"Alice{end}", "preferred_name": f"Al{end}"}))
    form = ines.open(f"/admin/individuals/{cast.alice.public_id}/discussions/new").form("Send")
    ines.send(form.action, form.filled({"subject": f"Your form{end}", "body": "Please bring it."}))
    if not Discussion.select().exists():  # what cannot be stored is refused
        assert end[0] == "\x0b"
        return
    assert len(re.split(r"[\r\n]", Discussion.get().subject)) == 1
    message = mailbox.newest("alice@example.org")
    assert (message["To"], message["Subject"], message["Bcc"]) == ("alice@example.org", "You have a new message", None)
    assert "evil@example.org" not in message.as_string()
