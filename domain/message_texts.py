"""What e-mails say in the agency's own words, per language, in place of the portal's (spec 04, texts).

``TEXTS`` is the one table of them: which fields each may use and which it must keep; the page and the sender both read it.  A
field is written ``{date}``, in every language with the same name.
"""

from __future__ import annotations

import dataclasses
import re

from domain import agency, audit, profile, store, texts
from domain.actor import Actor
from domain.rules import N_, STALE, RuleBroken
from models import MessageText

MOST = 600  # letters of one text
REMINDERS = {
    "site": N_("Appointment reminder: %(date)s at %(time)s with %(worker)s at %(site)s."),
    "video": N_("Appointment reminder: %(date)s at %(time)s with %(worker)s by video."),
    "": N_("Appointment reminder: %(date)s at %(time)s with %(worker)s."),
}
CHANGED = {
    "site": N_("Appointment changed: %(date)s at %(time)s is now with %(worker)s at %(site)s."),
    "video": N_("Appointment changed: %(date)s at %(time)s is now with %(worker)s by video."),
    "": N_("Appointment changed: %(date)s at %(time)s is now with %(worker)s."),
}
RESCHEDULED = N_("Appointment rescheduled: Your %(was)s appt. has been rescheduled to %(date)s at %(time)s.")
CANCELLED = N_("Appointment cancelled: %(date)s at %(time)s.")
ASK = N_("Please say whether you come.")
CALL, CALL_US = N_("Call %(phone)s to reschedule."), N_("Call us to reschedule.")
CALL_AGAIN, CALL_US_AGAIN = N_("Call %(phone)s or open the portal to book again."), N_("Call us or open the portal to book again.")
WAITING = N_("There is a new message for you in your portal.")

# What each field is called on the page.  The name in braces is the same in every language.
FIELDS = {
    "date": N_("the date"), "time": N_("the time"), "worker": N_("the worker"), "site": N_("the site"), "site phone": N_("its phone"),
    "link": N_("the link to confirm"), "original date": N_("the original date"), "new date": N_("the new date"),
}  # fmt: skip
_PLACES = {"date": "{date}", "time": "{time}", "worker": "{worker}", "site": "{site}", "phone": "{site phone}", "was": "{original date}"}
_FIELD = re.compile(r"\{([^{}]*)\}")
LINK = "{link}"


@dataclasses.dataclass(frozen=True)
class Text:
    """One text: what it is called and when it is sent, its default as lines of marked sentences, the fields that it may use, and
    those of them that must stay."""

    name: str
    when: str
    default: tuple[tuple[str, ...], ...]
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


_OF_EVENT = ("date", "time", "worker", "site", "site phone")
TEXTS: dict[str, Text] = {
    "booked": Text(N_("New appointment"), N_("When an appointment was booked."), ((REMINDERS["site"], CALL),), _OF_EVENT, ("date", "time")),
    "rescheduled": Text(
        N_("Appointment moved"), N_("When an appointment was moved to another time."), ((RESCHEDULED, CALL),),
        ("original date", "new date", "time", "worker", "site", "site phone"), ("new date", "time"),
    ),
    "changed": Text(
        N_("Appointment changed"), N_("When an appointment is with somebody else or elsewhere, at the same time."),
        ((CHANGED["site"], CALL),), _OF_EVENT, ("date", "time"),
    ),
    "confirmation": Text(
        N_("Confirmation of an appointment"), N_("Some time before an appointment, to ask whether they come."),
        ((REMINDERS["site"],), (ASK,), (LINK,), (CALL,)), (*_OF_EVENT, "link"), ("date", "time", "link"),
    ),
    "cancelled": Text(
        N_("Appointment cancelled"), N_("When your agency cancelled an appointment."), ((CANCELLED, CALL_AGAIN),), _OF_EVENT,
        ("date", "time"),
    ),
    "message_waiting": Text(
        N_("New message"), N_("When a message waits unread in the portal. Whoever sees the e-mail can read this."), ((WAITING,),),
    ),
    "footer": Text(N_("Under each e-mail about appointments"), N_("A line or two of your own, such as where to park."), ()),
}  # fmt: skip


def default(kind: str, language: str) -> str:
    """The portal's own wording, with its fields in braces; empty for the footer."""
    return "\n".join(" ".join(_in_braces(kind, language, sentence) for sentence in line) for line in TEXTS[kind].default)


def _in_braces(kind: str, language: str, sentence: str) -> str:
    if sentence == LINK:
        return sentence
    places = {**_PLACES, "date": "{new date}"} if kind == "rescheduled" else _PLACES
    return _bare(texts.say(language, sentence, **places))


def _bare(text: str) -> str:
    """Without the marks that keep what is filled in apart: whoever edits the text would not see them."""
    return text.translate({0x2066: None, 0x2067: None, 0x2068: None, 0x2069: None})


# ---------------------------------------------------------------- what is in force


def own(kind: str, language: str) -> str:
    """What the agency wrote; empty where the portal's own wording stands."""
    return _all().get((kind, language), ("", 0))[0]


def in_force(kind: str, language: str) -> str:
    """What stands in the page's box: the agency's words, else the portal's own."""
    return own(kind, language) or default(kind, language)


def version(kind: str, language: str) -> int:
    """How often a text was written; 0 for never."""
    return _all().get((kind, language), ("", 0))[1]


def footer(language: str, typed: str | None = None) -> tuple[str, ...]:
    """The lines under each e-mail about appointments, or those that would be with what is ``typed``; a language without any shows
    those of the agency's own."""
    house, body = agency.current(), own("footer", language) if typed is None else typed
    if not body and house is not None and language != house.language:
        body = own("footer", house.language)
    return tuple(line for line in body.split("\n") if line.strip())


def _all() -> dict[tuple[str, str], tuple[str, int]]:
    return store.keep("message texts", _ask)


def _ask() -> dict[tuple[str, str], tuple[str, int]]:
    return {(row.kind, row.language): (row.body, row.version) for row in MessageText.select()}


# ---------------------------------------------------------------- what may be written


def is_one(kind: str, language: str) -> bool:
    """True for a text that there is, in a language of the portal."""
    return kind in TEXTS and language in texts.LANGUAGES


def checked(kind: str, body: str) -> str:
    """The text as it is kept: tidy, each field as it is written in ``FIELDS``; empty for the portal's own wording.

    Raises RuleBroken, field ``body``, for an unknown field, one that must stay, a brace left open, and what is too long.
    """
    tidy = profile.clean(_bare(body), "body", MOST, lines=True)
    if not tidy:
        return ""
    text, found = TEXTS[kind], {" ".join(name.split()).lower() for name in _FIELD.findall(tidy)}
    if set("{}") & set(_FIELD.sub("", tidy)):
        raise RuleBroken(N_("A brace is left open. Write a field as %(example)s, with a brace on each side."), code="brace", field="body",
                         example=_written(text.fields[:1] or ("date",)))  # fmt: skip
    if unknown := sorted(found - set(text.fields)):
        if not text.fields:
            raise RuleBroken(N_("This text has no fields, so it must have no braces."), code="unknown", field="body")
        raise RuleBroken(N_("%(unknown)s is no field of this text. Its fields are: %(known)s."), code="unknown", field="body",
                         unknown=_written(unknown), known=_written(text.fields))  # fmt: skip
    if missing := [name for name in text.required if name not in found]:
        raise RuleBroken(N_("This text must say %(missing)s."), code="missing", field="body", missing=_written(missing))
    return _FIELD.sub(lambda name: braced(" ".join(name[1].split()).lower()), tidy)


def braced(field: str) -> str:
    """A field as it is written in a text."""
    return f"{{{field}}}"


def _written(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(braced(name) for name in names)


def write(kind: str, language: str, body: str, by: Actor, *, version: int) -> None:
    """Use these words from now on; none, or the portal's own, bring back the portal's own.

    ``version`` is that of the text that the page showed.  Raises RuleBroken, ``stale`` where somebody wrote another one meanwhile.
    """
    good = checked(kind, body)
    good = "" if good == default(kind, language) else good
    with store.writing():
        store.one_at_a_time("message texts")
        row = MessageText.get_or_none(MessageText.kind == kind, MessageText.language == language)
        before, now = (row.body, row.version) if row else ("", 0)
        if good == before:
            return
        if version != now:
            raise RuleBroken(STALE, code="stale", field="body")
        if row:
            MessageText.update(body=good, version=now + 1).where(MessageText.id == row.id).execute()
        else:
            MessageText.create(kind=kind, language=language, body=good)
        store.forget()
        audit.record("text.changed", by, text=kind, language=language, before=before, after=good)


# ---------------------------------------------------------------- what is said


@dataclasses.dataclass(frozen=True)
class Words:
    """The paragraphs before the button of a letter and those after it; ``link`` where the address stands within them, and there is
    no button."""

    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    link: str = ""


def words(body: str, values: dict[str, str]) -> Words:
    """A text with its fields filled in, line by line.  One without a value leaves no hole (``_without``).

    Where ``{link}`` has a line to itself the button stands there; else the address stands in the middle of the words.
    """
    lines = [line for line in (_without(line, values).strip() for line in body.split("\n")) if line]
    if LINK in lines:
        here = lines.index(LINK)
        return Words(_filled(lines[:here], values), _filled(lines[here + 1 :], values))
    return Words(_filled(lines, values), (), values["link"] if LINK in body else "")


def _filled(lines: list[str], values: dict[str, str]) -> tuple[str, ...]:
    return tuple(_FIELD.sub(lambda name: values[name[1]], line) for line in lines)


_SENTENCE = re.compile(r"(?<=[.!?؟])\s+")
_BEFORE = re.compile(r"(?:(?<=[}(:])|[,;،؛]|^)[^}(:,;،؛]*$")  # back to the field, comma or colon before


_OPENED, _CLOSED = re.compile(r"[(][^(){}]*$"), re.compile(r"[^(){}]*[)]")


def _without(line: str, values: dict[str, str]) -> str:
    """The line without the fields that have no value: a sentence that would say nothing else goes as a whole; in any other the words
    go that lead to it, so that nobody reads "at ."."""
    gone = {name for name in _FIELD.findall(line) if not values.get(name)}
    if not gone:
        return line
    kept = []
    for sentence in _SENTENCE.split(line):
        names = set(_FIELD.findall(sentence))
        if not names & gone:
            kept.append(sentence)
        elif names - gone:
            kept.append(_cut(sentence, gone))
    return " ".join(kept)


def _cut(sentence: str, gone: set[str]) -> str:
    for name in gone:
        while (field := braced(name)) in sentence:
            before, _, after = sentence.partition(field)
            opened, closed = _OPENED.search(before), _CLOSED.match(after)
            if opened and closed:  # what stands in brackets goes with them
                sentence = before[: opened.start()] + after[closed.end() :]
            else:
                sentence = _BEFORE.sub("", before) + after
    return re.sub(r"\s+([.,;:!?،؛؟])", r"\1", re.sub(r" {2,}", " ", sentence)).lstrip(" ,;،؛.")
