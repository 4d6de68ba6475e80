"""What leaves as CSV: no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """A text as a cell: with an apostrophe before what a spreadsheet would calculate."""
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def written(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as a CSV file that spreadsheets open with the right letters (UTF-8 with its mark)."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerows([harmless("" if cell is None else str(cell)) for cell in row] for row in rows)
    return sheet.getvalue().encode("utf-8-sig")
