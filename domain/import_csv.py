"""CSV files as people have them: separator and encoding are found out or given, and every fault has a row.

A row's number is the one that a spreadsheet shows: the heading is 1, a blank row counts.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import hashlib
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from domain.rules import N_, RuleBroken

DELIMITERS = ",;\t|"
NAMED_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}
_CHUNK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NOT_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


@dataclasses.dataclass(frozen=True)
class Table:
    """A readable file: its heading, and ``digest``, the SHA-256 of its bytes."""

    path: Path
    encoding: str
    delimiter: str
    digest: str
    heading: tuple[str, ...]
    heading_row: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number and fields of each row below the heading that is not blank.

        Raises RuleBroken with ``row`` among its fields where the file cannot be read on.
        """
        for number, fields in _records(self.path, self.encoding, self.delimiter):
            if number > self.heading_row and any(field.strip() for field in fields):
                yield number, fields


def open_table(path: Path, wanted: Collection[str] = (), *, encoding: str = "", delimiter: str = "") -> Table:
    """Find out how ``path`` is written, and read its heading.

    ``wanted`` are the headings looked for: the separator is the one that gives most of them.  What is given as
    ``encoding`` or ``delimiter`` is not guessed.  Raises RuleBroken for a file without a heading or that is no CSV.
    """
    digest, found = _look_through(path)
    encoding = _checked_encoding(encoding, found) if encoding else found
    delimiter = _checked_delimiter(delimiter) if delimiter else _find_delimiter(path, encoding, wanted)
    heading_row, heading = _heading(path, encoding, delimiter)
    return Table(path, encoding, delimiter, digest, tuple(heading), heading_row)


def _look_through(path: Path) -> tuple[str, str]:
    """Digest and encoding of a file: a BOM decides, else UTF-8 when all of it is, else what Windows wrote."""
    digest, utf8 = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    first, is_utf8, is_cp1252 = b"", True, True
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            first = first or chunk[:4]
            is_utf8 = is_utf8 and _decodes(utf8, chunk)
            is_cp1252 = is_cp1252 and not _NOT_IN_CP1252.search(chunk)
    is_utf8 = is_utf8 and _decodes(utf8, b"", final=True)
    if first.startswith(b"PK\x03\x04"):
        raise RuleBroken(N_("This is a spreadsheet file. Save it as CSV and import that."), code="not_csv")
    bom = next((name for mark, name in _BOMS if first.startswith(mark)), "")
    return digest.hexdigest(), bom or ("utf-8" if is_utf8 else "cp1252" if is_cp1252 else "latin-1")


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _checked_encoding(given: str, found: str) -> str:
    try:
        name = codecs.lookup(given).name
        "".encode(name)
    except (LookupError, ValueError):
        raise RuleBroken(
            N_("There is no encoding “%(encoding)s”. Try utf-8 or windows-1252."), code="bad_encoding", encoding=given
        ) from None
    return found if name == "utf-8" and found == "utf-8-sig" else name


def _checked_delimiter(given: str) -> str:
    delimiter = NAMED_DELIMITERS.get(given.lower(), given)
    if len(delimiter) != 1 or delimiter in '"\r\n ':
        raise RuleBroken(
            N_("The separator is one character, or one of comma, semicolon, tab, pipe."), code="bad_delimiter"
        )
    return delimiter


def _find_delimiter(path: Path, encoding: str, wanted: Collection[str]) -> str:
    """The separator that gives most of the wanted headings; of equals the one that gives most columns."""
    keys = {heading_key(text) for text in wanted}

    def worth(delimiter: str) -> tuple[int, int]:
        try:
            heading = _heading(path, encoding, delimiter)[1]
        except RuleBroken:
            return (0, 0)
        return len(keys & {heading_key(text) for text in heading}), len(heading)

    return max(DELIMITERS, key=worth)


def heading_key(text: str) -> str:
    """What headings are compared by: without case and spaces at the ends."""
    return text.strip().casefold()


def _heading(path: Path, encoding: str, delimiter: str) -> tuple[int, list[str]]:
    for number, fields in _records(path, encoding, delimiter):
        if any(field.strip() for field in fields):
            return number, [field.strip() for field in fields]
    raise RuleBroken(N_("The file is empty."), code="empty_file")


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    number = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            for number, fields in enumerate(csv.reader(file, delimiter=delimiter, strict=True), 1):
                yield number, fields
    except csv.Error as error:
        raise _unreadable(error, number + 1) from None
    except UnicodeError:
        raise RuleBroken(
            N_("From about row %(row)s on the file is not written in %(encoding)s."),
            code="bad_encoding", row=number + 1, encoding=encoding,
        ) from None  # fmt: skip


def _unreadable(error: csv.Error, row: int) -> RuleBroken:
    """The quotes are wrong in this row, or it is endless because a quote before it never ends."""
    if "unexpected end of data" in str(error) or "field limit" in str(error):
        message = N_("A quotation mark is opened in row %(row)s and never closed; nothing after it can be read.")
    else:
        message = N_("The quotation marks in row %(row)s do not match; nothing after it can be read.")
    return RuleBroken(message, code="bad_quotes", row=row)
