"""Forms of the pages behind a reply link."""

from blueprints.inbox.routes import Writing
from web.forms import DateBoxes, Form, _l


class BirthDate(Form):
    birth_date = DateBoxes(_l("Date of birth"), required=_l("Enter your date of birth."))


class Answer(Writing):
    """One message."""
