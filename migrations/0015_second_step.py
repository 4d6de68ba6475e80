"""Staff sign in with an authenticator app; a browser may be trusted for some days."""

from peewee import BooleanField, CharField, DateTimeField, ForeignKeyField, IntegerField, Model, SmallIntegerField


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Authenticator(Row):
    worker = ForeignKeyField(Worker, unique=True, backref="+", on_delete="CASCADE")
    nonce = CharField(max_length=64)
    set_up_at = DateTimeField()
    last_step = IntegerField(default=0)


class RecoveryCode(Row):
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")
    code_hash = CharField(max_length=64)
    used_at = DateTimeField(null=True)

    class Meta:
        indexes = ((("worker", "code_hash"), True),)


class HalfSignIn(Row):
    token_hash = CharField(max_length=64, unique=True)
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")
    is_within = BooleanField(default=False)
    nonce = CharField(max_length=64, default="")
    codes_nonce = CharField(max_length=64, default="")
    tries = SmallIntegerField(default=0)
    expires_at = DateTimeField(index=True)
    finished_at = DateTimeField(null=True)


NEW = [Authenticator, RecoveryCode, HalfSignIn]


def up(migrator, db):
    with db.bind_ctx([Worker, *NEW]):
        db.create_tables(NEW, safe=False)
    moment = "DATETIME" if "Sqlite" in type(db).__name__ else "TIMESTAMP"
    db.execute_sql(f'ALTER TABLE "device" ADD COLUMN "trusted_at" {moment}')


def down(migrator, db):
    db.execute_sql('ALTER TABLE "device" DROP COLUMN "trusted_at"')
    for table in reversed(NEW):
        db.execute_sql(f'DROP TABLE "{table._meta.table_name}"')
