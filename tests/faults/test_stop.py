"""Told to stop, the portal finishes what it has in hand; started again, it goes on where it was (P4, P20)."""

import itertools
import re
import time

import pytest
from faults.nursery import Nursery, Sink, opened, sound
from faults.running import Portal

from domain import audit, clock, leases, notices, store
from models import Delivery, DeliveryAttempt, Individual

SOON = 15.0  # seconds: well before the timetable's next minute, mostly
LEASE = leases.LEASE.total_seconds()


def put(data, number):
    """So many messages that are due."""
    with opened(data / "doorstep.db"):
        alice = Individual.get(external_id="alice")
        account = alice.accounts.get()
        with store.writing():
            for each in range(number):
                notices.put("password_changed", each, to=account.email, account=account, individual=alice)


def deliveries(data):
    """The state of each message, with how often it was tried and what of it was never settled."""
    with opened(data / "doorstep.db"):
        every = list(Delivery.select().where(Delivery.kind == "password_changed").order_by(Delivery.id))
        unsettled = DeliveryAttempt.select().where(DeliveryAttempt.outcome == "", DeliveryAttempt.delivery.in_(every))
        assert audit.verify() == []
        return [row.state for row in every], {row.attempts for row in every}, unsettled.count()


def each_once(sink, number):
    ids = sink.accepted.ids
    return len(ids) == len(set(ids)) == number


@pytest.mark.long
@pytest.mark.parametrize("queue", ["is kept", "is deleted"])
def test_a_stop_waits_for_the_mail_in_hand_and_the_next_start_sends_the_rest(data, queue):
    put(data, 6)
    with Sink(itertools.repeat("accept_slowly"), pace=3.0) as sink:
        with Portal(data, sink) as portal:
            portal.listens()
            assert sink.accepted.wait(1), portal.log  # the server has it, and answers in three seconds
            assert portal.stop() == 0
            assert not re.search(r"Traceback|ERROR|CRITICAL", portal.log), portal.log
        sent = len(sink.accepted)
        assert sent < 6, "nothing is left for the second start"
        assert deliveries(data) == (["sent"] * sent + ["due"] * (6 - sent), {0, 1}, 0)
        for part in data.glob("queue.db*") if queue == "is deleted" else ():
            part.unlink()
        sink.pace = 0.0
        with Portal(data, sink) as portal:
            assert sink.accepted.wait(6), portal.log
            assert portal.listens().stop() == 0
        assert deliveries(data) == (["sent"] * 6, {1}, 0)
        assert each_once(sink, 6)
    sound(data / "doorstep.db")


@pytest.mark.long
def test_a_mail_server_that_never_answers_holds_the_stop_for_fifteen_seconds_only_and_nothing_is_lost(data):
    put(data, 4)
    with Sink(["accept_then_hang"] * 2) as sink:
        with Portal(data, sink) as portal:
            portal.listens()
            assert sink.accepted.wait(1), portal.log
            began = time.monotonic()
            assert portal.stop() == 0
            assert time.monotonic() - began < 40, "the stop waited for the mail server"
        in_hand = len(sink.accepted)  # a process has two hands
        states, _, unsettled = deliveries(data)
        assert (states.count("leased"), unsettled) == (in_hand, in_hand), states
    with Sink() as healthy, Nursery() as nursery:
        later = nursery.start("mail", data / "doorstep.db", port=healthy.port, once=True, ahead=LEASE + 60).ready()
        later.ring()
        later.finish()
    assert deliveries(data) == (["sent"] * 4, {1, 2}, in_hand)
    assert each_once(healthy, 4)
    assert set(sink.accepted.ids) <= set(healthy.accepted.ids), "a copy that no mailbox knows for one"


@pytest.mark.long
def test_two_processes_on_one_folder_share_the_mail_and_send_each_once(data):
    put(data, 150)
    slow = itertools.repeat("accept_slowly")
    with Sink(slow, pace=1.0) as sink, Portal(data, sink) as one, Portal(data, sink) as other:
        assert sink.wait_for_call(), one.log
        assert sink.wait_for_call(), one.log
        sink.pace = 0.0  # both are at work: from now on as fast as they can
        assert sink.accepted.wait(150), one.log
        for portal in (one, other):
            assert portal.listens().stop() == 0
        assert deliveries(data) == (["sent"] * 150, {1}, 0)
        assert each_once(sink, 150)
    sound(data / "doorstep.db")


@pytest.mark.long
def test_at_the_start_leases_of_the_dead_are_taken_over_and_what_came_too_late_expires(data):
    """The sweep of each minute runs at once, too: nobody waits for the next full minute after a crash."""
    put(data, 3)
    with opened(data / "doorstep.db"), store.writing():
        dead, late, _ = Delivery.select().where(Delivery.kind == "password_changed").order_by(Delivery.id)
        Delivery.update(state="leased", lease_token="x", lease_until=clock.ago(minutes=1)).where(Delivery.id == dead.id).execute()
        Delivery.update(expires_at=clock.ago(minutes=1)).where(Delivery.id == late.id).execute()
    with Sink() as sink, Portal(data, sink) as portal:
        portal.listens()
        began = time.monotonic()
        assert sink.accepted.wait(2, SOON), portal.log
        while deliveries(data)[0] != ["sent", "expired", "sent"]:
            assert time.monotonic() - began < SOON, (deliveries(data), portal.log)
        assert portal.stop() == 0
    assert each_once(sink, 2)
