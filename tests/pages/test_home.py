"""Home, as a client sees it."""

import pytest

from domain import attendances, events, profile, settings, store
from models import Attendance, Individual, Site

pytestmark = pytest.mark.usefixtures("cast")


def test_alice_is_greeted_by_the_name_she_is_called(browse, cast):
    assert "Alice" in browse("alice").open("/").heading
    details = profile.Details("Alice", "Archer", preferred_name="Lis", birth_date=cast.alice.birth_date)
    profile.change(cast.alice, details, cast.by("ines"), version=cast.alice.version)
    assert browse("alice").open("/").heading.endswith(", Lis")


@pytest.mark.parametrize(
    ("hour", "greeting"),
    [(4, "Good morning"), (11, "Good morning"), (12, "Good afternoon"), (17, "Good afternoon"), (18, "Good evening"), (3, "Good evening")],
)
def test_the_greeting_follows_the_agencys_clock(browse, frozen, hour, greeting):
    frozen(f"2027-07-05 {hour + 3:02}:30")  # Halifax is three hours behind in summer
    assert browse("alice").open("/").heading == f"{greeting}, Alice"


def test_home_leads_to_every_tile(browse):
    alice = browse("alice")
    for path in alice.open("/").links.values():
        if path.startswith("/"):
            assert alice.ask(path).status == 200, path


def test_a_client_is_offered_nothing_of_the_staff(browse):
    alice = browse("alice")
    for path in ("/", "/about-me/", "/my-portal/", "/my-portal/password"):
        assert "/admin" not in alice.open(path).html


def test_a_worker_who_opens_home_comes_to_today(browse):
    assert browse("dora").open("/").path == "/admin/"


def test_a_client_is_told_nothing_by_the_staff_side(browse):
    page = browse("alice").open("/admin/")
    assert page.status == 404
    assert page.heading == "There is nothing here"


def test_a_stranger_is_asked_to_sign_in(browse):
    page = browse().open("/")
    assert page.path == "/sign-in"
    assert "Archer" not in page.html


def test_the_menu_shows_where_one_is(browse):
    tree = browse("alice").open("/about-me/").tree
    assert [a.get("href") for a in tree.iter("a") if a.get("aria-current") == "page"] == ["/about-me/"]


def test_no_title_says_who_or_what(browse):
    alice = browse("alice")
    for path in ("/", "/about-me/", "/my-portal/"):
        title = alice.open(path).title
        assert "Alice" not in title
        assert "Archer" not in title


def test_a_page_is_never_kept_by_the_browser(browse):
    assert browse("alice").open("/").headers["Cache-Control"] == "no-store"


def test_looking_at_home_changes_nothing_of_the_record(browse, cast):
    before = Individual.get_by_id(cast.alice.id).__data__
    browse("alice").open("/")
    assert Individual.get_by_id(cast.alice.id).__data__ == before


# ---------------------------------------------------------------- what comes next


def tile(page):
    """What the tile of the calendar says."""
    return next(text for text in page.main.split("Calendar")[1:]).split("Inbox")[0].strip()


@pytest.fixture
def noon(frozen, cast):
    """Noon in Halifax."""
    with store.writing():
        Site.update(time_zone="America/Halifax").execute()
    frozen("2027-07-05 15:00")
    return frozen


def test_home_tells_when_the_next_appointment_is_and_nothing_else_of_it(browse, noon, book, open_service):
    book(24 * 5, service=open_service)
    page = browse("alice").open("/")
    assert tile(page) == "Saturday, 10 July, 12:00 ADT"
    assert "Nothing needs you today." in page
    for word in ("Talking", "Dora", Site.get().name):
        assert word not in page.main


def test_home_shows_what_is_today_tomorrow_or_to_be_confirmed_three_at_most(browse, cast, noon, book):
    settings.change("confirmation_hours", "96", cast.by("ada"))
    places = [book(hours) for hours in (3, 20, 90, 24 * 6)]
    attendances.confirm(places[0], cast.by("alice"), "portal")
    page = browse("alice").open("/")
    assert "Nothing needs you today." not in page
    assert tile(page) == "Today, 15:00 ADT"
    for told in ("Today, 15:00 ADT Your appointment", "Tomorrow, 08:00 ADT Please say that you come.",
                 "Friday, 9 July, 06:00 ADT Please say that you come."):  # fmt: skip
        assert told in page.main
    assert "11 July" not in page.main
    book(5)
    page = browse("alice").open("/")
    assert "9 July" not in page.main
    assert len([href for href in page.hrefs if len(href) == len(f"/calendar/{places[0].public_id}")]) == 3


def test_home_forgets_what_was_cancelled_or_is_over(browse, cast, noon, book):
    attendances.give_up(book(30), cast.by("alice"))
    events.cancel(book(40).event, cast.by("dora"), version=1)
    book(-3)
    page = browse("alice").open("/")
    assert tile(page) == "Nothing is planned"
    assert "Nothing needs you today." in page
    noon.shift(minutes=-150)
    assert tile(browse("alice").open("/")) == "Today, 09:00 ADT"
    assert Attendance.select().where(Attendance.state == "booked").count() == 2
