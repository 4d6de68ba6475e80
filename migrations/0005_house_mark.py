"""A mark that changes with whatever the agency decides, so that each process knows when to ask for that again."""

from peewee import CharField, Check, Model

WATCHED = ("agency", "site", "setting", "page_version")
VERBS = ("INSERT", "UPDATE", "DELETE")


class HouseMark(Model):
    token = CharField(max_length=32)

    class Meta:
        legacy_table_names = False
        constraints = [Check("id = 1")]


def up(migrator, db):
    with db.bind_ctx([HouseMark]):
        db.create_tables([HouseMark])
        HouseMark.insert(id=1, token="new").execute()  # noqa: S106
    if not _is_sqlite(db):
        db.execute_sql(
            "CREATE FUNCTION mark_house() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " UPDATE house_mark SET token = replace(gen_random_uuid()::text, '-', ''); RETURN NULL; END $$"
        )
    for table in WATCHED:
        for verb in VERBS:
            _watch(db, table, verb)


def _watch(db, table, verb):
    name = f"{table}_marks_{verb.lower()}"
    if _is_sqlite(db):
        db.execute_sql(
            f"CREATE TRIGGER {name} AFTER {verb} ON {table}"
            " BEGIN UPDATE house_mark SET token = lower(hex(randomblob(16))); END"
        )
        return
    db.execute_sql(f"CREATE TRIGGER {name} AFTER {verb} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION mark_house()")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    for table in WATCHED:
        for verb in VERBS:
            name = f"{table}_marks_{verb.lower()}"
            db.execute_sql(f"DROP TRIGGER {name}" if _is_sqlite(db) else f"DROP TRIGGER {name} ON {table}")
    if not _is_sqlite(db):
        db.execute_sql("DROP FUNCTION mark_house()")
    db.execute_sql("DROP TABLE house_mark")
