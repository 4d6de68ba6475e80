"""A worker leaves: access ends in one commit, and what they had goes to somebody (spec 08, promise P28)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peewee import chunked, fn

from domain import (
    audit,
    caseloads,
    clock,
    event_messages,
    event_reminders,
    events,
    handed_discussions,
    handover,
    store,
    viewer,
    workers,
)
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import (
    Attendance,
    CategoryMember,
    Discussion,
    Enrolment,
    EnrolmentWorker,
    Event,
    EventRequest,
    Follow,
    Individual,
    ServiceWorker,
    Task,
    Worker,
)

_AT_ONCE = 500


def counts(worker: Worker) -> tuple[int, int]:
    """How many open tasks somebody has, and how many people they follow."""
    return _open_tasks(worker).count(), Follow.select().where(Follow.worker == worker).count()


def what_they_have(worker: Worker) -> tuple[int, int, int, int, int]:
    """How many open tasks, people that they follow, open enrolments, appointments ahead and open discussions somebody has, in one
    question."""
    theirs = (
        _open_tasks(worker).select(fn.COUNT(Task.id)), Follow.select(fn.COUNT(Follow.id)).where(Follow.worker == worker),
        _open_files(worker).select(fn.COUNT(Enrolment.id)), events.ahead_of(worker, Event.select(fn.COUNT(Event.id))).order_by(),
        handed_discussions.open_ones(worker).select(fn.COUNT(Discussion.id)),
    )  # fmt: skip
    found: tuple[int, int, int, int, int] = Worker.select(*theirs).where(Worker.id == worker.id).tuples().get()
    return found


def refusal(worker: Worker, by: Actor, rights: frozenset[str]) -> RuleBroken | None:
    """Why somebody cannot leave by this actor's hand; None when they can.  The page says the same."""
    if by.worker is not None and by.worker.id == worker.id:
        return RuleBroken(N_("You cannot end your own access. Ask somebody else who may."), code="own")
    if workers.is_above(worker, rights):
        return RuleBroken(workers.TOO_HIGH, code="too_high")
    if workers.state(worker) == workers.LEFT:
        return RuleBroken(N_("This person has left already."), code="wrong_state")
    try:
        workers.must_not_be_last(worker)
    except RuleBroken as last:
        return last
    return None


def leave(worker: Worker, by: Actor, *, to: Worker | None = None, category: str = caseloads.EVERYBODYS) -> tuple[int, int]:
    """End somebody's access: no request that begins after the commit succeeds.  They stay in the history.

    Tasks, enrolments and the people they follow go to ``to``, and so do the appointments that are ahead, where that time is free;
    without one the tasks go back to their categories, and the enrolments have no worker.  Open discussions go to ``to``, else they wait in
    ``category``.  A person whom the actor may not see is
    not handed to anybody.  Answers how many appointments went over, and how many are still theirs.  Raises RuleBroken.
    """
    with store.writing():
        rights = workers.begin(by)
        was = workers.held(worker, rights)
        if refused := refusal(was, by, rights):
            raise refused
        taker = _taker(was, to)
        gone = {"is_active": False, "password_hash": None, "security_class": None, "invited_at": None, "left_at": clock.now()}
        Worker.update(**gone, version=Worker.version + 1).where(Worker.id == was.id).execute()
        workers.end_access(was)
        CategoryMember.delete().where(CategoryMember.worker == was).execute()
        ServiceWorker.delete().where(ServiceWorker.worker == was).execute()
        tasks, people = counts(was)
        seen = None if "view_all_individuals" in rights else _caseload(by.worker)
        given = _hand_events(was, taker, seen)  # events are locked before the audit, as everybody does
        threads = handed_discussions.hold(was)  # and so are these
        _hand_people(was, taker, by, seen)
        _hand_files(was, taker, by, seen)
        _hand_tasks(was, taker, by)
        handed_discussions.hand_over(threads, was, taker, category, seen, by)
        if taker is not None:
            _note_events(given, was, taker, by)
        audit.record("worker.left", by, subject=workers.subject(was), to=taker.public_id if taker else "", tasks=tasks, people=people,
                     events=len(given))  # fmt: skip
        return len(given), int(events.ahead_of(was).count())


def _taker(worker: Worker, to: Worker | None) -> Worker | None:
    if to is None:
        return None
    store.hold(to)
    taker: Worker | None = Worker.get_or_none(Worker.id == to.id, Worker.is_active, Worker.password_hash.is_null(False))
    if taker is None or taker.id == worker.id:
        raise RuleBroken(N_("Choose somebody who works here."), code="bad_taker", field="to")
    return taker


def _open_tasks(worker: Worker) -> Any:
    return Task.select().where(Task.worker == worker, Task.done_at.is_null())


def _hand_people(worker: Worker, taker: Worker | None, by: Actor, seen: set[int] | None) -> None:
    followed = list(Individual.select().join(Follow).where(Follow.worker == worker))
    if taker is not None:
        known = {number for (number,) in Follow.select(Follow.individual).where(Follow.worker == taker).tuples()}
        new = [who for who in followed if who.id not in known and (seen is None or who.id in seen)]
        for some in chunked(new, _AT_ONCE):
            store.insert(Follow, [{"worker": taker.id, "individual": who.id} for who in some])
        _note("follow.started", new, taker, by)
    Follow.delete().where(Follow.worker == worker).execute()
    _note("follow.ended", followed, worker, by)


def _note(kind: str, people: list[Individual], worker: Worker, by: Actor) -> None:
    for some in chunked(people, _AT_ONCE):
        audit.record_many(kind, by, [(who, "", {"worker": worker.public_id}) for who in some])


def _caseload(worker: Worker | None) -> set[int]:
    return {number for (number,) in viewer.caseload_of(worker).tuples()} if worker is not None else set()


def _hand_events(worker: Worker, taker: Worker | None, seen: set[int] | None) -> list[Event]:
    """What is ahead goes to the taker (held) where that time is free, and where no person comes whom the actor may not see; which
    events those are.  What holds another time for an appointment only goes with it.

    Said before anything is written to the audit; ``_note_events`` writes it down.
    """
    given: list[Event] = []
    if taker is None:
        return given
    theirs = events.ahead_of(worker).order_by(Event.id)
    if seen is not None:
        theirs = theirs.where(Event.id.not_in(Attendance.select(Attendance.event).where(Attendance.individual.not_in(seen))))
    ahead = list(store.lock(theirs))
    asked = EventRequest.select(EventRequest.event, EventRequest.replaces).where(EventRequest.replaces.is_null(False))
    held = asked.join(Event, on=(EventRequest.event == Event.id)).where(Event.worker == worker, Event.state == "requested")
    instead_of = dict(held.tuples())
    gone: set[int] = set()
    for event in ahead:
        if event.id in instead_of and instead_of[event.id] not in gone:
            continue
        stored = Event.update(worker=taker, version=Event.version + 1).where(Event.id == event.id)
        try:
            events.placed(taker, event.starts_at, event.ends_at, event, None, stored.execute)
        except RuleBroken:
            continue
        gone.add(event.id)
        given.append(event)
    return given


def _note_events(given: Sequence[Event], worker: Worker, taker: Worker, by: Actor) -> None:
    """In the record of everybody who comes: with whom it is now; and they are told."""
    for event in given:
        events.note("event.handed_over", by, event, before={"worker": worker.name}, after={"worker": taker.name})
        fresh = Event.get_by_id(event.id)
        if fresh.state == "requested":
            event_messages.handed_over(fresh, by)
        for place in events.places(fresh):
            if place.state == "booked":
                event_messages.settle(place, fresh, event)
        event_reminders.settle(fresh)


def _open_files(worker: Worker) -> Any:
    return Enrolment.select().where(Enrolment.worker == worker, Enrolment.closed_on.is_null())


def _hand_files(worker: Worker, taker: Worker | None, by: Actor, seen: set[int] | None) -> None:
    """The open enrolments that they were in: the taker is the primary worker of those where they were; closed ones keep them."""
    further = EnrolmentWorker.select(EnrolmentWorker.enrolment).where(EnrolmentWorker.worker == worker)
    every = Enrolment.select().where(Enrolment.closed_on.is_null(), (Enrolment.worker == worker) | Enrolment.id.in_(further))
    for some in chunked(list(store.lock(every.order_by(Enrolment.id))), _AT_ONCE):
        others, told = _others_in(some), []
        for file in some:
            mine = file.worker_id == worker.id
            gets = taker if mine and (seen is None or file.individual_id in seen) else None
            primary = (gets.id if gets else None) if mine else file.worker_id
            before = {"worker": file.worker_id, "others": sorted(others[file.id])}
            after = {"worker": primary, "others": sorted(others[file.id] - {worker.id, primary})}
            told.append((Individual(id=file.individual_id), f"enrolment {file.id}", {"before": before, "after": after}))
            Enrolment.update(worker=primary, version=file.version + 1).where(Enrolment.id == file.id).execute()
            EnrolmentWorker.delete().where(EnrolmentWorker.enrolment == file, EnrolmentWorker.worker.in_([worker.id, primary])).execute()
        audit.record_many("enrolment.assigned", by, told)


def _others_in(files: list[Enrolment]) -> dict[int, set[int]]:
    """The further workers of each of these enrolments, by their numbers."""
    others: dict[int, set[int]] = {file.id: set() for file in files}
    every = EnrolmentWorker.select(EnrolmentWorker.enrolment, EnrolmentWorker.worker).where(EnrolmentWorker.enrolment.in_(list(others)))
    for file, number in every.tuples():
        others[file].add(number)
    return others


def _hand_tasks(worker: Worker, taker: Worker | None, by: Actor) -> None:
    """To the taker where they may see whom a task is about, else back to its category; each is noted in the record of that
    person."""
    mine = (Task.worker == worker) & Task.done_at.is_null()
    open_ = list(Task.select().where(mine))
    given: set[int] = set()
    if taker is not None:
        theirs = mine if handover.sees_everybody(taker) else mine & Task.individual.in_(viewer.caseload_of(taker))
        given = {number for (number,) in Task.select(Task.id).where(theirs).tuples()}
        Task.update(worker=taker).where(theirs).execute()
    Task.update(worker=None).where(mine).execute()
    for some in chunked(open_, _AT_ONCE):
        audit.record_many("task.handed_over", by, [
            (Individual(id=task.individual_id) if task.individual_id else None, f"task {task.id}",
             {"kind": task.kind, "to": taker.public_id if taker is not None and task.id in given else task.category})
            for task in some
        ])  # fmt: skip
