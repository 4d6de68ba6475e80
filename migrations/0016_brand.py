"""The agency's brand: its choices, and its pictures."""

from peewee import BlobField, CharField, IntegerField, Model

WATCHED = ("brand_choice", "brand_picture")
VERBS = ("INSERT", "UPDATE", "DELETE")


class BrandChoice(Model):
    key = CharField(max_length=40, primary_key=True)
    value = CharField(max_length=40)

    class Meta:
        legacy_table_names = False


class BrandPicture(Model):
    part = CharField(max_length=40)
    kind = CharField(max_length=20)
    address = CharField(max_length=32, index=True)
    content_type = CharField(max_length=20)
    width = IntegerField()
    height = IntegerField()
    body = BlobField()

    class Meta:
        legacy_table_names = False
        indexes = ((("part", "kind"), True),)


def up(migrator, db):
    with db.bind_ctx([BrandChoice, BrandPicture]):
        db.create_tables([BrandChoice, BrandPicture], safe=False)
    for table in WATCHED:
        for verb in VERBS:
            _watch(db, table, verb)


def _watch(db, table, verb):
    name = f"{table}_marks_{verb.lower()}"
    if "Sqlite" in type(db).__name__:
        db.execute_sql(
            f"CREATE TRIGGER {name} AFTER {verb} ON {table}"
            " BEGIN UPDATE house_mark SET token = lower(hex(randomblob(16))); END"
        )
    else:
        db.execute_sql(f"CREATE TRIGGER {name} AFTER {verb} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION mark_house()")


def down(migrator, db):
    db.execute_sql("DROP TABLE brand_picture")
    db.execute_sql("DROP TABLE brand_choice")
