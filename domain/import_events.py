"""Events on their way in, each with the place of one client: planned row by row, judged all together, written set by set."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from domain import clock, event_messages, services, settings, store, wall_clock
from domain.actor import Actor
from domain.import_care import STATES, CareChecker, moment_of
from domain.import_enrolments import LEFT, NO_CLIENT, hold_workers, let_go, people_of
from domain.import_event_tables import StagedEvent, StagedMessage, write_events
from domain.import_people import ascending_ids
from domain.import_plans import Plan, begin
from domain.import_rows import Row
from domain.import_times import TOLD_AT_ONCE, Standing, Times, Wanted, refusals
from domain.rules import N_, RuleBroken
from models import TAKES_TIME, Attendance, Enrolment, Event, Individual, Site, db

_OF_EVENT = ("worker_id", "starts_at", "ends_at", "site_id", "service_id", "is_video", "state")
_FROM_FIELD = {"worker": ("worker_id", "site_id"), "site": ("site_id",), "service": ("service_id",), "starts_at": ("starts_at",),
               "ends_at": ("ends_at",), "is_video": ("is_video",), "state": ("state", "place_state")}  # fmt: skip


class Events:
    """Plans for events."""

    def __init__(self, checker: CareChecker, by: Actor) -> None:
        self._checker, self._by = checker, by
        self._is_staging = False
        self._now = clock.now()
        self._times = Times()
        self._ids, self._places, self._messages = ascending_ids(), ascending_ids(), ascending_ids()
        self._workers: set[int] = set()  # whose time ahead is taken
        self._losing: set[int] = set()  # who may have less to do with somebody afterwards
        self._names = {
            "worker_id": {worker.id: worker.name for worker in checker.workers.values()},
            "site_id": dict(Site.select(Site.id, Site.name).tuples()),
            "service_id": {service.id: service.name for service in services.every()},
        }

    # ------------------------------------------------------------ planned

    def plan(self, rows: Sequence[Row]) -> list[Plan]:
        """What becomes of these events."""
        plans = begin(Event, self._checker, rows)
        people, places = people_of(rows), _places_of([plan.record.id for plan in plans if plan.record])
        for plan in plans:
            plan.columns = self._planned(plan, people, places)
            if plan.columns:
                self._note_time(plan)
            plan.change = self._change(plan)
        self._find_files(plans)
        return plans

    def _planned(self, plan: Plan, people: dict[str, int], places: dict[int, list[Attendance]]) -> dict[str, Any]:
        """The columns that are to be written; none when the row cannot be."""
        individual = people.get(plan.row.values["individual"])
        if individual is None:
            return self._refuse(plan, "individual", NO_CLIENT)
        full = self._full(plan.row.values) | {"individual_id": individual}
        if plan.is_new:
            return full
        here = places.get(plan.record.id, [])
        if [place.individual_id for place in here] != [individual]:
            return self._refuse(plan, "individual", N_("This id is that of somebody else's appointment."))
        plan.record.place = here[0]
        plan.record.place_state = here[0].state
        given = {name: full[name] for field in plan.said for name in _FROM_FIELD.get(field, ())}
        if "site" in plan.said:  # a time without a zone is another moment there
            given |= {name: full[name] for name in ("starts_at", "ends_at") if "+" not in plan.row.values[name]}
        return {name: value for name, value in given.items() if getattr(plan.record, name) != value}

    def _full(self, values: dict[str, str]) -> dict[str, Any]:
        """All that a row says, with what it leaves out."""
        worker, site, zone = self._checker.worker_of(values), self._checker.site_of(values), self._zone(values)
        service = self._checker.services.get(values.get("service", ""))
        state, place_state = STATES[values.get("state") or "booked"]
        return {
            "worker_id": worker.id if worker else None, "site_id": site.id if site else None, "service_id": service.id if service else None,
            "starts_at": moment_of(values["starts_at"], zone).at, "ends_at": moment_of(values["ends_at"], zone).at,
            "is_video": values.get("is_video") == "yes", "state": state, "place_state": place_state,
        }  # fmt: skip

    def _after(self, plan: Plan) -> dict[str, Any]:
        was = {name: getattr(plan.record, name) for name in (*_OF_EVENT, "place_state")} if plan.record else {}
        return was | plan.columns

    def _note_time(self, plan: Plan) -> None:
        """What takes time anew, what gives it up, and what may not be ahead."""
        after, record = self._after(plan), plan.record
        took = record is not None and record.state in TAKES_TIME
        takes, moves = after["state"] in TAKES_TIME, bool({"worker_id", "starts_at", "ends_at"} & plan.columns.keys())
        if after["ends_at"] <= after["starts_at"]:
            self._refuse(plan, "ends_at", N_("The end must be after the start."))
        if record is not None and {"worker_id", "state", "place_state"} & plan.columns.keys():
            self._losing.add(record.worker_id)
        if took and (moves or not takes):
            self._times.free(record.id)
        if not takes or (took and not moves and "site_id" not in plan.columns and "service_id" not in plan.columns):
            return
        is_over = after["ends_at"] <= self._now
        if moves or not took:
            self._times.want(after["worker_id"], Wanted(after["starts_at"], after["ends_at"], plan.row.number, is_over))
        if not is_over:
            self._workers.add(after["worker_id"])
            self._check_ahead(plan, is_anew=not took)

    def _check_ahead(self, plan: Plan, *, is_anew: bool) -> None:
        """By the rules of the pages: with somebody who is here, at a site and of a service that are in use."""
        values, changed = plan.row.values, plan.columns
        worker, site = self._checker.worker_of(values), self._checker.site_of(values)
        service = self._checker.services.get(values.get("service", ""))
        if worker and not worker.is_active and (is_anew or "worker_id" in changed):
            self._refuse(plan, "worker", LEFT)
        if site and not site.is_in_use:
            self._refuse(plan, "site", N_("Nobody is seen at this site any more. Choose another one."))
        if service and not service.is_in_use and "service_id" in changed:
            self._refuse(plan, "service", N_("This service is not offered any more."))

    def _find_files(self, plans: Sequence[Plan]) -> None:
        """The enrolment to which each place belongs: of its service, and open on its day."""
        wanted = [plan for plan in plans if {"service_id", "starts_at"} & plan.columns.keys()]
        if not wanted:
            return
        people = {plan.row.values["individual"]: None for plan in wanted}
        files: dict[tuple[str, int], list[Enrolment]] = defaultdict(list)
        every = _enrolments_of(list(people))
        for enrolment in every:
            files[(enrolment.individual.external_id, enrolment.service_id)].append(enrolment)
        for plan in wanted:
            after = self._after(plan)
            day = wall_clock.day_of(after["starts_at"], self._zone(plan.row.values))
            mine = files.get((plan.row.values["individual"], after["service_id"] or 0), [])
            fits = (each.id for each in mine if each.opened_on <= day and (each.closed_on is None or day <= each.closed_on))
            plan.columns["enrolment_id"] = next(fits, None)

    def _zone(self, values: dict[str, str]) -> str:
        site = self._checker.site_of(values)
        return str(site.time_zone) if site else "UTC"

    def conclude(self, progress: Callable[[], object]) -> None:
        """Two of one worker at one time: an event that is over is marked, one that is not is a problem."""
        marked: list[int] = []
        clashes: list[tuple[int, Standing]] = []
        for wanted, there in self._times.judged():
            if wanted.is_over:
                marked.append(wanted.number)
                message = N_("It is over, and another appointment of this worker stands beside it. Both are kept; this one is marked.")
                self._checker.warn(wanted.number, "starts_at", "", message)
            else:
                clashes.append((wanted.number, there))
        for start in range(0, len(clashes), TOLD_AT_ONCE):
            for number, broken in refusals(clashes[start : start + TOLD_AT_ONCE], self._by):
                self._checker.note(number, "starts_at", "", broken)
            progress()
        for start in range(0, len(marked) if self._is_staging else 0, 500):
            with store.writing():
                StagedEvent.update(is_overlapping=True).where(StagedEvent.number.in_(marked[start : start + 500])).execute()
            progress()

    # ------------------------------------------------------------ staged, written

    def stage(self, plans: Sequence[Plan]) -> None:
        """Put what is to be written into the temporary tables."""
        if not self._is_staging:
            self.close()
            db.create_tables([StagedEvent, StagedMessage], temporary=True)
            self._is_staging = True
        moved = [plan for plan in plans if plan.columns]
        rows = [self._staged(plan) for plan in moved]
        messages = [each for plan in moved for each in self._staged_messages(plan)]
        with store.writing():
            store.insert(StagedEvent, rows)
            store.insert(StagedMessage, messages)

    def write(self, by: Actor) -> None:
        """Write all that was staged.  Raises RuleBroken when somebody changed one of the records meanwhile."""
        if self._is_staging:
            hold_workers(self._workers | self._losing, self._workers)
            write_events()
            let_go(self._losing, by)

    def close(self) -> None:
        """Drop the temporary tables."""
        db.drop_tables([StagedMessage, StagedEvent], safe=True)
        self._is_staging = False

    def _staged(self, plan: Plan) -> dict[str, Any]:
        record, after = plan.record, self._after(plan)
        place = record.place if record else None
        was_at = record.starts_at if record and "starts_at" in plan.columns else None
        moments = {name: Event.starts_at.db_value(at) for name, at in
                   (("starts_at", after["starts_at"]), ("ends_at", after["ends_at"]), ("was_at", was_at))}  # fmt: skip
        return {
            "number": plan.row.number, "event": record.id if record else None, "version": record.version if record else 0,
            "place": place.id if place else None, "place_version": place.version if place else 0,
            "public_id": next(self._ids), "place_public_id": next(self._places), "external_id": plan.row.external_id,
            "is_event_changed": bool(plan.columns.keys() & {*_OF_EVENT}), "is_place_changed": "place_state" in plan.columns,
            "is_judged": bool(plan.columns.keys() & {"worker_id", "starts_at", "ends_at", "state"}), "is_overlapping": False,
            "is_settled": self._is_settled(plan), "is_elsewhere": bool(record and "site_id" in plan.columns and not after["is_video"]),
            "individual_id": place.individual_id if place else after["individual_id"],
            "enrolment_id": plan.columns.get("enrolment_id", place.enrolment_id if place else None),
            "place_state": after["place_state"], **{name: after[name] for name in _OF_EVENT}, **moments,
        }  # fmt: skip

    def _is_settled(self, plan: Plan) -> bool:
        """True when something may wait, or is to be told, of an event that was there: what is over and stays so is not looked at."""
        after, record = self._after(plan), plan.record
        is_ahead = record is not None and max(record.starts_at, after["starts_at"]) > self._now
        return record is not None and (is_ahead or ("starts_at" in plan.columns and bool(settings.get("event_moved_past"))))

    def _staged_messages(self, plan: Plan) -> list[dict[str, Any]]:
        after = self._after(plan)
        is_booked = (after["state"], after["place_state"]) == ("booked", "booked")
        at = event_messages.asked_ahead(after["starts_at"]) if plan.is_new and is_booked else None
        stored = Event.starts_at.db_value
        return [{"number": plan.row.number, "public_id": next(self._messages), "next_at": stored(at)}] if at else []

    # ------------------------------------------------------------ told

    def _change(self, plan: Plan) -> str:
        """What the audit keeps of a row."""
        if not plan.columns:
            return ""
        before = {name: getattr(plan.record, name) for name in plan.columns} if plan.record else {}
        return json.dumps({"before": self._told(before), "after": self._told(plan.columns)}, ensure_ascii=False)

    def _told(self, values: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, value in values.items():
            if name in self._names:
                told[name.removesuffix("_id")] = self._names[name].get(value, "")
            elif name.endswith("_at"):
                told[name] = value.isoformat(timespec="minutes")
            elif name not in ("individual_id", "enrolment_id"):
                told[name] = value
        return told

    def _refuse(self, plan: Plan, field: str, message: str) -> dict[str, Any]:
        self._checker.note(plan.row.number, field, plan.row.values.get(field, ""), RuleBroken(message))
        return {}


def _places_of(numbers: list[int]) -> dict[int, list[Attendance]]:
    found: dict[int, list[Attendance]] = defaultdict(list)
    if numbers:
        for place in Attendance.select().where(Attendance.event.in_(numbers)):
            found[place.event_id].append(place)
    return found


def _enrolments_of(external_ids: list[str]) -> list[Enrolment]:
    """The enrolments of these clients, the newest first."""
    found = Enrolment.select(Enrolment, Individual.external_id).join(Individual).where(Individual.external_id.in_(external_ids))
    return list(found.order_by(Enrolment.opened_on.desc(), Enrolment.id.desc()))
