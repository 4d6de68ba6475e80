"""Who did or looked at what."""

from peewee import SQL, AutoField, CharField, ForeignKeyField, IntegerField, TextField

from tables.accounts import PortalAccount
from tables.base import Row, UTCDateTimeField, one_of
from tables.individuals import Individual
from tables.staff import Worker


class AuditEntry(Row):
    """Who did or looked at what, when, for whom, from where.  Append-only (triggers) and chained by ``hash``."""

    id = AutoField()
    at = UTCDateTimeField()
    kind = CharField(max_length=60)
    actor_kind = CharField(max_length=10)
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="RESTRICT")
    acting_for = ForeignKeyField(Individual, null=True, backref="+", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, null=True, backref="audit_entries", on_delete="RESTRICT")
    subject = CharField(max_length=60, default="")  # "account 7", "delivery 12"
    network = CharField(max_length=45, default="")
    values_hash = CharField(max_length=64)
    previous_hash = CharField(max_length=64)
    hash = CharField(max_length=64)

    class Meta:
        constraints = [one_of("actor_kind", ("worker", "client", "system", "visitor"))]
        indexes = ((("individual", "id"), False), (("subject", "id"), False), (("kind", "at"), False))


AuditEntry.add_index(
    AuditEntry.index(AuditEntry.individual, AuditEntry.at, where=(AuditEntry.kind == SQL("'individual.viewed'")), name="audit_views")
)


class AuditValues(Row):
    """The values of one entry as JSON; the entry's chain covers only their keyed hash, so erasure may blank them."""

    entry = ForeignKeyField(AuditEntry, primary_key=True, backref="+", on_delete="RESTRICT")
    body = TextField()


class AuditHead(Row):
    """The newest link of the chain (id is always 1): who appends holds this row, and a cut-off tail is noticed."""

    count = IntegerField()
    hash = CharField(max_length=64)
    seal = CharField(max_length=64, default="")  # keyed hash of both, so that an earlier end cannot be put in place
