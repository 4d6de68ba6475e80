"""What waits for next week is not read through when the next delivery, the oldest, or one that is too late is looked for."""

NEXT = 'CREATE INDEX "delivery_next" ON "delivery" ("priority", "next_at", "id") WHERE ("state" = \'due\')'
EXPIRING = (
    'CREATE INDEX "delivery_expiring" ON "delivery" ("state", "expires_at")'
    ' WHERE (("state" = \'due\') AND ("expires_at" IS NOT NULL))'
)
BEFORE = 'CREATE INDEX "delivery_due" ON "delivery" ("priority", "id") WHERE ("state" = \'due\')'


def up(migrator, db):
    db.execute_sql('DROP INDEX "delivery_due"')
    db.execute_sql(NEXT)
    db.execute_sql(EXPIRING)


def down(migrator, db):
    db.execute_sql('DROP INDEX "delivery_expiring"')
    db.execute_sql('DROP INDEX "delivery_next"')
    db.execute_sql(BEFORE)
