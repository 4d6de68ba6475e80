"""Holidays of the agency: the days on which nobody works."""

from flask import g, url_for
from wtforms import BooleanField

from blueprints.admin import bp
from domain import agency, availability, staff_hours
from web.access import right
from web.forms import DateBoxes, Form, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell


class HolidayForm(Form):
    date = DateBoxes(_l("Date"), _l("Enter the day."))
    name = Text(_l("Name"), [Required(_l("Enter a name."))])
    anyway = BooleanField(_l("Go on although something is booked then"))

    def rules(self):
        staff_hours.check_day(self.date.data)


@bp.get("/settings/holidays/")
@right("manage_setup")
def all_holidays():
    return _all(HolidayForm(formdata=None))


@bp.post("/settings/holidays/")
@right("manage_setup")
def add_holiday():
    form = HolidayForm()
    if form.validate():
        with form.refusals():
            if not form.anyway.data:
                staff_hours.check_free(staff_hours.booked_on_holiday(form.date.data))
            availability.add_holiday(form.date.data, form.name.data, g.viewer.actor)
            tell("good", _("Saved."))
            return done(url_for("admin.all_holidays"))
    return _all(form)


def _all(form: HolidayForm):
    is_asked = bool(form.anyway.errors or form.anyway.data)
    return page("admin/holidays.html", holidays=availability.holidays(agency.today()), form=form,
                schedule=_schedule(form.date.data) if is_asked and form.date.data else "", is_asked=is_asked)  # fmt: skip


def _schedule(date) -> str:
    """The day at the main site, for who may look at the schedules of others."""
    main = agency.main_site()
    if main is None or not g.viewer.may("manage_schedule_of_others"):
        return ""
    return url_for("admin.schedule", view="day", date=date.isoformat(), site=main.public_id)


@bp.get("/settings/holidays/<public_id>/removal")
@right("manage_setup")
def confirm_holiday_removal(public_id: str):
    found = availability.find_holiday(public_id)
    return page("admin/holiday_removal.html", found=found, booked=staff_hours.booked_on_holiday(found.date), schedule=_schedule(found.date))


@bp.post("/settings/holidays/<public_id>/removal")
@right("manage_setup")
def remove_holiday(public_id: str):
    availability.remove_holiday(availability.find_holiday(public_id), g.viewer.actor)
    tell("good", _("Removed."))
    return done(url_for("admin.all_holidays"))
