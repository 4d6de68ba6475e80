"""The agency: its sites, choices and texts."""

from peewee import SQL, BooleanField, CharField, Check, IntegerField, TextField

from tables.base import PublicId, Row, UTCDateTimeField, one_of


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
