"""When it happens: the job queue, its jobs of one line each, and the timetable.

The queue is only a bell.  Everything that must happen is a row in the database; the timetable looks for due rows each
minute, so a lost, late or doubled tick changes nothing (docs/decisions/0003-outbox.md).
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from huey import Huey, PostgresHuey, crontab
from huey.consumer import Consumer
from huey.serializer import SignedSerializer
from huey.storage import SqliteStorage

from config import Config
from domain import (
    accounts,
    bulk,
    bulk_jobs,
    dispatch,
    document_messages,
    duty,
    event_messages,
    event_reminders,
    half_sign_ins,
    import_jobs,
    import_page,
    imports,
    limits,
    notices,
    overdue,
    portal_address,
    request_answers,
    schema,
    sign_in,
    statistics,
    store,
    timetable,
    unsent,
)
from gateways.mail import Mail
from gateways.mailbox import MailboxMail
from gateways.smtp import SmtpMail
from web import posts

log = logging.getLogger(__name__)


# ---------------------------------------------------------------- the jobs


def deliver(config: Config) -> None:
    """Send what the outbox holds."""
    if mail := mail_of(config):
        dispatch.deliver_due(mail, portal_url=config.portal_url, sender=sender_of(config))


def each_minute(config: Config) -> None:
    """Whatever is due by now; said at start, too."""
    notices.sweep()
    portal_address.release()
    accounts.expire_due()
    imports.settle_applied()
    statistics.count_if_new_day()
    request_answers.expire_due()
    event_messages.plan_anew()
    overdue.tell_due()
    document_messages.tell_due()
    event_reminders.plan_due()
    deliver(config)


def take_in(config: Config) -> None:
    """Check and import files that staff uploaded."""
    import_jobs.run_due(config.uploads)


def each_hour() -> None:
    """Count the day, and throw away what only counted for one."""
    statistics.count_due()
    limits.forget_old()
    posts.forget_old()
    unsent.forget_old()
    sign_in.forget_old_sessions()
    half_sign_ins.forget_old()
    bulk.expire()


def mail_of(config: Config) -> Callable[[], Mail] | None:
    """How mail leaves: by SMTP; in development without one into the mailbox; else not at all, and it waits."""
    smtp = config.smtp
    if smtp is not None:
        return lambda: SmtpMail(
            host=smtp.host, port=smtp.port, security=smtp.security, user=smtp.user, password=smtp.password,
            sender_domain=sender_of(config).partition("@")[2],
        )  # fmt: skip
    return (lambda: MailboxMail(config.mailbox)) if config.development else None


def sender_of(config: Config) -> str:
    """The address in From."""
    return config.smtp.sender if config.smtp else f"portal@{config.portal_host}"


# ---------------------------------------------------------------- queue and worker


class DisposableStorage(SqliteStorage):  # type: ignore[misc]
    """The queue's file, made anew when somebody deleted it; what rang in the old one is found by the next tick."""

    _file: os.stat_result | None = None  # the one that is open

    @property
    def conn(self) -> Any:
        if self._conn is not None and not self._is_there():
            log.warning("the queue was deleted and is made anew")
            self._conn.close()
            self._conn = None
        if self._conn is None:
            fresh = self._create_connection()
            for statement in self.ddl:
                fresh.execute(statement)
            self._conn, self._file = fresh, os.stat(self.filename)
        return self._conn

    def _is_there(self) -> bool:
        try:
            return self._file is not None and os.path.samestat(os.stat(self.filename), self._file)
        except FileNotFoundError:
            return False


def open_queue(config: Config) -> Huey:
    """The queue, which may be deleted at any time: in its own file, or in PostgreSQL in tables ``queue_…``."""
    chosen: dict[str, Any] = {"results": False, "serializer": SignedSerializer(secret=config.secret_key)}
    if config.sqlite_path:
        return Huey("doorstep", storage_class=DisposableStorage, filename=str(config.queue_path), **chosen)
    with schema.alone():  # of several that make the same tables at once PostgreSQL refuses all but one
        return PostgresHuey("doorstep", table_prefix="queue", **store.postgres_parameters(config.database_url), **chosen)


def _with_database(job: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        with store.connection(), store.remembering():
            try:
                job()
            except Exception:
                log.exception("a job failed; the next tick tries again")

    return run


def _on_time(name: str, job: Callable[[], None]) -> Callable[[], None]:
    """A job of the timetable, whose good runs are noted."""

    def run() -> None:
        job()
        timetable.went_well(name)

    return _with_database(run)


class EmbeddedConsumer(Consumer):  # type: ignore[misc]
    """A consumer of threads inside the web process, which owns the signals."""

    def _set_signal_handlers(self) -> None:
        pass


class Worker:
    """The threads that do the background work, and one that revives them should a job kill its thread."""

    def __init__(self, queue: Huey, on_duty: duty.Duty) -> None:
        self._queue, self._duty = queue, on_duty
        self.consumer = EmbeddedConsumer(queue, workers=3, max_delay=0.5, shutdown_timeout=15, flush_locks=True)
        self._over, self._is_on_duty = threading.Event(), False
        self._watch = threading.Thread(target=self._look_after, name="worker-watch", daemon=True)

    def start(self) -> None:
        self._take_duty()
        self.consumer.start()
        self._watch.start()

    def _look_after(self) -> None:
        while not self._over.wait(10):
            self.consumer.check_worker_health()
            _mend(self._queue)
            self._take_duty()  # somebody's who has died

    def _take_duty(self) -> None:
        was_before, self._is_on_duty = self._is_on_duty, self._duty.take()
        if self._is_on_duty and not was_before:
            _with_database(timetable.take_over)()

    @property
    def is_alive(self) -> bool:
        """True while the scheduler and all workers run."""
        threads = [self.consumer.scheduler, *(process for _, process in self.consumer.worker_threads)]
        return all(thread is not None and thread.is_alive() for thread in threads)

    @property
    def queue_answers(self) -> bool:
        """True when the queue can be read."""
        return _answers(self._queue)

    def stop(self) -> None:
        """Finish running jobs (at most fifteen seconds), start no new ones."""
        self._over.set()
        self.consumer.stop(graceful=True)
        self._duty.leave()


class Elsewhere:
    """What a web process that does no background work knows of the processes that do."""

    def __init__(self, queue: Huey) -> None:
        self._queue = queue

    @property
    def is_alive(self) -> bool:
        """True while some process is on duty."""
        return duty.is_taken()

    @property
    def queue_answers(self) -> bool:
        """True when the queue can be read."""
        return _answers(self._queue)


def _answers(queue: Huey) -> bool:
    try:
        queue.pending_count()
    except Exception:
        return False
    return True


def _mend(queue: Huey) -> None:
    """Make the queue's tables anew when somebody deleted them."""
    if not _answers(queue):
        log.warning("the queue is gone and is made anew")
        with contextlib.suppress(Exception):
            queue.storage.initialize_schema()


def bind(config: Config, on_duty: duty.Duty) -> tuple[Huey, Callable[[], object]]:
    """The queue with its jobs and the timetable, which only the process on duty runs; and the bell of the outbox."""

    def at(**times: str) -> Callable[[Any], bool]:
        is_time = crontab(**times)
        return lambda moment: is_time(moment) and on_duty.take()

    queue = open_queue(config)
    bell = queue.task(name="deliver")(_with_database(lambda: deliver(config)))
    queue.periodic_task(at(), name="each_minute")(_on_time("each_minute", lambda: each_minute(config)))
    take = queue.task(name="take_in")(_with_database(lambda: take_in(config)))
    queue.periodic_task(at(), name="take_in_each_minute")(_on_time("take_in", lambda: take_in(config)))
    go_on = queue.task(name="in_bulk")(_with_database(bulk_jobs.run_due))
    queue.periodic_task(at(), name="in_bulk_each_minute")(_on_time("in_bulk", bulk_jobs.run_due))
    queue.periodic_task(at(minute="7"), name="each_hour")(_on_time("each_hour", each_hour))
    notices.ring = lambda: bell()
    import_page.ring = lambda: take()
    bulk.ring = lambda: go_on()
    return queue, bell


def start_worker(app: Flask, config: Config, on_duty: duty.Duty) -> Worker:
    """Bind the jobs to the queue, do what is due, and start the worker's threads."""
    queue, bell = bind(config, on_duty)
    dispatch.go_on()
    worker = Worker(queue, on_duty)
    worker.start()
    app.extensions["worker"] = worker
    bell()
    return worker


def only_ring(app: Flask, config: Config) -> None:
    """For a web process beside others that work: it rings their bell."""
    queue, _ = bind(config, duty.of(config.database_url))
    app.extensions["worker"] = Elsewhere(queue)
