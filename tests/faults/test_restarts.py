"""The queue's file disappears, the portal is stopped and started: people notice next to nothing, and no mail is lost (P4, P20)."""

import collections
import itertools
import re
import socket
import threading
import time

import pytest
from faults.nursery import Sink, opened, sound
from faults.running import AS_ALWAYS, Portal, Visitor

from domain import audit, notices
from models import Delivery, DeliveryAttempt, LoginSession

ROUNDS, WORK = 6, 25  # starts, and sign-ins after each
A_TICK = 90.0  # seconds: the timetable's minute, on a machine that has much else to do


class Crowd:
    """People who sign in from ever new devices, each of which is told to its owner by mail, at a portal that comes and goes."""

    def __init__(self, cast, port):
        self.passwords = [(f"{name}@example.org", cast.password_of(name)) for name in ("alice", "bob", "dora")]
        self.port, self.answers, self.since = port, collections.Counter(), time.monotonic()
        self.longest = 0.0  # seconds without an answer, for one who tries again at once
        self.over = threading.Event()

    def work(self, number=1_000_000):
        """Sign in so often, or until told to stop; what was answered is counted, and so is who found nobody there."""
        last = time.monotonic()
        for email, password in itertools.islice(itertools.cycle(self.passwords), number):
            if self.over.is_set():
                return
            try:
                answer = Visitor(self.port).sign_in(email, password)
            except OSError as nobody:  # refused, or cut off before the first byte of an answer
                answer = type(nobody).__name__
                self.over.wait(0.02)
            else:
                self.longest, last = max(self.longest, time.monotonic() - last), time.monotonic()
            self.answers[answer] += 1

    @property
    def acknowledged(self):
        return self.answers[303]


def everything_came(data, sink, crowd, doubtful=0):
    """Each sign-in that was answered has its session and its mail, which came once."""
    with opened(data / "doorstep.db"):
        sessions = LoginSession.select().count()
        mails = list(Delivery.select().where(Delivery.kind == "new_device"))
        assert crowd.acknowledged <= sessions <= crowd.acknowledged + doubtful
        assert len(mails) == sessions
        assert {row.state for row in mails} == {"sent"}
        unsettled = DeliveryAttempt.select().where(DeliveryAttempt.outcome == "").count()
        assert {notices.message_id(row, "localhost") for row in mails} == set(sink.accepted.ids)
        assert len(sink.accepted) == len(mails), "a copy, though nobody was killed"
        assert unsettled == 0
        assert audit.verify() == []
    sound(data / "doorstep.db")


def is_there(file):
    """Wait until it is, as it is soon whenever it was deleted."""
    until = time.monotonic() + A_TICK
    while not file.exists() and time.monotonic() < until:
        threading.Event().wait(0.005)
    return file.exists()


@pytest.mark.only_sqlite
@pytest.mark.parametrize("deletions", [pytest.param(50, marks=pytest.mark.long), pytest.param(100, marks=pytest.mark.soak)])
def test_the_queues_file_deleted_over_and_over_at_work_loses_nothing(data, cast, deletions):
    with Sink() as sink, Portal(data, sink) as portal:
        crowd = Crowd(cast, portal.listens().port)
        for _ in range(deletions):
            worker = threading.Thread(target=crowd.work, args=(3,))
            worker.start()
            assert is_there(data / "queue.db"), "nobody made the queue anew, so there is nothing to delete"
            for part in sorted(data.glob("queue.db*")):
                part.unlink(missing_ok=True)
            worker.join()
        crowd.work(3)  # what was due when a bell was lost goes out with the next one that rings, or with the minute
        assert crowd.answers == {303: 3 * deletions + 3}
        assert sink.accepted.wait(3 * deletions + 3, A_TICK), f"{len(sink.accepted)} came\n{portal.log[-3000:]}"
        assert portal.stop() == 0
        everything_came(data, sink, crowd)
        assert (data / "queue.db").stat().st_mode & 0o077 == 0
        assert not re.search(r"Traceback|ERROR|CRITICAL", portal.log), portal.log[-3000:]


@pytest.mark.long
@pytest.mark.only_sqlite
def test_stopped_and_started_again_at_work_the_portal_answers_nobody_wrongly_and_loses_nothing(data, cast):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    crowd = Crowd(cast, port)
    people = [threading.Thread(target=crowd.work) for _ in range(2)]
    with Sink() as sink:
        for number in range(ROUNDS):
            with Portal(data, sink, [*AS_ALWAYS[:-1], str(port)]) as portal:
                portal.listens()
                if number == 0:
                    for person in people:
                        person.start()
                enough = crowd.acknowledged + WORK
                until = time.monotonic() + A_TICK
                while crowd.acknowledged < enough and time.monotonic() < until:
                    people[0].join(0.05)
                if number == ROUNDS - 1:
                    crowd.over.set()
                    for person in people:
                        person.join()
                    assert sink.accepted.wait(crowd.acknowledged, A_TICK)
                assert portal.stop() == 0, portal.log
        print(crowd.answers, f"at most {crowd.longest:.2f} s without an answer")
        assert crowd.acknowledged >= ROUNDS * WORK
        failures = {answer: count for answer, count in crowd.answers.items() if answer != 303}
        assert not [answer for answer in failures if isinstance(answer, int)], f"wrong answers: {failures}"
        everything_came(data, sink, crowd, doubtful=sum(failures.values()))
