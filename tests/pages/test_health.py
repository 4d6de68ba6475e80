"""Is the portal well?  What a monitoring program is told, and what must have gone wrong for it."""

import json

import pytest

import tasks
from domain import clock, duty, events, notices, store, timetable
from models import Delivery, JobRun, Site, db

WORDS = {"database", "deliveries", "disk", "jobs", "queue", "worker"}
pytestmark = pytest.mark.usefixtures("house")


class Background:
    """The portal's background work: its threads, or only what the queue's scheduler does at each tick."""

    def __init__(self, app):
        config = app.extensions["doorstep"]
        self.on_duty = duty.of(config.database_url)
        self.queue, _ = tasks.bind(config, self.on_duty)
        self.app, self.worker = app, tasks.Worker(self.queue, self.on_duty)

    def start(self):
        self.app.extensions["worker"] = self.worker
        self.worker.start()

    def tick(self):
        due = self.queue.read_periodic(clock.now())
        for task in due:
            self.queue.execute(task)
        return sorted(task.name for task in due)

    def stop(self):
        if "worker" in self.app.extensions:
            self.worker.stop()
        self.on_duty.leave()
        self.queue.storage.close()


@pytest.fixture
def background(app):
    """The background work of the portal under test, which has not begun."""
    background = Background(app)
    yield background
    background.stop()


def ready(browse):
    """The status, and the words that are not well."""
    answer = browse().ask("/readyz")
    said = json.loads(answer.body)
    assert said.keys() == WORDS
    return answer.status, {word for word in WORDS if not said[word]}


def test_a_portal_that_is_well_says_so(browse):
    assert browse().ask("/healthz").body == b"ok\n"
    assert ready(browse) == (200, set())


def test_a_portal_whose_mail_has_waited_for_over_an_hour_is_not_ready(browse, cast, frozen):
    cast.invited()
    frozen()
    frozen.shift(minutes=61)
    assert ready(browse) == (503, {"deliveries"})


def test_what_is_to_be_sent_before_an_appointment_is_waited_for_from_its_hour_on_and_never_after_the_start(browse, cast, frozen, decided):
    """The calendar has no job of its own: its messages are rows of the outbox, and each minute looks for what is due."""
    decided(event_booked=0, confirmation_hours=48)
    frozen("2026-06-01 12:00")
    events.book(events.Plan(cast.dora, clock.ahead(days=10), 50, Site.get(), [cast.alice]), cast.by("dora"))
    assert ready(browse) == (200, set()), "nothing is late ten days before"
    frozen.shift(days=8, minutes=59)
    assert ready(browse) == (200, set())
    frozen.shift(minutes=2)
    assert ready(browse) == (503, {"deliveries"})
    frozen.shift(days=2)
    notices.sweep()
    assert Delivery.get(Delivery.kind == "event_confirmation").state == "expired"
    assert ready(browse) == (200, set()), "nobody is reminded of what is over"


def test_the_worker_that_runs_is_seen_and_one_that_ended_is_missed(browse, background):
    background.start()
    assert ready(browse) == (200, set())
    background.worker.stop()
    assert ready(browse) == (503, {"worker"})


def test_a_queue_that_cannot_be_read_is_told_of_until_it_is_made_anew(browse, background):
    background.start()
    background.queue.storage.sql("DROP TABLE task", commit=True)
    assert ready(browse) == (503, {"queue"})
    tasks._mend(background.queue)
    assert ready(browse) == (200, set())


def test_a_scheduler_that_ticks_while_its_jobs_fail_is_not_enough(browse, background, frozen, caplog):
    """What each minute does breaks at its third step; what each hour does, and imports, go on."""
    with store.writing():
        db.execute_sql("ALTER TABLE import_run RENAME TO gone")
    frozen("2026-03-08 12:00")
    timetable.take_over()
    for _ in range(10):
        frozen.shift(minutes=1)
        assert "each_minute" in background.tick()
    assert ready(browse) == (200, set()), "some bad minutes are no reason"
    frozen.shift(minutes=1)
    background.tick()
    assert ready(browse) == (503, {"jobs"})
    assert caplog.text.count("a job failed") == 11
    with store.writing():
        db.execute_sql("ALTER TABLE gone RENAME TO import_run")
    background.tick()
    assert ready(browse) == (200, set())
    assert [(run.name, run.runs) for run in timetable.runs()] == [
        ("each_hour", 1), ("each_minute", 1), ("in_bulk", 12), ("take_in", 12)
    ]  # fmt: skip


def test_a_portal_that_was_down_over_night_is_ready_as_soon_as_it_runs(browse, background, frozen):
    frozen(clock.ago(hours=9))
    timetable.take_over()
    timetable.went_well("each_hour")
    frozen.go_on()
    assert ready(browse) == (503, {"jobs"})
    background.start()
    assert ready(browse) == (200, set())


def test_the_hourly_job_notes_its_good_runs_too(background, frozen):
    frozen("2026-03-08 12:07")
    assert background.tick() == ["each_hour", "each_minute", "in_bulk_each_minute", "take_in_each_minute"]
    assert [run.runs for run in JobRun.select()] == [1, 1, 1, 1]


def test_who_is_not_on_duty_runs_nothing_of_the_timetable(background, db):
    first = duty.of(db.url)
    assert first.take()
    assert background.tick() == []
    background.start()
    assert background.tick() == []
    assert JobRun.select().count() == 0
    first.leave()
    assert "each_minute" in background.tick()
