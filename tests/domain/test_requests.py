"""A client asks for an appointment, and somebody answers: what is booked, what waits, what is refused and why."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from domain import (
    agency,
    attendances,
    availability,
    clock,
    enrolments,
    events,
    offers,
    request_answers,
    requests,
    services,
    settings,
    store,
)
from domain.events import Plan
from domain.rules import NotFound, RuleBroken
from domain.services import Details
from models import Attendance, Delivery, Event, EventRequest, Participant, Service, Site, Worker

NOW = "2026-03-04 16:00"  # a Wednesday, noon in Halifax
TODAY = dt.date(2026, 3, 4)
FRIDAY = dt.date(2026, 3, 6)


def at(hour, day=FRIDAY, minute=0):
    """That time of the clock in Halifax."""
    return dt.datetime.combine(day, dt.time(hour, minute), ZoneInfo("America/Halifax")).astimezone(dt.UTC)


def shown(service, is_visible, by):
    services.show(service, by, is_visible=is_visible, version=Service.get_by_id(service.id).version, warned_of=[])


def staffed(service, workers, by):
    services.staff(service, workers, by, version=Service.get_by_id(service.id).version)


@pytest.fixture
def open_hours(cast, frozen):
    """Dora sees clients from nine to one on every weekday; Alice is in her service."""
    frozen(NOW)
    boss = cast.by("ines")
    kind = availability.add_type("Appointments", "green", boss)
    availability.face_clients(kind, boss)
    calendar = availability.add_calendar(cast.dora, dt.date(2026, 1, 5), boss)
    for day in range(5):
        availability.add_row(calendar, day, 9 * 60, 13 * 60, kind, agency.main_site(), boss)
    service = services.add(Details("Counselling", minutes=60), "case", boss)
    shown(service, True, boss)
    staffed(service, [cast.dora], boss)
    enrolments.open(cast.alice, service, cast.dora, TODAY, boss)
    return service


def decide(key, value, cast):
    settings.change(key, str(value), cast.by("ines"))


def wish(cast, who="alice", event=None):
    person = getattr(cast, who)
    file = offers.enrolments(person)[0]
    return offers.Wish(person, cast.dora, file, (), event)


def ask(cast, starts_at, who="alice"):
    return requests.ask(wish(cast, who), starts_at, cast.by(who))


def place(event, individual):
    return Attendance.get(Attendance.event == event.id, Attendance.individual == individual)


def leave(worker):
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == worker.id).execute()


def code(refused):
    return refused.value.code


def kinds():
    return sorted(kind for (kind,) in Delivery.select(Delivery.kind).tuples() if kind != "activation")


def test_a_free_time_is_booked_at_once(cast, open_hours):
    event = ask(cast, at(10))
    assert Event.get_by_id(event.id).state == "booked"
    assert event.ends_at - event.starts_at == dt.timedelta(minutes=60)
    assert place(event, cast.alice).enrolment.service == open_hours
    assert "client_booked" in kinds()  # it is near


def test_what_is_taken_is_refused_and_says_so(cast, open_hours):
    ask(cast, at(10))
    with pytest.raises(RuleBroken) as refused:
        ask(cast, at(10))
    assert code(refused) == "taken"
    assert str(refused.value) == "That time has just been taken."


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (at(10, minute=30), "hours"), (at(14), "hours"), (at(10, dt.date(2026, 3, 7)), "hours"), (at(12, TODAY), "notice"),
        (at(9, TODAY), "past"), (at(10, dt.date(2026, 6, 1)), "horizon"),
    ],
)  # fmt: skip
def test_what_was_never_offered_is_refused(cast, open_hours, when, why):
    with pytest.raises(RuleBroken) as refused:
        ask(cast, when)
    assert code(refused) == why
    assert not Event.select().exists()


def test_minimum_notice_is_exact_to_the_minute(cast, open_hours, frozen):
    thursday = dt.date(2026, 3, 5)
    frozen("2026-03-04 16:01")
    with pytest.raises(RuleBroken) as refused:
        ask(cast, at(12, thursday))
    assert code(refused) == "notice"
    frozen("2026-03-04 16:00")
    assert ask(cast, at(12, thursday)).state == "booked"


def test_the_fourth_of_a_day_is_refused_whatever_became_of_the_others(cast, open_hours, frozen):
    first, *_ = [ask(cast, at(9 + hour)) for hour in range(3)]
    attendances.give_up(place(first, cast.alice), cast.by("alice"))
    with pytest.raises(RuleBroken) as refused:
        ask(cast, at(12))
    assert code(refused) == "a_day"
    assert str(refused.value) == "You have requested 3 appointments today. More can be requested tomorrow."
    frozen("2026-03-05 04:00")  # midnight there
    assert ask(cast, at(12)).state == "booked"


def test_own_other_appointment_at_the_time(cast, open_hours):
    events.book(Plan(cast.otto, at(10), 50, agency.main_site(), [cast.alice]), cast.by("ines"))
    with pytest.raises(RuleBroken) as refused:
        ask(cast, at(10))
    assert code(refused) == "own"


def test_what_changed_between_list_and_tap_is_refused_in_a_sentence(cast, open_hours):
    boss, wanted = cast.by("ines"), wish(cast)
    shown(open_hours, False, boss)
    with pytest.raises(RuleBroken) as refused:
        requests.ask(wanted, at(10), cast.by("alice"))
    assert code(refused) == "closed"
    shown(open_hours, True, boss)
    availability.be_away(cast.dora, FRIDAY, boss)
    with pytest.raises(RuleBroken) as refused:
        requests.ask(wanted, at(10), cast.by("alice"))
    assert code(refused) == "away"
    file = offers.enrolments(cast.alice)[0]
    enrolments.close(file, TODAY, boss, version=file.version)
    with pytest.raises(RuleBroken) as refused:
        requests.ask(wanted, at(10, dt.date(2026, 3, 9)), cast.by("alice"))
    assert code(refused) == "closed"


def test_nothing_is_asked_for_until_the_time_of_clients_is_named(cast, open_hours):
    wanted = wish(cast)
    availability.face_clients(None, cast.by("ines"))
    assert not offers.is_open()
    with pytest.raises(RuleBroken) as refused:
        requests.ask(wanted, at(10), cast.by("alice"))
    assert code(refused) == "off"


def test_nobody_asks_in_the_enrolment_of_another(cast, open_hours):
    file = offers.enrolments(cast.alice)[0]
    assert offers.wished(cast.alice, file.public_id, cast.dora.public_id).worker == cast.dora
    for person in (cast.bob, cast.sam):
        with pytest.raises(NotFound):
            offers.wished(person, file.public_id, cast.dora.public_id)


# ---------------------------------------------------------------- with approval


@pytest.fixture
def approval(cast, open_hours):
    decide("request_mode", "approve", cast)


def test_it_waits_and_holds_its_time_until_it_is_accepted(cast, approval):
    event = ask(cast, at(10))
    assert event.state == "requested"
    assert kinds() == ["client_requested"]
    assert not any(slot.starts_at == at(10) for slot in offers.timetable(wish(cast)).day(FRIDAY).slots)
    request_answers.accept(event, cast.by("dora"), version=event.version)
    request_answers.accept(event, cast.by("dora"), version=event.version)
    assert Event.get_by_id(event.id).state == "booked"
    assert kinds() == ["client_requested", "event_confirmation"]
    assert not requests.waiting()


def test_it_is_declined_with_a_reason(cast, approval):
    event = ask(cast, at(10))
    request_answers.decline(event, cast.by("dora"), version=event.version, reason="I am at court.")
    assert Event.get_by_id(event.id).state == "declined"
    assert requests.of(event).reason == "I am at court."
    assert "request_declined" in kinds()
    with pytest.raises(RuleBroken) as refused:
        request_answers.accept(event, cast.by("dora"), version=event.version)
    assert code(refused) == "over"
    decide("request_mode", "at_once", cast)
    assert ask(cast, at(10)).state == "booked"


@pytest.mark.parametrize("reason", ["", " \n "])
def test_nothing_is_declined_without_a_reason(cast, approval, reason):
    event = ask(cast, at(10))
    with pytest.raises(RuleBroken) as refused:
        request_answers.decline(event, cast.by("dora"), version=event.version, reason=reason)
    assert (code(refused), refused.value.field) == ("missing", "reason")
    assert Event.get_by_id(event.id).state == "requested"


def test_what_the_agency_cancels_waits_no_more(cast, approval):
    event = ask(cast, at(10))
    events.cancel(event, cast.by("dora"), version=event.version)
    assert requests.of(event).answered_by == cast.dora
    assert not EventRequest.select().where(EventRequest.answered_at.is_null()).exists()


def test_nothing_is_accepted_at_a_site_that_was_closed(cast, approval):
    event = ask(cast, at(10))
    with store.writing():
        Site.update(is_in_use=False).where(Site.id == event.site_id).execute()
    with pytest.raises(RuleBroken) as refused:
        request_answers.accept(event, cast.by("dora"), version=event.version)
    assert code(refused) == "closed_site"
    with pytest.raises(RuleBroken) as refused:
        request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    assert code(refused) == "closed_site"
    assert Event.get_by_id(event.id).state == "requested"


def test_it_is_withdrawn(cast, approval):
    event = ask(cast, at(10))
    request_answers.withdraw(place(event, cast.alice), cast.by("alice"))
    request_answers.withdraw(place(event, cast.alice), cast.by("alice"))
    assert Event.get_by_id(event.id).state == "withdrawn"
    with pytest.raises(RuleBroken):
        request_answers.accept(event, cast.by("dora"), version=event.version)


@pytest.mark.parametrize(("asked_for", "ends"), [(at(10), "2026-03-06 14:00"), (at(10, dt.date(2026, 3, 12)), "2026-03-06 16:00")])
def test_it_expires_after_two_days_or_when_it_would_begin(cast, approval, frozen, asked_for, ends):
    event = ask(cast, asked_for)
    moment = dt.datetime.fromisoformat(ends)
    frozen((moment - dt.timedelta(seconds=1)).isoformat(" "))
    assert request_answers.expire_due() == 0
    frozen(ends)
    with pytest.raises(RuleBroken):  # also where nobody has looked yet
        request_answers.accept(event, cast.by("dora"), version=event.version)
    assert request_answers.expire_due() == 1
    assert request_answers.expire_due() == 0
    assert Event.get_by_id(event.id).state == "expired"
    assert "request_expired" in kinds()


def test_another_time_is_offered_and_taken(cast, approval):
    event = ask(cast, at(10))
    request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    now = Event.get_by_id(event.id)
    assert (now.state, now.starts_at) == ("requested", at(15))
    with pytest.raises(RuleBroken) as refused:
        request_answers.accept(now, cast.by("dora"), version=now.version)
    assert code(refused) == "offered"
    with pytest.raises(RuleBroken) as refused:
        request_answers.take_offer(place(event, cast.alice), cast.by("alice"), shown="1")
    assert code(refused) == "moved"
    request_answers.take_offer(place(event, cast.alice), cast.by("alice"), shown=attendances.mark_of(now))
    assert Event.get_by_id(event.id).state == "booked"
    assert place(event, cast.alice).starts_at == at(15)


def test_no_other_time_is_offered_for_what_was_answered(cast, approval):
    event = ask(cast, at(10))
    request_answers.accept(event, cast.by("dora"), version=event.version)
    with pytest.raises(RuleBroken) as refused:
        request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    assert code(refused) == "over"
    assert place(event, cast.alice).starts_at == at(10)
    assert "request_offered" not in kinds()


def test_no_other_time_is_offered_of_a_worker_who_left(cast, approval):
    event = ask(cast, at(10))
    leave(cast.dora)
    with pytest.raises(RuleBroken) as refused:
        request_answers.offer(event, at(15), cast.by("ines"), version=event.version)
    assert code(refused) == "left"


def test_no_other_time_is_offered_where_something_stands(cast, approval):
    event = ask(cast, at(10))
    events.book(Plan(cast.dora, at(15), 50, agency.main_site(), [cast.bob]), cast.by("ines"))
    with pytest.raises(RuleBroken) as refused:
        request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    assert code(refused) == "taken"
    assert Event.get_by_id(event.id).starts_at == at(10)


def test_who_comes_along_neither_withdraws_nor_takes_what_is_offered(cast, approval):
    with store.writing():
        Service.update(shows_names=True).execute()
        Participant.create(enrolment=offers.enrolments(cast.alice)[0], individual=cast.bob)
    wanted = offers.Wish(cast.alice, cast.dora, offers.enrolments(cast.alice)[0], (cast.bob,))
    event = requests.ask(wanted, at(10), cast.by("alice"))
    request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    for answer in (request_answers.withdraw, request_answers.take_offer):
        with pytest.raises(RuleBroken) as refused:
            answer(place(event, cast.bob), cast.by("bob"))
        assert code(refused) == "others"
    assert Event.get_by_id(event.id).state == "requested"


# ---------------------------------------------------------------- another time


def test_it_is_moved_at_once_and_stays_the_same_event(cast, open_hours):
    event = ask(cast, at(10))
    for _ in range(2):
        ask(cast, at(9) if _ else at(12))
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))  # the fourth of the day, and no request
    now = Event.get_by_id(event.id)
    assert (now.state, now.starts_at, now.moved_from) == ("booked", at(11), at(10))
    requests.change(place(event, cast.alice), at(10), cast.by("alice"))
    assert Event.get_by_id(event.id).starts_at == at(10)


def test_with_approval_it_stays_at_its_time_until_it_is_accepted(cast, open_hours):
    event = ask(cast, at(10))
    decide("request_mode", "approve", cast)
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    assert Event.get_by_id(event.id).starts_at == at(10)
    (waiting,) = requests.waiting()
    assert waiting.was.id == event.id
    assert [each.id for each in waiting.people] == [cast.alice.id]
    with pytest.raises(RuleBroken) as refused:
        requests.change(place(event, cast.alice), at(12), cast.by("alice"))
    assert code(refused) == "waiting"
    request_answers.accept(waiting.event, cast.by("dora"), version=waiting.event.version)
    request_answers.accept(waiting.event, cast.by("dora"), version=waiting.event.version)
    now = Event.get_by_id(event.id)
    assert (now.state, now.starts_at) == ("booked", at(11))
    assert Event.select().where(Event.state.in_(("booked", "requested"))).count() == 1


def test_with_approval_no_time_is_offered_that_overlaps_the_one_that_is_kept(cast, open_hours):
    decide("slot_step", 30, cast)
    event = ask(cast, at(10))
    near = [at(9), at(9, minute=30), at(10), at(10, minute=30), at(11)]
    wanted = requests.for_change(place(event, cast.alice))

    def offered():
        found = {slot.starts_at for slot in offers.timetable(wanted).day(FRIDAY).slots}
        return [moment for moment in near if moment in found]

    assert offered() == near
    decide("request_mode", "approve", cast)
    assert offered() == [at(9), at(11)]
    with pytest.raises(RuleBroken) as refused:
        requests.change(place(event, cast.alice), at(10, minute=30), cast.by("alice"))
    assert code(refused) == "taken"
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    assert len(requests.waiting()) == 1


def test_its_own_time_changes_nothing(cast, approval):
    event = ask(cast, at(10))
    requests.change(place(event, cast.alice), at(10), cast.by("alice"))
    assert Event.get_by_id(event.id).version == event.version
    assert kinds() == ["client_requested"]


def test_a_change_that_is_declined_leaves_it_where_it_is(cast, open_hours):
    event = ask(cast, at(10))
    decide("request_mode", "approve", cast)
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    (waiting,) = requests.waiting()
    request_answers.decline(waiting.event, cast.by("dora"), version=waiting.event.version, reason="No")
    now = Event.get_by_id(event.id)
    assert (now.state, now.starts_at) == ("booked", at(10))


def test_what_is_cancelled_lets_go_of_the_other_time(cast, open_hours):
    event = ask(cast, at(10))
    decide("request_mode", "approve", cast)
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    (waiting,) = requests.waiting()
    now = Event.get_by_id(event.id)
    events.cancel(now, cast.by("dora"), version=now.version)
    assert Event.get_by_id(waiting.event.id).state == "withdrawn"
    with pytest.raises(RuleBroken) as refused:
        request_answers.accept(waiting.event, cast.by("dora"), version=waiting.event.version)
    assert code(refused) == "over"


def test_what_waits_is_asked_for_at_another_time_without_a_twin(cast, approval):
    event = ask(cast, at(10))
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    now = Event.get_by_id(event.id)
    assert (now.state, now.starts_at) == ("requested", at(11))
    assert EventRequest.select().count() == 1
    with pytest.raises(RuleBroken) as refused:  # the worker sees the old time still
        request_answers.accept(event, cast.by("dora"), version=event.version)
    assert code(refused) == "stale"


def test_it_is_too_late_for_another_time_when_it_is_too_late_to_cancel(cast, open_hours, frozen):
    event = ask(cast, at(10))
    frozen("2026-03-05 14:00:01")
    with pytest.raises(RuleBroken) as refused:
        requests.change(place(event, cast.alice), at(11, dt.date(2026, 3, 10)), cast.by("alice"))
    assert code(refused) == "late"


def test_one_of_several_changes_nothing_for_the_others(cast, open_hours):
    event = events.book(Plan(cast.dora, at(10), 60, agency.main_site(), [cast.alice, cast.bob], open_hours), cast.by("dora"))
    assert requests.may_change(place(event, cast.bob)) == "others"


# ---------------------------------------------------------------- what is offered


def test_who_may_come_along_is_named_where_the_service_shows_names_only(cast, open_hours):
    with store.writing():
        Participant.create(enrolment=offers.enrolments(cast.alice)[0], individual=cast.sam)
    (file,) = offers.enrolments(cast.alice)
    assert offers.companions(file) == []
    with pytest.raises(NotFound):
        offers.wished(cast.alice, file.public_id, cast.dora.public_id, [cast.sam.public_id])
    with store.writing():
        Service.update(shows_names=True).execute()
    (file,) = offers.enrolments(cast.alice)
    assert [each.id for each in offers.companions(file)] == [cast.sam.id]
    assert offers.wished(cast.alice, file.public_id, cast.dora.public_id, [cast.sam.public_id]).others == (cast.sam,)


def test_what_a_page_shows_can_be_asked_for(cast, open_hours):
    (file,) = offers.enrolments(cast.alice)
    found, lately = offers.askable(cast.alice, file.public_id, cast.dora.public_id)
    assert (found, lately) == (wish(cast), 0)
    ask(cast, at(10))
    assert offers.askable(cast.alice, file.public_id, cast.dora.public_id)[1] == offers.asked_lately(cast.alice) == 1
    for person, worker in ((cast.bob, cast.dora), (cast.alice, cast.otto)):
        with pytest.raises(NotFound):
            offers.askable(person, file.public_id, worker.public_id)
    shown(open_hours, False, cast.by("ines"))
    with pytest.raises(NotFound):
        offers.askable(cast.alice, file.public_id, cast.dora.public_id)

def test_workers_in_order_and_only_those_with_time(cast, open_hours):
    boss = cast.by("ines")
    staffed(open_hours, [cast.dora, cast.otto], boss)
    (file,) = offers.enrolments(cast.alice)
    assert [each.id for each in offers.workers(file)] == [cast.dora.id]
    kind = availability.client_facing()
    availability.be_there(cast.otto, FRIDAY, 9 * 60, 12 * 60, kind, agency.main_site(), boss)
    assert [each.id for each in offers.workers(file)] == [cast.dora.id, cast.otto.id]


def test_a_day_without_a_free_time_says_why_and_when_the_next_is(cast, open_hours):
    boss = cast.by("ines")
    availability.add_holiday(FRIDAY, "Founders' day", boss)
    table = offers.timetable(wish(cast))
    day = table.day(FRIDAY)
    assert str(offers.why(day.reason, wish(cast), is_day=True)) == "We are closed on this day."
    assert table.next_free(FRIDAY).starts_at == at(9, dt.date(2026, 3, 9))


def test_system_ends_requests_of_who_left(cast, approval, frozen):
    event = ask(cast, at(10, dt.date(2026, 3, 12)))
    leave(cast.dora)
    frozen("2026-03-07 16:00")
    assert request_answers.expire_due() == 1
    assert requests.of(event).answered_by is None


# ---------------------------------------------------------------- what changes while it waits


def another_time_asked(cast):
    event = ask(cast, at(10))
    decide("request_mode", "approve", cast)
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    (waiting,) = requests.waiting()
    return event, waiting.event


def test_nobody_gets_an_appointment_whose_time_was_asked_of_another_worker(cast, open_hours):
    event, twin = another_time_asked(cast)
    now = Event.get_by_id(event.id)
    events.move(now, now.starts_at, 60, cast.by("ines"), version=now.version, worker=cast.otto)
    with pytest.raises(RuleBroken) as refused:
        request_answers.accept(twin, cast.by("dora"), version=twin.version)
    assert code(refused) == "replaced"
    assert Event.get_by_id(event.id).worker == cast.otto


def test_what_has_begun_is_not_moved_ahead(cast, open_hours, frozen):
    event, twin = another_time_asked(cast)
    request_answers.offer(twin, at(10, dt.date(2026, 3, 12)), cast.by("dora"), version=twin.version)
    assert requests.of(twin).expires_at == at(10)
    frozen("2026-03-06 14:00")
    with pytest.raises(RuleBroken) as refused:
        request_answers.take_offer(place(event, cast.alice), cast.by("alice"))
    assert code(refused) == "over"
    assert request_answers.expire_due() == 1
    assert Event.get_by_id(event.id).starts_at == at(10)


def test_what_expired_is_not_asked_for_again_by_another_time(cast, approval, frozen):
    event = ask(cast, at(10, dt.date(2026, 3, 12)))
    frozen("2026-03-06 16:00")
    assert requests.may_change(place(event, cast.alice)) == "over"


def test_another_time_is_refused_where_the_service_cannot_be_asked_for_any_more(cast, open_hours):
    event = ask(cast, at(10))
    shown(open_hours, False, cast.by("ines"))
    with pytest.raises(RuleBroken) as refused:
        requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    assert code(refused) == "closed"


def test_a_client_never_reads_what_stands_in_the_way(cast, open_hours):
    events.book(Plan(cast.dora, at(15), 50, agency.main_site(), [cast.bob], open_hours), cast.by("ines"))
    with pytest.raises(RuleBroken) as refused:
        events.check_free(cast.dora, at(15), at(16), cast.by("alice"))
    assert "Counselling" not in str(refused.value)


def test_a_worker_whose_hours_for_clients_have_ended_is_not_offered(cast, open_hours):
    (file,) = offers.enrolments(cast.alice)
    assert offers.workers(file) == [cast.dora]
    availability.add_calendar(cast.dora, TODAY + dt.timedelta(days=7), cast.by("ines"))
    assert offers.workers(file) == [cast.dora]  # until then
    availability.add_calendar(cast.dora, TODAY, cast.by("ines"))
    assert offers.workers(file) == []


def test_who_asked_moves_it_although_staff_added_somebody(cast, open_hours):
    event = ask(cast, at(10))
    with store.writing():
        Attendance.create(event=event, individual=cast.bob, starts_at=event.starts_at)
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    assert Event.get_by_id(event.id).starts_at == at(11)


# ---------------------------------------------------------------- twice, and somebody else's


def test_what_is_withdrawn_twice_is_withdrawn_and_what_was_accepted_meanwhile_says_so(cast, open_hours):
    event, twin = another_time_asked(cast)
    request_answers.withdraw(place(event, cast.alice), cast.by("alice"))
    request_answers.withdraw(place(event, cast.alice), cast.by("alice"))
    assert Event.get_by_id(twin.id).state == "withdrawn"
    requests.change(place(event, cast.alice), at(12), cast.by("alice"))
    (waiting,) = requests.waiting()
    request_answers.accept(waiting.event, cast.by("dora"), version=waiting.event.version)
    with pytest.raises(RuleBroken) as refused:
        request_answers.withdraw(place(event, cast.alice), cast.by("alice"))
    assert code(refused) == "over"
    assert Event.get_by_id(event.id).starts_at == at(12)


def test_what_is_taken_twice_is_taken_once_and_what_was_withdrawn_is_not_taken(cast, open_hours):
    event, twin = another_time_asked(cast)
    request_answers.offer(twin, at(12), cast.by("dora"), version=twin.version)
    request_answers.take_offer(place(event, cast.alice), cast.by("alice"))
    request_answers.take_offer(place(event, cast.alice), cast.by("alice"))
    now = Event.get_by_id(event.id)
    assert (now.state, now.starts_at) == ("booked", at(12))
    requests.change(place(event, cast.alice), at(9), cast.by("alice"))
    (waiting,) = requests.waiting()
    request_answers.offer(waiting.event, at(10), cast.by("dora"), version=waiting.event.version)
    request_answers.withdraw(place(event, cast.alice), cast.by("alice"))
    with pytest.raises(RuleBroken) as refused:
        request_answers.take_offer(place(event, cast.alice), cast.by("alice"))
    assert code(refused) == "over"
    assert Event.get_by_id(event.id).starts_at == at(12)


def test_who_gives_up_the_own_place_holds_no_other_time_in_what_others_keep(cast, open_hours):
    event, twin = another_time_asked(cast)
    with store.writing():
        Attendance.create(event=event, individual=cast.bob, starts_at=event.starts_at)
    attendances.give_up(place(event, cast.alice), cast.by("alice"))
    assert Event.get_by_id(event.id).state == "booked"
    assert Event.get_by_id(twin.id).state == "withdrawn"
    assert requests.waiting() == []


def test_somebody_else_who_gives_up_their_place_lets_it_wait(cast, open_hours):
    event, twin = another_time_asked(cast)
    with store.writing():
        Attendance.create(event=event, individual=cast.bob, starts_at=event.starts_at)
    attendances.give_up(place(event, cast.bob), cast.by("bob"))
    assert Event.get_by_id(twin.id).state == "requested"


def test_the_third_of_the_day_is_counted_where_the_site_is(cast, open_hours, frozen):
    with store.writing():
        far = Site.create(name="Far", time_zone="Pacific/Auckland", sort_order=5, created_at=clock.now())  # tomorrow already
    worker = cast.otto
    calendar = availability.add_calendar(worker, dt.date(2026, 1, 5), cast.by("ines"))
    for day in range(7):
        availability.add_row(calendar, day, 0, 24 * 60, availability.client_facing(), far, cast.by("ines"))
    staffed(open_hours, [cast.dora, worker], cast.by("ines"))
    (file,) = offers.enrolments(cast.alice)
    table = offers.timetable(offers.Wish(cast.alice, worker, file))
    times = [slot.starts_at for day in table.days(TODAY, 5) for slot in day.slots]
    for number in range(3):
        requests.ask(offers.Wish(cast.alice, worker, file), times[2 * number], cast.by("alice"))
    assert {request.day for request in EventRequest.select()} == {TODAY + dt.timedelta(days=1)}

    def is_full(person):
        wanted, lately = offers.askable(cast.alice, file.public_id, person.public_id)
        return offers.may_ask_no_more(cast.alice, lately, offers.zones_of(offers.timetable(wanted)))

    assert is_full(worker)
    assert not is_full(cast.dora)
    ask(cast, at(10))
    with pytest.raises(RuleBroken) as refused:
        requests.ask(offers.Wish(cast.alice, worker, file), times[8], cast.by("alice"))
    assert code(refused) == "a_day"
    assert offers.asked_lately(cast.alice) == 4


def test_what_they_asked_for_is_accepted_and_not_offered(cast, approval):
    event = ask(cast, at(10))
    with pytest.raises(RuleBroken) as refused:
        request_answers.offer(event, at(10), cast.by("dora"), version=event.version)
    assert code(refused) == "same"
    assert requests.of(event).offered_at is None
