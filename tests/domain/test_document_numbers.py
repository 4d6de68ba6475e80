"""Numbers in documents: what people of each country type is read as they mean it, or they are told how to write it."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import document_numbers as numbers
from domain import texts
from domain.document_answers import as_typed, shown, typed
from domain.document_parts import Question
from domain.document_reader import Reader, is_sure
from domain.rules import RuleBroken

TODAY = dt.date(2026, 3, 4)
PLACES = [("en", "US"), ("en", "CA"), ("en", "ZA"), ("en", "DE"), ("es", "MX"), ("es", "ES"), ("es", "US"), ("fr", "CA"), ("fr", "FR"),
          ("fr", "CH"), ("fr", "US"), ("ar", "EG"), ("ar", "MA"), ("ar", "CA"), ("en", ""), ("es", ""), ("fr", ""), ("ar", "")]  # fmt: skip
CURRENCIES = {"USD": 2, "CAD": 2, "MXN": 2, "EUR": 2, "EGP": 2, "JPY": 0, "XOF": 0, "KWD": 3, "IQD": 3}


def asks(kind="decimal", **more):
    return Question("k", kind, {"en": "How much?"}, **{"places": 2, **more} if kind == "decimal" else more)


def read(question, text, language="en", country="US", currency=""):
    return typed(question, {"q-k": [text]}, language, country, today=TODAY, currency=currency)


def refused(question, text, language="en", country="US", currency=""):
    with pytest.raises(RuleBroken) as broken:
        read(question, text, language, country, currency)
    assert broken.value.field == "q-k"
    assert texts.refusal(language, broken.value)
    return broken.value.code, str(broken.value)


@pytest.mark.parametrize(("language", "country"), PLACES)
@pytest.mark.parametrize(
    "text",
    ["1 234,5", "1\u00a0234,5", "1\u202f234,5", "1.234,5", "1,234.5", "1'234.5", "1’234,5", "١٢٣٤٫٥", "١٬٢٣٤٫٥", "1234.5", "1234,5",
     "۱۲۳۴٫۵", "１２３４.５", "+1234.50", "  1234,5\u200f ", "\u20681234,5\u2069"],
)  # fmt: skip
def test_what_can_be_read_in_one_way_is_read_so_everywhere(text, language, country):
    assert read(asks(), text, language, country) == "1234.5"


@pytest.mark.parametrize("minus", ["-", "−", "‐", "‑", "–", "－", "\u200e-", "\u061c-", "- "])
def test_every_minus_is_one(minus):
    assert read(asks(), f"{minus}12,5") == "-12.5"


@pytest.mark.parametrize(
    ("text", "language", "country", "kept"),
    [("1,234", "en", "US", "1234"), ("1,234", "en", "CA", "1234"), ("1,234", "es", "MX", "1234"), ("1,234", "ar", "EG", "1234"),
     ("1.234", "es", "ES", "1234"), ("1.234", "ar", "MA", "1234"), ("1 234", "fr", "CA", "1234"), ("1.234.567", "en", "US", "1234567"),
     ("12,34,567", "en", "US", "1234567"), ("1 234 567,25", "en", "US", "1234567.25"), ("0,125", "en", "US", None), ("0,12", "en", "US", "0.12"),
     (",5", "en", "US", "0.5"), (".5", "fr", "FR", "0.5"), ("1,50", "en", "US", "1.5"), ("007", "en", "US", "7"), ("-0", "en", "US", "0"),
     ("5.00", "en", "US", "5"), ("1.5000", "en", "US", "1.5")],
)  # fmt: skip
def test_groups_and_decimals_are_those_of_the_country(text, language, country, kept):
    if kept is None:
        assert refused(asks(), text, language, country)[0] == "too_fine"
    else:
        assert read(asks(), text, language, country) == kept


@pytest.mark.parametrize(
    ("text", "language", "country"),
    [("1.234", "en", "US"), ("1.000", "en", "US"), ("1.234", "fr", "CA"), ("1,234", "fr", "CA"), ("1,234", "es", "ES"), ("1,234", "es", "US"),
     ("1.234", "es", "US"), ("1,234", "ar", "CA"), ("1.234", "ar", ""), ("1,234", "ar", "MA"), ("١,٢٣٤", "ar", "EG"), ("١.٢٣٤", "ar", "EG"),
     ("١،٢٣٤", "ar", "EG"), ("-1.234", "en", "US"), ("1.234", "en", "DE"), ("1,234", "en", "DE")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["whole", "decimal", "currency", "percentage"])
def test_what_can_be_read_in_two_ways_is_refused_with_the_way_to_write_it(kind, text, language, country):
    code, sentence = refused(asks(kind), text, language, country, "USD")
    assert code == "two_ways"
    way = sentence.partition("mean ")[2].partition(",")[0]
    assert way.lstrip("-") in ("1234", "1000")
    assert Decimal(read(asks(kind), way, language, country, "USD")) == Decimal(way)


@pytest.mark.parametrize(("language", "country", "kept"), [("en", "US", "1.234"), ("es", "MX", "1.234"), ("es", "ES", "1234"), ("ar", "MA", "1234")])
def test_with_three_decimals_the_sign_of_the_country_decides(language, country, kept):
    assert read(asks(places=3), "1.234", language, country) == kept


@pytest.mark.parametrize(("language", "country"), [("fr", "CA"), ("es", "US"), ("es", ""), ("ar", "US")])
def test_with_three_decimals_both_ways_to_write_it_are_said_and_work(language, country):
    code, sentence = refused(asks(places=3), "1.234", language, country)
    one, two = sentence.removesuffix(".").partition("Write ")[2].split(" or ")
    assert (code, read(asks(places=3), one, language, country)) == ("two_ways", "1234")
    assert read(asks(places=3), two, language, country) == "1.234"


@pytest.mark.parametrize(
    "text",
    ["abc", "1e5", "12.", "1,2,3", "1 23", "1  234", "1,234,56", "1,234.567.890", "0,123,456", "1.2.3", "--1", "+-1", "5%", "(5)", "½", "5²", "Ⅷ",
     "1/2", "1,234 567", "5-", "-", ".", ",", "NaN", "Infinity", "0x10", "1_000", "5 kg", "$5", "1\n2", "\x00", "\ud800", "१२a", "9" * 61, " " * 400],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_one(text):
    code, sentence = refused(asks(), text)
    assert (code, sentence) == ("no_number", "Enter a number, such as 12.5.")


def test_nothing_is_no_answer():
    assert [read(asks(kind), text) for kind in ("whole", "decimal", "slider") for text in ("", "  ", "\u200f", "\u00a0")] == [None] * 12


def test_a_number_has_at_most_fifteen_digits():
    assert read(asks(), "9" * 15) == "9" * 15
    assert refused(asks(), "1" + "0" * 15) == ("too_long", "Use at most 15 digits.")


def test_a_whole_number_has_no_decimals():
    assert read(asks("whole"), "12") == "12"
    assert refused(asks("whole"), "12.5") == ("no_number", "Enter a whole number, such as 12.")


def test_too_many_decimals_are_said():
    assert refused(asks(), "1.2345") == ("too_fine", "Write at most 2 digits after the decimal sign.")
    assert refused(asks(places=1), "1.25") == ("too_fine", "Write at most one digit after the decimal sign.")


def test_limits_are_said_with_their_unit():
    weight = asks(least="0.5", most="1500", unit={"en": "kg", "fr": "kilos"})
    assert [read(weight, text) for text in ("0.5", "1500", "72.25 kg", "72 KILOS")] == ["0.5", "1500", "72.25", "72"]
    assert refused(weight, "0.4") == ("too_little", "Enter a number from 0.5\u00a0kg to 1,500\u00a0kg.")
    assert refused(weight, "1500.01", "fr", "FR")[1] == "Enter a number from 0,5\u00a0kilos to 1\u202f500\u00a0kilos."
    assert refused(asks(least="3"), "2") == ("too_little", "Enter 3 or more.")
    assert refused(asks(most="-3"), "2") == ("too_much", "Enter -3 or less.")
    assert refused(asks("percentage", most="100"), "101 %") == ("too_much", "Enter 100% or less.")
    assert refused(asks("currency", most="100"), "101", currency="CAD", country="CA") == ("too_much", "Enter $100.00 or less.")


def test_an_example_is_one_that_is_taken():
    assert refused(asks("whole", least="18", most="99"), "x")[1] == "Enter a whole number, such as 18."
    assert refused(asks("whole", most="9"), "x")[1] == "Enter a whole number, such as 9."
    assert refused(asks("decimal"), "x", "es", "ES")[1] == "Enter a number, such as 12,5."


@pytest.mark.parametrize("kind", ["slider", "scale"])
def test_a_slider_is_read_as_its_control_writes_it(kind):
    fine = asks(kind, least="0", most="5000", step="0.125")
    assert read(fine, "1.125", "es", "ES") == "1.125"
    assert as_typed(fine, "1.125", "es", "ES") == {"q-k": ["1.125"]}
    assert refused(fine, "1.1") == ("between", "Enter one of the steps, such as 1.")
    assert refused(asks(kind, least="1", most="5", step="1"), "6")[0] == "too_much"


@pytest.mark.parametrize(
    ("text", "language", "country", "currency", "kept"),
    [("$5", "en", "US", "USD", "5.00"), ("5 $", "fr", "CA", "CAD", "5.00"), ("-$1,234.50", "en", "CA", "CAD", "-1234.50"), ("$-5", "en", "US", "USD", "-5.00"),
     ("US$5", "es", "MX", "USD", "5.00"), ("1.234,50 €", "es", "ES", "EUR", "1234.50"), ("5 eur", "fr", "FR", "EUR", "5.00"), ("٥٠ د.م.", "ar", "MA", "MAD", "50.00"),
     ("5 F CFA", "fr", "SN", "XOF", "5"), ("¥500", "en", "US", "JPY", "500"), ("1.5", "en", "US", "KWD", "1.500"), ("-0", "en", "US", "USD", "0.00"), ("5", "en", "US", "", "5.00")],
)  # fmt: skip
def test_money_may_carry_its_own_sign(text, language, country, currency, kept):
    assert read(asks("currency"), text, language, country, currency) == kept


def test_money_of_another_kind_is_refused():
    assert refused(asks("currency"), "5 €", currency="USD") == ("no_number", "Enter an amount in US dollars, such as 12.50.")
    assert refused(asks("currency"), "5.50", currency="JPY") == ("no_number", "Enter an amount in Japanese yen, such as 12.")


def test_money_is_shown_with_the_decimals_of_its_currency():
    assert shown(asks("currency"), "1234.50", "en", "CA", currency="CAD") == "$1,234.50"
    assert shown(asks("currency"), "1234.50", "fr", "CA", currency="CAD") == "1\u00a0234,50\u00a0$"
    assert shown(asks("currency"), "1234", "en", "US", currency="JPY") == "¥1,234"
    assert shown(asks("currency"), "1.250", "en", "US", currency="IQD") == "IQD\u00a01.250"
    assert shown(asks("currency"), "1.50", "en", "US") == "1.50"


def test_numbers_are_shown_as_the_country_writes_them():
    assert shown(asks(unit={"en": "kg"}), "1234.5", "es", "MX") == "1,234.5\u00a0kg"
    assert shown(asks(), "12345.5", "es", "ES") == "12.345,5"
    assert shown(asks("percentage"), "12.5", "fr", "FR") == "12,5\u00a0%"
    assert shown(asks("percentage"), "0.000000001", "en") == "0.000000001%"


def test_who_is_sure():
    assert is_sure("en", "US")
    assert is_sure("es", "MX")
    assert is_sure("fr", "US")
    assert not is_sure("es", "US")
    assert not is_sure("ar", "CA")
    assert not is_sure("en", "DE")


QUESTIONS = st.builds(
    asks, st.sampled_from(["whole", "decimal", "currency", "percentage", "slider", "scale"]), places=st.integers(0, 9),
    unit=st.sampled_from([{}, {"en": "kg"}, {"en": "m2", "fr": "m²"}, {"en": "-"}, {"ar": "سنة"}, {"en": "5"}]), step=st.sampled_from(["", "0.001"]),
)  # fmt: skip


@hypothesis_settings(max_examples=300)
@given(question=QUESTIONS, place=st.sampled_from(PLACES), currency=st.sampled_from(sorted(CURRENCIES)), data=st.data())
def test_what_is_kept_comes_back_from_the_form_as_it_was(question, place, currency, data):
    places = numbers.places_of(question, Reader(*place, currency=currency))
    step = 10 ** max(0, places - 3) if question.step else 1
    whole = data.draw(st.integers(-(10**15) + 1, 10**15 - 1) | st.integers(-5000, 5000))
    number = Decimal(whole) if not places else Decimal(whole * step).scaleb(-places)
    if question.step and question.kind in ("whole", "currency"):
        number = Decimal(int(number)).quantize(Decimal(1).scaleb(-places))
    value = numbers._kept(question, number, places)
    fields = as_typed(question, value, *place, currency=currency)
    assert typed(question, fields, *place, today=TODAY, currency=currency) == value
    said = "".join(c for c in shown(question, value, *place, currency=currency) if c.isdecimal())
    assert value.lstrip("-").replace(".", "").strip("0") in said  # all its digits, none rounded away


@hypothesis_settings(max_examples=500)
@given(
    question=QUESTIONS, place=st.sampled_from(PLACES), currency=st.sampled_from(["", *sorted(CURRENCIES)]),
    text=st.text(max_size=20) | st.text("0123456789٠١٢٣٩ ,.'٬٫،-−+%$€kg\u00a0\u202f\u200f", max_size=14),
)  # fmt: skip
@example(question=asks(unit={"en": "5"}), place=("en", "US"), currency="", text="55")
def test_whatever_is_typed_is_a_number_or_is_refused(question, place, currency, text):
    try:
        value = typed(question, {"q-k": [text]}, *place, today=TODAY, currency=currency)
    except RuleBroken as broken:
        assert broken.field == "q-k"
        assert texts.refusal(place[0], broken)
        return
    if value is not None:
        digits = [c for c in text if c.isdecimal()]
        assert Decimal(value) or all(int(c) == 0 for c in digits)
        assert "".join(str(int(c)) for c in digits).strip("0") == value.lstrip("-").replace(".", "").strip("0") or any(question.unit)
        assert typed(question, as_typed(question, value, *place, currency=currency), *place, today=TODAY, currency=currency) == value


@given(text=st.from_regex(r"[1-9][0-9]{0,2}[.,][0-9]{3}", fullmatch=True), place=st.sampled_from([("es", "US"), ("ar", "US"), ("es", ""), ("ar", "")]))
def test_nothing_is_guessed_where_people_of_both_ways_live(text, place):
    assert refused(asks(places=3), text, *place)[0] == "two_ways"
