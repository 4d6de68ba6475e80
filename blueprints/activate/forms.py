"""Forms of the activation steps."""

from wtforms import BooleanField, PasswordField

from web.forms import DateBoxes, Form, Required, _l


class Terms(Form):
    accept = BooleanField(_l("I accept the privacy policy and the terms of use"), [Required(_l("Tick the box to go on."))])


class BirthDate(Form):
    birth_date = DateBoxes(_l("Date of birth"), required=_l("Enter your date of birth."))


class Password(Form):
    password = PasswordField(_l("Password"), [Required(_l("Choose a password."))])
