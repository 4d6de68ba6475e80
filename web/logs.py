"""What is written to the log: never a token of an e-mailed link (T23)."""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"/(activate|reset)/[^/\s\"'?]{20,}")


class Mask(logging.Filter):
    """Shortens the address of an e-mailed link in whatever is logged, errors and their traces included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = mask(logging.Formatter().formatException(record.exc_info))
        return True


def mask(text: str) -> str:
    """The text with ``/activate/…`` in place of a link's token."""
    return _TOKEN.sub(r"/\1/…", text)


def install() -> None:
    """Write to the terminal, masked; what only a developer of a library wants to know is left out."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(Mask())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("huey", "waitress"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
