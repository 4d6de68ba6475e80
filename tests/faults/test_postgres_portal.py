"""The running portal on PostgreSQL: two processes that serve, two that work, of which one is on duty (P2, P4, P20)."""

import contextlib
import json
import threading
import time

import pytest
from faults.nursery import Sink
from faults.running import Portal, Visitor

from domain import audit, notices, store
from models import Delivery, DeliveryAttempt, JobRun, LoginSession, Setting

pytestmark = [pytest.mark.long, pytest.mark.only_postgres]
ON_DUTY = "this process is on duty"
RUNG = 15.0  # seconds: a mail that comes so soon was rung for; the timetable alone would take up to a minute
HALF_A_MINUTE = 30.0  # in which another process is on duty, and a dropped queue is there again
WORK = 12  # sign-ins of each of two people while the queue is dropped
MAILS = Delivery.kind == "new_device"


class House:
    """Two web processes and two workers on one database of PostgreSQL; a mail server; the people who sign in."""

    def __init__(self, url, data, sink, cast, running):
        self.url, self.data, self.sink, self._running = url, data, sink, running
        self.began = time.monotonic()
        every = [self._start(kind, number) for kind in ("worker", "web") for number in (1, 2)]
        self.workers, self.webs = [each.works() for each in every[:2]], [each.listens() for each in every[2:]]
        self._passwords = [(cast.email_of(name), cast.password_of(name)) for name in ("alice", "bob")]
        self._signed_in = []

    def _start(self, kind, number):
        program = ["app.py", "--port", "0", "--only", kind]
        return self._running.enter_context(Portal(self.data, self.sink, program, name=f"{kind}{number}", DATABASE_URL=self.url))

    def sign_in(self, web, who=0):
        """From a new device, of which its owner is told by mail."""
        assert Visitor(web.port).sign_in(*self._passwords[who]) == 303
        self._signed_in.append(who)

    @property
    def sign_ins(self):
        return len(self._signed_in)

    def mail_comes(self):
        """The mail of every sign-in has arrived, so soon that somebody rang, and is known to have."""
        assert self.sink.accepted.wait(self.sign_ins, RUNG), f"{len(self.sink.accepted)} of {self.sign_ins} came\n{self.logs}"
        self.until(lambda: not Delivery.select().where(MAILS, Delivery.state != "sent").exists())

    def ready(self, web):
        """What of the portal is not well, as that process sees it."""
        return {word for word, well in json.loads(Visitor(web.port).ask("GET", "/readyz")[1]).items() if not well}

    def until(self, done, seconds=HALF_A_MINUTE):
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, self.logs

    @property
    def on_duty(self):
        return [worker for worker in self.workers if ON_DUTY in worker.log]

    @property
    def logs(self):
        return "\n".join(each.log[-2000:] for each in (*self.workers, *self.webs))


@pytest.fixture
def house(db, cast, tmp_path):
    """All of them at work.  Mail goes out as fast as it is taken, and nobody counts sign-ins."""
    with store.writing():
        for key, value in (("mail_rate", "0"), ("sign_ins_a_minute", "1000")):
            Setting.insert(key=key, value=value).execute()
    (tmp_path / "data").mkdir(mode=0o700)
    with contextlib.ExitStack() as running:
        sink = running.enter_context(Sink())
        yield House(db.url, tmp_path / "data", sink, cast, running)


def test_two_that_serve_and_two_that_work_are_one_portal(house, db):
    a_mail_is_rung_for_by_either(house)
    the_timetable_runs_once(house)
    survivor = whoever_is_on_duty_may_be_killed(house)
    the_queue_may_be_dropped(house, db)
    everything_came_once(house)
    for each in (*house.webs, survivor):
        assert each.stop() == 0, each.log
        _, stopping, rest = each.log.rpartition("stopping: running work is finished first")
        assert (bool(stopping), "Traceback" in rest) == (True, False), each.log


def a_mail_is_rung_for_by_either(house):
    for web in house.webs:
        assert house.ready(web) == set(), house.logs
        house.sign_in(web)
        house.mail_comes()


def the_timetable_runs_once(house):
    often = JobRun.select().where(JobRun.name.in_(("each_minute", "take_in")))
    house.until(lambda: [run.runs > 0 for run in often.clone()] == [True, True])
    ticks = 1 + int(time.monotonic() - house.began) // 60  # at the start, and each minute from then on
    assert all(run.runs <= ticks for run in often.clone()), house.logs
    assert len(house.on_duty) == 1, house.logs


def whoever_is_on_duty_may_be_killed(house):
    (victim,) = house.on_duty
    (survivor,) = (worker for worker in house.workers if worker is not victim)
    victim.kill()
    house.sign_in(house.webs[0])
    house.mail_comes()
    assert survivor.says(ON_DUTY, HALF_A_MINUTE), house.logs
    assert [house.ready(web) for web in house.webs] == [set(), set()]
    return survivor


def the_queue_may_be_dropped(house, db):
    """While people sign in, over and over; it is told, and mended."""

    def work(web, who):
        for _ in range(WORK):
            house.sign_in(web, who)

    def drop():
        db.execute_sql("DROP TABLE IF EXISTS queue_task, queue_schedule, queue_kv, queue_counter")

    before = house.sign_ins
    people = [threading.Thread(target=work, args=(web, who)) for who, web in enumerate(house.webs)]
    for person in people:
        person.start()
    while any(person.is_alive() for person in people):
        drop()
    assert house.sign_ins == before + 2 * WORK
    house.until(lambda: drop() or "queue" in house.ready(house.webs[0]))
    house.until(lambda: "queue" not in house.ready(house.webs[0]))
    house.sign_in(house.webs[1])
    house.mail_comes()


def everything_came_once(house):
    """Each sign-in that was answered has its session and its mail; none came twice, though a worker was killed."""
    mails = list(Delivery.select().where(MAILS))
    assert LoginSession.select().count() == len(mails) == house.sign_ins
    assert sorted(notices.message_id(row, "localhost") for row in mails) == sorted(house.sink.accepted.ids)
    assert DeliveryAttempt.select().where(DeliveryAttempt.outcome == "").count() == 0
    assert audit.verify() == []
