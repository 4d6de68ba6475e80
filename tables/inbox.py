"""Notices: entries of the Inbox that need no answer."""

from peewee import SQL, BooleanField, CharField, ForeignKeyField

from tables.base import PublicId, Row, UTCDateTimeField
from tables.calendar import Attendance
from tables.documents import Document
from tables.individuals import Individual
from tables.outbox import Delivery
from tables.work import ProfileChange


class Notice(Row):
    """What a client finds in the Inbox from ``at`` on: of a place in an event, of a change that they asked for, or of a
    document.

    It is never removed (trigger).  ``delivery`` is the e-mail that tells the same; where that is cancelled before it left, the notice
    is withdrawn.  ``starts_at`` is the time of the appointment that it tells of.
    """

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="notices", on_delete="RESTRICT")
    kind = CharField(max_length=40)
    attendance = ForeignKeyField(Attendance, null=True, backref="notices", on_delete="RESTRICT")
    change = ForeignKeyField(ProfileChange, null=True, backref="+", on_delete="RESTRICT")
    document = ForeignKeyField(Document, null=True, backref="+", on_delete="RESTRICT")
    delivery = ForeignKeyField(Delivery, null=True, unique=True, backref="+", on_delete="SET NULL")
    starts_at = UTCDateTimeField(null=True)
    at = UTCDateTimeField()
    is_withdrawn = BooleanField(default=False)
    is_unread = BooleanField(default=True)
    read_at = UTCDateTimeField(null=True)


Notice.add_index(Notice.index(Notice.individual, Notice.at, Notice.id, where=SQL("NOT is_withdrawn"), name="notice_shown"))
Notice.add_index(Notice.index(Notice.individual, Notice.at, where=SQL("is_unread"), name="notice_unread"))
