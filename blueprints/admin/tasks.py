"""The work queue: who has what to do; pick up, hand over, done."""

from flask import g, request, url_for

from blueprints.admin import bp, event_words, paging, people, wording
from domain import categories, handover, staff_sayings, work_queue
from models import Task
from web.access import any_staff
from web.forms import Choice, Form, Required, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

QUEUE = "queue"  # where the button stood that was pressed


class HandOver(Form):
    to = Choice(_l("Hand over to"), [Required(_l("Choose who gets it."))])


@bp.get("/tasks/")
@any_staff
def tasks():
    category, who = (request.args.get(name, "")[:30] for name in ("category", "worker"))
    found = work_queue.narrow(g.viewer.tasks, category=category, who=who, me=g.viewer.worker)
    rows, following = paging.oldest(found, Task)
    every = categories.every()
    names = wording.names_of(every)
    return page("admin/tasks.html", tasks=rows, following=following, category=category, who=who, names=names, wording=wording,
                whom=about_whom(rows), about=_about(rows),
                offered=_offered(names), holders=work_queue.holders() if _sees_all() else [])  # fmt: skip


def _about(rows: list[Task]) -> dict[int, tuple[str, str]]:
    """The appointment that a task is about: when it was to begin, and its page."""
    return {task: (event_words.moment(start, event.site.time_zone), url_for("admin.event", event_id=event.public_id))
            for task, (event, start) in staff_sayings.spoken_of(g.viewer, rows).items()}  # fmt: skip


def about_whom(rows: list[Task]) -> dict[int, str]:
    """The name of whom each task is about: a client, or a worker."""
    workers = work_queue.workers_of(rows)
    return {task.id: workers[task.id].name if task.id in workers else task.individual.legal_name for task in rows}


def _sees_all() -> bool:
    return g.viewer.may("view_all_individuals")


def _offered(names: dict[str, str]) -> dict[str, str]:
    """The categories whose tasks the reader may see."""
    mine = names if _sees_all() else categories.slugs_of(g.viewer.worker)
    return {slug: name for slug, name in names.items() if slug in mine}


@bp.get("/tasks/<public_id>/")
@any_staff
def task(public_id: str):
    return _show(g.viewer.task(public_id), None)


@bp.post("/tasks/<public_id>/holder")
@any_staff
def pick_up(public_id: str):
    found = g.viewer.task(public_id)
    with refusals_told():
        is_mine = handover.pick_up(found, g.viewer.actor)
        tell("good" if is_mine else "info", _("It is yours now.") if is_mine else _("Somebody else was quicker."))
    return done(url_for("admin.task", public_id=public_id))


@bp.post("/tasks/<public_id>/")
@any_staff
def hand_over(public_id: str):
    found = g.viewer.task(public_id)
    form = _form(found)
    if form.validate():
        with form.refusals():
            kind, _colon, name = form.to.data.partition(":")
            if kind == "worker":
                handover.hand_to(found, handover.taker(found.individual, name), g.viewer.actor)
            else:
                handover.put_back(found, name, g.viewer.actor)
            tell("good", _("Handed over."))
            return done("/admin/tasks/")
    return _show(found, form)


@bp.post("/tasks/<public_id>/done")
@any_staff
def task_done(public_id: str):
    with refusals_told():
        is_mine = work_queue.done(g.viewer.task(public_id), g.viewer.actor)
        tell("good" if is_mine else "info", _("Done.") if is_mine else _("Somebody else did this already."))
    return done("/admin/tasks/" if request.form.get("from") == QUEUE else "/admin/")


def _form(task: Task, **more) -> HandOver:
    form = HandOver(**more)
    names = wording.names_of(categories.every())
    form.names = names
    form.to.choices = [("", _("Choose")), *((f"category:{slug}", _("Category: %(name)s", name=name)) for slug, name in names.items()),
                       *((f"worker:{each.public_id}", each.name) for each in handover.takers(task.individual))]  # fmt: skip
    return form


def _show(task: Task, form: HandOver | None):
    form = form or _form(task, formdata=None)
    return people.page_about(task.individual, "admin/task.html", task=task, form=form, about=_about([task]).get(task.id),
                             unreached=work_queue.workers_of([task]).get(task.id), names=form.names,
                             wording=wording, decided=work_queue.DECIDED, queue=QUEUE)  # fmt: skip
