"""Files of messages: what is taken and what never is, whole with its message, for good, and for nobody else."""

import contextlib
import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import nasty
import pytest
from peewee import IntegrityError
from PIL import Image

from domain import attachments, discussions, settings, store, viewer
from domain.rules import NotFound, RuleBroken
from gateways import children, files
from models import Attachment, Message, StoredFile, StoredPiece

MiB = 1024  # in KiB


def chosen(body=None, name="letter.jpg"):
    return name, io.BytesIO(nasty.picture() if body is None else body)


def ready(*bodies):
    return attachments.ready([chosen(body) for body in bodies or (None,)])


def begin(cast, *files_, body="When do you open?", who="alice"):
    return discussions.start(getattr(cast, who), "A question", body, cast.by(who), worker=cast.dora, files=ready(*files_) if files_ else ())


def file_of(discussion):
    return Attachment.select().join(Message).where(Message.discussion == discussion).get()


# ---------------------------------------------------------------- what is taken


NASTY, GOOD = nasty.refused(), nasty.kept()


def test_there_are_sixty_nasty_files_and_more():
    assert len(NASTY) + len(GOOD) >= 60


@pytest.mark.parametrize("what", NASTY)
def test_what_is_not_what_it_should_be_is_refused(what):
    body, code = NASTY[what]
    with pytest.raises(files.Refused) as refused:
        files.look(body)
    assert refused.value.args[0] == code


@pytest.mark.parametrize("what", GOOD)
def test_a_picture_is_made_anew_and_nothing_beside_it_is_left(what):
    body, media_type = GOOD[what]
    made = files.look(body)
    assert made.media_type == media_type
    assert b"Secret" not in made.body
    assert b"<script" not in made.body
    with Image.open(io.BytesIO(made.body)) as picture:
        assert picture.get_format_mimetype() == media_type
        assert not picture.getexif()
        assert not {"exif", "xmp", "comment", "icc_profile", "Comment"} & picture.info.keys()
        assert getattr(picture, "n_frames", 1) == 1


def test_a_photo_stands_as_its_camera_was_held_and_says_nothing_of_where():
    assert dict(Image.open(io.BytesIO(nasty.photo())).getexif().get_ifd(0x8825))
    with Image.open(io.BytesIO(files.look(nasty.photo((80, 60))).body)) as upright:
        assert upright.size == (60, 80)
        assert upright.getpixel((30, 5))[0] > 150  # what was left is above
        assert upright.getpixel((30, 75))[2] > 150
        assert not upright.getexif().get_ifd(0x8825)


def test_a_large_photo_becomes_smaller_and_stays_upright():
    with Image.open(io.BytesIO(files.look(nasty.photo((5712, 4284))).body)) as small:
        assert small.width < small.height
        assert 4_000_000 < small.width * small.height < 8_100_000
        assert small.getpixel((small.width // 2, 50))[0] > 150


def test_a_harmless_pdf_is_kept_as_it_is():
    harmless = nasty.pdf(b"/OpenAction [3 0 R /Fit]", nasty.packed(b"3 0 << /S /URI /URI (https://example.org) >>"))
    assert files.look(harmless) == files.Looked("application/pdf", harmless)
    assert files.look(nasty.pdf(objects=b"(a word like JavaScript or /JSON or /Launched)")).media_type == "application/pdf"


def heaviest():
    """What takes most of what is still taken, and what wants more."""
    return {
        "20 million pixels": nasty.picture("JPEG", (5100, 4100)), "in waves": nasty.picture("JPEG", (5712, 4284), progressive=True),
        "48 million pixels": nasty.picture("JPEG", (8064, 6048)), "WebP": nasty.picture("WEBP", (2600, 2600), method=0),
        "with holes": nasty.picture("PNG", (3200, 3200), "RGBA"), "grey": nasty.picture("PNG", (9000, 9000), "L"),
        "4 GiB": NASTY["4 GiB by its head"][0], "a bomb in a PDF": nasty.pdf(objects=nasty.packed(b"\0" * 200_000_000, kind=b"")),
        "ten megabytes of PDF": nasty.pdf(objects=b"stream\n" + os.urandom(9_900_000)),
    }  # fmt: skip


def test_the_heaviest_file_takes_less_than_two_hundred_megabytes(tmp_path):
    for what, body in heaviest().items():
        (given := tmp_path / "given").write_bytes(b"{}\n" + body)
        assert (most := _memory_of(given)) < 200 * MiB, f"{what}: {most} KiB"


def _memory_of(given):
    """The most memory, in KiB, that the child had while it looked at a file."""
    most = 0
    with given.open("rb") as source, subprocess.Popen([sys.executable, "-I", str(files.CHILD)], stdin=source, stdout=subprocess.PIPE) as child:
        threading.Thread(target=child.stdout.read, daemon=True).start()
        while child.poll() is None:
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
                most = max([most, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))])
            time.sleep(0.005)
    assert most
    return most


def test_what_takes_too_long_is_given_up_and_the_next_one_goes(monkeypatch):
    with pytest.raises(files.Refused, match="too_long"):
        files.look(nasty.picture(), seconds=0.001)
    assert files.look(nasty.picture()).media_type == "image/jpeg"


def test_one_at_a_time_and_nobody_waits_for_ever():
    with children.alone(1), pytest.raises(files.Refused, match="busy"):
        files.look(nasty.picture(), seconds=0.05)


def test_no_transaction_waits_for_a_picture(cast):
    with store.writing(), pytest.raises(store.NotIdle):
        ready()


# ---------------------------------------------------------------- limits, all said at once


def refusals(*bodies, name="letter.jpg"):
    with pytest.raises(RuleBroken) as refused:
        attachments.ready([chosen(body, name) for body in bodies])
    return [(each.code, each.field) for each in refused.value.every], str(refused.value)


def test_all_that_is_wrong_with_files_is_said_at_once_and_by_their_names(db):
    with pytest.raises(RuleBroken) as refused:
        attachments.ready([chosen(b"", "one.jpg"), chosen(), chosen(b"x", "two.pdf"), chosen(b"%PDF-1.7" + b"\0" * 10_000_000, "big.pdf")])
    assert [each.code for each in refused.value.every] == ["empty", "not_allowed", "too_large"]
    for each, name in zip(refused.value.every, ("one.jpg", "two.pdf", "big.pdf"), strict=True):
        assert name in str(each)
    assert "10 MB" in str(refused.value.every[2])


def test_six_files_are_too_many(db):
    codes, sentence = refusals(*[None] * 6)
    assert codes == [("too_many", "files")]
    assert "6" in sentence
    assert "5" in sentence
    assert len(ready(*[None] * 5)) == 5


def test_the_limits_are_settings(cast):
    settings.change("attachment_megabytes", "1", cast.by("ada"))
    assert refusals(nasty.pdf() + b"\0" * 1_000_000)[0] == [("too_large", "files")]
    settings.change("attachments_each", "1", cast.by("ada"))
    assert refusals(None, None)[0] == [("too_many", "files")]
    settings.change("attachments_each", "0", cast.by("ada"))
    assert refusals(None)[0] == [("off", "files")]
    assert attachments.ready([]) == []


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(("typed", "shown"), [
    ("letter.jpg", "letter.jpg"), ("LETTER.JPEG", "LETTER.jpeg"), ("letter.png", "letter.jpg"), ("IMG_1.HEIC", "IMG_1.jpg"),
    ("../../etc/passwd", "passwd.jpg"), ("..\\..\\boot.ini", "boot.ini.jpg"), ("C:\\photos\\me.jpg", "me.jpg"), ("..", "file.jpg"),
    ("", "file.jpg"), (".jpg", "file.jpg"), ("/", "file.jpg"), ("evil.exe", "evil.exe.jpg"), ("a\x00b.jpg", "ab.jpg"),
    ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie_ x.jpg"), ("photo\u202egpj.exe", "photogpj.exe.jpg"), ("\u2066a\u2069.jpg", "a.jpg"),
    ('a"b<c>.jpg', "a_b_c_.jpg"), ("رسالة من المدرسة.jpg", "رسالة من المدرسة.jpg"), ("a  b .jpg", "a b.jpg"), ("\ufeff\u200b.jpg", "file.jpg"),
    ("👨\u200d👩.jpg", "👨\u200d👩.jpg"), ("e\u0301.jpg", "é.jpg"),
])  # fmt: skip
def test_a_name_is_shown_clean_and_ends_as_what_it_is(typed, shown):
    assert attachments.called(typed, "image/jpeg") == shown


def test_a_long_name_keeps_its_ending():
    made = attachments.called("x" * 300 + ".pdf", "application/pdf")
    assert (len(made), made[-4:]) == (100, ".pdf")
    assert len(attachments.plain("x" * 300)) == 100


# ---------------------------------------------------------------- with their message


def test_files_are_kept_with_their_message_byte_by_byte(cast):
    long = nasty.pdf(objects=b"stream\n" + os.urandom(900_000))
    made = begin(cast, long, nasty.picture())
    first, second = attachments.of([Message.get()])[Message.get().id]
    assert (first.name, first.file.media_type, second.file.media_type) == ("letter.pdf", "application/pdf", "image/jpeg")
    assert attachments.bytes_of(first.file) == long
    assert first.file.pieces.count() == 4
    assert attachments.one(made, second.public_id) == second


def test_words_may_be_left_out_where_a_file_is_sent_and_only_there(cast):
    made = begin(cast, None, body=" \n")
    assert Message.get().body == ""
    with pytest.raises(RuleBroken) as refused:
        discussions.write(made, "", cast.by("alice"))
    assert refused.value.code == "missing"


def test_what_is_refused_leaves_no_byte(cast):
    made = begin(cast)
    for _ in range(2):
        discussions.write(made, "Hello?", cast.by("alice"))
    with pytest.raises(RuleBroken):
        discussions.write(made, "A fourth", cast.by("alice"), ready())
    with pytest.raises(RuntimeError), store.writing():
        discussions.write(made, "Broken off", cast.by("dora"), ready())
        raise RuntimeError
    assert (StoredFile.select().count(), StoredPiece.select().count(), Attachment.select().count()) == (0, 0, 0)


def test_each_of_a_group_gets_it_and_it_is_kept_once(cast):
    made = discussions.start_with_each([cast.bob, cast.alice], "Monday", "The plan.", cast.by("dora"), worker=cast.dora, files=ready(None, None))
    assert StoredFile.select().count() == 2
    mine = [file_of(each) for each in made]
    assert len({each.public_id for each in mine}) == 2
    assert mine[0].file == mine[1].file
    with pytest.raises(NotFound):
        attachments.one(made[0], mine[1].public_id)


# ---------------------------------------------------------------- for good, and for nobody else


@pytest.mark.parametrize("change", [
    lambda: StoredFile.update(size=1).execute(), lambda: StoredFile.delete().execute(),
    lambda: StoredPiece.update(body=b"x").execute(), lambda: StoredPiece.delete().execute(),
    lambda: Attachment.update(name="x").execute(), lambda: Attachment.delete().execute(),
])  # fmt: skip
def test_the_database_lets_nobody_change_or_remove_one(cast, change):
    made = begin(cast, None)
    with pytest.raises(IntegrityError), store.writing():
        change()
    assert attachments.bytes_of(file_of(made).file)


@pytest.mark.only_postgres
@pytest.mark.parametrize("table", ["stored_file", "stored_piece", "attachment"])
def test_nor_empty_the_table(cast, table):
    begin(cast, None)
    with pytest.raises(IntegrityError), store.writing():
        store.db.execute_sql(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("row", [
    {"media_type": "image/svg+xml"}, {"media_type": "text/html"}, {"size": 0}, {"digest": "abc"},
])  # fmt: skip
def test_the_database_knows_what_may_be_kept(cast, row):
    with pytest.raises(IntegrityError), store.writing():
        StoredFile.create(**{"media_type": "image/png", "size": 5, "digest": "0" * 64, **row})


def test_what_is_not_what_was_sent_is_never_handed_out(cast):
    with store.writing():
        damaged = StoredFile.create(media_type="image/png", size=3, digest="0" * 64)
        StoredPiece.create(file=damaged, number=0, body=b"abc")
    with pytest.raises(attachments.Damaged):
        attachments.bytes_of(damaged)


def reads(cast, who, discussion):
    """Whether somebody gets the file of a discussion, were they to know both addresses."""
    seen = viewer.of(cast.session(who), "")
    try:
        return bool(attachments.one(seen.discussion(discussion.public_id), file_of(discussion).public_id))
    except NotFound:
        return False


def test_who_reads_the_discussion_gets_its_files_and_nobody_else(cast):
    made = begin(cast, None)
    everybody = ("alice", "bob", "dora", "otto", "ines", "finn", "ada")
    may = {who for who in everybody if _may_read(cast, who, made)}
    assert {who for who in everybody if reads(cast, who, made)} == may
    assert {"alice", "ada"} <= may
    assert "bob" not in may


def _may_read(cast, who, discussion):
    with contextlib.suppress(NotFound):
        return bool(viewer.of(cast.session(who), "").discussion(discussion.public_id))
    return False


def test_a_file_of_another_discussion_or_of_a_note_is_not_there(cast):
    hers, another, his = begin(cast, None), begin(cast, None), begin(cast, None, who="bob")
    for other in (another, his):
        with pytest.raises(NotFound):
            attachments.one(hers, file_of(other).public_id)
    discussions.note(hers, "A note", cast.by("dora"))
    kept = ready()
    with store.writing():  # no page offers it
        attachments.attach(Message.get(Message.is_note), kept)
    with pytest.raises(NotFound):
        attachments.one(hers, Attachment.select().order_by(Attachment.id.desc()).get().public_id)
