"""Run as a program of its own, as ``picture_child.py`` is: a file that somebody sends along is looked at, and a picture made anew.

What it is, its bytes say, never its name.  In: one line of JSON and the bytes; out: one line of JSON, and the bytes of the new
picture.  A PDF is only looked through: who sent it has its bytes already.

Codes of a refusal: empty, not_allowed, broken, too_many_pixels, too_narrow, too_long, pdf_active, pdf_locked.
"""

import contextlib
import io
import json
import re
import struct
import sys
import time
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))  # nothing of it is there in an isolated process
from picture_child import Refused, limit, saved  # type: ignore[import-not-found]

Told = tuple[str, bytes]  # media type, and the bytes of a new picture

MOST_BYTES = 84_000_000  # that a picture takes while it is decoded and made smaller
COST = {"1": 2, "L": 1, "RGB": 4, "YCbCr": 4, "P": 5, "I;16": 10, "I;16B": 10, "I": 12}  # bytes of a pixel; of any other 8
WEBP = 3  # times as much; its decoder holds several copies
MOST_KEPT = 8_000_000  # pixels of the new picture: the small print of a letter can be read
FINE = 5_500_000  # pixels that are left at least when a JPEG is read at a half, a quarter or an eighth of its size
MOST_WOVEN = 26_000_000  # pixels of a JPEG that comes in waves: all of it is held until the last one
MOST_SIDE, MOST_RATIO = 30_000, 40
MOST_PNG = 3_000_000  # bytes; a larger one is a photo
PIECE = 1 << 18
PATIENCE = 8.0  # seconds of work on a PDF
DEEPEST = 4  # times that something may be packed

# What runs, starts, fetches or carries something else.  A script has no other way in: an action names its kind.
ACTIVE = (
    b"JavaScript", b"Launch", b"EmbeddedFile", b"EmbeddedFiles", b"FileAttachment", b"RichMedia", b"RichMediaExecute", b"Rendition",
    b"SubmitForm", b"ImportData", b"GoToE", b"GoToR", b"OnInstantiate", b"XFA", b"Collection",
)  # fmt: skip
LONGEST = 3 * max(map(len, ACTIVE)) + 2
_END = rb"(?=[\x00\t\n\x0c\r ()<>\[\]{}/%]|\Z)"
_ACTIVE = re.compile(rb"/(?:" + b"|".join(ACTIVE) + rb")" + _END)
_SCRIPT = re.compile(rb"/JS[\x00\t\n\x0c\r ]*(?:\(|<|\d+[\x00\t\n\x0c\r ]+\d+[\x00\t\n\x0c\r ]+R)")
_LOCKED = re.compile(rb"/Encrypt" + _END)
_PACKED = re.compile(rb"/(?:ObjStm|XRef|XRefStm)" + _END)
_OLD = re.compile(rb"/(?:LZWDecode|LZW|ASCII85Decode|A85|ASCIIHexDecode|AHx|RunLengthDecode|RL|Crypt)" + _END)
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream[ \t]*(?:\r\n|\n|\r|)")
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|head|body|script|svg|iframe|\?php|\?xml)", re.IGNORECASE)


def main() -> None:
    limit()
    sys.stdin.buffer.readline()
    body = sys.stdin.buffer.read()
    picture = b""
    try:
        kind, picture = look(body)
        told: dict[str, Any] = {"media_type": kind, "is_new": bool(picture)}
    except Refused as refused:
        told = {"refused": refused.args[0]}
    except MemoryError:
        told = {"refused": "too_many_pixels"}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    sys.stdout.buffer.write(picture)


def look(body: bytes) -> Told:
    if not body:
        raise Refused("empty")
    if body.startswith(b"%PDF-"):
        must_be_quiet(body)
        return "application/pdf", b""
    return anew(body)


# ---------------------------------------------------------------- pictures


def anew(body: bytes) -> Told:
    """The picture without anything that was kept beside it, such as where it was taken."""
    from PIL import Image, UnidentifiedImageError

    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # what it takes is checked here, before anything is decoded
    try:
        picture: Any = Image.open(io.BytesIO(body), formats=("PNG", "JPEG", "WEBP"))
        kind = picture.format
        check(picture)
        return written(upright(picture), kind)
    except UnidentifiedImageError:
        raise Refused("not_allowed") from None
    except (Refused, MemoryError):
        raise
    except Exception:
        raise Refused("broken") from None


def check(picture: Any) -> None:
    """Raises Refused for what takes too much room.  A large JPEG is read at a half, a quarter or an eighth of its size."""
    width, height = picture.size
    short, long = sorted((width, height))
    if long > short * MOST_RATIO:
        raise Refused("too_narrow")
    is_woven = picture.info.get("progressive") and width * height > MOST_WOVEN
    share = next((share for share in (8, 4, 2) if width * height // share**2 >= FINE), 1)
    picture.draft("RGB", (width // share, height // share))
    takes = picture.width * picture.height * COST.get(picture.mode, 8) * (WEBP if picture.format == "WEBP" else 1)
    if takes > MOST_BYTES or long > MOST_SIDE or is_woven:
        raise Refused("too_many_pixels")


def upright(picture: Any) -> Any:
    """Decoded, small enough and turned as its camera says."""
    from PIL import ImageOps

    picture.load()
    share = (MOST_KEPT / (picture.width * picture.height)) ** .5
    if picture.mode.startswith("I"):  # 16 bits of grey, as scanners have them: taken for 8 it would be white
        picture = picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    turn = picture.getexif().get(0x0112) if share < 1 else None
    if share < 1:
        size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
        plain = {"1": "L", "P": "RGBA" if has_holes(picture) else "RGB", "PA": "RGBA"}.get(picture.mode)
        picture = (picture.convert(plain) if plain else picture).resize(size)
        if turn:
            picture.getexif()[0x0112] = turn
    with contextlib.suppress(SyntaxError, struct.error, ValueError):  # notes that nobody can read turn nothing
        picture = ImageOps.exif_transpose(picture)
    return picture


def has_holes(picture: Any) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def written(picture: Any, kind: str) -> Told:
    from PIL import Image

    clean = picture.convert("RGBA" if has_holes(picture) and kind != "JPEG" else "L" if picture.mode in ("1", "L", "LA") else "RGB")
    clean.info = {}  # notes, colour profile, comments
    clean.getexif().clear()
    if kind == "WEBP":
        return "image/webp", saved(clean, "WEBP", quality=88, method=3, exif=b"", xmp=b"", icc_profile=None)
    if kind == "PNG":
        body = saved(clean, "PNG", compress_level=6 if clean.width * clean.height < 2_000_000 else 3)
        if len(body) <= MOST_PNG:
            return "image/png", body
        if clean.mode == "RGBA":
            ground = Image.new("RGB", clean.size, (255, 255, 255))
            ground.paste(clean, mask=clean.getchannel("A"))
            clean = ground
    return "image/jpeg", saved(clean, "JPEG", quality=85)


# ---------------------------------------------------------------- PDF


def must_be_quiet(body: bytes) -> None:
    """Raises Refused for a PDF with anything that could act, one that is locked, and one that something else could take for its own.

    No reader is asked, and so none can be led astray: whatever stands in the file is looked through for the names that every
    action has, also where it is packed, and wherever it is hidden.
    """
    tail = body[-2048:]
    if not re.match(rb"%PDF-[12]\.\d", body) or b"%%EOF" not in tail or b"startxref" not in body[-4096:]:
        raise Refused("broken")
    if _MARKUP.search(body[:1024]) or b"PK\x05\x06" in body[-66_000:]:
        raise Refused("not_allowed")
    is_packed = has_old = False
    for plain in pieces(body):
        if _LOCKED.search(plain):
            raise Refused("pdf_locked")
        must_name_nothing(plain)
        is_packed = is_packed or _PACKED.search(plain) is not None
        has_old = has_old or _OLD.search(plain) is not None
    if is_packed and has_old:  # objects may be packed in a way that is not undone here, and no program packs them so
        raise Refused("pdf_active")
    view = memoryview(body)
    for found in _STREAM.finditer(body):
        must_be_quick()
        if looks_packed(view[found.end():]):
            Packed().take(view[found.end():])


def must_be_quick() -> None:
    if time.process_time() > PATIENCE:
        raise Refused("too_long")


def must_name_nothing(plain: bytes) -> None:
    must_be_quick()
    if b"/" in plain and (_ACTIVE.search(plain) or _SCRIPT.search(plain)):
        raise Refused("pdf_active")


def pieces(part: bytes, before: bytes = b"") -> Iterator[bytes]:
    """The same, piece by piece, each with the end of the one before; letters that were written as numbers are letters."""
    for start in range(0, len(part), PIECE):
        piece = before + part[start:start + PIECE]
        before = piece[-LONGEST:]
        yield _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), piece) if b"#" in piece else piece


def looks_packed(part: bytes | memoryview) -> bool:
    return len(part) > 1 and part[0] & 15 == 8 and (part[0] * 256 + part[1]) % 31 == 0


class Packed:
    """What is unpacked on the way, as far as it can be, and looked through; what is packed twice, too."""

    def __init__(self, depth: int = 1) -> None:
        if depth > DEEPEST:
            raise Refused("pdf_active")
        self._press, self._depth, self._before = zlib.decompressobj(), depth, b""
        self._inner: Packed | None = None
        self._has_begun = self._is_over = False

    def take(self, given: bytes | memoryview) -> None:
        start = 0
        while (start < len(given) or self._press.unconsumed_tail) and not self._is_over:
            tail = self._press.unconsumed_tail
            try:
                part = self._press.decompress(tail or given[start:start + PIECE], PIECE)
            except zlib.error:
                self._is_over = True
                return
            start += 0 if tail else PIECE
            self._is_over = self._press.eof
            self._see(part)

    def _see(self, part: bytes) -> None:
        for plain in pieces(part, self._before):
            must_name_nothing(plain)
        self._before = (self._before + part)[-LONGEST:]
        if part and not self._has_begun:
            self._has_begun, self._inner = True, Packed(self._depth + 1) if looks_packed(part) else None
        if self._inner is not None:
            self._inner.take(part)


if __name__ == "__main__":
    main()
