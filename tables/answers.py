"""When clients are answered: office hours, what is answered by itself, and who is away."""

from peewee import CharField, Check, DateField, ForeignKeyField, SmallIntegerField, TextField

from tables.base import PublicId, Row, UTCDateTimeField
from tables.staff import Worker

ANSWER_LETTERS = 500


class OfficeDay(Row):
    """From when to when the agency answers on a day of the week, in minutes since midnight at the main site; Monday is 0."""

    weekday = SmallIntegerField(unique=True)
    begins = SmallIntegerField()
    ends = SmallIntegerField()

    class Meta:
        constraints = [Check("weekday BETWEEN 0 AND 6"), Check("begins >= 0 AND begins < ends AND ends <= 1440")]


class OfficeText(Row):
    """What clients read in a language: the answer outside office hours, or what a category of workers is called."""

    key = CharField(max_length=40)
    language = CharField(max_length=8)
    body = TextField()

    class Meta:
        indexes = ((("key", "language"), True),)
        constraints = [Check(f"length(body) <= {ANSWER_LETTERS}")]


class WorkerAbsence(Row):
    """Whole days on which a worker does not answer, and who does so meanwhile."""

    public_id = PublicId()
    worker = ForeignKeyField(Worker, backref="absences", on_delete="CASCADE")
    cover = ForeignKeyField(Worker, null=True, backref="covers", on_delete="SET NULL")
    starts_on = DateField()
    ends_on = DateField()  # the last one
    text = TextField(default="")
    created_at = UTCDateTimeField()

    class Meta:
        constraints = [
            Check("starts_on <= ends_on"), Check("cover_id IS NULL OR cover_id <> worker_id"), Check(f"length(text) <= {ANSWER_LETTERS}"),
        ]
        indexes = ((("ends_on", "starts_on"), False),)
