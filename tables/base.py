"""What all tables are made of."""

import datetime as dt
import secrets
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from peewee import (
    CharField,
    Check,
    DatabaseProxy,
    DateTimeField,
    Model,
)

db = DatabaseProxy()


class UTCDateTimeField(DateTimeField):
    """Aware in Python, naive UTC at rest; a naive value is a bug and raises ValueError."""

    def db_value(self, value: Any) -> Any:
        if isinstance(value, dt.datetime):
            if value.tzinfo is None:
                raise ValueError("naive datetime")
            value = value.astimezone(UTC).replace(tzinfo=None)
        return super().db_value(value)

    def python_value(self, value: Any) -> Any:
        if isinstance(value, str):  # as SQLite keeps it; Peewee tries one pattern after the other
            return dt.datetime.fromisoformat(f"{value}+00:00")  # a third of what ``replace`` takes
        value = super().python_value(value)
        return value.replace(tzinfo=UTC) if isinstance(value, dt.datetime) else value


def new_public_id() -> str:
    """128 random bits as 22 characters: the only name of a row that leaves the database."""
    return secrets.token_urlsafe(16)


def one_of(column: str, values: Iterable[str]) -> Check:
    """A CHECK that ``column`` holds one of ``values``."""
    return Check(f"{column} IN ({', '.join(repr(str(value)) for value in values)})")


def PublicId() -> CharField:
    return CharField(max_length=22, unique=True, default=new_public_id)


class Row(Model):
    class Meta:
        database = db
        only_save_dirty = True
        legacy_table_names = False
