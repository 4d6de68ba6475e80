"""Real servers on loopback, each pinned to the first core, and the load on the second, where a machine has two."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from web.server import THREADS

ROOT = Path(__file__).resolve().parent.parent
HOST = "portal.bench.example"

BARE = f"""
import sys, flask, waitress
app = flask.Flask("bare")
@app.get("/")
def hello(): return "hello world"
waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads={THREADS}, ident=None, _quiet=True)
"""


# As plain as a mail server can be, on the other core, so that it is not what is measured.  For each connection it says
# how many messages it took and how many bytes they had.
SINK = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    line, _ = listener.accept()
    file = line.makefile("rwb")
    messages = size = 0
    def say(text):
        file.write(text + b"\\r\\n"); file.flush()
    say(b"220 sink")
    for command in file:
        word = command[:4].upper()
        if word == b"DATA":
            say(b"354 go on")
            for text in file:
                if text == b".\\r\\n": break
                size += len(text)
            messages += 1
            say(b"250 taken")
        elif word == b"QUIT":
            say(b"221 bye"); break
        else:
            say(b"250 well")
    line.close()
    print(messages, size, flush=True)
"""


def free_port() -> int:
    """A port that nobody listens on, below the ephemeral range."""
    for port in range(20000, 32000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


def environment(data: Path, port: int, smtp_port: int = 9) -> dict[str, str]:
    """Production settings, everything on; only the bench may serve a demo folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DOORSTEP_DATA": str(data), "PORT": str(port), "PORTAL_URL": f"https://{HOST}", "LISTEN": "127.0.0.1",
        "TRUSTED_PROXY": "127.0.0.1", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp_port), "SMTP_SECURITY": "none",
        "MAIL_FROM": f"portal@{HOST}", "DOORSTEP_BENCH": "1",
    }  # fmt: skip


def pinned(core: int, command: list[str]) -> list[str]:
    """The command on one core, where that can be had."""
    return ["taskset", "-c", str(core), *command] if may_pin() else command


def may_pin() -> bool:
    """True when the machine has two cores and a way to choose."""
    return sys.platform == "linux" and {0, 1} <= set(range(os.cpu_count() or 1)) and shutil.which("taskset") is not None


@contextlib.contextmanager
def bare() -> Iterator[str]:
    """Flask's hello world on waitress, no hooks."""
    port = free_port()
    with _running([sys.executable, "-c", BARE, str(port)], {**os.environ}, port, "/"):
        yield f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def portal(data: Path, smtp_port: int = 9) -> Iterator[tuple[str, int]]:
    """The portal with its worker: its address and process number."""
    port = free_port()
    with _running([sys.executable, "app.py"], environment(data, port, smtp_port), port, "/sign-in") as process:
        yield f"http://127.0.0.1:{port}", process.pid


@contextlib.contextmanager
def sink() -> Iterator[tuple[int, IO[str]]]:
    """A mail server that takes everything: its port, and what it says of each connection."""
    port = free_port()
    process = subprocess.Popen(pinned(1, [sys.executable, "-c", SINK, str(port)]), stdout=subprocess.PIPE, text=True)
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.01)
        said = process.stdout
        assert said is not None
        said.readline()  # of the connection just now
        yield port, said
    finally:
        process.kill()
        process.wait()


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
    """True once the server answers with the page; anything but the page, or none in time, is False."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            return status_of(f"http://127.0.0.1:{port}{path}") == 200
        except OSError:
            time.sleep(0.005)
    return False


def status_of(url: str, *, cookie: str = "") -> int:
    """How an address answers; a redirection is not followed.  Raises OSError."""
    parts = urllib.parse.urlsplit(url)
    line = http.client.HTTPConnection(parts.netloc, timeout=10)
    with contextlib.closing(line):
        line.request("GET", parts.path, headers={"Host": HOST, "X-Forwarded-Proto": "https"} | ({"Cookie": cookie} if cookie else {}))
        answer = line.getresponse()
        answer.read()
        return answer.status


def rate(url: str, *, cookie: str = "", seconds: int = 3, connections: int = 8) -> float:
    """Requests per second that wrk gets out of an address; every answer must be a good one.

    To wrk a redirection (to the sign-in, say) is as good as a page, so it is asked before and after.
    """
    _must_be_there(url, cookie)
    headers = ["-H", f"Host: {HOST}", "-H", "X-Forwarded-Proto: https"] + (["-H", f"Cookie: {cookie}"] if cookie else [])
    said = subprocess.run(
        pinned(1, ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *headers, url]),
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    _must_be_there(url, cookie)
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))  # type: ignore[union-attr]


def _must_be_there(url: str, cookie: str) -> None:
    status = status_of(url, cookie=cookie)
    if status != 200:
        raise RuntimeError(f"{url}: {status}")
