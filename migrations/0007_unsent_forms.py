"""What was typed into a form whose session had ended waits a while for its writer."""

import datetime as dt
from datetime import UTC

from peewee import CharField, Check, DateTimeField, ForeignKeyField, Model, TextField


class UTCDateTimeField(DateTimeField):
    def db_value(self, value):
        if isinstance(value, dt.datetime):
            value = value.astimezone(UTC).replace(tzinfo=None)
        return super().db_value(value)


class Row(Model):
    class Meta:
        legacy_table_names = False


class PortalAccount(Row):
    class Meta:
        table_name = "portal_account"


class Worker(Row):
    class Meta:
        table_name = "worker"


class UnsentForm(Row):
    session_hash = CharField(max_length=64)
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="CASCADE")
    page = CharField(max_length=300)
    words = TextField()
    kept_at = UTCDateTimeField(index=True)

    class Meta:
        constraints = [Check("(account_id IS NULL) <> (worker_id IS NULL)")]
        indexes = ((("session_hash", "page"), True),)


def up(migrator, db):
    with db.bind_ctx([UnsentForm], bind_refs=False, bind_backrefs=False):
        db.create_tables([UnsentForm], safe=False)


def down(migrator, db):
    with db.bind_ctx([UnsentForm], bind_refs=False, bind_backrefs=False):
        db.drop_tables([UnsentForm], safe=False)
