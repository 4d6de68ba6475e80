"""``script/bench [NAME…]``: one JSON line per figure; ends with 1 when one does not hold."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench import inbox, servers
from bench.figures import FIGURES, WITH_WRK, Line


def main(wanted: list[str]) -> int:
    """Measure what is wanted, by a figure's name or the beginning of it (``home``, ``queries``), or everything.

    What is measured in one go is told together: the ``scans`` with the ``queries``.
    """
    names = [name for every in FIGURES for name in every if is_wanted(name, wanted)]
    if not names:
        return _refused(f"There is no such figure. There are: {', '.join(name for every in FIGURES for name in every)}")
    if set(names) & {*WITH_WRK, *inbox.WITH_WRK} and shutil.which("wrk") is None:
        return _refused("wrk, which makes the load, is missing: install it (sudo apt install wrk) and try again.")
    if servers.may_pin():
        os.sched_setaffinity(0, {1})  # the load; what is measured runs on the other core
    else:
        print("Servers and load share the cores here, so ratios swing: only a machine with two tells.", file=sys.stderr)
    return 0 if all(line.holds for line in _measured(names)) else 1


def is_wanted(name: str, wanted: list[str]) -> bool:
    """True for a figure's name, for the beginning of one up to a dot, and for all when nothing is named."""
    return not wanted or any(f"{name}.".startswith(f"{each}.") for each in wanted)


def _measured(names: list[str]) -> list[Line]:
    folder, lines = Path(tempfile.mkdtemp(prefix="doorstep-bench-")), []
    try:
        for measure in [measure for every, measure in FIGURES.items() if set(every) & set(names)]:
            for line in measure(folder):
                told = {"figure": line.figure, "value": round(line.value, 4), "limit": line.limit, "holds": line.holds}
                print(json.dumps(told), flush=True)
                lines.append(line)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return lines


def _refused(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
