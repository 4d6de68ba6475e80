"""Texts of messages in Setup: each in each language, with a preview that needs no JavaScript."""

import pytest

from domain import message_texts, texts
from models import MessageText

pytestmark = pytest.mark.usefixtures("cast")
ROOT = "/admin/settings/texts/"


def preview(browser, path, body, **more):
    """What the second button of the form sends."""
    form = browser.page.form("Save")
    return browser.send(f"{path}preview", {**form.filled({"body": body}), **more})


def test_ada_words_a_text_and_takes_it_back(browse):
    ada = browse("ada")
    ada.open("/admin/settings/")
    assert ROOT in ada.page.html
    page = ada.open(f"{ROOT}booked/en/")
    assert "Appointment reminder: {date} at {time} with {worker} at {site}." in page
    assert "Use the portal’s wording again" not in page.buttons
    page = ada.press("Save", body="Come on {date} at {time}.")
    assert "Saved." in page
    assert page.text.count("your wording") == 1
    page = ada.open(f"{ROOT}booked/en/")
    page = ada.press("Use the portal’s wording again")
    assert "The portal’s own wording is back." in page
    assert message_texts.own("booked", "en") == ""


def test_the_fields_are_listed_with_those_that_must_stay(browse):
    page = browse("ada").open(f"{ROOT}confirmation/en/")
    for field in message_texts.TEXTS["confirmation"].fields:
        assert f'data-insert="{{{field}}}"' in page.html
    assert page.text.count("must stay") == 3
    assert "{original date}" not in page


def test_what_may_not_be_written_is_refused_beside_the_field_and_kept(browse):
    ada = browse("ada")
    ada.open(f"{ROOT}booked/en/")
    page = ada.press("Save", body="On {dte} at {time}.")
    assert ada.answer.status == 422
    assert "{dte} is no field of this text." in page
    assert page.form("Save").values["body"] == "On {dte} at {time}."
    assert not MessageText.select().exists()


def test_the_preview_shows_the_letter_and_changes_nothing(browse):
    ada = browse("ada")
    ada.open(f"{ROOT}booked/en/")
    page = preview(ada, f"{ROOT}booked/en/", "Hi from {worker} at {site}: {date}, {time}.")
    assert page.status == 200
    assert "Your appointment" in page
    assert "Hi from Robin Quay at Main Street: " in page
    assert "It takes place by video." in page
    assert page.form("Save").values["body"] == "Hi from {worker} at {site}: {date}, {time}."
    assert not MessageText.select().exists()


def test_htmx_gets_the_preview_alone(browse):
    ada = browse("ada")
    ada.open(f"{ROOT}cancelled/es/")
    form = ada.page.form("Save")
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    page = ada.send(f"{ROOT}cancelled/es/preview", form.filled({"body": "No: {date}, {time}"}), headers)
    assert page.html.lstrip().startswith('<section class="section" id="preview"')
    assert "Se canceló" in page.text or "cancel" in page.text
    refused = ada.send(f"{ROOT}cancelled/es/preview", form.filled({"body": "No: {date"}), headers)
    assert refused.status == 422
    assert "A brace is left open." in refused.text


def test_an_arabic_text_is_shown_from_right_to_left(browse):
    page = browse("ada").open(f"{ROOT}booked/ar/")
    assert '<div class="card" lang="ar" dir="rtl"' in page.html
    assert 'dir="rtl"' in page.html[page.html.index("<textarea") : page.html.index("</textarea>")]


def test_markup_is_shown_as_it_is_written(browse):
    ada = browse("ada")
    ada.open(f"{ROOT}footer/en/")
    page = preview(ada, f"{ROOT}footer/en/", "<script>alert(1)</script><b data-hx-get=/x>")
    assert "<script>alert" not in page.html
    assert "&lt;script&gt;alert(1)" in page.html


def test_who_saves_second_is_told_what_is_saved_now(browse):
    first, second = browse("ada"), browse("ada")
    for each in (first, second):
        each.open(f"{ROOT}booked/en/")
    first.press("Save", body="One: {date}, {time}")
    page = second.press("Save", body="Two: {date}, {time}")
    assert second.answer.status == 422
    assert "Somebody else changed this meanwhile" in page
    assert "One: {date}, {time}" in page
    second.press("Save", body="Two: {date}, {time}")
    assert message_texts.own("booked", "en") == "Two: {date}, {time}"


@pytest.mark.parametrize("path", ["nothing/en/", "booked/de/", "booked/EN/", "booked/../en/"])
def test_there_is_no_other_text_and_no_other_language(browse, path):
    assert browse("ada").ask(f"{ROOT}{path}").status == 404


def test_only_who_sets_the_portal_up_words_it(browse):
    for who in ("dora", "ines", "finn"):
        assert browse(who).ask(ROOT).status == 404


def test_every_text_opens_in_every_language(browse):
    ada = browse("ada")
    for kind in message_texts.TEXTS:
        for language in texts.LANGUAGES:
            assert ada.ask(f"{ROOT}{kind}/{language}/").status == 200
