"""What stands between somebody and a portal account, and where staff put it right."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flask import url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from domain import texts
from domain.rules import N_, RuleBroken
from models import Individual

_ADDRESS = ("admin.new_contact", {"kind": "email"}, N_("Add an e-mail address"))
_PLACES: dict[str, tuple[str, dict[str, str], str]] = {
    "address": _ADDRESS,
    "address_not_in_use": _ADDRESS,
    "address_taken": _ADDRESS,
    "consent": ("admin.individual", {"_anchor": "consent"}, N_("Record consent")),
    "birth_date": ("admin.edit_individual", {}, N_("Add the date of birth")),
}


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing that is missing, in the reader's words; ``href`` and ``label`` lead to where it is put right, if anywhere."""

    text: str
    href: str = ""
    label: str = ""


def steps(person: Individual, missing: Sequence[RuleBroken]) -> list[Step]:
    """What ``accounts.missing`` found."""
    return [_step(person, refusal) for refusal in missing]


def _step(person: Individual, refusal: RuleBroken) -> Step:
    text = texts.refusal(str(get_locale()), refusal)
    if refusal.code not in _PLACES:
        return Step(text)
    endpoint, more, label = _PLACES[refusal.code]
    return Step(text, url_for(endpoint, public_id=person.public_id, **more), _(label))
