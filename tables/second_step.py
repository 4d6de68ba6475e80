"""The second step of staff's sign-in: the app of each, recovery codes, and sign-ins that are half done."""

from peewee import BooleanField, CharField, ForeignKeyField, IntegerField, SmallIntegerField

from tables.base import Row, UTCDateTimeField
from tables.staff import Worker


class Authenticator(Row):
    """The app of a worker.  Its secret stands nowhere: it is made from the nonce and the installation's key."""

    worker = ForeignKeyField(Worker, unique=True, backref="authenticators", on_delete="CASCADE")
    nonce = CharField(max_length=64)
    set_up_at = UTCDateTimeField()
    last_step = IntegerField(default=0)  # of the newest code that counted: none of it or before it counts again


class RecoveryCode(Row):
    """A code on paper that stands in for the app, once."""

    worker = ForeignKeyField(Worker, backref="recovery_codes", on_delete="CASCADE")
    code_hash = CharField(max_length=64)  # keyed
    used_at = UTCDateTimeField(null=True)

    class Meta:
        indexes = ((("worker", "code_hash"), True),)


class HalfSignIn(Row):
    """A worker whose password was right and whose second step is to come; or, ``is_within`` a session, one who changes it."""

    token_hash = CharField(max_length=64, unique=True)
    worker = ForeignKeyField(Worker, backref="half_sign_ins", on_delete="CASCADE")
    is_within = BooleanField(default=False)  # the token is then the session's
    nonce = CharField(max_length=64, default="")  # of an app that is being set up
    codes_nonce = CharField(max_length=64, default="")  # of recovery codes that are being shown
    tries = SmallIntegerField(default=0)
    expires_at = UTCDateTimeField(index=True)
    finished_at = UTCDateTimeField(null=True)
