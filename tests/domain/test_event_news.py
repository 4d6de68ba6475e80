"""What is sent follows from what its reader heard last, and from how the event stands when it is sent (spec 03)."""

import datetime as dt

import pytest
from smtp_server import SmtpServer

from domain import (
    agency,
    attendances,
    clock,
    event_messages,
    events,
    imports,
    leaving,
    letters,
    notices,
    profile,
    store,
)
from domain.events import Plan
from gateways.mail import Outcome, Verdict
from models import Attendance, AuditEntry, Contact, Delivery, Event, EventMessage, Individual, Site, Task

PORTAL = "https://portal.example.org"
DAY = dt.timedelta(days=1)
AWAY = 24 * 10  # hours: well before anybody is asked


@pytest.fixture
def booked(cast, frozen):
    """Books for Alice, or whoever is named, in so many hours."""
    frozen()

    def book(hours=AWAY, who=("alice",), **more):
        people = [getattr(cast, name) for name in who]
        return events.book(Plan(cast.dora, clock.ahead(hours=hours), 50, Site.get(), people, **more), cast.by("dora"))

    return book


def place_of(event, individual=None):
    places = Attendance.select().where(Attendance.event == event)
    return (places.where(Attendance.individual == individual) if individual else places).get()


def waiting(*states):
    rows = Delivery.select(Delivery.kind).join(EventMessage).where(Delivery.state.in_(states or ("due",)))
    return [row.kind.removeprefix("event_") for row in rows.order_by(Delivery.id)]


def the(kind, state="due"):
    return Delivery.get(Delivery.kind == f"event_{kind}", Delivery.state == state)


def words(delivery):
    letter = letters.letter(delivery, PORTAL)
    return "\n".join([letter.subject, *letter.paragraphs, *letter.after])


def unwanted(delivery):
    with pytest.raises(letters.Unwanted) as said:
        letters.letter(delivery, PORTAL)
    return str(said.value)


def move(event, to, by, **more):
    events.move(event, to, 50, by, version=Event.get_by_id(event.id).version, **more)


def again(event, by):
    """Cancelled by mistake, and booked again."""
    events.cancel(event, by, version=Event.get_by_id(event.id).version)
    events.revert(event, by)


# ---------------------------------------------------------------- moved, before they heard of it


def test_of_two_moves_the_time_is_named_that_they_know(cast, booked):
    event = cast.heard(booked())
    move(event, event.starts_at + DAY, cast.by("dora"))
    move(event, event.starts_at + 2 * DAY, cast.by("dora"))
    assert waiting() == ["moved", "confirmation"]
    assert f"Your {event.starts_at.astimezone(agency.zone()):%A}, " in words(the("moved"))


def test_there_and_back_is_no_news(cast, booked):
    event = cast.heard(booked())
    move(event, event.starts_at + DAY, cast.by("dora"))
    move(event, event.starts_at, cast.by("dora"))
    assert waiting() == ["confirmation"]


@pytest.mark.parametrize("is_told", [0, 1])
def test_who_heard_of_none_hears_that_it_is_booked(cast, booked, decided, is_told):
    decided(event_moved=is_told)
    event = booked()
    move(event, event.starts_at + DAY, cast.by("dora"))
    assert waiting() == ["booked", "confirmation"]
    assert "Appointment reminder: " in words(the("booked"))


def test_who_is_not_written_to_of_bookings_is_told_of_the_first_time_that_they_know(cast, booked, decided):
    decided(event_booked=0)
    event = booked()
    move(event, event.starts_at + DAY, cast.by("dora"))
    move(event, event.starts_at + 2 * DAY, cast.by("dora"))
    assert waiting() == ["moved", "confirmation"]
    assert f"Your {event.starts_at.astimezone(agency.zone()):%A}, " in words(the("moved"))


def test_what_was_to_leave_just_when_it_moved_is_not_sent_and_the_move_says_all(cast, booked):
    event = booked()
    claim = notices.claim()
    move(event, event.starts_at + DAY, cast.by("dora"))
    assert waiting() == ["moved", "confirmation"]  # for it may have left
    notices.suppress(claim, unwanted(claim.delivery))
    assert "Appointment reminder: " in words(the("moved"))


def test_a_move_to_somebody_else_says_so(cast, booked):
    event = cast.heard(booked())
    move(event, event.starts_at + DAY, cast.by("ada"), worker=cast.otto)
    assert "has been rescheduled to" in words(the("moved"))
    assert f"is now with {events.called(cast.otto)}" in words(the("moved"))


# ---------------------------------------------------------------- inside the hours before it: one message


@pytest.mark.parametrize("what", ["moved", "changed"])
def test_inside_the_hours_one_message_tells_and_asks(cast, booked, what):
    event = cast.heard(booked(40))
    attendances.confirm(place_of(event), cast.by("alice"), "portal")
    with store.writing():
        other = Site.create(name="Second house", time_zone=Site.get().time_zone)
    if what == "moved":
        move(event, event.starts_at + dt.timedelta(hours=1), cast.by("dora"))
    else:
        move(event, event.starts_at, cast.by("dora"), site=other)
    assert waiting() == [what]
    letter = letters.letter(the(what), PORTAL)
    assert "/appointment/" in letter.button[1]
    assert "Please say whether you come." in letter.paragraphs
    attendances.confirm(place_of(event), cast.by("alice"), "phone")
    assert "/appointment/" not in letters.letter(the(what), PORTAL).button[1]


def test_who_was_asked_is_not_asked_again_of_the_same_time(cast, booked, deliver):
    event = booked(40)
    with SmtpServer() as server:
        deliver(server)
        for to in (event.starts_at + dt.timedelta(hours=1), event.starts_at):
            move(event, to, cast.by("dora"))
            assert deliver(server) == 1
        asked = ["/appointment/" in mail.message.get_body(("plain",)).get_content() for mail in server.accepted]
    assert waiting("sent") == ["confirmation", "moved", "moved"]
    assert asked == [True, True, False]


@pytest.mark.parametrize(("what", "is_anew"), [("site", True), ("in person", True), ("worker", False), ("video", False)])
def test_a_confirmation_is_for_a_place_too(cast, booked, what, is_anew):
    event = cast.heard(booked(40, is_video=what == "in person"))
    attendances.confirm(place_of(event), cast.by("alice"), "portal")
    with store.writing():
        other = Site.create(name="Second house", time_zone=Site.get().time_zone)
    if what in ("site", "worker"):
        move(event, event.starts_at, cast.by("ada"), **({"site": other} if what == "site" else {"worker": cast.otto}))
    else:
        events.set_video(event, "", cast.by("dora"), is_video=what == "video", version=1)
    assert (place_of(event).confirmed_at is None) == is_anew
    assert waiting() == ["changed"]
    assert ("/appointment/" in letters.letter(the("changed"), PORTAL).button[1]) == is_anew


def test_what_leaves_after_a_move_tells_no_old_time(cast, booked, frozen):
    event = cast.heard(booked(72))
    frozen.to(event.starts_at - dt.timedelta(hours=48))
    claim = notices.claim()
    move(event, event.starts_at + 10 * DAY, cast.by("dora"))
    notices.settle(claim, Outcome(Verdict.RETRY, 451, "later", False))
    assert unwanted(Delivery.get_by_id(claim.delivery.id)) == "The appointment was changed or cancelled meanwhile."
    assert waiting() == ["confirmation", "moved", "confirmation"]


# ---------------------------------------------------------------- taken away


def mark(event, verb, by):
    attendances.mark(place_of(event), verb, by, version=place_of(event).version)


def test_whose_place_staff_take_away_is_told(cast, booked):
    event = cast.heard(booked())
    mark(event, "cancel", cast.by("dora"))
    assert waiting() == ["cancelled"]
    assert "Appointment cancelled: " in words(the("cancelled"))
    mark(event, "revert", cast.by("dora"))
    assert waiting() == ["confirmation"]


def test_who_gave_it_up_or_whose_time_is_over_is_told_nothing(cast, booked, frozen):
    events_of = [cast.heard(booked(AWAY + 2 * number)) for number in range(4)]
    attendances.give_up(place_of(events_of[0]), cast.by("alice"))
    attendances.give_up(place_of(events_of[1]), cast.by("dora"))  # by phone
    mark(events_of[2], "cancel_late", cast.by("dora"))
    frozen.to(events_of[3].ends_at)
    mark(events_of[3], "cancel", cast.by("dora"))
    assert "cancelled" not in waiting()


def test_who_could_not_be_told_that_a_place_was_taken_away_is_told_with_consent(cast, booked):
    event = cast.heard(booked())
    mark(event, "cancel", cast.by("dora"))
    with store.writing():
        Delivery.update(state="suppressed").where(Delivery.kind == "event_cancelled").execute()
        event_messages.reachable([cast.alice.id])
    assert waiting() == ["cancelled"]
    assert "Appointment cancelled: " in words(the("cancelled"))


# ---------------------------------------------------------------- taken back


@pytest.mark.parametrize(("hours", "expected"), [(40, ["confirmation"]), (AWAY, ["booked", "confirmation"])])
def test_what_was_cancelled_by_mistake_before_they_heard_is_told(cast, booked, hours, expected):
    again(booked(hours), cast.by("dora"))
    assert waiting() == expected


def test_who_heard_that_it_is_cancelled_is_asked_once_it_stands_again(cast, booked, frozen):
    event = cast.heard(booked(72))
    frozen.shift(hours=24)
    cast.heard(event)
    attendances.confirm(place_of(event), cast.by("alice"), "link")
    events.cancel(event, cast.by("dora"), version=1)
    cast.heard(event)
    frozen.shift(hours=1)
    events.revert(event, cast.by("dora"))
    assert waiting() == ["confirmation"]
    assert the("confirmation").next_at == clock.now()
    assert place_of(event).confirmed_at is None


def test_who_confirmed_and_heard_nothing_of_a_mistake_has_confirmed(cast, booked):
    event = cast.heard(booked())
    attendances.confirm(place_of(event), cast.by("alice"), "portal")
    again(event, cast.by("dora"))
    assert waiting() == []
    assert place_of(event).confirmed_how == "portal"


def test_who_gave_up_and_comes_after_all_has_not_confirmed(cast, booked):
    event = cast.heard(booked())
    attendances.confirm(place_of(event), cast.by("alice"), "portal")
    attendances.give_up(place_of(event), cast.by("alice"))
    place = place_of(event)
    attendances.mark(place, "revert", cast.by("dora"), version=place.version)
    assert (place_of(event).state, place_of(event).confirmed_at, place_of(event).confirmed_how) == ("booked", None, "")
    assert waiting() == ["client_cancelled", "confirmation"]


def test_who_cannot_come_has_not_confirmed_and_is_not_asked(cast, booked):
    event = cast.heard(booked(72))
    attendances.confirm(place_of(event), cast.by("alice"), "portal")
    assert the("confirmation", "cancelled").last_error == "They have confirmed already."
    attendances.tell(place_of(event), "cannot_come", cast.by("alice"))
    assert place_of(event).confirmed_at is None
    again(event, cast.by("dora"))
    assert "confirmation" not in waiting()
    move(event, event.starts_at + DAY, cast.by("dora"))  # which is another question
    assert waiting() == ["client_cannot_come", "moved", "confirmation"]


def test_who_missed_it_and_gets_another_time_is_told_and_expected(cast, booked, frozen):
    event = cast.heard(booked(72, who=("alice", "bob")))
    frozen.to(event.ends_at)
    attendances.mark(place_of(event, cast.alice), "no_show", cast.by("dora"), version=1)
    move(event, clock.ahead(hours=AWAY), cast.by("dora"))
    assert place_of(event, cast.alice).state == "booked"
    entry = AuditEntry.select().where(AuditEntry.kind == "attendance.changed").order_by(AuditEntry.id.desc()).get()
    assert entry.individual == cast.alice
    assert waiting("due").count("moved") == 2


def test_a_correction_of_the_record_leaves_who_missed_it(cast, booked, frozen):
    event = booked(72)
    frozen.to(event.ends_at)
    attendances.mark(place_of(event), "no_show", cast.by("dora"), version=1)
    move(event, event.starts_at - DAY, cast.by("dora"))
    assert place_of(event).state == "no_show"


# ---------------------------------------------------------------- what the agency decides


def test_what_is_switched_off_is_not_sent_any_more(cast, booked, decided, frozen):
    event = cast.heard(booked(72))
    frozen.shift(hours=24)
    decided(confirming=0)
    assert unwanted(the("confirmation")) == "Messages of this kind are switched off."
    move(event, event.starts_at + DAY, cast.by("dora"))
    decided(event_moved=0)
    assert unwanted(the("moved")) == "Messages of this kind are switched off."


def test_another_hour_or_asking_at_all_holds_for_what_was_booked_before(cast, booked, decided):
    decided(event_confirmation=0)
    assert event_messages.plan_anew()
    event = booked(72)
    assert waiting() == ["booked"]
    for key, value, hours in (("event_confirmation", 1, 48), ("confirmation_hours", 24, 24), ("event_confirmation", 0, None),
                              ("event_confirmation", 1, 24), ("confirmation_hours", 60, 60)):  # fmt: skip
        decided(**{key: value})
        assert event_messages.plan_anew()
        assert waiting() == ["booked", *(["confirmation"] if hours else [])]
        if hours:
            assert event.starts_at - the("confirmation").next_at == dt.timedelta(hours=hours)


def test_planning_anew_goes_in_lots_and_rests_when_nothing_was_decided(cast, booked, decided, monkeypatch):
    monkeypatch.setattr(event_messages, "_LOT", 2)
    for hours in (100, 102, 104):
        booked(hours)
    assert event_messages.plan_anew()
    decided(confirmation_hours=24)
    assert [event_messages.plan_anew() for _ in range(3)] == [False, True, True]
    rows = Delivery.select().where(Delivery.kind == "event_confirmation")
    assert {row.expires_at - row.next_at for row in rows} == {dt.timedelta(hours=24)}


# ---------------------------------------------------------------- consent and address come later


def lost(booked, deliver, **more):
    event = booked(40, **more)
    with SmtpServer() as server:
        assert deliver(server) == 0
    return event


def test_consent_after_a_mistake_tells_how_it_stands(cast, booked, deliver):
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    event = lost(booked, deliver)
    events.cancel(event, cast.by("dora"), version=1)
    with SmtpServer() as server:
        deliver(server)
        events.revert(event, cast.by("dora"))
        deliver(server)
        profile.record_consent(cast.alice, "email", True, cast.by("ines"))
        assert deliver(server) == 1
        assert "Please say whether you come." in server.accepted[0].message.get_body(("plain",)).get_content()


@pytest.mark.parametrize("is_new", [True, False])
def test_an_address_that_comes_later_is_told(cast, booked, deliver, is_new):
    with store.writing():
        Contact.update(is_in_use=False).where(Contact.individual == cast.alice, Contact.kind == "email").execute()
    lost(booked, deliver)
    reach = profile.Reach("email", "alice.new@example.org" if is_new else "alice@example.org", is_main=True)
    if is_new:
        profile.add_contact(cast.alice, reach, cast.by("ines"), country="US")
    else:
        contact = profile.email_contact(cast.alice, "alice@example.org")
        profile.change_contact(contact, reach, cast.by("ines"), country="US", version=contact.version)
    with SmtpServer() as server:
        assert deliver(server) == 1


def test_consent_by_an_import_is_consent(cast, booked, deliver, tmp_path):
    file, mapping = tmp_path / "people.csv", imports.find_mapping("individuals", "doorstep")
    file.write_text("external_id,first_name,last_name,email\na1,Ann,Bell,ann@example.org\n")

    def take_in(*, allows):
        assert imports.apply("individuals", file, mapping, imports.Choices(consent_email=allows), cast.by("ada"), None).is_applied

    take_in(allows=False)
    cast.ann = Individual.get(Individual.external_id == "a1")
    lost(booked, deliver, who=("ann",))
    take_in(allows=True)
    with SmtpServer() as server:
        assert deliver(server) == 1


def test_what_staff_have_kept_back_stays_so(cast, booked):
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    booked()
    with store.writing():
        Delivery.update(state="held").where(Delivery.kind == "event_booked").execute()
        Delivery.update(state="suppressed").where(Delivery.kind == "event_confirmation").execute()
    notices.cancel(the("booked", "held"), cast.by("ines"))
    profile.record_consent(cast.alice, "email", True, cast.by("ines"))
    assert waiting() == ["confirmation"]


# ---------------------------------------------------------------- the worker leaves, a client goes


def test_who_is_handed_over_is_told_with_whom_it_is_now(cast, booked):
    cast.heard(booked())
    leaving.leave(cast.dora, cast.by("ada"), to=cast.otto)
    assert waiting() == ["confirmation", "changed"]
    assert f"is now with {events.called(cast.otto)}" in words(the("changed"))
    assert letters.letter(the("confirmation"), PORTAL)


@pytest.mark.parametrize(("hours", "is_task"), [(23, True), (25, False)])
def test_who_cancels_when_it_is_near_is_seen_without_an_e_mail(cast, booked, decided, hours, is_task):
    decided(client_cancelled=0)
    attendances.give_up(place_of(booked(hours)), cast.by("alice"))
    tasks = [(task.kind, task.worker, task.individual) for task in Task.select()]
    assert tasks == ([("cannot_come", cast.dora, cast.alice)] if is_task else [])


def test_whose_place_was_the_last_stands_in_the_own_record_only(cast, booked):
    event = booked(who=("alice", "bob"))
    attendances.give_up(place_of(event, cast.alice), cast.by("alice"))
    attendances.give_up(place_of(event, cast.bob), cast.by("bob"))
    entries = AuditEntry.select().where(AuditEntry.kind == "event.cancelled")
    said = {entry.individual_id: (entry.actor_kind, entry.account_id, entry.network) for entry in entries}
    assert said[cast.bob.id] == ("client", cast.bob_account.id, cast.by("bob").network)
    assert said[cast.alice.id] == ("system", None, "")


def test_taking_a_place_back_holds_the_worker_before_the_event(cast, booked, caplog):
    event = booked()
    stale = Attendance.select(Attendance, Event).join(Event).get()
    attendances.give_up(stale, cast.by("alice"))
    caplog.set_level("DEBUG", logger="peewee")
    attendances.mark(stale, "revert", cast.by("dora"), version=2)
    assert Event.get_by_id(event.id).state == "booked"
    held = [record.getMessage() for record in caplog.records if "FOR NO KEY UPDATE" in record.getMessage()]
    if store.is_postgres():
        assert ['FROM "worker"' in line for line in held[:2]] == [True, False]
