"""strace around a process: what it asks of the disk, and answers of a disk that fails."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

PATIENCE = 90.0  # seconds, on a machine that has much else to do
MISSING = "strace is missing: run  sudo apt install strace  and try again."
REFUSED = "strace may not watch processes here: allow ptrace (in a container: --cap-add SYS_PTRACE) and try again."


def trouble() -> str:
    """Why strace cannot be used here, in a sentence; nothing when it can."""
    if not shutil.which("strace"):
        return MISSING
    try:
        done = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, timeout=PATIENCE)
    except OSError:
        return REFUSED
    return "" if done.returncode == 0 else REFUSED


def needed() -> None:
    """Fail with that sentence: what is passed by shows nothing."""
    if problem := trouble():
        pytest.fail(problem)


@contextlib.contextmanager
def failing(pid: int, call: str, error: str, every: int, paths: Sequence[object]) -> Iterator[None]:
    """While the block runs, each ``every``-th ``call`` of each thread on one of the paths fails with ``error``."""
    only = [word for path in paths for word in ("-P", str(path))]
    strace = subprocess.Popen(
        ["strace", "-f", "-o", os.devnull, "-p", str(pid), *only, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={every}+{every}"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert strace.stderr is not None
        said = next((line for line in strace.stderr if f"Process {pid} attached" in line), "")
        assert said, REFUSED
        yield
    finally:
        strace.send_signal(signal.SIGINT)
        strace.communicate(timeout=PATIENCE)


if __name__ == "__main__":
    sys.exit(trouble() or 0)
