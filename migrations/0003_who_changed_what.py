"""Two people at one contact notice each other; an import says of each record what it changed; the chain's end is sealed."""

COLUMNS = (
    ("contact", "version", "INTEGER NOT NULL DEFAULT 1"),
    ("import_row", "change", "TEXT NOT NULL DEFAULT ''"),
    ("audit_head", "seal", "VARCHAR(64) NOT NULL DEFAULT ''"),
)


def up(migrator, db):
    for table, column, kind in COLUMNS:
        db.execute_sql(f'ALTER TABLE "{table}" ADD COLUMN "{column}" {kind}')


def down(migrator, db):
    for table, column, _ in reversed(COLUMNS):
        db.execute_sql(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
