"""What people are told where a virus scanner is named: whoever sends a file, nothing of a refused form is kept, and no word is lost."""

import io
import json
import re

import clamd
import nasty
import pytest
from pages.conftest import File, born
from PIL import Image

from domain import discussions, reply_links, scanning, settings
from domain.actor import SYSTEM
from models import Attachment, Message, StoredFile, StoredPiece

WORDS = {"to": "team", "subject": "My letter", "body": "Here it is."}
GOOD = File("form.pdf", nasty.pdf())
BAD = File("Alice Moreau.pdf", nasty.pdf(objects=b"%" + nasty.EICAR + b"\n"))
FOUND, SILENT = "our virus scanner found something harmful in it", "Files cannot be checked for viruses at the moment"
pytestmark = pytest.mark.usefixtures("cast")


@pytest.fixture
def daemon():
    with clamd.running() as running:
        yield running


@pytest.fixture
def app(make_app, daemon):
    yield make_app(virus_scanner=daemon.address)
    scanning.use(None)


def hidden():
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (122, 31, 75)).save(out, "JPEG", comment=nasty.EICAR)
    return File("IMG_0001.jpg", out.getvalue())


def alice_begins(browse, cast, mailbox, *files):
    alice = browse("alice")
    alice.open("/inbox/new")
    return alice, alice.press("Send", {**WORDS, "files": list(files)})


def answers(browse, cast, name, page, by, files):
    made = discussions.start(cast.alice, "A question", "When?", cast.by(by), worker=cast.dora)
    somebody = browse(name)
    somebody.open(page.format(made.public_id))
    return somebody, somebody.press("Send", {"body": WORDS["body"], "files": list(files)})


def alice_answers(browse, cast, mailbox, *files):
    return answers(browse, cast, "alice", "/inbox/{}", "dora", files)


def pia_answers(browse, cast, mailbox, *files):
    settings.change("unread_delay", "0", SYSTEM)
    made = discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)
    pia = browse()
    pia.open(mailbox.link("pia@example.org"))
    pia.press("Continue", born(cast.pia.birth_date))
    page = pia.press("Send", {"body": WORDS["body"], "files": list(files)})
    assert reply_links.standing(reply_links.newest(made)) == "good", "nothing was spent"
    return pia, page


def dora_answers(browse, cast, mailbox, *files):
    return answers(browse, cast, "dora", "/admin/discussions/{}/", "alice", files)


def dora_begins(browse, cast, mailbox, *files):
    dora = browse("dora")
    dora.open(f"/admin/individuals/{cast.alice.public_id}/discussions/new")
    return dora, dora.press("Send", {"subject": "My letter", "body": WORDS["body"], "files": list(files)})


EVERYBODY = [alice_begins, alice_answers, pia_answers, dora_answers, dora_begins]


def kept():
    """What there is of a message that was not sent; or of one that was."""
    return [*Message.select().where(Message.body == WORDS["body"]), *StoredFile.select(), *StoredPiece.select(), *Attachment.select()]


def told(page):
    return re.sub(r"\s+", " ", page.text)


@pytest.mark.parametrize("sent", EVERYBODY)
def test_what_the_scanner_found_is_refused_and_the_words_stay(browse, cast, mailbox, daemon, sent, caplog):
    _, page = sent(browse, cast, mailbox, GOOD, BAD)
    assert page.status == 422
    assert len(page.problems) == 1
    assert FOUND in page.problems[0]
    assert "Alice Moreau.pdf" in page.problems[0]
    assert page.form("Send").values["body"] == WORDS["body"]
    assert "Choose your files again: form.pdf, Alice Moreau.pdf." in told(page)
    assert kept() == []
    assert daemon.streams == [GOOD.content, BAD.content]
    assert "the virus scanner found Eicar-Test-Signature" in caplog.text
    assert "Alice" not in caplog.text


@pytest.mark.parametrize("sent", EVERYBODY)
def test_while_it_does_not_answer_files_wait_and_words_go(browse, cast, mailbox, daemon, sent):
    daemon.manner = "hangs up"
    who, page = sent(browse, cast, mailbox, GOOD, hidden())
    assert page.status == 422
    assert len(page.problems) == 1
    assert SILENT in page.problems[0]
    assert page.form("Send").values["body"] == WORDS["body"]
    assert kept() == []
    who.page = page
    assert who.press("Send", {"files": File("", b"")}).status == 200
    assert [type(each) for each in kept()] == [Message]


def test_what_passes_is_sent_as_ever(browse, cast, mailbox, daemon):
    _, page = alice_begins(browse, cast, mailbox, GOOD, File("IMG_0001.jpg", nasty.photo()))
    assert "Your message is sent." in page
    assert [each.name for each in Attachment.select().order_by(Attachment.id)] == ["form.pdf", "IMG_0001.jpg"]
    assert daemon.streams == [GOOD.content, nasty.photo()]


def test_a_photo_that_hides_something_is_refused_though_only_a_new_picture_would_be_kept(browse, cast, mailbox, daemon):
    _, page = alice_begins(browse, cast, mailbox, hidden())
    assert FOUND in page.problems[0]
    assert not StoredFile.select().exists()


def test_all_that_is_wrong_is_said_at_once(browse, cast, mailbox, daemon):
    daemon.most = 500
    _, page = alice_begins(browse, cast, mailbox, File("long.pdf", nasty.pdf(objects=b"%" + b"x" * 600 + b"\n")), File("x.exe", b"MZ"), BAD)
    assert [part in said for part, said in zip(("too large to be checked", "neither a picture", FOUND), page.problems, strict=True)] == [True] * 3


def test_whoever_watches_the_portal_is_told_and_the_rest_of_it_goes_on(browse, app, daemon):
    said = json.loads(browse().ask("/readyz").body)
    assert "scanner_silent" not in said
    daemon.manner = "silent"
    scanning.use(daemon.address)  # and it is asked anew
    answer = browse().ask("/readyz")
    assert (answer.status, json.loads(answer.body)["scanner_silent"]) == (200, True)
    with app.app_context():
        assert "The virus scanner does not answer" in app.test_cli_runner().invoke(args=["check"]).output


def test_without_one_nothing_is_said_of_it(browse, make_app):
    make_app()
    assert "scanner_silent" not in json.loads(browse().ask("/readyz").body)
