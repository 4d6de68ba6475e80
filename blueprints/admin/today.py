"""Today: what waits for staff."""

from flask import g
from flask_babel import gettext as _

from blueprints.admin import bp, wording
from domain import notices, work_queue
from models import Delivery, Task
from web.access import any_staff
from web.fragments import done, page
from web.sessions import tell


@bp.get("/")
@any_staff
def today():
    tasks = list(g.viewer.tasks.limit(20))
    repeated = Delivery.select(Delivery.again).where(Delivery.again.is_null(False))
    failed = g.viewer.deliveries.where(Delivery.state == "dead", Delivery.id.not_in(repeated)).limit(5)
    held = g.viewer.deliveries.where(Delivery.state == "held").count() if g.viewer.may("manage_accounts") else 0
    return page("admin/today.html", tasks=tasks, failed=list(failed), held=held, wording=wording,
                trouble=notices.trouble())  # fmt: skip


@bp.post("/tasks/<public_id>/done")
@any_staff
def task_done(public_id: str):
    task: Task = g.viewer.task(public_id)
    work_queue.done(task, g.viewer.actor)
    tell("good", _("Done."))
    return done("/admin/")
