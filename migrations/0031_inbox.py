"""Notices in the Inbox, and messages that can be searched."""

import secrets
import unicodedata

from peewee import SQL, BooleanField, CharField, DateTimeField, ForeignKeyField, Model

# What waited to be told when this came, of the kinds that clients get.
KINDS = (
    "event_booked", "event_moved", "event_changed", "event_cancelled", "event_confirmation", "request_offered", "request_declined",
    "request_expired",
)  # fmt: skip


class Row(Model):
    class Meta:
        legacy_table_names = False


class Individual(Row):
    pass


class Attendance(Row):
    pass


class ProfileChange(Row):
    pass


class Delivery(Row):
    pass


class Notice(Row):
    public_id = CharField(max_length=22, unique=True)
    individual = ForeignKeyField(Individual, on_delete="RESTRICT")
    kind = CharField(max_length=40)
    attendance = ForeignKeyField(Attendance, null=True, on_delete="RESTRICT")
    change = ForeignKeyField(ProfileChange, null=True, on_delete="RESTRICT")
    delivery = ForeignKeyField(Delivery, null=True, unique=True, on_delete="SET NULL")
    starts_at = DateTimeField(null=True)
    at = DateTimeField()
    is_withdrawn = BooleanField()
    is_unread = BooleanField()
    read_at = DateTimeField(null=True)


Notice.add_index(Notice.index(Notice.individual, Notice.at, Notice.id, where=SQL("NOT is_withdrawn"), name="notice_shown"))
Notice.add_index(Notice.index(Notice.individual, Notice.at, where=SQL("is_unread"), name="notice_unread"))


def up(migrator, db):
    with db.bind_ctx([Individual, Attendance, ProfileChange, Delivery, Notice]):
        db.create_tables([Notice], safe=False)
    _forbid(db, "notice", "DELETE")
    if not _is_sqlite(db):
        truncate = "CREATE TRIGGER notice_no_truncate BEFORE TRUNCATE ON notice"
        db.execute_sql(f"{truncate} FOR EACH STATEMENT EXECUTE FUNCTION notice_no_delete()")
    _show_what_waits(db)
    db.execute_sql("ALTER TABLE \"discussion\" ADD COLUMN \"folded\" VARCHAR(240) NOT NULL DEFAULT ''")
    db.execute_sql("ALTER TABLE \"message\" ADD COLUMN \"folded\" TEXT NOT NULL DEFAULT ''")
    _fold(db, "discussion", "subject", 240)
    _let_go(db, "message", "UPDATE")
    _fold(db, "message", "body", 20_000)
    _forbid(db, "message", "UPDATE")


def _show_what_waits(db):
    rows = db.execute_sql(
        "SELECT d.id, d.kind, d.next_at, e.attendance_id, e.starts_at, a.individual_id FROM delivery d"
        " JOIN event_message e ON e.delivery_id = d.id JOIN attendance a ON a.id = e.attendance_id"
        f" WHERE d.state IN ('due', 'held') AND d.kind IN {KINDS}"
    ).fetchall()
    for delivery, kind, at, attendance, starts_at, individual in rows:
        Notice.insert(
            public_id=secrets.token_urlsafe(16), individual=individual, kind=kind, attendance=attendance, delivery=delivery,
            starts_at=starts_at, at=at, is_withdrawn=False, is_unread=True,
        ).execute(db)  # fmt: skip


def _fold(db, table, column, most):
    mark = "?" if _is_sqlite(db) else "%s"
    for number, text in db.execute_sql(f'SELECT id, "{column}" FROM "{table}"').fetchall():
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        folded = "".join(letter for letter in plain if not unicodedata.combining(letter))[:most]
        db.execute_sql(f'UPDATE "{table}" SET folded = {mark} WHERE id = {mark}', (folded, number))


def _forbid(db, table, verb):
    name = f"{table}_no_{verb.lower()}"
    if _is_sqlite(db):
        db.execute_sql(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")
        return
    db.execute_sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    db.execute_sql(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _let_go(db, table, verb):
    name = f"{table}_no_{verb.lower()}"
    db.execute_sql(f"DROP TRIGGER {name}" if _is_sqlite(db) else f"DROP TRIGGER {name} ON {table}")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    """What was read and what not is forgotten; the e-mails and the appointments that notices told of stay."""
    with db.bind_ctx([Notice]):
        db.drop_tables([Notice], safe=False)
    if not _is_sqlite(db):
        db.execute_sql("DROP FUNCTION notice_no_delete()")
    db.execute_sql('ALTER TABLE "discussion" DROP COLUMN "folded"')
    if _is_sqlite(db):
        _let_go(db, "message", "UPDATE")
        db.execute_sql('ALTER TABLE "message" DROP COLUMN "folded"')
        _forbid(db, "message", "UPDATE")
    else:
        db.execute_sql('ALTER TABLE "message" DROP COLUMN "folded"')
