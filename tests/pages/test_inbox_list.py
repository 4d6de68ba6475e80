"""The Inbox as a client sees it: messages and notices by day, filters, search, and one number everywhere."""

import pytest

from domain import attendances, discussions, events, leaving, profile_changes
from models import Attendance, Event, Notice, ProfileChange

INBOX = "/inbox/"


def begin(cast, subject="A question", body="When do you open?", who="alice", by=None):
    return discussions.start(getattr(cast, who), subject, body, cast.by(by or who), worker=cast.dora)


def numbers(browser):
    """How much is new by the menu and the tile of Home, and by the lines of the list."""
    home = browser.open("/")
    said = [each.text or "" for each in home.tree.iter() if "unseen" in (each.get("class") or "")]
    tile = next(each for each in home.tree.iter() if each.get("id") == "inbox-news")
    lines = [each for each in browser.open(INBOX).tree.iter() if (each.get("class") or "") == "row new"]
    return [*said, "".join(tile.itertext()).strip()], len(lines)


def test_an_empty_inbox_says_what_comes_here(cast, browse):
    page = browse("alice").open(INBOX)
    assert "Your Inbox is empty" in page
    assert "Search" not in page.buttons


def test_what_is_new_of_an_appointment_leads_to_it_and_is_read_there(cast, browse, book):
    place = book(200)
    alice = browse("alice")
    page = alice.open(INBOX)
    assert "New appointment" in page
    assert "new" in page
    assert f"/calendar/{place.public_id}" in page.hrefs
    alice.open(f"/calendar/{place.public_id}")
    alice.open(f"/calendar/{place.public_id}")
    assert Notice.get(Notice.kind == "event_booked").is_unread  # looking changes nothing
    alice.press("I have read this")
    assert not Notice.get(Notice.kind == "event_booked").is_unread
    assert "I have read this" not in alice.open(f"/calendar/{place.public_id}").buttons


def test_one_number_stands_in_the_menu_on_the_tile_and_in_the_list(cast, browse, book):
    book(200)
    begin(cast, by="dora")
    begin(cast, "Mine")
    alice = browse("alice")
    said, lines = numbers(alice)
    assert said == ["2 new", "2 new2"]
    assert lines == 2
    alice.press("Mark reminders as read")
    said, lines = numbers(alice)
    assert said == ["1 new", "1 new1"]
    assert lines == 1
    assert "Mark reminders as read" not in alice.open(INBOX).buttons


def test_the_number_is_asked_and_answered_with_nothing_while_it_stands(cast, browse, book):
    alice = browse("alice")
    assert alice.ask("/inbox/count?n=0", headers={"X-Poll": "1", "HX-Request": "true"}).status == 204
    book(200)
    page = alice.ask("/inbox/count?n=0", headers={"X-Poll": "1", "HX-Request": "true"})
    assert page.status == 200
    assert len(page.body) < 1000
    html = page.body.decode()
    assert html.count('data-hx-swap-oob="true"') == 2
    assert "n=1" in html
    assert alice.ask("/inbox/count?n=1").status == 204
    for nonsense in ("", "x", "-1", "9" * 50, "%00"):
        assert alice.ask(f"/inbox/count?n={nonsense}").status == 200


def test_a_line_says_who_has_it_and_else_that_the_team_does(cast, browse):
    begin(cast)
    discussions.start(cast.alice, "To all", "Words", cast.by("alice"), category="intake")
    page = browse("alice").open(INBOX)
    assert "Dora Dunn · " in page
    assert "Our team · " in page
    leaving.leave(cast.dora, cast.by("ada"))
    assert "Dora Dunn · " not in browse("alice").open(INBOX)


def test_filters_and_search_go_together(cast, browse, book):
    book(200)
    begin(cast, "The café", "Shall we meet there?")
    begin(cast, "Parking", "Where?")
    alice = browse("alice")
    page = alice.open(INBOX)
    assert "New appointment" not in alice.open(page.links["Messages"])
    page = alice.open(page.links["Reminders"])
    assert "New appointment" in page
    assert "Parking" not in page
    page = alice.open(INBOX)
    page = alice.press("Search", {"q": "CAFE"})
    assert "The café" in page
    assert "Parking" not in page
    assert "New appointment" not in page
    assert 'value="CAFE"' in page.html
    assert "New appointment" in alice.open(f"{INBOX}?q=new+appoint")
    page = alice.open(f"{INBOX}?q=nothing+of+this&show=reminders")
    assert "Nothing found" in page
    assert "The café" in alice.open(f"{INBOX}?show=messages&q=")


@pytest.mark.parametrize("question", ["<script>alert(1)</script>", "%", "'", '"><b>', "\\", "x" * 5000, "%00", "\u202e", " "])
def test_whatever_is_searched_is_answered_with_a_page(cast, browse, question):
    begin(cast)
    page = browse("alice").open(f"{INBOX}?q={question.replace('%', '%25')}&show=nonsense&older=nonsense")
    assert page.status == 200


def test_page_after_page_everything_comes_once(cast, browse, decided):
    decided(unanswered_discussions=0)
    for number in range(45):
        begin(cast, f"Subject {number:02}.", by="dora")
    alice, seen, path = browse("alice"), [], INBOX
    while path:
        page = alice.open(path)
        seen += [number for number in range(45) if f"Subject {number:02}." in page]
        path = page.links.get("Next", "")
    assert sorted(seen) == list(range(45))


def test_what_is_done_no_longer_asks(cast, browse, book):
    place = book(20)
    cast.heard(Event.get())
    alice = browse("alice")
    assert "Please confirm your appointment" in alice.open(INBOX)
    attendances.confirm(place, cast.by("alice"), "portal", shown=attendances.mark_of(Event.get()))
    alice.press("Mark reminders as read")
    assert "confirmed" in alice.open(INBOX)
    events.cancel(Event.get(), cast.by("dora"), version=Event.get().version)
    alice.open(INBOX)
    alice.press("Mark reminders as read")
    page = alice.open(INBOX)
    assert "cancelled" in page


def test_what_became_of_a_wish_leads_to_about_me_and_is_read_there(cast, browse, decided):
    decided(about_me_names="approval")
    wish = {"preferred_name": "Lis", "pronouns": "", "gender": ""}
    profile_changes.ask_details(cast.alice, "names", wish, cast.by("alice"), version=cast.alice.version)
    profile_changes.decline(ProfileChange.get(), "Please bring a paper.", cast.by("ada"))
    alice = browse("alice")
    page = alice.open(INBOX)
    assert "Your change was declined" in page
    alice.open("/about-me/")
    alice.press("I have read this")
    assert numbers(alice) == (["Nothing new"], 0)


def test_nobody_reads_or_marks_what_is_another_clients(cast, browse, book):
    place = book(200)
    bob = browse("bob")
    assert "New appointment" not in bob.open(INBOX)
    typed = {"csrf_token": bob.token, "form_id": "a" * 22}
    assert bob.ask(f"{INBOX}appointments/{place.public_id}/seen", "POST", typed).status == 404
    assert bob.ask(f"{INBOX}notices/seen", "POST", {**typed, "form_id": "b" * 22}).status == 303
    assert Notice.get(Notice.individual == cast.alice).is_unread
    for who in ("dora", "ada"):
        assert browse(who).ask(f"{INBOX}count").status == 404
    assert Attendance.select().count() == 1
