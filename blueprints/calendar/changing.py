"""What became of a request, another time for what a client has, and their answers: take it, withdraw it."""

from __future__ import annotations

from functools import cached_property

from flask import abort, g, request

from blueprints.calendar import bp, requesting, weeks, wording
from domain import (
    asked,
    attendances,
    event_messages,
    events,
    offers,
    request_answers,
    requests,
    services,
    settings,
    texts,
)
from domain.asked import Asked
from domain.free_times import Slot
from domain.offers import Wish
from domain.rules import RuleBroken
from models import Attendance
from web.addresses import url_for
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import refusals_told, tell, tell_refusal

_OVER = ("declined", "expired", "withdrawn", "cancelled_by_client", "cancelled_by_agency")


class Standing:
    """What was asked for around one place, and what its owner may do about it."""

    def __init__(self, place: Attendance) -> None:
        self.place = place
        self._known = asked.around(place.event)
        own, change = self._known
        self.own = own
        last = change if place.event.state == "booked" and place.state == "booked" else None
        self.change = last if last is not None and last.is_waiting else None
        self.refused = last if last is not None and last.event.state in ("declined", "expired") and last.is_of(place) else None
        self.waits: Asked | None = self.change or (own if own is not None and own.is_waiting else None)

    @cached_property
    def shown(self) -> wording.Shown:
        """The time that is asked for, or offered."""
        assert self.waits is not None
        return wording.Shown(Attendance(event=self.waits.event, state="booked"))

    @property
    def until(self) -> str:
        """When what waits is over."""
        assert self.waits is not None
        return self.shown.told(self.waits.request.expires_at)

    @property
    def mark(self) -> str:
        """Which time the page showed."""
        assert self.waits is not None
        return event_messages.mark_of(self.waits.event)

    @property
    def is_mine(self) -> bool:
        """True for who asked, and answers."""
        return self.waits is not None and self.waits.is_of(self.place)

    @property
    def is_offered(self) -> bool:
        """True where another time was offered, and may still be or was not taken."""
        asked = self.waits or self.own
        return asked is not None and asked.request.offered_at is not None

    @cached_property
    def may_change(self) -> bool:
        return not requests.may_change(self.place, self._known)

    @property
    def reason(self) -> str:
        """Why it was declined."""
        return self.own.request.reason if self.own is not None else ""

    @cached_property
    def is_over(self) -> bool:
        """True for what is no appointment, or none of theirs, any more."""
        return self.place.event.state in _OVER or self.place.state in attendances.CANCELLED

    @cached_property
    def _again(self) -> Wish | None:
        return offers.again(g.viewer.individual, self.place) if self.is_over else None

    @cached_property
    def is_full(self) -> bool:
        """True where another one could be asked for, but not today."""
        if self._again is None or not offers.is_too_many(lately := offers.asked_lately(g.viewer.individual)):
            return False
        return offers.may_ask_no_more(g.viewer.individual, lately, offers.zones_of(offers.timetable(self._again)))

    @property
    def full(self) -> str:
        """What is said there."""
        return texts.refusal(spoken(), offers.too_many())

    @cached_property
    def times(self) -> list[tuple[str, str]]:
        """The next free times for another one, and where each is asked for."""
        return requesting.soonest(self._again) if self._again is not None and not self.is_full else []

    @property
    def all_times(self) -> str:
        """Where all of them are."""
        assert self._again is not None
        return requesting.week_of(self._again)


# ---------------------------------------------------------------- answers


@bp.post("/<place_id>/offer")
def take_offer(place_id: str):
    place = g.viewer.place(place_id)
    with refusals_told():
        request_answers.take_offer(place, g.viewer.actor, shown=request.form.get("shown", ""))
        tell("good", _("Your appointment is booked."))
    return done(url_for("calendar.event", place_id=place_id))


@bp.post("/<place_id>/withdrawal")
def withdraw(place_id: str):
    place = g.viewer.place(place_id)
    with refusals_told():
        is_offered = Standing(place).is_offered
        request_answers.withdraw(place, g.viewer.actor)
        tell("good", _("You did not take the time that was offered.") if is_offered else _("Your request is withdrawn."))
    return done(url_for("calendar.event", place_id=place_id))


# ---------------------------------------------------------------- another time


@bp.get("/<place_id>/time")
def times(place_id: str):
    wish, place = _changeable(place_id)
    if wish is None:
        return done(_page(place_id))
    base, now = url_for("calendar.times", place_id=place_id), wording.Shown(place)
    week = weeks.Week(wish, offers.timetable(wish), lambda date: f"{base}?date={date}", lambda slot: f"{base}/{weeks.mark(slot)}")
    told = [events.called(wish.worker), wording.length(wish.minutes), services.title_of(place.event)]
    return page("calendar/times.html", week=week, back=(_page(place_id), now.date), told=told, is_change=True, now=now,
                phone=wording.phone(place))  # fmt: skip


@bp.get("/<place_id>/time/<moment>")
def time(place_id: str, moment: str):
    at = weeks.moment(moment)
    wish, place = _changeable(place_id)
    if wish is None:
        return done(_page(place_id))
    slot, reason = offers.timetable(wish).at(at)
    if at == place.event.starts_at and (slot is None or slot.site == place.event.site_id):
        return _as_it_is(place_id)
    week = f"{url_for('calendar.times', place_id=place_id)}?date={weeks.date_of(at)}"
    if slot is None or reason:
        tell_refusal(offers.why(reason, wish))
        return done(week)
    return _review(place, wish, slot, week)


def _as_it_is(place_id: str):
    tell("info", _("This is the time that you have."))
    return done(_page(place_id))


def _review(place: Attendance, wish: Wish, slot: Slot, week: str):
    new = weeks.place_at(wish, slot)
    return page(
        "calendar/change.html", place=place, moment=weeks.mark(slot), now=wording.Shown(place), week=week,
        shown=wording.Shown(new), mark=attendances.mark_of(place),
        until=requests.until(slot.starts_at), is_at_once=place.event.state == "booked" and settings.get("request_mode") == "at_once",
    )  # fmt: skip


@bp.post("/<place_id>/time/<moment>")
def change(place_id: str, moment: str):
    requesting.must_be_open()
    place, at = g.viewer.place(place_id), weeks.moment(moment)
    week = f"{url_for('calendar.times', place_id=place_id)}?date={weeks.date_of(at)}"
    try:
        event = requests.change(place, at, g.viewer.actor, shown=request.form.get("shown", ""))
    except RuleBroken as refused:
        return requesting.refused_to(refused, week, _page(place_id))
    if event is None:
        return _as_it_is(place_id)
    is_at_once = place.event.state == "booked" and settings.get("request_mode") == "at_once"
    tell("good", _("Your appointment is moved.") if is_at_once else _("Your request is on its way."))
    return done(_page(place_id))


def _page(place_id: str) -> str:
    return url_for("calendar.event", place_id=place_id)


def _changeable(place_id: str) -> tuple[Wish | None, Attendance]:
    """The client's own place, and the wish for another time of it; none, with the sentence told, where they may not choose one."""
    requesting.must_be_open()
    place: Attendance = g.viewer.place(place_id)
    place.individual = g.viewer.individual
    there = requests.standing(place.event)
    refused = requests.may_change(place, there=there)
    if refused == "off":
        abort(404)
    if refused:
        tell_refusal(RuleBroken(requests.MAY_NOT[refused], code=refused))
    return None if refused else requests.for_change(place, there), place
