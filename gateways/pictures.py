"""Pictures: what somebody uploaded is opened in a process of its own (``children``), ``picture_child.py``."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path

from gateways import children

CHILD = Path(__file__).with_name("picture_child.py")
SECONDS = 15
Refused = children.Refused  # ``args[0]`` is the code of why: see ``picture_child.py``, and ``too_long``, ``broken``, ``busy``
_WAIT = 30.0  # for the one before


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
    with children.alone(_WAIT):
        told, rest = children.run(CHILD, question, seconds)
    made = []
    for each in json.loads(told)["made"]:
        size = each.pop("size")
        made.append(Made(**each, body=rest[:size]))
        rest = rest[size:]
    return made
