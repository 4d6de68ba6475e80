"""Forms of the builder: their fields are questions, too, so that a limit is typed as the answer will be."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from flask import request

from blueprints import questions
from domain import agency, document_answers, texts
from domain.document_parts import Choice, Question
from domain.rules import RuleBroken
from web import kept, posts
from web.formatting import language_name
from web.forms import version_in
from web.languages import spoken

_ANY = "-"  # the fields are asked in the reader's own language


class Button(NamedTuple):
    """A button of a form that saves and then does something more."""

    text: str
    do: str
    name: str = ""  # what screen readers say, where the text alone does not say of what


@dataclasses.dataclass
class Group:
    """Some fields that stand together; ``more`` are those for other languages."""

    title: str
    keys: list[str]
    more: list[str] = dataclasses.field(default_factory=list)
    buttons: list[Button] = dataclasses.field(default_factory=list)
    help: str = ""
    anchor: str = ""


def ask(key: str, kind: str, label: str, **more: Any) -> Question:
    """A field."""
    help = str(more.pop("help", ""))
    said = {_ANY: help} if help else {}
    return Question(key, kind, {_ANY: str(label)}, help=said, **more)


def listed(rows: Sequence[tuple[str, Any]]) -> tuple[Choice, ...]:
    """What can be chosen in a field."""
    return tuple(Choice(key, {_ANY: str(text)}) for key, text in rows)


def in_each(name: str, label: str, languages: Sequence[str], kind: str = "short_text", most: int = 1000, help: str = "") -> list[Question]:
    """A field for each language of the document."""
    return [
        ask(f"{name}.{code}", kind, f"{label} · {language_name(code)}" if len(languages) > 1 else label, most=str(most),
            help=help if number == 0 else "")
        for number, code in enumerate(languages)
    ]  # fmt: skip


def said_in(name: str, words: Mapping[str, str]) -> dict[str, str]:
    """What stands in these fields."""
    return {f"{name}.{code}": text for code, text in words.items() if text}


def words_of(values: Mapping[str, Any], name: str, languages: Sequence[str], before: Mapping[str, str] = {}) -> dict[str, str]:
    """What was typed into them; words of other languages stay."""
    typed = {code: values.get(f"{name}.{code}") for code in languages}
    return {code: text for code, text in {**before, **typed}.items() if text}


class Sheet:
    """A form that is shown and read; what was typed is kept when it is refused."""

    def __init__(self, fields: Sequence[Question], values: Mapping[str, Any]) -> None:
        self.fields = {field.key: field for field in fields}
        self.errors: dict[str, list[str]] = {}
        self._values, self._is_stale = values, False
        self._typed: dict[str, list[str]] | None = None
        if request.method in posts.SAFE and (back := kept.given_back(self)):
            self._typed = {name: back.getlist(name) for name in back}

    def __iter__(self) -> Iterator[SimpleNamespace]:
        """The names of what can be typed, and of the buttons."""
        yield from (SimpleNamespace(name=f"q-{key}") for key in self.fields)
        yield SimpleNamespace(name="do")

    def __contains__(self, key: str) -> bool:
        return key in self.fields

    def __getitem__(self, key: str) -> questions.Asked:
        reading = questions.Reading(spoken(), _ANY, agency.country(), "", None, self._typed, self.errors, marks_optional=False)
        return questions.asked(self.fields[key], key, 0, self._values.get(key), reading)

    def has_errors(self, keys: Sequence[str]) -> bool:
        """Whether something is wrong in one of these fields."""
        return any(f"q-{key}" in self.errors for key in keys)

    @property
    def is_refused(self) -> bool:
        return bool(self.errors)

    def read(self) -> dict[str, Any]:
        """What was typed, as answers are kept; what is wrong becomes an error of its field."""
        self._typed = {name: request.form.getlist(name) for name in request.form}
        found: dict[str, Any] = {}
        for key, field in self.fields.items():
            try:
                found[key] = document_answers.typed(field, self._typed, spoken(), agency.country(), today=agency.today())
            except RuleBroken as broken:
                self.errors |= questions.errors_of(broken.every, spoken())
        return found

    @contextlib.contextmanager
    def refusals(self) -> Iterator[None]:
        """What a rule refuses inside of the block is said beside its field, or on top."""
        try:
            yield
        except RuleBroken as broken:
            self._is_stale = broken.code == "stale"
            for each in broken.every:
                field = self.fields.get(each.field)
                name = questions.anchor(field) if field else ""
                self.errors.setdefault(name, []).append(texts.refusal(spoken(), each))

    def version(self, now: int) -> str:
        """What the hidden field holds: the version that the words are about; once somebody was told of another one, that."""
        typed = (self._typed or {}).get("version", [""])[0]
        return str(now) if self._is_stale or not typed else typed


def version_sent() -> int:
    return version_in(request.form)
