"""How a discussion stands for staff: what it is about, who reads it now, and by when the client was promised an answer."""

from __future__ import annotations

from flask import g, url_for

from blueprints.admin import event_words
from domain import answering, covers, discussions, texts, threads
from domain.rules import NotFound
from models import Discussion
from web import formatting
from web.languages import gettext as _
from web.languages import spoken


def about(found: Discussion) -> tuple[str, str]:
    """What it is about, and where that is for the reader; empty for nothing."""
    if found.event_id is not None:
        event = found.event
        try:
            whole = g.viewer.event(event.public_id)
        except NotFound:
            return _("an appointment"), ""
        when = _("%(day)s, %(time)s", day=event_words.date(whole), time=event_words.time(whole))
        return str(when), _to("event", event_id=event.public_id)
    if found.enrolment_id is not None:
        file = found.enrolment
        here = {"public_id": file.individual.public_id, "enrolment_id": file.public_id}
        return file.service.name, _to("enrolment", **here) if file.individual_id == found.individual_id else ""
    if (group := threads.group_of(found)) is not None:
        return group.name, _to("group", public_id=group.public_id) if g.viewer.may("manage_services") else ""
    return "", ""


def _to(name: str, **where: str) -> str:
    return url_for(f"admin.{name}", **where)


def lines(found: Discussion) -> list[str]:
    """Who reads it instead of who has it, and by when the client was promised an answer."""
    said = [_reading(found)]
    if found.waits_since is not None and found.answer_by is not None:
        said.append(_("Answer promised by %(day)s", day=formatting.weekday(answering.day_of_promise(found.answer_by))))
    return [line for line in said if line]


def _reading(found: Discussion) -> str:
    if found.worker_id is None:
        return ""
    reader = covers.reader_of(found.worker)
    if not found.worker.is_active:
        gone = _("They have left, so it waits in the category Intake.")
        return _("They have left. %(name)s reads it now.", name=reader.name) if reader else gone
    absence = covers.away_now().get(found.worker_id)
    if absence is None:
        return ""
    day = formatting.weekday(absence.ends_on)
    if reader is None:
        return _("They are away until %(day)s, and nobody reads it meanwhile.", day=day)
    if covers.reads_for(found.worker, found.individual) is None:
        return _("They are away until %(day)s. %(name)s may not see this client, so it waits in the category Intake.", day=day,
                 name=reader.name)  # fmt: skip
    return _("They are away until %(day)s. %(name)s reads it meanwhile.", day=day, name=reader.name)


def whose(found: Discussion) -> str:
    """For whom the reader answers it; empty where it is their own."""
    if found.worker_id is None or found.worker_id == g.viewer.worker.id:
        return ""
    return str(_("for %(name)s", name=found.worker.name))


def left_it(found: Discussion) -> str:
    """Why nobody can write in it any more; empty where somebody can."""
    refused = discussions.may_not_answer(found)
    return texts.refusal(spoken(), refused) if refused else ""
