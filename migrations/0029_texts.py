"""Texts of messages that the agency words itself; and which looks at a record there were, without reading through its whole audit."""

from peewee import SQL, CharField, DateTimeField, IntegerField, Model, TextField

VERBS = ("INSERT", "UPDATE", "DELETE")


class Row(Model):
    class Meta:
        legacy_table_names = False


class MessageText(Row):
    kind = CharField(max_length=30)
    language = CharField(max_length=8)
    body = TextField()
    version = IntegerField()

    class Meta:
        indexes = ((("kind", "language"), True),)


class AuditEntry(Row):
    kind = CharField(max_length=60)
    individual_id = IntegerField()
    at = DateTimeField()


class Delivery(Row):
    individual_id = IntegerField()
    worker_id = IntegerField()


SENT = Delivery.index(Delivery.individual_id, Delivery.id, where=Delivery.worker_id.is_null(), name="delivery_to_client")
VIEWS = AuditEntry.index(
    AuditEntry.individual_id, AuditEntry.at, where=(AuditEntry.kind == SQL("'individual.viewed'")), name="audit_views"
)


def up(migrator, db):
    with db.bind_ctx([MessageText, AuditEntry, Delivery]):
        db.create_tables([MessageText], safe=False)
        db.execute(VIEWS)
        db.execute(SENT)
    for verb in VERBS:
        name = f"message_text_marks_{verb.lower()}"
        if _is_sqlite(db):
            db.execute_sql(
                f"CREATE TRIGGER {name} AFTER {verb} ON message_text"
                " BEGIN UPDATE house_mark SET token = lower(hex(randomblob(16))); END"
            )
        else:
            db.execute_sql(f"CREATE TRIGGER {name} AFTER {verb} ON message_text FOR EACH STATEMENT EXECUTE FUNCTION mark_house()")


def down(migrator, db):
    db.execute_sql("DROP INDEX audit_views")
    db.execute_sql("DROP INDEX delivery_to_client")
    db.execute_sql("DROP TABLE message_text")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__
