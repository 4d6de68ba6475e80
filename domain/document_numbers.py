"""Numbers as people write them: ``1 234,5``, ``1.234,5``, ``1,234.5``, ``١٢٣٤٫٥``, with a unit, a currency or a percent sign.

What can be read in two ways is refused, never guessed.  A slider and a scale are read as the browser's control writes them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from babel.numbers import format_currency, format_decimal, format_percent, get_currency_name, get_currency_symbol

from domain import texts
from domain.document_parts import Question, plain_number
from domain.document_reader import Reader, seen
from domain.rules import N_, RuleBroken

MOST_DIGITS = 15  # before the decimals
MOST_PLACES = 9
_LONGEST = 60
_MINUS, _APOSTROPHES, _ARABIC_DECIMAL = "−‐‑‒–﹣－", "’‘ʼ`´٬", "\u066b"
_SIGNS = str.maketrans({**dict.fromkeys(_MINUS, "-"), **dict.fromkeys(_APOSTROPHES, "'"), "،": ",", "٪": "%", "％": "%", "﹪": "%"})
_MACHINE = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_BETWEEN = re.compile(f"([ ',.{_ARABIC_DECIMAL}])")


def typed(question: Question, text: str, reader: Reader) -> str | None:
    """The number as it is kept.  Raises RuleBroken for what is none, can be read in two ways, or is out of the limits."""
    text = text if len(text) > 4 * _LONGEST else seen(text)
    if not text:
        return None
    number = _read(question, text, reader)
    places = places_of(question, reader)
    if abs(number) >= 10**MOST_DIGITS:
        raise RuleBroken(N_("Use at most %(most)s digits."), code="too_long", most=MOST_DIGITS)
    if number != (rounded := round(number, places)):
        raise _too_fine(question, reader)
    _check_limits(question, number, reader)
    _check_step(question, number, reader)
    return _kept(question, rounded, places)


def as_typed(question: Question, value: str, reader: Reader) -> str:
    """What stands in the field, so that it is read as this number and no other."""
    if question.kind in ("slider", "scale"):
        return value
    whole, _, decimals = value.partition(".")
    if not decimals:
        return whole
    text = f"{whole}{reader.locale.number_symbols['latn']['decimal']}{decimals}"
    return text if reader.is_sure or len(list(_readings(text.lstrip("-")))) == 1 else text + "0"


def shown(question: Question, value: str, reader: Reader) -> str:
    """The number in words of the language: with its unit, currency or percent sign."""
    number, locale = Decimal(value), reader.locale
    if question.kind == "percentage":
        return str(format_percent(number / 100, locale=locale, decimal_quantization=False))
    if question.kind == "currency":
        return _money(number, reader)
    text = str(format_decimal(number, locale=locale, decimal_quantization=False))
    unit = reader.say(question.unit)
    return f"{text}\u00a0{unit}" if unit else text


def places_of(question: Question, reader: Reader) -> int:
    """How many decimals an answer may have."""
    if question.kind == "whole":
        return 0
    if question.kind == "currency":
        return reader.decimals
    places = question.places
    if question.kind in ("slider", "scale"):
        places = max(places, *(len(each.partition(".")[2]) for each in (question.least, question.most, question.step)))
    return min(places, MOST_PLACES)


def _kept(question: Question, number: Decimal, places: int) -> str:
    if question.kind == "currency":
        return format(number or abs(number), f".{places}f")
    return plain_number(number)


def _money(number: Decimal, reader: Reader) -> str:
    """With the decimals that the currency has by law, not with those that are in use."""
    digits = f"0.{'0' * reader.decimals}".rstrip(".")
    if not reader.currency:
        return str(format_decimal(number, f"#,##{digits}", locale=reader.locale))
    pattern = str(reader.locale.currency_formats["standard"].pattern).replace("0.00", digits)
    if get_currency_symbol(reader.currency, reader.locale)[-1:].isalpha():
        pattern = pattern.replace("¤#", "¤\u00a0#")  # letters do not touch the digits
    return str(format_currency(number, reader.currency, pattern, locale=reader.locale, currency_digits=False))


# ---------------------------------------------------------------- read


def _read(question: Question, text: str, reader: Reader) -> Decimal:
    if question.kind in ("slider", "scale") and len(text) <= _LONGEST and _MACHINE.fullmatch(text):
        return Decimal(text)
    if len(text) > _LONGEST:
        raise _no_number(question, reader)
    sign, body = _bare(_plain(text), _marks(question, reader))
    found = list(_readings(body))
    if not found:
        raise _no_number(question, reader)
    if len(found) == 1:
        return Decimal(sign + found[0])
    is_western = not any(c.isdecimal() and not c.isascii() for c in text)
    return _chosen(question, sign, found, body, reader, is_western)


def _chosen(question: Question, sign: str, found: list[str], body: str, reader: Reader, is_western: bool) -> Decimal:
    """One of the two readings, where all write it so.  Raises RuleBroken where not."""
    together, apart = found
    symbols, separator = reader.locale.number_symbols["latn"], "," if "," in body else "."
    does_fit = len(apart.partition(".")[2]) <= places_of(question, reader)
    if is_western and reader.is_sure:
        if separator == symbols["group"]:
            return Decimal(sign + together)
        if separator == symbols["decimal"] and does_fit:
            return Decimal(sign + apart)
    one, two = (as_typed(question, plain_number(Decimal(sign + each)), reader) for each in found)
    if not does_fit:
        raise RuleBroken(
            N_("This can be read in two ways. If you mean %(number)s, write it like that."), code="two_ways", number=one
        )
    raise RuleBroken(N_("This can be read in two ways. Write %(first)s or %(second)s."), code="two_ways", first=one, second=two)


def _readings(body: str) -> Iterator[str]:
    """Each number that it can be: with all that stands between digits as groups of thousands, and with decimals at the end."""
    pieces = _BETWEEN.split(body)
    digits, between = pieces[::2], pieces[1::2]
    if not all(each.isascii() and each.isdecimal() for each in (digits if digits[0] else digits[1:])):
        return
    if digits[0] and _are_groups(digits, between):
        yield "".join(digits)
    if between and between[-1] not in (" ", "'", *between[:-1]) and _are_groups(digits[:-1], between[:-1]):
        yield f"{''.join(digits[:-1]) or '0'}.{digits[-1]}"


def _are_groups(digits: list[str], between: list[str]) -> bool:
    """Of three digits, or as in India (12,34,567); a group of thousands does not begin with a nought."""
    if not between:
        return True
    if len(set(between)) > 1 or between[0] == _ARABIC_DECIMAL or digits[0][:1] in ("", "0"):
        return False
    lengths = [len(each) for each in digits]
    is_usual = lengths[0] <= 3 and all(length == 3 for length in lengths[1:])
    return is_usual or (lengths[0] <= 2 and lengths[-1] == 3 and all(length == 2 for length in lengths[1:-1]))


def _plain(text: str) -> str:
    """With Western digits, one kind of blank, of apostrophe and of minus."""
    text = seen(unicodedata.normalize("NFC", text).translate(_SIGNS))
    digits = (unicodedata.decimal(c, None) for c in text)
    return "".join(
        str(digit) if digit is not None else " " if c.isspace() else c for c, digit in zip(text, digits, strict=True)
    ).casefold()  # fmt: skip


def _marks(question: Question, reader: Reader) -> list[str]:
    """What may stand before or after the number, the longest first."""
    found: set[str] = set(question.unit.values())
    if question.kind == "percentage":
        found.add("%")
    if question.kind == "currency" and reader.currency:
        signs = {get_currency_symbol(reader.currency, locale) for locale in (reader.locale, *texts.LANGUAGES)}
        found |= {reader.currency, *signs, *(c for sign in signs for c in sign if unicodedata.category(c) == "Sc")}
    tidy = {_plain(each) for each in found}
    return sorted((each for each in tidy if each and each[0] not in "-+.,'0123456789"), key=len, reverse=True)


def _bare(text: str, marks: list[str]) -> tuple[str, str]:
    """The sign, and the digits with what stands between them."""
    mark = next((each for each in marks if text.endswith(each)), "")
    text = text.removesuffix(mark).rstrip()
    sign, ahead = "", "" if mark else next((each for each in marks if each in text and not each[-1].isdecimal()), "")
    for _ in range(2):
        if text[:1] in ("-", "+") and not sign:
            sign, text = text[0], text[1:].lstrip()
        elif ahead and text.startswith(ahead):
            ahead, text = "", text.removeprefix(ahead).lstrip()
    return sign, text


# ---------------------------------------------------------------- judged


def _check_limits(question: Question, number: Decimal, reader: Reader) -> None:
    is_below = bool(question.least) and number < Decimal(question.least)
    is_above = bool(question.most) and number > Decimal(question.most)
    if not (is_below or is_above):
        return
    code = "too_little" if is_below else "too_much"
    least, most = (shown(question, each, reader) if each else "" for each in (question.least, question.most))
    if least and most:
        raise RuleBroken(N_("Enter a number from %(least)s to %(most)s."), code=code, least=least, most=most)
    if is_below:
        raise RuleBroken(N_("Enter %(least)s or more."), code=code, least=least)
    raise RuleBroken(N_("Enter %(most)s or less."), code=code, most=most)


def _check_step(question: Question, number: Decimal, reader: Reader) -> None:
    step, begin = Decimal(question.step or 0), Decimal(question.least or 0)
    if step <= 0 or not (beyond := (number - begin) % step):
        return
    near = plain_number(number - beyond)
    raise RuleBroken(N_("Enter one of the steps, such as %(number)s."), code="between", number=shown(question, near, reader))


def _too_fine(question: Question, reader: Reader) -> RuleBroken:
    if places_of(question, reader) == 0:
        return _no_number(question, reader)
    return RuleBroken(
        N_("Write at most one digit after the decimal sign."),
        plural=N_("Write at most %(count)s digits after the decimal sign."), count=places_of(question, reader), code="too_fine",
    )  # fmt: skip


def _no_number(question: Question, reader: Reader) -> RuleBroken:
    example = _example(question, reader)
    if question.kind == "currency" and reader.currency:
        name = get_currency_name(reader.currency, 100, reader.locale)
        return RuleBroken(N_("Enter an amount in %(currency)s, such as %(example)s."), code="no_number", currency=name, example=example)
    if places_of(question, reader) == 0:
        return RuleBroken(N_("Enter a whole number, such as %(example)s."), code="no_number", example=example)
    return RuleBroken(N_("Enter a number, such as %(example)s."), code="no_number", example=example)


def _example(question: Question, reader: Reader) -> str:
    """A number that would be taken."""
    places = places_of(question, reader)
    number = Decimal("12.5" if places else "12")
    least, most, step = (Decimal(each) if each else None for each in (question.least, question.most, question.step))
    if step is not None or (least is not None and number < least) or (most is not None and number > most):
        number = next((each for each in (least, most, step) if each is not None), number)
    return as_typed(question, format(number, ".2f") if question.kind == "currency" and places == 2 else plain_number(number), reader)
