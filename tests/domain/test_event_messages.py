"""What is written of events: to whom, in which words, at which hour, and that nothing is told too late (spec 03 and 04)."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from smtp_server import SmtpServer

from domain import attendances, clock, events, letters, links, notices, profile, services, store
from domain.actor import SYSTEM
from domain.events import Plan
from domain.rules import NotFound
from models import Attendance, Contact, Delivery, Event, EventMessage, Site, Worker, db

PORTAL = "https://portal.example.org"


@pytest.fixture
def booked(cast, frozen):
    """Books for Alice at Dora's, in so many hours."""
    frozen()

    def book(hours=72, **more):
        plan = Plan(cast.dora, clock.now() + dt.timedelta(hours=hours), 50, Site.get(), [cast.alice], **more)
        return events.book(plan, cast.by("dora"))

    return book


def place_of(event):
    return Attendance.get(Attendance.event == event)


def row(kind):
    return Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id.desc()).get()


def words(delivery):
    letter = letters.letter(delivery, PORTAL)
    return "\n".join([letter.subject, *letter.paragraphs, *letter.after])


# ---------------------------------------------------------------- in which words


def test_the_first_two_texts_are_those_that_clients_know(cast, booked):
    with store.writing():
        Site.update(time_zone="America/Halifax", phone="+1 902 555 0100", name="Harbour House").execute()
        Worker.update(first_name="Dora", last_name="Dune", display_name="").where(Worker.id == cast.dora.id).execute()
    event = booked()
    begins = event.starts_at.astimezone(ZoneInfo("America/Halifax"))
    told = words(row("event_booked"))
    assert f"{begins:%A, {begins.day} %B %Y} at {begins:%H:%M} " in told
    assert "with Dora Dune at Harbour House.\nCall +1 902 555 0100 to reschedule." in told
    later = cast.heard(event).starts_at + dt.timedelta(days=1)
    events.move(event, later, 50, cast.by("dora"), version=1)
    assert f"Appointment rescheduled: Your {begins:%A, {begins.day} %B %Y} appt. has been rescheduled to " in words(row("event_moved"))
    events.cancel(event, cast.by("dora"), version=2)
    assert "Call +1 902 555 0100 or open the portal to book again." in words(row("event_cancelled"))


@pytest.mark.parametrize(("choices", "is_video", "ends"), [
    ({}, False, "with Dora Dune at Harbour House."), ({}, True, "with Dora Dune by video."),
    ({"messages_hide_place": 1}, False, "with Dora Dune."), ({"messages_hide_place": 1}, True, "with Dora Dune by video."),
    ({"messages_hide_last_name": 1}, False, "with Dora at Harbour House."),
])  # fmt: skip
def test_a_call_is_by_video_and_what_is_hidden_is_hidden(cast, booked, decided, choices, is_video, ends):
    decided(**choices)
    with store.writing():
        Site.update(name="Harbour House").execute()
        Worker.update(first_name="Dora", last_name="Dune", display_name="").where(Worker.id == cast.dora.id).execute()
    booked(is_video=is_video)
    assert ends in words(row("event_booked"))
    assert ends in words(row("event_confirmation"))


def test_a_last_name_is_left_out_even_where_there_is_no_other(cast, booked, decided):
    decided(messages_hide_last_name=1)
    with store.writing():
        Worker.update(first_name="", last_name="Dune", display_name="").where(Worker.id == cast.dora.id).execute()
    booked()
    assert "with your worker at" in words(row("event_booked"))


def test_without_any_telephone_a_cancelled_one_is_made_anew_in_the_portal(cast, booked):
    with store.writing():
        Site.update(phone="").execute()
    events.cancel(booked(), cast.by("dora"), version=1)
    assert "Call us or open the portal to book again." in words(row("event_cancelled"))


def test_no_letter_names_a_service(cast, booked):
    service = services.add(services.Details("Canary counselling"), "case", cast.by("ines"))
    booked(service=service)
    assert "Canary" not in words(row("event_booked")) + words(row("event_confirmation"))


def test_the_worker_is_told_without_a_name_and_led_to_the_task(cast, booked):
    event = booked(20)
    attendances.tell(place_of(event), "running_late", cast.by("alice"))
    delivery = row("client_running_late")
    letter = letters.letter(delivery, PORTAL)
    assert cast.alice.first_name not in words(delivery)
    assert letter.button[1].startswith(f"{PORTAL}/admin/tasks/")
    events.move(event, clock.ahead(hours=30), 50, cast.by("dora"), version=1)
    with pytest.raises(letters.Unwanted):
        letters.letter(delivery, PORTAL)


# ---------------------------------------------------------------- to whom


def unwanted(delivery):
    with pytest.raises(letters.Unwanted) as said:
        letters.letter(delivery, PORTAL)
    return str(said.value)


def test_consent_death_and_address_are_looked_at_when_it_is_sent(cast, booked):
    booked()
    delivery = row("event_booked")
    with store.writing():
        Contact.update(value="new@example.org", lookup="new@example.org").where(
            Contact.individual == cast.alice, Contact.kind == "email"
        ).execute()
    assert words(delivery)
    assert Delivery.get_by_id(delivery.id).to_address == delivery.to_address == "new@example.org"
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    assert unwanted(delivery) == "There is no consent to e-mail."
    profile.record_consent(cast.alice, "email", True, cast.by("ines"))
    with store.writing():
        Contact.update(is_in_use=False).where(Contact.individual == cast.alice, Contact.kind == "email").execute()
    assert unwanted(delivery) == "There is no e-mail address in use."
    with store.writing():
        type(cast.alice).update(death_date=dt.date(2026, 1, 1)).where(type(cast.alice).id == cast.alice.id).execute()
    assert unwanted(row("event_booked")) == "This person has died."


def test_who_has_no_account_any_more_is_told_by_consent_alone_and_led_nowhere_closed(cast, booked):
    booked()
    assert letters.letter(row("event_booked"), PORTAL).button is not None
    from domain import accounts

    accounts.close(cast.alice_account, cast.by("ada"))
    assert letters.letter(row("event_booked"), PORTAL).button is None


def test_consent_given_later_holds_for_what_was_booked_before(cast, booked, deliver):
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    event = booked(40)
    with SmtpServer() as server:
        assert deliver(server) == 0
        assert row("event_confirmation").state == "suppressed"
        profile.record_consent(cast.alice, "email", True, cast.by("ines"))
        assert deliver(server) == 1
    assert (row("event_confirmation").state, row("event_confirmation").to_address) == ("sent", "alice@example.org")
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    profile.record_consent(cast.alice, "email", True, cast.by("ines"))
    assert row("event_confirmation").state == "sent"
    assert event


def test_consent_given_later_tells_one_message_of_each_place_and_none_of_what_is_over(cast, booked, frozen, deliver):
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    booked(30)
    event = booked(72)
    with SmtpServer() as server:
        deliver(server)
        frozen.shift(hours=31)
        profile.record_consent(cast.alice, "email", True, cast.by("ines"))
        assert deliver(server) == 1  # of the second, inside the hours before it: whether they come
    kinds = [(row.kind, row.state) for row in Delivery.select().join(EventMessage).order_by(Delivery.id)]
    assert kinds == [("event_confirmation", "suppressed"), ("event_booked", "suppressed"), ("event_confirmation", "sent")]
    assert event


# ---------------------------------------------------------------- at which hour

# A spring night and an autumn night of each zone: one northern, one southern, one with half an hour.
NIGHTS = [
    ("America/Halifax", "2026-03-08"), ("America/Halifax", "2026-11-01"), ("Australia/Sydney", "2026-10-04"),
    ("Australia/Sydney", "2027-04-04"), ("America/St_Johns", "2026-03-08"), ("America/St_Johns", "2026-11-01"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "night"), NIGHTS)
def test_over_a_clock_change_each_is_told_once_with_the_hour_of_the_place(cast, frozen, deliver, zone, night):
    with store.writing():
        Site.update(time_zone=zone).execute()
    starts = dt.datetime.fromisoformat(f"{night}T10:30").replace(tzinfo=ZoneInfo(zone))
    frozen(starts.astimezone(dt.UTC) - dt.timedelta(hours=60))
    events.book(Plan(cast.dora, starts, 50, Site.get(), [cast.alice]), cast.by("dora"))
    due = row("event_confirmation").next_at
    assert starts.astimezone(dt.UTC) - due == dt.timedelta(hours=48)
    with SmtpServer() as server:
        assert deliver(server) == 1
        frozen.to(due - dt.timedelta(seconds=1))
        assert deliver(server) == 0
        frozen.to(due)
        assert deliver(server) == 1
        frozen.shift(hours=-1)
        assert deliver(server) == 0
        frozen.shift(hours=2)
        assert deliver(server) == 0
        mails = [mail.message.get_body(("plain",)).get_content() for mail in server.accepted]
    assert all("at 10:30 " in mail for mail in mails)
    assert [("/appointment/" in mail) for mail in mails] == [False, True]


@pytest.mark.parametrize(("zone", "night"), NIGHTS)
def test_a_day_before_is_four_and_twenty_hours_over_a_clock_change_too(cast, frozen, zone, night):
    with store.writing():
        Site.update(time_zone=zone).execute()
    starts = dt.datetime.fromisoformat(f"{night}T10:30").replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)
    for late, state in ((0, "cancelled_by_client"), (1, "late_cancelled")):
        frozen(starts - dt.timedelta(hours=60))
        event = events.book(Plan(cast.dora, starts, 50, Site.get(), [cast.alice]), cast.by("dora"))
        frozen.to(starts - dt.timedelta(hours=24) + dt.timedelta(seconds=late))
        assert attendances.give_up(place_of(event), cast.by("alice")) == state


def test_who_was_away_for_two_hours_sends_no_reminder_after_the_start(cast, booked, frozen, deliver):
    event = booked(1)
    frozen.to(event.starts_at + dt.timedelta(hours=1))
    with SmtpServer() as server:
        assert deliver(server) == 0
    notices.sweep()
    assert (row("event_confirmation").state, row("event_confirmation").last_error) == ("expired", "Too late to be of use.")


# ---------------------------------------------------------------- the outbox around them


def test_what_is_sent_again_tells_of_the_same_and_falls_with_it(cast, booked):
    event = booked()
    with store.writing():
        Delivery.update(state="dead").where(Delivery.kind == "event_booked").execute()
    again = notices.send_again(row("event_booked"), cast.by("ines"))
    assert words(again) == words(row("event_booked"))
    events.move(event, clock.ahead(hours=96), 50, cast.by("dora"), version=1)
    assert Delivery.get_by_id(again.id).state == "cancelled"


def test_what_was_held_and_is_released_keeps_its_hour(cast, booked):
    event = booked()
    with store.writing():
        Delivery.update(state="held").where(Delivery.kind == "event_confirmation").execute()
    notices.release(row("event_confirmation"), cast.by("ines"))
    assert (row("event_confirmation").state, row("event_confirmation").next_at) == ("due", event.starts_at - dt.timedelta(hours=48))


def test_what_waits_for_next_week_is_not_read_through(cast, frozen):
    frozen()
    week = clock.ahead(days=7)
    with store.writing():
        store.insert_rows([
            Delivery(dedupe_key=f"ahead {number}", kind="event_confirmation", priority=6, to_address="", next_at=week,
                     created_at=clock.now(), expires_at=clock.ahead(days=9)) for number in range(3_000)
        ])  # fmt: skip
    assert asked(notices.claim) < 1_000
    assert asked(notices.oldest_due) < 1_000
    assert asked(notices.sweep) < 1_000
    assert notices.claim() == 0.0
    assert notices.oldest_due() is None


def asked(verb):
    """How many steps the database takes for what a verb asks: what PostgreSQL would read through, or SQLite's instructions."""
    if "Sqlite" not in type(db.obj).__name__:
        return 0  # its planner reads a table of three thousand rows through because that is quick
    steps = 0

    def step():
        nonlocal steps
        steps += 1
        return 0

    with store.writing():
        db.connection().set_progress_handler(step, 1)
        try:
            verb()
        finally:
            db.connection().set_progress_handler(None, 1)
    return steps


def test_every_priority_is_asked_for(db):
    from domain import leases

    assert set(notices.KINDS.values()) == set(leases.PRIORITIES)


# ---------------------------------------------------------------- the link that confirms


def token(place):
    from domain import event_letters

    return event_letters.link_of(place)


@pytest.mark.parametrize(("what", "standing"), [
    ("nothing", "open"), ("worker", "open"), ("moved", "moved"), ("there and back", "open"), ("cancelled", "cancelled"), ("reverted", "open"),
    ("given up", "cancelled"), ("confirmed", "confirmed"), ("past", "past"), ("off", "off"), ("no show", "past"),
])  # fmt: skip
def test_what_a_link_says_is_how_it_stands(cast, booked, frozen, decided, what, standing):
    event, by = booked(), cast.by("dora")
    sealed, later = token(place_of(event)), event.starts_at + dt.timedelta(hours=1)
    if what in ("moved", "there and back"):
        events.move(event, later, 50, by, version=1)
    if what == "there and back":
        events.move(event, event.starts_at, 50, by, version=2)
    if what == "worker":
        events.move(event, event.starts_at, 50, by, version=1, worker=cast.otto)
    if what in ("cancelled", "reverted"):
        events.cancel(event, by, version=1)
    if what == "reverted":
        events.revert(event, by)
    if what == "given up":
        attendances.give_up(place_of(event), cast.by("alice"))
    if what == "confirmed":
        attendances.confirm(place_of(event), cast.by("alice"), "phone")
    if what in ("past", "no show"):
        frozen.to(event.starts_at)
    if what == "no show":
        attendances.mark(place_of(event), "no_show", by, version=1)
    if what == "off":
        decided(confirming=0)
    place, is_current = attendances.by_link(sealed)
    assert attendances.standing(place, is_current=is_current) == standing
    if standing == "open":
        attendances.confirm(place, cast.visitor(), "link")
        assert place_of(event).confirmed_how == "link"


def test_a_link_that_we_did_not_sign_opens_nothing(cast, booked):
    place = place_of(booked())
    good = token(place)
    for bad in (good[:-1], good + "x", good[:-3] + "xxx", links.sealed("reset", f"{place.public_id}.1"), "", "ü", links.sealed("appointment", "nobody.1")):
        with pytest.raises(NotFound):
            attendances.by_link(bad)


def test_what_moved_while_it_was_looked_at_is_not_confirmed(cast, booked):
    event = booked()
    seen = place_of(event)
    events.move(event, event.starts_at + dt.timedelta(hours=1), 50, cast.by("dora"), version=1)
    from domain.rules import RuleBroken

    with pytest.raises(RuleBroken, match="moved meanwhile"):
        attendances.confirm(seen, cast.visitor(), "link")
    assert place_of(event).confirmed_at is None


def test_confirming_switched_off_is_for_the_telephone_only(cast, booked, decided):
    decided(confirming=0)
    event = booked()
    from domain.rules import RuleBroken

    for how in ("portal", "link"):
        with pytest.raises(RuleBroken) as refused:
            attendances.confirm(place_of(event), SYSTEM, how)
        assert refused.value.code == "off"
    attendances.confirm(place_of(event), cast.by("dora"), "phone")
    assert Event.get().state == "booked"
    assert place_of(event).confirmed_how == "phone"
