"""The agency's look: its colour, logo, icons and the pictures of the tiles, as staff choose and everybody sees them."""

import io
import json

import pytest
from pages.conftest import File
from PIL import Image

from domain import brand
from models import AuditEntry, BrandPicture

pytestmark = pytest.mark.usefixtures("cast")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><circle cx="50" cy="50" r="40" fill="#7a1f4b"/></svg>'


def drawn(size=(300, 200), colour=(122, 31, 75)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def upload(ada, part, body, name="logo.png", button="Upload"):
    ada.open(f"/admin/settings/brand/pictures/{part}")
    return ada.press(button, file=File(name, body))


def manifest(browse):
    return json.loads(browse().ask("/manifest.webmanifest").body)


# ---------------------------------------------------------------- colour


def test_a_chosen_colour_shows_at_once_on_every_page_and_in_the_manifest(browse):
    ada, alice = browse("ada"), browse("alice")
    assert "/brand.css" not in alice.open("/").html
    ada.open("/admin/settings/brand/colour")
    page = ada.press("Save", accent="#7a1f4b")
    assert "Your colour #7a1f4b can be read well" in page
    home = alice.open("/").html
    sheet = home.partition('href="/brand.css')[2].partition('"')[0]
    answer = browse().ask(f"/brand.css{sheet}")
    assert "--accent: #7a1f4b" in answer.html
    assert "immutable" in answer.headers["Cache-Control"]
    assert 'content="#7a1f4b" media="(prefers-color-scheme: light)"' in home
    assert manifest(browse)["theme_color"] == "#7a1f4b"
    assert '<link rel="icon" href="data:image/svg+xml,' in home  # no request more than without a colour
    assert 'rel="icon"' not in browse().open("/offline").html


def test_white_is_answered_with_what_is_used_instead(browse):
    ada = browse("ada")
    ada.open("/admin/settings/brand/colour")
    page = ada.press("Save", accent="#ffffff")
    assert "is too light for text; we darkened it to #" in page
    assert browse().ask("/brand.css").html.splitlines()[1].count("#ffffff") == 0


def test_a_colour_reads_from_its_hash_sign_where_lines_turn(browse):
    ada = browse("ada")
    ada.open("/admin/settings/brand/colour")
    ada.press("Save", accent="#7a1f4b")
    page = ada.open("/admin/settings/brand", headers={"Accept-Language": "ar"})
    assert "\u200e#7a1f4b" in page.html


def test_the_picker_counts_when_nothing_was_typed(browse):
    ada = browse("ada")
    ada.open("/admin/settings/brand/colour")
    ada.press("Save", picker="#0b3d91")
    assert "#0b3d91" in ada.open("/admin/settings/brand")
    ada.open("/admin/settings/brand/colour")
    ada.press("Save", accent="")
    assert "own green" in ada.open("/admin/settings/brand")
    assert "/brand.css" not in browse("alice").open("/").html


def test_what_is_no_colour_is_refused_beside_its_field_and_kept(browse):
    ada = browse("ada")
    ada.open("/admin/settings/brand/colour")
    page = ada.press("Save", accent="red; } body { display: none")
    assert page.status == 422
    assert page.problems == ["Enter a colour such as #1d5a36: six digits or letters from a to f."]
    assert page.form("Save").values["accent"] == "red; } body { display: none"


def test_of_two_who_choose_a_colour_the_second_is_told(browse):
    first, second = browse("ada"), browse("ada")
    for each in (first, second):
        each.open("/admin/settings/brand/colour")
    first.press("Save", accent="#7a1f4b")
    page = second.press("Save", accent="#0b3d91")
    assert page.status == 422
    assert "saved now: #7a1f4b" in page
    assert second.press("Save").status == 200
    assert "#0b3d91" in first.open("/admin/settings/brand")


# ---------------------------------------------------------------- logo and icons


def test_a_logo_stands_on_every_page_with_the_agencys_name_and_its_room(browse):
    upload(browse("ada"), "logo", drawn())
    for page in (browse().open("/sign-in"), browse("alice").open("/")):
        tag = page.html.partition('<img class="logo"')[2].partition(">")[0]
        assert 'alt="Harbour Family Services" width="60" height="40"' in tag
    answer = browse().ask(tag.partition('src="')[2].partition('"')[0])
    assert Image.open(io.BytesIO(answer.body)).format == "WEBP"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    again = browse().ask(tag.partition('src="')[2].partition('"')[0], headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


def test_the_icons_follow_the_logo_then_the_icon_and_go_back(browse):
    ada = browse("ada")
    before = manifest(browse)["icons"]
    upload(ada, "logo", drawn())
    of_logo = manifest(browse)["icons"]
    assert {icon["sizes"] for icon in of_logo} == {"192x192", "512x512"}
    assert [icon["src"].startswith("/brand/") for icon in of_logo] == [True] * 3
    for icon in of_logo:
        picture = Image.open(io.BytesIO(browse().ask(icon["src"]).body))
        assert (picture.format, f"{picture.width}x{picture.height}") == ("PNG", icon["sizes"])
    upload(ada, "icon", drawn((200, 200), (0, 0, 200)))
    assert manifest(browse)["icons"] != of_logo
    ada.open("/admin/settings/brand/pictures/icon")
    ada.press("Remove it")
    assert manifest(browse)["icons"] == of_logo
    ada.open("/admin/settings/brand/pictures/logo")
    ada.press("Remove it")
    assert manifest(browse)["icons"] == before
    assert browse().ask(of_logo[0]["src"]).status == 404
    assert "class=\"logo\"" not in browse().open("/sign-in").html


def test_a_drawing_is_served_so_that_it_can_do_nothing(browse):
    ada = browse("ada")
    upload(ada, "logo", SVG, "logo.svg")
    page = ada.open("/admin/settings/brand/pictures/logo")
    assert "No icons for home screens can be made from an SVG" in page
    path = page.html.partition('<img class="logo" src="')[2].partition('"')[0]
    answer = browse().ask(path)
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'; sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_wide_logo_takes_the_place_of_the_name(browse):
    upload(browse("ada"), "logo", drawn((800, 100)))
    html = browse().open("/sign-in").html
    assert 'width="160" height="20"' in html
    assert 'class="whole"' not in html


@pytest.mark.parametrize(("body", "sentence"), [
    (b"", "This file is empty. Choose another one."),
    (b"#!/bin/sh\n", "This is not a picture that can be used here. Choose a PNG, JPEG or WebP file."),
    (b"x" * 2_000_001, "This file is larger than 2 MB. Make the picture smaller, and upload that."),
    (SVG.replace(b"<circle", b"<a href='https://evil.example/'><circle").replace(b"/></svg>", b"/></a></svg>"), "This SVG file holds more than a drawing"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_beside_the_field_and_nothing_is_kept(browse, body, sentence):
    page = upload(browse("ada"), "logo", body)
    assert page.status == 422
    assert page.problems[0].startswith(sentence)
    assert BrandPicture.select().count() == 0


def test_without_a_file_it_is_asked_for(browse):
    ada = browse("ada")
    ada.open("/admin/settings/brand/pictures/logo")
    page = ada.press("Upload")
    assert (page.status, page.problems) == (422, ["Choose a file."])


def test_an_upload_that_is_far_too_large_gets_a_plain_page(browse):
    page = upload(browse("ada"), "logo", b"x" * 21_000_000)
    assert page.status == 413


def test_of_two_who_upload_a_logo_the_second_is_told(browse):
    first, second = browse("ada"), browse("ada")
    for each in (first, second):
        each.open("/admin/settings/brand/pictures/logo")
    first.press("Upload", file=File("a.png", drawn()))
    page = second.press("Upload", file=File("b.png", drawn((200, 200))))
    assert page.status == 422
    assert BrandPicture.get(BrandPicture.part == "logo", BrandPicture.kind == "picture").width == 180
    assert second.press("Upload", file=File("b.png", drawn((200, 200)))).status == 200


def test_nobody_removes_a_logo_that_they_have_not_seen(browse):
    ada, other = browse("ada"), browse("ada")
    upload(ada, "logo", SVG)
    ada.open("/admin/settings/brand/pictures/logo")
    upload(other, "logo", drawn())
    page = ada.press("Remove it")
    assert "Somebody else changed this meanwhile" in page
    assert brand.look().logo.content_type == "image/webp"
    assert "Removed." in ada.press("Remove it")
    assert brand.look().logo is None


def test_who_changed_what_is_kept_but_no_bytes(browse):
    upload(browse("ada"), "logo", drawn())
    entry = AuditEntry.get(AuditEntry.kind == "brand.changed")
    assert entry.worker.first_name == "Ada"


# ---------------------------------------------------------------- tiles


def test_a_tile_takes_another_drawing_and_a_picture_of_the_agencys_own(browse):
    ada, alice = browse("ada"), browse("alice")
    assert "#user-round" in alice.open("/").html.partition('class="tiles"')[2]
    ada.open("/admin/settings/brand/pictures/tile.about_me")
    ada.press("Save", icon="heart")
    assert '#heart"' in alice.open("/").html.partition('class="tiles"')[2]
    upload(ada, "tile.about_me", drawn(), button="Save")
    tile = alice.open("/").html.partition('class="tile" href="/about-me/"')[2].partition("</li>")[0]
    assert 'width="48" height="48" loading="lazy"' in tile
    assert len(browse().ask(tile.partition('src="')[2].partition('"')[0]).body) <= 6 * 1024
    ada.open("/admin/settings/brand/pictures/tile.about_me")
    ada.press("Save")  # its own picture stays
    assert "/brand/" in alice.open("/").html
    ada.open("/admin/settings/brand/pictures/tile.about_me")
    ada.press("Save", icon="users")
    assert "/brand/" not in alice.open("/").html


def test_what_is_no_part_of_the_brand_is_not_there(browse):
    assert browse("ada").ask("/admin/settings/brand/pictures/tile.nothing").status == 404
    assert browse("ada").ask("/admin/settings/brand/pictures/accent").status == 404


# ---------------------------------------------------------------- setup


def test_the_step_is_done_when_it_is_kept_as_it_is(browse):
    ada = browse("ada")
    ada.open("/admin/settings/brand")
    assert not brand.look().is_decided
    assert ada.press("Keep it as it is").path == "/admin/settings/"
    assert brand.look().is_decided
    assert "Keep it as it is" not in ada.open("/admin/settings/brand")
