"""The people whom the agency serves, and how to reach them."""

from peewee import SQL, BooleanField, CharField, DateField, ForeignKeyField, IntegerField

from tables.agency import Site
from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.staff import Worker


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
    site = ForeignKeyField(Site, null=True, backref="+", on_delete="RESTRICT")  # where they usually come
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
