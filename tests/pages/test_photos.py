"""Photos of workers, as staff put them and as those who may see them get them."""

import io

import pytest
from pages.conftest import File
from PIL import Image

from domain import photos, settings
from models import WorkerPhoto
from web.formatting import initials

pytestmark = pytest.mark.usefixtures("cast")
MINE = "/admin/my-sign-in/photo"


def drawn(size=(300, 200), form="PNG", **how):
    out = io.BytesIO()
    Image.new("RGB", size, (90, 60, 40)).save(out, form, **how)
    return out.getvalue()


def upload(browser, where, body=None, name="me.png"):
    browser.open(where)
    return browser.press("Upload", file=File(name, drawn() if body is None else body))


def of(worker):
    return f"/admin/workers/{worker.public_id}/photo"


def test_a_photo_shows_beside_the_name_that_clients_read_and_is_removed_with_one_button(browse, cast):
    ada = browse("ada")
    assert '<span class="face initials" aria-hidden="true">' in ada.open(f"/admin/workers/{cast.dora.public_id}/").html
    page = upload(ada, of(cast.dora))
    assert page.path == f"/admin/workers/{cast.dora.public_id}/"
    tag = page.html.partition('<img class="face"')[2].partition(">")[0]
    photo = photos.of(cast.dora)
    assert f'src="/admin/photos/{photo.small}" srcset="/admin/photos/{photo.large} 2x" alt=""' in tag
    ada.open(of(cast.dora))
    assert '<img class="face"' not in ada.press("Remove the photo").html
    assert WorkerPhoto.select().count() == 0


def test_a_worker_puts_and_removes_their_own_without_any_right(browse, cast):
    otto = browse("otto")
    assert MINE in otto.open("/admin/my-sign-in/").html
    assert upload(otto, MINE).path == MINE
    assert photos.of(cast.otto)
    assert otto.ask(of(cast.dora)).status == 404
    otto.open(MINE)
    otto.press("Remove the photo")
    assert photos.of(cast.otto) is None


def test_nobody_changes_the_photo_of_somebody_above(browse, cast):
    finn = browse("finn")
    assert "Nothing can be changed here." in finn.open(of(cast.ada))
    assert "Upload" not in [button for form in finn.open(of(cast.ada)).forms for button in form.buttons]


def test_a_photo_comes_as_a_picture_that_each_use_asks_for_again(browse, cast):
    upload(browse("ada"), of(cast.dora))
    photo = photos.of(cast.dora)
    for who, place in (("alice", "/photos/"), ("otto", "/admin/photos/")):
        for address, edge in ((photo.small, 96), (photo.large, 192)):
            answer = browse(who).ask(place + address)
            assert Image.open(io.BytesIO(answer.body)).size == (edge, edge)
            assert answer.headers["Content-Type"] == "image/webp"
            assert answer.headers["Cache-Control"] == "private, no-cache"
            assert "Cookie" in answer.headers["Vary"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        kept = {"If-None-Match": answer.headers["ETag"]}
        assert browse(who).ask(place + photo.large, headers=kept).status == 304
        assert browse().ask(place + photo.large, headers=kept).location.startswith("/sign-in")
    settings.change("worker_photos", "0", cast.by("ada"))
    assert browse("alice").ask("/photos/" + photo.large, headers=kept).status == 404


def test_a_photo_is_never_for_visitors_and_for_clients_only_where_the_agency_says_so(browse, cast):
    upload(browse("ada"), of(cast.dora))
    there, alice = photos.of(cast.dora).large, browse("alice")
    for path in ("/photos/", "/admin/photos/"):
        answers = [browse().ask(path + name) for name in (there, "x" * 22)]
        assert [(answer.status, answer.location.partition("?")[0], b"WEBP" in answer.body) for answer in answers] == [(303, "/sign-in", False)] * 2
    assert alice.ask(f"/photos/{there}").status == 200
    assert alice.ask(f"/admin/photos/{there}").status == 404
    settings.change("worker_photos", "0", cast.by("ada"))
    hidden, nowhere = alice.ask(f"/photos/{there}"), alice.ask("/photos/" + "x" * 22)
    assert (hidden.status, hidden.text) == (nowhere.status, nowhere.text)
    assert hidden.status == 404
    page = browse("otto").open(MINE)
    assert "Photos are for staff only at present." in page
    card = browse("ada").open(f"/admin/workers/{cast.dora.public_id}/").html.partition('class="preview"')[2]
    assert '<span class="face initials" aria-hidden="true">' in card
    assert browse("otto").ask(f"/admin/photos/{there}").status == 200


@pytest.mark.parametrize(("body", "sentence"), [
    (b"", "This file is empty. Choose another one."),
    (b"#!/bin/sh\n", "This is not a picture that can be used here. Choose a PNG, JPEG or WebP file."),
    (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>', "An SVG does not work here."),
    (b"x" * 8_000_001, "This file is larger than 8 MB. Make the picture smaller, and upload that."),
    (drawn()[:100], "This picture is damaged."), (drawn((60, 1000)), "This picture is too long and narrow."),
])  # fmt: skip
def test_what_cannot_be_used_is_refused_beside_the_field_and_the_former_photo_stays(browse, cast, body, sentence):
    otto = browse("otto")
    upload(otto, MINE)
    before = photos.of(cast.otto)
    page = upload(otto, MINE, body)
    assert page.status == 422
    assert page.problems[0].startswith(sentence)
    assert photos.of(cast.otto) == before


def test_fifty_megabytes_get_a_plain_page_and_no_file_a_question(browse):
    otto = browse("otto")
    assert upload(otto, MINE, b"x" * 50_000_000).status == 413
    otto.open(MINE)
    page = otto.press("Upload")
    assert (page.status, page.problems) == (422, ["Choose a file."])


def test_of_two_who_upload_the_second_is_told(browse, cast):
    dora, ada = browse("dora"), browse("ada")
    dora.open(MINE)
    ada.open(of(cast.dora))
    ada.press("Upload", file=File("a.png", drawn()))
    page = dora.press("Upload", file=File("b.png", drawn()))
    assert page.status == 422
    assert "Somebody else changed this meanwhile" in page
    assert dora.press("Upload", file=File("b.png", drawn())).status == 200


def test_nobody_removes_a_photo_that_they_have_not_seen(browse, cast):
    dora, ada = browse("dora"), browse("ada")
    upload(dora, MINE)
    ada.open(of(cast.dora))
    upload(dora, MINE)
    fresh = photos.of(cast.dora)
    assert "Somebody else changed this meanwhile" in ada.press("Remove the photo")
    assert photos.of(cast.dora) == fresh
    ada.open(of(cast.dora))
    dora.open(MINE)
    assert "Removed." in ada.press("Remove the photo")
    assert "Removed." in dora.press("Remove the photo")
    assert photos.of(cast.dora) is None


@pytest.mark.parametrize(("name", "letters"), [
    ("Dora Reed", "DR"), ("maría josé álvarez", "MÁ"), ("Cher", "C"), ("E\u0301tienne", "É"), ("دورا ريد", "د"), ("山田 花子", "山"), ("(–) 7", "?"), ("ßen", "S"),
])  # fmt: skip
def test_initials_are_letters_that_stand_alone(name, letters):
    assert initials(name) == letters
