"""When workers are there."""

from peewee import SQL, BooleanField, CharField, Check, DateField, DateTimeField, ForeignKeyField, IntegerField, Model

DAY = 24 * 60


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Site(Row):
    pass


class AvailabilityType(Row):
    public_id = CharField(max_length=22, unique=True)
    name = CharField(max_length=60, unique=True)
    colour = CharField(max_length=20)
    is_client_facing = BooleanField()
    created_at = DateTimeField()
    version = IntegerField()


AvailabilityType.add_index(
    AvailabilityType.index(AvailabilityType.is_client_facing, unique=True, where=SQL("is_client_facing"), name="availability_client_facing")
)


class AvailabilityCalendar(Row):
    public_id = CharField(max_length=22, unique=True)
    worker = ForeignKeyField(Worker, on_delete="CASCADE")
    starts_on = DateField()
    created_at = DateTimeField()
    version = IntegerField()

    class Meta:
        indexes = ((("worker", "starts_on"), True),)


class AvailabilityRow(Row):
    public_id = CharField(max_length=22, unique=True)
    calendar = ForeignKeyField(AvailabilityCalendar, on_delete="CASCADE")
    weekday = IntegerField()
    begins = IntegerField()
    ends = IntegerField()
    type = ForeignKeyField(AvailabilityType, on_delete="RESTRICT")
    site = ForeignKeyField(Site, on_delete="RESTRICT")

    class Meta:
        constraints = [Check("weekday BETWEEN 0 AND 6"), Check(f"begins >= 0 AND ends <= {DAY} AND ends > begins")]


class AvailabilityException(Row):
    public_id = CharField(max_length=22, unique=True)
    worker = ForeignKeyField(Worker, on_delete="CASCADE")
    date = DateField()
    begins = IntegerField()
    ends = IntegerField()
    type = ForeignKeyField(AvailabilityType, null=True, on_delete="RESTRICT")
    site = ForeignKeyField(Site, null=True, on_delete="RESTRICT")
    created_at = DateTimeField()

    class Meta:
        constraints = [Check(f"begins >= 0 AND ends <= {DAY} AND ends > begins"), Check("(type_id IS NULL) = (site_id IS NULL)")]
        indexes = ((("worker", "date"), False),)


class Holiday(Row):
    public_id = CharField(max_length=22, unique=True)
    date = DateField(unique=True)
    name = CharField(max_length=80)
    created_at = DateTimeField()


NEW = [AvailabilityType, AvailabilityCalendar, AvailabilityRow, AvailabilityException, Holiday]


def up(migrator, db):
    with db.bind_ctx([Worker, Site, *NEW]):
        db.create_tables(NEW, safe=False)


def down(migrator, db):
    for table in reversed(NEW):
        db.execute_sql(f'DROP TABLE "{table._meta.table_name}"')
