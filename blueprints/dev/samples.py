"""Forms that are only looked at."""

import datetime as dt

from wtforms import BooleanField, PasswordField, RadioField, SelectChoice

from web.forms import DateBoxes, Form, Lines, Text

TIMES = [SelectChoice("10", "Tuesday, 10:00"), SelectChoice("14", "Wednesday, 14:30"), SelectChoice("none", "None of these")]


class Sample(Form):
    name = Text("Preferred name")
    born = DateBoxes("Date of birth")
    time = RadioField("Which time suits you?", choices=TIMES)
    note = Lines("Your message")
    agree = BooleanField("Write to me by e-mail")
    password = PasswordField("Password")


def filled() -> Sample:
    """A form as somebody finds it."""
    return Sample(formdata=None, prefix="sample", name="Amina", born=dt.date(1990, 4, 5), time="14", agree=True,
                  note="I would like to come a little later.")  # fmt: skip


def refused() -> Sample:
    """The same form, sent with two mistakes."""
    form = Sample(formdata=None, prefix="wrong", name="")
    form.name.errors = ["Enter your preferred name."]
    form.born.errors = ["This date does not exist. Check day, month and year."]
    form.born.day, form.born.month, form.born.year = "31", "2", "1990"
    return form
