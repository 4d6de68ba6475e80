"""Home."""

from flask import g

from blueprints.calendar import wording
from blueprints.home import bp
from blueprints.things_to_do import wording as things
from domain import agency, clock, offers, things_to_do
from web.addresses import url_for
from web.fragments import page
from web.languages import gettext as _
from web.languages import ngettext


@bp.get("/")
def show():
    following, soon = g.viewer.soon
    todo = things_to_do.waiting(g.viewer.individual) if things_to_do.is_on() else None
    now = [*_offered(), *_due(todo), *(_told(place, is_asked=is_asked) for place, is_asked in soon)]
    return page(
        "home/show.html", greeting=_greeting(g.viewer.individual.called), now=now,
        unread=g.viewer.unread, things=_things(todo), has_things=todo is not None,
        following=wording.starts(wording.Shown(following)) if following else "",
    )  # fmt: skip


def _told(place, *, is_asked: bool) -> dict[str, str]:
    """Somebody may look over the shoulder: neither with whom nor for what."""
    return {
        "href": url_for("calendar.event", place_id=place.public_id), "icon": "calendar", "title": wording.starts(wording.Shown(place)),
        "line": _("Please say that you come.") if is_asked else _("Your appointment"),
    }  # fmt: skip


def _offered() -> list[dict[str, str]]:
    """The other times that they are to answer."""
    return [
        {"href": row.href, "icon": "clock", "tone": "warn", "title": row.title, "line": _("Another time is offered. Please answer.")}
        for row in wording.asked(g.viewer.offered if offers.is_open() else ())
    ]


def _due(todo: things_to_do.Waiting | None) -> list[dict[str, str]]:
    """What is due by tomorrow, or was: what it is somebody looking over the shoulder does not learn."""
    return [
        {"href": url_for("things_to_do.show", document_id=each.public_id), "icon": "list-checks",
         "tone": "bad" if each.is_overdue else "warn", "title": _sentence(things.due(each.due_on)),
         "line": _("Something to fill in or to sign")}
        for each in (todo.due if todo else ())
    ]  # fmt: skip


def _things(todo: things_to_do.Waiting | None) -> str:
    """How much there is to do, for the tile."""
    return "" if todo is None else ngettext("%(num)s to do", "%(num)s to do", todo.count) if todo.count else _("Nothing to do")


def _sentence(text: str) -> str:
    """Words as they stand at the beginning of a line."""
    return text[:1].upper() + text[1:]


def _greeting(name: str) -> str:
    hour = clock.now().astimezone(agency.zone()).hour
    if 4 <= hour < 12:
        return _("Good morning, %(name)s", name=name)
    return _("Good afternoon, %(name)s", name=name) if 12 <= hour < 18 else _("Good evening, %(name)s", name=name)
