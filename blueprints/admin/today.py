"""Today: what waits for staff."""

from flask import g

from blueprints.admin import bp, paging, wording
from domain import notices, work_queue
from models import Task
from web.access import any_staff
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

MOST_FAILED = 5


@bp.get("/")
@any_staff
def today():
    tasks, following = paging.oldest(g.viewer.tasks, Task)
    failed = list(g.viewer.failed_deliveries.limit(MOST_FAILED + 1))
    held = g.viewer.held_deliveries.count() if g.viewer.may("manage_accounts") else 0
    return page("admin/today.html", tasks=tasks, following=following, failed=failed[:MOST_FAILED], held=held,
                has_more_failed=len(failed) > MOST_FAILED, wording=wording,
                decided=work_queue.DECIDED, trouble=notices.trouble())  # fmt: skip


@bp.post("/tasks/<public_id>/done")
@any_staff
def task_done(public_id: str):
    with refusals_told():
        is_mine = work_queue.done(g.viewer.task(public_id), g.viewer.actor)
        tell("good" if is_mine else "info", _("Done.") if is_mine else _("Somebody else did this already."))
    return done("/admin/")
