"""Photos of workers: of the person, and therefore shown to nobody who is not signed in.

They stand in the database, made anew from what was uploaded (``uploads``).  A page asks for their addresses, never for their
bytes.  Staff see them; clients do where the setting ``worker_photos`` says so, and only of who works here.  With somebody's
access their photo goes, too (``workers.end_access``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, BinaryIO

from domain import agency, audit, settings, store, uploads, workers
from domain.actor import Actor
from domain.rules import N_, STALE, RuleBroken
from models import Worker, WorkerPhoto


@dataclasses.dataclass(frozen=True)
class Photo:
    """Where the two sizes of a photo are."""

    small: str
    large: str


def of(worker: Worker) -> Photo | None:
    """The photo of a worker, as staff see it."""
    rows = WorkerPhoto.select(WorkerPhoto.kind, WorkerPhoto.public_id).where(WorkerPhoto.worker == worker).tuples()
    sizes = dict(rows)
    return Photo(**sizes) if sizes else None


def shown_of(worker: Worker) -> Photo | None:
    """The photo of a worker, as clients see it."""
    return of(worker) if worker.is_active and is_shown() else None


def shown_among(staff: Sequence[Worker]) -> dict[int, Photo]:
    """The photos of workers who are here, as clients see them, by the number of the worker."""
    sizes: dict[int, dict[str, str]] = {}
    theirs = WorkerPhoto.select(WorkerPhoto.worker, WorkerPhoto.kind, WorkerPhoto.public_id)
    for worker, kind, public_id in theirs.where(WorkerPhoto.worker.in_([each.id for each in staff])).tuples() if is_shown() else ():
        sizes.setdefault(worker, {})[kind] = public_id
    return {number: Photo(**found) for number, found in sizes.items()}


def is_shown() -> bool:
    """True where clients see photos, too."""
    return bool(settings.get("worker_photos"))


def put(worker: Worker, file: BinaryIO, by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Take a picture as the photo of a worker, in place of the one before.

    Raises RuleBroken (field ``file``), or ``stale``, ``too_high``, ``left``.
    """
    made = uploads.made("photo", file, settings.get("photo_megabytes"))
    with store.writing():
        was = workers.held(worker, workers.begin(by))
        if workers.state(was) == workers.LEFT:
            raise RuleBroken(N_("This person has left already."), code="left")
        if not as_opened({"state": mark(of(was))}):
            raise RuleBroken(STALE, code="stale")
        _rows(was).execute()
        for each in made:
            WorkerPhoto.create(worker=was, **vars(each))
        audit.record("worker.photo_put", by, subject=workers.subject(was))


def remove(worker: Worker, by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Take the photo of a worker away; twice is harmless.  Raises RuleBroken ``too_high``, ``stale``."""
    with store.writing():
        was = workers.held(worker, workers.begin(by))
        if (now := mark(of(was))) and not as_opened({"state": now}):
            raise RuleBroken(STALE, code="stale")
        if _rows(was).execute():
            audit.record("worker.photo_removed", by, subject=workers.subject(was))


def mark(photo: Photo | None) -> str:
    """What is the same as long as nobody put another photo, or took it away."""
    return photo.large if photo else ""


def _rows(worker: Worker) -> Any:
    return WorkerPhoto.delete().where(WorkerPhoto.worker == worker)
