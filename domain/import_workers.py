"""Workers on their way in: nobody gets more rights than who imports, nor an address that a client signs in with.

The system (the command without ``--as-worker``) may everything: whoever runs it has the database in their hands anyway.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from domain import clock, handover, profile, search, store, viewer, workers
from domain.actor import Actor
from domain.import_plans import STALE, Plain, Plan
from domain.import_rows import Checker, Row
from domain.rules import N_, RuleBroken
from models import CLOSED, Agency, HalfSignIn, LoginSession, PortalAccount, SecurityClass, Worker

_AT_ONCE = 500
_TOO_HIGH = N_("You cannot change the e-mail address or the user group of somebody who has rights that you do not have.")
_POWER = ("email", "group")  # with the address comes the password, with the group the rights


class Workers(Plain):
    """Plans for workers."""

    def __init__(self, checker: Checker, by: Actor) -> None:
        super().__init__(checker, Worker)
        self._rights = _rights_of(by.worker)
        self._demoted: set[int] = set()
        self._owners = dict(Worker.select(Worker.email_key, Worker.external_id).tuples())

    def plan(self, rows: Sequence[Row]) -> list[Plan]:
        """What becomes of these workers."""
        plans = super().plan(rows)
        self._check(plans)
        return plans

    def write(self, by: Actor) -> None:
        """Write all that was staged; whoever gets another group has to sign in again.

        Raises RuleBroken when something may not be any more, or when somebody changed a worker meanwhile.
        """
        store.lock(Agency.select()).first()  # as for a new account: of an account and a worker one gets the address
        store.one_at_a_time("staff")
        now = _held({plan.record.id for plan in self._staged if plan.record} | ({by.worker.id} if by.worker else set()))
        self._rights = _rights_of(now[by.worker.id] if by.worker else None)
        before = len(self._checker.problems)
        self._check([dataclasses.replace(plan, record=now.get(plan.record.id)) if plan.record else plan for plan in self._staged])
        if len(self._checker.problems) > before:
            raise RuleBroken(STALE, code="stale")
        super().write(by)
        _grow_versions([plan.record.id for plan in self._staged if plan.record])
        _end_sessions([plan.record.id for plan in self._staged if plan.record and {*_POWER} & plan.columns.keys()])
        self._follow_addresses(now)
        _let_go([plan.record.id for plan in self._staged if plan.record and "group" in plan.columns], by)

    def _follow_addresses(self, before: dict[int, Worker]) -> None:
        """What went to an earlier address opens nothing any more, and that address is told."""
        for plan in self._staged:
            if plan.record and "email" in plan.columns and plan.columns["email"] != (was := before[plan.record.id].email):
                workers.follow_address(Worker.get_by_id(plan.record.id), was)

    def _columns(self, plan: Plan) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        if plan.is_new:
            columns = dict.fromkeys(("first_name", "last_name", "display_name"), "")
            columns |= {"email": None, "email_key": None, "group": "worker", "site_id": None, "created_at": clock.now()}
        columns |= {name: text for name, text in plan.said.items() if name.endswith("_name")}
        columns |= self._sorted_names(plan)
        if "email" in plan.said:
            columns["email"] = plan.said["email"] or None
            columns["email_key"] = self._free_key(plan)
        if "group" in plan.said:
            columns["group"] = plan.said["group"] or "worker"
        if "site" in plan.said:
            site = self._checker.sites.get(plan.said["site"])
            columns["site_id"] = site.id if site else None
        return columns

    def _sorted_names(self, plan: Plan) -> dict[str, str]:
        if not {"first_name", "last_name"} & plan.said.keys() and not plan.is_new:
            return {}
        was = [getattr(plan.record, name) if plan.record else "" for name in ("first_name", "last_name")]
        return search.sorted_names(plan.said.get("first_name", was[0]), plan.said.get("last_name", was[1]))

    def _free_key(self, plan: Plan) -> str | None:
        """The key of the address that the file gives, unless another worker has it."""
        key = profile.email_key(plan.said["email"]) or None
        if key and self._owners.setdefault(key, plan.row.external_id) != plan.row.external_id:
            self._refuse(plan, "email", N_("Another worker has this e-mail address."))
        return key

    def _check(self, plans: Sequence[Plan]) -> None:
        """Note what must not be as things stand: of addresses by accounts, of rights by who imports and who is there."""
        taken = set(_signing_in(plan.columns.get("email_key") for plan in plans))
        for plan in plans:
            self._check_admins(plan)
            if plan.columns.get("email_key") in taken:
                self._refuse(plan, "email", N_("A client signs in to the portal with this e-mail address."))
            self._check_rights(plan)

    def _check_admins(self, plan: Plan) -> None:
        """A file leaves somebody who may do everything, as the pages do."""
        if plan.record and plan.record.group == "system_admin" and plan.columns.get("group", "system_admin") != "system_admin":
            self._demoted.add(plan.record.id)
            if not workers.has_admin_without(self._demoted):
                self._refuse(plan, "group", workers.ONLY_ADMIN)

    def _check_rights(self, plan: Plan) -> None:
        touched = [name for name in _POWER if name in plan.columns]
        if plan.record and touched and not viewer.rights_of(plan.record) <= self._rights:
            self._refuse(plan, touched[0], _TOO_HIGH)
        elif "group" in touched and not viewer.GROUP_RIGHTS[plan.columns["group"]] <= self._rights:
            self._refuse(plan, "group", N_("You cannot give rights that you do not have."))


def _rights_of(worker: Worker | None) -> frozenset[str]:
    return viewer.rights_of(worker) if worker else viewer.RIGHTS


def _held(ids: Collection[int]) -> dict[int, Worker]:
    """Workers as they are now, and stay until all is written."""
    every = sorted(ids)
    found: dict[int, Worker] = {}
    for start in range(0, len(every), _AT_ONCE):
        some = Worker.select().where(Worker.id.in_(every[start : start + _AT_ONCE])).order_by(Worker.id)
        found |= {worker.id: worker for worker in store.lock(some)}
    return found


def _let_go(ids: Sequence[int], by: Actor) -> None:
    """What somebody has about people whom they may not see in their new group waits in its category again."""
    for start in range(0, len(ids), _AT_ONCE):
        every = Worker.select(Worker, SecurityClass).left_outer_join(SecurityClass)
        handover.let_go(list(every.where(Worker.id.in_(ids[start : start + _AT_ONCE]))), by)


def _grow_versions(ids: Sequence[int]) -> None:
    """Whoever has one of them open in a form is told."""
    for start in range(0, len(ids), _AT_ONCE):
        Worker.update(version=Worker.version + 1).where(Worker.id.in_(ids[start : start + _AT_ONCE])).execute()


def _end_sessions(ids: Sequence[int]) -> None:
    """No session outlives the rights that it began with, be they less or more now."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        LoginSession.delete().where(LoginSession.worker.in_(some)).execute()
        HalfSignIn.delete().where(HalfSignIn.worker.in_(some)).execute()


def _signing_in(keys: Iterable[str | None]) -> Iterator[str]:
    """Those of the addresses that an account which is not closed has."""
    wanted = sorted({key for key in keys if key})
    for start in range(0, len(wanted), _AT_ONCE):
        some = PortalAccount.email_key.in_(wanted[start : start + _AT_ONCE])
        yield from (key for (key,) in PortalAccount.select(PortalAccount.email_key).where(some, PortalAccount.state != CLOSED).tuples())
