"""What the agency looks like: its choices, and the pictures made from what it uploaded."""

from peewee import BlobField, CharField, IntegerField

from tables.base import Row


class BrandChoice(Row):
    """One choice: ``accent``, ``decided``, or the picture of a tile."""

    key = CharField(max_length=40, primary_key=True)
    value = CharField(max_length=40)


class BrandPicture(Row):
    """A picture in use; ``part`` is what it came from (logo, icon, accent, a tile), ``kind`` what it is for."""

    part = CharField(max_length=40)
    kind = CharField(max_length=20)
    address = CharField(max_length=32, index=True)
    content_type = CharField(max_length=20)
    width = IntegerField()
    height = IntegerField()
    body = BlobField()

    class Meta:
        indexes = ((("part", "kind"), True),)
