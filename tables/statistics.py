"""What is counted day by day."""

from peewee import CharField, DateField, IntegerField

from tables.base import Row


class DayCount(Row):
    """How many of something there were on a day at the main site: events of that day, or what there was when it was last
    counted."""

    day = DateField()
    name = CharField(max_length=30)
    value = IntegerField()

    class Meta:
        indexes = ((("day", "name"), True),)
