"""A message waits where somebody is who can read it; who has it, covers or follows; and what happens when several write at once."""

import contextlib
import datetime as dt

import pytest

from domain import (
    accounts,
    agency,
    answering,
    categories,
    covers,
    discussions,
    handover,
    leaving,
    overdue,
    profile,
    reachable,
    settings,
    store,
    threads,
)
from domain.actor import SYSTEM
from models import AuditEntry, Delivery, Discussion, DiscussionFollower, Message, Worker, db


def begin(cast, who="alice", **to):
    return discussions.start(getattr(cast, who), "A question", "When do you open?", cast.by(who), **(to or {"worker": cast.dora}))


def now(discussion):
    return Discussion.get_by_id(discussion.id)


def told(kind="client_wrote"):
    return [row.worker.external_id for row in Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id)]


def away(cast, who, cover=None, days=5):
    today = agency.today()
    return covers.be_away(getattr(cast, who), covers.Away(today, today + dt.timedelta(days=days), cover and getattr(cast, cover)), SYSTEM)


def shown_to(cast, who):
    """What Today shows to a worker, with what they may see."""
    worker = getattr(cast, who)
    among = None if handover.sees_everybody(worker) else handover.caseloads.caseload_of(worker)
    return [each.id for each in threads.waiting_for(worker, among, 9)]


def untaken(cast, who="ines"):
    return [each.id for each in threads.of_staff(getattr(cast, who), "waiting", None)]


# ---------------------------------------------------------------- who has it cannot read it


@pytest.fixture
def otto_lost_her(cast):
    """Otto had Alice's discussion, which is closed, and has lost her since."""
    profile.follow(cast.alice, cast.otto, SYSTEM)
    made = begin(cast, worker=cast.otto)
    discussions.close(made, cast.by("otto"), version=now(made).version)
    handover.unfollow(cast.alice, cast.otto, SYSTEM)
    assert now(made).worker == cast.otto
    return made


def test_what_is_opened_again_waits_for_anybody_where_who_had_it_may_not_see_the_client(cast, otto_lost_her):
    categories.put_into(cast.ines, ["intake"])
    discussions.write(otto_lost_her, "One more thing.", cast.by("alice"))
    assert (now(otto_lost_her).worker, now(otto_lost_her).category, now(otto_lost_her).state) == (None, "intake", "open")
    assert shown_to(cast, "ines") == untaken(cast) == [otto_lost_her.id]
    assert "ines" in told()[1:]


def test_what_is_opened_again_of_who_has_left_is_on_a_list_also_where_nobody_watches_the_category(cast):
    made = begin(cast)
    discussions.close(made, cast.by("dora"), version=now(made).version)
    leaving.leave(cast.dora, cast.by("ada"))
    for who in ("ada", "ines", "finn"):
        categories.put_into(getattr(cast, who), [])
    discussions.write(made, "One more thing.", cast.by("alice"))
    assert (now(made).worker, now(made).category) == (None, "intake")
    assert shown_to(cast, "ines") == shown_to(cast, "ada") == untaken(cast) == [made.id]


def test_so_is_what_had_been_opened_before_somebody_left(cast):
    for who in ("ada", "ines", "finn", "dora"):
        categories.put_into(getattr(cast, who), [])
    made = begin(cast)
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    assert shown_to(cast, "ines") == shown_to(cast, "ada") == [made.id]


def test_where_a_cover_may_not_see_the_client_it_is_shown_to_whom_it_is_told(cast):
    categories.put_into(cast.ines, ["intake"])
    away(cast, "dora", cover="otto")
    made = begin(cast)
    assert sorted(told()) == ["ada", "ines"]
    assert shown_to(cast, "ines") == shown_to(cast, "ada") == untaken(cast) == [made.id]
    assert shown_to(cast, "otto") == shown_to(cast, "finn") == []
    said = answering.away_text(covers.away_now()[cast.dora.id], "en", cast.alice)
    assert said.endswith("\nOur team reads what you write here.")
    assert "Otto" not in said
    profile.follow(cast.alice, cast.otto, SYSTEM)  # now he may
    assert (shown_to(cast, "otto"), shown_to(cast, "ines"), untaken(cast)) == ([made.id], [], [])


def test_a_chain_of_four_covers_is_told_and_shown_alike(cast):
    for who, cover in (("dora", "ines"), ("ines", "finn"), ("finn", "ada")):
        away(cast, who, cover=cover)
    made = begin(cast)
    assert told() == ["ada"]
    assert shown_to(cast, "ada") == [made.id]
    assert threads.of_staff(cast.ada, "mine", None).count() == 1
    away(cast, "ada", cover="dora")  # a circle
    assert shown_to(cast, "otto") == []


def test_who_follows_without_seeing_the_client_any_more_is_told_nothing(cast):
    profile.follow(cast.alice, cast.otto, SYSTEM)
    made = begin(cast)
    discussions.follow(made, cast.by("otto"), is_on=True)
    discussions.seen(made, 10**6, cast.by("dora"))
    discussions.write(made, "Hello?", cast.by("alice"))
    assert told()[1:] == ["dora", "otto"]
    discussions.seen(made, 10**6, cast.by("dora"))
    handover.unfollow(cast.alice, cast.otto, SYSTEM)
    assert not DiscussionFollower.select().exists()
    with store.writing():
        DiscussionFollower.create(discussion=made, worker=cast.otto)  # as those who followed before this was mended
    discussions.write(made, "Are you there?", cast.by("alice"))
    assert told()[3:] == ["dora"]


def test_following_and_what_is_answered_by_itself_are_in_the_audit(cast, frozen):
    frozen("2026-03-07 16:00")  # a Saturday
    answering.open_hours(dict.fromkeys(range(5), (540, 1020)), {"en": "We are closed."}, SYSTEM)
    made = begin(cast)
    for is_on in (True, True, False, False):
        discussions.follow(made, cast.by("ines"), is_on=is_on)
    kinds = [entry.kind for entry in AuditEntry.select().where(AuditEntry.subject == f"discussion {made.id}").order_by(AuditEntry.id)]
    assert kinds == ["discussion.started", "discussion.followed", "discussion.unfollowed"]
    (by_itself,) = Message.select().where(Message.author == "automatic")
    entry = AuditEntry.get(AuditEntry.subject == f"message {by_itself.id}")
    assert (entry.kind, entry.actor_kind) == ("message.written", "system")


# ---------------------------------------------------------------- late


def test_what_was_never_promised_is_neither_late_nor_unknown(cast):
    settings.change("answer_days", "0", SYSTEM)
    made = begin(cast)
    assert [each.id for each in threads.of_staff(cast.dora, "mine", None).where(~answering.are_late())] == [made.id]


def test_who_was_closed_out_by_staff_waits_for_nobody(cast, frozen):
    frozen("2026-03-03 16:00")
    made = begin(cast)
    accounts.close(cast.alice_account, cast.by("ada"))
    assert (now(made).waits_since, now(made).answer_by, now(made).in_a_row) == (None, None, 0)
    assert shown_to(cast, "dora") == []
    frozen.shift(days=10)
    assert overdue.tell_due() == 0


def test_who_writes_in_the_moment_in_which_staff_close_them_out_is_not_late_later(cast, frozen):
    frozen("2026-03-03 16:00")
    made = begin(cast)
    accounts.close(cast.alice_account, cast.by("ada"))
    with store.writing():
        Discussion.update(waits_since=made.created_at, answer_by=made.created_at, in_a_row=1).where(Discussion.id == made.id).execute()
    frozen.shift(days=10)
    assert overdue.tell_due() == 0
    assert now(made).waits_since is None
    assert told("message_overdue") == []


# ---------------------------------------------------------------- at once


def test_one_message_to_many_and_one_of_theirs_to_the_same_worker_do_not_wait_for_each_other(cast, at_once):
    first, last = sorted((cast.alice, cast.bob), key=lambda who: who.id)
    name = {cast.alice.id: "alice", cast.bob.id: "bob"}[last.id]
    settings.change("unanswered_discussions", "0", SYSTEM)
    for _ in range(6):
        at_once([
            lambda: discussions.start_with_each([last, first], "Monday", "We meet.", cast.by("dora"), worker=cast.dora),
            lambda: begin(cast, name, worker=cast.dora),
            lambda: begin(cast, name, category="intake"),
        ])  # fmt: skip
    assert Discussion.select().count() == 6 * 4


def test_the_worker_and_all_lines_are_held_before_anything_is_written_to_the_audit(cast, monkeypatch):
    order = []
    real = {"hold": store.hold, "line": store.one_at_a_time, "record": discussions.audit.record}
    monkeypatch.setattr(store, "hold", lambda row: (order.append("worker"), real["hold"](row)))
    monkeypatch.setattr(store, "one_at_a_time", lambda what: (order.append("line"), real["line"](what)))
    monkeypatch.setattr(discussions.audit, "record", lambda *a, **k: (order.append("audit"), real["record"](*a, **k))[1])
    discussions.start_with_each([cast.bob, cast.alice], "Monday", "We meet.", cast.by("dora"), worker=cast.dora)
    assert order == ["worker", "line", "line", *["audit"] * 4]
    order.clear()
    begin(cast)
    assert order == ["worker", "line", "audit", "audit"]


def test_what_comes_while_somebody_says_that_they_have_read_is_new_to_them(cast, at_once):
    """Whoever has read waits for whoever writes, or the other way round: never is something unread that is told as read."""
    made = begin(cast)
    for number in range(6):
        discussions.write(now(made), f"Answer {number}.", cast.by("dora"))
        newest = Message.select().order_by(Message.id.desc()).get().id
        at_once([
            lambda newest=newest: discussions.seen(made, newest, cast.by("alice")),
            lambda: discussions.write(made, "And one more.", cast.by("dora")),
        ])  # fmt: skip
        assert now(made).is_unread
        assert now(made).client_saw <= newest


def test_reading_holds_the_discussion_before_it_looks_at_what_is_newest(cast, monkeypatch):
    made, order, lock, select = begin(cast), [], store.lock, Message.select
    monkeypatch.setattr(store, "lock", lambda query, **more: (order.append("lock"), lock(query, **more))[1])
    monkeypatch.setattr(Message, "select", lambda *columns: (order.append("messages"), select(*columns))[1])
    discussions.seen(made, 10**6, cast.by("alice"))
    assert order[:2] == ["lock", "messages"]


# ---------------------------------------------------------------- to each of many


@pytest.fixture
def asked(monkeypatch):
    """``with asked() as questions``: every SELECT that is asked meanwhile."""

    @contextlib.contextmanager
    def listen():
        questions, database = [], db.obj
        real = database.execute_sql

        def note(sql, params=None):
            if sql.startswith("SELECT"):
                questions.append(sql)
            return real(sql, params)

        monkeypatch.setattr(database, "execute_sql", note)
        yield questions
        monkeypatch.setattr(database, "execute_sql", real)

    return listen


def test_writing_to_many_asks_for_all_of_them_what_it_asks_for_one(cast, asked):
    people = [cast.person() for _ in range(12)]
    few, many = reachable.among(people[:2]), reachable.among(people)
    send = {"worker": cast.dora, "about": discussions.NOTHING}
    with store.remembering(), asked() as of_few:
        reachable.write_to(few, few.mark, "Monday", "Room 2", cast.by("dora"), **send)
    with store.remembering(), asked() as of_many:
        made = reachable.write_to(many, many.mark, "Monday", "Room 2", cast.by("dora"), **send)
    assert len(made) == 12
    lines = sum("pg_advisory" in each for each in of_many)
    assert lines == (12 if store.is_postgres() else 0)
    assert (len(of_many) - lines - len(of_few)) / 10 <= 3  # the audit's own, and the account of each
