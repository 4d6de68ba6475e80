"""How many SELECTs each page asks after session and settings, and which of them read through a table that grows."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from app import create_app
from bench import appointments, full
from bench.browsing import form_in
from bench.servers import HOST
from domain import bulk, bulk_jobs, clock, sites, store, viewer
from domain.actor import Actor
from models import (
    Attendance,
    AvailabilityRow,
    BulkJob,
    Delivery,
    Discussion,
    DocumentTemplate,
    Event,
    EventRequest,
    Group,
    Individual,
    Service,
    Task,
    Worker,
    db,
)

# These do not grow with the agency's clients.
SMALL = {
    "agency", "site", "setting", "page_version", "security_class", "channel_health", "audit_head", "import_run", "house_mark",
    "availability_type", "availability_calendar", "availability_row", "availability_exception", "holiday",
    "document_template", "document_version",
    "worker", "worker_category", "category_member", "bulk_job", "service", "service_group", "service_worker",
}  # fmt: skip
# What every request asks before its view: who is there, and what the agency decided.  The audit's head belongs to a write.
BEFORE = ("login_session", "house_mark", "setting", "audit_head")
# What adds up or counts reads all it is asked about, whatever stands in LIMIT.
WHOLE = re.compile(r"\b(?:COUNT|SUM|AVG|MIN|MAX|TOTAL|GROUP_CONCAT)\(|\bGROUP BY\b|\bDISTINCT\b")


class Listener:
    """Keeps the SELECTs that pass through the database."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        execute = db.obj.execute_sql

        def listening(sql: str, params: Any = None) -> Any:
            if sql.lstrip().upper().startswith(("SELECT", "WITH")):
                self.asked.append((sql, params))
            return execute(sql, params)

        db.obj.execute_sql = listening

    def counted(self) -> list[tuple[str, Any]]:
        """The SELECTs without those of session and settings, and without the audit's."""
        return [(sql, params) for sql, params in self.asked if _first_table(sql) not in BEFORE]


def _first_table(sql: str) -> str:
    """The table that a SELECT reads, whatever is counted beside it in brackets."""
    while (outer := re.sub(r"\([^()]*\)", "", sql)) != sql:
        sql = outer
    found = re.search(r'FROM "?(\w+)', sql)
    return found.group(1) if found else ""


# ---------------------------------------------------------------- what reads through a table


def scans(asked: list[tuple[str, Any]]) -> list[str]:
    """The SELECTs that read through a whole table that grows with the agency, or through a whole index of it.

    A walk along an index (or along the table itself) that ends after a page of rows is none.
    """
    return [sql for sql, params in asked if (tables := _scanned(sql, params)) and not _ends_early(sql, params, tables)]


def _scanned(sql: str, params: Any) -> set[str]:
    alias = {short: name for name, short in re.findall(r'"(\w+)" AS "(\w+)"', sql)}
    plan = [str(row[3]) for row in db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()]
    steps = [found.groups() for step in plan if (found := re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step))]
    walked = {alias.get(name, name) for name, index in steps if not (_is_partial(index) and _is_a_page(sql))}
    return walked & set(db.get_tables()) - SMALL


def _is_partial(index: str | None) -> bool:
    """True for an index that holds only the few rows that are asked for, such as what is not done yet."""
    told = db.execute_sql("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", (index,)).fetchone()
    return bool(told and told[0] and " WHERE " in told[0])


def _is_a_page(sql: str) -> bool:
    return " LIMIT " in sql and not WHOLE.search(sql)


def _ends_early(sql: str, params: Any, tables: set[str]) -> bool:
    """True when SQLite takes fewer steps than the table has rows; with one row in hand there are always several."""
    return _is_a_page(sql) and _steps(sql, params) < min(_rows(table) for table in tables)


def _steps(sql: str, params: Any) -> int:
    """How many instructions SQLite carries out for a SELECT: the same number on every machine."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    line = db.connection()
    line.set_progress_handler(step, 1)
    try:
        db.execute_sql(sql, params).fetchall()
    finally:
        line.set_progress_handler(None, 1)
    return steps


def _rows(table: str) -> int:
    return int(db.execute_sql(f'SELECT count(*) FROM "{table}"').fetchone()[0])


# ---------------------------------------------------------------- the pages


def pages(person: Individual) -> dict[str, tuple[str, str]]:
    """Each figure with who looks at what."""
    client, staff, record = "client1@example.org", "admin@example.org", f"/admin/individuals/{person.public_id}/"
    failed = Delivery.select().where(Delivery.state == "dead").order_by(Delivery.id.desc()).first()
    return {
        "home": (client, "/"), "about_me": (client, "/about-me/"), "my_portal": (client, "/my-portal/"),
        "individuals": (staff, "/admin/individuals/"), "individual": (staff, record),
        "search": (staff, "/admin/individuals/?q=an"), "history": (staff, f"{record}history"),
        "accounts": (staff, f"{record}accounts"), "today": (staff, "/admin/"), "deliveries": (staff, "/admin/deliveries/"),
        "delivery": (staff, f"/admin/deliveries/{failed.public_id}/"), "settings": (staff, "/admin/settings/about_me"),
        "setup": (staff, "/admin/settings/"), "my_devices": (client, "/my-portal/devices/"), "my_address": (client, "/my-portal/address"),
        "my_messages": (client, "/my-portal/messages"),
        "my_history": (client, "/my-portal/history"),
        "schedule_week": (staff, f"/admin/schedule/?date={appointments.WEEK}"),
        "calendar": (client, "/calendar/"), "calendar_history": (client, "/calendar/history?outcome=attended"),
        "appointment": (client, f"/calendar/{_a_place(person).public_id}"), "calendar_feed": (client, appointments.feed_of(person)),
        "inbox": (client, "/inbox/"), "inbox_search": (client, "/inbox/?q=message+7"), "inbox_count": (client, "/inbox/count?n=x"),
        "inbox_new": (client, "/inbox/new"),
        "inbox_poll": (client, f"/inbox/{_a_discussion(person).public_id}/new?after=999999999&seen=999999999"),
        "discussion": (client, f"/inbox/{_a_discussion(person).public_id}/"),
        "my_services": (client, "/my-services/"), "my_timeline": (client, "/my-services/timeline"),
        "messages": (staff, "/admin/discussions/"), "staff_discussion": (staff, f"/admin/discussions/{_a_discussion(person).public_id}/"),
        "enrolment": (staff, f"{record}enrolments/{_a_place(person).enrolment.public_id}/"), "events": (staff, f"{record}events"),
        **{name: (staff, f"/admin/{path}") for name, path in _of_the_agency().items()},
    }  # fmt: skip


def _a_place(person: Individual) -> Attendance:
    place: Attendance = Attendance.select().where(Attendance.individual == person).order_by(Attendance.starts_at.desc()).first()
    return place


def _a_discussion(person: Individual) -> Discussion:
    found: Discussion = Discussion.select().where(Discussion.individual == person).order_by(Discussion.id.desc()).first()
    return found


def _of_the_agency() -> dict[str, str]:
    """The pages about tasks, colleagues, accounts and the agency itself, under /admin/."""
    task = Task.select().where(Task.done_at.is_null()).order_by(Task.id.desc()).first()
    worker = f"workers/{Worker.select().where(Worker.group == 'worker').first().public_id}/"
    job = f"accounts/changes/{_a_job().public_id}/"
    event = Event.select().where(Event.starts_at > clock.now()).order_by(Event.starts_at).first()
    form = DocumentTemplate.select().order_by(DocumentTemplate.id).first().public_id
    return {
        "services": "services/", "service": f"services/{Service.select().order_by(Service.id).first().public_id}/",
        "group": f"groups/{Group.select().order_by(Group.id).first().public_id}/", "event": f"events/{event.public_id}/",
        "requests": "requests/", "request": f"requests/{EventRequest.get(EventRequest.answered_at.is_null()).event.public_id}/",
        "tasks": "tasks/", "task": f"tasks/{task.public_id}/", "workers": "workers/", "worker": worker, "worker_form": f"{worker}edit",
        "leaving": f"{worker}leaving", "classes": "workers/classes/", "categories": "workers/categories/", "status": "accounts/",
        "status_search": "accounts/?q=an&state=active",
        "status_site": f"accounts/?site={sites.in_use()[-1].public_id}", "bulk_job": job, "bulk_people": f"{job}people",
        "activations": "accounts/activations/", "statistics": "statistics/", "sites": "settings/sites/",
        "document_templates": "document-templates/?q=form", **{f"document_{page}": f"document-templates/{form}/{step}"
                                                               for page, step in (("template", ""), ("preview", "preview"))},
        "kinds_of_time": "settings/kinds-of-time/", "holidays": "settings/holidays/", **_hours(),
        "footer_pages": "settings/pages/", "texts": "settings/texts/", "text": "settings/texts/booked/en/",
        "devices": "my-sign-in/devices/", "my_sign_in": "my-sign-in/", "mail_to_me": "my-messages/",
    }  # fmt: skip


def _hours() -> dict[str, str]:
    """The pages of a worker's hours, and what asks before something of them is removed."""
    row = AvailabilityRow.select().order_by(AvailabilityRow.id).first()
    here, week = f"schedule/hours/{row.calendar.worker.public_id}/", f"calendars/{row.calendar.public_id}/"
    return {"hours": here, "hours_week": f"{here}{week}", "hours_removal": f"{here}{week}removal"}


def _a_job() -> BulkJob:
    """A change of all accounts, looked at and not begun."""
    admin = Worker.get(Worker.group == "system_admin")
    job = bulk.plan_change("suspend", viewer.accounts_seen_by(admin), Actor(worker=admin), all_of=bulk.Sought())
    bulk_jobs.run_due()
    return job


def main() -> None:
    """Print one line per page: its name, SELECTs, scans; what scans is said on the other output."""
    app = create_app()
    with store.connection():
        person = full.fill()
        listener = Listener()
        visitors = {who: signed_in(app, who) for who in {who for who, _ in pages(person).values()}}
        for name, (who, path) in pages(person).items():
            visitors[who].get(path, **_request())
            listener.asked.clear()
            answer = visitors[who].get(path, **_request())
            if answer.status_code not in (200, 204):
                raise RuntimeError(f"{path}: {answer.status_code}")
            counted = listener.counted()
            found = scans(counted)
            print(name, len(counted), len(found))
            for sql in found:
                print(f"{name} reads through a table: {sql}", file=sys.stderr)


def _request() -> dict[str, Any]:
    return {"base_url": f"https://{HOST}"}


def signed_in(app: Any, email: str) -> Any:
    """A test client whose person signed in through the form."""
    client = app.test_client()
    form = form_in(client.get("/sign-in", **_request()).get_data(as_text=True), "/sign-in")
    answer = client.post("/sign-in", data={**form, "email": email, "password": os.environ["BENCH_PASSWORD"]}, **_request())
    if answer.status_code != 303:
        raise RuntimeError(email)
    return client


if __name__ == "__main__":
    main()
