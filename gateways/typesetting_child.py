"""Run as a program of its own, as ``picture_child.py`` is: one line of JSON about the template and data as JSON in, one line of JSON and
a PDF out.

Code of a refusal: template, with what typst says of it.
"""

import contextlib
import json
import math
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # nothing of it is there in an isolated process
from picture_child import limit  # type: ignore[import-not-found]

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # of the system's unshare
NOWHERE = "http://127.0.0.1:1"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def main() -> None:
    asked = json.loads(sys.stdin.buffer.readline())
    limit(asked["memory"], math.ceil(asked["seconds"]))
    cut_off()
    data = sys.stdin.buffer.read().decode()
    body, told = b"", {}
    import typst

    try:
        body = typst.compile(
            Path(asked["root"]) / asked["template"], root=asked["root"], font_paths=asked["fonts"], pdf_standards=["ua-1"],
            sys_inputs={"title": asked["title"], "language": asked["language"], "data": data},
        )  # fmt: skip
    except typst.TypstError as error:
        told = {"refused": "template", "why": str(error)}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + body)


def cut_off() -> None:
    """No network, where the system allows to leave it, and else a proxy that is none; and one thread, whose memory is all there is."""
    with contextlib.suppress(ImportError, AttributeError, OSError, MemoryError):  # a sandbox may forbid it, or even that it is asked
        import ctypes

        ctypes.CDLL(None).unshare(NEW_USER | NEW_NETWORK)
    os.environ.update(dict.fromkeys(PROXIES, NOWHERE), RAYON_NUM_THREADS="1")


if __name__ == "__main__":
    main()
