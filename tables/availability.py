"""When workers are there: kinds of time, what a week looks like, days that differ, and the agency's holidays."""

from peewee import SQL, BooleanField, CharField, Check, DateField, ForeignKeyField, IntegerField

from tables.agency import Site
from tables.base import PublicId, Row, UTCDateTimeField
from tables.staff import Worker

DAY = 24 * 60  # minutes; times of day are minutes since midnight, by the clock of the site


class AvailabilityType(Row):
    """A kind of worker time.  In one of them, and no other, clients may ask for appointments."""

    public_id = PublicId()
    name = CharField(max_length=60, unique=True)
    colour = CharField(max_length=20)  # one of the portal's own by name, or #rrggbb
    is_client_facing = BooleanField(default=False)
    created_at = UTCDateTimeField()
    version = IntegerField(default=1)


AvailabilityType.add_index(
    AvailabilityType.index(AvailabilityType.is_client_facing, unique=True, where=SQL("is_client_facing"), name="availability_client_facing")
)


class AvailabilityCalendar(Row):
    """What a worker's weeks look like from a day on, until the next one starts."""

    public_id = PublicId()
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")
    starts_on = DateField()
    created_at = UTCDateTimeField()
    version = IntegerField(default=1)

    class Meta:
        indexes = ((("worker", "starts_on"), True),)


class AvailabilityRow(Row):
    """A stretch of one day of each week."""

    public_id = PublicId()
    calendar = ForeignKeyField(AvailabilityCalendar, backref="rows", on_delete="CASCADE")
    weekday = IntegerField()  # Monday is 0
    begins = IntegerField()
    ends = IntegerField()
    type = ForeignKeyField(AvailabilityType, backref="+", on_delete="RESTRICT")
    site = ForeignKeyField(Site, backref="+", on_delete="RESTRICT")

    class Meta:
        constraints = [Check("weekday BETWEEN 0 AND 6"), Check(f"begins >= 0 AND ends <= {DAY} AND ends > begins")]


class AvailabilityException(Row):
    """A day, or a part of one, on which a worker is not there; with a kind and a site, time on top of the week's."""

    public_id = PublicId()
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")
    date = DateField()
    begins = IntegerField(default=0)
    ends = IntegerField(default=DAY)
    type = ForeignKeyField(AvailabilityType, null=True, backref="+", on_delete="RESTRICT")
    site = ForeignKeyField(Site, null=True, backref="+", on_delete="RESTRICT")
    created_at = UTCDateTimeField()

    class Meta:
        constraints = [Check(f"begins >= 0 AND ends <= {DAY} AND ends > begins"), Check("(type_id IS NULL) = (site_id IS NULL)")]
        indexes = ((("worker", "date"), False),)


class Holiday(Row):
    """A day on which nobody works."""

    public_id = PublicId()
    date = DateField(unique=True)
    name = CharField(max_length=80)
    created_at = UTCDateTimeField()
