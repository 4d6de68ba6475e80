"""Events and who comes to them."""

from peewee import SQL, BooleanField, CharField, Check, ForeignKeyField, IntegerField, TextField

from tables.agency import Site
from tables.base import PublicId, Row, UTCDateTimeField, one_of
from tables.individuals import Individual
from tables.outbox import Delivery
from tables.services import Enrolment, Group, Service
from tables.staff import Worker

EVENT_STATES = (
    "requested", "booked", "declined", "expired", "withdrawn", "cancelled_by_agency", "cancelled_by_client",
)  # fmt: skip
TAKES_TIME = ("requested", "booked")  # of its worker
ATTENDANCE_STATES = ("booked", "show", "no_show", "cancelled_by_client", "late_cancelled")
CONFIRMED_HOW = ("portal", "link", "phone")


class Event(Row):
    """An appointment.  Its worker's time is taken while it is requested or booked; the database refuses two at one time."""

    public_id = PublicId()
    external_id = CharField(max_length=100, null=True, unique=True)
    worker = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")
    starts_at = UTCDateTimeField(index=True)
    ends_at = UTCDateTimeField()
    site = ForeignKeyField(Site, backref="+", on_delete="RESTRICT")  # a video call, too, has one: its zone and telephone
    is_video = BooleanField(default=False)
    video_link = CharField(max_length=500, default="")
    service = ForeignKeyField(Service, null=True, backref="+", on_delete="RESTRICT")
    group = ForeignKeyField(Group, null=True, backref="+", on_delete="RESTRICT")
    state = CharField(max_length=20, default="booked")
    is_overlapping = BooleanField(default=False)  # imported, of the past: stands beside another one
    created_at = UTCDateTimeField()
    moved_from = UTCDateTimeField(null=True)  # the start before the last move
    version = IntegerField(default=1)  # grows with each change of what is told of it: messages, the calendar's SEQUENCE

    class Meta:
        constraints = [one_of("state", EVENT_STATES), Check("ends_at > starts_at")]
        indexes = ((("worker", "starts_at"), False), (("site", "starts_at"), False), (("service", "starts_at"), False))


Event.add_index(
    Event.index(
        Event.worker, Event.starts_at, name="event_taken", where=SQL("state IN ('requested', 'booked') AND NOT is_overlapping")
    )
)


class Attendance(Row):
    """One individual's place in an event.  It counts only while the event is booked."""

    public_id = PublicId()
    event = ForeignKeyField(Event, backref="attendances", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, backref="attendances", on_delete="RESTRICT")
    enrolment = ForeignKeyField(Enrolment, null=True, backref="+", on_delete="RESTRICT")
    state = CharField(max_length=20, default="booked")
    starts_at = UTCDateTimeField()  # the event's, so that one person's list needs no other table to be in order
    confirmed_at = UTCDateTimeField(null=True)
    confirmed_how = CharField(max_length=10, default="")
    cancel_reason = TextField(default="")
    version = IntegerField(default=1)

    class Meta:
        constraints = [one_of("state", ATTENDANCE_STATES)]
        indexes = ((("event", "individual"), True), (("individual", "starts_at"), False))


class EventMessage(Row):
    """What a delivery tells of: somebody's place in an event, and how that stands; as it stands otherwise it is not sent."""

    delivery = ForeignKeyField(Delivery, unique=True, backref="+", on_delete="CASCADE")
    attendance = ForeignKeyField(Attendance, backref="messages", on_delete="RESTRICT")
    was_at = UTCDateTimeField(null=True)  # the start that they knew of when it was written; empty for who knew of none
    starts_at = UTCDateTimeField()
    worker = ForeignKeyField(Worker, backref="+", on_delete="RESTRICT")
    site = ForeignKeyField(Site, backref="+", on_delete="RESTRICT")
    is_video = BooleanField()
    asks = BooleanField(default=False)  # whether they come


class CalendarFeed(Row):
    """The secret address at which somebody's own calendar program reads their events; renewing it makes another row."""

    individual = ForeignKeyField(Individual, backref="+", on_delete="CASCADE")
    nonce = CharField(max_length=64, unique=True)  # the address is made from it and the installation's key
    has_details = BooleanField(default=False)
    created_at = UTCDateTimeField()
    ended_at = UTCDateTimeField(null=True)


CalendarFeed.add_index(CalendarFeed.index(CalendarFeed.individual, unique=True, where=SQL("ended_at IS NULL"), name="calendar_feed_live"))
