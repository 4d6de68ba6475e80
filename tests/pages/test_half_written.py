"""What stands half written in one box of a discussion's page is there again after another button of the page was pressed."""

import pytest

from bench.queries import Listener
from domain import discussions, unsent
from models import Discussion, Message, UnsentForm

HALF = "Dear Alice,\n\nthe form is in the"
STILL = "What you had typed on this page is still here."


@pytest.fixture
def hers(cast):
    """What Alice asked, and nobody has taken yet."""
    return discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), worker=cast.dora)


def of(discussion):
    return f"/admin/discussions/{discussion.public_id}/"


def box(page, name="body"):
    return next(form.values[name] for form in page.forms if name in form.values)


def test_an_answer_is_there_after_a_note_was_kept(browse, hers):
    dora = browse("dora")
    dora.open(of(hers))
    page = dora.press("Keep the note", body=HALF, note="She may forget.")
    assert "The note is kept." in page
    assert STILL in page
    assert (box(page).split(), box(page, "note")) == (HALF.split(), "")
    assert not Message.select().where(Message.body == HALF).exists()
    page = dora.press("Send")
    assert "Your message is sent." in page
    with dora.client.session_transaction(base_url=dora.root) as cookie:
        assert "unsent" not in cookie  # nothing waits, so no page asks any more
    assert STILL not in page
    assert box(page) == ""
    assert not UnsentForm.select().exists()


@pytest.mark.parametrize("button", ["Follow", "Do not follow", "Take it", "I have read this", "Hand over", "Close it"])
def test_no_button_of_the_page_loses_what_was_typed(cast, browse, button):
    to = {"worker": cast.dora} if "ollow" in button else {"category": "intake"}
    made = discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), **to)
    who = browse("ines")
    who.open(of(made))
    if button == "Do not follow":
        who.press("Follow")
    if button == "I have read this":
        who.press("Take it")
    who.press(button, {"body": HALF, "note": "Call her.", **({"to": f"worker:{cast.ines.public_id}"} if button == "Hand over" else {})})
    page = who.open(of(made))
    if button == "Close it":
        assert Discussion.get().state == "closed"
        assert HALF.split()[-1] in page.main  # to be read while the box is away
        page = who.press("Open it again")
    assert (box(page).split(), box(page, "note")) == (HALF.split(), "Call her.")


def test_a_note_is_there_after_an_answer_was_sent_and_after_one_was_refused(browse, hers):
    dora = browse("dora")
    dora.open(of(hers))
    page = dora.press("Send", body="", note="Call her.")
    assert page.status == 422
    assert box(page, "note") == "Call her."
    page = dora.press("Send", body="At nine.")
    assert (box(page), box(page, "note")) == ("", "Call her.")


def test_an_answer_is_there_when_the_note_beside_it_is_refused(browse, hers):
    dora = browse("dora")
    dora.open(of(hers))
    page = dora.press("Keep the note", body=HALF, note=" ")
    assert page.status == 422
    assert box(page).split() == HALF.split()


def test_files_that_were_chosen_are_named(browse, hers):
    dora = browse("dora")
    dora.open(of(hers))
    page = dora.press("Keep the note", {"body": HALF, "note": "x", "files": "letter.pdf"})  # so a browser sends it by this button
    assert "Choose your files again: letter.pdf." in page



def test_what_was_emptied_again_is_gone(browse, hers):
    dora = browse("dora")
    dora.open(of(hers))
    dora.press("Keep the note", body=HALF, note="One.")
    page = dora.press("Keep the note", body="", note="Two.")
    assert STILL not in page
    assert not UnsentForm.select().exists()


def test_nobody_else_is_given_it_and_the_way_out_erases_it(browse, hers):
    dora = browse("dora")
    dora.open(of(hers))
    dora.press("Keep the note", body=HALF, note="One.")
    heard = Listener()
    assert box(dora.open(of(hers))) != ""
    assert len(heard.counted()) <= 10 + 1  # what waits here, asked for only while something does
    assert box(browse("ada").open(of(hers))) == ""
    dora.open("/admin/my-sign-in/")
    dora.sign_out()
    assert not UnsentForm.select().exists()


def test_of_very_many_the_newest_are_kept(cast, browse, hers, monkeypatch):
    monkeypatch.setattr(unsent, "MOST_ASIDE", 2)
    dora = browse("dora")
    every = [hers, *(discussions.start(cast.alice, f"Another {n}", "?", cast.by("dora"), worker=cast.dora) for n in range(2))]
    for each in every:
        dora.open(of(each))
        dora.press("Keep the note", body=HALF, note="One.")
    assert UnsentForm.select().count() == 2
    assert [box(dora.open(of(each))) != "" for each in every] == [False, True, True]
