"""The arrows of the house point one way, and views ask the viewer for what belongs to somebody."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = {"app", "blueprints", "config", "domain", "gateways", "models", "tasks", "web"}
# import-linter reads packages only; these are single files.
FILES = {"config.py": OURS, "models.py": OURS, "tasks.py": {"app", "blueprints"}}


def test_every_room_imports_only_what_it_may():
    command = "from importlinter.cli import lint_imports_command as go; go()"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_single_files_do_too():
    found = [
        f"{path} imports {name}"
        for path, banned in FILES.items()
        for name in imported(ROOT / path)
        if name.split(".")[0] in banned
    ]
    assert found == []


def test_no_view_looks_a_row_up_by_its_key():
    """Rows of people are reached through the viewer alone: ``viewer.individual(id)``, never ``Individual.get(id)``."""
    found = []
    for path in (ROOT / "blueprints").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if path.name == "paging.py":
                continue  # a place in a list, given by a public id, in a query that the viewer scoped
            if isinstance(node, ast.Attribute) and node.attr in ("get_by_id", "get_or_none", "get_or_create"):
                found.append(f"{path.name}:{node.lineno}")
    assert found == []


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
