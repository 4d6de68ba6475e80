"""Settings: every page of them is drawn from the settings' own table."""

import datetime as dt
from types import SimpleNamespace

from flask import abort, g, request, url_for
from wtforms import BooleanField
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp, wording
from domain import agency, readiness, sandbox, settings
from web import formatting, opening
from web.access import right
from web.forms import DateBoxes, Form, OneOf, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import tell

SHOWN = "shown-"  # what the page showed, beside each field


@bp.get("/settings/")
@right("manage_setup")
def settings_index():
    steps = opening.checklist()
    waits = not next(step.is_done for step in steps if step.key == "availability")
    return page("admin/settings.html", sections=settings.SECTIONS, told=wording.told, is_ready=readiness.is_over(steps),
                checklist=wording.checklist(steps), site=agency.main_site(), requesting_waits=waits)  # fmt: skip


@bp.get("/settings/<section>")
@right("manage_setup")
def settings_section(section: str):
    chosen = _section(section)
    return _show(section, _form(chosen)(formdata=None, data=_values(chosen.keys)))


def _values(keys: tuple[str, ...]) -> dict[str, object]:
    return {key: settings.get(key) for key in keys}


@bp.post("/settings/<section>")
@right("manage_setup")
def change_settings(section: str):
    form = _form(_section(section))()
    if form.validate():
        with form.refusals(now=SimpleNamespace(**_values(form.settings))):
            settings.write_all(form.typed(), g.viewer.actor, shown=form.shown())
            settings.look_at(section, g.viewer.actor)
            tell("good", _("Saved."))
            return done(url_for("admin.settings_index"))
    return _show(section, form)


def _section(name: str) -> settings.Section:
    return settings.SECTIONS.get(name) or abort(404)


def _show(section: str, form):
    return page("admin/settings_section.html", section=section, chosen=settings.SECTIONS[section], form=form,
                catalogue=settings.CATALOGUE, saved=settings.as_text, told=wording.told, defaults=_others(settings.SECTIONS[section]),
                is_sandbox_by_deployer=section == "installation" and sandbox.is_by_deployer())  # fmt: skip


def _others(section: settings.Section) -> dict[str, str]:
    """The default of each setting that has another value now, in words."""
    return {key: _in_words(settings.CATALOGUE[key]) for key in section.keys if settings.get(key) != settings.CATALOGUE[key].default}


def _in_words(kind: settings.Kind) -> str:
    if isinstance(kind.default, bool):
        return _("with the tick") if kind.default else _("without the tick")
    if isinstance(kind.default, dt.date):
        return formatting.day(kind.default)
    if isinstance(kind.default, int):
        return formatting.number(kind.default)
    return wording.told(dict(kind.choices).get(kind.default, kind.default))


class _SettingsForm(Form):
    """One field for each of ``settings``."""

    settings: tuple[str, ...] = ()

    def rules(self):
        settings.different(self.typed(), self.shown())

    def typed(self) -> dict[str, str]:
        return {key: _typed(self[key]) for key in self.settings}

    def is_as_opened(self, name: str, saved) -> bool:
        return self.shown().get(name) == settings.as_text(name)

    def shown(self) -> dict[str, str]:
        """What stood in each field when the page was opened."""
        return {key: request.form.get(SHOWN + key, "") for key in self.settings}


def _typed(field) -> str:
    if isinstance(field.data, bool):
        return "1" if field.data else "0"
    return field.data.isoformat() if isinstance(field.data, dt.date) else str(field.data or "")


def _form(section: settings.Section) -> type[_SettingsForm]:
    """A form with one field for each setting of the section."""
    fields = {key: _field(settings.CATALOGUE[key]) for key in section.keys}
    return type("SettingsForm", (_SettingsForm,), {**fields, "settings": section.keys})


def _field(kind: settings.Kind):
    label = _l(kind.label)
    if kind.choices:
        return OneOf(label, choices=[SelectChoice(value, _l(name)) for value, name in kind.choices])
    if isinstance(kind.default, bool):
        return BooleanField(label)
    if isinstance(kind.default, dt.date):
        return DateBoxes(label, _l("Enter a date."))
    return Text(label, [Required(_l("Fill this in."))] if isinstance(kind.default, int) else [])
