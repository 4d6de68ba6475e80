"""Where a virus scanner is named, every file of a message is shown to it as it came, and none is kept that it did not pass."""

import io
import socket
import time

import clamd
import nasty
import pytest
from PIL import Image

from domain import attachments, health, scanning, store, uploads
from domain.rules import RuleBroken
from gateways import files


@pytest.fixture
def daemon():
    with clamd.running() as running:
        scanning.use(running.address)
        yield running
    scanning.use(None)


@pytest.fixture
def gone():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        scanning.use(nobody.getsockname())
        yield nobody
    scanning.use(None)


def infected_photo():
    """A photo that is a good one, and hides something where the picture made anew has nothing left."""
    out = io.BytesIO()
    Image.new("RGB", (60, 40), (122, 31, 75)).save(out, "JPEG", comment=nasty.EICAR)
    return out.getvalue()


def ready(*bodies, name="letter.jpg"):
    return attachments.ready([(f"{number} {name}", io.BytesIO(body)) for number, body in enumerate(bodies)])


def refusals(*bodies):
    with pytest.raises(RuleBroken) as refused:
        ready(*bodies)
    return refused.value.every


def test_without_a_scanner_nothing_is_asked(db, monkeypatch):
    monkeypatch.setattr(scanning.scanner, "scan", lambda *asked, **how: pytest.fail("asked"))
    assert len(ready(nasty.picture(), infected_photo())) == 2
    assert not health.is_scanner_silent()


def test_each_file_is_shown_as_it_came_and_then_kept(db, daemon):
    sent = [nasty.photo(), nasty.pdf(), nasty.picture("PNG")]
    made = ready(*sent)
    assert daemon.streams == sent
    assert [each.media_type for each in made] == ["image/jpeg", "application/pdf", "image/png"]
    assert b"Secret" not in made[0].body.read()


def test_what_it_finds_is_refused_by_name_also_where_the_picture_made_anew_is_harmless(db, daemon, caplog):
    assert nasty.EICAR not in files.look(infected_photo()).body
    found = refusals(nasty.picture(), infected_photo(), nasty.pdf(), nasty.pdf(objects=b"%" + nasty.EICAR + b"\n"))
    assert [(each.code, each.field) for each in found] == [("infected", "files")] * 2
    assert ["1 letter.jpg" in str(each) for each in found] == [True, False]
    assert caplog.text.count("found Eicar-Test-Signature") == 2
    assert "letter" not in caplog.text


def test_nothing_of_ours_opens_what_it_found(db, daemon, monkeypatch):
    monkeypatch.setattr(uploads.files, "look", lambda *asked, **how: pytest.fail("opened"))
    assert [each.code for each in refusals(nasty.EICAR)] == ["infected"]


def test_what_is_too_large_for_it_is_refused_in_words_of_its_own(db, daemon, caplog):
    daemon.most = 10_000
    large = nasty.pdf(objects=b"%" + b"x" * 20_000 + b"\n")
    found = refusals(large, nasty.EICAR)
    assert [each.code for each in found] == ["unscanned", "infected"]
    assert "too large to be checked" in str(found[0])
    assert "StreamMaxLength" in caplog.text


def test_while_it_does_not_answer_no_file_is_taken_and_nobody_waits_for_it_twice(db, daemon, monkeypatch, caplog):
    monkeypatch.setattr(scanning, "SECONDS", 0.4)
    daemon.manner, begun = "silent", time.monotonic()
    assert [(each.code, each.field) for each in refusals(*[nasty.picture()] * 5)] == [("no_scanner", "files")]
    assert time.monotonic() - begun < 2
    assert "the virus scanner does not answer, so a file was refused: TimeoutError" in caplog.text
    daemon.manner = "good"
    assert len(ready(nasty.picture())) == 1


def test_nobody_there_is_no_pass_either(db, gone):
    assert [each.code for each in refusals(nasty.EICAR, nasty.picture())] == ["no_scanner"]


def test_what_was_refused_before_it_fell_silent_is_said_too(db, daemon, monkeypatch):
    monkeypatch.setattr(scanning, "SECONDS", 0.3)
    answers = iter(["good", "silent"])
    monkeypatch.setitem(clamd.MANNERS, "falls silent", lambda *said: clamd.MANNERS[next(answers)](*said))
    daemon.manner = "falls silent"
    assert [each.code for each in refusals(nasty.EICAR, nasty.picture(), nasty.picture())] == ["infected", "no_scanner"]


def test_a_form_whose_time_is_up_does_not_blame_the_scanner(db, daemon, monkeypatch):
    monkeypatch.setattr(attachments, "SECONDS", 0.5)
    assert [each.code for each in refusals(nasty.picture())] == ["too_long"]
    assert daemon.commands == []


def test_no_transaction_waits_for_it(db, daemon):
    with store.writing(), pytest.raises(store.NotIdle):
        scanning.why_not(b"x", 5)
    assert daemon.commands == []


# ---------------------------------------------------------------- is it there?


def test_whether_it_answers_is_asked_once_a_minute(db, daemon, monkeypatch):
    assert [health.is_scanner_silent() for _ in range(3)] == [False] * 3
    assert daemon.commands == [b"zPING"]
    daemon.manner = "hangs up"
    assert not health.is_scanner_silent(), "not asked again yet"
    monkeypatch.setattr(scanning, "PING_EACH", 0.0)
    scanning.use(daemon.address)
    assert health.is_scanner_silent()
    daemon.manner = "good"
    assert not health.is_scanner_silent()


def test_a_file_that_got_no_answer_is_told_of_at_once_and_so_is_the_next_that_got_one(db, daemon):
    assert not health.is_scanner_silent()
    daemon.manner = "hangs up"
    refusals(nasty.picture())
    assert health.is_scanner_silent()
    daemon.manner = "good"
    ready(nasty.picture())
    assert not health.is_scanner_silent()
