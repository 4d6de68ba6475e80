"""The one place that is asked what time it is."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def now() -> dt.datetime:
    """The current moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def today(zone: str) -> dt.date:
    """The calendar date in an IANA zone such as ``America/Halifax``."""
    return now().astimezone(ZoneInfo(zone)).date()


def ago(**span: float) -> dt.datetime:
    """The moment that lies ``span`` (as of timedelta: days, hours, minutes, seconds) in the past."""
    return now() - dt.timedelta(**span)


def ahead(**span: float) -> dt.datetime:
    """The moment that lies ``span`` in the future."""
    return now() + dt.timedelta(**span)
