"""A migration that is killed leaves the old tables or the new ones, never something between, and loses no row (P19)."""

import shutil

import pytest
from faults.nursery import Nursery, opened, sound

from domain import schema
from models import TABLES, db

POINTS, FEW = 20, 4  # of each migration: half of them at steps of SQLite's machine, half at bytes of its log
LATEST = 3  # the others were killed at all points when they were new, and are by the soak
NAMES = sorted(path.stem for path in schema.FOLDER.glob("0*.py"))


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as warm:
        yield warm


def dump(path):
    """The tables as they are, the migrations that are noted, and every row of every table."""
    with opened(path):
        made = db.execute_sql("SELECT type, name, sql FROM sqlite_master WHERE tbl_name <> 'schema_migration' ORDER BY type, name").fetchall()
        tables = [name for kind, name, _ in made if kind == "table"]
        rows = {name: sorted(db.execute_sql(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in tables}
        return made, [name for name, applied in schema.status() if applied], rows


def before(name, templates, folder):
    """A database with the standing cast as it was before a migration; an empty one before the first."""
    path = folder / "before.db"
    if name == NAMES[0]:
        with opened(path):
            db.execute_sql("PRAGMA journal_mode").fetchall()  # the file is there
        return path
    templates.copy("cast", path)
    with opened(path):
        schema.down(name)
        db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return path


def copy(path, name):
    target = path.with_name(name)
    for part in ("", "-wal", "-shm"):
        target.with_name(target.name + part).unlink(missing_ok=True)
    shutil.copyfile(path, target)
    return target


@pytest.mark.long
@pytest.mark.only_sqlite
@pytest.mark.parametrize(
    ("name", "many"),
    [*((name, FEW) for name in NAMES[:-LATEST]), *((name, POINTS) for name in NAMES[-LATEST:]),
     *(pytest.param(name, POINTS, marks=pytest.mark.soak) for name in NAMES[:-LATEST])],
)  # fmt: skip
def test_a_migration_killed_at_many_points_is_done_or_not_begun_and_the_next_start_finishes_it(templates, tmp_path, nursery, name, many):
    old = before(name, templates, tmp_path)
    new = copy(old, "new.db")
    [told] = [words for words in nursery.start("migrate", new, target=name).finish() if "steps" in words]
    was, becomes = dump(old), dump(new)
    assert [*was[1], name] == becomes[1]
    points = [("step", 1 + told["steps"] * each // (many // 2)) for each in range(many // 2)]
    points += [("room", told["log"] * each // (many // 2)) for each in range(many // 2)]
    seen = {"old": 0, "new": 0}
    for kind, point in points:
        victim = copy(old, "victim.db")
        nursery.start("migrate", victim, target=name, **{kind: point}).dies()
        sound(victim)
        left = dump(victim)
        assert left in (was, becomes), (kind, point, [one[1] for one in (was, left, becomes)])
        seen["old" if left == was else "new"] += 1
        with opened(victim):
            schema.up()
            assert schema.is_current()
            counted = {table._meta.table_name: table.select().count() for table in TABLES}
        assert {table: count for table, count in counted.items() if table in was[2]} == {
            table: len(rows) for table, rows in was[2].items() if table in counted
        }
    print(f"{name}: {seen}, {told}")
    assert seen["old"] > 0
