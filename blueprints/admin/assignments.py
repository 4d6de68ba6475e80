"""Documents for many: whom, looked up first, then assigned in the background."""

from __future__ import annotations

from flask import g, request, url_for

from blueprints.admin import bp
from blueprints.admin.individual_documents import AssignForm
from blueprints.admin.maintenance import job_page, jobs_page, list_file, rows_page, stepped
from domain import document_jobs, services
from domain.document_jobs import Whom
from models import BulkJob
from web.access import any_staff
from web.forms import Choice, Text, _l
from web.fragments import done, page
from web.languages import gettext as _

FAMILY = "assignments"


class ManyForm(AssignForm):
    service = Choice(_l("Clients of this service"))
    question = Text(_l("Clients who are found by this"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        every = services.every().limit(services.MOST_LISTED)
        self.service.choices = [("", _("All services")), *((each.public_id, each.name) for each in every)]

    def whom(self) -> Whom:
        return Whom((self.question.data or "").strip()[:100], self.service.data or "")


@bp.get("/assignments/")
@any_staff
def assignment_jobs():
    return jobs_page(g.viewer.assignment_jobs, FAMILY)


@bp.get("/assignments/new")
@any_staff
def assigning_to_many():
    asked = {"service": request.args.get("service", ""), "question": request.args.get("q", "")[:100]}
    return _show(ManyForm(formdata=None, data=asked))


@bp.post("/assignments/new")
@any_staff
def assign_to_many():
    form = ManyForm()
    if form.validate():
        with form.refusals():
            job = document_jobs.plan(form.bundle(), form.whom(), g.viewer.individuals, g.viewer.actor)
            return done(url_for("admin.assignment_job", public_id=job.public_id))
    return _show(form)


def _show(form: ManyForm):
    return page("admin/assigning_to_many.html", form=form)


@bp.get("/assignments/<public_id>/")
@any_staff
def assignment_job(public_id: str):
    job = g.viewer.assignment_job(public_id)
    return job_page(job, FAMILY, _about(job))


def _about(job: BulkJob) -> str:
    what = document_jobs.bundle_of(job)
    names = ", ".join(item.version.template.name for item in what.items)
    return f"{what.name}: {names}" if what.name else names


@bp.get("/assignments/<public_id>/people")
@any_staff
def assignment_rows(public_id: str):
    return rows_page(g.viewer.assignment_job(public_id), FAMILY)


@bp.get("/assignments/<public_id>/people.csv")
@any_staff
def assignment_list(public_id: str):
    return list_file(g.viewer.assignment_job(public_id))


@bp.post("/assignments/<public_id>/steps/<step>")
@any_staff
def step_assignment(public_id: str, step: str):
    return stepped(g.viewer.assignment_job(public_id), step, "admin.assignment_job")
