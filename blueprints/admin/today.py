"""Today: what waits for staff."""

from flask import g, request

from blueprints.admin import bp, event_words, paging, standing, wording
from blueprints.admin.tasks import about_whom
from blueprints.inbox import wording as told
from domain import notices, sandbox, settings, staff_calendar, staff_requests, work_queue
from models import Delivery, Task
from web.access import any_staff
from web.fragments import page

MOST_FAILED = 5
MOST_ASKED = 3
MOST_WAITING = 5


@bp.get("/")
@any_staff
def today():
    tasks, following = paging.oldest(g.viewer.my_tasks, Task)
    failed = list(g.viewer.failed_deliveries.limit(MOST_FAILED + 1))
    # What is held for the portal's address waits for one answer, and not for staff to look at each.
    held = g.viewer.held_deliveries.where(Delivery.last_error != sandbox.MOVED) if g.viewer.may("manage_accounts") else None
    sending = notices.standing(held)
    asked, number_asked = ([], 0) if "after" in request.args else staff_requests.first(g.viewer, MOST_ASKED)  # further on are tasks alone
    waiting = [] if "after" in request.args or not settings.get("discussions") else g.viewer.waiting_messages(MOST_WAITING)
    return page("admin/today.html", waiting=waiting, told=told, whose=standing.whose,
                asked=asked, number_asked=number_asked, most_asked=staff_requests.MOST, tasks=tasks, whom=about_whom(tasks),
                following=following, failed=failed[:MOST_FAILED], held=sending.held, has_more_failed=len(failed) > MOST_FAILED,
                wording=wording, decided=work_queue.DECIDED, trouble=sending if sending.down_since else None,
                events=event_words.by_day(staff_calendar.soon(g.viewer)), words=event_words)  # fmt: skip


