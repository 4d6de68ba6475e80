"""Forms of the activation steps."""

from wtforms import PasswordField

from web.forms import DateBoxes, Form, Required, _l


class BirthDate(Form):
    birth_date = DateBoxes(_l("Date of birth"), required=_l("Enter your date of birth."))


class Password(Form):
    password = PasswordField(_l("Password"), [Required(_l("Choose a password."))])
