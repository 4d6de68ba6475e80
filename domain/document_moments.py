"""Days and times as answers: typed in boxes, kept as ``2026-03-04`` and ``14:05``, shown in words."""

from __future__ import annotations

import datetime as dt
import re

from babel.units import format_unit

from domain import texts, wall_clock
from domain.document_parts import Question
from domain.document_reader import Given, Reader, first, seen
from domain.rules import N_, RuleBroken

FIRST_BIRTH = dt.date(1850, 1, 1)
_BOXES = ("day", "month", "year")
_HALVES = str.maketrans({"ص": "a", "م": "p"})  # before and after noon, in Arabic
_HOUR = re.compile(r"(\d{1,2})\s*h", re.IGNORECASE)


def typed(question: Question, given: Given, reader: Reader) -> str | None:
    """The day, the time or both, as they are kept.  Raises RuleBroken with the box that is wrong."""
    day = _day(given) if question.kind != "time" else None
    time = _time(given, "time" if question.kind == "date_time" else "") if question.kind in ("time", "date_time") else None
    if day is None and time is None:
        return None
    if question.kind == "date_time" and day is None:
        raise RuleBroken(N_("Enter a date."), code="missing", field="day")
    if question.kind == "date_time" and time is None:
        raise RuleBroken(N_("Enter the time, such as 14:30."), code="missing", field="time")
    if question.kind == "birth_date" and day is not None:
        _check_birth(day, reader)
    value = "T".join([*([day.isoformat()] if day else []), *([f"{time:%H:%M}"] if time is not None else [])])
    _check_limits(question, value, reader)
    return value


def as_typed(question: Question, value: str) -> dict[str, str]:
    """What stands in each box."""
    if question.kind == "time":
        return {"": value}
    day, _, time = value.partition("T")
    boxes = {part: number.lstrip("0") for part, number in zip(reversed(_BOXES), day.split("-"), strict=True)}
    return boxes | ({"time": time} if question.kind == "date_time" else {})


def shown(question: Question, value: str, reader: Reader) -> str:
    """Written out; a date of birth with the age where ``reader.today`` is known."""
    if question.kind == "time":
        return value
    written, _, time = value.partition("T")
    day = dt.date.fromisoformat(written)
    said = texts.day(reader.language, day)
    if time:
        return f"{said}{'، ' if texts.direction(reader.language) == 'rtl' else ', '}{time}"
    if question.kind == "birth_date" and reader.today and day <= reader.today:
        return f"{said} ({_age(day, reader.today, reader)})"
    return said


def _age(born: dt.date, today: dt.date, reader: Reader) -> str:
    """In years; of a child under two in months."""
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    if months < 24:
        return str(format_unit(months, "month", locale=reader.locale))
    return str(format_unit(months // 12, "year", locale=reader.locale))


def _day(given: Given) -> dt.date | None:
    boxes = [seen(first(given, part)) for part in _BOXES]
    if not any(boxes):
        return None
    wrong = next((part for part, text in zip(_BOXES, boxes, strict=True) if not (text.isdecimal() and len(text) <= 4)), "")
    try:
        day, month, year = (int(text) for text in boxes) if not wrong else (0, 0, 0)
        if not wrong and year < 1000:
            raise RuleBroken(N_("Enter the year with four digits."), code="short_year", field="year")
        return dt.date(year, month, day)
    except ValueError:
        raise RuleBroken(
            N_("This date does not exist. Check day, month and year."), code="bad_date", field=wrong or "day"
        ) from None  # fmt: skip


def _time(given: Given, part: str) -> dt.time | None:
    text = seen(first(given, part))
    if not text:
        return None
    try:
        return wall_clock.time_typed(_HOUR.sub(r"\1:00", text) if _HOUR.fullmatch(text) else text.translate(_HALVES))
    except RuleBroken as broken:
        broken.field = part
        raise


def _check_birth(day: dt.date, reader: Reader) -> None:
    if reader.today and day > reader.today:
        raise RuleBroken(N_("Enter a day that is not in the future."), code="future", field="year")
    if day < FIRST_BIRTH:
        raise RuleBroken(
            N_("Check the year: the date of birth cannot be %(year)s."), code="bad_birth_date", field="year", year=day.year
        )


def _check_limits(question: Question, value: str, reader: Reader) -> None:
    part = "" if question.kind == "time" else "day"
    if question.least and value < question.least:
        least = shown(question, question.least, reader)
        raise RuleBroken(N_("Enter %(least)s or later."), code="too_little", field=part, least=least)
    if question.most and value > question.most:
        most = shown(question, question.most, reader)
        raise RuleBroken(N_("Enter %(most)s or earlier."), code="too_much", field=part, most=most)
