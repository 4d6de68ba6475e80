"""What of a document is shown, what is missing and which page is next: all of it follows from the form and the answers.

An answer counts only while its question is shown, so that one answer can hide a whole chain.  Everything is looked at once, in the
order of the form: what a condition asks for stands before it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

from domain import document_places as places
from domain import document_values as values
from domain.document_parts import Condition, Form, Page, Question, Section, ShowIf
from domain.rules import NotFound

Answers = Mapping[str, Any]
_NOBODY = -1  # the turn of what stands outside of turns


@dataclasses.dataclass(frozen=True, slots=True)
class Visible:
    """What is shown, in the order of the form: keys of pages, sections with their turns, questions by their written place."""

    pages: list[str] = dataclasses.field(default_factory=list)
    sections: dict[str, int] = dataclasses.field(default_factory=dict)
    questions: dict[str, Question] = dataclasses.field(default_factory=dict)


class Missing(NamedTuple):
    """A required question without an answer, and the page that it stands on."""

    place: str
    page: str


class Progress(NamedTuple):
    """How many of the questions that are shown have an answer, and which page of how many this is (0: none of them)."""

    answered: int
    questions: int
    page: int
    pages: int


def visible(form: Form, answers: Answers, *, for_staff: bool = False) -> Visible:
    """What the client sees with these answers; ``for_staff`` also what only staff see."""
    return _Look(form, answers, for_staff).all()


def missing(form: Form, answers: Answers, *, for_staff: bool = False) -> list[Missing]:
    """Every required question that is shown and not wholly answered, in order; of a table each row counts."""
    shown = visible(form, answers, for_staff=for_staff)
    pages = {question.key: page.key for page, _, question in form.questions()}
    return [
        Missing(place, pages[question.key])
        for place, question in shown.questions.items()
        if question.asks and question.is_required and not values.is_complete(question, answers.get(place))
    ]


def kept(form: Form, answers: Answers, *, for_staff: bool = False) -> dict[str, Any]:
    """Only the answers of what is shown, with the turns of each section that repeats: what is signed."""
    shown = visible(form, answers, for_staff=for_staff)
    turns = {section.key for page in form.pages for section in page.sections if section.repeats}
    counted = {places.count(key): str(number) for key, number in shown.sections.items() if key in turns}
    asked = (place for place, question in shown.questions.items() if question.asks)
    return counted | {place: answers[place] for place in asked if values.is_answered(answers.get(place))}


def turns(section: Section, answers: Answers) -> int:
    """How often a section is there: as the answers say, never fewer or more than it may be."""
    said = answers.get(places.count(section.key))
    if not section.repeats:
        return 1
    number = int(said) if isinstance(said, str) and said.isascii() and said.isdecimal() and len(said) < 5 else section.least
    return max(0, section.least, min(number, section.most, places.MOST_TURNS))


def page_after(form: Form, answers: Answers, page: str = "", *, for_staff: bool = False) -> str | None:
    """The next page with something on it, without ``page`` the first; None after the last.  Raises NotFound for an unknown one."""
    shown, keys = visible(form, answers, for_staff=for_staff).pages, [each.key for each in form.pages]
    return next((key for key in keys[_at(keys, page) + 1 if page else 0 :] if key in shown), None)


def page_before(form: Form, answers: Answers, page: str = "", *, for_staff: bool = False) -> str | None:
    """The page before with something on it, without ``page`` the last; None before the first.  Raises NotFound for an unknown one."""
    shown, keys = visible(form, answers, for_staff=for_staff).pages, [each.key for each in form.pages]
    return next((key for key in reversed(keys[: _at(keys, page)] if page else keys) if key in shown), None)


def progress(form: Form, answers: Answers, page: str = "", *, for_staff: bool = False) -> Progress:
    """How far somebody is."""
    shown = visible(form, answers, for_staff=for_staff)
    asked = [(place, question) for place, question in shown.questions.items() if question.asks]
    done = sum(values.is_complete(question, answers.get(place)) for place, question in asked)
    return Progress(done, len(asked), shown.pages.index(page) + 1 if page in shown.pages else 0, len(shown.pages))


def _at(keys: list[str], page: str) -> int:
    if page not in keys:
        raise NotFound
    return keys.index(page)


class _Look:
    """One walk over a form.  It remembers the answers of what it has shown."""

    def __init__(self, form: Form, answers: Answers, for_staff: bool) -> None:
        self.form, self.answers, self.for_staff = form, answers, for_staff
        self.shown = Visible()
        self.passed: dict[str, tuple[Question, Section]] = {}
        self.found: dict[str, dict[int, Any]] = {}  # of a question that is shown: its answers by turn
        self.from_outside: dict[Condition, bool] = {}

    def all(self) -> Visible:
        for page in self.form.pages:
            self._page(page)
        return self.shown

    def _page(self, page: Page) -> None:
        before = len(self.shown.sections)
        for section in page.sections:
            self._section(section)
        if len(self.shown.sections) > before:
            self.shown.pages.append(page.key)

    def _section(self, section: Section) -> None:
        """A section without anything to see is not there.  One without turns is, if a turn would have something."""
        number = turns(section, self.answers)
        if self._is_shown(section.show_if, section, _NOBODY):
            before = len(self.shown.questions)
            for turn in range(number):
                self._turn(section, turn, self.answers, self.shown.questions)
            phantom: dict[str, Question] = {}
            if not number:
                self._turn(section, 0, {}, phantom)
            if phantom or len(self.shown.questions) > before:
                self.shown.sections[section.key] = number
        self.passed.update((question.key, (question, section)) for question in section.questions)

    def _turn(self, section: Section, turn: int, answers: Answers, into: dict[str, Question]) -> None:
        for question in section.questions:
            is_theirs = self.for_staff or not question.is_for_staff
            if is_theirs and self._is_shown(question.show_if, section, turn):
                where = places.place(question.key, turn)
                into[where] = question
                if question.asks and values.is_answered(value := answers.get(where)):
                    self.found.setdefault(question.key, {})[turn] = value
            self.passed[question.key] = question, section

    def _is_shown(self, show_if: ShowIf, section: Section, turn: int) -> bool:
        if not show_if.conditions:
            return True
        return (all if show_if.all_of else any)(self._holds(each, section, turn) for each in show_if.conditions)

    def _holds(self, condition: Condition, section: Section, turn: int) -> bool:
        """In the same section it reads the same turn, else all of them: one that holds is enough."""
        question, home = self.passed.get(condition.question, (None, None))
        if question is None:
            return condition.test == "unanswered"
        answers = self.found.get(condition.question, {})
        if home is section and section.repeats:
            return _is_true(question, condition, [answers[turn]] if turn in answers else [])
        if condition not in self.from_outside:
            self.from_outside[condition] = _is_true(question, condition, list(answers.values()))
        return self.from_outside[condition]


def _is_true(question: Question, condition: Condition, answers: list[Any]) -> bool:
    if condition.test in values.EVERY:
        return bool(answers) is (condition.test == "answered")
    return any(values.holds(question, condition, each) for each in answers)
