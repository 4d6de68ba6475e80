"""My Services, as a client sees it (spec 06)."""

import datetime as dt

import pytest

from domain import agency, clock, enrolments, events, services, settings, store
from domain.actor import SYSTEM
from models import Attendance, Enrolment, RosterEntry, Service, Worker, WorkerPhoto

pytestmark = pytest.mark.usefixtures("cast")


def shown(cast, name, *, is_visible=True, **more):
    made = services.add(services.Details(name, **more), "case", cast.by("ines"))
    services.show(made, cast.by("ines"), is_visible=is_visible, version=1, warned_of=())
    enrolments.open(cast.alice, made, cast.dora, agency.today() - dt.timedelta(days=30), cast.by("ines"))
    return Service.get_by_id(made.id)


def book(cast, service, days, state="booked"):
    at = clock.now() + dt.timedelta(days=days, minutes=service.id)
    event = events.book(events.Plan(cast.dora, at, 1, agency.main_site(), [cast.alice], service), cast.by("dora"))
    with store.writing():
        Attendance.update(state=state).where(Attendance.event == event).execute()
    return Attendance.get(Attendance.event == event)


def test_home_leads_there_and_says_what_will_be_there(browse):
    alice = browse("alice")
    page = alice.open("/")
    assert "/my-services/" in page.hrefs
    page = alice.open("/my-services/")
    assert "Nothing here yet" in page
    assert "/pages/help/my-services" in page.hrefs
    assert "Nothing yet" in alice.open("/my-services/timeline")


def test_a_client_reads_of_their_service_by_its_own_name_and_follows_it_to_the_next_appointment(browse, cast):
    counselling = shown(cast, "Trauma unit", client_name="Talking", client_description="An hour\nfor you.", shows_names=True)
    place = book(cast, counselling, 2)
    book(cast, counselling, -2, "show")
    enrolments.take_part(Enrolment.get(), [cast.sam], cast.by("ines"), version=1)
    with store.writing():
        Worker.update(display_name="Dora R.", description="In on Mondays.").where(Worker.id == cast.dora.id).execute()
    alice = browse("alice")
    page = alice.open("/my-services/")
    for words in ("Talking", "An hour for you.", "Attended 1 appointment", "Coming 1 appointment", cast.sam.called, "Dora R.", "In on Mondays."):
        assert words in page.main
    assert "Trauma" not in page
    assert alice.open(next(href for href in page.hrefs if href == f"/calendar/{place.public_id}")).status == 200


@pytest.mark.parametrize("is_shown", [True, False])
def test_the_workers_photo_is_there_where_the_agency_says_so(browse, cast, is_shown):
    shown(cast, "Counselling")
    settings.change("worker_photos", "1" if is_shown else "0", SYSTEM)
    with store.writing():
        small, _ = (WorkerPhoto.create(worker=cast.dora, kind=kind, content_type="image/webp", width=9, height=9, body=b"a face")
                    for kind in ("small", "large"))  # fmt: skip
    assert (f"/photos/{small.public_id}" in browse("alice").open("/my-services/").html) is is_shown


def test_a_hidden_service_is_nowhere(browse, cast):
    secret = shown(cast, "Secret unit", is_visible=False)
    other = shown(cast, "Counselling")
    book(cast, secret, 2)
    book(cast, secret, -2, "show")
    enrolments.close(Enrolment.get(Enrolment.service == secret), agency.today(), cast.by("ines"), version=1)
    alice = browse("alice")
    for path in ("/", "/my-services/", "/my-services/timeline"):
        assert "Secret" not in alice.open(path)
        assert secret.public_id not in alice.page.html
    assert "You attended" not in alice.page
    assert alice.open(f"/my-services/timeline?service={secret.public_id}").status == 404
    assert alice.open("/my-services/timeline?service=nothing").status == 404
    assert alice.open(f"/my-services/timeline?service={other.public_id}").status == 200


def test_a_group_stands_under_its_service_or_by_itself_and_a_hidden_one_nowhere(browse, cast):
    by = cast.by("ines")
    counselling = shown(cast, "Counselling")
    hidden = services.add(services.Details("Secret unit"), "case", by)
    for service, name, is_visible in ((counselling, "Tuesdays", True), (hidden, "Open table", True), (hidden, "Canary circle", False)):
        group = services.add_group(service, services.GroupDetails(name, is_visible=is_visible), by)
        entry = enrolments.join(group, cast.alice, agency.today() - dt.timedelta(days=9), by)
        plan = events.Plan(cast.dora, clock.now() - dt.timedelta(days=2, minutes=2 * group.id), 1, agency.main_site(), [cast.alice], service, group)
        place = Attendance.get(Attendance.event == events.book(plan, cast.by("dora")))
        with store.writing():
            Attendance.update(state="show").where(Attendance.id == place.id).execute()
    alice = browse("alice")
    page = alice.open("/my-services/")
    assert "Groups Tuesdays" in page.main
    assert "Open table Since" in page.main
    assert not any(word in page.html for word in ("Canary", "Secret"))
    page = alice.open("/my-services/timeline")
    assert (page.main.count("You joined"), page.main.count("You attended")) == (3, 2)
    assert not any(word in page.html for word in ("Canary", "Secret"))
    enrolments.leave(RosterEntry.get(RosterEntry.id < entry.id, RosterEntry.group.in_(hidden.groups)), agency.today(), by)
    assert "Open table" not in alice.open("/my-services/")
    assert "It ended" in alice.open("/my-services/timeline")


def test_what_ended_stands_below_and_what_happened_can_be_narrowed(browse, cast):
    counselling, housing = (shown(cast, name) for name in ("Counselling", "Housing"))
    place = book(cast, counselling, -2, "show")
    enrolments.close(Enrolment.get(Enrolment.service == housing), agency.today(), cast.by("ines"), version=1)
    alice = browse("alice")
    page = alice.open("/my-services/")
    assert page.main.index("Counselling") < page.main.index("Earlier") < page.main.index("Housing")
    page = alice.open(page.links["What happened so far"])
    order = [page.main.index(words) for words in ("It ended", "You attended", "You joined")]
    assert order == sorted(order)
    assert f"/calendar/{place.public_id}" in page.hrefs
    page = alice.open(f"/my-services/timeline?service={housing.public_id}")
    assert "You attended" not in page
    assert "It ended" in page


def test_what_was_in_a_service_is_found_whatever_became_of_it_and_after_it_ended(browse, cast):
    counselling, housing, talking = (shown(cast, name) for name in ("Counselling", "Housing", "Talking"))
    book(cast, counselling, -2, "no_show")
    book(cast, housing, -2, "show")
    for service in (housing, talking):
        enrolments.close(Enrolment.get(Enrolment.service == service), agency.today(), cast.by("ines"), version=1)
    hrefs = browse("alice").open("/my-services/").hrefs
    for service, is_there in ((counselling, True), (housing, True), (talking, False)):
        assert (f"/calendar/history?service={service.public_id}" in hrefs) is is_there


def test_a_long_timeline_is_paged_and_keeps_its_filter(browse, cast):
    counselling = shown(cast, "Counselling")
    shown(cast, "Housing")
    for number in range(25):
        book(cast, counselling, -1 - number, "show")
    alice = browse("alice")
    page = alice.open(f"/my-services/timeline?service={counselling.public_id}")
    assert page.main.count("You attended") == 20
    page = alice.open(page.links["Next"])
    assert (page.main.count("You attended"), page.main.count("You joined"), "Next" in page.links) == (5, 1, False)
