"""Notices of the Inbox: put there with their cause, withdrawn with it, read by who opens what they tell of (spec 04, Inbox)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from domain import clock, store
from models import Attendance, Delivery, Document, Individual, Notice, ProfileChange

ASKING = ("event_confirmation", "request_offered")  # what can be answered until the time comes


def is_past(now: Any) -> Any:
    """The condition for what asks of a time that is over: it counts as read, though nobody opened it."""
    return Notice.kind.in_(ASKING) & (Notice.starts_at <= now)


def is_new(notice: Notice) -> bool:
    """True for what its reader has not seen, unless it asks of a time that is over."""
    return bool(notice.is_unread and not (notice.kind in ASKING and notice.starts_at <= clock.now()))


def put(delivery: Delivery, place: Attendance, starts_at: dt.datetime) -> None:
    """What an e-mail to a client tells stands in the Inbox as well, from the moment on from which it may leave."""
    Notice.create(individual=place.individual_id, kind=delivery.kind, attendance=place, delivery=delivery, starts_at=starts_at,
                  at=delivery.next_at)  # fmt: skip


def put_change(change: ProfileChange, kind: str) -> None:
    """What became of a change that a client asked for: ``change_accepted`` or ``change_declined``."""
    Notice.create(individual=change.individual_id, kind=kind, change=change, at=clock.now())


def put_documents(kind: str, documents: Sequence[Document]) -> None:
    """That each of these is to be done, or is due: ``document_assigned`` or ``document_due``."""
    now = clock.now()
    store.insert_rows([Notice(individual=each.individual_id, kind=kind, document=each.id, at=now) for each in documents])


def end_documents(numbers: Sequence[int], *, is_withdrawn: bool) -> None:
    """What tells of these documents is no news any more, and where they were withdrawn, it never was any."""
    theirs = Notice.update(is_unread=False, is_withdrawn=is_withdrawn).where(Notice.document.in_(numbers))
    theirs.where(Notice.is_unread | is_withdrawn).execute()


def put_off(delivery: int, at: dt.datetime, starts_at: dt.datetime) -> None:
    """What waits is told at another moment, or of another time; what was withdrawn comes back."""
    theirs = Notice.update(at=at, starts_at=starts_at, is_withdrawn=False, is_unread=True, read_at=None)
    theirs.where(Notice.delivery == delivery, (Notice.at != at) | (Notice.starts_at != starts_at) | Notice.is_withdrawn).execute()


def withdraw(deliveries: Any) -> None:
    """The e-mails of these are cancelled before they left, because something else is true by now; ``deliveries`` asks for their
    numbers."""
    Notice.update(is_withdrawn=True, is_unread=False).where(Notice.delivery.in_(deliveries), ~Notice.is_withdrawn).execute()


def new_of(individual: Individual, place: Attendance | None = None, *, is_change: bool = False) -> Any:
    """The question for what is new in somebody's Inbox: all of it, of one place of theirs, or of what they asked to have changed."""
    theirs = (Notice.individual == individual) & Notice.is_unread & (Notice.at <= clock.now()) & ~is_past(clock.now())
    if is_change:
        theirs &= Notice.change.is_null(False)
    return theirs & (Notice.attendance == place) if place is not None else theirs


def has_new(individual: Individual, place: Attendance | None = None, *, is_change: bool = False) -> bool:
    """Whether there is any of that."""
    return bool(Notice.select().where(new_of(individual, place, is_change=is_change)).exists())


def seen(individual: Individual, place: Attendance | None = None, *, is_change: bool = False) -> int:
    """They have seen that; how many were new."""
    with store.writing():
        told = Notice.update(is_unread=False, read_at=clock.now())
        return int(told.where(new_of(individual, place, is_change=is_change)).execute())


def seen_documents(individual: Individual) -> int:
    """They have seen what there is to do; how many notices of it were new."""
    with store.writing():
        told = Notice.update(is_unread=False, read_at=clock.now())
        return int(told.where(new_of(individual), Notice.document.is_null(False)).execute())


def begin(individual: Individual) -> None:
    """Somebody enters the portal for the first time: what was told of appointments that are over is no news to them."""
    mine = (Notice.individual == individual) & Notice.is_unread & (Notice.starts_at <= clock.now())
    with store.writing():
        Notice.update(is_unread=False, read_at=clock.now()).where(mine).execute()
