"""Who wants to be written to of what: clients and workers by kind, and workers before their appointments."""

from peewee import BooleanField, CharField, Check, DateTimeField, ForeignKeyField, Model, SmallIntegerField

_CHANNEL = "channel IN ('email', 'sms', 'push')"


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Individual(Row):
    pass


class Event(Row):
    pass


class Delivery(Row):
    pass


class ClientChoice(Row):
    public_id = CharField(max_length=22, unique=True)
    individual = ForeignKeyField(Individual, on_delete="CASCADE")
    channel = CharField(max_length=10)
    kind = CharField(max_length=20)
    is_wanted = BooleanField()
    changed_at = DateTimeField()

    class Meta:
        constraints = [Check(_CHANNEL)]
        indexes = ((("individual", "channel", "kind"), True),)


class WorkerChoice(Row):
    worker = ForeignKeyField(Worker, on_delete="CASCADE")
    channel = CharField(max_length=10)
    kind = CharField(max_length=20)
    way = CharField(max_length=10)

    class Meta:
        constraints = [Check(_CHANNEL), Check("way IN ('always', 'away', 'none')")]
        indexes = ((("worker", "channel", "kind"), True),)


class WorkerReminder(Row):
    worker = ForeignKeyField(Worker, unique=True, on_delete="CASCADE")
    minutes = SmallIntegerField()
    first_minutes = SmallIntegerField()
    is_planned = BooleanField()

    class Meta:
        constraints = [Check("minutes >= 0"), Check("first_minutes >= 0")]


class EventReminder(Row):
    delivery = ForeignKeyField(Delivery, unique=True, on_delete="CASCADE")
    event = ForeignKeyField(Event, on_delete="RESTRICT")
    starts_at = DateTimeField()
    minutes = SmallIntegerField()
    is_first = BooleanField()


TABLES = [ClientChoice, WorkerChoice, WorkerReminder, EventReminder]


def up(migrator, db):
    with db.bind_ctx([Worker, Individual, Event, Delivery, *TABLES]):
        db.create_tables(TABLES, safe=False)


def down(migrator, db):
    with db.bind_ctx([Worker, Individual, Event, Delivery, *TABLES]):
        db.drop_tables(list(reversed(TABLES)), safe=False)
