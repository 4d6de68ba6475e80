"""The first schema: every table as it was on the first day, and the triggers that keep what is append-only append-only.

The tables are a frozen copy, on purpose independent of ``models``: an applied migration is never edited.
"""

from peewee import (
    SQL,
    AutoField,
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

UTCDateTimeField = DateTimeField


def one_of(column, values):
    return Check(f"{column} IN ({', '.join(repr(str(value)) for value in values)})")


def PublicId():
    return CharField(max_length=22, unique=True)


class Row(Model):
    class Meta:
        legacy_table_names = False


class Agency(Row):
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


class Site(Row):
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
    key = CharField(max_length=60, primary_key=True)
    value = TextField()


PAGE_SLUGS = ("privacy", "terms", "help", "technical", "contact")


class PageVersion(Row):
    slug = CharField(max_length=20)
    language = CharField(max_length=8)
    version = IntegerField()
    body = TextField()
    published_at = UTCDateTimeField()

    class Meta:
        indexes = ((("slug", "language", "version"), True),)
        constraints = [one_of("slug", PAGE_SLUGS)]


GROUPS = ("worker", "intake_mgmt", "admin_exec", "system_admin")


class SecurityClass(Row):
    name = CharField(max_length=80, unique=True)
    rights = TextField(default="")


class Worker(Row):
    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    first_name = CharField(max_length=200)
    last_name = CharField(max_length=200)
    display_name = CharField(max_length=200, default="")
    email = CharField(max_length=254, null=True)
    email_key = CharField(max_length=254, null=True, unique=True)
    group = CharField(max_length=20, default="worker")
    security_class = ForeignKeyField(SecurityClass, null=True, backref="+", on_delete="RESTRICT")
    site = ForeignKeyField(Site, null=True, backref="+", on_delete="RESTRICT")
    password_hash = CharField(max_length=200, null=True)
    is_active = BooleanField(default=True)
    created_at = UTCDateTimeField()

    class Meta:
        constraints = [one_of('"group"', GROUPS)]


class Individual(Row):
    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    first_name = CharField(max_length=200)
    last_name = CharField(max_length=200)
    preferred_name = CharField(max_length=200, default="")
    pronouns = CharField(max_length=60, default="")
    gender = CharField(max_length=60, default="")
    language = CharField(max_length=8, default="")
    birth_date = DateField(null=True)
    death_date = DateField(null=True)
    sort_name = CharField(max_length=400, index=True)
    is_test = BooleanField(default=False)
    created_at = UTCDateTimeField()
    version = IntegerField(default=1)


CONTACT_KINDS = ("email", "mobile", "phone", "address", "emergency")


class Contact(Row):
    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")
    kind = CharField(max_length=20)
    value = CharField(max_length=500)
    lookup = CharField(max_length=500, index=True)
    person = CharField(max_length=200, default="")
    instructions = CharField(max_length=500, default="")
    is_in_use = BooleanField(default=True)
    is_main = BooleanField(default=False)

    class Meta:
        constraints = [one_of("kind", CONTACT_KINDS)]


Contact.add_index(Contact.index(Contact.individual, Contact.kind, unique=True, where=(Contact.is_main == SQL("true"))))

CHANNELS = ("email", "sms", "push")


class Consent(Row):
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")
    channel = CharField(max_length=10)
    is_given = BooleanField()
    recorded_at = UTCDateTimeField()
    recorded_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    recorded_how = CharField(max_length=20)

    class Meta:
        constraints = [one_of("channel", CHANNELS), one_of("recorded_how", ("staff", "import", "client", "demo"))]
        indexes = ((("individual", "channel", "id"), False),)


class Follow(Row):
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("worker", "individual"), True),)


class SearchWord(Row):
    word = CharField(max_length=120)
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("word", "individual"), True),)


PENDING, ACTIVE, LOCKED, DISABLED, CLOSED = STATES = ("pending", "active", "locked", "disabled", "closed")

LOCK_REASONS = ("attempts", "suspended")

CLOSE_REASONS = ("expired", "date_of_birth", "cancelled", "staff")


class PortalAccount(Row):
    public_id = PublicId()
    individual = ForeignKeyField(Individual, backref="+", on_delete="RESTRICT")
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
    invited_at = UTCDateTimeField()
    changed_at = UTCDateTimeField()
    activated_at = UTCDateTimeField(null=True)

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


_open_account = PortalAccount.state != SQL("'closed'")

PortalAccount.add_index(
    PortalAccount.index(PortalAccount.individual, unique=True, where=_open_account, name="one_open")
)

PortalAccount.add_index(
    PortalAccount.index(PortalAccount.email_key, unique=True, where=_open_account, name="one_open_address")
)

PortalAccount.add_index(
    PortalAccount.index(
        PortalAccount.invited_at, where=(PortalAccount.state == SQL("'pending'")), name="pending_by_invited"
    )
)

LINK_PURPOSES = ("activation", "password_reset", "first_start", "mail_test")


class Link(Row):
    public_id = PublicId()
    purpose = CharField(max_length=20)
    nonce = CharField(max_length=64)
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="CASCADE")
    created_at = UTCDateTimeField()
    expires_at = UTCDateTimeField()
    used_at = UTCDateTimeField(null=True)
    voided_at = UTCDateTimeField(null=True)
    proof_hash = CharField(max_length=64, null=True)
    proved_at = UTCDateTimeField(null=True)

    class Meta:
        constraints = [one_of("purpose", LINK_PURPOSES)]


class LinkOpening(Row):
    link = ForeignKeyField(Link, backref="+", on_delete="CASCADE")
    opened_at = UTCDateTimeField()
    network = CharField(max_length=45)
    agent = CharField(max_length=200)


class Device(Row):
    token_hash = CharField(max_length=64, index=True)
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="CASCADE")
    agent = CharField(max_length=200)
    created_at = UTCDateTimeField()


class LoginSession(Row):
    token_hash = CharField(max_length=64, unique=True)
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="CASCADE")
    created_at = UTCDateTimeField()
    seen_at = UTCDateTimeField()

    class Meta:
        constraints = [Check("(account_id IS NULL) <> (worker_id IS NULL)")]


class RateCount(Row):
    key = CharField(max_length=64)
    window = IntegerField()
    count = IntegerField()

    class Meta:
        indexes = ((("key", "window"), True),)


class FormReceipt(Row):
    visitor = CharField(max_length=64)
    form_id = CharField(max_length=32)
    is_done = BooleanField(default=False)
    status = SmallIntegerField(null=True)
    location = TextField(default="")
    body = TextField(default="")
    session_for = CharField(max_length=40, null=True)
    created_at = UTCDateTimeField(index=True)

    class Meta:
        indexes = ((("visitor", "form_id"), True),)


TASK_KINDS = ("new_activation_wanted", "birth_date_closed", "delivery_problem")

TASK_CATEGORIES = ("intake", "delivery_problems")


class Task(Row):
    public_id = PublicId()
    kind = CharField(max_length=30)
    category = CharField(max_length=30)
    individual = ForeignKeyField(Individual, null=True, backref="+", on_delete="CASCADE")
    dedupe_key = CharField(max_length=120, unique=True)
    created_at = UTCDateTimeField()
    done_at = UTCDateTimeField(null=True)
    done_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")

    class Meta:
        constraints = [one_of("kind", TASK_KINDS), one_of("category", TASK_CATEGORIES)]


Task.add_index(Task.index(Task.category, Task.id, where=Task.done_at.is_null(), name="open_task"))

DELIVERY_STATES = ("due", "leased", "sent", "dead", "expired", "cancelled", "suppressed", "held")


class Delivery(Row):
    public_id = PublicId()
    dedupe_key = CharField(max_length=200, unique=True)
    kind = CharField(max_length=40)
    channel = CharField(max_length=10, default="email")
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="RESTRICT")
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, null=True, backref="+", on_delete="RESTRICT")
    link = ForeignKeyField(Link, null=True, backref="+", on_delete="RESTRICT")
    again = ForeignKeyField("self", null=True, backref="+", on_delete="RESTRICT")
    to_address = CharField(max_length=254)
    priority = SmallIntegerField(default=5)
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
    delivery = ForeignKeyField(Delivery, backref="+", on_delete="CASCADE")
    lease_token = CharField(max_length=32)
    started_at = UTCDateTimeField()
    ended_at = UTCDateTimeField(null=True)
    outcome = CharField(max_length=20, default="")
    code = IntegerField(null=True)
    answer = CharField(max_length=300, default="")


DeliveryAttempt.add_index(DeliveryAttempt.index(DeliveryAttempt.lease_token, name="attempt_by_lease"))


class ChannelHealth(Row):
    channel = CharField(max_length=10, primary_key=True)
    down_since = UTCDateTimeField(null=True)
    probe_at = UTCDateTimeField(null=True)
    slot_at = UTCDateTimeField(null=True)
    last_error = CharField(max_length=300, default="")


class AddressHealth(Row):
    email_key = CharField(max_length=254, primary_key=True)
    refusals = SmallIntegerField(default=0)
    is_doubtful = BooleanField(default=False)


class AuditEntry(Row):
    id = AutoField()
    at = UTCDateTimeField()
    kind = CharField(max_length=60)
    actor_kind = CharField(max_length=10)
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    account = ForeignKeyField(PortalAccount, null=True, backref="+", on_delete="RESTRICT")
    acting_for = ForeignKeyField(Individual, null=True, backref="+", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, null=True, backref="+", on_delete="RESTRICT")
    subject = CharField(max_length=60, default="")
    network = CharField(max_length=45, default="")
    values_hash = CharField(max_length=64)
    previous_hash = CharField(max_length=64)
    hash = CharField(max_length=64)

    class Meta:
        constraints = [one_of("actor_kind", ("worker", "client", "system", "visitor"))]
        indexes = ((("individual", "id"), False), (("subject", "id"), False))


class AuditValues(Row):
    entry = ForeignKeyField(AuditEntry, primary_key=True, backref="+", on_delete="RESTRICT")
    body = TextField()


class AuditHead(Row):
    count = IntegerField()
    hash = CharField(max_length=64)


class ImportRun(Row):
    public_id = PublicId()
    subject = CharField(max_length=20)
    file_name = CharField(max_length=200)
    file_hash = CharField(max_length=64)
    choices = TextField()
    rows = IntegerField(default=0)
    created = IntegerField(default=0)
    changed = IntegerField(default=0)
    unchanged = IntegerField(default=0)
    started_at = UTCDateTimeField()
    applied_at = UTCDateTimeField(null=True)

    class Meta:
        constraints = [one_of("subject", ("individuals", "workers", "sites"))]


class ImportRow(Row):
    run = ForeignKeyField(ImportRun, backref="+", on_delete="CASCADE")
    number = IntegerField()
    external_id = CharField(max_length=100)
    body = TextField()

    class Meta:
        indexes = ((("run", "external_id"), True),)


class ImportedRow(Row):
    subject = CharField(max_length=20)
    external_id = CharField(max_length=100)
    body = TextField()

    class Meta:
        indexes = ((("subject", "external_id"), True),)
        constraints = [one_of("subject", ("individuals", "workers", "sites"))]


TABLES = [
    Agency,
    Site,
    Setting,
    PageVersion,
    SecurityClass,
    Worker,
    Individual,
    Contact,
    Consent,
    Follow,
    SearchWord,
    PortalAccount,
    Link,
    LinkOpening,
    Device,
    LoginSession,
    RateCount,
    FormReceipt,
    Task,
    Delivery,
    DeliveryAttempt,
    ChannelHealth,
    AddressHealth,
    AuditEntry,
    AuditValues,
    AuditHead,
    ImportRun,
    ImportRow,
    ImportedRow,
]

APPEND_ONLY = ("audit_entry", "consent", "page_version", "link_opening")


def up(migrator, db):
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)
        AuditHead.insert(id=1, count=0, hash="0" * 64).execute()
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            _forbid(db, table, verb)


def _forbid(db, table, verb):
    name = f"{table}_no_{verb.lower()}"
    if _is_sqlite(db):
        db.execute_sql(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    db.execute_sql(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    db.execute_sql(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__


def down(migrator, db):
    with db.bind_ctx(TABLES):
        db.drop_tables(list(reversed(TABLES)))
    if not _is_sqlite(db):
        for table in APPEND_ONLY:
            for verb in ("update", "delete"):
                db.execute_sql(f"DROP FUNCTION IF EXISTS {table}_no_{verb}() CASCADE")
