"""Files that somebody sends along: looked at in a process of their own, as pictures are (``children``), and never at the same time."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

from gateways import children, pictures

CHILD = Path(__file__).with_name("file_child.py")
Refused = children.Refused  # ``args[0]`` is the code of why: see ``file_child.py``, and ``too_long``, ``broken``, ``busy``


@dataclasses.dataclass(frozen=True)
class Looked:
    """A file that may be kept: what it is, and its bytes, which for a picture are others than those that came."""

    media_type: str
    body: bytes


def look(body: bytes, *, seconds: float = pictures.SECONDS) -> Looked:
    """What a file is, made anew where it is a picture; within so many seconds, those of waiting included.  Raises Refused."""
    end = time.monotonic() + seconds
    with children.alone(max(0.0, seconds)):
        told, made = children.run(CHILD, b"{}\n" + body, min(pictures.SECONDS, max(0.1, end - time.monotonic())))
    return Looked(json.loads(told)["media_type"], made or body)
