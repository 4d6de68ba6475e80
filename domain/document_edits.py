"""How a form is changed while it is built: one part added, changed, moved, copied, taken out.  Each answers a new form (spec 05).

Whatever is changed keeps its key; what is new gets one that was never there.  A part is named by its key alone.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from domain.document_parts import CHOICES, WAYS, Choice, Form, Page, Question, Score, Section, Words
from domain.rules import NotFound

Part = Page | Section | Question
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is read for another
_LISTS = {Form: "pages", Page: "sections", Section: "questions"}


def new_key(form: Form) -> str:
    """Eight letters that no part of a form has."""
    taken = keys(form)
    while (key := "".join(secrets.choice(_LETTERS) for _ in range(8))) in taken:
        pass
    return key


def keys(form: Form) -> set[str]:
    """The keys of all its parts, choices, rows and scores."""
    found = {page.key for page in form.pages} | {section.key for page in form.pages for section in page.sections}
    for _, _, question in form.questions():
        found |= {question.key, *(each.key for each in (*question.choices, *question.rows))}
    return found | {score.key for score in form.scores}


def find(form: Form, key: str) -> Part:
    """One page, section or question.  Raises NotFound."""
    for page in form.pages:
        parts: list[Part] = [page, *page.sections, *(question for section in page.sections for question in section.questions)]
        for part in parts:
            if part.key == key:
                return part
    raise NotFound(key)


# ---------------------------------------------------------------- added


def blank(kind: str, title: Words, languages: Sequence[str]) -> Form:
    """A form with one page and one section, in which nothing is asked yet."""
    form = Form(kind, dict(title), tuple(languages))
    return add_page(form, {})


def add_page(form: Form, words: Words) -> Form:
    """One more page at the end, with a section."""
    page = Page(new_key(form), dict(words))
    form = dataclasses.replace(form, pages=(*form.pages, page))
    return add_section(form, page.key, {})


def add_section(form: Form, page: str, words: Words) -> Form:
    """One more section at the end of a page.  Raises NotFound."""
    made = Section(new_key(form), dict(words))
    return _with(form, page, Page, lambda found: (dataclasses.replace(found, sections=(*found.sections, made)),))


def add_question(form: Form, section: str, kind: str, words: Words) -> tuple[Form, Question]:
    """One more question at the end of a section, with what its kind needs to begin with.  Raises NotFound."""
    made = Question(new_key(form), kind, dict(words), way=WAYS.get(kind, ("",))[0])
    grown = _with(form, section, Section, lambda found: (dataclasses.replace(found, questions=(*found.questions, made)),))
    if kind in CHOICES:
        for name in ("choices", "rows") if kind == "table" else ("choices",):
            for _ in range(2):
                grown = add_choice(grown, made.key, {}, name)
    found = find(grown, made.key)
    assert isinstance(found, Question)
    return grown, found


def add_choice(form: Form, question: str, words: Words, name: str = "choices") -> Form:
    """One more choice, or row, at the end.  Raises NotFound."""
    made = Choice(new_key(form), dict(words))
    return _with(form, question, Question, lambda found: (dataclasses.replace(found, **{name: (*getattr(found, name), made)}),))


# ---------------------------------------------------------------- changed, moved, copied, taken out


def change(form: Form, key: str, **values: Any) -> Form:
    """Other values of a page, section or question; its key stays.  Raises NotFound."""
    return _with(form, key, (Page, Section, Question), lambda found: (dataclasses.replace(found, **values, key=found.key),))


def move(form: Form, key: str, by: int) -> Form:
    """A part one place on, 1, or back, -1: a question or a section past the end goes into the neighbour.  Raises NotFound."""
    part = find(form, key)
    if isinstance(part, Page):
        return dataclasses.replace(form, pages=_moved(form.pages, part, by))
    holders: list[Any] = list(form.pages) if isinstance(part, Section) else [each for page in form.pages for each in page.sections]
    name = _LISTS[type(holders[0])]
    here = next(number for number, each in enumerate(holders) if part in getattr(each, name))
    inside = getattr(holders[here], name)
    there = inside.index(part) + by
    if 0 <= there < len(inside):
        return change(form, holders[here].key, **{name: _moved(inside, part, by)})
    if not 0 <= here + by < len(holders):
        return form
    next_to = holders[here + by]
    others = getattr(next_to, name)
    form = change(form, holders[here].key, **{name: tuple(each for each in inside if each is not part)})
    return change(form, next_to.key, **{name: (part, *others) if by > 0 else (*others, part)})


def place(form: Form, key: str, before: str) -> Form:
    """A question before another one, or at the end of a section by its key: what somebody drags.  Raises NotFound."""
    part, there = find(form, key), find(form, before)
    if not isinstance(part, Question) or isinstance(there, Page) or part is there:
        return form
    without = remove(form, key)
    if isinstance(there, Section):
        return _with(without, before, Section, lambda found: (dataclasses.replace(found, questions=(*found.questions, part)),))
    return _with(without, before, Question, lambda found: (part, found))


def duplicate(form: Form, key: str) -> Form:
    """The same part once more, after it, with keys of its own; what refers to a copied part refers to the copy.  Raises NotFound."""
    renamed = dict.fromkeys(_keys_of(find(form, key)), "")
    taken = keys(form)
    for old in renamed:
        while not renamed[old] or renamed[old] in taken:
            renamed[old] = new_key(form)
        taken.add(renamed[old])
    return _with(form, key, (Page, Section, Question), lambda found: (found, _renamed(found, renamed)))


def remove(form: Form, key: str) -> Form:
    """Without a part.  What refers to it stays, and is named before the form can be published.  Raises NotFound."""
    return _with(form, key, (Page, Section, Question), lambda _: ())


def set_scores(form: Form, scores: Sequence[Score]) -> Form:
    """With other scores."""
    return dataclasses.replace(form, scores=tuple(scores))


# ---------------------------------------------------------------- inside


def _with(form: Form, key: str, kinds: type | tuple[type, ...], made: Callable[[Any], tuple[Any, ...]]) -> Form:
    """The form with what ``made`` makes in place of one part."""
    if not isinstance(find(form, key), kinds):
        raise NotFound(key)

    def inside(holder: Any) -> Any:
        name = _LISTS.get(type(holder))
        if name is None:
            return holder
        kept: list[Any] = []
        for each in getattr(holder, name):
            kept.extend(made(each) if each.key == key else (inside(each),))
        return dataclasses.replace(holder, **{name: tuple(kept)})

    return inside(form)  # type: ignore[no-any-return]


def _moved(every: tuple[Any, ...], part: Any, by: int) -> tuple[Any, ...]:
    here = every.index(part)
    there = min(max(here + by, 0), len(every) - 1)
    rest = [each for each in every if each is not part]
    return (*rest[:there], part, *rest[there:])


def _keys_of(part: Part) -> list[str]:
    inner = [each for name in ("sections", "questions", "choices", "rows") for each in getattr(part, name, ())]
    return [part.key, *(key for each in inner for key in _keys_of(each))]


def _renamed(part: Any, names: dict[str, str]) -> Any:
    """A copy of a part in which each key of ``names`` is another one, also where conditions name it."""
    changed: dict[str, Any] = {"key": names[part.key]} if hasattr(part, "key") else {}
    for name in ("sections", "questions", "choices", "rows"):
        if hasattr(part, name):
            changed[name] = tuple(_renamed(each, names) for each in getattr(part, name))
    if hasattr(part, "show_if"):
        about = tuple(
            dataclasses.replace(each, question=names.get(each.question, each.question), value=names.get(each.value, each.value))
            for each in part.show_if.conditions
        )
        changed["show_if"] = dataclasses.replace(part.show_if, conditions=about)
    if isinstance(getattr(part, "default", None), dict):
        changed["default"] = {each: names.get(value, value) if isinstance(value, str) else value for each, value in part.default.items()}
    return dataclasses.replace(part, **changed)
