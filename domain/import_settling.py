"""After an import: its rows become findable, are audited one by one and remembered, in short transactions.

What is left of it when a process is killed is finished by the timetable or by the next import.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from domain import audit, dispatch, event_messages, store
from domain.actor import SYSTEM, Actor
from domain.import_people import write_words
from models import Attendance, Enrolment, Event, ImportedRow, ImportRow, ImportRun, Individual, Service, Site, Worker

SETTLED_AT_ONCE = 200  # rows that become findable in one short transaction
_TABLES: dict[str, Any] = {
    "individuals": Individual, "workers": Worker, "sites": Site, "services": Service, "enrolments": Enrolment, "events": Event,
}  # fmt: skip


def settle(run: ImportRun) -> None:
    """Make the rows of an applied run findable, audit each record and remember what the file said, in short transactions.

    A million search words at once would hold the lock for too long.  A staged row goes in the transaction that settles
    it: what is left of an applied run when it is killed here is what is still to be done.  That the entries of the
    audit are those of the run is shown by its own entry, which has the hash of them all.  A process that is about to
    end leaves the rest to the timetable.
    """
    while not dispatch.is_stopping():
        with store.writing():
            began = time.monotonic()
            is_more = _settled(run)
        if not is_more:
            return
        time.sleep(time.monotonic() - began)  # half of the time is for whoever waits to write


def _settled(run: ImportRun) -> bool:
    """Settle some rows of a run; False when none was left."""
    store.lock(ImportRun.select().where(ImportRun.id == run.id)).get()
    rows = list(ImportRow.select().where(ImportRow.run == run).order_by(ImportRow.id).limit(SETTLED_AT_ONCE))
    ids = [row.external_id for row in rows]
    table = _TABLES[run.subject]
    records = {record.external_id: record for record in table.select().where(table.external_id.in_(ids))}
    if run.subject == "individuals":
        write_words(list(records.values()))
        event_messages.reachable([record.id for record in records.values()])
    _audit(run, [(records[row.external_id], row) for row in rows if row.change and row.external_id in records])
    said = [row for row in rows if row.body]
    ImportedRow.delete().where(
        ImportedRow.subject == run.subject, ImportedRow.external_id.in_([row.external_id for row in said])
    ).execute()
    store.insert(ImportedRow, [_remembered(run.subject, row) for row in said])
    ImportRow.delete().where(ImportRow.id.in_([row.id for row in rows])).execute()
    return bool(rows)


def _audit(run: ImportRun, changes: Sequence[tuple[Any, ImportRow]]) -> None:
    """An entry for each record; of an event one in the record of everybody who comes, where it is not about one of them only."""
    if not changes:
        return
    noun, owners = run.subject.removesuffix("s"), _owners(run.subject, changes)
    entries: list[tuple[Individual | None, str, dict[str, Any]]] = []
    for record, row in changes:
        change = {"import_run": run.public_id, **json.loads(row.change)}
        who, *others = owners.get(record.id, [None])
        entries.append((who, f"{noun} {record.id}", change))
        if others and (after := _of_all(change["after"])):
            change = {**change, "before": _of_all(change["before"]), "after": after}
            entries += [(each, f"{noun} {record.id}", change) for each in others]
    audit.record_many(f"{noun}.imported", _importer(run), entries)


def _of_all(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "place_state"}


def _owners(subject: str, changes: Sequence[tuple[Any, ImportRow]]) -> dict[int, list[Individual | None]]:
    """In whose records the entry of each of these stands, whom the file names first."""
    if subject == "individuals":
        return {record.id: [record] for record, _ in changes}
    if subject == "enrolments":
        return {record.id: [Individual(id=record.individual_id)] for record, _ in changes}
    if subject != "events":
        return {}
    named = {record.id: json.loads(row.body or "{}").get("individual") for record, row in changes}
    places = Attendance.select(Attendance.event, Individual.id, Individual.external_id).join(Individual)
    found: dict[int, list[Individual | None]] = defaultdict(list)
    for event, number, external_id in places.where(Attendance.event.in_(list(named))).order_by(Attendance.id).tuples():
        found[event].insert(0 if external_id == named[event] else len(found[event]), Individual(id=number))
    return found


def _remembered(subject: str, row: ImportRow) -> dict[str, str]:
    return {"subject": subject, "external_id": row.external_id, "body": row.body}


def _importer(run: ImportRun) -> Actor:
    who = json.loads(run.choices).get("by") or {}
    return Actor(worker=Worker.get_by_id(who["worker"]), network=who["network"]) if who.get("worker") else SYSTEM
