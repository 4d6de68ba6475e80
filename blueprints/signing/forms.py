"""Forms of the sign-in pages."""

from wtforms import PasswordField

from web.forms import Form, Required, Text, _l


class SignIn(Form):
    email = Text(_l("E-mail address"), [Required(_l("Enter your e-mail address."))])
    password = PasswordField(_l("Password"), [Required(_l("Enter your password."))])


class Forgotten(Form):
    email = Text(_l("E-mail address"), [Required(_l("Enter your e-mail address."))])


class NewPassword(Form):
    password = PasswordField(_l("New password"), [Required(_l("Choose a password."))])
