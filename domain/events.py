"""Events: booked, moved, cancelled and taken back, and each attendee's place in them (spec 03, states)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from peewee import IntegrityError

from domain import audit, caseloads, clock, event_messages, event_reminders, handover, profile, store, wall_clock
from domain.actor import SYSTEM, Actor
from domain.event_rows import LONGEST
from domain.rules import N_, STALE, RuleBroken, Term
from models import (
    TAKES_TIME,
    Attendance,
    Enrolment,
    Event,
    EventRequest,
    Group,
    Individual,
    Service,
    Site,
    Worker,
)


@dataclasses.dataclass(frozen=True)
class Move:
    """One verb: where it starts, where it leads, and how the audit calls it."""

    origins: tuple[str, ...]
    target: str
    audited: str


MOVES = {
    "accept": Move(("requested",), "booked", "event.accepted"),
    "decline": Move(("requested",), "declined", "event.declined"),
    "expire": Move(("requested",), "expired", "event.expired"),
    "withdraw": Move(("requested",), "withdrawn", "event.withdrawn"),
    "cancel": Move(("requested", "booked"), "cancelled_by_agency", "event.cancelled"),
    "empty": Move(("booked",), "cancelled_by_client", "event.cancelled"),
    "revert": Move(("cancelled_by_agency", "cancelled_by_client"), "booked", "event.reverted"),
}
STATE_NAMES = {
    "requested": Term(N_("requested")), "booked": Term(N_("booked")), "declined": Term(N_("declined")),
    "expired": Term(N_("not answered in time")), "withdrawn": Term(N_("withdrawn")),
    "cancelled_by_agency": Term(N_("cancelled by the agency")), "cancelled_by_client": Term(N_("cancelled")),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Plan:
    """An event as somebody wants it: with whom, when (aware), how long, where, and for whom."""

    worker: Worker
    starts_at: dt.datetime
    minutes: int
    site: Site
    individuals: Sequence[Individual]
    service: Service | None = None
    group: Group | None = None
    is_video: bool = False
    video_link: str = ""

    def __post_init__(self) -> None:
        """In UTC from here on: an hour more or less is an hour then, whatever the clocks at the place do."""
        object.__setattr__(self, "starts_at", self.starts_at.astimezone(dt.UTC))

    @property
    def ends_at(self) -> dt.datetime:
        """When it is over."""
        return self.starts_at + dt.timedelta(minutes=self.minutes)


# ---------------------------------------------------------------- booked


def book(plan: Plan, by: Actor, *, how: str = "") -> Event:
    """A booked event and a place in it for each individual, and what is sent of it.

    ``how`` is ``phone`` for what a client asked by telephone.  Raises RuleBroken: ``taken`` with what stands there, ``nobody``,
    ``bad_length``, ``left``, ``closed_site``.
    """
    link = _checked(plan)
    with store.writing():
        hold_the_worker(plan.worker)
        now = clock.now()
        event = placed(
            plan.worker, plan.starts_at, plan.ends_at, None, by,
            lambda: Event.create(
                worker=plan.worker, starts_at=plan.starts_at, ends_at=plan.ends_at, site=plan.site, is_video=plan.is_video,
                video_link=link, service=plan.service, group=plan.group, state="booked", created_at=now,
            ),
        )  # fmt: skip
        files = open_files(plan.service, plan.individuals)
        if not plan.individuals:  # of a group in which nobody is yet
            audit.record("event.booked", by, subject=named(event), starts_at=told(event.starts_at), how=how)
        for individual in plan.individuals:
            place = Attendance.create(event=event, individual=individual, enrolment=files.get(individual.id), starts_at=event.starts_at)
            audit.record("event.booked", by, individual=individual, subject=named(event), starts_at=told(event.starts_at), how=how)
            event_messages.booked(place, event)
        event_reminders.settle(event)
    return event


def _checked(plan: Plan) -> str:
    if not plan.individuals and plan.group is None:
        raise RuleBroken(N_("Choose who comes."), code="nobody", field="individuals")
    check_frame(plan.minutes, plan.site)
    return checked_link(plan.video_link)


def check_frame(minutes: int, site: Site) -> None:
    """Raises RuleBroken: ``bad_length``, ``closed_site``."""
    if not 0 < minutes <= LONGEST.total_seconds() / 60:
        raise RuleBroken(N_("An appointment lasts at least a minute and at most a day."), code="bad_length", field="minutes")
    if not site.is_in_use:
        raise RuleBroken(N_("Nobody is seen at this site any more. Choose another one."), code="closed_site", field="site")


def checked_link(typed: str) -> str:
    """The address of a video call, tidy.  Raises RuleBroken (field ``video_link``)."""
    link = profile.clean(typed, "video_link", 500)
    if link and not link.startswith("https://"):
        raise RuleBroken(N_("Enter the whole address of the video call. It begins with https://"), code="bad_link", field="video_link")
    return link


def hold_the_worker(worker: Worker) -> None:
    """Whoever books is behind whoever ends the worker's access, or before them; said before the event is locked.  Raises RuleBroken
    ``left``."""
    store.hold(worker)
    if not Worker.select().where(Worker.id == worker.id, Worker.is_active).exists():
        raise RuleBroken(N_("This worker has left."), code="left", field="worker")


def open_files(service: Service | None, individuals: Sequence[Individual]) -> dict[int, Enrolment]:
    """The open enrolments of these people in a service, by the number of the individual."""
    if service is None or not individuals:
        return {}
    files = Enrolment.select().where(
        Enrolment.service == service, Enrolment.closed_on.is_null(), Enrolment.individual.in_(list(individuals))
    )
    return {file.individual_id: file for file in files}


def placed(worker: Worker, starts_at: dt.datetime, ends_at: dt.datetime, own: Event | None, by: Actor | None, write: Any) -> Any:
    """What ``write`` answers.  The database refuses an overlap; the sentence says what stands there, to who may see that."""
    try:
        with store.writing():
            return write()
    except IntegrityError as refused:
        there = standing(worker, starts_at, ends_at, but=own)
        if there is None:
            raise
        raise _taken(worker, there, by) from refused


def check_free(worker: Worker, starts_at: dt.datetime, ends_at: dt.datetime, by: Actor | None, *, but: Event | None = None) -> None:
    """Raises RuleBroken ``taken`` when something takes a worker's time then, for who asks before anything is written."""
    if there := standing(worker, starts_at, ends_at, but=but):
        raise _taken(worker, there, by)


def _taken(worker: Worker, there: Event, by: Actor | None) -> RuleBroken:
    told = {"worker": worker.name, "code": "taken", "field": "time", **when(there)}
    if by is not None and (by.account is not None or (by.worker is not None and not caseloads.sees_event(by.worker, there))):
        return RuleBroken(N_("%(worker)s is busy on %(day)s, from %(start)s to %(end)s."), **told)
    sentence = N_("%(worker)s has another appointment then: %(what)s on %(day)s, from %(start)s to %(end)s.")
    return RuleBroken(sentence, what=subject_of(there), **told)


def subject_of(event: Event) -> str:
    """What staff call an event by: its group, its service, or what it is."""
    named = event.group or event.service
    return str(named.name) if named else Term(N_("an appointment"))


def when(event: Event) -> dict[str, Any]:
    """Day, start and end of an event where it takes place, for a sentence."""
    start, end = (wall_clock.local(at, event.site.time_zone) for at in (event.starts_at, event.ends_at))
    return {"day": start.date(), "start": start, "end": end}


def standing(worker: Worker, starts_at: dt.datetime, ends_at: dt.datetime, *, but: Event | None = None) -> Event | None:
    """The event that takes a worker's time between two moments, if there is one."""
    found: Event | None = (
        Event.select()
        .where(Event.worker == worker, Event.state.in_(TAKES_TIME), Event.is_overlapping == False,  # noqa: E712
               Event.starts_at < ends_at, Event.ends_at > starts_at, Event.id != (but.id if but else 0))
        .order_by(Event.starts_at).first()
    )  # fmt: skip
    return found


def called(worker: Worker) -> str:
    """How clients know a worker."""
    return worker.display_name or f"{worker.first_name} {worker.last_name}".strip()


# ---------------------------------------------------------------- moved


def move(event: Event, starts_at: dt.datetime, minutes: int, by: Actor, *, version: int, worker: Worker | None = None,
         site: Site | None = None, how: str = "") -> None:  # fmt: skip
    """Another time, worker or site; it stays the same event, and everybody who comes is told.  Confirmations begin anew with another
    time, or another site to come to; who missed it is expected again when it is ahead now.  ``how`` as in ``book``.

    Raises RuleBroken: ``stale``, ``over`` for one that is not booked, ``taken``, ``bad_length``, ``left``, ``closed_site``,
    ``attended`` for what somebody came to, into the future.
    """
    starts_at = starts_at.astimezone(dt.UTC)
    with store.writing():
        whose = worker or event.worker
        if whose.id != event.worker_id or starts_at > clock.now():
            hold_the_worker(whose)  # before the event, as whoever ends a worker's access does
        now = _held(event, version)
        if now.state != "booked":
            raise RuleBroken(N_("Only an appointment that is booked can be moved."), code="over")
        _may_lie_ahead(now, starts_at)
        where, ends_at = site or now.site, starts_at + dt.timedelta(minutes=minutes)
        check_frame(minutes, where)
        changes = {"worker": whose, "starts_at": starts_at, "ends_at": ends_at, "site": where}
        if all(getattr(now, name) == value for name, value in changes.items()):
            return
        is_later, is_elsewhere = now.starts_at != starts_at, now.site_id != where.id and not now.is_video
        stored = changes | {"version": now.version + 1} | ({"moved_from": now.starts_at} if is_later else {})
        if ends_at > clock.now():
            stored["is_overlapping"] = False  # that is for the past alone
        placed(whose, starts_at, ends_at, now, by, lambda: Event.update(**stored).where(Event.id == now.id).execute())
        fresh = Event.get_by_id(now.id)
        if is_later:
            Attendance.update(starts_at=starts_at).where(Attendance.event == now.id).execute()
        if is_later or is_elsewhere:
            _ask_anew(fresh)
        if whose.id != now.worker_id:
            handover.let_go([now.worker], by)
        was, becomes = _described(now), _described(fresh)
        note("event.moved", by, fresh, before=was, after=becomes, how=how)
        if is_later and starts_at > clock.now():
            _come_again(fresh, by)
        for place in _booked(fresh):
            event_messages.settle(place, fresh, now)
        event_reminders.settle(fresh)


def _may_lie_ahead(event: Event, starts_at: dt.datetime) -> None:
    if starts_at > clock.now() and is_attended(event):
        raise RuleBroken(
            N_("Somebody came to this appointment: it can be corrected to a time that is over, but not be moved into the future."),
            code="attended", field="date",
        )  # fmt: skip


def _ask_anew(event: Event) -> None:
    """Who said that they come did so for another time or place."""
    Attendance.update(confirmed_at=None, confirmed_how="").where(Attendance.event == event.id).execute()


def _come_again(event: Event, by: Actor) -> None:
    """Who missed it can still come, now that it is ahead again."""
    for place in places(event):
        missed = Attendance.update(state="booked", version=Attendance.version + 1).where(Attendance.id == place.id)
        if missed.where(Attendance.state == "no_show").execute():
            audit.record("attendance.changed", by, individual=place.individual, subject=named(event), before="no_show", after="booked",
                         how="", reason="")  # fmt: skip


def is_attended(event: Event) -> bool:
    """True once it was said of somebody that they came."""
    return bool(Attendance.select().where(Attendance.event == event.id, Attendance.state == "show").exists())


def _booked(event: Event) -> list[Attendance]:
    return [place for place in places(event) if place.state == "booked"]


def _described(event: Event) -> dict[str, str]:
    """When, with whom and where, as the audit keeps it."""
    return {"starts_at": told(event.starts_at), "ends_at": told(event.ends_at), "worker": event.worker.name, "site": event.site.name}


def note(kind: str, by: Actor, event: Event, **values: Any) -> None:
    """An entry in the record of everybody who comes; one of nobody's for an event that nobody comes to."""
    who = [place.individual for place in places(event)] or [None]
    audit.record_many(kind, by, [(individual, named(event), values) for individual in who])


def _held(event: Event, version: int) -> Event:
    """The event as it is now, held.  Raises RuleBroken ``stale`` unless it is the one that the page showed."""
    now: Event = store.lock(Event.select().where(Event.id == event.id)).get()
    if now.version != version:
        raise RuleBroken(STALE, code="stale")
    return now


def places(event: Event) -> list[Attendance]:
    """Everybody's place in an event, with who they are, by name."""
    found = Attendance.select(Attendance, Individual).join(Individual).where(Attendance.event == event.id)
    return list(found.order_by(Individual.sort_name, Individual.id))


# ---------------------------------------------------------------- cancelled, and taken back


def cancel(event: Event, by: Actor, *, version: int, reason: str = "") -> None:
    """The agency cancels; its time is free, and everybody who comes is told.  Twice is harmless.

    Raises RuleBroken: ``stale``, ``over``, ``attended`` for what somebody came to.
    """
    why = profile.clean(reason, "reason", 500, lines=True)
    with store.writing():
        now = store.lock(Event.select().where(Event.id == event.id)).get()
        if now.state == MOVES["cancel"].target:
            return
        if now.version != version:
            raise RuleBroken(STALE, code="stale")
        if is_attended(now):
            raise RuleBroken(N_("Somebody came to this appointment, so it was not cancelled. Correct who came first."), code="attended")
        change_state(now, "cancel", by, reason=why)
        fresh = Event.get_by_id(now.id)
        for place in _booked(fresh):
            event_messages.settle(place, fresh, now)


def change_state(event: Event, verb: str, by: Actor, *, reason: str = "", whose: Individual | None = None) -> None:
    """One of the moves, inside the transaction of what leads to it.

    Where one of its clients did it, ``whose``, the records of the others only say that it happened.  Raises RuleBroken ``over``.
    """
    move = MOVES[verb]
    stored = Event.update(state=move.target, version=Event.version + 1).where(Event.id == event.id, Event.state.in_(move.origins))
    if not stored.execute():
        raise RuleBroken(N_("This appointment is over, or was cancelled already."), code="over")
    if verb != "revert":
        EventRequest.update(answered_at=clock.now(), answered_by=by.worker).where(
            EventRequest.event == event.id, EventRequest.answered_at.is_null()
        ).execute()
        let_go_of_other_times(event, by)
        handover.let_go([event.worker], by)
    event_reminders.settle(event)
    values = {"before": event.state, "after": move.target, "reason": reason}
    if whose is None or by.worker is not None:
        note(move.audited, by, event, **values)
        return
    audit.record(move.audited, by, individual=whose, subject=named(event), **values)
    others = [place.individual for place in places(event) if place.individual_id != whose.id]
    audit.record_many(move.audited, SYSTEM, [(individual, named(event), values) for individual in others])


def let_go_of_other_times(event: Event, by: Actor, whose: Individual | None = None) -> None:
    """Another time that was asked for a cancelled event (held), or by somebody ``whose`` place in it is, is free again."""
    asked = EventRequest.select(EventRequest, Event).join(Event, on=(EventRequest.event == Event.id))
    asked = asked.where(EventRequest.replaces == event.id, Event.state == "requested")
    for request in asked if whose is None else asked.where(EventRequest.individual == whose):
        stored = Event.update(state="withdrawn", version=Event.version + 1).where(Event.id == request.event_id, Event.state == "requested")
        if stored.execute():
            EventRequest.update(answered_at=clock.now()).where(EventRequest.id == request.id).execute()
            audit.record("event.withdrawn", by, individual=request.individual, subject=named(request.event), before="requested",
                         after="withdrawn", reason="")  # fmt: skip


def revert(event: Event, by: Actor) -> None:
    """A cancelled event is booked again, if its worker's time is still free.  Nothing is sent but what comes before it.

    Raises RuleBroken: ``taken``, ``over``, ``left``, ``stale``, ``nobody`` where everybody who was to come has cancelled.
    """
    with store.writing():
        hold_worker(event)
        now = store.lock(Event.select().where(Event.id == event.id)).get()
        if now.state != "booked" and (refused := empty(now, _booked(now))):
            raise refused
        bring_back(event, by)


def empty(event: Event, booked_places: Sequence[Attendance]) -> RuleBroken | None:
    """Why a cancelled event is not booked again as a whole: nobody is left who would come; a group's can be without anybody."""
    if booked_places or event.group_id is not None:
        return None
    return RuleBroken(N_("Everybody who was to come has cancelled. Take back the place of whoever comes after all."), code="nobody")


def bring_back(event: Event, by: Actor) -> None:
    """The same, also for an event whose one place is taken back with it.  Raises RuleBroken as ``revert`` does."""
    with store.writing():
        hold_worker(event)
        now = store.lock(Event.select().where(Event.id == event.id)).get()
        if now.state == "booked":
            return
        if now.worker_id != event.worker_id:
            raise RuleBroken(STALE, code="stale")
        placed(now.worker, now.starts_at, now.ends_at, now, by, lambda: change_state(now, "revert", by))
        fresh = Event.get_by_id(now.id)
        for place in _booked(fresh):
            event_messages.reverted(place, fresh)


def hold_worker(event: Event) -> None:
    """Said before an event is taken back, and before it is locked.  Raises RuleBroken ``left``."""
    hold_the_worker(event.worker)


# ---------------------------------------------------------------- the video call


def set_video(event: Event, link: str, by: Actor, *, is_video: bool, version: int) -> None:
    """In person or by video, and the link of the call: the client sees it at once.  Raises RuleBroken: ``stale``, ``over``,
    ``bad_link``."""
    good = checked_link(link) if is_video else ""
    with store.writing():
        now = _held(event, version)
        if now.state != "booked":
            raise RuleBroken(N_("Only an appointment that is booked can be changed."), code="over")
        if (now.is_video, now.video_link) == (is_video, good):
            return
        Event.update(is_video=is_video, video_link=good, version=now.version + 1).where(Event.id == now.id).execute()
        before = {"is_video": now.is_video, "has_link": bool(now.video_link)}
        note("event.video", by, now, before=before, after={"is_video": is_video, "has_link": bool(good)})
        if now.is_video != is_video:
            fresh = Event.get_by_id(now.id)
            if not is_video:
                _ask_anew(fresh)
            for place in _booked(fresh):
                event_messages.settle(place, fresh, now)


# ---------------------------------------------------------------- read


def ahead_of(worker: Worker, among: Any = None) -> Any:
    """The question for what takes a worker's time from now on, soonest first; ``among`` is the one for events with what belongs
    to them."""
    every = Event.select() if among is None else among
    ahead = every.where(Event.worker == worker, Event.state.in_(TAKES_TIME), Event.starts_at > clock.now())
    return ahead.order_by(Event.starts_at, Event.id)


def phone(event: Event) -> str:
    """Whom to call about an event: its site."""
    return str(event.site.phone)


def day_of(event: Event) -> dt.date:
    """The day of an event where it takes place."""
    return wall_clock.day_of(event.starts_at, event.site.time_zone)


def named(event: Event) -> str:
    """How the audit names it."""
    return f"event {event.id}"


def zones_of(names: Iterable[str]) -> dict[str, str]:
    """The time zone of the site of each of these events, by how the audit names them."""
    numbers = [int(name.removeprefix("event ")) for name in names]
    found = Event.select(Event.id, Site.time_zone).join(Site).where(Event.id.in_(numbers))
    return {f"event {number}": zone for number, zone in found.tuples()}


def told(moment: dt.datetime) -> str:
    """A moment as the audit keeps it."""
    return moment.astimezone(dt.UTC).isoformat(timespec="minutes")
