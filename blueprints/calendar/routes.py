"""Calendar: what comes, what was, one appointment, and what the client may do with it."""

from flask import abort, g

from blueprints import paging
from blueprints.calendar import bp, wording
from domain import agency, attendances, settings
from models import Attendance
from web.forms import Form, Lines, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class Cancellation(Form):
    reason = Lines(_l("Why? You need not say."))


@bp.get("/")
def show():
    places, following = paging.soonest(g.viewer.coming, Attendance)
    return page("calendar/show.html", days=wording.days(places), following=following, phone=agency.support_phone(),
                has_feed=settings.get("calendar_feed"))  # fmt: skip


@bp.get("/history")
def history():
    chosen = wording.Filters.asked(g.viewer)
    places, following = paging.latest(chosen.narrow(g.viewer.gone_by), Attendance)
    return page("calendar/history.html", days=wording.days(places, with_year=True), following=following, filters=chosen)


@bp.get("/<place_id>")
def event(place_id: str):
    return _event(g.viewer.place(place_id))


def _event(place, **more):
    return page(
        "calendar/event.html", place=place, shown=wording.Shown(place), offer=attendances.offer(place), said=attendances.said(place),
        phone=place.event.site.phone or agency.support_phone(), **more,
    )  # fmt: skip


@bp.post("/<place_id>/confirmation")
def confirm(place_id: str):
    _must_offer("confirming")
    place = g.viewer.place(place_id)
    with refusals_told():
        attendances.confirm(place, g.viewer.actor, "portal")
        tell("good", _("Thank you. We expect you."))
    return done(f"/calendar/{place_id}")


@bp.get("/<place_id>/cancellation")
def cancellation(place_id: str):
    return _cancellation(g.viewer.place(place_id), Cancellation(formdata=None))


def _cancellation(place, form):
    _must_offer("cancelling")
    offer = attendances.offer(place)
    if offer.cancel not in ("in_time", "late"):
        return done(f"/calendar/{place.public_id}")
    return page("calendar/cancellation.html", place=place, shown=wording.Shown(place), form=form, way=offer.cancel,
                notice=settings.get("cancellation_notice"))  # fmt: skip


@bp.post("/<place_id>/cancellation")
def cancel(place_id: str):
    _must_offer("cancelling")
    place, form = g.viewer.place(place_id), Cancellation()
    if form.validate():
        with form.refusals():
            attendances.give_up(place, g.viewer.actor, reason=form.reason.data or "")
            tell("good", _("Your appointment is cancelled."))
            return done(f"/calendar/{place_id}")
    return _cancellation(place, form)


@bp.post("/<place_id>/late")
def say_late(place_id: str):
    return _let_know(place_id, "running_late")


@bp.post("/<place_id>/cannot-come")
def say_cannot_come(place_id: str):
    return _let_know(place_id, "cannot_come")


def _let_know(place_id: str, what: str):
    place = g.viewer.place(place_id)
    with refusals_told():
        attendances.tell(place, what, g.viewer.actor)
        tell("good", _("We have told %(worker)s.", worker=wording.Shown(place).worker))
    return done(f"/calendar/{place_id}")


def _must_offer(component: str) -> None:
    if not settings.get(component):
        abort(404)
