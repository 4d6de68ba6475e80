"""Checklists: documents that are assigned together, in any order or one after the other, each with days of its own (spec 05)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

from domain import audit, profile, search, store
from domain.actor import Actor
from domain.rules import N_, STALE, NotFound, RuleBroken, together
from models import ChecklistItem, ChecklistTemplate, DocumentTemplate

NAME_LETTERS, MOST, MOST_DAYS = 200, 20, 730


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of a checklist as it was typed: the template's public id, and within how many days."""

    template: str
    days: str = ""


@dataclasses.dataclass(frozen=True)
class Typed:
    """A checklist as it was typed; lines without a template are left out."""

    name: str
    is_ordered: bool
    entries: tuple[Entry, ...]

    def checked(self) -> tuple[str, list[tuple[DocumentTemplate, int | None]]]:
        """Name and lines, tidy.  Raises RuleBroken with every field that is wrong: ``name``, ``item_0``, ``days_0`` and so on."""
        lines = [(number, each) for number, each in enumerate(self.entries) if each.template]
        known = {each.public_id: each for each in DocumentTemplate.select().where(
            DocumentTemplate.public_id.in_([each.template for _, each in lines]))}  # fmt: skip
        name, *rows = together(self._name, *(partial(_line, number, each, known) for number, each in lines))
        if not rows:
            raise RuleBroken(N_("Choose at least one document."), code="empty", field="item_0")
        if len({template.id for template, _ in rows}) < len(rows):
            raise RuleBroken(N_("A document can stand on a checklist once."), code="twice", field="item_0")
        return name, rows

    def _name(self) -> str:
        name = profile.clean(self.name, "name", NAME_LETTERS)
        if not name:
            raise RuleBroken(N_("Enter a name."), code="missing", field="name")
        return name


def _line(number: int, entry: Entry, known: dict[str, DocumentTemplate]) -> tuple[DocumentTemplate, int | None]:
    template, typed = known.get(entry.template), entry.days.strip()
    if template is None:
        raise RuleBroken(N_("Choose one of the list."), code="gone", field=f"item_{number}")
    if not typed:
        return template, None
    if not typed.isdecimal() or len(typed) > 4 or int(typed) > MOST_DAYS:
        raise RuleBroken(N_("Enter a number from 0 to %(most)s, or nothing."), code="bad_days", field=f"days_{number}", most=MOST_DAYS)
    return template, int(typed)


def every() -> Any:
    """The question for all of them, those in use first, by name."""
    return ChecklistTemplate.select().order_by(ChecklistTemplate.is_in_use.desc(), ChecklistTemplate.sort_name, ChecklistTemplate.id)


def find(public_id: str) -> ChecklistTemplate:
    """One of them.  Raises NotFound."""
    found: ChecklistTemplate | None = ChecklistTemplate.get_or_none(ChecklistTemplate.public_id == public_id)
    if found is None:
        raise NotFound(public_id)
    return found


def items_of(checklist: ChecklistTemplate) -> list[ChecklistItem]:
    """Its lines with their templates, in their order."""
    found = ChecklistItem.select(ChecklistItem, DocumentTemplate).join(DocumentTemplate)
    return list(found.where(ChecklistItem.checklist == checklist).order_by(ChecklistItem.position))


def add(typed: Typed, by: Actor) -> ChecklistTemplate:
    """A new one.  Raises RuleBroken with its fields."""
    name, rows = typed.checked()
    with store.writing():
        made: ChecklistTemplate = ChecklistTemplate.create(
            name=name, sort_name=search.fold(name)[: 2 * NAME_LETTERS], is_ordered=typed.is_ordered
        )
        _write(made, rows)
        audit.record("checklist_template.added", by, subject=_subject(made), after=_as_told(made))
    return made


def change(checklist: ChecklistTemplate, typed: Typed, by: Actor, *, version: int) -> None:
    """What is assigned from now on; what was assigned stays.  Raises RuleBroken with its fields, ``stale``."""
    name, rows = typed.checked()
    with store.writing():
        now = _held(checklist, version)
        before = _as_told(now)
        ChecklistTemplate.update(
            name=name, sort_name=search.fold(name)[: 2 * NAME_LETTERS], is_ordered=typed.is_ordered, version=version + 1
        ).where(ChecklistTemplate.id == now.id).execute()
        ChecklistItem.delete().where(ChecklistItem.checklist == now.id).execute()
        _write(now, rows)
        after = _as_told(ChecklistTemplate.get_by_id(now.id))
        if before != after:
            audit.record("checklist_template.changed", by, subject=_subject(now), before=before, after=after)


def set_in_use(checklist: ChecklistTemplate, by: Actor, *, is_in_use: bool, version: int) -> None:
    """Offer it to whoever assigns, or not any more; what was assigned stays.  Raises RuleBroken ``stale``."""
    with store.writing():
        now = _held(checklist, version)
        if now.is_in_use != is_in_use:
            ChecklistTemplate.update(is_in_use=is_in_use, version=version + 1).where(ChecklistTemplate.id == now.id).execute()
            audit.record("checklist_template.offered", by, subject=_subject(now), is_in_use=is_in_use)


def _held(checklist: ChecklistTemplate, version: int) -> ChecklistTemplate:
    now: ChecklistTemplate = store.lock(ChecklistTemplate.select().where(ChecklistTemplate.id == checklist.id)).get()
    if now.version != version:
        raise RuleBroken(STALE, code="stale")
    return now


def _write(checklist: ChecklistTemplate, rows: Sequence[tuple[DocumentTemplate, int | None]]) -> None:
    for position, (template, days) in enumerate(rows):
        ChecklistItem.create(checklist=checklist.id, template=template, position=position, due_days=days)


def _as_told(checklist: ChecklistTemplate) -> dict[str, object]:
    """As the audit keeps it."""
    lines = [f"{each.template.name} ({each.due_days})" if each.due_days is not None else each.template.name for each in items_of(checklist)]
    return {"name": checklist.name, "is_ordered": checklist.is_ordered, "documents": "; ".join(lines)}


def _subject(checklist: ChecklistTemplate) -> str:
    return f"checklist_template {checklist.id}"
