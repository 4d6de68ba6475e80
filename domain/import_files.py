"""Uploaded files: kept under random names in the data folder, for this user alone, until their import has ended."""

from __future__ import annotations

import codecs
import os
import secrets
import zipfile
from pathlib import Path
from typing import BinaryIO

from domain import clock
from domain.rules import N_, RuleBroken

_CHUNK = 1 << 16
_LOOK = 1 << 16  # bytes that are looked at to see what a file is
_ORPHAN = {"hours": 1}  # how old a file is that surely belongs to no upload in progress
TOO_LARGE = N_("This file is larger than %(most)s MB. Split it, or ask whoever runs the portal to import it.")
SPREADSHEET = N_("This is a spreadsheet, not a CSV file. Open it, choose “Save as” and then CSV, and upload that.")
ZIP = N_("This is a ZIP archive. Unpack it and upload the CSV file inside.")
NOT_CSV = N_("This is not a CSV file. Open it in a spreadsheet, choose “Save as” and then CSV, and upload that.")
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OTHERS = (  # in small letters
    b"%pdf", b"\x89png", b"\xff\xd8\xff", b"gif8", b"{\\rtf", b"<!doctype", b"<html", b"<?xml", b"\x1f\x8b", b"rar!", b"7z\xbc\xaf",
)  # fmt: skip


def keep(folder: Path, upload: BinaryIO, most: int) -> str:
    """Keep an upload of at most so many megabytes; the name that it has now.  Raises RuleBroken for a larger one."""
    folder.mkdir(mode=0o700, exist_ok=True)
    stored = secrets.token_urlsafe(32)
    with open(os.open(folder / stored, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := upload.read(_CHUNK):
            if file.tell() + len(chunk) > most * 1_000_000:
                break
            file.write(chunk)
    if chunk:
        drop(folder, stored)
        raise RuleBroken(TOO_LARGE, code="too_large", field="file", most=most)
    return stored


def drop(folder: Path, stored: str) -> None:
    """Delete a file; it may be gone already."""
    (folder / stored).unlink(missing_ok=True)


def drop_orphans(folder: Path, known: set[str]) -> None:
    """Delete files that belong to no import, such as those of uploads that were killed."""
    before = clock.ago(**_ORPHAN).timestamp()
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in known and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


def must_be_text(path: Path) -> None:
    """Raise RuleBroken when the content shows that this is something else than CSV, whatever it is called."""
    with path.open("rb") as file:
        start = file.read(_LOOK)
    if not start.strip():
        raise RuleBroken(N_("The file is empty."), code="empty_file", field="file")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise RuleBroken(SPREADSHEET, code="not_csv", field="file")
    if start.startswith(b"PK"):
        raise RuleBroken(SPREADSHEET if _is_spreadsheet(path) else ZIP, code="not_csv", field="file")
    is_wide = start.startswith(_BOMS[1:])
    if start.lstrip().lower().startswith(_OTHERS) or (b"\0" in start and not is_wide):
        raise RuleBroken(NOT_CSV, code="not_csv", field="file")


def _is_spreadsheet(path: Path) -> bool:
    """True for Excel's and OpenDocument's packages."""
    try:
        with zipfile.ZipFile(path) as package:
            return any(name.startswith("xl/") or name == "content.xml" for name in package.namelist()[:1000])
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def plain_name(name: str) -> str:
    """A file's name as it is shown: without folders and what cannot be seen, at most 200 characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable()).strip()[:200] or "file.csv"
