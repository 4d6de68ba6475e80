"""Figures as Prometheus reads them (text format 0.0.4), with the start of this process among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain import clock
from domain.figures import Figure

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BEGAN = clock.now()


def text(figures: Sequence[Figure]) -> str:
    """Every figure with its help and type."""
    began = Figure("process_start_time_seconds", "gauge", "When this process began, in seconds since 1970.",
                   {"": _BEGAN.timestamp()})  # fmt: skip
    return "".join(f"{line}\n" for figure in (*figures, began) for line in _lines(figure))


def _lines(figure: Figure) -> Iterator[str]:
    yield f"# HELP {figure.name} {figure.help}"
    yield f"# TYPE {figure.name} {figure.kind}"
    for word, value in figure.values.items():
        label = f'{{{figure.label}="{word}"}}' if figure.label else ""
        yield f"{figure.name}{label} {value}"
