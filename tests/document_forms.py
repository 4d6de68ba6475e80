"""Forms for the tests, in few words, and any form at all for Hypothesis."""

import dataclasses
from decimal import Decimal

from hypothesis import strategies as st

from domain import document_values as values
from domain.document_parts import (
    CHOICES,
    HOW,
    KINDS,
    QUESTION_KINDS,
    TESTS,
    Band,
    Choice,
    Condition,
    Form,
    Page,
    Question,
    Score,
    Section,
    ShowIf,
)

CHILDREN = "children"


def en(text):
    return {"en": text}


def choices(*keys, scores=()):
    return tuple(Choice(key, en(f"Choice {key}"), scores[number] if scores else None) for number, key in enumerate(keys))


def ask(key, kind="yes_no", when=(), *, any_of=False, **more):
    """A question; ``when`` is one condition or several, each as question, test and value."""
    if kind in CHOICES:
        more.setdefault("choices", choices("a", "b", "c"))
    if kind == "table":
        more.setdefault("rows", (Choice("r1", en("Row one")), Choice("r2", en("Row two"))))
    if kind in ("slider", "scale"):
        more = {"least": "0", "most": "10"} | more
    if kind == "picture":
        more.setdefault("picture", "0" * 64)
    return Question(key, kind, more.pop("words", en(f"Question {key}")), show_if=show_if(when, any_of=any_of), **more)


def show_if(when, *, any_of=False):
    several = [when] if when and isinstance(when[0], str) else when
    return ShowIf(not any_of, tuple(Condition(*each) for each in several))


def section(key, *questions, when=(), any_of=False, **more):
    if more.get("most", 1) > 1:
        more.setdefault("again", en("Add another one"))
    return Section(key, en(f"Section {key}"), questions, show_if=show_if(when, any_of=any_of), **more)


def paper(*pages, scores=(), kind="form", **more):
    """A form of some pages: each a section, several sections, or only questions."""
    made = []
    for number, parts in enumerate(pages):
        parts = parts if isinstance(parts, list | tuple) else [parts]
        if isinstance(parts[0], Question):
            parts = [section(f"s{number}", *parts)]
        made.append(Page(f"p{number}", en(f"Page {number}"), tuple(parts)))
    return Form(kind, more.pop("title", en("About you")), more.pop("languages", ("en",)), pages=tuple(made), scores=tuple(scores), **more)


def changed(form, key, **changes):
    """The form with one question or section changed."""
    def of(section):
        questions = tuple(dataclasses.replace(each, **changes) if each.key == key else each for each in section.questions)
        section = dataclasses.replace(section, questions=questions)
        return dataclasses.replace(section, **changes) if section.key == key else section
    pages = tuple(dataclasses.replace(page, sections=tuple(map(of, page.sections))) for page in form.pages)
    return dataclasses.replace(form, pages=pages)


# ---------------------------------------------------------------- any form

TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
KEY = st.sampled_from([*"abcdefgh", "", "É", "a b", "a" * 17])
WORDS = st.dictionaries(st.sampled_from(["en", "es", "ar", "?"]), TEXT, max_size=3)
NUMBER = st.decimals(allow_nan=False, allow_infinity=False, min_value=-10**12, max_value=10**12, places=8)
LIMIT = st.sampled_from(["", "0", "3", "-1.5", "2026-03-04", "09:30", "x", "9" * 40]) | TEXT
DEFAULT = st.recursive(st.none() | st.booleans() | st.integers() | LIMIT, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
    st.sampled_from(["key", "keys", "other", "line1", "a"]), inner, max_size=2), max_leaves=3)  # fmt: skip
SHOW_IF = st.builds(ShowIf, st.booleans(), st.lists(st.builds(Condition, KEY, st.sampled_from(TESTS) | TEXT, LIMIT), max_size=2).map(tuple))
CHOICE = st.builds(Choice, KEY, WORDS, st.none() | NUMBER)
SEVERAL = st.lists(CHOICE, max_size=3).map(tuple)
QUESTION = st.builds(
    Question, KEY, st.sampled_from(QUESTION_KINDS) | TEXT, WORDS, help=WORDS, is_required=st.booleans(), show_if=SHOW_IF, choices=SEVERAL, rows=SEVERAL,
    way=st.sampled_from(["", "radio", "drawn"]), has_other=st.booleans(), least=LIMIT, most=LIMIT, places=st.integers(-1, 8), step=LIMIT, unit=WORDS,
    default=DEFAULT, prefill=st.sampled_from(["", "first_name", "birth_date", "x"]), may_change=st.booleans(), is_for_staff=st.booleans(), picture=TEXT,
)  # fmt: skip
SECTION = st.builds(
    Section, KEY, WORDS, st.lists(QUESTION, max_size=3).map(tuple), WORDS, SHOW_IF, st.integers(-2, 4), st.integers(-2, 60), WORDS)  # fmt: skip
PAGE = st.builds(Page, KEY, WORDS, st.lists(SECTION, max_size=2).map(tuple))
SCORE = st.builds(
    Score, KEY, WORDS, st.sampled_from(HOW) | TEXT, st.lists(KEY, max_size=3).map(tuple),
    st.lists(st.builds(Band, NUMBER, NUMBER, WORDS), max_size=3).map(tuple), st.booleans(),
)  # fmt: skip
ANY_FORM = st.builds(
    Form, st.sampled_from(KINDS) | TEXT, WORDS, st.lists(st.sampled_from(["en", "es", "?"]), max_size=3).map(tuple), WORDS, st.integers(-1, 700),
    st.booleans(), st.lists(PAGE, max_size=3).map(tuple), st.lists(SCORE, max_size=2).map(tuple),
)  # fmt: skip

# ---------------------------------------------------------------- forms that can be published, and answers to them

ANSWERS = {
    "yes_no": [True, False],
    "whole": ["-3", "0", "3", "7"],
    "one": [{"key": "a"}, {"key": "b"}, {"other": "Something else"}],
    "many": [{"keys": ["a"]}, {"keys": ["a", "b"]}, {"keys": ["c"], "other": "More"}],
    "short_text": ["Halifax", "HALIFAX", "fax", "ça"],
    "date": ["2026-03-04", "2026-03-05"],
    "table": [{"r1": "a"}, {"r1": "a", "r2": "b"}],
}
COMPARED = {
    "yes_no": ["true", "false"], "whole": ["-3", "0", "5"], "one": ["a", "b"], "many": ["a", "b"], "short_text": ["halifax", "FAX", "ÇA"],
    "date": ["2026-03-04", "2026-03-06"], "table": [""],
}  # fmt: skip


@st.composite
def sound_form(draw):
    """Pages with sections, some of which repeat, and conditions about whatever comes before."""
    earlier, pages, number = [], [], 0
    for page in range(draw(st.integers(1, 3))):
        sections = []
        for _ in range(draw(st.integers(1, 2))):
            most = draw(st.sampled_from([1, 1, 3]))
            least, when = (draw(st.integers(0, 2)) if most > 1 else 1), draw(_when(earlier, for_staff=False))
            questions = []
            for _ in range(draw(st.integers(1, 4))):
                for_staff = draw(st.sampled_from([False, False, False, True]))
                kind = draw(st.sampled_from([*ANSWERS, "heading"]))
                made = ask(f"q{number}", kind, draw(_when(earlier, for_staff=for_staff)), any_of=draw(st.booleans()), is_for_staff=for_staff,
                           has_other=kind in ("one", "many"), is_required=draw(st.booleans()))  # fmt: skip
                questions.append(made)
                earlier.append(made)
                number += 1
            sections.append(section(f"s{page}{len(sections)}", *questions, when=when, any_of=draw(st.booleans()), least=least, most=most))
        pages.append(sections)
    return paper(*pages, [ask("last")])  # so that something is asked


@st.composite
def _when(draw, earlier, *, for_staff):
    asked = [question for question in earlier if question.asks and (for_staff or not question.is_for_staff)]
    if not asked:
        return []
    found = []
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        question = draw(st.sampled_from(asked))
        test = draw(st.sampled_from(values.comparisons(question.kind)))
        found.append((question.key, test, "" if test in values.EVERY else draw(st.sampled_from(COMPARED[question.kind]))))
    return found


@st.composite
def answers_to(draw, form):
    """Some answers, among them some of what is not shown and of turns that are not there."""
    given = {}
    for _, part, question in form.questions():
        if part.repeats and draw(st.booleans()):
            given[f"#{part.key}"] = draw(st.sampled_from(["0", "1", "2", "3", "9", "x", "-1"]))
        for turn in range(4 if part.repeats else 1):
            if question.asks and draw(st.booleans()):
                given[question.key + (f":{turn}" if turn else "")] = draw(st.sampled_from(ANSWERS[question.kind]))
    return given


def score(key, how, *questions, bands=(), **more):
    """Bands as triples of least, most and name."""
    made = tuple(Band(Decimal(least), Decimal(most), en(name)) for least, most, name in bands)
    return Score(key, en(f"Score {key}"), how, questions, made, **more)
