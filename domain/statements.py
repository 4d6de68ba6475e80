"""Statements of which only the values differ: their SQL is built once, because that costs more than running it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee

from models import db


class _Built:
    """A statement of which only the values differ: its SQL is built once, because that costs more than running it.

    ``build`` makes the query of as many values as it is run with; these are passed on as they are.
    """

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build
        self._built: dict[type, tuple[str, list[Any], Any]] = {}

    def _run(self, values: tuple[Any, ...]) -> tuple[Any, Any]:
        kind = type(db.obj)
        if kind not in self._built:
            places = [peewee.Value(_Place(number), converter=False) for number in range(len(values))]
            query = self._build(*places)
            self._built[kind] = (*query.sql(), query)
        sql, wanted, query = self._built[kind]
        filled = [values[each.number] if isinstance(each, _Place) else each for each in wanted]
        return query, db.execute_sql(sql, filled)


class Question(_Built):
    """A SELECT of which only the values differ."""

    def __init__(self, build: Callable[..., Any]) -> None:
        super().__init__(lambda *values: build(*values).limit(1))
        self._readers: dict[type, Callable[[Any], Any]] = {}

    def first(self, *values: Any) -> Any:
        """The first row, or None."""
        query, cursor = self._run(values)
        row = cursor.fetchone()
        return None if row is None else self._reader(query, cursor)(row)

    def _reader(self, query: Any, cursor: Any) -> Callable[[Any], Any]:
        """How a row becomes objects: found out once, because Peewee takes longer for that than for the row."""
        kind = type(db.obj)
        if kind not in self._readers:
            wrapper = query._get_cursor_wrapper(cursor)
            wrapper.initialize()
            wrapper.cursor = None
            self._readers[kind] = wrapper.process_row
        return self._readers[kind]


class Listing(Question):
    """A SELECT of many rows of which only the values differ."""

    def __init__(self, build: Callable[..., Any]) -> None:
        _Built.__init__(self, build)
        self._readers: dict[type, Callable[[Any], Any]] = {}

    def all(self, *values: Any) -> list[Any]:
        """Every row."""
        query, cursor = self._run(values)
        rows = cursor.fetchall()
        if not rows:
            return []
        read = self._reader(query, cursor)
        return [read(row) for row in rows]


class Renewal(Question):
    """An UPDATE of at most one row, of which only the values differ, that answers with the row as it is now."""

    def __init__(self, build: Callable[..., Any]) -> None:
        _Built.__init__(self, lambda *values: build(*values).returning(*build(*values).model._meta.sorted_fields))
        self._readers: dict[type, Callable[[Any], Any]] = {}


class Change(_Built):
    """An UPDATE or a DELETE of which only the values differ."""

    def run(self, *values: Any) -> int:
        """How many rows it changed."""
        return int(db.rows_affected(self._run(values)[1]))


class _Place:
    """Where a value goes."""

    def __init__(self, number: int) -> None:
        self.number = number
