"""The migrations give the tables that ``models`` describes, forwards and backwards."""

from peewee import SqliteDatabase

import models
from domain import schema, store


def _objects(database):
    rows = database.execute_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'schema_migration%' AND name NOT LIKE 'sqlite_%'"
    )
    return {(kind, name): _parts(sql) if kind == "table" else sql for kind, name, sql in rows.fetchall()}


def _parts(sql):
    """Columns and constraints, in whatever order: a column that was added later stands at the end, with a default."""
    body, parts, depth = sql.partition("(")[2].rpartition(")")[0], [""], 0
    for letter in body:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        parts = [*parts, ""] if letter == "," and depth == 0 else [*parts[:-1], parts[-1] + letter]
    return {part.partition(" DEFAULT ")[0].strip() for part in parts}


def test_the_migrations_make_exactly_the_tables_that_the_code_describes(tmp_path):
    database = store.open_database(f"sqlite:///{tmp_path}/migrated.db")
    schema.up()
    described = SqliteDatabase(str(tmp_path / "described.db"))
    with described.bind_ctx(models.TABLES):
        described.create_tables(models.TABLES)
    with store.connection():
        migrated = {key: sql for key, sql in _objects(database).items() if key[0] != "trigger"}
    assert migrated == _objects(described)
    described.close()


def test_the_comparison_sees_a_missing_column_and_a_missing_constraint():
    whole = 'CREATE TABLE "a" ("id" INTEGER NOT NULL, "b" TEXT NOT NULL DEFAULT 1, CHECK (b IN (1, 2)))'
    assert _parts(whole) == {'"id" INTEGER NOT NULL', '"b" TEXT NOT NULL', "CHECK (b IN (1, 2))"}
    assert _parts(whole) != _parts(whole.replace(", CHECK (b IN (1, 2))", ""))


def test_a_new_folder_is_migrated_once_and_can_go_back_to_nothing(tmp_path):
    database = store.open_database(f"sqlite:///{tmp_path}/portal.db")
    assert schema.up() != []
    assert schema.is_current()
    assert schema.up() == []
    for _ in schema.status():
        schema.down()
    with store.connection():
        assert _objects(database) == {}
    assert schema.up() != []
