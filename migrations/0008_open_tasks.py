"""Today's list is read from what is still open, whatever was done in all the years before."""


def up(migrator, db):
    db.execute_sql('CREATE INDEX "open_task_by_id" ON "task" ("id") WHERE ("done_at" IS NULL)')


def down(migrator, db):
    db.execute_sql('DROP INDEX "open_task_by_id"')
