"""Waitress in front, the worker's threads beside it or in a process of their own; a stop finishes what runs."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import signal
import threading
from types import FrameType

import waitress
from flask import Flask
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

import tasks
from config import BadConfiguration, Config
from domain import dispatch, duty
from web import oversize, posts
from web.headers import headers
from web.turns import Dispatcher

log = logging.getLogger(__name__)
_ARENAS, _MMAP_FROM = -8, -3  # malloc.h: M_ARENA_MAX, M_MMAP_THRESHOLD
MOST_BODY = posts.MOST_FILES
MOST_UPLOAD = 20 * 1024 * 1024  # of all other forms
THREADS = 12  # eight may wait for their password to be hashed and four are left for pages; each costs a megabyte


def serve(app: Flask, config: Config, on_duty: duty.Duty | None, *, announce: str) -> None:
    """Serve until Ctrl-C or SIGTERM, then let requests and jobs in hand finish (at most ten and fifteen seconds).

    Without ``on_duty`` the background work is done by other processes.
    """
    try:
        turns = Dispatcher(abreast=1 if config.sqlite_path else 4)
        turns.set_thread_count(THREADS)
        server = waitress.create_server(app, _dispatcher=turns, host=config.host, port=config.port, threads=THREADS, ident=None,
                                        max_request_body_size=MOST_BODY + 1, connection_limit=600, **_proxy(config))  # fmt: skip
    except OSError as taken:
        raise BadConfiguration(f"port {config.port} cannot be used ({taken.strerror}); choose another with --port") from None
    app.config["KEEP_CONNECTIONS"] = True  # opening one costs more than a page's questions
    server.channel_class = _channel(https=config.https)
    worker = tasks.start_worker(app, config, on_duty) if on_duty else tasks.only_ring(app, config)
    signal.signal(signal.SIGTERM, _stop)
    port = getattr(server, "effective_port", config.port)
    print(announce.replace("{port}", str(port)), flush=True)
    gc.collect()
    gc.freeze()  # what is there now stays: the collector need not walk through it once more for every few pages
    try:
        server.run()
    finally:
        log.info("stopping: running work is finished first")
        server.close()
        server.task_dispatcher.shutdown(cancel_pending=False, timeout=10)
        dispatch.stop()
        if worker:
            worker.stop()


def work(app: Flask, config: Config, on_duty: duty.Duty) -> None:
    """Do background work and nothing else, until Ctrl-C or SIGTERM; jobs in hand finish (at most fifteen seconds)."""
    worker = tasks.start_worker(app, config, on_duty)
    signal.signal(signal.SIGTERM, _stop)
    print("  Doorstep does its background work here\n  Stop with Ctrl-C\n", flush=True)
    try:
        threading.Event().wait()
    finally:
        log.info("stopping: running work is finished first")
        dispatch.stop()
        worker.stop()


def spare_memory() -> None:
    """Have the C library give back what it no longer needs: few heaps for many threads, and a hash's 19 MiB at once."""
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc knows no mallopt
        tune = ctypes.CDLL(None).mallopt
        tune(_ARENAS, 2)
        tune(_MMAP_FROM, 128 * 1024)


def _channel(*, https: bool) -> type[HTTPChannel]:
    """What cannot be read at all (too large, not HTTP) never reaches the application: answered here, in words and headers."""

    class Refusal(ErrorTask):  # type: ignore[misc]
        def execute(self) -> None:
            self.request.error.body = "This could not be read, or it is too large. Go back and try again."
            self.response_headers.extend([*headers(https=https).items(), ("Cache-Control", "no-store"), ("Vary", "HX-Request")])
            super().execute()

    class Channel(HTTPChannel):  # type: ignore[misc]
        parser_class = oversize.Reader
        task_class = Answer
        error_task_class = Refusal

    return Channel


class Answer(WSGITask):  # type: ignore[misc]
    """Waitress's own, but it does not hang up after an answer without a body, as polls get it: dialling again costs more than it."""

    def set_close_on_finish(self) -> None:
        """Hang up after this answer, unless it is one without a body (204, 304) that ends by itself (RFC 9112, 6.3)."""
        wants = self.request.headers.get("CONNECTION", "").lower()
        is_whole = not self.has_body and self.version == "1.1" and wants != "close" and not self.wrote_header
        if not is_whole:
            super().set_close_on_finish()


def _stop(number: int, frame: FrameType | None) -> None:
    if threading.current_thread() is threading.main_thread():
        raise SystemExit(0)


def _proxy(config: Config) -> dict[str, object]:
    if not config.behind_proxy:
        return {"clear_untrusted_proxy_headers": not config.development}  # development wants to see them, to refuse
    return {
        "trusted_proxy": config.behind_proxy, "trusted_proxy_count": 1, "clear_untrusted_proxy_headers": True,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
    }  # fmt: skip
