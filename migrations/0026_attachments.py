"""Files that are sent with messages.  Like a message, they are never changed and never removed."""

from peewee import BlobField, CharField, Check, ForeignKeyField, IntegerField, Model, SmallIntegerField


class Row(Model):
    class Meta:
        legacy_table_names = False


class Message(Row):
    pass


class StoredFile(Row):
    media_type = CharField(max_length=20)
    size = IntegerField()
    digest = CharField(max_length=64)

    class Meta:
        constraints = [
            Check("media_type IN ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')"), Check("size > 0"),
            Check("length(digest) = 64"),
        ]  # fmt: skip


class StoredPiece(Row):
    file = ForeignKeyField(StoredFile, on_delete="RESTRICT")
    number = SmallIntegerField()
    body = BlobField()

    class Meta:
        indexes = ((("file", "number"), True),)


class Attachment(Row):
    public_id = CharField(max_length=22, unique=True)
    message = ForeignKeyField(Message, on_delete="RESTRICT")
    file = ForeignKeyField(StoredFile, on_delete="RESTRICT")
    name = CharField(max_length=100)

    class Meta:
        constraints = [Check("name <> ''")]


TABLES = [StoredFile, StoredPiece, Attachment]
NAMES = ("stored_file", "stored_piece", "attachment")


def up(migrator, db):
    with db.bind_ctx([Message, *TABLES]):
        db.create_tables(TABLES, safe=False)
    for table in NAMES:
        for verb in ("UPDATE", "DELETE"):
            _forbid(db, table, verb)
        if not _is_sqlite(db):
            truncate = f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            db.execute_sql(f"{truncate} FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_delete()")


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
        for table in NAMES:
            for verb in ("update", "delete"):
                db.execute_sql(f"DROP FUNCTION {table}_no_{verb}()")
