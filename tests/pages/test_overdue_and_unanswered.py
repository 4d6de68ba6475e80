"""What waits is in view: overdue discussions on top of each list of staff, and for clients those that they wait for."""

import pytest

from bench.queries import Listener
from domain import clock, discussions, store
from models import Discussion

STAFF = "/admin/discussions/"


@pytest.fixture
def three(cast):
    """Alice asked Dora three times; the second one is overdue."""
    made = [discussions.start(cast.alice, f"Question {n}", "When?", cast.by("alice"), worker=cast.dora) for n in range(3)]
    with store.writing():
        Discussion.update(answer_by=clock.ahead(days=2)).execute()
        Discussion.update(answer_by=clock.ago(days=1)).where(Discussion.id == made[1].id).execute()
    return made


def order(page):
    return sorted((page.html.index(f"Question {n}"), n) for n in range(3))


@pytest.mark.parametrize(("who", "view"), [("dora", "mine"), ("dora", "all"), ("ada", "all")])
def test_an_overdue_one_is_on_top_and_stands_there_once(browse, three, who, view):
    person = browse(who)
    person.open(STAFF)
    heard = Listener()
    page = person.open(f"{STAFF}?view={view}")
    assert len(heard.counted()) <= 10
    assert "Overdue" in page
    assert [n for _, n in order(page)] == [1, 2, 0]
    assert page.html.count("Question 1") == 1


def test_also_among_those_that_nobody_has_taken(cast, browse, three):
    with store.writing():
        Discussion.update(worker=None, category="intake").execute()
    page = browse("ada").open(f"{STAFF}?view=waiting")
    assert [n for _, n in order(page)] == [1, 2, 0]


def test_one_that_was_answered_or_closed_is_not(cast, browse, three):
    discussions.write(Discussion.get_by_id(three[1].id), "At nine.", cast.by("dora"))
    assert "Overdue" not in browse("ada").open(f"{STAFF}?view=all").main


def test_a_client_is_told_which_ones_they_wait_for(cast, browse, three):
    alice = browse("alice")
    alice.open("/inbox/new")
    heard = Listener()
    page = alice.open("/inbox/new")
    assert len(heard.counted()) <= 6
    assert "You wait for answers to 3 discussions." in page
    leads = [href for href in page.hrefs if href.startswith("/inbox/") and len(href) > 25]
    assert leads == [f"/inbox/{each.public_id}/" for each in three]
    assert "Question 1" in page.main
    discussions.write(Discussion.get_by_id(three[1].id), "At nine.", cast.by("dora"))
    assert "Question" not in alice.open("/inbox/new").main


def test_who_is_refused_at_sending_is_told_too(cast, browse):
    alice = browse("alice")
    alice.open("/inbox/new")
    for n in range(3):
        discussions.start(cast.alice, f"Question {n}", "When?", cast.by("alice"), worker=cast.dora)
    page = alice.press("Send", subject="One more", body="Words")
    assert (page.status, "Question 2" in page.main) == (422, True)
    assert page.form("Send").values["body"].strip() == "Words"


def test_at_most_three_are_named(cast, browse, decided):
    decided(unanswered_discussions=5)
    for n in range(5):
        discussions.start(cast.alice, f"Question {n}", "When?", cast.by("alice"), worker=cast.dora)
    page = browse("alice").open("/inbox/new")
    assert [f"Question {n}" in page.main for n in range(5)] == [True, True, True, False, False]
