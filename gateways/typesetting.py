"""PDFs out of a template and data, by typst, in a process of their own (``children``); what they are about is not known here.

Data is handed over as JSON and never as markup: a template shows it as text.  A template lies in ``templates/print/`` and finds
``sys.inputs.title``, ``sys.inputs.language`` and ``json(bytes(sys.inputs.data))``; bytes, such as of a picture, are lists of numbers
there, for ``image(bytes(…))``.  What comes out is tagged for screen readers (PDF/UA-1), and the same for the same data.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateways import children

CHILD = Path(__file__).with_name("typesetting_child.py")
TEMPLATES = Path(__file__).parent.parent / "templates" / "print"
FONTS = Path(__file__).with_name("fonts")  # the stand-in, with a box for what no other font has: script/stand-in
SECONDS = 15.0
MEMORY = 700 * 1024 * 1024
LETTERS = {"ar": ("Noto Sans Arabic", "DejaVu Sans")}  # typst brings letters of a typewriter alone; these are better
Refused = children.Refused  # ``template``, with what typst said in ``args[1]``; ``too_long``, ``broken`` (as without memory), ``busy``

_WAIT = 30.0  # for the one before
_LAST = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
_NEVER = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_LAST}]")  # signs that are none


def pdf(template: str, data: Mapping[str, Any], *, language: str, title: str, seconds: float = SECONDS, memory: int = MEMORY) -> bytes:
    """The PDF that a template makes of data, within so many seconds and bytes of memory.  Raises Refused."""
    asked = {
        "template": f"{template}.typ", "root": str(TEMPLATES), "fonts": [str(FONTS)], "memory": memory, "seconds": seconds,
        "language": language, "title": clean(title),
    }  # fmt: skip
    question = json.dumps(asked).encode() + b"\n" + json.dumps(clean(data)).encode()
    with children.alone(_WAIT):
        return children.run(CHILD, question, seconds)[1]


def clean(value: Any) -> Any:
    """The same for JSON, with texts that can be set; bytes are lists of numbers."""
    if isinstance(value, str):
        return _NEVER.sub("\ufffd", value.replace("\r\n", "\n").replace("\r", "\n"))
    if isinstance(value, Mapping):
        return {name: clean(each) for name, each in value.items()}
    if isinstance(value, bytes):
        return list(value)
    return [clean(each) for each in value] if isinstance(value, list | tuple) else value


def has_letters(language: str) -> bool:
    """False where a language would be set in the letters of a typewriter, because this machine has no better font for it."""
    return language not in LETTERS or not _families().isdisjoint(LETTERS[language])


@functools.cache
def _families() -> frozenset[str]:
    import typst  # not needed otherwise, and large

    return frozenset(typst.Fonts(include_embedded_fonts=False).families())
