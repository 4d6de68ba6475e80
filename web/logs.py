"""What is written to the log: one JSON object a line in production, a line to read in development.

It says where something went wrong, never a token of an e-mailed link nor a word about anybody (T23).
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import secrets
import smtplib
import traceback
from collections.abc import Iterator
from typing import TextIO

import peewee
from flask import g, has_request_context
from jinja2 import TemplateError

from domain.driver import psycopg

_TOKEN = re.compile(r"(/|%2f)(activate|reset|invitation|unlock|former-address|appointment|feed)(/|%2f)[^/\s\"'?&%]{20,}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>()\[\]\"',;:=]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+")
_DETAIL = re.compile(r"\b(DETAIL|CONTEXT):.*")  # where PostgreSQL repeats what somebody typed
# What these say is about the program or the machine; others quote what they failed on, such as a name that is no number.
_OF_THE_MACHINE: tuple[type[BaseException], ...] = (
    AttributeError, ImportError, NameError, TypeError, RuntimeError, AssertionError, MemoryError, OSError, TemplateError,
    peewee.sqlite3.Error, *((psycopg.OperationalError,) if psycopg else ()),  # type: ignore[attr-defined]
)  # fmt: skip


class Mask(logging.Filter):
    """Leaves tokens and private words out of whatever is logged, errors and their traces included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = mask("".join(_trace(record.exc_info[1])).rstrip("\n"))
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        return True


class Json(logging.Formatter):
    """time, level, logger, message; within a request its id, the same on each of its lines; after an error its trace."""

    def format(self, record: logging.LogRecord) -> str:
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        said = {"time": moment.isoformat(timespec="milliseconds"), "level": record.levelname, "logger": record.name,
                "message": record.getMessage()}  # fmt: skip
        if has_request_context():
            said["request"] = g.setdefault("request_id", secrets.token_hex(8))
        if record.exc_info or record.exc_text:
            said["error"] = record.exc_text or self.formatException(record.exc_info)  # type: ignore[arg-type]
        if record.stack_info:
            said["stack"] = record.stack_info
        return json.dumps(said)


def mask(text: str) -> str:
    """The text with ``/activate/…`` in place of a link's token, and without addresses and what a database repeats."""
    return _DETAIL.sub(r"\1: …", _ADDRESS.sub("…@…", _TOKEN.sub(r"\1\2\3…", text)))


def _trace(error: BaseException) -> Iterator[str]:
    """The error and what led to it, the first cause first, as Python writes it."""
    if error.__cause__ is not None:
        yield from _trace(error.__cause__)
        yield "\nThe above exception was the direct cause of the following exception:\n\n"
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from _trace(error.__context__)
        yield "\nDuring handling of the above exception, another exception occurred:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_words(error)}\n".removeprefix("builtins.")


def _words(error: BaseException) -> str:
    if psycopg and isinstance(error, psycopg.Error) and error.sqlstate:
        refused = (error.diag.table_name, error.diag.column_name, error.diag.constraint_name)
        return " ".join([error.sqlstate, *filter(None, refused)])
    if isinstance(error, _OF_THE_MACHINE) and not isinstance(error, smtplib.SMTPException):
        return str(error)
    return "(what it says is left out)"


def handler(*, production: bool, stream: TextIO | None = None) -> logging.Handler:
    """What writes to ``stream``, the terminal when it is left out; masked."""
    writer = logging.StreamHandler(stream)
    writer.setFormatter(Json() if production else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    writer.addFilter(Mask())
    return writer


def install(*, production: bool) -> None:
    """Write to the terminal; what only a developer of a library wants to know is left out."""
    logging.basicConfig(level=logging.INFO, handlers=[handler(production=production)])
    for noisy in ("huey", "waitress"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
