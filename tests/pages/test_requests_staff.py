"""Staff answer what clients request: what waits, accepted in one tap, another time, declined with a reason; and who may."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from pages.conftest import born

from domain import (
    agency,
    availability,
    enrolments,
    events,
    leaving,
    offers,
    profile,
    request_answers,
    requests,
    services,
    sites,
    staff_requests,
    store,
)
from domain.events import Plan
from domain.services import Details
from models import Attendance, AuditEntry, Event, SecurityClass, Service, Site, Worker

NOW = "2026-03-04 16:00"  # a Wednesday, noon in Halifax
TODAY, THURSDAY, FRIDAY = (dt.date(2026, 3, day) for day in (4, 5, 6))
LIST = "/admin/requests/"


def at(hour, day=FRIDAY, minute=0):
    """That time of the clock in Halifax."""
    return dt.datetime.combine(day, dt.time(hour, minute), ZoneInfo("America/Halifax")).astimezone(dt.UTC)


@pytest.fixture
def open_hours(cast, frozen, decided):
    """Dora sees clients from nine to one on every weekday, and accepts what they request; Alice and Bob are in her service."""
    frozen(NOW)
    boss = cast.by("ines")
    kind = availability.add_type("Appointments", "green", boss)
    availability.face_clients(kind, boss)
    calendar = availability.add_calendar(cast.dora, dt.date(2026, 1, 5), boss)
    for day in range(5):
        availability.add_row(calendar, day, 9 * 60, 13 * 60, kind, agency.main_site(), boss)
    service = services.add(Details("Counselling", minutes=60), "case", boss)
    services.show(service, boss, is_visible=True, version=1, warned_of=[])
    services.staff(service, [cast.dora], boss, version=Service.get_by_id(service.id).version)
    for person in (cast.alice, cast.bob):
        enrolments.open(person, service, cast.dora, TODAY, boss)
    decided(request_mode="approve")
    return service


@pytest.fixture
def ask(cast, open_hours):
    """``ask(at(10))``: Alice requests that time; its event."""

    def asked(starts_at, who="alice"):
        person = getattr(cast, who)
        return requests.ask(offers.Wish(person, cast.dora, offers.enrolments(person)[0]), starts_at, cast.by(who))

    return asked


@pytest.fixture
def change(cast, open_hours):
    """Alice has Friday at ten and requests eleven instead; the event, and the one that holds eleven."""
    event = events.book(Plan(cast.dora, at(10), 60, agency.main_site(), [cast.alice], open_hours), cast.by("dora"))
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    return event, requests.waiting_change(event).event


def place(event, person):
    return Attendance.get(Attendance.event == event.id, Attendance.individual == person)


def now(event):
    return Event.get_by_id(event.id)


def of(event):
    return f"{LIST}{event.public_id}/"


def let(worker, *rights):
    """Give somebody a class with these rights and no more."""
    with store.writing():
        made = SecurityClass.create(name=" ".join(rights), rights=" ".join(rights))
        Worker.update(security_class=made).where(Worker.id == worker.id).execute()


# ---------------------------------------------------------------- the list


def test_nothing_waits(browse, cast):
    page = browse("dora").open(LIST)
    assert "Nothing to answer" in page
    assert "Requests to answer" not in browse("dora").open("/admin/")


def test_what_expires_first_is_on_top_and_says_who_what_when_and_until_when(ask, browse, frozen):
    ask(at(10), "bob")
    frozen("2026-03-04 17:00")
    ask(at(9, dt.date(2026, 3, 10)))
    frozen("2026-03-05 12:59")
    ask(at(9))  # expires when it would begin
    text = browse("dora").open(LIST).main
    assert text.index("9:00 to 10:00") < text.index("Bob Brook") < text.index("Tuesday, 10 March")
    assert "Counselling" in text
    assert "Waits until 6 Mar 2026, 09:00 AST" in text
    assert text.count("Alice Archer") == 2


def test_accepted_in_one_tap_from_the_list(ask, browse, cast):
    event, dora = ask(at(10)), browse("dora")
    dora.open(LIST)
    page = dora.press("Accept")
    assert (dora.answer.status, page.path) == (303, LIST)
    assert "Accepted: Friday, 6 March, 10:00 to 11:00" in page
    assert "Nothing to answer" in page
    assert now(event).state == "booked"
    assert requests.of(event).answered_by == cast.dora


def test_a_page_holds_fifty_and_says_that_there_are_more(ask, browse, monkeypatch):
    for hour in (9, 10, 11):
        ask(at(hour))
    monkeypatch.setattr(staff_requests.listed, "__defaults__", (2,))
    page = browse("dora").open(LIST)
    assert page.buttons.count("Accept") == 2
    assert "There are more." in page


def test_what_nobody_answered_in_time_is_on_no_list(ask, browse, frozen):
    ask(at(10))
    frozen("2026-03-06 14:00")
    assert "Nothing to answer" in browse("dora").open(LIST)


# ---------------------------------------------------------------- one request


def test_the_page_tells_everything_and_what_stands_around_it(ask, browse, cast):
    event = ask(at(10))
    events.book(Plan(cast.dora, at(15), 50, agency.main_site(), [cast.bob]), cast.by("dora"))
    page = browse("dora").open(of(event))
    for told in ("Friday", "10:00 to 11:00", "Counselling", "60 minutes", "this request", "Waits until"):
        assert told in page
    assert "Alice Archer" in page.links
    assert page.links["Look at the schedule"].startswith("/admin/schedule/?view=day&date=2026-03-06")
    assert "15:00–15:50" in page.main
    assert "Bob" not in page.main  # whose page this is not
    looks = AuditEntry.select().where(AuditEntry.kind == "individual.viewed")
    assert [look.individual for look in looks] == [cast.alice]


def test_accept_and_accept_again(ask, browse):
    event, dora = ask(at(10)), browse("dora")
    dora.open(of(event))
    form = dora.page.form("Accept")
    dora.press("Accept")
    assert now(event).state == "booked"
    again = dora.send(form.action, {**form.values, "form_id": "b" * 22})
    assert again.location == LIST
    page = dora.open(of(event))
    assert "Accepted" in page
    assert "Dora" in page.main
    assert page.links["Look at the appointment"] == f"/admin/events/{event.public_id}/"
    assert page.buttons.count("Accept") == 0
    assert AuditEntry.select().where(AuditEntry.kind == "event.accepted").count() == 1


def test_declined_with_a_reason(ask, browse):
    event, dora = ask(at(10)), browse("dora")
    dora.open(of(event))
    page = dora.press("Decline", reason="  ")
    assert (page.status, page.problems) == (422, ["Write why, in a sentence that the client can read."])
    assert now(event).state == "requested"
    page = dora.press("Decline", reason="I am at court.")
    assert page.path == LIST
    assert now(event).state == "declined"
    assert requests.of(event).reason == "I am at court."
    page = dora.open(of(event))
    assert "I am at court." in page
    assert "Declined" in page
    assert page.buttons.count("Decline") == 0


def test_another_time_is_typed_and_the_client_is_asked(ask, browse):
    event, dora = ask(at(10)), browse("dora")
    dora.open(of(event))
    page = dora.press("Offer this time", {**born(FRIDAY, "date"), "time": "15:00"})
    assert page.path == LIST
    assert "the client is asked" in page
    assert page.buttons.count("Accept") == 0
    assert (now(event).state, now(event).starts_at) == ("requested", at(15))
    page = dora.open(of(event))
    assert "They answer until" in page
    assert page.buttons.count("Accept") == 0
    dora.press("Decline", reason="After all not.")
    assert now(event).state == "declined"


def test_a_free_time_is_offered_in_one_tap(ask, browse):
    event, dora = ask(at(10)), browse("dora")
    page = dora.open(of(event))
    free = [button for button in page.buttons if ":00" in button]
    assert len(free) == 6
    assert not any("10:00" in button and "6" in button for button in free[:3])
    dora.press(free[0])
    assert dora.page.path == LIST
    assert (now(event).state, now(event).starts_at) == ("requested", at(12, THURSDAY))


def test_a_time_that_is_taken_is_refused_and_what_was_typed_is_kept(ask, browse, cast):
    event = ask(at(10))
    events.book(Plan(cast.dora, at(15), 50, agency.main_site(), [cast.bob]), cast.by("ines"))
    dora = browse("dora")
    dora.open(of(event))
    page = dora.press("Offer this time", {**born(FRIDAY, "date"), "time": "15:30"})
    assert page.status == 422
    [told] = page.problems
    assert "has another appointment then: an appointment on Friday, 6 March 2026, from 15:00" in told
    assert page.form("Offer this time").values["time"] == "15:30"
    assert now(event).starts_at == at(10)


def test_that_the_client_is_somewhere_else_is_a_warning(ask, browse, cast):
    event = ask(at(10))
    events.book(Plan(cast.otto, at(15), 50, agency.main_site(), [cast.alice]), cast.by("ines"))
    dora = browse("dora")
    dora.open(of(event))
    page = dora.press("Offer this time", {**born(FRIDAY, "date"), "time": "15:30"})
    assert "Alice Archer has another appointment then: with Otto Oak" in str(page.problems)
    dora.press("Offer this time", anyway=True)
    assert now(event).starts_at == at(15, minute=30)


@pytest.mark.parametrize(("typed", "told"), [
    ({"time": "noon"}, "Enter the time, such as 14:30."), ({"time": ""}, "Enter the time, such as 14:30."),
    ({"date-day": "32"}, "This date does not exist. Check day, month and year."), ({"date-day": "3"}, "Choose a time that is ahead."),
])  # fmt: skip
def test_what_is_typed_wrongly_is_said_and_kept(ask, browse, typed, told):
    event, dora = ask(at(10)), browse("dora")
    dora.open(of(event))
    values = {**born(FRIDAY, "date"), "time": "15:00", **typed}
    page = dora.press("Offer this time", values)
    assert (page.status, page.problems) == (422, [told])
    assert values.items() <= page.form("Offer this time").values.items()


def test_what_was_booked_at_once_leads_to_the_appointment(ask, browse, decided):
    decided(request_mode="at_once")
    event = ask(at(10))
    assert browse("dora").open(of(event)).path == f"/admin/events/{event.public_id}/"


# ---------------------------------------------------------------- meanwhile


def test_withdrawn_while_the_worker_presses(ask, browse, cast):
    event, dora = ask(at(10)), browse("dora")
    dora.open(of(event))
    request_answers.withdraw(place(event, cast.alice), cast.by("alice"))
    page = dora.press("Accept")
    assert page.path == of(event)
    assert "This was answered, withdrawn or not answered in time meanwhile." in page
    assert "Withdrawn" in page
    assert "the client" in page
    assert now(event).state == "withdrawn"


@pytest.mark.parametrize("is_swept", [True, False])
def test_expired_while_the_worker_presses(ask, browse, frozen, is_swept):
    event = ask(at(10))
    frozen("2026-03-06 14:00")
    if is_swept:
        request_answers.expire_due()
    dora = browse("dora")  # whose session is over as well
    page = dora.send(f"{of(event)}accept", {"csrf_token": dora.token, "version": "1"})
    assert (page.status, page.location) == (303, of(event))
    page = dora.open(of(event))
    assert "not answered in time meanwhile" in page
    assert "Not answered in time" in page
    assert now(event).state == ("expired" if is_swept else "requested")


def test_another_time_is_asked_for_while_the_worker_presses(ask, browse, cast):
    event, dora = ask(at(10)), browse("dora")
    dora.open(LIST)
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    page = dora.press("Accept")
    assert page.path == of(event)
    assert "Another time is asked for meanwhile." in page
    assert "11:00 to 12:00" in page
    dora.press("Accept")
    assert (now(event).state, now(event).starts_at) == ("booked", at(11))


def test_a_reason_is_not_lost_where_something_changed_meanwhile(ask, browse, cast):
    event, dora = ask(at(10)), browse("dora")
    dora.open(of(event))
    requests.change(place(event, cast.alice), at(11), cast.by("alice"))
    page = dora.press("Decline", reason="I am at court.")
    assert (page.status, page.problems) == (422, ["Another time is asked for meanwhile. Look at it again."])
    assert page.form("Decline").values["reason"] == "I am at court."
    request_answers.withdraw(place(event, cast.alice), cast.by("alice"))
    page = dora.press("Decline", reason="I am at court.")
    assert page.status == 422
    assert "I am at court." in page
    assert "Withdrawn" in page
    assert now(event).state == "withdrawn"


def test_an_answer_without_words_to_what_is_over_is_refused(ask, browse, cast):
    event, dora = ask(at(10)), browse("dora")
    dora.open(of(event))
    request_answers.accept(event, cast.by("ines"), version=event.version)
    for verb in ("offer", "decline"):
        page = dora.send(f"{of(event)}{verb}", {"csrf_token": dora.token})
        assert page.status == 422
        assert page.problems
    page = dora.press("Offer this time", {**born(FRIDAY, "date"), "time": "12:00"})
    assert (page.status, now(event).starts_at, place(event, cast.alice).starts_at) == (422, at(10), at(10))


def test_of_a_worker_who_left(ask, browse, cast):
    event = ask(at(10))
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    ines = browse("ines")
    ines.open(of(event))
    page = ines.press("Accept")
    assert "This worker has left." in page
    page = ines.press("Offer this time", {**born(FRIDAY, "date"), "time": "15:00"})
    assert page.problems == ["This worker has left."]
    ines.press("Decline", reason="She has left.")
    assert now(event).state == "declined"


def test_at_a_site_that_was_closed_another_one_is_offered(ask, browse, cast):
    event = ask(at(10))
    other = sites.add(sites.Place("North", "9 North Road", "+1 902 555 0190", "America/Halifax"), cast.by("ada"))
    with store.writing():
        Site.update(is_in_use=False).where(Site.id == event.site_id).execute()
    dora = browse("dora")
    dora.open(of(event))
    page = dora.press("Accept")
    assert "Nobody is seen at this site any more. Choose another one." in page
    assert now(event).state == "requested"
    page = dora.press("Offer this time", {**born(FRIDAY, "date"), "time": "15:00"})
    assert page.problems == ["Nobody is seen at this site any more. Choose another one."]
    dora.press("Offer this time", site=other.public_id)
    assert (now(event).starts_at, now(event).site) == (at(15), other)


# ---------------------------------------------------------------- another time for what is booked


def test_a_change_says_instead_of_what_and_is_accepted(change, browse, cast):
    event, twin = change
    dora = browse("dora")
    page = dora.open(LIST)
    assert "Alice Archer" in page
    assert "Instead of Friday" in page
    page = dora.open(of(twin))
    assert "Alice Archer" in page.links
    assert "Instead of" in page
    page = dora.press("Accept")
    assert page.path == LIST
    assert (now(event).state, now(event).starts_at) == ("booked", at(11))
    page = dora.open(of(twin))
    assert "Accepted" in page
    assert page.links["Look at the appointment"] == f"/admin/events/{event.public_id}/"


def test_a_booked_one_says_that_another_time_is_requested(change, browse, cast):
    event, twin = change
    page = browse("dora").open(f"/admin/events/{event.public_id}/")
    assert "Another time is requested" in page
    assert page.links["Answer"] == of(twin)
    let(cast.otto, "view_all_individuals")
    page = browse("otto").open(f"/admin/events/{event.public_id}/")
    assert "Another time is requested" in page
    assert "Answer" not in page.links


def test_the_event_that_holds_the_other_time_leads_to_the_request(change, browse, cast):
    event, twin = change
    assert browse("dora").open(f"/admin/events/{twin.public_id}/").path == of(twin)
    let(cast.otto, "view_all_individuals")  # and answers nothing of others
    assert browse("otto").open(f"/admin/events/{twin.public_id}/").path == f"/admin/events/{event.public_id}/"


def test_what_is_cancelled_meanwhile_was_withdrawn_by_nobody(change, browse, cast):
    event, twin = change
    dora = browse("dora")
    dora.open(of(twin))
    events.cancel(now(event), cast.by("ines"), version=now(event).version)
    page = dora.press("Accept")
    assert "This was answered, withdrawn or not answered in time meanwhile." in page
    assert "the client" not in page.main


# ---------------------------------------------------------------- elsewhere


def test_today_tells_of_the_first_few_and_leads_to_all(ask, browse, monkeypatch):
    for hour in (9, 10, 11):
        ask(at(hour))
    ask(at(9, dt.date(2026, 3, 9)), "bob")
    page = browse("dora").open("/admin/")
    assert "Requests to answer" in page
    assert page.buttons.count("Accept") == 3
    assert page.links["All requests: 4"] == LIST
    assert "Requests to answer" not in browse("otto").open("/admin/")
    monkeypatch.setattr(staff_requests, "MOST", 3)
    assert browse("dora").open("/admin/").links["All requests: more than 3"] == LIST


def test_the_menu_has_requests_while_clients_may_ask(browse, cast, decided):
    assert LIST in browse("otto").open("/admin/").hrefs
    decided(requesting="0")
    assert LIST not in browse("otto").open("/admin/").hrefs


def test_the_page_of_a_requested_event_leads_to_the_answer(ask, browse, cast):
    event, dora = ask(at(10)), browse("dora")
    page = dora.open(f"/admin/events/{event.public_id}/")
    assert page.links["Answer"] == of(event)
    assert "requested" in page
    assert not {"Move", "Cancel the appointment", "Add somebody"} & {*page.links}
    assert not {"Came", "Will come", "Cancels"} & {*page.buttons}
    assert dora.open(f"/admin/events/{event.public_id}/cancellation").path == of(event)
    assert dora.open(f"/admin/events/{event.public_id}/move").path == of(event)


def test_a_request_is_not_cancelled_but_answered(ask, browse, cast):
    held = events.book(Plan(cast.dora, at(15), 60, agency.main_site(), [cast.alice]), cast.by("dora"))
    event, dora = ask(at(10)), browse("dora")
    form = dora.open(f"/admin/events/{held.public_id}/cancellation").form("Cancel the appointment")
    form.action = f"/admin/events/{event.public_id}/cancellation"
    page = dora.submit(form, form.filled({"reason": "No.", "version": event.version}))
    assert page.path == of(event)
    assert now(event).state == "requested"


def test_the_schedule_says_what_is_requested_and_by_whom(ask, change, browse, cast):
    event = ask(at(9), "bob")
    page = browse("dora").open("/admin/schedule/?date=2026-03-06")
    assert "Bob Brook" in page
    assert "requested" in page
    assert "another time requested" in page
    assert page.main.count("Alice Archer") == 2
    request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    assert "the client is asked" in browse("dora").open("/admin/schedule/?date=2026-03-06")


def test_who_answers_for_nobody_sees_that_time_is_taken_and_by_whom_they_may_see(change, browse, cast):
    let(cast.otto, "manage_schedule_of_others")
    page = browse("otto").open(f"/admin/schedule/?date=2026-03-06&worker={cast.dora.public_id}")
    assert "Busy" in page
    assert "Alice" not in page
    profile.follow(cast.alice, cast.otto, cast.by("ines"))
    otto = browse("otto")
    page = otto.open(f"/admin/schedule/?date=2026-03-06&worker={cast.dora.public_id}")
    assert page.main.count("Alice Archer") == 2
    event, twin = change
    assert otto.open(f"/admin/events/{twin.public_id}/").path == f"/admin/events/{event.public_id}/"


def test_a_record_tells_what_happened_to_requests(ask, change, browse, cast, frozen):
    first, second, third = ask(at(9)), ask(at(12)), ask(at(9, dt.date(2026, 3, 9)))
    request_answers.offer(first, at(15), cast.by("dora"), version=first.version)
    request_answers.decline(now(first), cast.by("dora"), version=now(first).version, reason="I am at court.")
    request_answers.accept(second, cast.by("dora"), version=second.version)
    request_answers.withdraw(place(third, cast.alice), cast.by("alice"))
    frozen("2026-03-06 16:00")
    request_answers.expire_due()
    page = browse("finn").open(f"/admin/individuals/{cast.alice.public_id}/history")
    for told in ("Appointment requested", "Another time for an appointment requested", "Time of a requested appointment changed",
                 "Request for an appointment declined: I am at court.", "Request for an appointment accepted",
                 "Request for an appointment withdrawn", "Request for an appointment not answered in time"):  # fmt: skip
        assert told in page
    assert "T13:00" not in page.main  # moments are told as the clock shows them
    page = browse("dora").open(f"/admin/events/{first.public_id}/")
    assert "Request for an appointment declined: I am at court." in page
    assert "declined" in page


def test_who_books_at_a_time_that_is_held_is_told(ask, browse, cast):
    ask(at(10), "bob")
    dora = browse("dora")
    dora.open(f"/admin/schedule/new?individual={cast.alice.public_id}")
    page = dora.press("Book", {**born(FRIDAY, "date"), "time": "10:30"})
    assert page.status == 422
    assert "has another appointment then" in str(page.problems)


# ---------------------------------------------------------------- who may


def test_of_another_worker_there_is_nothing_without_the_right(ask, browse, cast):
    event, otto = ask(at(10)), browse("otto")
    assert "Nothing to answer" in otto.open(LIST)
    assert otto.open(of(event)).status == 404
    for verb, data in (("accept", {}), ("offer", {"time": "15:00", **born(FRIDAY, "date")}), ("decline", {"reason": "No"})):
        page = otto.send(f"{of(event)}{verb}", {"csrf_token": otto.token, "version": "1", **data})
        assert page.status == 404, verb
    assert now(event).state == "requested"


def test_with_the_right_those_of_everybody_are_answered(ask, browse, cast):
    event, ines = ask(at(10)), browse("ines")
    page = ines.open(LIST)
    assert "Dora" in page.main
    ines.press("Accept")
    assert now(event).state == "booked"
    assert requests.of(event).answered_by == cast.ines


def test_who_answers_for_all_and_sees_nobody_reads_no_name(ask, change, browse, cast):
    let(cast.otto, "answer_requests")
    event, otto = ask(at(9), "bob"), browse("otto")
    page = otto.open(LIST)
    assert page.main.count("One person") == 2
    assert not any(name in page.main for name in ("Bob", "Alice"))
    for each in (event, change[1]):
        page = otto.open(of(each))
        assert "One person, whom you may not see." in page
        assert not any(name in page.main for name in ("Bob", "Alice", "Look at the schedule"))
    assert not AuditEntry.select().where(AuditEntry.kind == "individual.viewed").exists()


def test_what_was_never_requested_is_not_there(browse, book):
    event = book().event
    assert browse("dora").open(of(event)).status == 404
    assert browse("ada").open(f"{LIST}{'x' * 22}/").status == 404


@pytest.mark.parametrize("is_free", [True, False])
def test_what_holds_another_time_goes_to_the_taker_with_its_appointment_only(cast, change, is_free):
    event, twin = change
    if not is_free:
        events.book(Plan(cast.otto, at(10), 60, agency.main_site(), [cast.bob]), cast.by("ines"))
    leaving.leave(cast.dora, cast.by("ada"), to=cast.otto)
    whose = cast.otto if is_free else cast.dora
    assert (now(event).worker, now(twin).worker) == (whose, whose)
