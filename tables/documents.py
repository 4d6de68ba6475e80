"""Documents: what agencies build and what clients fill in."""

from peewee import (
    SQL,
    BooleanField,
    CharField,
    Check,
    DateField,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from tables.accounts import PortalAccount
from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.calendar import Event
from tables.files import StoredFile
from tables.individuals import Individual
from tables.services import Enrolment
from tables.staff import Worker

DOCUMENT_STATES = ("assigned", "completed", "declined", "withdrawn")
SIGNING = ("drawn", "typed")
SIGNERS = ("client", "worker")


class DocumentTemplate(Row):
    """A form that staff build.  ``draft`` is what is being changed; clients get what was published."""

    public_id = PublicId()
    kind = CharField(max_length=10)
    name = CharField(max_length=200)  # in the agency's own language, for lists
    sort_name = CharField(max_length=400, index=True)
    draft = TextField()  # JSON (domain.document_parts)
    has_changes = BooleanField(default=True)  # the draft is not what was published
    is_in_use = BooleanField(default=True)
    created_at = UTCDateTimeField()
    changed_at = UTCDateTimeField()
    version = IntegerField(default=1)  # grows with each change: a stale page is refused


class DocumentVersion(Row):
    """What was published, never changed and never removed (triggers)."""

    template = ForeignKeyField(DocumentTemplate, backref="versions", on_delete="RESTRICT")
    number = SmallIntegerField()
    body = TextField()
    digest = CharField(max_length=64)
    published_at = UTCDateTimeField()
    published_by = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")

    class Meta:
        constraints = [Check("number > 0"), Check("length(digest) = 64")]
        indexes = ((("template", "number"), True),)


class ChecklistTemplate(Row):
    """Documents that are assigned together."""

    public_id = PublicId()
    name = CharField(max_length=200)
    sort_name = CharField(max_length=400, index=True)
    is_ordered = BooleanField(default=False)
    is_in_use = BooleanField(default=True)
    version = IntegerField(default=1)


class ChecklistItem(Row):
    """One of them, in its place."""

    checklist = ForeignKeyField(ChecklistTemplate, backref="items", on_delete="CASCADE")
    template = ForeignKeyField(DocumentTemplate, backref="+", on_delete="RESTRICT")
    position = SmallIntegerField()
    due_days = SmallIntegerField(null=True)  # after it is assigned

    class Meta:
        constraints = [Check("position >= 0"), Check("due_days IS NULL OR due_days >= 0")]
        indexes = ((("checklist", "position"), True),)


class Checklist(Row):
    """One individual's copy: its documents in any order, or one after the other."""

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="checklists", on_delete="RESTRICT")
    name = CharField(max_length=200)
    is_ordered = BooleanField(default=False)
    assigned_at = UTCDateTimeField()
    assigned_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")


class Document(Row):
    """One individual's copy of a version.  What was completed is never changed (triggers); a correction points back to it."""

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="documents", on_delete="RESTRICT")
    form = ForeignKeyField(DocumentVersion, backref="documents", on_delete="RESTRICT")
    checklist = ForeignKeyField(Checklist, null=True, backref="documents", on_delete="RESTRICT")
    position = SmallIntegerField(default=0)
    enrolment = ForeignKeyField(Enrolment, null=True, backref="documents", on_delete="RESTRICT")
    event = ForeignKeyField(Event, null=True, backref="documents", on_delete="RESTRICT")
    corrects = ForeignKeyField("self", null=True, unique=True, backref="corrections", on_delete="RESTRICT")
    state = CharField(max_length=10, default="assigned")
    due_on = DateField(null=True)
    assigned_at = UTCDateTimeField()
    assigned_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    remind_at = UTCDateTimeField(null=True)  # when the client is next reminded of it
    is_paper = BooleanField(default=False)  # staff enter what was filled in on paper
    begun_at = UTCDateTimeField(null=True)
    page = CharField(max_length=16, default="")  # the key of the one that was open last
    saves = IntegerField(default=0)  # how often an answer was saved
    ended_at = UTCDateTimeField(null=True)
    ended_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")  # nobody: the client
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="RESTRICT")
    reason = CharField(max_length=500, default="")  # why it was declined or withdrawn
    body = TextField(default="")  # JSON: the answers as they were completed
    digest = CharField(max_length=64, default="")  # of exactly that and of the form
    version = IntegerField(default=1)

    class Meta:
        constraints = [
            one_of("state", DOCUMENT_STATES), Check("(state = 'assigned') = (ended_at IS NULL)"),
            Check("(state = 'completed') = (digest <> '')"), Check("state <> 'declined' OR reason <> ''"), Check("saves >= 0"),
        ]


_OPEN = SQL("state = 'assigned'")
Document.add_index(Document.index(Document.individual, Document.due_on, Document.id, where=_OPEN, name="document_to_do"))
Document.add_index(Document.index(Document.individual, Document.ended_at, Document.id, name="document_done"))
Document.add_index(Document.index(Document.due_on, where=_OPEN, name="document_due"))
Document.add_index(Document.index(Document.remind_at, Document.id, where=_OPEN, name="document_remind"))


class DocumentAnswer(Row):
    """The newest answer to one question of a document that is being filled in; ``saved`` is the document's count at that time."""

    document = ForeignKeyField(Document, backref="answers", on_delete="CASCADE")
    place = CharField(max_length=24)
    value = TextField()  # JSON (domain.document_answers); empty: it was taken back
    saved = IntegerField()
    saved_at = UTCDateTimeField()
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")  # nobody: the client
    device = CharField(max_length=22, default="")

    class Meta:
        indexes = ((("document", "place"), True),)


class DocumentFile(Row):
    """A file or a drawn signature of a document."""

    public_id = PublicId()
    document = ForeignKeyField(Document, backref="files", on_delete="RESTRICT")
    place = CharField(max_length=24)
    file = ForeignKeyField(StoredFile, backref="+", on_delete="RESTRICT")
    name = CharField(max_length=100)
    added_at = UTCDateTimeField()

    class Meta:
        constraints = [Check("name <> ''")]


class DocumentSignature(Row):
    """Who signed what, how, when and from where; never changed and never removed (triggers)."""

    document = ForeignKeyField(Document, backref="signatures", on_delete="RESTRICT")
    signer = CharField(max_length=10)
    name = CharField(max_length=200)
    how = CharField(max_length=10)
    file = ForeignKeyField(StoredFile, null=True, backref="+", on_delete="RESTRICT")
    signed_at = UTCDateTimeField()
    network = CharField(max_length=45, default="")
    digest = CharField(max_length=64)  # of what was signed

    class Meta:
        constraints = [
            one_of("signer", SIGNERS), one_of("how", SIGNING), Check("(how = 'drawn') = (file_id IS NOT NULL)"), Check("name <> ''"),
            Check("length(digest) = 64"),
        ]


class DocumentDecision(Row):
    """Whether staff took an answer that differs from the record into it; never changed and never removed (triggers)."""

    document = ForeignKeyField(Document, backref="decisions", on_delete="RESTRICT")
    place = CharField(max_length=24)
    is_accepted = BooleanField()
    decided_at = UTCDateTimeField()
    decided_by = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")

    class Meta:
        indexes = ((("document", "place"), True),)


class DocumentPdf(Row):
    """The PDF of a document that was completed: to be made at ``next_at``, which moves on with each try; nobody waits for it."""

    document = ForeignKeyField(Document, unique=True, backref="pdfs", on_delete="RESTRICT")
    file = ForeignKeyField(StoredFile, null=True, backref="+", on_delete="RESTRICT")
    next_at = UTCDateTimeField(null=True)
    tries = SmallIntegerField(default=0)

    class Meta:
        constraints = [Check("file_id IS NULL OR next_at IS NULL"), Check("tries >= 0")]


DocumentPdf.add_index(DocumentPdf.index(DocumentPdf.next_at, where=SQL("next_at IS NOT NULL"), name="document_pdf_due"))
