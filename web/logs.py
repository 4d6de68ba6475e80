"""What is written to the log: one JSON object a line in production, a line to read in development; nothing private (T23)."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import secrets
from typing import TextIO

from flask import g, has_request_context

_TOKEN = re.compile(r"/(activate|reset)/[^/\s\"'?]{20,}")
_ADDRESS = re.compile(r"[^\s@<>()\[\]\"',;:=]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+")
_DETAIL = re.compile(r"\b(DETAIL|CONTEXT):.*")  # where PostgreSQL repeats what somebody typed


class Mask(logging.Filter):
    """Shortens what is private in whatever is logged, errors and their traces included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
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
        return json.dumps(said)


def mask(text: str) -> str:
    """The text with ``/activate/…`` in place of a link's token, and without addresses and what a database repeats."""
    return _DETAIL.sub(r"\1: …", _ADDRESS.sub("…@…", _TOKEN.sub(r"/\1/…", text)))


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
