"""E-mails to a worker come back: a task about that worker, which tells nothing of the client of whom the e-mail was."""

import pytest
from smtp_server import SmtpServer

from domain import discussions, leaving, notices, settings, work_queue
from domain.actor import SYSTEM
from models import AuditEntry, Task

pytestmark = pytest.mark.usefixtures("cast")


@pytest.fixture(autouse=True)
def _at_once(cast):
    settings.change("unread_delay", "0", SYSTEM)


def refused(cast, deliver, body="May I call you?"):
    """Alice writes, and what tells Dora of it is refused."""
    found = discussions.start(cast.alice, "A question", body, cast.by("alice"), worker=cast.dora)
    with SmtpServer(["rcpt_550"]) as server:
        deliver(server)
    return found


def test_what_did_not_reach_a_worker_is_a_task_about_them_and_not_about_the_client(cast, deliver, browse):
    refused(cast, deliver)
    task = Task.get()
    assert (task.kind, task.category, task.individual, task.worker) == ("worker_unreached", "delivery_problems", None, None)
    for path in ("/admin/", "/admin/tasks/"):
        page = browse("ines").open(path)
        assert cast.dora.name in page
        assert "E-mails to a worker come back" in page
        assert "Archer" not in page.html[page.html.index("E-mails to a worker come back") :]
    ines = browse("ines")
    page = ines.open(f"/admin/tasks/{task.public_id}/")
    assert cast.dora.email in page
    assert "Archer" not in page
    ines.press("Pick up")
    ines.open(f"/admin/tasks/{task.public_id}/")
    ines.press("Done")
    assert Task.get().done_by == cast.ines
    assert not AuditEntry.select().where(AuditEntry.kind.startswith("task."), AuditEntry.individual.is_null(False)).exists()


def test_it_is_one_task_until_it_is_done_and_then_a_new_one(cast, deliver):
    refused(cast, deliver)
    refused(cast, deliver, "Once more")
    assert Task.select().count() == 1
    work_queue.done(Task.get(), cast.by("ines"))
    refused(cast, deliver, "And again")
    assert Task.select().where(Task.done_at.is_null()).count() == 1


def test_whoever_is_of_another_category_does_not_see_it(cast, deliver, browse):
    refused(cast, deliver)
    assert browse("otto").ask(f"/admin/tasks/{Task.get().public_id}/").status == 404


def test_it_may_be_handed_to_any_colleague_and_stays_when_they_leave(cast, deliver, browse):
    refused(cast, deliver)
    ada = browse("ada")
    ada.open(f"/admin/tasks/{Task.get().public_id}/")
    ada.press("Hand over", to=f"worker:{cast.otto.public_id}")
    assert Task.get().worker == cast.otto
    assert cast.dora.name in browse("otto").open("/admin/")
    assert cast.dora.name in ada.open(f"/admin/workers/{cast.otto.public_id}/leaving")
    leaving.leave(cast.otto, cast.by("ada"))
    assert (Task.get().worker, Task.get().category) == (None, "delivery_problems")


def test_what_was_refused_at_an_address_that_is_not_theirs_any_more_is_no_task(cast, deliver):
    notices.put("worker_address_changed", cast.dora.id, to="old@example.org", worker=cast.dora)
    with SmtpServer(["rcpt_550"] * 3) as server:
        deliver(server)
    assert not Task.select().exists()
