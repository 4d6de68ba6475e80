"""What a client asked to have changed, in words: the same for the client and for staff."""

from __future__ import annotations

import datetime as dt
from typing import Any

from domain import profile_changes
from domain.rules import N_
from models import ProfileChange
from web import formatting
from web.languages import gettext as _

FIELDS = {
    "preferred_name": N_("Preferred name"), "pronouns": N_("Pronouns"), "gender": N_("Gender"),
    "first_name": N_("First name"), "last_name": N_("Last name"), "birth_date": N_("Date of birth"),
    "kind": N_("Type"), "value": N_("Contact"), "person": N_("Who answers"), "instructions": N_("Instructions"),
    "is_in_use": N_("In use"), "is_main": N_("Use this one first"),
}  # fmt: skip
KINDS = {
    "email": N_("E-mail"), "mobile": N_("Mobile phone"), "phone": N_("Phone"), "address": N_("Address"),
    "emergency": N_("Emergency contact"),
}  # fmt: skip


def asked(change: ProfileChange) -> list[tuple[str, str]]:
    """Each field that differs with what the client asks for; what was decided shows all that was asked."""
    if change.state != "waiting":
        every = profile_changes.asked_of(change).items()
        return [(_(FIELDS[name]), _told(name, value)) for name, value in every if value not in ("", None)]
    return [(_(FIELDS[each.field]), _told(each.field, each.asked)) for each in _differences(change)]


def compared(change: ProfileChange) -> list[tuple[str, str, str]]:
    """Each field that differs with what is in the record now and what the client asks for."""
    return [(_(FIELDS[d.field]), _told(d.field, d.now), _told(d.field, d.asked)) for d in _differences(change)]


def _differences(change: ProfileChange) -> list[profile_changes.Difference]:
    """A new contact's empty fields say nothing."""
    found = profile_changes.differences(change)
    return [each for each in found if not (change.is_new_contact and each.asked in ("", False))]


def _told(name: str, value: Any) -> str:
    if value in (None, ""):
        return str(_("nothing"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if name == "kind":
        return str(_(KINDS[value]))
    if name == "birth_date":
        return formatting.day(dt.date.fromisoformat(value))
    return formatting.phone(value) if name == "value" and value.startswith("+") else str(value)
