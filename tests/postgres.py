"""A throw-away PostgreSQL for tests: a cluster of its own in memory, reached by a socket that only we can open.

PostgreSQL refuses to run as root; root starts it as ``postgres`` or, where nobody has that name, as ``nobody``.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

HINT = "PostgreSQL is missing: run  sudo apt install postgresql  and try again, or give pytest --database=sqlite."
OPTIONS = {
    "listen_addresses": "''", "autovacuum": "off", "max_connections": "400", "shared_buffers": "64MB", "wal_level": "minimal",
    "max_wal_senders": "0", "checkpoint_timeout": "1h",
}  # fmt: skip
CARELESS = {"fsync": "off", "full_page_writes": "off"}  # fast: nothing of it must survive the machine


def programs() -> Path | None:
    """The folder with initdb and pg_ctl, of the newest PostgreSQL; None when there is none."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *Path("/usr").glob("pgsql-*/bin/initdb")]
    if found:
        return max(found, key=lambda path: float(path.parent.parent.name.removeprefix("pgsql-"))).parent
    path = shutil.which("initdb")
    return Path(path).resolve().parent if path else None


class Cluster:
    """A running server.  ``url`` names one of its databases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def start(cls, *, careful: bool = False) -> "Cluster":
        """Make one and wait until it answers; a careful one keeps what PostgreSQL keeps as it is installed.

        Raises RuntimeError when PostgreSQL is not installed.
        """
        where = programs()
        if where is None:
            raise RuntimeError(HINT)
        memory = Path("/dev/shm")
        folder = Path(tempfile.mkdtemp(prefix="doorstep-pg-", dir=memory if memory.is_dir() else None))
        if owner := _owner():
            os.chown(folder, owner["user"], owner["group"])
        cluster = cls(folder)
        cluster._run(where / "initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "-D", "data")
        chosen = OPTIONS if careful else OPTIONS | CARELESS
        options = " ".join(f"-c {name}={value}" for name, value in chosen.items())
        cluster._run(where / "pg_ctl", "-D", "data", "-w", "-s", "-l", "log", "-o", f"{options} -k '{folder}'", "start")
        with cluster._connected("postgres", "postgres") as server:
            server.execute("CREATE ROLE doorstep LOGIN CREATEDB")
        return cluster

    def stop(self) -> None:
        """End it this instant and remove it."""
        where = programs()
        assert where is not None
        self._run(where / "pg_ctl", "-D", "data", "-m", "immediate", "-s", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The address of a database of this server, for the portal's own user."""
        return f"postgresql://doorstep@/{name}?host={self.folder}"

    def create(self, name: str, template: str | None = None) -> str:
        """A new database, empty or a copy of another one that nobody is connected to; its address."""
        with self._connected("postgres") as server:
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"')  # type: ignore[arg-type]
        return self.url(name)

    def change(self, name: str, value: str | None, seconds: float) -> None:
        """Change one line of the server's configuration, or take it out, and wait until new sessions see that."""
        with self._connected("postgres", "postgres") as server:
            server.execute(f"ALTER SYSTEM {f'SET {name} = {value}' if value else f'RESET {name}'}")  # type: ignore[arg-type]
            server.execute("SELECT pg_reload_conf()")
        until, wanted = time.monotonic() + seconds, value or "on"
        while time.monotonic() < until:
            with self._connected("postgres", "postgres") as server:
                if server.execute("SELECT current_setting(%s)", (name,)).fetchone()[0] == wanted:
                    return
        raise RuntimeError(f"{name} does not become {wanted}")

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        with self._connected("postgres") as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]

    @contextlib.contextmanager
    def _connected(self, database: str, user: str = "doorstep") -> Iterator[Any]:
        with psycopg.connect(host=str(self.folder), dbname=database, user=user, autocommit=True) as server:
            yield server

    def _run(self, *command: Any) -> None:
        with tempfile.TemporaryFile() as said:
            ended = subprocess.run(
                [str(word) for word in command], cwd=self.folder, stdout=said, stderr=said, stdin=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, **_owner(),
            )  # fmt: skip
            if ended.returncode:
                said.seek(0)
                raise RuntimeError(f"{command[0]} failed: {said.read().decode(errors='replace')}")


def _owner() -> dict[str, Any]:
    """As whom the server runs: ourselves, unless we are root."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no user postgres or nobody.")
