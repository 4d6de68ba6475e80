"""Services, groups, enrolments; events, attendances, and the feed of a calendar."""

from peewee import (
    SQL,
    BooleanField,
    CharField,
    Check,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)


class Row(Model):
    class Meta:
        legacy_table_names = False


class Worker(Row):
    pass


class Individual(Row):
    pass


class Site(Row):
    pass


class Delivery(Row):
    pass


def one_of(column, values):
    return Check(f"{column} IN ({', '.join(repr(value) for value in values)})")


SERVICE_KINDS = ("case", "informal")
GROUP_KINDS = ("group", "series")


class Service(Row):
    public_id = CharField(max_length=22, unique=True)
    external_id = CharField(max_length=100, null=True, unique=True)
    kind = CharField(max_length=10)
    name = CharField(max_length=120)
    client_name = CharField(max_length=120)
    client_description = TextField()
    is_visible = BooleanField()
    shows_names = BooleanField()
    minutes = IntegerField(null=True)
    capacity = IntegerField(null=True)
    is_in_use = BooleanField()
    created_at = DateTimeField()
    version = IntegerField()

    class Meta:
        constraints = [
            one_of("kind", SERVICE_KINDS), Check("capacity IS NULL OR capacity > 0"), Check("minutes IS NULL OR minutes > 0"),
        ]


class Group(Row):
    public_id = CharField(max_length=22, unique=True)
    external_id = CharField(max_length=100, null=True, unique=True)
    service = ForeignKeyField(Service, backref="+", on_delete="RESTRICT")
    name = CharField(max_length=120)
    client_name = CharField(max_length=120)
    client_description = TextField()
    is_visible = BooleanField()
    capacity = IntegerField(null=True)
    is_in_use = BooleanField()
    created_at = DateTimeField()
    version = IntegerField()

    class Meta:
        table_name = "service_group"
        constraints = [Check("capacity IS NULL OR capacity > 0")]


class ServiceWorker(Row):
    service = ForeignKeyField(Service, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("service", "worker"), True),)


class Enrolment(Row):
    public_id = CharField(max_length=22, unique=True)
    external_id = CharField(max_length=100, null=True, unique=True)
    individual = ForeignKeyField(Individual, backref="+", on_delete="RESTRICT")
    service = ForeignKeyField(Service, backref="+", on_delete="RESTRICT")
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    opened_on = DateField()
    closed_on = DateField(null=True)
    created_at = DateTimeField()
    version = IntegerField()

    class Meta:
        constraints = [Check("closed_on IS NULL OR closed_on >= opened_on")]


Enrolment.add_index(
    Enrolment.index(Enrolment.individual, Enrolment.service, unique=True, where=SQL("closed_on IS NULL"), name="enrolment_open")
)


class EnrolmentWorker(Row):
    enrolment = ForeignKeyField(Enrolment, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("enrolment", "worker"), True),)


class Participant(Row):
    enrolment = ForeignKeyField(Enrolment, backref="+", on_delete="CASCADE")
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("enrolment", "individual"), True),)


class RosterEntry(Row):
    public_id = CharField(max_length=22, unique=True)
    group = ForeignKeyField(Group, backref="+", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, backref="+", on_delete="RESTRICT")
    joined_on = DateField()
    left_on = DateField(null=True)

    class Meta:
        constraints = [Check("left_on IS NULL OR left_on >= joined_on")]


RosterEntry.add_index(
    RosterEntry.index(RosterEntry.group, RosterEntry.individual, unique=True, where=SQL("left_on IS NULL"), name="roster_entry_open")
)


EVENT_STATES = (
    "requested", "booked", "declined", "expired", "withdrawn", "cancelled_by_agency", "cancelled_by_client",
)
TAKES_TIME = ("requested", "booked")
ATTENDANCE_STATES = ("booked", "show", "no_show", "cancelled_by_client", "late_cancelled")
CONFIRMED_HOW = ("portal", "link", "phone")


class Event(Row):
    public_id = CharField(max_length=22, unique=True)
    external_id = CharField(max_length=100, null=True, unique=True)
    worker = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")
    starts_at = DateTimeField(index=True)
    ends_at = DateTimeField()
    site = ForeignKeyField(Site, backref="+", on_delete="RESTRICT")
    is_video = BooleanField()
    video_link = CharField(max_length=500)
    service = ForeignKeyField(Service, null=True, backref="+", on_delete="RESTRICT")
    group = ForeignKeyField(Group, null=True, backref="+", on_delete="RESTRICT")
    state = CharField(max_length=20)
    is_overlapping = BooleanField()
    created_at = DateTimeField()
    moved_from = DateTimeField(null=True)
    version = IntegerField()

    class Meta:
        constraints = [one_of("state", EVENT_STATES), Check("ends_at > starts_at")]
        indexes = ((("worker", "starts_at"), False), (("site", "starts_at"), False), (("service", "starts_at"), False))


Event.add_index(
    Event.index(
        Event.worker, Event.starts_at, name="event_taken", where=SQL("state IN ('requested', 'booked') AND NOT is_overlapping")
    )
)


class Attendance(Row):
    public_id = CharField(max_length=22, unique=True)
    event = ForeignKeyField(Event, backref="+", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, backref="+", on_delete="RESTRICT")
    enrolment = ForeignKeyField(Enrolment, null=True, backref="+", on_delete="RESTRICT")
    state = CharField(max_length=20)
    starts_at = DateTimeField()
    confirmed_at = DateTimeField(null=True)
    confirmed_how = CharField(max_length=10)
    cancel_reason = TextField()
    version = IntegerField()

    class Meta:
        constraints = [one_of("state", ATTENDANCE_STATES)]
        indexes = ((("event", "individual"), True), (("individual", "starts_at"), False))


class EventMessage(Row):
    delivery = ForeignKeyField(Delivery, unique=True, backref="+", on_delete="CASCADE")
    attendance = ForeignKeyField(Attendance, backref="+", on_delete="RESTRICT")
    was_at = DateTimeField(null=True)
    starts_at = DateTimeField()
    worker = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")
    site = ForeignKeyField(Site, backref="+", on_delete="RESTRICT")
    is_video = BooleanField()
    asks = BooleanField()


class CalendarFeed(Row):
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")
    nonce = CharField(max_length=64, unique=True)
    has_details = BooleanField()
    created_at = DateTimeField()
    ended_at = DateTimeField(null=True)


CalendarFeed.add_index(CalendarFeed.index(CalendarFeed.individual, unique=True, where=SQL("ended_at IS NULL"), name="calendar_feed_live"))


NEW = [Service, Group, ServiceWorker, Enrolment, EnrolmentWorker, Participant, RosterEntry, Event, Attendance, EventMessage, CalendarFeed]
TAKEN = "state IN ('requested', 'booked') AND NOT is_overlapping"
# On SQLite two events of one worker at one time are refused by these; on PostgreSQL by an exclusion constraint.
# Those that take time do not overlap each other, so the one that starts last before the new one's end also ends last.
TRIGGER = """
CREATE TRIGGER event_overlap_{name} BEFORE {verb} ON event
WHEN NEW.state IN ('requested', 'booked') AND NOT NEW.is_overlapping AND (
    SELECT ends_at FROM event WHERE worker_id = NEW.worker_id AND id <> COALESCE(NEW.id, 0) AND {taken}
    AND starts_at < NEW.ends_at ORDER BY starts_at DESC LIMIT 1
) > NEW.starts_at
BEGIN SELECT RAISE(ABORT, 'event_overlap'); END
"""
VERBS = {"insert": "INSERT", "update": "UPDATE OF worker_id, starts_at, ends_at, state, is_overlapping"}


def up(migrator, db):
    with db.bind_ctx([Worker, Individual, Site, Delivery, *NEW]):
        db.create_tables(NEW, safe=False)
    if _is_sqlite(db):
        for name, verb in VERBS.items():
            db.execute_sql(TRIGGER.format(name=name, verb=verb, taken=TAKEN))
        return
    db.execute_sql("CREATE EXTENSION IF NOT EXISTS btree_gist")
    db.execute_sql(
        "ALTER TABLE event ADD CONSTRAINT event_overlap EXCLUDE USING gist"
        f" (worker_id WITH =, tsrange(starts_at, ends_at) WITH &&) WHERE ({TAKEN})"
    )


def down(migrator, db):
    for table in reversed(NEW):
        db.execute_sql(f'DROP TABLE "{table._meta.table_name}"')


def _is_sqlite(db):
    return "Sqlite" in type(db).__name__
