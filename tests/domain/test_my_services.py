"""My Services: counts, the next event, who takes part, and what happened, page by page; nothing of a hidden service (spec 06)."""

import datetime as dt

import pytest

from domain import agency, attendances, enrolments, events, my_services, services, store, viewer
from domain.events import Plan
from domain.rules import NotFound
from domain.services import Details
from models import Attendance, Enrolment, Event, Service

TODAY = dt.date(2026, 3, 4)
NOW = dt.datetime(2026, 3, 4, 16, tzinfo=dt.UTC)


@pytest.fixture
def shown(cast, frozen):
    """A service that clients see, one that they do not, and Alice in both."""
    frozen("2026-03-04 16:00")
    made = []
    for name, is_visible in (("Counselling", True), ("Secret", False)):
        service = services.add(Details(name, shows_names=True), "case", cast.by("ines"))
        services.show(service, cast.by("ines"), is_visible=is_visible, version=1, warned_of=())
        enrolments.open(cast.alice, service, cast.dora, TODAY - dt.timedelta(days=30), cast.by("ines"))
        made.append(Service.get_by_id(service.id))
    return made


def book(cast, service, days, *, state="booked", individuals=None):
    """An event so many days from now, at another hour for each service."""
    at = NOW + dt.timedelta(days=days, hours=service.id)
    event = events.book(Plan(cast.dora, at, 50, agency.main_site(), individuals or [cast.alice], service), cast.by("dora"))
    with store.writing():
        Attendance.update(state=state).where(Attendance.event == event).execute()
    return event


def alice(cast):
    return viewer.of(cast.session("alice"), "")


def test_counts_and_the_next_event_are_those_of_the_visible_service_alone(cast, shown):
    counselling, _ = shown
    for service in shown:
        book(cast, service, -9, state="show")
        book(cast, service, -8, state="no_show")
        book(cast, service, 2)
        book(cast, service, 3, state="cancelled_by_client")
    first = book(cast, counselling, 1)
    gone = book(cast, counselling, 0.5)
    events.cancel(gone, cast.by("dora"), version=1)
    (file,), _, closed = alice(cast).services
    assert (file.service, closed, file.attended, file.upcoming) == (counselling, [], 1, 2)
    assert file.next.event == first


def test_an_event_counts_where_it_stands_and_without_an_enrolment_in_the_newest_one(cast, shown):
    counselling, _ = shown
    old = Enrolment.get(Enrolment.service == counselling)
    book(cast, counselling, -9, state="show")
    enrolments.close(old, TODAY, cast.by("ines"), version=1)
    book(cast, counselling, -3, state="show")  # in no enrolment
    enrolments.open(cast.alice, counselling, None, TODAY, cast.by("ines"))
    book(cast, counselling, 3)
    (new,), _, (former,) = alice(cast).services
    assert (former.enrolment, former.attended, former.upcoming, former.next) == (old, 1, 0, None)
    assert (new.attended, new.upcoming, new.next is not None) == (1, 1, True)


def test_who_takes_part_and_a_worker_who_is_here_are_shown(cast, shown):
    file = Enrolment.get(Enrolment.service == shown[0])
    enrolments.take_part(file, [cast.sam, cast.bob], cast.by("ines"), version=1)
    (mine,), _, _ = alice(cast).services
    assert ({each.called for each in mine.others}, mine.worker) == ({cast.sam.called, cast.bob.called}, cast.dora)
    assert viewer.of(cast.session("bob"), "").services == ([], [], [])


def test_who_takes_part_is_told_where_the_service_names_them_only(cast, shown):
    enrolments.take_part(Enrolment.get(Enrolment.service == shown[0]), [cast.bob], cast.by("ines"), version=1)
    with store.writing():
        Service.update(shows_names=False).execute()
    (mine,), _, _ = alice(cast).services
    assert mine.others == []


def test_what_was_attended_without_an_enrolment_happened_too(cast, shown):
    other = services.add(Details("Housing"), "case", cast.by("ines"))
    services.show(other, cast.by("ines"), is_visible=True, version=1, warned_of=())
    attended = book(cast, other, -9, state="show")
    who = alice(cast)
    for service in ("", other.public_id):
        lines, _ = who.happened(who.enrolments, service, 1, who.services_met)
        assert [line.place.event for line in lines if line.place] == [attended]
    assert who.happened(who.enrolments, shown[0].public_id, 1, who.services_met)[0][-1].what == "opened"


def test_a_hidden_service_is_nowhere_in_what_happened(cast, shown):
    counselling, secret = shown
    for service in shown:
        book(cast, service, -9, state="show")
    who = alice(cast)
    lines, more = who.happened(who.enrolments, "", 1)
    assert ([(line.what, line.of) for line in lines], more) == ([("attended", counselling), ("opened", counselling)], False)
    with pytest.raises(NotFound):
        who.happened(who.enrolments, secret.public_id, 1)


@pytest.mark.parametrize("number", [19, 37, 38, 57])
def test_what_happened_is_told_once_each_page_by_page_the_newest_first(cast, shown, number):
    counselling, _ = shown
    with store.writing():
        event = Event.create(worker=cast.dora, starts_at=NOW, ends_at=NOW + dt.timedelta(hours=1), site=agency.main_site(),
                             service=counselling, created_at=NOW)  # fmt: skip
        for each in range(number):
            at = NOW - dt.timedelta(days=each)
            own = Event.create(**{**event.__data__, "id": None, "public_id": f"event {each}", "starts_at": at, "is_overlapping": True,
                                  "ends_at": at + dt.timedelta(hours=1)})  # fmt: skip
            Attendance.create(event=own, individual=cast.alice, state="show", starts_at=at)
    enrolments.close(Enrolment.get(Enrolment.service == counselling), TODAY - dt.timedelta(days=9), cast.by("ines"), version=1)
    enrolments.open(cast.alice, counselling, None, TODAY - dt.timedelta(days=3), cast.by("ines"))
    who, told, page, more = alice(cast), [], 1, True
    while more:
        lines, more = who.happened(who.enrolments, counselling.public_id, page)
        assert 0 < len(lines) <= my_services.SIZE
        told, page = told + lines, page + 1
    assert len(told) == number + 3
    assert [line.at for line in told] == sorted((line.at for line in told), reverse=True)
    assert len({(line.what, line.at) for line in told}) == number + 3


def test_a_day_on_which_one_joined_begins_with_that_and_a_last_one_ends_with_it(cast, shown):
    counselling, _ = shown
    enrolments.close(Enrolment.get(Enrolment.service == counselling), TODAY, cast.by("ines"), version=1)
    place = book(cast, counselling, 0)
    attendances.mark(Attendance.get(Attendance.event == place), "show", cast.by("dora"), version=1)
    who = alice(cast)
    assert [line.what for line in who.happened(who.enrolments, "", 1)[0]] == ["closed", "attended", "opened"]
