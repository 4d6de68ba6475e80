"""What clients and staff write to each other."""

from peewee import SQL, BooleanField, CharField, Check, ForeignKeyField, IntegerField, SmallIntegerField, TextField

from tables.accounts import PortalAccount
from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.calendar import Event
from tables.individuals import Individual
from tables.services import Enrolment, Group
from tables.staff import Worker

DISCUSSION_STATES = ("open", "closed")
MESSAGE_AUTHORS = ("client", "worker", "automatic")
SUBJECT_LETTERS, MESSAGE_LETTERS = 120, 5000


class Discussion(Row):
    """A thread of messages between one individual and workers.

    ``worker`` has it; as long as nobody has, it waits in ``category``.  ``waits_since`` is when the client first wrote what staff have
    not answered, and ``in_a_row`` how much they wrote since.  ``client_saw`` and ``staff_saw`` are the last message that each side
    opened.
    """

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="discussions", on_delete="RESTRICT")
    subject = CharField(max_length=SUBJECT_LETTERS)
    folded = CharField(max_length=2 * SUBJECT_LETTERS)  # the subject without case and accents, for who searches
    started_by = CharField(max_length=10)
    event = ForeignKeyField(Event, null=True, backref="+", on_delete="RESTRICT")  # what it is about
    enrolment = ForeignKeyField(Enrolment, null=True, backref="+", on_delete="RESTRICT")
    group = ForeignKeyField(Group, null=True, backref="+", on_delete="RESTRICT")
    worker = ForeignKeyField(Worker, null=True, backref="discussions", on_delete="RESTRICT")
    category = CharField(max_length=30, default="")
    state = CharField(max_length=10, default="open")
    closed_at = UTCDateTimeField(null=True)
    created_at = UTCDateTimeField()
    last_at = UTCDateTimeField()  # of the newest message that the client reads
    waits_since = UTCDateTimeField(null=True)
    answer_by = UTCDateTimeField(null=True)  # what the client was promised
    late_told_at = UTCDateTimeField(null=True)  # when it was said that this promise was not kept
    in_a_row = SmallIntegerField(default=0)
    is_unread = BooleanField(default=False)  # by the client
    is_new = BooleanField(default=False)  # to staff
    client_saw = IntegerField(default=0)
    client_saw_at = UTCDateTimeField(null=True)
    staff_saw = IntegerField(default=0)
    staff_saw_at = UTCDateTimeField(null=True)
    version = IntegerField(default=1)  # grows when somebody takes, hands on, closes or opens it

    class Meta:
        constraints = [
            one_of("state", DISCUSSION_STATES), one_of("started_by", ("client", "worker")), Check("in_a_row >= 0"),
            Check("worker_id IS NOT NULL OR category <> ''"), Check("(state = 'closed') = (closed_at IS NOT NULL)"),
            Check("(waits_since IS NULL) = (in_a_row = 0)"),
        ]
        indexes = ((("individual", "last_at", "id"), False), (("worker", "last_at", "id"), False))


_WAITS, _UNTAKEN, _OPEN = SQL("waits_since IS NOT NULL"), SQL("worker_id IS NULL"), SQL("state = 'open'")
Discussion.add_index(Discussion.index(Discussion.individual, where=SQL("is_unread"), name="discussion_unread"))
Discussion.add_index(Discussion.index(Discussion.worker, Discussion.waits_since, where=_WAITS, name="discussion_waiting"))
Discussion.add_index(Discussion.index(Discussion.answer_by, where=_WAITS, name="discussion_promised"))
Discussion.add_index(Discussion.index(Discussion.category, Discussion.waits_since, where=_UNTAKEN, name="discussion_untaken"))
Discussion.add_index(Discussion.index(Discussion.last_at, Discussion.id, name="discussion_newest"))
Discussion.add_index(Discussion.index(Discussion.worker, Discussion.last_at, Discussion.id, where=_OPEN, name="discussion_open"))


class DiscussionFollower(Row):
    """A worker who reads a discussion beside whoever has it."""

    discussion = ForeignKeyField(Discussion, backref="followers", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("discussion", "worker"), True),)


class Message(Row):
    """One message, or a note that only staff read; never changed and never removed (triggers)."""

    public_id = PublicId()
    discussion = ForeignKeyField(Discussion, backref="messages", on_delete="RESTRICT")
    author = CharField(max_length=10)
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="RESTRICT")
    is_note = BooleanField(default=False)
    body = TextField()
    folded = TextField()  # the same without case and accents, for who searches
    written_at = UTCDateTimeField()

    class Meta:
        constraints = [
            one_of("author", MESSAGE_AUTHORS), Check("(author = 'worker') = (worker_id IS NOT NULL)"),
            Check("NOT is_note OR author = 'worker'"), Check("account_id IS NULL OR author = 'client'"),
            Check(f"length(body) <= {MESSAGE_LETTERS}"),
        ]
        indexes = ((("discussion", "id"), False),)
