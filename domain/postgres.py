"""PostgreSQL's own tools: a dump of one moment, and a restore that happens whole or not at all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from domain.rules import N_, RuleBroken

# Beside the database's name: what the connection was made with, by the tools' names.  The password is in no command line.
_NAMES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE",
          "sslrootcert": "PGSSLROOTCERT"}  # fmt: skip


def dump(database: Any, target: Path) -> None:
    """Dump what the open transaction of ``database`` sees, to the row.  Raises RuleBroken with the tool's own words."""
    seen = database.execute_sql("SELECT pg_export_snapshot()").fetchone()[0]
    _run(database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={seen}", f"--file={target}")
    _run(database, "pg_restore", "--list", str(target))


def load(database: Any, source: Path) -> None:
    """Load a dump into an empty database, in one transaction.  Raises RuleBroken with the tool's own words."""
    _run(database, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
         f"--dbname={database.database}", str(source))  # fmt: skip


def _run(database: Any, *command: str) -> None:
    known = {_NAMES[key]: str(value) for key, value in database.connect_params.items() if key in _NAMES and value}
    ours = os.environ | known | {"PGDATABASE": str(database.database)}
    try:
        subprocess.run(command, env=ours, check=True, capture_output=True, text=True)  # noqa: S603 - fixed programs
    except FileNotFoundError:
        raise RuleBroken(N_("PostgreSQL's own tools are missing: install postgresql-client."), code="no_tools") from None
    except subprocess.CalledProcessError as failed:
        raise RuleBroken(N_("PostgreSQL said: %(said)s"), code="tool", said=failed.stderr.strip()[-300:]) from None
