"""What the answers of a document score: sums and means, and the band that each is in.  Decimals only, exact until the mean."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, NamedTuple

from domain import document_rules as rules
from domain import document_values as values
from domain.document_parts import NUMBERS, Form, Question, Score, Words

MEAN = Decimal("0.01")  # to this a mean is rounded, half up
_DIGITS = 60  # more than any sum needs
_ZERO = Decimal(0)


class Result(NamedTuple):
    """One score: None where nothing counts, without ``band`` where it is in none.  ``is_whole`` when nothing is left out."""

    key: str
    value: Decimal | None
    band: Words | None
    is_whole: bool


class Points(NamedTuple):
    """What an answer counts, and whether all of it does."""

    value: Decimal | None
    is_whole: bool


def scores(form: Form, answers: Mapping[str, Any]) -> list[Result]:
    """Each score over what is shown and answered, staff's questions among it; what is hidden is no part of it."""
    if not form.scores:
        return []
    shown = rules.visible(form, answers, for_staff=True).questions
    found: dict[str, list[Points]] = {}
    with localcontext() as context:
        context.prec = _DIGITS
        for place, question in shown.items():
            found.setdefault(question.key, []).append(points(question, answers.get(place)))
        return [_result(score, [each for key in score.questions for each in found.get(key, ())]) for score in form.scores]


def points(question: Question, value: Any) -> Points:
    """What one answer counts: a number itself, a choice its score, a table and several choices the sum of theirs."""
    if question.kind in NUMBERS:
        number = values.number(value)
        return Points(number, number is not None)
    if not isinstance(value, Mapping) or not values.is_answered(value):
        return Points(None, False)
    if question.kind == "one":
        return _sum(question, [value.get("key")])
    if question.kind == "many":
        return _sum(question, [*value.get("keys", ()), *([None] if "other" in value else [])])
    return _sum(question, [value.get(row.key) for row in question.rows])


def _sum(question: Question, keys: list[Any]) -> Points:
    """Of some choices.  What has no score, such as an answer in own words, is left out, and then it is not whole."""
    known = {choice.key: choice.score for choice in question.choices}
    found = [known.get(key) for key in keys]
    scored = [each for each in found if each is not None]
    return Points(sum(scored, _ZERO) if scored else None, len(scored) == len(keys))


def _result(score: Score, counted: list[Points]) -> Result:
    numbers = [each.value for each in counted if each.value is not None]
    if not numbers:
        return Result(score.key, None, None, False)
    value = sum(numbers, _ZERO)
    if score.how == "mean":
        value = (value / len(numbers)).quantize(MEAN, ROUND_HALF_UP)
    value += _ZERO  # never a minus before nothing
    band = next((band.words for band in score.bands if band.least <= value <= band.most), None)
    return Result(score.key, value, band, all(each.is_whole for each in counted))
