"""One row of a file of services, enrolments or events: from text to values that the rules of the pages let through."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from domain import agency, clock, profile, services, wall_clock
from domain.event_rows import LONGEST
from domain.import_mapping import Bound, FileMapping
from domain.import_rows import Checker, Note, Problem, Row, cleaned, shortened
from domain.rules import N_, RuleBroken
from models import SERVICE_KINDS, Service, Site, Worker

# What a file may say of somebody's place: the states of the event and of the place.
STATES = {
    "booked": ("booked", "booked"), "show": ("booked", "show"), "no_show": ("booked", "no_show"),
    "cancelled_by_client": ("cancelled_by_client", "cancelled_by_client"),
    "late_cancelled": ("cancelled_by_client", "late_cancelled"), "cancelled_by_agency": ("cancelled_by_agency", "booked"),
}  # fmt: skip
# How other programs call these.
_SAME = {"attended": "show", "came": "show", "completed": "show", "missed": "no_show", "noshow": "no_show", "scheduled": "booked"}
FIRST_YEAR = 1900  # what is taken in may be older than what anybody types
_WHEN_EMPTY = {"state": "booked", "is_video": "no", "is_visible": "no"}
_ANSWERS = dict.fromkeys(("yes", "y", "true", "1", "x"), "yes") | dict.fromkeys(("no", "n", "false", "0"), "no")
_ISO = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d")
_SECONDS = re.compile(r"(\d:\d\d):\d\d(\.\d+)?(?!\d)")  # of a time as people type it
_TEXTS = ("name", "client_name", "client_description", "minutes", "capacity")


class CareChecker(Checker):
    """Checks rows of services, enrolments or events.

    ``workers`` and ``services`` are who and what a file may name, by each text that names them; None for a text that is of two.
    """

    def __init__(self, mapping: FileMapping, bound: Bound) -> None:
        super().__init__(mapping, bound)
        self.staff: dict[int, Worker] = {}
        self.workers: dict[str, Worker] = {}
        self.services: dict[str, Service | None] = {}
        self._said: dict[str, dict[str, str]] = {}
        self._told: set[str] = set()  # services of which it was noted that two rows differ
        self._main = agency.main_site()
        if mapping.subject != "services":
            self.staff = {worker.id: worker for worker in Worker.select().order_by(Worker.id)}
            self.workers, self.services = _by_text(list(self.staff.values())), _services()

    def _check_of(self, subject: str) -> Callable[[dict[str, str], Note], dict[str, str]]:
        return {"services": self._service, "enrolments": self._enrolment, "events": self._event}[subject]

    def _again(self, first: int, note: Note) -> None:
        if self.mapping.subject == "events":
            message = N_("Row %(first)s has the same id. Only appointments of one person can come from a file.")
            note("external_id", RuleBroken(message, first=first))
        elif self.mapping.subject == "enrolments":
            super()._again(first, note)

    def _kept(self, row: Row) -> Row | None:
        """A service may stand in many rows, as in a file of what was done: the first one counts."""
        if self.mapping.subject != "services":
            return row
        first, key = self._rows_of[row.external_id], row.external_id
        if first == row.number:
            self._said[key] = row.values
            return row
        self.repeated += 1
        said = self._said.get(key, row.values)
        other = next((name for name, text in row.values.items() if said.get(name) != text), "")
        if other and key not in self._told:
            message = N_("Row %(first)s says something else of the same service, and counts.")
            self.warn(row.number, other, row.values[other], message, first=first)
            self._told.add(key)
        return None

    def warn(self, number: int, field: str, value: str, message: str, **fields: Any) -> None:
        """Collect what is no problem, but to be looked at."""
        self.warnings.append(Problem(number, self._bound.column(field), shortened(value), message, fields))

    # ------------------------------------------------------------ services

    def _service(self, raw: dict[str, str], note: Note) -> dict[str, str]:
        values = dict(raw)
        given = {name: raw.get(name, "") for name in _TEXTS}
        try:
            details = services.Details(**given).checked()  # type: ignore[arg-type]
            values |= {name: str(getattr(details, name) or "") for name in _TEXTS if name in raw}
        except RuleBroken as broken:
            for each in broken.every:
                note(each.field, each)
        if raw.get("kind"):
            values["kind"] = raw["kind"].lower()
            if values["kind"] not in SERVICE_KINDS:
                note("kind", RuleBroken(N_("Write one of %(known)s."), known=", ".join(SERVICE_KINDS)))
        _answer("is_visible", values, note)
        return values

    # ------------------------------------------------------------ enrolments

    def _enrolment(self, raw: dict[str, str], note: Note) -> dict[str, str]:
        values = dict(raw)
        self._check_named(values, note, is_service_needed=True)
        days = {field: self._date(field, raw.get(field, ""), note) for field in ("opened_on", "closed_on")}
        if not raw["opened_on"]:
            note("opened_on", RuleBroken(N_("Enter a day.")))
        for field, day in days.items():
            if field in values:
                values[field] = day.isoformat() if day else ""
            if day and day > agency.today():
                note(field, RuleBroken(N_("Enter a day that is not in the future.")))
            elif day and day.year < FIRST_YEAR:
                note(field, wall_clock.far(FIRST_YEAR, agency.today().year))
        return values

    def _check_named(self, values: dict[str, str], note: Note, *, is_service_needed: bool) -> None:
        values["individual"] = cleaned("individual", values["individual"], 100, note)
        if not values["individual"]:
            note("individual", RuleBroken(N_("Enter the id of the client.")))
        if values.get("worker") and profile.email_key(values["worker"]) not in self.workers and values["worker"] not in self.workers:
            note("worker", RuleBroken(N_("There is no worker with this id or e-mail address. Import the workers first.")))
        service = values.get("service", "")
        if service and service not in self.services:
            note("service", RuleBroken(N_("There is no service with this id or name. Import the services first.")))
        elif service and self.services[service] is None:
            note("service", RuleBroken(N_("Two services have this name. Give the id of one.")))
        elif is_service_needed and not service:
            note("service", RuleBroken(N_("Enter the service.")))

    def worker_of(self, values: Mapping[str, str]) -> Worker | None:
        """The worker whom a row names, by id or e-mail address."""
        text = values.get("worker", "")
        return self.workers.get(text) or self.workers.get(profile.email_key(text)) if text else None

    def meant(self, values: Mapping[str, str], field: str, text: str) -> Any:
        """What a text in a field says: whom it names, what an empty one stands for, the moment of a time."""
        if field in ("worker", "service"):
            named = self.worker_of({"worker": text}) if field == "worker" else self.services.get(text)
            return named.id if named else text
        if field in _WHEN_EMPTY:
            return text or _WHEN_EMPTY[field]
        if field not in ("starts_at", "ends_at"):
            return super().meant(values, field, text)
        try:
            return moment_of(text, self.zone_of(values)).at
        except (RuleBroken, ValueError):
            return text

    # ------------------------------------------------------------ events

    def _event(self, raw: dict[str, str], note: Note) -> dict[str, str]:
        values = dict(raw)
        self._check_named(values, note, is_service_needed=False)
        if not raw["worker"]:
            note("worker", RuleBroken(N_("Enter the worker.")))
        self._check_site(values, note)
        if not (values.get("site") or self.site_of(values)):
            note("site", RuleBroken(N_("Enter the site: the agency has no main one yet.")))
        _answer("is_video", values, note)
        zone = self.zone_of(values)
        starts = self._take_moment("starts_at", raw["starts_at"], zone, values, note)
        ends = self._take_moment("ends_at", _with_day(raw["ends_at"], starts, zone), zone, values, note)
        if starts and ends:
            self._check_length(starts, ends, note)
            self._check_state(values, wall_clock.day_of(starts, zone) > clock.today(zone), note)
        return values

    def zone_of(self, values: Mapping[str, str]) -> str:
        """The zone of that site."""
        site = self.site_of(values)
        return str(site.time_zone) if site else "UTC"

    def site_of(self, values: Mapping[str, str]) -> Site | None:
        """Where an event is: at the site of its row, else of its worker, else at the main one."""
        if values.get("site"):
            return self.sites.get(values["site"])
        worker = self.worker_of(values)
        return worker.site if worker and worker.site_id and worker.site.is_in_use else self._main

    def _take_moment(self, field: str, text: str, zone: str, values: dict[str, str], note: Note) -> dt.datetime | None:
        """The moment; kept is what the file says of it, so that another zone of the site is no other file."""
        said = self._read_moment(text)
        try:
            if said is None:
                forms = ", ".join(
                    [f"{dt.date(2001, 12, 31).strftime(form)} 14:30" for form in self.mapping.formats] + ["2001-12-31T14:30:00Z"]
                )
                raise RuleBroken(N_("There is no such time. Times are written like %(forms)s."), forms=forms)
            last = clock.now().year + wall_clock.YEARS_AHEAD
            if not FIRST_YEAR <= said.year <= last:
                raise wall_clock.far(FIRST_YEAR, last)
            said = said.astimezone(dt.UTC) if said.tzinfo else said
            values[field] = said.replace(microsecond=0).isoformat()
            return moment_of(values[field], zone).at
        except RuleBroken as broken:
            note(field, broken)
            return None

    def _read_moment(self, text: str) -> dt.datetime | None:
        """Date and time as a program writes them, or a date as the file has them and a time as people type it."""
        try:
            return dt.datetime.fromisoformat(text) if _ISO.match(text) else self._typed(text)
        except ValueError:
            return self._typed(text)

    def _typed(self, text: str) -> dt.datetime | None:
        date, _, time = text.partition(" ")
        day = self._day(date)
        try:
            return dt.datetime.combine(day, _time(time)) if day else None
        except RuleBroken:
            return None

    def _check_length(self, starts: dt.datetime, ends: dt.datetime, note: Note) -> None:
        """What is over may have lasted for days, as a stay in a hospital; what is to come is booked by the rule of the pages."""
        if ends <= starts:
            note("ends_at", RuleBroken(N_("The end must be after the start.")))
        elif ends - starts > LONGEST and ends > clock.now():
            note("ends_at", RuleBroken(N_("An appointment lasts at least a minute and at most a day.")))

    def _check_state(self, values: dict[str, str], is_early: bool, note: Note) -> None:
        if not values.get("state"):
            return
        words = values["state"].lower().replace(" ", "_").replace("-", "_")
        values["state"] = _SAME.get(words, words)
        if values["state"] not in STATES:
            note("state", RuleBroken(N_("Write one of %(known)s."), known=", ".join(STATES)))
        elif is_early and values["state"] in ("show", "no_show"):
            note("state", RuleBroken(N_("Who came can be said from the day of the appointment on.")))


def moment_of(text: str, zone: str) -> wall_clock.Moment:
    """What a file says of a time, as a moment: without a zone it is the clock on the wall there.  Raises RuleBroken."""
    said = dt.datetime.fromisoformat(text)
    return wall_clock.Moment(said) if said.tzinfo else wall_clock.moment(zone, said.date(), said.time(), first_year=FIRST_YEAR)


def _time(text: str) -> dt.time:
    """A time as people type it; seconds do not count.  Raises RuleBroken."""
    return wall_clock.time_typed(_SECONDS.sub(r"\1", text))


def _with_day(text: str, starts: dt.datetime | None, zone: str) -> str:
    """An end that is a time of day only is on the day of the start."""
    try:
        return f"{wall_clock.day_of(starts, zone)} {_time(text)}" if starts else text
    except RuleBroken:
        return text


def _answer(field: str, values: dict[str, str], note: Note) -> None:
    if values.get(field):
        values[field] = _ANSWERS.get(values[field].lower(), "")
        if not values[field]:
            note(field, RuleBroken(N_("Write yes or no.")))


def _by_text(every: list[Worker]) -> dict[str, Worker]:
    """Each worker by their e-mail address and by the id that a file gave them."""
    by_address = {worker.email_key: worker for worker in every if worker.email_key}
    return by_address | {worker.external_id: worker for worker in every if worker.external_id}


def _services() -> dict[str, Service | None]:
    """Each service by its name, as long as one in use or only one has it, and by the id that a file gave it."""
    found: dict[str, Service | None] = {}
    for service in services.every():  # those in use come first
        before = found.get(service.name)
        if service.name not in found or not (before and before.is_in_use and not service.is_in_use):
            found[service.name] = None if service.name in found else service
    return found | {service.external_id: service for service in services.every() if service.external_id}
