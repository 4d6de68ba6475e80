"""What PostgreSQL needs to be like SQLite: nothing changes on SQLite.

Words are compared by their characters, whatever the database's language: search asks for a range of them, and lists
have one order everywhere.  A count's window holds seconds beyond the year 2038.  TRUNCATE passes by row triggers.
"""

APPEND_ONLY = ("audit_entry", "consent", "page_version", "link_opening")
BY_CHARACTER = {"search_word": ("word", 120), "individual": ("sort_name", 400)}


def up(migrator, db):
    if _is_sqlite(db):
        return
    for table, (column, length) in BY_CHARACTER.items():
        db.execute_sql(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({length}) COLLATE "C"')
    db.execute_sql('ALTER TABLE rate_count ALTER COLUMN "window" TYPE bigint')
    for table in APPEND_ONLY:
        db.execute_sql(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_delete()"
        )


def down(migrator, db):
    if _is_sqlite(db):
        return
    for table in APPEND_ONLY:
        db.execute_sql(f"DROP TRIGGER {table}_no_truncate ON {table}")
    db.execute_sql('ALTER TABLE rate_count ALTER COLUMN "window" TYPE integer')
    for table, (column, length) in BY_CHARACTER.items():
        db.execute_sql(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({length}) COLLATE "default"')


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__
