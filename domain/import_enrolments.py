"""Enrolments on their way in: planned row by row, judged all together, written set by set.

Nobody is twice in a service at one time, and no more are in it than it has places for: as if each were typed on its page.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from peewee import CharField, DateField, IntegerField, Value, fn

from domain import clock, enrolments, handover, services, store
from domain.actor import Actor
from domain.import_care import CareChecker
from domain.import_people import ascending_ids
from domain.import_plans import Plan, begin, change_of, must_be
from domain.import_rows import Row
from domain.rules import N_, RuleBroken
from models import Enrolment, EnrolmentWorker, Individual, SecurityClass, Service, Worker, db
from models import Row as Table

AT_ONCE = 500
NO_CLIENT = N_("There is no client with this id. Import the clients first.")
LEFT = N_("This worker has left.")
_COLUMNS = ("individual_id", "service_id", "worker_id", "opened_on", "closed_on")


class StagedEnrolment(Table):  # type: ignore[misc]
    """Temporary: one row of the file, with all that the enrolment will have when it is new or changed."""

    number = IntegerField(primary_key=True)
    enrolment = IntegerField(null=True)  # empty for a new one
    version = IntegerField()  # of the record when it was read
    public_id = CharField(max_length=22)
    external_id = CharField(max_length=100)
    individual_id = IntegerField()
    service_id = IntegerField()
    worker_id = IntegerField(null=True)
    opened_on = DateField()
    closed_on = DateField(null=True)


class Enrolments:
    """Plans for enrolments."""

    def __init__(self, checker: CareChecker) -> None:
        self._checker = checker
        self._is_staging = False
        self._ids = ascending_ids()
        self._opened: dict[tuple[int, int], tuple[int, int]] = {}  # (individual, service): row, and its enrolment or 0
        self._closed: dict[int, int] = {}  # enrolment: its service
        self._needed: set[int] = set()  # workers who must be here
        self._losing: set[int] = set()  # workers who have less to do with somebody afterwards
        self._names = {worker.id: worker.name for worker in checker.workers.values()}
        self._services = {service.id: service for service in services.every()}

    def plan(self, rows: Sequence[Row]) -> list[Plan]:
        """What becomes of these enrolments."""
        plans = begin(Enrolment, self._checker, rows)
        people = people_of(rows)
        for plan in plans:
            if self._plan_columns(plan, people):
                self._note_opening(plan)
            plan.change = change_of(plan, self._told)
        return plans

    def _plan_columns(self, plan: Plan, people: dict[str, int]) -> bool:
        """What is to be written; False when the row cannot be."""
        said, worker = plan.row.values, self._checker.worker_of(plan.row.values)
        service = self._checker.services.get(said["service"])
        full = {
            "individual_id": people.get(said["individual"]), "service_id": service.id if service else None,
            "worker_id": worker.id if worker else None, "opened_on": _day(said["opened_on"]), "closed_on": _day(said.get("closed_on", "")),
        }  # fmt: skip
        if full["individual_id"] is None:
            return self._refuse(plan, "individual", NO_CLIENT)
        if plan.is_new:
            plan.columns = full
        else:
            named = {name.removesuffix("_id"): name for name in _COLUMNS}
            given = {named[field]: full[named[field]] for field in plan.said if field in named}
            plan.columns = {name: value for name, value in given.items() if getattr(plan.record, name) != value}
        for field in ("individual", "service"):
            if plan.record and f"{field}_id" in plan.columns:
                return self._refuse(plan, field, N_("This id is that of another enrolment: client and service of one stay what they are."))
        after = self._after(plan)
        if after["closed_on"] and after["closed_on"] < after["opened_on"]:
            return self._refuse(plan, "closed_on", N_("It began after that day."))
        return True

    def _note_opening(self, plan: Plan) -> None:
        """What is open then needs a worker who is here, a service that is offered, and a place in it."""
        after, record = self._after(plan), plan.record
        is_open, was_open = after["closed_on"] is None, record is not None and record.closed_on is None
        if record and record.worker_id and ("worker_id" in plan.columns or (was_open and not is_open)):
            self._losing.add(record.worker_id)
        if was_open and not is_open:
            self._closed[record.id] = record.service_id
        if not is_open:
            return
        self._note_worker(plan, after["worker_id"], is_opened=not was_open)
        if was_open:
            return
        if not self._services[after["service_id"]].is_in_use:
            self._refuse(plan, "service", N_("This service is not offered any more."))
        key = (after["individual_id"], after["service_id"])
        first, _ = self._opened.setdefault(key, (plan.row.number, record.id if record else 0))
        if first != plan.row.number:
            message = N_("Row %(first)s opens the same service for this client. Close one of the two.")
            self._checker.note(plan.row.number, "service", plan.row.values["service"], RuleBroken(message, first=first))

    def _note_worker(self, plan: Plan, number: int | None, *, is_opened: bool) -> None:
        """Whom the file names must be here; whom staff named, and who left, does not come back with what is opened again."""
        named = self._checker.worker_of(plan.row.values)
        is_named = named is not None and named.id == number
        if number is None or not (is_opened or "worker_id" in plan.columns):
            return
        worker = self._checker.staff.get(number)
        if worker is None or worker.is_active:
            self._needed.add(number)
        elif is_named:
            self._refuse(plan, "worker", LEFT)

    def conclude(self, progress: Callable[[], object]) -> None:
        """Nobody is in a service twice, and none is fuller than it may be."""
        people = sorted({individual for individual, _ in self._opened})
        for start in range(0, len(people), AT_ONCE):
            there = Enrolment.select(Enrolment.id, Enrolment.individual, Enrolment.service).where(
                Enrolment.closed_on.is_null(), Enrolment.individual.in_(people[start : start + AT_ONCE])
            )
            for number, individual, service in there.tuples():
                row, own = self._opened.get((individual, service), (0, 0))
                if row and own != number and number not in self._closed:
                    self._checker.note(row, "service", "", RuleBroken(N_("This person is in the service already.")))
            progress()
        self._check_places()

    def _check_places(self) -> None:
        more, less = Counter(service for _, service in self._opened), Counter(self._closed.values())
        for number, opened in more.items():
            capacity = self._services[number].capacity
            if capacity is None or opened <= less[number]:
                continue
            free = capacity - _open_in(number) + less[number]
            rows = sorted(row for (_, service), (row, _) in self._opened.items() if service == number)
            for row in rows[max(0, free) :]:
                self._checker.note(row, "service", self._services[number].name, RuleBroken(N_("This service is full.")))

    # ------------------------------------------------------------ staged, written

    def stage(self, plans: Sequence[Plan]) -> None:
        """Put what is to be written into the temporary table."""
        if not self._is_staging:
            self.close()
            db.create_tables([StagedEnrolment], temporary=True)
            self._is_staging = True
        rows = [self._staged(plan, next(self._ids)) for plan in plans if plan.columns]
        with store.writing():
            store.insert(StagedEnrolment, rows)

    def write(self, by: Actor) -> None:
        """Write all that was staged.  Raises RuleBroken when somebody changed one of the records meanwhile."""
        if not self._is_staging:
            return
        self._losing |= _further_of_closed()
        reopened = sorted(number for _, number in self._opened.values() if number)
        hold_workers(self._needed | self._losing | _workers_in(reopened), self._needed)
        _hold_services(sorted({service for _, service in self._opened}))
        _write_changed()
        _write_new()
        for number in {service for _, service in self._opened}:
            capacity = Service.get_by_id(number).capacity
            must_be(1, capacity is None or _open_in(number) <= capacity or not self._grows(number))
        let_go(self._losing, by)
        _let_who_left_go(reopened, by)

    def _grows(self, service: int) -> bool:
        return sum(each == service for _, each in self._opened) > sum(each == service for each in self._closed.values())

    def close(self) -> None:
        """Drop the temporary table."""
        db.drop_tables([StagedEnrolment], safe=True)
        self._is_staging = False

    def _after(self, plan: Plan) -> dict[str, Any]:
        was = {name: getattr(plan.record, name) for name in _COLUMNS} if plan.record else {}
        return was | plan.columns

    def _staged(self, plan: Plan, public_id: str) -> dict[str, Any]:
        record = plan.record
        return {
            "number": plan.row.number, "enrolment": record.id if record else None, "version": record.version if record else 0,
            "public_id": public_id, "external_id": plan.row.external_id, **self._after(plan),
        }  # fmt: skip

    def _told(self, values: dict[str, Any]) -> dict[str, Any]:
        told = {name: value for name, value in values.items() if name.endswith("_on")}
        if "worker_id" in values:
            told["worker"] = self._names.get(values["worker_id"], "")
        if "service_id" in values:
            told["service"] = self._services[values["service_id"]].name if values["service_id"] in self._services else ""
        return told

    def _refuse(self, plan: Plan, field: str, message: str) -> bool:
        self._checker.note(plan.row.number, field, plan.row.values.get(field, ""), RuleBroken(message))
        return False


def people_of(rows: Sequence[Row]) -> dict[str, int]:
    """The numbers of the clients whom these rows name, by the id that a file gave them."""
    named = sorted({row.values["individual"] for row in rows})
    return dict(Individual.select(Individual.external_id, Individual.id).where(Individual.external_id.in_(named)).tuples())


def hold_workers(every: set[int], needed: set[int]) -> None:
    """Workers stay as they are until all is written; of ``needed`` all must be here.  Raises RuleBroken."""
    for some in _lots(sorted(every)):
        here = store.lock(Worker.select(Worker.id, Worker.is_active).where(Worker.id.in_(some)).order_by(Worker.id)).tuples()
        must_be(0, len({number for number, is_active in here if not is_active} & needed))


def let_go(workers: set[int], by: Actor) -> None:
    """Whom these do not see any more, they have no tasks about."""
    for some in _lots(sorted(workers)):
        every = Worker.select(Worker, SecurityClass).left_outer_join(SecurityClass)
        handover.let_go(list(every.where(Worker.id.in_(some))), by)


def _lots(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), AT_ONCE):
        yield numbers[start : start + AT_ONCE]


def _hold_services(numbers: list[int]) -> None:
    """Of those who want the last place one gets it."""
    for some in _lots(numbers):
        list(store.lock(Service.select(Service.id).where(Service.id.in_(some)).order_by(Service.id)).tuples())


def _open_in(service: int) -> int:
    return int(Enrolment.select().where(Enrolment.service == service, Enrolment.closed_on.is_null()).count())


def _further_of_closed() -> set[int]:
    closed = StagedEnrolment.select(StagedEnrolment.enrolment).where(StagedEnrolment.closed_on.is_null(False))
    found = EnrolmentWorker.select(EnrolmentWorker.worker).where(EnrolmentWorker.enrolment.in_(closed))
    return {number for (number,) in found.distinct().tuples()}


def _workers_in(numbers: list[int]) -> set[int]:
    """The primary and the further workers of these enrolments."""
    found: set[int] = set()
    for some in _lots(numbers):
        further = EnrolmentWorker.select(EnrolmentWorker.worker).where(EnrolmentWorker.enrolment.in_(some))
        primary = Enrolment.select(Enrolment.worker).where(Enrolment.id.in_(some), Enrolment.worker.is_null(False))
        found |= {number for (number,) in (further | primary).tuples()}
    return found


def _let_who_left_go(numbers: list[int], by: Actor) -> None:
    """Of these enrolments, which are open again."""
    gone = Worker.select(Worker.id).where(~Worker.is_active)
    further = EnrolmentWorker.select(EnrolmentWorker.enrolment).where(EnrolmentWorker.worker.in_(gone))
    for some in _lots(numbers):
        theirs = Enrolment.worker.in_(gone) | Enrolment.id.in_(further)
        for enrolment in list(Enrolment.select().where(Enrolment.id.in_(some), theirs).order_by(Enrolment.id)):
            enrolments.without_who_left(enrolment, by)


def _write_changed() -> None:
    """Those that end come first: somebody may leave a service by one row and come back by another."""
    staged = StagedEnrolment
    known = staged.select(staged.enrolment).where(staged.enrolment.is_null(False))
    list(store.lock(Enrolment.select(Enrolment.id).where(Enrolment.id.in_(known)).order_by(Enrolment.id)).tuples())
    after = {getattr(Enrolment, name): getattr(staged, name) for name in ("worker_id", "opened_on", "closed_on")}
    is_it = (staged.enrolment == Enrolment.id) & (staged.version == Enrolment.version)
    done = 0
    for is_open in (False, True):
        update = Enrolment.update({**after, Enrolment.version: Enrolment.version + 1}).from_(staged)
        done += update.where(is_it, staged.closed_on.is_null(is_open)).execute()
    must_be(known.count(), done)
    further = staged.select(Value(1)).where(staged.enrolment == EnrolmentWorker.enrolment, staged.worker_id == EnrolmentWorker.worker)
    EnrolmentWorker.delete().where(fn.EXISTS(further)).execute()


def _write_new() -> None:
    staged, names = StagedEnrolment, ("public_id", "external_id", *_COLUMNS)
    made = (Value(clock.now(), converter=Enrolment.created_at.db_value), Value(1))
    fresh = staged.select(*[getattr(staged, name) for name in names], *made).where(staged.enrolment.is_null())
    fields = [name.removesuffix("_id") if name in _COLUMNS else name for name in names]
    Enrolment.insert_from(fresh.order_by(staged.number), [*fields, "created_at", "version"]).execute()


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
