"""The addresses of our own pages.  Each is built once: Flask takes longer for one than a template for the line it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask, current_app

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")  # a value that stands in a path as it is


def install(app: Flask) -> None:
    """Offer ``url_for`` to templates."""
    app.extensions["addresses"] = {}
    app.jinja_env.globals["url_for"] = url_for


def url_for(endpoint: str, **values: Any) -> str:
    """The path of a page of ours; as Flask's own, which it asks once for each kind of address."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if endpoint[0] == "." or not all(isinstance(value, str) and _PLAIN.fullmatch(value) for value in values.values()):
        return str(app.url_for(endpoint, **values))
    known: dict[Any, tuple[str, ...]] = app.extensions["addresses"]
    kind = (endpoint, *values)
    parts = known.get(kind)
    if parts is None:
        parts = known[kind] = _parts(app.url_for(endpoint, **{name: f"0{name}0" for name in values}), values)
    return parts[0] + "".join([values[name] + text for name, text in zip(parts[1::2], parts[2::2], strict=True)])


def _parts(address: str, names: Iterable[str]) -> tuple[str, ...]:
    """An address between its values: text, name, text, name, text."""
    return tuple(re.split(f"0({'|'.join(names)})0", address)) if names else (address,)
