"""Events and places in them, as the two tables of states say (spec 03), and what is sent of each change."""

import datetime as dt

import pytest

from domain import attendances, audit, clock, events, services, staff_sayings, store
from domain.actor import SYSTEM
from domain.events import Plan
from domain.rules import RuleBroken
from models import Attendance, AuditEntry, Delivery, Event, EventMessage, Site, Task


def refused(verb, *arguments, **more):
    with pytest.raises(RuleBroken) as broken:
        verb(*arguments, **more)
    return broken.value.code


@pytest.fixture
def booked(cast, frozen):
    """Books for Alice, or whoever is named."""

    frozen()

    def book(hours=72, minutes=50, worker=None, who=("alice",), **more):
        people = [getattr(cast, name) for name in who]
        plan = Plan(worker or cast.dora, clock.now() + dt.timedelta(hours=hours), minutes, Site.get(), people, **more)
        return events.book(plan, cast.by("dora"))

    return book


def place_of(event, individual):
    return Attendance.get(Attendance.event == event, Attendance.individual == individual)


def sent(event):
    """What is to be sent of an event: kind and state, in order."""
    rows = (
        Delivery.select(Delivery.kind, Delivery.state).join(EventMessage).join(Attendance)
        .where(Attendance.event == event).order_by(Delivery.id)
    )  # fmt: skip
    return [f"{row.kind.removeprefix('event_')} {row.state}" for row in rows]


# ---------------------------------------------------------------- one time, one event


@pytest.mark.parametrize(
    ("hours", "minutes", "code"),
    [(0, 50, "taken"), (-0.5, 50, "taken"), (0.5, 10, "taken"), (-1, 300, "taken"), (50 / 60, 50, ""), (-50 / 60, 50, "")],
)
def test_a_worker_has_one_event_at_a_time(cast, frozen, booked, hours, minutes, code):
    there = booked(72)
    if code:
        with pytest.raises(RuleBroken) as broken:
            booked(72 + hours, minutes, who=("bob",))
        assert (broken.value.code, broken.value.fields["start"]) == (code, there.starts_at)
        assert Event.select().count() == Attendance.select().count() == 1
    else:
        booked(72 + hours, minutes, who=("bob",))
    booked(72 + hours, minutes, worker=cast.otto)


def test_the_database_itself_refuses_an_overlap_however_it_comes(cast, frozen, booked):
    first, second = booked(72), booked(80, who=("bob",))
    with pytest.raises(Exception, match="event_overlap"), store.writing():
        Event.update(starts_at=first.starts_at, ends_at=first.ends_at).where(Event.id == second.id).execute()
    with store.writing():
        Event.update(is_overlapping=True, starts_at=first.starts_at, ends_at=first.ends_at).where(Event.id == second.id).execute()
    with pytest.raises(Exception, match="event_overlap"), store.writing():
        Event.update(is_overlapping=False).where(Event.id == second.id).execute()


def test_of_a_hundred_who_book_overlapping_times_one_does(cast, at_once):
    base = clock.now() + dt.timedelta(days=3)

    def book(number):
        plan = Plan(cast.dora, base + dt.timedelta(minutes=number % 40), 50, Site.get(), [cast.alice])
        return lambda: events.book(plan, cast.by("dora"))

    answers = at_once([book(number) for number in range(20)])
    assert sum(isinstance(answer, Event) for answer in answers) == 1
    assert all(isinstance(answer, Event) or answer.code == "taken" for answer in answers)
    assert Event.select().count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"individuals": []}, "nobody"), ({"minutes": 0}, "bad_length"), ({"minutes": 1441}, "bad_length"),
     ({"video_link": "http://example.org"}, "bad_link"), ({"video_link": "javascript:alert(1)"}, "bad_link")],
)  # fmt: skip
def test_what_cannot_be_is_refused(cast, changes, code):
    good = {"worker": cast.dora, "starts_at": clock.ahead(days=3), "minutes": 50, "site": Site.get(), "individuals": [cast.alice]}
    assert refused(events.book, Plan(**good | changes), cast.by("dora")) == code
    assert Event.select().count() == AuditEntry.select().where(AuditEntry.kind == "event.booked").count() == 0


# ---------------------------------------------------------------- moved


def test_a_move_keeps_the_event_and_asks_anew(cast, frozen, booked):
    event = booked(72)
    attendances.confirm(place_of(event, cast.alice), cast.by("alice"), "portal")
    later = event.starts_at + dt.timedelta(hours=5)
    events.move(event, later, 30, cast.by("dora"), version=1)
    now = Event.get_by_id(event.id)
    assert (now.starts_at, now.ends_at, now.moved_from, now.version) == (later, later + dt.timedelta(minutes=30), event.starts_at, 2)
    place = place_of(event, cast.alice)
    assert (place.starts_at, place.confirmed_at) == (later, None)
    assert refused(events.move, event, later, 50, cast.by("dora"), version=1) == "stale"


def test_only_what_is_over_stands_beside_another_event(cast, frozen, booked):
    event, other = booked(-30), booked(80, who=("bob",))
    with store.writing():
        Event.update(is_overlapping=True).where(Event.id == event.id).execute()
    assert refused(events.move, event, other.starts_at, 50, cast.by("dora"), version=1) == "taken"
    events.move(event, clock.ahead(hours=90), 50, cast.by("dora"), version=1)
    with pytest.raises(RuleBroken):
        booked(90, who=("bob",))


def test_what_is_lengthened_into_the_next_one_is_refused(cast, frozen, booked):
    event = booked(72)
    booked(73, who=("bob",))
    assert refused(events.move, event, event.starts_at, 61, cast.by("dora"), version=1) == "taken"
    events.move(event, event.starts_at, 60, cast.by("dora"), version=1)


def test_an_event_for_a_group_in_which_nobody_is_yet_stands_in_the_audit(cast, booked):
    group = services.add_group(services.add(services.Details("Evenings"), "case", cast.by("ines")), services.GroupDetails("Mondays"), SYSTEM)
    event = booked(72, who=(), service=group.service, group=group)
    [entry] = AuditEntry.select().where(AuditEntry.kind == "event.booked")
    assert (entry.subject, entry.individual, entry.worker) == (events.named(event), None, cast.dora)


def test_an_event_may_move_within_its_own_time_and_not_onto_another(cast, frozen, booked):
    event = booked(72)
    booked(73, who=("bob",))
    events.move(event, event.starts_at - dt.timedelta(minutes=20), 50, cast.by("dora"), version=1)
    assert refused(events.move, event, event.starts_at + dt.timedelta(minutes=20), 50, cast.by("dora"), version=2) == "taken"
    events.move(event, event.starts_at, 50, cast.by("dora"), version=2, worker=cast.otto)
    assert Event.get_by_id(event.id).worker == cast.otto


# ---------------------------------------------------------------- cancelled, confirmed, marked


@pytest.mark.parametrize(("late", "state"), [(0, "cancelled_by_client"), (1, "late_cancelled")])
def test_the_notice_is_exact_to_the_second(cast, frozen, booked, late, state):
    event = booked(48)
    frozen.to(event.starts_at - dt.timedelta(hours=24) + dt.timedelta(seconds=late))
    assert attendances.give_up(place_of(event, cast.alice), cast.by("alice")) == state
    assert attendances.give_up(place_of(event, cast.alice), cast.by("alice")) == state
    assert Event.get_by_id(event.id).state == "cancelled_by_client"
    booked((event.starts_at - clock.now()).total_seconds() / 3600, who=("bob",))  # the time is free


def test_where_late_ones_are_not_taken_the_place_stays(cast, frozen, booked, decided):
    decided(late_cancelling=0)
    event = booked(23)
    assert refused(attendances.give_up, place_of(event, cast.alice), cast.by("alice")) == "too_late"
    assert place_of(event, cast.alice).state == "booked"


def test_with_somebody_left_the_event_stays(cast, frozen, booked):
    event = booked(72, who=("alice", "bob"))
    attendances.give_up(place_of(event, cast.alice), cast.by("alice"))
    assert Event.get_by_id(event.id).state == "booked"
    assert place_of(event, cast.bob).state == "booked"
    attendances.give_up(place_of(event, cast.bob), cast.by("alice"))
    assert Event.get_by_id(event.id).state == "cancelled_by_client"


def test_what_is_over_or_cancelled_is_neither_confirmed_nor_given_up(cast, frozen, booked):
    event, other = booked(72), booked(80)
    events.cancel(other, cast.by("dora"), version=1)
    gone = place_of(other, cast.alice)
    assert refused(attendances.confirm, gone, cast.by("alice"), "link") == "over"
    assert refused(attendances.give_up, gone, cast.by("alice")) == "over"
    place = place_of(event, cast.alice)
    frozen.to(event.starts_at)
    assert refused(attendances.confirm, place, cast.by("alice"), "link") == "past"
    assert refused(attendances.give_up, place, cast.by("alice")) == "past"


def test_twice_confirmed_is_once(cast, frozen, booked):
    event = booked(72)
    place = place_of(event, cast.alice)
    attendances.confirm(place, cast.by("alice"), "link")
    first = place_of(event, cast.alice).confirmed_at
    frozen.shift(minutes=1)
    attendances.confirm(place, cast.by("alice"), "portal")
    assert (place_of(event, cast.alice).confirmed_at, place_of(event, cast.alice).confirmed_how) == (first, "link")
    assert AuditEntry.select().where(AuditEntry.kind == "attendance.confirmed").count() == 1


def test_who_came_is_said_from_the_day_on_and_can_be_corrected(cast, frozen, booked):
    event = booked(72)
    place = place_of(event, cast.alice)
    assert refused(attendances.mark, place, "show", cast.by("dora"), version=1) == "early"
    frozen.to(event.ends_at)
    attendances.mark(place, "no_show", cast.by("dora"), version=1)
    assert refused(attendances.mark, place, "show", cast.by("dora"), version=1) == "stale"
    attendances.mark(place, "show", cast.by("dora"), version=2)
    attendances.mark(place, "revert", cast.by("dora"), version=3)
    assert place_of(event, cast.alice).state == "booked"
    assert AuditEntry.select().where(AuditEntry.kind == "attendance.changed").count() == 3


@pytest.mark.parametrize("is_free", [True, False])
def test_a_cancelled_event_comes_back_unless_its_time_is_taken(cast, frozen, booked, is_free):
    event = booked(72)
    events.cancel(event, cast.by("dora"), version=1, reason="Dora is ill.")
    if is_free:
        events.revert(event, cast.by("dora"))
        events.revert(event, cast.by("dora"))
        assert Event.get_by_id(event.id).state == "booked"
    else:
        booked(72, who=("bob",))
        assert refused(events.revert, event, cast.by("dora")) == "taken"
        assert Event.get_by_id(event.id).state == "cancelled_by_agency"


def test_a_place_that_emptied_the_event_comes_back_with_it(cast, frozen, booked):
    event = booked(72)
    attendances.give_up(place_of(event, cast.alice), cast.by("alice"))
    place = place_of(event, cast.alice)
    attendances.mark(place, "revert", cast.by("dora"), version=place.version)
    assert (place_of(event, cast.alice).state, Event.get_by_id(event.id).state) == ("booked", "booked")


def test_what_a_client_wrote_is_kept_whatever_becomes_of_the_place(cast, frozen, booked):
    event = booked(20)
    attendances.give_up(place_of(event, cast.alice), cast.by("alice"), reason="I am in hospital.")
    attendances.mark(place_of(event, cast.alice), "revert", cast.by("dora"), version=2)
    assert place_of(event, cast.alice).cancel_reason == "I am in hospital."
    attendances.give_up(place_of(event, cast.alice), cast.by("alice"), reason="Still there.")
    entries = AuditEntry.select().where(AuditEntry.kind == "attendance.changed").order_by(AuditEntry.id)
    assert [audit.values_of(entry).get("reason") for entry in entries] == ["I am in hospital.", "", "Still there."]


def test_who_confirms_after_all_can_come(cast, frozen, booked):
    place = place_of(booked(20), cast.alice)
    attendances.tell(place, "cannot_come", cast.by("alice"))
    attendances.confirm(place, cast.by("alice"), "link")
    now = Attendance.get()
    assert (staff_sayings.said([now]), attendances.said(now), attendances.declined([now])) == ({}, {}, set())
    assert Task.get().done_at is None  # somebody looks at it


def test_a_place_whose_time_was_given_away_does_not_come_back(cast, frozen, booked):
    event = booked(72)
    attendances.give_up(place_of(event, cast.alice), cast.by("alice"))
    booked(72, who=("bob",))
    assert refused(attendances.mark, place_of(event, cast.alice), "revert", cast.by("dora"), version=2) == "taken"
    assert (place_of(event, cast.alice).state, Event.get_by_id(event.id).state) == ("cancelled_by_client", "cancelled_by_client")


# ---------------------------------------------------------------- what a booking sends


@pytest.mark.parametrize(("hours", "expected"), [
    (72, ["booked due", "confirmation due"]), (47, ["confirmation due"]), (-1, []), (-30, []),
])  # fmt: skip
def test_booked_is_told_of_what_is_ahead(cast, frozen, booked, hours, expected):
    assert sent(booked(hours)) == expected


@pytest.mark.parametrize(("was", "becomes", "expected"), [
    (72, 96, ["moved due", "confirmation due"]), (-1, 96, ["moved due", "confirmation due"]), (-30, 96, ["moved due", "confirmation due"]),
    (72, -2, []), (-1, -3, []),
])  # fmt: skip
def test_a_move_is_told_whenever_it_was_to_be_unless_it_corrects_the_record(cast, frozen, booked, decided, was, becomes, expected):
    event = cast.heard(booked(was))
    before = sent(event)
    events.move(event, clock.ahead(hours=becomes), 50, cast.by("dora"), version=1)
    assert sent(event) == [each.replace("due", "cancelled") for each in before] + expected
    message = EventMessage.select().join(Delivery).where(Delivery.kind == "event_moved").first()
    assert message is None or message.was_at == event.starts_at


def test_a_correction_is_told_where_the_agency_wants_it(cast, frozen, booked, decided):
    decided(event_moved_past=1)
    event = booked(-1)
    events.move(event, clock.ahead(hours=-2), 50, cast.by("dora"), version=1)
    assert sent(event) == ["moved due"]


@pytest.mark.parametrize(("hours", "expected"), [(72, ["cancelled due"]), (-1, []), (-30, [])])
def test_what_the_agency_cancels_is_told_while_it_is_ahead(cast, frozen, booked, hours, expected):
    event = booked(hours)
    before = sent(event)
    events.cancel(event, cast.by("dora"), version=1)
    assert sent(event) == [each.replace("due", "cancelled") for each in before] + expected


def test_what_is_taken_back_is_not_told_but_asked_to_be_confirmed(cast, frozen, booked):
    event = cast.heard(booked(72))
    events.cancel(event, cast.by("dora"), version=1)
    before = sent(event)
    events.revert(event, cast.by("dora"))
    assert sent(event) == [*before[:-1], "cancelled cancelled", "confirmation due"]


@pytest.mark.parametrize("hours", [-1, -30])
@pytest.mark.parametrize("way", ["event", "place"])
def test_what_is_over_and_taken_back_is_not_told(cast, frozen, booked, hours, way):
    event = booked(hours)
    if way == "event":
        events.cancel(event, cast.by("dora"), version=1)
        events.revert(event, cast.by("dora"))
    else:
        attendances.mark(place_of(event, cast.alice), "no_show", cast.by("dora"), version=1)
        attendances.mark(place_of(event, cast.alice), "revert", cast.by("dora"), version=2)
    assert sent(event) == []


@pytest.mark.parametrize("kind", ["booked", "moved", "cancelled", "confirmation"])
def test_each_message_has_a_switch(cast, frozen, booked, decided, kind):
    decided(**{f"event_{kind}": 0})
    event = cast.heard(booked(72))
    events.move(event, clock.ahead(hours=96), 50, cast.by("dora"), version=1)
    events.cancel(event, cast.by("dora"), version=2)
    assert {row.split()[0] for row in sent(event)} == {"booked", "moved", "cancelled", "confirmation"} - {kind}


def test_the_confirmation_waits_for_its_hour_and_is_too_late_at_the_start(cast, frozen, booked):
    event = booked(72)
    row = Delivery.get(Delivery.kind == "event_confirmation")
    assert (row.next_at, row.expires_at) == (event.starts_at - dt.timedelta(hours=48), event.starts_at)
    attendances.confirm(place_of(event, cast.alice), cast.by("alice"), "phone")
    assert sent(event) == ["booked due", "confirmation cancelled"]


@pytest.mark.parametrize("what", ["site", "worker", "video"])
def test_the_same_time_elsewhere_or_with_somebody_else_is_told_once(cast, frozen, booked, what):
    event = booked(72)
    with store.writing():
        other = Site.create(name="Second house", time_zone=Site.get().time_zone)

    def go(worker, site, is_video):
        now = Event.get_by_id(event.id)
        if what == "video":
            events.set_video(now, "", cast.by("ada"), is_video=is_video, version=now.version)
        else:
            more = {"worker": {"worker": worker}, "site": {"site": site}}[what]
            events.move(now, now.starts_at, 50, cast.by("ada"), version=now.version, **more)

    go(cast.otto, other, True)
    assert sent(event) == ["booked due", "confirmation due"]  # which tell what holds when they are sent
    cast.heard(event)
    go(cast.dora, event.site, False)
    assert sent(event) == ["booked sent", "confirmation due", "changed due"]
    go(cast.otto, other, True)
    assert sent(event) == ["booked sent", "confirmation due", "changed cancelled"]  # they were told so


def test_the_worker_is_told_when_a_client_cancels_but_not_of_what_was_written_down_for_them(cast, frozen, booked, decided):
    attendances.give_up(place_of(booked(30), cast.alice), cast.by("dora"))
    assert not Delivery.select().where(Delivery.kind == "client_cancelled").exists()
    attendances.give_up(place_of(booked(40), cast.alice), cast.by("alice"))
    told = Delivery.get(Delivery.kind == "client_cancelled")
    assert (told.to_address, told.state) == (cast.dora.email, "due")
    decided(client_cancelled=0)
    attendances.give_up(place_of(booked(50), cast.alice), cast.by("alice"))
    assert Delivery.select().where(Delivery.kind == "client_cancelled").count() == 1


# ---------------------------------------------------------------- late, or not at all


@pytest.mark.parametrize(("before", "what", "is_taken"), [
    (25, "running_late", False), (24, "running_late", True), (0, "running_late", True), (-0.5, "running_late", True),
    (-1, "running_late", False), (70, "cannot_come", True), (0, "cannot_come", True), (-1, "cannot_come", False),
])  # fmt: skip
def test_the_worker_is_told_late_from_the_day_before_and_not_coming_at_any_time(cast, frozen, booked, before, what, is_taken):
    event = booked(72)
    place = place_of(event, cast.alice)
    frozen.to(event.starts_at - dt.timedelta(hours=before))
    offered = attendances.offer(place)
    assert {"running_late": offered.late, "cannot_come": offered.cannot_come}[what] == is_taken
    if not is_taken:
        assert refused(attendances.tell, place, what, cast.by("alice")) == "over"
        return
    assert [attendances.tell(place, what, cast.by("alice")) for _ in range(2)] == [True, False]
    task = Task.get()
    assert (task.kind, task.worker, task.individual) == (what, cast.dora, cast.alice)
    assert Delivery.get(Delivery.kind == f"client_{what}").to_address == cast.dora.email
    assert attendances.said(place) == {what: task.created_at}


@pytest.mark.parametrize(("hours", "late_is_taken", "way"), [(25, 1, "in_time"), (23, 1, "late"), (23, 0, "too_late"), (-0.1, 1, "")])
def test_what_is_offered_is_what_is_not_refused(cast, frozen, booked, decided, hours, late_is_taken, way):
    decided(late_cancelling=late_is_taken)
    place = place_of(booked(hours), cast.alice)
    offered = attendances.offer(place)
    assert (offered.cancel, offered.confirm) == (way, hours > 0)
    assert offered.cannot_come  # whoever may not cancel can say so
    if way in ("in_time", "late"):
        attendances.give_up(place, cast.by("alice"))
    else:
        assert refused(attendances.give_up, place, cast.by("alice")) == (way or "past")


@pytest.mark.parametrize("verb", [
    lambda place, by, shown: attendances.confirm(place, by, "portal", shown=shown),
    lambda place, by, shown: attendances.give_up(place, by, shown=shown),
    lambda place, by, shown: attendances.tell(place, "cannot_come", by, shown=shown),
])  # fmt: skip
def test_what_was_said_of_a_time_that_is_not_any_more_is_refused(cast, booked, verb):
    event = booked(72)
    shown = attendances.mark_of(event)
    events.move(event, event.starts_at + dt.timedelta(days=1), 50, cast.by("dora"), version=1)
    place, by = place_of(event, cast.alice), cast.by("alice")
    assert refused(verb, place, by, shown) == "moved"
    verb(place, by, attendances.mark_of(Event.get()))
    verb(place, by, "")
