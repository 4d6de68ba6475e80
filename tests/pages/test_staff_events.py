"""Pages of events that others know more of, of groups whose events are ahead, and of sites that close."""

import datetime as dt

import pytest
from pages.conftest import born

from domain import attendances, clock, enrolments, event_people, events, services, sites, store, wall_clock
from domain.actor import SYSTEM
from domain.events import Plan
from models import Attendance, AuditEntry, Delivery, Event, Group, Service, Site, Task

pytestmark = pytest.mark.usefixtures("cast")
ZONE = "America/Halifax"


def day(ahead=3):
    return clock.today(ZONE) + dt.timedelta(days=ahead)


def at(hour, ahead=3, minute=0):
    return wall_clock.moment(ZONE, day(ahead), dt.time(hour, minute)).at


@pytest.fixture
def book(cast):
    def booked(hour=10, ahead=3, worker=None, who=("alice",), minutes=50, **more):
        people = [getattr(cast, name) for name in who]
        plan = Plan(worker or cast.dora, at(hour, ahead), minutes, more.pop("site", Site.get()), people, **more)
        return events.book(plan, cast.by("ada"))

    return booked


@pytest.fixture
def evenings(cast):
    service = services.add(services.Details("Evenings"), "case", SYSTEM)
    return services.add_group(service, services.GroupDetails("Mondays"), SYSTEM)


def of(event):
    return f"/admin/events/{event.public_id}/"


def place(event, person):
    return Attendance.get(Attendance.event == event, Attendance.individual == person)


def when(hour="10:00", ahead=3, **more):
    return {**born(day(ahead), "date"), "time": hour, **more}


def test_what_everybody_cancelled_is_taken_back_place_by_place(cast, browse, book):
    event = book(10)
    attendances.give_up(place(event, cast.alice), cast.by("alice"))
    dora = browse("dora")
    page = dora.open(of(event))
    assert "Book it again" not in page.buttons
    assert "Everybody who was to come has cancelled." in page
    dora.press("Back to booked")
    assert Event.get().state == "booked"


def test_otto_reads_the_name_and_the_reason_and_neither_opens_nor_returns_it(cast, browse, book):
    event = book(10, worker=cast.otto, who=("bob",))
    events.cancel(event, cast.by("ada"), version=1, reason="Otto is ill.")
    otto = browse("otto")
    page = otto.open(of(event))
    assert "Bob Brook" in page
    assert "Appointment cancelled: Otto is ill." in page
    assert not [href for href in page.hrefs if "/individuals/" in href and cast.bob.public_id in href]
    assert "Book it again" not in page.buttons
    assert page.main.split("What happened")[0].count("cancelled by the agency") == 2  # the event, and the place in it
    otto.send(f"{of(event)}return", {"csrf_token": otto.token})
    assert "Ask somebody who may" in otto.open(of(event))
    assert Event.get().state == "cancelled_by_agency"
    assert otto.open(f"/admin/individuals/{cast.bob.public_id}/").status == 404


def test_what_is_pressed_on_a_page_that_is_not_true_any_more_is_refused(cast, browse, book):
    event = book(10)
    dora = browse("dora")
    dora.open(of(event))
    events.move(event, at(12), 50, SYSTEM, version=1)
    assert "was moved meanwhile" in dora.press("Will come")
    assert place(event, cast.alice).confirmed_at is None


def test_a_choice_that_is_gone_is_refused_and_not_another_one_unseen(cast, browse, evenings):
    second = sites.add(sites.Place("North", time_zone=ZONE), SYSTEM)
    ada = browse("ada")
    ada.open(f"/admin/schedule/new?individual={cast.alice.public_id}&site={second.public_id}")
    with store.writing():
        Site.update(is_in_use=False).where(Site.id == second.id).execute()
        store.forget()
        Group.update(is_in_use=False).execute()
    page = ada.press("Book", when(group=evenings.public_id))
    assert page.status == 422
    assert str(page.problems).count("Choose one of the list.") == 2
    assert not Event.select().exists()


def test_a_group_and_another_service_are_not_booked_together(cast, browse, evenings):
    other = services.add(services.Details("Other"), "case", SYSTEM)
    ada = browse("ada")
    ada.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    page = ada.press("Book", when(group=evenings.public_id, service=other.public_id))
    assert "This group belongs to another service." in str(page.problems)
    ada.press("Book", group=evenings.public_id, service="")
    assert Event.get().service == evenings.service


def test_what_is_booked_in_the_past_says_that_nothing_is_sent(cast, browse):
    dora = browse("dora")
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    assert "This is in the past: nothing is sent." in dora.press("Book", when(ahead=-2))


def test_more_than_can_be_chosen_is_said_and_who_is_gone_takes_nobody_along(cast, browse, monkeypatch):
    from domain import staff_calendar

    ada = browse("ada")
    monkeypatch.setattr(staff_calendar, "MOST_PEOPLE", 1)
    both = f"{cast.alice.public_id} {cast.bob.public_id}"
    assert "At most 1 people can be chosen one by one." in ada.open(f"/admin/schedule/new?individual={both}")
    monkeypatch.undo()
    dora = browse("dora")
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    page = dora.send("/admin/schedule/new", {**dora.page.form("Book").filled(when()), "individual": both})
    assert page.status == 422
    assert "is not among your clients any more" in str(page.problems)
    assert page.form("Book").values["individual"] == cast.alice.public_id
    assert not Event.select().exists()


# ---------------------------------------------------------------- moved, without changing what nobody typed


def test_a_length_that_is_left_out_stays_as_it_is(cast, browse, book):
    event = book(10, minutes=120)
    dora = browse("dora")
    dora.open(f"{of(event)}move")
    dora.press("Move", time="13:00", minutes="")
    assert (Event.get().starts_at, Event.get().ends_at) == (at(13), at(15))


def test_the_second_of_two_equal_times_stays_the_second(cast, browse, frozen):
    frozen("2026-10-20 12:00")
    second = dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC)  # 01:30 for the second time
    event = events.book(Plan(cast.dora, second, 50, Site.get(), [cast.alice]), SYSTEM)
    dora = browse("dora")
    dora.open(f"{of(event)}move")
    dora.press("Move", minutes="20")
    assert (Event.get().starts_at, Event.get().ends_at) == (second, second + dt.timedelta(minutes=20))


def test_the_way_back_leads_to_the_schedule_whose_it_is(cast, browse, book):
    event = book(10, worker=cast.otto)
    page = browse("finn").open(of(event))
    assert [href for href in page.hrefs if f"worker={cast.otto.public_id}" in href]
    page = browse("finn").open(f"/admin/schedule/?date={day(70)}")
    monday = day(70) - dt.timedelta(days=day(70).weekday())
    assert f"date={monday}" in page.links["Book an appointment"]


def test_a_place_in_another_zone_stands_under_the_day_of_the_schedule_with_its_own_behind(cast, browse, book):
    far = sites.add(sites.Place("Far", time_zone="Asia/Tokyo"), SYSTEM)
    book(20, site=far)
    page = browse("dora").open(f"/admin/schedule/?date={day()}")
    assert "20:00–20:50" in page
    assert "there: " in page


def test_moments_in_the_history_are_those_of_the_clock_at_the_place(cast, browse, book):
    event = book(10)
    events.move(event, at(13), 50, cast.by("ada"), version=1)
    page = browse("ada").open(of(event))
    assert "+00:00" not in page.main
    assert "13:00" in page.main.split("What happened")[1]


# ---------------------------------------------------------------- somebody more, and groups


def test_somebody_is_added_and_who_is_elsewhere_only_after_a_warning(cast, browse, book):
    event = book(10)
    book(10, worker=cast.otto, who=("bob",))
    ada = browse("ada")
    ada.open(of(event))
    ada.open(ada.page.links["Add somebody"])
    ada.press("Search", q="bob")
    page = ada.press("Add Bob Brook")
    assert page.status == 422
    assert "Bob Brook has another appointment then" in str(page.problems)
    page = ada.press("Add", anyway=True)
    assert "Bob Brook comes, too." in page
    assert place(event, cast.bob).state == "booked"


def test_who_joins_and_leaves_a_group_is_asked_about_what_is_ahead(cast, browse, book, evenings):
    event = book(10, who=(), group=evenings)
    ines = browse("ines")
    ines.open(f"/admin/groups/{evenings.public_id}/?q=bob")
    page = ines.open(ines.page.links["Add"])
    assert "Also to the appointment ahead" in page
    ines.press("Add")
    assert place(event, cast.bob).state == "booked"
    leaving = ines.page.links["Leaves"]
    page = ines.open(leaving)
    assert "Also out of the appointment ahead" in page
    values = page.form("Leaves").filled({})
    for number in range(2):
        page = ines.send(page.form("Leaves").action if not number else leaving, {**values, "form_id": str(number) * 22})
        assert page.status == 303
        page = ines.page if number else page
    assert place(event, cast.bob).state == "cancelled_by_client"


def test_a_group_that_clients_see_without_its_service_says_so(cast, browse, evenings):
    assert "clients see this group all the same" not in browse("ines").open(f"/admin/groups/{evenings.public_id}/")
    with store.writing():
        Group.update(is_visible=True).execute()
    assert "clients see this group all the same" in browse("ines").open(f"/admin/groups/{evenings.public_id}/")
    with store.writing():
        Service.update(is_visible=True).execute()
    assert "clients see this group all the same" not in browse("ines").open(f"/admin/groups/{evenings.public_id}/")



# ---------------------------------------------------------------- what is ahead when something ends


def test_a_site_closes_after_a_warning_and_stays_in_the_schedule_while_events_are_ahead(cast, browse, book):
    north = sites.add(sites.Place("North", time_zone=ZONE), SYSTEM)
    event = book(10, site=north)
    ada = browse("ada")
    ada.open(f"/admin/settings/sites/{north.public_id}/")
    page = ada.press("Save", is_in_use=False)
    assert page.status == 422
    assert "One appointment is ahead at this site." in str(page.problems)
    assert north.public_id in page.links["The schedule of this site"]
    assert Site.get_by_id(north.id).is_in_use
    ada.press("Save", anyway=True)
    assert not Site.get_by_id(north.id).is_in_use
    assert north.public_id in ada.open("/admin/schedule/").form("Show").options["site"]
    events.cancel(event, SYSTEM, version=1)
    assert north.public_id not in ada.open("/admin/schedule/").form("Show").options["site"]


def test_another_zone_of_a_site_is_warned_of_and_another_telephone_is_not(cast, browse, book):
    north = sites.add(sites.Place("North", time_zone=ZONE), SYSTEM)
    book(10, site=north)
    ada = browse("ada")
    ada.open(f"/admin/settings/sites/{north.public_id}/")
    ada.press("Save", phone="+1 902 555 0190")
    ada.open(f"/admin/settings/sites/{north.public_id}/")
    assert "One appointment is ahead at this site." in str(ada.press("Save", time_zone="Asia/Tokyo").problems)


def test_what_is_ahead_of_somebody_who_leaves_is_listed(cast, browse, book):
    book(10)
    page = browse("ada").open(f"/admin/workers/{cast.dora.public_id}/leaving")
    assert "One appointment is ahead" in page
    assert "10:00 to 10:50" in page
    assert "Alice Archer" in page


def test_who_takes_part_finds_in_their_record_who_read_that(cast, browse):
    service = services.add(services.Details("Mornings"), "case", SYSTEM)
    file = enrolments.open(cast.alice, service, None, dt.date(2026, 1, 1), SYSTEM)
    enrolments.take_part(file, [cast.bob], SYSTEM, version=1)
    browse("ada").open(f"/admin/individuals/{cast.alice.public_id}/enrolments/{file.public_id}/")
    assert AuditEntry.select().where(AuditEntry.kind == "individual.viewed", AuditEntry.individual == cast.bob).exists()


# ---------------------------------------------------------------- what somebody said, and what is shown of it


def test_what_a_client_said_stands_beside_the_name_in_the_lists_and_in_the_task(cast, browse, book):
    event = book(10)
    attendances.tell(place(event, cast.alice), "cannot_come", cast.by("alice"))
    dora = browse("dora")
    assert "cannot come" in dora.open(of(event)).main.split("What happened")[0]
    assert "cannot come" in dora.open(f"/admin/schedule/?date={day()}").main
    task = Task.get()
    page = dora.open(f"/admin/tasks/{task.public_id}/")
    assert "10:00" in page.main
    assert of(event) in page.hrefs
    assert "10:00" in dora.open("/admin/tasks/").main
    events.move(event, at(12), 50, SYSTEM, version=1)
    assert "cannot come" not in dora.open(of(event)).main.split("What happened")[0]
    assert "10:00" in dora.open(f"/admin/tasks/{task.public_id}/").main  # they spoke of that time


def test_the_tasks_open_after_a_place_came_back(cast, browse, book):
    event = book(10, ahead=1)
    attendances.tell(place(event, cast.alice), "cannot_come", cast.by("alice"))
    attendances.confirm(place(event, cast.alice), cast.by("alice"), "link")
    attendances.tell(place(event, cast.alice), "cannot_come", cast.by("alice"))
    dora = browse("dora")
    assert "10:00" in dora.open("/admin/tasks/").main
    for task in Task.select():
        assert of(event) in dora.open(f"/admin/tasks/{task.public_id}/").hrefs


def test_somebody_is_taken_out_after_the_page_said_that_they_are_told(cast, browse, book):
    event = book(10, who=("alice", "bob"))
    ada = browse("ada")
    assert "Cancelled" not in ada.open(of(event)).buttons
    page = ada.open(f"{of(event)}places/{place(event, cast.bob).public_id}/removal")
    assert "They are told that it is cancelled for them." in page
    ada.press("Take them out")
    assert (place(event, cast.bob).state, Event.get().state) == ("cancelled_by_client", "booked")
    assert Delivery.select().where(Delivery.kind == "event_cancelled", Delivery.individual == cast.bob).count() == 1
    assert ada.ask(f"{of(event)}places/{place(event, cast.bob).public_id}/removal").location.endswith(of(event))


def test_what_is_not_sent_is_said(cast, browse, book):
    event = book(10, who=("alice", "bob"))
    ada = browse("ada")
    attendances.give_up(place(event, cast.bob), cast.by("bob"))
    for page in ("move", "cancellation"):
        assert "Who comes: Alice Archer" in ada.open(of(event) + page)
        assert "Bob Brook" not in ada.page.main
    ada.open(of(event))
    assert "gets no e-mail that it stands again" in ada.press("Back to booked")
    events.cancel(Event.get(), SYSTEM, version=Event.get().version)
    ada.open(of(event))
    assert "gets no e-mail that it stands again" in ada.press("Book it again")
    ada.open(f"{of(event)}move")
    assert "This is in the past: nothing is sent." in ada.press("Move", when("10:00", -3))


def test_a_move_that_was_asked_for_by_phone_says_so(cast, browse, book):
    event = book(10)
    dora = browse("dora")
    dora.open(f"{of(event)}move")
    dora.press("Move", when("12:00"), by_phone=True)
    assert "Appointment moved, asked for by phone" in dora.open(of(event))


def test_a_box_is_offered_only_where_it_helps(cast, browse, book):
    book(10)
    dora = browse("dora")
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    pages = [dora.press("Book", when())]
    event = book(13)
    dora.open(f"{of(event)}move")
    pages.append(dora.press("Move", time="10:00"))
    for page in pages:
        assert "Dora Dunn has another appointment then" in str(page.problems)
        assert "Tick the box" not in str(page.problems)
        assert "Go on although" not in page.main
    book(15, worker=cast.otto)
    dora.open(f"{of(event)}move")
    assert "Tick the box" in str(dora.press("Move", time="15:00").problems)


def test_a_schedule_of_a_site_is_no_workers(cast, browse):
    sites.add(sites.Place("North", time_zone=ZONE), SYSTEM)
    page = browse("ada").open(f"/admin/schedule/?site={Site.get().public_id}")
    assert page.form("Show").values["worker"] == ""


def test_the_page_of_an_appointment_belongs_to_the_schedule_in_the_menu(cast, browse, book):
    page = browse("dora").open(of(book(10)))
    assert [a.get("href") for a in page.tree.iter("a") if a.get("aria-current") == "page"] == ["/admin/schedule/"]


def test_a_place_given_up_late_is_called_so_in_every_list(cast, browse, book):
    event = book(10, ahead=1)
    attendances.mark(place(event, cast.alice), "cancel_late", cast.by("ada"), version=1)
    assert Event.get().state == "cancelled_by_client"
    dora = browse("dora")
    for address in (f"/admin/schedule/?date={day(1)}", f"/admin/individuals/{cast.alice.public_id}/events"):
        assert "cancelled late" in dora.open(address).main


def test_a_record_lists_what_was_sent_to_the_client_only(cast, browse, book):
    event = book(10, ahead=5)
    attendances.give_up(place(event, cast.alice), cast.by("alice"))
    assert Delivery.select().where(Delivery.worker == cast.dora, Delivery.individual == cast.alice).exists()
    assert "Client cancelled" not in browse("dora").open(f"/admin/individuals/{cast.alice.public_id}/").main


def test_who_was_added_later_is_named_in_the_history(cast, browse, book, frozen):
    frozen("2026-10-20 12:00")
    event = book(10)
    frozen.shift(hours=1)
    event_people.add(event, cast.bob, cast.by("ada"), version=1)
    told = browse("ada").open(of(event)).main.split("What happened")[1]
    assert "Bob Brook: Appointment booked" in told
    assert "Appointment booked: Alice" not in told


def test_what_a_move_changed_is_told_from_its_start(cast, browse, book):
    event = book(10)
    events.move(event, at(13), 50, cast.by("ada"), version=1)
    told = browse("ada").open(of(event)).main.split("What happened")[1]
    assert told.index("Start") < told.index("End")
