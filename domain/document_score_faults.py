"""What is wrong with the scores of a form: what they count, and the bands that say what they mean."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from decimal import Decimal

from domain import document_values as values
from domain.document_parts import HOW, NUMBERS, Band, Form, Question, Score, plain_number
from domain.document_question_faults import CROSSED, is_small
from domain.document_scores import MEAN
from domain.rules import N_, RuleBroken

MOST_BANDS = 50


def faults(form: Form) -> Iterator[tuple[str, RuleBroken]]:
    """All that is wrong, each with the key of the score."""
    asked = {question.key: question for _, _, question in form.questions()}
    for score in form.scores:
        yield from ((score.key, broken) for broken in _score(score, asked))
        yield from ((score.key, broken) for broken in _bands(score, asked))


def _score(score: Score, asked: Mapping[str, Question]) -> Iterator[RuleBroken]:
    if score.how not in HOW:
        yield RuleBroken(N_("Choose how this score is counted."), code="how", field="how")
    if not score.questions:
        yield RuleBroken(N_("Choose the questions that count for this score."), code="no_question", field="questions")
    if len(set(score.questions)) < len(score.questions):
        yield RuleBroken(N_("A question counts once. Remove the second."), code="twice", field="questions")
    counted = [asked.get(key) for key in score.questions]
    if None in counted:
        yield RuleBroken(N_("A question that counts for this score is gone. Take it out."), code="gone", field="questions")
    if any(question is not None and not _scores(question) for question in counted):
        broken = N_("A question that counts for this score has no scores. Give each of its choices one, or take it out.")
        yield RuleBroken(broken, code="no_scores", field="questions")
    if score.is_shown and any(question is not None and question.is_for_staff for question in counted):
        broken = N_("The client sees this score, but not every question that counts for it. Take out those for staff only.")
        yield RuleBroken(broken, code="for_staff", field="questions")


def _scores(question: Question) -> bool:
    if question.kind in NUMBERS:
        return True
    return bool(question.choices) and all(choice.score is not None for choice in question.choices)


def _bands(score: Score, asked: Mapping[str, Question]) -> Iterator[RuleBroken]:
    """From the lowest to the highest each number that the score can be is in one band."""
    if len(score.bands) > MOST_BANDS:
        yield RuleBroken(N_("Give at most %(most)s bands."), code="bands", field="bands", most=MOST_BANDS)
    if not all(is_small(each) for band in score.bands for each in (band.least, band.most)):
        yield RuleBroken(N_("A score has at most nine digits before the point and six after it."), code="score", field="bands")
        return
    if any(band.least > band.most for band in score.bands):
        yield RuleBroken(CROSSED, code="crossed", field="bands")
        return
    bands, step = sorted(score.bands, key=lambda band: (band.least, band.most)), _step(score, asked)
    for band, after in itertools.pairwise(bands):
        yield from _between(band, after, step)


def _between(band: Band, after: Band, step: Decimal) -> Iterator[RuleBroken]:
    one, other = plain_number(band.most), plain_number(after.least)
    if after.least <= band.most:
        broken = N_("Two bands overlap: one goes to %(one)s, the next begins at %(other)s.")
        yield RuleBroken(broken, code="overlap", field="bands", one=one, other=other)
    elif after.least - band.most > step:
        broken = N_("Between two bands is a gap: one goes to %(one)s, the next begins at %(other)s.")
        yield RuleBroken(broken, code="gap", field="bands", one=one, other=other)


def _step(score: Score, asked: Mapping[str, Question]) -> Decimal:
    """The smallest difference between two scores: a mean has two decimals, a sum as many as what it counts."""
    if score.how == "mean":
        return MEAN
    counted = [asked[key] for key in score.questions if key in asked]
    return min((_grain(question) for question in counted), default=Decimal(1))


def _grain(question: Question) -> Decimal:
    if question.kind == "currency":
        return MEAN  # most have two decimals
    if question.kind in NUMBERS:
        return Decimal(1).scaleb(-values.places(question))
    scored = [choice.score.normalize() for choice in question.choices if choice.score is not None and is_small(choice.score)]
    return Decimal(1).scaleb(min([0, *(int(score.as_tuple().exponent) for score in scored)]))
