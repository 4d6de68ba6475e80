"""When each job of the timetable last went well."""

import datetime as dt
from datetime import UTC

from peewee import CharField, DateTimeField, IntegerField, Model


class UTCDateTimeField(DateTimeField):
    def db_value(self, value):
        if isinstance(value, dt.datetime):
            value = value.astimezone(UTC).replace(tzinfo=None)
        return super().db_value(value)


class JobRun(Model):
    name = CharField(max_length=40, primary_key=True)
    good_at = UTCDateTimeField(null=True)
    runs = IntegerField(default=0)
    waited_since = UTCDateTimeField()

    class Meta:
        legacy_table_names = False


def up(migrator, db):
    with db.bind_ctx([JobRun]):
        db.create_tables([JobRun], safe=False)


def down(migrator, db):
    with db.bind_ctx([JobRun]):
        db.drop_tables([JobRun], safe=False)
