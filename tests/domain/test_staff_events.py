"""What staff do with events that others know more of: taken back, cancelled, moved, handed on, and who sees what of it."""

import datetime as dt

import pytest

from domain import (
    attendances,
    audit,
    clock,
    enrolments,
    event_people,
    event_rows,
    events,
    services,
    staff_calendar,
    store,
    viewer,
)
from domain.actor import Actor
from domain.events import Plan
from domain.rules import NotFound, RuleBroken
from models import Attendance, AuditEntry, Delivery, Enrolment, Event, Follow, SecurityClass, Site, Task, Worker


def refused(verb, *arguments, **more):
    with pytest.raises(RuleBroken) as broken:
        verb(*arguments, **more)
    return broken.value.code


@pytest.fixture
def book(cast):
    def booked(hours, worker, *who, minutes=50, **more):
        plan = Plan(worker, clock.now() + dt.timedelta(hours=hours), minutes, Site.get(), [getattr(cast, name) for name in who], **more)
        return events.book(plan, cast.by("ada"))

    return booked


def looks(cast, name, *more):
    if more:
        with store.writing():
            given = SecurityClass.create(name="More", rights=" ".join(more))
            Worker.update(security_class=given).where(Worker.id == getattr(cast, name).id).execute()
    return viewer.of(cast.session(name), "")


def place_of(event, individual):
    return Attendance.get(Attendance.event == event, Attendance.individual == individual)


def now(event):
    return Event.get_by_id(event.id)


# ---------------------------------------------------------------- booked again


def test_an_event_in_which_everybody_cancelled_is_not_booked_again_without_anybody(cast, book):
    event = book(48, cast.dora, "alice")
    attendances.give_up(place_of(event, cast.alice), cast.by("alice"))
    assert refused(events.revert, now(event), cast.by("ada")) == "nobody"
    assert now(event).state == "cancelled_by_client"
    place = place_of(event, cast.alice)
    attendances.mark(place, "revert", cast.by("ada"), version=place.version)
    assert (now(event).state, place_of(event, cast.alice).state) == ("booked", "booked")


def test_nobody_comes_to_see_a_record_again_by_booking_an_event_again(cast, book):
    event = book(48, cast.otto, "bob")
    events.cancel(event, cast.by("ada"), version=1)
    otto = looks(cast, "otto")
    assert refused(staff_calendar.bring_back, otto, otto.managed_event(event.public_id)) == "unseen"
    assert not otto.individuals.where(otto.individuals.model.id == cast.bob.id).exists()
    ada = looks(cast, "ada")
    staff_calendar.bring_back(ada, ada.managed_event(event.public_id))
    assert now(event).state == "booked"


def test_a_worker_is_told_the_names_of_their_own_event_and_opens_no_record_by_that(cast, book):
    event = book(48, cast.otto, "bob")
    events.cancel(event, cast.by("ada"), version=1, reason="He is ill.")
    otto = looks(cast, "otto")
    [place], hidden = staff_calendar.places_seen(otto, otto.event(event.public_id))
    assert (place.individual, place.is_open, hidden) == (cast.bob, False, 0)
    [entry], _ = staff_calendar.seen(otto, event_rows.whole().where(Event.id == event.id))
    assert [one.id for one in entry.people] == [cast.bob.id]
    assert [row.kind for row in staff_calendar.history(otto, event)] == ["event.cancelled", "event.booked"]
    with pytest.raises(NotFound):
        staff_calendar.place(otto, event, place.public_id)
    dora = looks(cast, "dora", "manage_schedule_of_others")
    [entry], _ = staff_calendar.seen(dora, event_rows.whole().where(Event.id == event.id))
    assert (entry.people, entry.is_busy) == ((), True)


def test_the_schedule_does_not_name_who_cancelled(cast, book):
    event = book(48, cast.dora, "alice", "bob")
    attendances.give_up(place_of(event, cast.bob), cast.by("ada"))
    [entry], _ = staff_calendar.seen(looks(cast, "ada"), event_rows.whole().where(Event.id == event.id))
    assert ([one.id for one in entry.people], entry.hidden) == ([cast.alice.id], 0)


# ---------------------------------------------------------------- tasks of whoever sees somebody no more


@pytest.mark.parametrize("what", ["cancelled", "moved", "given up"])
def test_a_task_about_somebody_whom_its_worker_sees_no_more_waits_in_its_category(cast, book, what):
    event = book(48, cast.otto, "bob")
    attendances.tell(place_of(event, cast.bob), "cannot_come", cast.by("ada"))
    assert Task.get().worker == cast.otto
    if what == "cancelled":
        events.cancel(event, cast.by("ada"), version=1)
    elif what == "moved":
        events.move(event, event.starts_at, 50, cast.by("ada"), version=1, worker=cast.dora)
    else:
        attendances.give_up(place_of(event, cast.bob), cast.by("ada"))
    assert Task.get().worker is None
    assert AuditEntry.select().where(AuditEntry.kind == "task.handed_over").count() == 1


# ---------------------------------------------------------------- what was attended, and who has left


def test_what_was_attended_is_neither_cancelled_nor_moved_into_the_future(cast, book):
    event = book(-3, cast.dora, "alice", "bob")
    attendances.mark(place_of(event, cast.alice), "show", cast.by("dora"), version=1)
    assert refused(events.cancel, event, cast.by("dora"), version=1) == "attended"
    assert refused(events.move, event, clock.ahead(hours=5), 50, cast.by("dora"), version=1) == "attended"
    events.move(event, clock.ahead(hours=-4), 50, cast.by("dora"), version=1)
    attendances.mark(place_of(event, cast.alice), "no_show", cast.by("dora"), version=2)
    events.cancel(event, cast.by("dora"), version=2)


def test_an_event_does_not_move_on_with_a_worker_who_has_left(cast, book):
    ahead, past = book(48, cast.otto, "bob"), book(-48, cast.otto, "bob")
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.otto.id).execute()
    assert refused(events.move, ahead, clock.ahead(hours=60), 50, cast.by("ada"), version=1) == "left"
    events.move(ahead, clock.ahead(hours=60), 50, cast.by("ada"), version=1, worker=cast.dora)
    events.move(past, clock.ahead(hours=-50), 50, cast.by("ada"), version=1)  # a correction of what was


@pytest.mark.parametrize("sees", [False, True])
def test_what_stands_in_the_way_is_named_to_who_may_see_it(cast, book, sees):
    service = services.add(services.Details("Separation"), "case", cast.by("ada"))
    book(48, cast.otto, "bob", service=service)
    dora = looks(cast, "dora", "manage_schedule_of_others").worker
    if sees:
        with store.writing():
            Follow.create(worker=dora, individual=cast.bob)
    with pytest.raises(RuleBroken) as broken:
        events.book(Plan(cast.otto, clock.ahead(hours=48), 50, Site.get(), [cast.alice]), Actor(worker=dora))
    assert broken.value.code == "taken"
    assert ("Separation" in str(broken.value)) is sees


# ---------------------------------------------------------------- written down by phone


def test_what_is_said_by_phone_is_refused_where_the_page_is_not_true_any_more(cast, book):
    event = book(48, cast.dora, "alice")
    place, shown = place_of(event, cast.alice), attendances.mark_of(event)
    events.move(event, clock.ahead(hours=60), 50, cast.by("ada"), version=1)
    for what in ("confirm", "give_up", "cannot_come"):
        assert refused(attendances.by_phone, place, what, cast.by("ines"), version=1, shown=shown) == "moved"
    shown = attendances.mark_of(now(event))
    attendances.by_phone(place, "give_up", cast.by("ines"), version=1, shown=shown)
    attendances.by_phone(place, "give_up", cast.by("ines"), version=1, shown=shown)
    entry = AuditEntry.get(AuditEntry.kind == "attendance.changed")
    assert audit.values_of(entry)["how"] == "phone"
    place = place_of(event, cast.alice)
    attendances.mark(place, "revert", cast.by("ines"), version=place.version)
    assert refused(attendances.by_phone, place, "confirm", cast.by("ines"), version=1, shown=shown) == "stale"


# ---------------------------------------------------------------- looked at


def test_what_goes_on_after_midnight_stands_on_both_days(cast, book, frozen):
    frozen("2026-03-04 16:00")
    event = Event.get_by_id(book(11, cast.dora, "alice", minutes=180).id)  # 23:00 to 02:00 in Halifax
    dora = looks(cast, "dora")
    for day, is_there in ((3, False), (4, True), (5, True), (6, False)):
        entries, _ = staff_calendar.between(dora, dt.date(2026, 3, day), 1, "America/Halifax")
        assert [entry.event.id for entry in entries] == ([event.id] if is_there else [])


def test_who_is_enrolled_in_an_ended_service_can_still_be_booked_in_it(cast):
    service = services.add(services.Details("Mornings"), "case", cast.by("ada"))
    enrolments.open(cast.alice, service, cast.dora, dt.date(2026, 1, 1), cast.by("ada"))
    services.change(service, services.Details("Mornings", is_in_use=False), cast.by("ada"), version=1)
    assert staff_calendar.offered_services([cast.alice]) == ([service], [])
    assert staff_calendar.offered_services([cast.bob]) == ([], [])




# ---------------------------------------------------------------- somebody more, and with a group


def kinds_sent(person):
    rows = Delivery.select().where(Delivery.individual == person, Delivery.kind.startswith("event_"), Delivery.state == "due")
    return [row.kind.removeprefix("event_") for row in rows.order_by(Delivery.id)]


def test_somebody_is_added_to_what_is_booked_and_told(cast, book):
    event = book(72, cast.dora, "alice")
    event_people.add(event, cast.bob, cast.by("dora"), version=1)
    assert place_of(event, cast.bob).state == "booked"
    assert kinds_sent(cast.bob) == ["booked", "confirmation"]
    assert AuditEntry.select().where(AuditEntry.kind == "event.booked", AuditEntry.individual == cast.bob).count() == 1
    assert refused(event_people.add, event, cast.bob, cast.by("dora"), version=1) == "twice"
    attendances.give_up(place_of(event, cast.bob), cast.by("bob"))
    event_people.add(event, cast.bob, cast.by("dora"), version=1)  # after all
    assert place_of(event, cast.bob).state == "booked"
    assert refused(event_people.add, event, cast.sam, cast.by("dora"), version=2) == "stale"
    events.cancel(event, cast.by("dora"), version=1)
    assert refused(event_people.add, event, cast.sam, cast.by("dora"), version=2) == "over"


@pytest.fixture
def evenings(cast):
    service = services.add(services.Details("Evenings"), "case", cast.by("ada"))
    return services.add_group(service, services.GroupDetails("Mondays"), cast.by("ada"))


@pytest.mark.parametrize("too", [True, False])
def test_who_joins_or_leaves_a_group_does_so_with_what_is_ahead_where_that_is_ticked(cast, book, evenings, too):
    past, ahead = book(-48, cast.dora, group=evenings), book(72, cast.dora, group=evenings)
    entry = enrolments.join(evenings, cast.bob, dt.date(2026, 1, 1), cast.by("ada"), comes_ahead=too)
    assert [each.event for each in Attendance.select()] == ([ahead] if too else [])
    assert kinds_sent(cast.bob) == (["booked", "confirmation"] if too else [])
    if not too:
        event_people.add(ahead, cast.bob, cast.by("ada"), version=1)
    enrolments.leave(entry, dt.date(2026, 1, 2), cast.by("ada"), stays_away=too)
    enrolments.leave(entry, dt.date(2026, 1, 2), cast.by("ada"), stays_away=too)
    assert place_of(ahead, cast.bob).state == ("cancelled_by_client" if too else "booked")
    assert kinds_sent(cast.bob) == (["cancelled"] if too else ["booked", "confirmation"])
    assert (now(past).state, now(ahead).state) == ("booked", "booked")


def test_nobody_joins_a_group_of_a_service_that_is_not_offered(cast, evenings):
    services.change(evenings.service, services.Details("Evenings", is_in_use=False), cast.by("ada"), version=1)
    assert refused(enrolments.join, evenings, cast.bob, dt.date(2026, 1, 1), cast.by("ada")) == "gone"


# ---------------------------------------------------------------- enrolments and services


def test_a_worker_who_left_does_not_come_back_with_an_enrolment(cast):
    service = services.add(services.Details("Mornings"), "case", cast.by("ada"))
    file = enrolments.open(cast.alice, service, cast.dora, dt.date(2026, 1, 1), cast.by("ada"))
    enrolments.assign(file, cast.dora, [cast.otto, cast.ines], cast.by("ada"), version=1)
    enrolments.close(file, dt.date(2026, 1, 2), cast.by("ada"), version=2)
    with store.writing():
        Worker.update(is_active=False).where(Worker.id.in_([cast.dora.id, cast.otto.id])).execute()
    enrolments.reopen(file, cast.by("ada"), version=3)
    assert Enrolment.get().worker is None
    assert enrolments.further_workers(file) == [cast.ines]
    assert AuditEntry.select().where(AuditEntry.kind == "enrolment.assigned").count() == 2
    enrolments.close(file, dt.date(2026, 1, 2), cast.by("ada"), version=4)
    services.change(service, services.Details("Mornings", is_in_use=False), cast.by("ada"), version=1)
    assert refused(enrolments.reopen, file, cast.by("ada"), version=5) == "gone"


def test_tomorrow_is_in_the_future_where_the_agency_is(cast, frozen):
    frozen("2026-03-05 01:00")  # the evening of the fourth in Halifax
    service = services.add(services.Details("Mornings"), "case", cast.by("ada"))
    assert refused(enrolments.open, cast.alice, service, None, dt.date(2026, 3, 5), cast.by("ada")) == "future"
    enrolments.open(cast.alice, service, None, dt.date(2026, 3, 4), cast.by("ada"))


def test_a_service_has_no_fewer_places_than_are_taken_and_no_worker_who_left(cast):
    service = services.add(services.Details("Mornings"), "case", cast.by("ada"))
    for person in (cast.alice, cast.bob):
        enrolments.open(person, service, None, dt.date(2026, 1, 1), cast.by("ada"))
    assert refused(services.change, service, services.Details("Mornings", capacity=1), cast.by("ada"), version=1) == "full"
    services.change(service, services.Details("Mornings", capacity=2), cast.by("ada"), version=1)
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.otto.id).execute()
    assert refused(services.staff, service, [cast.dora, cast.otto], cast.by("ada"), version=2) == "left"


def test_the_record_of_who_takes_part_says_so(cast):
    service = services.add(services.Details("Mornings"), "case", cast.by("ada"))
    file = enrolments.open(cast.alice, service, None, dt.date(2026, 1, 1), cast.by("ada"))
    enrolments.take_part(file, [cast.bob], cast.by("ada"), version=1)
    enrolments.take_part(file, [], cast.by("ada"), version=2)
    kinds = [entry.kind for entry in AuditEntry.select().where(AuditEntry.individual == cast.bob).order_by(AuditEntry.id)][-2:]
    assert kinds == ["participant.added", "participant.removed"]


@pytest.mark.parametrize(("name", "is_told"), [("dora", False), ("ines", True)])
def test_a_worker_is_sent_no_e_mail_of_what_they_wrote_down_themselves(cast, book, name, is_told):
    place = place_of(book(2, cast.dora, "alice"), cast.alice)
    attendances.tell(place, "running_late", cast.by(name))
    assert Task.get().kind == "running_late"
    assert Delivery.select().where(Delivery.kind == "client_running_late").exists() is is_told
