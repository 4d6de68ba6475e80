"""What stands at the box, from where people write, what Setup says of it, and who reads for whom."""

import datetime as dt

import pytest
from pages.conftest import born

from domain import (
    accounts,
    addressees,
    agency,
    answering,
    categories,
    covers,
    discussions,
    enrolments,
    leaving,
    overdue,
    services,
    settings,
)
from domain.actor import SYSTEM
from models import Discussion, Message, OfficeDay, RosterEntry, WorkerAbsence, WorkerCategory

INBOX, STAFF = "/inbox/", "/admin/discussions/"


@pytest.fixture
def file(cast):
    """Alice is in a service with Dora, so she may choose her."""
    service = services.add(services.Details("Counselling"), "case", SYSTEM)
    services.show(service, SYSTEM, is_visible=True, version=1, warned_of=[])
    return enrolments.open(cast.alice, service, cast.dora, dt.date(2026, 1, 5), SYSTEM)


def begin(cast, who="alice", **to):
    return discussions.start(getattr(cast, who), "A question", "When do you open?", cast.by(who), **(to or {"worker": cast.dora}))


def of(discussion):
    return f"{INBOX}{discussion.public_id}/"


def theirs(discussion):
    return f"{STAFF}{discussion.public_id}/"


def now(discussion):
    return Discussion.get_by_id(discussion.id)


def away(cast, who="dora", cover=None, text=""):
    today = agency.today()
    return covers.be_away(getattr(cast, who), covers.Away(today, today + dt.timedelta(days=5), cover, text), SYSTEM)


# ---------------------------------------------------------------- the box


def test_before_a_client_writes_they_read_who_reads_it_by_when_and_whom_to_call(cast, browse, file, frozen):
    frozen("2026-03-03 16:00")
    alice, line = browse("alice"), agency.current().emergency_line
    page = alice.open(f"{INBOX}new")
    assert "We answer by Thursday, 5 March." in page
    assert page.html.count(line) == 2  # at the box and at the foot
    made = begin(cast)
    page = alice.open(of(made))
    for words in ("Dora Dunn reads what you write here.", "We answer by Thursday, 5 March."):
        assert words in page
    assert page.html.count(line) == 2


def test_the_emergency_line_stands_there_too_when_nothing_can_be_written(cast, browse):
    made = [begin(cast) for _ in range(3)]
    for words in ("Hello?", "Anybody?"):
        discussions.write(made[0], words, cast.by("alice"))
    alice, line = browse("alice"), agency.current().emergency_line
    for path in (of(made[0]), f"{INBOX}new"):
        page = alice.open(path)
        assert "Send" not in page.buttons
        assert page.html.count(line) == 2


def test_outside_office_hours_the_box_says_when_it_opens_and_the_answer_comes_at_once(cast, browse, file, frozen):
    answering.open_hours(dict.fromkeys(range(5), (540, 1020)), {"en": "We are closed until Monday."}, SYSTEM)
    frozen("2026-03-07 16:00")
    alice = browse("alice")
    page = alice.open(f"{INBOX}new")
    assert "We are closed now. We open again on Monday, 9 March, 09:00" in page
    page = alice.press("Send", {"to": cast.dora.public_id, "subject": "My form", "body": "Where is it?"})
    assert "We are closed until Monday." in page
    assert "Automatic answer" in page


def test_a_promise_that_was_not_kept_is_not_promised_again(cast, browse, frozen):
    frozen("2026-03-03 16:00")
    made = begin(cast)
    frozen.shift(days=9)
    overdue.tell_due()
    page = browse("alice").open(of(made))
    assert "We answer by" not in page
    assert page.html.count("Your answer takes longer than we promised.") == 2  # at the box, and as a message
    dora = browse("dora")
    assert "overdue" in dora.open("/admin/")
    page = dora.open(STAFF)
    assert "Overdue" in page
    assert page.html.count("A question") == 1
    assert "Answer promised by Thursday, 5 March" in dora.open(theirs(made))


def test_while_a_worker_is_away_the_choice_and_the_box_say_so(cast, browse, file, frozen):
    frozen("2026-03-03 16:00")
    away(cast, cover=cast.ines, text="On a boat.")
    page = browse("alice").open(f"{INBOX}new")
    assert "Dora Dunn, away until Sunday, 8 March" in page.html
    made = begin(cast)
    page = browse("alice").open(of(made))
    assert page.html.count("On a boat.") == 2
    ines = browse("ines")
    assert "for Dora Dunn" in ines.open("/admin/")
    ines.open(theirs(made))
    ines.press("Send", {"body": "I stand in for her."})
    assert now(made).worker == cast.dora


# ---------------------------------------------------------------- to a category


def test_a_client_writes_to_a_category_that_was_opened(cast, browse):
    own = categories.create("HS-7", SYSTEM)
    addressees.open_to_clients(own, addressees.Opening(True, {"en": "Housing"}, "1"), SYSTEM)
    alice = browse("alice")
    page = alice.open(f"{INBOX}new")
    assert "Housing" in page
    page = alice.press("Send", {"to": f"category:{own.slug}", "subject": "A flat", "body": "Is one free?"})
    assert "Housing reads what you write here." in page
    assert Discussion.get().category == own.slug
    assert "HS-7" not in page


def test_a_category_that_is_not_open_is_no_choice(cast, browse):
    alice = browse("alice")
    form = alice.open(f"{INBOX}new").form("Send")
    assert form.options["to"] == ["team"]
    page = alice.send(form.action, {**form.values, "to": "category:accounting", "subject": "A bill", "body": "How much?"})
    assert page.status == 422
    assert not Discussion.select().exists()


# ---------------------------------------------------------------- from where


def test_a_client_writes_about_an_appointment(cast, browse, book):
    place = book()
    alice, dora = browse("alice"), browse("dora")
    page = alice.open(f"/calendar/{place.public_id}")
    alice.open(page.links["Write about this appointment"])
    page = alice.press("Send", {"to": cast.dora.public_id, "subject": "Monday", "body": "May I bring somebody?"})
    assert Discussion.get().event == place.event
    assert any(words.startswith("About: ") and href == f"/calendar/{place.public_id}" for words, href in page.links.items())
    page = dora.open(theirs(Discussion.get()))
    assert f"/admin/events/{place.event.public_id}/" in page.links.values()


def test_a_client_writes_about_a_service_as_long_as_they_see_it(cast, browse, file):
    alice = browse("alice")
    page = alice.open("/my-services/")
    alice.open(page.links["Write about this service"])
    page = alice.press("Send", {"to": cast.dora.public_id, "subject": "How long", "body": "does it take?"})
    assert "About: Counselling" in page
    services.show(services.find(file.service.public_id), SYSTEM, is_visible=False, version=2, warned_of=[])
    assert "Counselling" not in alice.open(of(Discussion.get()))
    assert "About: Counselling" in browse("dora").open(theirs(Discussion.get()))


def test_nobody_writes_about_what_is_not_theirs(cast, browse, book, file):
    place, bob = book(), browse("bob")
    for path in (f"{INBOX}new/appointment/{place.public_id}", f"{INBOX}new/service/{file.public_id}"):
        assert bob.open(path).status == 404


PLACES = {
    "begin_from_inbox": ("alice", "/inbox/new", "/inbox/", "New message"),
    "begin_from_appointment": ("alice", "/inbox/new/appointment/{place}", "/calendar/{place}", "Write about this appointment"),
    "begin_from_service": ("alice", "/inbox/new/service/{file}", "/my-services/", "Write about this service"),
    "write_from_profile": ("ada", "/admin/individuals/{alice}/discussions/new", "/admin/individuals/{alice}/", "Write a message"),
    "write_from_event": ("ada", "/admin/events/{event}/messages/new", "/admin/events/{event}/", "Write to everybody who comes"),
    "write_from_enrolment": ("ada", "/admin/individuals/{alice}/enrolments/{file}/messages/new", "/admin/individuals/{alice}/enrolments/{file}/",
                             "Write a message"),
    "write_from_group": ("ada", "/admin/groups/{group}/messages/new", "/admin/groups/{group}/", "Write to everybody in it"),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_each_place_has_a_switch_without_which_button_and_page_are_gone(cast, browse, book, file, group, place):
    met = book()
    named = {"place": met.public_id, "event": met.event.public_id, "file": file.public_id, "alice": cast.alice.public_id, "group": group.public_id}
    who, path, where, label = PLACES[place]
    reader = browse(who)
    assert label in reader.open(where.format(**named)).links
    reader.open(path.format(**named))
    settings.change(place, "0", SYSTEM)
    assert label not in reader.open(where.format(**named)).links
    assert reader.open(path.format(**named)).status == 404


# ---------------------------------------------------------------- once to each


@pytest.fixture
def group(cast, file):
    made = services.add_group(file.service, services.GroupDetails("Evening walks", is_visible=True), SYSTEM)
    for who in (cast.alice, cast.bob, cast.sam):
        enrolments.join(made, who, agency.today(), SYSTEM)
    return made


def test_staff_write_once_and_each_of_a_group_reads_it_alone(cast, browse, group):
    ada = browse("ada")
    page = ada.open(f"/admin/groups/{group.public_id}/messages/new")
    for words in ("2 people get it.", "Sam", "consent"):
        assert words in page
    page = ada.press("Send", {"subject": "Monday", "body": "We meet at the gate."})
    assert "Your message is sent to 2 people." in page
    assert {each.individual_id for each in Discussion.select()} == {cast.alice.id, cast.bob.id}
    for who in ("alice", "bob"):
        mine = Discussion.get(Discussion.individual == getattr(cast, who))
        page = browse(who).open(of(mine))
        assert "We meet at the gate." in page
        assert "About: Evening walks" in page
        assert ("Bob" if who == "alice" else "Alice Archer") not in page
    other = Discussion.get(Discussion.individual == cast.bob)
    assert browse("alice").open(of(other)).status == 404


def test_the_same_form_twice_sends_nothing_twice(cast, browse, group):
    ada = browse("ada")
    page = ada.open(f"/admin/groups/{group.public_id}/messages/new")
    form = page.form("Send")
    words = {**form.values, "subject": "Monday", "body": "At the gate."}
    for _ in range(2):
        ada.send(form.action, words)
    assert Message.select().count() == 2


def test_when_others_are_in_it_meanwhile_it_is_shown_again(cast, browse, group):
    ada = browse("ada")
    ada.open(f"/admin/groups/{group.public_id}/messages/new")
    enrolments.leave(RosterEntry.get(RosterEntry.group == group, RosterEntry.individual == cast.bob), agency.today(), SYSTEM)
    page = ada.press("Send", {"subject": "Monday", "body": "We meet at the gate."})
    assert page.status == 422
    assert "One person gets it." in page
    assert "We meet at the gate." in page.html
    assert not Discussion.select().exists()
    ada.press("Send", {})
    assert Discussion.select().count() == 1


def test_a_worker_writes_to_whom_they_may_see_only(cast, browse, book):
    place = book(who=("alice", "bob"))
    page = browse("dora").open(f"/admin/events/{place.event.public_id}/messages/new")
    assert "2 people get it." in page  # they come to her own appointment, so they are of her caseload


# ---------------------------------------------------------------- Setup and absences


def test_setup_keeps_office_hours_and_the_answer_outside_them(cast, browse):
    ada = browse("ada")
    ada.open("/admin/settings/office-hours")
    page = ada.press("Save", {"from_0": "9", "until_0": "17:00", "from_1": "10", "until_1": "", "text_es": "Estamos cerrados."})
    assert page.status == 422
    assert "Enter both times, or none." in page
    page = ada.press("Save", {"until_1": "9"})
    assert "The end must be later than the start" in page
    ada.press("Save", {"until_1": "12"})
    assert [(day.weekday, day.begins, day.ends) for day in OfficeDay.select().order_by(OfficeDay.weekday)] == [(0, 540, 1020), (1, 600, 720)]
    assert answering.outside_texts()["es"] == "Estamos cerrados."
    page = ada.open("/admin/settings/office-hours")
    assert page.form("Save").values["until_1"] == "12:00"


def test_two_who_set_office_hours_at_once_are_told(cast, browse):
    ada, other = browse("ada"), browse("ada")
    ada.open("/admin/settings/office-hours")
    other.open("/admin/settings/office-hours")
    ada.press("Save", {"from_0": "9", "until_0": "17"})
    page = other.press("Save", {"from_0": "8", "until_0": "16"})
    assert page.status == 422
    assert answering.week() == {0: (540, 1020)}


def test_everybody_says_when_they_are_away_and_who_reads_meanwhile(cast, browse):
    dora, first = browse("dora"), agency.today() + dt.timedelta(days=3)
    page = dora.open(f"/admin/schedule/hours/{cast.dora.public_id}/")
    dora.open(page.links["When I am away"])
    page = dora.press("Add", {**born(first, "starts_on"), **born(first - dt.timedelta(days=1), "ends_on")})
    assert "The last day is before the first one." in page
    page = dora.press("Add", {**born(first, "ends_on"), "cover": cast.ines.public_id, "text": "On a boat."})
    for words in ("Saved.", "On a boat.", f"{cast.ines.name} reads the messages"):
        assert words in page
    page = dora.open(next(href for name, href in page.links.items() if name.startswith("Remove")))
    dora.press("Remove")
    assert not WorkerAbsence.select().exists()
    assert dora.open(f"/admin/schedule/away/{cast.otto.public_id}/").status == 404
    browse("ada").open(f"/admin/schedule/away/{cast.otto.public_id}/")


def test_without_messages_nobody_is_asked_who_reads_them(cast, browse):
    settings.change("discussions", "0", SYSTEM)
    dora = browse("dora")
    assert "When I am away" not in dora.open(f"/admin/schedule/hours/{cast.dora.public_id}/").links
    assert dora.open(f"/admin/schedule/away/{cast.dora.public_id}/").status == 404


def test_who_opens_a_category_says_its_name_and_days(cast, browse):
    ada = browse("ada")
    page = ada.open("/admin/workers/categories/accounting/")
    page = ada.press("Save", {"is_open": "y", "name_en": "Bills", "days": "31"})
    assert page.status == 422
    assert "Enter a number from 0 to 30, or nothing." in page
    ada.press("Save", {"days": "5"})
    found = WorkerCategory.get(slug="accounting")
    assert (found.is_open, found.answer_days, addressees.name_of("accounting", "en")) == (True, 5, "Bills")


# ---------------------------------------------------------------- who left


def test_the_page_of_who_leaves_lists_their_discussions_and_asks_where_they_wait(cast, browse):
    made = begin(cast)
    ada = browse("ada")
    page = ada.open(f"/admin/workers/{cast.dora.public_id}/leaving")
    for words in ("One open discussion", "A question"):
        assert words in page
    ada.press("End their access", {"to": "", "category": "on_call"})
    assert (now(made).worker, now(made).category) == (None, "on_call")
    assert "Our team reads what you write here." in browse("alice").open(of(made))


def test_who_left_is_never_offered_and_what_still_is_theirs_says_who_reads_it(cast, browse, file):
    made = begin(cast)
    discussions.close(made, cast.by("dora"), version=now(made).version)
    leaving.leave(cast.dora, cast.by("ada"))
    alice = browse("alice")
    assert "Dora Dunn" not in alice.open(f"{INBOX}new")
    page = alice.open(of(made))
    assert "Our team reads what you write here." in page
    ines = browse("ines")
    assert "They have left, so it waits in the category Intake." in ines.open(theirs(made))
    alice.press("Send", {"body": "One more thing."})
    assert now(made).worker is None
    assert "A question" in ines.open("/admin/")
    assert "Who has it: Intake" in ines.open(theirs(made))
    ines.press("Take it")
    assert now(made).worker == cast.ines


def test_a_client_whose_account_staff_closed_has_left_and_staff_read_why(cast, browse):
    made = begin(cast)
    accounts.close(cast.alice_account, cast.by("ada"))
    page = browse("ada").open(theirs(made))
    assert "so they have left this discussion." in page
    assert "Send" not in page.buttons
    assert "When do you open?" in page
