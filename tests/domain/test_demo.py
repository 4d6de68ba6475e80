"""The made-up agency is one that could be real."""

import datetime as dt

import pytest

from domain import audit, availability, clock, demo, enrolments, my_services, profile, services, wall_clock
from models import Attendance, AuditEntry, Delivery, Event, Group, PortalAccount, RosterEntry, Site, Worker


def test_what_was_written_later_has_the_later_date(db):
    demo.fill(clients=40, password="nine quiet otters swim")
    written = [delivery.created_at for delivery in Delivery.select().order_by(Delivery.id)]
    others = PortalAccount.select().count() - 40
    assert len(written) == demo.TRACED + others
    assert written == sorted(written)
    assert AuditEntry.select().where(AuditEntry.kind == "account.activated").count() == demo.TRACED
    assert audit.verify() == []


def test_the_first_client_is_in_two_services_that_clients_see_and_in_one_that_they_do_not(db):
    demo.fill(clients=40, password="nine quiet otters swim")
    first = PortalAccount.get(PortalAccount.email == "client1@example.org").individual
    assert sorted(services.shown_name(file.service) for file in enrolments.of(first)) == ["", "Parents together", "Talking with somebody"]
    assert {file.worker for file in enrolments.of(first)} == set(profile.followers_of(first))
    assert all(0 < services.places_taken(group) <= group.capacity for group in Group.select())
    assert RosterEntry.select().where(RosterEntry.individual == first).count() == 1


@pytest.fixture(params=["2026-03-09 12:00", "2026-03-07 23:30", "2026-11-01 15:00"])  # a Monday, late on a Saturday, a Sunday
def town(db, frozen, request):
    frozen(request.param)
    demo.fill(clients=60, password="nine quiet otters swim")
    return {number: PortalAccount.get(PortalAccount.email == f"client{number}@example.org").individual for number in (1, 2, 3)}


def local(moment):
    return wall_clock.local(moment, "America/Halifax")


def test_weeks_look_as_weeks_do(town):
    events = list(Event.select(Event, Site).join(Site))
    assert {local(event.starts_at).weekday() for event in events} <= set(range(6)), "nobody works on Sundays"
    hours = {(local(event.starts_at).hour, local(event.ends_at).hour) for event in events if event.group_id is None}
    assert hours <= {(hour, hour) for hour in (9, 10, 11, 13, 14, 15, 16)}
    assert not any(event.is_overlapping for event in events)
    seen = set()
    for place in Attendance.select(Attendance, Event).join(Event).where(Event.state == "booked"):
        assert (place.individual_id, local(place.starts_at).date(), place.event.service_id) not in seen, "nobody comes twice a day"
        seen.add((place.individual_id, local(place.starts_at).date(), place.event.service_id))
        is_told = place.state != "booked" or local(place.starts_at).date() >= local(clock.now()).date()
        assert is_told, "what is over says what became of it"
    now, week = clock.now(), dt.timedelta(weeks=1)
    busy = [event for event in events if now - week < event.starts_at < now + week]
    assert {worker.id for worker in Worker.select() if worker.group in ("worker", "system_admin")} <= {event.worker_id for event in busy}


def test_everybody_has_a_week_a_day_off_and_a_holiday_ahead_on_which_nothing_is_booked(town):
    kind, today = availability.client_facing(), local(clock.now()).date()
    closed = {holiday.date for holiday in availability.holidays(today)}
    assert (kind.name, len(closed), len(availability.types())) == ("Appointments", 1, 3)
    for worker in Worker.select():
        plans = availability.plans(worker, today, 60, kind)
        off = {each.date for each in availability.exceptions_of(worker, today)}
        assert len(off) == 1
        assert sum(bool(plan.hours) for plan in plans.values()) > 10
        mine = {local(event.starts_at).date() for event in Event.select().where(Event.worker == worker, Event.state == "booked")}
        assert not mine & (off | closed)


def test_the_first_client_has_a_calendar_of_everything(town):
    mine = list(Attendance.select(Attendance, Event).join(Event).where(Attendance.individual == town[1]))
    now = clock.now()
    ahead, over = ([place for place in mine if (place.starts_at > now) is so] for so in (True, False))
    soonest = min(place.starts_at for place in ahead)
    assert soonest - now < dt.timedelta(hours=40)
    assert {place.event.is_video for place in ahead} == {True, False}
    assert any(place.event.group_id for place in ahead)
    assert max(place.starts_at for place in ahead) - now > dt.timedelta(weeks=4)
    assert len(over) > 10
    open_, _, _ = my_services.overview(town[1])
    assert [(file.attended > 0, file.upcoming > 0, file.next is not None) for file in open_] == [(True, True, True)] * 2
    states = {(place.event.state, place.state) for place in Attendance.select(Attendance, Event).join(Event)}
    assert states >= {("booked", "show"), ("booked", "no_show"), ("cancelled_by_client", "late_cancelled"), ("cancelled_by_agency", "booked")}
    assert Attendance.select().where(Attendance.confirmed_at.is_null(False)).exists()


def test_on_one_day_it_is_the_same_for_all(templates, frozen):
    frozen("2026-03-09 12:00")
    told = []
    for _ in range(2):
        with templates.fresh("empty"):
            demo.fill(clients=40, password="nine quiet otters swim")
            told.append(list(Event.select(Event.worker, Event.starts_at, Event.state, Event.is_video).order_by(Event.id).tuples()))
    assert told[0] == told[1] != []
