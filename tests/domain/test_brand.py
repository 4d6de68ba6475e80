"""The agency's look: chosen, kept, followed in every process, and never half."""

import io

import pytest
from PIL import Image

from domain import brand, readiness, settings, store
from domain.rules import NotFound, RuleBroken
from gateways import pictures
from models import AuditEntry, BrandPicture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><circle cx="50" cy="50" r="40" fill="#7a1f4b"/></svg>'


def png(size=(60, 40), colour=(122, 31, 75)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return io.BytesIO(out.getvalue())


def changes():
    return AuditEntry.select().where(AuditEntry.kind == "brand.changed").count()


def test_a_new_agency_looks_as_the_portal_does(db):
    look = brand.look()
    assert (look.accent, look.stylesheet, look.logo, look.icons, look.is_decided) == ("", "", None, {}, False)
    assert look.tiles == {
        "calendar": "calendar", "inbox": "message-square", "my_services": "heart-handshake", "about_me": "user-round", "my_portal": "key-round",
    }  # fmt: skip


def test_what_is_chosen_shows_at_once_although_the_look_is_kept(cast):
    brand.look()
    brand.choose_accent("#7A1F4B", cast.by("ada"))
    assert brand.look().accent == "#7a1f4b"
    assert brand.look().icons_from == "accent"
    brand.upload("logo", png(), cast.by("ada"))
    assert brand.look().icons_from == "logo"
    brand.upload("icon", png((50, 50)), cast.by("ada"))
    assert brand.look().icons_from == "icon"
    brand.draw("my_portal", "lock", cast.by("ada"))
    assert brand.look().tiles["my_portal"] == "lock"
    assert brand.look().is_decided


def test_another_process_hears_of_it_by_the_mark_of_the_house(cast):
    before = store._ask_mark()
    brand.upload("logo", io.BytesIO(SVG), cast.by("ada"))
    between = store._ask_mark()
    brand.remove("logo", cast.by("ada"))
    assert len({before, between, store._ask_mark()}) == 3


def test_the_bytes_are_there_under_their_address_and_gone_with_the_picture(cast):
    brand.upload("logo", io.BytesIO(SVG), cast.by("ada"))
    address = brand.look().logo.address
    content_type, body = brand.bytes_of(address)
    assert content_type == "image/svg+xml"
    assert b"#7a1f4b" in body
    brand.remove("logo", cast.by("ada"))
    with pytest.raises(NotFound):
        brand.bytes_of(address)


def test_a_page_never_reads_the_bytes(cast, monkeypatch):
    brand.upload("logo", io.BytesIO(SVG), cast.by("ada"))
    with store.writing():
        BrandPicture.update(body=b"x" * 100).execute()
    monkeypatch.setattr(type(BrandPicture.body), "python_value", lambda field, value: pytest.fail("read"))
    assert brand.look().logo is not None


def test_a_refused_picture_leaves_the_former_one(cast):
    brand.upload("logo", io.BytesIO(SVG), cast.by("ada"))
    before = brand.look()
    with pytest.raises(RuleBroken) as refused:
        brand.upload("logo", io.BytesIO(b"%PDF-1.7"), cast.by("ada"))
    assert (refused.value.field, refused.value.code) == ("file", "not_picture")
    assert brand.look() == before


def test_the_limit_is_a_setting(cast):
    large = io.BytesIO(b"x" * 1_000_001)
    settings.change("picture_megabytes", "1", cast.by("ada"))
    with pytest.raises(RuleBroken) as refused:
        brand.upload("logo", large, cast.by("ada"))
    assert refused.value.code == "too_large"


def test_a_small_logo_is_not_blown_up_and_a_large_one_fits_the_bar(cast):
    brand.upload("logo", png((20, 20)), cast.by("ada"))
    assert (brand.look().logo.width, brand.look().logo.height) == (20, 20)
    brand.upload("logo", png((2000, 1000)), cast.by("ada"))
    assert (brand.look().logo.width, brand.look().logo.height) == (80, 40)


def test_whoever_saw_another_state_is_told(cast):
    brand.choose_accent("#7a1f4b", cast.by("ada"))
    for late in (
        lambda: brand.choose_accent("#0b3d91", cast.by("ada"), as_opened=lambda saved: saved["accent"] == ""),
        lambda: brand.upload("logo", io.BytesIO(SVG), cast.by("ada"), as_opened=lambda saved: saved["state"] == "another"),
        lambda: brand.draw("about_me", "heart", cast.by("ada"), as_opened=lambda saved: saved["state"] == "another"),
    ):
        with pytest.raises(RuleBroken) as refused:
            late()
        assert refused.value.code == "stale"
    assert brand.look().accent == "#7a1f4b"
    assert brand.look().logo is None


def test_each_change_is_in_the_audit_once_and_the_same_again_is_none(cast):
    for _ in range(2):
        brand.choose_accent("#7a1f4b", cast.by("ada"))
        brand.upload("logo", io.BytesIO(SVG), cast.by("ada"))
        brand.draw("about_me", "heart", cast.by("ada"))
        brand.keep_as_it_is(cast.by("ada"))
    assert changes() == 3
    for _ in range(2):
        brand.remove("logo", cast.by("ada"))
    assert changes() == 4


def test_two_at_once_leave_one_whole_set(cast, at_once):
    parts = [png((60, 40)), png((40, 60))]
    at_once([lambda file=file: brand.upload("logo", file, cast.by("ada")) for file in parts])
    rows = BrandPicture.select().where(BrandPicture.part == "logo")
    assert rows.count() == 6
    assert {row.kind for row in rows} == {"picture", "icon-192", "icon-512", "maskable-512", "icon-180", "icon-48"}


def test_a_child_that_is_killed_leaves_nothing(cast, monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(pictures, "CHILD", child)
    with pytest.raises(RuleBroken) as refused:
        brand.upload("logo", io.BytesIO(SVG), cast.by("ada"))
    assert refused.value.code == "broken"
    assert BrandPicture.select().count() == 0


@pytest.mark.parametrize("part", ["accent", "tile.nothing", "", "decided"])
def test_what_is_no_part_takes_no_picture(cast, part):
    with pytest.raises(NotFound):
        brand.upload(part, io.BytesIO(SVG), cast.by("ada"))
    with pytest.raises(NotFound):
        brand.remove(part, cast.by("ada"))


def test_a_drawing_that_the_tile_does_not_have_is_refused(cast):
    with pytest.raises(RuleBroken):
        brand.draw("about_me", "bell", cast.by("ada"))


def test_keeping_it_as_it_is_is_a_choice(db, house):
    from domain.actor import SYSTEM

    brand.keep_as_it_is(SYSTEM)
    assert {step.key: step.is_done for step in readiness.steps(mail_test_needed=False)}["brand"]
