"""What the agency says on every page, in each language: the emergency line."""

from __future__ import annotations

from domain import agency, audit, profile, starting_texts, store, texts
from domain.actor import Actor
from domain.rules import STALE, RuleBroken
from models import HouseText

MOST = 300  # letters, as of the agency's own line


def emergency_line(language: str) -> str:
    """The line in a language, else in the agency's own; empty before there is an agency.

    As long as the agency keeps the line that it was offered, every language has it in its own words.
    """
    house = agency.current()
    if house is None:
        return ""
    if language == house.language:  # what was written for it while another one was the agency's own is no longer meant
        return str(house.emergency_line)
    is_offered = house.emergency_line == texts.say(house.language, starting_texts.EMERGENCY_LINE)
    return _lines().get(language) or (texts.say(language, starting_texts.EMERGENCY_LINE) if is_offered else house.emergency_line)


def emergency_lines() -> dict[str, str]:
    """What was written for each language but the agency's own; empty for one that shows the agency's own line."""
    return {language: _lines().get(language, "") for language in others()}


def others() -> tuple[str, ...]:
    """The portal's languages but the agency's own."""
    own = agency.settled().language
    return tuple(language for language in texts.LANGUAGES if language != own)


def write_emergency_lines(lines: dict[str, str], by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Set the line of each language; an empty one shows the agency's own again.

    ``as_opened`` says of what is saved whether the page showed it.  Raises RuleBroken, ``stale`` for that.
    """
    good = {language: profile.clean(lines.get(language, ""), language, MOST) for language in others()}
    with store.writing():
        store.one_at_a_time("agency")
        before = emergency_lines()
        if not as_opened(before):
            raise RuleBroken(STALE, code="stale")
        wanted = {language: body for language, body in good.items() if body != before[language]}
        for language, body in wanted.items():
            HouseText.delete().where(HouseText.key == "emergency_line", HouseText.language == language).execute()
            if body:
                HouseText.create(key="emergency_line", language=language, body=body)
        store.forget()
        if wanted:
            audit.record("emergency_line.changed", by, before=before, after=before | wanted)


def _lines() -> dict[str, str]:
    return store.keep("emergency lines", _ask)


def _ask() -> dict[str, str]:
    return {row.language: row.body for row in HouseText.select().where(HouseText.key == "emergency_line")}
