"""What clients and staff write to each other: who may write, how much, to whom, and that it stays."""

import datetime as dt

import pytest
from peewee import IntegrityError

from domain import audit, clock, discussions, letters, settings, store
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from models import Delivery, Discussion, DiscussionFollower, Message, Worker


def begin(cast, who="alice", subject="A question", body="When do you open?", **more):
    to = more or {"worker": cast.dora}
    return discussions.start(getattr(cast, who), subject, body, cast.by(who), **to)


def now(discussion):
    return Discussion.get_by_id(discussion.id)


def code(call):
    with pytest.raises(RuleBroken) as refused:
        call()
    return refused.value.code


def bodies(discussion):
    return [message.body for message in Message.select().where(Message.discussion == discussion.id).order_by(Message.id)]


def test_a_client_begins_and_a_worker_answers(cast):
    made = begin(cast)
    assert (now(made).is_new, now(made).is_unread, now(made).in_a_row) == (True, False, 1)
    assert now(made).waits_since is not None
    discussions.write(made, "At nine.", cast.by("dora"))
    assert (now(made).is_new, now(made).is_unread, now(made).in_a_row, now(made).waits_since) == (False, True, 0, None)
    assert bodies(made) == ["When do you open?", "At nine."]


def test_a_worker_begins_and_nobody_waits_for_them(cast):
    made = discussions.start(cast.alice, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    assert (made.started_by, now(made).is_unread, now(made).waits_since) == ("worker", True, None)


def test_each_of_a_group_has_a_discussion_of_their_own(cast):
    made = discussions.start_with_each([cast.bob, cast.alice], "Monday", "We meet in room 2.", cast.by("dora"), worker=cast.dora)
    assert {each.individual.id for each in made} == {cast.alice.id, cast.bob.id}
    discussions.write(next(each for each in made if each.individual == cast.bob), "Thank you.", cast.by("bob"))
    assert [len(bodies(each)) for each in sorted(made, key=lambda each: each.individual == cast.bob)] == [1, 2]


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [("", "Words", "subject"), (" \u00a0\t", "Words", "subject"), ("x" * 121, "Words", "subject"), ("Subject", " \n ", "body"),
     ("Subject", "x" * 5001, "body"), ("Subject", "a\x00b", "body"), ("a\x1bb", "Words", "subject")],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_beside_its_field(cast, subject, body, field):
    with pytest.raises(RuleBroken) as refused:
        begin(cast, subject=subject, body=body)
    assert refused.value.field == field
    assert not Discussion.select().exists()


def test_a_message_is_as_long_as_it_may_be_and_keeps_its_lines(cast):
    made = begin(cast, body="a\r\n\r\nb" + "🌻" * 4996)
    assert bodies(made) == ["a\n\nb" + "🌻" * 4996]


# ---------------------------------------------------------------- how much


def test_the_fourth_message_in_a_row_is_refused_until_staff_answer(cast):
    made = begin(cast)
    discussions.write(made, "Hello?", cast.by("alice"))
    discussions.write(made, "Are you there?", cast.by("alice"))
    assert code(lambda: discussions.write(made, "Please.", cast.by("alice"))) == "in_a_row"
    assert discussions.may_not_write(now(made)).count == 3
    discussions.note(made, "Call her.", cast.by("dora"))  # which she does not see
    assert code(lambda: discussions.write(made, "Please.", cast.by("alice"))) == "in_a_row"
    discussions.write(made, "Here we are. How are you?", cast.by("dora"))
    discussions.write(made, "Well.", cast.by("alice"))
    assert now(made).in_a_row == 1


def test_without_a_limit_any_number_is_taken(cast):
    settings.change("unanswered_limit", "0", SYSTEM)
    made = begin(cast)
    for number in range(5):
        discussions.write(made, f"{number}", cast.by("alice"))
    assert now(made).in_a_row == 6


def test_the_fourth_unanswered_discussion_is_refused_and_what_staff_began_does_not_count(cast):
    discussions.start(cast.alice, "Ours", "Can you come?", cast.by("dora"), worker=cast.dora)
    made = [begin(cast, subject=f"Question {number}") for number in range(3)]
    assert code(lambda: begin(cast)) == "too_many"
    assert discussions.may_not_start(cast.bob) is None
    discussions.write(Discussion.get(Discussion.subject == "Ours"), "Yes.", cast.by("alice"))  # an answer is never blocked
    discussions.write(made[0], "So it is.", cast.by("dora"))
    discussions.write(made[0], "I see.", cast.by("alice"))  # it was answered: this one is another question
    begin(cast, subject="Another one")
    assert code(lambda: begin(cast)) == "too_many"
    discussions.close(made[1], cast.by("dora"), version=now(made[1]).version)
    begin(cast, subject="One more")


def test_where_the_agency_says_so_clients_begin_nothing_and_write_nothing(cast):
    made = begin(cast)
    settings.change("starting_discussions", "0", SYSTEM)
    assert code(lambda: begin(cast)) == "off"
    discussions.write(made, "But I can answer.", cast.by("alice"))
    settings.change("discussions", "0", SYSTEM)
    assert code(lambda: discussions.write(made, "No more.", cast.by("alice"))) == "off"


def test_in_two_tabs_at_once_the_limits_hold(cast, at_once):
    def tried(call):
        try:
            call()
        except RuleBroken as refused:
            return refused.code
        return "done"

    made = begin(cast)
    answers = at_once([lambda: tried(lambda: discussions.write(made, "Again.", cast.by("alice")))] * 6)
    assert sorted(answers) == ["done"] * 2 + ["in_a_row"] * 4
    answers = at_once([lambda: tried(lambda: begin(cast))] * 6)
    assert sorted(answers) == ["done"] * 2 + ["too_many"] * 4


# ---------------------------------------------------------------- seen


def test_what_was_seen_is_seen_for_good_and_never_more_than_there_is(cast):
    made = begin(cast)
    answer = discussions.write(made, "At nine.", cast.by("dora"))
    assert not discussions.seen(made, answer.id - 1, cast.by("alice"))
    assert now(made).is_unread
    assert discussions.seen(made, answer.id + 1000, cast.by("alice"))
    assert (now(made).is_unread, now(made).client_saw) == (False, answer.id)
    assert not discussions.seen(made, answer.id, cast.by("alice"))
    assert now(made).staff_saw == answer.id  # whoever writes has read what stands above


def test_an_internal_note_is_nothing_new_to_the_client(cast):
    made = begin(cast)
    written = now(made)
    discussions.note(made, "She sounds unwell.", cast.by("dora"))
    assert (now(made).last_at, now(made).is_unread, now(made).waits_since) == (written.last_at, False, written.waits_since)
    assert Message.select().where(Message.is_note).count() == 1


# ---------------------------------------------------------------- whose


def test_who_answers_first_takes_what_waits_in_a_category(cast):
    made = begin(cast, category="intake")
    assert now(made).worker is None
    discussions.write(made, "I look after this.", cast.by("otto"))
    assert (now(made).worker, now(made).category) == (cast.otto, "")
    assert code(lambda: discussions.take(made, cast.by("dora"))) == "taken"
    discussions.take(made, cast.by("otto"))
    discussions.write(made, "So do I.", cast.by("dora"))
    assert now(made).worker == cast.otto


def test_of_many_who_take_it_at_once_one_has_it(cast, at_once):
    made = begin(cast, category="intake")

    def tried(name):
        try:
            discussions.take(made, cast.by(name))
        except RuleBroken as refused:
            return refused.code
        return "done"

    answers = at_once([lambda name=name: tried(name) for name in ("dora", "otto", "ines", "finn")])
    assert sorted(answers) == ["done", "taken", "taken", "taken"]
    assert AuditEntries("discussion.handed_on") == 1


def AuditEntries(kind):
    from models import AuditEntry

    return AuditEntry.select().where(AuditEntry.kind == kind).count()


def test_it_is_handed_on_by_whoever_saw_it_last(cast):
    made = begin(cast)
    discussions.hand_on(made, cast.by("dora"), version=now(made).version, worker=cast.otto)
    assert now(made).worker == cast.otto
    assert code(lambda: discussions.hand_on(made, cast.by("dora"), version=made.version, worker=cast.ines)) == "stale"
    assert code(lambda: discussions.hand_on(made, cast.by("otto"), version=now(made).version, category="nobody")) == "no_category"
    discussions.hand_on(made, cast.by("otto"), version=now(made).version, category="intake")
    assert (now(made).worker, now(made).category) == (None, "intake")
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.ines.id).execute()
    assert code(lambda: discussions.hand_on(made, cast.by("otto"), version=now(made).version, worker=cast.ines)) == "left"


def test_a_worker_follows_and_lets_go(cast):
    made = begin(cast)
    for is_on in (True, True, False, False):
        discussions.follow(made, cast.by("otto"), is_on=is_on)
        assert DiscussionFollower.select().count() == int(is_on)


# ---------------------------------------------------------------- closed


def test_an_answer_opens_again_what_was_closed_for_thirty_days(cast, frozen):
    frozen("2026-03-04 16:00")
    made = begin(cast)
    discussions.close(made, cast.by("dora"), version=now(made).version)
    discussions.close(made, cast.by("dora"), version=0)
    assert code(lambda: discussions.write(made, "Well?", cast.by("dora"))) == "closed"
    frozen("2026-04-03 16:00")
    assert discussions.may_not_write(now(made)) is None
    discussions.write(made, "One more thing.", cast.by("alice"))
    assert (now(made).state, now(made).in_a_row) == ("open", 1)
    discussions.close(made, cast.by("dora"), version=now(made).version)
    frozen("2026-05-03 16:00:01")
    assert code(lambda: discussions.write(made, "Too late.", cast.by("alice"))) == "closed"
    discussions.reopen(made, cast.by("dora"))
    discussions.reopen(made, cast.by("dora"))
    discussions.write(made, "Write again.", cast.by("dora"))


def test_who_closes_what_they_have_not_read_is_told_where_it_was_handed_on(cast):
    made = begin(cast)
    discussions.hand_on(made, cast.by("dora"), version=now(made).version, worker=cast.otto)
    assert code(lambda: discussions.close(made, cast.by("dora"), version=made.version)) == "stale"


# ---------------------------------------------------------------- it stays


@pytest.mark.parametrize("change", [
    lambda: Message.update(body="Never said.").execute(), lambda: Message.delete().execute(),
    lambda: Message.update(is_note=True).execute(), lambda: Discussion.delete().execute(),
])  # fmt: skip
def test_the_database_refuses_to_change_or_remove_what_was_written(cast, change):
    begin(cast)
    with pytest.raises(IntegrityError), store.writing():
        change()
    assert Message.get().body == "When do you open?"


@pytest.mark.parametrize("row", [
    {"author": "worker"}, {"author": "client", "is_note": True}, {"author": "nobody"}, {"author": "client", "body": "x" * 5001},
])  # fmt: skip
def test_the_database_knows_who_may_have_written(cast, row):
    made = begin(cast)
    with pytest.raises(IntegrityError), store.writing():
        Message.create(**{"discussion": made, "body": "Words", "written_at": clock.now(), **row})


def test_all_of_it_is_in_the_audit_and_no_word_of_it(cast):
    made = begin(cast, subject="Private words", body="Private, too.")
    discussions.note(made, "Private note.", cast.by("dora"))
    discussions.close(made, cast.by("dora"), version=now(made).version)
    discussions.write(made, "Private again.", cast.by("alice"))
    from models import AuditEntry, AuditValues

    kinds = [entry.kind for entry in AuditEntry.select().order_by(AuditEntry.id) if entry.kind.startswith(("discussion", "message"))]
    assert kinds == ["discussion.started", "message.written", "discussion.noted", "discussion.closed", "discussion.opened", "message.written"]
    assert not any("rivate" in values.body for values in AuditValues.select())
    assert audit.verify() == []


# ---------------------------------------------------------------- who is told


def told(kind):
    return list(Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id))


def test_what_is_unread_for_ten_minutes_is_told_once_for_several_messages(cast, frozen):
    frozen("2026-03-04 16:00")
    made = begin(cast)
    discussions.write(made, "And when do you close?", cast.by("alice"))
    (first,) = told("client_wrote")
    assert (first.worker, first.next_at) == (cast.dora, clock.ahead(minutes=10))
    for words in ("At nine.", "At five."):
        discussions.write(now(made), words, cast.by("dora"))
    assert [(each.individual, each.next_at) for each in told("message_waiting")] == [(cast.alice, clock.ahead(minutes=10))]
    discussions.seen(made, 10**6, cast.by("alice"))
    discussions.write(now(made), "Or at six.", cast.by("dora"))
    assert len(told("message_waiting")) == 2


def test_who_follows_is_told_as_well(cast):
    made = begin(cast)
    discussions.write(made, "At nine.", cast.by("dora"))
    discussions.follow(made, cast.by("ines"), is_on=True)
    discussions.write(now(made), "Thank you.", cast.by("alice"))
    assert [each.worker for each in told("client_wrote")] == [cast.dora, cast.dora, cast.ines]


@pytest.mark.parametrize("kind", ["message_waiting", "client_wrote"])
def test_what_was_read_meanwhile_is_not_told(cast, kind):
    made = begin(cast)
    discussions.write(made, "At nine.", cast.by("dora"))
    discussions.write(now(made), "Thank you.", cast.by("alice"))
    waiting = told(kind)[-1]
    letters.letter(waiting, "https://portal.example") if kind == "client_wrote" else None
    discussions.seen(made, 10**6, cast.by("dora"))
    with pytest.raises(letters.Unwanted):
        letters.letter(waiting, "https://portal.example")


def test_the_letters_hold_no_word_of_a_message(cast):
    made = begin(cast, subject="Secret subject", body="Secret body")
    discussions.write(made, "Secret answer", cast.by("dora"))
    letter = letters.letter(told("message_waiting")[0], "https://portal.example")
    assert "ecret" not in str(letter)
    assert letter.button[1] == f"https://portal.example/inbox/{made.public_id}/"


def test_nobody_writes_to_whom_it_would_not_reach(cast):
    assert code(lambda: discussions.start(cast.sam, "Hello", "Words", cast.by("dora"), worker=cast.dora)) == "consent"
    assert code(lambda: discussions.start_with_each([cast.alice, cast.sam], "Hello", "Words", cast.by("dora"), worker=cast.dora)) == "consent"
    assert not Discussion.select().exists()


def test_times_are_in_order(cast, frozen):
    frozen("2026-03-04 16:00")
    made = begin(cast)
    frozen("2026-03-04 16:05")
    discussions.write(made, "More.", cast.by("alice"))
    assert now(made).waits_since == dt.datetime(2026, 3, 4, 16, tzinfo=dt.UTC)
    assert now(made).last_at == dt.datetime(2026, 3, 4, 16, 5, tzinfo=dt.UTC)


def test_what_nobody_answered_waits_again_when_it_is_opened_again(cast, frozen):
    frozen()
    made = begin(cast)
    discussions.write(made, "At nine.", cast.by("dora"))
    frozen.shift(hours=1)
    for words in ("And on Friday?", "And where?"):
        discussions.write(now(made), words, cast.by("alice"))
    since = now(made).waits_since
    discussions.close(made, cast.by("dora"), version=now(made).version)
    assert now(made).waits_since is None
    frozen.shift(hours=1)
    discussions.reopen(made, cast.by("dora"))
    assert (now(made).waits_since, now(made).in_a_row) == (since, 2)
    assert now(made).answer_by is not None
    discussions.write(now(made), "At nine, too.", cast.by("dora"))
    discussions.close(made, cast.by("dora"), version=now(made).version)
    discussions.reopen(made, cast.by("dora"))
    assert (now(made).waits_since, now(made).in_a_row) == (None, 0)
