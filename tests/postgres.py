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


# A copy of each table, how many rows it has and the newest transaction that wrote one, and where the sequences stand.
REMEMBER = """
DROP SCHEMA IF EXISTS remembered CASCADE;
CREATE SCHEMA remembered;
CREATE TABLE remembered."of tables" (name text PRIMARY KEY, many bigint, newest bigint);
CREATE TABLE remembered."of sequences" AS SELECT schemaname, sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public';
CREATE FUNCTION remembered.look(name text, OUT many bigint, OUT newest bigint) LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM public.%I', name) INTO many, newest;
END $$;
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE remembered.%I AS TABLE public.%I', t, t);
    INSERT INTO remembered."of tables" SELECT t, look.many, look.newest FROM remembered.look(t);
  END LOOP;
END $$;
CREATE FUNCTION remembered.put_back() RETURNS void LANGUAGE plpgsql AS $$ DECLARE t record; now_ record; s record; BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);  -- no triggers, no foreign keys
  FOR t IN SELECT * FROM remembered."of tables" LOOP
    SELECT * INTO now_ FROM remembered.look(t.name);
    CONTINUE WHEN now_.many = t.many AND now_.newest = t.newest;
    EXECUTE format('DELETE FROM public.%I WHERE xmin::text::bigint > $1', t.name) USING t.newest;
    EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM remembered.%1$I EXCEPT SELECT * FROM public.%1$I', t.name);
    UPDATE remembered."of tables" SET newest = look.newest FROM remembered.look(t.name) WHERE name = t.name;
  END LOOP;
  FOR s IN SELECT was.name, was.last_value FROM remembered."of sequences" was JOIN pg_sequences n ON n.schemaname = 'public'
    AND n.sequencename = was.name WHERE n.last_value IS DISTINCT FROM was.last_value LOOP
    PERFORM setval(format('public.%I', s.name)::regclass, coalesce(s.last_value, 1), s.last_value IS NOT NULL);
  END LOOP;
END $$;
"""  # fmt: skip


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
        self._lines: dict[str, tuple[Any, int]] = {}  # to put databases back, and how often that was done

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
            quick = "STRATEGY file_copy" if server.info.server_version >= 150_000 else ""  # what earlier ones do anyway
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}" {quick}')  # type: ignore[arg-type]
        return self.url(name)

    def remember(self, name: str) -> None:
        """Have a database keep what its tables hold now beside them, for ``put_back`` in it and in its copies."""
        with self._connected(name, "postgres") as server:
            server.execute(REMEMBER)

    def put_back(self, name: str) -> None:
        """Make the tables hold again what was remembered.  Only rows that differ are touched: that is quick."""
        line, times = self._lines.get(name, (None, 0))
        if line is None or line.closed:
            line = psycopg.connect(host=str(self.folder), dbname=name, user="postgres", autocommit=True)
        line.execute("SELECT remembered.put_back()")
        if times % 200 == 199:
            line.execute("VACUUM")
        self._lines[name] = line, times + 1

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
            try:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]
            except psycopg.errors.InsufficientPrivilege:  # the server cleans up in it, which only a plain DROP ends
                server.execute(f'DROP DATABASE IF EXISTS "{name}"')  # type: ignore[arg-type]

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
