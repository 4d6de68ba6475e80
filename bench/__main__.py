"""``script/bench [NAME…]``: one JSON line per figure; ends with 1 when one does not hold."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from bench.figures import FIGURES


def main(names: list[str]) -> int:
    """Measure the figures of these names, or all; ``queries.home`` measures all of ``queries``."""
    chosen = [name for name in FIGURES if not names or any(f"{wanted}.".startswith(f"{name}.") for wanted in names)]
    if not chosen:
        print(f"There is no such figure. There are: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    holds = True
    folder = Path(tempfile.mkdtemp(prefix="doorstep-bench-"))
    try:
        for name in chosen:
            for line in FIGURES[name](folder):
                holds = holds and line.holds
                told = {"figure": line.figure, "value": round(line.value, 4), "limit": line.limit, "holds": line.holds}
                print(json.dumps(told), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
