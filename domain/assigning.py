"""Assigning documents: one or a checklist of them, to one individual or to many at once (spec 05, Checklists).

Whatever is assigned together is one bundle: a single document, or all of a checklist, in any order or in a fixed one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from domain import agency, audit, clock, document_messages, document_templates, documents, store
from domain.actor import Actor
from domain.rules import N_, NotFound, RuleBroken
from models import (
    Checklist,
    ChecklistItem,
    ChecklistTemplate,
    Document,
    DocumentTemplate,
    DocumentVersion,
    Enrolment,
    Event,
    Individual,
)

HAS_IT = "has_it"


@dataclasses.dataclass(frozen=True)
class Item:
    """What is filled in, and by when."""

    version: DocumentVersion
    due_on: dt.date | None


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What is assigned together: a checklist has a name, a single document none."""

    items: tuple[Item, ...]
    name: str = ""
    is_ordered: bool = False


@dataclasses.dataclass(frozen=True)
class About:
    """From where it is assigned: an enrolment or an event, or the record itself."""

    enrolment: Enrolment | None = None
    event: Event | None = None


def offered() -> list[tuple[str, str]]:
    """What can be assigned, as (name of the choice, name for staff): published templates that are in use, and checklists of such."""
    templates = list(document_templates.every())
    published = document_templates.newest_of_each(templates)
    single = [(f"d:{each.public_id}", each.name) for each in templates if each.id in published]
    lists = ChecklistTemplate.select().where(ChecklistTemplate.is_in_use).order_by(ChecklistTemplate.sort_name, ChecklistTemplate.id)
    return [*single, *((f"c:{each.public_id}", each.name) for each in lists)]


def bundle(choice: str, due_on: dt.date | None) -> Bundle:
    """What was chosen of these, due on a day; of a checklist each as the checklist has it.  Raises RuleBroken (field ``what``)."""
    kind, _, public_id = choice.partition(":")
    try:
        return _of_checklist(public_id) if kind == "c" else _of_template(public_id, due_on)
    except NotFound:
        raise RuleBroken(N_("Choose one of the list."), code="gone", field="what") from None


def _of_template(public_id: str, due_on: dt.date | None) -> Bundle:
    version = _version(document_templates.find(public_id))
    if due_on is not None and due_on < agency.today():
        raise RuleBroken(N_("Choose a day that is not over."), code="past", field="due_on")
    return Bundle((Item(version, due_on),))


def _version(template: DocumentTemplate) -> DocumentVersion:
    found = document_templates.newest(template) if template.is_in_use else None
    if found is None:
        raise NotFound(template.public_id)
    return found


def _of_checklist(public_id: str) -> Bundle:
    found = ChecklistTemplate.get_or_none(ChecklistTemplate.public_id == public_id, ChecklistTemplate.is_in_use)
    if found is None:
        raise NotFound(public_id)
    rows = found.items.join(DocumentTemplate).where(DocumentTemplate.is_in_use).order_by(ChecklistItem.position)
    today = agency.today()
    versions = document_templates.newest_of_each([row.template for row in rows])
    items = [
        Item(versions[row.template_id], today + dt.timedelta(days=row.due_days) if row.due_days is not None else None)
        for row in rows if row.template_id in versions
    ]  # fmt: skip
    if not items:
        raise RuleBroken(N_("Nothing on this checklist is in use."), code="empty", field="what")
    return Bundle(tuple(items), found.name, found.is_ordered)


def have_it(what: Bundle, people: Sequence[Individual]) -> set[int]:
    """Who of these has all of it to do already, by their numbers."""
    templates = {item.version.template_id for item in what.items}
    open_ones = Document.select(Document.individual, DocumentVersion.template).join(DocumentVersion).where(
        Document.individual.in_([each.id for each in people]), Document.state == "assigned", DocumentVersion.template.in_(list(templates))
    )
    found: dict[int, set[int]] = {}
    for individual, template in open_ones.tuples():
        found.setdefault(individual, set()).add(template)
    return {individual for individual, theirs in found.items() if theirs == templates}


def assign(what: Bundle, people: Sequence[Individual], by: Actor, about: About = About(), *, is_paper: bool = False) -> list[Document]:
    """A copy of each for each of these people; an audit entry each."""
    now = clock.now()
    with store.writing():
        lists = _checklists(what, people, by, now)
        made = [
            Document(**_values(what, number, item, about, by, now), individual=person.id, is_paper=is_paper,
                     checklist=lists[person.id].id if lists else None)
            for person in people for number, item in enumerate(what.items)
        ]  # fmt: skip
        store.insert_rows(made)
        document_messages.assigned([each for each in made if each.position == 0])
        by_number = {person.id: person for person in people}
        audit.record_many("document.assigned", by, [
            (by_number[each.individual_id], documents.named(each),
             {"version": each.form_id, "due_on": each.due_on.isoformat() if each.due_on else ""}) for each in made
        ])  # fmt: skip
    return made


def _checklists(what: Bundle, people: Sequence[Individual], by: Actor, now: dt.datetime) -> dict[int, Checklist]:
    if not what.name:
        return {}
    worker = by.worker.id if by.worker else None
    made = [
        Checklist(individual=each.id, name=what.name, is_ordered=what.is_ordered, assigned_at=now, assigned_by=worker) for each in people
    ]
    store.insert_rows(made)
    return {each.individual_id: each for each in made}


def _values(what: Bundle, number: int, item: Item, about: About, by: Actor, now: dt.datetime) -> dict[str, Any]:
    is_first = number == 0 or not what.is_ordered
    return {
        "form": item.version.id, "position": number, "due_on": item.due_on, "assigned_at": now,
        "assigned_by": by.worker.id if by.worker else None, "enrolment": about.enrolment.id if about.enrolment else None,
        "event": about.event.id if about.event else None, "remind_at": document_messages.remind_at(item.due_on, now) if is_first else None,
    }  # fmt: skip


def assign_to(people: Sequence[Individual], what: Bundle, by: Actor, about: About = About()) -> list[Document]:
    """To whoever is named on a page, as a worker says it.  Raises RuleBroken: ``nobody``, ``has_it`` where one has all of it already,
    ``deceased``."""
    if not people:
        raise RuleBroken(N_("This would reach nobody."), code="nobody")
    with store.writing():
        for each in sorted(people, key=lambda person: person.id):
            store.one_at_a_time(f"documents of individual {each.id}")
        if len(people) == 1 and have_it(what, people):
            raise RuleBroken(N_("They have this to do already."), code=HAS_IT, field="what")
        if len(people) == 1 and people[0].death_date:
            raise RuleBroken(N_("This person has died."), code="deceased")
        theirs = have_it(what, people)
        return assign(what, [each for each in people if each.id not in theirs and not each.death_date], by, about)
