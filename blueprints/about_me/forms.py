"""Forms of About Me: what clients change of their own record."""

from typing import Any

from flask import g
from wtforms import BooleanField

from blueprints.differences import KINDS
from domain import agency, profile, profile_changes
from web.forms import Choice, DateBoxes, Form, Lines, Required, Text, _l
from web.languages import gettext as _

KIND_NAMES = {kind: _l(name) for kind, name in KINDS.items()}


class Details(Form):
    """Fields of the record; ``part`` is their group in ``profile_changes``."""

    part = ""

    def rules(self):
        profile_changes.checked_details(g.viewer.individual, self.part, self.typed())

    def typed(self) -> dict[str, Any]:
        return {name: self[name].data or "" for name in profile_changes.FIELDS[self.part]}


class Names(Details):
    part = "names"
    preferred_name = Text(_l("Preferred name"))
    pronouns = Text(_l("Pronouns"))
    gender = Text(_l("Gender"))


class LegalName(Details):
    part = "legal"
    first_name = Text(_l("First name"))
    last_name = Text(_l("Last name"))
    birth_date = DateBoxes(_l("Date of birth"), _l("Enter your date of birth."))


class OwnContact(Form):
    """A contact of one's own; ``kind`` is asked only for a new one."""

    contact = None  # that is there already
    kind = Choice(_l("What is it?"))
    value = Lines(_l("Address or number"), [Required(_l("Enter the address or number."))])
    person = Text(_l("Who answers"))
    instructions = Lines(_l("Anything we should know when we use it"))
    is_main = BooleanField(_l("Use this one first"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind.choices = [("", _("Choose")), *((kind, self._named(kind)) for kind in profile_changes.open_kinds())]

    @property
    def modes(self) -> set[str]:
        """What becomes of what is sent: ``approval``, ``at_once``, or both while the kind is still to be chosen."""
        return {profile_changes.mode_of(kind) for kind in ([self.contact.kind] if self.contact else profile_changes.open_kinds())}

    def _named(self, kind: str) -> str:
        """In a list where some wait for a worker and some do not, those that do say so."""
        if len(self.modes) == 1 or profile_changes.mode_of(kind) != "approval":
            return KIND_NAMES[kind]
        return _("%(kind)s (a worker looks at it first)", kind=KIND_NAMES[kind])

    def rules(self):
        self.reach().checked(agency.country())

    def about(self, contact):
        """The same form for a contact that is there: its kind stays, and only an emergency contact is somebody."""
        self.contact = contact
        del self.kind
        if contact.kind != "emergency":
            del self.person
        return self

    def reach(self) -> profile.Reach:
        kind = self.contact.kind if self.contact else self.kind.data or ""
        person = (self.person.data or "") if "person" in self else self.contact.person
        return profile.Reach(kind, self.value.data or "", person, self.instructions.data or "", True, self.is_main.data)
