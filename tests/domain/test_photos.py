"""Photos of workers: put and removed by who may, whole or not at all, gone with whoever leaves."""

import io

import pytest
from PIL import Image

from domain import audit, leaving, photos, settings, store, viewer, workers
from domain.rules import NotFound, RuleBroken
from gateways import pictures
from models import AuditEntry, Worker, WorkerPhoto


def png(colour=(122, 31, 75)):
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "PNG")
    return io.BytesIO(out.getvalue())


def noted():
    every = AuditEntry.select().where(AuditEntry.kind.startswith("worker.photo")).order_by(AuditEntry.id)
    return [(entry.kind, entry.worker.first_name, entry.subject) for entry in every]


def seen(cast, who, worker):
    """Whether somebody gets the photo of a worker, were they to know its address."""
    try:
        return viewer.of(cast.session(who), "").photo(photos.of(worker).large).body
    except NotFound:
        return None


def test_a_photo_is_put_replaced_and_removed_and_each_is_in_the_audit_with_who(cast):
    assert photos.of(cast.dora) is None
    photos.put(cast.dora, png(), cast.by("ada"))
    first = photos.of(cast.dora)
    assert {(row.kind, row.width, row.height, row.content_type) for row in WorkerPhoto} == {
        ("small", 96, 96, "image/webp"), ("large", 192, 192, "image/webp"),
    }  # fmt: skip
    photos.put(cast.dora, png(), cast.by("dora"))
    assert not {first.small, first.large} & {row.public_id for row in WorkerPhoto}  # the same picture has another address
    for _ in range(2):
        photos.remove(cast.dora, cast.by("dora"))
    assert WorkerPhoto.select().count() == 0
    about = workers.subject(cast.dora)
    assert noted() == [("worker.photo_put", "Ada", about), ("worker.photo_put", "Dora", about), ("worker.photo_removed", "Dora", about)]


def test_nobody_touches_the_photo_of_who_has_rights_that_they_lack(cast):
    for late in (lambda: photos.put(cast.ada, png(), cast.by("finn")), lambda: photos.remove(cast.ada, cast.by("finn"))):
        with pytest.raises(RuleBroken) as refused:
            late()
        assert refused.value.code == "too_high"
    assert WorkerPhoto.select().count() == 0


def test_clients_see_it_where_the_agency_says_so_and_staff_always(cast):
    photos.put(cast.dora, png(), cast.by("ada"))
    assert seen(cast, "alice", cast.dora) == seen(cast, "otto", cast.dora) != None  # noqa: E711
    settings.change("worker_photos", "0", cast.by("ada"))
    assert seen(cast, "alice", cast.dora) is None
    assert seen(cast, "otto", cast.dora)


def test_with_whoever_leaves_the_photo_is_gone_for_everybody(cast):
    photos.put(cast.dora, png(), cast.by("ada"))
    address = photos.of(cast.dora).large
    leaving.leave(cast.dora, cast.by("ada"))
    assert WorkerPhoto.select().count() == 0
    for who in ("alice", "ada"):
        with pytest.raises(NotFound):
            viewer.of(cast.session(who), "").photo(address)
    with pytest.raises(RuleBroken) as refused:
        photos.put(cast.dora, png(), cast.by("ada"))
    assert refused.value.code == "left"


def test_with_an_invitation_the_photo_is_withdrawn(cast):
    wim = workers.invite(workers.Details("Wim", "West", "wim@example.org"), cast.by("ada"))
    photos.put(wim, png(), cast.by("ada"))
    workers.withdraw(wim, cast.by("ada"))
    assert WorkerPhoto.select().count() == 0


def test_whoever_is_not_here_is_not_shown_even_where_a_row_was_left(cast):
    photos.put(cast.dora, png(), cast.by("ada"))
    address = photos.of(cast.dora).large
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    for who in ("alice", "ada"):
        with pytest.raises(NotFound):
            viewer.of(cast.session(who), "").photo(address)


def test_whoever_saw_another_photo_is_told(cast):
    photos.put(cast.dora, png(), cast.by("ada"))
    before = photos.of(cast.dora)
    with pytest.raises(RuleBroken) as refused:
        photos.put(cast.dora, png(), cast.by("dora"), as_opened=lambda saved: saved["state"] == "")
    assert refused.value.code == "stale"
    assert photos.of(cast.dora) == before


def test_two_at_once_leave_one_whole_photo(cast, at_once):
    at_once([lambda file=file: photos.put(cast.dora, file, cast.by("ada")) for file in (png(), png((9, 9, 9)))])
    small, large = WorkerPhoto.select().order_by(WorkerPhoto.width)
    shades = [Image.open(io.BytesIO(row.body)).getpixel((5, 5))[0] for row in (small, large)]
    assert abs(shades[0] - shades[1]) < 20


@pytest.mark.parametrize("last_words", ["", 'sys.stdout.buffer.write(b\'{"made": [{"kind": "small", "content_type": "image/webp", "width": 9, "height": 9, "size": 9}]}\\n1234\')\nsys.stdout.flush()\n'])
def test_an_upload_that_is_killed_half_way_leaves_the_former_photo(cast, monkeypatch, tmp_path, last_words):
    photos.put(cast.dora, png(), cast.by("ada"))
    before = photos.of(cast.dora)
    child = tmp_path / "child.py"
    child.write_text(f"import os, signal, sys\n{last_words}os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(pictures, "CHILD", child)
    with pytest.raises(RuleBroken) as refused:
        photos.put(cast.dora, png(), cast.by("ada"))
    assert refused.value.code == "broken"
    assert photos.of(cast.dora) == before


def test_what_cannot_be_noted_is_not_kept(cast, monkeypatch):
    photos.put(cast.dora, png(), cast.by("ada"))
    before = photos.of(cast.dora)
    monkeypatch.delitem(audit.KINDS, "worker.photo_put")
    with pytest.raises(Exception, match=r"photo_put"):
        photos.put(cast.dora, png(), cast.by("ada"))
    assert photos.of(cast.dora) == before


def test_the_limit_is_a_setting(cast):
    settings.change("photo_megabytes", "1", cast.by("ada"))
    with pytest.raises(RuleBroken) as refused:
        photos.put(cast.dora, io.BytesIO(b"x" * 1_000_001), cast.by("ada"))
    assert (refused.value.field, refused.value.code) == ("file", "too_large")


def test_a_page_never_reads_the_bytes(cast, monkeypatch):
    photos.put(cast.dora, png(), cast.by("ada"))
    monkeypatch.setattr(type(WorkerPhoto.body), "python_value", lambda field, value: pytest.fail("read"))
    assert photos.of(cast.dora)
