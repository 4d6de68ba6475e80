"""Accounts maintenance: all accounts with their states, one verb for many of them, and activations for everybody who may."""

import datetime as dt

from flask import abort, current_app, g, request, url_for

from blueprints.admin import bp, paging, wording
from domain import accounts, agency, bulk, eligibility, forced_reset, services, settings, sites, spreadsheet, texts
from domain.rules import N_, RuleBroken
from models import BULK_OUTCOMES, STATES, BulkJob, BulkRow, PortalAccount
from web.access import right
from web.forms import Choice, Form, OneOf, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken
from web.sessions import refusals_told, tell

MOST_COUNTED = 1000  # of what was found: more is "more than"


class ChangeForm(Form):
    """What to do with which accounts; the ticks are read beside it."""

    verb = Choice(_l("What shall be done?"), [Required(_l("Choose what to do."))])
    whom = OneOf(_l("For which accounts?"))

    def __init__(self, found: int, **kwargs):
        super().__init__(**kwargs)
        every = _("All that were found (more than %(number)s)", number=MOST_COUNTED) if found > MOST_COUNTED else (
            _("All that were found (%(number)s)", number=found))  # fmt: skip
        self.verb.choices = [("", _("Choose what to do.")), *((verb, _(wording.VERBS[verb])) for verb in bulk.STATUS_VERBS)]
        self.whom.choices = [("ticked", _("The ticked ones")), ("all", every)]

    def rules(self):
        if self.whom.data == "all" and _bad_dates():  # what was found is more than was meant
            raise RuleBroken(N_("This date does not exist. Check day, month and year."), code="bad_date", field="whom")


# ---------------------------------------------------------------- status


@bp.get("/accounts/")
@right("manage_accounts")
def accounts_status():
    return _show_status(None)


@bp.post("/accounts/changes")
@right("manage_accounts")
def plan_change():
    sought = _sought()
    form = ChangeForm(_found(sought))
    if form.validate():
        with form.refusals():
            ticked, every = request.form.getlist("account"), sought if form.whom.data == "all" else None
            job = bulk.plan_change(form.verb.data, g.viewer.accounts, g.viewer.actor, ticked=ticked, all_of=every)
            return done(url_for("admin.change_job", public_id=job.public_id))
    return _show_status(form)


def _show_status(form: ChangeForm | None):
    sought = _sought()
    rows, older = paging.by_age(sought.narrow(g.viewer.accounts), PortalAccount)
    used, limit, found = eligibility.open_accounts(), settings.get("licence_count"), _found(sought)
    form = form or ChangeForm(found, formdata=None, data={"whom": "ticked"})
    return page("admin/accounts_status.html", rows=rows, older=older, sought=sought, form=form, found=found, most=MOST_COUNTED,
                used=used, limit=limit, ticked=request.form.getlist("account"), states=STATES, accounts=accounts,
                bad_dates=_bad_dates(), here=paging.here(), wording=wording,
                sites=sites.in_mind() if len(sites.in_mind()) > 1 or sought.site else [],
                services=list(services.every().limit(services.MOST_LISTED)))  # fmt: skip


def _sought() -> bulk.Sought:
    state = request.args.get("state", "")
    question = request.args.get("q", "").strip()[:100]
    return bulk.Sought(question, state if state in STATES else "", _day("since"), _day("until"), _site(), _service())


def _site() -> str:
    """The site by which the list is narrowed; one that is not there is not found."""
    chosen = request.args.get("site", "")
    return chosen if chosen in ("", sites.NOT_SAID) else sites.find(chosen).public_id


def _service() -> str:
    chosen = request.args.get("service", "")
    return chosen and services.find(chosen).public_id


def _day(name: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(request.args.get(name, "")[:10])
    except ValueError:
        return None
    return day if 1900 <= day.year < 9999 else None


def _bad_dates() -> list[str]:
    """Which of the dates that were typed are none."""
    return [name for name in ("since", "until") if request.args.get(name, "").strip() and _day(name) is None]


def _found(sought: bulk.Sought) -> int:
    """How many there are, as far as it is worth counting."""
    return sought.narrow(g.viewer.accounts).limit(MOST_COUNTED + 1).count()


# ---------------------------------------------------------------- a new password for everybody


class EverybodyForm(Form):
    typed = Text(_l("Type this to confirm"), [Required(_l("Type the short name or the number."))])


@bp.get("/accounts/new-passwords")
@right("manage_accounts")
def new_passwords():
    return _new_passwords(EverybodyForm(formdata=None))


@bp.post("/accounts/new-passwords")
@right("manage_accounts")
def ask_everybody():
    form, everybody = EverybodyForm(), g.viewer.everybodys_accounts
    if form.validate():
        with form.refusals():
            job = bulk.plan_reset_of_all(everybody, form.typed.data, g.viewer.actor)
            return done(url_for("admin.change_job", public_id=job.public_id))
    return _new_passwords(form)


def _new_passwords(form: EverybodyForm):
    number = forced_reset.open_to_it(g.viewer.everybodys_accounts).count()
    return page("admin/new_passwords.html", form=form, number=number, name=agency.settled().short_name)


# ---------------------------------------------------------------- changes


@bp.get("/accounts/changes/")
@right("manage_accounts")
def change_jobs():
    return jobs_page(g.viewer.change_jobs, "changes")


@bp.get("/accounts/changes/<public_id>/")
@right("manage_accounts")
def change_job(public_id: str):
    return job_page(g.viewer.change_job(public_id), "changes")


@bp.get("/accounts/changes/<public_id>/people")
@right("manage_accounts")
def change_rows(public_id: str):
    return rows_page(g.viewer.change_job(public_id), "changes")


@bp.get("/accounts/changes/<public_id>/people.csv")
@right("manage_accounts")
def change_list(public_id: str):
    return list_file(g.viewer.change_job(public_id))


@bp.post("/accounts/changes/<public_id>/steps/<step>")
@right("manage_accounts")
def step_change(public_id: str, step: str):
    return stepped(g.viewer.change_job(public_id), step, "admin.change_job")


# ---------------------------------------------------------------- activations


@bp.get("/accounts/activations/")
@right("send_activations")
def activation_jobs():
    return jobs_page(g.viewer.activation_jobs, "activations")


@bp.post("/accounts/activations/")
@right("send_activations")
def plan_activation():
    job = bulk.plan_activation(g.viewer.individuals, g.viewer.actor)
    return done(url_for("admin.activation_job", public_id=job.public_id))


@bp.get("/accounts/activations/<public_id>/")
@right("send_activations")
def activation_job(public_id: str):
    return job_page(g.viewer.activation_job(public_id), "activations")


@bp.get("/accounts/activations/<public_id>/people")
@right("send_activations")
def activation_rows(public_id: str):
    return rows_page(g.viewer.activation_job(public_id), "activations")


@bp.get("/accounts/activations/<public_id>/people.csv")
@right("send_activations")
def activation_list(public_id: str):
    return list_file(g.viewer.activation_job(public_id))


@bp.post("/accounts/activations/<public_id>/steps/<step>")
@right("send_activations")
def step_activation(public_id: str, step: str):
    return stepped(g.viewer.activation_job(public_id), step, "admin.activation_job")


@bp.post("/accounts/activations/<public_id>/people/<row_id>")
@right("send_activations")
def include_person(public_id: str, row_id: str):
    """Tick back somebody who is left out for how the last account ended, or leave them out again."""
    job = g.viewer.activation_job(public_id)
    row, is_ticked = g.viewer.bulk_row(job, row_id), request.form.get("include") == "1"
    with refusals_told():
        bulk.include(row, g.viewer.actor, is_ticked=is_ticked)
        name = row.individual.legal_name
        tell("good", _("%(name)s gets one.", name=name) if is_ticked else _("%(name)s is left out.", name=name))
    return done(url_for("admin.activation_rows", public_id=public_id, outcome=row.outcome, reason=row.reason))


# ---------------------------------------------------------------- what both have in common


def jobs_page(query, family: str):
    jobs, older = paging.newest(query, BulkJob)
    return page("admin/bulk_jobs.html", jobs=jobs, older=older, family=family, place=_places(family), bulk=bulk, wording=wording)


def job_page(job: BulkJob, family: str, about: str = ""):
    return page("admin/bulk_job.html", "job", job=job, family=family, place=_places(family), bulk=bulk, reason=_reason, about=about,
                free=eligibility.free_licences() if job.state == "planned" else None, wording=wording)  # fmt: skip


def rows_page(job: BulkJob, family: str):
    outcome, reason = request.args.get("outcome", "waiting"), request.args.get("reason", "")
    if outcome not in BULK_OUTCOMES or (reason and reason not in bulk.REASONS):
        abort(404)
    rows, following = paging.oldest(bulk.rows_of(g.viewer.bulk_rows(job), outcome, reason), BulkRow)
    title = _reason(reason) if reason else _(wording.BULK_OUTCOMES[outcome])
    return page("admin/bulk_rows.html", job=job, rows=rows, following=following, title=title, family=family, place=_places(family),
                is_tickable=job.state == "planned" and reason in bulk.TICKABLE, wording=wording)  # fmt: skip


def list_file(job: BulkJob):
    bulk.listed(job, g.viewer.actor)
    heading = (_("Number"), _("Last name"), _("First name"), _("Date of birth"), _("What became of it"), _("Why"))
    people = ((row.individual, row) for row in g.viewer.bulk_rows(job).order_by(BulkRow.id).iterator())
    rows = ((person.external_id, person.last_name, person.first_name, person.birth_date, _(wording.BULK_OUTCOMES[row.outcome]),
             _reason(row.reason) if row.reason else "") for person, row in people)  # fmt: skip
    answer = current_app.response_class(spreadsheet.written([heading, *rows]), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="people.csv"'
    return answer


def stepped(job: BulkJob, step: str, back: str):
    verb = bulk.STEPS.get(step) or abort(404)
    with refusals_told():
        verb(job, g.viewer.actor)
    return done(url_for(back, public_id=job.public_id))


def _reason(code: str) -> str:
    """A reason in the reader's language."""
    return texts.refusal(spoken(), bulk.sentence(code))


def _places(family: str) -> dict[str, str]:
    """What the addresses of a family of jobs are called."""
    one = {"changes": "change", "activations": "activation", "assignments": "assignment"}[family]
    return {"jobs": f"admin.{one}_jobs", "job": f"admin.{one}_job", "rows": f"admin.{one}_rows", "list": f"admin.{one}_list",
            "step": f"admin.step_{one}"}  # fmt: skip
