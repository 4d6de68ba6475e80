"""What is written of appointments that clients ask for: in which words, to whom, and no more once it is answered (spec 03 and 04)."""

import datetime as dt
import re

import pytest
from smtp_server import SmtpServer

from domain import (
    accounts,
    events,
    leaving,
    letters,
    notices,
    profile,
    request_answers,
    requests,
    store,
    texts,
)
from domain.actor import SYSTEM
from gateways.mail import Outcome, Verdict
from models import Attendance, Contact, Delivery, Event, Individual, Worker

PORTAL = "https://portal.example.org"
KINDS = ("client_requested", "client_booked", "request_offered", "request_declined", "request_expired")
OVER = "The request was answered, changed or withdrawn meanwhile."


@pytest.fixture
def asking(cast, frozen, decided):
    """``asking(10)``: Alice asks for ten o'clock at Otto's, on Friday the 13th, and somebody has to answer."""
    frozen("2026-03-04 16:00")
    decided(request_mode="approve")
    wish = cast.may_request(cast.otto)

    def ask(at=10, by="alice"):
        return requests.ask(wish, cast.free_at(at) if isinstance(at, int) else at, cast.by(by))

    return ask


def place_of(event):
    return Attendance.get(Attendance.event == event, Attendance.individual == Individual.get(Individual.external_id == "alice"))


def now(event):
    return Event.get_by_id(event.id)


def offer(event, hour, cast, by="otto"):
    request_answers.offer(now(event), cast.free_at(hour), cast.by(by), version=now(event).version)


def decline(event, cast, reason="Not then."):
    request_answers.decline(now(event), cast.by("otto"), version=now(event).version, reason=reason)


def change(event, hour, cast):
    """Another time for something booked, which waits; the event that holds it."""
    requests.change(place_of(event), cast.free_at(hour), cast.by("alice"))
    return requests.waiting_change(event).event


def row(kind):
    return Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id.desc()).get()


def waiting(*kinds):
    rows = Delivery.select(Delivery.kind).where(Delivery.state == "due", Delivery.kind.in_(kinds or KINDS)).order_by(Delivery.id)
    return [kind for (kind,) in rows.tuples()]


def said(kind):
    letter = letters.letter(row(kind), PORTAL)
    return letter.subject, " ".join((*letter.paragraphs, *letter.after)), letter.button


def unwanted(delivery):
    with pytest.raises(letters.Unwanted) as refused:
        letters.letter(Delivery.get_by_id(delivery.id), PORTAL)
    return str(refused.value)


def booked(asking, cast, decided, hour=10):
    """Something that stands, for another time of it."""
    decided(request_mode="at_once", request_soon=0)
    event = cast.heard(asking(hour))
    decided(request_mode="approve", request_soon=48)
    return event


# ---------------------------------------------------------------- in which words


def test_the_worker_reads_when_and_until_when_to_answer_and_nothing_of_whom(cast, asking):
    event = asking()
    subject, told, button = said("client_requested")
    assert subject == "Somebody asks for an appointment"
    assert told == (
        "Hello, Somebody asks for an appointment on Friday, 13 March 2026 at 10:00 ADT. "
        "Please answer until 6 March 2026, 12:00 AST. After that the time is free again."
    )
    assert button == ("See who it is", f"{PORTAL}/admin/requests/{event.public_id}/")
    assert row("client_requested").to_address == "otto@example.org"


def test_the_worker_reads_that_it_is_another_time(cast, asking, decided):
    twin = change(booked(asking, cast, decided), 11, cast)
    subject, told, button = said("client_requested")
    assert subject == "Somebody asks for another time"
    assert "Somebody asks to move an appointment to Friday, 13 March 2026 at 11:00 ADT." in told
    assert button[1] == f"{PORTAL}/admin/requests/{twin.public_id}/"


def test_the_worker_reads_what_was_booked_and_what_was_moved(cast, asking, decided):
    decided(request_mode="at_once", request_soon=336)
    event = asking()
    assert said("client_booked") == (
        "A client booked an appointment", "Hello, A client booked an appointment on Friday, 13 March 2026 at 10:00 ADT.",
        ("See who it is", f"{PORTAL}/admin/events/{event.public_id}/"),
    )  # fmt: skip
    requests.change(place_of(event), cast.free_at(11), cast.by("alice"))
    assert said("client_booked")[:2] == (
        "A client moved an appointment", "Hello, A client moved an appointment to Friday, 13 March 2026 at 11:00 ADT.",
    )  # fmt: skip


def test_who_asked_reads_what_is_offered_and_until_when(cast, asking):
    event = asking()
    offer(event, 12, cast)
    assert said("request_offered") == (
        "Another time for your appointment",
        "Hello, We offer you another time: Friday, 13 March 2026 at 12:00 ADT. Please say until 6 March 2026, 12:00 AST whether you take "
        "it. After that the time is free again. Or call us on +1 902 555 0100.",
        ("Answer in the portal", f"{PORTAL}/calendar/{place_of(event).public_id}"),
    )


def test_what_was_to_be_moved_stays_as_it_is(cast, asking, decided):
    event = booked(asking, cast, decided)
    twin = change(event, 11, cast)
    offer(twin, 12, cast)
    assert "Until you take it, your appointment stays as it is." in said("request_offered")[1]
    decline(twin, cast)
    _, told, button = said("request_declined")
    assert "We cannot move your appointment to Friday, 13 March 2026 at 12:00 ADT. Your appointment stays as it is." in told
    assert button[1] == f"{PORTAL}/calendar/{place_of(event).public_id}"
    events.cancel(now(event), cast.by("otto"), version=now(event).version)
    assert "stays" not in said("request_declined")[1]


def test_why_it_is_declined_stands_behind_the_sign_in(cast, asking):
    event = asking()
    decline(event, cast, "Canary: your file is closed.")
    subject, told, button = said("request_declined")
    assert subject == "The time you asked for"
    assert told == (
        "Hello, We cannot give you an appointment on Friday, 13 March 2026 at 10:00 ADT. Open the portal to read why. "
        "Call +1 902 555 0100 or open the portal to book again."
    )
    assert button == ("See it in the portal", f"{PORTAL}/calendar/{place_of(event).public_id}")
    plain, html = letters.bodies(letters.letter(row("request_declined"), PORTAL), "en", PORTAL)
    assert "Canary" not in plain + html


def test_who_waited_in_vain_is_told_and_who_did_not_answer_is_told_otherwise(cast, asking, frozen, decided):
    event, other = asking(), asking(11)
    offer(other, 12, cast)
    twin = change(booked(asking, cast, decided, 14), 15, cast)
    frozen.shift(hours=48)
    assert request_answers.expire_due() == 3
    told = {}
    for delivery in Delivery.select().where(Delivery.kind == "request_expired"):
        letter = letters.letter(delivery, PORTAL)
        assert letter.subject == "Your request was not answered in time"
        told[int(delivery.dedupe_key.split(":")[1])] = " ".join(letter.paragraphs), letter.button
    assert told[event.id] == (
        "Hello, We are sorry: nobody here answered in time when you asked for Friday, 13 March 2026 at 10:00 ADT.",
        ("Choose another time", f"{PORTAL}/calendar/"),
    )  # fmt: skip
    assert "We offered you Friday, 13 March 2026 at 12:00 ADT and did not hear from you in time." in told[other.id][0]
    assert told[twin.id][0].endswith("Your appointment stays as it is.")
    assert told[twin.id][1][1] == f"{PORTAL}/calendar/{place_of(requests.of(twin).replaces).public_id}"


def test_who_cannot_sign_in_is_asked_to_call(cast, asking):
    event = asking()
    offer(event, 12, cast)
    accounts.close(cast.alice_account, cast.by("ada"))
    assert said("request_offered")[2] is None
    decline(event, cast, "Why")
    assert said("request_declined")[2] is None
    assert "Open the portal to read why." not in said("request_declined")[1]


def test_the_hours_are_those_of_the_place(cast, asking):
    with store.writing():
        type(asking().site).update(time_zone="America/St_Johns").execute()
    assert "at 10:30 " in said("client_requested")[1]
    assert "6 March 2026, 12:30 " in said("client_requested")[1]


@pytest.mark.parametrize("language", [tongue for tongue in texts.LANGUAGES if tongue != "en"])
def test_no_subject_names_anybody_and_no_letter_keeps_a_hole(cast, asking, language):
    """Whether each sentence is translated: tests/sweep/test_languages.py."""
    profile.choose_language(cast.alice, language, SYSTEM)
    decline(asking(), cast, "Canary")
    offer(asking(11), 12, cast)
    asking(13)
    for kind in ("request_declined", "request_offered", "client_requested"):
        letter = letters.letter(row(kind), PORTAL)
        plain, html = letters.bodies(letter, letters.language_of(row(kind)), PORTAL)
        assert not re.search(r"%\(|None|Canary|Alice|Archer|Otto|Oak|Hours of", letter.subject + plain + html)


# ---------------------------------------------------------------- no more once it is answered


def ends():
    """How what waits ends before the letter leaves, by name."""
    return {
        "accepted": lambda event, cast: request_answers.accept(now(event), cast.by("otto"), version=now(event).version),
        "declined": lambda event, cast: decline(event, cast),
        "withdrawn": lambda event, cast: request_answers.withdraw(place_of(event), cast.by("alice")),
        "offered": lambda event, cast: offer(event, 15, cast),
        "asked for at another time": lambda event, cast: requests.change(place_of(event), cast.free_at(15), cast.by("alice")),
    }


@pytest.mark.parametrize("how", list(ends()))
def test_the_worker_is_not_told_of_what_is_answered_already(cast, asking, deliver, how):
    event = asking()
    delivery = row("client_requested")
    ends()[how](event, cast)
    assert unwanted(delivery) == OVER
    with SmtpServer() as server:
        deliver(server)
    assert (Delivery.get_by_id(delivery.id).state, Delivery.get_by_id(delivery.id).last_error) == ("suppressed", OVER)


@pytest.mark.parametrize("how", ["declined", "withdrawn", "taken", "offered"])
def test_who_asked_is_not_told_of_an_offer_that_is_over(cast, asking, how):
    event = asking()
    offer(event, 12, cast)
    delivery = row("request_offered")
    {**ends(), "taken": lambda event, cast: request_answers.take_offer(place_of(event), cast.by("alice"))}[how](event, cast)
    assert unwanted(delivery) == OVER


def test_neither_is_told_of_what_expired_even_before_somebody_looked(cast, asking, frozen):
    event, other = asking(), asking(11)
    offer(event, 12, cast)
    frozen.to(requests.of(now(other)).expires_at)
    assert [unwanted(row(kind)) for kind in ("request_offered", "client_requested")] == [OVER] * 2
    notices.sweep()
    assert {row(kind).state for kind in ("request_offered", "client_requested")} == {"expired"}


def test_there_and_back_is_told_once(cast, asking):
    event = asking()
    for hour in (11, 10):
        requests.change(place_of(event), cast.free_at(hour), cast.by("alice"))
    rows = list(Delivery.select().where(Delivery.kind == "client_requested").order_by(Delivery.id))
    assert [unwanted(delivery) for delivery in rows[:2]] == [OVER] * 2
    assert "at 10:00 ADT" in said("client_requested")[1]


def test_what_could_not_be_sent_and_is_sent_again_tells_the_same(cast, asking):
    asking()
    notices.settle(notices.claim(), Outcome(Verdict.REFUSED, 550, "no", False))
    again = notices.send_again(row("client_requested"), cast.by("ines"))
    assert "at 10:00 ADT" in " ".join(letters.letter(again, PORTAL).paragraphs)


def test_a_worker_who_left_or_has_it_no_more_reads_nothing(cast, asking):
    asking()
    delivery = row("client_requested")
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.otto.id).execute()
    assert unwanted(delivery) == "This worker has left."


def test_who_takes_over_is_told_of_what_waits_and_the_client_not_anew(cast, asking, decided):
    event, offered = asking(), asking(11)
    offer(offered, 12, cast)
    other = booked(asking, cast, decided, 14)
    change(other, 15, cast)
    leaving.leave(cast.otto, cast.by("ada"), to=cast.dora)
    told = list(Delivery.select().where(Delivery.worker == cast.dora, Delivery.kind == "client_requested").order_by(Delivery.id))
    assert [letters.letter(delivery, PORTAL).subject for delivery in told] == [
        "Somebody asks for an appointment", "Somebody asks for another time",
    ]  # fmt: skip
    assert {delivery.state for delivery in Delivery.select().where(Delivery.worker == cast.otto)} == {"cancelled"}
    assert "12:00 ADT" in said("request_offered")[1]  # which stands with whom they will come to
    assert now(event).worker == cast.dora
    assert Delivery.select().where(Delivery.kind == "request_offered").count() == 1


def test_outcomes_are_told_as_long_as_that_is_how_it_ended(cast, asking):
    event = asking()
    decline(event, cast)
    with store.writing():
        Event.update(state="booked").where(Event.id == event.id).execute()
    assert unwanted(row("request_declined")) == OVER


def test_what_was_booked_is_not_told_once_it_is_cancelled_moved_or_over(cast, asking, decided, frozen):
    decided(request_mode="at_once", request_soon=336)
    event, moved, over = asking(), asking(12), asking(14)
    first, second, third = Delivery.select().where(Delivery.kind == "client_booked").order_by(Delivery.id)
    events.cancel(now(event), cast.by("dora"), version=1)
    events.move(now(moved), cast.free_at(16), 60, cast.by("dora"), version=1)
    assert {unwanted(first), unwanted(second)} == {"The appointment was changed or cancelled meanwhile."}
    assert letters.letter(third, PORTAL)
    frozen.to(over.starts_at)
    assert unwanted(third) == "The appointment was changed or cancelled meanwhile."


# ---------------------------------------------------------------- to whom


def test_consent_death_and_address_are_looked_at_when_it_is_sent(cast, asking):
    offer(asking(), 12, cast)
    delivery = row("request_offered")
    with store.writing():
        Contact.update(value="new@example.org", lookup="new@example.org").where(
            Contact.individual == cast.alice, Contact.kind == "email"
        ).execute()
    assert letters.letter(delivery, PORTAL)
    assert Delivery.get_by_id(delivery.id).to_address == delivery.to_address == "new@example.org"
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    assert unwanted(delivery) == "There is no consent to e-mail."
    profile.record_consent(cast.alice, "email", True, cast.by("ines"))
    with store.writing():
        Contact.update(is_in_use=False).where(Contact.individual == cast.alice, Contact.kind == "email").execute()
    assert unwanted(delivery) == "There is no e-mail address in use."
    with store.writing():
        Individual.update(death_date=dt.date(2026, 1, 1)).where(Individual.id == cast.alice.id).execute()
    assert unwanted(delivery) == "This person has died."


def test_consent_that_comes_later_tells_an_offer_that_waits_and_no_outcome(cast, asking, deliver, frozen):
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    decline(asking(), cast)
    offer(asking(11), 12, cast)
    gone = asking(13)
    offer(gone, 14, cast)
    request_answers.withdraw(place_of(gone), cast.by("alice"))
    with SmtpServer() as server:
        deliver(server)
        assert not [mail for mail in server.accepted if mail.recipients == ("alice@example.org",)]
        profile.record_consent(cast.alice, "email", True, cast.by("ines"))
        assert waiting() == ["request_offered", "request_offered"]
        assert deliver(server) == 1
        assert server.accepted[-1].message["Subject"] == "Another time for your appointment"
        profile.record_consent(cast.alice, "email", False, cast.by("ines"))
        profile.record_consent(cast.alice, "email", True, cast.by("ines"))
        assert deliver(server) == 0
        frozen.shift(hours=48)
        profile.record_consent(cast.alice, "email", True, cast.by("ines"))
        assert deliver(server) == 0


# ---------------------------------------------------------------- what is near


@pytest.mark.parametrize(("seconds", "is_told"), [(0, False), (1, True)])
def test_what_is_near_is_near_to_the_second(cast, asking, frozen, decided, seconds, is_told):
    decided(request_mode="at_once", request_soon=48)
    starts = cast.free_at(10).astimezone(dt.UTC)
    frozen.to(starts - dt.timedelta(hours=48) + dt.timedelta(seconds=seconds))
    asking(starts)
    assert waiting("client_booked") == (["client_booked"] if is_told else [])


def test_nobody_is_told_of_what_is_near_where_that_is_switched_off(cast, asking, decided):
    decided(request_mode="at_once", request_soon=336)
    asking()
    delivery = row("client_booked")
    decided(request_soon=0)
    assert unwanted(delivery) == "Messages of this kind are switched off."
    asking(11)
    assert Delivery.select().where(Delivery.kind == "client_booked").count() == 1


def test_nobody_is_told_of_what_they_did_themselves(cast, asking, decided):
    decided(request_soon=336)
    event = asking(by="otto")  # for Alice on the telephone
    assert waiting() == []
    request_answers.accept(event, cast.by("otto"), version=1)
    twin = change(cast.heard(event), 11, cast)
    request_answers.accept(twin, cast.by("otto"), version=1)
    assert waiting() == ["client_requested"]


def test_what_a_colleague_accepts_and_what_the_client_takes_is_told_when_it_is_near(cast, asking, decided):
    decided(request_soon=336)
    event = asking()
    request_answers.accept(event, cast.by("dora"), version=1)
    assert said("client_booked")[0] == "A client booked an appointment"
    twin = change(event, 11, cast)
    offer(twin, 12, cast)
    request_answers.take_offer(place_of(event), cast.by("alice"))
    subject, told, _ = said("client_booked")
    assert (subject, "12:00 ADT" in told) == ("A client moved an appointment", True)


def test_it_stands_in_the_record_of_who_asked(cast, asking, decided):
    decided(request_mode="at_once", request_soon=336)
    asking()
    assert row("client_booked").individual == cast.alice


# ---------------------------------------------------------------- once


def test_an_outcome_is_told_once(cast, asking, frozen):
    event = asking()
    for _ in range(2):
        decline(event, cast, "Why")
    asking(11)
    frozen.shift(hours=48)
    for _ in range(2):
        request_answers.expire_due()
    assert waiting("request_declined", "request_expired") == ["request_declined", "request_expired"]


def test_many_who_decline_and_expire_at_once_tell_one_outcome(cast, asking, frozen, at_once):
    event = asking()
    frozen.to(requests.of(event).expires_at)
    by = cast.by("otto")
    at_once([request_answers.expire_due] * 4 + [lambda: request_answers.decline(event, by, version=1, reason="No.")] * 4)
    assert waiting("request_declined", "request_expired") == ["request_expired"]


def test_one_outcome_is_told_for_each_time_that_was_asked_for(cast, asking, decided):
    event = booked(asking, cast, decided)
    for hour in (11, 12):
        decline(change(event, hour, cast), cast)
    rows = Delivery.select().where(Delivery.kind == "request_declined").order_by(Delivery.id)
    assert [f"{hour}:00 ADT" in letters.letter(delivery, PORTAL).paragraphs[1] for hour, delivery in zip((11, 12), rows, strict=True)] == [True] * 2


def test_each_kind_leaves_the_outbox(cast, asking, deliver, decided):
    """Whatever has a priority that no dispatcher asks for stays for ever."""
    decline(asking(), cast)
    offer(asking(11), 12, cast)
    asking(13)
    with SmtpServer() as server:
        deliver(server)
    assert {row(kind).state for kind in ("client_requested", "request_offered", "request_declined")} == {"sent"}
    assert waiting() == []


def test_what_the_agency_cancels_while_it_waits_is_told_as_that_and_does_not_expire_later(cast, asking, frozen):
    event = asking()
    events.cancel(event, cast.by("otto"), version=1)
    assert unwanted(row("client_requested")) == OVER
    assert requests.of(event).answered_at is not None
    assert requests.of(event).answered_by == cast.otto
    frozen.shift(hours=48)
    assert request_answers.expire_due() == 0
    assert Delivery.select().where(Delivery.kind == "event_cancelled").count() == 1
    assert waiting("request_expired") == []


def test_a_letter_to_a_worker_is_in_the_agencys_language_whatever_the_clients_is(cast, asking):
    with store.writing():
        Individual.update(language="es").where(Individual.id == cast.alice.id).execute()
    event = asking()
    decline(event, cast)
    assert letters.language_of(row("client_requested")) == "en"
    assert letters.language_of(row("request_declined")) == "es"
