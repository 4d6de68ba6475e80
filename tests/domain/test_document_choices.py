"""Choosing in documents: one, several, one in each row."""

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import texts
from domain.document_answers import as_typed, field_names, shown, typed
from domain.document_parts import Choice, Question
from domain.rules import RuleBroken

TODAY = dt.date(2026, 3, 4)
FRUIT = (Choice("a", {"en": "Apple", "fr": "Pomme"}), Choice("b", {"en": "Pear", "fr": "Poire"}), Choice("c", {"en": "Plum", "fr": "Prune"}))
ROWS = (Choice("r1", {"en": "Morning"}), Choice("r2", {"en": "Evening"}))


def asks(kind, **more):
    return Question("k", kind, {"en": "Which?"}, choices=FRUIT, rows=ROWS if kind == "table" else (), **more)


def read(question, fields):
    return typed(question, fields, "en", "CA", today=TODAY)


def refused(question, fields):
    with pytest.raises(RuleBroken) as broken:
        read(question, fields)
    return broken.value.field, str(broken.value)


def test_one_is_kept_by_its_key():
    assert read(asks("one"), {"q-k": ["b"]}) == {"key": "b"}
    assert read(asks("one"), {"q-k": [""]}) is read(asks("one"), {}) is None
    assert shown(asks("one"), {"key": "b"}, "fr") == "Poire"
    assert shown(asks("one"), {"key": "b"}, "ar", own="fr") == "Poire"


@pytest.mark.parametrize("key", ["d", "A", "-", "Apple", "a ", "\x00", "\ud800"])
def test_what_is_not_on_the_list_is_refused(key):
    assert refused(asks("one"), {"q-k": [key]}) == ("q-k", "Choose one of the list.")
    assert refused(asks("many"), {"q-k": ["a", key]}) == ("q-k", "Choose one of the list.")
    assert refused(asks("table"), {"q-k-r1": ["a"], "q-k-r2": [key]}) == ("q-k-r2", "Choose one of the list.")


def test_something_else_may_be_written_where_the_question_says_so():
    free = asks("one", has_other=True)
    assert read(free, {"q-k": ["-"], "q-k-other": [" Kiwi  fruit "]}) == {"other": "Kiwi  fruit"}
    assert read(free, {"q-k-other": ["Kiwi"]}) == {"other": "Kiwi"}
    assert refused(free, {"q-k": ["-"], "q-k-other": [" "]}) == ("q-k-other", "Write your other answer.")
    assert refused(free, {"q-k": ["a"], "q-k-other": ["Kiwi"]}) == ("q-k-other", "Choose one of the list or write another answer, not both.")
    assert refused(free, {"q-k-other": ["x" * 501]}) == ("q-k-other", "Use at most 500 characters.")
    assert read(asks("one"), {"q-k": ["a"], "q-k-other": ["Kiwi"]}) == {"key": "a"}
    assert shown(free, {"other": "Kiwi"}, "en") == "Kiwi"


def test_in_a_long_list_the_words_may_be_typed():
    long = asks("one", way="search")
    assert read(long, {"q-k-search": ["  poire "]}) == {"key": "b"}
    assert read(long, {"q-k-search": ["PLUM"], "q-k": ["a"]}) == {"key": "c"}
    assert read(long, {"q-k-search": [""], "q-k": ["a"]}) == {"key": "a"}
    assert refused(long, {"q-k-search": ["Pl"], "q-k": ["a"]}) == ("q-k-search", "Choose one of the list.")
    assert as_typed(long, {"key": "c"}, "en") == {"q-k": ["c"], "q-k-search": ["Plum"]}


def test_two_that_are_called_the_same_are_told_apart_by_their_key():
    twins = Question("k", "one", {}, way="search", choices=(Choice("a", {"en": "Ann"}), Choice("b", {"en": "ANN"})))
    assert refused(twins, {"q-k-search": ["ann"]}) == ("q-k-search", "Choose one of the list.")
    assert as_typed(twins, {"key": "b"}, "en") == {"q-k": ["b"]}


def test_several_are_kept_in_the_order_of_the_form():
    assert read(asks("many"), {"q-k": ["c", "a", "c"]}) == {"keys": ["a", "c"]}
    assert read(asks("many"), {"q-k": [""]}) is read(asks("many"), {}) is None
    assert shown(asks("many"), {"keys": ["a", "c"]}, "en") == "Apple\nPlum"
    free = asks("many", has_other=True)
    assert read(free, {"q-k": ["c", "-"], "q-k-other": ["Kiwi"]}) == {"keys": ["c"], "other": "Kiwi"}
    assert read(free, {"q-k-other": ["Kiwi"]}) == {"keys": [], "other": "Kiwi"}
    assert refused(free, {"q-k": ["c", "-"]}) == ("q-k-other", "Write your other answer.")
    assert shown(free, {"keys": ["c"], "other": "Kiwi"}, "en") == "Plum\nKiwi"


def test_how_many_is_said():
    two = asks("many", least="2", most="2", has_other=True)
    assert refused(two, {"q-k": ["a"]}) == ("q-k", "Choose at least 2.")
    assert refused(two, {"q-k": ["a", "b", "c"]}) == ("q-k", "Choose at most 2.")
    assert refused(two, {"q-k": ["a", "b"], "q-k-other": ["Kiwi"]}) == ("q-k", "Choose at most 2.")
    assert read(two, {"q-k": ["a"], "q-k-other": ["Kiwi"]}) == {"keys": ["a"], "other": "Kiwi"}
    assert read(two, {}) is None


def test_a_table_has_a_choice_in_each_row():
    table = asks("table")
    assert field_names(table, 2) == {"r1": "q-k:2-r1", "r2": "q-k:2-r2"}
    assert read(table, {"q-k-r1": ["a"], "q-k-r2": ["b"]}) == {"r1": "a", "r2": "b"}
    assert read(table, {"q-k-r2": ["b"]}) == {"r2": "b"}
    assert read(table, {"q-k-r1": [""], "q-k-r3": ["a"]}) is None
    assert shown(table, {"r1": "a", "r2": "b"}, "en") == "Morning: Apple\nEvening: Pear"


def test_every_wrong_row_of_a_table_is_told_at_once():
    with pytest.raises(RuleBroken) as broken:
        read(asks("table"), {"q-k-r1": ["x"], "q-k-r2": ["y"]})
    assert [each.field for each in broken.value.every] == ["q-k-r1", "q-k-r2"]


def test_what_has_left_the_list_is_shown_by_its_key():
    assert shown(asks("one"), {"key": "gone"}, "en") == "gone"
    assert shown(Question("k", "one", {}, choices=(Choice("a", {}),)), {"key": "a"}, "en") == "a"


KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16)
WORDS = st.dictionaries(st.sampled_from(texts.LANGUAGES), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8) | KEYS, max_size=3)
LISTS = st.lists(st.builds(Choice, KEYS, WORDS), min_size=1, max_size=6, unique_by=lambda choice: choice.key).map(tuple)
QUESTIONS = st.builds(
    Question, KEYS, st.sampled_from(["one", "many", "table"]), st.just({}), choices=LISTS, rows=LISTS,
    way=st.sampled_from(["", "radio", "list", "search"]), has_other=st.booleans(),
)  # fmt: skip
OTHER = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(lambda text: f"ö{text}.")


@hypothesis_settings(max_examples=100)
@given(question=QUESTIONS, data=st.data(), language=st.sampled_from(texts.LANGUAGES), turn=st.integers(0, 3))
def test_what_is_kept_comes_back_from_the_form_as_it_was(question, data, language, turn):
    keys = st.sampled_from([choice.key for choice in question.choices])
    if question.kind == "table":
        value = {row.key: data.draw(keys) for row in question.rows if data.draw(st.booleans())}
    elif question.kind == "one":
        value = {"other": data.draw(OTHER)} if question.has_other and data.draw(st.booleans()) else {"key": data.draw(keys)}
    else:
        drawn = data.draw(st.sets(keys))
        value = {"keys": [choice.key for choice in question.choices if choice.key in drawn]}
        value |= {"other": data.draw(OTHER)} if question.has_other and data.draw(st.booleans()) else {}
    if "other" in value:
        value["other"] = unicodedata.normalize("NFC", value["other"])
    fields = as_typed(question, value, language, turn=turn)
    is_nothing = value in ({}, {"keys": []})
    assert typed(question, fields, language, "", today=TODAY, turn=turn) == (None if is_nothing else value)
    said = shown(question, value, language)
    for choice in question.choices:
        if choice.key in (value.get("key"), *value.get("keys", []), *(value.values() if question.kind == "table" else ())):
            assert (choice.words.get(language) or "") in said


@hypothesis_settings(max_examples=100)
@given(question=QUESTIONS, data=st.data())
def test_whatever_is_sent_is_a_choice_or_is_refused(question, data):
    names = list(field_names(question).values())
    known = st.sampled_from(["-", "", *(choice.key for choice in question.choices)])
    fields = data.draw(st.dictionaries(st.sampled_from(names), st.lists(known | st.text(max_size=5), max_size=4)))
    try:
        value = read(question, fields)
    except RuleBroken as broken:
        assert broken.field in names
        return
    if value is not None:
        assert read(question, as_typed(question, value, "en")) == value
        assert shown(question, value, "en") or not any(choice.words.get("en") for choice in question.choices)
