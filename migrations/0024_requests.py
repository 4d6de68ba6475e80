"""What clients ask for; and each process knows when the holidays or the kinds of time have changed."""

from peewee import SQL, CharField, Check, DateField, DateTimeField, ForeignKeyField, Model, SmallIntegerField, TextField

WATCHED = ("holiday", "availability_type")
VERBS = ("INSERT", "UPDATE", "DELETE")


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Individual(Row):
    pass


class Event(Row):
    pass


class EventRequest(Row):
    public_id = CharField(max_length=22, unique=True)
    event = ForeignKeyField(Event, unique=True, on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, on_delete="RESTRICT")
    replaces = ForeignKeyField(Event, null=True, on_delete="RESTRICT")
    day = DateField()
    number = SmallIntegerField(null=True)
    asked_at = DateTimeField()
    expires_at = DateTimeField(null=True)
    offered_at = DateTimeField(null=True)
    answered_at = DateTimeField(null=True)
    answered_by = ForeignKeyField(Worker, null=True, on_delete="RESTRICT")
    reason = TextField()

    class Meta:
        constraints = [Check("number IS NULL OR number > 0")]
        indexes = ((("individual", "day", "number"), True),)


EventRequest.add_index(
    EventRequest.index(EventRequest.expires_at, where=SQL("answered_at IS NULL AND expires_at IS NOT NULL"), name="event_request_waiting")
)
EventRequest.add_index(
    EventRequest.index(
        EventRequest.replaces, unique=True, where=SQL("answered_at IS NULL AND expires_at IS NOT NULL AND replaces_id IS NOT NULL"),
        name="event_request_change",
    )
)  # fmt: skip


def up(migrator, db):
    with db.bind_ctx([Worker, Individual, Event, EventRequest]):
        db.create_tables([EventRequest], safe=False)
    for table in WATCHED:
        for verb in VERBS:
            _watch(db, table, verb)


def _watch(db, table, verb):
    name = f"{table}_marks_{verb.lower()}"
    if _is_sqlite(db):
        db.execute_sql(
            f"CREATE TRIGGER {name} AFTER {verb} ON {table} BEGIN UPDATE house_mark SET token = lower(hex(randomblob(16))); END"
        )
        return
    db.execute_sql(f"CREATE TRIGGER {name} AFTER {verb} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION mark_house()")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    for table in WATCHED:
        for verb in VERBS:
            name = f"{table}_marks_{verb.lower()}"
            db.execute_sql(f"DROP TRIGGER {name}" if _is_sqlite(db) else f"DROP TRIGGER {name} ON {table}")
    db.execute_sql('DROP TABLE "event_request"')
