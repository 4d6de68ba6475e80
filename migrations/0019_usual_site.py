"""The site that a client usually comes to."""

PLACE = 'FOREIGN KEY ("site_id") REFERENCES "site" ("id") ON DELETE RESTRICT'


def up(migrator, db):
    db.execute_sql('ALTER TABLE "individual" ADD COLUMN "site_id" INTEGER')
    if _is_sqlite(db):
        _rewrite(db, "individual", lambda sql: f"{sql.rstrip()[:-1]}, {PLACE})")
    else:
        db.execute_sql(f'ALTER TABLE "individual" ADD CONSTRAINT individual_site_id_fkey {PLACE}')
    db.execute_sql('CREATE INDEX "individual_site_id" ON "individual" ("site_id")')


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
    """Who comes where is forgotten; the audit keeps what was said."""
    db.execute_sql('DROP INDEX "individual_site_id"')
    if _is_sqlite(db):
        _rewrite(db, "individual", lambda sql: sql.replace(f", {PLACE}", ""))
    db.execute_sql('ALTER TABLE "individual" DROP COLUMN "site_id"')
