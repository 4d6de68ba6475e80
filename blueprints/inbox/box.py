"""What stands at the box before a client writes: who reads it, by when they are answered, and whom to call when it cannot wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from blueprints.inbox import starts
from domain import agency, answering, clock, covers, house_texts, texts
from models import Discussion
from web import formatting
from web.languages import gettext as _
from web.languages import spoken


class Box(NamedTuple):
    """Sentences in the order in which they stand, and the emergency line."""

    lines: Sequence[str]
    emergency: str


def of_new(offered: Sequence[starts.Addressee]) -> Box:
    """Of a discussion that is to be begun."""
    return Box([*_closed(), *starts.promises(offered)], house_texts.emergency_line(spoken()))


def of(found: Discussion) -> Box:
    """Of one that is there."""
    return Box([_read_by(found), *_closed(), *_promise(found)], house_texts.emergency_line(spoken()))


def _read_by(found: Discussion) -> str:
    worker = found.worker if found.worker_id is not None else None
    if worker is None or not worker.is_active:
        cover = covers.reader_of(worker) if worker is not None else None
        name = cover.client_name if cover is not None else starts.name_of_waiting(found.category if worker is None else covers.EVERYBODYS)
        return _("%(name)s reads what you write here.", name=name) if name else _("Our team reads what you write here.")
    absence = covers.away_now().get(worker.id)
    if absence is not None:
        return answering.away_text(absence, spoken(), found.individual)
    return _("%(name)s reads what you write here.", name=worker.client_name)


def _promise(found: Discussion) -> list[str]:
    if answering.is_late(found):
        return [_("Your answer takes longer than we promised. We are sorry.")]
    at = answering.promise_of(found)
    return [_("We answer by %(day)s.", day=formatting.weekday(answering.day_of_promise(at)))] if at is not None else []


def _closed() -> list[str]:
    now = clock.now()
    if answering.is_open(now):
        return []
    opens = answering.opens(now)
    return [_("We are closed now. We open again on %(when)s.", when=_moment(opens))] if opens is not None else [_("We are closed now.")]


def _moment(at: dt.datetime) -> str:
    there = at.astimezone(agency.zone())
    return formatting.weekday(there.date()) + texts.hour(spoken(), there)  # in one piece: two within one would stand the wrong way round
