"""What is done to many accounts at once."""

from peewee import SQL, BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from tables.accounts import PortalAccount
from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.individuals import Individual
from tables.staff import Worker

BULK_VERBS = ("activate", "close", "suspend", "unlock", "disable", "enable", "reset", "assign")
BULK_STATES = ("planning", "planned", "running", "stopped", "done", "given_up")
BULK_OUTCOMES = ("left_out", "waiting", "done", "refused")


class BulkJob(Row):
    """One verb for many people: who it is for is found out (the preview), then it is done in the background, row by row."""

    public_id = PublicId()
    verb = CharField(max_length=20)
    worker = ForeignKeyField(Worker, backref="bulk_jobs", on_delete="RESTRICT")
    network = CharField(max_length=45, default="")
    choice = TextField(default="{}")  # JSON: of whom it was made (domain.bulk)
    state = CharField(max_length=10, default="planning")
    total = IntegerField(default=0)  # people, or accounts, that are looked at for the preview
    reached = IntegerField(default=0)  # the number of the last one who was
    tally = TextField(default="{}")  # JSON: how many rows there are of each outcome and reason
    failure = TextField(default="")  # a marked sentence: why it stopped by itself
    made_at = UTCDateTimeField()
    started_at = UTCDateTimeField(null=True)
    moved_at = UTCDateTimeField()

    class Meta:
        constraints = [one_of("verb", BULK_VERBS), one_of("state", BULK_STATES)]


BulkJob.add_index(
    BulkJob.index(
        BulkJob.moved_at, where=(BulkJob.state << [SQL("'planning'"), SQL("'running'")]), name="bulk_job_at_work"
    )
)


class BulkRow(Row):
    """What one bulk job is about to do, did, or did not do to one person."""

    public_id = PublicId()
    job = ForeignKeyField(BulkJob, backref="each", on_delete="CASCADE")
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="CASCADE")
    outcome = CharField(max_length=10)
    reason = CharField(max_length=30, default="")  # a code of ``domain.bulk.REASONS``
    is_ticked = BooleanField(default=False)  # left out at first, and taken in by whoever looked at the preview

    class Meta:
        constraints = [one_of("outcome", BULK_OUTCOMES)]
        indexes = ((("job", "account"), True), (("job", "outcome", "reason", "id"), False))


BulkRow.add_index(
    BulkRow.index(
        BulkRow.job, BulkRow.individual, unique=True, where=BulkRow.account.is_null(), name="bulk_row_of_nobody_yet"
    )
)
