"""Files of services, enrolments and events may be taken in, too."""

SUBJECTS = ("individuals", "workers", "sites")
NEW = ("services", "enrolments", "events")
TABLES = ("import_run", "imported_row", "import_file", "import_mapping")


def up(migrator, db):
    for table in TABLES:
        _allow(db, table, SUBJECTS, (*SUBJECTS, *NEW))


def down(migrator, db):
    """What is known of files of these is forgotten; the records that they brought stay."""
    for table in ("import_file", "import_mapping", "imported_row", "import_run"):
        db.execute_sql(f'DELETE FROM "{table}" WHERE subject IN ({_listed(NEW)})')
    for table in TABLES:
        _allow(db, table, (*SUBJECTS, *NEW), SUBJECTS)


def _allow(db, table, before, after):
    if _is_sqlite(db):
        _rewrite(db, table, lambda sql: sql.replace(f"subject IN ({_listed(before)})", f"subject IN ({_listed(after)})"))
        return
    db.execute_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_subject_check"')
    db.execute_sql(f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_subject_check" CHECK (subject IN ({_listed(after)}))')


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
