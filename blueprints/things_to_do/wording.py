"""How what is to do is told: its title, who asked, by when, how long it takes, how far somebody is, what became of it."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from domain import agency, events
from domain.document_parts import Form, say
from domain.things_to_do import Thing
from models import Document
from web import formatting
from web.addresses import url_for
from web.languages import gettext as _
from web.languages import ngettext, spoken


class Row(NamedTuple):
    """A line of the list, as ``ui.row`` takes it; without ``href`` its turn has not come."""

    href: str
    title: str
    line: str
    state: str
    tone: str
    icon: str


def own() -> str:
    """The agency's language."""
    house = agency.current()
    return str(house.language) if house else "en"


def title(form: Form) -> str:
    """What a form is called."""
    return say(form.title, spoken(), own())


def row(thing: Thing) -> Row:
    """A line of what is to do."""
    document, form = thing.document, thing.form
    href = "" if thing.waits else url_for("things_to_do.show", document_id=document.public_id)
    line = formatting.dotted([due(document.due_on), asked_by(document), takes(form)])
    state, tone = _state(thing)
    return Row(href, title(form), line, state, tone, "file-text" if form.kind == "letter" else "pencil")


def _state(thing: Thing) -> tuple[str, str]:
    if thing.waits:
        return _("not yet"), "info"
    if thing.is_overdue:
        return _("overdue"), "bad"
    if not thing.is_begun:
        return "", "info"
    return (_("begun: %(step)s of %(steps)s", step=thing.page, steps=thing.pages) if thing.page else _("begun")), "warn"


def done_row(thing: Thing) -> Row:
    """A line of what is over."""
    document = thing.document
    names = {"completed": _("sent"), "declined": _("declined"), "withdrawn": _("no longer needed")}
    tones = {"completed": "good", "declined": "warn"}
    href = url_for("things_to_do.show", document_id=document.public_id)
    return Row(href, title(thing.form), formatting.day(document.ended_at.astimezone(agency.zone()).date()), names[document.state],
               tones.get(document.state, "info"), "check")  # fmt: skip


def due(day: dt.date | None) -> str:
    """By when, in words: ``due tomorrow``."""
    if day is None:
        return ""
    ahead = (day - agency.today()).days
    if ahead < 0:
        return ngettext("was due yesterday", "was due %(num)s days ago", -ahead)
    if ahead in (0, 1):
        return _("due today") if ahead == 0 else _("due tomorrow")
    return _("due on %(day)s", day=formatting.weekday(day, with_year=ahead > 180))


def asked_by(document: Document) -> str:
    """Who asked."""
    return _("from %(name)s", name=events.called(document.assigned_by)) if document.assigned_by_id is not None else _("from our team")


def takes(form: Form) -> str:
    """How long it takes; nothing where nobody said."""
    return ngettext("takes about a minute", "takes about %(num)s minutes", form.minutes) if form.minutes else ""
