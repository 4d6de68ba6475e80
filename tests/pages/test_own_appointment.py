"""One appointment as its client sees it: what it says in each state, and pages that were opened before something changed."""

import pytest

from domain import attendances, clock, events, settings, store
from domain.events import Plan
from models import Attendance, Event, Site, Worker, WorkerPhoto

pytestmark = pytest.mark.usefixtures("cast")


def choose(cast, **choices):
    for name, value in choices.items():
        settings.change(name, str(value), cast.by("ada"))


def its_page(place):
    return f"/calendar/{place.public_id}"


def move(place, cast, hours=100):
    events.move(place.event, clock.ahead(hours=hours), 50, cast.by("dora"), version=1)


# ---------------------------------------------------------------- opened before something changed


def test_a_confirmation_counts_for_the_time_that_was_seen_only(browse, cast, book):
    place = book(72)
    alice = browse("alice")
    alice.open(its_page(place))
    move(place, cast)
    assert "was moved meanwhile" in alice.press("I will come")
    assert Attendance.get().confirmed_at is None
    alice.press("I will come")
    assert Attendance.get().confirmed_at


@pytest.mark.parametrize("button", ["I am running late", "I cannot come"])
def test_what_the_worker_is_told_is_of_the_time_that_was_seen(browse, cast, book, button):
    choose(cast, late_cancelling=0)
    place = book(5)
    alice = browse("alice")
    alice.open(its_page(place))
    move(place, cast, 10)
    assert "was moved meanwhile" in alice.press(button)
    assert not attendances.said(Attendance.get())


def test_a_cancellation_is_of_the_time_that_was_seen(browse, cast, book):
    place = book(72)
    alice = browse("alice")
    before = alice.open(f"{its_page(place)}/cancellation").main
    move(place, cast)
    page = alice.press("Yes, cancel it", reason="I work on that day.")
    assert (page.status, Attendance.get().state) == (422, "booked")
    assert "was moved meanwhile" in page
    assert "I work on that day." in page.html
    assert before != page.main
    alice.press("Yes, cancel it")
    assert Attendance.get().cancel_reason == "I work on that day."


def test_late_is_said_before_it_is_done(browse, book, frozen):
    frozen()
    place = book(24 + 1 / 60)
    alice = browse("alice")
    assert "This is late" not in alice.open(f"{its_page(place)}/cancellation")
    frozen.shift(minutes=2)
    page = alice.press("Yes, cancel it", reason="I am ill.")
    assert (page.status, Attendance.get().state) == (422, "booked")
    assert "This is late" in page
    alice.press("Yes, cancel it")
    assert Attendance.get().state == "late_cancelled"


def test_what_was_typed_is_not_lost_when_it_is_too_late(browse, cast, book, frozen):
    frozen()
    choose(cast, late_cancelling=0)
    place = book(24 + 1 / 60)
    alice = browse("alice")
    alice.open(f"{its_page(place)}/cancellation")
    frozen.shift(minutes=2)
    page = alice.press("Yes, cancel it", reason="I am in hospital until Friday.")
    assert page.status == 422
    assert "It is too late to cancel here" in page
    assert "I am in hospital until Friday." in page
    assert page.buttons == ["I cannot come"]
    assert "We have told" in alice.press("I cannot come")


def test_what_the_agency_cancelled_meanwhile_is_said(browse, cast, book):
    place = book(72)
    alice = browse("alice")
    alice.open(f"{its_page(place)}/cancellation")
    events.cancel(place.event, cast.by("dora"), version=1)
    page = alice.press("Yes, cancel it", reason="I am ill.")
    assert page.status == 422
    assert "This appointment was cancelled or is over." in page
    assert page.buttons == []


# ---------------------------------------------------------------- what it says


def test_no_title_names_a_service(browse, book, open_service):
    place = book(72, service=open_service)
    alice = browse("alice")
    for path in (its_page(place), f"{its_page(place)}/cancellation"):
        page = alice.open(path)
        assert "Talking" in page.main
        assert "Talking" not in page.title


def test_where_nobody_cancels_here_it_says_whom_to_call(browse, cast, book):
    choose(cast, cancelling=0)
    assert "To cancel, call +1 902" in browse("alice").open(its_page(book(72)))


def test_who_cancelled_reads_that_and_how_to_make_another_one(browse, cast, book):
    place = book(72)
    attendances.give_up(place, cast.by("alice"))
    page = browse("alice").open(its_page(place))
    assert "To make another one, call +1 902" in page
    assert "We had to cancel" not in page


def test_who_gave_up_their_place_did_not_lose_it_to_the_agency(browse, cast, book):
    place = book(72, who=("alice", "bob"))
    attendances.give_up(place, cast.by("alice"))
    events.cancel(place.event, cast.by("dora"), version=Event.get().version)
    page = browse("alice").open(its_page(place))
    assert "We had to cancel" not in page
    assert "We had to cancel" in browse("bob").open(its_page(Attendance.get(Attendance.individual == cast.bob)))


def test_without_notice_one_cancels_until_it_begins(browse, cast, book):
    choose(cast, cancellation_notice=0)
    page = browse("alice").open(f"{its_page(book(30))}/cancellation")
    assert "You can cancel here until it begins." in page


def test_what_one_said_is_told_in_the_time_of_the_place(browse, cast, frozen):
    frozen("2027-01-11 19:05")
    with store.writing():
        west = Site.create(name="West", time_zone="America/Vancouver")
    events.book(Plan(cast.dora, clock.ahead(hours=3), 50, west, [cast.alice]), cast.by("dora"))
    alice = browse("alice")
    alice.open(its_page(Attendance.get()))
    page = alice.press("I am running late")
    assert "11 Jan 2027, 11:05 PST" in page


@pytest.mark.parametrize("change", [{"is_active": False}, {"email": ""}])
def test_a_worker_who_is_not_reached_was_not_told(browse, book, change):
    place = book(5)
    with store.writing():
        Worker.update(**change).where(Worker.external_id == "dora").execute()
    alice = browse("alice")
    alice.open(its_page(place))
    page = alice.press("I am running late")
    assert "We have passed it on." in page


# ---------------------------------------------------------------- by video


def by_video(book, hours):
    return book(hours, is_video=True, video_link="https://video.example.org/r")


def begun(place, minutes):
    """It began so many minutes ago."""
    with store.writing():
        Event.update(starts_at=clock.ago(minutes=minutes), ends_at=clock.ago(minutes=minutes - 50)).execute()
        Attendance.update(starts_at=clock.ago(minutes=minutes)).execute()


def test_the_link_of_the_call_is_there_from_the_booking_until_an_hour_after_the_end(browse, cast, book):
    place = by_video(book, 72)
    alice = browse("alice")
    assert "Join the video call" in alice.open(its_page(place))
    begun(place, 10)
    attendances.mark(Attendance.get(), "show", cast.by("dora"), version=1)
    assert "Join the video call" in alice.open(its_page(place))
    begun(place, 60)
    assert "Join the video call" in alice.open(its_page(place))
    begun(place, 115)
    page = alice.open(its_page(place))
    assert "video.example.org" not in page.html
    assert "By video" in page


def test_of_a_cancelled_call_there_is_no_link(browse, cast, book):
    place = by_video(book, 72)
    attendances.give_up(place, cast.by("alice"))
    page = browse("alice").open(its_page(place))
    assert "video.example.org" not in page.html
    assert "By video" in page


# ---------------------------------------------------------------- with whom


def test_others_are_named_where_the_service_says_so(browse, cast, book, open_service, hidden):
    shown, unsaid = book(72, who=("alice", "bob", "sam"), service=open_service), book(96, who=("alice", "bob"), service=hidden)
    attendances.give_up(Attendance.get(Attendance.event == shown.event, Attendance.individual == cast.sam), cast.by("sam"))
    alice = browse("alice")
    page = alice.open(its_page(shown))
    assert cast.bob.called in page.main
    assert cast.sam.called not in page.main
    assert cast.bob.called not in alice.open(its_page(unsaid)).main


def test_others_are_named_to_whoever_comes_only_and_whatever_became_of_them(browse, cast, book, open_service):
    place = book(-2, who=("alice", "bob"), service=open_service)
    alice = browse("alice")
    attendances.mark(Attendance.get(Attendance.individual == cast.bob), "no_show", cast.by("dora"), version=1)
    assert cast.bob.called in alice.open(its_page(place)).main
    later = book(72, who=("alice", "bob"), service=open_service)
    gone = book(96, who=("alice", "bob"), service=open_service)
    attendances.give_up(later, cast.by("alice"))
    events.cancel(gone.event, cast.by("dora"), version=1)
    for each in (later, gone):
        assert cast.bob.called not in alice.open(its_page(each)).main


@pytest.mark.parametrize("is_shown", [True, False])
def test_the_worker_has_a_photo_where_the_agency_shows_them(browse, cast, book, is_shown):
    choose(cast, worker_photos=int(is_shown))
    with store.writing():
        small, _ = (WorkerPhoto.create(worker=cast.dora, kind=kind, content_type="image/webp", width=9, height=9, body=b"a face")
                    for kind in ("small", "large"))  # fmt: skip
    page = browse("alice").open(its_page(book(72)))
    assert (f"/photos/{small.public_id}" in page.html) == is_shown
