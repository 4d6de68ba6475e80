"""Forms of About Me: what clients change of their own record."""

from flask_babel import gettext as _
from wtforms import BooleanField

from blueprints.differences import KINDS
from domain import profile, profile_changes
from web.forms import Choice, DateBoxes, Form, Lines, Required, Text, _l

KIND_NAMES = {kind: _l(name) for kind, name in KINDS.items()}


class Names(Form):
    preferred_name = Text(_l("Preferred name"))
    pronouns = Text(_l("Pronouns"))
    gender = Text(_l("Gender"))


class LegalName(Form):
    first_name = Text(_l("First name"))
    last_name = Text(_l("Last name"))
    birth_date = DateBoxes(_l("Date of birth"), _l("Enter your date of birth."))


class OwnContact(Form):
    """A contact of one's own; ``kind`` is asked only for a new one."""

    kind = Choice(_l("What is it?"))
    value = Lines(_l("Address or number"), [Required(_l("Enter the address or number."))])
    person = Text(_l("Who answers"))
    instructions = Lines(_l("Anything we should know when we use it"))
    is_main = BooleanField(_l("Use this one first"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kind.choices = [("", _("Choose")), *((kind, KIND_NAMES[kind]) for kind in profile_changes.open_kinds())]

    def about(self, contact):
        """The same form for a contact that is there: its kind stays, and only an emergency contact is somebody."""
        del self.kind
        if contact.kind != "emergency":
            del self.person
        return self

    def reach(self, contact=None) -> profile.Reach:
        kind = contact.kind if contact else self.kind.data
        person = (self.person.data or "") if "person" in self else contact.person
        return profile.Reach(kind, self.value.data, person, self.instructions.data or "", True, self.is_main.data)
