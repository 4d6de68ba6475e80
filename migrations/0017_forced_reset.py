"""Staff ask clients for a new password: noted on the account, and done to many accounts at once."""

import re

VERB = "reset"
MOMENT = {True: "DATETIME", False: "TIMESTAMP"}  # by whether it is SQLite


def up(migrator, db):
    db.execute_sql(f'ALTER TABLE "portal_account" ADD COLUMN "password_reset_wanted_at" {MOMENT[_is_sqlite(db)]}')
    _take_verbs(db, [*_verbs(db), VERB])


def _verbs(db):
    """What is done to many accounts now: another migration may have added some."""
    if _is_sqlite(db):
        query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'bulk_job'"
    else:
        query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'bulk_job_verb_check'"
    (said,) = db.execute_sql(query).fetchone()
    listed = re.search(r"verb IN \(([^)]*)\)", said)[1] if _is_sqlite(db) else said
    return re.findall(r"'([a-z_]+)'", listed)


def _take_verbs(db, wanted):
    listed = ", ".join(f"'{verb}'" for verb in wanted)
    if _is_sqlite(db):
        _rewrite(db, "bulk_job", lambda sql: re.sub(r"verb IN \([^)]*\)", f"verb IN ({listed})", sql))
        return
    db.execute_sql("ALTER TABLE bulk_job DROP CONSTRAINT bulk_job_verb_check")
    db.execute_sql(f"ALTER TABLE bulk_job ADD CONSTRAINT bulk_job_verb_check CHECK (verb IN ({listed}))")


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
    """Who was asked for a new password and chose none goes on with the old one; jobs that asked are forgotten, the audit
    keeps them."""
    db.execute_sql(
        "UPDATE delivery SET state = 'cancelled' WHERE state IN ('due', 'leased', 'held') AND kind = 'new_password_wanted'"
    )
    db.execute_sql(f"DELETE FROM bulk_row WHERE job_id IN (SELECT id FROM bulk_job WHERE verb = '{VERB}')")
    db.execute_sql(f"DELETE FROM bulk_job WHERE verb = '{VERB}'")
    _take_verbs(db, [verb for verb in _verbs(db) if verb != VERB])
    db.execute_sql('ALTER TABLE "portal_account" DROP COLUMN "password_reset_wanted_at"')
