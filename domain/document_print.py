"""A completed document on paper: what is printed, as plain values, and the PDF of it (``templates/print/document.typ``).

Answers come as they are shown to whoever reads them, so what is printed is what was read; times come in the zone to be shown.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain import texts
from domain.document_parts import Form, Question, Score, Section, say
from domain.rules import N_
from gateways import typesetting

DRAWN, TYPED = "drawn", "typed"
_HOW = {DRAWN: N_("Signed by drawing"), TYPED: N_("Signed by typing the name")}
_WORDS = {
    "name": N_("Name"), "completed": N_("Completed"), "correction": N_("Correction"), "none": N_("No answer"), "question": N_("Question"),
    "chosen": N_("What was chosen"), "picture": N_("Picture"), "scores": N_("Scores"), "signatures": N_("Signatures"), "how": N_("How"),
    "when": N_("When"), "address": N_("Network address"), "digest": N_("Fingerprint of what was signed (SHA-256)"),
}  # fmt: skip


class Unprintable(Exception):
    """There is no PDF; ``args[0]`` is the code of why (``gateways.typesetting``)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, JPEG, GIF, WebP or SVG, and what it is in words, for who does not see it."""

    body: bytes
    words: str


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """An answer as it is shown: its lines, the rows of a table with what was chosen in each, a drawn signature; nothing is no answer."""

    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    picture: Picture | None = None


NOTHING = Shown()


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """A question with its answer, or (``kind`` heading, text, picture) what stands between questions."""

    words: str
    kind: str = "question"
    help: str = ""
    answer: Shown = NOTHING


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A section, or one turn of one that repeats."""

    words: str
    items: tuple[Item, ...]
    help: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Leaf:
    """A page of the form."""

    words: str
    parts: tuple[Part, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Scored:
    """A score that is shown, and the band that it is in."""

    words: str
    value: str
    band: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Signed:
    """Who signed, as whom (such as "Guardian"), how (drawn, typed), when and from which network address; ``digest`` of exactly what."""

    role: str
    name: str
    how: str
    at: dt.datetime
    address: str
    digest: str
    picture: Picture | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """All that is printed.  ``corrects`` is when the document was completed that this one corrects."""

    language: str
    agency: str
    title: str
    person: str
    completed_at: dt.datetime
    intro: str = ""
    leaves: tuple[Leaf, ...] = ()
    scores: tuple[Scored, ...] = ()
    signatures: tuple[Signed, ...] = ()
    corrects: dt.datetime | None = None


def sheet(
    form: Form, shown: Mapping[str, Shown], scores: Mapping[str, tuple[str, str]], *,
    language: str, own: str, agency: str, person: str, completed_at: dt.datetime, signatures: Sequence[Signed] = (),
    corrects: dt.datetime | None = None,
) -> Sheet:  # fmt: skip
    """What is printed of a form: the questions, headings, texts and pictures whose place (``key``, ``key:1``) is in ``shown``.

    ``scores`` are value and band by the score's key, and those printed that the form shows; texts are in ``language``, else in the
    agency's ``own``.
    """
    leaves = tuple(
        Leaf(say(page.words, language, own), parts)
        for page in form.pages
        if (parts := tuple(part for section in page.sections for part in _parts(section, shown, language, own)))
    )
    return Sheet(
        language, agency, say(form.title, language, own), person, completed_at, say(form.intro, language, own), leaves,
        tuple(_scored(score, scores[score.key], language, own) for score in form.scores if score.is_shown and score.key in scores),
        tuple(signatures), corrects,
    )  # fmt: skip


def _parts(section: Section, shown: Mapping[str, Shown], language: str, own: str) -> Iterator[Part]:
    """The turns of a section of which something is shown, each with its number where there may be several."""
    words, told = say(section.words, language, own), say(section.help, language, own)
    for turn in range(max(1, section.most)):
        places = [(question, f"{question.key}:{turn}" if turn else question.key) for question in section.questions]
        items = tuple(_item(question, shown[place], language, own) for question, place in places if place in shown)
        if items:
            yield Part(f"{words} {turn + 1}".strip() if section.repeats else words, items, "" if turn else told)


def _item(question: Question, answer: Shown, language: str, own: str) -> Item:
    kind = "question" if question.asks else question.kind
    return Item(say(question.words, language, own), kind, say(question.help, language, own), answer)


def _scored(score: Score, found: tuple[str, str], language: str, own: str) -> Scored:
    return Scored(say(score.words, language, own), *found)


# ---------------------------------------------------------------- the PDF


def data_of(sheet: Sheet) -> dict[str, Any]:
    """What the template gets: texts, times in words, and what stands around them in the sheet's language."""
    tongue = sheet.language
    data = dataclasses.asdict(sheet)
    data["direction"] = texts.direction(tongue)
    data["said"] = {name: texts.say(tongue, words) for name, words in _WORDS.items()}
    data["completed_at"] = texts.moment(tongue, sheet.completed_at)
    data["corrects"] = sheet.corrects and texts.say(
        tongue, N_("This corrects what was completed on %(when)s."), when=texts.moment(tongue, sheet.corrects)
    )
    for signed, found in zip(sheet.signatures, data["signatures"], strict=True):
        found |= {"at": texts.moment(tongue, signed.at), "how": texts.say(tongue, _HOW[signed.how])}
    return data


def pdf(sheet: Sheet) -> bytes:
    """The document on A4, tagged for screen readers.  Said outside a transaction: it takes its time.  Raises Unprintable."""
    title = f"{sheet.title} – {sheet.person}" if sheet.person else sheet.title
    try:
        return typesetting.pdf("document", data_of(sheet), language=sheet.language, title=title)
    except typesetting.Refused as refused:
        raise Unprintable(*refused.args) from None


def typewritten() -> list[str]:
    """The languages whose letters this machine has no good font for."""
    return [language for language in texts.LANGUAGES if not typesetting.has_letters(language)]
