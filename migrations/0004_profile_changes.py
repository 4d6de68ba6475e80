"""Clients ask for changes of their record; the kinds of tasks are the code's catalogue, no longer the table's."""

from peewee import (
    SQL,
    BooleanField,
    CharField,
    Check,
    DateTimeField,
    ForeignKeyField,
    Model,
    TextField,
)


class Row(Model):
    class Meta:
        legacy_table_names = False


class Individual(Row):
    pass


class Contact(Row):
    pass


class PortalAccount(Row):
    pass


class Worker(Row):
    pass


class ProfileChange(Row):
    public_id = CharField(max_length=22, unique=True)
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")
    group = CharField(max_length=20)
    contact = ForeignKeyField(Contact, null=True, backref="+", on_delete="SET NULL")
    is_new_contact = BooleanField(default=False)
    asked = TextField()
    state = CharField(max_length=10, default="waiting")
    asked_at = DateTimeField()
    account = ForeignKeyField(PortalAccount, backref="+", on_delete="RESTRICT")
    decided_at = DateTimeField(null=True)
    decided_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    reason = TextField(default="")

    class Meta:
        constraints = [
            Check("state IN ('waiting', 'accepted', 'declined', 'withdrawn')"),
            Check("\"group\" IN ('names', 'legal', 'contacts', 'emergency')"),
        ]


ProfileChange.add_index(
    ProfileChange.index(
        ProfileChange.individual, ProfileChange.group, unique=True, name="one_waiting_of_a_group",
        where=(ProfileChange.state == SQL("'waiting'")) & (ProfileChange.group << [SQL("'names'"), SQL("'legal'")]),
    )
)  # fmt: skip
ProfileChange.add_index(
    ProfileChange.index(
        ProfileChange.contact, unique=True, name="one_waiting_of_a_contact",
        where=(ProfileChange.state == SQL("'waiting'")) & ProfileChange.contact.is_null(False),
    )
)  # fmt: skip

KINDS = {
    "kind": "('new_activation_wanted', 'birth_date_closed', 'delivery_problem')",
    "category": "('intake', 'delivery_problems')",
}
COLUMNS = "id, public_id, kind, category, individual_id, dedupe_key, created_at, done_at, done_by_id"
INDEXES = (
    'CREATE UNIQUE INDEX "task_public_id" ON "task" ("public_id")',
    'CREATE INDEX "task_individual_id" ON "task" ("individual_id")',
    'CREATE UNIQUE INDEX "task_dedupe_key" ON "task" ("dedupe_key")',
    'CREATE INDEX "task_done_by_id" ON "task" ("done_by_id")',
    'CREATE INDEX "open_task" ON "task" ("category", "id") WHERE ("done_at" IS NULL)',
)


def up(migrator, db):
    with db.bind_ctx([ProfileChange, Individual, Contact, PortalAccount, Worker]):
        db.create_tables([ProfileChange])
    _freeze(db)
    if _is_sqlite(db):
        _rebuild_task(db, "")
        return
    for column in KINDS:
        db.execute_sql(f"ALTER TABLE task DROP CONSTRAINT task_{column}_check")


def _freeze(db):
    """What a client asked for stays as it was asked."""
    if _is_sqlite(db):
        db.execute_sql(
            "CREATE TRIGGER profile_change_asked BEFORE UPDATE OF asked ON profile_change"
            " BEGIN SELECT RAISE(ABORT, 'what was asked is never altered'); END"
        )
        return
    db.execute_sql(
        "CREATE FUNCTION profile_change_asked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'what was asked is never altered' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    db.execute_sql(
        "CREATE TRIGGER profile_change_asked BEFORE UPDATE OF asked ON profile_change"
        " FOR EACH ROW EXECUTE FUNCTION profile_change_asked()"
    )


def _rebuild_task(db, checks):
    """SQLite cannot alter a table's constraints; no other table names this one."""
    db.execute_sql(
        'CREATE TABLE "task_new" ("id" INTEGER NOT NULL PRIMARY KEY, "public_id" VARCHAR(22) NOT NULL,'
        ' "kind" VARCHAR(30) NOT NULL, "category" VARCHAR(30) NOT NULL, "individual_id" INTEGER,'
        ' "dedupe_key" VARCHAR(120) NOT NULL, "created_at" DATETIME NOT NULL, "done_at" DATETIME, "done_by_id" INTEGER,'
        ' FOREIGN KEY ("individual_id") REFERENCES "individual" ("id") ON DELETE CASCADE,'
        f' FOREIGN KEY ("done_by_id") REFERENCES "worker" ("id") ON DELETE RESTRICT{checks})'
    )
    db.execute_sql(f"INSERT INTO task_new ({COLUMNS}) SELECT {COLUMNS} FROM task")
    db.execute_sql("DROP TABLE task")
    db.execute_sql('ALTER TABLE "task_new" RENAME TO "task"')
    for index in INDEXES:
        db.execute_sql(index)


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    db.execute_sql("DROP TABLE profile_change")
    db.execute_sql("DELETE FROM task WHERE " + " OR ".join(f"{name} NOT IN {known}" for name, known in KINDS.items()))
    if _is_sqlite(db):
        _rebuild_task(db, "".join(f", CHECK ({name} IN {known})" for name, known in KINDS.items()))
        return
    db.execute_sql("DROP FUNCTION profile_change_asked() CASCADE")
    for name, known in KINDS.items():
        db.execute_sql(f"ALTER TABLE task ADD CONSTRAINT task_{name}_check CHECK ({name} IN {known})")
