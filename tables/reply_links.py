"""The links with which somebody without an account reads a discussion and answers."""

from peewee import SQL, CharField, Check, ForeignKeyField, SmallIntegerField

from tables.accounts import Link
from tables.base import Row, UTCDateTimeField, one_of
from tables.discussions import Discussion
from tables.staff import Worker

REPLY_LINK_ENDS = ("", "answered", "withdrawn", "birth_date", "replaced")


class ReplyLink(Row):
    """What an e-mailed ``link`` of the purpose ``reply`` opens: one discussion, for one answer.

    ``ended`` says how it ended before its time; ``tries`` are the wrong dates of birth.  A discussion has at most one that did not end.
    """

    link = ForeignKeyField(Link, unique=True, backref="+", on_delete="RESTRICT")
    discussion = ForeignKeyField(Discussion, backref="+", on_delete="RESTRICT")
    tries = SmallIntegerField(default=0)
    ended = CharField(max_length=10, default="")
    ended_at = UTCDateTimeField(null=True)
    sent_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")  # who had a new one sent; it needs no new message

    class Meta:
        constraints = [one_of("ended", REPLY_LINK_ENDS), Check("tries BETWEEN 0 AND 3"), Check("(ended = '') = (ended_at IS NULL)")]


ReplyLink.add_index(ReplyLink.index(ReplyLink.discussion, unique=True, where=SQL("ended = ''"), name="one_reply_link"))
