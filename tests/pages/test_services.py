"""Services, groups and enrolments on the pages of staff (spec 06)."""

import datetime as dt

import pytest

from domain import agency, enrolments, services
from models import Enrolment, Group, Participant, RosterEntry, Service, ServiceWorker

pytestmark = pytest.mark.usefixtures("cast")
TYPED = {"name": "Counselling", "client_name": "Talking", "minutes": "50", "capacity": "2"}


@pytest.fixture
def counselling(cast):
    """A hidden service with two groups, one of them for one person."""
    made = services.add(services.Details("Counselling"), "case", cast.by("ines"))
    services.add_group(made, services.GroupDetails("Evening", capacity=1), cast.by("ines"))
    services.add_group(made, services.GroupDetails("Morning"), cast.by("ines"))
    return made


def enrol(cast, service, name, worker=None):
    return enrolments.open(getattr(cast, name), service, worker, agency.today(), cast.by("ines"))


def test_a_service_is_added_and_changed(browse):
    ines = browse("ines")
    ines.open("/admin/")
    assert "No services yet" in ines.open(ines.page.links["Services"])
    ines.open("/admin/services/new")
    page = ines.press("Save", {**TYPED, "minutes": "four"})
    assert page.problems == ["Enter minutes from 5 to 480."]
    assert page.form("Save").values["minutes"] == "four"
    page = ines.press("Save", {"minutes": "45", "kind": "informal"})
    assert "Clients do not see it yet." in page
    made = Service.get()
    assert (made.kind, made.minutes, made.capacity, made.client_name, made.is_visible) == ("informal", 45, 2, "Talking", False)
    ines.open(page.links["Edit"])
    assert "kind" not in ines.page.form("Save").names
    assert "no limit" in ines.press("Save", {"capacity": "", "is_in_use": False})
    assert "not in use" in ines.open("/admin/services/").main


def test_whoever_saves_second_is_told(browse, cast, counselling):
    ines = browse("ines")
    ines.open(f"/admin/services/{counselling.public_id}/edit")
    services.change(counselling, services.Details("Talking"), cast.by("ines"), version=1)
    page = ines.press("Save", {"name": "Speaking"})
    assert page.status == 422
    assert "saved now: Talking" in page.text
    assert Service.get().name == "Talking"


def test_showing_a_service_warns_of_its_groups_and_is_stale_when_these_are_others(browse, cast, counselling):
    ines = browse("ines")
    page = ines.open(f"/admin/services/{counselling.public_id}/visibility")
    assert "2 groups change along" in page
    assert "Evening" in page.main
    assert "Morning" in page.main
    services.add_group(counselling, services.GroupDetails("Late"), cast.by("ines"))
    page = ines.press("Yes, show it")
    assert page.heading == "Show it to clients?"
    assert not Service.get().is_visible
    assert "3 groups change along" in page
    assert "Clients see it now." in ines.press("Yes, show it")
    enrol(cast, counselling, "alice")
    enrol(cast, counselling, "bob")
    assert "2 people are enrolled." in ines.open(f"/admin/services/{counselling.public_id}/visibility")
    assert {Service.get().is_visible, *(group.is_visible for group in Group.select())} == {True}
    late = Group.get(Group.name == "Late")
    ines.open(f"/admin/groups/{late.public_id}/edit")
    ines.press("Save", {"is_visible": False})
    assert not Group.get_by_id(late.id).is_visible
    assert "2 groups change along" in ines.open(f"/admin/services/{counselling.public_id}/visibility")


def test_who_works_there_is_ticked(browse, cast, counselling):
    ines = browse("ines")
    ines.open(f"/admin/services/{counselling.public_id}/staff")
    page = ines.press("Save", {f"w_{cast.dora.public_id}": True})
    assert cast.dora.name in page.main
    ines.open(f"/admin/services/{counselling.public_id}/staff")
    ines.press("Save", {f"w_{cast.dora.public_id}": False, f"w_{cast.otto.public_id}": True})
    assert [row.worker for row in ServiceWorker.select()] == [cast.otto]


def test_a_group_takes_who_is_found_until_it_is_full_and_again_when_somebody_leaves(browse, cast, counselling):
    evening = Group.get(Group.name == "Evening")
    here, ines, other = f"/admin/groups/{evening.public_id}/", browse("ines"), browse("ines")
    for each in (ines, other):
        each.open(here + "?q=" + ("alice" if each is ines else "bob"))
    page = ines.press(f"Add {cast.alice.legal_name}")
    assert "1 of 1 places taken" in page
    assert "It is full." in page
    assert "This group is full." in other.press(f"Add {cast.bob.legal_name}")
    assert [entry.individual for entry in RosterEntry.select()] == [cast.alice]
    page = ines.press(f"{cast.alice.legal_name} leaves the group")
    assert "Nobody yet." in page
    assert RosterEntry.get().left_on == agency.today()
    assert "Nobody else found" in ines.open(here + "?q=xylophonist")


def test_a_client_is_enrolled_given_workers_and_closed_and_opened_again(browse, cast, counselling):
    ines = browse("ines")
    page = ines.open(f"/admin/individuals/{cast.bob.public_id}/")
    page = ines.open(next(href for href in page.hrefs if href.endswith("/enrolments/")))
    assert "Not enrolled in anything" in page
    ines.open(page.links["Enrol them in a service"])
    assert ines.press("Enrol them").problems == ["Choose a service."]
    page = ines.press("Enrol them", {"service": counselling.public_id, "worker": cast.otto.public_id})
    assert (page.heading, cast.otto.name in page.main) == ("Counselling", True)
    page = browse("otto").open(f"/admin/individuals/{cast.bob.public_id}/")  # who sees the record now
    assert page.status == 200
    ines.open(ines.page.links["Change workers"])
    ines.press("Save", {"worker": cast.dora.public_id, f"w_{cast.ines.public_id}": True})
    assert browse("otto").open(f"/admin/individuals/{cast.bob.public_id}/").status == 404
    ines.open(ines.page.links["Close it"])
    day = agency.today() - dt.timedelta(days=3)
    page = ines.press("Close it", {"closed_on-day": str(day.day), "closed_on-month": str(day.month), "closed_on-year": str(day.year)})
    assert page.problems == ["It began after that day."]
    today = agency.today()
    page = ines.press("Close it", {"closed_on-day": str(today.day), "closed_on-month": str(today.month), "closed_on-year": str(today.year)})
    assert "The enrolment is closed." in page
    assert "The enrolment is open again." in ines.press("Open it again")
    assert Enrolment.get().closed_on is None


def test_who_closes_an_enrolment_reads_of_the_appointments_ahead_that_stay(browse, cast, counselling, book):
    file, other = enrol(cast, counselling, "bob"), services.add(services.Details("Other"), "case", cast.by("ines"))
    here = f"/admin/individuals/{cast.bob.public_id}/enrolments/{file.public_id}/closing"
    ines = browse("ines")
    assert "ahead" not in ines.open(here).main
    group = Group.get(Group.name == "Evening")
    for hours, more in ((24, {"service": counselling}), (48, {"group": group}), (72, {"service": other}), (-24, {"service": counselling})):
        book(hours, who=("bob",), **more)
    page = ines.open(here)
    assert "2 appointments of this service are ahead. They stay booked." in page
    assert page.links["All appointments"] == f"/admin/individuals/{cast.bob.public_id}/events"


def test_who_takes_part_is_found_and_removed_and_whom_a_reader_may_not_see_is_counted(browse, cast, counselling):
    file = enrol(cast, counselling, "alice", cast.dora)
    here = f"/admin/individuals/{cast.alice.public_id}/enrolments/{file.public_id}/"
    ines = browse("ines")
    ines.open(here + "participants?q=" + cast.bob.first_name)
    page = ines.press(f"Add {cast.bob.legal_name}")
    assert cast.bob.legal_name in page.main
    seen = browse("dora").open(here)
    assert "one person whom you may not see" in seen
    assert cast.bob.legal_name not in seen
    assert seen.buttons == []
    ines.press(f"{cast.bob.legal_name} takes part no more")
    assert Participant.select().count() == 0


def test_a_worker_of_the_caseload_reads_enrolments_and_changes_none(browse, cast, counselling):
    file = enrol(cast, counselling, "alice", cast.dora)
    dora = browse("dora")
    page = dora.open(f"/admin/individuals/{cast.alice.public_id}/enrolments/")
    assert "Enrol them in a service" not in page.links
    assert "Services" not in page.links
    here = f"/admin/individuals/{cast.alice.public_id}/enrolments/{file.public_id}/"
    assert dora.open(here).status == 200
    for path in ("/admin/services/", here + "closing", here + "workers", here + "participants"):
        assert dora.open(path).status == 404


def test_the_list_of_a_service_is_paged_and_names_whom_its_reader_may_see(browse, cast, counselling):
    for number in range(22):
        enrolments.open(cast.person(f"Nora {number:02}", "North"), counselling, None, agency.today(), cast.by("ines"))
    page = browse("ines").open(f"/admin/services/{counselling.public_id}/")
    assert "22 people are enrolled." in page
    assert page.main.count("North") == 20
    assert "Next" in page.links


def test_the_history_of_a_client_says_it_in_words(browse, cast, counselling):
    file = enrol(cast, counselling, "alice", cast.dora)
    enrolments.assign(file, cast.otto, [], cast.by("ines"), version=1)
    enrolments.close(file, agency.today(), cast.by("ines"), version=2)
    page = browse("ada").open(f"/admin/individuals/{cast.alice.public_id}/history")
    for sentence in ("Enrolled in a service", "The workers of an enrolment changed", "Enrolment closed"):
        assert sentence in page.main
    assert "others" not in page.main
