"""Choosing as an answer: one, several, or one in each row of a table; kept by the keys of what was chosen."""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import Any

from domain.document_parts import Choice, Question
from domain.document_reader import Given, Reader, first, tidy
from domain.rules import N_, RuleBroken, together

OTHER = "-"  # what the form sends for “other”; no choice has such a key
MOST_LETTERS = 500  # of what somebody writes for “other”


def typed(question: Question, given: Given, reader: Reader) -> Any:
    """What was chosen, as it is kept.  Raises RuleBroken for what is not on the list, and for too few or too many."""
    if question.kind == "table":
        return _table(question, given)
    return _one(question, given, reader) if question.kind == "one" else _many(question, given)


def as_typed(question: Question, value: Any, reader: Reader) -> dict[str, list[str]]:
    """What the form's fields hold."""
    if question.kind == "table":
        return {row.key: [value[row.key]] for row in question.rows if row.key in value}
    chosen = list(value["keys"]) if question.kind == "many" else [value["key"]] if "key" in value else []
    parts = {"": [*chosen, OTHER] if "other" in value else chosen}
    if "other" in value:
        parts["other"] = [value["other"]]
    elif question.kind == "one" and question.way == "search" and chosen:
        word = reader.say(_by_key(question.choices)[chosen[0]].words)
        if _worded(question, word) == chosen:
            parts["search"] = [word]
    return parts


def shown(question: Question, value: Any, reader: Reader) -> str:
    """In the words of the list, each choice on a line of its own; of a table each row."""
    known = _by_key(question.choices)
    if question.kind == "table":
        rows = ((_say(row, reader), value[row.key]) for row in question.rows if row.key in value)
        return "\n".join(f"{row}: {_say(known.get(key, key), reader)}" for row, key in rows)
    keys = value.get("keys", [value["key"]] if "key" in value else [])
    return "\n".join([*(_say(known.get(key, key), reader) for key in keys), *([value["other"]] if "other" in value else [])])


def _say(choice: Choice | str, reader: Reader) -> str:
    """Its words; where there are none, or it is not on the list, its key."""
    return choice if isinstance(choice, str) else reader.say(choice.words) or choice.key


def _by_key(choices: tuple[Choice, ...]) -> dict[str, Choice]:
    return {choice.key: choice for choice in choices}


def _one(question: Question, given: Given, reader: Reader) -> dict[str, str] | None:
    chosen, other = first(given, ""), _other(question, given)
    if question.way == "search" and (word := first(given, "search").strip()):
        found = _worded(question, word)
        if len(found) != 1:
            raise _not_listed("search")
        chosen = found[0]
    if other and chosen not in ("", OTHER):
        raise RuleBroken(N_("Choose one of the list or write another answer, not both."), code="both", field="other")
    if other or (chosen == OTHER and question.has_other):
        return {"other": other or _missing_other()}
    if not chosen:
        return None
    if chosen not in _by_key(question.choices):
        raise _not_listed("")
    return {"key": chosen}


def _many(question: Question, given: Given) -> dict[str, Any] | None:
    sent, other = set(given.get("", ())) - {""}, _other(question, given)
    if OTHER in sent and question.has_other:
        other = other or _missing_other()
        sent.remove(OTHER)
    keys = [choice.key for choice in question.choices if choice.key in sent]
    if len(keys) < len(sent):
        raise _not_listed("")
    count = len(keys) + bool(other)
    if not count:
        return None
    if question.least and count < int(question.least):
        raise RuleBroken(N_("Choose at least %(least)s."), code="too_few", least=question.least)
    if question.most and count > int(question.most):
        raise RuleBroken(N_("Choose at most %(most)s."), code="too_many", most=question.most)
    return {"keys": keys, "other": other} if other else {"keys": keys}


def _table(question: Question, given: Given) -> dict[str, str] | None:
    keys = together(*(partial(_cell, question, row.key, first(given, row.key)) for row in question.rows))
    return {row.key: key for row, key in zip(question.rows, keys, strict=True) if key} or None


def _cell(question: Question, row: str, key: str) -> str:
    if key and key not in _by_key(question.choices):
        raise _not_listed(row)
    return key


def _worded(question: Question, word: str) -> list[str]:
    """The keys of the choices that are called so in a language of the form."""
    wanted = _folded(word)
    return [choice.key for choice in question.choices if wanted in map(_folded, choice.words.values())]


def _folded(word: str) -> str:
    return " ".join(unicodedata.normalize("NFC", word).casefold().split())


def _other(question: Question, given: Given) -> str:
    return tidy(first(given, "other"), "other", MOST_LETTERS) if question.has_other else ""


def _missing_other() -> str:
    raise RuleBroken(N_("Write your other answer."), code="missing", field="other")


def _not_listed(part: str) -> RuleBroken:
    return RuleBroken(N_("Choose one of the list."), code="not_listed", field=part)
