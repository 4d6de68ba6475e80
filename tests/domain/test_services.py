"""Services, groups and who is in them: visibility, places, the last seat (spec 06)."""

import dataclasses
import datetime as dt

import pytest

from domain import enrolments, services, store, work_queue
from domain.rules import RuleBroken
from domain.services import Details, GroupDetails
from models import AuditEntry, Enrolment, EnrolmentWorker, Group, Participant, RosterEntry, Service, Task, Worker

TODAY = dt.date(2026, 3, 4)


@pytest.fixture
def counselling(cast, frozen):
    frozen("2026-03-04 16:00")
    return services.add(Details("Counselling", capacity=2), "case", cast.by("ines"))


def refused(verb, *arguments, **more):
    with pytest.raises(RuleBroken) as broken:
        verb(*arguments, **more)
    return broken.value.code


def enrol(cast, service, name):
    return enrolments.open(getattr(cast, name), service, cast.dora, TODAY, cast.by("ines"))


@pytest.mark.parametrize(("changes", "field"), [
    ({"name": " "}, "name"), ({"name": "x" * 121}, "name"), ({"minutes": 4}, "minutes"), ({"capacity": 0}, "capacity"),
    ({"client_description": "x" * 2001}, "client_description"),
])  # fmt: skip
def test_what_cannot_be_is_refused_beside_its_field(cast, changes, field):
    with pytest.raises(RuleBroken) as broken:
        services.add(dataclasses.replace(Details("Counselling"), **changes), "case", cast.by("ines"))
    assert broken.value.field == field
    assert Service.select().count() == 0


def test_a_new_service_is_seen_by_nobody_and_has_its_own_name_for_clients(cast, counselling):
    assert services.shown_name(counselling) == ""
    services.show(counselling, cast.by("ines"), is_visible=True, version=1, warned_of=())
    assert services.shown_name(Service.get()) == "Counselling"
    services.change(Service.get(), Details("Counselling", "Talking with somebody"), cast.by("ines"), version=2)
    assert services.shown_name(Service.get()) == "Talking with somebody"
    assert refused(services.change, counselling, Details("Other"), cast.by("ines"), version=2) == "stale"


def test_visibility_flows_down_to_the_groups_that_the_warning_named(cast, counselling):
    evening, morning = (services.add_group(counselling, GroupDetails(name), cast.by("ines")) for name in ("Evening", "Morning"))
    assert services.switched_along(counselling, is_visible=True) == [evening, morning]
    assert services.switched_along(counselling, is_visible=False) == []
    names = {evening.public_id, morning.public_id}
    late = services.add_group(counselling, GroupDetails("Late"), cast.by("ines"))
    show = {"is_visible": True, "version": 1}
    assert refused(services.show, counselling, cast.by("ines"), warned_of=names, **show) == "stale"
    services.show(counselling, cast.by("ines"), warned_of=names | {late.public_id}, **show)
    assert {group.is_visible for group in Group.select()} == {True}
    late = Group.get_by_id(late.id)
    services.change_group(late, GroupDetails("Late", is_visible=False), cast.by("ines"), version=late.version)
    assert (Service.get().is_visible, Group.get_by_id(late.id).is_visible) == (True, False)


def test_a_full_service_takes_nobody_and_nobody_twice(cast, counselling):
    first = enrol(cast, counselling, "alice")
    assert refused(enrol, cast, counselling, "alice") == "twice"
    enrol(cast, counselling, "bob")
    assert refused(enrol, cast, counselling, "pia") == "full"
    enrolments.close(first, TODAY, cast.by("ines"), version=1)
    enrol(cast, counselling, "pia")
    assert refused(enrolments.reopen, first, cast.by("ines"), version=2) == "full"
    services.change(counselling, Details("Counselling", capacity=9), cast.by("ines"), version=1)
    enrolments.reopen(first, cast.by("ines"), version=2)
    assert Enrolment.get_by_id(first.id).closed_on is None


def test_days_that_cannot_be_are_refused(cast, counselling):
    first = enrol(cast, counselling, "alice")
    assert refused(enrolments.close, first, TODAY - dt.timedelta(days=1), cast.by("ines"), version=1) == "before"
    assert refused(enrolments.close, first, TODAY + dt.timedelta(days=2), cast.by("ines"), version=1) == "future"
    assert refused(enrolments.open, cast.bob, counselling, None, TODAY + dt.timedelta(days=2), cast.by("ines")) == "future"
    services.change(counselling, Details("Counselling", is_in_use=False), cast.by("ines"), version=1)
    assert refused(enrol, cast, counselling, "bob") == "gone"


def test_who_works_with_somebody_and_who_takes_part(cast, counselling):
    first = enrol(cast, counselling, "alice")
    enrolments.assign(first, cast.otto, [cast.dora, cast.otto], cast.by("ines"), version=1)
    assert (Enrolment.get().worker, [row.worker for row in EnrolmentWorker.select()]) == (cast.otto, [cast.dora])
    enrolments.take_part(first, [cast.sam, cast.alice], cast.by("ines"), version=2)
    assert [row.individual for row in Participant.select()] == [cast.sam]
    enrolments.take_part(first, [cast.sam], cast.by("ines"), version=3)
    assert AuditEntry.select().where(AuditEntry.kind == "enrolment.participants").count() == 1
    services.staff(counselling, [cast.dora, cast.otto], cast.by("ines"), version=1)
    services.staff(counselling, [cast.otto], cast.by("ines"), version=2)
    assert services.workers_of(counselling) == [cast.otto]


def test_of_those_who_want_the_last_seat_one_gets_it(cast, counselling, at_once):
    group = services.add_group(counselling, GroupDetails("Evening", capacity=2), cast.by("ines"))
    enrolments.join(group, cast.alice, TODAY, cast.by("ines"))
    people = [cast.person() for _ in range(8)]
    answers = at_once([lambda one=one: enrolments.join(group, one, TODAY, cast.by("ines")) for one in people])
    assert sorted(getattr(answer, "code", "in") for answer in answers) == ["full"] * 7 + ["in"]
    assert refused(enrolments.join, group, cast.alice, TODAY, cast.by("ines")) == "full"
    entry = RosterEntry.get(RosterEntry.individual == cast.alice)
    enrolments.leave(entry, TODAY, cast.by("ines"))
    enrolments.leave(entry, TODAY, cast.by("ines"))
    enrolments.join(group, cast.bob, TODAY, cast.by("ines"))
    assert services.places_taken(group) == 2
    too_few = GroupDetails("Evening", capacity=1)
    assert refused(services.change_group, group, too_few, cast.by("ines"), version=1) == "full"


def test_of_those_who_want_the_last_place_of_a_service_one_gets_it(cast, counselling, at_once):
    services.change(counselling, services.Details("Counselling", capacity=1), cast.by("ines"), version=1)
    people = [cast.person() for _ in range(8)]
    answers = at_once([lambda one=one: enrolments.open(one, counselling, cast.dora, TODAY, cast.by("ines")) for one in people])
    assert sorted(getattr(answer, "code", "in") for answer in answers) == ["full"] * 7 + ["in"]
    assert Enrolment.select().count() == 1


def test_whoever_is_in_no_enrolment_of_somebody_any_more_has_no_tasks_about_them(cast, counselling):
    first = enrolments.open(cast.bob, counselling, cast.otto, TODAY, cast.by("ines"))
    work_queue.add("new_activation_wanted", "intake", cast.bob, "one", worker=cast.otto)
    enrolments.assign(first, cast.dora, [cast.otto], cast.by("ines"), version=1)
    assert Task.get().worker == cast.otto
    enrolments.assign(first, cast.dora, [], cast.by("ines"), version=2)
    assert Task.get().worker is None
    with store.writing():
        Task.update(worker=cast.dora).execute()
    enrolments.close(first, TODAY, cast.by("ines"), version=3)
    assert Task.get().worker is None


def test_nobody_who_has_left_gets_an_enrolment_but_who_had_it_may_stay(cast, counselling):
    first = enrol(cast, counselling, "alice")
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    assert refused(enrol, cast, counselling, "bob") == "left"
    enrolments.assign(first, cast.dora, [cast.otto], cast.by("ines"), version=1)
    enrolments.assign(first, cast.otto, [], cast.by("ines"), version=2)
    assert refused(enrolments.assign, first, cast.dora, [], cast.by("ines"), version=3) == "left"


@pytest.mark.parametrize(("typed", "kept"), [("", None), (" 12 ", 12), (None, None), ("٣٠", 30)])
def test_a_number_may_be_typed_or_left_out(cast, typed, kept):
    assert Details("Counselling", minutes=typed).checked().minutes == kept


@pytest.mark.parametrize("typed", ["many", "-1", "0", "5.5", "²", "9" * 30])
def test_what_is_no_number_of_places_is_refused(cast, typed):
    assert refused(Details("Counselling", capacity=typed).checked) == "beyond"
