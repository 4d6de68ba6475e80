"""Completed documents on paper: every answer can be read, whatever was typed, in whatever direction."""

import dataclasses
import datetime as dt
import io
import time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pypdf
import pytest
from hostile_words import HOSTILE
from PIL import Image, ImageDraw

from domain import document_print, texts
from domain.document_parts import Choice, Form, Page, Question, Score, Section
from domain.document_print import Item, Leaf, Part, Picture, Scored, Sheet, Shown, Signed, Unprintable
from gateways import typesetting

WHEN = dt.datetime(2026, 3, 4, 16, 5, tzinfo=ZoneInfo("America/Puerto_Rico"))
DIGEST = "0123456789abcdef" * 4


def drawn():
    picture, out = Image.new("RGBA", (600, 200), (0, 0, 0, 0)), io.BytesIO()
    ImageDraw.Draw(picture).line([(20, 150), (80, 40), (110, 160), (560, 80)], fill=(20, 20, 80, 255), width=6)
    picture.save(out, "PNG")
    return out.getvalue()


def of(*items, language="en", **changes):
    """A sheet with these questions."""
    leaves = (Leaf("About you", (Part("Where you live", items),)),)
    return dataclasses.replace(Sheet(language, "Harbour House", "Intake", "Alice Example", WHEN, leaves=leaves), **changes)


def asked(*lines, words="What brings you?", **answer):
    return Item(words, answer=Shown(lines, **answer))


def pages(sheet):
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document_print.pdf(sheet))).pages]


def read(sheet):
    """All that is printed, with one blank wherever there are some or a line ends."""
    return " ".join(" ".join(pages(sheet)).split())


def test_everything_that_was_asked_and_answered_is_printed():
    signatures = (
        Signed("Client", "Alice Example", "drawn", WHEN, "203.0.113.7", DIGEST, Picture(drawn(), "Alice's signature")),
        Signed("Worker", "Dora Worker", "typed", WHEN, "2001:db8::1", DIGEST),
    )
    found = read(of(
        asked("12 Quay Street", "", "San Juan"), Item("Before you go on", "heading"), Item("We ask everybody.", "text"), Item("Anything else?"),
        Item("With help", help="As much as you like."), asked(rows=(("Sleeping", "Nearly every day"), ("Eating", "")), words="How often"),
        asked(picture=Picture(drawn(), "A signature")), Item("The house", "picture", answer=Shown(picture=Picture(drawn(), "A house"))),
        intro="Welcome.", scores=(Scored("Sum", "14", "Moderate"), Scored("Mean", "2.5")), signatures=signatures,
    ))  # fmt: skip
    for text in (
        "Harbour House", "Intake", "Name Alice Example", "Completed 4 March 2026, 16:05 AST", "Welcome.", "About you", "Where you live",
        "What brings you? 12 Quay Street San Juan", "Before you go on We ask everybody.", "Anything else? No answer",
        "With help As much as you like.", "How often Question What was chosen Sleeping Nearly every day Eating No answer", "The house",
        "Scores Sum 14 · Moderate Mean 2.5", "Client Alice Example How Signed by drawing When 4 March 2026, 16:05 AST Network address 203.0.113.7",
        f"Worker Dora Worker How Signed by typing the name When 4 March 2026, 16:05 AST Network address 2001:db8::1 Fingerprint of what was signed (SHA-256) {DIGEST}",
    ):  # fmt: skip
        assert text in found, text
    assert "Correction" not in found


def test_a_correction_says_so():
    assert "Correction This corrects what was completed on 4 March 2026, 16:05 AST." in read(of(corrects=WHEN))


@pytest.mark.parametrize("typed", [HOSTILE[:9], HOSTILE[9:]])
def test_what_looks_like_markup_is_printed_as_it_was_typed(typed):
    """Wherever somebody may type: their name, a title, a question, an answer, a row."""
    for place in (lambda text: asked(text), lambda text: asked(words=text), lambda text: asked(rows=((text, text),)), lambda text: Item(text, "heading")):
        found = read(of(*map(place, typed)))
        assert [text for text in typed if " ".join(text.split()) not in found] == []
    odd = "".join(typed)
    assert document_print.pdf(of(title=odd, agency=odd, person=odd, intro=odd, scores=(Scored(odd, odd, odd),)))


def test_pages_are_counted_and_long_answers_go_over_them():
    line = "I have written many times and called, and nobody answers me at all. " * 3
    found = pages(of(asked(*[f"{number}: {line}" for number in range(120)])))
    assert len(found) > 4
    assert all(f"{number} / {len(found)}" in text for number, text in enumerate(found, 1))
    together = " ".join(found)
    assert all(f"{number}: I have written" in together for number in range(120))


def test_ten_pages_are_made_within_two_seconds():
    sheet = of(*(asked(f"Answer {number}, some words long", words=f"Question {number}?") for number in range(160)))
    document_print.pdf(sheet)  # what is read from the disk is read
    started = time.monotonic()
    made = document_print.pdf(sheet)
    took = time.monotonic() - started
    assert len(pypdf.PdfReader(io.BytesIO(made)).pages) >= 10
    assert took < 2


@pytest.mark.parametrize("long", ["x" * 600, "https://example.org/" + "a/" * 200, "W" * 100])
def test_a_word_that_is_longer_than_a_line_is_broken_and_stays_one_where_it_is_copied(long):
    sheet = of(asked(long), asked(rows=((long, "yes"),)))
    assert "".join(pages(sheet)).replace("\n", "").count(long) == 2
    page = pypdf.PdfReader(io.BytesIO(document_print.pdf(sheet))).pages[0]
    assert b"200B" not in page.get_contents().get_data(), "what is said instead of what is drawn has no sign that nobody typed"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_it_is_tagged_in_its_language_and_the_words_around_are_in_it(language):
    pdf = pypdf.PdfReader(io.BytesIO(document_print.pdf(of(asked("x"), language=language))))
    root = pdf.trailer["/Root"]
    assert root["/Lang"] == language
    assert root["/StructTreeRoot"]
    assert pdf.metadata.title == "Intake – Alice Example"


def test_arabic_is_printed_from_right_to_left():
    told = of(asked("أحتاج إلى مساعدة"), title="استمارة", language="ar")
    [found] = pages(told)
    assert "مساعدة" in found
    assert "استمارة" in found
    assert document_print.data_of(told)["direction"] == "rtl"
    assert drawn_at(told)["Harbour House"] > 300, "in points from the left: the right half of the page"


def drawn_at(sheet):
    """What is drawn in one stroke, and how far from the left it begins."""
    found = {}
    page = pypdf.PdfReader(io.BytesIO(document_print.pdf(sheet))).pages[0]
    page.extract_text(visitor_text=lambda text, matrix, *_: found.setdefault(text.strip(), matrix[4]))
    return found


@pytest.mark.parametrize("text", ["12 Quay Street, 2nd floor", "2001:db8::1", "+1 787 555 0100"])
def test_what_is_from_left_to_right_keeps_its_order_in_an_arabic_document(text):
    assert text in drawn_at(of(asked(text), language="ar")), "turned around it is drawn in several strokes"


@pytest.mark.parametrize("leaf", ["", "A page"])
@pytest.mark.parametrize("part", ["", "A section"])
def test_without_a_title_of_page_or_section_the_headings_still_follow_each_other(leaf, part):
    """PDF/UA-1 refuses a heading below another one with one left out between."""
    sheet = of(leaves=(Leaf(leaf, (Part(part, (Item("Heading", "heading"), asked("x"))), Part("Second", (Item("Other", "heading"),)))),))
    assert "Heading" in read(sheet)


def test_what_cannot_be_printed_is_told(monkeypatch):
    with pytest.raises(Unprintable) as told:
        document_print.pdf(of(asked(picture=Picture(b"no picture", "x"))))
    assert told.value.args[0] == "template"


def test_which_languages_have_no_good_letters_here(monkeypatch):
    monkeypatch.setattr(typesetting, "_families", lambda: frozenset({"Liberation Sans"}))
    assert document_print.typewritten() == ["ar"]
    monkeypatch.setattr(typesetting, "_families", lambda: frozenset({"Liberation Sans", "Noto Sans Arabic"}))
    assert document_print.typewritten() == []


# ---------------------------------------------------------------- from a form

FORM = Form("form", {"en": "Intake", "es": "Admisión"}, ("en", "es"), intro={"en": "Welcome."}, pages=(
    Page("p1", {"en": "You", "es": "Usted"}, (
        Section("s1", {"en": "Name"}, (Question("first", "short_text", {"en": "First name", "es": "Nombre"}), Question("age", "whole", {"en": "Age"})),
                help={"en": "As in your passport."}),
        Section("s2", {"en": "Child"}, (Question("child", "short_text", {"en": "Their name"}),), help={"en": "Each child."}, most=5),
    )),
    Page("p2", {"en": "More"}, (Section("s3", {}, (Question("text", "text", {"en": "Thank you."}),
                                                   Question("sad", "one", {"en": "Sad?"}, choices=(Choice("a", {"en": "A"}, Decimal(1)),))),),)),
), scores=(Score("sum", {"en": "Sum"}, "sum", ("sad",), is_shown=True), Score("secret", {"en": "Secret"}, "sum", ("sad",)),
           Score("none", {"en": "None"}, "sum", ("sad",), is_shown=True)))  # fmt: skip


def laid_out(shown, **changes):
    how = {"language": "en", "own": "en", "agency": "Harbour House", "person": "Alice", "completed_at": WHEN} | changes
    return document_print.sheet(FORM, shown, {"sum": ("1", "Low"), "secret": ("9", "High")}, **how)


def test_a_sheet_has_what_was_shown_in_the_form_s_order():
    alice, bob, sam = (Shown((name,)) for name in ("Alice", "Bob", "Sam"))
    sheet = laid_out({"child:2": sam, "child": bob, "first": alice, "text": Shown()})
    assert sheet.leaves == (
        Leaf("You", (
            Part("Name", (Item("First name", answer=alice),), "As in your passport."),
            Part("Child 1", (Item("Their name", answer=bob),), "Each child."), Part("Child 3", (Item("Their name", answer=sam),)),
        )),
        Leaf("More", (Part("", (Item("Thank you.", "text"),)),)),
    )  # fmt: skip
    assert (sheet.title, sheet.intro, sheet.scores) == ("Intake", "Welcome.", (Scored("Sum", "1", "Low"),))
    assert "Thank you." in read(sheet)


def test_a_page_of_which_nothing_was_shown_is_left_out():
    assert [leaf.words for leaf in laid_out({"text": Shown()}).leaves] == ["More"]
    assert laid_out({}).leaves == ()
    assert pages(laid_out({}))


def test_a_text_that_is_not_in_the_reader_s_language_is_in_the_agency_s():
    sheet = laid_out({"first": Shown(("Alice",)), "age": Shown()}, language="es")
    assert sheet.title == "Admisión"
    assert [item.words for item in sheet.leaves[0].parts[0].items] == ["Nombre", "Age"]


def roles(pdf):
    """How a screen reader is told of the parts, in order."""
    found, waiting = [], [pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop(0).get_object()
        if isinstance(element, dict) and "/S" in element:
            found.append(element["/S"][1:])
        inside = element.get("/K", []) if isinstance(element, dict) else []
        waiting[:0] = [each for each in (inside if isinstance(inside, list) else [inside]) if not isinstance(each, int)]
    return found


def test_a_screen_reader_is_told_what_is_a_heading_a_paragraph_a_table_and_a_picture():
    found = roles(document_print.pdf(of(asked("One", "Two", rows=(("Sleeping", "Often"),), picture=Picture(drawn(), "A signature")))))
    assert [role for role in found if role.startswith("H")] == ["H1", "H2", "H3"]
    assert found.count("TH") == found.count("TD") == 2
    assert "Figure" in found
    after = found[found.index("H3"):]
    assert after.count("P") >= 3, "the question and two lines"
