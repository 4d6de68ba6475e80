"""Things to Do on the pages: the list, filling in page by page without JavaScript, two devices, sending, reading, and nobody else's."""

import datetime as dt
import re

import nasty
import pytest
from document_forms import ask, section
from pages.conftest import File

from domain import (
    agency,
    clock,
    document_edits,
    document_filling,
    document_pdfs,
    document_templates,
    documents,
    profile,
    store,
)
from domain.document_parts import Question
from models import Document, DocumentAnswer, DocumentSignature, DocumentTemplate, LoginSession, StoredFile, db
from tests.domain.test_document_filling import SWIRL, in_all, publish

AT = "/things-to-do/"
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def school(cast):
    return publish(
        cast,
        [section("you", ask("name", "short_text", prefill="first_name", may_change=False, is_required=True), ask("mail", "email", prefill="email"),
                 ask("born", "date"), ask("money", "decimal", places=2))],
        [section("kids", ask("kid", "short_text", is_required=True), ask("age", "whole", least="0", most="30"), least=0, most=2)],
        [section("more", ask("pets", is_required=True), ask("which", "short_text", ("pets", "equals", "true"), is_required=True),
                 ask("sign", "signature", is_required=True))],
        may_decline=True, minutes=5,
    )  # fmt: skip


@pytest.fixture
def given(cast, school):
    return documents.assign(cast.alice, school, cast.by("dora"))


def at(document, rest=""):
    return f"{AT}{document.public_id}/{rest}"


def kept(document):
    return documents.answers_of(Document.get_by_id(document.id))


# ---------------------------------------------------------------- the list


def test_the_list_says_who_asked_by_when_how_long_and_how_far(cast, browse, school):
    due = documents.Assignment(due_on=agency.today() + dt.timedelta(days=1))
    made = documents.assign(cast.alice, school, cast.by("dora"), due)
    alice = browse("alice")
    page = alice.open(AT)
    for said in ("For school", "due tomorrow", "from Dora", "takes about 5 minutes"):
        assert said in page
    documents.save(made, {"money": "1"}, cast.by("alice"), seen=0)
    documents.turn_to(made, "p2")
    assert "begun: 2 of 4" in alice.open(AT)
    assert "Due tomorrow" in alice.open("/")


def test_what_is_over_is_listed_with_its_day_by_pages(cast, browse, school):
    for _ in range(23):
        documents.withdraw(documents.assign(cast.alice, school, cast.by("dora")), "Enough", cast.by("dora"))
    alice = browse("alice")
    page = alice.open(AT)
    assert "Nothing to do" in page
    assert page.text.count("no longer needed") == 20
    assert alice.open(page.links["Next"]).text.count("no longer needed") == 3


def test_without_the_component_all_of_it_is_gone(cast, browse, given, decided):
    decided(documents=False)
    alice = browse("alice")
    assert "Things to Do" not in alice.open("/")
    assert [alice.ask(at(given, rest)).status for rest in ("", "pages/p1", "review")] == [404, 404, 404]
    assert alice.ask(AT).status == 404
    token = alice.token
    for rest in ("pages/p1", "answers/mail", "completion", "decline", "corrections"):
        assert alice.send(at(given, rest), {"csrf_token": token}).status == 404
    assert alice.ask("/pages/help/things-to-do").status == 404


def test_nobody_else_finds_it(cast, browse, given):
    bob = browse("bob")
    for rest in ("", "pages/p1", "review", "decline", "print", "pdf", "pdf/made", "files/x", "pictures/x"):
        assert bob.ask(at(given, rest)).status == 404


# ---------------------------------------------------------------- filling in


def test_alice_fills_it_in_signs_and_sends_it_without_javascript(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given))
    page = alice.open(at(given, "pages/p1"))
    assert "1 of 4" in page
    assert "Alice" in page
    assert DocumentAnswer.select().count() == 0
    page = alice.press("Next", {"q-born-day": "4", "q-born-month": "3", "q-born-year": "2020", "q-money": "1,234.5"})
    assert "2 of 4" in page
    page = alice.press("Add another child")
    page = alice.press("Next", {"q-kid": "Ann", "q-age": "7"})
    assert "3 of 4" in page
    page = alice.press("Next", {"q-pets": "yes"})
    assert "There is more on this page" in page
    page = alice.press("Next", {"q-which": "A cat"})
    for said in ("4 of 4", "A cat", "4 March 2020", "1,234.5", "Alice"):
        assert said in page
    page = alice.press("Sign and send", {"q-sign-how": "typed", "q-sign-name": "Alice Archer"})
    assert "Sent. Thank you." in page
    assert "The PDF is being made" in page
    done = Document.get_by_id(given.id)
    assert documents.is_sound(done)
    answers = kept(given)
    assert (answers["name"], answers["born"], answers["money"], answers["kid"], answers["which"]) == ("Alice", "2020-03-04", "1234.5", "Ann", "A cat")
    document_pdfs.make_due()
    page = alice.open(at(given))
    answer = alice.ask(page.links["Download as PDF"])
    assert (answer.status, answer.headers["Content-Type"], answer.body[:5]) == (200, "application/pdf", b"%PDF-")
    assert "Alice Archer" in alice.open(at(given, "print"))


def test_what_is_wrong_is_named_and_linked_and_the_good_is_saved_all_the_same(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given, "pages/p1"))
    page = alice.press("Next", {"q-mail": "new@example.org", "q-born-day": "31", "q-born-month": "2", "q-born-year": "2020", "q-money": "lots"})
    assert page.status == 422
    assert 'href="#q-born-day"' in page.html
    assert "There are 2 things to check" in page
    assert kept(given)["mail"] == "new@example.org"
    assert "born" not in kept(given)


def test_a_required_question_is_asked_for_on_its_page_and_back_loses_nothing(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given, "pages/p3"))
    assert "Answer this question." in alice.press("Next")
    alice.press("Back", {"q-pets": "no"})
    assert kept(given)["pets"] is False
    assert Document.get_by_id(given.id).page == "p2"


def test_who_stops_goes_on_where_they_were_on_another_device(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given, "pages/p2"))
    assert "Saved. You can go on" in alice.press("Save and go on later")
    page = browse("alice").open(at(given))
    assert page.links["Go on"].endswith("pages/p2") if "Go on" in page.links else page.links["Start"].endswith("pages/p2")


def test_two_devices_at_once_are_told_and_shown_both(cast, browse, given):
    phone, laptop = browse("alice"), browse("alice")
    phone.open(at(given, "pages/p1"))
    laptop.open(at(given, "pages/p1"))
    phone.press("Next", {"q-mail": "phone@example.org"})
    page = laptop.press("Next", {"q-mail": "laptop@example.org", "q-money": "5"})
    assert "On the other device: phone@example.org" in page
    assert "laptop@example.org" in page.html
    assert kept(given) | {"mail": "phone@example.org", "money": "5"} == kept(given)
    laptop.press("Next", {"q-mail": "laptop@example.org"})
    assert kept(given)["mail"] == "laptop@example.org"


def test_a_child_is_removed_and_one_beyond_the_most_is_not_offered(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given, "pages/p2"))
    alice.press("Add another child")
    page = alice.press("Add another child", {"q-kid": "Ann"})
    assert "Add another child" not in page
    alice.press("Remove: Section kids 1", {"q-kid:1": "Ben"})
    assert (kept(given)["kid"], kept(given)["#kids"]) == ("Ben", "1")


def test_a_photo_is_kept_shown_and_handed_out_to_its_owner_alone(cast, browse):
    version = publish(cast, [section("s", Question("photo", "file", in_all("A photo"), most="2"))])
    document = documents.assign(cast.alice, version, cast.by("dora"))
    alice = browse("alice")
    alice.open(at(document, "pages/p1"))
    page = alice.press("Next", {"q-photo-file": [File("IMG.jpg", nasty.photo())]})
    link = next(href for text, href in page.links.items() if text.startswith("IMG.jpg"))
    answer = alice.ask(link)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert browse("bob").ask(link).status == 404
    alice.open(at(document, "pages/p1"))
    page = alice.press("Next", {"q-photo-file": [File("x.exe", b"MZ" * 99)]})
    assert (page.status, len(kept(document)["photo"])) == (422, 1)
    assert "neither a picture nor a PDF" in page


# ---------------------------------------------------------------- one answer, by htmx


def post(person, path, **fields):
    return person.send(path, {"csrf_token": person.token, "seen": "0", **fields}, PART)


def test_an_answer_is_saved_when_its_field_is_left_and_shows_what_follows_from_it(cast, browse, given):
    alice = browse("alice")
    answer = post(alice, at(given, "answers/pets"), **{"q-pets": "yes"})
    assert answer.status == 200
    assert 'id="slot-which" data-hx-swap-oob="true"' in answer.html
    assert 'name="q-which"' in answer.html
    assert kept(given)["pets"] is True
    answer = post(alice, at(given, "answers/pets"), **{"q-pets": "no"})
    assert re.search(r'id="slot-which" data-hx-swap-oob="true" hidden', answer.html)


def test_what_is_half_typed_is_no_mistake_and_what_is_wrong_is_said(cast, browse, given):
    alice = browse("alice")
    assert post(alice, at(given, "answers/born"), **{"q-born-day": "31"}).status == 204
    assert 'class="error"' in post(alice, at(given, "answers/mail"), **{"q-mail": "x"}).html
    assert kept(given) == {}


@pytest.mark.parametrize("place", ["sign", "x", "kid:2", "kid:x", "name:1", "#kids"])
def test_what_is_not_asked_is_not_answered(cast, browse, given, place):
    alice = browse("alice")
    assert post(alice, at(given, f"answers/{place.replace('#', '%23')}"), **{"q-x": "1"}).status == 404


# ---------------------------------------------------------------- the end


@pytest.fixture
def signed_only(cast):
    letter = publish(cast, [section("s", ask("text", "text", words={"en": "Please read this."}), ask("sign", "signature", is_required=True))], kind="letter",
                     name="Our rules")  # fmt: skip
    return documents.assign(cast.alice, letter, cast.by("dora"))


def test_a_letter_is_read_and_signed_by_drawing(cast, browse, signed_only):
    alice = browse("alice")
    page = alice.open(at(signed_only))
    assert "Please read this." in page
    page = alice.press("Sign and send", {"q-sign-how": "drawn", "q-sign-name": "Alice Archer", "q-sign-drawn": "M1 1L3 3"})
    assert page.status == 422
    assert "too little for a signature" in page
    assert StoredFile.select().count() == 0
    page = alice.press("Sign and send", {"q-sign-how": "drawn", "q-sign-name": "Alice Archer", "q-sign-drawn": SWIRL})
    assert "Sent. Thank you." in page
    row = DocumentSignature.get()
    assert (row.how, row.name, row.file.media_type) == ("drawn", "Alice Archer", "image/png")
    assert documents.is_sound(Document.get())


def test_without_a_signature_it_is_not_sent(cast, browse, signed_only):
    alice = browse("alice")
    alice.open(at(signed_only))
    page = alice.press("Sign and send", {"q-sign-how": "typed"})
    assert page.status == 422
    assert Document.get().state == "assigned"


def test_the_end_names_what_is_missing_and_leads_there(cast, browse, given):
    page = browse("alice").open(at(given, "review"))
    assert "One question is still to be answered." in page
    assert page.links["Answer what is missing"].endswith("pages/p3#q-pets")
    assert "Sign and send" not in page


def test_an_answer_from_elsewhere_is_looked_at_before_it_is_sent(cast, browse, given):
    document_filling.give(document_filling.opened(given), {"pets": False}, cast.by("alice"), seen=0)
    alice = browse("alice")
    alice.open(at(given, "review"))
    documents.save(given, {"money": "3"}, cast.by("alice"), seen=1, device="other")
    page = alice.press("Sign and send", {"q-sign-how": "typed", "q-sign-name": "Alice"})
    assert "Look at all of it once more" in page
    assert Document.get_by_id(given.id).state == "assigned"


def test_declined_with_a_reason_and_then_it_is_over(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given, "decline"))
    assert alice.press("Do not fill this in").status == 422
    assert "You need not fill this in." in alice.press("Do not fill this in", reason="I have said this before.")
    assert "You have declined this" in alice.open(at(given))
    page = alice.open(at(given, "pages/p1"))
    assert "You have declined this" in page


def test_a_correction_is_a_new_one_and_the_old_one_stays(cast, browse, given):
    document_filling.give(document_filling.opened(given), {"pets": False}, cast.by("alice"), seen=0)
    filling = document_filling.opened(Document.get_by_id(given.id))
    signed = {"sign": ({"how": "typed", "name": "A"}, documents.Signed("A"))}
    document_filling.submit(filling, signed, cast.by("alice"), seen=1)
    alice = browse("alice")
    alice.open(at(given))
    page = alice.press("Correct this")
    assert "What you sent before stays as it was." in page
    made = Document.get(Document.corrects == given)
    assert kept(made)["pets"] is False
    assert "There is a correction of this." in alice.open(at(given))


# ---------------------------------------------------------------- how much is asked of the database


KNOWN = ("login_session", "setting", "house_mark", "agency", "site", "portal_account", "form_receipt", "brand_choice", "brand_picture")


@pytest.fixture
def selects(monkeypatch):
    """The SELECTs of one request, after those of session and settings."""
    asked, execute = [], db.obj.execute_sql
    monkeypatch.setattr(db.obj, "execute_sql", lambda sql, *more, **how: asked.append(sql) or execute(sql, *more, **how))

    def count(request):
        asked.clear()
        assert request().status in (200, 204)
        return [sql for sql in asked if sql.startswith("SELECT") and not re.search(rf'FROM "?({"|".join(KNOWN)})"?( |$)', sql)]

    return count


def test_the_list_a_page_of_forty_questions_and_one_answer_ask_little(cast, browse, selects):
    questions = [ask(f"q{number}", "short_text", prefill="email" if number == 3 else "") for number in range(20)]
    version = publish(cast, [section("s", *questions, ask("a"), *(ask(f"r{number}", "one", ("a", "equals", "true")) for number in range(19)))])
    for _ in range(12):
        made = documents.assign(cast.alice, version, cast.by("dora"))
        documents.save(made, {"q1": "x"}, cast.by("alice"), seen=0)
    fresh = documents.assign(cast.alice, version, cast.by("dora"))
    documents.withdraw(documents.assign(cast.alice, version, cast.by("dora")), "Enough", cast.by("dora"))
    alice = browse("alice")
    alice.open(AT)
    assert len(selects(lambda: alice.ask(AT))) <= 6
    for path in (at(made, "pages/p1"), at(fresh, "pages/p1")):
        assert len(selects(lambda path_=path: alice.ask(path_))) <= 6
    token = alice.token
    for place, typed in (("q2", {"q-q2": "y"}), ("a", {"q-a": "yes"})):
        path = at(made, f"answers/{place}")
        found = selects(lambda path_=path, typed_=typed: alice.send(path_, {"csrf_token": token, "seen": "1", **typed_}, PART))
        assert len(found) <= 4, found


# ---------------------------------------------------------------- when something goes wrong


def test_what_was_typed_when_the_session_had_ended_is_there_again(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given, "pages/p1"))
    form = alice.page.form("Next")
    values = {**form.filled({"q-mail": "late@example.org", "q-money": "7"}), **form.said_by["Next"]}
    with store.writing():
        LoginSession.update(seen_at=clock.ago(days=2), created_at=clock.ago(days=3)).execute()
    answer = alice.ask(form.action, "POST", values, {"Origin": alice.root, "Referer": f"{alice.root}{form.action}", "Sec-Fetch-Site": "same-origin"})
    assert "/sign-in" in answer.location
    assert kept(given) == {}
    alice.open(answer.location)
    page = alice.press("Sign in", email=cast.email_of("alice"), password=cast.password_of("alice"))
    assert 'value="late@example.org"' in page.html
    alice.press("Next")
    assert (kept(given)["mail"], kept(given)["money"]) == ("late@example.org", "7")


def test_sent_five_times_is_sent_once(cast, browse, signed_only):
    alice = browse("alice")
    alice.open(at(signed_only))
    form = alice.page.form("Sign and send")
    values = form.filled({"q-sign-how": "typed", "q-sign-name": "Alice"})
    for number in range(5):
        answer = alice.send(form.action, {**values, "form_id": values["form_id"] if number < 3 else ""})
        assert (answer.status, answer.location.endswith(at(signed_only))) == (303, True)
    assert DocumentSignature.select().count() == 1


def test_a_drawing_of_five_megabytes_is_refused(cast, browse, signed_only):
    alice = browse("alice")
    alice.open(at(signed_only))
    form = alice.page.form("Sign and send")
    values = form.filled({"q-sign-how": "drawn", "q-sign-name": "Alice"})
    assert alice.send(form.action, {**values, "q-sign-drawn": "M1 1" + "L2 2" * 1_300_000}).status == 413
    assert Document.get().state == "assigned"


def test_answers_to_what_is_hidden_or_made_up_are_not_sent(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given, "pages/p3"))
    form = alice.page.form("Next")
    alice.send(form.action, {**form.filled({"q-pets": "no"}), "asked-which": "1", "q-which": "hidden", "asked-nobody": "1", "q-nobody": "x", "go": "next"})
    alice.open(at(given, "review"))
    alice.press("Sign and send", {"q-sign-how": "typed", "q-sign-name": "Alice"})
    done = kept(given)
    assert done["pets"] is False
    assert {"which", "nobody"}.isdisjoint(done)


def test_a_new_version_of_the_form_changes_no_draft(cast, browse, given):
    alice = browse("alice")
    alice.open(at(given, "pages/p3"))
    template = DocumentTemplate.get()
    form = document_edits.change(document_templates.draft_of(template), "pets", words=in_all("Have you animals?"))
    document_templates.change(template, form, cast.by("ada"), version=template.version)
    document_templates.publish(template, cast.by("ada"), version=template.version + 1)
    assert "Question pets" in alice.open(at(given, "pages/p3"))
    alice.press("Next", {"q-pets": "no"})
    assert kept(given)["pets"] is False


def test_in_arabic_everything_stands_there_with_its_words(cast, browse, given):
    profile.choose_language(cast.alice, "ar", cast.by("alice"))
    page = browse("alice").open(at(given, "pages/p1"))
    assert 'dir="rtl"' in page.html
