"""Lists by key, not by number: the hundredth page costs what the first does."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

SIZE = 20


def by_name(query: Any, table: Any) -> tuple[list[Any], str | None, str | None]:
    """Twenty rows in order of (sort_name, id) from the address's ``after`` or ``before``; links to both neighbours."""
    name, key, backwards = _cursor()
    ahead = (table.sort_name, table.id)
    if name is not None and backwards:
        query = query.where((table.sort_name < name) | ((table.sort_name == name) & (table.id < key)))
        rows = list(query.order_by(*(column.desc() for column in ahead)).limit(SIZE + 1))
        more, rows = len(rows) > SIZE, rows[:SIZE][::-1]
        return rows, _link("before", rows[0]) if more and rows else None, _link("after", rows[-1]) if rows else None
    if name is not None:
        query = query.where((table.sort_name > name) | ((table.sort_name == name) & (table.id > key)))
    rows = list(query.order_by(*ahead).limit(SIZE + 1))
    more, rows = len(rows) > SIZE, rows[:SIZE]
    return rows, _link("before", rows[0]) if name is not None and rows else None, _link("after", rows[-1]) if more else None


def newest(query: Any, table: Any) -> tuple[list[Any], str | None]:
    """Twenty rows, newest first, older than the address's ``older``; a link to the next ones."""
    older = request.args.get("older", "")
    if older.isdecimal() and len(older) < 16:
        query = query.where(table.id < int(older))
    rows = list(query.limit(SIZE + 1))
    following = {**(request.view_args or {}), **_kept(), "older": rows[SIZE - 1].id} if len(rows) > SIZE else None
    return rows[:SIZE], url_for(request.endpoint, **following) if following else None


def _cursor() -> tuple[str | None, int, bool]:
    for side in ("before", "after"):
        number, _, name = request.args.get(side, "").partition(".")
        if number.isdecimal() and len(number) < 16:
            return name[:400], int(number), side == "before"
    return None, 0, False


def _link(side: str, row: Any) -> str:
    return url_for(request.endpoint, **(request.view_args or {}), **_kept(), **{side: f"{row.id}.{row.sort_name}"})


def _kept() -> dict[str, str]:
    return {name: value for name in ("q", "state") if (value := request.args.get(name, ""))}
