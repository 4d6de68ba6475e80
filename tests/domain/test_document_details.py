"""Choices, rules, scores and bands of a form while it is built; and a form that is filled in to try it."""

import datetime as dt

import pytest
from document_forms import ask, choices, paper, score, section

from domain import document_details as details
from domain import document_edits, document_trials
from domain.document_parts import Condition
from domain.rules import NotFound

TODAY = dt.date(2026, 3, 4)


def listed(form, key="o", name="choices"):
    return [choice.key for choice in getattr(document_edits.find(form, key), name)]


def test_a_choice_is_moved_no_further_than_the_ends():
    form = paper([ask("o", "one")])
    assert listed(details.move_choice(form, "o", "choices", "a", 1)) == ["b", "a", "c"]
    assert listed(details.move_choice(form, "o", "choices", "a", -1)) == ["a", "b", "c"]
    assert listed(details.remove_choice(form, "o", "choices", "b")) == ["a", "c"]


def test_choices_are_added_line_by_line_with_keys_of_their_own():
    form = details.add_choices(paper([ask("o", "one")]), "o", "choices", " Pear \n\nKiwi", "en")
    found = document_edits.find(form, "o").choices
    assert [choice.words["en"] for choice in found[3:]] == ["Pear", "Kiwi"]
    assert len({choice.key for choice in found}) == 5
    assert document_edits.find(details.add_choices(form, "o", "choices", "", "en"), "o").choices[-1].words == {}


@pytest.mark.parametrize("act", [
    lambda form: details.move_choice(form, "o", "choices", "z", 1), lambda form: details.remove_choice(form, "o", "words", "a"),
    lambda form: details.remove_choice(form, "s0", "choices", "a"), lambda form: details.score(form, "z"),
    lambda form: details.remove_band(form, "x", "7"), lambda form: details.remove_band(form, "x", "-1"),
    lambda form: details.add_rule(form, "o", "last"), lambda form: details.add_rule(form, "p0", "o"),
    lambda form: details.remove_rule(form, "o", "0"), lambda form: details.before(form, "z"),
])  # fmt: skip
def test_what_is_not_there_is_not_found(act):
    with pytest.raises(NotFound):
        act(paper([ask("o", "one"), ask("last")], scores=[score("x", "sum", "o")]))


def test_a_rule_may_ask_what_stands_before_only():
    form = paper([ask("a"), ask("h", "heading"), ask("b")], [ask("c")])
    assert [each.key for each in details.before(form, "b")] == ["a"]
    assert [each.key for each in details.before(form, "s1")] == ["a", "b"]
    grown = details.add_rule(form, "c", "a")
    assert document_edits.find(grown, "c").show_if.conditions == (Condition("a", "answered"),)
    assert details.remove_rule(grown, "c", "0") == form


def test_a_band_is_added_above_the_others():
    form, made = details.add_score(paper([ask("a", "scale")]))
    form = details.add_band(details.add_band(form, made.key), made.key)
    assert [(int(band.least), int(band.most)) for band in details.score(form, made.key).bands] == [(0, 0), (1, 1)]
    assert len(details.score(details.remove_band(form, made.key, "0"), made.key).bands) == 1
    assert details.remove_score(form, made.key).scores == ()


def test_defaults_stand_in_every_turn():
    form = paper([section("s", ask("a", "one", default={"key": "b"}, choices=choices("a", "b")), most=3)], [ask("n")])
    assert details.at_first(form) == {place: {"key": "b"} for place in ("a", "a:1", "a:2")}


# ---------------------------------------------------------------- trials


REPEATED = paper([section("s", ask("a", "whole"), least=0, most=3)])


def trial(form, fields):
    return document_trials.read(form, {name: [value] for name, value in fields.items()}, "en", "CA", today=TODAY)


def test_a_trial_reads_what_is_right_and_names_what_is_wrong_by_page():
    form = paper([ask("a", "whole")], [ask("b", "whole")])
    found = trial(form, {"q-a": "3", "q-b": "many", "q-z": "x"})
    assert found.answers == {"a": "3"}
    assert [(page, [each.field for each in broken]) for page, broken in found.wrong.items()] == [("p1", ["q-b"])]


def test_a_turn_that_is_taken_out_moves_those_after_it_up():
    fields = {"q-a": ["1"], "q-a:1": ["2"], "q-a:2": ["3"], "n-s": ["3"]}
    answers = {"#s": "3"}
    assert document_trials.turned(REPEATED, fields, answers, "s", 0) == {"q-a": ["2"], "q-a:1": ["3"], "n-s": ["2"]}
    assert document_trials.turned(REPEATED, fields, answers, "s") == fields  # no more than it may be there
    assert document_trials.turned(REPEATED, {}, {"#s": "1"}, "s") == {"n-s": ["2"]}
    assert document_trials.turned(REPEATED, fields, answers, "nothing") == fields


def test_answers_go_into_fields_and_come_back():
    answers = {"#s": "2", "a": "1", "a:1": "2"}
    fields = document_trials.fields_of(REPEATED, answers, "en", "CA") | {"n-s": ["2"]}
    assert document_trials.read(REPEATED, fields, "en", "CA", today=TODAY).answers == answers


def test_a_trial_does_not_ask_for_what_would_have_to_be_stored():
    form = paper([ask("f", "file", is_required=True), ask("a", is_required=True)])
    assert [each.place for each in document_trials.missing(form, {}, "p0")] == ["a"]
