"""Filling in a document: what the record knows, page after page, two devices, what repeats, sent once."""

import dataclasses
import datetime as dt
import io

import nasty
import pytest
from document_forms import ask, section

from domain import (
    document_drawings,
    document_files,
    document_filling,
    document_pdfs,
    document_print,
    document_templates,
    documents,
    store,
    things_to_do,
)
from domain.document_parts import Page, Question
from domain.document_rules import turns
from domain.rules import NotFound, RuleBroken
from models import Checklist, Document, DocumentAnswer, DocumentFile, DocumentPdf, DocumentSignature, StoredFile

SWIRL = "M10 100" + "".join(f"L{20 + 5 * n} {60 + 80 * (n % 2)}" for n in range(60))


def in_all(text):
    return dict.fromkeys(("en", "es", "fr", "ar"), text)


def put_in_all(question):
    choices = tuple(dataclasses.replace(each, words=in_all(each.words["en"])) for each in question.choices)
    rows = tuple(dataclasses.replace(each, words=in_all(each.words["en"])) for each in question.rows)
    return dataclasses.replace(question, words=in_all(question.words["en"]), choices=choices, rows=rows)


def publish(cast, *pages, kind="form", name="For school", **more):
    """A version of a template whose pages are sections, each with its questions."""
    made = document_templates.create(kind, name, "en", cast.by("ada"))
    form = dataclasses.replace(document_templates.draft_of(made), title=in_all(name), pages=tuple(
        Page(f"p{number}", in_all(f"Page {number}"), tuple(
            dataclasses.replace(each, words=in_all(each.words["en"]), again=in_all("Add another child") if each.repeats else {},
                                questions=tuple(map(put_in_all, each.questions)))
            for each in sections))
        for number, sections in enumerate(pages, start=1)), **more)  # fmt: skip
    document_templates.change(made, form, cast.by("ada"), version=1)
    return document_templates.publish(made, cast.by("ada"), version=2)


@pytest.fixture
def school(cast):
    """Three pages: who they are as the record has it, their children, how they sign."""
    return publish(
        cast,
        [section("you", ask("name", "short_text", prefill="first_name", may_change=False, is_required=True),
                 ask("mail", "email", prefill="email"), ask("note", "short_text", default="None"))],
        [section("kids", ask("kid", "short_text", is_required=True), ask("age", "whole"), least=0, most=3)],
        [section("more", ask("pets"), ask("which", "short_text", ("pets", "equals", "true"), is_required=True), ask("sign", "signature", is_required=True))],
        may_decline=True,
    )  # fmt: skip


@pytest.fixture
def given(cast, school):
    return documents.assign(cast.alice, school, cast.by("dora"))


def now(document):
    return document_filling.opened(Document.get_by_id(document.id))


def give(cast, document, answers, seen=None, device="phone"):
    filling = now(document)
    return document_filling.give(filling, answers, cast.by("alice"), seen=filling.document.saves if seen is None else seen, device=device)


def sign(cast, document, seen=None):
    filling = now(document)
    signed = {"sign": ({"how": "typed", "name": "Alice Archer"}, documents.Signed("Alice Archer"))}
    return document_filling.submit(filling, signed, cast.by("alice"), seen=filling.document.saves if seen is None else seen)


def refused(verb, *of, **more):
    with pytest.raises(RuleBroken) as broken:
        verb(*of, **more)
    return broken.value


# ---------------------------------------------------------------- what the record says


def test_the_record_is_shown_by_looking_and_kept_with_the_first_answer(cast, given):
    filling = now(given)
    assert filling.answers == {"name": "Alice", "mail": cast.email_of("alice"), "note": "None"}
    assert filling.fixed == {"name"}
    assert DocumentAnswer.select().count() == 0
    give(cast, given, {"note": "Something"})
    assert now(given).answers == {**filling.answers, "note": "Something"}
    assert (now(given).fixed, now(given).document.saves) == ({"name"}, 1)


def test_what_was_emptied_is_not_filled_in_from_the_record_again(cast, given):
    give(cast, given, {"mail": None})
    assert "mail" not in now(given).answers


def test_what_the_record_answers_for_good_is_not_changed_by_who_tries(cast, given):
    give(cast, given, {"name": "Mallory", "note": "x"})
    assert now(given).answers["name"] == "Alice"


def test_where_the_record_says_nothing_the_client_answers_and_may_change_it(cast):
    version = publish(cast, [section("s", ask("called", "short_text", prefill="preferred_name", may_change=False))])
    document = documents.assign(cast.alice, version, cast.by("dora"))
    assert not now(document).fixed
    give(cast, document, {"called": "Al"})
    give(cast, document, {"called": "Ally"})
    assert now(document).answers == {"called": "Ally"}


def test_a_second_device_that_knew_only_the_record_is_not_told_of_its_own_first_answer(cast, given):
    assert not give(cast, given, {"note": "x"}, seen=0, device="phone").meanwhile
    assert not give(cast, given, {"mail": "other@example.org"}, seen=0, device="laptop").meanwhile


# ---------------------------------------------------------------- two devices


def test_what_two_devices_answered_otherwise_is_told_and_all_else_is_kept(cast, given):
    give(cast, given, {"note": "One", "mail": "a@example.org"}, seen=0, device="phone")
    became = give(cast, given, {"note": "Two", "mail": "b@example.org", "pets": True}, seen=0, device="laptop")
    assert {place: each.theirs for place, each in became.meanwhile.items()} == {"note": "One", "mail": "a@example.org"}
    assert now(given).answers["pets"] is True
    assert now(given).answers["note"] == "One"
    assert not give(cast, given, {"note": "Two"}, seen=became.saves, device="laptop").meanwhile
    assert now(given).answers["note"] == "Two"


# ---------------------------------------------------------------- pages and what repeats


def test_pages_follow_each_other_and_what_is_only_signed_stands_at_the_end(cast, given):
    filling = now(given)
    assert [page.key for page in filling.pages] == ["p1", "p2", "p3"]
    assert filling.following().key == "p1"
    assert filling.following("p3") is None
    assert filling.before().key == "p3"
    assert list(filling.on(filling.page("p3"))) == ["pets"]
    assert list(filling.signatures) == ["sign"]
    with pytest.raises(NotFound):
        filling.page("p9")


def test_a_page_that_is_only_signed_is_none(cast):
    version = publish(cast, [section("s", ask("text", "text"))], [section("t", ask("sign", "signature"))], kind="letter")
    filling = now(documents.assign(cast.alice, version, cast.by("dora")))
    assert [page.key for page in filling.pages] == ["p1"]


def test_one_more_child_and_one_less_and_what_follows_moves_up(cast, given):
    for name in ("Ann", "Ben", "Cy"):
        filling = now(given)
        more = document_filling.one_more(filling, document_filling.section_of(filling, "kids"))
        turn = turns(document_filling.section_of(filling, "kids"), filling.answers)
        give(cast, given, {**more, f"kid:{turn}" if turn else "kid": name})
    filling = now(given)
    kids = document_filling.section_of(filling, "kids")
    assert refused(document_filling.one_more, filling, kids).code == "too_many"
    give(cast, given, document_filling.one_less(filling, kids, 1))
    kept = now(given).answers
    assert (kept["kid"], kept["kid:1"], kept["#kids"], "kid:2" in kept) == ("Ann", "Cy", "2", False)
    for turn in (2, -1):
        with pytest.raises(NotFound):
            document_filling.one_less(now(given), kids, turn)
    with pytest.raises(NotFound):
        document_filling.section_of(filling, "you")


# ---------------------------------------------------------------- sent


def test_it_is_signed_and_sent_once_with_what_the_record_said(cast, given):
    done = sign(cast, given)
    assert sign(cast, given, seen=0).digest == done.digest
    answers = documents.answers_of(done)
    assert (answers["name"], answers["sign"]) == ("Alice", {"how": "typed", "name": "Alice Archer"})
    assert DocumentSignature.select().count() == 1
    assert documents.is_sound(done)


def test_what_is_missing_on_an_earlier_page_and_what_came_from_elsewhere_is_not_sent(cast, given):
    give(cast, given, {"pets": True})
    assert [place for place, _, _ in now(given).missing()] == ["which"]
    assert [each.field for each in refused(sign, cast, given).every] == ["which"]
    assert refused(sign, cast, given, seen=0).code == "stale"
    filling = now(given)
    broken = refused(document_filling.submit, filling, {}, cast.by("alice"), seen=filling.document.saves)
    assert [each.field for each in broken.every] == ["which", "sign"]
    assert Document.get().state == "assigned"
    assert "sign" not in now(given).answers


def test_in_a_list_with_an_order_the_first_comes_first(cast, school):
    with store.writing():
        several = Checklist.create(individual=cast.alice, name="Start", is_ordered=True, assigned_at=cast.alice.created_at)
    first, second = (
        documents.assign(cast.alice, school, cast.by("dora"), documents.Assignment(checklist=several, position=number)) for number in range(2)
    )
    assert refused(give, cast, second, {"note": "x"}).code == "not_yet"
    assert refused(sign, cast, second).code == "not_yet"
    assert [thing.waits for thing in things_to_do.open_of(cast.alice)] == [False, True]
    sign(cast, first)
    assert not give(cast, second, {"note": "x"}).meanwhile


# ---------------------------------------------------------------- files and drawn signatures


def test_a_photo_is_kept_for_its_question_and_what_is_none_is_refused(cast):
    photo = Question("photo", "file", in_all("A photo"), most="2")
    version = publish(cast, [section("s", ask("q"), photo)])
    document = documents.assign(cast.alice, version, cast.by("dora"))
    ready = document_files.ready(photo, 0, 0, [("a.jpg", io.BytesIO(nasty.photo()))])
    with store.writing():
        [value] = document_files.keep(document, "photo", ready)
    give(cast, document, {"photo": [value]})
    assert document_files.kept(document, "photo") == {value["id"]: value}
    assert document_files.one(document, value["id"]).file.digest == value["digest"]
    assert refused(document_files.ready, photo, 0, 2, [("a.jpg", io.BytesIO(b"x"))]).code == "too_many"
    broken = refused(document_files.ready, photo, 0, 0, [("a.exe", io.BytesIO(b"MZ" * 100))])
    assert (broken.code, broken.field) == ("not_allowed", "q-photo")
    other = documents.assign(cast.bob, version, cast.by("dora"))
    with pytest.raises(NotFound):
        document_files.one(other, value["id"])


@pytest.mark.parametrize(
    ("text", "code"), [("", "missing"), ("M1 1M5 5M9 9", "too_little"), ("M1 1L2 2", "too_little"), ("<svg>", "too_long"), ("M1 1L" + "9" * 9, "too_long"),
                       ("M0 0" + "L600 200L0 0" * 6000, "too_long"), ("M0 0" + "L599 199L0 0" * 100, "too_long")],
)  # fmt: skip
def test_a_drawing_of_nothing_of_dots_and_of_too_much_is_no_signature(text, code):
    assert refused(document_drawings.picture, text, "f").code == code


def test_a_drawing_becomes_a_picture_that_others_can_open():
    from PIL import Image

    image = Image.open(io.BytesIO(document_drawings.picture(SWIRL)))
    assert (image.size, image.format) == ((600, 200), "PNG")
    assert image.getpixel((5, 5)) == 255
    assert image.getextrema()[0] == 0


# ---------------------------------------------------------------- the PDF


def test_the_pdf_is_made_once_after_it_was_sent(cast, given):
    done = sign(cast, given)
    assert document_pdfs.of(done).file is None
    document_pdfs.make_due()
    document_pdfs.make_due()
    row = DocumentPdf.get()
    assert (row.file.media_type, row.next_at, row.tries) == ("application/pdf", None, 1)
    assert StoredFile.select().count() == 1


def test_a_pdf_that_fails_is_tried_again_later_and_blocks_no_other(cast, given, frozen, monkeypatch):
    clock = frozen("2026-03-04 16:00")
    sign(cast, given)
    real = document_print.pdf

    def fails(sheet):
        raise document_print.Unprintable("busy")

    monkeypatch.setattr(document_print, "pdf", fails)
    document_pdfs.make_due()
    assert (DocumentPdf.get().tries, DocumentPdf.get().file_id) == (1, None)
    monkeypatch.setattr(document_print, "pdf", real)
    document_pdfs.make_due()
    assert DocumentPdf.get().file_id is None, "not yet"
    clock.shift(minutes=3)
    document_pdfs.make_due()
    assert DocumentPdf.get().file_id is not None


def test_what_is_printed_has_the_drawn_signature_and_the_answers_in_words(cast, given):
    filling = now(given)
    with store.writing():
        row, kept = document_files.keep_drawn(filling.document, "sign", document_drawings.picture(SWIRL))
    value = {"how": "drawn", "id": row.public_id, "digest": kept.digest, "name": "Alice"}
    signed = {"sign": (value, documents.Signed("Alice", "drawn", kept))}
    done = document_filling.submit(filling, signed, cast.by("alice"), seen=0)
    sheet = document_pdfs.sheet_of(done)
    assert [item.answer.lines for leaf in sheet.leaves for part in leaf.parts for item in part.items if item.words == "Question note"] == [("None",)]
    assert (sheet.person, sheet.signatures[0].picture.body[:4]) == ("Alice Archer", b"\x89PNG")
    assert DocumentFile.select().count() == 1


# ---------------------------------------------------------------- the list


def test_overdue_comes_first_then_by_day_then_the_oldest(cast, school, frozen):
    clock = frozen("2026-03-04 16:00")
    made = {}
    for name, due in (("late", None), ("none", None), ("soon", "2026-03-06"), ("over", "2026-03-05"), ("other", None)):
        day = None if due is None else dt.date.fromisoformat(due)
        made[name] = documents.assign(cast.alice, school, cast.by("dora"), documents.Assignment(due_on=day))
        clock.shift(minutes=1)
    documents.assign(cast.bob, school, cast.by("dora"))
    documents.withdraw(made["other"], "Enough", cast.by("dora"))
    clock.shift(hours=30)
    found = things_to_do.open_of(cast.alice)
    assert [each.document.public_id for each in found] == [made[name].public_id for name in ("over", "soon", "late", "none")]
    assert [each.is_overdue for each in found] == [True, False, False, False]
    assert [each.document.id for each in things_to_do.titled(things_to_do.done_of(cast.alice))] == [made["other"].id]


def test_a_correction_keeps_fixed_what_the_record_says(cast, given):
    made = documents.correct(sign(cast, given), cast.by("alice"))
    assert now(made).fixed == {"name"}
