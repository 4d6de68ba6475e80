"""When clients are answered: office hours, the promised day, and what the portal answers by itself (docs/decisions/0035-answers.md).

Hours are those of the clock at the main site.  Nobody is promised a day on which nobody works.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from domain import agency, audit, clock, covers, profile, settings, store, texts, wall_clock
from domain.actor import Actor
from domain.letter_parts import language_for
from domain.rules import N_, STALE, RuleBroken, together
from models import (
    ANSWER_LETTERS,
    Discussion,
    Holiday,
    Individual,
    Message,
    OfficeDay,
    OfficeText,
    Worker,
    WorkerAbsence,
    WorkerCategory,
)

DAY = 24 * 60
LOOKED_AHEAD = 800  # days; after these nobody is promised anything
OUTSIDE = "outside"
Week = dict[int, tuple[int, int]]  # the days of the week on which somebody is there, with from when to when
_USUAL: Week = dict.fromkeys(range(5), (0, DAY))  # as long as the agency has not said when it is open


# ---------------------------------------------------------------- office hours


def week() -> Week:
    """The office hours that the agency wrote down; nothing as long as it has not."""
    return store.keep("office days", lambda: {day.weekday: (day.begins, day.ends) for day in OfficeDay.select()})


def outside_texts() -> dict[str, str]:
    """What is answered by itself outside office hours, in each language; empty for nothing."""
    written = office_texts()
    return {language: written.get((OUTSIDE, language), "") for language in texts.LANGUAGES}


def office_texts() -> dict[tuple[str, str], str]:
    """All texts of this kind, by what they are and their language."""
    return store.keep("office texts", lambda: {(row.key, row.language): row.body for row in OfficeText.select()})


def open_hours(hours: Week, outside: Mapping[str, str], by: Actor, *, as_opened: agency.AsOpened = agency.always) -> None:
    """Set the office hours and what is answered outside them.

    Raises RuleBroken: ``backwards`` (field ``until_`` and the day) and for the texts (field ``text_`` and the language); ``stale``
    where ``as_opened`` says of what is saved that the page did not show it.
    """
    good = dict(zip(texts.LANGUAGES, together(
        *(lambda code=code: profile.clean(outside.get(code, ""), f"text_{code}", ANSWER_LETTERS, lines=True) for code in texts.LANGUAGES),
        *(lambda day=day, span=span: check_span(day, *span) for day, span in hours.items()),
    ), strict=False))  # fmt: skip
    with store.writing():
        store.one_at_a_time("office hours")
        before = as_typed()
        if not as_opened(before):
            raise RuleBroken(STALE, code="stale")
        OfficeDay.delete().execute()
        for day, (begins, ends) in sorted(hours.items()):
            OfficeDay.create(weekday=day, begins=begins, ends=ends)
        write_texts({OUTSIDE: good})
        store.forget()
        after = as_typed()
        if before != after:
            audit.record("office_hours.changed", by, before=before, after=after)


def check_span(day: int, begins: int, ends: int) -> None:
    """Raises RuleBroken ``backwards`` (field ``until_`` and the day)."""
    if not 0 <= begins < ends <= DAY:
        raise RuleBroken(N_("The end must be later than the start, and at midnight at the latest."), code="backwards", field=f"until_{day}")


def as_typed() -> dict[str, str]:
    """What is saved, as a form shows it."""
    shown: dict[str, str] = {}
    for day in range(7):
        begins, ends = week().get(day, (None, None))
        shown |= {f"from_{day}": told(begins), f"until_{day}": told(ends)}
    return shown | {f"text_{code}": body for code, body in outside_texts().items()}


def told(minute: int | None) -> str:
    """A time of day as it is typed: ``9:00``; empty for none."""
    return "" if minute is None else f"{minute // 60}:{minute % 60:02}"


def write_texts(wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Set some of these texts in each language, inside a transaction; an empty one is none."""
    for key, bodies in wanted.items():
        OfficeText.delete().where(OfficeText.key == key).execute()
        for language, body in bodies.items():
            if body:
                OfficeText.create(key=key, language=language, body=body)
    store.forget()


def is_open(moment: dt.datetime) -> bool:
    """True within office hours, and always as long as there are none."""
    if not week():
        return True
    there = wall_clock.local(moment, _zone())
    span = week().get(there.weekday()) if there.date() not in _holidays() else None
    return span is not None and _at(there.date(), span[0]) <= moment < _at(there.date(), span[1])


def opens(moment: dt.datetime) -> dt.datetime | None:
    """When the agency opens next after a moment outside its hours; None for not in the next years."""
    found = (_at(day, begins) for day, begins, _ in _working_days(wall_clock.day_of(moment, _zone())))
    return next((at for at in found if at > moment), None)


def _working_days(first: dt.date) -> Iterator[tuple[dt.date, int, int]]:
    """The days on which somebody works, from one on, with their hours."""
    hours, closed = week() or _USUAL, _holidays()
    for number in range(LOOKED_AHEAD):
        day = first + dt.timedelta(days=number)
        if day.weekday() in hours and day not in closed:
            yield day, *hours[day.weekday()]


def _at(day: dt.date, minute: int) -> dt.datetime:
    """The moment at which the clock shows this; of one that the change of the clocks leaves out the one an hour later."""
    there = dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=minute)
    return there.replace(tzinfo=agency.zone()).astimezone(dt.UTC)


def _zone() -> str:
    return agency.zone().key


def _holidays() -> frozenset[dt.date]:
    return store.keep("holidays alone", lambda: frozenset(date for (date,) in Holiday.select(Holiday.date).tuples()))


# ---------------------------------------------------------------- the promise


def promised(since: dt.datetime, days: int) -> dt.datetime | None:
    """The end of the office hours of the day by which is answered what was written at a moment: so many working days after that one,
    or after the next one for what was written when nobody worked any more.  None for no promise."""
    if not days:
        return None
    counted = 0
    for day, _begins, ends in _working_days(wall_clock.day_of(since, _zone())):
        if _at(day, ends) <= since:
            continue
        if counted == days:
            return _at(day, ends)
        counted += 1
    return None


def days_of(category: str) -> int:
    """Within how many working days a category answers; the agency's own number where it says none."""
    own = store.remember("days of categories", _ask_days).get(category) if category else None
    return int(settings.get("answer_days") if own is None else own)


def _ask_days() -> dict[str, int | None]:
    """All of them at once: a choice of many asks for each."""
    return dict(WorkerCategory.select(WorkerCategory.slug, WorkerCategory.answer_days).tuples())


def promise_to(worker: Worker | None, category: str = "") -> dt.datetime | None:
    """By when somebody is answered who writes now to a worker or a category; for who is away without a cover counted from when they
    are back."""
    since = clock.now()
    absence = covers.away_now().get(worker.id) if worker is not None else None
    if worker is not None and worker.is_active and absence is not None and covers.reader_of(worker) is None:
        since = max(since, wall_clock.begins(absence.ends_on + dt.timedelta(days=1), _zone()))
    return promised(since, days_of(category if worker is None else ""))


def day_of_promise(answer_by: dt.datetime) -> dt.date:
    """The day to which a promise goes; one to midnight goes to the day before."""
    return wall_clock.day_of(answer_by - dt.timedelta(minutes=1), _zone())


def promise_of(discussion: Discussion) -> dt.datetime | None:
    """What the client was promised, or will be when they write now; None for nothing, and for a promise that was not kept."""
    if discussion.waits_since is None:
        return promise_to(discussion.worker, discussion.category)
    return discussion.answer_by if discussion.answer_by is not None and discussion.answer_by > clock.now() else None


def is_late(discussion: Discussion) -> bool:
    """True where the client waits longer than they were promised."""
    return discussion.waits_since is not None and discussion.answer_by is not None and discussion.answer_by <= clock.now()


def are_late() -> Any:
    """The same as a condition of a question; never unknown, also not where nothing was promised."""
    return Discussion.waits_since.is_null(False) & Discussion.answer_by.is_null(False) & (Discussion.answer_by <= clock.now())


# ---------------------------------------------------------------- what is answered by itself


def by_itself(discussion: Discussion) -> str:
    """What the portal answers to a client who writes now, in their language: that a worker is away, or that the agency is closed.
    Empty for nothing, and for the second time on a day."""
    absence = covers.away_now().get(discussion.worker_id) if discussion.worker_id is not None else None
    if absence is None and is_open(clock.now()):
        return ""
    language = language_for(discussion.individual)
    said = away_text(absence, language, discussion.individual) if absence is not None else outside_texts()[language]
    return "" if said and _was_said_today(discussion) else said


def away_text(absence: WorkerAbsence, language: str, individual: Individual) -> str:
    """What a client reads while a worker is away: the worker's own words or the portal's, and who reads it meanwhile."""
    own = absence.text or texts.say(language, N_("%(name)s is away until %(day)s."), name=absence.worker.client_name,
                                    day=texts.weekday(language, absence.ends_on, with_year=False))  # fmt: skip
    cover = covers.reads_for(absence.worker, individual)
    if cover is None:
        waits = covers.reader_of(absence.worker) is not None
        return f"{own}\n{texts.say(language, N_('Our team reads what you write here.'))}" if waits else own
    return f"{own}\n{texts.say(language, N_('Meanwhile %(name)s reads what you write here.'), name=cover.client_name)}"


def _was_said_today(discussion: Discussion) -> bool:
    last = Message.select(Message.written_at).where(Message.discussion == discussion.id, Message.author == "automatic")
    found = last.order_by(Message.id.desc()).first()
    return found is not None and wall_clock.day_of(found.written_at, _zone()) == agency.today()
