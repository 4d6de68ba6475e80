"""Lists by place, not by number: the hundredth page costs what the first does.  A place is a row's public id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request, url_for

SIZE = 20
MOST_PAGES = 10_000


def by_name(query: Any, table: Any) -> tuple[list[Any], str | None, str | None]:
    """Twenty rows in order of (sort_name, id) beside the address's ``after`` or ``before``; links to both neighbours."""
    start, backwards = _place(query, table)
    ahead = (table.sort_name, table.id)
    if start is not None and backwards:
        same = (table.sort_name == start.sort_name) & (table.id < start.id)
        query = query.where((table.sort_name < start.sort_name) | same)
        rows = list(query.order_by(*(column.desc() for column in ahead)).limit(SIZE + 1))
        more, rows = len(rows) > SIZE, rows[:SIZE][::-1]
        return rows, link(before=rows[0]) if more else None, link(after=rows[-1]) if rows else None
    if start is not None:
        same = (table.sort_name == start.sort_name) & (table.id > start.id)
        query = query.where((table.sort_name > start.sort_name) | same)
    rows = list(query.order_by(*ahead).limit(SIZE + 1))
    more, rows = len(rows) > SIZE, rows[:SIZE]
    return rows, link(before=rows[0]) if start is not None and rows else None, link(after=rows[-1]) if more else None


def newest(query: Any, table: Any) -> tuple[list[Any], str | None]:
    """Twenty rows, newest first, older than the address's ``older``; a link to the next ones."""
    start = _row(query, table, "older")
    if start is not None:
        query = query.where(table.id < start.id)
    rows = list(query.limit(SIZE + 1))
    return rows[:SIZE], link(older=rows[SIZE - 1]) if len(rows) > SIZE else None


def by_age(query: Any, table: Any) -> tuple[list[Any], str | None]:
    """Twenty rows, the one that was made last first, made before the address's ``older``; a link to the next ones."""
    return _before(query.order_by(table.created_at.desc(), table.id.desc()), table, table.created_at)


def oldest(query: Any, table: Any) -> tuple[list[Any], str | None]:
    """Twenty rows, oldest first, younger than the address's ``after``; a link to the next ones."""
    start = _row(query, table, "after")
    if start is not None:
        query = query.where(table.id > start.id)
    rows = list(query.limit(SIZE + 1))
    return rows[:SIZE], link(after=rows[SIZE - 1]) if len(rows) > SIZE else None


def soonest(read: Callable[[int, Any], list[Any]], among: Callable[[], Any], table: Any) -> tuple[list[Any], str | None]:
    """Twenty rows by when they begin, soonest first, that follow the address's ``after``; a link to the next ones.

    ``read`` gives as many as it is asked for, from the one on that follows a row or from the first one on; ``among`` is the
    question for the rows that may be named.
    """
    rows = read(SIZE + 1, _row(among(), table, "after") if request.args.get("after") else None)
    return rows[:SIZE], link(after=rows[SIZE - 1]) if len(rows) > SIZE else None


def latest(query: Any, table: Any) -> tuple[list[Any], str | None]:
    """The same the other way round: latest first, before the address's ``older``."""
    return _before(query, table, table.starts_at)


def written(query: Any, table: Any) -> tuple[list[Any], str | None]:
    """Twenty rows, what was written last first, before the address's ``older``; a link to the next ones."""
    return _before(query, table, table.last_at)


def _before(query: Any, table: Any, column: Any) -> tuple[list[Any], str | None]:
    """The rows of a question that has its order, by a moment and then by number, both falling."""
    start = _row(query, table, "older")
    if start is not None:
        at = getattr(start, column.name)
        query = query.where(column <= at, (column < at) | ((column == at) & (table.id < start.id)))
    rows = list(query.limit(SIZE + 1))
    return rows[:SIZE], link(older=rows[SIZE - 1]) if len(rows) > SIZE else None


def by_number(query: Any, size: int = SIZE) -> tuple[list[Any], str | None]:
    """``size`` rows of what belongs to one person, from the address's ``page``; a link to the next page."""
    page = asked_page()
    rows = list(query.limit(size + 1).offset((page - 1) * size))
    return rows[:size], url_for(request.endpoint, **_here(), page=page + 1) if len(rows) > size else None


def asked_page() -> int:
    """The number of the page that the address names; the first one where it names none."""
    typed = request.args.get("page", "1")
    return int(typed) if typed.isascii() and typed.isdigit() and 0 < int(typed[:6]) <= MOST_PAGES and len(typed) < 6 else 1


def _place(query: Any, table: Any) -> tuple[Any, bool]:
    for side in ("before", "after"):
        if row := _row(query, table, side):
            return row, side == "before"
    return None, False


def _row(query: Any, table: Any, side: str) -> Any:
    """The row at which a page begins, if it is of the list: of any other nobody learns when it was or what it is called."""
    public_id = request.args.get(side, "")
    return query.where(table.public_id == public_id).order_by().first() if public_id else None


def link(**place: Any) -> str:
    """The address of this list from a row on."""
    return url_for(request.endpoint, **_here(), **{side: row.public_id for side, row in place.items()})


def _here() -> dict[str, str]:
    return {**(request.view_args or {}), **here()}


def here() -> dict[str, str]:
    """By what the list is narrowed."""
    names = (
        "q", "state", "site", "since", "until", "outcome", "reason", "category", "worker", "service", "year", "view", "show",
    )  # fmt: skip
    return {name: value for name in names if (value := request.args.get(name, ""))}
