"""What the agency offers: services, the groups under them, and who is in which."""

from peewee import SQL, BooleanField, CharField, Check, DateField, ForeignKeyField, IntegerField, TextField

from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.individuals import Individual
from tables.staff import Worker

SERVICE_KINDS = ("case", "informal")
GROUP_KINDS = ("group", "series")  # under a case service, under an informal one


class Service(Row):
    """Something the agency offers.  A client meets it by ``client_name``, and only when ``is_visible``."""

    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    kind = CharField(max_length=10, default="case")
    name = CharField(max_length=120)
    client_name = CharField(max_length=120, default="")  # empty: the name
    client_description = TextField(default="")
    is_visible = BooleanField(default=False)
    shows_names = BooleanField(default=False)  # of those who come to the same event, to each other
    minutes = IntegerField(null=True)  # of an event; empty: the agency's
    capacity = IntegerField(null=True)  # open enrolments; empty: no limit
    is_in_use = BooleanField(default=True)
    created_at = UTCDateTimeField()
    version = IntegerField(default=1)

    class Meta:
        constraints = [
            one_of("kind", SERVICE_KINDS), Check("capacity IS NULL OR capacity > 0"), Check("minutes IS NULL OR minutes > 0"),
        ]  # fmt: skip


class Group(Row):
    """Something under a service that has a roster: a group under a case service, a series under an informal one."""

    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    service = ForeignKeyField(Service, backref="groups", on_delete="RESTRICT")
    name = CharField(max_length=120)
    client_name = CharField(max_length=120, default="")
    client_description = TextField(default="")
    is_visible = BooleanField(default=False)
    capacity = IntegerField(null=True)  # places on the roster
    is_in_use = BooleanField(default=True)
    created_at = UTCDateTimeField()
    version = IntegerField(default=1)

    class Meta:
        table_name = "service_group"
        constraints = [Check("capacity IS NULL OR capacity > 0")]


class ServiceWorker(Row):
    """A worker who works in a service."""

    service = ForeignKeyField(Service, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("service", "worker"), True),)


class Enrolment(Row):
    """One individual in one service: a service file.  It is open until ``closed_on``."""

    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    individual = ForeignKeyField(Individual, backref="enrolments", on_delete="RESTRICT")
    service = ForeignKeyField(Service, backref="enrolments", on_delete="RESTRICT")
    worker = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")  # the primary one
    opened_on = DateField()
    closed_on = DateField(null=True)
    created_at = UTCDateTimeField()
    version = IntegerField(default=1)

    class Meta:
        constraints = [Check("closed_on IS NULL OR closed_on >= opened_on")]


Enrolment.add_index(
    Enrolment.index(Enrolment.individual, Enrolment.service, unique=True, where=SQL("closed_on IS NULL"), name="enrolment_open")
)


class EnrolmentWorker(Row):
    """A further worker of an enrolment."""

    enrolment = ForeignKeyField(Enrolment, backref="+", on_delete="CASCADE")
    worker = ForeignKeyField(Worker, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("enrolment", "worker"), True),)


class Participant(Row):
    """Somebody who takes part in another's enrolment, such as a partner or a parent."""

    enrolment = ForeignKeyField(Enrolment, backref="+", on_delete="CASCADE")
    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")

    class Meta:
        indexes = ((("enrolment", "individual"), True),)


class RosterEntry(Row):
    """One individual in one group, until ``left_on``."""

    public_id = PublicId()
    group = ForeignKeyField(Group, backref="roster", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, backref="+", on_delete="RESTRICT")
    joined_on = DateField()
    left_on = DateField(null=True)

    class Meta:
        constraints = [Check("left_on IS NULL OR left_on >= joined_on")]


RosterEntry.add_index(
    RosterEntry.index(RosterEntry.group, RosterEntry.individual, unique=True, where=SQL("left_on IS NULL"), name="roster_entry_open")
)
