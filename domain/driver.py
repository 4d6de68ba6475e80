"""PostgreSQL's driver: loaded only where PostgreSQL is used.

Peewee and Huey load it wherever it is installed, which on SQLite is a tenth of the memory and a sixth of the start for
nothing.  So ``app.py`` imports this before both; whoever loaded the driver or Peewee before, as the tests do, keeps it.
"""

import os
import sys
from typing import Any

if not {"peewee", "psycopg"} & set(sys.modules) and not os.environ.get("DATABASE_URL", "").startswith("postgres"):
    sys.modules["psycopg"] = None  # type: ignore[assignment]  # an import of it fails, for the life of the process

import peewee

psycopg: Any = peewee.psycopg  # type: ignore[attr-defined]  # None where it is not loaded
