"""The lists of discussions that staff read: all of them, what was written last first, and the open ones of a worker."""

INDEXES = {
    "discussion_newest": 'CREATE INDEX "discussion_newest" ON "discussion" ("last_at", "id")',
    "discussion_open": 'CREATE INDEX "discussion_open" ON "discussion" ("worker_id", "last_at", "id") WHERE state = \'open\'',
}


def up(migrator, db):
    for sql in INDEXES.values():
        db.execute_sql(sql)


def down(migrator, db):
    for name in INDEXES:
        db.execute_sql(f'DROP INDEX "{name}"')
