"""The client's calendar as it is seen: what comes, what was, one appointment and its buttons; the own calendar."""

import datetime as dt
from zoneinfo import ZoneInfo

import icalendar
import pytest

from domain import accounts, attendances, clock, events, forced_reset, services, settings, store
from models import Attendance, AuditEntry, CalendarFeed, Service, Site

pytestmark = pytest.mark.usefixtures("cast")


def acts(page):
    """What can be done with an appointment; that its news were read is said by a page itself, or by a button beside."""
    return [button for button in page.buttons if button != "I have read this"]


def choose(cast, **choices):
    for name, value in choices.items():
        settings.change(name, str(value), cast.by("ada"))


def event_page(place):
    return f"/calendar/{place.public_id}"


# ---------------------------------------------------------------- what comes, what was


def test_what_comes_is_told_by_day_the_next_one_first(browse, cast, book):
    book(24 * 9)
    book(24)
    page = browse("alice").open("/calendar/")
    days = [heading.text for heading in page.tree.iter("h2")]
    assert days[0] == "Tomorrow"
    assert page.main.count("Appointment") == 2


def test_nothing_planned_says_so_and_whom_to_call(browse, cast):
    assert "Nothing is planned" in browse("alice").open("/calendar/")
    assert "Nothing yet" in browse("alice").open("/calendar/history")


def test_a_list_goes_on(browse, cast, book):
    for number in range(22):
        book(48 + number)
    alice = browse("alice")
    page = alice.open("/calendar/")
    following = next(href for href in page.hrefs if "after=" in href)
    assert alice.open(following).main.count("Appointment") == 2


def test_history_is_narrowed_by_service_year_and_what_became_of_it(browse, cast, book, hidden):
    open_one = services.add(services.Details("Talking"), "case", cast.by("ines"))
    with store.writing():
        Service.update(is_visible=True).where(Service.id == open_one.id).execute()
    came = book(-50, service=open_one)
    missed, cancelled = book(-100, service=hidden), book(90)
    for place, verb in ((came, "show"), (missed, "no_show")):
        attendances.mark(place, verb, cast.by("dora"), version=1)
    events.cancel(cancelled.event, cast.by("dora"), version=1)
    alice = browse("alice")
    page = alice.open("/calendar/history")
    assert "Canary" not in page.html
    for asked, shown in (("outcome=attended", came), ("outcome=missed", missed), ("outcome=cancelled", cancelled),
                         (f"service={open_one.public_id}", came)):  # fmt: skip
        found = [href for href in alice.open(f"/calendar/history?{asked}").hrefs if len(href) == len(event_page(came))]
        assert found == [event_page(shown)], asked
    for odd in ("service=" + hidden.public_id, "year=1", "outcome=x", "older=x", "year=%00"):
        assert alice.open(f"/calendar/history?{odd}").status == 200


def test_the_history_is_narrowed_by_the_years_of_what_stands_in_it(browse, cast, book, frozen):
    frozen("2027-07-05 15:00")
    book(-50)
    book(24 * 500)
    alice = browse("alice")
    assert '<option>2028' not in alice.open("/calendar/history").html
    cancelled = book(24 * 300)
    events.cancel(cancelled.event, cast.by("dora"), version=1)
    assert '<option>2028' in alice.open("/calendar/history").html
    assert event_page(cancelled) in alice.open("/calendar/history?year=2028").hrefs


def test_a_hidden_service_is_an_appointment_everywhere(browse, cast, book, hidden, mailbox):
    place = book(20, service=hidden)
    alice = browse("alice")
    for path in ("/", "/calendar/", "/calendar/history", event_page(place), f"{event_page(place)}/cancellation"):
        assert "Canary" not in alice.open(path).html, path
    assert "Appointment" in alice.open("/calendar/")
    assert "Canary" not in alice.ask(f"{event_page(place)}/appointment.ics").html
    assert not [mail for mail in mailbox.collect() if "Canary" in mail.as_string()]
    other = browse("bob")
    assert other.ask(event_page(place)).status == other.ask("/calendar/" + "x" * 22).status == 404


# ---------------------------------------------------------------- one appointment


def test_confirm_then_cancel(browse, cast, book):
    place = book(72)
    alice = browse("alice")
    page = alice.open(event_page(place))
    assert acts(page) == ["I will come"]
    page = alice.press("I will come")
    assert "Thank you. We expect you." in page
    assert "I will come" not in page.buttons
    alice.open(f"{event_page(place)}/cancellation")
    page = alice.press("Yes, cancel it", reason="I am ill.")
    assert "Your appointment is cancelled." in page
    assert acts(page) == []
    assert Attendance.get().cancel_reason == "I am ill."
    assert alice.open(f"{event_page(place)}/cancellation").path == event_page(place)


def test_late_is_told_before_the_button_and_in_one_tap_to_the_worker(browse, cast, book):
    place = book(3)
    alice = browse("alice")
    page = alice.open(event_page(place))
    assert acts(page) == ["I will come", "I am running late"]
    assert "We have told" in alice.press("I am running late")
    assert "You said that you are running late" in alice.open(event_page(place))
    assert "cancelled late" in alice.open(f"{event_page(place)}/cancellation")


def test_too_late_is_a_way_to_say_so_and_no_missing_button(browse, cast, book):
    choose(cast, late_cancelling=0)
    place = book(3)
    alice = browse("alice")
    page = alice.open(event_page(place))
    assert acts(page) == ["I will come", "I am running late", "I cannot come"]
    assert "It is too late to cancel here." in page
    assert "We have told" in alice.press("I cannot come")


def test_who_said_that_they_cannot_come_is_asked_no_more(browse, cast, book):
    choose(cast, late_cancelling=0)
    place = book(3)
    alice = browse("alice")
    assert "Please say that you come." in alice.open("/")
    alice.open(event_page(place))
    alice.press("I cannot come")
    page = alice.open(event_page(place))
    assert acts(page) == ["I come after all"]
    assert "You said that you cannot come" in page
    assert "It is too late to cancel here" not in page
    assert "you cannot come" in alice.open("/calendar/").main
    assert "Please say that you come." not in alice.open("/")
    assert event_page(place) in alice.page.hrefs
    choose(cast, confirming=0)
    assert "If you can come after all, call" in alice.open(event_page(place))
    choose(cast, confirming=1)
    alice.open(event_page(place))
    assert "We expect you" in alice.press("I come after all")
    assert "You said" not in alice.open(event_page(place))


def test_how_to_cancel_is_told_before_the_buttons(browse, cast, book):
    choose(cast, late_cancelling=0)
    page = browse("alice").open(event_page(book(3)))
    assert page.html.index("It is too late to cancel here.") < page.html.index("I am running late")


def test_what_was_said_of_a_place_that_is_taken_back_counts_no_more(browse, cast, book):
    place = book(3)
    for what in ("running_late", "cannot_come"):
        attendances.tell(place, what, cast.by("alice"))
    alice = browse("alice")
    attendances.give_up(place, cast.by("alice"))
    page = alice.open(event_page(place))
    assert "You cancelled this appointment" in page
    assert "You said" not in page
    attendances.mark(Attendance.get(), "revert", cast.by("dora"), version=2)
    page = alice.open(event_page(place))
    assert "You said" not in page
    assert acts(page) == ["I will come", "I am running late"]
    assert attendances.tell(Attendance.get(), "running_late", cast.by("alice"))
    assert not attendances.tell(Attendance.get(), "running_late", cast.by("alice"))


def test_what_became_of_a_place_counts_only_while_the_event_stands(browse, cast, book):
    place = book(-50)
    attendances.mark(place, "no_show", cast.by("dora"), version=1)
    alice = browse("alice")
    assert event_page(place) in alice.open("/calendar/history?outcome=missed").hrefs
    events.cancel(place.event, cast.by("dora"), version=1)
    assert event_page(place) not in alice.open("/calendar/history?outcome=missed").hrefs
    assert event_page(place) in alice.open("/calendar/history?outcome=cancelled").hrefs


def test_where_it_is_and_how_long_it_takes(browse, cast, book):
    place = book(72)
    alice = browse("alice")
    page = alice.open(event_page(place))
    assert "50 minutes" in page
    assert "12 Main Street" in page
    assert page.links["Show on a map"].startswith("https://www.openstreetmap.org/search?query=12%20Main%20Street")
    events.set_video(place.event, "", cast.by("dora"), is_video=True, version=1)
    page = alice.open(event_page(place))
    assert "Your worker will add the link." in page
    assert "Show on a map" not in page.links


BY = {
    "This appointment was cancelled for you.": lambda place, cast: attendances.mark(place, "cancel", cast.by("dora"), version=1),
    "You cancelled this appointment": lambda place, cast: attendances.by_phone(
        place, "give_up", cast.by("dora"), version=1, shown=attendances.mark_of(place)
    ),
}


def test_who_cancelled_late_did_so_whoever_wrote_it_down(browse, cast, book):
    place = book(3)
    attendances.mark(place, "cancel_late", cast.by("dora"), version=1)
    assert "You cancelled this appointment" in browse("alice").open(event_page(place))


@pytest.mark.parametrize("told", BY)
def test_who_cancelled_is_told_as_it_was(browse, cast, book, told):
    place = book(72)
    BY[told](place, cast)
    page = browse("alice").open(event_page(place))
    assert [each for each in BY if each in page] == [told]
    assert "To make another one" in page


def test_what_is_switched_off_is_gone(browse, cast, book):
    place = book(72)
    alice = browse("alice")
    choose(cast, confirming=0, cancelling=0, calendar_feed=0)
    page = alice.open(event_page(place))
    assert acts(page) == ["I cannot come"]  # who may not cancel can say so
    assert "Cancel" not in page.links
    assert alice.send(f"{event_page(place)}/confirmation", {"csrf_token": alice.token}).status == 404
    assert alice.ask(f"{event_page(place)}/cancellation").status == 404
    assert alice.send(f"{event_page(place)}/cancellation", {"csrf_token": alice.token}).status == 404
    assert "/calendar/feed" not in alice.open("/calendar/").hrefs
    for path in ("/calendar/feed", "/calendar/feed/details", "/calendar/feed/end"):
        assert alice.send(path, {"csrf_token": alice.token}).status == 404
    assert alice.ask("/calendar/feed").status == 404
    assert Attendance.get().confirmed_at is None


def test_what_the_agency_cancelled_says_whom_to_call(browse, cast, book):
    place = book(72)
    events.cancel(place.event, cast.by("dora"), version=1)
    page = browse("alice").open(event_page(place))
    assert "We had to cancel this appointment" in page
    assert acts(page) == []
    assert "Add to my calendar" not in page.links


# ---------------------------------------------------------------- the own calendar


def test_one_appointment_as_a_file(browse, cast, book):
    place = book(72)
    alice = browse("alice")
    answer = alice.ask(alice.open(event_page(place)).links["Add to my calendar"])
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=appointment.ics"
    [one] = icalendar.Calendar.from_ical(answer.body).walk("VEVENT")
    assert one.start.astimezone(dt.UTC) == place.starts_at.replace(microsecond=0)
    assert browse("bob").ask(f"{event_page(place)}/appointment.ics").status == 404


def address_on(page):
    return next(tag.get("value") for tag in page.tree.iter("input") if tag.get("id") == "address")


def test_an_address_is_made_chosen_renewed_and_stopped(browse, cast, book):
    book(72)
    alice, phone = browse("alice"), browse()
    alice.open(alice.open("/calendar/").links["Show them in my own calendar"])
    first = address_on(alice.press("Make my address"))
    path = first.removeprefix(alice.root)
    answer = phone.ask(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "Dora" not in answer.html
    alice.press("Save", has_details=True)
    assert "LOCATION" in phone.ask(path).html
    second = address_on(alice.press("Make a new address"))
    assert second != first
    gone = phone.ask(path)
    assert gone.status == 404
    assert phone.ask("/feed/guessed.ics").main == gone.main
    assert "LOCATION" in phone.ask(second.removeprefix(alice.root)).html
    assert "no longer works" in alice.press("Stop it")
    assert phone.ask(second.removeprefix(alice.root)).status == 404


def test_the_address_of_an_ended_account_is_like_one_that_never_was(browse, cast):
    alice = browse("alice")
    alice.open("/calendar/feed")
    path = address_on(alice.press("Make my address")).removeprefix(alice.root)
    accounts.close(cast.alice_account, cast.by("ada"))
    assert browse().ask(path).main == browse().ask("/feed/guessed.ics").main


def test_each_day_stands_once_however_far_apart_two_places_are(browse, cast, frozen):
    frozen("2026-06-10 12:00")
    with store.writing():
        Site.update(time_zone="America/Halifax").execute()
        west = Site.create(name="West", time_zone="Pacific/Honolulu")
    for hour, site in ((4, Site.get()), (5, west), (6, Site.get())):
        events.book(events.Plan(cast.dora, dt.datetime(2026, 6, 11, hour, tzinfo=dt.UTC), 50, site, [cast.alice]), cast.by("dora"))
    assert [heading.text for heading in browse("alice").open("/calendar/").tree.iter("h2")][:2] == ["Today", "Tomorrow"]
    frozen("2026-06-20 12:00")
    past = [heading.text for heading in browse("alice").open("/calendar/history").tree.iter("h2")]
    assert past[:2] == ["Thursday, 11 June 2026", "Wednesday, 10 June 2026"]


def test_where_a_list_goes_on_is_told_by_an_own_appointment_only(browse, book):
    other, _, _ = book(50, who=("bob",)), book(60), book(40)
    alice = browse("alice")
    whole = alice.open("/calendar/").main
    assert alice.open(f"/calendar/?after={other.public_id}").main == whole
    assert whole.count("Appointment") == 2


def test_a_year_of_the_history_begins_where_the_agency_is(browse, cast, book):
    with store.writing():
        Site.update(time_zone="America/Halifax").execute()
    eve = dt.datetime(2025, 12, 31, 21, tzinfo=ZoneInfo("America/Halifax"))
    events.book(events.Plan(cast.dora, eve, 50, Site.get(), [cast.alice]), cast.by("dora"))
    book(-3)
    alice = browse("alice")
    page = alice.open("/calendar/history?year=2025")
    assert "31 December 2025" in page
    assert [option.text for option in page.tree.iter("option") if option.text and option.text.isdigit()][-1] == "2025"
    assert "31 December 2025" not in alice.open(f"/calendar/history?year={clock.now().year}")


def test_one_appointment_as_a_file_says_no_more_than_the_own_calendar(browse, book, open_service):
    place = book(72, service=open_service)
    alice = browse("alice")
    path = f"{event_page(place)}/appointment.ics"
    for word in ("Talking", "Dora", "LOCATION"):
        assert word not in alice.ask(path).html
    alice.open("/calendar/feed")
    alice.press("Make my address")
    assert "Talking" not in alice.ask(path).html
    alice.press("Save", has_details=True)
    assert "Talking" in alice.ask(path).html


def test_with_a_new_account_comes_a_new_address(browse, cast, frozen):
    frozen()
    alice = browse("alice")
    alice.open("/calendar/feed")
    alice.press("Make my address")
    alice.press("Save", has_details=True)
    accounts.close(cast.alice_account, cast.by("ada"))
    frozen.shift(hours=1)
    cast.activated(cast.alice)
    again = browse("alice")
    page = again.open("/calendar/feed")
    assert "An address that you had no longer works" in page
    path = address_on(again.press("Make my address")).removeprefix(again.root)
    assert browse().ask(path).status == 200
    assert not CalendarFeed.get(CalendarFeed.ended_at.is_null()).has_details


def test_whoever_is_asked_for_a_new_password_has_no_address_any_more(browse, cast):
    alice = browse("alice")
    alice.open("/calendar/feed")
    path = address_on(alice.press("Make my address")).removeprefix(alice.root)
    forced_reset.force(cast.alice_account, cast.by("ada"))
    assert browse().ask(path).status == 404
    assert AuditEntry.select().where(AuditEntry.kind == "calendar_feed.ended", AuditEntry.individual == cast.alice).count() == 1
