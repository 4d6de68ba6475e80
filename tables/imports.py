"""Files that are taken in."""

from peewee import BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.staff import Worker

IMPORT_SUBJECTS = ("individuals", "workers", "sites", "services", "enrolments", "events")

class ImportRun(Row):
    """One file taken in: by whom, which choices, how many rows."""

    public_id = PublicId()
    subject = CharField(max_length=20)
    file_name = CharField(max_length=200)
    file_hash = CharField(max_length=64)
    choices = TextField()  # JSON: the mapping and what the importer chose
    rows = IntegerField(default=0)
    created = IntegerField(default=0)
    changed = IntegerField(default=0)
    unchanged = IntegerField(default=0)
    started_at = UTCDateTimeField()
    applied_at = UTCDateTimeField(null=True)

    class Meta:
        constraints = [one_of("subject", IMPORT_SUBJECTS)]


class ImportRow(Row):
    """One checked row of a file on its way in (staging); emptied when the run is applied or given up."""

    run = ForeignKeyField(ImportRun, backref="staged", on_delete="CASCADE")
    number = IntegerField()  # line of the file, the heading being 1
    external_id = CharField(max_length=100)
    body = TextField()  # JSON
    change = TextField(default="")  # JSON: what the audit will say of the record; empty when it stays as it is

    class Meta:
        indexes = ((("run", "external_id"), True),)


class ImportedRow(Row):
    """What the newest import said about one external id: a field is overwritten only when a later file says otherwise."""

    subject = CharField(max_length=20)
    external_id = CharField(max_length=100)
    body = TextField()  # JSON: each field that the file had, as it was stored

    class Meta:
        indexes = ((("subject", "external_id"), True),)
        constraints = [one_of("subject", IMPORT_SUBJECTS)]

IMPORT_STATES = ("uploaded", "mapped", "checking", "checked", "applying", "applied", "failed", "given_up")


class ImportFile(Row):
    """One file that a worker takes in over the page, from its upload to its end; the file itself goes with the end."""

    public_id = PublicId()
    worker = ForeignKeyField(Worker, backref="import_files", on_delete="RESTRICT")
    network = CharField(max_length=45, default="")
    subject = CharField(max_length=20)
    file_name = CharField(max_length=200)
    file_hash = CharField(max_length=64)
    stored = CharField(max_length=43)  # what the file is called in the data folder; empty once it is deleted
    encoding = CharField(max_length=20)
    delimiter = CharField(max_length=1)
    mapping = TextField(default="")  # JSON (domain.import_columns)
    consent_email = BooleanField(null=True)
    state = CharField(max_length=10, default="uploaded")
    failure = TextField(default="")  # a marked sentence: why it ended, or why it was not taken in
    rows_there = IntegerField(default=0)
    rows_read = IntegerField(default=0)
    rows = IntegerField(default=0)
    created = IntegerField(default=0)
    changed = IntegerField(default=0)
    unchanged = IntegerField(default=0)
    uploaded_at = UTCDateTimeField()
    moved_at = UTCDateTimeField()
    lease_token = CharField(max_length=32, null=True)
    lease_until = UTCDateTimeField(null=True)
    run = ForeignKeyField(ImportRun, null=True, backref="files", on_delete="SET NULL")

    class Meta:
        constraints = [one_of("subject", IMPORT_SUBJECTS), one_of("state", IMPORT_STATES)]


class ImportProblem(Row):
    """What the dry run found at one place of a file; gone when the import ends."""

    file = ForeignKeyField(ImportFile, backref="problems", on_delete="CASCADE")
    is_note = BooleanField(default=False)  # nothing wrong, but to be looked at
    row = IntegerField(null=True)  # empty for what concerns the whole file
    column = TextField(default="")
    value = CharField(max_length=60, default="")
    message = TextField()  # a marked sentence, and its fields as JSON
    fields = TextField(default="{}")


class ImportMapping(Row):
    """Which column is which, kept under a name for the next file with the same headings."""

    public_id = PublicId()
    subject = CharField(max_length=20)
    name = CharField(max_length=80)
    headings = CharField(max_length=64)  # a hash of the headings, whatever their order
    body = TextField()  # JSON, as in ImportFile
    worker = ForeignKeyField(Worker, backref="import_mappings", on_delete="RESTRICT")
    kept_at = UTCDateTimeField()

    class Meta:
        indexes = ((("subject", "name"), True),)
        constraints = [one_of("subject", IMPORT_SUBJECTS)]
