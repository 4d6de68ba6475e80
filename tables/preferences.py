"""Who wants to be written to of what: clients by kind, workers by kind, and workers before their appointments."""

from peewee import BooleanField, CharField, Check, ForeignKeyField, SmallIntegerField

from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.calendar import Event
from tables.individuals import CHANNELS, Individual
from tables.outbox import Delivery
from tables.staff import Worker

WAYS = ("always", "away", "none")  # "away": only while the worker is not signed in


class ClientChoice(Row):
    """Whether an individual wants messages of a kind on a channel; without a row they do.

    ``public_id`` is what the address in each such message carries, by which they stop: of the person it says nothing.
    """

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")
    channel = CharField(max_length=10)
    kind = CharField(max_length=20)
    is_wanted = BooleanField(default=True)
    changed_at = UTCDateTimeField()

    class Meta:
        constraints = [one_of("channel", CHANNELS)]
        indexes = ((("individual", "channel", "kind"), True),)


class WorkerChoice(Row):
    """When a worker wants messages of a kind on a channel; without a row as the kind is at first."""

    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")
    channel = CharField(max_length=10)
    kind = CharField(max_length=20)
    way = CharField(max_length=10)

    class Meta:
        constraints = [one_of("channel", CHANNELS), one_of("way", WAYS)]
        indexes = ((("worker", "channel", "kind"), True),)


class WorkerReminder(Row):
    """How many minutes before their appointments a worker is reminded; 0 is not at all.

    ``first_minutes`` is before the first appointment of an enrolment, beside the other one.  What waits is brought in line with it while
    ``is_planned`` is false.
    """

    worker = ForeignKeyField(Worker, unique=True, backref="+", on_delete="CASCADE")
    minutes = SmallIntegerField(default=0)
    first_minutes = SmallIntegerField(default=0)
    is_planned = BooleanField(default=True)

    class Meta:
        constraints = [Check("minutes >= 0"), Check("first_minutes >= 0")]


class EventReminder(Row):
    """What a delivery reminds its worker of: an event as it stood, so many minutes before it."""

    delivery = ForeignKeyField(Delivery, unique=True, backref="+", on_delete="CASCADE")
    event = ForeignKeyField(Event, backref="+", on_delete="RESTRICT")
    starts_at = UTCDateTimeField()
    minutes = SmallIntegerField()
    is_first = BooleanField(default=False)  # only because it is the first of an enrolment
