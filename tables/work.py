"""The work queue, and what clients asked to have changed."""

from peewee import SQL, BooleanField, CharField, Check, ForeignKeyField, TextField

from tables.accounts import PortalAccount
from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.individuals import Contact, Individual
from tables.staff import Worker


class Task(Row):
    """Something that a worker of a category has to do about an individual, or where there is none, about what the key names."""

    public_id = PublicId()
    kind = CharField(max_length=30)
    category = CharField(max_length=30)
    individual = ForeignKeyField(Individual, null=True, backref="tasks", on_delete="CASCADE")
    dedupe_key = CharField(max_length=120, unique=True)
    worker = ForeignKeyField(Worker, null=True, backref="tasks", on_delete="RESTRICT")  # who picked it up, or got it
    created_at = UTCDateTimeField()
    done_at = UTCDateTimeField(null=True)
    done_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")


Task.add_index(Task.index(Task.category, Task.id, where=Task.done_at.is_null(), name="open_task"))
Task.add_index(Task.index(Task.id, where=Task.done_at.is_null(), name="open_task_by_id"))
Task.add_index(Task.index(Task.worker, Task.id, where=Task.done_at.is_null(), name="open_task_of_worker"))


CHANGE_STATES = ("waiting", "accepted", "declined", "withdrawn")
CHANGE_GROUPS = ("names", "legal", "contacts", "emergency")


class ProfileChange(Row):
    """What a client asked to have changed in their record, field by field; what was asked is never altered.

    ``contact`` is the one that it is about; empty for names and dates, and for a contact that is new.
    """

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="changes", on_delete="CASCADE")
    group = CharField(max_length=20)
    contact = ForeignKeyField(Contact, null=True, backref="changes", on_delete="SET NULL")
    is_new_contact = BooleanField(default=False)
    asked = TextField()  # JSON: each field with its new value
    state = CharField(max_length=10, default="waiting")
    asked_at = UTCDateTimeField()
    account = ForeignKeyField(PortalAccount, backref="+", on_delete="RESTRICT")
    decided_at = UTCDateTimeField(null=True)
    decided_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    reason = TextField(default="")  # why it was declined; the client reads it

    class Meta:
        constraints = [one_of("state", CHANGE_STATES), Check(f"\"group\" IN {CHANGE_GROUPS}")]


ProfileChange.add_index(
    ProfileChange.index(
        ProfileChange.individual, ProfileChange.group, unique=True, name="one_waiting_of_a_group",
        where=(ProfileChange.state == SQL("'waiting'")) & (ProfileChange.group << [SQL("'names'"), SQL("'legal'")]),
    )
)
ProfileChange.add_index(
    ProfileChange.index(
        ProfileChange.contact, unique=True, name="one_waiting_of_a_contact",
        where=(ProfileChange.state == SQL("'waiting'")) & ProfileChange.contact.is_null(False),
    )
)
