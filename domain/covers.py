"""Who is away, who reads meanwhile what clients write to them, and who is told of it (docs/decisions/0035-answers.md).

A cover never sees more than before: where they may not see the client, the message waits in the category for everybody.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from peewee import SQL, Case, fn

from domain import agency, audit, caseloads, clock, handover, profile, statements, store
from domain.actor import Actor
from domain.caseloads import EVERYBODYS as EVERYBODYS
from domain.rules import N_, NotFound, RuleBroken, together
from models import (
    ANSWER_LETTERS,
    CategoryMember,
    Discussion,
    DiscussionFollower,
    Individual,
    SecurityClass,
    Worker,
    WorkerAbsence,
    WorkerCategory,
)

_Cover = Worker.alias()


# ---------------------------------------------------------------- absences


@dataclasses.dataclass(frozen=True)
class Away:
    """What is typed of an absence: the first and the last day, and what clients read then, if not the portal's own sentence."""

    starts_on: dt.date
    ends_on: dt.date
    cover: Worker | None = None
    text: str = ""

    def checked(self) -> Away:
        """The same, tidy.  Raises RuleBroken with every field that is wrong."""
        _, text = together(self._check_days, lambda: profile.clean(self.text, "text", ANSWER_LETTERS, lines=True))
        return dataclasses.replace(self, text=text)

    def _check_days(self) -> None:
        today = agency.today()
        if self.ends_on < self.starts_on:
            raise RuleBroken(N_("The last day is before the first one."), code="backwards", field="ends_on")
        if self.ends_on < today:
            raise RuleBroken(N_("This day is over. Enter one from today on."), code="over", field="ends_on")
        if self.ends_on.year > today.year + 5:
            raise RuleBroken(N_("Enter a year from %(first)s to %(last)s."), code="far", field="ends_on", first=today.year,
                             last=today.year + 5)  # fmt: skip


def be_away(worker: Worker, typed: Away, by: Actor) -> WorkerAbsence:
    """Note that a worker is away.  Raises RuleBroken: ``overlaps`` for days of another absence, ``left``, ``bad_cover``, and as
    ``Away.checked``."""
    good = typed.checked()
    with store.writing():
        for each in sorted({worker.id, *([good.cover.id] if good.cover else [])}):
            store.hold(Worker(id=each))
        if not _is_here(worker.id):
            raise RuleBroken(N_("This person has left already."), code="left")
        if good.cover is not None and (good.cover.id == worker.id or not _is_here(good.cover.id)):
            raise RuleBroken(N_("Choose somebody who works here."), code="bad_cover", field="cover")
        both = (WorkerAbsence.starts_on <= good.ends_on) & (WorkerAbsence.ends_on >= good.starts_on)
        if WorkerAbsence.select().where(WorkerAbsence.worker == worker, both).exists():
            raise RuleBroken(N_("You are away on one of these days already. Remove that one first."), code="overlaps", field="starts_on")
        made: WorkerAbsence = WorkerAbsence.create(
            worker=worker, cover=good.cover, starts_on=good.starts_on, ends_on=good.ends_on, text=good.text, created_at=clock.now()
        )
        audit.record("absence.changed", by, subject=f"worker {worker.id}", before=None, after=_told(made))
    return made


def come_back(absence: WorkerAbsence, by: Actor) -> None:
    """They are not away then.  Twice is harmless."""
    with store.writing():
        store.hold(Worker(id=absence.worker_id))
        if WorkerAbsence.delete().where(WorkerAbsence.id == absence.id).execute():
            audit.record("absence.changed", by, subject=f"worker {absence.worker_id}", before=_told(absence), after=None)


def _told(absence: WorkerAbsence) -> dict[str, Any]:
    return {"starts_on": absence.starts_on.isoformat(), "ends_on": absence.ends_on.isoformat(), "cover": absence.cover_id}


def _is_here(number: int) -> bool:
    return bool(Worker.select().where(Worker.id == number, Worker.is_active).exists())


def absences_of(worker: Worker) -> list[WorkerAbsence]:
    """A worker's absences that are not over, the next one first."""
    mine = _whole().where(WorkerAbsence.worker == worker, WorkerAbsence.ends_on >= agency.today())
    return list(mine.order_by(WorkerAbsence.starts_on))


def find_absence(worker: Worker, public_id: str) -> WorkerAbsence:
    """One of a worker's absences.  Raises NotFound."""
    found: WorkerAbsence | None = _whole().where(WorkerAbsence.worker == worker, WorkerAbsence.public_id == public_id).first()
    if found is None:
        raise NotFound
    return found


def _whole() -> Any:
    every = WorkerAbsence.select(WorkerAbsence, Worker, _Cover).join(Worker, on=(WorkerAbsence.worker == Worker.id))
    return every.switch(WorkerAbsence).left_outer_join(_Cover, on=(WorkerAbsence.cover == _Cover.id), attr="cover")


# ---------------------------------------------------------------- now


def away_now() -> dict[int, WorkerAbsence]:
    """Who is away today, by the number of the worker: asked once for each page."""
    return store.remember("away now", _ask_away)


def _ask_away() -> dict[int, WorkerAbsence]:
    today = WorkerAbsence.starts_on.db_value(agency.today())
    return {absence.worker_id: absence for absence in _AWAY.all(today, today)}


_AWAY = statements.Listing(lambda day, same: _whole().where(WorkerAbsence.starts_on <= day, WorkerAbsence.ends_on >= same))


def reader_of(worker: Worker) -> Worker | None:
    """Who reads today what clients write to a worker: they, or who covers for them, or for that one; None for nobody."""
    return _reader_of(worker, away_now())


def _reader_of(worker: Worker, away: dict[int, WorkerAbsence]) -> Worker | None:
    seen: set[int] = set()
    reader: Worker | None = worker
    while reader is not None and (reader.id in away or not reader.is_active):
        if reader.id in seen:
            return None
        seen.add(reader.id)
        absence = away.get(reader.id)
        reader = absence.cover if absence is not None and absence.cover_id is not None else None
    return reader


def reads_for(worker: Worker, individual: Individual) -> Worker | None:
    """The same of what one client writes; None also where that one may not see the client, and it waits for anybody."""
    reader = reader_of(worker)
    return reader if reader is not None and _may_see(individual, [reader]) else None


def _covers() -> list[tuple[int, Worker]]:
    """The numbers of those who are away today, each with who reads it instead."""
    away = away_now()
    found = ((number, _reader_of(absence.worker, away)) for number, absence in away.items())
    return [(number, reader) for number, reader in found if reader is not None]


# ---------------------------------------------------------------- whose a message is to answer


def is_nobodys() -> Any:
    """True of a discussion that nobody has, or somebody who has left."""
    return Discussion.worker.is_null() | Discussion.worker.in_(Worker.select(Worker.id).where(~Worker.is_active))


def is_anybodys() -> Any:
    """True of a discussion that waits for anybody: nobody has it, or who reads it today instead of who has it may not see the client."""
    anybodys = is_nobodys()
    for number, reader in _covers():
        if not handover.sees_everybody(reader):
            anybodys |= (Discussion.worker == number) & Discussion.individual.not_in(caseloads.caseload_of(reader))
    return anybodys


def is_for(worker: Worker) -> Any:
    """True of a discussion whose messages are a worker's to answer: they have or follow it, stand in for who has it, or it waits in a
    category of theirs."""
    follows = DiscussionFollower.select(DiscussionFollower.discussion).where(DiscussionFollower.worker == worker)
    has = [worker.id, *(number for number, reader in _covers() if reader.id == worker.id)]
    return Discussion.worker.in_(has) | Discussion.id.in_(follows)


def waits_in_categories_of(worker: Worker) -> Any:
    """True of a discussion that waits in a category of a worker's; what somebody has who left, or whose cover may not see the client,
    waits in everybody's."""
    slugs = WorkerCategory.select(WorkerCategory.slug).join(CategoryMember).where(CategoryMember.worker == worker)
    gone = Discussion.worker.is_null(False) & fn.EXISTS(slugs.where(WorkerCategory.slug == EVERYBODYS))
    return is_anybodys() & ((Discussion.worker.is_null() & Discussion.category.in_(slugs)) | gone)


def is_left_alone_for(worker: Worker) -> Any:
    """True for the members of everybody's category of what somebody has who is away without a cover: once it is late, they answer it."""
    alone = [number for number, absence in away_now().items() if _reader_of(absence.worker, away_now()) is None]
    if not alone:
        return SQL("1 = 0")
    slugs = CategoryMember.select(CategoryMember.id).join(WorkerCategory)
    return Discussion.worker.in_(alone) & fn.EXISTS(slugs.where(CategoryMember.worker == worker, WorkerCategory.slug == EVERYBODYS))


def is_unwatched() -> Any:
    """True of a discussion that waits for anybody where nobody is who may see the client: all who see everybody look after it."""
    return is_anybodys() & caseloads.unseen_discussion()


def relies_on(discussion: Discussion, worker: Worker) -> bool:
    """True where a worker's reading is the reading of those who are to answer: it is theirs, or waits in a category of theirs."""
    return stands_to(discussion, worker)[1]


def stands_to(discussion: Discussion, worker: Worker) -> tuple[bool, bool]:
    """Whether a worker follows a discussion, and the same as ``relies_on``, by one question."""
    theirs = is_for(worker) | waits_in_categories_of(worker)
    if handover.sees_everybody(worker):
        theirs |= is_unwatched()
    follows = DiscussionFollower.select(DiscussionFollower.id).where(
        DiscussionFollower.discussion == Discussion.id, DiscussionFollower.worker == worker
    )
    asked = Discussion.select(Case(None, [(fn.EXISTS(follows), 1)], 0), Case(None, [(theirs, 1)], 0))
    told = asked.where(Discussion.id == discussion.id).tuples().first()
    return bool(told[0]), bool(told[1])


def is_lost(discussion: Discussion) -> bool:
    """True where who has it has left, or may not see the client any more."""
    if discussion.worker_id is None:
        return False
    has = Worker.get_by_id(discussion.worker_id)
    return not (has.is_active and _sees(discussion, [has]))


def told(discussion: Discussion) -> list[Worker]:
    """Who is told of what a client wrote: who reads it now, or where it waits the members of that category, of those who may see the
    client; and who follows it, of the same."""
    follows = DiscussionFollower.select(DiscussionFollower.worker).where(DiscussionFollower.discussion == discussion.id)
    found = {each.id: each for each in _sees(discussion, _here().where(Worker.id.in_(follows)))}
    has = Worker.get_by_id(discussion.worker_id) if discussion.worker_id is not None else None
    reader = _reader(has) if has is not None else None
    if reader is not None and _sees(discussion, [reader]):
        return _by_number({**found, reader.id: reader})
    slug = discussion.category if has is None else EVERYBODYS
    return _by_number({**found, **{each.id: each for each in _sees(discussion, members_of(slug))}})


def told_late(discussion: Discussion) -> list[Worker]:
    """Who is told that a promise was not kept: those and, where it waits on somebody without a cover, everybody's category."""
    found = {each.id: each for each in told(discussion)}
    has = Worker.get_by_id(discussion.worker_id) if discussion.worker_id is not None else None
    cover = reader_of(has) if has is not None else None
    if cover is None or has is None or cover.id == has.id:
        found.update({each.id: each for each in _sees(discussion, members_of(EVERYBODYS))})
    return _by_number(found)


def _reader(worker: Worker) -> Worker | None:
    """Who is away without a cover reads it when they come back."""
    return reader_of(worker) or (worker if worker.is_active else None)


def members_of(slug: str) -> list[Worker]:
    """The members of a category who can sign in and are not away; all of them where everybody is."""
    inside = CategoryMember.select(CategoryMember.worker).join(WorkerCategory).where(WorkerCategory.slug == slug)
    every, away = list(_here().where(Worker.id.in_(inside))), away_now()
    return [each for each in every if each.id not in away] or every


def _here() -> Any:
    every = Worker.select(Worker, SecurityClass).left_outer_join(SecurityClass)
    return every.where(Worker.is_active, Worker.password_hash.is_null(False))


def _sees(discussion: Discussion, workers: Iterable[Worker]) -> list[Worker]:
    return _may_see(discussion.individual, workers)


def _may_see(individual: Individual, workers: Iterable[Worker]) -> list[Worker]:
    theirs = caseloads.caseloads_with(individual)
    return [each for each in workers if handover.sees_everybody(each) or each.id in theirs]


def _by_number(found: dict[int, Worker]) -> list[Worker]:
    return [found[number] for number in sorted(found) if found[number].email]
