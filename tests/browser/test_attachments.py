"""A client sends a photo from a phone, a worker keeps it; where it was taken is not in it any more."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nasty
import pytest
from browser import ways
from browser.looks import look
from browser.portals import Town
from PIL import Image
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.long
Phone = Callable[..., Page]
CLIENT, WORKER = "client34@example.org", "admin@example.org"
INBOX, STAFF = "/inbox/", "/admin/discussions/"
STILL = {"reduced_motion": "reduce"}
LONG = "رسالة من المدرسة عن الرحلة إلى المتحف يوم الاثنين القادم مع جميع الأوراق المطلوبة.pdf"


def a_file(name: str, body: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": body}


def open_new(client: Page, subject: str) -> None:
    client.goto(INBOX + "new")
    client.get_by_label("To").select_option("team")
    client.get_by_label("What is it about?").fill(subject)


def kept(page: Page, name: str, folder: Path) -> bytes:
    """What a tap on a file brings; the page stays."""
    here = page.url
    with page.expect_download() as coming:
        page.get_by_role("link", name=name).click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    assert page.url == here
    assert path.name == name
    return path.read_bytes()


def test_a_photo_goes_from_a_phone_to_a_desk_without_its_place(town: Town, phone: Phone, browser: Browser, tmp_path: Path) -> None:
    client = phone(town.url, storage_state=town.cookies_of(CLIENT, browser), **STILL)
    worker = phone(town.url, storage_state=town.cookies_of(WORKER, browser), **STILL, **ways.DESK)
    photo = tmp_path / "IMG_0034.jpg"
    photo.write_bytes(nasty.photo((4032, 3024)))
    with Image.open(photo) as taken:
        assert taken.getexif().get_ifd(0x8825)
    open_new(client, "A photo of my letter")
    client.get_by_label("Files").set_input_files(photo)
    ways.press(client, "Send")
    expect(client.get_by_text("Your message is sent.")).to_be_visible()
    expect(client.get_by_role("link", name="IMG_0034.jpg")).to_be_visible()
    look(client, INBOX + "<discussion_id>/")
    worker.goto(f"{STAFF}?view=waiting")
    worker.get_by_role("link", name="A photo of my letter").first.click()
    ways.heading(worker, "A photo of my letter")
    body = kept(worker, "IMG_0034.jpg", tmp_path)
    with Image.open(io.BytesIO(body)) as picture:
        assert picture.width < picture.height  # upright, as it was held
        assert not picture.getexif()
    assert b"Secret" not in body
    worker.get_by_label("Files").set_input_files([a_file(LONG, nasty.pdf()), a_file("plan.pdf", nasty.pdf())])
    ways.press(worker, "Send")
    look(worker, STAFF + "<discussion_id>/")
    expect(client.get_by_role("link", name="plan.pdf")).to_be_visible()  # without loading the page again
    assert kept(client, LONG, tmp_path) == nasty.pdf()


@pytest.mark.parametrize("has_javascript", [True, False])
def test_what_cannot_be_sent_is_said_by_its_name_and_the_words_stay(
    town: Town, phone: Phone, browser: Browser, has_javascript: bool
) -> None:
    client = phone(town.url, storage_state=town.cookies_of(CLIENT, browser), java_script_enabled=has_javascript, **STILL)
    subject = f"Two files, {has_javascript}"
    open_new(client, subject)
    client.get_by_label("Your message").fill("Here they are.")
    client.get_by_label("Files").set_input_files([a_file("form.pdf", nasty.pdf(nasty.JS)), a_file("photo.jpg", nasty.picture())])
    ways.press(client, "Send")
    expect(client.get_by_text("is a PDF with a script").first).to_be_visible()
    expect(client.get_by_text("Choose your files again:")).to_be_visible()
    expect(client.get_by_label("Your message")).to_have_value("Here they are.")
    if has_javascript:
        look(client, INBOX + "new")
    client.get_by_label("Files").set_input_files([a_file("photo.jpg", nasty.picture())])
    ways.press(client, "Send")
    expect(client.get_by_text("Your message is sent.")).to_be_visible()
    expect(client.get_by_role("link", name="photo.jpg")).to_be_visible()
