"""The jobs of the timetable."""

from peewee import CharField, IntegerField

from tables.base import Row, UTCDateTimeField


class JobRun(Row):
    """A job of the timetable: its last good run, how many there were, and since when somebody is on duty to run it."""

    name = CharField(max_length=40, primary_key=True)
    good_at = UTCDateTimeField(null=True)
    runs = IntegerField(default=0)
    waited_since = UTCDateTimeField()
