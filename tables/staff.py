"""Staff: workers, security classes, categories."""

from peewee import (
    BlobField,
    BooleanField,
    CharField,
    Check,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from tables.agency import Site
from tables.base import PublicId, Row, UTCDateTimeField, new_public_id, one_of

GROUPS = ("worker", "intake_mgmt", "admin_exec", "system_admin")


class SecurityClass(Row):
    """A named set of rights, given to many workers on top of their user group."""

    public_id = PublicId()
    name = CharField(max_length=80, unique=True)
    rights = TextField(default="")  # separated by spaces
    version = IntegerField(default=1)


class Worker(Row):
    """A member of staff.  Without a password they are on the books but cannot sign in; who left is not active."""

    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    first_name = CharField(max_length=200)
    last_name = CharField(max_length=200)
    sort_name = CharField(max_length=400, default="", index=True)  # casefolded "last first", for lists and for looking up
    call_name = CharField(max_length=400, default="", index=True)  # casefolded "first last", for looking up
    display_name = CharField(max_length=200, default="")  # the client-facing name
    description = TextField(default="")  # client-facing
    email = CharField(max_length=254, null=True)  # as typed; mail goes here
    email_key = CharField(max_length=254, null=True, unique=True)  # NFKC and casefold; look-ups go here
    group = CharField(max_length=20, default="worker")
    security_class = ForeignKeyField(SecurityClass, null=True, backref="workers", on_delete="RESTRICT")
    site = ForeignKeyField(Site, null=True, backref="workers", on_delete="RESTRICT")
    password_hash = CharField(max_length=200, null=True)
    is_active = BooleanField(default=True)
    created_at = UTCDateTimeField()
    failed_sign_ins = SmallIntegerField(default=0)  # wrong passwords in a row from devices that nobody knows
    locked_until = UTCDateTimeField(null=True)  # until then only known devices are let in; nobody of staff is locked for ever
    invited_at = UTCDateTimeField(null=True)  # when the newest invitation was sent; nothing while there is none
    left_at = UTCDateTimeField(null=True)
    version = IntegerField(default=1)  # grows with each change: a stale form is refused

    class Meta:
        constraints = [one_of('"group"', GROUPS)]
        indexes = ((("is_active", "sort_name"), False),)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def client_name(self) -> str:
        """What clients read."""
        return self.display_name or self.name


class WorkerPhoto(Row):
    """The photo of a worker in one size (``kind``); another upload is another row, with another public id."""

    public_id = PublicId()
    worker = ForeignKeyField(Worker, backref="photos", on_delete="CASCADE")
    kind = CharField(max_length=20)
    content_type = CharField(max_length=20)
    width = IntegerField()
    height = IntegerField()
    body = BlobField()

    class Meta:
        indexes = ((("worker", "kind"), True),)


BUILT_IN_CATEGORIES = ("intake", "accounting", "delivery_problems", "on_call")


class WorkerCategory(Row):
    """A named set of workers.  ``slug`` is what tasks carry; the built-in ones are there from the start and stay."""

    slug = CharField(max_length=30, unique=True, default=new_public_id)
    name = CharField(max_length=80, unique=True)
    is_open = BooleanField(default=False)  # clients may write to it
    answer_days = SmallIntegerField(null=True)  # within which they are answered; nothing: as the agency says

    class Meta:
        constraints = [Check("answer_days IS NULL OR answer_days >= 0")]

    @property
    def is_built_in(self) -> bool:
        return self.slug in BUILT_IN_CATEGORIES


class CategoryMember(Row):
    """A worker of a category."""

    category = ForeignKeyField(WorkerCategory, backref="members", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, backref="categories", on_delete="CASCADE")

    class Meta:
        indexes = ((("category", "worker"), True),)
