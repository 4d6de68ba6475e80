"""What the agency wrote in place of the portal's own wording of a message."""

from peewee import CharField, IntegerField, TextField

from tables.base import Row

TEXT_KINDS = ("booked", "rescheduled", "changed", "confirmation", "cancelled", "message_waiting", "footer")


class MessageText(Row):
    """One text of messages in one language; an empty ``body`` means the portal's own wording again."""

    kind = CharField(max_length=30)
    language = CharField(max_length=8)
    body = TextField()
    version = IntegerField(default=1)

    class Meta:
        indexes = ((("kind", "language"), True),)
