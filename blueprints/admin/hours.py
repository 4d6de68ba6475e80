"""When a worker is there: the week that counts, calendars, and days that differ.  Everybody's own, and anybody's for who manages
workers."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from flask import g, request, url_for
from wtforms import BooleanField

from blueprints.admin import bp, hours_words
from domain import agency, availability, settings, sites, staff_hours
from domain.availability import DAY
from domain.rules import N_, RuleBroken, together
from models import AvailabilityCalendar, Site, Worker
from web import posts
from web.access import any_staff
from web.forms import Choice, DateBoxes, Form, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell

_HERE = "/schedule/hours/<public_id>"
BOX = "day_"  # begins the name of the box of each day of the week


class CalendarForm(Form):
    starts_on = DateBoxes(_l("First day"), _l("Enter the day."))
    like = Choice(_l("Begin with"))

    def rules(self):
        staff_hours.check_day(self.starts_on.data, "starts_on", may_be_over=True)


class DateForm(Form):
    date = DateBoxes(_l("Date"), _l("Enter the day."))


class SpanForm(Form):
    """From when to when, in which kind of time, and where."""

    begins = Text(_l("From"))
    ends = Text(_l("Until"))
    kind = Choice(_l("Kind of time"))
    site = Choice(_l("Site"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.kinds = {each.public_id: each for each in availability.types()}
        self.sites = {each.public_id: each for each in sites.in_use()}
        self.kind.choices = [(key, each.name) for key, each in self.kinds.items()]
        self.site.choices = [(key, each.name) for key, each in self.sites.items()]
        is_answered = request.method not in posts.SAFE and request.form.get("site")
        if len(self.sites) < 2 and not is_answered:
            del self["site"]

    def rules(self):
        together(*self.checks())

    def checks(self) -> list[Any]:
        return [self.span]

    def span(self) -> list[int]:
        """Minutes since midnight.  Raises RuleBroken with both that are wrong."""
        return together(
            partial(staff_hours.minute, self.begins.data or "", "begins"),
            partial(staff_hours.minute, self.ends.data or "", "ends", is_end=True),
        )

    @property
    def chosen_site(self) -> Site:
        return self.sites[self.site.data] if "site" in self else next(iter(self.sites.values()))


class RowForm(SpanForm):
    """With one box for each day of the week; see ``_row_form``."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._fields = {name: self._fields[name] for name in self.boxes} | self._fields  # what is wrong is told in the order of the page

    def checks(self) -> list[Any]:
        return [self._some_day, self.span]

    def _some_day(self) -> None:
        if not self.ticked:
            raise RuleBroken(N_("Choose a day of the week."), field=self.boxes[0])

    @property
    def boxes(self) -> list[str]:
        return [f"{BOX}{number}" for number in availability.WEEKDAYS]

    @property
    def ticked(self) -> list[int]:
        return [number for number in availability.WEEKDAYS if self[f"{BOX}{number}"].data]


class ExtraForm(DateForm, SpanForm):
    def checks(self) -> list[Any]:
        return [partial(staff_hours.check_day, self.date.data), self.span]


class DayOffForm(DateForm):
    begins = Text(_l("From"))
    ends = Text(_l("Until"))
    anyway = BooleanField(_l("Go on although something is booked then"))

    def rules(self):
        together(partial(staff_hours.check_day, self.date.data), self.span)

    def span(self) -> list[int]:
        """The whole day for nothing typed.  Raises RuleBroken with both that are wrong."""
        begins, ends = (self.begins.data or "").strip(), (self.ends.data or "").strip()
        return together(
            lambda: staff_hours.minute(begins, "begins") if begins else 0,
            lambda: staff_hours.minute(ends, "ends", is_end=True) if ends else DAY,
        )


def _row_form() -> type[RowForm]:
    boxes = {f"{BOX}{number}": BooleanField(name) for number, name in enumerate(hours_words.weekdays())}
    return type("ThisRowForm", (RowForm,), boxes)


def _usual_kind() -> str:
    kind = availability.client_facing()
    return kind.public_id if kind else ""


# ---------------------------------------------------------------- as a whole


@bp.get(f"{_HERE}/")
@any_staff
def hours(public_id: str):
    found, today = g.viewer.whose_hours(public_id), agency.today()
    calendars = availability.calendars_of(found)
    now = next((each for each in calendars if each.starts_on <= today), None)
    return _page(found, "admin/hours.html", calendars=calendars, now=now, today=today,
                 week=availability.rows_of(now) if now is not None else [], differs=availability.exceptions_of(found, today),
                 may_be_away=settings.get("discussions"))  # fmt: skip


def _page(found: Worker, template: str, **context: Any):
    return page(template, worker=found, is_own=found.id == g.viewer.worker.id, words=hours_words, **context)


def _saved(found: Worker, text: str = ""):
    tell("good", text or _("Saved."))
    return done(url_for("admin.hours", public_id=found.public_id))


# ---------------------------------------------------------------- calendars


@bp.get(f"{_HERE}/calendars/new")
@any_staff
def calendar_new(public_id: str):
    found = g.viewer.whose_hours(public_id)
    form, calendars = _calendar_form(found, formdata=None)
    form.like.data = calendars[0].public_id if calendars else ""
    return _page(found, "admin/hours_calendar_new.html", form=form)


@bp.post(f"{_HERE}/calendars/new")
@any_staff
def add_calendar(public_id: str):
    found = g.viewer.whose_hours(public_id)
    form, calendars = _calendar_form(found)
    if form.validate():
        with form.refusals():
            like = next((each for each in calendars if each.public_id == form.like.data), None)
            made = availability.add_calendar(found, form.starts_on.data, g.viewer.actor, like=like)
            return _calendar_saved(made)
    return _page(found, "admin/hours_calendar_new.html", form=form)


def _calendar_form(found: Worker, **more: Any) -> tuple[CalendarForm, list[AvailabilityCalendar]]:
    form, calendars = CalendarForm(**more), availability.calendars_of(found)
    copies = [(each.public_id, _("A copy of the one from %(day)s", day=hours_words.day(each.starts_on))) for each in calendars]
    form.like.choices = [("", _("An empty week")), *copies]
    return form, calendars


def _calendar_saved(calendar: AvailabilityCalendar):
    tell("good", _("Saved."))
    return done(url_for("admin.hours_calendar", public_id=calendar.worker.public_id, calendar_id=calendar.public_id))


@bp.get(f"{_HERE}/calendars/<calendar_id>/")
@any_staff
def hours_calendar(public_id: str, calendar_id: str):
    found = g.viewer.whose_hours(public_id)
    return _calendar(found, availability.find_calendar(found, calendar_id), _row_form()(formdata=None, kind=_usual_kind()))


@bp.post(f"{_HERE}/calendars/<calendar_id>/")
@any_staff
def add_rows(public_id: str, calendar_id: str):
    found = g.viewer.whose_hours(public_id)
    calendar, form = availability.find_calendar(found, calendar_id), _row_form()()
    if form.validate():
        with form.refusals():
            begins, ends = form.span()
            kind = form.kinds[form.kind.data]
            staff_hours.add_rows(calendar, form.ticked, begins, ends, kind, form.chosen_site, g.viewer.actor)
            return _calendar_saved(calendar)
    return _calendar(found, calendar, form)


def _calendar(found: Worker, calendar: AvailabilityCalendar, form: RowForm):
    return _page(found, "admin/hours_calendar.html", calendar=calendar, week=availability.rows_of(calendar), form=form)


# ---------------------------------------------------------------- what is taken out


@bp.get(f"{_HERE}/calendars/<calendar_id>/removal")
@any_staff
def confirm_calendar_removal(public_id: str, calendar_id: str):
    found = g.viewer.whose_hours(public_id)
    calendar = availability.find_calendar(found, calendar_id)
    before = availability.in_force(found, calendar.starts_on - dt.timedelta(days=1))
    return _page(found, "admin/hours_calendar_removal.html", calendar=calendar, before=before,
                 booked=staff_hours.booked_in_calendar(calendar))  # fmt: skip


@bp.post(f"{_HERE}/calendars/<calendar_id>/removal")
@any_staff
def remove_calendar(public_id: str, calendar_id: str):
    found = g.viewer.whose_hours(public_id)
    availability.remove_calendar(availability.find_calendar(found, calendar_id), g.viewer.actor)
    return _saved(found, _("Removed."))


@bp.get(f"{_HERE}/rows/<row_id>/removal")
@any_staff
def confirm_row_removal(public_id: str, row_id: str):
    found = g.viewer.whose_hours(public_id)
    row = availability.find_row(found, row_id)
    return _page(found, "admin/hours_row_removal.html", row=row, booked=staff_hours.booked_in_row(row))


@bp.post(f"{_HERE}/rows/<row_id>/removal")
@any_staff
def remove_row(public_id: str, row_id: str):
    row = availability.find_row(g.viewer.whose_hours(public_id), row_id)
    availability.remove_row(row, g.viewer.actor)
    tell("good", _("Removed."))
    return done(url_for("admin.hours_calendar", public_id=public_id, calendar_id=row.calendar.public_id))


@bp.get(f"{_HERE}/days/<day_id>/removal")
@any_staff
def confirm_day_removal(public_id: str, day_id: str):
    found = g.viewer.whose_hours(public_id)
    day = availability.find_exception(found, day_id)
    booked = staff_hours.booked_on(found, day.date, day.begins, day.ends, day.site if day.site_id else None)
    return _page(found, "admin/hours_day_removal.html", day=day, booked=booked)


@bp.post(f"{_HERE}/days/<day_id>/removal")
@any_staff
def remove_day(public_id: str, day_id: str):
    found = g.viewer.whose_hours(public_id)
    availability.remove_exception(availability.find_exception(found, day_id), g.viewer.actor)
    return _saved(found, _("Removed."))


# ---------------------------------------------------------------- days that differ


@bp.get(f"{_HERE}/day-off")
@any_staff
def day_off(public_id: str):
    return _day_off(g.viewer.whose_hours(public_id), DayOffForm(formdata=None))


@bp.post(f"{_HERE}/day-off")
@any_staff
def add_day_off(public_id: str):
    found, form = g.viewer.whose_hours(public_id), DayOffForm()
    if form.validate():
        with form.refusals():
            begins, ends = form.span()
            if not form.anyway.data:
                staff_hours.check_free(staff_hours.booked_on(found, form.date.data, begins, ends))
            availability.be_away(found, form.date.data, g.viewer.actor, begins=begins, ends=ends)
            return _saved(found)
    return _day_off(found, form)


def _day_off(found: Worker, form: DayOffForm):
    is_asked = bool(form.anyway.errors or form.anyway.data)
    there = hours_words.schedule_on(found, form.date.data) if is_asked and form.date.data else ""
    return _page(found, "admin/hours_day_off.html", form=form, is_asked=is_asked, schedule=there)


@bp.get(f"{_HERE}/extra-time")
@any_staff
def extra_time(public_id: str):
    return _page(g.viewer.whose_hours(public_id), "admin/hours_extra.html", form=ExtraForm(formdata=None, kind=_usual_kind()))


@bp.post(f"{_HERE}/extra-time")
@any_staff
def add_extra_time(public_id: str):
    found, form = g.viewer.whose_hours(public_id), ExtraForm()
    if form.validate():
        with form.refusals():
            begins, ends = form.span()
            kind = form.kinds[form.kind.data]
            availability.be_there(found, form.date.data, begins, ends, kind, form.chosen_site, g.viewer.actor)
            return _saved(found)
    return _page(found, "admin/hours_extra.html", form=form)
