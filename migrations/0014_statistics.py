"""What was counted day by day, so that a page of figures costs the same whatever the agency's size."""

from peewee import CharField, DateField, IntegerField, Model


class DayCount(Model):
    day = DateField()
    name = CharField(max_length=30)
    value = IntegerField()

    class Meta:
        legacy_table_names = False
        indexes = ((("day", "name"), True),)


def up(migrator, db):
    with db.bind_ctx([DayCount]):
        db.create_tables([DayCount], safe=False)
    db.execute_sql('CREATE INDEX "audit_entry_kind_at" ON "audit_entry" ("kind", "at")')


def down(migrator, db):
    db.execute_sql('DROP INDEX "audit_entry_kind_at"')
    db.execute_sql("DROP TABLE day_count")
