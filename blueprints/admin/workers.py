"""Workers: list, invitation, page of each, change, and leaving."""

from types import SimpleNamespace

from flask import g, request, url_for
from wtforms import BooleanField
from wtforms.fields.choices import SelectChoice

from blueprints.admin import bp, event_words, paging, wording
from blueprints.admin.tasks import about_whom
from domain import (
    categories,
    covers,
    event_rows,
    events,
    handover,
    leaving,
    photos,
    search,
    second_step,
    security_classes,
    staff_calendar,
    workers,
)
from models import Worker
from web.access import right
from web.forms import Choice, Form, Lines, OneOf, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import ngettext
from web.sessions import refusals_told, tell

MOST_LISTED = 20
IN = "in_"  # begins the name of each category's box


class WorkerForm(Form):
    """With one box for each category; see ``_form``."""

    first_name = Text(_l("First name"), [Required(_l("Enter the first name."))])
    last_name = Text(_l("Last name"), [Required(_l("Enter the last name."))])
    email = Text(_l("E-mail address"))
    group = OneOf(_l("User group"))
    security_class = Choice(_l("Security class"))
    display_name = Text(_l("Name for clients"))
    description = Lines(_l("Description for clients"))
    boxes: tuple[str, ...] = ()

    def rules(self):
        self.details().checked()

    def details(self) -> workers.Details:
        names = ("first_name", "last_name", "email", "group", "security_class", "display_name", "description")
        ticked = frozenset(name.removeprefix(IN) for name in self.boxes if self[name].data)
        return workers.Details(**{name: getattr(self, name).data or "" for name in names}, categories=ticked)


class Leaving(Form):
    to = Choice(_l("Who takes over?"))
    category = Choice(_l("Where do their other messages wait?"), default=covers.EVERYBODYS)


@bp.get("/workers/")
@right("manage_workers")
def workers_list():
    question, has_left = request.args.get("q", "").strip()[:100], request.args.get("state") == workers.LEFT
    query = g.viewer.colleagues.where(Worker.is_active if not has_left else ~Worker.is_active)
    query = search.narrow_workers(query, question) if question else query
    rows, previous, following = paging.by_name(query, Worker)
    return page("admin/workers.html", "results", workers=rows, previous=previous, following=following, question=question,
                has_left=has_left, state=workers.state, wording=wording)  # fmt: skip


@bp.get("/workers/new")
@right("manage_workers")
def new_worker():
    return _edit(None, _form(None)(formdata=None, group="worker"))


@bp.post("/workers/new")
@right("manage_workers")
def invite_worker():
    form = _form(None)()
    if form.validate():
        with form.refusals():
            worker = workers.invite(form.details(), g.viewer.actor)
            tell("good", _("The invitation is on its way."))
            return done(url_for("admin.worker", public_id=worker.public_id))
    return _edit(None, form)


@bp.get("/workers/<public_id>/")
@right("manage_workers")
def worker(public_id: str):
    found = g.viewer.colleague(public_id)
    names, mine = wording.names_of(categories.every()), categories.slugs_of(found)
    return page("admin/worker.html", worker=found, state=workers.state(found), is_above=workers.is_above(found, g.viewer.rights),
                has_app=not workers.is_self(found, g.viewer.actor) and second_step.app_of(found) is not None,
                photo=photos.of(found), is_shown=photos.is_shown(), wording=wording,
                in_categories=[name for slug, name in names.items() if slug in mine],
                left_to_do=_left_to_do(found), words=event_words,
                stays=leaving.refusal(found, g.viewer.actor, g.viewer.rights), told=wording.refusal)  # fmt: skip


def _left_to_do(found: Worker):
    """What is ahead of somebody who has left, as the reader may know it."""
    return [] if found.is_active else staff_calendar.seen(g.viewer, events.ahead_of(found, event_rows.whole()))[0]


@bp.get("/workers/<public_id>/edit")
@right("manage_workers")
def edit_worker(public_id: str):
    found = g.viewer.colleague(public_id)
    return _edit(found, _form(found)(formdata=None, obj=_as_form(found)))


@bp.post("/workers/<public_id>/edit")
@right("manage_workers")
def change_worker(public_id: str):
    found = g.viewer.colleague(public_id)
    form = _form(found)()
    if form.validate():
        with form.refusals(now=_as_form(found)):
            workers.change(found, form.details(), g.viewer.actor, version=form.version)
            tell("good", _("Saved."))
            return done(url_for("admin.worker", public_id=public_id))
    return _edit(found, form)


def _edit(found: Worker | None, form: WorkerForm):
    return page("admin/worker_form.html", worker=found, form=form, as_form=_as_form(found) if found else None,
                is_own=workers.is_self(found, g.viewer.actor))


def _as_form(worker: Worker) -> SimpleNamespace:
    """A worker as the form shows them, with what the form needs to tell a stale one."""
    shown = vars(workers.described(worker))
    boxes = {f"{IN}{each.slug}": each.slug in shown["categories"] for each in categories.every()}
    return SimpleNamespace(**shown, **boxes, version=worker.version)


def _form(worker: Worker | None) -> type[WorkerForm]:
    """A form with a box for each category, and with the groups and classes that the reader may give."""
    boxes = {f"{IN}{slug}": BooleanField(name) for slug, name in wording.names_of(categories.every()).items()}
    actor, rights = g.viewer.actor, g.viewer.rights
    groups = [SelectChoice(group, f"{_(wording.GROUPS[group])}: {_(wording.GROUP_HELP[group])}")
              for group in workers.groups_for(worker, actor, rights)]  # fmt: skip
    classes = [SelectChoice(each.public_id, each.name) if each else SelectChoice("", _("None"))
               for each in security_classes.offered(worker, actor, rights)]  # fmt: skip
    fields = {
        "group": OneOf(_l("User group"), choices=groups), "security_class": Choice(_l("Security class"), choices=classes),
    }  # fmt: skip
    return type("ThisWorkerForm", (WorkerForm,), {**fields, **boxes, "boxes": tuple(boxes)})


@bp.post("/workers/<public_id>/invitation")
@right("manage_workers")
def invite_worker_again(public_id: str):
    found = g.viewer.colleague(public_id)
    with refusals_told():
        workers.invite_again(found, g.viewer.actor)
        tell("good", _("The invitation is on its way."))
    return done(url_for("admin.worker", public_id=public_id))


@bp.get("/workers/<public_id>/withdrawal")
@right("manage_workers")
def confirm_withdrawal(public_id: str):
    return page("admin/worker_withdrawal.html", worker=g.viewer.colleague(public_id))


@bp.post("/workers/<public_id>/withdrawal")
@right("manage_workers")
def withdraw_invitation(public_id: str):
    found = g.viewer.colleague(public_id)
    with refusals_told():
        workers.withdraw(found, g.viewer.actor)
        tell("good", _("The invitation is withdrawn."))
    return done(url_for("admin.worker", public_id=public_id))


@bp.get("/workers/<public_id>/second-step")
@right("manage_workers")
def confirm_app_removal(public_id: str):
    found = g.viewer.colleague(public_id)
    with refusals_told():
        workers.check_app_removal(found, g.viewer.rights, g.viewer.actor)
        return page("admin/worker_second_step.html", worker=found)
    return done(url_for("admin.worker", public_id=public_id))


@bp.post("/workers/<public_id>/second-step")
@right("manage_workers")
def remove_app(public_id: str):
    found = g.viewer.colleague(public_id)
    with refusals_told():
        workers.remove_app(found, g.viewer.actor)
        tell("good", _("The app is removed. They set up another one at their next sign-in."))
    return done(url_for("admin.worker", public_id=public_id))


@bp.get("/workers/<public_id>/leaving")
@right("manage_workers")
def confirm_leaving(public_id: str):
    found = g.viewer.colleague(public_id)
    return _leaving(found, _leaving_form(found, formdata=None))


@bp.post("/workers/<public_id>/leaving")
@right("manage_workers")
def leave(public_id: str):
    found = g.viewer.colleague(public_id)
    form = _leaving_form(found)
    if form.validate():
        with form.refusals():
            to = next((each for each in handover.colleagues(but=found) if each.public_id == form.to.data), None)
            gone, left = leaving.leave(found, g.viewer.actor, to=to, category=form.category.data or covers.EVERYBODYS)
            tell("good", " ".join([_("Their access has ended."), *(_what_went_over(to, gone, left) if to else ())]))
            return done(url_for("admin.worker", public_id=public_id))
    return _leaving(found, form)


def _what_went_over(to: Worker, gone: int, left: int):
    if gone:
        yield ngettext("One appointment went over to %(name)s.", "%(num)s appointments went over to %(name)s.", gone, name=to.name)
    if left and g.viewer.may("view_all_individuals"):
        yield ngettext("One stayed, because that time is taken.", "%(num)s stayed, because that time is taken.", left)
    elif left:
        yield ngettext("One stayed: that time is taken, or you may not see who comes.",
                       "%(num)s stayed: that time is taken, or you may not see who comes.", left)  # fmt: skip


def _leaving_form(found: Worker, **more) -> Leaving:
    form = Leaving(**more)
    form.category.choices = list(wording.names_of(categories.every()).items())
    form.to.choices = [("", _("Nobody yet")), *((each.public_id, each.name) for each in handover.colleagues(but=found))]
    return form


def _leaving(found: Worker, form: Leaving):
    tasks, people, files, ahead, threads = leaving.what_they_have(found)
    shown = list(g.viewer.tasks_of(found).limit(MOST_LISTED))
    return page("admin/worker_leaving.html", worker=found, form=form, tasks=tasks, people=people, wording=wording,
                refused=leaving.refusal(found, g.viewer.actor, g.viewer.rights), told=wording.refusal,
                threads=threads, shown_threads=list(g.viewer.discussions_with(found).limit(MOST_LISTED)),
                files=files, shown_files=list(g.viewer.enrolled_with(found).limit(MOST_LISTED)),
                shown_tasks=shown, whom=about_whom(shown),
                shown_people=list(g.viewer.followed_by(found).limit(MOST_LISTED)), events=ahead, words=event_words,
                shown_events=staff_calendar.seen(
                    g.viewer, events.ahead_of(found, event_rows.whole()), most=MOST_LISTED, with_said=False)[0])  # fmt: skip
