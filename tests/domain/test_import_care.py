"""Taking in services, enrolments and events: what comes, what is refused, what is sent, and what a second time changes."""

import dataclasses
import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from peewee import IntegrityError

from domain import (
    attendances,
    audit,
    clock,
    enrolments,
    event_people,
    events,
    import_events,
    imports,
    limits,
    schema,
    services,
    store,
    viewer,
    work_queue,
)
from domain.actor import SYSTEM
from domain.imports import Choices
from domain.rules import RuleBroken
from models import (
    Attendance,
    AuditEntry,
    Delivery,
    Enrolment,
    Event,
    EventMessage,
    Group,
    ImportRow,
    Service,
    Site,
    Task,
    Worker,
)
from models import db as database
from web.commands_import import import_command

SYNTHEA = Path(__file__).resolve().parents[1] / "data" / "synthea"
FILES = [
    ("sites", "organizations"), ("workers", "providers"), ("individuals", "patients"), ("services", "careplans"),
    ("services", "encounters"), ("enrolments", "careplans"), ("events", "encounters"),
]  # fmt: skip
STALE = "Somebody changed these records while the file was read. Nothing of it was taken in; import it again."


def synthea(subject, name):
    file = SYNTHEA / f"{name}.csv"
    return imports.apply(subject, file, imports.find_mapping(subject, "synthea"), Choices(consent_email=True), SYSTEM)


def said(report):
    return [str(problem) for problem in report.problems]


def counts(report):
    return report.rows, report.created, report.changed, report.unchanged


def test_the_care_of_another_system_is_taken_in_as_it_is_and_again_changes_nothing(house):
    reports = [synthea(*each) for each in FILES]
    assert [said(report) for report in reports] == [[] for _ in FILES]
    assert [counts(report) for report in reports[3:]] == [(49, 16, 0, 33), (604, 25, 0, 579), (49, 49, 0, 0), (604, 604, 0, 0)]
    assert (Service.select().count(), Enrolment.select().count(), Event.select().count()) == (41, 49, 604)
    assert not Service.select().where(Service.is_visible).exists()
    assert Event.select().where(Event.is_overlapping).count() == 3
    assert max(each.ends_at - each.starts_at for each in Event.select()) == dt.timedelta(days=3, seconds=71250)
    assert Attendance.select().where(Attendance.state == "show").count() == 604
    assert (Delivery.select().count(), len(imported("event")), audit.verify()) == (0, 604, [])
    assert [counts(synthea(*each)) for each in FILES[3:]] == [(49, 0, 0, 49), (604, 0, 0, 604), (49, 0, 0, 49), (604, 0, 0, 604)]


# ---------------------------------------------------------------- services


@pytest.fixture
def take(cast, tmp_path):
    """``take("events", "heading", "row", …)``: take it in, in our own headings; Alice, Dora and the others go by their names."""

    def go(subject, *lines, dry=False, by=SYSTEM, progress=None):
        file = tmp_path / "file.csv"
        file.write_text("\n".join(lines))
        verb = imports.check if dry else imports.apply
        return verb(subject, file, imports.find_mapping(subject, "doorstep"), Choices(), by, progress)

    return go


@pytest.fixture
def staged(house, tmp_path):
    """A file that was read and checked, as it stands before the one transaction that writes it: who writes it."""
    kept = []

    def go(subject, *lines):
        file = tmp_path / "staged.csv"
        file.write_text("\n".join(lines))
        report = imports.Report(subject, "staged.csv", "doorstep")
        intake = imports._opened(report, file, imports.find_mapping(subject, "doorstep"), Choices(), SYSTEM)
        intake.read(intake.planner.stage, None)
        assert said(report) == []
        kept.append(intake.planner)
        return intake.planner

    yield go
    for planner in kept:
        planner.close()


def good(report):
    assert said(report) == []
    return counts(report)[1:]


def noted(report):
    return [str(note) for note in report.warnings]


def sees(worker):
    return {number for (number,) in viewer.caseload_of(worker).tuples()}


def imported(noun):
    return list(AuditEntry.select().where(AuditEntry.kind == f"{noun}.imported").order_by(AuditEntry.id))


OFFER = "external_id,kind,name,client_name,client_description,is_visible,minutes,capacity"


def test_a_service_comes_with_what_clients_see_of_it(take):
    assert good(take("services", OFFER, "1,Informal,Open house,Tea,Come by.,yes,90,12", "2,,Advice,,,,,")) == (2, 0, 0)
    tea, advice = Service.select().order_by(Service.external_id)
    assert (tea.kind, tea.name, tea.client_name, tea.client_description) == ("informal", "Open house", "Tea", "Come by.")
    assert (tea.is_visible, tea.minutes, tea.capacity) == (True, 90, 12)
    assert (advice.kind, advice.is_visible, advice.minutes, advice.capacity, advice.is_in_use) == ("case", False, None, None, True)
    entry = imported("service")[0]
    assert (entry.subject, audit.values_of(entry)["after"]["name"]) == (f"service {tea.id}", "Open house")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1,,,,,,,", "row 2, column name: Enter a name."),
        ("1,club,A,,,,,", "row 2, column kind: Write one of case, informal. (“club”)"),
        ("1,,A,,,perhaps,,", "row 2, column is_visible: Write yes or no. (“perhaps”)"),
        ("1,,A,,,,1,", "row 2, column minutes: Enter minutes from 5 to 480. (“1”)"),
        ("1,,A,,,,,none", "row 2, column capacity: Enter places from 1 to 100000. (“none”)"),
        (",,A,,,,,", "row 2, column external_id: Each row needs an id of its own."),
    ],
)
def test_a_service_that_cannot_be_is_named_with_row_and_column(take, row, problem):
    assert said(take("services", OFFER, row, dry=True)) == [problem]


def test_a_service_in_many_rows_is_one_and_the_first_row_counts(take):
    report = take("services", "external_id,name", "7,Advice", "7,Advice", "7,Counsel", "7,Advice", "8,Tea")
    assert (good(report), Service.get(external_id="7").name) == ((2, 0, 3), "Advice")
    assert noted(report) == ["row 4, column name: Row 2 says something else of the same service, and counts. (“Counsel”)"]


def test_what_staff_changed_of_a_service_stays_and_what_the_file_changes_is_told_to_open_forms(take):
    take("services", OFFER, "1,case,Advice,,,yes,,")
    service = Service.get(external_id="1")
    services.change(service, services.Details("Counsel"), SYSTEM, version=1)
    assert good(take("services", OFFER, "1,case,Advice,,,yes,,")) == (0, 0, 1)
    assert good(take("services", OFFER, "1,case,Advice,Talk,,yes,,")) == (0, 1, 0)
    now = Service.get(external_id="1")
    assert (now.name, now.client_name, now.version) == ("Counsel", "Talk", 3)
    assert said(take("services", OFFER, "1,informal,Advice,Talk,,yes,,")) == [
        "row 2, column kind: A service stays of the kind that it has. (“informal”)"
    ]


def test_groups_are_shown_and_hidden_with_their_service_and_named_before(take):
    take("services", OFFER, "1,case,Advice,,,yes,,")
    service = Service.get(external_id="1")
    services.add_group(service, services.GroupDetails("Mondays", is_visible=True), SYSTEM)
    services.add_group(service, services.GroupDetails("Fridays"), SYSTEM)
    report = take("services", OFFER, "1,case,Advice,,,no,,", dry=True)
    assert noted(report) == ["row 2, column is_visible: With it these are shown or hidden, too: Mondays. (“no”)"]
    assert Group.select().where(Group.is_visible).count() == 1
    assert good(take("services", OFFER, "1,case,Advice,,,no,,")) == (0, 1, 0)
    assert Group.select().where(Group.is_visible).count() == 0


# ---------------------------------------------------------------- enrolments

FILE = "external_id,individual,service,worker,opened_on,closed_on"


@pytest.fixture
def advice(take):
    """A service with two places, called a."""
    good(take("services", OFFER, "a,,Advice,,,yes,,2"))
    return Service.get(external_id="a")


def test_an_enrolment_brings_the_client_into_the_caseload(take, cast, advice):
    assert cast.bob.id not in sees(cast.otto)
    row = "e1,bob,Advice,otto@example.org,2024-05-01,"
    assert good(take("enrolments", FILE, row, "e2,bob,a,,2020-01-01,2021-01-01")) == (2, 0, 0)
    now, before = Enrolment.select().order_by(Enrolment.external_id)
    assert (now.service, now.worker, now.opened_on, now.closed_on) == (advice, cast.otto, dt.date(2024, 5, 1), None)
    assert (before.worker, before.closed_on) == (None, dt.date(2021, 1, 1))
    assert cast.bob.id in sees(cast.otto)
    entry = imported("enrolment")[0]
    values = audit.values_of(entry)
    assert (entry.individual, values["before"]) == (cast.bob, {})
    assert values["after"] == {"service": "Advice", "worker": "Otto Oak", "opened_on": "2024-05-01", "closed_on": None}
    assert good(take("enrolments", FILE, row)) == (0, 0, 1)
    assert len(imported("enrolment")) == 2


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("nobody,a,,2024-05-01,", "individual: There is no client with this id. Import the clients first. (“nobody”)"),
        (",a,,2024-05-01,", "individual: Enter the id of the client."),
        ("bob,b,,2024-05-01,", "service: There is no service with this id or name. Import the services first. (“b”)"),
        ("bob,,,2024-05-01,", "service: Enter the service."),
        ("bob,a,bob,2024-05-01,", "worker: There is no worker with this id or e-mail address. Import the workers first. (“bob”)"),
        ("bob,a,,,", "opened_on: Enter a day."),
        ("bob,a,,01.05.2024,", "opened_on: There is no such date. Dates are written like 2001-12-31. (“01.05.2024”)"),
        ("bob,a,,2999-01-01,", "opened_on: Enter a day that is not in the future. (“2999-01-01”)"),
        ("bob,a,,0024-01-01,", f"opened_on: Enter a year from 1900 to {clock.now().year}. (“0024-01-01”)"),
        ("bob,a,,2024-05-01,2024-04-30", "closed_on: It began after that day. (“2024-04-30”)"),
    ],
)
def test_an_enrolment_that_cannot_be_is_named_with_row_and_column(take, advice, row, problem):
    assert said(take("enrolments", FILE, f"e1,{row}", dry=True)) == [f"row 2, column {problem}"]


def test_nobody_is_opened_with_a_worker_who_left_or_in_what_is_not_offered(take, cast, advice):
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.otto.id).execute()
        Service.update(is_in_use=False).execute()
    report = take("enrolments", FILE, "e1,bob,a,otto,2024-05-01,", "e2,alice,a,otto,2020-01-01,2021-01-01", dry=True)
    assert said(report) == [
        "row 2, column worker: This worker has left. (“otto”)",
        "row 2, column service: This service is not offered any more. (“a”)",
    ]
    assert good(take("enrolments", FILE, "e2,alice,a,otto,2020-01-01,2021-01-01")) == (1, 0, 0)


def test_nobody_is_twice_in_a_service(take, advice):
    report = take("enrolments", FILE, "e1,bob,a,,2024-05-01,", "e2,bob,a,,2024-06-01,", dry=True)
    assert said(report) == ["row 3, column service: Row 2 opens the same service for this client. Close one of the two. (“a”)"]
    take("enrolments", FILE, "e1,bob,a,,2024-05-01,")
    assert said(take("enrolments", FILE, "e2,bob,a,,2024-06-01,")) == ["row 2, column service: This person is in the service already."]
    assert good(take("enrolments", FILE, "e2,bob,a,,2024-06-01,", "e1,bob,a,,2024-05-01,2024-05-31")) == (1, 1, 0)


def test_no_more_come_in_than_there_are_places(take, advice):
    rows = [f"e{name},{name},a,,2024-05-01," for name in ("alice", "bob", "pia")]
    assert said(take("enrolments", FILE, *rows)) == ["row 4, column service: This service is full. (“Advice”)"]
    assert good(take("enrolments", FILE, *rows[:2])) == (2, 0, 0)
    assert said(take("enrolments", FILE, rows[2])) == ["row 2, column service: This service is full. (“Advice”)"]
    assert good(take("enrolments", FILE, rows[2], "ebob,bob,a,,2024-05-01,2024-06-01")) == (1, 1, 0)
    assert said(take("enrolments", FILE, rows[1])) == ["row 2, column service: This service is full. (“Advice”)"]


def test_the_last_place_is_taken_by_somebody_else_when_the_file_was_read(take, cast, advice, staged):
    rows = [f"e{name},{name},a,,2024-05-01," for name in ("alice", "bob")]
    planner = staged("enrolments", FILE, *rows)
    enrolments.open(cast.pia, advice, None, dt.date(2024, 5, 1), SYSTEM)
    with pytest.raises(RuleBroken) as refused, store.writing():
        planner.write(SYSTEM)
    assert (refused.value.message, [each.individual for each in Enrolment.select()]) == (STALE, [cast.pia])


def test_an_id_stays_with_its_client_and_its_service(take, advice):
    take("services", OFFER, "b,,Other,,,,,")
    take("enrolments", FILE, "e1,bob,a,,2024-05-01,")
    report = take("enrolments", FILE, "e1,alice,a,,2024-05-01,")
    assert said(report) == [
        "row 2, column individual: This id is that of another enrolment: client and service of one stay what they are. (“alice”)"
    ]
    assert len(said(take("enrolments", FILE, "e1,bob,b,,2024-05-01,"))) == 1


def test_a_worker_who_gives_up_an_enrolment_gives_up_the_tasks_about_it(take, cast, advice):
    take("enrolments", FILE, "e1,bob,a,otto,2024-05-01,")
    work_queue.add("running_late", "intake", cast.bob, "a task", worker=cast.otto)
    assert good(take("enrolments", FILE, "e1,bob,a,otto,2024-05-01,2024-06-01")) == (0, 1, 0)
    assert (Task.get().worker, Enrolment.get().version) == (None, 2)
    assert audit.values_of(imported("enrolment")[-1]) | {"import_run": ""} == {
        "import_run": "", "before": {"closed_on": None}, "after": {"closed_on": "2024-06-01"},
    }  # fmt: skip


def test_what_staff_change_of_an_enrolment_stays_and_a_form_that_was_open_is_told(take, cast, advice):
    row = "e1,bob,a,otto,2024-05-01,"
    take("enrolments", FILE, row)
    enrolments.assign(Enrolment.get(), cast.dora, [cast.otto], SYSTEM, version=1)
    assert good(take("enrolments", FILE, row)) == (0, 0, 1)
    assert Enrolment.get().worker == cast.dora

    def meanwhile(rows):
        enrolments.assign(Enrolment.get(), cast.ines, [], SYSTEM, version=2)

    assert said(take("enrolments", FILE, "e1,bob,a,finn,2024-05-01,", progress=meanwhile)) == [STALE]
    assert Enrolment.get().worker == cast.ines


# ---------------------------------------------------------------- events

EVENT = "external_id,individual,worker,site,service,starts_at,ends_at,state,is_video"
NOW = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)  # nine o'clock in Halifax


@pytest.fixture
def at_nine(frozen):
    frozen(NOW)
    return frozen


def event(external_id="1"):
    return Event.get(Event.external_id == external_id)


def place(external_id="1"):
    return Attendance.get(Attendance.event == event(external_id))


def row(start, end, state="", *, number="1", who="bob", worker="dora", site="", service=""):
    return f"{number},{who},{worker},{site},{service},{start},{end},{state},"


def at(hours, *, minutes=50, **more):
    """A row that begins so many hours from now."""
    start = NOW + dt.timedelta(hours=hours)
    return row(f"{start:%Y-%m-%dT%H:%MZ}", f"{start + dt.timedelta(minutes=minutes):%Y-%m-%dT%H:%MZ}", **more)


def outbox():
    """What is to be sent of events, in hours from now: kind, state, from when."""
    rows = Delivery.select().where(Delivery.kind.startswith("event_")).order_by(Delivery.id)
    return [f"{each.kind.removeprefix('event_')} {each.state} {(each.next_at - NOW).total_seconds() / 3600:g}" for each in rows]


def test_an_appointment_of_the_past_comes_with_who_it_was_and_what_became_of_it(take, cast, advice, at_nine):
    good(take("enrolments", FILE, "e1,bob,a,,2024-05-01,2025-05-01", "e2,bob,a,,2025-06-01,"))
    report = take(
        "events", EVENT, "1,bob,dora,Main Street,a,2025-03-01T14:00:30Z,2025-03-01T15:00:00+00:00,SHOW,yes",
        row("2026-06-30T10:00Z", "2026-06-30T11:00Z", "late_cancelled", number="2", who="alice"),
        row("2026-06-29T10:00Z", "2026-06-29T11:00Z", "Cancelled by agency", number="3", who="alice"),
        row("2026-06-28T10:00Z", "2026-06-28T11:00Z", number="4", service="Advice"),
    )  # fmt: skip
    assert good(report) == (4, 0, 0)
    first = event("1")
    assert (first.worker, first.site, first.service, first.is_video, first.state) == (cast.dora, Site.get(), advice, True, "booked")
    assert (first.starts_at, first.ends_at - first.starts_at) == (dt.datetime(2025, 3, 1, 14, 0, 30, tzinfo=dt.UTC),
                                                                  dt.timedelta(minutes=59, seconds=30))  # fmt: skip
    assert (place("1").individual, place("1").state, place("1").enrolment.external_id) == (cast.bob, "show", "e1")
    assert [(event(n).state, place(n).state) for n in "234"] == [
        ("cancelled_by_client", "late_cancelled"), ("cancelled_by_agency", "booked"), ("booked", "booked"),
    ]  # fmt: skip
    assert (place("4").enrolment.external_id, place("4").starts_at, place("2").enrolment) == ("e2", event("4").starts_at, None)
    assert (outbox(), cast.bob.id in sees(cast.dora)) == ([], True)
    entry = imported("event")[0]
    assert (entry.individual, entry.subject) == (cast.bob, f"event {first.id}")
    assert audit.values_of(entry)["after"]["starts_at"] == "2025-03-01T14:00+00:00"
    assert audit.verify() == []


@pytest.mark.parametrize(
    ("typed", "there"),
    [
        ("2026-01-05 14:30", "2026-01-05T18:30"), ("2025-07-05T14:30", "2025-07-05T17:30"), ("2026-01-05 2:30 pm", "2026-01-05T18:30"),
        ("2025-11-02 01:30", "2025-11-02T04:30"), ("2026-01-05T14:30+01:00", "2026-01-05T13:30"), ("1968-01-05 14:30", "1968-01-05T18:30"),
    ],
)  # fmt: skip
def test_a_time_without_a_zone_is_that_of_the_clock_at_the_site(take, at_nine, typed, there):
    good(take("events", EVENT, row(typed, "2026-06-30T12:00Z")))
    assert event().starts_at == dt.datetime.fromisoformat(f"{there}Z")


def test_a_site_that_is_in_another_zone_afterwards_moves_nothing_by_the_same_file(take, at_nine):
    good(take("sites", "external_id,name,time_zone", "w,West,America/Vancouver"))
    line = row("2026-01-05 14:30", "2026-01-05 15:30", site="Main Street")
    good(take("events", EVENT, line))
    with store.writing():
        Site.update(time_zone="Europe/London").where(Site.name == "Main Street").execute()
    assert good(take("events", EVENT, line)) == (0, 0, 1)
    assert good(take("events", EVENT, row("2026-01-05 14:30", "2026-01-05 15:30", site="w"))) == (0, 1, 0)
    assert event().starts_at == dt.datetime(2026, 1, 5, 22, 30, tzinfo=dt.UTC)


def test_an_end_that_is_only_a_time_of_day_is_on_the_day_of_the_start(take, at_nine):
    good(take("events", EVENT, row("2026-01-05 22:30", "11:20 pm")))
    assert event().ends_at - event().starts_at == dt.timedelta(minutes=50)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (row("2026-03-08 02:30", "2026-03-08 04:00"), "starts_at: The clocks are put forward that day: this time does not exist. "
         "Choose an earlier or a later one. (“2026-03-08 02:30”)"),
        (row("soon", "2026-03-08 04:00"), "starts_at: There is no such time. Times are written like 2001-12-31 14:30, "
         "2001-12-31T14:30:00Z. (“soon”)"),
        (row("2026-03-08 04:00", ""), "ends_at: There is no such time. Times are written like 2001-12-31 14:30, 2001-12-31T14:30:00Z."),
        (row("2026-03-08 04:00", "2026-03-08 04:00"), "ends_at: The end must be after the start. (“2026-03-08 04:00”)"),
        (row("2026-03-08 04:00", "2026-03-07 05:00"), "ends_at: The end must be after the start. (“2026-03-07 05:00”)"),
        (row("2026-06-30 04:00", "2026-07-01 09:01"), "ends_at: An appointment lasts at least a minute and at most a day. "
         "(“2026-07-01 09:01”)"),
        (row("1026-06-30T04:00Z", "2026-06-01 09:01"), "starts_at: Enter a year from 1900 to 2031. (“1026-06-30T04:00Z”)"),
        (row("2026-06-30T04:00Z", "2926-06-30T05:00Z"), "ends_at: Enter a year from 1900 to 2031. (“2926-06-30T05:00Z”)"),
        (row("2026-07-02 00:00", "2026-07-02 09:00", "show"), "state: Who came can be said from the day of the appointment on. (“show”)"),
        (row("2026-03-08 04:00", "2026-03-08 05:00", "gone"), "state: Write one of booked, show, no_show, cancelled_by_client, "
         "late_cancelled, cancelled_by_agency. (“gone”)"),
        (row("2026-03-08 04:00", "2026-03-08 05:00", who="nobody"), "individual: There is no client with this id. Import the clients "
         "first. (“nobody”)"),
        (row("2026-03-08 04:00", "2026-03-08 05:00", worker=""), "worker: Enter the worker."),
        (row("2026-03-08 04:00", "2026-03-08 05:00", worker="bob"), "worker: There is no worker with this id or e-mail address. Import "
         "the workers first. (“bob”)"),
        (row("2026-03-08 04:00", "2026-03-08 05:00", site="x"), "site: There is no site with this id or name. Import the sites first. "
         "(“x”)"),
        (row("2026-03-08 04:00", "2026-03-08 05:00", service="x"), "service: There is no service with this id or name. Import the "
         "services first. (“x”)"),
    ],
)  # fmt: skip
def test_an_appointment_that_cannot_be_is_named_with_row_and_column(take, at_nine, line, problem):
    assert said(take("events", EVENT, line, dry=True)) == [f"row 2, column {problem}"]


def test_what_is_over_may_have_lasted_for_days(take, at_nine):
    assert good(take("events", EVENT, row("2026-06-20 04:00", "2026-06-25 09:01", "show"))) == (1, 0, 0)


def test_an_appointment_of_several_people_is_refused_and_says_why(take, at_nine):
    rows = [row("2026-06-20 04:00", "2026-06-20 05:00", who=who) for who in ("alice", "bob")]
    assert said(take("events", EVENT, *rows)) == [
        "row 3, column external_id: Row 2 has the same id. Only appointments of one person can come from a file. (“1”)"
    ]


def test_what_is_ahead_is_with_a_worker_who_is_here_at_a_site_and_of_a_service_in_use(take, cast, advice, at_nine):
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.otto.id).execute()
        Service.update(is_in_use=False).execute()
        old = Site.create(name="Old", time_zone="America/Halifax", is_in_use=False, address="", phone="")
    rows = [at(hours, number=number, worker="otto", site="Old", service="a") for number, hours in ((1, 30), (2, -30))]
    assert said(take("events", EVENT, *rows)) == [
        "row 2, column worker: This worker has left. (“otto”)",
        "row 2, column site: Nobody is seen at this site any more. Choose another one. (“Old”)",
        "row 2, column service: This service is not offered any more. (“a”)",
    ]
    assert (good(take("events", EVENT, rows[1])), event("2").site) == ((1, 0, 0), old)


# ---------------------------------------------------------------- two at one time


def test_what_is_over_and_overlaps_is_marked_and_what_is_ahead_is_refused(take, cast, at_nine):
    report = take("events", EVENT, at(-30, number=1), at(-29.5, number=2, who="alice"), at(-29, number=3), at(-30, number=4, worker="otto"))
    assert (good(report), [event(n).is_overlapping for n in "1234"]) == ((4, 0, 0), [False, True, False, False])
    assert [note.split(":")[0] for note in noted(report)] == ["row 3, column starts_at"]
    there = events.book(events.Plan(cast.dora, NOW + dt.timedelta(hours=30), 50, Site.get(), [cast.alice]), cast.by("dora"))
    report = take("events", EVENT, at(30.5, number=5), at(40, number=6), at(40.5, number=7), at(-29.6, number=8), dry=True)
    assert said(report) == [
        "row 2, column starts_at: Dora Dunn has another appointment then: an appointment on 2026-07-02, from 15:00 to 15:50.",
        "row 4, column starts_at: Row 3 takes this worker's time already.",
    ]
    assert [note.split(",")[0] for note in noted(report)] == ["row 5"]
    events.cancel(there, cast.by("dora"), version=1)
    assert good(take("events", EVENT, at(30.5, number=5), at(40.5, number=6, state="cancelled_by_agency"), at(40, number=7))) == (3, 0, 0)


def test_two_appointments_change_places(take, at_nine):
    good(take("events", EVENT, at(30, number=1), at(31, number=2), at(32, number=3)))
    assert good(take("events", EVENT, at(31, number=1), at(30, number=2), at(32, number=3))) == (0, 2, 1)
    assert [event(n).starts_at for n in "12"] == [NOW + dt.timedelta(hours=hours) for hours in (31, 30)]
    assert said(take("events", EVENT, at(32, number=1))) == [
        "row 2, column starts_at: Dora Dunn has another appointment then: an appointment on 2026-07-02, from 17:00 to 17:50."
    ]


def test_a_time_that_is_taken_when_the_file_was_read_is_not_given_twice(staged, cast, at_nine):
    planner = staged("events", EVENT, at(30))
    events.book(events.Plan(cast.dora, NOW + dt.timedelta(hours=30), 50, Site.get(), [cast.alice]), cast.by("dora"))
    with pytest.raises(IntegrityError), store.writing():
        planner.write(SYSTEM)
    assert Event.select().count() == 1


# ---------------------------------------------------------------- what is sent


def test_what_a_file_brings_is_not_told_but_asked_for_where_that_hour_is_to_come(take, at_nine):
    good(take("events", EVENT, at(72, number=1), at(30, number=2), at(-30, number=3), at(90, number=4, state="cancelled_by_client")))
    assert outbox() == ["confirmation due 24"]
    delivery = Delivery.get(Delivery.kind == "event_confirmation")
    assert (delivery.individual, delivery.priority, delivery.expires_at) == (place("1").individual, 6, event("1").starts_at)
    assert EventMessage.get(EventMessage.delivery == delivery).attendance == place("1")


def test_a_file_that_moves_an_appointment_tells_it_and_asks_anew(take, cast, at_nine):
    good(take("events", EVENT, at(72)))
    attendances.confirm(place(), cast.by("bob"), "portal")
    assert good(take("events", EVENT, at(96))) == (0, 1, 0)
    assert (event().version, event().moved_from, place().starts_at) == (2, NOW + dt.timedelta(hours=72), NOW + dt.timedelta(hours=96))
    assert place().confirmed_at is None
    assert outbox() == ["confirmation cancelled 24", "moved due 0", "confirmation due 48"]
    told = EventMessage.select().join(Delivery).where(Delivery.kind == "event_moved").get()
    assert (told.was_at, told.starts_at) == (NOW + dt.timedelta(hours=72), NOW + dt.timedelta(hours=96))
    assert good(take("events", EVENT, at(96, worker="otto"))) == (0, 1, 0)
    assert (event().worker, event().version, len(outbox())) == (cast.otto, 3, 3)
    assert good(take("events", EVENT, at(-96, worker="otto"))) == (0, 1, 0)
    assert outbox()[1:] == ["moved cancelled 0", "confirmation cancelled 48"]


def test_a_file_that_cancels_an_appointment_cancels_it(take, at_nine):
    good(take("events", EVENT, at(72, number=1), at(80, number=2), at(-80, number=3)))
    gone = [at(72, number=1, state="cancelled_by_agency"), at(80, number=2, state="cancelled_by_client")]
    assert good(take("events", EVENT, *gone, at(-80, number=3, state="cancelled_by_agency"))) == (0, 3, 0)
    assert [event(n).state for n in "123"] == ["cancelled_by_agency", "cancelled_by_client", "cancelled_by_agency"]
    assert outbox() == ["confirmation cancelled 24", "confirmation cancelled 32", "cancelled due 0"]
    assert good(take("events", EVENT, at(72, number=1), gone[1])) == (0, 1, 1)
    assert (event("1").state, event("1").version) == ("booked", 3)
    assert outbox()[2:] == ["cancelled cancelled 0", "confirmation due 24"]


def test_who_came_is_said_later_and_put_right(take, at_nine):
    good(take("events", EVENT, at(-3)))
    assert good(take("events", EVENT, at(-3, state="show"))) == (0, 1, 0)
    assert (place().state, place().version, event().version) == ("show", 2, 1)
    assert good(take("events", EVENT, at(-3, state="no_show"))) == (0, 1, 0)
    assert (place().state, outbox()) == ("no_show", [])
    assert audit.values_of(imported("event")[-1])["before"] == {"place_state": "show"}


def test_switches_of_messages_hold_for_what_files_say(take, at_nine, decided):
    decided(event_confirmation=False, event_moved=False, event_cancelled=False)
    good(take("events", EVENT, at(72)))
    good(take("events", EVENT, at(96)))
    good(take("events", EVENT, at(96, state="cancelled_by_agency")))
    assert outbox() == []


# ---------------------------------------------------------------- by the rules of the pages


@pytest.fixture
def west(take):
    """A site in another zone."""
    good(take("sites", "external_id,name,time_zone", "w,West,America/Vancouver"))
    return Site.get(external_id="w")


def places(external_id="1"):
    return {each.individual.external_id: each for each in Attendance.select().where(Attendance.event == event(external_id))}


def add(who, cast):
    """Staff add somebody on the event's page."""
    event_people.add(event(), getattr(cast, who), cast.by("dora"), version=event().version)


def left(worker):
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == worker.id).execute()


def test_somebody_whom_staff_added_does_not_stop_a_file_that_says_the_same(take, cast, at_nine):
    good(take("events", EVENT, at(72)))
    add("alice", cast)
    assert good(take("events", EVENT, at(72))) == (0, 0, 1)
    assert len(said(take("events", EVENT, at(72, who="alice")))) == 1
    assert len(said(take("events", EVENT, at(72, who="pia")))) == 1


def test_what_a_file_moves_is_moved_for_everybody_who_comes(take, cast, advice, at_nine):
    good(take("events", EVENT, at(72)))
    add("alice", cast)
    enrolments.open(cast.alice, advice, None, dt.date(2024, 5, 1), SYSTEM)
    attendances.confirm(places()["alice"], cast.by("alice"), "portal")
    assert good(take("events", EVENT, at(96, service="a"))) == (0, 1, 0)
    hers = places()["alice"]
    assert (hers.starts_at, hers.confirmed_at, hers.enrolment.individual) == (NOW + dt.timedelta(hours=96), None, cast.alice)
    told = EventMessage.select().join(Delivery).where(Delivery.state == "due", EventMessage.starts_at == NOW + dt.timedelta(hours=96))
    assert {each.attendance.individual for each in told} == {cast.alice, cast.bob}
    assert [entry.individual for entry in imported("event")[1:]] == [cast.bob, cast.alice]


def test_one_of_several_who_cancels_leaves_the_appointment_to_the_others(take, cast, at_nine):
    good(take("events", EVENT, at(72)))
    add("alice", cast)
    assert good(take("events", EVENT, at(72, state="cancelled_by_client"))) == (0, 1, 0)
    assert (event().state, {who: each.state for who, each in places().items()}) == (
        "booked", {"bob": "cancelled_by_client", "alice": "booked"},
    )  # fmt: skip
    assert [entry.individual for entry in imported("event")[1:]] == [cast.bob]  # of whom it tells
    assert good(take("events", EVENT, at(72, state="cancelled_by_agency"))) == (0, 1, 0)
    assert (event().state, places()["bob"].state, places()["alice"].state) == ("cancelled_by_agency", "cancelled_by_client", "booked")
    assert [each.individual for each in Delivery.select().where(Delivery.kind == "event_cancelled")] == [cast.alice]


def test_somebody_else_who_is_marked_while_the_file_is_read_is_not_overlooked(take, cast, at_nine):
    good(take("events", EVENT, at(1)))
    add("alice", cast)

    def meanwhile(rows):
        attendances.mark(places()["alice"], "show", cast.by("dora"), version=1)

    assert said(take("events", EVENT, at(1, state="cancelled_by_agency"), progress=meanwhile)) == [STALE]
    assert event().state == "booked"


def test_a_start_that_the_file_changes_brings_its_end(take, cast, at_nine):
    good(take("events", EVENT, at(72)))
    for hours in (60, 120):
        events.move(event(), NOW + dt.timedelta(hours=hours), 90, cast.by("dora"), version=event().version)
        assert good(take("events", EVENT, at(96 + hours))) == (0, 1, 0)
        assert event().ends_at - event().starts_at == dt.timedelta(minutes=50)
    events.move(event(), NOW + dt.timedelta(hours=30), 90, cast.by("dora"), version=event().version)
    assert good(take("events", EVENT, at(216, minutes=40))) == (0, 1, 0)
    assert (event().starts_at, event().ends_at - event().starts_at) == (NOW + dt.timedelta(hours=216), dt.timedelta(minutes=40))


def test_an_appointment_that_would_last_for_more_than_a_day_where_it_is_now_is_refused(take, west, at_nine):
    good(take("events", EVENT, row("2026-07-04 10:00", "2026-07-05T16:30Z", site="w")))
    events.move(event(), event().starts_at, 60, SYSTEM, version=1, site=Site.get(name="Main Street"))
    assert said(take("events", EVENT, row("2026-07-04 10:00", "2026-07-05T16:00Z", site="w"))) == [
        "row 2, column ends_at: An appointment lasts at least a minute and at most a day. (“2026-07-05T16:00:00+00:00”)"
    ]


def test_a_time_is_that_of_the_clock_where_the_appointment_is_afterwards(take, cast, west, at_nine):
    with store.writing():
        Worker.update(site=west).where(Worker.id == cast.otto.id).execute()
    good(take("events", EVENT, row("2026-07-06 10:00", "2026-07-06 11:00")))
    assert event().starts_at.hour == 13
    assert good(take("events", EVENT, row("2026-07-06 10:00", "2026-07-06 11:00", worker="otto"))) == (0, 1, 0)
    assert (event().site, event().starts_at.hour, event().ends_at.hour) == (west, 17, 18)
    events.move(event(), event().starts_at, 60, SYSTEM, version=event().version, site=Site.get(name="Main Street"))
    assert good(take("events", EVENT, row("2026-07-06 09:00", "2026-07-06 10:00", worker="otto"))) == (0, 1, 0)
    assert (event().site.name, event().starts_at.hour) == ("Main Street", 12)


def test_a_worker_brings_their_site_only_where_the_row_names_none(take, cast, west, at_nine):
    with store.writing():
        Worker.update(site=west).where(Worker.id == cast.otto.id).execute()
    good(take("events", EVENT, at(72, site="Main Street")))
    events.move(event(), event().starts_at, 50, SYSTEM, version=1, site=west)
    assert good(take("events", EVENT, at(72, site="Main Street", worker="ines"))) == (0, 1, 0)
    assert (event().worker, event().site) == (cast.ines, west)


def test_what_staff_moved_stays_where_another_site_is_in_the_same_zone(take, cast, at_nine):
    good(take("sites", "external_id,name,time_zone", "n,North,America/Halifax"))
    good(take("events", EVENT, row("2026-07-06 10:00", "2026-07-06 11:00")))
    events.move(event(), NOW + dt.timedelta(hours=100), 50, cast.by("dora"), version=1)
    assert good(take("events", EVENT, row("2026-07-06 10:00", "2026-07-06 11:00", site="n"))) == (0, 1, 0)
    assert (event().site.name, event().starts_at) == ("North", NOW + dt.timedelta(hours=100))


def test_what_is_ahead_of_a_worker_who_left_is_refused_by_the_dry_run_too(take, cast, at_nine):
    good(take("events", EVENT, at(72)))
    left(cast.dora)
    assert said(take("events", EVENT, at(96), dry=True)) == ["row 2, column worker: This worker has left. (“dora”)"]
    assert good(take("events", EVENT, at(72))) == (0, 0, 1)
    assert good(take("events", EVENT, at(-72))) == (0, 1, 0)
    assert good(take("events", EVENT, at(72, number=2, worker="otto"))) == (1, 0, 0)
    events.move(event("2"), event("2").starts_at, 50, SYSTEM, version=1, worker=cast.ines)
    left(cast.ines)
    assert said(take("events", EVENT, at(96, number=2, worker="otto"), dry=True)) == [
        f"row 2, column worker: This worker has left. (“{cast.ines.name}”)"
    ]


def test_what_somebody_came_to_is_not_moved_into_the_future_and_who_missed_it_may_come(take, cast, at_nine):
    good(take("events", EVENT, at(-3)))
    attendances.mark(place(), "show", cast.by("dora"), version=1)
    assert said(take("events", EVENT, at(72), dry=True))[0].startswith(
        "row 2, column starts_at: Somebody came to this appointment: it can be corrected to a time that is over, but not be moved"
    )
    assert good(take("events", EVENT, at(-4))) == (0, 1, 0)
    attendances.mark(place(), "no_show", cast.by("dora"), version=2)
    assert good(take("events", EVENT, at(72))) == (0, 1, 0)
    assert (place().state, outbox()) == ("booked", ["moved due 0", "confirmation due 24"])
    assert audit.values_of(imported("event")[-1])["before"]["place_state"] == "no_show"


def test_others_who_missed_it_may_come_too_and_what_they_came_to_stays(take, cast, at_nine):
    good(take("events", EVENT, at(-3)))
    add("alice", cast)
    attendances.mark(places()["alice"], "show", cast.by("dora"), version=1)
    for line in (at(72), at(-3, state="cancelled_by_agency")):
        assert "Somebody came to this appointment" in said(take("events", EVENT, line, dry=True))[0]
    attendances.mark(places()["alice"], "no_show", cast.by("dora"), version=2)
    assert good(take("events", EVENT, at(72))) == (0, 1, 0)
    assert (places()["alice"].state, places()["alice"].version, outbox().count("moved due 0")) == ("booked", 4, 2)
    entry = AuditEntry.select().where(AuditEntry.kind == "attendance.changed").order_by(AuditEntry.id.desc()).first()
    assert (entry.individual, audit.values_of(entry)["after"]) == (cast.alice, "booked")


def test_what_somebody_came_to_or_cancelled_already_is_not_cancelled_by_a_file(take, cast, at_nine):
    good(take("events", EVENT, at(-3, number=1), at(72, number=2)))
    attendances.mark(place("1"), "show", cast.by("dora"), version=1)
    attendances.give_up(place("2"), cast.by("bob"))
    came = "Somebody came to this appointment, so it was not cancelled. Correct who came first."
    for state in ("cancelled_by_agency", "late_cancelled"):
        assert said(take("events", EVENT, at(-3, state=state), dry=True)) == [f"row 2, column state: {came} (“{state}”)"]
    assert good(take("events", EVENT, at(72, number=2, state="cancelled_by_agency"))) == (0, 0, 1)
    assert (event("2").state, place("2").state) == ("cancelled_by_client", "cancelled_by_client")
    assert not Delivery.select().where(Delivery.kind == "event_cancelled").exists()


def test_who_is_to_come_in_person_instead_of_a_video_call_is_asked_anew(take, cast, at_nine):
    good(take("events", EVENT, at(72) + "yes"))
    events.set_video(event(), "https://video.example/x", cast.by("dora"), is_video=True, version=1)
    attendances.confirm(place(), cast.by("bob"), "portal")
    assert good(take("events", EVENT, at(72) + "no")) == (0, 1, 0)
    assert (event().is_video, event().video_link, place().confirmed_at, place().confirmed_how) == (False, "", None, "")


def test_who_cancelled_by_a_file_has_confirmed_nothing_and_begins_anew_when_booked_again(take, cast, at_nine):
    good(take("events", EVENT, at(20)))
    attendances.confirm(place(), cast.by("bob"), "portal")
    attendances.tell(place(), "running_late", cast.by("bob"))
    assert good(take("events", EVENT, at(20, state="late_cancelled"))) == (0, 1, 0)
    assert (place().confirmed_at, set(attendances.said(place()))) == (None, {"running_late"})
    assert good(take("events", EVENT, at(20))) == (0, 1, 0)
    assert (place().state, attendances.said(place())) == ("booked", {})
    assert attendances.tell(place(), "running_late", cast.by("bob"))


def test_a_row_that_books_again_at_another_time_tells_it(take, cast, at_nine):
    good(take("events", EVENT, at(30)))
    good(take("events", EVENT, at(30, state="cancelled_by_client")))
    assert outbox() == []
    assert good(take("events", EVENT, at(40))) == (0, 1, 0)
    assert outbox() == ["moved due 0"]
    assert EventMessage.get().was_at == NOW + dt.timedelta(hours=30)


def test_the_same_in_other_words_changes_nothing(take, cast, advice, at_nine):
    good(take("events", EVENT, row("2026-07-06 10:00", "2026-07-06 11:00", site="Main Street", service="a")))
    events.move(event(), NOW + dt.timedelta(hours=100), 50, cast.by("dora"), version=1, worker=cast.otto)
    attendances.give_up(place(), cast.by("bob"))
    other = row("2026-07-06T13:00Z", "2026-07-06T14:00Z", "scheduled", worker="dora@example.org", site="Main Street", service="Advice")
    assert good(take("events", EVENT, f"{other}no")) == (0, 0, 1)
    assert (event().worker, event().state, event().starts_at) == (cast.otto, "cancelled_by_client", NOW + dt.timedelta(hours=100))
    assert good(take("events", EVENT, other.replace("scheduled", ""))) == (0, 0, 1)


def test_a_service_that_is_called_otherwise_and_nothing_for_no_change_nothing(take, cast, advice):
    row = "e1,bob,a,dora,2024-05-01,"
    good(take("enrolments", FILE, row))
    enrolments.assign(Enrolment.get(), cast.otto, [], SYSTEM, version=1)
    assert good(take("enrolments", FILE, row.replace(",a,dora", ",Advice,dora@example.org"))) == (0, 0, 1)
    take("services", OFFER, "b,,Other,,,no,,")
    with store.writing():
        Service.update(is_visible=True).where(Service.external_id == "b").execute()
    assert good(take("services", OFFER, "b,,Other,,,,,")) == (0, 0, 1)


def test_an_enrolment_that_a_file_opens_again_comes_without_the_workers_who_left(take, cast, advice):
    row = "e1,bob,a,dora,2024-05-01,"
    good(take("enrolments", FILE, row + "2024-06-01"))
    enrolments.assign(Enrolment.get(), cast.otto, [cast.ines, cast.finn], SYSTEM, version=1)
    for worker in (cast.otto, cast.ines):
        left(worker)
    assert good(take("enrolments", FILE, row)) == (0, 1, 0)
    assert (Enrolment.get().worker, enrolments.further_workers(Enrolment.get())) == (None, [cast.finn])
    entry = AuditEntry.select().where(AuditEntry.kind == "enrolment.assigned").order_by(AuditEntry.id.desc()).first()
    assert audit.values_of(entry)["after"] == {"worker": None, "others": [cast.finn.id]}
    good(take("enrolments", FILE, row + "2024-06-01"))
    enrolments.assign(Enrolment.get(), cast.dora, [], SYSTEM, version=Enrolment.get().version)
    left(cast.dora)
    assert said(take("enrolments", FILE, row, dry=True)) == ["row 2, column worker: This worker has left. (“dora”)"]


def test_a_service_gets_no_fewer_places_than_are_taken(take, cast, advice):
    for who in (cast.alice, cast.bob):
        enrolments.open(who, advice, None, dt.date(2024, 5, 1), SYSTEM)
    assert said(take("services", OFFER, "a,,Advice,,,yes,,1")) == [
        "row 2, column capacity: There cannot be fewer places than people who are in it: 2. (“1”)"
    ]
    assert good(take("services", OFFER, "a,,Advice,,,yes,,3")) == (0, 1, 0)


def test_a_place_that_is_taken_while_the_file_is_read_counts(cast, advice, staged):
    planner = staged("services", OFFER, "a,,Advice,,,yes,,1")
    for who in (cast.alice, cast.bob):
        enrolments.open(who, advice, None, dt.date(2024, 5, 1), SYSTEM)
    with pytest.raises(RuleBroken) as refused, store.writing():
        planner.write(SYSTEM)
    assert refused.value.message == STALE


def test_a_refusal_tells_of_an_appointment_only_who_may_see_it(take, cast, at_nine):
    events.book(events.Plan(cast.ines, NOW + dt.timedelta(hours=30), 50, Site.get(), [cast.eve]), cast.by("ines"))
    line, when = at(30, worker="ines"), "on 2026-07-02, from 15:00 to 15:50."
    assert said(take("events", EVENT, line, by=cast.by("otto"))) == [
        f"row 2, column starts_at: {cast.ines.name} is busy {when}"
    ]
    for who in ("ines", "ada"):
        assert said(take("events", EVENT, line, by=cast.by(who))) == [
            f"row 2, column starts_at: {cast.ines.name} has another appointment then: an appointment {when}"
        ]


@pytest.mark.parametrize(
    ("form", "typed"), [("%d.%m.%Y", "05.01.2026 14:30:00"), ("%m/%d/%Y", "01/05/2026 2:30:00 PM"), ("%m/%d/%Y", "01/05/2026 2:30 pm")]
)
def test_times_with_seconds_are_read_and_the_hint_names_the_forms_that_were_chosen(take, cast, tmp_path, at_nine, form, typed):
    mapping = dataclasses.replace(imports.find_mapping("events", "doorstep"), formats=(form,))
    for name, start in (("good", typed), ("bad", "5. Januar")):
        (tmp_path / name).write_text(f"{EVENT}\n{row(start, '15:00:00')}")
    report = imports.apply("events", tmp_path / "good", mapping, Choices())
    assert (good(report), event().starts_at, event().ends_at.hour) == ((1, 0, 0), dt.datetime(2026, 1, 5, 18, 30, tzinfo=dt.UTC), 19)
    hint = f"{dt.date(2001, 12, 31).strftime(form)} 14:30, 2001-12-31T14:30:00Z"
    assert f"Times are written like {hint}." in said(imports.check("events", tmp_path / "bad", mapping, Choices()))[0]


def test_an_appointment_is_at_some_site(take, at_nine):
    with store.writing():
        Site.update(is_main=False).execute()
    assert said(take("events", EVENT, at(72), dry=True)) == ["row 2, column site: Enter the site: the agency has no main one yet."]


def test_only_what_is_told_is_looked_at_again(take, cast, advice, at_nine):
    good(take("events", EVENT, at(30)))
    assert outbox() == []  # whoever knows of it is not asked so late
    assert good(take("events", EVENT, at(30, minutes=40, service="a"))) == (0, 1, 0)
    assert outbox() == []


def test_an_hour_that_the_clock_shows_twice_is_pointed_out(take, at_nine):
    line = row("2025-11-02 01:30", "2025-11-02 02:30")
    report = take("events", EVENT, line)
    assert good(report) == (1, 0, 0)
    assert noted(report) == [
        "row 2, column starts_at: The clock shows this time twice that day: the first one is meant. (“2025-11-02T01:30:00”)"
    ]
    assert noted(take("events", EVENT, line)) == []


def test_a_file_full_of_clashes_is_worded_in_lots_and_renews_its_lease(take, cast, at_nine, monkeypatch):
    monkeypatch.setattr(import_events, "TOLD_AT_ONCE", 2)
    told = []
    good(take("events", EVENT, *[at(30 + number, number=number) for number in range(5)]))
    report = take("events", EVENT, *[at(30 + number, number=f"b{number}") for number in range(5)], dry=True, progress=told.append)
    assert ([problem.row for problem in report.problems], told) == ([2, 3, 4, 5, 6], [5, 5, 5, 5])


# ---------------------------------------------------------------- repeated, beside others, killed


def test_what_staff_and_clients_changed_stays_until_the_file_says_something_else(take, cast, at_nine):
    good(take("events", EVENT, at(72)))
    events.move(event(), NOW + dt.timedelta(hours=100), 50, cast.by("dora"), version=1)
    attendances.give_up(place(), cast.by("bob"))
    assert good(take("events", EVENT, at(72))) == (0, 0, 1)
    assert (event().starts_at, event().state) == (NOW + dt.timedelta(hours=100), "cancelled_by_client")


def test_an_appointment_that_staff_change_while_the_file_is_read_is_not_overwritten(take, cast, at_nine):
    good(take("events", EVENT, at(72)))

    def meanwhile(rows):
        events.move(event(), NOW + dt.timedelta(hours=100), 50, cast.by("dora"), version=1)

    assert said(take("events", EVENT, at(96), progress=meanwhile)) == [STALE]
    assert (event().starts_at, ImportRow.select().count()) == (NOW + dt.timedelta(hours=100), 0)


@pytest.mark.only_sqlite
def test_what_an_import_needs_of_memory_is_given_back(take, at_nine):
    good(take("events", EVENT, at(72)))
    assert database.execute_sql("PRAGMA cache_size").fetchone()[0] == store.PRAGMAS["cache_size"]


def test_the_command_takes_them_too(take, cast, tmp_path):
    (tmp_path / "mine.csv").write_text(f"{EVENT}\n{at(-30)}\n{at(-30, number=2, who='alice')}")
    answer = CliRunner().invoke(import_command, ["events", str(tmp_path / "mine.csv")])
    assert (answer.exit_code, "2 rows: 2 new, 0 changed, 0 unchanged. Imported." in answer.output) == (0, True)
    assert "Note: row 3, column starts_at: It is over, and another appointment" in answer.output


def test_an_id_stays_with_its_client(take, at_nine):
    good(take("events", EVENT, at(72)))
    assert said(take("events", EVENT, at(72, who="alice"))) == [
        "row 2, column individual: This id is that of somebody else's appointment. (“alice”)"
    ]


_KILLED = """
import os, sys
from pathlib import Path
from domain import audit, import_settling, imports, store
store.open_database("sqlite:///" + sys.argv[1])
audit.use_key("k")
die = lambda *rest, **fields: os._exit(9)
if sys.argv[3] == "applying":
    audit.record = die
else:
    import_settling._audit = die
imports.apply("events", Path(sys.argv[2]), imports.find_mapping("events", "doorstep"), imports.Choices())
"""


@pytest.fixture
def agency_db(tmp_path):
    """A database in a file on the disk with a site, 100 workers and 2,000 clients."""
    store.open_database(f"sqlite:///{tmp_path / 'agency.db'}")
    schema.up()
    for keyed in (audit, limits):
        keyed.use_key("k")
    with store.connection():
        made = {
            "sites": ["external_id,name,time_zone", "s,North,America/Halifax"],
            "workers": ["external_id,first_name,last_name,site", *(f"w{n},First,Last{n},s" for n in range(100))],
            "individuals": ["external_id,first_name,last_name", *(f"c{n},First,Last{n}" for n in range(2000))],
        }
        for subject, lines in made.items():
            assert from_file(tmp_path, subject, lines).is_applied
        yield tmp_path


def from_file(folder, subject, lines):
    (folder / "file.csv").write_text("\n".join(lines))
    return imports.apply(subject, folder / "file.csv", imports.find_mapping(subject, "doorstep"), Choices(consent_email=False))


def many(rows, *, begin=None):
    """Appointments of 50 minutes, one in an hour and for a hundred workers at once; half of them are over."""
    begin = begin or clock.now().replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=rows // 200)
    for number in range(rows):
        start = begin + dt.timedelta(hours=number // 100)
        yield f"a{number:06},c{number % 2000},w{number % 100},s,,{start.isoformat()},{(start + dt.timedelta(minutes=50)).isoformat()},,"


@pytest.mark.parametrize("moment", ["applying", "settling"])
def test_a_killed_import_leaves_nothing_or_is_finished(agency_db, moment):
    file = agency_db / "events.csv"
    file.write_text("\n".join([EVENT, *many(300)]))
    environment = {**os.environ, "PYTHONPATH": str(SYNTHEA.parents[2])}
    command = [sys.executable, "-c", _KILLED, agency_db / "agency.db", file, moment]
    assert subprocess.run(command, env=environment, check=False, cwd=SYNTHEA.parents[2]).returncode == 9
    there = 0 if moment == "applying" else 300
    assert (Event.select().count(), Attendance.select().count()) == (there, there)
    imports.finish()
    report = imports.apply("events", file, imports.find_mapping("events", "doorstep"), Choices())
    assert (good(report), Event.select().count()) == ((300 - there, 0, there), 300)
    assert (len(imported("event")), ImportRow.select().count(), audit.verify()) == (300, 0, [])


def _measured(folder, rows):
    """Take in so many, twice; the seconds of the first time, and how long the lock was held."""
    lines = [EVENT, *many(rows)]
    began = time.monotonic()
    report = from_file(folder, "events", lines)
    seconds = time.monotonic() - began
    print(f"{rows} rows: {seconds:.1f} s, lock held {report.seconds_locked:.2f} s")
    assert good(report) == (rows, 0, 0)
    assert good(from_file(folder, "events", lines)) == (0, 0, rows)
    return seconds, report.seconds_locked


@pytest.mark.long
def test_twenty_thousand_appointments_hold_up_nobody(agency_db):
    _, locked = _measured(agency_db, 20_000)
    assert locked <= 1.5
    assert EventMessage.select().count() > 4_500


@pytest.mark.soak
def test_the_appointments_of_a_large_agency_come_in_within_five_minutes(agency_db):
    seconds, locked = _measured(agency_db, 100_000)
    assert seconds <= 300
    assert locked <= 5
