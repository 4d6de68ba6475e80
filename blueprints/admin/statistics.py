"""Figures of the agency, as charts with their tables and as a file."""

from flask import current_app

from blueprints.admin import bp, wording
from domain import spreadsheet, statistics
from web import formatting
from web.access import right
from web.fragments import page
from web.languages import gettext as _


@bp.get("/statistics/")
@right("view_statistics")
def statistics_page():
    seen = statistics.overview()
    by_state = [(_(wording.FIGURES[state]), count) for state, count in (seen.states or {}).items()]
    charts = [
        (_(wording.FIGURES[name]), [(formatting.day(week.begins), week.counts[name]) for week in seen.weeks])
        for name in statistics.EVENTS
    ]
    return page("admin/statistics.html", seen=seen, by_state=by_state, charts=charts)


@bp.get("/statistics/days.csv")
@right("view_statistics")
def statistics_file():
    names = (*statistics.EVENTS, *statistics.STATES, "recent")
    heading = [_("Day"), *(_(wording.FIGURES[name]) for name in names)]
    rows = [[day.isoformat(), *(figures.get(name, "") for name in names)] for day, figures in statistics.days()]
    answer = current_app.response_class(spreadsheet.written([heading, *rows]), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="days.csv"'
    return answer
