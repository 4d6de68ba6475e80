"""Services on their way in.  Whom a service is shown to goes for its groups, too, as on its page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain import audit, clock, services
from domain.actor import Actor
from domain.import_care import CareChecker
from domain.import_plans import Plain, Plan, must_be
from domain.import_rows import Row
from domain.rules import N_, RuleBroken
from models import Group, Service

_TEXTS = ("name", "client_name", "client_description")
_NUMBERS = ("minutes", "capacity")


class Services(Plain):
    """Plans for services."""

    _checker: CareChecker

    def __init__(self, checker: CareChecker) -> None:
        super().__init__(checker, Service)

    def plan(self, rows: Sequence[Row]) -> list[Plan]:
        """What becomes of these services; groups that change with theirs are pointed out."""
        plans = super().plan(rows)
        for plan in plans:
            if groups := _along(plan):
                message = N_("With it these are shown or hidden, too: %(groups)s.")
                names = ", ".join(group.name for group in groups)
                self._checker.warn(plan.row.number, "is_visible", plan.row.values["is_visible"], message, groups=names)
        return plans

    def write(self, by: Actor) -> None:
        """Write all that was staged.  Raises RuleBroken when somebody changed one of the services meanwhile."""
        super().write(by)
        for plan in self._staged:
            must_be(0, _too_many(plan))
            if plan.record:
                must_be(1, Service.update(version=plan.record.version + 1)
                        .where(Service.id == plan.record.id, Service.version == plan.record.version).execute())  # fmt: skip
            if plan.record and "is_visible" in plan.columns:
                self._show_groups(plan, by)

    def _show_groups(self, plan: Plan, by: Actor) -> None:
        is_visible, groups = plan.columns["is_visible"], [group.id for group in _along(plan)]
        Group.update(is_visible=is_visible, version=Group.version + 1).where(Group.id.in_(groups)).execute()
        audit.record("service.shown", by, subject=f"service {plan.record.id}", is_visible=is_visible, groups=groups)

    def _columns(self, plan: Plan) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        if plan.is_new:
            columns = dict.fromkeys(_TEXTS, "") | dict.fromkeys(_NUMBERS) | {"kind": "case", "is_visible": False}
            columns["created_at"] = clock.now()
        columns |= {name: plan.said[name] for name in _TEXTS if name in plan.said}
        columns |= {name: int(plan.said[name]) if plan.said[name] else None for name in _NUMBERS if name in plan.said}
        if "is_visible" in plan.said:
            columns["is_visible"] = plan.said["is_visible"] == "yes"
        if plan.said.get("kind"):
            columns["kind"] = plan.said["kind"]
            if plan.record and plan.record.kind != columns["kind"]:
                self._refuse(plan, "kind", N_("A service stays of the kind that it has."))
        if taken := _too_many(plan, columns):
            message = N_("There cannot be fewer places than people who are in it: %(count)s.")
            self._checker.note(plan.row.number, "capacity", plan.said["capacity"], RuleBroken(message, count=taken))
        return columns


def _too_many(plan: Plan, columns: dict[str, Any] | None = None) -> int:
    """How many are in a service that gets fewer places than that, by its row; else 0."""
    capacity = (plan.columns if columns is None else columns).get("capacity")
    if plan.record is None or capacity is None or capacity == plan.record.capacity:
        return 0
    taken = services.enrolled_in([plan.record]).get(plan.record.id, 0)
    return taken if taken > capacity else 0


def _along(plan: Plan) -> list[Group]:
    if not plan.record or "is_visible" not in plan.columns:
        return []
    return services.switched_along(plan.record, is_visible=plan.columns["is_visible"])
