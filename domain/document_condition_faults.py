"""What is wrong between the questions of a form: conditions that can never be looked at, scores of what scores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain import document_values as values
from domain.document_parts import (
    HOW,
    NUMBERS,
    TESTS,
    Band,
    Condition,
    Form,
    Question,
    Score,
    Section,
    ShowIf,
    plain_number,
)
from domain.document_question_faults import CROSSED, is_small
from domain.document_scores import MEAN
from domain.rules import N_, RuleBroken

MOST_CONDITIONS, MOST_BANDS = 20, 50
_Found = Iterator[tuple[str, RuleBroken]]


def faults(form: Form) -> _Found:
    """All that is wrong, each with the key of the section, question or score."""
    yield from _Conditions(form).faults()
    asked = {question.key: question for _, _, question in form.questions()}
    for score in form.scores:
        yield from ((score.key, broken) for broken in _score(score, asked))
        yield from ((score.key, broken) for broken in _bands(score, asked))


# ---------------------------------------------------------------- conditions


class _Conditions:
    def __init__(self, form: Form) -> None:
        self.form = form
        self.asked: dict[str, Question] = {}
        self.home: dict[str, Section] = {}
        self.order: dict[str, int] = {}
        for number, (_, section, question) in enumerate(form.questions()):
            self.asked[question.key], self.home[question.key] = question, section
            self.order.setdefault(question.key, number)

    def faults(self) -> _Found:
        for page in self.form.pages:
            for section in page.sections:
                within = {question.key for question in section.questions}
                is_for_staff = all(question.is_for_staff for question in section.questions)
                first = min((self.order[key] for key in within), default=len(self.order))
                for broken in self._all(section.show_if, within, first, is_for_staff):
                    yield section.key, broken
                for question in section.questions:
                    for broken in self._all(question.show_if, {question.key}, self.order[question.key], question.is_for_staff):
                        yield question.key, broken

    def _all(self, show_if: ShowIf, own: set[str], place: int, is_for_staff: bool) -> Iterator[RuleBroken]:
        if len(show_if.conditions) > MOST_CONDITIONS:
            yield _broken(N_("Give at most %(most)s conditions."), "conditions", most=MOST_CONDITIONS)
        for condition in show_if.conditions:
            if broken := self._where(condition, own, place, is_for_staff) or _test(self.asked[condition.question], condition):
                yield broken

    def _where(self, condition: Condition, own: set[str], place: int, is_for_staff: bool) -> RuleBroken | None:
        """Whether the answer that it asks for can be there, and be seen."""
        asked = self.asked.get(condition.question)
        if asked is None:
            return _broken(N_("The question that this depends on is gone. Choose another one."), "gone")
        if not asked.asks:
            return _broken(N_("What this depends on cannot be answered. Choose a question."), "silent")
        if asked.key in own:
            return _broken(N_("This depends on itself. Choose another question."), "itself")
        if self.order[asked.key] > place:
            if self._leads_to(asked.key, own):
                return _broken(N_("This depends on a question that depends on this. Remove one of the two."), "circle")
            return _broken(N_("The question that this depends on comes later. Move it up."), "later")
        if asked.is_for_staff and not is_for_staff:
            return _broken(N_("This depends on a question that the client does not see. Choose another one."), "for_staff")
        return None

    def _leads_to(self, key: str, own: set[str]) -> bool:
        """Whether a question depends, itself or through others, on one of these."""
        seen, waiting = {key}, [key]
        while waiting:
            for other in self._depends_on(waiting.pop()):
                if other in own:
                    return True
                if other not in seen and other in self.asked:
                    seen.add(other)
                    waiting.append(other)
        return False

    def _depends_on(self, key: str) -> set[str]:
        both = (*self.asked[key].show_if.conditions, *self.home[key].show_if.conditions)
        return {condition.question for condition in both}


def _test(asked: Question, condition: Condition) -> RuleBroken | None:
    """Whether it asks something that an answer of this kind can be asked."""
    if condition.test not in TESTS or condition.test not in values.tests(asked.kind):
        return _broken(N_("An answer of this kind cannot be compared like that. Choose another comparison."), "test")
    if not values.is_value(asked, condition.test, condition.value):
        return _broken(N_("The answer that this is compared with is none of that question."), "value")
    return None


def _broken(message: str, code: str, **fields: Any) -> RuleBroken:
    return RuleBroken(message, code=code, field="show_if", **fields)


# ---------------------------------------------------------------- scores


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
    for band, after in zip(bands, bands[1:], strict=False):
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
