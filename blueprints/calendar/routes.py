"""Calendar: what comes, what was, one appointment, and what the client may do with it."""

from flask import abort, g, request

from blueprints import paging
from blueprints.calendar import bp, changing, wording
from domain import agency, attendances, offers, photos, settings
from domain.rules import N_, RuleBroken
from models import Attendance
from web.forms import Form, Lines, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class Cancellation(Form):
    reason = Lines(_l("Why? You need not say."))


@bp.get("/")
def show():
    places, following = paging.soonest(g.viewer.coming, lambda: g.viewer.places, Attendance)
    days = wording.days(places, attendances.declined(places), icon="calendar")
    asked = wording.asked(g.viewer.asked) if "after" not in request.args else []
    return page("calendar/show.html", days=days, following=following, asked=asked, may_request=offers.is_open(),
                phone=agency.support_phone(), has_feed=settings.get("calendar_feed"))  # fmt: skip


@bp.get("/history")
def history():
    chosen = wording.Filters.asked(g.viewer)
    places, following = paging.latest(chosen.narrow(g.viewer.gone_by), Attendance)
    return page("calendar/history.html", days=wording.days(places, latest_first=True), following=following, filters=chosen)


@bp.get("/<place_id>")
def event(place_id: str):
    return _event(g.viewer.place(place_id))


def _event(place):
    shown = wording.Shown(place)
    return page(
        "calendar/event.html", place=place, shown=shown, offer=attendances.offer(place),
        said={} if shown.cancelled_by else attendances.said(place), is_taken_away=attendances.is_taken_away(place),
        mark=attendances.mark_of(place), phone=wording.phone(place), asked=changing.Standing(place),
        photo=photos.shown_of(place.event.worker), others=g.viewer.others_in(place), may_write=settings.may_begin("begin_from_appointment"),
    )  # fmt: skip


def _seen() -> str:
    """The time of which the page spoke whose button was pressed."""
    return request.form.get("shown", "")


@bp.post("/<place_id>/confirmation")
def confirm(place_id: str):
    _must_offer("confirming")
    place = g.viewer.place(place_id)
    with refusals_told():
        attendances.confirm(place, g.viewer.actor, "portal", shown=_seen())
        tell("good", _("Thank you. We expect you."))
    return done(f"/calendar/{place_id}")


@bp.get("/<place_id>/cancellation")
def cancellation(place_id: str):
    return _cancellation(g.viewer.place(place_id), Cancellation(formdata=None))


def _cancellation(place, form):
    _must_offer("cancelling")
    offer = attendances.offer(place)
    if offer.cancel not in ("in_time", "late") and not form.is_refused:
        return done(f"/calendar/{place.public_id}")
    return page(
        "calendar/cancellation.html", place=place, shown=wording.Shown(place), form=form, offer=offer, mark=attendances.mark_of(place),
        notice=settings.get("cancellation_notice"), phone=wording.phone(place),
    )  # fmt: skip


@bp.post("/<place_id>/cancellation")
def cancel(place_id: str):
    _must_offer("cancelling")
    place, form = g.viewer.place(place_id), Cancellation()
    if form.validate():
        with form.refusals():
            _must_have_read(attendances.offer(place).cancel)
            attendances.give_up(place, g.viewer.actor, reason=form.reason.data or "", shown=_seen())
            tell("good", _("Your appointment is cancelled."))
            return done(f"/calendar/{place_id}")
    return _cancellation(g.viewer.place(place_id), form)


def _must_have_read(way: str) -> None:
    """That it is late stands on the page before it is done."""
    if way == "late" and request.form.get("way") != "late":
        raise RuleBroken(N_("Meanwhile it is late to cancel. Read what that means before you do."), code="late")


@bp.post("/<place_id>/late")
def say_late(place_id: str):
    return _let_know(place_id, "running_late")


@bp.post("/<place_id>/cannot-come")
def say_cannot_come(place_id: str):
    return _let_know(place_id, "cannot_come")


def _let_know(place_id: str, what: str):
    place = g.viewer.place(place_id)
    with refusals_told():
        attendances.tell(place, what, g.viewer.actor, shown=_seen())
        tell("good", wording.Shown(place).passed_on)
    return done(f"/calendar/{place_id}")


def _must_offer(component: str) -> None:
    if not settings.get(component):
        abort(404)
