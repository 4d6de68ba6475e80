"""Killed between booking and sending, no message of an appointment is lost, and each is sent of what was booked (P1, P3)."""

import random
import time

import pytest
from faults.nursery import Nursery, Sink, opened, person, sound

from domain import agency, availability, clock, enrolments, services, store
from domain.actor import SYSTEM
from models import Attendance, Delivery, Event, EventMessage, Service, Setting, Site, Worker

KILLS = 12


def dora():
    if not Worker.select().exists():
        Worker.create(first_name="Dora", last_name="Dune", email="dora@example.org", email_key="dora@example.org", created_at=clock.now())
    return Worker.get()


@pytest.mark.long
def test_kills_between_booking_and_sending_lose_no_message(templates, tmp_path):
    database = templates.copy("house", tmp_path / "doorstep.db")
    with opened(database), store.writing():
        Setting.insert(key="mail_rate", value="0").execute()
        dora()
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


def open_all_hours(worker):
    """Each of so many clients may ask for any hour of the worker, and somebody has to answer."""
    for key, value in (("mail_rate", "0"), ("request_mode", "approve"), ("requests_a_day", "20")):
        Setting.insert(key=key, value=value).execute()
    kind = availability.add_type("For clients", "green", SYSTEM)
    availability.face_clients(kind, SYSTEM)
    calendar = availability.add_calendar(worker, agency.today(), SYSTEM)
    for day in range(7):
        availability.add_row(calendar, day, 0, 24 * 60, kind, Site.get(), SYSTEM)
    service = services.add(services.Details("Counselling", minutes=60), "case", SYSTEM)
    services.show(service, SYSTEM, is_visible=True, version=service.version, warned_of=[])
    services.staff(service, [worker], SYSTEM, version=Service.get_by_id(service.id).version)
    for number in range(KILLS):
        enrolments.open(person(number), Service.get_by_id(service.id), worker, agency.today(), SYSTEM)


@pytest.mark.long
def test_kills_between_asking_and_sending_lose_no_message(templates, tmp_path):
    database = templates.copy("house", tmp_path / "doorstep.db")
    with opened(database), store.writing():
        open_all_hours(dora())
    asked, declined, chance = set(), set(), random.Random()
    with Nursery() as nursery, Sink() as sink:
        for number in range(KILLS):
            client = nursery.start("ask", database, first=20 * number, client=number).ready()
            mail = nursery.start("mail", database, port=sink.port)
            said, end = [client.hear(), client.hear()], time.monotonic() + chance.uniform(0.0, 0.05)
            while (left := end - time.monotonic()) > 0:
                said.append(client.hear(left))
            mail.kill()
            said += client.kill()
            asked |= {words["asked"] for words in said if words and "asked" in words}
            declined |= {words["declined"] for words in said if words and "declined" in words}
        sound(database)
        for _ in range(3):
            calm = nursery.start("mail", database, once=True, port=sink.port, ahead=700.0).ready()
            calm.ring()
            calm.finish()
    with opened(database):
        by_name = {event.public_id: event for event in Event.select()}
        assert asked <= set(by_name)
        assert declined <= {name for name, event in by_name.items() if event.state == "declined"}
        assert declined
        for event in by_name.values():
            told = {row.kind: row.state for row in Delivery.select() if row.dedupe_key.split(":")[1] == str(event.id)}
            if event.state == "requested":
                assert told == {"client_requested": "sent"}
            else:  # the worker may have answered before the first e-mail left
                assert told.pop("client_requested") in ("sent", "suppressed")
                assert told == {"request_declined": "sent"}
