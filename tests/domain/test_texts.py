"""What e-mails say in the agency's own words: which may be written, and what comes of them in the letter that is sent."""

import datetime as dt

import pytest

from domain import (
    attendances,
    audit,
    clock,
    discussions,
    events,
    letters,
    message_texts,
    profile,
    store,
    text_preview,
    texts,
)
from domain.actor import SYSTEM
from domain.events import Plan
from domain.rules import RuleBroken
from models import TEXT_KINDS, Attendance, AuditEntry, Delivery, Individual, MessageText, Site, Worker

PORTAL = "https://portal.example.org"
VALUES = {"date": "Tuesday", "time": "14:00", "worker": "Dora", "site": "Harbour House", "site phone": "555", "link": f"{PORTAL}/x"}


@pytest.fixture
def booked(cast, frozen):
    """Books for Alice at Dora's, at Harbour House, in so many hours."""
    frozen("2026-03-04 16:00")
    with store.writing():
        Site.update(name="Harbour House", phone="+1 902 555 0100", time_zone="America/Halifax").execute()
        Worker.update(first_name="Dora", last_name="Dune").where(Worker.id == cast.dora.id).execute()

    def book(hours=72, **more):
        return events.book(Plan(cast.dora, clock.now() + dt.timedelta(hours=hours), 50, Site.get(), [cast.alice], **more), cast.by("dora"))

    return book


@pytest.fixture
def say(cast):
    """``say("booked", "…")``: the agency's words from now on."""

    def write(kind, body, language="en"):
        message_texts.write(kind, language, body, cast.by("ada"), version=message_texts.version(kind, language))

    return write


def letter(kind):
    delivery = Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id.desc()).get()
    return letters.letter(delivery, PORTAL)


# ---------------------------------------------------------------- the table


def test_the_defaults_are_the_words_that_clients_know():
    assert message_texts.default("booked", "en") == (
        "Appointment reminder: {date} at {time} with {worker} at {site}. Call {site phone} to reschedule.")  # fmt: skip
    assert message_texts.default("rescheduled", "en") == (
        "Appointment rescheduled: Your {original date} appt. has been rescheduled to {new date} at {time}. Call {site phone} to reschedule.")
    assert message_texts.default("cancelled", "en") == (
        "Appointment cancelled: {date} at {time}. Call {site phone} or open the portal to book again.")  # fmt: skip


def test_every_text_has_a_default_that_its_own_rules_allow_in_every_language():
    assert tuple(message_texts.TEXTS) == TEXT_KINDS
    for kind in message_texts.TEXTS:
        for language in texts.LANGUAGES:
            body = message_texts.default(kind, language)
            assert message_texts.checked(kind, body) == body, (kind, language)
            assert "\u2068" not in body


# ---------------------------------------------------------------- what may be written


@pytest.mark.parametrize(("kind", "body", "code", "names"), [
    ("booked", "{date} {time} {service}", "unknown", "{service}"), ("booked", "{date} {time} {link}", "unknown", "{link}"),
    ("booked", "On {date}.", "missing", "{time}"), ("confirmation", "On {date} at {time}.", "missing", "{link}"),
    ("rescheduled", "{date} at {time}", "unknown", "{date}"), ("rescheduled", "{original date} at {time}", "missing", "{new date}"),
    ("booked", "On {date at {time}.", "brace", "{date}"), ("booked", "{date} {time} }", "brace", "{date}"),
    ("booked", "{{date}} {time}", "brace", "{date}"), ("booked", "{date} {time} {}", "unknown", "{}"),
    ("message_waiting", "Hello {worker}", "unknown", "no fields"), ("footer", "Ring {twice", "brace", "brace"),
    ("footer", "x" * 601, "too_long", "600"), ("booked", "{date} {time} \0", "bad_character", "character"),
])  # fmt: skip
def test_what_would_not_work_is_refused_beside_the_field(cast, say, kind, body, code, names):
    with pytest.raises(RuleBroken) as refused:
        say(kind, body)
    assert (refused.value.code, refused.value.field) == (code, "body")
    assert names in str(refused.value)
    assert not MessageText.select().exists()


def test_a_field_may_be_typed_with_capitals_and_spaces(cast, say):
    say("booked", "  On { Date } at {TIME}.\r\nSee you at {site  phone}. ")
    assert message_texts.own("booked", "en") == "On {date} at {time}.\nSee you at {site phone}."


def test_nothing_and_the_default_itself_bring_the_default_back(cast, say):
    for body in ("  ", message_texts.default("booked", "en")):
        say("booked", "On {date} at {time}.")
        say("booked", body)
        assert message_texts.own("booked", "en") == ""
        assert message_texts.in_force("booked", "en") == message_texts.default("booked", "en")
    assert message_texts.version("booked", "en") == 4


def test_each_change_is_in_the_audit_and_what_changes_nothing_is_not(cast, say):
    say("cancelled", "Not on {date} at {time}.", "es")
    say("cancelled", "Not on {date} at {time}.", "es")
    entry = AuditEntry.get(AuditEntry.kind == "text.changed")
    assert entry.worker == cast.ada
    assert audit.values_of(entry) == {"text": "cancelled", "language": "es", "before": "", "after": "Not on {date} at {time}."}


def test_who_saves_second_is_told(cast, at_once):
    def write(who, body):
        return lambda: message_texts.write("booked", "en", body, cast.by(who), version=0)

    answers = at_once([write("ada", "On {date} at {time}, please."), write("finn", "Come on {date} at {time}.")])
    assert [answer.code for answer in answers if answer] == ["stale"]
    assert MessageText.get().version == 1


# ---------------------------------------------------------------- what is said


@pytest.mark.parametrize(("body", "said"), [
    ("{date} at {time} with {worker} at {site}. Call {site phone}.", "Tuesday at 14:00 with Dora."),
    ("Please come to {site}, on {date} at {time}.", "on Tuesday at 14:00."),
    ("See you on {date}, at {site}, at {time}!", "See you on Tuesday, at 14:00!"),
    ("{date} {time}. We are at {site}. Bring a pen.", "Tuesday 14:00. Bring a pen."),
    ("Le {date} à {time}, avec {worker} (lieu : {site}).", "Le Tuesday à 14:00, avec Dora."),
    ("يوم {date} الساعة {time} مع {worker} في {site}.", "يوم Tuesday الساعة 14:00 مع Dora."),
    ("On {date} at {time} at {site} with {worker}", "On Tuesday at 14:00 with Dora"),
    ("On {date} at {time}. {site}", "On Tuesday at 14:00."),
])  # fmt: skip
def test_what_has_no_value_leaves_no_hole(body, said):
    assert message_texts.words(body, VALUES | {"site": "", "site phone": ""}).before == (said,)


def test_a_new_appointment_is_told_in_the_agencys_words(cast, booked, say):
    say("booked", "See you, {worker} at {site}: {date}, {time}.\n\nQuestions? {site phone}")
    booked()
    told = letter("event_booked")
    assert told.subject == "Your appointment"
    assert told.paragraphs == (
        "Hello,", "See you, Dora Dune at Harbour House: Saturday, 7 March 2026, 12:00 AST.", "Questions? +1 902 555 0100",
    )  # fmt: skip
    assert told.after == ()


@pytest.mark.parametrize(("choices", "is_video", "said"), [
    ({"messages_hide_place": 1}, False, ("On Saturday, 7 March 2026 at 12:00 AST with Dora Dune.",)),
    ({}, True, ("On Saturday, 7 March 2026 at 12:00 AST with Dora Dune.", "It takes place by video.")),
    ({"messages_hide_last_name": 1}, False, ("On Saturday, 7 March 2026 at 12:00 AST with Dora at Harbour House.",)),
])  # fmt: skip
def test_what_is_hidden_is_hidden_in_the_agencys_words_too(cast, booked, say, decided, choices, is_video, said):
    say("booked", "On {date} at {time} with {worker} at {site}.")
    decided(**choices)
    booked(is_video=is_video)
    assert letter("event_booked").paragraphs[1:] == said


def test_a_move_is_told_in_the_agencys_words_and_what_else_changed_in_ours(cast, booked, say):
    say("rescheduled", "{original date} is off. New: {new date}, {time}.")
    event = cast.heard(booked())
    events.move(event, event.starts_at + dt.timedelta(days=1), 50, cast.by("dora"), version=1)
    assert letter("event_moved").paragraphs[1:] == ("Saturday, 7 March 2026 is off. New: Sunday, 8 March 2026, 13:00 ADT.",)
    events.set_video(event, "", cast.by("dora"), is_video=True, version=2)
    assert letter("event_moved").paragraphs[2].startswith("Appointment changed:")


def test_a_cancelled_one_and_a_changed_one_are_told_in_the_agencys_words(cast, booked, say):
    say("cancelled", "Off: {date}, {time}.")
    say("changed", "Now with {worker} on {date} at {time}.")
    event = cast.heard(booked())
    events.move(event, event.starts_at, 50, cast.by("ines"), version=1, worker=cast.otto)
    assert letter("event_changed").paragraphs[1] == "Now with Otto Oak on Saturday, 7 March 2026 at 12:00 AST."
    events.cancel(event, cast.by("ines"), version=2)
    assert letter("event_cancelled").paragraphs[1] == "Off: Saturday, 7 March 2026, 12:00 AST."


def test_the_link_to_confirm_is_the_button_on_its_own_line_and_an_address_within_words(cast, booked, say):
    say("confirmation", "Come on {date}?\n{link}\nAt {time}.")
    event = booked(20)
    told = letter("event_confirmation")
    assert (told.paragraphs, told.after) == (("Hello,", "Come on Thursday, 5 March 2026?"), ("At 08:00 AST.",))
    assert told.button[0] == "Confirm"
    say("confirmation", "Confirm appt: {link} on {date} at {time}.")
    told = letter("event_confirmation")
    assert told.button is None
    assert told.link.startswith(f"{PORTAL}/appointment/")
    plain, html = letters.bodies(told, "en", PORTAL)
    assert f"Confirm appt: {told.link} on Thursday" in plain
    assert f'Confirm appt: <a class="address" dir="ltr" href="{told.link}">{told.link}</a> on Thursday' in html
    attendances.confirm(Attendance.get(Attendance.event == event), cast.by("alice"), "portal")
    with pytest.raises(letters.Unwanted):
        letter("event_confirmation")


def test_a_message_that_waits_is_told_in_the_agencys_words(cast, say, decided):
    decided(unread_delay=0)
    say("message_waiting", "We wrote to you.\nIt waits in the portal.")
    discussions.start(cast.alice, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    assert letter("message_waiting").paragraphs == ("Hello,", "We wrote to you.", "It waits in the portal.")


def test_the_footer_stands_under_every_letter_about_appointments_and_under_no_other(cast, say):
    say("footer", "Park behind the house.\nRing twice.")
    cast.appointments()
    told = {kind: letter(kind) for kind in (
        "event_booked", "event_moved", "event_changed", "event_cancelled",
        "request_offered", "request_declined", "request_expired", "client_running_late")}  # fmt: skip
    for kind in ("event_confirmation", "message_waiting"):  # the first; the last one was answered meanwhile, or replaced
        told[kind] = letters.letter(Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id).get(), PORTAL)
    with_it = {kind for kind, each in told.items() if each.after[-2:] == ("Park behind the house.", "Ring twice.")}
    assert with_it == set(told) - {"client_running_late", "message_waiting"}


def test_each_reader_gets_the_words_of_their_language_and_the_footer_of_the_agencys_where_there_is_none(cast, booked, say):
    say("booked", "EN {date} {time}")
    say("booked", "FR {date} {time}", "fr")
    say("footer", "Park behind the house.")
    booked()
    profile.choose_language(cast.alice, "fr", cast.by("alice"))
    told = letter("event_booked")
    assert told.paragraphs[1].startswith("FR samedi 7 mars 2026")
    assert told.after == ("Park behind the house.",)
    profile.choose_language(cast.alice, "ar", cast.by("alice"))
    assert "\u2068" in letter("event_booked").paragraphs[1]
    assert not letter("event_booked").paragraphs[1].startswith(("EN", "FR"))


def test_what_is_filled_in_does_not_turn_arabic_words_around(cast, booked, say):
    say("booked", "يوم {date} الساعة {time} مع {worker}", "ar")
    booked()
    with store.writing():
        Individual.update(language="ar").where(Individual.id == cast.alice.id).execute()
    assert "\u2068Dora Dune\u2069" in letter("event_booked").paragraphs[1]


def test_markup_in_a_text_is_text_in_the_letter(cast, booked, say):
    say("booked", "<b>{date}</b> {time} <script>x</script>")
    say("footer", "<img src=x>")
    booked()
    _, html = letters.bodies(letter("event_booked"), "en", PORTAL)
    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;b&gt;Saturday" in html


# ---------------------------------------------------------------- the preview


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_the_preview_of_nothing_typed_is_our_own_letter(cast, say, kind, language):
    if kind in ("booked", "cancelled"):
        say(kind, "Ours no more {date} {time}", language)
    (first, *_), default = text_preview.letters(kind, language, "", PORTAL), message_texts.default(kind, language)
    assert text_preview.letters(kind, language, default, PORTAL)[0] == first
    assert first[1].subject
    assert "Ours no more" not in str(first) or kind == "footer"


def test_the_preview_is_what_is_sent(cast, booked, say, frozen):
    with store.writing():
        Worker.update(first_name="Robin", last_name="Quay").where(Worker.id == cast.dora.id).execute()
    frozen("2026-03-04 18:00")
    body = "See {worker} at {site}: {date}, {time}.\n{site phone}"
    (_, shown), (by_video, over_video) = text_preview.letters("booked", "en", body, PORTAL)
    say("booked", body)
    events.book(Plan(cast.dora, clock.now() + dt.timedelta(days=7, hours=-1), 50, Site.get(), [cast.alice]), SYSTEM)
    sent = letter("event_booked")
    assert (shown.subject, shown.paragraphs, shown.after) == (sent.subject, sent.paragraphs, sent.after)
    assert by_video == "By video"
    assert over_video.paragraphs[-1] == "It takes place by video."


def test_a_footer_is_shown_under_the_words_that_are_in_force(cast, say):
    say("booked", "Ours: {date} {time}")
    ((_, shown),) = text_preview.letters("footer", "en", "Ring twice.", PORTAL)
    assert shown.paragraphs[1].startswith("Ours:")
    assert shown.after == ("Ring twice.",)
    say("footer", "Ring once.")
    ((_, shown),) = text_preview.letters("footer", "en", "", PORTAL)
    assert shown.after == ()
    ((_, shown),) = text_preview.letters("footer", "es", "", PORTAL)
    assert shown.after[-1] == "Ring once."


def test_the_preview_refuses_what_saving_would(cast):
    with pytest.raises(RuleBroken):
        text_preview.letters("booked", "en", "{nonsense}", PORTAL)
