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
            sql, wanted = query.sql()
            self._built[kind] = (*(_written_out(sql, wanted) if issubclass(kind, peewee.SqliteDatabase) else (sql, wanted)), query)
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
        rows = cursor.fetchall()  # to the end, or SQLite prepares the statement anew the next time
        return self._reader(query, cursor)(rows[0]) if rows else None

    def _reader(self, query: Any, cursor: Any) -> Callable[[Any], Any]:
        """How a row becomes objects: found out once, because Peewee takes longer for that than for the row."""
        kind = type(db.obj)
        if kind not in self._readers:
            wrapper = query._get_cursor_wrapper(cursor)
            wrapper.initialize()
            wrapper.cursor = None
            self._readers[kind] = _rows_read(wrapper)
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


    def rows(self, *values: Any) -> list[Any]:
        """Every row as the driver gives it: for many of which each is two or three values."""
        return list(self._run(values)[1].fetchall())


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


def _written_out(sql: str, wanted: list[Any]) -> tuple[str, list[Any]]:
    """The statement with the words and numbers that never differ written in it.

    A column of which some index holds only a part ("where it is open") is compared by SQLite with a value at hand while it makes
    its plan; where the value comes separately it makes the plan anew each time, which takes longer than the question.
    """
    parts = sql.split("?")
    if len(parts) != len(wanted) + 1:  # a question mark that is none of ours
        return sql, wanted
    written, left = parts[0], []
    for value, after in zip(wanted, parts[1:], strict=True):
        literal = _literal(value)
        if literal is None:
            left.append(value)
        written += ("?" if literal is None else literal) + after
    return written, left


def _literal(value: Any) -> str | None:
    if isinstance(value, int):  # True and False are 1 and 0
        return str(int(value))
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) and "\0" not in value else None


# ---------------------------------------------------------------- rows


def _rows_read(wrapper: Any) -> Callable[[Any], Any]:
    """How a row becomes the objects of its tables.

    Peewee's own way asks of each value of each row where it belongs, which takes longer than the question itself; it is kept for
    what is more than columns of tables whose keys are among them.
    """
    if isinstance(wrapper, peewee.ModelTupleCursorWrapper):
        return _tuples_read([(number, _needed(convert)) for number, convert in enumerate(wrapper.converters)])
    spec: tuple[Any, ...] = getattr(wrapper, "_row_spec", ())
    read: dict[Any, list[_Column]] = {}
    further: list[_Column] = []  # what is no column of a table, such as a count: an attribute of the first one's object
    for number, key, name, convert in spec:
        mine = further if key is wrapper.model and name not in wrapper.model._meta.fields else read.setdefault(key, [])
        mine.append((number, name, _needed(convert)))
    joins = getattr(wrapper, "src_to_dest", ())
    joined = {wrapper.model, *(each[0] for each in joins), *(each[2] for each in joins)}
    if not spec or joined != set(read) or not all(is_key for *_, is_key in joins) or not all(map(_has_its_key, read, read.values())):
        return wrapper.process_row  # type: ignore[no-any-return]
    parts = [(key, _table(key), _number_of_key(key, columns), tuple(columns)) for key, columns in read.items()]
    return _Rows(wrapper.model, parts, [(source, name, target) for source, name, target, *_ in joins], further)


_Convert = Callable[[Any], Any]


def _needed(convert: _Convert | None) -> _Convert | None:
    """How a column's value is read; None where the driver gives it as it is: numbers and words."""
    field: Any = getattr(convert, "__self__", None)
    while isinstance(field, peewee.ForeignKeyField):
        field = field.rel_field
    is_plain = isinstance(field, (peewee.IntegerField, peewee.CharField, peewee.TextField))
    return None if is_plain and type(field).python_value is peewee.Field.python_value else convert


def _tuples_read(columns: list[tuple[int, _Convert | None]]) -> Callable[[Any], Any]:
    wanted = [(number, convert) for number, convert in columns if convert is not None]

    def read(row: Any) -> tuple[Any, ...]:
        values = list(row)
        for number, convert in wanted:
            if values[number] is not None:
                values[number] = convert(values[number])
        return tuple(values)

    return read if wanted else tuple


_Column = tuple[int, str, _Convert | None]  # where it stands in a row, its field, how its value is read


class _Rows:
    """Makes objects of rows as Peewee does; None where the row of an outer join is not there."""

    def __init__(self, first: Any, parts: Any, joins: Any, further: list[_Column]) -> None:
        self._first, self._parts, self._joins, self._further = first, parts, joins, further

    def __call__(self, row: Any) -> Any:
        objects: dict[Any, Any] = {}
        for key, table, number, columns in self._parts:
            if row[number] is None:
                objects[key] = None
                continue
            objects[key] = made = table.__new__(table)
            made.__data__ = {
                name: row[at] if convert is None or row[at] is None else convert(row[at]) for at, name, convert in columns
            }
            made.__rel__, made._dirty = {}, set()
        for source, name, target in self._joins:
            owner, joined = objects[source], objects[target]
            if owner is not None:
                owner.__rel__[name] = joined
                if joined is not None:
                    owner.__data__[name] = joined._pk
        made = objects[self._first]
        for at, name, convert in self._further:
            setattr(made, name, row[at] if convert is None or row[at] is None else convert(row[at]))
        return made


def _table(key: Any) -> Any:
    return getattr(key, "model", key)


def _has_its_key(key: Any, columns: list[_Column]) -> bool:
    table = _table(key)._meta
    names = {name for _, name, _ in columns}
    return bool(table.primary_key) and table.primary_key.name in names and names <= set(table.fields)


def _number_of_key(key: Any, columns: list[_Column]) -> int:
    name = _table(key)._meta.primary_key.name
    return next(at for at, each, _ in columns if each == name)
