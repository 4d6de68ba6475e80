"""Many accounts at once: jobs with a row for each person; lists of accounts by their age and by their state."""

from peewee import BooleanField, CharField, Check, DateTimeField, ForeignKeyField, IntegerField, Model, TextField


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Individual(Row):
    pass


class PortalAccount(Row):
    pass


class BulkJob(Row):
    public_id = CharField(max_length=22, unique=True)
    verb = CharField(max_length=20)
    worker = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")
    network = CharField(max_length=45, default="")
    choice = TextField(default="{}")
    state = CharField(max_length=10, default="planning")
    total = IntegerField(default=0)
    reached = IntegerField(default=0)
    tally = TextField(default="{}")
    failure = TextField(default="")
    made_at = DateTimeField()
    started_at = DateTimeField(null=True)
    moved_at = DateTimeField()

    class Meta:
        constraints = [
            Check("verb IN ('activate', 'close', 'suspend', 'unlock', 'disable', 'enable')"),
            Check("state IN ('planning', 'planned', 'running', 'stopped', 'done', 'given_up')"),
        ]


class BulkRow(Row):
    public_id = CharField(max_length=22, unique=True)
    job = ForeignKeyField(BulkJob, backref="+", on_delete="CASCADE")
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="CASCADE")
    outcome = CharField(max_length=10)
    reason = CharField(max_length=30, default="")
    is_ticked = BooleanField(default=False)

    class Meta:
        constraints = [Check("outcome IN ('left_out', 'waiting', 'done', 'refused')")]
        indexes = ((("job", "account"), True), (("job", "outcome", "reason", "id"), False))


NEW = [BulkJob, BulkRow]
INDEXES = {
    "bulk_job_at_work": """ON "bulk_job" ("moved_at") WHERE ("state" IN ('planning', 'running'))""",
    "bulk_row_of_nobody_yet": """ON "bulk_row" ("job_id", "individual_id") WHERE ("account_id" IS NULL)""",
    "account_by_age": 'ON "portal_account" ("created_at", "id")',
    "account_by_state": 'ON "portal_account" ("state", "created_at", "id")',
}
UNIQUE = ("bulk_row_of_nobody_yet",)


def up(migrator, db):
    with db.bind_ctx([*NEW, Worker, Individual, PortalAccount]):
        db.create_tables(NEW, safe=False)
    for name, words in INDEXES.items():
        db.execute_sql(f'CREATE {"UNIQUE " if name in UNIQUE else ""}INDEX "{name}" {words}')


def down(migrator, db):
    for name in INDEXES:
        db.execute_sql(f'DROP INDEX "{name}"')
    for table in reversed(NEW):
        db.execute_sql(f'DROP TABLE "{table._meta.table_name}"')
