"""A signature that was drawn: it comes as lines ("M12 40L13 44…"), never as a picture, and becomes one here.

So nothing that somebody sends is opened as a picture, and a few dots are told from a name.
"""

from __future__ import annotations

import math
import re
import struct
import zlib

from domain.rules import N_, RuleBroken

WIDTH, HEIGHT = 600, 200
MOST_LETTERS = 60_000
LEAST, MOST = 120.0, 60_000.0  # how long all lines are together, in points
_LINES = re.compile(r"(?:M[0-9]{1,3} [0-9]{1,3}(?:L[0-9]{1,3} [0-9]{1,3})*)*")
_POINT = re.compile(r"[ML]([0-9]+) ([0-9]+)")
_STROKE = re.compile(r"M[^M]*")

Point = tuple[int, int]


def picture(text: str, field: str = "") -> bytes:
    """The PNG of what was drawn.  Raises RuleBroken: ``missing``, ``too_little`` for dots and short strokes, ``too_long``."""
    if not text:
        raise RuleBroken(N_("Draw your signature."), code="missing", field=field)
    if len(text) > MOST_LETTERS or not _LINES.fullmatch(text):
        raise RuleBroken(N_("Your drawing could not be read. Draw your signature again."), code="too_long", field=field)
    strokes = [[(min(int(x), WIDTH - 1), min(int(y), HEIGHT - 1)) for x, y in _POINT.findall(each)] for each in _STROKE.findall(text)]
    length = sum(math.dist(a, b) for stroke in strokes for a, b in zip(stroke, stroke[1:], strict=False))
    if length < LEAST:
        raise RuleBroken(N_("This is too little for a signature. Draw your whole name."), code="too_little", field=field)
    if length > MOST:
        raise RuleBroken(N_("Your drawing could not be read. Draw your signature again."), code="too_long", field=field)
    return _png(_inked(strokes))


def _inked(strokes: list[list[Point]]) -> list[bytearray]:
    rows = [bytearray(b"\xff" * WIDTH) for _ in range(HEIGHT)]
    for stroke in strokes:
        for (x1, y1), (x2, y2) in zip(stroke, stroke[1:] or stroke, strict=False):
            steps = max(abs(x2 - x1), abs(y2 - y1), 1)
            for step in range(steps + 1):
                _dot(rows, x1 + (x2 - x1) * step // steps, y1 + (y2 - y1) * step // steps)
    return rows


def _dot(rows: list[bytearray], x: int, y: int) -> None:
    """As wide as a pen: three points each way."""
    start, end = max(x - 1, 0), min(x + 2, WIDTH)
    for row in rows[max(y - 1, 0) : y + 2]:
        row[start:end] = bytes(end - start)


def _png(rows: list[bytearray]) -> bytes:
    """Greys of eight bits, as any program reads them."""
    body = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
