"""Home."""

from flask import g

from blueprints.calendar import wording
from blueprints.home import bp
from domain import agency, clock, offers
from web.addresses import url_for
from web.fragments import page
from web.languages import gettext as _


@bp.get("/")
def show():
    following, soon = g.viewer.soon
    now = [*_offered(), *(_told(place, is_asked=is_asked) for place, is_asked in soon)]
    return page(
        "home/show.html", greeting=_greeting(g.viewer.individual.called), now=now,
        unread=g.viewer.unread,
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


def _greeting(name: str) -> str:
    hour = clock.now().astimezone(agency.zone()).hour
    if 4 <= hour < 12:
        return _("Good morning, %(name)s", name=name)
    return _("Good afternoon, %(name)s", name=name) if 12 <= hour < 18 else _("Good evening, %(name)s", name=name)
