"""What a checked row means for the records that are there: what is new, what the file says anew, what stays.

The one rule of repeating: a field is overwritten only when the file says something else than the import before it
said of the same external id.  What staff changed meanwhile stays as long as the file does not change.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from domain import agency
from domain.actor import Actor
from domain.import_rows import Checker, Row
from domain.rules import N_, RuleBroken
from models import ImportedRow, Site

STALE = N_("Somebody changed these records while the file was read. Nothing of it was taken in; import it again.")


@dataclasses.dataclass
class Plan:
    """What becomes of one row.

    ``before`` is what the last import said, ``said`` what this one says anew, ``columns`` are to be written, ``body``
    is to be remembered unless it is empty.  ``reach`` tells the contacts on which ``contacts`` were planned from others.
    """

    row: Row
    record: Any
    before: dict[str, str]
    said: dict[str, str]
    body: str
    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    contacts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    reach: int | None = None
    consents: bool = False
    change: str = ""  # JSON for the audit: what is written, and what stood there before

    @property
    def is_new(self) -> bool:
        """True when nobody has this external id yet."""
        return self.record is None

    @property
    def is_changed(self) -> bool:
        """True when a record that is there will differ afterwards."""
        return not self.is_new and bool(self.columns or self.contacts or self.consents)


def must_be(wanted: int, done: int) -> None:
    """Raise RuleBroken when not all was as it was read."""
    if done != wanted:
        raise RuleBroken(STALE, code="stale")


class Planner(Protocol):
    """How one subject is planned, staged and written."""

    def plan(self, rows: Sequence[Row]) -> list[Plan]:
        """What becomes of these rows; what cannot be becomes a problem of the checker."""

    def stage(self, plans: Sequence[Plan]) -> None:
        """Keep plans until ``write``."""

    def conclude(self, progress: Callable[[], object]) -> None:
        """All rows were planned: what can only be seen of all of them together becomes a problem of the checker.

        Where that takes long, ``progress`` is called now and then.
        """

    def write(self, by: Actor) -> None:
        """Write all that was staged, inside the one transaction of the run."""

    def close(self) -> None:
        """Drop what was staged."""


def begin(model: Any, checker: Checker, rows: Sequence[Row]) -> list[Plan]:
    """A plan for each row with what the file says anew, and no columns yet."""
    subject = checker.mapping.subject
    ids = [row.external_id for row in rows]
    records = {record.external_id: record for record in model.select().where(model.external_id.in_(ids))}
    remembered = ImportedRow.select().where(ImportedRow.subject == subject, ImportedRow.external_id.in_(ids))
    memory = {row.external_id: json.loads(row.body) for row in remembered}
    return [_begun(checker, row, records.get(row.external_id), memory.get(row.external_id, {})) for row in rows]


def _begun(checker: Checker, row: Row, record: Any, memory: dict[str, str]) -> Plan:
    before = memory if record is not None else {}
    said = {name: text for name, text in row.values.items() if before.get(name, "") != text}
    if record is not None:  # the same in other words is nothing new
        mean = checker.meant
        said = {name: text for name, text in said.items() if mean(row.values, name, text) != mean(row.values, name, before.get(name, ""))}
    after = {**before, **row.values}
    return Plan(row, record, before, said, "" if after == memory else json.dumps(after, ensure_ascii=False))


def change_of(plan: Plan, told: Callable[[dict[str, Any]], dict[str, Any]] = dict, **more: Any) -> str:
    """What the audit will keep of a plan, in the words of ``told``; nothing when the record stays as it is."""
    if not (plan.is_new or plan.is_changed):
        return ""
    before = {name: getattr(plan.record, name) for name in plan.columns} if plan.record else {}
    changed = {name: value for name, value in plan.columns.items() if not before or before[name] != value}
    change = {"before": told({name: before[name] for name in changed if before}), "after": told(changed), **more}
    return json.dumps(change, ensure_ascii=False, default=str)


class Plain:
    """Plans for sites or workers, which are one row of one table each."""

    def __init__(self, checker: Checker, model: Any) -> None:
        self._checker = checker
        self._model = model
        self._staged: list[Plan] = []

    def plan(self, rows: Sequence[Row]) -> list[Plan]:
        """What becomes of these sites or workers."""
        plans = begin(self._model, self._checker, rows)
        for plan in plans:
            columns = self._columns(plan)
            if plan.is_new:
                plan.columns = columns
            else:
                plan.columns = {name: value for name, value in columns.items() if getattr(plan.record, name) != value}
            plan.change = change_of(plan)
        return plans

    def stage(self, plans: Sequence[Plan]) -> None:
        """Keep plans in memory: there are few."""
        self._staged += [plan for plan in plans if plan.columns]

    def conclude(self, progress: Callable[[], object]) -> None:
        """Nothing more is to be seen."""

    def write(self, by: Actor) -> None:
        """Write all that was staged.  Raises RuleBroken when somebody changed one of the records meanwhile."""
        fresh = [{"external_id": plan.row.external_id, **plan.columns} for plan in self._staged if plan.is_new]
        for start in range(0, len(fresh), 500):
            self._model.insert_many(fresh[start : start + 500]).execute()
        for plan in self._staged:
            if not plan.is_new:
                must_be(1, self._model.update(**plan.columns).where(*self._as_read(plan)).execute())

    def close(self) -> None:
        """Drop what was staged."""
        self._staged.clear()

    def _columns(self, plan: Plan) -> dict[str, Any]:
        """What the file says of the record, as it is stored; for a new one every column that has no default."""
        raise NotImplementedError

    def _as_read(self, plan: Plan) -> Iterator[Any]:
        """The conditions that a record is still what it was, as far as it is to be written."""
        yield self._model.public_id == plan.record.public_id
        for name in plan.columns:
            yield self._model._meta.combined[name] == getattr(plan.record, name)

    def _refuse(self, plan: Plan, field: str, message: str) -> None:
        self._checker.note(plan.row.number, field, plan.row.values.get(field, ""), RuleBroken(message))


class Sites(Plain):
    """Plans for sites."""

    def __init__(self, checker: Checker) -> None:
        super().__init__(checker, Site)
        main = agency.main_site()
        self._zone = main.time_zone if main else ""

    def _columns(self, plan: Plan) -> dict[str, Any]:
        columns: dict[str, Any] = dict.fromkeys(("address", "phone"), "") if plan.is_new else {}
        columns |= plan.said
        if plan.is_new and not columns.get("time_zone"):
            columns["time_zone"] = self._zone
            if not self._zone:
                self._refuse(plan, "time_zone", N_("Give the time zone, as a column or as a constant of the mapping."))
        elif not columns.get("time_zone", "-"):
            del columns["time_zone"]
        return columns
