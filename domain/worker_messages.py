"""Of what each worker is written to, and when: by kind, within what the agency sends (spec 04, staff message settings)."""

from __future__ import annotations

import dataclasses

from domain import audit, clock, settings, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import WAYS, LoginSession, Worker, WorkerChoice, WorkerReminder

# Each kind with the kinds of deliveries that belong to it.  Whatever belongs to none always goes.
KINDS = {
    "message": ("client_wrote", "message_overdue"),
    "event": ("client_requested", "client_booked", "client_cancelled"),
    "alert": ("client_running_late", "client_cannot_come"),
    "confirmation": ("client_confirmed",),
    "no_show": ("client_missed",),
    "reminder": ("event_reminder",),
}
KIND_OF = {delivery: kind for kind, deliveries in KINDS.items() for delivery in deliveries}
NAMES = {
    "message": N_("A client wrote"),
    "event": N_("A client asks for, books or cancels an appointment"),
    "alert": N_("A client is running late or cannot come"),
    "confirmation": N_("A client confirms"),
    "no_show": N_("A colleague wrote down that a client did not come"),
    "reminder": N_("Reminders before appointments"),
}
WAY_NAMES = {"always": N_("E-mail"), "away": N_("E-mail, only when I am not signed in"), "none": N_("No e-mail")}
AT_FIRST = {"confirmation": "none"}  # all others: always
MOST_MINUTES = 10_080  # a week
NOT_WANTED = N_("The worker does not want e-mails of this kind.")
SIGNED_IN = N_("The worker was signed in.")


def is_on(kind: str) -> bool:
    """True where the agency writes to workers of a kind."""
    return bool(settings.get("worker_delivery") and settings.get(f"worker_mail_{kind}"))


def offered() -> tuple[str, ...]:
    """The kinds that the agency sends at all."""
    return tuple(kind for kind in KINDS if is_on(kind))


def ways_of(worker: Worker, channel: str = "email") -> dict[str, str]:
    """For each kind when a worker wants it: ``always``, ``away`` (only while not signed in) or ``none``."""
    mine = WorkerChoice.select(WorkerChoice.kind, WorkerChoice.way).where(WorkerChoice.worker == worker, WorkerChoice.channel == channel)
    chosen = dict(mine.tuples())
    return {kind: chosen.get(kind, AT_FIRST.get(kind, "always")) for kind in KINDS}


def wants(worker: Worker, kind: str) -> bool:
    """True where it is worth writing a row: the agency sends it, and the worker wants it at least sometimes."""
    return is_on(kind) and ways_of(worker)[kind] != "none"


def is_signed_in(worker: Worker) -> bool:
    """True when a worker's browser was heard of not long ago."""
    since = clock.ago(minutes=min(settings.get("signed_in_minutes"), settings.get("idle_minutes")))
    living = LoginSession.seen_at > since, LoginSession.created_at > clock.ago(hours=settings.get("session_hours"))
    return bool(LoginSession.select().where(LoginSession.worker == worker, *living).exists())


@dataclasses.dataclass(frozen=True)
class Minutes:
    """How long before their appointments somebody is reminded; 0 is not at all."""

    any: int = 0
    first: int = 0


def minutes_of(worker: Worker) -> Minutes:
    """How long before their appointments a worker is reminded."""
    row = WorkerReminder.get_or_none(WorkerReminder.worker == worker)
    return Minutes(row.minutes, row.first_minutes) if row else Minutes()


def check_minutes(any_: int, first: int) -> None:
    """Raises RuleBroken for a number that is no time before an appointment."""
    for field, value in (("minutes", any_), ("first_minutes", first)):
        if not 0 <= value <= MOST_MINUTES:
            raise RuleBroken(N_("Enter a number from 0 to %(most)s."), code="minutes", field=field, most=MOST_MINUTES)


def choose(worker: Worker, ways: dict[str, str], minutes: Minutes, by: Actor) -> None:
    """A worker says of what they are written to; what waits of reminders follows.  Raises RuleBroken."""
    check_minutes(minutes.any, minutes.first)
    if any(way not in WAYS for way in ways.values()) or not ways.keys() <= KINDS.keys():
        raise RuleBroken(N_("Choose one of the list."), code="way")
    with store.writing():
        store.hold(worker)
        before = _told(ways_of(worker), minutes_of(worker))
        for kind, way in ways.items():
            row = {"worker": worker, "channel": "email", "kind": kind, "way": way}
            target = [WorkerChoice.worker, WorkerChoice.channel, WorkerChoice.kind]
            WorkerChoice.insert(row).on_conflict(conflict_target=target, preserve=[WorkerChoice.way]).execute()
        if minutes != minutes_of(worker):
            _set_minutes(worker, minutes)
        after = _told(ways_of(worker), minutes)
        if after != before:
            audit.record("worker.messages_chosen", by, subject=f"worker {worker.id}", before=before, after=after)


def _set_minutes(worker: Worker, minutes: Minutes) -> None:
    from domain import event_reminders  # which asks here

    row = {"worker": worker, "minutes": minutes.any, "first_minutes": minutes.first, "is_planned": True}
    WorkerReminder.insert(row).on_conflict(
        conflict_target=[WorkerReminder.worker],
        preserve=[WorkerReminder.minutes, WorkerReminder.first_minutes, WorkerReminder.is_planned],
    ).execute()
    event_reminders.plan(worker)


def _told(ways: dict[str, str], minutes: Minutes) -> dict[str, object]:
    return {**ways, "minutes": minutes.any, "first_minutes": minutes.first}
