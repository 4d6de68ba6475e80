"""Portal accounts: links, devices, sessions, forms."""

from peewee import SQL, BooleanField, CharField, Check, ForeignKeyField, IntegerField, SmallIntegerField, TextField

from tables.agency import PageVersion
from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.individuals import Individual
from tables.staff import Worker

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
    password_reset_wanted_at = UTCDateTimeField(null=True)  # by staff: until a new one is chosen the old one starts no session

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

LINK_PURPOSES = (
    "activation", "password_reset", "first_start", "mail_test", "invitation", "unlock", "address_code", "address_undo", "reply",
)  # fmt: skip


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
    leads_to = CharField(max_length=100, default="")  # of an activation: the page for which it was asked for

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
    trusted_at = UTCDateTimeField(null=True)  # since when no code is asked for on it


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
