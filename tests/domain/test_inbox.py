"""The Inbox: notices stand there with their cause, one number says how much is new, and a search finds what is one's own."""

import datetime as dt

import pytest
from peewee import DatabaseError

from domain import attendances, clock, discussions, event_messages, events, inbox, inbox_notices, profile_changes, store
from domain.events import Plan
from models import Attendance, Delivery, Discussion, Event, Message, Notice, ProfileChange, Site, db


@pytest.fixture
def booked(cast, frozen):
    """Books for Alice at Dora's, in so many hours."""
    frozen()

    def book(hours=72, who="alice"):
        plan = Plan(cast.dora, clock.now() + dt.timedelta(hours=hours), 50, Site.get(), [getattr(cast, who)])
        return events.book(plan, cast.by("dora"))

    return book


def place_of(event):
    return Attendance.get(Attendance.event == event)


def kinds(cast, who="alice", **wanted):
    """What somebody's Inbox holds, from the newest to the oldest: a notice's kind, or a discussion's subject."""
    found = inbox.entries(getattr(cast, who), inbox.Wanted(**wanted), 100)
    return [each.notice.kind if each.notice else each.discussion.subject for each in found]


def unread(cast, who="alice"):
    with store.remembering():
        return inbox.unread(getattr(cast, who))


def begin(cast, subject, body, who="alice", by=None):
    return discussions.start(getattr(cast, who), subject, body, cast.by(by or who), worker=cast.dora)


# ---------------------------------------------------------------- notices


def test_what_was_booked_is_new_at_once_and_asks_from_its_hour_on(cast, booked, frozen):
    booked(72)
    assert kinds(cast) == ["event_booked"]
    assert unread(cast) == 1
    frozen.shift(hours=23, minutes=59)
    assert kinds(cast) == ["event_booked"]
    frozen.shift(minutes=1)
    assert kinds(cast) == ["event_confirmation", "event_booked"]
    assert (unread(cast), unread(cast, "bob")) == (2, 0)


def test_what_changed_before_anybody_was_told_leaves_one_notice_that_is_true(cast, booked):
    event = booked()
    events.move(event, event.starts_at + dt.timedelta(hours=3), 50, cast.by("dora"), version=1)
    assert kinds(cast) == ["event_booked"]
    (entry,) = inbox.entries(cast.alice, inbox.EVERYTHING, 9)
    assert entry.notice.starts_at == Event.get().starts_at
    assert unread(cast) == 1


def test_what_changed_afterwards_is_told_beside_it(cast, booked, frozen):
    event = cast.heard(booked())
    frozen.shift(minutes=1)
    events.move(event, event.starts_at + dt.timedelta(hours=3), 50, cast.by("dora"), version=1)
    event = cast.heard(Event.get())
    frozen.shift(minutes=1)
    events.cancel(event, cast.by("dora"), version=2)
    assert kinds(cast) == ["event_cancelled", "event_moved", "event_booked"]


def test_who_has_confirmed_is_not_asked_in_the_inbox_either(cast, booked, frozen):
    event = cast.heard(booked(72))
    attendances.confirm(place_of(event), cast.by("alice"), "portal", shown=attendances.mark_of(event))
    frozen.shift(hours=60)
    assert kinds(cast) == ["event_booked"]


def test_another_hour_of_asking_moves_what_waits_in_the_inbox(cast, booked, decided, frozen):
    booked(72)
    decided(confirmation_hours=24)
    event_messages.plan_anew()
    frozen.shift(hours=47)
    assert kinds(cast) == ["event_booked"]
    frozen.shift(hours=1)
    assert kinds(cast) == ["event_confirmation", "event_booked"]


def test_every_email_to_a_client_about_an_appointment_is_a_notice_and_no_email_to_a_worker_is(cast, frozen):
    frozen("2026-03-04 16:00")
    cast.appointments()
    told = {kind for kind, *_ in Notice.select(Notice.kind).tuples()}
    sent = {kind for kind, *_ in Delivery.select(Delivery.kind).where(Delivery.worker.is_null(), Delivery.account.is_null()).tuples()}
    assert told == sent - {"message_waiting", "reply_link_closed"} != set()
    assert set(told) <= {"event_booked", "event_moved", "event_changed", "event_cancelled", "event_confirmation", "request_offered",
                         "request_declined", "request_expired"}  # fmt: skip


@pytest.mark.parametrize("what", ["change_accepted", "change_declined"])
def test_what_became_of_a_wish_stands_there(cast, decided, what):
    decided(about_me_names="approval")
    profile_changes.ask_details(cast.alice, "names", {"preferred_name": "Lis", "pronouns": "", "gender": ""}, cast.by("alice"), version=cast.alice.version)
    change = ProfileChange.get()
    if what == "change_accepted":
        profile_changes.accept(change, cast.by("ada"), version=profile_changes.seen_version(change), country="CA")
    else:
        profile_changes.decline(change, "Please bring a paper.", cast.by("ada"))
    assert kinds(cast) == [what]
    assert inbox_notices.has_new(cast.alice, is_change=True)
    assert inbox_notices.seen(cast.alice, is_change=True) == 1
    assert unread(cast) == 0


def test_notices_are_never_removed(cast, booked):
    booked()
    with pytest.raises(DatabaseError), db.atomic():
        Notice.delete().execute()
    assert Notice.select().count() == 2


# ---------------------------------------------------------------- seen


def test_seen_is_seen_of_one_place_or_of_all_and_never_of_others(cast, booked):
    first, _, bobs = booked(30), booked(40), booked(50, "bob")
    assert (unread(cast), unread(cast, "bob")) == (2, 1)
    assert inbox_notices.seen(cast.alice, place_of(first)) == 1
    assert inbox_notices.seen(cast.alice, place_of(first)) == 0
    assert inbox_notices.seen(cast.alice, place_of(bobs)) == 0
    assert (unread(cast), unread(cast, "bob")) == (1, 1)
    assert inbox_notices.seen(cast.alice) == 1
    assert (unread(cast), unread(cast, "bob")) == (0, 1)


def test_what_is_not_told_yet_stays_new_for_its_hour(cast, booked, frozen):
    booked(72)
    inbox_notices.seen(cast.alice)
    assert unread(cast) == 0
    frozen.shift(hours=25)
    assert unread(cast) == 1


# ---------------------------------------------------------------- one list, one number


def test_the_number_is_that_of_the_new_lines(cast, booked, frozen, decided):
    booked(30)
    begin(cast, "A question", "When?")
    begin(cast, "Your form", "Please bring it.", by="dora")
    found = inbox.entries(cast.alice, inbox.EVERYTHING, 100)
    assert len(found) == 3
    assert unread(cast) == sum(each.row.is_unread for each in found) == 2
    decided(discussions=0)
    assert kinds(cast) == ["event_confirmation"]
    assert unread(cast) == 1


def test_a_filter_narrows(cast, booked):
    booked(30)
    begin(cast, "A question", "When?")
    assert kinds(cast, show="messages") == ["A question"]
    assert kinds(cast, show="reminders") == ["event_confirmation"]
    assert sorted(kinds(cast)) == ["A question", "event_confirmation"]


def test_page_after_page_each_line_comes_once_also_of_one_moment(cast, frozen):
    frozen()
    now = clock.now()
    with store.writing():
        for number in range(25):
            at = now - dt.timedelta(minutes=number // 4)
            Discussion.create(individual=cast.alice, subject=f"d{number}", folded="", started_by="client", worker=cast.dora, created_at=at,
                              last_at=at)  # fmt: skip
            Notice.create(individual=cast.alice, kind="change_accepted", at=at)
    everything = inbox.entries(cast.alice, inbox.EVERYTHING, 100)
    assert len(everything) == 50
    assert [each.at for each in everything] == sorted((each.at for each in everything), reverse=True)
    seen, older = [], ""
    while page := inbox.entries(cast.alice, inbox.Wanted(older=older), 7):
        seen += page
        older = page[-1].row.public_id
    assert [each.row for each in seen] == [each.row for each in everything]


def test_the_place_of_somebody_elses_line_tells_nothing(cast):
    begin(cast, "Mine", "Words")
    other = begin(cast, "His", "Words", "bob")
    assert kinds(cast, older=other.public_id) == ["Mine"]
    assert kinds(cast, older="no such line") == ["Mine"]


# ---------------------------------------------------------------- search


@pytest.fixture
def written(cast):
    made = begin(cast, "The café on Monday", "Is it open? I would bring 50% of the cake.")
    discussions.write(made, "Yes, from nine. Ask for Zoë.", cast.by("dora"))
    discussions.note(made, "She sounds worried about marzipan.", cast.by("dora"))
    begin(cast, "Parking", "Under_score and ЯБЛОКО and صباح الخير 🙂")
    begin(cast, "His own", "I like marzipan and the café.", "bob")
    return made


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("cafe", ["The café on Monday"]), ("CAFÉ monday", ["The café on Monday"]), ("zoe", ["The café on Monday"]),
        ("nine ask", ["The café on Monday"]), ("open nine", []), ("яблоко", ["Parking"]), ("صباح", ["Parking"]), ("🙂", ["Parking"]),
        ("50%", ["The café on Monday"]), ("r_s", ["Parking"]), ("n_n", []), ("%", ["The café on Monday"]), ("_", ["Parking"]),
        ("marzipan", []), ("worried", []), ("\\", []), ("'; --", []), ("nothing of this", []),
    ],
)  # fmt: skip
def test_what_is_searched_is_found_by_its_words_whatever_they_are(cast, written, question, found):
    assert kinds(cast, question=question) == found


def test_a_search_finds_notices_by_their_kind_alone(cast, booked, written):
    booked(72)
    assert kinds(cast, question="new appointment", kinds=("event_booked",)) == ["event_booked"]
    assert kinds(cast, question="cafe") == ["The café on Monday"]
    assert kinds(cast, question="cafe", show="reminders") == []


def test_every_message_is_folded_as_it_is_written_and_a_note_never(cast, written):
    for message in Message.select():
        assert (message.folded == "") == message.is_note


def test_a_question_of_ten_thousand_letters_is_cut(cast, written):
    assert kinds(cast, question="cafe " * 2000) == ["The café on Monday"]
