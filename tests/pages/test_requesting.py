"""A client requests an appointment: of what, with whom, when, and a look at all of it; another time; what becomes of it."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from bench.queries import Listener
from domain import (
    agency,
    availability,
    enrolments,
    events,
    offers,
    request_answers,
    requests,
    services,
    settings,
    store,
)
from domain.events import Plan
from domain.services import Details
from models import Attendance, Enrolment, Event, EventRequest, Individual, Participant, Service, Worker

NOW = "2026-03-04 16:00"  # a Wednesday, noon in Halifax
TODAY, FRIDAY = dt.date(2026, 3, 4), dt.date(2026, 3, 6)
CALENDAR, START = "/calendar/", "/calendar/request/"
FIRST = "10:00"  # in the fixture's week: minimum notice leaves out the Thursday's before noon


def acts(page):
    """What can be done with an appointment; that its news were read is said by a page itself, or by a button beside."""
    return [button for button in page.buttons if button != "I have read this"]


def at(hour, day=FRIDAY, minute=0, zone="America/Halifax"):
    """That time of the clock in Halifax."""
    return dt.datetime.combine(day, dt.time(hour, minute), ZoneInfo(zone)).astimezone(dt.UTC)


def seconds(moment):
    return int(moment.timestamp())


def decide(cast, **choices):
    for key, value in choices.items():
        settings.change(key, str(value), cast.by("ada"))


def shown(service, cast, *, is_visible=True):
    services.show(service, cast.by("ines"), is_visible=is_visible, version=Service.get_by_id(service.id).version, warned_of=[])


def works(cast, worker, begins=9, ends=13):
    """A worker sees clients at these hours on every weekday."""
    boss = cast.by("ines")
    calendar = availability.add_calendar(worker, dt.date(2026, 1, 5), boss)
    for day in range(5):
        availability.add_row(calendar, day, begins * 60, ends * 60, availability.client_facing(), agency.main_site(), boss)


def a_service(cast, name, *workers, who="alice", primary=None, **more):
    """A service that clients see, with its workers; somebody is in it."""
    boss = cast.by("ines")
    made = services.add(Details(name, minutes=60, **more), "case", boss)
    shown(made, cast)
    services.staff(made, list(workers), boss, version=Service.get_by_id(made.id).version)
    enrolments.open(getattr(cast, who), made, primary, TODAY, boss)
    return Service.get_by_id(made.id)


@pytest.fixture
def hours(cast, frozen):
    """Dora sees clients from nine to one on every weekday; Alice is in her service."""
    frozen(NOW)
    boss = cast.by("ines")
    kind = availability.add_type("Appointments", "green", boss)
    availability.face_clients(kind, boss)
    works(cast, cast.dora)
    return a_service(cast, "Trauma unit", cast.dora, primary=cast.dora, client_name="Talking", client_description="An hour for you.")


@pytest.fixture
def approval(cast, hours):
    decide(cast, request_mode="approve")


@pytest.fixture
def alice(browse, hours):
    return browse("alice")


def file_of(who="alice"):
    return Enrolment.get(Enrolment.individual == Individual.get(Individual.external_id == who))


def week(cast, worker=None, who="alice"):
    return f"{START}{file_of(who).public_id}/{(worker or cast.dora).public_id}/"


def review(cast, moment=None, **more):
    return f"{week(cast, **more)}{seconds(moment or at(10))}"


def its_page(event, who):
    return f"/calendar/{Attendance.get(Attendance.event == event, Attendance.individual == who).public_id}"


def ask(cast, moment=None):
    file = offers.enrolments(cast.alice)[0]
    return requests.ask(offers.Wish(cast.alice, cast.dora, file), moment or at(10), cast.by("alice"))


def refused(page, sentence):
    assert page.status == 200
    assert sentence in page.main


# ---------------------------------------------------------------- in at most four taps


def test_three_taps_from_the_calendar_to_an_appointment(alice, cast, hours):
    page = alice.open(alice.open(CALENDAR).links["Request an appointment"])  # 1
    assert page.heading == "Choose a time"
    for words in ("Dora Dunn", "Talking", "60 minutes", "Thursday, 5 March", "Times are those of Atlantic Time."):
        assert words in page.main
    assert "Trauma" not in page.html
    page = alice.open(f"{week(cast)}{seconds(at(10))}")
    for words in ("Book this time?", "Talking", "Friday, 6 March", "10:00 to 11:00 AST", "60 minutes", agency.main_site().name, "Dora Dunn"):
        assert words in page
    assert "data-begins" in page.html
    page = alice.press("Book this time")  # 3
    assert "Your appointment is booked." in page
    assert page.path == its_page(Event.get(), cast.alice)
    assert (Event.get().state, Event.get().starts_at, Event.get().is_video) == ("booked", at(10), False)
    assert "Friday, 6 March" in alice.open(CALENDAR).main


def test_each_time_leads_to_its_review(alice, cast):
    page = alice.open(f"{week(cast)}?date=2026-03-06")
    assert f"{review(cast)}" in page.hrefs
    assert f"{review(cast, at(12))}" in page.hrefs
    assert f"{review(cast, at(9, TODAY))}" not in page.hrefs


def test_my_services_leads_straight_to_the_week(alice, cast):
    page = alice.open("/my-services/")
    assert alice.open(page.links["Request an appointment with Dora Dunn"]).path == week(cast)


def test_by_video(alice, cast):
    alice.open(review(cast))
    page = alice.press("Book this time", way="video")
    assert Event.get().is_video
    assert "Your worker will add the link." in page


def test_sent_twice_it_is_booked_once(alice, cast):
    page = alice.open(review(cast))
    form = page.form("Book this time")
    alice.submit(form, form.filled({}))
    again = alice.send(form.action, form.filled({}))
    assert again.location == its_page(Event.get(), cast.alice)
    assert Event.select().count() == EventRequest.select().count() == 1


# ---------------------------------------------------------------- of what, with whom


def test_who_is_in_several_services_chooses_one_by_the_name_that_they_know(alice, cast):
    a_service(cast, "Canary housing", cast.dora, client_name="A roof", client_description="We look for it with you.")
    page = alice.open(START)
    assert "What is it about?" in page
    assert "An hour for you." in page
    assert "Canary" not in page.html
    assert page.main.index("A roof") < page.main.index("Talking")
    page = alice.open(next(href for href in page.hrefs if file_of().public_id in href))
    assert page.heading == "Choose a time"
    assert page.links["Choose something else"] == START


def test_several_workers_the_primary_one_first(alice, cast, hours):
    services.staff(hours, [cast.dora, cast.otto, cast.finn], cast.by("ines"), version=Service.get_by_id(hours.id).version)
    works(cast, cast.otto)
    page = alice.open(START)
    assert "With whom?" in page
    assert "Otto" in page.main
    assert page.main.index("Dora") < page.main.index("Otto")
    assert "Finn" not in page.main  # has no time for clients
    page = alice.open(f"{week(cast, cast.otto)}?chosen=worker")
    assert page.links["Choose somebody else"] == f"{START}{file_of().public_id}/"
    assert any(href.endswith("chosen=worker") and "date=" in href for href in page.hrefs)


def test_where_nothing_can_be_requested_a_page_says_whom_to_call(browse, cast, hours):
    page = browse("bob").open(START)
    assert "Nothing can be requested here now" in page
    assert "call +1 902" in page
    a_service(cast, "Quiet", who="bob")
    assert "Nothing can be requested here now" in browse("bob").open(START)  # nobody has time


def test_hidden_closed_and_foreign_is_nothing(browse, alice, cast, hours):
    mine, its = week(cast), review(cast)
    a_service(cast, "Another", cast.otto, who="bob")
    foreign = f"{START}{file_of('bob').public_id}/"
    for path in (foreign, f"{foreign}{cast.otto.public_id}/", f"{foreign}{cast.otto.public_id}/{seconds(at(10))}",
                 f"{START}{'x' * 22}/", f"{START}{file_of().public_id}/{cast.otto.public_id}/", f"{START}{file_of().public_id}/x/"):  # fmt: skip
        assert alice.ask(path).status == 404, path
    assert alice.send(f"{foreign}{cast.otto.public_id}/{seconds(at(10))}", {"csrf_token": alice.token}).status == 404
    shown(hours, cast, is_visible=False)
    for path in (mine, its, f"{START}{file_of().public_id}/"):
        assert alice.ask(path).status == 404, path


def test_switched_off_it_is_nowhere(alice, cast, hours):
    event = ask(cast)
    paths = (START, f"{START}{file_of().public_id}/", week(cast), review(cast), f"{its_page(event, cast.alice)}/time",
             f"{its_page(event, cast.alice)}/time/{seconds(at(11))}")  # fmt: skip
    token = alice.token
    for choice in ("setting", "time"):
        if choice == "setting":
            decide(cast, requesting=0)
        else:
            decide(cast, requesting=1)
            availability.face_clients(None, cast.by("ines"))
        for path in paths:
            assert alice.ask(path).status == 404, path
        for path in (review(cast), f"{its_page(event, cast.alice)}/time/{seconds(at(11))}"):
            assert alice.send(path, {"csrf_token": token}).status == 404
        for path in ("/", CALENDAR, "/my-services/", its_page(event, cast.alice)):
            page = alice.open(path)
            assert "Request" not in page.main, path
            assert "Change time" not in page.main
            assert not [href for href in page.hrefs if "/request/" in href or href.endswith("/time")]
    assert Event.select().count() == 1


# ---------------------------------------------------------------- a week of times


def test_days_without_a_free_time_say_why_and_only_once(alice, cast):
    boss = cast.by("ines")
    availability.add_holiday(dt.date(2026, 3, 10), "Founders' day", boss)
    availability.be_away(cast.dora, dt.date(2026, 3, 12), boss)
    page = alice.open(f"{week(cast)}?date=2026-03-11")
    for words in ("Tuesday, 10 March We are closed on this day.", "Thursday, 12 March Dora Dunn is away then.",
                  "Saturday, 14 March to Sunday, 15 March Dora Dunn has no time for appointments then."):  # fmt: skip
        assert words in page.main


def test_the_first_week_is_the_one_with_the_first_free_day(alice, cast):
    for day in (5, 6):
        availability.be_away(cast.dora, dt.date(2026, 3, day), cast.by("ines"))
    page = alice.open(week(cast))
    assert "Monday, 9 March" in page
    assert "Week before" in page.links


def test_weeks_go_from_today_to_the_horizon(alice, cast):
    page = alice.open(f"{week(cast)}?date=2026-03-04")
    assert "Tuesday, 3 March" not in page
    assert "Wednesday, 4 March Appointments can be requested until 24 hours before." in page.main
    assert "Week before" not in page.links
    seen = 0
    while "Week after" in page.links:
        page, seen = alice.open(page.links["Week after"]), seen + 1
    assert seen == 8
    assert "Sunday, 3 May" in page  # sixty days ahead
    assert "Monday, 4 May" not in page
    for odd in ("", "x", "2026-02-30", "0001-01-01", "9999-12-31", "2026-3-4", "\u0662\u0660\u0662\u0666-\u0660\u0663-\u0660\u0669"):
        assert alice.open(f"{week(cast)}?date={odd}").status == 200


def test_a_week_without_any_leads_to_the_next_that_has_one(alice, cast):
    for day in range(9, 14):
        availability.be_away(cast.dora, dt.date(2026, 3, day), cast.by("ines"))
    page = alice.open(f"{week(cast)}?date=2026-03-10")
    assert "There is no free time in this week" in page
    assert page.main.count("Dora Dunn is away then.") == 1
    assert f"{review(cast, at(9, dt.date(2026, 3, 16)))}" in alice.open(page.links["Next free time: Monday, 16 March"]).hrefs


def test_where_all_is_taken_somebody_else_can_be_chosen(alice, cast, hours):
    for day in range(62):
        availability.be_away(cast.dora, TODAY + dt.timedelta(days=day), cast.by("ines"))
    page = alice.open(week(cast))
    assert "No free time until Sunday, 3 May" in page
    assert "call +1 902" in page
    assert "Choose somebody else" not in page.links
    services.staff(hours, [cast.dora, cast.otto], cast.by("ines"), version=Service.get_by_id(hours.id).version)
    works(cast, cast.otto)
    assert "With whom?" in alice.open(alice.open(week(cast)).links["Choose somebody else"])


def test_times_at_two_places_say_which(alice, cast):
    from domain import sites

    west = sites.add(sites.Place("West", "", "", "America/Vancouver"), cast.by("ada"))
    availability.be_there(cast.dora, dt.date(2026, 3, 7), 9 * 60, 10 * 60, availability.client_facing(), west, cast.by("ines"))
    page = alice.open(f"{week(cast)}?date=2026-03-07")
    assert "West 09:00 PST" in page.main
    assert "09:00 AST" in page.main
    assert "Times are those" not in page
    assert "09:00 to 10:00 PST" in alice.open(f"{week(cast)}{seconds(at(9, dt.date(2026, 3, 7), zone='America/Vancouver'))}")


@pytest.mark.parametrize(("zone", "day"), [("America/Halifax", dt.date(2026, 3, 8)), ("America/St_Johns", dt.date(2026, 3, 8)),
                                           ("Europe/Berlin", dt.date(2026, 3, 29))])  # fmt: skip
def test_the_hour_that_the_clocks_leave_out_is_never_offered(alice, cast, zone, day):
    from domain import sites

    there = sites.add(sites.Place("There", "", "", zone), cast.by("ada"))
    availability.be_there(cast.dora, day, 60, 5 * 60, availability.client_facing(), there, cast.by("ines"))
    page = alice.open(f"{week(cast)}?date={day}")
    offered = [a.get("aria-label") for a in page.tree.iter("a") if (a.get("aria-label") or "").startswith(f"{day:%A}, {day.day}")]
    assert [label.split(", ")[2][:5] for label in offered] == ["01:00", "03:00", "04:00"]
    for link in page.hrefs:
        if link.startswith(week(cast)) and link.removeprefix(week(cast)).isdigit():
            assert alice.ask(link).status == 200


def test_a_week_asks_few_questions(alice, cast):
    listener, path = Listener(), f"{week(cast)}?date=2026-03-11"
    alice.open(path)
    listener.asked.clear()
    alice.open(path)
    assert len(listener.asked) <= 6, [sql for sql, _ in listener.asked]  # those of session and settings among them


def test_the_pages_that_were_there_ask_few_questions(alice, cast, hours, approval):
    event = ask(cast)
    request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    listener = Listener()
    paths = ("/", CALENDAR, "/my-services/", its_page(event, cast.alice))
    for path in paths:
        alice.open(path)
        listener.asked.clear()
        alice.open(path)
        assert len(listener.counted()) <= 6, (path, listener.counted())


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        (at(10, minute=30), "Dora Dunn has no time for appointments then."), (at(14), "Dora Dunn has no time for appointments then."),
        (at(11, TODAY), "This is over."), (at(11, dt.date(2026, 3, 5), 59), "Dora Dunn has no time for appointments then."),
        (at(11, dt.date(2026, 3, 5)), "Appointments can be requested until 24 hours before."),
        (at(9, dt.date(2026, 5, 4)), "Appointments can be requested up to 60 days ahead."),
    ],
)  # fmt: skip
def test_what_was_never_offered_leads_back_to_the_week(alice, cast, moment, sentence):
    page = alice.open(review(cast, moment))
    assert page.heading == "Choose a time"
    refused(page, sentence)
    sent = alice.send(review(cast, moment), {"csrf_token": alice.token, "way": ""})
    assert sent.location.startswith(week(cast))
    assert not Event.select().exists()


def test_notice_is_exact_to_the_minute(alice, cast, frozen):
    thursday = dt.date(2026, 3, 5)
    alice.open(review(cast, at(12, thursday)))
    frozen("2026-03-04 16:01")  # 23 hours and 59 minutes ahead
    refused(alice.press("Book this time"), "Appointments can be requested until 24 hours before.")
    frozen(NOW)
    alice.take_seat("alice")
    alice.open(review(cast, at(12, thursday)))
    assert "Your appointment is booked." in alice.press("Book this time")


def test_the_last_slot_of_the_horizon(alice, cast):
    sunday = dt.date(2026, 5, 3)
    availability.be_there(cast.dora, sunday, 22 * 60 + 59, 24 * 60 - 1, availability.client_facing(), agency.main_site(), cast.by("ines"))
    alice.open(review(cast, at(22, sunday, 59)))
    assert "Your appointment is booked." in alice.press("Book this time")


@pytest.mark.parametrize("junk", ["-1", "x", "1e9", "10.0", "", "%00"])
def test_a_moment_that_is_none(alice, cast, junk):
    assert alice.ask(f"{week(cast)}{junk or 'x/y'}").status == 404


@pytest.mark.parametrize("far", ["0", "32503680000", "32503680001", "9" * 30])
def test_a_moment_that_is_far(alice, cast, far):
    assert alice.ask(f"{week(cast)}{far}").status in (303, 404)
    assert alice.send(f"{week(cast)}{far}", {"csrf_token": alice.token, "way": ""}).status in (303, 404)


def test_what_was_just_taken_shows_fresh_times(alice, cast):
    alice.open(review(cast))
    events.book(Plan(cast.dora, at(10), 60, agency.main_site(), [cast.bob]), cast.by("dora"))
    page = alice.press("Book this time")
    refused(page, "That time has just been taken.")
    assert page.heading == "Choose a time"
    assert review(cast) not in page.hrefs
    assert review(cast, at(11)) in page.hrefs


def test_what_changed_between_the_list_and_the_tap_is_said(alice, cast, hours):
    def after(change):
        alice.open(review(cast))
        change()
        return alice.press("Book this time")

    services.staff(hours, [cast.dora, cast.otto], cast.by("ines"), version=Service.get_by_id(hours.id).version)
    page = after(lambda: availability.be_away(cast.dora, FRIDAY, cast.by("ines")))
    refused(page, "Dora Dunn is away then.")
    availability.remove_exception(availability.exceptions_of(cast.dora, FRIDAY)[0], cast.by("ines"))
    page = after(lambda: shown(hours, cast, is_visible=False))
    refused(page, "This cannot be requested here any more.")
    shown(hours, cast)
    file = offers.enrolments(cast.alice)[0]
    page = after(lambda: enrolments.close(file, TODAY, cast.by("ines"), version=file.version))
    refused(page, "This cannot be requested here any more.")
    assert not Event.select().exists()


def test_a_worker_who_left_meanwhile(alice, cast):
    alice.open(review(cast))
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    refused(alice.press("Book this time"), "Dora Dunn cannot be requested any more. Choose somebody else.")
    assert alice.ask(week(cast)).status == 404


def test_the_fourth_of_a_day_is_said_before_and_after(alice, cast, frozen):
    for hour in (9, 10):
        ask(cast, at(hour))
    alice.open(review(cast, at(12)))
    ask(cast, at(11))
    sentence = "You have requested 3 appointments today. More can be requested tomorrow."
    page = alice.press("Book this time")
    refused(page, sentence)
    assert page.path == CALENDAR
    page = alice.open(week(cast))
    assert sentence in page
    assert not [href for href in page.hrefs if href.startswith(review(cast)[:-6])]
    assert alice.ask(review(cast, at(12))).location.startswith(week(cast))
    frozen("2026-03-05 04:00")  # midnight there
    alice.take_seat("alice")
    alice.open(review(cast, at(12)))
    assert "Your appointment is booked." in alice.press("Book this time")


def test_a_way_that_is_none_is_refused_where_it_was_chosen(alice, cast):
    page = alice.send(review(cast), {"csrf_token": alice.token, "way": "by balloon"})
    assert page.status == 422
    assert "Choose one of the list." in page
    assert not Event.select().exists()


# ---------------------------------------------------------------- who comes along


def test_others_of_the_service_can_come_where_it_shows_names(alice, cast, hours):
    with store.writing():
        Participant.create(enrolment=file_of(), individual=cast.sam)
    assert cast.sam.called not in alice.open(review(cast))
    with store.writing():
        Service.update(shows_names=True).execute()
    assert cast.sam.called in alice.open(review(cast))
    alice.press("Book this time", **{f"with_{cast.sam.public_id}": True})
    assert {each.individual_id for each in Attendance.select()} == {cast.alice.id, cast.sam.id}


def test_when_who_comes_along_has_no_time_it_is_refused(alice, cast):
    with store.writing():
        Service.update(shows_names=True).execute()
        Participant.create(enrolment=file_of(), individual=cast.sam)
    events.book(Plan(cast.otto, at(10), 60, agency.main_site(), [cast.sam]), cast.by("otto"))
    alice.open(review(cast))
    refused(alice.press("Book this time", **{f"with_{cast.sam.public_id}": True}), "You have another appointment then.")


# ---------------------------------------------------------------- with approval


def test_it_waits_is_seen_in_the_calendar_and_withdrawn(alice, cast, approval):
    page = alice.open(review(cast))
    assert "Dora Dunn answers by 6 Mar 2026, 10:00 AST." in page
    page = alice.press("Request this time")
    assert "Your request is on its way." in page
    assert "Dora Dunn answers by 6 Mar 2026, 10:00 AST." in page
    assert "requested" in page.main
    assert acts(page) == ["Withdraw"]
    assert "Choose another time" in page.links
    calendar = alice.open(CALENDAR)
    assert "Waiting for an answer" in calendar
    assert page.path in calendar.hrefs
    alice.open(page.path)
    page = alice.press("Withdraw")
    assert "You withdrew this request" in page
    assert Event.get().state == "withdrawn"
    assert "See all times" in page.links
    assert "Waiting for an answer" not in alice.open(CALENDAR)


def test_another_time_is_offered_seen_at_home_and_taken(alice, cast, approval):
    event = ask(cast)
    request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    home = alice.open("/")
    assert "Another time is offered. Please answer." in home
    page = alice.open(its_page(event, cast.alice))
    assert page.path in home.hrefs
    assert "Dora Dunn offers another time" in page
    assert "15:00 to 16:00" in page
    assert acts(page) == ["Take this time", "No, thank you"]
    assert "please answer" in alice.open(CALENDAR)
    alice.open(page.path)
    page = alice.press("Take this time")
    assert "Your appointment is booked." in page
    assert (Event.get().state, Event.get().starts_at) == ("booked", at(15))
    assert "Another time is offered" not in alice.open("/")


def test_an_offer_that_changed_meanwhile_is_not_taken_unseen(alice, cast, approval):
    event = ask(cast)
    request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    alice.open(its_page(event, cast.alice))
    event = Event.get()
    request_answers.offer(event, at(16), cast.by("dora"), version=event.version)
    assert "was moved meanwhile" in alice.press("Take this time")
    assert Event.get().state == "requested"
    assert "You did not take the time that was offered" in alice.press("No, thank you")


def test_declined_it_says_why_and_offers_other_times(alice, cast, approval):
    event = ask(cast)
    request_answers.decline(event, cast.by("dora"), version=event.version, reason="I am at court.")
    page = alice.open(its_page(event, cast.alice))
    for words in ("Dora Dunn cannot take this appointment", "I am at court.", "Request another time"):
        assert words in page
    assert alice.open(page.links["See all times"]).heading == "Choose a time"


def test_not_answered_in_time(alice, cast, approval, frozen):
    event = ask(cast, at(10, dt.date(2026, 3, 12)))
    frozen("2026-03-06 16:00")
    alice.take_seat("alice")
    request_answers.expire_due()
    page = alice.open(its_page(event, cast.alice))
    assert "Nobody answered in time" in page
    assert "Request another time" in page


def test_who_comes_along_answers_nothing(browse, alice, cast, approval):
    with store.writing():
        Service.update(shows_names=True).execute()
        Participant.create(enrolment=file_of(), individual=cast.bob)
    alice.open(review(cast))
    alice.press("Request this time", **{f"with_{cast.bob.public_id}": True})
    bob = browse("bob")
    page = bob.open(its_page(Event.get(), cast.bob))
    assert "Waiting for an answer" in page
    assert acts(page) == []
    for step in ("withdrawal", "offer"):
        bob.send(f"{page.path}/{step}", {"csrf_token": bob.token})
    assert Event.get().state == "requested"


def test_what_waits_of_others_is_not_there(browse, alice, cast, approval):
    event = ask(cast)
    bob = browse("bob")
    for step in ("/time", f"/time/{seconds(at(11))}"):
        assert bob.ask(f"{its_page(event, cast.alice)}{step}").status == 404
    for step in ("/offer", "/withdrawal", f"/time/{seconds(at(11))}"):
        assert bob.send(f"{its_page(event, cast.alice)}{step}", {"csrf_token": bob.token}).status == 404
    assert (Event.get().state, Event.get().starts_at) == ("requested", at(10))


# ---------------------------------------------------------------- another time


def test_the_time_is_changed_at_once(alice, cast):
    event = ask(cast)
    page = alice.open(its_page(event, cast.alice))
    page = alice.open(page.links["Change time"])
    assert "Now: Friday, 6 March · 10:00 to 11:00 AST" in page.main
    assert f"{its_page(event, cast.alice)}/time/{seconds(at(11))}" in page.hrefs
    page = alice.open(f"{its_page(event, cast.alice)}/time/{seconds(at(11))}")
    assert "10:00 to 11:00 AST" in page
    assert "11:00 to 12:00 AST" in page
    page = alice.press("Change to this time")
    assert "Your appointment is moved." in page
    assert (Event.get().id, Event.get().starts_at) == (event.id, at(11))


def test_the_time_that_it_is_now_is_none_to_choose(alice, cast):
    event = ask(cast, at(9, dt.date(2026, 3, 9)))
    for day in range(60):
        availability.be_away(cast.dora, TODAY + dt.timedelta(days=day), cast.by("ines"), begins=10 * 60)
        if day not in (5, 20):
            availability.be_away(cast.dora, TODAY + dt.timedelta(days=day), cast.by("ines"))
    own = f"{its_page(event, cast.alice)}/time"
    page = alice.open(own)
    assert "Tuesday, 24 March" in page
    page = alice.open(f"{own}?date=2026-03-09")
    assert "There is no free time in this week" in page
    assert "Monday, 9 March 09:00 ADT" in page.main
    assert not [href for href in page.hrefs if f"{own}/" in href]


def test_with_approval_it_stays_until_then_and_can_be_withdrawn(alice, cast):
    event = ask(cast)
    decide(cast, request_mode="approve")
    alice.open(f"{its_page(event, cast.alice)}/time/{seconds(at(11))}")
    page = alice.press("Request this time")
    for words in ("You asked for another time", "11:00 to 12:00 AST"):
        assert words in page
    assert "Change time" not in page.links
    assert "another time" in alice.open(CALENDAR)
    assert "Another time is being asked about already." in alice.open(f"{its_page(event, cast.alice)}/time")
    alice.open(its_page(event, cast.alice))
    page = alice.press("Withdraw")
    assert "You asked for another time" not in page
    assert "Your request is withdrawn." in page
    assert Event.get_by_id(event.id).state == "booked"
    assert "Change time" in page.links


def test_its_own_time_is_no_other_time(alice, cast):
    event = ask(cast)
    page = alice.open(f"{its_page(event, cast.alice)}/time/{seconds(at(10))}")
    assert page.path == its_page(event, cast.alice)
    assert "This is the time that you have." in page
    form = alice.open(f"{its_page(event, cast.alice)}/time/{seconds(at(11))}").form("Change to this time")
    form.action = f"{its_page(event, cast.alice)}/time/{seconds(at(10))}"
    assert "This is the time that you have." in alice.submit(form, form.values)
    assert Event.get_by_id(event.id).version == event.version


def test_what_was_booked_in_another_tab_or_before_the_way_back_is_theirs_and_not_taken(alice, cast, browse):
    other = browse("alice")
    for each in (alice, other):
        each.open(review(cast))
    alice.press("Book this time")
    page = other.press("Book this time")
    assert "You have booked this time already." in page
    assert page.path == its_page(Event.get(), cast.alice)
    assert "You have booked this time already." in alice.open(review(cast))  # the way back
    assert Event.select().count() == 1


def test_who_did_not_take_what_was_offered_reads_that(alice, cast, approval):
    event = ask(cast)
    request_answers.offer(event, at(15), cast.by("dora"), version=event.version)
    alice.open(its_page(event, cast.alice))
    page = alice.press("No, thank you")
    assert "You did not take the time that was offered." in page
    assert "You withdrew this request" not in page


def test_a_day_without_a_free_time_says_when_the_next_one_is(alice, cast):
    page = alice.open(f"{week(cast)}?date=2026-03-06")
    assert "Next free time: Monday, 9 March." in page


def test_why_another_time_was_declined_stands_on_the_page_until_another_one_is_asked_for(alice, cast, browse):
    event = ask(cast)
    decide(cast, request_mode="approve")
    requests.change(Attendance.get(), at(11), cast.by("alice"))
    (waiting,) = requests.waiting()
    request_answers.decline(waiting.event, cast.by("dora"), version=waiting.event.version, reason="I am at court then.")
    page = alice.open(its_page(event, cast.alice))
    for words in ("Dora Dunn cannot take the time that you asked for", "I am at court then.", "Your appointment stays as it is."):
        assert words in page
    requests.change(Attendance.get(), at(12), cast.by("alice"))
    assert "I am at court then." not in alice.open(its_page(event, cast.alice))


def test_that_nobody_answered_about_another_time_stands_on_the_page(browse, cast, hours, frozen):
    event = ask(cast, at(10, TODAY + dt.timedelta(days=7)))
    decide(cast, request_mode="approve")
    requests.change(Attendance.get(), at(11, TODAY + dt.timedelta(days=7)), cast.by("alice"))
    frozen("2026-03-06 17:00")
    assert request_answers.expire_due() == 1
    page = browse("alice").open(its_page(event, cast.alice))
    for words in ("Nobody answered in time", "We are sorry. Your appointment stays as it is.", "Change time"):
        assert words in page


def test_of_another_time_that_is_offered_for_a_change(alice, cast):
    event = ask(cast)
    decide(cast, request_mode="approve")
    requests.change(Attendance.get(), at(11), cast.by("alice"))
    (waiting,) = requests.waiting()
    request_answers.offer(waiting.event, at(15), cast.by("dora"), version=waiting.event.version)
    page = alice.open(its_page(event, cast.alice))
    for words in ("Dora Dunn offers another time", "15:00 to 16:00", "Until you take it, your appointment stays as it is."):
        assert words in page
    alice.press("Take this time")
    assert Event.get_by_id(event.id).starts_at == at(15)


def test_what_waits_is_asked_for_at_another_time(alice, cast, approval):
    event = ask(cast)
    page = alice.open(its_page(event, cast.alice))
    alice.open(page.links["Choose another time"])
    alice.open(f"{page.path}/time/{seconds(at(12))}")
    assert "Your request is on its way." in alice.press("Request this time")
    assert (Event.get().state, Event.get().starts_at) == ("requested", at(12))


def test_a_time_that_is_not_free_leads_back_to_the_week(alice, cast):
    event = ask(cast)
    events.book(Plan(cast.dora, at(11), 60, agency.main_site(), [cast.bob]), cast.by("dora"))
    refused(alice.open(f"{its_page(event, cast.alice)}/time/{seconds(at(11))}"), "That time has just been taken.")
    alice.open(f"{its_page(event, cast.alice)}/time/{seconds(at(12))}")
    events.book(Plan(cast.dora, at(12), 60, agency.main_site(), [cast.bob]), cast.by("dora"))
    refused(alice.press("Change to this time"), "That time has just been taken.")
    assert Event.get_by_id(event.id).starts_at == at(10)


def test_a_change_is_of_the_time_that_was_seen(alice, cast):
    event = ask(cast)
    alice.open(f"{its_page(event, cast.alice)}/time/{seconds(at(11))}")
    events.move(event, at(12), 60, cast.by("dora"), version=event.version)
    assert "was moved meanwhile" in alice.press("Change to this time")
    assert Event.get_by_id(event.id).starts_at == at(12)


def test_too_late_there_is_no_button_and_the_address_says_why(alice, cast, frozen):
    event = ask(cast)
    frozen("2026-03-05 14:00:01")
    alice.take_seat("alice")
    page = alice.open(its_page(event, cast.alice))
    assert "Change time" not in page.links
    for path in ("/time", f"/time/{seconds(at(11, dt.date(2026, 3, 10)))}"):
        page = alice.open(its_page(event, cast.alice) + path)
        assert page.path == its_page(event, cast.alice)
        assert "It is too late to choose another time here." in page


def test_where_changing_is_switched_off_it_is_not_there(alice, cast):
    event = ask(cast)
    decide(cast, changing_time=0)
    assert "Change time" not in alice.open(its_page(event, cast.alice)).links
    assert alice.ask(f"{its_page(event, cast.alice)}/time").status == 404
    assert "Request an appointment" in alice.open(CALENDAR).links


# ---------------------------------------------------------------- after cancelling


def test_after_cancelling_the_next_free_times_are_there(alice, cast):
    event = ask(cast)
    alice.open(f"{its_page(event, cast.alice)}/cancellation")
    page = alice.press("Yes, cancel it")
    assert "You can request another one here." in page
    times = [href for href in page.hrefs if href.removeprefix(week(cast)).isdigit()]
    assert times == [review(cast, moment) for moment in (at(12, dt.date(2026, 3, 5)), at(9), at(10))]
    assert page.links["See all times"] == week(cast)
    alice.open(times[1])
    assert "Your appointment is booked." in alice.press("Book this time")


def test_where_no_more_can_be_asked_for_none_are_offered(alice, cast, hours):
    event, *_ = [ask(cast, at(hour)) for hour in (9, 10, 11)]
    alice.open(f"{its_page(event, cast.alice)}/cancellation")
    page = alice.press("Yes, cancel it")
    assert "More can be requested tomorrow." in page
    assert "See all times" not in page.links
    decide(cast, requests_a_day=9)
    assert "See all times" in alice.open(page.path).links
    file = offers.enrolments(cast.alice)[0]
    enrolments.close(file, TODAY, cast.by("ines"), version=file.version)
    page = alice.open(page.path)
    assert "See all times" not in page.links
    assert "To make another one, call +1 902" in page
