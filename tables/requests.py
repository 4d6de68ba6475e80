"""What clients asked for: which appointment, on which day, how it is answered."""

from peewee import SQL, Check, DateField, ForeignKeyField, SmallIntegerField, TextField

from tables.base import PublicId, Row, UTCDateTimeField
from tables.calendar import Event
from tables.individuals import Individual
from tables.staff import Worker


class EventRequest(Row):
    """A client asked for an event.  It waits until ``expires_at`` unless it was booked at once, and then has none.

    ``replaces`` is the event whose time is to be changed: then its own event holds the time and nobody's place.  ``number`` counts
    those of one client on one calendar day; a change of time has none.
    """

    public_id = PublicId()
    event = ForeignKeyField(Event, unique=True, backref="+", on_delete="RESTRICT")
    individual = ForeignKeyField(Individual, backref="+", on_delete="RESTRICT")  # who asked
    replaces = ForeignKeyField(Event, null=True, backref="+", on_delete="RESTRICT")
    day = DateField()  # on which they asked, where the event takes place
    number = SmallIntegerField(null=True)
    asked_at = UTCDateTimeField()
    expires_at = UTCDateTimeField(null=True)
    offered_at = UTCDateTimeField(null=True)  # when staff offered another time: since then the client is to answer
    answered_at = UTCDateTimeField(null=True)
    answered_by = ForeignKeyField(Worker, null=True, backref="+", on_delete="RESTRICT")
    reason = TextField(default="")  # of who declined

    class Meta:
        constraints = [Check("number IS NULL OR number > 0")]
        indexes = ((("individual", "day", "number"), True),)


EventRequest.add_index(
    EventRequest.index(EventRequest.expires_at, where=SQL("answered_at IS NULL AND expires_at IS NOT NULL"), name="event_request_waiting")
)
EventRequest.add_index(
    EventRequest.index(
        EventRequest.replaces, unique=True, where=SQL("answered_at IS NULL AND expires_at IS NOT NULL AND replaces_id IS NOT NULL"),
        name="event_request_change",
    )
)  # fmt: skip
