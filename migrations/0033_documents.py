"""Documents: templates with their versions, checklists, and each individual's copies with answers, files and signatures.

What was published, completed or signed is never changed and never removed.
"""

from peewee import (
    SQL,
    BooleanField,
    CharField,
    Check,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Individual(Row):
    pass


class PortalAccount(Row):
    pass


class Event(Row):
    pass


class Enrolment(Row):
    pass


class StoredFile(Row):
    pass


class DocumentTemplate(Row):
    public_id = CharField(max_length=22, unique=True)
    kind = CharField(max_length=10)
    name = CharField(max_length=200)
    sort_name = CharField(max_length=400, index=True)
    draft = TextField()
    has_changes = BooleanField()
    is_in_use = BooleanField()
    created_at = DateTimeField()
    changed_at = DateTimeField()
    version = IntegerField()


class DocumentVersion(Row):
    template = ForeignKeyField(DocumentTemplate, on_delete="RESTRICT")
    number = SmallIntegerField()
    body = TextField()
    digest = CharField(max_length=64)
    published_at = DateTimeField()
    published_by = ForeignKeyField(Worker, on_delete="RESTRICT")

    class Meta:
        constraints = [Check("number > 0"), Check("length(digest) = 64")]
        indexes = ((("template", "number"), True),)


class ChecklistTemplate(Row):
    public_id = CharField(max_length=22, unique=True)
    name = CharField(max_length=200)
    sort_name = CharField(max_length=400, index=True)
    is_ordered = BooleanField()
    is_in_use = BooleanField()
    version = IntegerField()


class ChecklistItem(Row):
    checklist = ForeignKeyField(ChecklistTemplate, on_delete="CASCADE")
    template = ForeignKeyField(DocumentTemplate, on_delete="RESTRICT")
    position = SmallIntegerField()
    due_days = SmallIntegerField(null=True)

    class Meta:
        constraints = [Check("position >= 0"), Check("due_days IS NULL OR due_days >= 0")]
        indexes = ((("checklist", "position"), True),)


class Checklist(Row):
    public_id = CharField(max_length=22, unique=True)
    individual = ForeignKeyField(Individual, on_delete="RESTRICT")
    name = CharField(max_length=200)
    is_ordered = BooleanField()
    assigned_at = DateTimeField()
    assigned_by = ForeignKeyField(Worker, null=True, on_delete="RESTRICT")


class Document(Row):
    public_id = CharField(max_length=22, unique=True)
    individual = ForeignKeyField(Individual, on_delete="RESTRICT")
    form = ForeignKeyField(DocumentVersion, on_delete="RESTRICT")
    checklist = ForeignKeyField(Checklist, null=True, on_delete="RESTRICT")
    position = SmallIntegerField()
    enrolment = ForeignKeyField(Enrolment, null=True, on_delete="RESTRICT")
    event = ForeignKeyField(Event, null=True, on_delete="RESTRICT")
    corrects = ForeignKeyField("self", null=True, unique=True, on_delete="RESTRICT")
    state = CharField(max_length=10)
    due_on = DateField(null=True)
    assigned_at = DateTimeField()
    assigned_by = ForeignKeyField(Worker, null=True, on_delete="RESTRICT")
    is_paper = BooleanField()
    begun_at = DateTimeField(null=True)
    page = CharField(max_length=16)
    saves = IntegerField()
    ended_at = DateTimeField(null=True)
    ended_by = ForeignKeyField(Worker, null=True, on_delete="RESTRICT")
    account = ForeignKeyField(PortalAccount, null=True, on_delete="RESTRICT")
    reason = CharField(max_length=500)
    body = TextField()
    digest = CharField(max_length=64)
    version = IntegerField()

    class Meta:
        constraints = [
            Check("state IN ('assigned', 'completed', 'declined', 'withdrawn')"), Check("(state = 'assigned') = (ended_at IS NULL)"),
            Check("(state = 'completed') = (digest <> '')"), Check("state <> 'declined' OR reason <> ''"), Check("saves >= 0"),
        ]


_OPEN = SQL("state = 'assigned'")
Document.add_index(Document.index(Document.individual, Document.due_on, Document.id, where=_OPEN, name="document_to_do"))
Document.add_index(Document.index(Document.individual, Document.ended_at, Document.id, name="document_done"))
Document.add_index(Document.index(Document.due_on, where=_OPEN, name="document_due"))


class DocumentAnswer(Row):
    document = ForeignKeyField(Document, on_delete="CASCADE")
    place = CharField(max_length=24)
    value = TextField()
    saved = IntegerField()
    saved_at = DateTimeField()
    worker = ForeignKeyField(Worker, null=True, on_delete="RESTRICT")
    device = CharField(max_length=22)

    class Meta:
        indexes = ((("document", "place"), True),)


class DocumentFile(Row):
    public_id = CharField(max_length=22, unique=True)
    document = ForeignKeyField(Document, on_delete="RESTRICT")
    place = CharField(max_length=24)
    file = ForeignKeyField(StoredFile, on_delete="RESTRICT")
    name = CharField(max_length=100)
    added_at = DateTimeField()

    class Meta:
        constraints = [Check("name <> ''")]


class DocumentSignature(Row):
    document = ForeignKeyField(Document, on_delete="RESTRICT")
    signer = CharField(max_length=10)
    name = CharField(max_length=200)
    how = CharField(max_length=10)
    file = ForeignKeyField(StoredFile, null=True, on_delete="RESTRICT")
    signed_at = DateTimeField()
    network = CharField(max_length=45)
    digest = CharField(max_length=64)

    class Meta:
        constraints = [
            Check("signer IN ('client', 'worker')"), Check("how IN ('drawn', 'typed')"), Check("(how = 'drawn') = (file_id IS NOT NULL)"),
            Check("name <> ''"), Check("length(digest) = 64"),
        ]


class DocumentPdf(Row):
    document = ForeignKeyField(Document, unique=True, on_delete="RESTRICT")
    file = ForeignKeyField(StoredFile, null=True, on_delete="RESTRICT")
    next_at = DateTimeField(null=True)
    tries = SmallIntegerField()

    class Meta:
        constraints = [Check("file_id IS NULL OR next_at IS NULL"), Check("tries >= 0")]


DocumentPdf.add_index(DocumentPdf.index(DocumentPdf.next_at, where=SQL("next_at IS NOT NULL"), name="document_pdf_due"))


OLD = [Worker, Individual, PortalAccount, Event, Enrolment, StoredFile]
TABLES = [
    DocumentTemplate, DocumentVersion, ChecklistTemplate, ChecklistItem, Checklist, Document, DocumentAnswer, DocumentFile,
    DocumentSignature, DocumentPdf,
]  # fmt: skip
KEPT = ("document_version", "document_signature")  # from the first moment on
OF_DOCUMENT = ("document_answer", "document_file")  # from when their document has ended
REFUSED = "is append-only"


def up(migrator, db):
    with db.bind_ctx([*OLD, *TABLES]):
        db.create_tables(TABLES, safe=False)
    for table in KEPT:
        for verb in ("UPDATE", "DELETE"):
            _refuse(db, table, verb)
    _refuse(db, "document", "DELETE")
    # A document that has ended stays as it was: a correction is another one, which points to it.
    _refuse(db, "document", "UPDATE", "OLD.state <> 'assigned'")
    for table in OF_DOCUMENT:
        for verb in ("INSERT", "UPDATE", "DELETE"):
            row = "NEW" if verb == "INSERT" else "OLD"
            _refuse(db, table, verb, f"(SELECT state FROM document WHERE id = {row}.document_id) <> 'assigned'")
    if not _is_sqlite(db):
        for table in (*KEPT, "document", *OF_DOCUMENT):
            truncate = f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            db.execute_sql(f"{truncate} FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_delete()")


def _refuse(db, table, verb, when="1 = 1"):
    name = f"{table}_no_{verb.lower()}"
    if _is_sqlite(db):
        db.execute_sql(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, '{table} {REFUSED}'); END")
        return
    goes_on = "OLD" if verb == "DELETE" else "NEW"
    db.execute_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'TRUNCATE' OR {when} THEN"
        f" RAISE EXCEPTION '{table} {REFUSED}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {goes_on}; END $$"
    )
    db.execute_sql(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    with db.bind_ctx([*OLD, *TABLES]):
        db.drop_tables(list(reversed(TABLES)), safe=False)
    if not _is_sqlite(db):
        refused = [(table, verb) for table in KEPT for verb in ("update", "delete")]
        refused += [("document", "update"), ("document", "delete")]
        refused += [(table, verb) for table in OF_DOCUMENT for verb in ("insert", "update", "delete")]
        for table, verb in refused:
            db.execute_sql(f"DROP FUNCTION {table}_no_{verb}()")
