"""What the agency says in each language where one text is not enough."""

from peewee import CharField, Check, Model, TextField

VERBS = ("INSERT", "UPDATE", "DELETE")


class HouseText(Model):
    key = CharField(max_length=40)
    language = CharField(max_length=8)
    body = TextField()

    class Meta:
        legacy_table_names = False
        constraints = [Check("key IN ('emergency_line')")]
        indexes = ((("key", "language"), True),)


def up(migrator, db):
    with db.bind_ctx([HouseText]):
        db.create_tables([HouseText], safe=False)
    for verb in VERBS:
        name = f"house_text_marks_{verb.lower()}"
        if _is_sqlite(db):
            db.execute_sql(
                f"CREATE TRIGGER {name} AFTER {verb} ON house_text"
                " BEGIN UPDATE house_mark SET token = lower(hex(randomblob(16))); END"
            )
        else:
            db.execute_sql(f"CREATE TRIGGER {name} AFTER {verb} ON house_text FOR EACH STATEMENT EXECUTE FUNCTION mark_house()")


def down(migrator, db):
    db.execute_sql("DROP TABLE house_text")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__
