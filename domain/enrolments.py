"""Who is in which service and on which roster, since when and until when (spec 00, words; 06)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from peewee import IntegrityError, fn

from domain import agency, audit, clock, event_people, handover, services, store
from domain.actor import Actor
from domain.rules import N_, STALE, NotFound, RuleBroken
from models import Enrolment, EnrolmentWorker, Group, Individual, Participant, RosterEntry, Service, Worker

FEW = 1000  # people of a service who are gathered first, and then put in order


def of(individual: Individual) -> Any:
    """The question for somebody's enrolments with their service and worker: the open ones first, then the newest."""
    found = Enrolment.select(Enrolment, Service, Worker).join(Service).switch(Enrolment).left_outer_join(Worker)
    mine = found.where(Enrolment.individual == individual)
    return mine.order_by(Enrolment.closed_on.is_null().desc(), Enrolment.opened_on.desc(), Enrolment.id.desc())


def are_in(service: int, people: Any, *, are_few: bool) -> Any:
    """The condition that the individuals in a column have an open enrolment in a service (its number).

    Few of them are gathered first; else each is looked up while the query is walked in its own order.
    """
    here = Enrolment.select(Enrolment.individual).where(Enrolment.service == service, Enrolment.closed_on.is_null())
    return people.in_(here) if are_few else fn.EXISTS(here.where(Enrolment.individual == people))


def are_few(service: int) -> bool:
    """True when so few are enrolled there that they are gathered first."""
    here = Enrolment.select().where(Enrolment.service == service, Enrolment.closed_on.is_null())
    return int(here.limit(FEW + 1).count()) <= FEW


def numbered(service: str) -> int:
    """The number of a service, by its public id; 0 for none."""
    return next((number for (number,) in Service.select(Service.id).where(Service.public_id == service).tuples()), 0)


def open(individual: Individual, service: Service, worker: Worker | None, opened_on: dt.date, by: Actor) -> Enrolment:
    """Begin an enrolment.

    Raises RuleBroken: ``twice``, ``full``, ``gone`` for a service that is not offered, ``future``, ``left`` for the worker.
    """
    _must_be_past(opened_on, "opened_on")
    with store.writing():
        _hold({worker.id} if worker else set())
        _must_be_here({worker.id} if worker else set())
        now = store.lock(Service.select().where(Service.id == service.id)).get()
        if not now.is_in_use:
            raise RuleBroken(N_("This service is not offered any more."), code="gone", field="service")
        if now.capacity is not None and _open_in(now) >= now.capacity:
            raise RuleBroken(N_("This service is full."), code="full", field="service")
        try:
            with store.writing():
                enrolment: Enrolment = Enrolment.create(
                    individual=individual, service=now, worker=worker, opened_on=opened_on, created_at=clock.now()
                )
        except IntegrityError:
            raise RuleBroken(N_("This person is in the service already."), code="twice", field="service") from None
        audit.record("enrolment.opened", by, individual=individual, subject=_named(enrolment), service=now.id,
                     worker=worker.id if worker else None, opened_on=opened_on.isoformat())  # fmt: skip
    return enrolment


def _open_in(service: Service) -> int:
    return int(Enrolment.select().where(Enrolment.service == service, Enrolment.closed_on.is_null()).count())


def _must_be_past(day: dt.date, field: str) -> None:
    if day > agency.today():
        raise RuleBroken(N_("Enter a day that is not in the future."), code="future", field=field)


def close(enrolment: Enrolment, closed_on: dt.date, by: Actor, *, version: int) -> None:
    """End an enrolment.  Raises RuleBroken: ``stale``, ``before`` for a day before it began, ``future``."""
    _must_be_past(closed_on, "closed_on")
    with store.writing():
        workers = workers_in(enrolment)
        _hold(workers)
        now = _held(enrolment, version)
        if closed_on < now.opened_on:
            raise RuleBroken(N_("It began after that day."), code="before", field="closed_on")
        Enrolment.update(closed_on=closed_on, version=version + 1).where(Enrolment.id == now.id).execute()
        audit.record("enrolment.closed", by, individual=now.individual, subject=_named(now), closed_on=closed_on.isoformat())
        _let_go(workers, by)


def reopen(enrolment: Enrolment, by: Actor, *, version: int) -> None:
    """Take the end of an enrolment back, without the workers who left meanwhile.

    Raises RuleBroken: ``stale``, ``twice``, ``full``, ``gone`` for a service that is not offered any more.
    """
    with store.writing():
        _hold(workers_in(enrolment))
        service = store.lock(Service.select().where(Service.id == enrolment.service_id)).get()
        now = _held(enrolment, version)
        if now.closed_on is None:
            return
        if not service.is_in_use:
            raise RuleBroken(N_("This service is not offered any more."), code="gone", field="service")
        if service.capacity is not None and _open_in(service) >= service.capacity:
            raise RuleBroken(N_("This service is full."), code="full", field="service")
        try:
            with store.writing():
                Enrolment.update(closed_on=None, version=version + 1).where(Enrolment.id == now.id).execute()
        except IntegrityError:
            raise RuleBroken(N_("This person is in the service already."), code="twice", field="service") from None
        audit.record("enrolment.reopened", by, individual=now.individual, subject=_named(now))
        without_who_left(now, by)


def without_who_left(enrolment: Enrolment, by: Actor) -> None:
    """A worker who left while it was closed does not come back with it; inside the transaction that opens it again."""
    others = _numbers(EnrolmentWorker.worker, EnrolmentWorker.enrolment == enrolment)
    here = _numbers(Worker.id, Worker.is_active, Worker.id.in_(workers_in(enrolment)))
    before = {"worker": enrolment.worker_id, "others": sorted(others)}
    after = {"worker": enrolment.worker_id if enrolment.worker_id in here else None, "others": sorted(others & here)}
    if before != after:
        Enrolment.update(worker=after["worker"]).where(Enrolment.id == enrolment.id).execute()
        EnrolmentWorker.delete().where(EnrolmentWorker.enrolment == enrolment, EnrolmentWorker.worker.in_(others - here)).execute()
        audit.record("enrolment.assigned", by, individual=enrolment.individual, subject=_named(enrolment), before=before, after=after)


def assign(enrolment: Enrolment, worker: Worker | None, others: Sequence[Worker], by: Actor, *, version: int) -> None:
    """The primary worker and the further ones.  Raises RuleBroken: ``stale``, ``left``."""
    with store.writing():
        wanted = {each.id for each in others} - ({worker.id} if worker else set())
        named, were = wanted | ({worker.id} if worker else set()), workers_in(enrolment)
        _hold(named | were)
        now = _held(enrolment, version)
        _must_be_here(named - were)
        before = {"worker": now.worker_id, "others": sorted(_numbers(EnrolmentWorker.worker, EnrolmentWorker.enrolment == now))}
        after = {"worker": worker.id if worker else None, "others": sorted(wanted)}
        if before == after:
            return
        Enrolment.update(worker=worker, version=version + 1).where(Enrolment.id == now.id).execute()
        EnrolmentWorker.delete().where(EnrolmentWorker.enrolment == now).execute()
        store.insert(EnrolmentWorker, [{"enrolment": now.id, "worker": number} for number in sorted(wanted)])
        audit.record("enrolment.assigned", by, individual=now.individual, subject=_named(now), before=before, after=after)
        _let_go(were - named, by)


def workers_in(enrolment: Enrolment) -> set[int]:
    """The numbers of the primary worker and of the further ones."""
    further = _numbers(EnrolmentWorker.worker, EnrolmentWorker.enrolment == enrolment)
    primary = Enrolment.get_by_id(enrolment.id).worker_id
    return further | ({primary} if primary else set())


def further_workers(enrolment: Enrolment) -> list[Worker]:
    """The workers of an enrolment beside the primary one, by name."""
    found = Worker.select().join(EnrolmentWorker).where(EnrolmentWorker.enrolment == enrolment)
    return list(found.order_by(Worker.sort_name, Worker.id))


def _hold(workers: set[int]) -> None:
    """Before the enrolment, as whoever ends somebody's access does."""
    for number in sorted(workers):
        store.hold(Worker(id=number))


def _must_be_here(workers: set[int]) -> None:
    if workers - _numbers(Worker.id, Worker.is_active, Worker.id.in_(workers)):
        raise RuleBroken(N_("This worker has left."), code="left", field="worker")


def _let_go(workers: set[int], by: Actor) -> None:
    """Whom these do not see any more, they have no tasks about."""
    handover.let_go(Worker.select().where(Worker.id.in_(workers)) if workers else (), by)


def take_part(enrolment: Enrolment, people: Sequence[Individual], by: Actor, *, version: int) -> None:
    """Who else takes part in an enrolment, these and nobody else.  Raises RuleBroken ``stale``."""
    with store.writing():
        now = _held(enrolment, version)
        wanted = {person.id for person in people} - {now.individual_id}
        before = _numbers(Participant.individual, Participant.enrolment == now)
        if before == wanted:
            return
        Enrolment.update(version=version + 1).where(Enrolment.id == now.id).execute()
        Participant.delete().where(Participant.enrolment == now, Participant.individual.in_(before - wanted)).execute()
        store.insert(Participant, [{"enrolment": now.id, "individual": number} for number in sorted(wanted - before)])
        audit.record("enrolment.participants", by, individual=now.individual, subject=_named(now), before=sorted(before),
                     after=sorted(wanted))  # fmt: skip
        for kind, numbers in (("participant.added", wanted - before), ("participant.removed", before - wanted)):
            audit.record_many(kind, by, [(Individual(id=number), _named(now), {}) for number in sorted(numbers)])


def participants_of(enrolment: Enrolment) -> list[Individual]:
    """Who else takes part in an enrolment, by name."""
    found = Individual.select().join(Participant).where(Participant.enrolment == enrolment)
    return list(found.order_by(Individual.sort_name, Individual.id))


def _numbers(column: Any, *conditions: Any) -> set[int]:
    return {number for (number,) in column.model.select(column).where(*conditions).tuples()}


def _held(enrolment: Enrolment, version: int) -> Enrolment:
    now: Enrolment = store.lock(Enrolment.select().where(Enrolment.id == enrolment.id)).get()
    if now.version != version:
        raise RuleBroken(STALE, code="stale")
    return now


# ---------------------------------------------------------------- rosters


def roster_of(group: Group) -> list[RosterEntry]:
    """Who is in a group now, by name."""
    found = RosterEntry.select(RosterEntry, Individual).join(Individual).where(RosterEntry.group == group, RosterEntry.left_on.is_null())
    return list(found.order_by(Individual.sort_name, Individual.id))


def join(group: Group, individual: Individual, joined_on: dt.date, by: Actor, *, comes_ahead: bool = False) -> RosterEntry:
    """A place in a group: of those who want the last one, one gets it; with ``comes_ahead`` also in its events that are ahead.

    Raises RuleBroken: ``full``, ``twice``, ``gone``.
    """
    with store.writing():
        ahead = event_people.locked_ahead(group) if comes_ahead else []  # events are locked before the audit, as everybody does
        now = store.lock(Group.select().where(Group.id == group.id)).get()
        if not now.is_in_use or not now.service.is_in_use:
            raise RuleBroken(N_("This group is not offered any more."), code="gone", field="group")
        if now.capacity is not None and services.places_taken(now) >= now.capacity:
            raise RuleBroken(N_("This group is full."), code="full", field="group")
        try:
            with store.writing():
                entry: RosterEntry = RosterEntry.create(group=now, individual=individual, joined_on=joined_on)
        except IntegrityError:
            raise RuleBroken(N_("This person is in the group already."), code="twice", field="individual") from None
        audit.record("roster.joined", by, individual=individual, subject=f"group {now.id}", joined_on=joined_on.isoformat())
        event_people.come_along(ahead, individual, by)
    return entry


def leave(entry: RosterEntry, left_on: dt.date, by: Actor, *, stays_away: bool = False) -> None:
    """Somebody leaves a group, with ``stays_away`` also its events that are ahead; twice is harmless.  Raises RuleBroken ``before``."""
    if left_on < entry.joined_on:
        raise RuleBroken(N_("They joined after that day."), code="before", field="left_on")
    with store.writing():
        ahead = event_people.locked_ahead(entry.group) if stays_away else []
        gone = RosterEntry.update(left_on=left_on).where(RosterEntry.id == entry.id, RosterEntry.left_on.is_null())
        if gone.execute():
            audit.record("roster.left", by, individual=entry.individual, subject=f"group {entry.group_id}", left_on=left_on.isoformat())
            event_people.stay_away(ahead, entry.individual, by)


def find(public_id: str) -> Enrolment:
    """One enrolment.  Raises NotFound."""
    enrolment: Enrolment | None = Enrolment.get_or_none(Enrolment.public_id == public_id)
    if enrolment is None:
        raise NotFound
    return enrolment


def _named(enrolment: Enrolment) -> str:
    return f"enrolment {enrolment.id}"
