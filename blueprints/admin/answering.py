"""Setup: when clients are answered, and what is answered by itself outside these hours."""

from __future__ import annotations

from types import SimpleNamespace

from flask import g, url_for

from blueprints.admin import bp, hours_words
from domain import agency, answering, staff_hours, texts
from domain.rules import N_, RuleBroken, together
from models import ANSWER_LETTERS
from web import formatting
from web.access import right
from web.formatting import time_zone
from web.forms import Form, Lines, Text, _l
from web.fragments import done, page
from web.sessions import tell


class HoursForm(Form):
    """From when to when on each day of the week, and a text in each language; see ``_form``."""

    def rules(self):
        self.hours()

    def hours(self) -> answering.Week:
        """Raises RuleBroken with every time that is wrong, and for a day that has only one."""
        spans = together(*(lambda day=day: self._span(day) for day in range(7)))
        return {day: span for day, span in enumerate(spans) if span is not None}

    def _span(self, day: int) -> tuple[int, int] | None:
        begins, ends = ((self[f"{name}_{day}"].data or "").strip() for name in ("from", "until"))
        if not begins and not ends:
            return None
        if not begins or not ends:
            raise RuleBroken(N_("Enter both times, or none."), code="half", field=f"{'until' if begins else 'from'}_{day}")
        first, last = staff_hours.minute(begins, f"from_{day}"), staff_hours.minute(ends, f"until_{day}", is_end=True)
        answering.check_span(day, first, last)
        return first, last

    def outside(self) -> dict[str, str]:
        return {code: self[f"text_{code}"].data or "" for code in texts.LANGUAGES}


def _form() -> type[HoursForm]:
    times = {f"{name}_{day}": Text(label) for day in range(7) for name, label in (("from", _l("From")), ("until", _l("Until")))}
    written = {f"text_{code}": Lines(formatting.language_name(code)) for code in texts.LANGUAGES}
    return type("ThisHoursForm", (HoursForm,), {**times, **written})


@bp.get("/settings/office-hours")
@right("manage_setup")
def office_hours():
    return _show(_form()(formdata=None, data=answering.as_typed()))


@bp.post("/settings/office-hours")
@right("manage_setup")
def change_office_hours():
    form = _form()()
    if form.validate():
        with form.refusals(now=_record()):
            answering.open_hours(form.hours(), form.outside(), g.viewer.actor, as_opened=form.as_opened)
            tell("good", _l("Saved."))
            return done(url_for("admin.settings_index"))
    return _show(form)


def _show(form: HoursForm):
    return page("admin/setup_answering.html", form=form, record=_record(), languages=texts.LANGUAGES, weekdays=hours_words.weekdays(),
                zone=time_zone(agency.zone().key), most=ANSWER_LETTERS)  # fmt: skip


def _record() -> SimpleNamespace:
    return SimpleNamespace(version=1, **answering.as_typed())
