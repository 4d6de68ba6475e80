"""What is wrong with the conditions of a form: those that can never be looked at, and those that go in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain import document_values as values
from domain.document_parts import TESTS, Condition, Form, Question, Section, ShowIf
from domain.rules import N_, RuleBroken

MOST_CONDITIONS = 20
_Found = Iterator[tuple[str, RuleBroken]]


def faults(form: Form) -> _Found:
    """All that is wrong, each with the key of the section or question."""
    yield from _Conditions(form).faults()


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
    if condition.test not in TESTS or condition.test not in values.comparisons(asked.kind):
        return _broken(N_("An answer of this kind cannot be compared like that. Choose another comparison."), "test")
    if not values.is_value(asked, condition.test, condition.value):
        return _broken(N_("The answer that this is compared with is none of that question."), "value")
    return None


def _broken(message: str, code: str, **fields: Any) -> RuleBroken:
    return RuleBroken(message, code=code, field="show_if", **fields)
