"""Tries are counted, devices and sessions have names, and an address of sign-in can be changed."""

import re
import secrets

from peewee import CharField, DateTimeField, ForeignKeyField, Model, SmallIntegerField


class Row(Model):
    class Meta:
        legacy_table_names = False


class PortalAccount(Row):
    pass


class Link(Row):
    pass


class AddressChange(Row):
    account = ForeignKeyField(PortalAccount, backref="+", on_delete="CASCADE")
    old_email = CharField(max_length=254)
    new_email = CharField(max_length=254)
    new_key = CharField(max_length=254)
    code = ForeignKeyField(Link, backref="+", on_delete="RESTRICT")
    undo = ForeignKeyField(Link, null=True, backref="+", on_delete="RESTRICT")
    tries = SmallIntegerField(default=0)
    asked_at = DateTimeField()
    confirmed_at = DateTimeField(null=True)
    undone_at = DateTimeField(null=True)


SMALL = {"sqlite": "INTEGER NOT NULL DEFAULT 0", "postgres": "SMALLINT NOT NULL DEFAULT 0"}
MOMENT = {"sqlite": "DATETIME", "postgres": "TIMESTAMP"}
NUMBER = {"sqlite": "INTEGER", "postgres": "INTEGER"}
NAME = {"sqlite": "VARCHAR(22) NOT NULL DEFAULT ''", "postgres": "VARCHAR(22) NOT NULL DEFAULT ''"}

COLUMNS = (
    ("worker", "failed_sign_ins", SMALL), ("worker", "locked_until", MOMENT),
    ("portal_account", "failed_sign_ins", SMALL),
    ("device", "public_id", NAME), ("device", "signed_in_at", MOMENT), ("device", "failed_sign_ins", SMALL),
    ("login_session", "public_id", NAME), ("login_session", "device_id", NUMBER),
)  # fmt: skip
INDEXES = (  # table, column, unique
    ("device", "public_id", True), ("login_session", "public_id", True), ("login_session", "device_id", False),
)  # fmt: skip
NAMED = ("device", "login_session")  # whose rows get a public id
POINTER = 'FOREIGN KEY ("device_id") REFERENCES "device" ("id") ON DELETE SET NULL'
PURPOSES = ("unlock", "address_code", "address_undo")


def up(migrator, db):
    with db.bind_ctx([AddressChange], bind_refs=False, bind_backrefs=False):
        db.create_tables([AddressChange], safe=False)
    for table, column, kinds in COLUMNS:
        db.execute_sql(f'ALTER TABLE "{table}" ADD COLUMN "{column}" {kinds["sqlite" if _is_sqlite(db) else "postgres"]}')
    for table in NAMED:
        for (row,) in db.execute_sql(f'SELECT id FROM "{table}"').fetchall():
            db.execute_sql(f"UPDATE \"{table}\" SET public_id = '{secrets.token_urlsafe(16)}' WHERE id = {int(row)}")
    if _is_sqlite(db):
        _rewrite(db, "login_session", lambda sql: f"{sql.rstrip()[:-1]}, {POINTER})")
    else:
        db.execute_sql(f"ALTER TABLE login_session ADD CONSTRAINT login_session_device_id_fkey {POINTER}")
    _take_purposes(db, [*_purposes(db), *PURPOSES])
    for table, column, is_unique in INDEXES:
        db.execute_sql(f'CREATE {"UNIQUE " if is_unique else ""}INDEX "{table}_{column}" ON "{table}" ("{column}")')


def _purposes(db):
    """What a link may be for now: another migration may have added some."""
    if _is_sqlite(db):
        query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'link'"
    else:
        query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'link_purpose_check'"
    (said,) = db.execute_sql(query).fetchone()
    return re.findall(r"'([a-z_]+)'", said[said.index("purpose IN") if _is_sqlite(db) else 0 :])


def _take_purposes(db, wanted):
    listed = ", ".join(f"'{purpose}'" for purpose in wanted)
    if _is_sqlite(db):
        _rewrite(db, "link", lambda sql: re.sub(r"purpose IN \([^)]*\)", f"purpose IN ({listed})", sql))
        return
    db.execute_sql("ALTER TABLE link DROP CONSTRAINT link_purpose_check")
    db.execute_sql(f"ALTER TABLE link ADD CONSTRAINT link_purpose_check CHECK (purpose IN ({listed}))")


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
    """Who is locked may come in again; links, whose openings are kept for ever, stay as dead ones."""
    db.execute_sql("UPDATE portal_account SET state = 'active', reason = NULL WHERE reason = 'attempts'")
    mine = ", ".join(f"'{purpose}'" for purpose in PURPOSES)
    db.execute_sql(
        "UPDATE delivery SET state = 'cancelled' WHERE state IN ('due', 'leased', 'held')"
        " AND kind IN ('sign_in_locked', 'address_code', 'address_changed')"
    )
    db.execute_sql(
        f"UPDATE link SET purpose = 'password_reset', voided_at = COALESCE(voided_at, created_at) WHERE purpose IN ({mine})"
    )
    _take_purposes(db, [purpose for purpose in _purposes(db) if purpose not in PURPOSES])
    for table, column, _ in reversed(INDEXES):
        db.execute_sql(f'DROP INDEX "{table}_{column}"')
    if _is_sqlite(db):
        _rewrite(db, "login_session", lambda sql: sql.replace(f", {POINTER}", ""))
    for table, column, _ in reversed(COLUMNS):
        db.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
    db.execute_sql('DROP TABLE "address_change"')
