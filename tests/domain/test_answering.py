"""By when clients are answered, what is answered by itself, who reads instead of whom, and what happens when nobody does."""

import datetime as dt

import pytest

from domain import (
    accounts,
    addressees,
    agency,
    answering,
    audit,
    availability,
    categories,
    covers,
    discussions,
    enrolments,
    handover,
    leaving,
    letters,
    overdue,
    profile,
    reachable,
    services,
    settings,
    store,
    threads,
)
from domain.actor import SYSTEM
from domain.caseloads import caseload_of
from domain.rules import RuleBroken
from models import AuditEntry, Delivery, Discussion, DiscussionFollower, Individual, Message, OfficeText, WorkerCategory

USUAL = dict.fromkeys(range(5), (9 * 60, 17 * 60))
CLOSED = {"en": "We are closed.", "es": "Estamos cerrados."}


@pytest.fixture
def hours(house):
    """Monday to Friday from nine to five, and a word for all other times."""
    answering.open_hours(USUAL, CLOSED, SYSTEM)


def begin(cast, who="alice", **to):
    return discussions.start(getattr(cast, who), "A question", "When do you open?", cast.by(who), **(to or {"worker": cast.dora}))


def now(discussion):
    return Discussion.get_by_id(discussion.id)


def code(call):
    with pytest.raises(RuleBroken) as refused:
        call()
    return refused.value.code


def at(text):
    """A moment by the clock of the main site."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=agency.zone()).astimezone(dt.UTC)


def there(moment):
    return f"{moment.astimezone(agency.zone()):%a %Y-%m-%d %H:%M}"


def by_itself(discussion):
    return [row.body for row in Message.select().where(Message.discussion == discussion.id, Message.author == "automatic").order_by(Message.id)]


def told(kind="client_wrote"):
    return [row.to_address for row in Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id)]


def away(cast, who="dora", cover=None, days=5, text=""):
    today = agency.today()
    return covers.be_away(getattr(cast, who), covers.Away(today, today + dt.timedelta(days=days), cover, text), SYSTEM)


def speaks(cast, language):
    with store.writing():
        Individual.update(language=language).where(Individual.id == cast.alice.id).execute()


# ---------------------------------------------------------------- the promise


@pytest.mark.parametrize(
    ("written", "days", "until"),
    [
        ("2026-03-03 10:00", 2, "Thu 2026-03-05 17:00"),
        ("2026-03-03 16:59", 2, "Thu 2026-03-05 17:00"),
        ("2026-03-03 17:00", 2, "Fri 2026-03-06 17:00"),  # nobody reads it that day any more
        ("2026-03-03 07:00", 1, "Wed 2026-03-04 17:00"),
        ("2026-03-06 16:00", 2, "Tue 2026-03-10 17:00"),  # over a weekend, and over the change of the clocks on the 8th
        ("2026-03-07 12:00", 2, "Wed 2026-03-11 17:00"),
        ("2026-10-30 12:00", 1, "Mon 2026-11-02 17:00"),  # and over the other one on the first of November
        ("2026-03-03 10:00", 1, "Wed 2026-03-04 17:00"),
    ],
)
def test_the_promise_counts_working_days_after_the_one_on_which_it_was_written(hours, written, days, until):
    assert there(answering.promised(at(written), days)) == until


def test_over_both_changes_of_the_clocks_the_promise_ends_at_the_same_hour_on_the_wall(hours):
    winter, summer = answering.promised(at("2026-03-05 12:00"), 1), answering.promised(at("2026-03-09 12:00"), 1)
    assert (winter.hour, summer.hour) == (21, 20)  # of UTC
    autumn = answering.promised(at("2026-11-02 12:00"), 1)
    assert autumn.hour == 21


def test_nobody_is_promised_a_holiday_or_a_day_without_hours(hours):
    availability.add_holiday(dt.date(2026, 3, 4), "Founders", SYSTEM)
    assert there(answering.promised(at("2026-03-03 10:00"), 1)) == "Thu 2026-03-05 17:00"
    answering.open_hours({1: (540, 720)}, {}, SYSTEM)  # on Tuesdays until noon
    assert there(answering.promised(at("2026-03-03 10:00"), 1)) == "Tue 2026-03-10 12:00"


def test_as_long_as_the_agency_says_no_hours_monday_to_friday_are_working_days_and_nothing_is_closed(house):
    assert there(answering.promised(at("2026-03-06 23:00"), 1)) == "Tue 2026-03-10 00:00"
    assert answering.day_of_promise(answering.promised(at("2026-03-06 23:00"), 1)) == dt.date(2026, 3, 9)
    assert answering.is_open(at("2026-03-07 03:00"))


def test_with_no_days_nothing_is_promised_and_nothing_is_ever_late(cast, frozen):
    settings.change("answer_days", "0", SYSTEM)
    frozen("2026-03-03 16:00")
    made = begin(cast)
    assert now(made).answer_by is None
    frozen.shift(days=60)
    assert overdue.tell_due() == 0


def test_what_the_client_was_promised_stays_until_they_are_answered(cast, hours, frozen):
    frozen("2026-03-03 16:00")
    made = begin(cast)
    first = now(made).answer_by
    frozen.shift(days=1)
    discussions.write(made, "Hello?", cast.by("alice"))
    assert now(made).answer_by == first
    discussions.write(made, "At nine.", cast.by("dora"))
    assert now(made).answer_by is None
    discussions.write(made, "And on Sunday?", cast.by("alice"))
    assert now(made).answer_by == first + dt.timedelta(days=1)


def test_a_category_answers_within_days_of_its_own(cast, hours, frozen):
    frozen("2026-03-03 16:00")
    addressees.open_to_clients(WorkerCategory.get(slug="on_call"), addressees.Opening(True, {"en": "Duty desk"}, "1"), SYSTEM)
    assert there(now(begin(cast, category="on_call")).answer_by) == "Wed 2026-03-04 17:00"
    assert there(now(begin(cast, category="intake")).answer_by) == "Thu 2026-03-05 17:00"


@pytest.mark.parametrize("span", [(600, 600), (700, 600), (0, 1441), (-1, 60)])
def test_hours_that_end_before_they_begin_are_refused(house, span):
    assert code(lambda: answering.open_hours({0: span}, {}, SYSTEM)) == "backwards"


# ---------------------------------------------------------------- answered by itself


def test_outside_office_hours_the_client_is_answered_once_a_day_in_their_language(cast, hours, frozen):
    frozen("2026-03-07 16:00")  # a Saturday
    made = begin(cast)
    assert by_itself(made) == ["We are closed."]
    discussions.write(made, "Hello?", cast.by("alice"))
    assert by_itself(made) == ["We are closed."]
    frozen.shift(days=1)
    discussions.write(made, "Anybody?", cast.by("alice"))
    assert len(by_itself(made)) == 2
    frozen("2026-03-09 16:00")  # noon on Monday
    assert by_itself(begin(cast)) == []
    speaks(cast, "es")
    frozen("2026-03-14 16:00")
    assert by_itself(begin(cast)) == ["Estamos cerrados."]
    speaks(cast, "fr")
    settings.change("unanswered_discussions", "0", SYSTEM)
    assert by_itself(begin(cast)) == []  # nothing was written for it


def test_on_a_holiday_the_agency_is_closed(cast, hours, frozen):
    frozen("2026-03-04 16:00")
    availability.add_holiday(dt.date(2026, 3, 4), "Founders", SYSTEM)
    assert by_itself(begin(cast)) == ["We are closed."]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [("2026-03-06 08:59", False), ("2026-03-06 09:00", True), ("2026-03-06 16:59", True), ("2026-03-06 17:00", False),
     ("2026-03-09 08:59", False), ("2026-03-09 09:00", True), ("2026-11-02 08:59", False), ("2026-11-02 09:00", True)],
)  # fmt: skip
def test_office_hours_are_those_of_the_clock_on_the_wall(hours, moment, is_open):
    assert answering.is_open(at(moment)) is is_open


def test_when_it_opens_next_is_told(hours):
    assert there(answering.opens(at("2026-03-06 18:00"))) == "Mon 2026-03-09 09:00"
    assert there(answering.opens(at("2026-03-06 03:00"))) == "Fri 2026-03-06 09:00"


def test_an_hour_that_the_change_of_the_clocks_leaves_out_is_the_one_after_it(house):
    answering.open_hours({6: (2 * 60 + 30, 5 * 60)}, {}, SYSTEM)  # on Sunday the 8th of March there is no half past two
    assert there(answering.opens(at("2026-03-08 01:00"))) == "Sun 2026-03-08 03:30"


def test_what_is_answered_by_itself_is_no_answer(cast, hours, frozen):
    frozen("2026-03-07 16:00")
    made = [begin(cast) for _ in range(3)]
    assert all(by_itself(each) for each in made)
    assert code(lambda: begin(cast)) == "too_many"
    for words in ("Two", "Three"):
        discussions.write(made[0], words, cast.by("alice"))
    assert code(lambda: discussions.write(made[0], "Four", cast.by("alice"))) == "in_a_row"
    assert (now(made[0]).waits_since is not None, now(made[0]).is_new) == (True, True)


def test_while_a_worker_is_away_the_client_reads_until_when_and_who_reads_it(cast, frozen):
    frozen("2026-03-03 16:00")
    away(cast, cover=cast.finn)
    assert by_itself(begin(cast)) == [f"Dora Dunn is away until Sunday, 8 March.\nMeanwhile {cast.finn.client_name} reads what you write here."]
    away(cast, "ines", text="On a boat.")
    assert by_itself(begin(cast, worker=cast.ines)) == ["On a boat."]


def test_who_is_away_without_a_cover_is_promised_from_their_first_day_back(cast, hours, frozen):
    frozen("2026-03-03 16:00")
    away(cast, days=5)  # until Sunday
    assert there(now(begin(cast)).answer_by) == "Wed 2026-03-11 17:00"


# ---------------------------------------------------------------- who reads it


def test_a_category_tells_its_members_who_may_see_the_client(cast):
    categories.put_into(cast.ines, ["on_call"])
    categories.put_into(cast.otto, ["on_call"])  # who has only his own clients
    addressees.open_to_clients(WorkerCategory.get(slug="on_call"), addressees.Opening(True, {}), SYSTEM)
    made = begin(cast, category="on_call")
    assert told() == [cast.ines.email]
    assert [each.id for each in threads.waiting_for(cast.ines, None, 5)] == [made.id]
    discussions.write(made, "We help.", cast.by("ines"))
    assert now(made).worker == cast.ines


def test_clients_write_to_open_categories_only(cast):
    assert code(lambda: begin(cast, category="accounting")) == "not_open"
    assert addressees.open_ones() == []
    addressees.open_to_clients(WorkerCategory.get(slug="accounting"), addressees.Opening(True, {"en": "Bills", "fr": "Factures"}), SYSTEM)
    assert [addressees.name_of("accounting", language) for language in ("en", "fr", "ar")] == ["Bills", "Factures", "Bills"]
    begin(cast, category="accounting")


def test_a_category_in_which_a_discussion_waits_stays(cast):
    own = categories.create("Housing", SYSTEM)
    addressees.open_to_clients(own, addressees.Opening(True, {"en": "Housing"}), SYSTEM)
    made = begin(cast, category=own.slug)
    assert code(lambda: categories.remove(own, SYSTEM)) == "in_use"
    discussions.close(made, cast.by("ada"), version=now(made).version)
    categories.remove(own, SYSTEM)
    assert now(made).category == "intake"
    assert not OfficeText.select().exists()


def test_a_cover_is_told_and_answers_without_taking_it(cast):
    away(cast, cover=cast.ines)
    made = begin(cast)
    assert told() == [cast.ines.email]
    assert [each.id for each in threads.waiting_for(cast.ines, None, 5)] == [made.id]
    discussions.write(made, "I stand in.", cast.by("ines"))
    assert (now(made).worker, now(made).waits_since) == (cast.dora, None)


def test_who_covers_may_be_away_too_and_a_circle_ends(cast):
    away(cast, "dora", cast.ines)
    away(cast, "ines", cast.finn)
    assert covers.reader_of(cast.dora) == cast.finn
    made = begin(cast)
    assert told() == [cast.finn.email]
    assert [[each.id for each in threads.waiting_for(who, None, 5)] for who in (cast.finn, cast.otto)] == [[made.id], []]
    away(cast, "finn", cast.dora)
    assert covers.reader_of(cast.dora) is None


def test_a_cover_who_may_not_see_the_client_learns_nothing_and_everybodys_category_does(cast):
    assert not handover.sees_everybody(cast.otto)
    categories.put_into(cast.ines, ["intake"])
    away(cast, cover=cast.otto)
    begin(cast)
    assert sorted(told()) == sorted([cast.ines.email, cast.ada.email])  # Dora is of them too, and away


@pytest.mark.parametrize(
    ("first", "last", "wrong"), [(2, 1, "backwards"), (-3, -1, "over"), (0, 365 * 7, "far")],
)  # fmt: skip
def test_days_that_cannot_be_are_refused(cast, first, last, wrong):
    today = agency.today()
    days = covers.Away(today + dt.timedelta(days=first), today + dt.timedelta(days=last))
    assert code(lambda: covers.be_away(cast.dora, days, SYSTEM)) == wrong


def test_nobody_is_away_twice_at_once_or_covers_for_themselves(cast):
    made = away(cast, days=3)
    assert code(lambda: away(cast, days=1)) == "overlaps"
    covers.come_back(made, SYSTEM)
    covers.come_back(made, SYSTEM)
    assert covers.absences_of(cast.dora) == []
    assert code(lambda: away(cast, cover=cast.dora)) == "bad_cover"


# ---------------------------------------------------------------- who has left


@pytest.fixture
def dora_is_hers(cast):
    service = services.add(services.Details("Counselling"), "case", SYSTEM)
    services.show(service, SYSTEM, is_visible=True, version=1, warned_of=[])
    return enrolments.open(cast.alice, service, cast.dora, dt.date(2026, 1, 5), SYSTEM)


def test_who_leaves_hands_discussions_to_somebody_or_to_a_category(cast, dora_is_hers):
    made, closed = begin(cast), begin(cast)
    discussions.close(closed, cast.by("dora"), version=now(closed).version)
    discussions.follow(made, cast.by("dora"), is_on=True)
    away(cast, "otto", cover=cast.dora)
    assert leaving.what_they_have(cast.dora)[4] == 1
    leaving.leave(cast.dora, cast.by("ada"), to=cast.ines)
    assert (now(made).worker, now(made).category) == (cast.ines, "")
    assert not DiscussionFollower.select().exists()
    assert covers.absences_of(cast.otto)[0].cover_id is None
    assert threads.recipients(cast.alice) == [cast.ines]
    assert audit.verify() == []


def test_without_a_taker_who_may_see_the_client_they_wait_in_the_chosen_category(cast):
    made = begin(cast)
    leaving.leave(cast.dora, cast.by("ada"), to=None, category="on_call")
    assert (now(made).worker, now(made).category) == (None, "on_call")
    other = begin(cast, worker=cast.ines)
    leaving.leave(cast.ines, cast.by("ada"), to=cast.otto)  # who may not see her
    assert (now(other).worker, now(other).category) == (None, "intake")


def test_what_still_points_to_somebody_who_left_is_everybodys(cast):
    categories.put_into(cast.ines, ["intake"])
    made = begin(cast)
    discussions.close(made, cast.by("dora"), version=now(made).version)
    leaving.leave(cast.dora, cast.by("ada"))
    assert now(made).worker == cast.dora  # it was closed
    discussions.write(made, "One more thing.", cast.by("alice"))
    assert cast.ines.email in told()
    assert [each.id for each in threads.waiting_for(cast.ines, None, 5)] == [made.id]
    assert threads.of_staff(cast.ines, "waiting", None).count() == 1
    discussions.take(now(made), cast.by("ines"))
    assert now(made).worker == cast.ines


def test_who_may_not_see_a_client_any_more_does_not_keep_their_discussions(cast):
    profile.follow(cast.alice, cast.otto, SYSTEM)
    made = begin(cast, worker=cast.otto)
    handover.unfollow(cast.alice, cast.otto, SYSTEM)
    assert (now(made).worker, now(made).category) == (None, "intake")


# ---------------------------------------------------------------- late


def test_what_is_late_is_told_once_to_staff_and_to_the_client_and_stands_first(cast, hours, frozen):
    categories.put_into(cast.ines, ["intake"])
    frozen("2026-03-03 16:00")
    made = begin(cast)
    frozen("2026-03-05 20:59")
    assert overdue.tell_due() == 0
    frozen("2026-03-05 21:00")  # five o'clock
    newer = begin(cast)
    assert overdue.tell_due() == 1
    assert overdue.tell_due() == 0
    assert sorted(told("message_overdue")) == sorted([cast.dora.email, cast.ines.email, cast.ada.email])
    assert by_itself(made)[-1].startswith("Your answer takes longer than we promised. We are sorry.")
    assert (now(made).is_unread, now(made).waits_since is not None, now(made).in_a_row) == (True, True, 1)
    assert told("message_waiting") == [""]
    assert [each.id for each in threads.waiting_for(cast.dora, None, 5)] == [made.id, newer.id]
    assert [each.id for each in threads.late_for(cast.dora, None, 5, "all")] == [made.id]
    assert AuditEntry.select().where(AuditEntry.kind == "discussion.late").count() == 1
    discussions.write(made, "At nine.", cast.by("dora"))
    with pytest.raises(letters.Unwanted):
        letters.letter(Delivery.get(Delivery.kind == "message_overdue"), "https://portal.example.org")
    discussions.write(made, "And on Sunday?", cast.by("alice"))
    frozen.shift(days=10)
    assert overdue.tell_due() == 2  # another time of waiting, and the newer one
    assert len(told("message_overdue")) == 9


def test_what_is_late_of_who_is_away_without_a_cover_waits_before_everybodys_category(cast, hours, frozen):
    categories.put_into(cast.ines, ["intake"])
    categories.put_into(cast.otto, ["intake"])  # who may not see Alice
    frozen("2026-03-03 16:00")
    made = begin(cast)
    frozen("2026-03-05 21:00")
    away(cast, days=30)
    before = [each.id for each in threads.waiting_for(cast.finn, None, 5)]
    assert overdue.tell_due() == 1
    assert cast.ines.email in told("message_overdue")
    assert [each.id for each in threads.waiting_for(cast.ines, None, 5)] == [made.id]
    assert threads.waiting_for(cast.otto, caseload_of(cast.otto), 5) == []
    assert [each.id for each in threads.waiting_for(cast.finn, None, 5)] == before == []
    newer = begin(cast, "bob")  # promised from the day when Dora is back
    assert [each.id for each in threads.waiting_for(cast.ines, None, 5)] == [made.id]
    assert newer.id in [each.id for each in threads.waiting_for(cast.dora, None, 5)]
    discussions.write(made, "I am here for Dora.", cast.by("ines"))
    assert threads.waiting_for(cast.ines, None, 5) == []


def test_the_cover_is_told_of_what_is_late(cast, frozen):
    frozen("2026-03-03 16:00")
    begin(cast)
    away(cast, days=30, cover=cast.finn)
    frozen.shift(days=10)
    overdue.tell_due()
    assert told("message_overdue") == [cast.finn.email]


def test_two_at_once_tell_it_once(cast, frozen, at_once):
    frozen("2026-03-03 16:00")
    begin(cast)
    frozen.shift(days=10)
    assert sorted(at_once([overdue.tell_due, overdue.tell_due])) == [0, 1]
    assert len(told("message_overdue")) == len(set(told("message_overdue"))) == 3


# ---------------------------------------------------------------- about something that is over


def test_what_is_about_a_closed_enrolment_can_be_read_only_after_some_days(cast, dora_is_hers, frozen):
    frozen("2026-03-03 16:00")
    made = begin(cast, worker=cast.dora, about=discussions.About(enrolment=dora_is_hers))
    enrolments.close(dora_is_hers, dt.date(2026, 3, 3), SYSTEM, version=1)
    assert discussions.may_not_write(now(made)) is None
    frozen.shift(days=31)
    assert discussions.may_not_write(now(made)).code == "file_closed"
    assert code(lambda: discussions.write(made, "Hello?", cast.by("alice"))) == "file_closed"


def test_who_was_closed_out_by_staff_has_left_their_discussions(cast):
    made = begin(cast)
    accounts.close(cast.alice_account, cast.by("ada"))
    assert code(lambda: discussions.write(made, "Hello?", cast.by("dora"))) == "left_it"
    discussions.note(made, "She is gone.", cast.by("dora"))


# ---------------------------------------------------------------- to each of many


def test_who_cannot_be_reached_is_said_and_others_than_were_shown_get_nothing(cast):
    profile.record_consent(cast.pia, "email", False, cast.by("ada"))
    reach = reachable.among([cast.bob, cast.alice, cast.pia, cast.alice])
    assert {who.id for who in reach.reached} == {cast.alice.id, cast.bob.id}
    assert [who.id for who, _ in reach.others] == [cast.pia.id]
    send = {"worker": cast.dora, "about": discussions.NOTHING}
    assert code(lambda: reachable.write_to(reach, "other", "Monday", "Room 2", cast.by("dora"), **send)) == "changed"
    assert not Discussion.select().exists()
    made = reachable.write_to(reach, reach.mark, "Monday", "Room 2", cast.by("dora"), **send)
    assert {each.individual.id for each in made} == {cast.alice.id, cast.bob.id}
