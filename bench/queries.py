"""How many SELECTs each page asks after session and settings, and which of their plans scan a table that grows."""

from __future__ import annotations

import os
import re
from typing import Any

from app import create_app
from bench.servers import HOST
from domain import store
from models import Individual, db

SMALL = {"agency", "site", "setting", "house_mark", "page_version", "security_class", "channel_health", "audit_head", "import_run"}
# What every request asks before its view: who is there, and what the agency decided.
BEFORE = ("login_session", "house_mark", "setting", "agency", "site")


class Listener:
    """Keeps the SELECTs that pass through the database."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        execute = db.obj.execute_sql

        def listening(sql: str, params: Any = None) -> Any:
            if sql.lstrip().upper().startswith("SELECT"):
                self.asked.append((sql, params))
            return execute(sql, params)

        db.obj.execute_sql = listening

    def counted(self) -> list[tuple[str, Any]]:
        """The SELECTs without those of session and settings, and without the audit's."""
        return [(sql, params) for sql, params in self.asked if _first_table(sql) not in (*BEFORE, "audit_head")]


def _first_table(sql: str) -> str:
    found = re.search(r'FROM "?(\w+)', sql)
    return found.group(1) if found else ""


def scans(asked: list[tuple[str, Any]]) -> list[str]:
    """The parts of plans that read through a whole table that grows with the agency."""
    found = []
    for sql, params in asked:
        for row in db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall():
            table = re.match(r"SCAN (\w+)", str(row[3]))
            names = dict(re.findall(r'"(\w+)" AS "(\w+)"', sql))
            real = {alias: name for name, alias in names.items()}
            if table and real.get(table.group(1), table.group(1)) not in SMALL | {"subqueries"} and "USING" not in str(row[3]):
                found.append(f"{row[3]} in {sql[:120]}")
    return found


def main() -> None:
    """Print one line per page: its name, SELECTs, scans."""
    app = create_app()
    with store.connection():
        person = Individual.select().order_by(Individual.id).first()
        pages = {
            "home": ("client1@example.org", "/"), "about_me": ("client1@example.org", "/about-me/"),
            "individuals": ("admin@example.org", "/admin/individuals/"),
            "individual": ("admin@example.org", f"/admin/individuals/{person.public_id}/"),
        }  # fmt: skip
        listener = Listener()
        for name, (who, path) in pages.items():
            client = signed_in(app, who)
            client.get(path, **_request())
            listener.asked.clear()
            answer = client.get(path, **_request())
            assert answer.status_code == 200, (path, answer.status_code)
            counted = listener.counted()
            print(name, len(counted), len(scans(counted)))


def _request() -> dict[str, Any]:
    return {"base_url": f"https://{HOST}"}


def signed_in(app: Any, email: str) -> Any:
    """A test client whose person signed in through the form."""
    client = app.test_client()
    html = client.get("/sign-in", **_request()).get_data(as_text=True)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))
    answer = client.post("/sign-in", data={**hidden, "email": email, "password": os.environ["BENCH_PASSWORD"]}, **_request())
    assert answer.status_code == 303, email
    return client


if __name__ == "__main__":
    main()
