"""Pictures: what somebody uploaded is opened in a process of its own, which is small, alone and short-lived.

The child (``picture_child.py``) gets the bytes and gives back bytes; it knows nothing of the portal.  It is killed when it
takes too long, and the system refuses it more memory than it may have, so a bad file harms nobody.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

CHILD = Path(__file__).with_name("picture_child.py")
SECONDS = 15
_WAIT = 30.0  # for the one before
_one = threading.Lock()


class Refused(Exception):
    """The picture cannot be used; ``args[0]`` is the code of why: see ``picture_child.py``, and ``too_long``, ``broken``, ``busy``."""


@dataclasses.dataclass(frozen=True)
class Made:
    """A picture that is safe to show."""

    kind: str
    content_type: str
    width: int
    height: int
    body: bytes


@functools.lru_cache(maxsize=4)
def doors(colour: str) -> tuple[Made, ...]:
    """The icons of a portal without a logo, in a colour (#rrggbb).  Raises Refused."""
    return tuple(make("door", colour=colour))


def make(task: str, body: bytes = b"", *, colour: str = "", seconds: float = SECONDS) -> list[Made]:
    """The pictures of a task: ``logo``, ``icon``, ``tile`` or ``photo`` from an upload, ``door`` from a colour.  Raises Refused."""
    question = json.dumps({"task": task, "colour": colour}).encode() + b"\n" + body
    with alone(_WAIT):
        told, rest = run(CHILD, question, seconds)
    made = []
    for each in json.loads(told)["made"]:
        size = each.pop("size")
        made.append(Made(**each, body=rest[:size]))
        rest = rest[size:]
    return made


@contextlib.contextmanager
def alone(seconds: float) -> Iterator[None]:
    """One at a time, so that what children take of the machine is what one takes.  Raises Refused ``busy``."""
    if not _one.acquire(timeout=seconds):
        raise Refused("busy")
    try:
        yield
    finally:
        _one.release()


def run(child: Path, question: bytes, seconds: float) -> tuple[bytes, bytes]:
    """The line of JSON that a child answers, and the bytes behind it.  Raises Refused."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    try:
        done = subprocess.run([sys.executable, "-I", str(child)], input=question, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,  # noqa: S603 - ours
                              timeout=seconds, env=kept, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Refused("too_long") from None
    said, _, rest = done.stdout.partition(b"\n")
    if done.returncode or not said:
        raise Refused("broken")
    if code := json.loads(said).get("refused"):
        raise Refused(code)
    return said, rest
