"""Answers of documents: every kind of question, right, empty and wrong."""

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import texts
from domain.document_answers import as_typed, field_names, is_answer, place, shown, typed, written
from domain.document_parts import QUESTION_KINDS, SILENT, Choice, Question
from domain.rules import RuleBroken

TODAY = dt.date(2026, 3, 4)
PHOTO = {"id": "p1", "name": "photo.jpg", "media_type": "image/jpeg", "size": 2048, "digest": "0f" * 32}
SCAN = {**PHOTO, "id": "p2", "name": "scan.pdf", "media_type": "application/pdf"}
KEPT = {each["id"]: each for each in (PHOTO, SCAN)}
HOME = {"line1": "1 Main Street", "line2": "", "city": "Halifax", "region": "NS", "postcode": "B3H 1A1", "country": "CA"}


def asks(kind, **more):
    choices = (Choice("a", {"en": "Apple", "fr": "Pomme"}), Choice("b", {"en": "Pear"}))
    return Question("k", kind, {"en": "What?"}, **{"choices": choices, "rows": (Choice("r1", {"en": "Morning"}),), **more})


def read(question, text=None, *, where="CA", **parts):
    fields = {f"q-k-{part}": [word] for part, word in parts.items()} | ({} if text is None else {"q-k": text if isinstance(text, list) else [text]})
    return typed(question, fields, "en", where, today=TODAY, currency="CAD", kept=KEPT)


def refused(question, text=None, **parts):
    with pytest.raises(RuleBroken) as broken:
        read(question, text, **parts)
    return broken.value.field, str(broken.value)


# one answer that is right for each kind, and how it reads
RIGHT = {
    "short_text": ("Ann", "Ann"), "long_text": ("One\nTwo", "One\nTwo"), "email": ("ann@example.org", "ann@example.org"),
    "phone": ("+19025550134", "+1 902-555-0134"), "whole": ("1234", "1,234"), "decimal": ("-12.5", "-12.5"),
    "currency": ("1234.50", "$1,234.50"), "percentage": ("12.5", "12.5%"), "slider": ("1.5", "1.5"), "scale": ("4", "4"),
    "yes_no": (False, "No"), "date": ("2026-03-04", "4 March 2026"), "time": ("14:05", "14:05"),
    "date_time": ("2026-03-04T14:05", "4 March 2026, 14:05"), "birth_date": ("1985-03-04", "4 March 1985 (41 years)"),
    "one": ({"key": "b"}, "Pear"), "many": ({"keys": ["a", "b"], "other": "Kiwi"}, "Apple\nPear\nKiwi"),
    "table": ({"r1": "a"}, "Morning: Apple"), "address": (HOME, "1 Main Street\nHalifax, NS B3H 1A1\nCanada"),
    "file": ([PHOTO, SCAN], "photo.jpg\nscan.pdf"), "signature": ({"how": "drawn", "id": "p1", "digest": "0f" * 32, "name": "Ann Lee"}, "Ann Lee"),
}  # fmt: skip


def test_every_kind_that_asks_is_here():
    assert {*RIGHT, *SILENT} == {*QUESTION_KINDS}


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("turn", [0, 2])
def test_a_right_answer_comes_back_and_is_shown(kind, turn):
    question, (value, said) = asks(kind, places=1, has_other=kind == "many"), RIGHT[kind]
    fields = as_typed(question, value, "en", "CA", currency="CAD", turn=turn)
    assert {*fields} <= {*field_names(question, turn).values()}
    assert typed(question, fields, "en", "CA", today=TODAY, currency="CAD", turn=turn, kept=KEPT) == value
    assert typed(question, fields, "en", "CA", today=TODAY, currency="CAD", turn=turn + 1, kept=KEPT) is None
    assert shown(question, value, "en", "CA", currency="CAD", today=TODAY) == said
    assert is_answer(question, value, today=TODAY, currency="CAD")


@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_nothing_is_no_answer(kind):
    question = asks(kind, least="2" if kind in ("short_text", "many", "file") else "")
    names = field_names(question).values()
    assert read(question) is None
    assert typed(question, {name: [""] for name in names}, "en", "CA", today=TODAY) is None
    assert typed(question, {name: [] for name in names}, "en", "CA", today=TODAY) is None
    assert (shown(question, None, "en"), as_typed(question, None, "en")) == ("", {})


@pytest.mark.parametrize("kind", SILENT)
def test_what_asks_nothing_takes_nothing(kind):
    assert field_names(asks(kind)) == {}
    assert read(asks(kind), "x") is None
    assert (shown(asks(kind), "x", "en"), as_typed(asks(kind), "x", "en")) == ("", {})


def test_places_are_written_in_one_way():
    assert [written("k"), written("k", 2), place("k"), place("k:12")] == ["k", "k:2", ("k", 0), ("k", 12)]
    for word in ("", ":1", "k:0", "k:01", "k:-", "k:", "k:x", "k: 2", "k:٢", "k:1:2"):
        with pytest.raises(ValueError, match=r"place|literal"):
            place(word)


def test_a_field_is_named_after_its_place():
    assert field_names(asks("short_text"), 2) == {"": "q-k:2"}
    assert field_names(asks("date")) == {"day": "q-k-day", "month": "q-k-month", "year": "q-k-year"}
    assert [*field_names(asks("date_time"))] == ["day", "month", "year", "time"]
    assert field_names(asks("one", way="search", has_other=True)) == {"": "q-k", "search": "q-k-search", "other": "q-k-other"}
    assert [*field_names(asks("address"))] == ["line1", "line2", "city", "region", "postcode", "country"]
    assert [*field_names(asks("signature"))] == ["how", "name", "drawn"]


# ---------------------------------------------------------------- texts


def test_a_text_keeps_all_but_the_blanks_at_its_ends():
    assert read(asks("short_text"), "  two  blanks\u0301 ") == "two  blankś"
    assert read(asks("short_text"), "one\r\nline\tonly") == "one line only"
    assert read(asks("long_text"), "\r\none\r\n\r\ntwo\rthree\r\n") == "one\n\ntwo\nthree"


def test_letters_are_counted():
    assert read(asks("short_text"), "x" * 200) == "x" * 200
    assert refused(asks("short_text"), "x" * 201) == ("q-k", "Use at most 200 characters.")
    assert refused(asks("long_text"), "x" * 5001) == ("q-k", "Use at most 5000 characters.")
    assert refused(asks("short_text", most="3"), "four") == ("q-k", "Use at most 3 characters.")
    assert refused(asks("long_text", least="5"), "four") == ("q-k", "Use at least 5 characters.")


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\ud800b", "a\x85b"])
@pytest.mark.parametrize("kind", ["short_text", "long_text"])
def test_what_cannot_be_stored_is_refused(kind, text):
    assert refused(asks(kind), text) == ("q-k", "This contains a character that cannot be stored.")


def test_an_address_of_mail_is_one():
    assert read(asks("email"), " Ann@EXAMPLE.org ") == "Ann@example.org"
    assert refused(asks("email"), "ann") == ("q-k", "Enter an e-mail address such as name@example.org.")


def test_a_phone_number_is_of_the_country_or_says_which():
    assert read(asks("phone"), "(902) 555-0134") == "+19025550134"
    assert read(asks("phone"), "+33 1 23 45 67 89") == read(asks("phone"), "01 23 45 67 89", where="FR") == "+33123456789"
    assert read(asks("phone"), "٩٠٢٥٥٥٠١٣٤") == "+19025550134"
    for text, country in (("123", "CA"), ("902 555 0134", ""), ("x", "CA")):
        assert refused(asks("phone"), text, where=country) == ("q-k", "Enter a phone number such as +1 202 555 0134.")


def test_yes_and_no():
    assert (read(asks("yes_no"), "yes"), read(asks("yes_no"), "no")) == (True, False)
    for text in ("Yes", "on", "1", "true", " yes"):
        assert refused(asks("yes_no"), text) == ("q-k", "Choose yes or no.")
    assert shown(asks("yes_no"), True, "en") == "Yes"


# ---------------------------------------------------------------- of several parts


def test_an_address_needs_a_street_and_a_town():
    assert read(asks("address"), line1=" 1 Main Street ", city="Halifax", country="ca") == {**HOME, "region": "", "postcode": ""}
    assert read(asks("address"), country="CA") is None
    with pytest.raises(RuleBroken) as broken:
        read(asks("address"), postcode="B3H 1A1", country="XX")
    assert [(each.field, str(each)) for each in broken.value.every] == [
        ("q-k-line1", "Enter the street or place."), ("q-k-city", "Enter the town."), ("q-k-country", "Choose a country."),
    ]  # fmt: skip
    assert refused(asks("address"), line1="x" * 201, city="y") == ("q-k-line1", "Use at most 200 characters.")
    assert refused(asks("address"), line1="x", city="y", postcode="1" * 21) == ("q-k-postcode", "Use at most 20 characters.")


def test_files_are_those_that_were_stored():
    assert read(asks("file"), ["p2", "p1", "p2", ""]) == [SCAN, PHOTO]
    for other in ("p3", "\x00", "p1 "):
        assert refused(asks("file"), ["p1", other]) == ("q-k", "Choose the file again.")
    assert refused(asks("file", least="2"), ["p1"]) == ("q-k", "Choose at least 2.")
    assert refused(asks("file", most="1"), ["p1", "p2"]) == ("q-k", "Choose at most 1.")


@pytest.mark.parametrize("wrong", [{**PHOTO, "size": "2048"}, {**PHOTO, "id": "p2"}, {"id": "p1"}, "p1", None, True])
def test_what_was_not_stored_as_a_file_is_none(wrong):
    with pytest.raises(RuleBroken, match="Choose the file again"):
        typed(asks("file"), {"q-k": ["p1"]}, "en", "CA", today=TODAY, kept={"p1": wrong})


def test_a_file_keeps_only_what_an_answer_has():
    assert typed(asks("file"), {"q-k": ["p1"]}, "en", "CA", today=TODAY, kept={"p1": {**PHOTO, "path": "/x"}}) == [PHOTO]


def test_somebody_signs_by_typing_or_drawing():
    assert read(asks("signature"), how="typed", name=" Ann Lee ") == {"how": "typed", "name": "Ann Lee"}
    assert read(asks("signature", way="typed"), name="Ann") == {"how": "typed", "name": "Ann"}
    assert read(asks("signature", way="drawn"), name="Ann", drawn="p1") == {"how": "drawn", "id": "p1", "digest": "0f" * 32, "name": "Ann"}
    assert refused(asks("signature"), name="Ann") == ("q-k-how", "Choose how you sign.")
    assert refused(asks("signature", way="drawn"), how="typed", name="Ann") == ("q-k-how", "Choose how you sign.")
    assert refused(asks("signature"), how="drawn", name="Ann") == ("q-k-drawn", "Draw your signature.")
    assert refused(asks("signature"), how="drawn", name="Ann", drawn="p9") == ("q-k-drawn", "Draw your signature.")
    for name in ("...", "", "12", "–"):
        assert refused(asks("signature"), how="drawn", name=name, drawn="p1") == ("q-k-name", "Enter the name of the person who signs.")
    assert refused(asks("signature"), how="typed", name="...")[0] == "q-k-name"
    assert refused(asks("signature"), how="typed", name="x" * 201) == ("q-k-name", "Use at most 200 characters.")
    assert read(asks("signature"), how="typed", name=" ") is None


# ---------------------------------------------------------------- defaults and anything else


@pytest.mark.parametrize(
    ("kind", "value"),
    [("short_text", " x"), ("short_text", ""), ("short_text", 5), ("short_text", "e\u0301"), ("whole", 5), ("whole", "05"), ("whole", "5.0"), ("decimal", "1.50"), ("decimal", "1e2"),
     ("currency", "5"), ("currency", "5.5"), ("yes_no", "yes"), ("yes_no", 1), ("date", "2026-3-4"), ("date", "2026-02-30"), ("time", "9:00"), ("date_time", "2026-03-04"),
     ("one", "a"), ("one", {"key": "x"}), ("one", {}), ("one", {"other": "x"}), ("many", {"keys": ["b", "a"]}), ("many", {"keys": []}), ("many", ["a"]), ("table", {"r2": "a"}),
     ("address", {"line1": "x"}), ("address", {**HOME, "zip": "1"}), ("email", "x"), ("phone", "902"), ("file", []), ("file", ["p1"]), ("file", PHOTO), ("signature", {"how": "typed"}),
     ("heading", "x"), ("date", None), ("whole", [1]), ("slider", "x")],
)  # fmt: skip
def test_what_is_not_kept_like_that_is_no_answer(kind, value):
    assert not is_answer(asks(kind, places=2), value, today=TODAY, currency="CAD")


QUESTIONS = st.builds(
    asks, st.sampled_from(QUESTION_KINDS), places=st.integers(0, 4), has_other=st.booleans(), way=st.sampled_from(["", "search", "typed", "drawn"]),
    unit=st.sampled_from([{}, {"en": "kg"}]),
)  # fmt: skip
JUNK = st.text(max_size=12) | st.sampled_from(
    ["a", "b", "-", "yes", "p1", "typed", "drawn", "2026", "3", "14:05", "1.234", "CA", "ann@example.org", "+1 902 555 0134", "ext", "x" * 6000, "9" * 400, "Ann"]
)


@hypothesis_settings(max_examples=400)
@given(question=QUESTIONS, data=st.data(), language=st.sampled_from(texts.LANGUAGES), country=st.sampled_from(["CA", "MX", "ES", "EG", "MA", "US", "", "XX"]))
def test_whatever_is_sent_is_an_answer_or_is_refused(question, data, language, country):
    names = [*field_names(question).values()]
    fields = data.draw(st.dictionaries(st.sampled_from([*names, "q-x"]), st.lists(JUNK, max_size=3), max_size=8))
    try:
        value = typed(question, fields, language, country, today=TODAY, currency="EUR", kept=KEPT)
    except RuleBroken as broken:
        for each in broken.every:
            assert each.field in names
            assert texts.refusal(language, each)
        return
    if value is not None:
        assert is_answer(question, value, today=TODAY, currency="EUR")
        again = as_typed(question, value, language, country, currency="EUR")
        assert typed(question, again, language, country, today=TODAY, currency="EUR", kept=KEPT) == value
        assert shown(question, value, language, country, currency="EUR", today=TODAY).strip()
        assert shown(question, value, language)


@hypothesis_settings(max_examples=100)
@given(kind=st.sampled_from(["short_text", "long_text"]), text=st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\r"), max_size=150))
def test_a_text_comes_back_as_it_was(kind, text):
    value = read(asks(kind), text)
    if value is not None:
        assert read(asks(kind), as_typed(asks(kind), value, "en")["q-k"]) == value
        assert value.replace("\n", " ").split() == unicodedata.normalize("NFC", text).split()
