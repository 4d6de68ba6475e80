"""Programs of our own that are run for one task each: small, alone and short-lived.

A child (``picture_child.py``, ``file_child.py``, ``typesetting_child.py``) gets one line of JSON and bytes, and gives back one line of
JSON and bytes; it knows nothing of the portal.  It is killed when it takes too long, and the system refuses it more memory than it may
have, so what it looks at harms nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_one = threading.Lock()


class Refused(Exception):
    """The child made nothing; ``args[0]`` is the code of why: one of its own, or ``too_long``, ``broken``, ``busy``."""


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
    told = json.loads(said)
    if code := told.get("refused"):
        raise Refused(code, *filter(None, [told.get("why")]))
    return said, rest
