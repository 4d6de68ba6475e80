"""What the portal loads when it starts: its memory and its start are small because of what is left out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Only needed by one job, one page or a child process.
WHERE_NEEDED = {"PIL", "segno", "pyotp", "py_svg_hush", "nh3"}


def loaded(**decided: str) -> set[str]:
    """The names of all modules that are there after the program was loaded."""
    told = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"} | decided
    words = "import app, sys; print(*(name for name, module in sys.modules.items() if module))"
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, env=told, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_on_sqlite_the_driver_of_postgresql_stays_away():
    assert {"peewee", "huey"} <= (there := loaded())
    assert not {name for name in there if name.startswith("psycopg")}
    assert not WHERE_NEEDED & there


@pytest.mark.parametrize("url", ["postgresql://localhost/portal", "postgres://localhost/portal"])
def test_on_postgresql_it_is_there(url: str):
    assert "psycopg" in loaded(DATABASE_URL=url)
