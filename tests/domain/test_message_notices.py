"""Of what is written each is told who is to read it: once for a burst, again for what is new, and not because of who else looked."""

import datetime as dt

import pytest

from domain import (
    agency,
    categories,
    clock,
    covers,
    discussions,
    leaving,
    letters,
    message_notices,
    reply_links,
    store,
    worker_messages,
)
from domain.actor import SYSTEM
from models import Delivery, Discussion, LoginSession, Message

PORTAL = "https://portal.example.org"


def begin(cast, who="alice", **to):
    return discussions.start(getattr(cast, who), "A question", "When do you open?", cast.by(who), **(to or {"worker": cast.dora}))


def now(discussion):
    return Discussion.get_by_id(discussion.id)


def told(*states):
    rows = Delivery.select().where(Delivery.kind == "client_wrote").order_by(Delivery.id)
    return [row.worker.external_id for row in rows if not states or row.state in states]


def waits():
    """Who is about to be told."""
    return told("due")


def read(discussion, cast, who):
    return discussions.seen(discussion, 10**6, cast.by(who))


def send():
    """What is due now is sent, or not wanted any more."""
    for row in Delivery.select().where(Delivery.state == "due", Delivery.next_at <= clock.now()).order_by(Delivery.id):
        try:
            letters.letter(row, PORTAL)
            state = "sent"
        except letters.Unwanted:
            state = "suppressed"
        with store.writing():
            Delivery.update(state=state).where(Delivery.id == row.id).execute()


# ---------------------------------------------------------------- who else looks


def test_what_somebody_else_looks_at_is_as_new_as_before_to_those_who_answer(cast, frozen):
    frozen("2026-03-04 16:00")
    made = begin(cast)
    assert not read(made, cast, "ines")
    assert (now(made).is_new, now(made).staff_saw, now(made).staff_saw_at) == (True, 0, None)
    frozen.shift(minutes=10)
    send()
    assert told("sent") == ["dora"]
    assert read(made, cast, "dora")
    assert not now(made).is_new


@pytest.mark.parametrize("how", ["has it", "covers", "follows", "member", "nobody watches"])
def test_who_is_to_answer_reads_it_for_all_who_are(cast, how):
    made = begin(cast, **({"category": "intake"} if how in ("member", "nobody watches") else {}))
    if how == "has it":
        discussions.hand_on(made, cast.by("dora"), version=now(made).version, worker=cast.ines)
    if how == "covers":
        covers.be_away(cast.dora, covers.Away(agency.today(), agency.today(), cast.ines), SYSTEM)
    if how == "follows":
        discussions.follow(made, cast.by("ines"), is_on=True)
    for who in ("ada", "finn", "dora", "ines"):
        categories.put_into(getattr(cast, who), [])
    if how == "member":
        categories.put_into(cast.ines, ["intake"])
    assert read(made, cast, "ines")
    assert not now(made).is_new
    assert waits() == []


# ---------------------------------------------------------------- one burst


def test_what_was_read_is_not_told_and_what_comes_after_it_is_told_once_and_not_too_early(cast, frozen):
    frozen("2026-03-04 16:00")
    made = begin(cast)
    frozen.shift(minutes=4)
    read(made, cast, "dora")
    frozen.shift(minutes=4)
    discussions.write(made, "And when do you close?", cast.by("alice"))
    frozen.shift(minutes=2)
    send()
    assert told("sent") == []
    frozen.shift(minutes=8)
    send()
    assert told("sent") == ["dora"]


def test_the_same_of_a_client(cast, frozen):
    frozen("2026-03-04 16:00")
    made = discussions.start(cast.alice, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    frozen.shift(minutes=4)
    read(made, cast, "alice")
    frozen.shift(minutes=4)
    discussions.write(made, "And a photo.", cast.by("dora"))
    mine = Delivery.select().where(Delivery.kind == "message_waiting").order_by(Delivery.id)
    assert [(each.state, each.last_error) for each in mine] == [("cancelled", "The message was read meanwhile."), ("due", "")]
    assert mine[1].next_at == clock.ahead(minutes=10)


def test_who_answers_has_read_what_they_answer(cast, frozen):
    frozen("2026-03-04 16:00")
    made = begin(cast)
    frozen.shift(minutes=4)
    discussions.write(made, "At nine.", cast.by("ines"))
    assert waits() == []
    discussions.write(made, "Thank you.", cast.by("alice"))
    assert waits() == ["dora"]
    assert Delivery.select().where(Delivery.kind == "message_waiting", Delivery.state == "due").count() == 0


def test_reading_some_of_it_changes_nothing_about_the_rest(cast):
    made = begin(cast)
    first = Message.select().get().id
    discussions.write(made, "Hello?", cast.by("alice"))
    assert discussions.seen(made, first, cast.by("dora"))
    assert now(made).is_new
    discussions.write(made, "Are you there?", cast.by("alice"))
    assert waits() == ["dora"]


def test_a_link_that_staff_asked_for_goes_although_it_was_read(cast):
    made = discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    reply_links.send_new(made, cast.by("dora"))
    with store.writing():
        message_notices.read_by_client(now(made))
    assert [row.state for row in Delivery.select().where(Delivery.kind == "message_waiting").order_by(Delivery.id)] == ["cancelled", "due"]


# ---------------------------------------------------------------- each for themselves


def test_on_handing_over_the_new_holder_is_told_and_the_one_before_no_more(cast):
    made = begin(cast)
    discussions.hand_on(made, cast.by("dora"), version=now(made).version, worker=cast.ines)
    assert waits() == ["ines"]
    discussions.write(made, "Hello?", cast.by("alice"))
    assert waits() == ["ines"]
    discussions.hand_on(made, cast.by("ines"), version=now(made).version, worker=cast.dora)
    discussions.hand_on(made, cast.by("dora"), version=now(made).version, worker=cast.ines)
    assert waits() == ["ines"]
    read(made, cast, "ines")
    discussions.hand_on(made, cast.by("ines"), version=now(made).version, worker=cast.dora)
    assert waits() == []  # nothing is new


def test_who_takes_it_looks_at_it_in_this_moment(cast):
    made = begin(cast, category="intake")
    assert "ines" in waits()
    discussions.take(made, cast.by("ines"))
    assert set(waits()) <= {"ines"}


def test_when_somebody_leaves_who_has_it_then_is_told(cast):
    made = begin(cast)
    with store.writing():
        Delivery.update(state="sent").where(Delivery.kind == "client_wrote").execute()
    leaving.leave(cast.dora, cast.by("ada"), to=cast.ines)
    assert waits() == ["ines"]
    with store.writing():
        Delivery.update(state="cancelled").where(Delivery.worker == cast.ines).execute()
    discussions.write(made, "Hello?", cast.by("alice"))
    assert waits() == ["ines"]


def test_who_was_signed_in_when_it_would_have_gone_is_told_of_the_next_one(cast, frozen):
    frozen("2026-03-04 16:00")
    worker_messages.choose(cast.dora, {"message": "away"}, worker_messages.Minutes(), SYSTEM)
    made = begin(cast)
    with store.writing():
        here = LoginSession.create(token_hash="here", worker=cast.dora, created_at=clock.now(), seen_at=clock.ahead(minutes=10))
    frozen.shift(minutes=10)
    send()
    assert told("suppressed") == ["dora"]
    with store.writing():
        here.delete_instance()
    discussions.write(made, "Hello?", cast.by("alice"))
    discussions.write(made, "Are you there?", cast.by("alice"))
    assert waits() == ["dora"]
    frozen.shift(minutes=10)
    send()
    assert told("sent") == ["dora"]


def test_when_a_cover_begins_the_cover_is_told_of_the_next_one(cast):
    made = begin(cast)
    today = agency.today()
    covers.be_away(cast.dora, covers.Away(today, today + dt.timedelta(days=3), cast.ines), SYSTEM)
    discussions.write(made, "Hello?", cast.by("alice"))
    assert waits() == ["dora", "ines"]


def test_what_was_sent_and_never_read_is_not_sent_again(cast, frozen):
    frozen("2026-03-04 16:00")
    made = begin(cast)
    frozen.shift(minutes=10)
    send()
    discussions.write(made, "Hello?", cast.by("alice"))
    assert (waits(), told("sent")) == ([], ["dora"])
    discussions.close(made, cast.by("dora"), version=now(made).version)
    discussions.write(made, "And one more thing.", cast.by("alice"))
    assert waits() == ["dora"]
