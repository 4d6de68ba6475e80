"""The schedule: booked from it and from a record, moved, cancelled, who came, and what was said by phone."""

import datetime as dt

import pytest
from pages.conftest import born

from domain import attendances, clock, enrolments, events, services, store, wall_clock
from domain.actor import SYSTEM
from domain.events import Plan
from models import (
    Attendance,
    AuditEntry,
    Event,
    ServiceWorker,
    Site,
    Task,
    Worker,
)

pytestmark = pytest.mark.usefixtures("cast")

SCHEDULE = "/admin/schedule/"
ZONE = "America/Halifax"


def day(ahead=3):
    return clock.today(ZONE) + dt.timedelta(days=ahead)


def at(hour, ahead=3, minute=0):
    return wall_clock.moment(ZONE, day(ahead), dt.time(hour, minute)).at


@pytest.fixture
def book(cast):
    """Books for Alice with Dora at ten in three days, or what is said."""

    def booked(hour=10, ahead=3, worker=None, who=("alice",), minutes=50, **more):
        people = [getattr(cast, name) for name in who]
        return events.book(Plan(worker or cast.dora, at(hour, ahead), minutes, Site.get(), people, **more), cast.by("ada"))

    return booked


@pytest.fixture
def counselling(cast):
    """A service of 80 minutes in which Alice is, with a group of Alice and Bob."""
    service = services.add(services.Details("Counselling", minutes=80), "case", SYSTEM)
    with store.writing():
        ServiceWorker.create(service=service, worker=cast.dora)
    enrolments.open(cast.alice, service, cast.dora, dt.date(2026, 1, 1), SYSTEM)
    group = services.add_group(service, services.GroupDetails("Evenings"), SYSTEM)
    for person in (cast.alice, cast.bob):
        enrolments.join(group, person, dt.date(2026, 1, 1), SYSTEM)
    return service


def when(hour="10:00", ahead=3, **more):
    return {**born(day(ahead), "date"), "time": hour, **more}


def of(event):
    return f"/admin/events/{event.public_id}/"


def place(event, person):
    return Attendance.get(Attendance.event == event, Attendance.individual == person)


# ---------------------------------------------------------------- booked


def test_dora_books_from_the_record_of_somebody_she_follows(cast, browse, counselling):
    dora = browse("dora")
    dora.open(f"/admin/individuals/{cast.alice.public_id}/")
    dora.open(dora.page.links["Book an appointment"])
    assert dora.page.form("Book").values["service"] == counselling.public_id
    page = dora.press("Book", when("10:00"), by_phone=True)
    event = Event.get()
    assert page.path == of(event)
    assert (event.worker, event.service, event.starts_at, event.ends_at) == (cast.dora, counselling, at(10), at(11, minute=20))
    assert place(event, cast.alice).enrolment == cast.alice.enrolments.get()
    assert "Booked for" in page
    assert "Alice Archer" in page
    assert "Counselling" in page
    entry = AuditEntry.get(AuditEntry.kind == "event.booked")
    assert entry.worker == cast.dora


def test_from_the_schedule_somebody_is_searched_for_and_one_more_added(cast, browse):
    ada = browse("ada")
    ada.open(SCHEDULE)
    ada.open(next(href for href in ada.page.hrefs if "/schedule/new?" in href))
    ada.press("Search", q="alice")
    ada.open(next(href for href in ada.page.hrefs if cast.alice.public_id in href))
    ada.open(ada.page.links["Add somebody else who comes"])
    ada.press("Search", q="bob")
    ada.open(next(href for href in ada.page.hrefs if cast.bob.public_id in href))
    ada.press("Book", when("16:15", minutes="30", worker=cast.otto.public_id, way="video", video_link="https://video.example/x"))
    event = Event.get()
    assert {each.individual for each in event.attendances} == {cast.alice, cast.bob}
    assert (event.worker, event.is_video, event.video_link) == (cast.otto, True, "https://video.example/x")
    assert event.ends_at == at(16, minute=45)


def test_dora_finds_only_those_whom_she_may_see_and_books_for_herself_only(cast, browse):
    dora = browse("dora")
    assert "Nobody found" in dora.open("/admin/schedule/new?q=bob")
    assert dora.open(f"/admin/schedule/new?individual={cast.bob.public_id}").status == 404
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    form = dora.page.form("Book")
    assert "worker" not in form.names
    page = dora.send("/admin/schedule/new", {**form.filled(when()), "individual": cast.bob.public_id})
    assert (page.status, Event.select().count()) == (422, 0)
    page = dora.send("/admin/schedule/new", {**form.filled(when()), "worker": cast.otto.public_id, "form_id": "a" * 22})
    assert (page.status, Event.select().count()) == (422, 0)
    assert "Choose one of the list." in str(page.problems)


def test_the_roster_of_a_group_comes_along_and_who_may_not_be_seen_is_no_name(cast, browse, counselling):
    dora = browse("dora")
    dora.open("/admin/schedule/new")
    dora.open(dora.page.links["A group, and nobody else"])
    group = counselling.groups.get()
    page = dora.press("Book", when(group=group.public_id))
    event = Event.get()
    assert {each.individual for each in event.attendances} == {cast.alice, cast.bob}
    assert (event.group, event.ends_at - event.starts_at) == (group, dt.timedelta(minutes=80))
    assert "Bob Brook" in page  # who comes to an event of hers is hers to see
    otto = browse("otto")
    assert "A group, and nobody else" not in otto.open("/admin/schedule/new")


def test_a_taken_time_is_explained_without_a_name(cast, browse, book):
    book(10, who=("bob",), worker=cast.otto)
    finn = browse("finn")
    finn.open(f"/admin/schedule/new?individual={cast.alice.public_id}&worker={cast.otto.public_id}")
    page = finn.press("Book", when("10:30"))
    assert page.status == 422
    [told] = page.problems
    assert told.startswith("Otto Oak has another appointment then: an appointment on ")
    assert "from 10:00" in told
    assert "Bob" not in page.main
    assert page.form("Book").values["time"] == "10:30"


def test_that_a_client_is_somewhere_else_is_a_warning_that_can_be_gone_past(cast, browse, book):
    book(10, worker=cast.otto)
    dora = browse("dora")
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    page = dora.press("Book", when("10:30"))
    assert page.status == 422
    assert any("Alice Archer has another appointment then: with Otto Oak" in each for each in page.problems)
    dora.press("Book", anyway=True)
    assert Event.select().where(Event.worker == cast.dora).count() == 1


@pytest.mark.parametrize(("date", "hour", "told"), [
    (dt.date(2026, 3, 8), "02:30", "this time does not exist"), (dt.date(2026, 11, 1), "01:30", "The clock shows this time twice"),
])  # fmt: skip
def test_a_time_that_the_clocks_leave_out_is_refused_and_one_that_is_twice_is_the_first(cast, browse, date, hour, told):
    dora = browse("dora")
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    page = dora.press("Book", {**born(date, "date"), "time": hour})
    assert told in page.main
    assert [event.starts_at.hour for event in Event.select()] == ([] if "exist" in told else [4])


@pytest.mark.parametrize(("wrong", "told"), [
    ({"time": "noon"}, "Enter the time, such as 14:30."), ({"time": ""}, "Enter the time, such as 14:30."),
    ({"minutes": "long"}, "Enter how many minutes it takes, such as 50."), ({"minutes": "0"}, "An appointment lasts at least a minute"),
    ({"date-day": "32"}, "This date does not exist."), ({"date-year": "9999"}, f"Enter a year from 1970 to {clock.now().year + 5}."),
    ({"video_link": "https://video.example/x"}, "Choose “By video”"), ({"way": "video", "video_link": "http://x"}, "It begins with https://"),
])  # fmt: skip
def test_what_is_typed_wrongly_is_said_beside_it_and_kept(cast, browse, wrong, told):
    dora = browse("dora")
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    page = dora.press("Book", {**when(), **wrong})
    assert page.status == 422
    assert any(told in each for each in page.problems)
    assert wrong.items() <= page.form("Book").values.items()
    assert not Event.select().exists()


def test_a_form_that_is_sent_twice_books_once(cast, browse):
    dora = browse("dora")
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    values = dora.page.form("Book").filled(when())
    for _ in range(2):
        dora.send("/admin/schedule/new", values)
    assert Event.select().count() == 1


# ---------------------------------------------------------------- looked at


def test_the_week_and_the_day_name_the_zone_and_lead_on(cast, browse, book, frozen):
    frozen("2026-03-03 15:00")
    book(10, who=("alice",))
    book(14, who=("bob",))
    dora = browse("dora")
    page = dora.open(f"{SCHEDULE}?date={day()}")
    assert "Times are those of Atlantic Time." in page
    assert "10:00–10:50" in page
    assert "Alice Archer" in page
    assert "Bob Brook" in page  # booked with Dora, so hers to see
    assert "10:00–10:50" in dora.open(page.links["One day"])  # the one that was asked for, and not the week's first
    assert "10:00–10:50" not in dora.open(dora.page.links["Day after"])
    assert "10:00–10:50" in dora.open(dora.page.links["Day before"])


def test_others_are_seen_with_the_right_only(cast, browse, book):
    event = book(10, worker=cast.otto, who=("bob",))
    for query in (f"worker={cast.otto.public_id}", f"site={Site.get().public_id}", "worker=nobody", "site=nowhere"):
        assert browse("dora").open(f"{SCHEDULE}?date={day()}&{query}").status == 404
        assert browse("ines").open(f"{SCHEDULE}?date={day()}&{query}").status == 404
    assert browse("dora").open(of(event)).status == 404
    finn = browse("finn")
    for query in (f"worker={cast.otto.public_id}", f"site={Site.get().public_id}", f"site={Site.get().public_id}&view=day"):
        page = finn.open(f"{SCHEDULE}?date={day()}&{query}")
        assert "Bob Brook" in page
        assert "10:00–10:50" in page


def test_to_whoever_sees_the_own_caseload_only_others_are_busy(cast, browse, book, decided):
    from models import SecurityClass

    with store.writing():
        Worker.update(security_class=SecurityClass.create(name="Rota", rights="manage_schedule_of_others")).where(
            Worker.id == cast.dora.id
        ).execute()
    book(10, worker=cast.otto, who=("bob",))
    both = book(12, worker=cast.otto, who=("alice", "bob"))
    page = browse("dora").open(f"{SCHEDULE}?date={day()}&worker={cast.otto.public_id}")
    assert "Busy" in page
    assert "Bob" not in page
    assert "Alice Archer and one more" in page
    page = browse("dora").open(of(both))
    assert "One more person, whom you may not see." in page
    assert "Bob" not in page
    assert "worker" not in browse("dora").open(f"{of(both)}move").form("Move").names


def test_what_was_imported_beside_another_is_marked(cast, browse, book):
    event = book(10, ahead=-3)
    with store.writing():
        Event.update(is_overlapping=True).where(Event.id == event.id).execute()
    assert "overlaps" in browse("dora").open(f"{SCHEDULE}?date={day(-3)}")


@pytest.mark.parametrize("query", ["date=2026-13-01", "date=x", "date=9999-12-31", "date=0001-01-01", "view=year", "date=" + "9" * 5000])
def test_nonsense_in_the_address_is_this_week(browse, query):
    assert browse("dora").open(f"{SCHEDULE}?{query}").status == 200


def test_today_tells_of_today_and_tomorrow(cast, browse, book, frozen):
    frozen(wall_clock.moment(ZONE, dt.date(2026, 6, 2), dt.time(8)).at)
    book(10, ahead=0)
    book(11, ahead=1, who=("bob",))
    book(12, ahead=2, who=("pia",))
    page = browse("dora").open("/admin/")
    assert "10:00 to 10:50" in page
    assert "Tomorrow" in page
    assert "Bob Brook" in page
    assert "Pia" not in page


def test_a_record_tells_what_is_planned_and_leads_to_all(cast, browse, book):
    book(10)
    book(9, ahead=-5)
    ines = browse("ines")
    page = ines.open(f"/admin/individuals/{cast.alice.public_id}/")
    assert "Dora Dunn" in page
    page = ines.open(page.links["All appointments"])
    assert len([href for href in page.hrefs if href.startswith("/admin/events/")]) == 2


# ---------------------------------------------------------------- changed


def test_dora_moves_and_a_second_form_is_stale(cast, browse, book):
    event = book(10)
    dora, again = browse("dora"), browse("ada")
    for who in (dora, again):
        who.open(of(event))
        who.open(who.page.links["Move"])
    assert dora.page.form("Move").values["time"] == "10:00"
    dora.press("Move", time="13:00", minutes="30")
    now = Event.get()
    assert (now.starts_at, now.ends_at) == (at(13), at(13, minute=30))
    page = again.press("Move", time="15:00")
    assert page.status == 422
    assert any("saved now: 13:00" in each for each in page.problems)
    again.press("Move", time="15:00", worker=cast.otto.public_id)
    assert (Event.get().starts_at, Event.get().worker) == (at(15), cast.otto)


def test_a_move_onto_something_else_is_refused_and_explained(cast, browse, book):
    event = book(10)
    book(12, who=("bob",))
    dora = browse("dora")
    dora.open(f"{of(event)}move")
    page = dora.press("Move", time="11:30")
    assert any("Dora Dunn has another appointment then" in each for each in page.problems)
    assert Event.get_by_id(event.id).starts_at == at(10)


def test_dora_cancels_with_a_reason_and_takes_it_back(cast, browse, book):
    event = book(10)
    dora = browse("dora")
    dora.open(f"{of(event)}cancellation")
    page = dora.press("Cancel the appointment", reason="Dora is ill.")
    assert "cancelled by the agency" in page
    assert "Appointment cancelled" in page
    page = dora.press("Book it again")
    assert Event.get().state == "booked"
    assert "The appointment is booked again." in page


def test_what_was_cancelled_and_is_taken_says_why_it_does_not_come_back(cast, browse, book):
    event = book(10)
    events.cancel(event, SYSTEM, version=1)
    book(10, who=("bob",))
    dora = browse("dora")
    dora.open(of(event))
    assert "Dora Dunn has another appointment then" in dora.press("Book it again")
    assert Event.get_by_id(event.id).state == "cancelled_by_agency"


def test_the_link_of_the_call_is_seen_by_the_client_at_once_and_the_letter_still_confirms(cast, browse, book):
    from domain import event_letters

    event = book(10, ahead=1)
    link = event_letters.link_of(place(event, cast.alice))
    dora = browse("dora")
    dora.open(of(event))
    dora.press("Save", way="video", video_link="https://video.example/room")
    now = Event.get()
    assert (now.is_video, now.video_link, now.version) == (True, "https://video.example/room", 2)
    assert attendances.by_link(link)[1]


def test_who_came_is_said_and_corrected(cast, browse, book):
    event = book(10, ahead=-1, who=("alice", "bob"))
    dora = browse("dora")
    dora.open(of(event))
    dora.send(f"{of(event)}places/{place(event, cast.alice).public_id}/show", {"version": 1, "csrf_token": dora.token})
    dora.send(f"{of(event)}places/{place(event, cast.bob).public_id}/no_show", {"version": 1, "csrf_token": dora.token})
    assert (place(event, cast.alice).state, place(event, cast.bob).state) == ("show", "no_show")
    page = dora.send(f"{of(event)}places/{place(event, cast.bob).public_id}/show", {"version": 1, "csrf_token": dora.token})
    assert page.status == 303
    page = dora.open(of(event))
    assert "Somebody else changed this meanwhile" in page
    assert "attended" in page
    assert "missed" in page


def test_before_the_day_nobody_says_who_came(cast, browse, book):
    page = browse("dora").open(of(book(10)))
    assert "Did not come" not in page
    assert "Will come" in page.buttons
    assert "Cancels" in page.links


def test_what_a_client_says_on_the_phone_is_written_down(cast, browse, book, frozen):
    event = book(10)
    frozen(at(8))
    ines = browse("ines")  # who answers the phone, and does not look after Dora's schedule
    page = ines.open(of(event))
    assert "Move" not in page.links
    page = ines.press("Will come")
    assert "Confirmed by phone" in page
    assert place(event, cast.alice).confirmed_how == "phone"
    ines.press("Is running late")
    assert Task.get().kind == "running_late"
    page = ines.open(ines.page.links["Cancels"])
    assert "It is late: the notice has ended." in page
    page = ines.press("They cancel")
    assert place(event, cast.alice).state == "late_cancelled"
    assert "Their place in an appointment: cancelled late, by phone" in page
    ines.press("Back to booked")  # it was a mistake
    assert (place(event, cast.alice).state, Event.get().state) == ("booked", "booked")
    assert ines.open(f"{of(event)}move").status == 404
    assert ines.send(f"{of(event)}return", {"csrf_token": ines.token}).status == 404


# ---------------------------------------------------------------- a worker leaves


def test_what_is_ahead_goes_to_the_taker_where_that_time_is_free(cast, browse, book):
    free, taken = book(10), book(14, who=("bob",))
    book(14, worker=cast.otto, who=("pia",))
    past = book(9, ahead=-3)
    ada = browse("ada")
    page = ada.open(f"/admin/workers/{cast.dora.public_id}/leaving")
    assert "2 appointments are ahead" in page
    page = ada.press("End their access", to=cast.otto.public_id)
    assert [Event.get_by_id(each.id).worker for each in (free, taken, past)] == [cast.otto, cast.dora, cast.dora]
    assert "Appointments that nobody has taken over" in page
    assert "Bob Brook" in page
    assert "Alice Archer" not in page
