"""An appointment by the link of its e-mail: who opens it reads date and time, and says that they come, without signing in."""

import pytest

from domain import attendances, clock, event_letters, events, links, settings, store
from models import Attendance, Event, Site

pytestmark = pytest.mark.usefixtures("cast")


def offered(page):
    """What can be pressed, beside the language."""
    return [button for button in page.buttons if button not in ("English", "Español", "Français", "العربية")]


def link(place):
    return f"/appointment/{event_letters.link_of(place)}"


def button(place):
    """What the button of a page carries that was opened before."""
    return links.sealed("appointment_button", f"{place.public_id}.{attendances.mark_of(place)}")


def pressed(somebody, place):
    """The button of a page that was opened before."""
    somebody.send("/appointment/", {"csrf_token": somebody.token, "appointment": button(place)})
    return somebody.open("/appointment/")


def test_the_link_shows_date_and_time_only_and_a_button_confirms(browse, cast, book, hidden):
    place = book(30, service=hidden)
    somebody = browse()
    page = somebody.open(link(place))
    assert page.path == "/appointment/"
    assert Attendance.get().confirmed_at is None
    for word in ("Canary", "Dora", "Alice", Site.get().name):
        assert word not in page.main
    assert offered(page) == ["I will come"]
    page = somebody.press("I will come")
    assert "We expect you." in page
    assert Attendance.get().confirmed_how == "link"
    assert "You cannot come? Sign in to cancel" in page  # who thinks otherwise later
    assert "Sign in" in page.links
    assert offered(somebody.open(link(place))) == []
    pressed(somebody, place)
    assert Attendance.get().confirmed_how == "link"


def _moved(place, cast):
    events.move(place.event, clock.ahead(hours=90), 50, cast.by("dora"), version=1)


OTHERWISE = {
    "This appointment was moved": _moved,
    "This appointment was cancelled": lambda place, cast: events.cancel(place.event, cast.by("dora"), version=1),
    "Please call us": lambda place, cast: settings.change("confirming", "0", cast.by("ada")),
}


@pytest.mark.parametrize("heading", OTHERWISE)
def test_what_can_not_be_confirmed_says_what_to_do_and_the_post_does_nothing(browse, cast, book, heading):
    place = book(30)
    somebody = browse()
    somebody.open(link(place))
    OTHERWISE[heading](place, cast)
    page = pressed(somebody, place)
    assert (page.heading, offered(page)) == (heading, [])
    assert Attendance.get().confirmed_at is None


def test_a_past_one_is_over(browse, cast, book):
    place = book(1)
    sealed = link(place)
    with store.writing():
        Event.update(starts_at=clock.ago(minutes=5), ends_at=clock.ahead(minutes=5)).execute()
        Attendance.update(starts_at=clock.ago(minutes=5)).execute()
    assert browse().open(sealed).heading == "This appointment is over"


@pytest.mark.parametrize("end", ["x", "", "%00"])
def test_a_link_that_was_cut_off_tells_what_to_do(browse, cast, book, end):
    good = link(book(30))
    answer = browse().ask(good[:-4] + end)
    assert (answer.status, Attendance.get().confirmed_at) == (404, None)
    assert browse().ask("/appointment/").status == 404


def test_of_two_links_in_two_tabs_each_button_confirms_what_it_shows(browse, book):
    first, second = book(30), book(40)
    phone = browse()
    form = phone.open(link(first)).form("I will come")
    phone.open(link(second))
    page = phone.submit(form, form.filled({}))
    assert page.heading == "Thank you"
    assert Attendance.get_by_id(first.id).confirmed_at
    assert Attendance.get_by_id(second.id).confirmed_at is None
    assert phone.open("/appointment/").main == page.main


def test_a_button_without_its_appointment_confirms_none(browse, book):
    phone = browse()
    phone.open(link(book(30)))
    for words in ({}, {"appointment": "guessed"}, {"appointment": event_letters.link_of(Attendance.get())}):
        assert phone.send("/appointment/", {"csrf_token": phone.token} | words).status == 303
    assert Attendance.get().confirmed_at is None


def test_whoever_cannot_come_is_led_to_where_one_cancels(browse, book):
    place = book(30)
    assert f"/calendar/{place.public_id}" in browse().open(link(place)).hrefs


def _missed(place, cast):
    with store.writing():
        Attendance.update(state="no_show").execute()


@pytest.mark.parametrize("otherwise", [OTHERWISE["Please call us"], _missed])
def test_only_what_was_moved_is_told_of_an_earlier_email(browse, cast, book, otherwise):
    place = book(5)
    otherwise(place, cast)
    page = browse().open(link(place))
    assert "earlier e-mail" not in page
    assert "+1 902" in page
