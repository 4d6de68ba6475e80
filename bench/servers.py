"""Real servers on loopback, each pinned to the first core, and the load on the second."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THREADS = 8
HOST = "portal.bench.example"

BARE = f"""
import sys, flask, waitress
app = flask.Flask("bare")
@app.get("/")
def hello(): return "hello world"
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads={THREADS}, ident=None, _quiet=True)
"""


def free_port() -> int:
    """A port that nobody listens on, below the ephemeral range."""
    for port in range(20000, 32000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


def environment(data: Path, port: int) -> dict[str, str]:
    """Production settings, everything on; only the bench may serve a demo folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DOORSTEP_DATA": str(data), "PORT": str(port), "PORTAL_URL": f"https://{HOST}", "LISTEN": "127.0.0.1",
        "TRUSTED_PROXY": "127.0.0.1", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9", "SMTP_SECURITY": "none",
        "MAIL_FROM": f"portal@{HOST}", "DOORSTEP_BENCH": "1",
    }  # fmt: skip


def pinned(core: int, command: list[str]) -> list[str]:
    """The command on one core, where the machine has several and taskset."""
    if (os.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        return command
    return ["taskset", "-c", str(core), *command]


@contextlib.contextmanager
def bare() -> Iterator[str]:
    """Flask's hello world on waitress, no hooks."""
    port = free_port()
    with _running([sys.executable, "-c", BARE, str(port)], {**os.environ}, port, "/"):
        yield f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def portal(data: Path) -> Iterator[tuple[str, int]]:
    """The portal with its worker: its address and process number."""
    port = free_port()
    with _running([sys.executable, "app.py"], environment(data, port), port, "/healthz") as process:
        yield f"http://127.0.0.1:{port}", process.pid


@contextlib.contextmanager
def _running(command: list[str], env: dict[str, str], port: int, path: str) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(pinned(0, command), cwd=ROOT, env=env, stdout=log, stderr=log)
        try:
            if not answers(port, path, process):
                log.seek(0)
                raise RuntimeError(log.read().decode(errors="replace")[-2000:])
            yield process
        finally:
            process.terminate()
            process.wait(30)


def answers(port: int, path: str, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
    """True once the server answers at all, however."""
    end = time.monotonic() + seconds
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": HOST})
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(request, timeout=2).read()
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            time.sleep(0.005)
    return False


def rate(url: str, *, cookie: str = "", seconds: int = 3, connections: int = 8) -> float:
    """Requests per second that wrk gets out of an address; every answer must be a good one."""
    headers = ["-H", f"Host: {HOST}", "-H", "X-Forwarded-Proto: https"] + (["-H", f"Cookie: {cookie}"] if cookie else [])
    said = subprocess.run(
        pinned(1, ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *headers, url]),
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))  # type: ignore[union-attr]
