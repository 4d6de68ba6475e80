"""Files that people send along, in pieces, so that none is ever whole in a statement; never changed and never removed (triggers)."""

from peewee import BlobField, CharField, Check, ForeignKeyField, IntegerField, SmallIntegerField

from tables.base import PublicId, Row, one_of
from tables.discussions import Message

MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf")
NAME_LETTERS = 100


class StoredFile(Row):
    """What a file is; its bytes stand in its pieces."""

    media_type = CharField(max_length=20)
    size = IntegerField()
    digest = CharField(max_length=64)  # SHA-256 of all of it

    class Meta:
        constraints = [one_of("media_type", MEDIA_TYPES), Check("size > 0"), Check("length(digest) = 64")]


class StoredPiece(Row):
    """Some bytes of a file, in order by their number."""

    file = ForeignKeyField(StoredFile, backref="pieces", on_delete="RESTRICT")
    number = SmallIntegerField()
    body = BlobField()

    class Meta:
        indexes = ((("file", "number"), True),)


class Attachment(Row):
    """A file of a message, under the name that its sender knows it by.  The same file may be in several messages."""

    public_id = PublicId()
    message = ForeignKeyField(Message, backref="attachments", on_delete="RESTRICT")
    file = ForeignKeyField(StoredFile, backref="+", on_delete="RESTRICT")
    name = CharField(max_length=NAME_LETTERS)

    class Meta:
        constraints = [Check("name <> ''")]
