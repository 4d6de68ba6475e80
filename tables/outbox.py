"""Deliveries (the outbox), and the health of channels and addresses."""

from peewee import SQL, BooleanField, CharField, ForeignKeyField, IntegerField, SmallIntegerField

from tables.accounts import Link, PortalAccount
from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.individuals import Individual
from tables.staff import Worker

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
    Delivery.index(Delivery.priority, Delivery.next_at, Delivery.id, where=(Delivery.state == SQL("'due'")), name="delivery_next")
)
Delivery.add_index(
    Delivery.index(
        Delivery.state, Delivery.expires_at, where=(Delivery.state == SQL("'due'")) & Delivery.expires_at.is_null(False),
        name="delivery_expiring",
    )
)
Delivery.add_index(
    Delivery.index(Delivery.lease_until, where=(Delivery.state == SQL("'leased'")), name="delivery_leased")
)
Delivery.add_index(Delivery.index(Delivery.state, Delivery.id, name="delivery_by_state"))
Delivery.add_index(
    Delivery.index(Delivery.individual, Delivery.id, where=Delivery.worker.is_null(), name="delivery_to_client")
)


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
