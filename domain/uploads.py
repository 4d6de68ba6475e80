"""What somebody uploads: read up to a limit, and looked at or made anew in a process of its own (``gateways``)."""

from __future__ import annotations

import time
from typing import BinaryIO

from domain import scanning, store
from domain.rules import N_, RuleBroken
from gateways import files, pictures

REFUSALS = {
    "empty": N_("This file is empty. Choose another one."),
    "not_picture": N_("This is not a picture that can be used here. Choose a PNG, JPEG or WebP file."),
    "broken": N_("This picture is damaged. Open it in a drawing program, save it again, and upload that."),
    "too_many_pixels": N_("This picture has too many pixels. Make it smaller, such as 1,000 pixels wide, and upload that."),
    "too_narrow": N_("This picture is too long and narrow. One side may be at most twelve times the other."),
    "too_small": N_("This picture is too small. It needs at least 16 pixels on each side."),
    "too_long": N_("This picture takes too long to open. Make it smaller, such as 1,000 pixels wide, and upload that."),
    "busy": N_("Another picture is being made at the moment. Wait a little, and upload it again."),
    "svg_here": N_("An SVG does not work here. Choose a PNG, JPEG or WebP file."),
    "svg_broken": N_("This SVG file is damaged. Save it again as “plain SVG”, or as PNG."),
    "svg_size": N_("This SVG file does not say how large it is. Save it again as “plain SVG”, or as PNG."),
    "svg_unsafe": N_(
        "This SVG file holds more than a drawing, such as a script, a link, an animation or a photo. Save it as PNG, and upload that."
    ),
    "svg_empty": N_("This SVG file holds no drawing. Save it as PNG, and upload that."),
    "svg_heavy": N_("This SVG file is too detailed for a logo, which every page shows. Save it as PNG, and upload that."),
}


def made(task: str, file: BinaryIO, most: int) -> list[pictures.Made]:
    """What a task makes of an upload of at most ``most`` MB.  Said before the transaction: it takes its time.

    Raises RuleBroken (field ``file``).
    """
    body = file.read(most * 1_000_000 + 1)
    if len(body) > most * 1_000_000:
        raise RuleBroken(N_("This file is larger than %(most)s MB. Make the picture smaller, and upload that."), code="too_large",
                         field="file", most=most)  # fmt: skip
    store.must_be_idle()
    try:
        return pictures.make(task, body)
    except pictures.Refused as refused:
        raise refusal(str(refused.args[0]), "file") from None


class Unusable(Exception):
    """A file that cannot be kept; ``args[0]`` is the code of why (``gateways.files``, ``scanning``), or ``too_large``."""


def looked(file: BinaryIO, most: int, seconds: float) -> files.Looked:
    """What a file of at most ``most`` MB is, a picture made anew, once the virus scanner had the bytes as they came.  Said before the
    transaction.  Raises Unusable."""
    store.must_be_idle()
    end = time.monotonic() + seconds
    body = file.read(most * 1_000_000 + 1)
    if len(body) > most * 1_000_000:
        raise Unusable("too_large")
    if code := scanning.why_not(body, seconds):
        raise Unusable(code)
    try:
        return files.look(body, seconds=end - time.monotonic())
    except files.Refused as refused:
        raise Unusable(str(refused.args[0])) from None


def refusal(code: str, field: str) -> RuleBroken:
    """Why a picture cannot be used, beside a field."""
    return RuleBroken(REFUSALS.get(code, REFUSALS["broken"]), code=code, field=field)
