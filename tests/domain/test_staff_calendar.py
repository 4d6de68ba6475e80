"""What staff may see of each other's time, and what becomes of events when somebody leaves, moves or telephones at once."""

import datetime as dt
import itertools

import pytest

from domain import (
    attendances,
    audit,
    clock,
    enrolments,
    events,
    leaving,
    services,
    staff_calendar,
    staff_sayings,
    store,
    viewer,
)
from domain.actor import SYSTEM, Actor
from domain.events import Plan
from domain.rules import NotFound, RuleBroken
from models import Attendance, AuditEntry, Event, Follow, SecurityClass, ServiceWorker, Site, Task, Worker


@pytest.fixture
def book(cast):
    def booked(hours, worker, *who):
        plan = Plan(worker, clock.now() + dt.timedelta(hours=hours), 50, Site.get(), [getattr(cast, name) for name in who])
        return events.book(plan, SYSTEM)

    return booked


def looks(cast, name, *more):
    """Somebody of staff as who looks; with further rights by a class."""
    if more:
        with store.writing():
            given = SecurityClass.create(name="More", rights=" ".join(more))
            Worker.update(security_class=given).where(Worker.id == getattr(cast, name).id).execute()
    return viewer.of(cast.session(name), "")


def test_an_event_is_for_whose_it_is_and_for_who_may_see_somebody_of_it(cast, book):
    event = book(48, cast.otto, "bob")
    for name, may_see, may_change in (("dora", False, False), ("otto", True, True), ("ines", True, False), ("finn", True, True)):
        who = looks(cast, name)
        for ask, may in ((who.event, may_see), (who.managed_event, may_change)):
            if may:
                assert ask(event.public_id) == event
            else:
                with pytest.raises(NotFound):
                    ask(event.public_id)


def test_a_group_is_offered_to_who_works_in_its_service(cast):
    service = services.add(services.Details("Evenings"), "case", SYSTEM)
    group = services.add_group(service, services.GroupDetails("Mondays"), SYSTEM)
    enrolments.join(group, cast.bob, dt.date(2026, 1, 1), SYSTEM)
    dora = looks(cast, "dora")
    assert staff_calendar.offered_groups(dora) == []
    assert staff_calendar.offered_groups(looks(cast, "ines")) == [group]
    with store.writing():
        ServiceWorker.create(service=service, worker=cast.dora)
    assert staff_calendar.offered_groups(dora) == [group]
    assert staff_calendar.with_roster([cast.alice], group) == [cast.alice, cast.bob]


@pytest.mark.parametrize(("typed", "minutes"), [("", 50), (" ", 50), ("35", 35)])
def test_a_length_is_what_is_typed_or_the_services_or_the_agencys(cast, typed, minutes):
    service = services.add(services.Details("Evenings", minutes=80), "case", SYSTEM)
    assert staff_calendar.minutes(typed, None) == minutes
    assert staff_calendar.minutes(typed, service) == (minutes if typed.strip() else 80)


# ---------------------------------------------------------------- a worker leaves


def test_what_is_ahead_is_handed_over_where_the_time_is_free(cast, book):
    free, taken, past = book(48, cast.dora, "alice"), book(72, cast.dora, "alice"), book(-48, cast.dora, "alice")
    book(72, cast.otto, "bob")
    assert leaving.leave(cast.dora, cast.by("ada"), to=cast.otto) == (1, 1)
    assert [Event.get_by_id(each.id).worker for each in (free, taken, past)] == [cast.otto, cast.dora, cast.dora]
    [entry] = AuditEntry.select().where(AuditEntry.kind == "event.handed_over")
    assert (entry.individual, entry.subject) == (cast.alice, events.named(free))
    assert audit.values_of(AuditEntry.get(AuditEntry.kind == "worker.left"))["events"] == 1
    assert list(events.ahead_of(cast.dora)) == [taken]


def test_nobody_is_handed_somebody_whom_the_actor_may_not_see(cast, book):
    hers, his = book(48, cast.dora, "alice"), book(72, cast.dora, "bob")
    otto = looks(cast, "otto", "manage_workers")
    with store.writing():
        Follow.create(worker=cast.otto, individual=cast.alice)
    leaving.leave(cast.dora, Actor(worker=otto.worker), to=cast.ines)
    assert [Event.get_by_id(each.id).worker for each in (hers, his)] == [cast.ines, cast.dora]


def test_who_has_left_gets_no_event_back(cast, book):
    event = book(48, cast.dora, "alice")
    events.cancel(event, SYSTEM, version=1)
    leaving.leave(cast.dora, cast.by("ada"))
    with pytest.raises(RuleBroken) as broken:
        events.revert(event, SYSTEM)
    assert broken.value.code == "left"


# ---------------------------------------------------------------- the call by video, and the record of what happened


def test_another_link_is_another_version_and_the_letter_still_confirms(cast, book):
    from domain import event_letters

    event = book(48, cast.dora, "alice")
    link = event_letters.link_of(Attendance.get())
    events.set_video(event, "https://video.example/x", SYSTEM, is_video=True, version=1)
    events.set_video(event, "https://video.example/x", SYSTEM, is_video=True, version=2)
    assert Event.get().version == 2
    assert attendances.by_link(link)[1]
    assert "video.example" not in str([audit.values_of(entry) for entry in AuditEntry.select()])
    with pytest.raises(RuleBroken) as broken:
        events.set_video(event, "", SYSTEM, is_video=False, version=1)
    assert broken.value.code == "stale"
    events.move(Event.get(), clock.ahead(hours=60), 50, SYSTEM, version=2)
    assert not attendances.by_link(link)[1]


def test_what_is_noted_in_several_records_is_told_once(cast, book):
    event = book(48, cast.dora, "alice", "bob")
    events.move(event, clock.ahead(hours=60), 50, cast.by("dora"), version=1)
    told = [row.kind for row in staff_calendar.history(looks(cast, "ada"), event)]
    assert told == ["event.moved", "event.booked"]
    assert AuditEntry.select().where(AuditEntry.kind == "event.moved").count() == 2


@pytest.mark.parametrize(("hours", "verbs"), [
    (48, ["confirm", "give_up"]), (2, ["confirm", "give_up", "running_late"]), (-0.5, ["running_late", "cannot_come"]), (-2, []),
])  # fmt: skip
def test_what_may_be_written_down_by_phone_is_what_is_not_refused(cast, book, hours, verbs):
    place = Attendance.get_by_id(book(hours, cast.dora, "alice").attendances.get().id)
    assert attendances.phone_verbs(place) == verbs


# ---------------------------------------------------------------- at once


@pytest.mark.parametrize("round_", range(3))
def test_staff_move_an_event_while_the_client_gives_it_up(cast, book, at_once, round_):
    event = book(48 + round_, cast.dora, "alice")
    place, later = Attendance.get(), clock.ahead(hours=60)
    moved, given_up = at_once([
        lambda: events.move(event, later, 50, cast.by("dora"), version=1), lambda: attendances.give_up(place, cast.by("alice")),
    ])  # fmt: skip
    assert given_up == "cancelled_by_client"
    now = Event.get_by_id(event.id)
    assert now.state == "cancelled_by_client"
    assert isinstance(moved, RuleBroken) == (now.starts_at != later)
    assert audit.verify() == []


def test_a_worker_leaves_while_others_book_move_and_cancel(cast, book, at_once):
    mine = [book(48 + 2 * number, cast.dora, "alice") for number in range(4)]
    places = [each.attendances.get() for each in mine]
    theirs = book(70, cast.otto, "bob")
    answers = at_once([
        lambda: leaving.leave(cast.dora, cast.by("ada"), to=cast.otto),
        lambda: events.move(theirs, mine[0].starts_at, 50, cast.by("ada"), version=1),
        lambda: events.move(mine[1], clock.ahead(hours=80), 50, cast.by("ada"), version=1, worker=cast.otto),
        lambda: attendances.give_up(places[2], cast.by("alice")),
        lambda: book(90, cast.dora, "bob"),
    ])  # fmt: skip
    assert not isinstance(answers[0], Exception)
    assert all(answer is None or isinstance(answer, RuleBroken | str | Event) for answer in answers[1:]), answers
    taken = sorted((e.starts_at, e.ends_at) for e in Event.select().where(Event.worker == cast.otto, Event.state == "booked"))
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(taken))
    assert audit.verify() == []


def test_what_the_one_who_comes_said_is_told_of_the_time_that_it_was_said_of(cast, book):
    event = book(20, cast.dora, "alice")
    group = book(22, cast.dora, "alice", "bob")
    for each in (event, group):
        for what in ("cannot_come", "running_late"):
            attendances.tell(Attendance.get(Attendance.event == each, Attendance.individual == cast.alice), what, cast.by("alice"))
    dora = looks(cast, "dora")
    assert [entry.said for entry in staff_calendar.soon(dora)] == ["cannot_come", ""]  # of several it is not said of whom
    places = staff_calendar.places_seen(dora, group)[0]
    assert staff_sayings.said(places) == {place.id: "cannot_come" for place in places if place.individual == cast.alice}
    events.move(event, event.starts_at - dt.timedelta(hours=5), 50, SYSTEM, version=1)
    assert [entry.said for entry in staff_calendar.soon(dora)] == ["", ""]


def test_a_task_names_its_appointment_to_who_may_see_whose_it_is(cast, book):
    event = book(48, cast.dora, "alice")
    attendances.tell(Attendance.get(Attendance.event == event), "cannot_come", cast.by("alice"))
    task = Task.get()
    assert staff_sayings.spoken_of(looks(cast, "dora"), [task]) == {task.id: (event, event.starts_at.replace(microsecond=0))}
    assert staff_sayings.spoken_of(looks(cast, "otto"), [task]) == {}
