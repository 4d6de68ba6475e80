"""What stands between somebody and a portal account, and where staff put it right."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flask import g, url_for

from domain import profile, texts
from domain.rules import RuleBroken
from models import Individual
from web.languages import gettext as _
from web.languages import spoken


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing that is missing, in the reader's words; ``href`` and ``label`` lead to where it is put right, if the reader
    may do it.  ``is_next``: to put it right is what staff do next, and no correction of a record that may well be right."""

    text: str
    href: str = ""
    label: str = ""
    is_next: bool = False


_OF_SETUP = ("licences", "client_delivery")
_NEXT = ("address", "address_not_in_use", "address_taken", "consent", "birth_date")


def steps(person: Individual, missing: Sequence[RuleBroken], address: str) -> list[Step]:
    """What ``accounts.missing`` found about an address."""
    return [_step(person, refusal, address) for refusal in missing]


def _step(person: Individual, refusal: RuleBroken, address: str) -> Step:
    text = texts.refusal(spoken(), refusal)
    if not g.viewer.may("manage_setup" if refusal.code in _OF_SETUP else "edit_individuals"):
        return Step(text)
    place = _place(person, refusal.code, address)
    return Step(text, *place, is_next=refusal.code in _NEXT) if place else Step(text)


def _place(person: Individual, code: str, address: str) -> tuple[str, str] | None:
    """Where it is put right, and what the link there says."""
    record, ask = url_for("admin.edit_individual", public_id=person.public_id), _("Is the date wrong?")
    if code == "address_not_in_use" and (known := profile.email_contact(person, address)):
        return url_for("admin.edit_contact", public_id=person.public_id, contact_id=known.public_id), _("Change this address")
    if code.startswith("address"):
        return url_for("admin.new_contact", public_id=person.public_id, kind="email"), _("Add an e-mail address")
    return {
        "consent": (url_for("admin.individual", public_id=person.public_id, _anchor="consent"), _("Record consent")),
        "birth_date": (record, _("Add the date of birth")), "age": (record, ask), "deceased": (record, ask),
        "not_wanted": (url_for("admin.individual", public_id=person.public_id, _anchor="consent"), _("See what they want")),
        "client_delivery": (url_for("admin.settings_section", section="delivery"), _("Change the setting")),
        "licences": (url_for("admin.settings_section", section="accounts"), _("Change the limit")),
    }.get(code)  # fmt: skip
