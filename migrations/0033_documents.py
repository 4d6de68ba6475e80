"""Documents: templates with their versions, checklists, and each individual's copies with answers, files and signatures.

What was published, completed or signed is never changed and never removed.
"""

import re

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
    remind_at = DateTimeField(null=True)
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
Document.add_index(Document.index(Document.remind_at, Document.id, where=_OPEN, name="document_remind"))


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


class DocumentDecision(Row):
    document = ForeignKeyField(Document, on_delete="RESTRICT")
    place = CharField(max_length=24)
    is_accepted = BooleanField()
    decided_at = DateTimeField()
    decided_by = ForeignKeyField(Worker, on_delete="RESTRICT")

    class Meta:
        indexes = ((("document", "place"), True),)


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
    DocumentSignature, DocumentDecision, DocumentPdf,
]  # fmt: skip
KEPT = ("document_version", "document_signature", "document_decision")  # from the first moment on
OF_DOCUMENT = ("document_answer", "document_file")  # from when their document has ended
REFUSED = "is append-only"
VERB = "assign"  # one more that is done to many


def up(migrator, db):
    with db.bind_ctx([*OLD, *TABLES]):
        db.create_tables(TABLES, safe=False)
    _tell_of_documents(db)
    _take_verbs(db, [*_verbs(db), VERB])
    for table in KEPT:
        for verb in ("UPDATE", "DELETE"):
            _refuse(db, table, verb)
    _refuse(db, "document", "DELETE")
    # A document that has ended stays as it was: a correction is another one, which points to it.
    _refuse(db, "document", "UPDATE", "OLD.state <> 'assigned'")
    for table in OF_DOCUMENT:
        for verb in ("INSERT", "UPDATE", "DELETE"):
            row = "NEW" if verb == "INSERT" else "OLD"
            _refuse(db, table, verb, _ended(row) + (_BUT_STAFF if (table, row, verb) in _OPEN_TO_STAFF else ""))
    if not _is_sqlite(db):
        for table in (*KEPT, "document", *OF_DOCUMENT):
            truncate = f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            db.execute_sql(f"{truncate} FOR EACH STATEMENT EXECUTE FUNCTION {table}_no_delete()")


def _ended(row):
    return f"(SELECT state FROM document WHERE id = {row}.document_id) <> 'assigned'"


# Staff answer what is asked of them alone also when it was completed; what was sent stands in the document itself.
_BUT_STAFF = " AND (NEW.worker_id IS NULL OR (SELECT state FROM document WHERE id = NEW.document_id) <> 'completed')"
_OPEN_TO_STAFF = (("document_answer", "NEW", "INSERT"), ("document_answer", "OLD", "UPDATE"))


def _tell_of_documents(db):
    """Notices of the Inbox may be about a document."""
    key = 'FOREIGN KEY ("document_id") REFERENCES "document" ("id") ON DELETE RESTRICT'
    db.execute_sql('ALTER TABLE "notice" ADD COLUMN "document_id" INTEGER')
    if _is_sqlite(db):
        _rewrite(db, "notice", lambda sql: f"{sql.rpartition(')')[0]}, {key})")
    else:
        db.execute_sql(f'ALTER TABLE "notice" ADD CONSTRAINT "notice_document_id_fkey" {key}')
    db.execute_sql('CREATE INDEX "notice_document_id" ON "notice" ("document_id")')


def _tell_no_more(db):
    db.execute_sql("UPDATE delivery SET state = 'cancelled' WHERE state IN ('due', 'leased', 'held') AND kind LIKE 'document%'")
    db.execute_sql('UPDATE "notice" SET is_withdrawn = TRUE, is_unread = FALSE WHERE document_id IS NOT NULL')
    db.execute_sql('DROP INDEX "notice_document_id"')
    if _is_sqlite(db):
        _rewrite(db, "notice", lambda sql: re.sub(r', FOREIGN KEY \("document_id"\) REFERENCES [^)]*\) ON DELETE RESTRICT', "", sql))
    db.execute_sql('ALTER TABLE "notice" DROP COLUMN "document_id"')


def _verbs(db):
    """What is done to many now: another migration may have added some."""
    if _is_sqlite(db):
        query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'bulk_job'"
    else:
        query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'bulk_job_verb_check'"
    (said,) = db.execute_sql(query).fetchone()
    listed = re.search(r"verb IN \(([^)]*)\)", said)[1] if _is_sqlite(db) else said
    return re.findall(r"'([a-z_]+)'", listed)


def _take_verbs(db, wanted):
    listed = ", ".join(f"'{verb}'" for verb in wanted)
    if _is_sqlite(db):
        _rewrite(db, "bulk_job", lambda sql: re.sub(r"verb IN \([^)]*\)", f"verb IN ({listed})", sql))
        return
    db.execute_sql("ALTER TABLE bulk_job DROP CONSTRAINT bulk_job_verb_check")
    db.execute_sql(f"ALTER TABLE bulk_job ADD CONSTRAINT bulk_job_verb_check CHECK (verb IN ({listed}))")


def _rewrite(db, table, change):
    """SQLite alters no constraint of a table that others point to; its documented way is to change what it has noted."""
    (sql,) = db.execute_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    changed = change(sql)
    if changed == sql:
        raise RuntimeError(f"{table} is not as it was expected")
    (version,) = db.execute_sql("PRAGMA schema_version").fetchone()
    db.execute_sql("PRAGMA writable_schema = ON")
    db.execute_sql("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (changed, table))
    db.execute_sql(f"PRAGMA schema_version = {int(version) + 1}")
    db.execute_sql("PRAGMA writable_schema = RESET")


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
    """Jobs that assigned documents are forgotten; what the Inbox told of documents, too, for they go."""
    db.execute_sql(f"DELETE FROM bulk_row WHERE job_id IN (SELECT id FROM bulk_job WHERE verb = '{VERB}')")
    db.execute_sql(f"DELETE FROM bulk_job WHERE verb = '{VERB}'")
    _take_verbs(db, [verb for verb in _verbs(db) if verb != VERB])
    _tell_no_more(db)
    with db.bind_ctx([*OLD, *TABLES]):
        db.drop_tables(list(reversed(TABLES)), safe=False)
    if not _is_sqlite(db):
        refused = [(table, verb) for table in KEPT for verb in ("update", "delete")]
        refused += [("document", "update"), ("document", "delete")]
        refused += [(table, verb) for table in OF_DOCUMENT for verb in ("insert", "update", "delete")]
        for table, verb in refused:
            db.execute_sql(f"DROP FUNCTION {table}_no_{verb}()")
