"""Killed between booking and sending, no message of an appointment is lost, and each is sent of what was booked (P1, P3)."""

import random
import time

import pytest
from faults.nursery import Nursery, Sink, opened, person, sound

from domain import clock, store
from models import Attendance, Delivery, Event, EventMessage, Setting, Worker

KILLS = 12


@pytest.mark.long
def test_kills_between_booking_and_sending_lose_no_message(templates, tmp_path):
    database = templates.copy("house", tmp_path / "doorstep.db")
    with opened(database), store.writing():
        Setting.insert(key="mail_rate", value="0").execute()
        if not Worker.select().exists():
            Worker.create(first_name="Dora", last_name="Dune", email="dora@example.org", email_key="dora@example.org", created_at=clock.now())
        person(1)
    told, moved, chance, following = set(), set(), random.Random(), 1
    with Nursery() as nursery, Sink() as sink:
        for _ in range(KILLS):
            booking, mail = nursery.start("book", database, first=following).ready(), nursery.start("mail", database, port=sink.port)
            said, end = [booking.hear(), booking.hear()], time.monotonic() + chance.uniform(0.0, 0.05)  # a moment that nobody knows
            while (left := end - time.monotonic()) > 0:
                said.append(booking.hear(left))
            mail.kill()
            said += booking.kill()
            told |= {words["booked"] for words in said if words and "booked" in words}
            moved |= {words["moved"] for words in said if words and "moved" in words}
            following += 100
        sound(database)
        for _ in range(3):
            calm = nursery.start("mail", database, once=True, port=sink.port, ahead=700.0).ready()
            calm.ring()
            calm.finish()
        arrived = len(sink.accepted)
    with opened(database):
        assert told <= {event.public_id for event in Event.select()}
        assert len(told) >= KILLS
        assert moved
        for place in Attendance.select(Attendance, Event).join(Event):
            rows = list(Delivery.select().join(EventMessage).where(EventMessage.attendance == place).order_by(Delivery.id))
            states = {(row.kind, row.state) for row in rows}
            last = [row for row in rows if row.state == "sent"][-1]  # who had not heard of it before the move hears that it is booked
            assert last.kind in ("event_moved", "event_booked"), states
            assert EventMessage.get(EventMessage.delivery == last).starts_at == place.event.starts_at
            assert states <= {("event_booked", "sent"), ("event_booked", "cancelled"), ("event_booked", "suppressed"), ("event_moved", "sent"), ("event_confirmation", "due"),
                              ("event_confirmation", "cancelled")}  # fmt: skip
            assert ("event_confirmation", "due") in states
        sent = Delivery.select().where(Delivery.state == "sent").count()
    assert arrived >= sent >= len(told)
