"""My Services: an overview, and a timeline of what happened."""

from flask import g, request

from blueprints import paging
from blueprints.calendar import wording as events
from blueprints.my_services import bp
from domain import agency, offers, services, settings
from domain.my_services import Happened
from web import formatting
from web.addresses import url_for
from web.fragments import page
from web.languages import gettext as _


@bp.get("/")
def show():
    open_, groups, closed = g.viewer.services
    return page("my_services/show.html", open=open_, groups=groups, closed=closed, shown=events.Shown, named=services.shown_name,
                may_request=offers.is_open(), may_write=settings.may_begin("begin_from_service"), phone=agency.support_phone())  # fmt: skip


@bp.get("/timeline")
def timeline():
    files, met = g.viewer.enrolments, g.viewer.services_met
    choices = {each.public_id: services.shown_name(each) for each in (*(file.service for file in files), *met)}
    chosen = request.args.get("service", "")
    number = paging.asked_page()
    lines, has_more = g.viewer.happened(files, chosen, number, met)
    older = url_for("my_services.timeline", service=chosen or None, page=number + 1) if has_more else None
    return page("my_services/timeline.html", days=_days(lines), choices=choices, chosen=chosen, older=older)


def _days(lines: list[Happened]) -> list[tuple[str, list[events.Row]]]:
    """The lines by the day on which they happened."""
    found: list[tuple[str, list[events.Row]]] = []
    for line in lines:
        shown = events.Shown(line.place) if line.place else None
        title = formatting.weekday(shown.begins.date() if shown else line.day, with_year=True)
        if not found or found[-1][0] != title:
            found.append((title, []))
        found[-1][1].append(_told(line, shown))
    return found


def _told(line: Happened, shown: events.Shown | None) -> events.Row:
    name = services.shown_name(line.of)
    if shown is None:
        return events.Row("", _("You joined") if line.what == "opened" else _("It ended"), formatting.dotted([name]))
    href = url_for("calendar.event", place_id=line.place.public_id)
    return events.Row(href, _("You attended"), formatting.dotted((shown.title, shown.worker, shown.time)))
