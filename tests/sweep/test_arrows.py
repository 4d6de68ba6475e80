"""The arrows of the house point one way, and views ask the viewer for what belongs to somebody."""

import ast
import subprocess
import sys
from pathlib import Path

import models

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


# What belongs to somebody, and may therefore be asked for through the viewer (or a verb of the domain) only.
OF_SOMEBODY = {
    "Individual", "Attachment", "Contact", "ProfileChange", "Consent", "Follow", "SearchWord", "PortalAccount", "Link", "LinkOpening",
    "BulkRow", "Attendance", "CalendarFeed", "Discussion", "DiscussionFollower", "Message", "Notice", "ReplyLink", "ClientChoice", "Enrolment", "EnrolmentWorker", "EventMessage", "EventReminder", "EventRequest", "Participant", "RosterEntry",
    "Device", "LoginSession", "AddressChange", "Task", "Delivery", "DeliveryAttempt", "AuditEntry", "AuditValues", "FormReceipt", "UnsentForm",
    "Checklist", "Document", "DocumentAnswer", "DocumentFile", "DocumentSignature",
}  # fmt: skip
ASKING = {"select", "get", "get_by_id", "get_or_none", "get_or_create", "filter", "raw"}
# The few that are asked for in a view today, and why each shows nobody else's.
ALLOWED: dict[tuple[str, str], str] = {}


def test_every_table_of_somebody_is_known():
    """A new table that points at somebody, however far, has to be named above."""
    found, growing = {models.Individual}, True
    while growing:
        more = {t for t in models.TABLES for f in t._meta.refs if f.rel_model in found and t is not models.Worker}
        growing, found = not more <= found, found | more
    assert {table.__name__ for table in found} <= OF_SOMEBODY
    assert {name for name in OF_SOMEBODY if not hasattr(models, name)} == set()


WRITING = {"create", "insert", "insert_many", "update", "delete", "delete_by_id", "replace", "save", "delete_instance", "execute_sql", "execute"}
OF_ANY_ROW = {"save", "delete_instance", "execute_sql", "execute"}
VIEWS = sorted((ROOT / "blueprints").rglob("*.py"))


def asked_for(code):
    """Each question to a table of somebody: ``Contact.select``."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and node.attr in ASKING and isinstance(node.value, ast.Name) and node.value.id in OF_SOMEBODY:
            yield f"{node.value.id}.{node.attr}"


def written(code):
    """Each change of a row: ``Site.update`` or ``save``."""
    tables = {table.__name__ for table in models.TABLES}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and node.attr in WRITING:
            on_table = isinstance(node.value, ast.Name) and node.value.id in tables
            if on_table or node.attr in OF_ANY_ROW:
                yield f"{node.value.id}.{node.attr}" if on_table else node.attr


def test_no_view_asks_a_table_for_what_belongs_to_somebody():
    asked = {(str(path.relative_to(ROOT / "blueprints")), question) for path in VIEWS for question in asked_for(path.read_text())}
    assert asked == ALLOWED.keys()


def test_no_view_writes_to_a_table():
    """What changes anything is a verb of the domain, with its audit entry in the same transaction."""
    assert [(path.name, change) for path in VIEWS for change in written(path.read_text())] == []


def test_a_view_that_did_so_would_be_found():
    assert list(asked_for("def view(): return Individual.get_by_id(1), Contact.select().where(Contact.id == 1)")) != []
    assert list(asked_for("def view(): return g.viewer.individual(public_id).contacts.where(Contact.is_main)")) == []
    assert set(written("person.save()\nSite.update(name='x').execute()\nprofile.change(person)\nwords.update(x=1)")) == {
        "save", "Site.update", "execute",
    }  # fmt: skip


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
