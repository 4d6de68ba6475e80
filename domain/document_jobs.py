"""Documents for many at once: the clients of a service, or whom a search finds.  A job of ``bulk``: who gets them is looked up first, then
a worker says so, and it is done in the background in steps; each person once, whatever is killed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from peewee import fn

from domain import assigning, bulk, enrolments, search
from domain.actor import Actor
from domain.assigning import Bundle, Item
from domain.rules import N_, RuleBroken
from models import BulkJob, BulkRow, DocumentVersion, Individual


@dataclasses.dataclass(frozen=True)
class Whom:
    """By what people are narrowed: a question as in the list of clients, and a service (its public id) that they are enrolled in."""

    question: str = ""
    service: str = ""

    def narrow(self, people: Any) -> Any:
        """A query over individuals, narrowed."""
        if self.question:
            people = search.narrow(people, self.question)
        if self.service:
            number = enrolments.numbered(self.service)
            people = people.where(enrolments.are_in(number, Individual.id, are_few=not self.question and enrolments.are_few(number)))
        return people


def plan(what: Bundle, whom: Whom, seen: Any, by: Actor) -> BulkJob:
    """Look up who of those ``seen`` (a query) would get it.  Raises RuleBroken ``everybody`` when they are not narrowed by anything."""
    if not (whom.question or whom.service):
        raise RuleBroken(N_("Choose a service, or search for some clients."), code="everybody", field="service")
    most, total = whom.narrow(seen).select(fn.MAX(Individual.id), fn.COUNT(Individual.id)).order_by().tuples().get()
    items = [[item.version.id, item.due_on.isoformat() if item.due_on else ""] for item in what.items]
    choice = {"whom": dataclasses.asdict(whom), "items": items, "name": what.name, "is_ordered": what.is_ordered, "most": most or 0}
    return bulk.plan(bulk.ASSIGN, choice, total, by)


def bundle_of(job: BulkJob) -> Bundle:
    """What a job assigns."""
    choice = json.loads(job.choice)
    versions = {each.id: each for each in DocumentVersion.select().where(DocumentVersion.id.in_([number for number, _ in choice["items"]]))}
    items = (Item(versions[number], dt.date.fromisoformat(day) if day else None) for number, day in choice["items"])
    return Bundle(tuple(items), choice["name"], choice["is_ordered"])


def look(job: BulkJob, seen: Any, most: int) -> list[tuple[Individual, str]]:
    """The next ones of those ``seen`` (a query), each with the code of why they are left out."""
    choice = json.loads(job.choice)
    whom = Whom(**choice["whom"]).narrow(seen).where(Individual.id > job.reached, Individual.id <= choice["most"])
    people = list(whom.order_by(Individual.id).limit(most))
    have_it = assigning.have_it(bundle_of(job), people)
    return [(each, _obstacle(each, have_it)) for each in people]


def carry_out(job: BulkJob, rows: Sequence[BulkRow], people: Mapping[int, Individual], by: Actor) -> dict[int, str]:
    """Assign it to whom these rows are about; by a row's number the code of what stood between, empty when it is done."""
    what = bundle_of(job)
    have_it = assigning.have_it(what, list(people.values()))
    answers = {row.id: _obstacle(people[row.individual_id], have_it) for row in rows}
    assigning.assign(what, [people[row.individual_id] for row in rows if not answers[row.id]], by)
    return answers


def _obstacle(person: Individual, have_it: set[int]) -> str:
    if person.death_date:
        return "deceased"
    return assigning.HAS_IT if person.id in have_it else ""
