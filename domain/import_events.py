"""Events on their way in, each with the place of one client: planned row by row, judged all together, written set by set."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from domain import clock, event_messages, event_reminders, services, settings, store, wall_clock
from domain.actor import Actor
from domain.event_rows import LONGEST
from domain.import_care import STATES, CareChecker, moment_of
from domain.import_enrolments import LEFT, NO_CLIENT, hold_workers, let_go, people_of
from domain.import_event_tables import StagedEvent, StagedMessage, note_again, write_events
from domain.import_people import ascending_ids
from domain.import_plans import Plan, begin
from domain.import_rows import Row
from domain.import_times import TOLD_AT_ONCE, Standing, Times, Wanted, refusals
from domain.rules import N_, RuleBroken
from models import TAKES_TIME, Attendance, Enrolment, Event, Individual, Service, Site, Worker, db

_OF_EVENT = ("worker_id", "starts_at", "ends_at", "site_id", "service_id", "is_video", "state")
_TIMES = ("starts_at", "ends_at")
_FROM_FIELD = {"worker": ("worker_id",), "site": ("site_id",), "service": ("service_id",), "is_video": ("is_video",),
               "state": ("state", "place_state")}  # fmt: skip
_TOLD = {"worker_id", "site_id", "starts_at", "is_video", "state", "place_state"}  # what is said to those who come
_COMES = ("booked", "show", "no_show")


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
        self._named: dict[str, dict[int, Any]] = {
            "worker_id": checker.staff, "site_id": {site.id: site for site in Site.select()},
            "service_id": {service.id: service for service in services.every()},
        }  # fmt: skip

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
        if plan.is_new:
            return self._full(plan) | {"individual_id": individual}
        here = places.get(plan.record.id, [])
        mine = next((place for place in here if place.individual_id == individual), None)
        if mine is None or ("individual" in plan.said and plan.before.get("individual")):
            return self._refuse(plan, "individual", N_("This id is that of somebody else's appointment."))
        plan.record.place, plan.record.place_state = mine, mine.state
        plan.record.others = [place for place in here if place is not mine]
        given = self._given(plan)
        columns = {name: value for name, value in given.items() if getattr(plan.record, name) != value}
        self._note_future(plan, columns)
        return columns

    def _full(self, plan: Plan) -> dict[str, Any]:
        """All that the row of a new event says, with what it leaves out."""
        return self._ids_of(plan.row.values) | self._moments(plan, self._checker.zone_of(plan.row.values), _TIMES)

    def _ids_of(self, values: dict[str, str]) -> dict[str, Any]:
        worker, site = self._checker.worker_of(values), self._checker.site_of(values)
        service = self._checker.services.get(values.get("service", ""))
        state, place_state = STATES[values.get("state") or "booked"]
        return {
            "worker_id": worker.id if worker else None, "site_id": site.id if site else None, "service_id": service.id if service else None,
            "is_video": values.get("is_video") == "yes", "state": state, "place_state": place_state,
        }  # fmt: skip

    def _given(self, plan: Plan) -> dict[str, Any]:
        """What the file says anew of an event that is there.  Start and end belong together, and are those of the clock where it is."""
        values, said, full = plan.row.values, plan.said, self._ids_of(plan.row.values)
        given = {name: full[name] for field in said for name in _FROM_FIELD.get(field, ())}
        if "worker" in said and not values.get("site"):
            given["site_id"] = full["site_id"]
        zone = self._zone(given.get("site_id", plan.record.site_id))
        if said.keys() & {*_TIMES}:
            given |= self._moments(plan, zone, _TIMES)
        elif "site_id" in given and not zone == self._zone(plan.record.site_id) == self._checker.zone_of(plan.before):
            given |= self._moments(plan, zone, [name for name in _TIMES if "+" not in values[name]])  # another moment there
        return self._with_states(plan, given) if "state" in said else given

    def _moments(self, plan: Plan, zone: str, names: Sequence[str]) -> dict[str, Any]:
        found = {}
        for name in names:
            text = plan.row.values[name]
            try:
                moment = moment_of(text, zone)
            except RuleBroken as broken:
                self._checker.note(plan.row.number, name, text, broken)
                continue
            if moment.is_doubled:
                message = N_("The clock shows this time twice that day: the first one is meant.")
                self._checker.warn(plan.row.number, name, text, message)
            found[name] = moment.at
        return found

    def _with_states(self, plan: Plan, given: dict[str, Any]) -> dict[str, Any]:
        """By the rules of the pages: what somebody came to is not cancelled, and one of several who cancels leaves it to the others."""
        record, others = plan.record, plan.record.others
        mine, rest = record.place.state, {name: value for name, value in given.items() if name not in ("state", "place_state")}
        is_off = record.state in ("cancelled_by_agency", "cancelled_by_client")
        if given["state"] == "booked":
            return given
        if not is_off and (mine == "show" or (given["state"] == "cancelled_by_agency" and any(each.state == "show" for each in others))):
            return self._refuse(plan, "state", N_("Somebody came to this appointment, so it was not cancelled. Correct who came first."))
        if given["state"] == "cancelled_by_agency":
            return rest if is_off else rest | {"state": given["state"]}
        if any(each.state in _COMES for each in others):
            return rest | {"place_state": given["place_state"]}
        return given

    def _note_future(self, plan: Plan, columns: dict[str, Any]) -> None:
        """What somebody came to is over; who missed it can still come when it is ahead again."""
        record = plan.record
        if columns.get("starts_at", self._now) <= self._now or columns.get("state", record.state) not in TAKES_TIME:
            return
        if "show" in (columns.get("place_state", record.place_state), *(each.state for each in record.others)):
            message = N_("Somebody came to this appointment: it can be corrected to a time that is over, but not be moved into the future.")
            self._refuse(plan, "starts_at", message)
        if record.place_state == "no_show" and "state" not in plan.said:
            columns["place_state"] = "booked"

    def _after(self, plan: Plan) -> dict[str, Any]:
        was = {name: getattr(plan.record, name) for name in (*_OF_EVENT, "place_state")} if plan.record else {}
        return was | plan.columns

    def _note_time(self, plan: Plan) -> None:
        """What takes time anew, what gives it up, and what may not be ahead."""
        after, record = self._after(plan), plan.record
        took = record is not None and record.state in TAKES_TIME
        takes, moves = after["state"] in TAKES_TIME, bool({"worker_id", *_TIMES} & plan.columns.keys())
        if after["ends_at"] <= after["starts_at"]:
            self._refuse(plan, "ends_at", N_("The end must be after the start."))
        elif after["ends_at"] - after["starts_at"] > LONGEST and after["ends_at"] > self._now:
            self._refuse(plan, "ends_at", N_("An appointment lasts at least a minute and at most a day."))
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
            self._check_ahead(plan, after)

    def _check_ahead(self, plan: Plan, after: dict[str, Any]) -> None:
        """By the rules of the pages: with somebody who is here, at a site and of a service that are in use."""
        worker, site, service = (self._there(name, after[name]) for name in ("worker_id", "site_id", "service_id"))
        is_offered = service is None or service.is_in_use or "service_id" not in plan.columns
        wrong = (
            ("worker", worker, worker.is_active, LEFT),
            ("site", site, site.is_in_use, N_("Nobody is seen at this site any more. Choose another one.")),
            ("service", service, is_offered, N_("This service is not offered any more.")),
        )
        said = self._ids_of(plan.row.values)
        for field, there, is_good, message in wrong:
            if not is_good:  # staff may have given it to somebody, or somewhere, whom the row does not name
                value = plan.row.values.get(field, "") if said[f"{field}_id"] == there.id else there.name
                self._checker.note(plan.row.number, field, value, RuleBroken(message))

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
            day = wall_clock.day_of(after["starts_at"], self._zone(after["site_id"]))
            mine = files.get((plan.row.values["individual"], after["service_id"] or 0), [])
            fits = (each.id for each in mine if each.opened_on <= day and (each.closed_on is None or day <= each.closed_on))
            plan.columns["enrolment_id"] = next(fits, None)

    def _zone(self, site: int | None) -> str:
        there = self._there("site_id", site)
        return str(there.time_zone) if there else "UTC"

    def _there(self, name: str, number: int | None) -> Any:
        """A worker, site or service; one that staff made while the file is read is looked up."""
        known = self._named[name]
        if number is not None and number not in known:
            known[number] = {"worker_id": Worker, "site_id": Site, "service_id": Service}[name].get_by_id(number)
        return known[number] if number is not None else None

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
            again = write_events()
            let_go(self._losing, by)
            note_again(again, by)
            event_reminders.plan_later()

    def close(self) -> None:
        """Drop the temporary tables."""
        db.drop_tables([StagedMessage, StagedEvent], safe=True)
        self._is_staging = False

    def _staged(self, plan: Plan) -> dict[str, Any]:
        record, after = plan.record, self._after(plan)
        place, others = (record.place, record.others) if record else (None, [])
        was_at = record.starts_at if record and "starts_at" in plan.columns else None
        moments = {name: Event.starts_at.db_value(at) for name, at in
                   (("starts_at", after["starts_at"]), ("ends_at", after["ends_at"]), ("was_at", was_at))}  # fmt: skip
        return {
            "number": plan.row.number, "event": record.id if record else None, "version": record.version if record else 0,
            "place": place.id if place else None, "versions": sum(each.version for each in (place, *others) if each),
            "public_id": next(self._ids), "place_public_id": next(self._places), "external_id": plan.row.external_id,
            "is_event_changed": bool(plan.columns.keys() & {*_OF_EVENT}), "is_place_changed": "place_state" in plan.columns,
            "is_shared": bool(others), "is_refiled": "service_id" in plan.columns,
            "is_judged": bool(plan.columns.keys() & {"worker_id", "starts_at", "ends_at", "state"}), "is_overlapping": False,
            "is_settled": self._is_settled(plan),
            "is_elsewhere": bool(record and {"site_id", "is_video"} & plan.columns.keys() and not after["is_video"]),
            "individual_id": place.individual_id if place else after["individual_id"],
            "enrolment_id": plan.columns.get("enrolment_id", place.enrolment_id if place else None),
            "place_state": after["place_state"], **{name: after[name] for name in _OF_EVENT}, **moments,
        }  # fmt: skip

    def _is_settled(self, plan: Plan) -> bool:
        """True when something may wait, or is to be told, of an event that was there: what is over and stays so is not looked at."""
        after, record = self._after(plan), plan.record
        if not _TOLD & plan.columns.keys():
            return False
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
            if name in self._named:
                there = self._there(name, value)
                told[name.removesuffix("_id")] = there.name if there else ""
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
