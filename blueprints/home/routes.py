"""Home."""

from flask import g

from blueprints.home import bp
from domain import agency, clock
from web.fragments import page
from web.languages import gettext as _


@bp.get("/")
def show():
    return page("home/show.html", greeting=_greeting(g.viewer.individual.called))


def _greeting(name: str) -> str:
    hour = clock.now().astimezone(agency.zone()).hour
    if 4 <= hour < 12:
        return _("Good morning, %(name)s", name=name)
    return _("Good afternoon, %(name)s", name=name) if 12 <= hour < 18 else _("Good evening, %(name)s", name=name)
