"""Files of messages on the pages: chosen, refused in words, sent once, handed out, and to nobody else."""

import io
import re

import nasty
import pytest
from pages.conftest import File
from PIL import Image

from domain import attachments, discussions, settings
from models import Attachment, AuditEntry, Message, StoredFile
from web import attached, posts

INBOX, STAFF = "/inbox/", "/admin/discussions/"
NOTHING = File("", b"")  # what a browser sends of a field that was left alone
PART = {"HX-Request": "true", "HX-Request-Type": "partial", "X-Poll": "1"}
WORDS = {"to": "team", "subject": "My letter", "body": "Here it is."}
PHOTO = File("IMG_0001.jpg", nasty.photo())


def send(person, *files, **typed):
    person.open(f"{INBOX}new")
    return person.press("Send", {**WORDS, **typed, "files": list(files) or NOTHING})


def begin(cast, who="alice", name="letter.pdf", body=None):
    ready = attachments.ready([(name, io.BytesIO(body or nasty.pdf()))])
    return discussions.start(getattr(cast, who), "A question", "When?", cast.by(who), worker=cast.dora, files=ready)


def address(discussion, of=None, at=INBOX):
    file = Attachment.select().join(Message).where(Message.discussion == (of or discussion)).get()
    return f"{at}{discussion.public_id}/files/{file.public_id}"


# ---------------------------------------------------------------- sent and handed out


def test_alice_sends_a_photo_and_dora_gets_it_without_the_place(cast, browse):
    page = send(browse("alice"), PHOTO, File("plan.pdf", nasty.pdf()))
    assert "Your message is sent." in page
    made = Message.get().discussion
    dora = browse("dora")
    page = dora.open(f"{STAFF}{made.public_id}/")
    links = [href for text, href in page.links.items() if text.startswith(("IMG_0001.jpg · 1 kB", "plan.pdf · 1 kB"))]
    assert len(links) == 2
    answer = dora.ask(links[0])
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert b"Secret" not in answer.body
    assert not Image.open(io.BytesIO(answer.body)).getexif()
    assert dora.ask(links[1]).body == nasty.pdf()


def test_a_file_comes_as_a_download_that_no_browser_runs_shows_or_keeps(cast, browse):
    made = begin(cast, name="../رسالة \u202e.pdf")
    for who, at in (("alice", INBOX), ("dora", STAFF)):
        answer = browse(who).ask(address(made, at=at))
        held = answer.headers
        assert (answer.status, held["Content-Type"], held["X-Content-Type-Options"]) == (200, "application/pdf", "nosniff")
        assert held["Content-Disposition"].startswith('attachment; filename="file.pdf"; filename*=UTF-8\'\'%D8%B1')
        assert held["Content-Disposition"].endswith(".pdf")
        assert "%E2%80%AE" not in held["Content-Disposition"]
        assert held["Content-Security-Policy"] == attached.POLICY
        assert "sandbox" in held["Content-Security-Policy"].split("; ")
        assert held["Cache-Control"] == "no-store"
        assert held["Cross-Origin-Resource-Policy"] == "same-origin"
        assert int(held["Content-Length"]) == len(answer.body)


@pytest.mark.parametrize(("name", "header"), [
    ("a.jpg", "attachment; filename=\"a.jpg\"; filename*=UTF-8''a.jpg"),
    ('a"b\\.jpg', "attachment; filename=\"a_b_.jpg\"; filename*=UTF-8''a%22b%5C.jpg"),
    ("naïve plan.pdf", "attachment; filename=\"na_ve plan.pdf\"; filename*=UTF-8''na%C3%AFve%20plan.pdf"),
    ("書類.png", "attachment; filename=\"file.png\"; filename*=UTF-8''%E6%9B%B8%E9%A1%9E.png"),
])  # fmt: skip
def test_its_name_is_written_as_every_browser_reads_it(name, header):
    assert attached.disposition(name) == header


def test_staff_who_get_a_file_have_looked_at_the_record(cast, browse):
    made = begin(cast)
    browse("dora").ask(address(made, at=STAFF))
    entry = AuditEntry.select().where(AuditEntry.kind == "individual.viewed").order_by(AuditEntry.id.desc()).get()
    assert (entry.individual, entry.worker) == (cast.alice, cast.dora)
    alice = browse("alice")
    before = AuditEntry.select().count()
    alice.ask(address(made))
    assert AuditEntry.select().count() == before


def test_a_file_arrives_on_an_open_page(cast, browse):
    made = begin(cast)
    for who, at in (("alice", INBOX), ("dora", STAFF)):
        answer = browse(who).ask(f"{at}{made.public_id}/new?after=0", headers=PART)
        assert answer.status == 200
        assert f"/files/{Attachment.get().public_id}" in answer.html


# ---------------------------------------------------------------- to nobody else


def test_anothers_file_is_not_there_by_any_address(cast, browse):
    hers, his = begin(cast), begin(cast, "bob")
    alice, nowhere = browse("alice"), f"{INBOX}{hers.public_id}/files/{'x' * 22}"
    assert alice.ask(address(hers)).status == 200
    missing = alice.ask(nowhere)
    assert missing.status == 404
    for path in (address(his), address(hers, of=his), address(his, of=hers), address(hers, at=STAFF)):
        answer = alice.ask(path)
        assert answer.status == 404, path
        assert answer.text == missing.text
    stranger = browse().ask(address(hers))
    assert (stranger.status, stranger.location.partition("?")[0]) == (303, "/sign-in")


def test_staff_get_no_file_of_another_discussion_and_none_who_may_not_see_the_client(cast, browse):
    hers, his = begin(cast), begin(cast, "bob")
    ada = browse("ada")
    assert ada.ask(address(hers, at=STAFF)).status == 200
    assert ada.ask(address(hers, of=his, at=STAFF)).status == 404
    seen = AuditEntry.select().where(AuditEntry.kind == "individual.viewed").count()
    for who in ("dora", "otto", "ines", "finn"):
        browser = browse(who)
        may = browser.ask(f"{STAFF}{his.public_id}/").status == 200
        assert browser.ask(address(his, at=STAFF)).status == (200 if may else 404), who
    assert AuditEntry.select().where(AuditEntry.kind == "individual.viewed").count() >= seen


def test_where_messages_are_switched_off_files_are_gone_with_them(cast, browse):
    made = begin(cast)
    settings.change("discussions", "0", cast.by("ada"))
    assert browse("alice").ask(address(made)).status == 404
    assert browse("dora").ask(address(made, at=STAFF)).status == 404


# ---------------------------------------------------------------- refused


def test_all_that_is_wrong_is_said_at_once_and_the_words_are_kept(cast, browse):
    page = send(browse("alice"), File("virus.jpg", nasty.EICAR), File("", b""), File("../nothing.pdf", b""), PHOTO, subject="")
    assert page.status == 422
    assert len(page.problems) == 3
    assert "There are 3 things to check" in page
    assert "Write what it is about, in a few words." in page.problems[0]
    assert "virus.jpg" in page.problems[1]
    assert "neither a picture nor a PDF" in page.problems[1]
    assert "nothing.pdf\u2069” is empty" in page.problems[2]
    assert "../" not in page.text
    assert page.form("Send").values["body"] == WORDS["body"]
    assert "Choose your files again: virus.jpg, nothing.pdf, IMG_0001.jpg." in re.sub(r"\s+", " ", page.text)
    assert not Message.select().exists()
    assert not StoredFile.select().exists()


def test_what_is_refused_for_its_words_asks_for_the_files_again(cast, browse):
    page = send(browse("alice"), PHOTO, body="x" * 5001)
    assert page.status == 422
    assert "Choose your files again: IMG_0001.jpg." in re.sub(r"\s+", " ", page.text)
    assert not StoredFile.select().exists()


def test_eleven_megabytes_are_refused_in_words_and_fifty_five_too(cast, browse):
    large = File("film.pdf", b"%PDF-1.7" + b"\0" * 11_000_000)
    alice = browse("alice")
    page = send(alice, large)
    assert (page.status, len(page.problems)) == (422, 1)
    assert "is larger than 10 MB" in page.problems[0]
    page = send(alice, *[large] * 5)
    assert (page.status, len(page.problems)) == (422, 5)


def test_six_files_are_said_to_be_too_many(cast, browse):
    page = send(browse("alice"), *[PHOTO] * 6)
    assert page.status == 422
    assert "You chose 6 files, and at most 5 can be sent with a message." in page.problems[0]


def test_what_is_larger_than_all_that_may_be_sent_is_not_read(cast, browse):
    alice = browse("alice")
    alice.open(f"{INBOX}new")
    assert alice.press("Send", {**WORDS, "files": File("x.pdf", b"x" * (posts.MOST_FILES + 1))}).status == 413
    other = {"csrf_token": alice.token, "files": File("x.pdf", b"x" * 21 * 1024 * 1024)}
    assert alice.send("/about-me/names", other).status == 413  # other forms take less


def test_a_name_that_is_a_page_is_only_a_name(cast, browse):
    page = send(browse("alice"), File('<img src=x onerror=alert(1)>.jpg', nasty.EICAR))
    assert "<img src=x" not in page.html
    page = send(browse("alice"), File('<svg onload=alert(1)>.jpg', nasty.picture()))
    assert "<svg onload" not in page.html
    assert Attachment.get().name == "_svg onload=alert(1)_.jpg"


# ---------------------------------------------------------------- ways to send


def test_words_may_be_left_out_where_there_is_a_file(cast, browse):
    page = send(browse("alice"), PHOTO, body="")
    assert "Your message is sent." in page
    assert Message.get().body == ""
    page = send(browse("alice"), body="")
    assert page.status == 422
    assert "Write your message." in page.problems[0]


def test_the_same_form_twice_is_one_message_with_one_file(cast, browse):
    alice = browse("alice")
    form = alice.open(f"{INBOX}new").form("Send")
    values = form.filled({**WORDS, "files": [PHOTO]})
    first, second = alice.send(form.action, values), alice.send(form.action, values)
    assert (first.status, first.location) == (second.status, second.location)
    assert (Message.select().count(), Attachment.select().count(), StoredFile.select().count()) == (1, 1, 1)


def test_dora_answers_with_a_file_and_begins_with_one(cast, browse):
    made = begin(cast)
    dora = browse("dora")
    dora.open(f"{STAFF}{made.public_id}/")
    assert "Your message is sent." in dora.press("Send", {"body": "This one.", "files": [File("form.pdf", nasty.pdf())]})
    page = dora.press("Send", {"body": "And this", "files": [File("x.pdf", b"x")]})
    assert page.status == 422
    assert page.form("Send").values["body"] == "And this"
    dora.open(f"/admin/individuals/{cast.alice.public_id}/discussions/new")
    page = dora.press("Send", {"subject": "Your form", "body": "", "files": [File("new.pdf", nasty.pdf())]})
    assert "Your message is sent." in page
    assert any(text.startswith("new.pdf") for text in page.links)
    alice = browse("alice")
    names = [text for text in alice.open(f"{INBOX}{made.public_id}/").links if ".pdf" in text]
    assert [name.partition(" ")[0] for name in names] == ["letter.pdf", "form.pdf"]


def test_a_note_takes_no_file(cast, browse):
    made = begin(cast)
    form = browse("dora").open(f"{STAFF}{made.public_id}/").form("Keep the note")
    assert not form.files


def test_where_the_agency_takes_none_the_field_is_gone_and_what_is_sent_all_the_same_is_refused(cast, browse):
    alice = browse("alice")
    form = alice.open(f"{INBOX}new").form("Send")
    assert form.files == {"files"}
    settings.change("attachments_each", "0", cast.by("ada"))
    page = alice.submit(form, form.filled({**WORDS, "files": [PHOTO]}))
    assert page.status == 422
    assert "Files cannot be sent here at the moment." in page.problems[0]
    assert not alice.open(f"{INBOX}new").form("Send").files
    assert "Your message is sent." in alice.press("Send", WORDS)


def test_after_the_session_ended_the_words_are_there_and_the_files_are_named(cast, browse, frozen):
    frozen()
    alice = browse("alice")
    alice.open(f"{INBOX}new")
    frozen.shift(minutes=31)
    page = alice.press("Send", {**WORDS, "files": [PHOTO]})
    assert "What you typed is kept" in page
    assert "Files are not kept. Choose them again." in page
    page = alice.press("Sign in", email="alice@example.org", password=cast.password_of("alice"))
    assert "What you typed is still here" in page
    assert page.form("Send").values["body"] == WORDS["body"]
    assert "Choose your files again: IMG_0001.jpg." in re.sub(r"\s+", " ", page.text)
    assert "Your message is sent." in alice.press("Send", {"files": [PHOTO]})
    assert "Choose your files again" not in alice.open(f"{INBOX}new")


def test_a_form_that_waited_too_long_keeps_its_words_when_no_file_was_chosen(cast, browse):
    alice = browse("alice")
    form = alice.open(f"{INBOX}new").form("Send")
    answer = alice.send(form.action, form.filled({**WORDS, "files": NOTHING}) | {"csrf_token": "old"})
    assert answer.status == 400
    assert answer.form("Try again").values["body"] == WORDS["body"]
