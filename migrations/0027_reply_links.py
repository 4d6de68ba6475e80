"""Reply links; and an activation remembers where it leads."""

import re

from peewee import SQL, CharField, Check, DateTimeField, ForeignKeyField, Model, SmallIntegerField

PURPOSE = "reply"


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Link(Row):
    pass


class Discussion(Row):
    pass


class ReplyLink(Row):
    link = ForeignKeyField(Link, unique=True, on_delete="RESTRICT")
    discussion = ForeignKeyField(Discussion, on_delete="RESTRICT")
    tries = SmallIntegerField()
    ended = CharField(max_length=10)
    ended_at = DateTimeField(null=True)
    sent_by = ForeignKeyField(Worker, null=True, on_delete="RESTRICT")

    class Meta:
        constraints = [
            Check("ended IN ('', 'answered', 'withdrawn', 'birth_date', 'replaced')"), Check("tries BETWEEN 0 AND 3"),
            Check("(ended = '') = (ended_at IS NULL)"),
        ]  # fmt: skip


ReplyLink.add_index(ReplyLink.index(ReplyLink.discussion, unique=True, where=SQL("ended = ''"), name="one_reply_link"))


def up(migrator, db):
    db.execute_sql("ALTER TABLE \"link\" ADD COLUMN \"leads_to\" VARCHAR(100) NOT NULL DEFAULT ''")
    _take_purposes(db, lambda purposes: [*purposes, PURPOSE])
    with db.bind_ctx([Worker, Link, Discussion, ReplyLink]):
        db.create_tables([ReplyLink], safe=False)


def _take_purposes(db, change):
    """SQLite alters no constraint of a table that others point to; its documented way is to change what it has noted."""
    if _is_sqlite(db):
        listed = r"purpose IN \(([^)]*)\)"
        _rewrite(db, "link", lambda sql: re.sub(listed, lambda found: f"purpose IN ({_listed(change(_words(found[1])))})", sql))
        return
    (now,) = db.execute_sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'link_purpose_check'").fetchone()
    db.execute_sql("ALTER TABLE link DROP CONSTRAINT link_purpose_check")
    db.execute_sql(f"ALTER TABLE link ADD CONSTRAINT link_purpose_check CHECK (purpose IN ({_listed(change(_words(now)))}))")


def _words(text):
    return re.findall(r"'([a-z_]+)'", text)


def _listed(words):
    return ", ".join(f"'{word}'" for word in words)


def _rewrite(db, table, change):
    (sql,) = db.execute_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    changed = change(sql)
    if changed == sql:
        raise RuntimeError(f"{table} is not as it was expected")
    (version,) = db.execute_sql("PRAGMA schema_version").fetchone()
    db.execute_sql("PRAGMA writable_schema = ON")
    db.execute_sql("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (changed, table))
    db.execute_sql(f"PRAGMA schema_version = {int(version) + 1}")
    db.execute_sql("PRAGMA writable_schema = RESET")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    """Links, whose openings are kept for ever, stay as dead ones; what waits and needs one is not sent."""
    with db.bind_ctx([ReplyLink]):
        db.drop_tables([ReplyLink], safe=False)
    ours = f"link_id IN (SELECT id FROM link WHERE purpose = '{PURPOSE}')"
    db.execute_sql(
        "UPDATE delivery SET state = 'cancelled' WHERE state IN ('due', 'leased', 'held')"
        f" AND (kind = 'reply_link_closed' OR {ours})"
    )
    db.execute_sql(
        f"UPDATE link SET purpose = 'password_reset', voided_at = COALESCE(voided_at, created_at) WHERE purpose = '{PURPOSE}'"
    )
    _take_purposes(db, lambda purposes: [word for word in purposes if word != PURPOSE])
    db.execute_sql('ALTER TABLE "link" DROP COLUMN "leads_to"')
