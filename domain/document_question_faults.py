"""What is wrong with one question of a form, looked at by itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from domain import document_values as values
from domain.document_parts import (
    CHOICES,
    MOMENTS,
    NUMBERS,
    PREFILLS,
    QUESTION_KINDS,
    WAYS,
    Choice,
    Question,
    plain_number,
)
from domain.rules import N_, RuleBroken

MOST_CHOICES, MOST_TO_SEARCH, MOST_ROWS, MOST_PLACES, MOST_FILES = 100, 1000, 100, 6, 20
MOST_LETTERS = {"short_text": 500, "long_text": 20_000}
MOST_POINTS, MOST_STEPS = 20, 1000  # of a scale, of a slider
CROSSED = N_("The least is more than the most.")
_COUNTED = ("short_text", "long_text", "many", "file")  # their limits are a number of letters, of choices, of files
_KEY, _DIGEST, _COUNT = re.compile(r"[a-z0-9]{1,16}"), re.compile(r"[0-9a-f]{64}"), re.compile(r"0|[1-9][0-9]{0,5}")
_LARGEST = Decimal(10) ** 9  # what a choice may score
_FILLED_BY = {  # what each of the record can be put into; the others are texts
    "birth_date": ("birth_date", "date"), "email": ("email", "short_text"), "mobile": ("phone", "short_text"), "address": ("address",),
}  # fmt: skip


def faults(question: Question) -> Iterator[RuleBroken]:
    """All that is wrong with it."""
    if question.kind not in QUESTION_KINDS:
        yield RuleBroken(N_("Choose what kind of question this is."), code="kind", field="kind")
        return
    yield from _choices(question)
    yield from _manner(question)
    wrong = list(_limits(question))
    yield from wrong or _steps(question)
    yield from _default(question)
    yield from _prefill(question)


def _manner(question: Question) -> Iterator[RuleBroken]:
    ways = WAYS.get(question.kind, ())
    if question.way not in ("", *ways):
        yield RuleBroken(N_("Choose how this is answered."), code="way", field="way")
    if question.has_other and question.kind not in ("one", "many"):
        yield RuleBroken(N_("Only a choice can be answered in other words."), code="not_of_kind", field="has_other")
    if question.kind == "picture" and not _DIGEST.fullmatch(question.picture):
        yield RuleBroken(N_("Choose a picture."), code="picture", field="picture")
    if question.kind != "picture" and question.picture:
        yield RuleBroken(N_("Only a question of the kind “picture” shows a picture."), code="not_of_kind", field="picture")


# ---------------------------------------------------------------- choices


def _choices(question: Question) -> Iterator[RuleBroken]:
    if question.kind not in CHOICES:
        if question.choices or question.rows:
            yield RuleBroken(N_("A question of this kind has no choices. Remove them."), code="not_of_kind", field="choices")
        return
    most = MOST_TO_SEARCH if question.way == "search" else MOST_CHOICES
    if len(question.choices) < 2:
        yield RuleBroken(N_("Give at least two choices."), code="choices", field="choices")
    if len(question.choices) > most:
        yield RuleBroken(N_("Give at most %(most)s choices."), code="choices", field="choices", most=most)
    yield from _list(question.choices, "choices")
    if any(choice.score is not None and not is_small(choice.score) for choice in question.choices):
        yield RuleBroken(N_("A score has at most nine digits before the point and six after it."), code="score", field="choices")
    if question.kind == "table":
        yield from _rows(question)
    elif question.rows:
        yield RuleBroken(N_("Only a table has rows. Remove them."), code="not_of_kind", field="rows")


def is_small(number: Decimal) -> bool:
    """Whether it can be counted with, and written, like the numbers that people type."""
    if not number.is_finite() or number.copy_abs() >= _LARGEST or int(number.as_tuple().exponent) < -100:
        return False
    return len(plain_number(number).partition(".")[2]) <= MOST_PLACES


def _rows(question: Question) -> Iterator[RuleBroken]:
    if not question.rows:
        yield RuleBroken(N_("Give the table at least one row."), code="rows", field="rows")
    if len(question.rows) > MOST_ROWS:
        yield RuleBroken(N_("Give the table at most %(most)s rows."), code="rows", field="rows", most=MOST_ROWS)
    yield from _list(question.rows, "rows")


def _list(choices: Sequence[Choice], field: str) -> Iterator[RuleBroken]:
    """Nobody can tell two apart that say the same."""
    keys = [choice.key for choice in choices]
    if len(set(keys)) < len(keys) or not all(_KEY.fullmatch(key) for key in keys):
        yield RuleBroken(N_("Each choice and each row needs a key of its own."), code="keys", field=field)
    said = [(language, _folded(text)) for choice in choices for language, text in choice.words.items() if text.strip()]
    if len(set(said)) < len(said):
        yield RuleBroken(N_("Two of these say the same. Change or remove one."), code="same", field=field)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(text.split())).casefold()


# ---------------------------------------------------------------- limits


def _limits(question: Question) -> Iterator[RuleBroken]:
    """First whether each can be understood at all."""
    kind = question.kind
    if kind not in NUMBERS and (question.step or question.places or any(question.unit.values())):
        yield RuleBroken(N_("Only a number has decimals, steps and a unit. Remove them."), code="not_of_kind", field="step")
    if not 0 <= question.places <= MOST_PLACES or (question.places and not values.places(question)):
        broken = N_("Whole numbers have no decimals, other numbers up to %(most)s.")
        yield RuleBroken(broken, code="places", field="places", most=MOST_PLACES)
    for field, limit in (("least", question.least), ("most", question.most)):
        if limit:
            yield from _limit(question, field, limit)


def _limit(question: Question, field: str, limit: str) -> Iterator[RuleBroken]:
    kind = question.kind
    if kind not in NUMBERS and kind not in MOMENTS and kind not in _COUNTED:
        yield RuleBroken(N_("A question of this kind has no limits. Remove them."), code="not_of_kind", field=field)
    elif kind in _COUNTED:
        if not _COUNT.fullmatch(limit):
            yield RuleBroken(N_("Write this limit as a whole number."), code="limit", field=field)
        elif int(limit) > (most := _most_counted(question)):
            yield RuleBroken(N_("This limit can be at most %(most)s here."), code="limit", field=field, most=most)
    elif not values.is_answer(question, limit):
        yield RuleBroken(N_("Write this limit as the question is answered: as a number, a date or a time."), code="limit", field=field)


def _most_counted(question: Question) -> int:
    if question.kind == "many":
        return len(question.choices) + question.has_other
    return MOST_FILES if question.kind == "file" else MOST_LETTERS[question.kind]


def _steps(question: Question) -> Iterator[RuleBroken]:
    """Then, where each can be understood, whether they fit each other."""
    least, most = (_size(question, limit) for limit in (question.least, question.most))
    if least is not None and most is not None and least > most:
        yield RuleBroken(CROSSED, code="crossed", field="least")
    elif question.kind in ("scale", "slider") and (least is None or most is None or least == most):
        yield RuleBroken(N_("Say where it begins and where it ends."), code="ends", field="most")
    elif question.kind == "scale" and most - least >= MOST_POINTS:
        yield RuleBroken(N_("A scale has at most %(most)s points."), code="points", field="most", most=MOST_POINTS)
    elif question.kind in NUMBERS:
        yield from _step(question, least, most)


def _step(question: Question, least: Decimal | None, most: Decimal | None) -> Iterator[RuleBroken]:
    places = values.places(question)
    step = values.number(question.step) if question.step else Decimal(1).scaleb(-places)
    if step is None or step <= 0 or int(step.as_tuple().exponent) < -places:
        yield RuleBroken(N_("A step is a number over 0, with as many decimals as the question has."), code="step", field="step")
    elif least is not None and most is not None:
        if (most - least) % step:
            yield RuleBroken(N_("The steps do not lead from the least to the most."), code="step", field="step")
        elif question.kind == "slider" and (most - least) / step > MOST_STEPS:
            yield RuleBroken(N_("A slider has at most %(most)s steps."), code="steps", field="step", most=MOST_STEPS)


def _size(question: Question, limit: str) -> Any:
    """What limits are compared by; None without one."""
    if question.kind in NUMBERS:
        return values.number(limit)
    return (limit or None) if question.kind in MOMENTS else int(limit) if limit else None


# ---------------------------------------------------------------- what stands there at first


def _default(question: Question) -> Iterator[RuleBroken]:
    default = question.default
    if default is None:
        return
    if not values.is_answer(question, default):
        yield RuleBroken(N_("What stands there at first is no answer to this question."), code="default", field="default")
    elif not is_within(question, default):
        yield RuleBroken(N_("What stands there at first is outside of the limits."), code="default", field="default")


def is_within(question: Question, value: Any) -> bool:
    """Whether an answer that is written as it should be keeps the limits; limits that say nothing are kept by all."""
    kind = question.kind
    if kind in NUMBERS:
        found, limit = values.number(value), values.number
    elif kind in MOMENTS:
        found, limit = value, lambda text: text if values.is_moment(kind, text) else None  # type: ignore[assignment,return-value]
    elif kind in _COUNTED:
        found, limit = Decimal(_length(kind, value)), values.number
    else:
        return True
    least, most = limit(question.least), limit(question.most)
    return (least is None or least <= found) and (most is None or found <= most)  # type: ignore[operator]


def _length(kind: str, value: Any) -> int:
    return len(value["keys"]) + ("other" in value) if kind == "many" else len(value)


def prefills(kind: str) -> tuple[str, ...]:
    """What of the record can be put into a question of a kind."""
    return tuple(name for name in PREFILLS if kind in _FILLED_BY.get(name, ("short_text", "long_text")))


def _prefill(question: Question) -> Iterator[RuleBroken]:
    name = question.prefill
    kinds = _FILLED_BY.get(name, ("short_text", "long_text"))
    if name and (name not in PREFILLS or question.kind not in kinds):
        yield RuleBroken(N_("This cannot be filled in from the client’s record."), code="prefill", field="prefill")
    if not question.may_change and not name and question.default is None:
        broken = N_("Nobody can answer this: nothing stands there, and it cannot be changed.")
        yield RuleBroken(broken, code="locked", field="may_change")


