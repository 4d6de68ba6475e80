"""The file that a backup is: a compressed tar of a list, the database and the keys, in this order and nothing else.

Whoever holds it holds everything.  Names in it are compared, never used as paths.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from domain import folder
from domain.rules import N_, RuleBroken

FORMAT = 1
LIST = "doorstep-backup.json"
MOST_LIST = 1024 * 1024  # bytes
PIECE = 1024 * 1024
_NOT_OURS = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, AttributeError)


@dataclasses.dataclass(frozen=True)
class Listed:
    """What a backup says of itself.  ``audit`` holds what the audit's verification found when it was made."""

    made_at: str
    engine: str
    migrations: list[str]
    rows: dict[str, int]
    audit: list[str]
    files: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    format: int = FORMAT


# ---------------------------------------------------------------- writing


def pack(draft: Path, contents: dict[str, Path], listed: Listed) -> None:
    """Write the archive as a new private file, on the disk when this returns."""
    files: dict[str, dict[str, Any]] = {
        name: {"size": path.stat().st_size, "sha256": _digest(path)} for name, path in contents.items()
    }
    body = json.dumps(dataclasses.asdict(dataclasses.replace(listed, files=files)), indent=1).encode()
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
            _add(tar, LIST, len(body), io.BytesIO(body))
            for name, path in contents.items():
                with path.open("rb") as source:
                    _add(tar, name, files[name]["size"], source)
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, size: int, source: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    tar.addfile(entry, source)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---------------------------------------------------------------- reading


def unpack(source: Path, target: Path | None, *, fits: Callable[[Listed], None]) -> Listed:
    """Read the whole archive and compare it with its list; into the folder ``target``, or nowhere.

    ``fits`` may refuse by what the list says, before anything large is read.  Raises RuleBroken for what is no backup,
    damaged, cut off, or holds anything else.
    """
    try:
        with gzip.open(source) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                listed = _list_of(tar)
                fits(listed)
                for name in (folder.DATABASE, folder.KEYS):
                    _take(tar, name, listed.files[name], target / name if target else Path(os.devnull))
                if tar.next() is not None:
                    raise ValueError("more than was listed")
            while plain.read(PIECE):  # to the end, where gzip keeps its own sum
                pass
    except _NOT_OURS:
        raise RuleBroken(N_("This file is not a whole backup of Doorstep. Nothing was changed."), code="damaged") from None
    return listed


def _list_of(tar: tarfile.TarFile) -> Listed:
    entry = tar.next()
    if entry is None or entry.name != LIST or not entry.isreg() or entry.size > MOST_LIST:
        raise ValueError("no list")
    said = json.loads(tar.extractfile(entry).read())  # type: ignore[union-attr]
    if int(said["format"]) > FORMAT:
        raise RuleBroken(NEWER, code="newer")
    listed = Listed(**said)
    good = isinstance(listed.rows, dict) and isinstance(listed.files, dict) and isinstance(listed.audit, list)
    if not good or not all(isinstance(name, str) for name in listed.migrations):
        raise ValueError("no list of ours")
    return listed


NEWER = N_("A newer version of Doorstep made this backup. Install that version first. Nothing was changed.")


def _take(tar: tarfile.TarFile, name: str, listed: dict[str, Any], target: Path) -> None:
    entry = tar.next()
    if entry is None or entry.name != name or not entry.isreg() or entry.size != listed["size"]:
        raise ValueError("not what was listed")
    source, summed = tar.extractfile(entry), hashlib.sha256()
    with open(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
        while piece := source.read(PIECE):  # type: ignore[union-attr]
            summed.update(piece)
            out.write(piece)
        out.flush()
    if summed.hexdigest() != listed["sha256"]:
        raise ValueError("not what was packed")
