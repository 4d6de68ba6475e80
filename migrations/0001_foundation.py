"""The first schema: every table, and the triggers that keep what is append-only append-only."""

import models


APPEND_ONLY = ("audit_entry", "consent", "page_version", "link_opening")


def up(migrator, db):
    db.create_tables(models.TABLES)
    models.AuditHead.insert(id=1, count=0, hash="0" * 64).execute()
    for table in APPEND_ONLY:
        _forbid(db, table)


def _forbid(db, table):
    for verb in ("UPDATE", "DELETE"):
        name = f"{table}_no_{verb.lower()}"
        if "Sqlite" in type(db).__name__:
            db.execute_sql(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        else:
            db.execute_sql(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
            )
            db.execute_sql(
                f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
            )


def down(migrator, db):
    db.drop_tables(list(reversed(models.TABLES)))
    if "Sqlite" not in type(db).__name__:
        for table in APPEND_ONLY:
            for verb in ("update", "delete"):
                db.execute_sql(f"DROP FUNCTION IF EXISTS {table}_no_{verb}() CASCADE")
