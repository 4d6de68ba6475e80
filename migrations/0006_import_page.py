"""Import as a page: files on their way in, what was found in them, and mappings that staff keep."""

from peewee import (
    BooleanField,
    CharField,
    Check,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

SUBJECTS = Check("subject IN ('individuals', 'workers', 'sites')")


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class ImportRun(Row):
    pass


class ImportFile(Row):
    public_id = CharField(max_length=22, unique=True)
    worker = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")
    network = CharField(max_length=45, default="")
    subject = CharField(max_length=20)
    file_name = CharField(max_length=200)
    file_hash = CharField(max_length=64)
    stored = CharField(max_length=43)
    encoding = CharField(max_length=20)
    delimiter = CharField(max_length=1)
    mapping = TextField(default="")
    consent_email = BooleanField(null=True)
    state = CharField(max_length=10, default="uploaded")
    failure = TextField(default="")
    rows_there = IntegerField(default=0)
    rows_read = IntegerField(default=0)
    rows = IntegerField(default=0)
    created = IntegerField(default=0)
    changed = IntegerField(default=0)
    unchanged = IntegerField(default=0)
    uploaded_at = DateTimeField()
    moved_at = DateTimeField()
    lease_token = CharField(max_length=32, null=True)
    lease_until = DateTimeField(null=True)
    run = ForeignKeyField(ImportRun, null=True, backref="+", on_delete="SET NULL")

    class Meta:
        constraints = [
            SUBJECTS,
            Check(
                "state IN ('uploaded', 'mapped', 'checking', 'checked', 'applying', 'applied', 'failed', 'given_up')"
            ),
        ]


class ImportProblem(Row):
    file = ForeignKeyField(ImportFile, backref="+", on_delete="CASCADE")
    is_note = BooleanField(default=False)
    row = IntegerField(null=True)
    column = TextField(default="")
    value = CharField(max_length=60, default="")
    message = TextField()
    fields = TextField(default="{}")


class ImportMapping(Row):
    public_id = CharField(max_length=22, unique=True)
    subject = CharField(max_length=20)
    name = CharField(max_length=80)
    headings = CharField(max_length=64)
    body = TextField()
    worker = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")
    kept_at = DateTimeField()

    class Meta:
        indexes = ((("subject", "name"), True),)
        constraints = [SUBJECTS]


TABLES = [ImportFile, ImportProblem, ImportMapping]


def up(migrator, db):
    with db.bind_ctx([*TABLES, Worker, ImportRun]):
        db.create_tables(TABLES)


def down(migrator, db):
    with db.bind_ctx([*TABLES, Worker, ImportRun]):
        db.drop_tables(list(reversed(TABLES)))
