"""Pages of messages as they change while somebody looks at them, lists that lose nothing, and what pages of many ask."""

import pytest

from bench.queries import Listener
from domain import addressees, categories, discussions, overdue, settings, store
from domain.actor import SYSTEM
from models import Discussion, Message, WorkerCategory

INBOX, STAFF = "/inbox/", "/admin/discussions/"
PART = {"HX-Request": "true", "HX-Request-Type": "partial", "X-Poll": "1"}


def begin(cast, who="alice", subject="A question", **to):
    return discussions.start(getattr(cast, who), subject, "When do you open?", cast.by(who), **(to or {"worker": cast.dora}))


def of(discussion):
    return f"{INBOX}{discussion.public_id}/"


def theirs(discussion):
    return f"{STAFF}{discussion.public_id}/"


def now(discussion):
    return Discussion.get_by_id(discussion.id)


def newest():
    return Message.select().order_by(Message.id.desc()).get().id


# ---------------------------------------------------------------- the box of an open page


@pytest.fixture
def at_the_limit(cast, browse):
    """Alice looks at a discussion in which she has written three times: the page, and what it asks every ten seconds."""
    made = begin(cast)
    for words in ("Hello?", "Are you there?"):
        discussions.write(made, words, cast.by("alice"))
    alice = browse("alice")
    page = alice.open(of(made))
    assert "Send" not in page.buttons
    asks = page.html.partition('id="thread"')[2].partition('data-hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    return made, alice, asks


def test_with_the_answer_comes_the_box_to_whom_was_at_the_limit(cast, at_the_limit):
    made, alice, asks = at_the_limit
    assert alice.open(asks, headers=PART).status == 204
    discussions.write(made, "At nine.", cast.by("dora"))
    part = alice.open(asks, headers=PART)
    assert "At nine." in part
    assert 'id="writing" class="flow" data-hx-swap-oob="true"' in part.html
    assert "Send" in part.buttons
    assert "limited" not in part.html  # from now on the form is its own


def test_closing_it_brings_the_box_too(cast, at_the_limit):
    made, alice, asks = at_the_limit
    discussions.close(made, cast.by("dora"), version=now(made).version)
    part = alice.open(asks, headers=PART)
    assert "An answer opens it again." in part
    assert "Send" in part.buttons


def test_as_long_as_nothing_can_be_written_the_page_goes_on_asking(cast, at_the_limit):
    made, alice, asks = at_the_limit
    settings.change("answer_days", "1", SYSTEM)
    with store.writing():
        discussions.say_by_itself(now(made), "It takes longer.", is_unread=True)
    part = alice.open(asks, headers=PART)
    assert "It takes longer." in part
    assert ("Send" in part.buttons, "limited" in part.html) == (False, True)


def test_what_somebody_types_is_never_replaced(cast, browse):
    made, alice = begin(cast), browse("alice")
    alice.open(of(made))
    discussions.write(made, "At nine.", cast.by("dora"))
    for each in ("Well", "Fine", "Good"):
        discussions.write(made, each, cast.by("alice"))  # in another tab
    part = alice.open(f"{of(made)}new?after=1", headers=PART)
    assert 'id="writing"' not in part.html
    assert "limited" not in part.html


# ---------------------------------------------------------------- lists of staff


def test_with_no_promise_messages_stay_in_the_list(cast, browse):
    settings.change("answer_days", "0", SYSTEM)
    begin(cast)
    assert "A question" in browse("dora").open(STAFF)


def test_more_late_ones_than_stand_on_top_follow_below(cast, browse, frozen, monkeypatch):
    from blueprints.admin import discussions as pages

    monkeypatch.setattr(pages, "MOST_LATE", 2)
    frozen("2026-03-03 16:00")
    for number in range(3):
        begin(cast, subject=f"Question {number}")
        frozen.shift(minutes=1)
    begin(cast, "bob", subject="On time")
    frozen.shift(days=10)
    overdue.tell_due()
    html = browse("ines").open(f"{STAFF}?view=all").html
    assert "Question 2" in html
    page = browse("dora").open(STAFF)
    assert [page.html.count(f"Question {number}") for number in range(3)] == [1, 1, 1]


def test_who_only_looks_is_not_asked_to_say_that_they_have_read(cast, browse):
    made = begin(cast)
    says = f"{theirs(made)}seen"
    assert says not in browse("ines").open(theirs(made)).html
    assert says in browse("dora").open(theirs(made)).html


# ---------------------------------------------------------------- what is asked for many


def test_a_choice_of_many_categories_asks_no_more_than_one_of_few(cast, browse):
    def asked():
        alice.open(f"{INBOX}new")
        heard = Listener()
        alice.open(f"{INBOX}new")
        return len(heard.counted())

    alice = browse("alice")
    few = asked()
    for number in range(8):
        own = categories.create(f"Housing {number}", SYSTEM)
        addressees.open_to_clients(own, addressees.Opening(True, {"en": f"Housing {number}"}, str(number % 3 or "")), SYSTEM)
    assert WorkerCategory.select().where(WorkerCategory.is_open).count() == 8
    assert asked() <= few + 1 <= 7
