"""All that keeps a form from being published, in words for the staff who build it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from babel import Locale, UnknownLocaleError

from domain import document_condition_faults as condition_faults
from domain import document_question_faults as question_faults
from domain import document_score_faults as score_faults
from domain.document_parts import KINDS, Form, Section, Words
from domain.document_places import MOST_TURNS
from domain.rules import N_, RuleBroken

MOST_PAGES, MOST_QUESTIONS, MOST_SCORES, MOST_PLACES, MOST_MINUTES = 50, 500, 50, 2000, 600
LONGEST, LONGEST_TEXT = 1000, 20_000  # letters of a name or question; of an introduction or a text between questions
KEY = re.compile(r"[a-z0-9]{1,16}")


class Fault(NamedTuple):
    """What is wrong, and where: the key of a page, section, question or score, empty for the form itself."""

    where: str
    broken: RuleBroken


def faults(form: Form, own: str = "") -> list[Fault]:
    """Everything that keeps a form from being published, in the order of the form; ``own`` is the agency's language."""
    found = [
        *(Fault("", broken) for broken in _form(form, own)),
        *_too_much(form),
        *_keys(form),
        *_texts(form),
        *_pages(form),
        *(Fault(question.key, broken) for _, _, question in form.questions() for broken in question_faults.faults(question)),
        *(Fault(*each) for each in (*condition_faults.faults(form), *score_faults.faults(form))),
    ]
    order = {key: number for number, key in enumerate(["", *_all_keys(form)])}
    return sorted(found, key=lambda fault: order[fault.where])


def _all_keys(form: Form) -> Iterator[str]:
    for page in form.pages:
        yield page.key
        for section in page.sections:
            yield section.key
            yield from (question.key for question in section.questions)
    yield from (score.key for score in form.scores)


def _form(form: Form, own: str) -> Iterator[RuleBroken]:
    if form.kind not in KINDS:
        yield RuleBroken(N_("Choose what kind of document this is."), code="kind", field="kind")
    if not form.languages or any(_name(language) is None for language in form.languages):
        yield RuleBroken(N_("Choose the languages of this document."), code="languages", field="languages")
    elif len(set(form.languages)) < len(form.languages):
        yield RuleBroken(N_("Choose each language once."), code="languages", field="languages")
    elif own and own not in form.languages:
        yield RuleBroken(N_("Your agency’s own language must be among the languages of this document."), code="own", field="languages")
    if not 0 <= form.minutes <= MOST_MINUTES:
        broken = N_("Give a number of minutes up to %(most)s, or 0 to say nothing.")
        yield RuleBroken(broken, code="minutes", field="minutes", most=MOST_MINUTES)
    asked = [question.kind for _, _, question in form.questions() if question.asks]
    if not form.pages:
        yield RuleBroken(N_("Add a page."), code="no_page")
    elif form.kind == "letter":
        if any(kind != "signature" for kind in asked):
            yield RuleBroken(N_("A letter is only read and signed. Make it a form to ask something."), code="letter")
    elif not asked:
        yield RuleBroken(N_("Add a question that can be answered, or make this a letter."), code="no_question")


def _too_much(form: Form) -> Iterator[Fault]:
    """What would be slow, or more than anybody fills in."""
    asked = list(form.questions())
    if len(form.pages) > MOST_PAGES:
        yield Fault("", RuleBroken(N_("A document has at most %(most)s pages."), code="pages", most=MOST_PAGES))
    if len(asked) > MOST_QUESTIONS:
        yield Fault("", RuleBroken(N_("A document has at most %(most)s questions."), code="questions", most=MOST_QUESTIONS))
    elif sum(max(1, section.most) for _, section, _ in asked) > MOST_PLACES:
        broken = N_("With everything that repeats there are more than %(most)s questions. Let the sections repeat less often.")
        yield Fault("", RuleBroken(broken, code="places", most=MOST_PLACES))
    if len(form.scores) > MOST_SCORES:
        yield Fault("", RuleBroken(N_("A document has at most %(most)s scores."), code="scores", most=MOST_SCORES))


def _keys(form: Form) -> Iterator[Fault]:
    for key, times in Counter(_all_keys(form)).items():
        if not KEY.fullmatch(key):
            broken = RuleBroken(N_("A key has 1 to 16 small letters and digits, from a to z and 0 to 9."), code="key", field="key")
            yield Fault(key, broken)
        if times > 1:
            yield Fault(key, RuleBroken(N_("This key is used more than once."), code="twice", field="key"))


def _pages(form: Form) -> Iterator[Fault]:
    empty = N_("Nothing is here yet. Add a question, or remove this.")
    for page in form.pages:
        if not page.sections:
            yield Fault(page.key, RuleBroken(empty, code="empty"))
        for section in page.sections:
            if not section.questions:
                yield Fault(section.key, RuleBroken(empty, code="empty"))
            yield from (Fault(section.key, broken) for broken in _turns(section))


def _turns(section: Section) -> Iterator[RuleBroken]:
    if not section.repeats and (section.least, section.most) != (1, 1):
        yield RuleBroken(N_("A section is there once, or it repeats: then it may be there at least twice."), code="turns", field="most")
    elif section.most > MOST_TURNS:
        yield RuleBroken(N_("A section repeats at most %(most)s times."), code="turns", field="most", most=MOST_TURNS)
    elif not 0 <= section.least <= section.most:
        yield RuleBroken(question_faults.CROSSED, code="crossed", field="least")


# ---------------------------------------------------------------- texts


def _texts(form: Form) -> Iterator[Fault]:
    for where, field, words, is_needed, most in _all_texts(form):
        for broken in _words(form.languages, words, is_needed):
            broken.field = field
            yield Fault(where, broken)
        if any(len(text) > most for text in words.values()):
            yield Fault(where, RuleBroken(N_("Use at most %(most)s characters."), code="too_long", field=field, most=most))


def _words(languages: tuple[str, ...], words: Words, is_needed: bool) -> Iterator[RuleBroken]:
    """One for each language in which it is not written; what is not needed must be there in all or in none."""
    written = {language for language, text in words.items() if text.strip()}
    if not is_needed and not written:
        return
    for language in languages:
        if language not in written:
            name = _name(language) or language
            yield RuleBroken(N_("Write this in every language of the document. Missing: %(language)s."), code="words", language=name)


def _all_texts(form: Form) -> Iterator[tuple[str, str, Words, bool, int]]:
    """Each text with its key and field, whether it is needed, and how long it may be."""
    yield "", "title", form.title, True, LONGEST
    yield "", "intro", form.intro, False, LONGEST_TEXT
    for page in form.pages:
        yield page.key, "words", page.words, True, LONGEST
        for section in page.sections:
            yield section.key, "words", section.words, section.repeats, LONGEST
            yield section.key, "help", section.help, False, LONGEST
            yield section.key, "again", section.again, section.repeats, LONGEST
    for _, _, question in form.questions():
        yield question.key, "words", question.words, True, LONGEST_TEXT if question.kind == "text" else LONGEST
        yield question.key, "help", question.help, False, LONGEST
        yield question.key, "unit", question.unit, False, LONGEST
        yield from ((question.key, "choices", choice.words, True, LONGEST) for choice in question.choices)
        yield from ((question.key, "rows", row.words, True, LONGEST) for row in question.rows)
    for score in form.scores:
        yield score.key, "words", score.words, True, LONGEST
        yield from ((score.key, "bands", band.words, True, LONGEST) for band in score.bands)


def _name(language: str) -> str | None:
    """A language as its own speakers call it; None for one that nobody knows."""
    try:
        return Locale.parse(language, sep="-").get_display_name(language.replace("-", "_"))
    except (ValueError, TypeError, UnknownLocaleError):
        return None
