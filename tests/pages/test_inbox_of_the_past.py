"""No line of the Inbox asks for what is done or over, and none of these is counted as new."""

import pytest

from domain import attendances, event_messages, inbox, request_answers, requests, store
from models import Attendance, Event, Individual, db

INBOX = "/inbox/"


def lines(browser):
    """Title and state of each line, and whether it is new."""
    rows = [each for each in browser.open(INBOX).tree.iter() if (each.get("class") or "") in ("row", "row new")]
    said = []
    for row in rows:
        parts = {name: " ".join("".join(each.itertext()).split()) for each in row.iter() for name in (each.get("class") or "").split()}
        if "row-title" in parts:
            said.append((parts["row-title"], parts.get("badge", ""), "new" in row.get("class")))
    return said


def count(who):
    with store.remembering():
        return inbox.unread(Individual.get_by_id(who.id))


def test_a_question_about_what_is_over_is_new_no_more_anywhere(browse, cast, frozen, book):
    frozen("2026-03-04 16:00")
    book(20)
    alice = browse("alice")
    assert lines(alice) == [("Please confirm your appointment", "new", True)]
    assert count(cast.alice) == 1
    frozen.shift(hours=19, minutes=59)
    assert count(cast.alice) == 1
    frozen.shift(minutes=2)
    alice = browse("alice")
    assert count(cast.alice) == 0
    assert lines(alice) == [("Please confirm your appointment", "over", False)]
    assert "Mark reminders as read" not in alice.open(INBOX).buttons


def test_what_is_answered_asks_no_more_though_nobody_opened_the_notice(browse, cast, frozen, book):
    frozen("2026-03-04 16:00")
    comes, not_ = book(20), book(22)
    for place in (comes, not_):
        cast.heard(place.event)
    attendances.confirm(comes, cast.by("alice"), "portal", shown=event_messages.mark_of(comes.event))
    attendances.tell(not_, "cannot_come", cast.by("alice"))
    assert [state for _, state, _ in lines(browse("alice"))] == ["you cannot come", "confirmed"]


def test_whoever_activates_late_finds_no_questions_of_long_ago(browse, cast, frozen, book):
    frozen("2026-03-04 16:00")
    for hours in (20, 100, 24 * 250):
        book(hours, ("pia",))
    frozen.shift(days=200)
    cast.activated()
    assert count(cast.pia) == 1
    shown = lines(browse("pia"))
    assert [state for _, state, _ in shown if state == "new"] == ["new"]
    assert {state for title, state, _ in shown if title.startswith("Please confirm")} == {"over"}


@pytest.fixture
def offered(cast, frozen, decided):
    """Another time is offered to Alice at Otto's; the event that holds it."""
    frozen("2026-03-04 16:00")
    decided(request_mode="approve")
    event = requests.ask(cast.may_request(cast.otto), cast.free_at(10), cast.by("alice"))
    request_answers.offer(Event.get_by_id(event.id), cast.free_at(12), cast.by("otto"), version=Event.get_by_id(event.id).version)
    return Event.get_by_id(event.id)


def state_of_offer(browse):
    return next(state for title, state, _ in lines(browse("alice")) if title == "Another time offered")


def test_an_offer_says_what_became_of_it(browse, cast, offered, frozen):
    assert state_of_offer(browse) == "new"
    place = Attendance.get(Attendance.event == offered)
    request_answers.take_offer(place, cast.by("alice"))
    assert state_of_offer(browse) == "accepted"


def test_an_offer_that_was_not_answered_asks_no_more(browse, cast, offered, frozen):
    frozen.shift(days=4)
    assert state_of_offer(browse) == "not answered in time"


def test_an_offer_that_gave_way_to_another_one_asks_no_more(browse, cast, offered):
    now = Event.get_by_id(offered.id)
    request_answers.offer(now, cast.free_at(13), cast.by("otto"), version=now.version)
    states = [state for title, state, _ in lines(browse("alice")) if title == "Another time offered"]
    assert states == ["new", "moved since"]


def test_of_many_lines_it_is_asked_at_once(browse, cast, offered, frozen, book, monkeypatch):
    alice = browse("alice")
    for hours in (20, 21):
        book(hours)
    alice.open(INBOX)
    asked = []
    execute = db.obj.execute_sql
    monkeypatch.setattr(db.obj, "execute_sql", lambda sql, *more, **how: asked.append(sql) or execute(sql, *more, **how))
    numbers = []
    for hours in (22, 23, 30):
        asked.clear()
        alice.open(INBOX)
        numbers.append(len([sql for sql in asked if sql.startswith("SELECT")]))
        book(hours)
    assert len(set(numbers)) == 1
