"""Workers are invited, have categories, pick up tasks, and leave."""

import re
import secrets
import unicodedata

from peewee import CharField, ForeignKeyField, Model


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class WorkerCategory(Row):
    slug = CharField(max_length=30, unique=True)
    name = CharField(max_length=80, unique=True)


class CategoryMember(Row):
    category = ForeignKeyField(WorkerCategory, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("category", "worker"), True),)


NEW = [WorkerCategory, CategoryMember]
BUILT_IN = {"intake": "Intake", "accounting": "Accounting", "delivery_problems": "Delivery problems", "on_call": "On call"}

MOMENT = ("DATETIME", "TIMESTAMP")  # on SQLite, on PostgreSQL
ONE = ("INTEGER NOT NULL DEFAULT 1", "INTEGER NOT NULL DEFAULT 1")
NUMBER = ("INTEGER", "INTEGER")
TEXT = ("TEXT NOT NULL DEFAULT ''", "TEXT NOT NULL DEFAULT ''")
SORTED = ("VARCHAR(400) NOT NULL DEFAULT ''", "VARCHAR(400) NOT NULL DEFAULT ''")
NAME = ("VARCHAR(22) NOT NULL DEFAULT ''", "VARCHAR(22) NOT NULL DEFAULT ''")
COLUMNS = (
    ("security_class", "public_id", NAME), ("security_class", "version", ONE),
    ("worker", "sort_name", SORTED), ("worker", "call_name", SORTED), ("worker", "description", TEXT),
    ("worker", "invited_at", MOMENT), ("worker", "left_at", MOMENT), ("worker", "version", ONE),
    ("task", "worker_id", NUMBER),
)  # fmt: skip
HOLDER = 'FOREIGN KEY ("worker_id") REFERENCES "worker" ("id") ON DELETE RESTRICT'
INDEXES = (
    'CREATE UNIQUE INDEX "security_class_public_id" ON "security_class" ("public_id")',
    'CREATE INDEX "worker_sort_name" ON "worker" ("sort_name")',
    'CREATE INDEX "worker_call_name" ON "worker" ("call_name")',
    'CREATE INDEX "worker_is_active_sort_name" ON "worker" ("is_active", "sort_name")',
    'CREATE INDEX "task_worker_id" ON "task" ("worker_id")',
    'CREATE INDEX "open_task_of_worker" ON "task" ("worker_id", "id") WHERE ("done_at" IS NULL)',
)  # fmt: skip
PURPOSE = "invitation"


def up(migrator, db):
    with db.bind_ctx([*NEW, Worker]):
        db.create_tables(NEW, safe=False)
        for slug, name in BUILT_IN.items():
            WorkerCategory.create(slug=slug, name=name)
    for table, column, kinds in COLUMNS:
        db.execute_sql(f'ALTER TABLE "{table}" ADD COLUMN "{column}" {kinds[0 if _is_sqlite(db) else 1]}')
    if _is_sqlite(db):
        _rewrite(db, "task", lambda sql: f"{sql.rstrip()[:-1]}, {HOLDER})")
    else:
        db.execute_sql(f'ALTER TABLE "task" ADD CONSTRAINT task_worker_id_fkey {HOLDER}')
    _name_rows(db)
    db.execute_sql(  # everybody saw every task before
        'INSERT INTO "category_member" ("category_id", "worker_id") SELECT c."id", w."id" FROM "worker_category" c, "worker" w'
        " WHERE c.\"slug\" IN ('intake', 'delivery_problems') AND w.\"is_active\" AND w.\"password_hash\" IS NOT NULL"
    )
    _take_purposes(db, lambda purposes: [*purposes, PURPOSE])
    for index in INDEXES:
        db.execute_sql(index)


def _name_rows(db):
    place = db.param
    for (number,) in db.execute_sql('SELECT "id" FROM "security_class"').fetchall():
        db.execute_sql(f'UPDATE "security_class" SET "public_id" = {place} WHERE "id" = {place}', (secrets.token_urlsafe(16), number))
    for number, first, last in db.execute_sql('SELECT "id", "first_name", "last_name" FROM "worker"').fetchall():
        names = (_fold(f"{last} {first}"), _fold(f"{first} {last}"), number)
        db.execute_sql(f'UPDATE "worker" SET "sort_name" = {place}, "call_name" = {place} WHERE "id" = {place}', names)


def _fold(text):
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()[:400]


def _take_purposes(db, change):
    """What a link may be for, as the database has it now, and what ``change`` makes of it."""
    if _is_sqlite(db):
        listed = r"purpose IN \(([^)]*)\)"
        _rewrite(db, "link", lambda sql: re.sub(listed, lambda found: f"purpose IN ({_listed(change(_words(found[1])))})", sql))
        return
    (now,) = db.execute_sql(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'link_purpose_check'"
    ).fetchone()
    db.execute_sql("ALTER TABLE link DROP CONSTRAINT link_purpose_check")
    db.execute_sql(f"ALTER TABLE link ADD CONSTRAINT link_purpose_check CHECK (purpose IN ({_listed(change(_words(now)))}))")


def _words(text):
    return re.findall(r"'(\w+)'", text)


def _listed(words):
    return ", ".join(f"'{word}'" for word in words)


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
    _forget(db)
    for index in reversed(INDEXES):
        db.execute_sql(f'DROP INDEX "{index.split(chr(34))[1]}"')
    if _is_sqlite(db):
        _rewrite(db, "task", lambda sql: sql.replace(f", {HOLDER}", ""))
    for table, column, _ in reversed(COLUMNS):
        db.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    for table in reversed(NEW):
        db.execute_sql(f'DROP TABLE "{table._meta.table_name}"')


def _forget(db):
    """What the version of before does not know goes; links, whose openings are kept for ever, stay as dead ones."""
    ours = f"link_id IN (SELECT id FROM link WHERE purpose = '{PURPOSE}')"
    db.execute_sql(f"UPDATE delivery SET state = 'cancelled' WHERE state IN ('due', 'leased', 'held') AND {ours}")
    db.execute_sql(
        f"UPDATE link SET purpose = 'password_reset', voided_at = COALESCE(voided_at, created_at) WHERE purpose = '{PURPOSE}'"
    )
    _take_purposes(db, lambda purposes: [word for word in purposes if word != PURPOSE])
