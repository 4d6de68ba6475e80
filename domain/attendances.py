"""One individual's place in an event: confirmed, given up, marked by staff; and what the client may do with it now (spec 03)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from domain import (
    audit,
    clock,
    event_messages,
    events,
    handover,
    links,
    profile,
    settings,
    statements,
    store,
    work_queue,
)
from domain.actor import Actor
from domain.events import Move
from domain.rules import N_, STALE, NotFound, RuleBroken, Term
from models import Attendance, Event, Individual, Site, Task, Worker

MOVES = {
    "show": Move(("booked", "no_show"), "show", "attendance.changed"),
    "no_show": Move(("booked", "show"), "no_show", "attendance.changed"),
    "cancel": Move(("booked",), "cancelled_by_client", "attendance.changed"),
    "cancel_late": Move(("booked",), "late_cancelled", "attendance.changed"),
    "revert": Move(("show", "no_show", "cancelled_by_client", "late_cancelled"), "booked", "attendance.changed"),
}
STATE_NAMES = {
    "booked": Term(N_("booked")), "show": Term(N_("attended")), "no_show": Term(N_("missed")),
    "cancelled_by_client": Term(N_("cancelled")), "late_cancelled": Term(N_("cancelled late")),
}  # fmt: skip
CANCELLED = ("cancelled_by_client", "late_cancelled")
_COMES = ("booked", "show", "no_show")
TELL_BEFORE = dt.timedelta(hours=24)
_NOT_NOW = {
    "running_late": N_("This can be said from the day before until it is over. Please call us."),
    "cannot_come": N_("This appointment was cancelled or is over."),
}


def mark(place: Attendance, verb: str, by: Actor, *, version: int) -> None:
    """Staff say what became of a place: ``show``, ``no_show``, ``cancel``, ``cancel_late``, or ``revert`` to booked.

    Raises RuleBroken: ``stale``, ``early`` for who came before the day, ``over``, ``taken``.
    """
    with store.writing():
        seen = Event.get_by_id(place.event_id)  # a page may know an older one
        brings_back = verb == "revert" and seen.state == "cancelled_by_client"
        if brings_back:
            events.hold_worker(seen)  # before the event, as everybody does
        event = store.lock(Event.select().where(Event.id == place.event_id)).get()
        now = Attendance.get_by_id(place.id)
        if now.state == MOVES[verb].target:
            return
        if verb == "revert" and (event.state, event.worker_id) != (seen.state, seen.worker_id):
            raise RuleBroken(STALE, code="stale")
        if now.version != version:
            raise RuleBroken(STALE, code="stale")
        if verb in ("show", "no_show") and events.day_of(event) > clock.today(event.site.time_zone):
            raise RuleBroken(N_("Who came can be said from the day of the appointment on."), code="early")
        if brings_back:
            events.bring_back(event, by)
        elif event.state != "booked":
            raise RuleBroken(N_("This appointment is over, or was cancelled already."), code="over")
        _change(now, event, verb, by, how="")
        if verb == "no_show":
            event_messages.missed(Attendance.get_by_id(place.id), event, by)


def _change(place: Attendance, event: Event, verb: str, by: Actor, *, reason: str = "", how: str | None = None) -> None:
    """``how`` is ``phone`` for what a client gives up by telephone, which a worker writes down."""
    how = ("phone" if by.worker is not None else "") if how is None else how
    move = MOVES[verb]
    changes: dict[str, Any] = {"state": move.target, "version": Attendance.version + 1}
    if verb in ("cancel", "cancel_late"):
        changes |= {"confirmed_at": None, "confirmed_how": "", "cancel_reason": reason}
    elif place.state in CANCELLED:  # so it begins anew: what they said before counts no more
        work_queue.set_apart([f"{what}:{told_key(place)}" for what in event_messages.SAYINGS])
    stored = Attendance.update(**changes).where(Attendance.id == place.id, Attendance.state.in_(move.origins))
    if not stored.execute():
        raise RuleBroken(N_("Somebody else said something about this meanwhile. Look at it again."), code="over")
    if move.target not in _COMES:
        events.let_go_of_other_times(event, by, place.individual)
        handover.let_go([event.worker], by)
    audit.record(move.audited, by, individual=place.individual, subject=events.named(event), before=place.state, after=move.target,
                 how=how, reason=reason)  # fmt: skip
    fresh, as_it_is = Attendance.get_by_id(place.id), Event.get_by_id(event.id)
    if verb == "revert":
        event_messages.reverted(fresh, as_it_is)
    else:
        is_theirs = verb == "cancel" and by.worker is not None and not how  # not its owner's wish, as ``cancel_late`` is
        event_messages.settle(fresh, as_it_is, event, is_taken_away=is_theirs)
    is_empty = not Attendance.select().where(Attendance.event == event.id, Attendance.state.in_(_COMES)).exists()
    if is_empty and event.group_id is None:
        events.change_state(event, "empty", by, whose=place.individual)


def take_out(place: Attendance, event: Event, by: Actor) -> None:
    """A place in an event (held) is cancelled by staff for somebody who left its group; who has it is told."""
    _change(place, event, "cancel", by, how="")


def latest_to_cancel(event: Event) -> dt.datetime:
    """Until when a client cancels in time."""
    at: dt.datetime = event.starts_at - dt.timedelta(hours=settings.get("cancellation_notice"))
    return at


def give_up(place: Attendance, by: Actor, *, reason: str = "", shown: str = "") -> str:
    """A client cancels the own place; what it is then: ``cancelled_by_client``, or ``late_cancelled`` after the notice.

    ``shown`` is the ``mark_of`` what the page showed.  Twice is harmless.  Raises RuleBroken: ``past``, ``over``, ``moved`` since it
    was shown, ``too_late`` where late ones are not taken.
    """
    why = profile.clean(reason, "reason", 500, lines=True)
    with store.writing():
        event = store.lock(Event.select().where(Event.id == place.event_id)).get()
        now, moment = Attendance.get_by_id(place.id), clock.now()
        if now.state in ("cancelled_by_client", "late_cancelled"):
            return str(now.state)
        _must_be_ahead(event, now, moment)
        _must_be_shown(event, shown)
        is_late = moment > latest_to_cancel(event)
        if is_late and not settings.get("late_cancelling"):
            raise RuleBroken(N_("It is too late to cancel here. Tell us that you cannot come."), code="too_late")
        verb = "cancel_late" if is_late else "cancel"
        _change(now, event, verb, by, reason=why)
        if by.worker is None:  # who writes it down for a client on the telephone knows it
            event_messages.given_up(now, event)
            if moment >= event.starts_at - TELL_BEFORE:  # so near that an e-mail alone may be read too late
                _to_do("cannot_come", now, event)
        return MOVES[verb].target


def confirm(place: Attendance, by: Actor, how: str, *, shown: str = "") -> None:
    """Somebody says that they come; ``how`` is ``portal``, ``link`` or ``phone``.  Twice is harmless.

    ``shown`` is the ``mark_of`` what the page showed.  Raises RuleBroken: ``past``, ``over``, ``moved`` since then, ``off`` where
    clients do not confirm by themselves.
    """
    if how != "phone" and not settings.get("confirming"):
        raise RuleBroken(N_("Please call us to confirm this appointment."), code="off")
    with store.writing():
        event = store.lock(Event.select().where(Event.id == place.event_id)).get()
        now = Attendance.get_by_id(place.id)
        _must_be_ahead(event, now, clock.now())
        _must_be_shown(event, shown or mark_of(place))
        first = Attendance.update(confirmed_at=clock.now(), confirmed_how=how).where(
            Attendance.id == now.id, Attendance.confirmed_at.is_null()
        )
        if first.execute():
            work_queue.set_apart([f"cannot_come:{told_key(now)}"])  # they can after all; the task stays, for somebody to look at
            event_messages.confirmed(now, event, by)
            audit.record("attendance.confirmed", by, individual=now.individual, subject=events.named(event), how=how)
            event_messages.ask_no_more(now, event_messages.CONFIRMED)


@dataclasses.dataclass(frozen=True)
class Offer:
    """What a client may do with a place now; ``cancel`` is empty, ``in_time``, ``late``, or ``too_late`` for where it is not taken."""

    confirm: bool
    cancel: str
    late: bool  # to say that one is running late; from then on the video call can be joined
    cannot_come: bool
    add: bool  # to a calendar of the client's own


def may_confirm(place: Attendance) -> bool:
    """True where a client may say that they come, and has not."""
    event = place.event
    is_open = event.state == "booked" and place.state == "booked" and place.confirmed_at is None
    return bool(is_open and event.starts_at > clock.now() and settings.get("confirming"))


def offer(place: Attendance) -> Offer:
    """What the page offers for a place: just what the verbs would not refuse."""
    event, now = place.event, clock.now()
    is_booked = event.state == "booked" and place.state == "booked"
    is_ahead = is_booked and event.starts_at > now
    way = way_to_cancel(event)
    return Offer(
        confirm=may_confirm(place),
        cancel=way if is_ahead and settings.get("cancelling") else "",
        late=_may_tell(event, place, "running_late", now),
        cannot_come=_may_tell(event, place, "cannot_come", now),
        add=is_booked and event.ends_at > now,
    )  # fmt: skip


def way_to_cancel(event: Event) -> str:
    """How a place in what is ahead would be cancelled now: ``in_time``, ``late``, or ``too_late`` for where it is not taken."""
    if clock.now() <= latest_to_cancel(event):
        return "in_time"
    return "late" if settings.get("late_cancelling") else "too_late"


def may_be_taken_back(place: Attendance, verb: str) -> bool:
    """True for what whoever answers the telephone wrote down by mistake, and takes back while it is ahead."""
    return verb == "revert" and place.state in CANCELLED and place.event.starts_at > clock.now()


def _may_tell(event: Event, place: Attendance, what: str, now: dt.datetime) -> bool:
    """That one cannot come can be said at any time until it is over; that one is late, from the day before on."""
    from_then = event.starts_at - TELL_BEFORE if what == "running_late" else now
    return bool(event.state == "booked" and place.state == "booked" and from_then <= now < event.ends_at)


def staff_verbs(place: Attendance) -> list[str]:
    """What staff may say became of a place now: the verbs of ``mark`` that it would not refuse."""
    event = place.event
    if event.state == "cancelled_by_client":
        return ["revert"] if place.state in ("cancelled_by_client", "late_cancelled") else []
    if event.state != "booked":
        return []
    verbs = [verb for verb in MOVES if place.state in MOVES[verb].origins]
    is_the_day = events.day_of(event) <= clock.today(event.site.time_zone)
    return [verb for verb in verbs if is_the_day or verb not in ("show", "no_show")]


def phone_verbs(place: Attendance) -> list[str]:
    """What staff may write down for a client who telephones: ``confirm``, ``give_up``, ``running_late``, ``cannot_come``."""
    event, now = place.event, clock.now()
    if event.state != "booked" or place.state != "booked":
        return []
    is_ahead = event.starts_at > now
    verbs = ["confirm"] if is_ahead and place.confirmed_at is None else []
    if is_ahead and (now <= latest_to_cancel(event) or settings.get("late_cancelling")):
        verbs.append("give_up")
    said = event_messages.SAYINGS[:1] if "give_up" in verbs else event_messages.SAYINGS
    return verbs + [what for what in said if _may_tell(event, place, what, now)]


def by_phone(place: Attendance, what: str, by: Actor, *, version: int, shown: str) -> None:
    """Staff write down what a client says on the telephone: one of ``phone_verbs``, about the place and the time that they saw.

    Raises RuleBroken: ``stale``, ``moved``, and as ``confirm``, ``give_up`` and ``tell`` do.
    """
    with store.writing():
        store.lock(Event.select().where(Event.id == place.event_id)).get()
        now = Attendance.get_by_id(place.id)
        if what == "give_up" and now.state in CANCELLED:
            return
        if now.version != version:
            raise RuleBroken(STALE, code="stale")
        if what == "confirm":
            confirm(now, by, "phone", shown=shown)
        elif what == "give_up":
            give_up(now, by, shown=shown)
        else:
            tell(now, what, by, shown=shown)


def tell(place: Attendance, what: str, by: Actor, *, shown: str = "") -> bool:
    """A client lets the worker know, ``running_late`` or ``cannot_come``: a task and an e-mail.  False when that was said before.

    ``shown`` is the ``mark_of`` what the page showed.  Raises RuleBroken ``over`` for what is not booked, is over, or, of being
    late, not near; ``moved`` since it was shown.
    """
    with store.writing():
        event = store.lock(Event.select().where(Event.id == place.event_id)).get()
        now = Attendance.get_by_id(place.id)
        _must_be_shown(event, shown)
        if not _may_tell(event, now, what, clock.now()):
            raise RuleBroken(_NOT_NOW[what], code="over")
        is_new = _to_do(what, now, event)
        if is_new:
            if what == "cannot_come":
                Attendance.update(confirmed_at=None, confirmed_how="").where(Attendance.id == now.id).execute()
                event_messages.ask_no_more(now, event_messages.DECLINED)
            audit.record("attendance.told", by, individual=now.individual, subject=events.named(event), what=what)
            if by.worker is None or by.worker.id != event.worker_id:  # who wrote it down knows it
                task = Task.get(Task.dedupe_key == f"{what}:{told_key(now)}")
                event_messages.told(now, event, what, task)
    return is_new


def _to_do(what: str, place: Attendance, event: Event) -> bool:
    """A task for the worker, or for intake where there is none any more; False when it was there before."""
    worker = event.worker if event.worker.is_active else None
    return work_queue.add(what, "intake", place.individual, told_key(place), worker=worker)


def said(place: Attendance) -> dict[str, dt.datetime]:
    """What a client let the worker know of a place as it is now, and when."""
    keys = {f"{what}:{told_key(place)}": what for what in event_messages.SAYINGS}
    return {keys[task.dedupe_key]: task.created_at for task in Task.select().where(Task.dedupe_key.in_(list(keys)))}


def declined(places: Sequence[Attendance]) -> set[int]:
    """The numbers of those of these places at whose time a client said that they cannot come, and that nobody confirmed since."""
    keys = {f"cannot_come:{told_key(place)}": place.id for place in places if place.state == "booked" and place.confirmed_at is None}
    asked, found = list(keys), []
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        found += _SAID.all(*some, *[""] * (_AT_ONCE - len(some)))
    return {keys[key] for (key,) in found}


_AT_ONCE = 20  # a page of a list
_SAID = statements.Listing(lambda *keys: Task.select(Task.dedupe_key).where(Task.dedupe_key.in_(keys)).tuples())


def is_taken_away(place: Attendance) -> bool:
    """True for a cancelled place that staff cancelled by themselves: neither its owner nor, for them, who answered the telephone."""
    if place.state != "cancelled_by_client":  # who cancels late does so by themselves, whoever writes it down
        return False
    found = audit.last("attendance.changed", place.individual_id, events.named(place.event))
    if found is None or found[1].get("after") != place.state:
        return False
    return found[0].actor_kind == "worker" and found[1].get("how") != "phone"


mark_of = event_messages.mark_of


def told_key(place: Attendance) -> str:
    """The key of what is said of a place as it is now."""
    return event_messages.told_key(place.id, place.event.starts_at)


def by_link(token: str) -> tuple[Attendance, bool]:
    """The place of a confirmation's link, and whether the event is still when the e-mail told it.  Raises NotFound."""
    name, _, start = links.unsealed("appointment", token).rpartition(".")
    found = Attendance.select(Attendance, Individual, Event, Worker, Site).join(Individual).switch(Attendance).join(Event).join(Worker)
    place: Attendance | None = found.switch(Event).join(Site).where(Attendance.public_id == name).first()
    if place is None:
        raise NotFound
    return place, start == mark_of(place.event)


def standing(place: Attendance, *, is_current: bool) -> str:
    """What the page of a link says: ``open``, ``confirmed``, ``moved``, ``cancelled``, ``past``, or ``off`` where it is not taken."""
    event = place.event
    if event.state != "booked" or place.state in ("cancelled_by_client", "late_cancelled"):
        return "cancelled"
    if event.starts_at <= clock.now() or place.state != "booked":
        return "past"
    if not is_current:
        return "moved"
    if place.confirmed_at is not None:
        return "confirmed"
    return "open" if settings.get("confirming") else "off"


def _must_be_ahead(event: Event, place: Attendance, now: dt.datetime) -> None:
    if event.state != "booked" or place.state not in ("booked",):
        raise RuleBroken(N_("This appointment was cancelled or is over."), code="over")
    if event.starts_at <= now:
        raise RuleBroken(N_("This appointment has begun already."), code="past")


def _must_be_shown(event: Event, shown: str) -> None:
    """Who says something of a time says it of the one that they saw."""
    if shown and shown != mark_of(event):
        raise RuleBroken(N_("This appointment was moved meanwhile. Look at it again."), code="moved")
