"""A client requests an appointment: of what, with whom, when; then a look at all of it, and one button."""

from __future__ import annotations

import datetime as dt

from flask import abort, g, request
from wtforms import BooleanField

from blueprints.calendar import bp, weeks, wording
from domain import agency, events, free_times, offers, photos, requests, services, settings, texts
from domain.free_times import Slot
from domain.offers import Wish
from domain.rules import RuleBroken
from models import Individual
from web import formatting
from web.addresses import url_for
from web.forms import Form, OneOf, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import tell, tell_refusal

BOX = "with_"  # begins the name of each box beside somebody who may come along


class Review(Form):
    way = OneOf(_l("How"))
    boxes: tuple[str, ...] = ()

    @property
    def others(self) -> list[str]:
        """Who was ticked."""
        return [name.removeprefix(BOX) for name in self.boxes if self[name].data]


# ---------------------------------------------------------------- of what, and with whom


@bp.get("/request/")
def request_start():
    must_be_open()
    files = g.viewer.askable
    if len(files) == 1:
        return done(url_for("calendar.request_workers", enrolment_id=files[0].public_id))
    return page("calendar/services.html", files=files, named=services.shown_name, phone=agency.support_phone())


@bp.get("/request/<enrolment_id>/")
def request_workers(enrolment_id: str):
    must_be_open()
    file = g.viewer.enrolment(enrolment_id)
    people, is_one_of_several = offers.workers(file), len(g.viewer.askable) > 1
    if len(people) == 1:
        return done(_week(file.public_id, people[0].public_id, chosen="service" if is_one_of_several else None))
    back = url_for("calendar.request_start") if is_one_of_several else ""
    return page("calendar/workers.html", file=file, workers=people, photos=photos.shown_among(people), back=back,
                name=services.shown_name(file.service), phone=agency.support_phone())  # fmt: skip


# ---------------------------------------------------------------- when


def _week(enrolment_id: str, worker_id: str, **more: str | None) -> str:
    return url_for("calendar.request_times", enrolment_id=enrolment_id, worker_id=worker_id, **more)


def _chosen() -> str | None:
    """What was chosen on the way here, so that the way back leads there."""
    return request.args.get("chosen") if request.args.get("chosen") in ("service", "worker") else None


def _back(enrolment_id: str) -> tuple[str, str]:
    if _chosen() == "worker":
        return url_for("calendar.request_workers", enrolment_id=enrolment_id), _("Choose somebody else")
    if _chosen() == "service":
        return url_for("calendar.request_start"), _("Choose something else")
    return url_for("calendar.show"), _("Calendar")


@bp.get("/request/<enrolment_id>/<worker_id>/")
def request_times(enrolment_id: str, worker_id: str):
    must_be_open()
    wish, lately = g.viewer.wish(enrolment_id, worker_id)
    chosen, base = _chosen(), _week(enrolment_id, worker_id)
    tail = f"?chosen={chosen}" if chosen else ""
    table = offers.timetable(wish)
    week = weeks.Week(
        wish, table, lambda date: _week(enrolment_id, worker_id, date=date, chosen=chosen),
        lambda slot: f"{base}{weeks.mark(slot)}{tail}",
    )  # fmt: skip
    is_full = offers.may_ask_no_more(wish.individual, lately, offers.zones_of(table))
    others = week.is_hopeless and any(each.id != wish.worker.id for each in offers.workers(wish.enrolment))
    return page("calendar/times.html", week=week, back=_back(enrolment_id), told=_told(wish), phone=agency.support_phone(),
                other_workers=url_for("calendar.request_workers", enrolment_id=enrolment_id) if others else "",
                full=texts.refusal(spoken(), offers.too_many()) if is_full else "")  # fmt: skip


def _told(wish: Wish) -> list[str]:
    return [events.called(wish.worker), wording.length(wish.minutes), services.shown_name(wish.service)]


# ---------------------------------------------------------------- is that right?


@bp.get("/request/<enrolment_id>/<worker_id>/<moment>")
def request_review(enrolment_id: str, worker_id: str, moment: str):
    must_be_open()
    wish, lately = g.viewer.wish(enrolment_id, worker_id)
    at = weeks.moment(moment)
    table = offers.timetable(wish)
    slot, reason = table.at(at)
    week = _week(enrolment_id, worker_id, date=weeks.date_of(at), chosen=_chosen())
    if slot is None or reason:
        if there := _had_already(wish, at):
            return there
        tell_refusal(offers.why(reason, wish))
        return done(week)
    if offers.may_ask_no_more(wish.individual, lately, [slot.zone]):
        if len(offers.zones_of(table)) > 1:  # else the page says it above its times
            tell_refusal(offers.too_many())
        return done(week)
    return _review(wish, slot, _form(wish, is_new=True), week)


def _form(wish: Wish, *, is_new: bool = False) -> Review:
    people: list[Individual] = offers.companions(wish.enrolment)
    boxes = {f"{BOX}{each.public_id}": BooleanField(each.called) for each in people}
    form: Review = type("ThisReview", (Review,), {**boxes, "boxes": tuple(boxes)})(**({"formdata": None} if is_new else {}))
    form.way.choices = [("", _("In person")), ("video", _("By video. Your worker will add the link."))]
    if is_new:
        form.way.data = ""
    return form


def _review(wish: Wish, slot: Slot, form: Review, week: str):
    place = weeks.place_at(wish, slot)
    return page(
        "calendar/review.html", place=place, shown=wording.Shown(place), form=form, week=week, photo=photos.shown_of(wish.worker),
        action=request.full_path.rstrip("?"), is_at_once=settings.get("request_mode") == "at_once", until=requests.until(slot.starts_at),
    )  # fmt: skip


@bp.post("/request/<enrolment_id>/<worker_id>/<moment>")
def ask(enrolment_id: str, worker_id: str, moment: str):
    must_be_open()
    wish, at = offers.wished(g.viewer.individual, enrolment_id, worker_id), weeks.moment(moment)
    form = _form(wish)
    week = _week(enrolment_id, worker_id, date=weeks.date_of(at), chosen=_chosen())
    if not form.validate():
        slot, _reason = offers.timetable(wish).at(at)
        return _review(wish, slot, form, week) if slot is not None else done(week)
    try:
        event = requests.ask(_with(wish, enrolment_id, worker_id, form.others), at, g.viewer.actor, is_video=form.way.data == "video")
    except RuleBroken as refused:
        return _had_already(wish, at) or refused_to(refused, week, url_for("calendar.request_start"))
    tell("good", _("Your appointment is booked.") if event.state == "booked" else _("Your request is on its way."))
    return done(url_for("calendar.event", place_id=g.viewer.place_in(event).public_id))


def _had_already(wish: Wish, at: dt.datetime):
    """The way to what they have or asked for at this very time with this worker: a second tab, or the way back; None without it."""
    place = g.viewer.place_at(wish.worker, at)
    if place is None:
        return None
    tell("info", _("You have booked this time already.") if place.event.state == "booked" else _("You have requested this time already."))
    return done(url_for("calendar.event", place_id=place.public_id))


def _with(wish: Wish, enrolment_id: str, worker_id: str, others: list[str]) -> Wish:
    return offers.wished(g.viewer.individual, enrolment_id, worker_id, others) if others else wish


def refused_to(refused: RuleBroken, week: str, start: str):
    """What a rule says, on the page where the reader goes on: among fresh times, or where they began."""
    tell_refusal(refused)
    if refused.code in free_times.REASONS:
        return done(week)
    return done(url_for("calendar.show") if refused.code in ("a_day", "off") else start)


def must_be_open() -> None:
    """Where clients may not ask for appointments there is no page of it."""
    if not offers.is_open():
        abort(404)


def week_of(wish: Wish) -> str:
    """Where all the free times of a wish are."""
    assert wish.enrolment is not None
    return _week(wish.enrolment.public_id, wish.worker.public_id)


def soonest(wish: Wish, most: int = 3) -> list[tuple[str, str]]:
    """The first free times of a wish: each as it is told, and where it is asked for."""
    base = week_of(wish)
    found = offers.timetable(wish).soonest(most)
    has_several = len({slot.site for slot in found}) > 1
    return [(_begins(slot, has_several=has_several), f"{base}{weeks.mark(slot)}") for slot in found]


def _begins(slot: Slot, *, has_several: bool) -> str:
    told = wording.begins(slot.starts_at, slot.zone)
    return formatting.dotted([told, offers.site_of(slot).name]) if has_several else told
