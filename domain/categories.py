"""Worker categories: named sets of workers, each with its own part of the work queue.

The built-in ones are where the portal itself puts tasks: they keep their names and stay.
"""

from __future__ import annotations

from collections.abc import Iterable

from peewee import fn

from domain import audit, profile, store
from domain.actor import Actor
from domain.caseloads import EVERYBODYS
from domain.rules import N_, RuleBroken
from models import BUILT_IN_CATEGORIES, CategoryMember, Discussion, OfficeText, Task, Worker, WorkerCategory


def every() -> list[WorkerCategory]:
    """All of them: the built-in ones first, then the agency's own by name."""
    return store.remember("categories", _every)


def _every() -> list[WorkerCategory]:
    place = {slug: number for number, slug in enumerate(BUILT_IN_CATEGORIES)}
    found = WorkerCategory.select().order_by(WorkerCategory.name)
    return sorted(found, key=lambda each: place.get(each.slug, len(place)))


def slugs_of(worker: Worker) -> set[str]:
    """The categories that a worker belongs to, as tasks call them."""
    mine = WorkerCategory.select(WorkerCategory.slug).join(CategoryMember).where(CategoryMember.worker == worker)
    return {slug for (slug,) in mine.tuples()}


def members() -> dict[str, int]:
    """How many workers belong to each category, by what tasks call it; those with nobody are left out."""
    count = WorkerCategory.select(WorkerCategory.slug, fn.COUNT(CategoryMember.id)).join(CategoryMember)
    return dict(count.group_by(WorkerCategory.slug).tuples())


def put_into(worker: Worker, slugs: Iterable[str]) -> None:
    """Make the worker a member of these and of no other, in the transaction of the change."""
    wanted = set(slugs)
    with store.writing():
        CategoryMember.delete().where(CategoryMember.worker == worker).execute()
        for category in WorkerCategory.select().where(WorkerCategory.slug.in_(wanted)):
            CategoryMember.create(category=category, worker=worker)


def text_key(slug: str) -> str:
    """Under what stands how clients call a category."""
    return f"category:{slug}"


def create(name: str, by: Actor) -> WorkerCategory:
    """A category of the agency's own.  Raises RuleBroken (field ``name``)."""
    good = _checked(name)
    with store.writing():
        store.one_at_a_time("categories")
        _must_be_new(good, None)
        category: WorkerCategory = WorkerCategory.create(name=good)
        audit.record("category.created", by, subject=f"category {category.id}", name=good)
    return category


def rename(category: WorkerCategory, name: str, by: Actor) -> None:
    """Give one of the agency's own another name.  Raises RuleBroken (field ``name``)."""
    good = _checked(name)
    _must_be_own(category)
    with store.writing():
        store.one_at_a_time("categories")
        _must_be_new(good, category)
        if category.name != good and WorkerCategory.update(name=good).where(WorkerCategory.slug == category.slug).execute():
            audit.record("category.renamed", by, subject=f"category {category.id}", before=category.name, after=good)


def remove(category: WorkerCategory, by: Actor) -> None:
    """Take one of the agency's own away.  Raises RuleBroken while tasks wait in it; twice is harmless."""
    _must_be_own(category)
    with store.writing():
        store.hold(category)
        if waiting := Task.select().where(Task.category == category.slug, Task.done_at.is_null()).count():
            raise RuleBroken(N_("One task waits here. Hand it to another category first."),
                             plural=N_("%(count)s tasks wait here. Hand them to another category first."),
                             count=waiting, code="in_use")  # fmt: skip
        here = Discussion.category == category.slug
        if waiting := Discussion.select().where(here, Discussion.worker.is_null(), Discussion.state == "open").count():
            raise RuleBroken(N_("One discussion waits here. Hand it over first."),
                             plural=N_("%(count)s discussions wait here. Hand them over first."), count=waiting, code="in_use")  # fmt: skip
        Discussion.update(category=EVERYBODYS).where(here).execute()  # what was closed is everybody's should it be opened again
        OfficeText.delete().where(OfficeText.key == text_key(category.slug)).execute()
        if WorkerCategory.delete().where(WorkerCategory.slug == category.slug).execute():
            audit.record("category.removed", by, subject=f"category {category.id}", name=category.name)


def _must_be_own(category: WorkerCategory) -> None:
    if category.is_built_in:
        raise RuleBroken(N_("This category belongs to the portal and stays as it is."), code="built_in", field="name")


def _checked(name: str) -> str:
    good = profile.clean(name, "name", 80)
    if not good:
        raise RuleBroken(N_("Enter a name."), code="missing", field="name")
    return good


def _must_be_new(name: str, category: WorkerCategory | None) -> None:
    own = category.slug if category else ""
    if any(each.name.casefold() == name.casefold() for each in every() if each.slug != own):
        raise RuleBroken(N_("There is one with this name already."), code="taken", field="name")


