"""Days and times in documents."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import texts
from domain.document_answers import as_typed, shown, typed
from domain.document_parts import Question
from domain.rules import RuleBroken

TODAY = dt.date(2026, 3, 4)
PARTS = ("day", "month", "year", "time")


def asks(kind, **more):
    return Question("k", kind, {"en": "When?"}, **more)


def read(question, *boxes, language="en"):
    names = ("q-k",) if question.kind == "time" else (f"q-k-{part}" for part in PARTS)
    return typed(question, {name: [text] for name, text in zip(names, boxes, strict=False)}, language, "CA", today=TODAY)


def refused(question, *boxes, language="en"):
    with pytest.raises(RuleBroken) as broken:
        read(question, *boxes, language=language)
    return broken.value.field, texts.refusal("en", broken.value)


@pytest.mark.parametrize(
    ("boxes", "kept"),
    [(("4", "3", "2026"), "2026-03-04"), (("04", "03", "2026"), "2026-03-04"), ((" ٤ ", "٣", "\u200f٢٠٢٦"), "2026-03-04"), (("29", "2", "2028"), "2028-02-29"),
     (("31", "12", "9999"), "9999-12-31"), (("1", "1", "1000"), "1000-01-01")],
)  # fmt: skip
def test_a_date_is_read_from_its_boxes(boxes, kept):
    assert read(asks("date"), *boxes) == kept


@pytest.mark.parametrize(
    ("boxes", "field"),
    [(("29", "2", "2026"), "day"), (("31", "4", "2026"), "day"), (("0", "4", "2026"), "day"), (("4", "13", "2026"), "day"), (("", "3", "2026"), "day"),
     (("4", "", "2026"), "month"), (("4", "3", ""), "year"), (("4", "March", "2026"), "month"), (("4", "3", "20266"), "year"), (("-4", "3", "2026"), "day"),
     (("4.0", "3", "2026"), "day"), (("²", "3", "2026"), "day"), (("4", "3", "\ud800"), "year")],
)  # fmt: skip
def test_a_date_that_is_none_is_refused_at_its_box(boxes, field):
    assert refused(asks("date"), *boxes) == (f"q-k-{field}", "This date does not exist. Check day, month and year.")


@pytest.mark.parametrize("year", ["26", "999", "0"])
def test_a_year_takes_four_digits(year):
    assert refused(asks("date"), "4", "3", year) == ("q-k-year", "Enter the year with four digits.")


def test_nothing_is_no_answer():
    assert read(asks("date"), "", " ", "\u200f") is None
    assert read(asks("date_time"), "", "", "", "") is None
    assert read(asks("time"), "  ") is None
    assert typed(asks("birth_date"), {}, "en", "CA", today=TODAY) is None


def test_limits_of_days_are_said_in_words():
    spring = asks("date", least="2026-03-01", most="2026-05-31")
    assert read(spring, "1", "3", "2026") == "2026-03-01"
    assert read(spring, "31", "5", "2026") == "2026-05-31"
    assert refused(spring, "28", "2", "2026") == ("q-k-day", "Enter 1 March 2026 or later.")
    assert refused(spring, "1", "6", "2026", language="es") == ("q-k-day", "Enter 31 de mayo de 2026 or earlier.")


@pytest.mark.parametrize(
    ("text", "kept"),
    [("14:05", "14:05"), ("9", "09:00"), ("0930", "09:30"), ("2:30 pm", "14:30"), ("2:30\u202fPM", "14:30"), ("2:30 p. m.", "14:30"), ("14 h 30", "14:30"), ("14h", "14:00"),
     ("14 H", "14:00"), ("١٤:٠٥", "14:05"), ("٢:٣٠ م", "14:30"), ("12:00 ص", "00:00"), ("0:00", "00:00"), ("\u200f9:15\u200f", "09:15")],
)  # fmt: skip
def test_a_time_is_read_as_people_type_it(text, kept):
    assert read(asks("time"), text) == kept
    assert read(asks("date_time"), "4", "3", "2026", text) == f"2026-03-04T{kept}"


@pytest.mark.parametrize("text", ["24:00", "25", "9:60", "noon", "14:5", "13 pm", "-1", "9" * 30, "\x00", "h"])
def test_a_time_that_is_none_is_refused(text):
    assert refused(asks("time"), text) == ("q-k", "Enter the time, such as 14:30.")
    assert refused(asks("date_time"), "4", "3", "2026", text) == ("q-k-time", "Enter the time, such as 14:30.")


def test_a_day_and_its_time_go_together():
    assert refused(asks("date_time"), "4", "3", "2026", "") == ("q-k-time", "Enter the time, such as 14:30.")
    assert refused(asks("date_time"), "", "", "", "14:30") == ("q-k-day", "Enter a date.")


def test_limits_of_times_are_said():
    assert refused(asks("time", least="08:00", most="17:30"), "7:59") == ("q-k", "Enter 08:00 or later.")
    assert refused(asks("time", least="08:00", most="17:30"), "17:31") == ("q-k", "Enter 17:30 or earlier.")
    assert read(asks("time", least="08:00", most="17:30"), "17:30") == "17:30"
    late = asks("date_time", least="2026-03-04T14:00")
    assert refused(late, "4", "3", "2026", "13:59") == ("q-k-day", "Enter 4 March 2026, 14:00 or later.")
    assert read(late, "4", "3", "2026", "14") == "2026-03-04T14:00"


def test_a_date_of_birth_lies_in_a_life():
    assert read(asks("birth_date"), "4", "3", "2026") == "2026-03-04"
    assert refused(asks("birth_date"), "5", "3", "2026") == ("q-k-year", "Enter a day that is not in the future.")
    assert read(asks("birth_date"), "1", "1", "1850") == "1850-01-01"
    assert refused(asks("birth_date"), "31", "12", "1849") == ("q-k-year", "Check the year: the date of birth cannot be 1849.")


@pytest.mark.parametrize(
    ("born", "age"),
    [("1985-03-04", "41 years"), ("1985-03-05", "40 years"), ("2024-03-04", "2 years"), ("2024-03-05", "23 months"), ("2026-03-04", "0 months"), ("2004-02-29", "22 years")],
)  # fmt: skip
def test_a_date_of_birth_is_shown_with_the_age(born, age):
    assert shown(asks("birth_date"), born, "en", today=TODAY).endswith(f" ({age})")
    assert "(" not in shown(asks("birth_date"), born, "en")


def test_days_are_written_out():
    assert shown(asks("date"), "2026-03-04", "en", "US") == "4 March 2026"
    assert shown(asks("date"), "2026-03-04", "fr", "CA") == "4 mars 2026"
    assert shown(asks("date_time"), "2026-03-04T14:05", "es", "MX") == "4 de marzo de 2026, 14:05"
    assert shown(asks("date_time"), "2026-03-04T14:05", "ar", "EG").endswith("، 14:05")
    assert shown(asks("time"), "14:05", "ar") == "14:05"


MOMENTS = {
    "date": st.dates(dt.date(1000, 1, 1)).map(dt.date.isoformat),
    "birth_date": st.dates(dt.date(1850, 1, 1), TODAY).map(dt.date.isoformat),
    "time": st.times().map(lambda time: f"{time:%H:%M}"),
    "date_time": st.datetimes(dt.datetime(1000, 1, 1)).map(lambda at: at.isoformat()[:16]),
}


@hypothesis_settings(max_examples=200)
@given(data=st.data(), kind=st.sampled_from(sorted(MOMENTS)), language=st.sampled_from(texts.LANGUAGES))
def test_what_is_kept_comes_back_from_the_form_as_it_was(data, kind, language):
    question, value = asks(kind), data.draw(MOMENTS[kind])
    assert typed(question, as_typed(question, value, language, turn=2), language, "CA", today=TODAY, turn=2) == value
    assert shown(question, value, language, "CA", today=TODAY)


BOXES = st.text(max_size=6) | st.integers(-1, 40).map(str) | st.integers(900, 2100).map(str) | st.text("0123456789٠٣٩:hpam صم", max_size=6)


@hypothesis_settings(max_examples=300)
@given(kind=st.sampled_from(sorted(MOMENTS)), boxes=st.lists(BOXES, min_size=4, max_size=4), least=st.booleans())
def test_whatever_is_typed_is_a_moment_or_is_refused(kind, boxes, least):
    limits = {"date": "2000-01-01", "birth_date": "1950-01-01", "time": "08:00", "date_time": "2000-01-01T08:00"}
    question = asks(kind, least=limits[kind] if least else "")
    try:
        value = read(question, *boxes)
    except RuleBroken as broken:
        assert broken.field.startswith("q-k")
        return
    if value is not None:
        parse = dt.time if kind == "time" else dt.datetime if kind == "date_time" else dt.date
        assert parse.fromisoformat(value)
        assert typed(question, as_typed(question, value, "en"), "en", "CA", today=TODAY) == value
