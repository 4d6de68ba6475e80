"""Import 100,000 individuals while a client writes again and again; seconds in all, and the client's longest wait."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app import create_app
from bench.servers import pinned
from domain import imports, store
from models import RateCount

ROWS = 100_000
HEADING = "external_id,first_name,last_name,birth_date,death_date,email,mobile,phone,address\n"
# A process of its own, as the portal is while somebody imports at the command line.
CLIENT = """
import sys, time
from app import create_app
from domain import store
from models import RateCount
create_app()
longest = 0.0
with store.connection():
    while True:
        began = time.monotonic()
        with store.writing():
            RateCount.insert(key="bench", window=int(began * 1000), count=1).execute()
        longest = max(longest, time.monotonic() - began)
        print(longest, flush=True)
        time.sleep(0.01)
"""


def rows() -> str:
    """The file: each with an address, two numbers and a place to live."""
    lines = [HEADING]
    for n in range(ROWS):
        lines.append(
            f"bench-{n:06},First{n},Last{n % 5000},19{n % 90 + 10}-0{n % 9 + 1}-1{n % 9},,person{n}@example.org,"
            f"902 555 01{n % 100:02},902 555 01{(n + 7) % 100:02},{n} Quay Road\n"
        )
    return "".join(lines)


def main() -> None:
    """Print seconds and wait."""
    create_app()
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "people.csv", Path(folder) / "waits"
        file.write_text(rows())
        with log.open("w") as waits:
            client = subprocess.Popen(pinned(1, [sys.executable, "-c", CLIENT]), stdout=waits)
        while not log.read_text():
            time.sleep(0.05)
        began = time.monotonic()
        report = imports.apply("individuals", file, imports.find_mapping("individuals", "doorstep"), imports.Choices(True))
        seconds = time.monotonic() - began
        client.kill()
        client.wait()
        if report.problems or report.created != ROWS:
            raise RuntimeError(str(report.problems[:3]))
        with store.connection():
            written = RateCount.select().where(RateCount.key == "bench").count()
        if written < 100:
            raise RuntimeError("the client did not get to write")
        print(seconds, log.read_text().rpartition("\n")[0].splitlines()[-1])


if __name__ == "__main__":
    main()
