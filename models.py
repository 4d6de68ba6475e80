"""What exists: tables, columns, constraints and one-line questions.  Verbs live in ``domain``."""

import datetime as dt
import secrets
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from peewee import (
    SQL,
    AutoField,
    BooleanField,
    CharField,
    Check,
    DatabaseProxy,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

db = DatabaseProxy()


class UTCDateTimeField(DateTimeField):
    """Aware in Python, naive UTC at rest; a naive value is a bug and raises ValueError."""

    def db_value(self, value: Any) -> Any:
        if isinstance(value, dt.datetime):
            if value.tzinfo is None:
                raise ValueError("naive datetime")
            value = value.astimezone(UTC).replace(tzinfo=None)
        return super().db_value(value)

    def python_value(self, value: Any) -> Any:
        value = super().python_value(value)
        return value.replace(tzinfo=UTC) if isinstance(value, dt.datetime) else value


def new_public_id() -> str:
    """128 random bits as 22 characters: the only name of a row that leaves the database."""
    return secrets.token_urlsafe(16)


def one_of(column: str, values: Iterable[str]) -> Check:
    """A CHECK that ``column`` holds one of ``values``."""
    return Check(f"{column} IN ({', '.join(repr(str(value)) for value in values)})")


def PublicId() -> CharField:
    return CharField(max_length=22, unique=True, default=new_public_id)


class Row(Model):
    class Meta:
        database = db
        only_save_dirty = True
        legacy_table_names = False


# ------------------------------------------------------------------ the agency


class Agency(Row):
    """The one organisation that this installation serves (id is always 1)."""

    name = CharField(max_length=120)
    short_name = CharField(max_length=30)
    emergency_line = CharField(max_length=300)
    country = CharField(max_length=2)
    language = CharField(max_length=8)
    is_demo = BooleanField(default=False)
    mail_tested_at = UTCDateTimeField(null=True)
    switched_on_at = UTCDateTimeField(null=True)

    class Meta:
        constraints = [Check("id = 1")]

    @property
    def is_on(self) -> bool:
        return self.switched_on_at is not None


class Site(Row):
    """A place of the agency.  Exactly one in use is the main site: its address and phone stand in the footer."""

    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    name = CharField(max_length=120)
    address = TextField(default="")
    phone = CharField(max_length=40, default="")
    time_zone = CharField(max_length=60)
    is_main = BooleanField(default=False)
    is_in_use = BooleanField(default=True)


Site.add_index(Site.index(Site.is_main, unique=True, where=(Site.is_main == SQL("true"))))


class Setting(Row):
    """An agency's choice that differs from the default in ``domain.settings``."""

    key = CharField(max_length=60, primary_key=True)
    value = TextField()


PAGE_SLUGS = ("privacy", "terms", "help", "technical", "contact")


class PageVersion(Row):
    """One published text of a footer page; the newest one of a slug and language is shown, none is ever changed."""

    slug = CharField(max_length=20)
    language = CharField(max_length=8)
    version = IntegerField()
    body = TextField()
    published_at = UTCDateTimeField()

    class Meta:
        indexes = ((("slug", "language", "version"), True),)
        constraints = [one_of("slug", PAGE_SLUGS)]


HOUSE_TEXTS = ("emergency_line",)


class HouseText(Row):
    """What the agency says in one language where ``Agency`` has it in the agency's own."""

    key = CharField(max_length=40)
    language = CharField(max_length=8)
    body = TextField()

    class Meta:
        indexes = ((("key", "language"), True),)
        constraints = [one_of("key", HOUSE_TEXTS)]


class HouseMark(Row):
    """Changes, by triggers, with every row of the agency, its sites, settings, texts and pages (id is always 1)."""

    token = CharField(max_length=32)

    class Meta:
        constraints = [Check("id = 1")]


# ------------------------------------------------------------------ staff

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


BUILT_IN_CATEGORIES = ("intake", "accounting", "delivery_problems", "on_call")


class WorkerCategory(Row):
    """A named set of workers.  ``slug`` is what tasks carry; the built-in ones are there from the start and stay."""

    slug = CharField(max_length=30, unique=True, default=new_public_id)
    name = CharField(max_length=80, unique=True)

    @property
    def is_built_in(self) -> bool:
        return self.slug in BUILT_IN_CATEGORIES


class CategoryMember(Row):
    """A worker of a category."""

    category = ForeignKeyField(WorkerCategory, backref="members", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, backref="categories", on_delete="CASCADE")

    class Meta:
        indexes = ((("category", "worker"), True),)


# ------------------------------------------------------------------ individuals


class Individual(Row):
    """A person whom the agency serves."""

    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    first_name = CharField(max_length=200)
    last_name = CharField(max_length=200)
    preferred_name = CharField(max_length=200, default="")
    pronouns = CharField(max_length=60, default="")
    gender = CharField(max_length=60, default="")
    language = CharField(max_length=8, default="")  # empty: the agency's
    birth_date = DateField(null=True)
    death_date = DateField(null=True)
    sort_name = CharField(max_length=400, index=True)  # casefolded "last first", for lists
    is_test = BooleanField(default=False)
    created_at = UTCDateTimeField()
    version = IntegerField(default=1)  # grows with each change: a stale form is refused

    @property
    def legal_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def called(self) -> str:
        return self.preferred_name or self.first_name


CONTACT_KINDS = ("email", "mobile", "phone", "address", "emergency")


class Contact(Row):
    """One way to reach an individual; at most one of a kind is the main one."""

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="contacts", on_delete="CASCADE")
    kind = CharField(max_length=20)
    value = CharField(max_length=500)
    lookup = CharField(max_length=500, index=True)  # casefolded address, digits of a number
    person = CharField(max_length=200, default="")  # whom an emergency contact reaches
    instructions = CharField(max_length=500, default="")
    is_in_use = BooleanField(default=True)
    is_main = BooleanField(default=False)
    version = IntegerField(default=1)

    class Meta:
        constraints = [one_of("kind", CONTACT_KINDS)]


Contact.add_index(
    Contact.index(Contact.individual, Contact.kind, unique=True, where=(Contact.is_main == SQL("true")))
)

CHANNELS = ("email", "sms", "push")


class Consent(Row):
    """What an individual allowed or refused on one channel, and who recorded it.  The newest row counts; none changes."""

    individual = ForeignKeyField(Individual, backref="consents", on_delete="CASCADE")
    channel = CharField(max_length=10)
    is_given = BooleanField()
    recorded_at = UTCDateTimeField()
    recorded_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    recorded_how = CharField(max_length=20)

    class Meta:
        constraints = [one_of("channel", CHANNELS), one_of("recorded_how", ("staff", "import", "client", "demo"))]
        indexes = ((("individual", "channel", "id"), False),)


class Follow(Row):
    """A worker who follows an individual: the individual belongs to the worker's caseload."""

    worker = ForeignKeyField(Worker, backref="follows", on_delete="CASCADE")
    individual = ForeignKeyField(Individual, backref="followers", on_delete="CASCADE")

    class Meta:
        indexes = ((("worker", "individual"), True),)


class SearchWord(Row):
    """One word under which an individual is found: a part of a name, an address, a number."""

    word = CharField(max_length=120)
    individual = ForeignKeyField(Individual, backref="search_words", on_delete="CASCADE")

    class Meta:
        indexes = ((("word", "individual"), True),)


# ------------------------------------------------------------------ portal accounts

PENDING, ACTIVE, LOCKED, DISABLED, CLOSED = STATES = ("pending", "active", "locked", "disabled", "closed")
LOCK_REASONS = ("attempts", "suspended")
CLOSE_REASONS = ("expired", "date_of_birth", "cancelled", "staff")


class PortalAccount(Row):
    """An individual's right to sign in.  A closed one never reopens; ``previous`` is the one it follows."""

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="accounts", on_delete="RESTRICT")
    previous = ForeignKeyField("self", null=True, backref="+", on_delete="RESTRICT")
    state = CharField(max_length=10, default=PENDING)
    reason = CharField(max_length=20, null=True)
    email = CharField(max_length=254)
    email_key = CharField(max_length=254, index=True)
    password_hash = CharField(max_length=200, null=True)
    birth_date_tries = SmallIntegerField(default=0)
    accepted_privacy = ForeignKeyField(PageVersion, null=True, backref="+", on_delete="RESTRICT")
    accepted_terms = ForeignKeyField(PageVersion, null=True, backref="+", on_delete="RESTRICT")
    created_at = UTCDateTimeField()
    invited_at = UTCDateTimeField()  # the newest activation; its expiry counts from here
    changed_at = UTCDateTimeField()
    activated_at = UTCDateTimeField(null=True)
    failed_sign_ins = SmallIntegerField(default=0)  # wrong passwords in a row from devices that nobody knows

    class Meta:
        constraints = [
            one_of("state", STATES),
            Check(
                "(state = 'closed' AND COALESCE(reason, '') IN ('expired', 'date_of_birth', 'cancelled', 'staff'))"
                " OR (state = 'locked' AND COALESCE(reason, '') IN ('attempts', 'suspended'))"
                " OR (state IN ('pending', 'active', 'disabled') AND reason IS NULL)"
            ),
            Check("state <> 'active' OR password_hash IS NOT NULL"),
            Check("birth_date_tries BETWEEN 0 AND 3"),
        ]

    @property
    def is_open(self) -> bool:
        return self.state != CLOSED


_open_account = PortalAccount.state != SQL("'closed'")
PortalAccount.add_index(PortalAccount.index(PortalAccount.individual, unique=True, where=_open_account, name="one_open"))
PortalAccount.add_index(
    PortalAccount.index(PortalAccount.email_key, unique=True, where=_open_account, name="one_open_address")
)
PortalAccount.add_index(
    PortalAccount.index(
        PortalAccount.invited_at, where=(PortalAccount.state == SQL("'pending'")), name="pending_by_invited"
    )
)

PortalAccount.add_index(PortalAccount.index(PortalAccount.created_at, PortalAccount.id, name="account_by_age"))
PortalAccount.add_index(
    PortalAccount.index(PortalAccount.state, PortalAccount.created_at, PortalAccount.id, name="account_by_state")
)

LINK_PURPOSES = ("activation", "password_reset", "first_start", "mail_test", "invitation", "unlock", "address_code", "address_undo")


class Link(Row):
    """A right that travels by e-mail.  The address carries ``public_id`` and ``nonce`` under the installation's signature."""

    public_id = PublicId()
    purpose = CharField(max_length=20)
    nonce = CharField(max_length=64)
    account = ForeignKeyField(PortalAccount, null=True, backref="links", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, null=True, backref="links", on_delete="CASCADE")
    created_at = UTCDateTimeField()
    expires_at = UTCDateTimeField()
    used_at = UTCDateTimeField(null=True)
    voided_at = UTCDateTimeField(null=True)
    proof_hash = CharField(max_length=64, null=True)  # of the browser that gave the right date of birth
    proved_at = UTCDateTimeField(null=True)

    class Meta:
        constraints = [one_of("purpose", LINK_PURPOSES)]


class LinkOpening(Row):
    """Somebody, or a mail scanner, opened a link at that time."""

    link = ForeignKeyField(Link, backref="openings", on_delete="CASCADE")
    opened_at = UTCDateTimeField()
    network = CharField(max_length=45)
    agent = CharField(max_length=200)


class Device(Row):
    """A browser from which an account or a worker has signed in before; a shared one has a row for each of them.

    One that was forgotten keeps its row, without a token: its number must not go to the next one.
    """

    public_id = PublicId()
    token_hash = CharField(max_length=64, index=True)
    account = ForeignKeyField(PortalAccount, null=True, backref="devices", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, null=True, backref="devices", on_delete="CASCADE")
    agent = CharField(max_length=200)
    created_at = UTCDateTimeField()
    signed_in_at = UTCDateTimeField(null=True)  # the newest time
    failed_sign_ins = SmallIntegerField(default=0)  # wrong passwords in a row on it: it has tries of its own


class LoginSession(Row):
    """One signed-in browser.  Its cookie holds a random token, this row only the token's hash; an ended one is deleted."""

    public_id = PublicId()
    token_hash = CharField(max_length=64, unique=True)
    account = ForeignKeyField(PortalAccount, null=True, backref="sessions", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, null=True, backref="sessions", on_delete="CASCADE")
    device = ForeignKeyField(Device, null=True, backref="sessions", on_delete="SET NULL")
    created_at = UTCDateTimeField()
    seen_at = UTCDateTimeField()

    class Meta:
        constraints = [Check("(account_id IS NULL) <> (worker_id IS NULL)")]


class AddressChange(Row):
    """A client's wish to sign in with another address: a code goes to the new one, a way back to the old one."""

    account = ForeignKeyField(PortalAccount, backref="address_changes", on_delete="CASCADE")
    old_email = CharField(max_length=254)
    new_email = CharField(max_length=254)
    new_key = CharField(max_length=254)
    code = ForeignKeyField(Link, backref="+", on_delete="RESTRICT")
    undo = ForeignKeyField(Link, null=True, backref="+", on_delete="RESTRICT")
    tries = SmallIntegerField(default=0)
    asked_at = UTCDateTimeField()
    confirmed_at = UTCDateTimeField(null=True)
    undone_at = UTCDateTimeField(null=True)


class RateCount(Row):
    """How often something happened in one window of time; ``key`` is a keyed hash of what and who."""

    key = CharField(max_length=64)
    window = IntegerField()  # start of the window, in seconds since 1970
    count = IntegerField()

    class Meta:
        indexes = ((("key", "window"), True),)


class FormReceipt(Row):
    """The answer that a form was given: a second post of the same form gets it again."""

    visitor = CharField(max_length=64)
    form_id = CharField(max_length=32)
    is_done = BooleanField(default=False)  # set in the transaction of what the form does
    status = SmallIntegerField(null=True)  # of the answer; empty while it is being made
    location = TextField(default="")  # where the answer sent the browser
    body = TextField(default="")  # the answer itself when it did not send it anywhere
    session_for = CharField(max_length=40, null=True)  # "account 7": the answer also signed that one in
    created_at = UTCDateTimeField(index=True)

    class Meta:
        indexes = ((("visitor", "form_id"), True),)


class UnsentForm(Row):
    """What somebody typed into a form that arrived after their session had ended by time; kept for an hour at most."""

    session_hash = CharField(max_length=64)  # of the ended session's token, as in LoginSession
    account = ForeignKeyField(PortalAccount, null=True, backref="unsent_forms", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, null=True, backref="unsent_forms", on_delete="CASCADE")
    page = CharField(max_length=300)  # the path of the page that has the form
    words = TextField()  # JSON: pairs of field and text
    kept_at = UTCDateTimeField(index=True)

    class Meta:
        constraints = [Check("(account_id IS NULL) <> (worker_id IS NULL)")]
        indexes = ((("session_hash", "page"), True),)


# ------------------------------------------------------------------ work queue


class Task(Row):
    """Something that a worker of a category has to do about an individual."""

    public_id = PublicId()
    kind = CharField(max_length=30)
    category = CharField(max_length=30)
    individual = ForeignKeyField(Individual, null=True, backref="tasks", on_delete="CASCADE")
    dedupe_key = CharField(max_length=120, unique=True)
    worker = ForeignKeyField(Worker, null=True, backref="tasks", on_delete="RESTRICT")  # who picked it up, or got it
    created_at = UTCDateTimeField()
    done_at = UTCDateTimeField(null=True)
    done_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")


Task.add_index(Task.index(Task.category, Task.id, where=Task.done_at.is_null(), name="open_task"))
Task.add_index(Task.index(Task.id, where=Task.done_at.is_null(), name="open_task_by_id"))
Task.add_index(Task.index(Task.worker, Task.id, where=Task.done_at.is_null(), name="open_task_of_worker"))


CHANGE_STATES = ("waiting", "accepted", "declined", "withdrawn")
CHANGE_GROUPS = ("names", "legal", "contacts", "emergency")


class ProfileChange(Row):
    """What a client asked to have changed in their record, field by field; what was asked is never altered.

    ``contact`` is the one that it is about; empty for names and dates, and for a contact that is new.
    """

    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="changes", on_delete="CASCADE")
    group = CharField(max_length=20)
    contact = ForeignKeyField(Contact, null=True, backref="changes", on_delete="SET NULL")
    is_new_contact = BooleanField(default=False)
    asked = TextField()  # JSON: each field with its new value
    state = CharField(max_length=10, default="waiting")
    asked_at = UTCDateTimeField()
    account = ForeignKeyField(PortalAccount, backref="+", on_delete="RESTRICT")
    decided_at = UTCDateTimeField(null=True)
    decided_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    reason = TextField(default="")  # why it was declined; the client reads it

    class Meta:
        constraints = [one_of("state", CHANGE_STATES), Check(f"\"group\" IN {CHANGE_GROUPS}")]


ProfileChange.add_index(
    ProfileChange.index(
        ProfileChange.individual, ProfileChange.group, unique=True, name="one_waiting_of_a_group",
        where=(ProfileChange.state == SQL("'waiting'")) & (ProfileChange.group << [SQL("'names'"), SQL("'legal'")]),
    )
)
ProfileChange.add_index(
    ProfileChange.index(
        ProfileChange.contact, unique=True, name="one_waiting_of_a_contact",
        where=(ProfileChange.state == SQL("'waiting'")) & ProfileChange.contact.is_null(False),
    )
)

# ------------------------------------------------------------------ many accounts at once

BULK_VERBS = ("activate", "close", "suspend", "unlock", "disable", "enable")
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

# ------------------------------------------------------------------ deliveries (the outbox)

DELIVERY_STATES = ("due", "leased", "sent", "dead", "expired", "cancelled", "suppressed", "held")


class Delivery(Row):
    """One message on one channel to one address.  It holds no private words: the text is made from ids at sending."""

    public_id = PublicId()
    dedupe_key = CharField(max_length=200, unique=True)
    kind = CharField(max_length=40)
    channel = CharField(max_length=10, default="email")
    account = ForeignKeyField(PortalAccount, null=True, backref="deliveries", on_delete="RESTRICT")
    worker = ForeignKeyField(Worker, null=True, backref="deliveries", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, null=True, backref="deliveries", on_delete="RESTRICT")
    link = ForeignKeyField(Link, null=True, backref="deliveries", on_delete="RESTRICT")
    again = ForeignKeyField("self", null=True, backref="+", on_delete="RESTRICT")  # the dead one that this repeats
    to_address = CharField(max_length=254)
    priority = SmallIntegerField(default=5)  # 0: codes, resets and activations
    state = CharField(max_length=10, default="due")
    attempts = SmallIntegerField(default=0)
    next_at = UTCDateTimeField()
    lease_until = UTCDateTimeField(null=True)
    lease_token = CharField(max_length=32, null=True)
    expires_at = UTCDateTimeField(null=True)
    created_at = UTCDateTimeField()
    sent_at = UTCDateTimeField(null=True)
    last_error = CharField(max_length=300, default="")

    class Meta:
        constraints = [one_of("state", DELIVERY_STATES), one_of("channel", ("email",))]


Delivery.add_index(
    Delivery.index(Delivery.priority, Delivery.id, where=(Delivery.state == SQL("'due'")), name="delivery_due")
)
Delivery.add_index(
    Delivery.index(Delivery.lease_until, where=(Delivery.state == SQL("'leased'")), name="delivery_leased")
)
Delivery.add_index(Delivery.index(Delivery.state, Delivery.id, name="delivery_by_state"))


class DeliveryAttempt(Row):
    """One try to hand a delivery over; ``outcome`` is empty while it runs, and stays so when the process was killed."""

    delivery = ForeignKeyField(Delivery, backref="tries", on_delete="CASCADE")
    lease_token = CharField(max_length=32)
    started_at = UTCDateTimeField()
    ended_at = UTCDateTimeField(null=True)
    outcome = CharField(max_length=20, default="")
    code = IntegerField(null=True)
    answer = CharField(max_length=300, default="")


DeliveryAttempt.add_index(DeliveryAttempt.index(DeliveryAttempt.lease_token, name="attempt_by_lease"))


class ChannelHealth(Row):
    """A channel whose server does not answer: nothing is sent on it but one probe at ``probe_at``."""

    channel = CharField(max_length=10, primary_key=True)
    down_since = UTCDateTimeField(null=True)
    probe_at = UTCDateTimeField(null=True)
    slot_at = UTCDateTimeField(null=True)  # the next moment at which the mail rate allows one
    last_error = CharField(max_length=300, default="")


class AddressHealth(Row):
    """How often in a row an address was refused for good; ``is_doubtful`` is shown to staff."""

    email_key = CharField(max_length=254, primary_key=True)
    refusals = SmallIntegerField(default=0)
    is_doubtful = BooleanField(default=False)


# ------------------------------------------------------------------ the timetable


class JobRun(Row):
    """A job of the timetable: its last good run, how many there were, and since when somebody is on duty to run it."""

    name = CharField(max_length=40, primary_key=True)
    good_at = UTCDateTimeField(null=True)
    runs = IntegerField(default=0)
    waited_since = UTCDateTimeField()


# ------------------------------------------------------------------ audit


class AuditEntry(Row):
    """Who did or looked at what, when, for whom, from where.  Append-only (triggers) and chained by ``hash``."""

    id = AutoField()
    at = UTCDateTimeField()
    kind = CharField(max_length=60)
    actor_kind = CharField(max_length=10)
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="RESTRICT")
    acting_for = ForeignKeyField(Individual, null=True, backref="+", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, null=True, backref="audit_entries", on_delete="RESTRICT")
    subject = CharField(max_length=60, default="")  # "account 7", "delivery 12"
    network = CharField(max_length=45, default="")
    values_hash = CharField(max_length=64)
    previous_hash = CharField(max_length=64)
    hash = CharField(max_length=64)

    class Meta:
        constraints = [one_of("actor_kind", ("worker", "client", "system", "visitor"))]
        indexes = ((("individual", "id"), False), (("subject", "id"), False), (("kind", "at"), False))


class AuditValues(Row):
    """The values of one entry as JSON; the entry's chain covers only their keyed hash, so erasure may blank them."""

    entry = ForeignKeyField(AuditEntry, primary_key=True, backref="+", on_delete="RESTRICT")
    body = TextField()


class AuditHead(Row):
    """The newest link of the chain (id is always 1): who appends holds this row, and a cut-off tail is noticed."""

    count = IntegerField()
    hash = CharField(max_length=64)
    seal = CharField(max_length=64, default="")  # keyed hash of both, so that an earlier end cannot be put in place


# ------------------------------------------------------------------ import

IMPORT_SUBJECTS = ("individuals", "workers", "sites")

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


# ---------------------------------------------------------------- statistics


class DayCount(Row):
    """How many of something there were on a day at the main site: events of that day, or what there was when it was last
    counted."""

    day = DateField()
    name = CharField(max_length=30)
    value = IntegerField()

    class Meta:
        indexes = ((("day", "name"), True),)


TABLES: tuple[type[Row], ...] = (
    Agency, Site, Setting, PageVersion, HouseText, HouseMark, SecurityClass, Worker, WorkerCategory, CategoryMember, Individual,
    Contact, Consent, Follow, SearchWord, PortalAccount, Link, LinkOpening, Device, LoginSession, AddressChange, RateCount,
    FormReceipt, UnsentForm, Task, ProfileChange, Delivery, DeliveryAttempt,
    ChannelHealth, AddressHealth, JobRun, AuditEntry, AuditValues, AuditHead, ImportRun, ImportRow, ImportedRow,
    ImportFile, ImportProblem, ImportMapping, DayCount, BulkJob, BulkRow,
)  # fmt: skip
