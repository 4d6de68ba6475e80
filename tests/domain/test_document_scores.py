"""What answers score: sums and means of what is shown and answered, exact, and the band that each is in (spec 05)."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from document_forms import CHILDREN, answers_to, ask, choices, paper, score, section, sound_form
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.document_rules import visible
from domain.document_scores import Result, points, scores

THREE = choices("a", "b", "c", scores=(Decimal(0), Decimal(1), Decimal("2.5")))


def only(form, answers):
    (result,) = scores(form, answers)
    return result


def of(how, *questions, **more):
    return paper(list(questions), scores=[score("total", how, *(question.key for question in questions), **more)])


@pytest.mark.parametrize(("question", "answer", "value", "is_whole"), [
    (ask("q", "whole"), "-3", "-3", True),
    (ask("q", "decimal", places=2), "0.10", "0.1", True),
    (ask("q", "currency"), "12.50", "12.5", True),
    (ask("q", "percentage"), "40", "40", True),
    (ask("q", "slider"), "7", "7", True),
    (ask("q", "scale"), "10", "10", True),
    (ask("q", "one", choices=THREE), {"key": "c"}, "2.5", True),
    (ask("q", "one", choices=THREE), {"key": "a"}, "0", True),  # nothing is something
    (ask("q", "one", choices=THREE, has_other=True), {"other": "b"}, None, False),
    (ask("q", "many", choices=THREE), {"keys": ["b", "c"]}, "3.5", True),
    (ask("q", "many", choices=THREE, has_other=True), {"keys": ["b"], "other": "More"}, "1", False),
    (ask("q", "many", choices=choices("a", "other", scores=(Decimal(1), Decimal(9))), has_other=True), {"keys": ["a"], "other": "More"}, "1", False),
    (ask("q", "many", choices=THREE), {"keys": []}, None, False),
    (ask("q", "table", choices=THREE), {"r1": "b", "r2": "c"}, "3.5", True),
    (ask("q", "table", choices=THREE), {"r1": "c"}, "2.5", False),
    (ask("q", "one", choices=choices("a", "b")), {"key": "a"}, None, False),  # without scores
    (ask("q", "yes_no"), True, None, False),
    (ask("q", "whole"), "many", None, False),
])  # fmt: skip
def test_what_one_answer_counts(question, answer, value, is_whole):
    number = None if value is None else Decimal(value)
    assert points(question, answer) == (number, is_whole)
    assert only(of("sum", question), {"q": answer}) == Result("total", number, None, is_whole)


def test_a_sum_and_a_mean_of_some_questions_of_a_form():
    form = paper([ask("a", "whole"), ask("b", "one", choices=THREE), ask("c", "whole")], scores=[score("s", "sum", "a", "b"), score("m", "mean", "a", "b")])
    assert scores(form, {"a": "4", "b": {"key": "c"}, "c": "100"}) == [Result("s", Decimal("6.5"), None, True), Result("m", Decimal("3.25"), None, True)]


def test_decimals_add_up_exactly():
    assert only(of("sum", *(ask(f"q{n}", "decimal", places=1) for n in range(10))), {f"q{n}": "0.1" for n in range(10)}).value == 1


def test_an_answer_that_is_missing_is_left_out_and_said_so():
    form = of("mean", ask("a", "whole"), ask("b", "whole"))
    assert only(form, {"a": "3"}) == Result("total", Decimal(3), None, False)
    assert only(form, {}) == Result("total", None, None, False)


def test_what_is_hidden_is_no_part_of_it():
    form = of("sum", ask("a", "whole"), ask("b", "whole", ("a", "greater", "5")))
    assert only(form, {"a": "5", "b": "90"}) == Result("total", Decimal(5), None, True)
    assert only(form, {"a": "6", "b": "90"}) == Result("total", Decimal(96), None, True)


def test_each_turn_of_a_section_counts():
    form = paper(section(CHILDREN, ask("age", "whole"), most=5), scores=[score("sum", "sum", "age"), score("mean", "mean", "age")])
    answers = {"#children": "3", "age": "2", "age:1": "3", "age:2": "4", "age:3": "100"}
    assert [result.value for result in scores(form, answers)] == [9, 3]
    del answers["age:1"]
    assert [(result.value, result.is_whole) for result in scores(form, answers)] == [(6, False), (3, False)]


def test_what_staff_answer_counts():
    assert only(of("sum", ask("a", "whole"), ask("b", "whole", is_for_staff=True)), {"a": "1", "b": "2"}).value == 3


@pytest.mark.parametrize(("answers", "mean"), [
    (["1", "1", "2"], "1.33"), (["1", "2", "2"], "1.67"), (["0.01", "0"], "0.01"), (["0.03", "0"], "0.02"), (["-0.01", "0"], "-0.01"),
    (["2.5", "2.51", "2.5", "2.5", "2.5", "2.5", "2.5", "2.5"], "2.50"), (["-0.001", "0", "0"], "0"),
])  # fmt: skip
def test_a_mean_has_two_decimals_and_half_goes_up(answers, mean):
    form = of("mean", *(ask(f"q{n}", "decimal", places=3) for n in range(len(answers))))
    value = only(form, {f"q{n}": answer for n, answer in enumerate(answers)}).value
    assert value == Decimal(mean)
    assert not (value.is_signed() and not value)  # never a minus before nothing


BANDS = [("0", "4", "Low"), ("5", "9", "Middle"), ("10", "27", "High")]


@pytest.mark.parametrize(("answer", "band"), [("0", "Low"), ("4", "Low"), ("5", "Middle"), ("9", "Middle"), ("10", "High"), ("27", "High"), ("28", None), ("-1", None)])
def test_a_score_is_in_the_band_whose_ends_it_keeps(answer, band):
    found = only(of("sum", ask("q", "whole"), bands=BANDS), {"q": answer}).band
    assert (found and found["en"]) == band


def test_nothing_is_in_no_band():
    assert only(of("sum", ask("q", "whole"), bands=BANDS), {}).band is None


def test_the_precision_that_somebody_set_changes_nothing():
    form = of("mean", *(ask(f"q{n}", "decimal", places=3) for n in range(3)))
    with localcontext() as context:
        context.prec = 2
        assert only(form, {"q0": "1234.567", "q1": "1", "q2": "2"}).value == Decimal("412.52")


@given(st.data())
@hypothesis_settings(max_examples=80)
def test_a_score_is_what_counting_by_hand_gives(data):
    """By hand with fractions, which are exact, and halves rounded away from nothing."""
    form = data.draw(sound_form())
    counted = [question.key for _, _, question in form.questions() if question.kind == "whole"]
    answers = data.draw(answers_to(form))
    shown = [place for place, question in visible(form, answers, for_staff=True).questions.items() if question.kind == "whole"]
    numbers = [Fraction(int(answers[place])) for place in shown if place in answers]
    form = paper(*([*page.sections] for page in form.pages), scores=[score("sum", "sum", *counted), score("mean", "mean", *counted)])
    total, mean = scores(form, answers)
    assert total.is_whole is mean.is_whole is bool(numbers and len(numbers) == len(shown))
    if not numbers:
        assert total.value is mean.value is None
        return
    assert total.value == sum(numbers)
    by_hand = sum(numbers) / len(numbers) * 100
    rounded = int(abs(by_hand) + Fraction(1, 2)) * (1 if by_hand >= 0 else -1)
    assert mean.value * 100 == rounded
