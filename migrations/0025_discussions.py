"""Discussions: what clients and staff write to each other.  A message is never changed and never removed."""

from peewee import (
    SQL,
    BooleanField,
    CharField,
    Check,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Individual(Row):
    pass


class PortalAccount(Row):
    pass


class Event(Row):
    pass


class Enrolment(Row):
    pass


class Discussion(Row):
    public_id = CharField(max_length=22, unique=True)
    individual = ForeignKeyField(Individual, on_delete="RESTRICT")
    subject = CharField(max_length=120)
    started_by = CharField(max_length=10)
    event = ForeignKeyField(Event, null=True, on_delete="RESTRICT")
    enrolment = ForeignKeyField(Enrolment, null=True, on_delete="RESTRICT")
    worker = ForeignKeyField(Worker, null=True, on_delete="RESTRICT")
    category = CharField(max_length=30)
    state = CharField(max_length=10)
    closed_at = DateTimeField(null=True)
    created_at = DateTimeField()
    last_at = DateTimeField()
    waits_since = DateTimeField(null=True)
    answer_by = DateTimeField(null=True)
    in_a_row = SmallIntegerField()
    is_unread = BooleanField()
    is_new = BooleanField()
    client_saw = IntegerField()
    client_saw_at = DateTimeField(null=True)
    staff_saw = IntegerField()
    staff_saw_at = DateTimeField(null=True)
    version = IntegerField()

    class Meta:
        constraints = [
            Check("state IN ('open', 'closed')"), Check("started_by IN ('client', 'worker')"), Check("in_a_row >= 0"),
            Check("worker_id IS NOT NULL OR category <> ''"), Check("(state = 'closed') = (closed_at IS NOT NULL)"),
            Check("(waits_since IS NULL) = (in_a_row = 0)"),
        ]
        indexes = ((("individual", "last_at", "id"), False), (("worker", "last_at", "id"), False))


_WAITS, _UNTAKEN = SQL("waits_since IS NOT NULL"), SQL("worker_id IS NULL")
Discussion.add_index(Discussion.index(Discussion.individual, where=SQL("is_unread"), name="discussion_unread"))
Discussion.add_index(Discussion.index(Discussion.worker, Discussion.waits_since, where=_WAITS, name="discussion_waiting"))
Discussion.add_index(Discussion.index(Discussion.category, Discussion.waits_since, where=_UNTAKEN, name="discussion_untaken"))


class DiscussionFollower(Row):
    discussion = ForeignKeyField(Discussion, on_delete="CASCADE")
    worker = ForeignKeyField(Worker, on_delete="CASCADE")

    class Meta:
        indexes = ((("discussion", "worker"), True),)


class Message(Row):
    public_id = CharField(max_length=22, unique=True)
    discussion = ForeignKeyField(Discussion, on_delete="RESTRICT")
    author = CharField(max_length=10)
    worker = ForeignKeyField(Worker, null=True, on_delete="RESTRICT")
    account = ForeignKeyField(PortalAccount, null=True, on_delete="RESTRICT")
    is_note = BooleanField()
    body = TextField()
    written_at = DateTimeField()

    class Meta:
        constraints = [
            Check("author IN ('client', 'worker', 'automatic')"), Check("(author = 'worker') = (worker_id IS NOT NULL)"),
            Check("NOT is_note OR author = 'worker'"), Check("account_id IS NULL OR author = 'client'"), Check("length(body) <= 5000"),
        ]
        indexes = ((("discussion", "id"), False),)


TABLES = [Discussion, DiscussionFollower, Message]


def up(migrator, db):
    with db.bind_ctx([Worker, Individual, PortalAccount, Event, Enrolment, *TABLES]):
        db.create_tables(TABLES, safe=False)
    for verb in ("UPDATE", "DELETE"):
        _forbid(db, "message", verb)
    if not _is_sqlite(db):
        truncate = "CREATE TRIGGER message_no_truncate BEFORE TRUNCATE ON message"
        db.execute_sql(f"{truncate} FOR EACH STATEMENT EXECUTE FUNCTION message_no_delete()")


def _forbid(db, table, verb):
    name = f"{table}_no_{verb.lower()}"
    if _is_sqlite(db):
        db.execute_sql(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")
        return
    db.execute_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    db.execute_sql(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    with db.bind_ctx(TABLES):
        db.drop_tables(list(reversed(TABLES)), safe=False)
    if not _is_sqlite(db):
        for verb in ("update", "delete"):
            db.execute_sql(f"DROP FUNCTION message_no_{verb}()")
