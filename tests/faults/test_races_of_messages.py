"""Several tabs and several people at once, by the pages themselves: each limit of messages holds on both databases."""

import pytest
from pages.conftest import (  # noqa: F401 - fixtures
    Browser,
    _routes_are_compiled_once,
    _templates_are_compiled_once,
    app,
    make_app,
)

from domain import discussions
from models import Discussion, Message


@pytest.fixture
def tabs(app, cast):  # noqa: F811
    """``tabs("alice", 4, path)``: so many tabs of one browser, each with the page open."""

    def open_all(name, number, path):
        first, every = Browser(app, name), []
        for _ in range(number):
            tab = Browser(app)
            tab.lints, tab.network = False, first.network
            tab.client._cookies.update(first.client._cookies)
            tab.open(path)
            every.append(tab)
        return every

    return open_all


def sends(tabs, at_once, **typed):
    """All send what they have typed; how each was answered."""

    def send(tab):
        form = tab.page.form("Send")
        return tab.send(form.action, form.filled(typed))

    return at_once([lambda tab=tab: send(tab) for tab in tabs])


def test_of_two_fourth_messages_in_two_tabs_at_once_one_is_refused_and_keeps_its_words(cast, tabs, at_once):
    made = discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), worker=cast.dora)
    discussions.write(made, "Hello?", cast.by("alice"))
    answers = sends(tabs("alice", 2, f"/inbox/{made.public_id}/"), at_once, body="The third, which took an hour")
    assert sorted(each.status for each in answers) == [303, 422]
    (refused,) = (each for each in answers if each.status == 422)
    assert "You have sent 3 messages that were not answered yet." in refused
    assert "The third, which took an hour" in refused.html
    assert Message.select().count() == 3


def test_of_two_fourth_discussions_in_two_tabs_at_once_one_is_refused_and_keeps_its_words(cast, tabs, at_once):
    for number in range(2):
        discussions.start(cast.alice, f"Question {number}", "Words", cast.by("alice"), worker=cast.dora)
    answers = sends(tabs("alice", 2, "/inbox/new"), at_once, to="team", subject="The third", body="Which took an hour")
    assert sorted(each.status for each in answers) == [303, 422]
    (refused,) = (each for each in answers if each.status == 422)
    assert "Which took an hour" in refused.html
    assert Discussion.select().count() == 3


def test_who_closes_and_who_answers_at_once_leave_it_open_with_every_word(cast, tabs, at_once):
    made = discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), worker=cast.dora)
    (alice,), (dora,) = tabs("alice", 1, f"/inbox/{made.public_id}/"), tabs("dora", 1, f"/admin/discussions/{made.public_id}/")

    def close():
        form = dora.page.form("Close it")
        return dora.send(form.action, form.values).status

    def answer():
        form = alice.page.form("Send")
        return alice.send(form.action, form.filled({"body": "And on Sunday?"})).status

    assert at_once([answer, close]) == [303, 303]
    assert [each.body for each in Message.select().order_by(Message.id)][-1] == "And on Sunday?"
    found = Discussion.get_by_id(made.id)
    assert (found.state, found.is_new) == ("open", True)  # it was closed before and opened by that, or is not closed unread
