"""To whom clients write: their workers, everybody's category, and those categories that the agency opened to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from domain import agency, answering, audit, categories, covers, store, texts
from domain.actor import Actor
from domain.profile import clean
from domain.rules import N_, STALE, RuleBroken, together
from models import WorkerCategory

NAME_LETTERS, MOST_DAYS = 80, 30


@dataclasses.dataclass(frozen=True)
class Opening:
    """What is typed of a category for clients: whether they may write to it, what they call it in each language, and within how many
    working days it answers (nothing: as the agency says)."""

    is_open: bool
    names: Mapping[str, str]
    days: str = ""

    def checked(self) -> tuple[dict[str, str], int | None]:
        """Names and days, tidy.  Raises RuleBroken with every field that is wrong."""
        *names, days = together(
            *(lambda code=code: clean(self.names.get(code, ""), f"name_{code}", NAME_LETTERS) for code in texts.LANGUAGES), self._days
        )
        return dict(zip(texts.LANGUAGES, names, strict=True)), days

    def _days(self) -> int | None:
        typed = self.days.strip()
        if not typed:
            return None
        if not typed.isdecimal() or len(typed) > 3 or int(typed) > MOST_DAYS:
            raise RuleBroken(N_("Enter a number from 0 to %(most)s, or nothing."), code="bad_days", field="days", most=MOST_DAYS)
        return int(typed)


def open_ones() -> list[WorkerCategory]:
    """The categories to which clients may write, by name."""
    every = WorkerCategory.select().where(WorkerCategory.is_open, WorkerCategory.slug != covers.EVERYBODYS)
    return list(every.order_by(WorkerCategory.name))


def name_of(slug: str, language: str) -> str:
    """What clients call a category in a language, else in the agency's own; empty where nothing was written."""
    written, house, key = answering.office_texts(), agency.current(), categories.text_key(slug)
    return written.get((key, language)) or (written.get((key, house.language), "") if house else "")


def as_typed(category: WorkerCategory) -> dict[str, object]:
    """What is saved, as a form shows it."""
    written = answering.office_texts()
    names = {f"name_{code}": written.get((categories.text_key(category.slug), code), "") for code in texts.LANGUAGES}
    return {"is_open": category.is_open, "days": "" if category.answer_days is None else str(category.answer_days), **names}


def open_to_clients(category: WorkerCategory, typed: Opening, by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Let clients write to a category, or not any more; what they wrote to it stays.  Raises RuleBroken, ``stale`` where the page showed
    something else than is saved."""
    names, days = typed.checked()
    with store.writing():
        store.one_at_a_time("categories")
        now: WorkerCategory = WorkerCategory.get_by_id(category.id)
        before = as_typed(now)
        if not as_opened(before):
            raise RuleBroken(STALE, code="stale")
        WorkerCategory.update(is_open=typed.is_open, answer_days=days).where(WorkerCategory.id == now.id).execute()
        answering.write_texts({categories.text_key(now.slug): names})
        after = as_typed(WorkerCategory.get_by_id(now.id))
        if before != after:
            audit.record("category.opened", by, subject=f"category {now.id}", before=before, after=after)


def must_be_open(slug: str) -> None:
    """Raises RuleBroken (field ``to``) for a category to which clients may not write."""
    if slug != covers.EVERYBODYS and not WorkerCategory.select().where(WorkerCategory.slug == slug, WorkerCategory.is_open).exists():
        raise RuleBroken(N_("Choose one of the list."), code="not_open", field="to")
