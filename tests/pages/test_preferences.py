"""Messages to you, what workers are written to of, and the way out of each e-mail (RFC 8058)."""

import re
from urllib.parse import urlsplit

import pytest
from sweep.conftest import differences, rows_of_everything

from domain import attendances, links, notices, preferences, profile, store, worker_messages
from domain.worker_messages import Minutes
from models import AddressHealth, AuditEntry, Delivery, FormReceipt

pytestmark = pytest.mark.usefixtures("cast")
MESSAGES, MINE = "/my-portal/messages", "/admin/my-messages/"


def newest(kind):
    return AuditEntry.select().where(AuditEntry.kind == kind).order_by(AuditEntry.id.desc()).first()


# ---------------------------------------------------------------- Messages to you


def test_alice_reads_where_we_write_to_and_who_said_so(browse, cast):
    profile.record_consent(cast.alice, "email", False, cast.by("ines"))
    profile.record_consent(cast.alice, "email", True, cast.by("ines"))
    alice = browse("alice")
    alice.open("/my-portal/")
    page = alice.open(alice.page.links[next(words for words in alice.page.links if words.startswith("Messages to you"))])
    assert page.path == MESSAGES
    for words in ("You allow it", "a…e@example.org", cast.ines.client_name):
        assert words in page
    assert "alice@example.org" not in page.main


def test_alice_withdraws_consent_and_gives_it_again(browse, cast, book, mailbox):
    book(72)
    alice = browse("alice")
    alice.open(MESSAGES)
    page = alice.open(alice.page.links["Do not write to me"])
    assert "also when one is moved or cancelled" in page
    assert "E-mails about your sign-in always come" in page
    assert profile.has_consent(cast.alice, "email")  # opening changes nothing
    page = alice.press("Yes, do not write to me")
    assert "You do not allow it" in page
    assert "E-mails that you want" not in page
    assert not profile.has_consent(cast.alice, "email")
    assert mailbox.collect() == []
    assert Delivery.get(Delivery.kind == "event_booked").state == "suppressed"
    assert "Recorded by you" in page
    assert "by the client" in browse("ines").open(f"/admin/individuals/{cast.alice.public_id}/")
    assert "You allow it" in alice.press("Write to me by e-mail")
    [mail] = mailbox.collect()
    assert mail["Subject"] == "Your appointment"
    consent = profile.consent_of(cast.alice, "email")
    assert (consent.recorded_how, consent.recorded_by) == ("client", None)


def test_alice_chooses_by_kind_and_staff_see_it(browse, cast):
    alice = browse("alice")
    alice.open(MESSAGES)
    page = alice.press("Save", updates=False)
    assert "Saved." in page
    assert preferences.refused(cast.alice.id) == {"updates"}
    ines = browse("ines")
    assert "They want no e-mails of these kinds: What is new about appointments" in ines.open(f"/admin/individuals/{cast.alice.public_id}/")
    assert "They want no" not in ines.open(f"/admin/individuals/{cast.bob.public_id}/")
    told = browse("ada").open(f"/admin/individuals/{cast.alice.public_id}/history")
    assert "E-mails of a kind: What is new about appointments, not allowed" in told
    alice.open(MESSAGES)
    alice.press("Save", updates=True)
    assert preferences.refused(cast.alice.id) == set()


def test_only_what_the_agency_sends_is_offered_and_what_is_not_stays_as_it_was(browse, cast, decided):
    preferences.choose(cast.alice, {"messages": False}, cast.by("alice"), how="portal")
    decided(discussions=0, documents=0)
    alice = browse("alice")
    page = alice.open(MESSAGES)
    assert page.form("Save").names & set(preferences.KINDS) == {"confirmations", "updates"}
    alice.press("Save", updates=False)
    assert preferences.refused(cast.alice.id) == {"messages", "updates"}
    decided(client_delivery=0)
    assert "Save" not in alice.open(MESSAGES).buttons


def doubt(address):
    with store.writing():
        AddressHealth.create(email_key=address, refusals=3, is_doubtful=True)


def test_whose_e_mails_come_back_reads_it_and_how_to_mend_it(browse, decided):
    assert "come back" not in browse("alice").open(MESSAGES)
    doubt("alice@example.org")
    page = browse("alice").open(MESSAGES)
    assert "E-mails to your address come back" in page
    assert page.links["Sign in with another address"] == "/my-portal/address"
    decided(address_change=0, about_me_contacts="approval")
    page = browse("alice").open(MESSAGES)
    assert "Sign in with another address" not in page.links
    assert page.links["To About Me"] == "/about-me/"


def test_who_has_no_address_in_use_reads_it(browse, cast):
    with store.writing():
        cast.alice.contacts.model.update(is_in_use=False).where(cast.alice.contacts.model.individual == cast.alice).execute()
    assert "We have no e-mail address of yours" in browse("alice").open(MESSAGES)


# ---------------------------------------------------------------- the way out of each mail


@pytest.fixture
def mail(book, mailbox):
    """The e-mail that tells Alice of an appointment."""
    book(100)
    [message] = mailbox.collect()
    assert message["Subject"] == "Your appointment"
    return message


def way_out(message):
    address = re.fullmatch(r"<(\S+)>", message["List-Unsubscribe"]).group(1)
    return urlsplit(address).path


ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize("mimetype", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_the_mail_program_stops_a_kind_with_one_post_as_rfc_8058_says(app, cast, mail, mimetype):
    """No cookie, no token, no Origin, no Referer; the body that the header names; no redirection back."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for _ in range(2):
        answer = app.test_client(use_cookies=False).post(way_out(mail), base_url="http://localhost:8000", data=ONE_CLICK, content_type=mimetype)
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
        assert answer.text == "You get no more e-mails of this kind.\n"
        assert "Alice" not in answer.text
    assert preferences.refused(cast.alice.id) == {"updates"}
    entry = newest("preference.changed")
    assert (entry.actor_kind, entry.individual_id) == ("visitor", cast.alice.id)
    assert AuditEntry.select().where(AuditEntry.kind == "preference.changed").count() == 1
    assert FormReceipt.select().count() == 0


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "Maybe"}, {"list-unsubscribe": "One-Click"}])
def test_another_body_stops_nothing(app, cast, mail, body):
    answer = app.test_client().post(way_out(mail), base_url="http://localhost:8000", data=body)
    assert answer.status_code == 400
    assert preferences.refused(cast.alice.id) == set()


def test_another_site_cannot_have_it_posted(app, cast, mail):
    """Though it would need the address, which only the mail has."""
    answer = app.test_client().post(way_out(mail), base_url="http://localhost:8000", data=ONE_CLICK, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 400
    assert preferences.refused(cast.alice.id) == set()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_we_did_not_sign_and_who_is_gone_are_the_same_page(browse, cast, mail, method):
    gone = f"/unsubscribe/{links.sealed('unsubscribe', 'A' * 22)}"
    answers = [browse().ask(path, method, ONE_CLICK if method == "POST" else None) for path in (f"{way_out(mail)[:-1]}", "/unsubscribe/x", gone)]
    assert {answer.status for answer in answers} == {404}
    mains = {re.sub(r'value="[^"]*"', "", answer.main) for answer in answers}
    assert len(mains) == 1


def test_opening_the_link_says_what_stops_and_changes_nothing(browse, cast, mail):
    before = rows_of_everything()
    for _ in range(3):
        stranger = browse()
        page = stranger.open(way_out(mail))
        assert stranger.ask(way_out(mail), "HEAD").status == 303
        assert page.status == 200
    assert page.heading == "Stop e-mails of this kind"
    assert "What is new about appointments" in page
    assert "Alice" not in page.text
    assert cast.alice.last_name not in page.text
    assert way_out(mail).rpartition("/")[2] not in page.html
    assert differences(before, rows_of_everything()) == []
    assert preferences.refused(cast.alice.id) == set()


def test_the_button_stops_it_and_offers_to_take_that_back(browse, cast, mail, mailbox, book):
    stranger = browse()
    stranger.open(way_out(mail))
    page = stranger.press("Stop them")
    assert page.heading == "You get no more e-mails of this kind."
    assert "under My Portal, “Messages to you”" in page
    assert page.links["Sign in"] == MESSAGES
    assert preferences.refused(cast.alice.id) == {"updates"}
    book(120)
    assert len(mailbox.collect()) == 1
    page = stranger.press("Send them again")
    assert page.heading == "Stop e-mails of this kind"
    assert preferences.refused(cast.alice.id) == set()
    assert len(mailbox.collect()) == 2  # what was kept back


def test_the_button_needs_its_token_and_two_tabs_are_two_kinds(app, browse, cast, mail):
    stranger = browse()
    page = stranger.open(way_out(mail))
    values = page.form("Stop them").filled({})
    assert stranger.send("/unsubscribe/", {**values, "csrf_token": "x"}).status == 400
    assert preferences.refused(cast.alice.id) == set()
    stranger.open(f"/unsubscribe/{preferences.token(cast.alice, 'messages')}")
    stranger.send("/unsubscribe/", values)
    assert preferences.refused(cast.alice.id) == {"updates"}
    stranger.send("/unsubscribe/", {**values, "kind": "x", "form_id": "A" * 22})
    assert preferences.refused(cast.alice.id) == {"updates"}


def test_nobody_else_is_stopped_and_no_message_of_safety(browse, cast, mail, mailbox):
    browse().ask(way_out(mail), "POST", ONE_CLICK)
    assert preferences.refused(cast.bob.id) == set()
    notices.put("password_changed", 1, to="alice@example.org", account=cast.alice_account, individual=cast.alice)
    assert mailbox.newest("alice@example.org")["Subject"] == "Your password was changed"


# ---------------------------------------------------------------- E-mails to me


def test_dora_chooses_of_what_she_is_written_to(browse, cast):
    dora = browse("dora")
    dora.open("/admin/my-sign-in/")
    page = dora.open(MINE)
    assert "dora@example.org" in page
    page = dora.press("Save", event="none", message="away", confirmation="always", minutes="30", first_minutes="1440")
    assert "Saved." in page
    ways = worker_messages.ways_of(cast.dora)
    assert (ways["event"], ways["message"], ways["confirmation"], ways["alert"]) == ("none", "away", "always", "always")
    assert worker_messages.minutes_of(cast.dora) == Minutes(30, 1440)
    assert worker_messages.ways_of(cast.otto)["event"] == "always"
    values = dora.open(MINE).form("Save").values
    assert (values["event"], values["minutes"]) == ("none", "30")


@pytest.mark.parametrize("typed", ["", "ten", "-5", "10081", "1.5", "99999999999", "٣٠"])
def test_minutes_that_are_none_are_refused_and_kept(browse, cast, typed):
    dora = browse("dora")
    dora.open(MINE)
    page = dora.press("Save", minutes=typed, event="none")
    if typed == "٣٠":  # digits all the same
        assert worker_messages.minutes_of(cast.dora).any == 30
        return
    assert page.status == 422
    assert page.form("Save").values["minutes"] == typed
    assert page.form("Save").values["event"] == "none"
    assert worker_messages.ways_of(cast.dora)["event"] == "always"


def test_what_the_agency_does_not_send_workers_do_not_choose(browse, cast, decided):
    decided(worker_mail_reminder=0, worker_mail_alert=0)
    worker_messages.choose(cast.dora, {"alert": "none"}, Minutes(45, 0), cast.by("dora"))
    dora = browse("dora")
    form = dora.open(MINE).form("Save")
    assert form.names.isdisjoint({"alert", "reminder", "minutes"})
    dora.press("Save", event="none")
    assert worker_messages.minutes_of(cast.dora) == Minutes(45, 0)
    assert worker_messages.ways_of(cast.dora)["alert"] == "none"
    decided(worker_delivery=0)
    assert "switched e-mails to workers off" in dora.open(MINE)


def test_clients_have_no_such_page(browse):
    assert browse("alice").open(MINE).status == 404


def test_staff_who_mark_somebody_elses_client_as_missing_have_them_told(browse, cast, book, mailbox):
    place = book(-2)
    attendances.mark(place, "no_show", cast.by("ines"), version=1)
    assert mailbox.newest("dora@example.org")["Subject"] == "A client did not come"


def test_the_settings_page_offers_the_switches(browse):
    ada = browse("ada")
    page = ada.open("/admin/settings/delivery")
    for words in ("E-mails to clients about appointments and messages", "E-mails to workers", "What e-mails to workers say"):
        assert words in page
    ada.press("Save", worker_detail="subject", client_delivery=False)
    assert preferences.offered() == ()


def test_one_address_alone_takes_a_post_without_a_token(app):
    """By name: whatever else is marked so is a hole."""
    assert {name for name, view in app.view_functions.items() if getattr(view, "is_one_click", False)} == {"unsubscribe.one_click"}


def test_who_has_no_account_is_not_led_into_a_portal_that_they_cannot_enter(browse, cast):
    stranger = browse()
    page = stranger.open(f"/unsubscribe/{preferences.token(cast.pia, 'messages')}")
    assert "You have no portal account, so you do not learn of this in another way." in page
    page = stranger.press("Stop them")
    assert "You have no portal account, so you do not learn of this in another way." in page
    assert "Everything stands in the portal" not in page
    assert "My Portal" not in page.main
    assert "Sign in" not in page.main
