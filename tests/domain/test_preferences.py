"""Who wants which e-mails: clients by consent and kind, workers by kind, within what the agency sends (spec 04)."""

import datetime as dt
import re
import urllib.parse

import pytest
from smtp_server import SmtpServer

from domain import (
    attendances,
    audit,
    clock,
    discussions,
    dispatch,
    event_reminders,
    events,
    leaving,
    letters,
    links,
    notices,
    preferences,
    profile,
    sign_in,
    store,
    worker_messages,
)
from domain.actor import SYSTEM
from domain.events import Plan
from domain.rules import NotFound, RuleBroken
from domain.worker_messages import Minutes
from models import (
    Attendance,
    AuditEntry,
    ClientChoice,
    Delivery,
    Enrolment,
    Event,
    EventReminder,
    LoginSession,
    Site,
    Worker,
    WorkerReminder,
)

PORTAL = "https://portal.example.org"


@pytest.fixture
def booked(cast, frozen):
    """Books for Alice, at Dora's unless somebody else is named, in so many hours."""
    frozen("2026-03-04 16:00")

    def book(hours=72, worker=None, **more):
        plan = Plan(worker or cast.dora, clock.ahead(hours=hours), 50, Site.get(), [cast.alice], **more)
        return events.book(plan, cast.by("ines"))

    return book


def place_of(event):
    return Attendance.get(Attendance.event == event)


def row(kind):
    return Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id.desc()).get()


def kinds(state):
    rows = Delivery.select(Delivery.kind).where(Delivery.state == state, Delivery.kind != "activation")
    return sorted(kind for (kind,) in rows.tuples())


def refuse(cast, *which):
    preferences.choose(cast.alice, dict.fromkeys(which, False), cast.by("alice"), how="portal")


def want(cast, *which):
    preferences.choose(cast.alice, dict.fromkeys(which, True), cast.by("alice"), how="portal")


def unwanted(delivery):
    with pytest.raises(letters.Unwanted) as refused:
        letters.letter(Delivery.get_by_id(delivery.id), PORTAL)
    return str(refused.value)


# ---------------------------------------------------------------- a client, by kind


def test_a_kind_that_somebody_does_not_want_is_not_sent_and_staff_read_why(cast, booked, deliver):
    refuse(cast, "updates")
    booked(72)
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert (row("event_booked").state, row("event_booked").last_error) == ("suppressed", preferences.NOT_WANTED)


def test_what_was_queued_before_the_choice_is_not_sent_either(cast, booked, deliver):
    booked(72)
    refuse(cast, "updates")
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert row("event_booked").state == "suppressed"


def test_who_wants_no_questions_is_told_of_what_is_booked_soon_and_not_asked(cast, booked, deliver):
    refuse(cast, "confirmations")
    booked(24)
    with SmtpServer() as server:
        assert deliver(server) == 1
    assert kinds("sent") == ["event_booked"]
    assert "whether you come" not in str(letters.letter(row("event_booked"), PORTAL).paragraphs)


def test_who_wants_only_questions_is_asked_though_it_was_moved(cast, booked, deliver):
    refuse(cast, "updates")
    event = booked(100)
    with SmtpServer() as server:
        deliver(server)
        events.move(event, clock.ahead(hours=30), 50, cast.by("dora"), version=1)
        assert deliver(server) == 1
    assert kinds("sent") == ["event_confirmation"]


def test_what_is_wanted_again_is_told_of_what_is_ahead(cast, booked, deliver):
    refuse(cast, "updates", "confirmations")
    booked(24)
    with SmtpServer() as server:
        assert deliver(server) == 0
        want(cast, "updates", "confirmations")
        assert deliver(server) == 1
    assert kinds("sent") == ["event_confirmation"]


def test_who_wants_questions_again_is_asked(cast, booked, deliver):
    refuse(cast, "confirmations")
    booked(100)
    with SmtpServer() as server:
        assert deliver(server) == 1
        assert Delivery.select().where(Delivery.kind == "event_confirmation").count() == 0
        want(cast, "confirmations")
    assert row("event_confirmation").state == "due"


def test_messages_are_a_kind_of_their_own(cast, frozen, decided, deliver):
    frozen("2026-03-04 16:00")
    decided(unread_delay=0)
    refuse(cast, "messages")
    discussions.start(cast.alice, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert row("message_waiting").last_error == preferences.NOT_WANTED


def test_a_choice_is_kept_once_and_in_the_record(cast):
    refuse(cast, "updates")
    refuse(cast, "updates")
    assert preferences.choose(cast.alice, {"updates": False}, cast.visitor(), how="one_click") is False
    entries = list(AuditEntry.select().where(AuditEntry.kind == "preference.changed"))
    assert [audit.values_of(entry) for entry in entries] == [
        {"channel": "email", "kind": "updates", "is_given": False, "how": "portal"}
    ]
    assert ClientChoice.select().count() == 1
    preferences.token(cast.alice, "updates")
    assert ClientChoice.select().count() == 1
    assert preferences.refused(cast.alice.id) == {"updates"}
    assert preferences.refused(cast.bob.id) == preferences.refused(cast.alice.id, "sms") == set()


def test_messages_of_safety_are_of_no_kind(cast, frozen, deliver):
    """Neither a choice nor the agency's switch keeps a code, a new password or a new device back."""
    kept = {delivery for every in preferences.KINDS.values() for delivery in every}
    assert kept <= notices.KINDS.keys()
    for kind in ("activation", "password_reset", "password_changed", "new_device", "address_code", "sign_in_locked", "address_changed"):
        assert kind not in kept | set(worker_messages.KIND_OF)
    refuse(cast, *preferences.KINDS)
    notices.put("password_changed", 1, to="alice@example.org", account=cast.alice_account, individual=cast.alice)
    with SmtpServer() as server:
        assert deliver(server) == 1
        assert "List-Unsubscribe" not in server.accepted[0].message


# ---------------------------------------------------------------- consent


def test_consent_withdrawn_drops_what_is_queued_and_given_again_tells_what_is_ahead(cast, booked, deliver):
    booked(72)
    profile.record_consent(cast.alice, "email", False, cast.by("alice"), how="client")
    with SmtpServer() as server:
        assert deliver(server) == 0
        assert row("event_booked").last_error == "There is no consent to e-mail."
        profile.record_consent(cast.alice, "email", True, cast.by("alice"), how="client")
        assert deliver(server) == 1
    newest = profile.consent_of(cast.alice, "email")
    assert (newest.is_given, newest.recorded_how, newest.recorded_by) == (True, "client", None)


# ---------------------------------------------------------------- the agency


def test_without_delivery_to_clients_nothing_of_these_kinds_leaves(cast, booked, decided, deliver):
    decided(unread_delay=0)
    booked(72)
    discussions.start(cast.alice, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    decided(client_delivery=0)
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert row("event_booked").state == row("message_waiting").state == "suppressed"
    assert preferences.offered() == ()


@pytest.mark.parametrize(("switch", "kind"), [
    ("event_confirmation", "confirmations"), ("confirming", "confirmations"), ("discussions", "messages"),
])  # fmt: skip
def test_what_the_agency_does_not_send_cannot_be_chosen(cast, decided, switch, kind):
    assert set(preferences.offered()) == set(preferences.KINDS)
    decided(**{switch: 0})
    assert set(preferences.offered()) == set(preferences.KINDS) - {kind}


@pytest.mark.parametrize("switch", ["worker_delivery", "worker_mail_event"])
def test_what_the_agency_does_not_send_to_workers_is_not_sent(cast, booked, decided, deliver, switch):
    attendances.give_up(place_of(booked(72)), cast.by("alice"))
    decided(**{switch: 0})
    with SmtpServer() as server:
        deliver(server)
    assert row("client_cancelled").last_error == "Messages of this kind are switched off."


def test_a_letter_to_a_worker_may_say_its_subject_only(cast, booked, decided):
    attendances.give_up(place_of(booked(72)), cast.by("alice"))
    whole = letters.letter(row("client_cancelled"), PORTAL)
    decided(worker_detail="subject")
    letter = letters.letter(row("client_cancelled"), PORTAL)
    assert (letter.subject, letter.button) == (whole.subject, whole.button)
    assert letter.paragraphs == ("The rest stands in the portal.",)
    assert letter.after == ()


# ---------------------------------------------------------------- the way out of each mail


def test_the_address_is_only_ours_and_opens_nothing_else(cast):
    token = preferences.token(cast.alice, "updates")
    assert preferences.by_link(token) == (cast.alice, "updates")
    assert token == preferences.token(cast.alice, "updates") != preferences.token(cast.alice, "messages")
    assert cast.alice.public_id not in token
    for wrong in ("", "x", token[:-1], token.partition(".")[0], links.sealed("appointment", token.partition(".")[0]), token + "é"):
        with pytest.raises(NotFound):
            preferences.by_link(wrong)


def test_the_address_of_somebody_who_is_gone_is_none(cast):
    token = preferences.token(cast.bob, "updates")
    with store.writing():
        ClientChoice.delete().execute()  # as when the record is erased: the row goes with it
    with pytest.raises(NotFound):
        preferences.by_link(token)


SUBJECTS = {
    "event_booked": "Your appointment", "event_confirmation": "Please confirm your appointment",
    "message_waiting": "You have a new message", "event_cancelled": "Your appointment is cancelled",
}  # fmt: skip


def test_a_real_server_gets_well_formed_mail_with_the_way_out_in_it(cast, booked, decided, deliver):
    decided(unread_delay=0)
    event = cast.heard(booked(90))
    events.cancel(event, cast.by("dora"), version=1)
    booked(72)
    booked(24)
    discussions.start(cast.alice, "A secret subject", "Canary words", cast.by("dora"), worker=cast.dora)
    with SmtpServer() as server:
        deliver(server)
        mails = {str(mail.message["Subject"]): mail.message for mail in server.accepted if mail.message["To"] == "alice@example.org"}
    assert set(mails) == set(SUBJECTS.values())
    for kind, subject in SUBJECTS.items():
        message = mails[subject]
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
        assert message.defects == []
        [header] = message.get_all("List-Unsubscribe")
        address = re.fullmatch(r"<(https://portal\.example\.org/unsubscribe/[\w.-]+)>", header).group(1)
        assert message.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
        plain, html = (message.get_body((which,)).get_content() for which in ("plain", "html"))
        assert f"Stop e-mails of this kind: {address}" in plain
        assert f'href="{address}"' in html
        assert preferences.by_link(urllib.parse.urlsplit(address).path.rpartition("/")[2]) == (cast.alice, preferences.KIND_OF[kind])
        head = "\n".join(f"{name}: {value}" for name, value in message.items())
        for word in ("Alice", "Dora", "secret", "Canary", "updates@"):
            assert word not in head, (kind, word)


def test_a_worker_cannot_stop_mail_by_its_address(cast, booked, deliver):
    attendances.give_up(place_of(booked(72)), cast.by("alice"))
    with SmtpServer() as server:
        deliver(server)
        [mail] = [mail.message for mail in server.accepted if mail.message["To"] == "dora@example.org"]
    assert mail["List-Unsubscribe"] is None
    assert "/unsubscribe/" not in mail.as_string()


# ---------------------------------------------------------------- a worker, by kind


def test_at_first_a_worker_gets_all_but_confirmations_and_reminders(cast):
    ways = worker_messages.ways_of(cast.dora)
    assert {kind for kind, way in ways.items() if way != "always"} == {"confirmation"}
    assert worker_messages.minutes_of(cast.dora) == Minutes(0, 0)


def test_every_kind_for_workers_is_of_a_switch_and_nothing_is_twice():
    every = [delivery for each in worker_messages.KINDS.values() for delivery in each]
    assert len(every) == len(set(every))
    assert set(every) == {kind for kind in notices.KINDS if kind.startswith("client_")} | {"event_reminder", "message_overdue"}


@pytest.mark.parametrize(("way", "is_signed_in", "state"), [
    ("always", True, "sent"), ("away", False, "sent"), ("away", True, "suppressed"), ("none", False, "suppressed"),
])  # fmt: skip
def test_a_worker_is_written_to_as_they_wish(cast, booked, deliver, way, is_signed_in, state):
    worker_messages.choose(cast.dora, {"event": way}, Minutes(), cast.by("dora"))
    attendances.give_up(place_of(booked(72)), cast.by("alice"))
    if is_signed_in:
        cast.session("dora")
    with SmtpServer() as server:
        deliver(server)
    assert row("client_cancelled").state == state


@pytest.mark.parametrize(("minutes", "is_in"), [(9, True), (11, False)])
def test_who_was_not_heard_of_for_ten_minutes_is_not_signed_in(cast, frozen, minutes, is_in):
    frozen("2026-03-04 16:00")
    session = cast.session("dora")
    frozen.shift(minutes=minutes)
    assert worker_messages.is_signed_in(cast.dora) is is_in
    sign_in.sign_out(session, cast.by("dora"))
    assert not worker_messages.is_signed_in(cast.dora)
    assert not LoginSession.select().where(LoginSession.worker == cast.dora).exists()


def test_that_a_client_confirmed_is_told_to_who_wishes_so(cast, booked, deliver):
    attendances.confirm(place_of(booked(72)), cast.by("alice"), "portal")
    assert Delivery.select().where(Delivery.kind == "client_confirmed").count() == 0
    worker_messages.choose(cast.dora, {"confirmation": "always"}, Minutes(), cast.by("dora"))
    event = booked(80)
    attendances.confirm(place_of(event), cast.by("dora"), "phone")  # they know it
    assert Delivery.select().where(Delivery.kind == "client_confirmed").count() == 0
    place = place_of(booked(90))
    attendances.confirm(place, cast.by("alice"), "portal")
    attendances.confirm(place, cast.by("alice"), "portal")
    letter = letters.letter(row("client_confirmed"), PORTAL)
    assert letter.subject == "A client confirmed"
    assert "Alice" not in str(letter)
    attendances.tell(place, "cannot_come", cast.by("alice"))
    assert unwanted(row("client_confirmed")) == "The appointment was changed or cancelled meanwhile."
    attendances.confirm(place, cast.by("alice"), "portal")
    assert Delivery.select().where(Delivery.kind == "client_confirmed").count() == 2


def mark_missed(event, by):
    attendances.mark(place_of(event), "no_show", by, version=place_of(event).version)


def test_a_worker_hears_of_who_did_not_come_when_a_colleague_wrote_it_down(cast, booked):
    own, other = booked(-2), booked(-4)
    mark_missed(own, cast.by("dora"))
    assert Delivery.select().where(Delivery.kind == "client_missed").count() == 0
    mark_missed(other, cast.by("ines"))
    delivery = row("client_missed")
    letter = letters.letter(delivery, PORTAL)
    assert (letter.subject, delivery.to_address) == ("A client did not come", "dora@example.org")
    assert "Alice" not in str(letter)
    attendances.mark(place_of(other), "show", cast.by("ines"), version=place_of(other).version)
    assert unwanted(delivery) == "The appointment was changed or cancelled meanwhile."


@pytest.mark.parametrize("switch", ["worker_mail_no_show", "worker_delivery"])
def test_of_who_did_not_come_nobody_hears_where_the_agency_does_not_wish_so(cast, booked, decided, switch):
    decided(**{switch: 0})
    mark_missed(booked(-4), cast.by("ines"))
    assert Delivery.select().where(Delivery.kind == "client_missed").count() == 0


@pytest.mark.parametrize(("ways", "minutes", "code"), [
    ({"event": "sometimes"}, Minutes(), "way"), ({"nothing": "none"}, Minutes(), "way"),
    ({}, Minutes(-1, 0), "minutes"), ({}, Minutes(0, 10_081), "minutes"),
])  # fmt: skip
def test_a_choice_that_is_none_is_refused(cast, ways, minutes, code):
    with pytest.raises(RuleBroken) as refused:
        worker_messages.choose(cast.dora, ways, minutes, cast.by("dora"))
    assert refused.value.code == code


# ---------------------------------------------------------------- reminders of workers


def reminders(state="due"):
    """Of which event, how many minutes before, at whose."""
    rows = EventReminder.select(EventReminder, Delivery).join(Delivery).where(Delivery.state == state).order_by(Delivery.next_at)
    return [(row.event_id, row.minutes, row.delivery.worker) for row in rows]


@pytest.fixture
def reminded(cast):
    """Dora is reminded an hour before each appointment, and a day before a first one."""
    worker_messages.choose(cast.dora, {}, Minutes(60, 1440), cast.by("dora"))


def test_a_reminder_is_written_with_the_event_and_sent_at_its_hour_once(cast, booked, reminded, frozen, deliver):
    event = booked(10)
    delivery = row("event_reminder")
    assert (delivery.next_at, delivery.expires_at) == (event.starts_at - dt.timedelta(hours=1), event.starts_at)
    with SmtpServer() as server:
        deliver(server)
        frozen.to(delivery.next_at - dt.timedelta(seconds=1))
        assert deliver(server) == 0
        frozen.to(delivery.next_at)
        assert deliver(server) == 1
        assert deliver(server) == 0
        [mail] = [mail.message for mail in server.accepted if mail.message["To"] == "dora@example.org"]
    assert mail["Subject"] == "You have an appointment soon"
    assert "Alice" not in mail.get_body(("plain",)).get_content()


def test_a_reminder_follows_what_becomes_of_the_event(cast, booked, reminded):
    event = booked(10)
    events.move(event, clock.ahead(hours=20), 50, cast.by("ines"), version=1)
    moved = Event.get_by_id(event.id)
    assert reminders() == [(event.id, 60, cast.dora)]
    assert row("event_reminder").expires_at == moved.starts_at
    events.cancel(moved, cast.by("ines"), version=moved.version)
    assert reminders() == []
    events.revert(Event.get_by_id(event.id), cast.by("ines"))
    assert reminders() == [(event.id, 60, cast.dora)]
    events.move(Event.get_by_id(event.id), moved.starts_at, 50, cast.by("ines"), version=4, worker=cast.otto)
    assert reminders() == []
    events.move(Event.get_by_id(event.id), moved.starts_at, 50, cast.by("ines"), version=5, worker=cast.dora)
    assert reminders() == [(event.id, 60, cast.dora)]


def test_what_is_nearer_than_the_reminder_has_none(cast, booked, reminded):
    booked(0.9)
    assert reminders() == []


def test_what_a_client_cancels_reminds_nobody(cast, booked, reminded):
    event = booked(40)
    attendances.give_up(place_of(event), cast.by("alice"))
    assert reminders() == []


def test_a_late_reminder_is_none(cast, booked, reminded, frozen, deliver):
    booked(10)
    frozen.shift(hours=10)
    notices.sweep()
    assert row("event_reminder").state == "expired"


def test_what_waits_follows_when_a_worker_chooses_other_minutes(cast, booked, reminded):
    near, far = booked(10), booked(30)
    other = booked(20, worker=cast.otto)
    assert [event for event, _, _ in reminders()] == [near.id, far.id]
    worker_messages.choose(cast.dora, {}, Minutes(30, 0), cast.by("dora"))
    assert reminders() == [(near.id, 30, cast.dora), (far.id, 30, cast.dora)]
    worker_messages.choose(cast.dora, {}, Minutes(60, 0), cast.by("dora"))
    assert reminders() == [(near.id, 60, cast.dora), (far.id, 60, cast.dora)]
    worker_messages.choose(cast.otto, {}, Minutes(15, 0), cast.by("otto"))
    assert (other.id, 15, cast.otto) in reminders()
    worker_messages.choose(cast.dora, {}, Minutes(0, 0), cast.by("dora"))
    assert reminders() == [(other.id, 15, cast.otto)]


def test_no_reminder_of_what_was_sent_comes_twice(cast, booked, reminded, frozen, deliver):
    event = booked(10)
    frozen.to(event.starts_at - dt.timedelta(minutes=60))
    with SmtpServer() as server:
        deliver(server)
        events.set_video(event, "https://video.example/x", cast.by("dora"), is_video=True, version=1)
        worker_messages.choose(cast.dora, {}, Minutes(60, 0), cast.by("dora"))
        event_reminders.plan(cast.dora)
    assert reminders() == []
    assert reminders("sent") == [(event.id, 60, cast.dora)]


@pytest.fixture
def file(cast):
    """Alice is enrolled, with Dora."""
    from domain import agency, enrolments, services

    made = services.add(services.Details("Talking", minutes=60), "case", cast.by("ines"))
    return enrolments.open(cast.alice, made, cast.dora, agency.today(), cast.by("ines"))


def test_before_the_first_of_an_enrolment_there_is_one_more(cast, frozen, reminded, file):
    frozen("2026-03-04 16:00")

    def book(hours):
        plan = Plan(cast.dora, clock.ahead(hours=hours), 50, Site.get(), [cast.alice], service=file.service)
        return events.book(plan, cast.by("ines"))

    late = book(60)
    assert reminders() == [(late.id, 1440, cast.dora), (late.id, 60, cast.dora)]
    early = book(40)  # which is the first now
    assert reminders() == [(early.id, 1440, cast.dora), (early.id, 60, cast.dora), (late.id, 60, cast.dora)]
    events.cancel(early, cast.by("ines"), version=1)
    assert reminders() == [(late.id, 1440, cast.dora), (late.id, 60, cast.dora)]
    assert Enrolment.select().count() == 1


def test_a_reminder_of_what_is_not_the_first_any_more_is_not_sent(cast, frozen, reminded, file):
    frozen("2026-03-04 16:00")
    plan = Plan(cast.dora, clock.ahead(hours=60), 50, Site.get(), [cast.alice], service=file.service)
    events.book(plan, cast.by("ines"))
    first = Delivery.select().join(EventReminder).where(EventReminder.is_first).get()
    letter = letters.letter(first, PORTAL)
    assert letter.paragraphs[1].startswith("The first appointment of an enrolment is on Saturday, 7 March 2026 at ")
    with store.writing():  # as an import would
        Attendance.create(
            event=Event.create(worker=cast.otto, starts_at=clock.ahead(hours=30), ends_at=clock.ahead(hours=31), site=Site.get(),
                               created_at=clock.now()),
            individual=cast.alice, enrolment=file, starts_at=clock.ahead(hours=30),
        )  # fmt: skip
    assert unwanted(first) == "It is not the first appointment of an enrolment any more."


def test_what_goes_to_somebody_else_with_a_worker_who_leaves_reminds_them(cast, booked, reminded):
    worker_messages.choose(cast.otto, {}, Minutes(30, 0), cast.by("otto"))
    event = booked(72)
    leaving.leave(cast.dora, cast.by("ada"), to=cast.otto)
    assert reminders() == [(event.id, 30, cast.otto)]


def test_what_was_put_off_by_an_import_is_written_by_the_minute(cast, booked, reminded):
    with store.writing():
        event = Event.create(worker=cast.dora, starts_at=clock.ahead(hours=30), ends_at=clock.ahead(hours=31), site=Site.get(),
                             created_at=clock.now())  # fmt: skip
    event_reminders.plan_later()
    assert WorkerReminder.select().where(WorkerReminder.is_planned).count() == 0
    event_reminders.plan_due()
    event_reminders.plan_due()
    assert reminders() == [(event.id, 60, cast.dora)]
    with store.writing():
        Event.update(state="cancelled_by_agency").where(Event.id == event.id).execute()
    event_reminders.plan_later()
    event_reminders.plan_due()
    assert reminders() == []


def test_nobody_who_left_is_reminded(cast, booked, reminded):
    booked(10)
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    assert unwanted(row("event_reminder")) == "This worker has left."


def test_two_who_plan_at_once_write_each_reminder_once(cast, booked, at_once):
    with store.writing():
        WorkerReminder.create(worker=cast.dora, minutes=60)
        event = Event.create(worker=cast.dora, starts_at=clock.ahead(hours=30), ends_at=clock.ahead(hours=31), site=Site.get(),
                             created_at=clock.now())  # fmt: skip

    def settle():
        with store.writing():
            event_reminders.settle(event)

    at_once([settle] * 6)
    assert reminders() == [(event.id, 60, cast.dora)]


def test_a_sandbox_keeps_them_all(cast, booked, reminded, decided, deliver):
    decided(sandbox=1)
    booked(72)
    with SmtpServer() as server:
        assert deliver(server) == 0
    assert dispatch is not None
    assert kinds("held") == ["event_booked"]
    assert SYSTEM.is_system
