"""Answers: office hours, absences with a cover, categories that clients write to, and what a discussion was about and promised."""

from peewee import CharField, Check, DateField, DateTimeField, ForeignKeyField, Model, SmallIntegerField, TextField

WATCHED, VERBS = ("office_day", "office_text"), ("INSERT", "UPDATE", "DELETE")
ABOUT = 'FOREIGN KEY ("group_id") REFERENCES "service_group" ("id") ON DELETE RESTRICT'
DAYS = "CHECK (answer_days IS NULL OR answer_days >= 0)"
NAMES = {"discussion": "discussion_group_id_fkey", "worker_category": "worker_category_answer_days_check"}  # as PostgreSQL itself would
# Each new column with what it is on SQLite and on PostgreSQL.
COLUMNS = (
    ("worker_category", "is_open", "INTEGER NOT NULL DEFAULT 0", "BOOLEAN NOT NULL DEFAULT false"),
    ("worker_category", "answer_days", "INTEGER", "SMALLINT"),
    ("discussion", "group_id", "INTEGER", "INTEGER"),
    ("discussion", "late_told_at", "DATETIME", "TIMESTAMP"),
)
INDEXES = (
    'CREATE INDEX "discussion_group_id" ON "discussion" ("group_id")',
    'CREATE INDEX "discussion_promised" ON "discussion" ("answer_by") WHERE waits_since IS NOT NULL',
)


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class OfficeDay(Row):
    weekday = SmallIntegerField(unique=True)
    begins = SmallIntegerField()
    ends = SmallIntegerField()

    class Meta:
        constraints = [Check("weekday BETWEEN 0 AND 6"), Check("begins >= 0 AND begins < ends AND ends <= 1440")]


class OfficeText(Row):
    key = CharField(max_length=40)
    language = CharField(max_length=8)
    body = TextField()

    class Meta:
        indexes = ((("key", "language"), True),)
        constraints = [Check("length(body) <= 500")]


class WorkerAbsence(Row):
    public_id = CharField(max_length=22, unique=True)
    worker = ForeignKeyField(Worker, on_delete="CASCADE")
    cover = ForeignKeyField(Worker, null=True, on_delete="SET NULL")
    starts_on = DateField()
    ends_on = DateField()
    text = TextField()
    created_at = DateTimeField()

    class Meta:
        constraints = [
            Check("starts_on <= ends_on"), Check("cover_id IS NULL OR cover_id <> worker_id"), Check("length(text) <= 500"),
        ]
        indexes = ((("ends_on", "starts_on"), False),)


TABLES = [OfficeDay, OfficeText, WorkerAbsence]


def up(migrator, db):
    for table, column, here, there in COLUMNS:
        db.execute_sql(f'ALTER TABLE "{table}" ADD COLUMN "{column}" {here if _is_sqlite(db) else there}')
    for table, rule in (("discussion", ABOUT), ("worker_category", DAYS)):
        if _is_sqlite(db):
            _rewrite(db, table, lambda sql, rule=rule: f"{sql.rstrip()[:-1]}, {rule})")
        else:
            db.execute_sql(f'ALTER TABLE "{table}" ADD CONSTRAINT {NAMES[table]} {rule}')
    for index in INDEXES:
        db.execute_sql(index)
    with db.bind_ctx([Worker, *TABLES]):
        db.create_tables(TABLES, safe=False)
    for table in WATCHED:
        for verb in VERBS:
            _watch(db, table, verb)


def _watch(db, table, verb):
    """Each process knows when one of these rows has changed."""
    name = f"{table}_marks_{verb.lower()}"
    if _is_sqlite(db):
        db.execute_sql(
            f"CREATE TRIGGER {name} AFTER {verb} ON {table} BEGIN UPDATE house_mark SET token = lower(hex(randomblob(16))); END"
        )
        return
    db.execute_sql(f"CREATE TRIGGER {name} AFTER {verb} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION mark_house()")


def _rewrite(db, table, change):
    """SQLite alters no constraint of a table that others point to; its documented way is to change what it has noted."""
    (sql,) = db.execute_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    changed = change(sql)
    if changed == sql:
        raise RuntimeError(f"{table} is not as it was expected")
    (version,) = db.execute_sql("PRAGMA schema_version").fetchone()
    db.execute_sql("PRAGMA writable_schema = ON")
    db.execute_sql("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (changed, table))
    db.execute_sql(f"PRAGMA schema_version = {int(version) + 1}")
    db.execute_sql("PRAGMA writable_schema = RESET")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    """What discussions were about in a group, and what the agency said of its answers, is forgotten."""
    for table in WATCHED:
        for verb in VERBS:
            name = f"{table}_marks_{verb.lower()}"
            db.execute_sql(f"DROP TRIGGER {name}" if _is_sqlite(db) else f"DROP TRIGGER {name} ON {table}")
    with db.bind_ctx([Worker, *TABLES]):
        db.drop_tables(list(reversed(TABLES)), safe=False)
    for name in ("discussion_group_id", "discussion_promised"):
        db.execute_sql(f'DROP INDEX "{name}"')
    for table, rule in (("discussion", ABOUT), ("worker_category", DAYS)):
        if _is_sqlite(db):
            _rewrite(db, table, lambda sql, rule=rule: sql.replace(f", {rule}", ""))
        else:
            db.execute_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT {NAMES[table]}')
    for table, column, _here, _there in reversed(COLUMNS):
        db.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
